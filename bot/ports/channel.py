"""The interfaces of a platform's channel and of the clock; and buttons and replies."""

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Literal, Protocol

from subscriptions import errors, model


class Clock(Protocol):
    """The only source of time. Everything that is stored or decided uses `now`."""

    def now(self) -> datetime:
        """Returns the current time in aware UTC. With `--now`, the clock starts at the given time and runs on."""

    def wall(self) -> datetime:
        """Returns the machine's time in aware UTC, even with `--now`. It is for rate limits, retries and files."""

    def monotonic(self) -> float:
        """Returns seconds that increase evenly, even if the machine's clock is changed."""

    async def sleep(self, seconds: float) -> None:
        """Waits for some seconds. The clock of a test jumps forward instead."""


# A channel posts, edits and finds the messages of one platform.


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How many messages a platform lets us send in which time. By default, any number."""

    per_second: float = 0  # messages per second with one token; 0: no limit
    per_lane: float = 0  # messages per second in one lane; 0: no limit
    per_group_minute: int = 0  # messages per minute in one group or channel; 0: no limit
    burst: int = 1  # messages that one lane may send at once, and the most in any `burst` / `per_lane` seconds
    reserved: int = 0  # messages of `per_group_minute` that are reserved for replies to people


class Channel(Protocol):
    """Posts rendered messages on one platform.

    It never sleeps, retries or shortens a message, and knows nothing about papers.
    """

    platform: str
    limits: Limits = Limits()
    # a message that may have arrived is posted only once more, since people see each copy and cannot tell which is new
    repeats_once: bool = False
    # the page on which a person presses a button shows the reply, so that neither limits nor other posts hold it up
    answers_on_page: bool = False

    async def post(
        self,
        chat: model.ChatAddress,
        message: model.Message,
        *,
        delivery: str,
        thread: str | None = None,
        plain: bool = False,
    ) -> str:
        """Posts one message. Returns the id that the platform gave it.

        `delivery` is the delivery's id, which is sent with the message if the platform can store it. `thread` is the
        platform's id of the first message of the thread in which to post. With `plain`, posts the message without its
        markup, always in the same way. Raises only NotDelivered.
        """

    async def edit(
        self, chat: model.ChatAddress, message_id: str, message: model.Message, *, plain: bool = False
    ) -> None:
        """Replaces a sent message. "Not modified" counts as success.

        Raises only NotDelivered. By default, raises Rejected.
        """
        raise errors.Rejected("A message cannot be changed there once it was sent.")

    async def find(
        self,
        chat: model.ChatAddress,
        message: model.Message,
        *,
        delivery: str,
        after: datetime,
        thread: str | None = None,
    ) -> str | None:
        """Searches for a message that was perhaps sent after `after`.

        Returns its id on the platform; None if it was not sent. A message with a `thread` may have been sent outside of
        that thread. Raises LookupError if the platform cannot tell, RetryLater if it demands a wait, and SenderStopped
        if it refuses the token. By default, raises LookupError.
        """
        raise LookupError("Messages cannot be looked up there.")

    async def identity(self) -> str:
        """Returns the id of the bot to which the token belongs (docs/architecture.md, rule 11). Raises NotDelivered.

        By default, returns "": the platform has only one bot, so the database belongs to none.
        """
        return ""

    async def close(self) -> None:
        """Closes the connections. A second call does nothing. By default, does nothing."""
        return


@contextmanager
def store_outcomes() -> Iterator[None]:
    """Turns an error of the store into RetryLater, for a channel that needs the store to post."""
    try:
        yield
    except errors.StoreError as error:
        raise errors.RetryLater("The database cannot be used.") from error


def read_message(message: model.Message, *texts: str) -> dict[str, Any]:
    """Returns the payload of a stored message: a JSON object that has these texts.

    Raises Rejected if it is none, or cannot be sent.
    """
    try:
        payload: dict[str, Any] = json.loads(message.payload)
        for name in texts:
            payload[name].encode()
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        raise errors.Rejected(f"The stored message cannot be read ({type(error).__name__}).", form=True) from error
    return payload


@dataclass(frozen=True, slots=True, kw_only=True)
class Button:
    """A button under a message. It either opens `url` or sends `data`, the id of a callback token in the store.

    Commands set `verb` and `arguments` (JSON values), which say what the button does. The id in `data` is created when
    the reply is stored.
    """

    label: str = field(kw_only=False)
    url: str = ""
    data: str = ""
    name: str = ""  # the same in all languages: of a button of a paper (see CardButtons), and "subscribe"
    options: tuple["Button", ...] = ()  # for the button ⋯: the buttons that it opens
    verb: str = ""
    arguments: Mapping[str, Any] = field(default_factory=dict)
    only_for: str = (
        ""  # the platform's id of the only person who may press it; "" for everyone in the chat who has the rights
    )
    shows: str = ""  # the signal of the chat with which the button looks pressed; "SAVED:17": paper 17 is saved


Row = tuple[Button, ...]
Buttons = tuple[Row, ...]


# Lone surrogates cannot be stored, some databases cannot store NUL, and control characters are invisible.
_UNUSABLE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]")


def usable_text(text: object) -> str:
    """Returns the text without characters that cannot be stored or shown; "" for None."""
    return _UNUSABLE.sub("", str(text or ""))


@dataclass(frozen=True, slots=True)
class File:
    """A document that is sent with a reply."""

    name: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """A reply to a person before it is rendered: first the lines, then the papers, then the preview of a delivery."""

    lines: tuple[str, ...] = field(default=(), kw_only=False)  # sentences in the chat's language; plain text
    ok: bool | None = None  # True: the command was done (✓); False: it was refused (✗); None: neither
    code: tuple[str, ...] = ()  # lines in a fixed-width font: a query and the caret below it, or a list
    items: tuple[model.Item, ...] = ()  # papers that are shown below the lines, numbered from `first`
    # How papers are shown: as rows of a list, as cards, with everything that is known ("whole"), or with the reason why
    # they were delivered ("why").
    item_layout: Literal["row", "card", "whole", "why"] = "row"
    days: tuple[str, ...] = ()  # for each of `items`, the text shown next to it, such as its day; may be ""
    headings: Mapping[int, str] = field(default_factory=dict)  # index in `items` → a line above that paper
    first: int = 1
    numbers: Row = ()  # for each of `items`, the button that opens its card; its label is a number
    delivery: model.Delivery | None = None  # a preview, shown as it would be sent
    buttons: Buttons = ()
    file: File | None = None
    toast: str = ""  # a few words shown where a button was pressed; a reply with only a toast posts no message
    replaces: bool = False  # the reply replaces the message whose button was pressed
    is_ephemeral: bool = False  # shown only to the sender, on platforms that can do that
    target_chat: model.ChatAddress | None = None  # the chat where the reply is posted; None: where the request was made
    names_chat: bool = False  # the first line already names the chat that the reply is about

    def with_lines(self, *lines: str) -> "Reply":
        """Returns the reply with these lines after its own."""
        return replace(self, lines=(*self.lines, *lines))
