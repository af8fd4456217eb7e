"""Reads the payload of a Telegram message, as rendering stored it."""

from dataclasses import dataclass, field, replace

from pydantic import TypeAdapter

from bot.platforms.telegram.markup import plain_form
from bot.ports.channel import read_message
from subscriptions.model import Message

# {"text": "<HTML>", "silent": true, "buttons": [[{"text": "1", "data": "…"}, {"text": "get your own", "url": "…"}]]}
# `silent` and `buttons` may be missing.


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """A button, which opens an address or sends data."""

    text: str
    url: str = ""
    data: str = ""

    def __post_init__(self) -> None:
        if not self.url and not self.data:
            raise ValueError("a button for Telegram has a text and either url or data")


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageArguments:
    """The content arguments of sendMessage and editMessageText."""

    text: str
    html: bool = True
    silent: bool = False
    buttons: list[list[Key]] = field(default_factory=list)


_PAYLOAD = TypeAdapter(MessageArguments)


def open_message(message: Message, *, plain: bool) -> MessageArguments:
    """Returns the content of a message, checked before anything is sent. Raises Rejected.

    `plain`: its plain form, a text without markup and buttons.
    """
    content = read_message(message, _PAYLOAD.validate_python)
    if plain:
        return replace(content, text=plain_form(content.text), html=False, buttons=[])
    return content
