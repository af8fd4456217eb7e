"""What a platform must be able to do, and what a reply holds."""

import json
import logging
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import datetime
from math import inf
from typing import Any, Literal, Protocol, TypeVar

from subscriptions.errors import NotDelivered, Rejected
from subscriptions.model import ChatAddress, Delivery, Item, Lane, Message

T = TypeVar("T")


class Clock(Protocol):
    """The only source of time. Everything that is stored or decided goes by `now`."""

    def now(self) -> datetime:
        """Returns the time in aware UTC. With `--now` this clock starts at the given time and runs on."""

    def wall(self) -> datetime:
        """Returns the machine's time in aware UTC, also with `--now`: for rate limits, retries and files."""

    def monotonic(self) -> float:
        """Returns seconds that run on evenly, also when the machine's clock is set."""

    async def sleep(self, seconds: float) -> None:
        """Waits so many seconds. The clock of a test jumps ahead instead."""


# --------------------------------------------------------------------------------------------------------- the channel

# posts, edits and finds the messages of one platform.


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How long a message of a platform may be, and how many messages may be sent in which time."""

    text: int  # units of the message text as the platform counts them
    per_second: float  # messages per second over the whole token, 0: no limit
    per_lane: float  # messages per second in one lane, 0: no limit
    per_group_minute: int = 0  # messages per minute in one group or channel, 0: no limit
    burst: int = 1  # messages that one lane may send at once: so many in any `burst` / `per_lane` seconds
    reserved: int = 0  # messages of `per_group_minute` that are kept for answers to people


class Channel(Protocol):
    """Posts rendered messages on one platform. It never sleeps, retries or shortens, and knows nothing of papers."""

    platform: str
    limits: Limits
    not_found: str = ""  # why `find` cannot tell, where it never can

    async def post(
        self, chat: ChatAddress, message: Message, *, delivery: str, thread: str | None = None, plain: bool = False
    ) -> str:
        """Posts one message and returns the platform's id of it.

        `delivery` is the delivery's id; it is sent along if the platform can store it. `thread` is the platform's id of
        the message in whose thread the new message goes. `plain` posts `message.plain` instead of `message.payload`.
        Raises NotDelivered and nothing else.
        """

    async def edit(self, chat: ChatAddress, message_id: str, message: Message, *, plain: bool = False) -> None:
        """Replaces a sent message; a text that is empty leaves the text as it is. "Not modified" counts as success.

        Raises NotDelivered and nothing else.
        """

    async def find(
        self, chat: ChatAddress, message: Message, *, delivery: str, after: datetime, thread: str | None = None
    ) -> str | None:
        """Returns the platform's id of a message that was perhaps sent after `after`; None if there is no such message.

        A message with a `thread` may have been sent outside it, too. Raises LookupError if the platform cannot tell,
        RetryLater if it asks to wait, and SenderStopped if it refuses the token. By default it cannot tell.
        """
        raise LookupError(self.not_found)

    async def identity(self) -> str:
        """Returns the id of the bot that the token belongs to (docs/architecture.md, rule 11). Raises NotDelivered.

        By default there is one bot for each platform.
        """
        return self.platform

    async def close(self) -> None:
        """Closes the connections. A second call does nothing."""


def read_message(message: Message, read: Callable[[Any], T], *, plain: bool) -> T:
    """Returns what `read` makes of a stored message, or of its plain form. Raises Rejected where `read` raises ValueError."""
    try:
        return read(json.loads(message.plain if plain else message.payload))
    except ValueError as error:
        raise Rejected(f"The stored message cannot be read: {error}.", form=True) from error


# -------------------------------------------------------------------------------------------------------- measurements

# events in the process, as values, from the rooms where they happen to the rooms that count them.  A measurement holds
# no id, name or words of a chat or a person.


log = logging.getLogger("paperwire")


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageTried:
    """One attempt to post a message of a delivery or of a reply."""

    platform: str
    kind: str  # "delivery" or "reply"
    outcome: str  # see `outcome_name`
    seconds: float  # until the platform had answered


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanMade:
    """One round of planning."""

    deliveries: int
    seconds: float
    matching_seconds: float  # the seconds of them in which queries were matched with papers


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestHandled:
    """One request of a person, until its effect and its reply were stored."""

    platform: str
    outcome: str  # "answered", "silent" (without a reply), "failed" (a mistake of the program), "waits" (the database)
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceRead:
    """One poll of a source, or one scan of a folder that brought something."""

    source: str
    outcome: str  # of the receipt
    papers: int
    new: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionClosed:
    """A connection to the web address that was refused or closed because there were too many."""

    kind: str  # "connection", "stream" (of an open page), "refused" (no file could be opened for it)


Measurement = MessageTried | PlanMade | RequestHandled | SourceRead | ConnectionClosed
Observe = Callable[[Measurement], None]


def ignore(measurement: Measurement) -> None:
    """Does nothing with a measurement."""
    del measurement


def outcome_name(error: NotDelivered | None) -> str:
    """Returns "sent" without an error, else the error's type: "retry_later", "chat_gone"."""
    return "sent" if error is None else re.sub(r"(?<=[a-z])(?=[A-Z])", "_", type(error).__name__).lower()


@dataclass(slots=True)
class Observers:
    """Passes each measurement to all listeners. Never raises, because a failed count must not stop the work."""

    listeners: list[Observe] = field(default_factory=list)

    def __call__(self, measurement: Measurement) -> None:
        """Calls every listener; an error of one is logged."""
        for listener in self.listeners:
            try:
                listener(measurement)
            except Exception as error:  # noqa: BLE001 - a sent message must be confirmed even if counting fails
                log.error("A measurement was not counted: %s", type(error).__name__)


# --------------------------------- the engine, which runs the senders of lanes


Deliver = Callable[[Lane], Awaitable[None]]


class Engine(Protocol):
    """Runs the senders of lanes: of bot/delivery, `EmbeddedEngine` in one process, `ClusterEngine` in several."""

    @property
    def lanes_in_hand(self) -> int:
        """How many lanes this process delivers now."""

    def wake(self, lanes: Sequence[Lane], *, not_before: datetime | None = None) -> None:
        """Has each lane run, not earlier than `not_before`.

        A lane that waits to run and is woken again runs at least once after that. A running lane that is woken runs again
        afterwards.
        """

    def deliveries_stored(self, lanes: Sequence[Lane]) -> None:
        """Has each lane run, after deliveries for it were committed."""

    async def run(self, deliver: Deliver) -> None:
        """Calls `deliver` for every woken lane, never twice at once for one lane, until no lane is left to run soon.

        An error of `deliver` does not stop other lanes. All errors are raised at the end, as an ExceptionGroup.
        """

    def posting(self, lane: Lane, *, patience: float = inf) -> AbstractAsyncContextManager[bool]:
        """Locks a lane for posting within the context: answers and papers of all processes go one after another.

        Gives False if another worker is still posting there after `patience` seconds.
        """

    async def reserve(self, token: str, *, urgent: bool = False) -> float:
        """Reserves one send of a token's budget. Returns the monotonic second at which it may start.

        `urgent` sends, the answers to people, go before all other sends that wait. The call itself may wait.
        """

    async def count_others(self, lane: Lane, *, anew: bool = False) -> None:
        """Has the rate limiter count what other processes have sent in a lane. Raises StoreError.

        Does nothing if it has counted them just now, unless `anew`.
        """


# -------------------------------------------------------------- what the rooms say to each other of messages to people


@dataclass(frozen=True, slots=True, kw_only=True)
class Button:
    """A button under a message: it either opens `url` or sends `data`, the id of a callback token in the store.

    Commands set `verb` and `arguments` (JSON values), which say what the button does. The id is made when the reply is
    stored.
    """

    label: str
    url: str = ""
    data: str = ""
    name: str = ""  # of a button of a paper, the same in all languages, see CardButtons
    options: tuple["Button", ...] = ()  # of ⋯: the buttons that it opens
    verb: str = ""
    arguments: Mapping[str, Any] = field(default_factory=dict)
    only_for: str = (
        ""  # the platform's id of the only person who may press it; "": everyone in the chat with the rights for it
    )
    shows: str = ""  # what a pressed button means, such as "SAVED:17": that the chat saved paper 17


Buttons = tuple[tuple[Button, ...], ...]  # rows


# ------------------------------------------- what people and their programs write to us, as every channel passes it on


# Lone surrogates cannot be stored, NUL not in every database, and control characters are not shown.
_UNUSABLE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]")


def usable_text(text: object) -> str:
    """Returns a text without characters that cannot be stored or shown; "" for None."""
    return _UNUSABLE.sub("", str(text or ""))


# ---------------------------------------------------------------------------------------------------------------------
# Modals, which are forms that a person fills in, and home views, the page that the bot shows to each person.


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """A value that a field offers to choose."""

    value: str
    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FormField:
    """One input of a form."""

    name: str
    label: str
    value: str = ""  # the initial value
    hint: str = ""  # shown below the input, in small letters
    notes: tuple[str, ...] = ()  # sentences shown below the input
    options: tuple[Option, ...] = ()  # the person chooses one of these; empty: the person types any text
    is_clock: bool = False  # the value is a time of day, "09:00"
    notifies_change: bool = False  # each change of the value makes a FormRequest, so that the form can be updated
    required: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Modal:
    """A form that a person fills in. `verb` and `arguments` say what submitting the form does.

    The form is about the chat where it was opened, or about the chat of `places` that its field CHAT_FIELD selects.
    """

    title: str
    submit_label: str  # the label of the button that submits the form
    close_label: str  # the label of the button that closes the form without submitting it
    fields: tuple[FormField, ...]
    verb: str
    arguments: Mapping[str, Any] = field(default_factory=dict)  # JSON values
    places: Mapping[str, ChatAddress] = field(default_factory=dict)  # value of the field CHAT_FIELD → chat
    fallback: str = ""  # posted if the form cannot be opened: tells how to do the same by a command


CHAT_FIELD = "place"  # the name of the field that selects the chat that the form is about


@dataclass(frozen=True, slots=True, kw_only=True)
class HomeItem:
    """One entry of a home view, with the buttons of its menu."""

    text: str
    remark: str = ""  # shown below the text, in small letters
    menu: tuple[Button, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class HomePanel:
    """A part of a home view, for example about one chat. Its buttons act on the chat `about`."""

    title: str
    items: tuple[HomeItem, ...] = ()
    lines: tuple[str, ...] = ()
    buttons: Buttons = ()
    about: ChatAddress | None = None  # None: the person's private chat


@dataclass(frozen=True, slots=True, kw_only=True)
class HomeView:
    """The page that the bot shows to one person, about all chats of that person."""

    panels: tuple[HomePanel, ...]
    remark: str = ""


class Forms(Protocol):
    """Shows modals and home views on a platform. A view is a modal or home view, rendered to the platform's text."""

    platform: str

    def render_modal(self, modal: Modal, callback_token: str) -> str:
        """Returns the view of a modal. The platform returns `callback_token`, the id of the modal's token, with the values."""

    def render_home_view(self, home: HomeView) -> str:
        """Returns the view of a home view."""

    async def open_modal(self, chat: ChatAddress, trigger_id: str, view: str) -> None:
        """Shows a form to the sender of the request that had this `trigger_id`. Raises NotDelivered."""

    async def update_modal(self, chat: ChatAddress, view_ref: str, view: str) -> None:
        """Replaces the open form `view_ref` by `view`, unless that form has changed meanwhile. Raises NotDelivered."""

    async def publish_home(self, person: ChatAddress, view: str) -> None:
        """Shows a home view to a person. Raises NotDelivered."""

    async def shared_chats(self, person: ChatAddress) -> frozenset[str] | None:
        """Returns the addresses of the chats in which both the bot and the person are.

        None: the platform does not let the bot see it. Raises NotDelivered.
        """


# -------------------------------------------------------------------------- A reply to a person, before it is rendered


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """A document that is sent with a reply."""

    name: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PlotRow:
    """One row of a plot. Each row has its own scale, given in `name`: "saved: 6, at most 2 a day"."""

    name: str
    amounts: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Plot:
    """Amounts side by side, such as days. The lines of the reply must give the same numbers."""

    title: str  # for people who do not see the picture
    labels: tuple[str, ...]  # one for each place from left to right, never empty
    rows: tuple[PlotRow, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """The answer to a person, before it is rendered: first the lines, then the papers, then the preview of a delivery."""

    lines: tuple[str, ...] = ()  # sentences, already in the chat's language; plain text
    ok: bool | None = None  # True: done (✓), False: refused (✗), None: neither
    code: tuple[str, ...] = ()  # lines in fixed width: the query and its caret, or a list
    plot: Plot | None = None  # below `code`: a picture where the platform shows one within a message, else text
    items: tuple[Item, ...] = ()  # papers that are shown below the lines, numbered from `first`
    # Papers as rows of a list, as cards, with all that is known, or with why they were delivered. "buttons", "rest": only the
    # buttons of the message change, to those of the card or to those that ⋯ opens.
    item_layout: Literal["row", "card", "whole", "why", "buttons", "rest"] = "row"
    days: tuple[str, ...] = ()  # shown beside each of `items`; "": none
    first: int = 1
    numbers: tuple[Button, ...] = ()  # one for each of `items`, which opens its card; labels are numbers
    delivery: Delivery | None = None  # a preview, shown as it would be sent
    buttons: Buttons = ()
    file: File | None = None
    toast: str = ""  # a few words shown where a button was pressed; a reply with nothing else posts no message
    replaces: bool = False  # the reply replaces the message whose button was pressed
    is_ephemeral: bool = False  # shown to the sender alone, on platforms that can do that
    target_chat: ChatAddress | None = None  # the chat where the reply is posted; None: where the request was made
    names_chat: bool = False  # the first line already names the chat that the reply is about
    modal: Modal | None = None  # a form that is opened, or that replaces the open one while it is being filled in
    form_errors: Mapping[str, str] = field(default_factory=dict)  # the problems of a submitted form, by field
    home_view: HomeView | None = None  # the home view of the sender
    lookup_ids: tuple[str, ...] = ()  # arXiv ids that are looked up at arXiv after this reply, for the sender
