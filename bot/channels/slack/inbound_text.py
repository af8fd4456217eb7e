"""The channels and direct messages that the bot can post to."""

import re
from collections.abc import Mapping
from typing import Any

from bot.channels.slack.facts import PEOPLE, channel_reference, joined, normalise, split
from bot.channels.slack.workspaces import Workspace, Workspaces
from bot.ports.reply import usable_text
from subscriptions.errors import RetryLater


class Conversations:
    """Finds the workspace and the channel of an address, and remembers people's direct messages."""

    def __init__(self, workspaces: Workspaces) -> None:
        self.workspaces = workspaces
        self._direct: dict[str, str] = {}  # address of a person -> id of the direct messages
        self._closed = False

    def remember_direct(self, person: str, direct: str) -> None:
        """Remembers the id of the direct messages with a person, so that `resolve` need not ask Slack for it."""
        self._direct[person] = direct

    async def resolve(self, address: str) -> tuple[Workspace, str]:
        """Returns the workspace whose token is used, and the id of the channel that Slack posts to. Raises NotDelivered."""
        if self._closed:
            raise RetryLater("The sender is shut down.")
        workspace = await self.workspaces.for_address(address)
        _, place = split(address)
        if not place.startswith(PEOPLE):
            return workspace, place
        key = normalise(address, self.workspaces.own.team if self.workspaces.own else "")
        if key not in self._direct:
            self._direct[key] = await workspace.client.open_direct(place)
        return workspace, self._direct[key]

    async def close(self) -> None:
        """Closes the connections of all workspaces. Nothing can be resolved after that."""
        self._closed = True
        await self.workspaces.close()


# ---------------------------------------------------------------------------------------------------------------------
# Turns Slack's form of a text back into what the person typed (docs.slack.dev, Formatting message text).
#
# Slack replaces addresses by links, names of people and channels by ids, and three characters by entities.


_WRAPPED = re.compile(r"<(?P<sign>[@#!]?)(?P<what>[^<>|]*)(?:\|(?P<label>[^<>]*))?>")
_ENTITIES = (("&lt;", "<"), ("&gt;", ">"), ("&amp;", "&"))  # in this order: "&amp;lt;" is "&lt;"
_ADDED = ("http://", "https://", "mailto:", "tel:")  # what Slack adds to words that it turns into links


def unescape(text: object, prefix: str = "") -> str:
    """Returns the text as it was typed. A channel that is named first, or right after a command, becomes a channel reference.

    `prefix` is the workspace in which the text was written; "" for the own one.
    """
    wrapped = usable_text(text)
    words = _WRAPPED.sub(lambda found: _unwrapped(found, wrapped[: found.start()], prefix), wrapped).strip()
    for entity, sign in _ENTITIES:
        words = words.replace(entity, sign)
    code = words.strip("`")
    return code.strip() if words.startswith("`") and words.endswith("`") and "`" not in code else words


def usable(payload: Any) -> Any:  # noqa: ANN401 - any JSON
    """Returns a payload whose texts, ids among them, can be stored."""
    if isinstance(payload, Mapping):
        return {usable_text(name): usable(inner) for name, inner in payload.items()}
    if isinstance(payload, list):
        return [usable(inner) for inner in payload]
    return usable_text(payload) if isinstance(payload, str) else payload


def after_mention(text: object, bot: str) -> str:
    """Returns the text after the first mention of the bot, else the text before it, still in Slack's form."""
    before, _, behind = usable_text(text).partition(f"<@{bot}>")
    if not behind:  # Slack may add the name
        before, _, behind = re.sub(rf"<@{re.escape(bot)}\|[^<>]*>", f"<@{bot}>", usable_text(text)).partition(
            f"<@{bot}>"
        )
    return behind.strip().lstrip(":,").strip() or before.strip()


def title_of(name: object) -> str:
    """Returns the title of a conversation: "#general"; for a group conversation people's names; "" if Slack hides the name."""
    plain = usable_text(name).strip()
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
