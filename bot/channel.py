"""The interface of the clock; what passes to and from platforms: limits, stored messages, buttons and replies."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How many messages a platform lets us send in which time. By default, any number."""

    per_second: float = 0  # messages per second with one token; 0: no limit
    per_lane: float = 0  # messages per second in one lane; 0: no limit
    per_group_minute: int = 0  # messages per minute in one group or channel; 0: no limit
    burst: int = 1  # messages that one lane may send at once, and the most in any `burst` / `per_lane` seconds
    reserved: int = 0  # messages of `per_group_minute` that are reserved for replies to people


@contextmanager
def store_outcomes() -> Iterator[None]:
    """Turns an error of the store into RetryLater, for a platform that needs the store to post."""
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


@dataclass(frozen=True, slots=True)
class Button:
    """A button under a message. It either opens `url` or sends `data`, the id of a callback token in the store.

    Commands set `verb` and `arguments` (JSON values), which say what the button does. The id in `data` is created when
    the reply is stored.
    """

    label: str
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


@dataclass(frozen=True, slots=True)
class Reply:
    """A reply to a person before it is rendered: first the lines, then the papers, then a delivery."""

    lines: Sequence[str] = ()  # sentences in the chat's language; plain text
    ok: bool | None = None  # True: the command was done (✓); False: it was refused (✗); None: neither
    code: Sequence[str] = ()  # lines in a fixed-width font: a query and the caret below it, or a list
    items: tuple[model.Item, ...] = ()  # papers that are shown below the lines, numbered from `first`
    # How papers are shown: as rows of a list, as cards, with everything that is known ("whole"), or with the reason why
    # they were delivered ("why").
    item_layout: Literal["row", "card", "whole", "why"] = "row"
    days: Sequence[str] = ()  # for each of `items`, the text shown next to it, such as its day; may be ""
    # index in `items` → a line above that paper; from there on, papers are shown without their texts
    headings: Mapping[int, str] = field(default_factory=dict)
    first: int = 1
    # for each of `items`, or of the papers that `delivery` shows, the button that opens its card; its label is a number
    numbers: Row = ()
    delivery: model.Delivery | None = None  # papers, shown as a delivery would show them below its title
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
