"""What Telegram is sent and what it answers, without its library: messages, and the errors that callers tell from other refusals."""

import json
from dataclasses import dataclass

from subscriptions.errors import Rejected, RetryLater
from subscriptions.model import Message


class UpdatesConflict(RetryLater):
    """Telegram sends the updates elsewhere: to a `webhook`, or to another process with the same token."""

    def __init__(self, reason: str, *, webhook: bool) -> None:
        super().__init__(reason)
        self.webhook = webhook


class PersonNotFound(Rejected):
    """The person does not exist, or is not in the chat."""


class FileTooLarge(Rejected):
    """The file is larger than bots may download."""


# ---------------------------------------------------------------------------------------------------------------------
# Reads the payload of a Telegram message, which rendering has stored.
#
#     {"text": "<HTML>", "silent": true, "buttons": [[{"text": "1", "data": "…"}, {"text": "get your own", "url": "…"}]]}
#
# The plain form is {"text": "…", "silent": true}, without markup. `silent` and `buttons` may be missing.


@dataclass(frozen=True, slots=True, kw_only=True)
class InlineButton:
    """One button of an inline keyboard, which opens `url` or sends `data` to the bot."""

    text: str
    url: str | None = None
    data: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageArguments:
    """The content arguments of sendMessage and editMessageText."""

    text: str
    html: bool
    silent: bool = False
    keyboard: tuple[tuple[InlineButton, ...], ...] = ()  # rows


def read_post(message: Message, *, plain: bool) -> MessageArguments:
    """Returns the message's content, or its plain form. Raises ValueError if the payload is not of the shape above."""
    match json.loads(message.plain if plain else message.payload):
        case {"text": str(text), **rest}:
            keyboard = () if plain else tuple(_row(row) for row in _list(rest.get("buttons") or []))
            return MessageArguments(text=text, html=not plain, silent=rest.get("silent") is True, keyboard=keyboard)
        case _:
            raise ValueError("a payload for Telegram is an object with a text")


def _row(row: object) -> tuple[InlineButton, ...]:
    return tuple(_key(key) for key in _list(row))


def _key(key: object) -> InlineButton:
    match key:
        case {"text": str(text), "url": str(url)}:
            return InlineButton(text=text, url=url)
        case {"text": str(text), "data": str(data)}:
            return InlineButton(text=text, data=data)
        case _:
            raise ValueError("a button for Telegram has a text and either url or data")


def _list(value: object) -> list[object]:
    if not isinstance(value, list):
        raise ValueError("buttons for Telegram are rows of buttons")  # noqa: TRY004 - one error for one broken payload
    return value
