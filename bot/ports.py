"""What paperwire asks of the world, and the values that cross: small ports with their contracts."""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, Protocol

from subscriptions import ChatAddress, ChatKind, Delivery, Item, Lane, Message


def slash(chat: ChatAddress) -> str:
    """What stands before the name of a command in a chat. Slack has one command, and in threads takes only mentions."""
    if chat.platform == "slack":
        return "@paperwire " if chat.topic else "/paperwire "
    return "/"


class Clock(Protocol):
    """Time enters here and nowhere else. `now` is the clock of every stored time and decision."""

    def now(self) -> datetime:
        """Aware UTC. With `--now` it starts there and runs on."""

    def wall(self) -> datetime:
        """What the machine says, aware UTC. Pace and the waits of platforms go by it, nothing that is decided does."""

    def monotonic(self) -> float:
        """Seconds that never step."""

    async def sleep(self, seconds: float) -> None:
        """Waits; a test's clock jumps."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What one message of a platform may hold, and how fast they may go."""

    text: int  # units of the message text (Telegram: UTF-16 units after entity parsing)
    per_second: float  # messages a second over the whole token, 0: no limit
    per_lane: float  # messages a second in one lane, 0: no limit
    per_group_minute: int = 0  # messages a minute in one group or channel, 0: no limit
    burst: int = 1  # messages that one lane may send at once after a rest
    kept: int = 0  # so many more at once for answers to people


class Channel(Protocol):
    """Our adapter for one platform. Knows nothing of papers; never sleeps, never retries, never shortens."""

    platform: str
    limits: Limits

    async def post(
        self, chat: ChatAddress, message: Message, *, delivery: str, thread: str | None = None, plain: bool = False
    ) -> str:
        """Posts one message and returns the platform's id of it.

        `delivery` is the delivery's id, carried along where the platform can (Slack metadata). `thread` is the platform
        id of the message in whose thread this one goes. `plain` posts `message.plain` instead of `message.payload`.
        Raises NotDelivered and nothing else.
        """

    async def edit(self, chat: ChatAddress, message_id: str, message: Message, *, plain: bool = False) -> None:
        """Replaces a message that was sent. "Not modified" is success. Raises NotDelivered and nothing else."""

    async def find(
        self, chat: ChatAddress, message: Message, *, delivery: str, after: datetime, thread: str | None = None
    ) -> str | None:
        """The platform's id of a message that was perhaps sent after `after`; None: it is not there.

        Raises LookupError when the platform cannot tell (Telegram always, Slack without the right to read), and
        RetryLater when it asks to wait.
        """

    async def identity(self) -> str:
        """Who this token is, for rule 11 of docs/architecture.md: the bot's id. Raises NotDelivered."""

    async def close(self) -> None:
        """Lets go of connections. A second call does nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A chat as its platform describes it."""

    chat: ChatAddress
    kind: ChatKind
    title: str = ""
    public: bool = False  # strangers can read it: it has a name of its own
    forum: bool = False  # it has topics; known of a place that was asked for
    linked: bool = False  # it is the group of a channel's comments, or that channel; known as `forum`
    outside: bool = False  # the bot is not in it, so only `Request.answer_at` leads there


class Venue(Protocol):
    """A platform as a place where people talk: what a conversation asks of it beside posting."""

    platform: str
    whispers: bool  # whether it can show a message to one person of many

    async def manages(
        self, chat: ChatAddress, person: str, *, members: bool = False, there: bool = False
    ) -> bool | None:
        """Whether a person administers a chat, asked anew each time. None: the platform does not let the bot see.

        With `members` a member of the workspace is enough, where there are workspaces; guests and strangers are none.
        `there`: they say it in that chat, so they need not be looked for there. Raises NotDelivered when the platform
        cannot be asked now.
        """

    async def acquaint(self, request: "Request", *, changes: bool) -> "Request":
        """The request with what the platform knows of its place and its person and the update did not say.

        Of the person only where the request `changes` something. Never raises, and never takes long.
        """

    async def place(self, name: str) -> Place | None:
        """The chat with this id or "@name"; None: there is none that the bot can see. Raises NotDelivered."""

    async def whisper(
        self, chat: ChatAddress, person: str, message: Message | None, *, at: str, replaces: bool, plain: bool = False
    ) -> None:
        """Shows a message to one person in a chat; `at` is the `answer_at` of the request that it answers.

        With `replaces` in place of the message whose button was pressed; None takes that one away. Raises NotDelivered.
        """

    async def acknowledge(self, press: str, words: str = "") -> None:
        """Ends the waiting of a pressed button, with a few words. Never raises: a press that is too old is no matter."""

    async def send_file(self, chat: ChatAddress, file: "File", *, silent: bool = True) -> str:
        """Posts a document; its id. Raises NotDelivered."""

    async def fetch(self, file: str, most: int) -> bytes:
        """The content of a document that a person dropped, at most `most` bytes. Raises NotDelivered, Refused."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What a person typed or pressed, or what happened to a chat, translated by an inbound adapter.

    Exactly one of `text` (with or without `command`), `pressed` and `happened` says what it is.
    """

    place: Place
    update: str  # the platform's id of the update, by which it has its effect once
    command: str = ""  # "sub" of "/sub@bot diffusion", lower case; "" for text without one
    text: str = ""  # as typed, without the command and the platform's wrapping
    pressed: str = ""  # what the button under a message carries
    happened: str = ""  # a name of bot/commands/happenings.py: arrived, left, back, moved, …
    told: Mapping[str, str] = field(default_factory=dict)  # what the platform says of it
    message: str = ""  # the platform's id of the message that was written, or under which the button stands
    press: str = ""  # the platform's id of the press, to acknowledge it
    sender: str = ""  # the platform's id of the person; "" where nobody is named
    sender_name: str = ""
    proven: bool = False  # the update itself proves that its sender manages the chat: anonymous admins, channel posts
    language: str = ""  # the client's language code
    timezone: str = ""  # of the person, an IANA name; "" where the platform does not tell
    answer_at: str = ""  # where the platform takes answers to this request, a URL that is as good as a password
    fleeting: bool = False  # only its presser sees the message under which the button stands
    thread: str = ""  # the platform's id of the message in whose thread it was said, where that is no chat of its own
    meant: bool = True  # for the bot: a private chat, a command to it, a mention, an answer to it
    bare: bool = False  # its first word is a command if it is the name of one: none needs a sign before it here
    named: bool = False  # its words name the bot
    edited: bool = False  # a message that was written earlier and is changed now
    written: datetime | None = None  # when the message was first written, aware UTC
    answers: str = ""  # the platform's id of the message of the bot that it answers
    file: str = ""  # the platform's id of a document that came along
    file_size: int = 0  # bytes
    opens: str = ""  # what the platform takes to open a form, once and within seconds; "" where it has none
    view: str = ""  # the platform's id of the form, or of the person's board, in which something was pressed
    filled: Mapping[str, str] = field(default_factory=dict)  # what stands in the form, by field
    sent: bool = False  # the form is sent, not only being filled in

    @property
    def chat(self) -> ChatAddress:
        """Where it was written."""
        return self.place.chat


@dataclass(frozen=True, slots=True, kw_only=True)
class Button:
    """A verb under a message. Either it opens `url`, or it carries `data`, an id that is looked up in the store.

    Commands name what it does, `verb` with `arguments` (JSON values); the id is made when the reply is stored.
    """

    label: str
    url: str = ""
    data: str = ""
    verb: str = ""
    arguments: Mapping[str, Any] = field(default_factory=dict)
    only: str = ""  # the platform's id of the one person who may press it; "": anybody there who may do what it does


Buttons = tuple[tuple[Button, ...], ...]  # rows


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """A document that goes along with a reply."""

    name: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """A value that a field offers."""

    value: str
    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """Something to be filled in."""

    name: str
    label: str
    value: str = ""  # what stands in it at first
    hint: str = ""  # below it, in small letters
    notes: tuple[str, ...] = ()  # sentences below it
    options: tuple[Option, ...] = ()  # one of these is chosen; none: any text
    clock: bool = False  # a time of day, "09:00"
    watched: bool = False  # a change of it is told at once, so that the form can answer
    required: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """A form that a person fills in. What it does when it is sent is the verb with its arguments.

    The form is about the chat where it was opened, or about the one of `places` that its field of that name chooses.
    """

    title: str
    send: str  # the label of the button that sends it
    leave: str  # and of the one that closes it
    fields: tuple[Field, ...]
    verb: str
    arguments: Mapping[str, Any] = field(default_factory=dict)  # JSON values
    places: Mapping[str, ChatAddress] = field(default_factory=dict)  # values of the field PLACE → chats
    instead: str = ""  # what is said where it cannot be opened: how the same is done in words


TOPIC_UNTOLD = "topic-untold"  # told of a press: in which topic of the chat the button stands is not known
PLACE = "place"  # the field of a form that says which chat it is about


@dataclass(frozen=True, slots=True, kw_only=True)
class BoardItem:
    """One thing on a board, with what can be done with it."""

    text: str
    remark: str = ""  # below it, in small letters
    menu: tuple[Button, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """A part of a board: of one chat, say. Its buttons work there."""

    title: str
    items: tuple[BoardItem, ...] = ()
    lines: tuple[str, ...] = ()
    buttons: Buttons = ()
    about: ChatAddress | None = None  # None: of the person's own chat


@dataclass(frozen=True, slots=True, kw_only=True)
class Board:
    """What a person sees of the bot at a glance, on a page of their own."""

    panels: tuple[Panel, ...]
    remark: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """The answer to a person, before it is rendered: lines, then papers, then what a delivery would be."""

    lines: tuple[str, ...] = ()  # sentences, already in the chat's language; plain text
    ok: bool | None = None  # True: done (✓), False: refused (✗), None: neither
    code: tuple[str, ...] = ()  # lines that want a fixed width: the query and its caret, a list
    items: tuple[Item, ...] = ()  # papers that are shown below, numbered from `first`
    form: Literal["row", "card", "whole", "why"] = "row"  # rows of a list, cards, all that is known, why they came
    first: int = 1
    numbers: tuple[Button, ...] = ()  # one for each of `items`, under the message that shows it; labels are numbers
    delivery: Delivery | None = None  # shown as it would be sent
    buttons: Buttons = ()
    file: File | None = None
    toast: str = ""  # a few words where a button was pressed; alone, nothing is posted
    replaces: bool = False  # takes the place of the message whose button was pressed
    only_you: bool = False  # for the asker's eyes, where the platform can do that
    to: ChatAddress | None = None  # posted into another chat than the one that asked
    names_chat: bool = False  # its first line says itself which chat it is about
    sheet: Sheet | None = None  # opened in place of an answer, or anew while it is being filled in
    problems: Mapping[str, str] = field(default_factory=dict)  # what is wrong with what was filled in, by field
    board: Board | None = None  # the page of whoever asks
    looks_up: tuple[str, ...] = ()  # arXiv ids that are asked of arXiv next, for whoever asks


class Forms(Protocol):
    """A platform that shows forms, and each person a page of their own. Views are as rendering writes them."""

    platform: str

    async def open(self, chat: ChatAddress, opens: str, view: str) -> None:
        """Shows a form to whoever made the request with this `opens`. Raises NotDelivered."""

    async def renew(self, chat: ChatAddress, shown: str, view: str) -> None:
        """Shows another view in place of one, unless that changed meanwhile. Raises NotDelivered."""

    async def show_board(self, person: ChatAddress, view: str) -> None:
        """Shows the person's page. Raises NotDelivered."""

    async def chats_with(self, person: ChatAddress) -> frozenset[str] | None:
        """Addresses of the chats in which both the bot and the person are. None: the platform does not let the bot see.

        Raises NotDelivered.
        """


class Listener(Protocol):
    """Takes what people say. Requests of one lane have their effects in the order in which they are given.

    What it returns is wrong with a form that was sent, by field; empty for everything else.
    """

    async def take(self, request: Request) -> Mapping[str, str]:
        """Returns when the effect and the reply are stored; waits as long as the database cannot be used."""

    async def take_now(self, request: Request) -> Mapping[str, str]:
        """As `take`, for a platform that repeats what was not taken: raises StoreError instead of waiting."""


class Hook(Protocol):
    """Where a platform sends what people say, by HTTP POST."""

    path: str  # "/…", which nobody can guess

    def admits(self, headers: Mapping[str, str]) -> bool:
        """Whether it is the platform who asks. Asked before anything of the body is read; names in small letters."""

    async def take(self, body: bytes) -> bool:
        """Whether it is stored; False: it shall come again later. Raises ValueError for what nobody can read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WebAnswer:
    """What a web address says."""

    status: int = 200
    body: str = ""
    kind: str = "text/plain"  # media type, of UTF-8
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class WebCall:
    """What somebody asks a web address."""

    headers: Mapping[str, str]  # names in small letters
    query: Mapping[str, str] = field(default_factory=dict)
    cookies: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


class Door(Protocol):
    """A web address of a platform: it says itself what it answers."""

    path: str  # "/…"
    method: str  # GET, POST

    def admits(self, headers: Mapping[str, str]) -> bool:
        """Whether it is worth reading what follows. Asked before anything of the body is read; names in small letters."""

    async def answer(self, call: WebCall) -> WebAnswer:
        """Never raises."""


class Receiver(Protocol):
    """Brings what people say on one platform."""

    @property
    def name(self) -> str:
        """What /health/ready calls it."""

    @property
    def problem(self) -> str:
        """Why it does not work now; "": it does."""

    @property
    def hook(self) -> Hook | None:
        """Where the platform sends it; None: it asks the platform itself."""

    @property
    def doors(self) -> Sequence[Door]:
        """Web addresses at which the platform wants to be answered."""

    async def listen(self, listener: Listener) -> None:
        """Receives until it is cancelled, whatever the platform or the line to it does."""

    async def drain(self, listener: Listener) -> None:
        """Takes what waits, and ends. Raises StoreError."""


Deliver = Callable[[Lane], Awaitable[None]]


class Engine(Protocol):
    """Who delivers when. One process: bot/engines/embedded; many: a later module behind the same four methods."""

    def nudge(self, lanes: Sequence[Lane], *, priority: int = 0, not_before: datetime | None = None) -> None:
        """Wakes lanes. A lane that is nudged twice runs once; one that runs is run again afterwards."""

    async def run(self, deliver: Deliver) -> None:
        """Runs `deliver` for every nudged lane, never twice at once for one lane, until nothing is left to do.

        What `deliver` raises breaks off no other lane; it is raised at the end, as a group.
        """

    async def reserve(self, token: str, n: int = 1, *, urgent: bool = False) -> float:
        """Takes `n` sends of a token's budget; returns the monotonic second at which the first may start.

        `urgent` ones, answers to people, go before all others that wait. It may wait itself.
        """

    async def once(self, name: str, due: datetime) -> bool:
        """True for exactly one caller per (name, due), over all processes on the store."""


class LanePace(Protocol):
    """How fast one lane may go; lanes have one sender each, so this stays in the process that delivers."""

    def ready(self, lane: Lane, now: float, *, urgent: bool = False) -> float:
        """The monotonic second at which the next message of the lane may go, pauses of its token included.

        For `urgent` ones, answers to people, a part of what a lane may hold is kept free.
        """

    def sent(self, lane: Lane, at: float) -> None:
        """A message of the lane started at that second."""

    def pause(self, lane: Lane, until: float, now: float) -> None:
        """The platform asked the lane to wait until that second."""

    def rest(self, token: str, now: float) -> float:
        """Seconds for which the platform wants nothing of the whole token."""

    def seed(self, sends: Iterable[tuple[Lane, float]], now: float) -> None:
        """What an earlier process sent, as (lane, second)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """What a run of `deliver` did (docs/commands.md)."""

    planned: int = 0
    sent: int = 0
    papers: int = 0
    waiting: int = 0
    unclear: int = 0
    dead: int = 0
    stopped: dict[str, str] = field(default_factory=dict)  # platform -> why it does not send
