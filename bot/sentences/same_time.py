"""Reads "at the same time as kelp" as the time of that subscription. Pure."""

import re
from collections.abc import Callable, Sequence

from bot.sentences import meant
from bot.sentences.words import reader
from bot.sentences.words.said import Said
from subscriptions.model import Subscription

_SAME = re.compile(
    r"(?:\b(?:at|on|to)\s+)?\b(?:the\s+)?(?:very\s+|exact\s+)?same\s+(?:times?|days?|schedule|hours?)(?:\s+and\s+(?:time|day|hour))?\s+(?:as|like|with)\s+(?P<name>[^,;.!?]+)"
    r"|(?:和|跟|与|同|按照?|照)(?P<name_zh>[^,;。,，]+?)(?:用|在|是)?(?:的(?:时间|日子)(?:一样|相同)?|(?:(?:一样|相同|同样)的?|同一个?|一个)(?:时间|时候|日子))"
)
_AFTER_NAME = re.compile(r"\s*(?:\b(?:one|ones|subscription|please|pls|does|comes|is)\b\s*)+$|\s+$")


def refers(text: str) -> bool:
    """Returns whether a text refers to the time of a subscription."""
    return _SAME.search(reader.folded(text)) is not None


def with_its_time(text: str, there: Sequence[Subscription], written: Callable[[str], str]) -> str:
    """Returns a text with the time of a subscription in place of words that refer to it; the text if they refer to none.

    `written` writes a stored cadence as people say it.
    """
    plain = reader.folded(text)
    found = _SAME.search(plain)
    if found is None:
        return text
    name = "name" if found["name"] else "name_zh"
    other = _AFTER_NAME.sub("", found[name])
    those = meant.only_named(other, there) or _numbered(other, there)
    if len(those) != 1:
        return text
    end = found.end() if name == "name_zh" else found.start(name) + len(other)
    return f"{text[: found.start()]}{written(str(those[0].cadence))}{text[end:]}"


def _numbered(name: str, there: Sequence[Subscription]) -> list[Subscription]:
    numbers = Said(name, reader.tokens_of(name)).numbers
    return [one for one in there if numbers == [str(one.number)]]
