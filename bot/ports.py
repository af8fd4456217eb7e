"""What paperwire asks of the world, and the values that cross: small ports with their contracts."""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from subscriptions import ChatAddress, Lane, Message


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
class Request:
    """What a person typed or pressed, translated by an inbound adapter."""

    chat: ChatAddress
    text: str
    update: str  # the platform's id of the update, by which it has its effect once
    sender: str = ""
    sender_name: str = ""
    language: str = "en"


@dataclass(frozen=True, slots=True, kw_only=True)
class Button:
    """A verb under a message: either a link or an opaque id that is looked up in the store."""

    label: str
    url: str = ""
    data: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """The answer to a person, before it is rendered."""

    lines: tuple[str, ...]  # sentences, already in the chat's language; plain text
    ok: bool | None = None  # True: done (✓), False: refused (✗), None: neither
    code: tuple[str, ...] = ()  # lines that want a fixed width: the query and its caret
    buttons: tuple[tuple[Button, ...], ...] = ()


Deliver = Callable[[Lane], Awaitable[None]]


class Engine(Protocol):
    """Who delivers when. One process: bot/engines/embedded; many: a later module behind the same four methods."""

    def nudge(self, lanes: Sequence[Lane], *, priority: int = 0, not_before: datetime | None = None) -> None:
        """Wakes lanes. A lane that is nudged twice runs once; one that runs is run again afterwards."""

    async def run(self, deliver: Deliver) -> None:
        """Runs `deliver` for every nudged lane, never twice at once for one lane, until nothing is left to do.

        What `deliver` raises breaks off no other lane; it is raised at the end, as a group.
        """

    async def reserve(self, token: str, n: int = 1) -> float:
        """Takes `n` sends of a token's budget; returns the monotonic second at which the first may start."""

    async def once(self, name: str, due: datetime) -> bool:
        """True for exactly one caller per (name, due), over all processes on the store."""


class LanePace(Protocol):
    """How fast one lane may go; lanes have one sender each, so this stays in the process that delivers."""

    def ready(self, lane: Lane, now: float) -> float:
        """The monotonic second at which the next message of the lane may go, pauses of its token included."""

    def sent(self, lane: Lane, at: float) -> None:
        """A message of the lane started at that second."""

    def pause(self, lane: Lane, until: float, now: float) -> None:
        """The platform asked the lane to wait until that second."""

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
