"""Reads the payload of a Slack message, as rendering stored it."""

from dataclasses import dataclass, replace
from typing import Annotated

from pydantic import StringConstraints, TypeAdapter

from bot.ports.channel import read_message
from subscriptions.model import Message

# {"text": "titles, for notifications and old clients", "blocks": [{"type": "section", …}, …]}. The plain form is
# {"text": "…"}, without blocks and without markup.


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageArguments:
    """The content arguments of chat.postMessage and chat.update."""

    text: Annotated[str, StringConstraints(pattern=r"\S")]
    blocks: tuple[dict[str, object], ...] = ()
    markup: bool = True


_PAYLOAD = TypeAdapter(MessageArguments)


def open_message(message: Message, *, plain: bool) -> MessageArguments:
    """Returns the content of a message, or its plain form, checked before anything is sent. Raises Rejected."""
    content = read_message(message, _PAYLOAD.validate_python, plain=plain)
    if plain:
        return replace(content, blocks=(), markup=False)
    return content
