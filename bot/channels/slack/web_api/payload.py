"""The error of a call that Slack understood and refused."""

import json
from dataclasses import dataclass

from subscriptions.errors import Rejected
from subscriptions.model import Message


class Declined(Rejected):
    """Slack understood the call and refused it. `code` is Slack's own code for the reason."""

    def __init__(self, reason: str, code: str) -> None:
        super().__init__(reason)
        self.code = code


# ---------------------------------------------------------------------------------------------------------------------
# Reads the payload of a Slack message, which rendering has stored.
#
#     {"text": "titles, for notifications and old clients", "blocks": [{"type": "section", …}, …]}
#
# The plain form is {"text": "…"}, without blocks and without markup.


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageArguments:
    """The content arguments of chat.postMessage and chat.update."""

    text: str
    blocks: tuple[dict[str, object], ...] = ()
    markup: bool = True


def open_message(message: Message, *, plain: bool) -> MessageArguments:
    """Returns the message's content, or its plain form, read before anything is sent. Raises Rejected."""
    try:
        return _read(message.plain if plain else message.payload, plain=plain)
    except ValueError as error:
        raise Rejected(f"The stored message cannot be read: {error}.", form=True) from error


def _read(payload: str, *, plain: bool) -> MessageArguments:
    """Returns the content in a payload. Raises ValueError if it is not of the shape above."""
    match json.loads(payload):
        case {"text": str(text), **rest} if text.strip():
            blocks = [] if plain else rest.get("blocks")
            if isinstance(blocks, list) and all(isinstance(block, dict) for block in blocks):
                return MessageArguments(text=text, blocks=tuple(blocks), markup=not plain)
    raise ValueError("a payload for Slack is an object with a text and a list of blocks")
