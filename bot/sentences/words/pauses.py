"""Finds in a sentence how long a pause is, and tells whether it says anything else. Pure."""

import re
from collections.abc import Sequence
from datetime import UTC, datetime

from bot.sentences.words import reader
from bot.sentences.words.reader import Token
from subscriptions.errors import Refused
from subscriptions.planning.pauses import NoSuchPause, length_of, parse_pause

_SOME_DAY = datetime(2026, 1, 1, tzinfo=UTC)  # any day: whether words are a length of time does not depend on it
_LINKS = frozenset({"and", "or", "nor", "also", "then", "和", "与", "及", "跟", "、"})
_FOR_NOW = re.compile(
    r"\b(?:stop|silence|hold|enough|no)\b(?!.*\b(?:remov|delet|unsub|drop|cancel)).*\bfor (?:now|a while|a bit|the moment|the time being)\b"
)
_DETERMINERS = frozenset({"the", "my", "our", "that", "your"})
_THINGS = frozenset({"one", "ones", "digest", "digests", "subscription", "subscriptions", "alert", "alerts", "mail"})


def is_of_the_chat(command: tuple[str, str] | None) -> bool:
    """Returns whether a command pauses the whole chat."""
    return command is not None and command[0] == "pause" and not command[1].partition(" ")[0].isdecimal()


def is_for_now(plain: str) -> bool:
    """Returns whether a folded text stops something only for now: "stop number 2 for now", which removes nothing."""
    return _FOR_NOW.search(plain) is not None


def is_rest(text: str, tokens: Sequence[Token]) -> bool:
    """Returns whether a text has only numbers of subscriptions and how long: "2 for a week", which has the verb of what is before."""
    length = length_in(text, tokens)
    start = text.find(length) if length else len(text)
    others = [one for one in tokens if not start <= one.start < start + len(length)]
    return any(one.mark == reader.NUMBER for one in others) and not any(
        one.mark[:1].isalpha() and one.mark not in _LINKS for one in others
    )


def length_in(text: str, tokens: Sequence[Token]) -> str:
    """Returns the words that say how long a pause is, even if there is no such pause; "" if there are none.

    A day in the name of a thing, as in "the friday digest", says nothing about the pause.
    """
    for at, first in enumerate(tokens):
        is_name = at > 0 and tokens[at - 1].mark in _DETERMINERS
        for end in range(len(tokens), at, -1):
            if any(one.mark == reader.NUMBER for one in tokens[at:end]):  # "pause 1 and 2 until friday"
                continue
            words = text[first.start : tokens[end - 1].end]
            is_name |= first.mark in _DETERMINERS and end < len(tokens) and tokens[end].mark in _THINGS
            try:
                parse_pause(words, UTC, _SOME_DAY)
            except NoSuchPause:
                return words
            except Refused:
                continue
            if not is_name or length_of(words):
                return words
    return ""
