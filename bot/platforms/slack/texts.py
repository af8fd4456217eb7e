"""Restore the text of a Slack message as it was typed.

Slack replaces addresses by links, names of people and channels by ids, and the characters & < > by entities
(docs.slack.dev, Formatting message text).
"""

import re
from collections.abc import Mapping
from typing import Any

from bot.messages import usable_text

_ADDED = ("http://", "https://", "mailto:", "tel:")  # Slack adds these to words that it turns into links
_WRAPPED = re.compile(r"<(?P<sign>[@#!]?)(?P<what>[^<>|]*)(?:\|(?P<label>[^<>]*))?>")
_ENTITIES = (("&lt;", "<"), ("&gt;", ">"), ("&amp;", "&"))  # &amp; must be the last: "&amp;lt;" means "&lt;"


def unescape(text: object) -> str:
    """Return the text as it was typed.

    A channel that is the first or second word becomes "@" and its id.
    """
    wrapped = usable_text(text)
    words = _WRAPPED.sub(lambda found: _unwrapped(found, wrapped[: found.start()]), wrapped).strip()
    for entity, sign in _ENTITIES:
        words = words.replace(entity, sign)
    code = words.strip("`")
    if words.startswith("`") and words.endswith("`") and "`" not in code:
        return code.strip()
    return words


def usable(payload: Any) -> Any:  # noqa: ANN401 - any JSON
    """Return a payload with all its texts, including ids, changed so that they can be stored."""
    if isinstance(payload, Mapping):
        return {usable_text(name): usable(inner) for name, inner in payload.items()}
    if isinstance(payload, list):
        return [usable(inner) for inner in payload]
    if isinstance(payload, str):
        return usable_text(payload)
    return payload


def after_mention(text: object, bot: str) -> str:
    """Return the text after the first mention of the bot; the text before it if nothing follows.

    Both are in Slack's form.
    """
    mention = re.compile(rf"<@{re.escape(bot)}(?:\|[^<>]*)?>")  # Slack may add the bot's name to it
    before, *behind = mention.split(usable_text(text), maxsplit=1)
    return "".join(behind).strip().lstrip(":,").strip() or before.strip()


def title_of(name: object) -> str:
    """Return the title of a conversation: "#general", or the names in a group conversation.

    "" if Slack hides the name.
    """
    plain = usable_text(name).strip()
    if plain in ("", "directmessage", "privategroup"):
        return ""
    if plain.startswith("mpdm-"):
        return ", ".join(plain.removeprefix("mpdm-").rpartition("-")[0].split("--"))
    return f"#{plain}"


def _unwrapped(found: re.Match[str], before: str) -> str:
    what, label = found["what"], found["label"] or ""
    match found["sign"]:
        case "#":
            return f"@{what}" if len(before.split()) <= 1 else f"#{label or what}"
        case "@":
            return f"@{label or what}"
        case "!":
            return label or f"@{what.partition('^')[0]}"
    if label and any(what.rstrip("/") == start + label.rstrip("/") for start in ("", *_ADDED)):
        return label
    return what.removeprefix("mailto:")
