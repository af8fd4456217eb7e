"""What people write on Slack, without what Slack wraps it in (docs.slack.dev, Formatting message text).

Slack makes links of what looks like one, ids of people and channels, and entities of three signs.
"""

import re

from bot.channels.slack.addresses import channel_reference, joined

_WRAPPED = re.compile(r"<(?P<sign>[@#!]?)(?P<what>[^<>|]*)(?:\|(?P<label>[^<>]*))?>")
_ENTITIES = (("&lt;", "<"), ("&gt;", ">"), ("&amp;", "&"))  # in this order: "&amp;lt;" is "&lt;"
_ADDED = ("http://", "https://", "mailto:", "tel:")  # what Slack puts before words of which it makes links
# A lone surrogate cannot be stored, a control character is shown nowhere.
_UNUSABLE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]")


def unescape(text: object, prefix: str = "") -> str:
    """The text as it was typed. A channel that is named first, or right behind a command, becomes a pointer to it.

    `prefix` is the workspace in which it was written, "" for the own one.
    """
    wrapped = clean(text)
    words = _WRAPPED.sub(lambda found: _unwrapped(found, wrapped[: found.start()], prefix), wrapped).strip()
    for entity, sign in _ENTITIES:
        words = words.replace(entity, sign)
    code = words.strip("`")
    return code.strip() if words.startswith("`") and words.endswith("`") and "`" not in code else words


def clean(text: object) -> str:
    """What a person wrote, without signs that cannot be stored or shown."""
    return _UNUSABLE.sub("", str(text or ""))


def after_mention(text: object, bot: str) -> str:
    """What stands behind the first mention of the bot, else before it; still wrapped."""
    before, _, behind = clean(text).partition(f"<@{bot}>")
    if not behind:  # Slack may write the name along
        before, _, behind = re.sub(rf"<@{re.escape(bot)}\|[^<>]*>", f"<@{bot}>", clean(text)).partition(f"<@{bot}>")
    return behind.strip().lstrip(":,").strip() or before.strip()


def title_of(name: object) -> str:
    """What a conversation is called: "#general"; of a group of people their names; "" where Slack hides the name."""
    plain = clean(name).strip()
    if plain in ("", "directmessage", "privategroup"):
        return ""
    if plain.startswith("mpdm-"):
        return ", ".join(plain.removeprefix("mpdm-").rpartition("-")[0].split("--"))
    return f"#{plain}"


def _unwrapped(found: re.Match[str], before: str, prefix: str) -> str:
    sign, what, label = found["sign"], found["what"], found["label"] or ""
    match sign:
        case "#":
            first = len(before.split()) <= 1
            return channel_reference(joined(prefix, what)) if first else f"#{label or what}"
        case "@":
            return f"@{label or what}"
        case "!":
            return label or f"@{what.partition('^')[0]}"
        case _:
            same = label and any(what.rstrip("/") == start + label.rstrip("/") for start in ("", *_ADDED))
            return label if same else what.removeprefix("mailto:")
