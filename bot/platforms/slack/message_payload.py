"""Reads the payload of a Slack message, as rendering stored it."""

from dataclasses import dataclass, replace
from typing import Annotated

from pydantic import StringConstraints, TypeAdapter

from bot.platforms.slack.markup import plain_form
from bot.ports.channel import read_message
from subscriptions.model import Message

# {"text": "titles, for notifications and old clients", "blocks": [{"type": "section", …}, …]}


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageArguments:
    """The content arguments of chat.postMessage and chat.update."""

    text: Annotated[str, StringConstraints(pattern=r"\S")]
    blocks: tuple[dict[str, object], ...] = ()
    markup: bool = True


_PAYLOAD = TypeAdapter(MessageArguments)


def open_message(message: Message, *, plain: bool) -> MessageArguments:
    """Returns the content of a message, checked before anything is sent. Raises Rejected.

    `plain`: its plain form, a text without blocks and markup.
    """
    content = read_message(message, _PAYLOAD.validate_python)
    if plain:
        return replace(content, text=plain_form(content.blocks).strip() or content.text, blocks=(), markup=False)
    return content
