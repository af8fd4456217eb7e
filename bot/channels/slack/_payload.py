"""The payload of a Slack message, as rendering stores it, read back.

    {"text": "titles, for notifications and old clients", "blocks": [{"type": "section", …}, …]}

The plain form is {"text": "…"}, without blocks and without markup.
"""

import json
from dataclasses import dataclass

from subscriptions.model import Message


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageArguments:
    """What chat.postMessage and chat.update are given."""

    text: str
    blocks: tuple[dict[str, object], ...] = ()
    markup: bool = True


def read_post(message: Message, *, plain: bool) -> MessageArguments:
    """The message's payload, or its plain form. Raises ValueError when it is not of the shape above."""
    match json.loads(message.plain if plain else message.payload):
        case {"text": str(text), **rest} if text.strip():
            blocks = [] if plain else rest.get("blocks")
            if isinstance(blocks, list) and all(isinstance(block, dict) for block in blocks):
                return MessageArguments(text=text, blocks=tuple(blocks), markup=not plain)
    raise ValueError("a payload for Slack is an object with a text and a list of blocks")
