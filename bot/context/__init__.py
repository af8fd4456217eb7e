"""The arguments of the steps of the pipeline: their dependencies, the database of the settings, and the writes."""

import asyncio
import logging
import sys
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any, Generic, TypeVar
from weakref import WeakValueDictionary

from tenacity import AsyncRetrying, RetryCallState, retry_if_exception_type, wait_exponential

from bot.commands.context import BotInfo, InlineFormatter, Registry
from bot.commands.phrasing import Localizer
from bot.errors import SettingsError
from bot.ports.channel import Channel, Clock, Engine, Forms, Observers, Reply
from bot.ports.conversation import PlatformApi, Request
from bot.ports.rate_limiter import RateLimiter
from bot.settings import EVERYTHING, Settings
from bot.settings.cron import CronSchedule
from bot.settings.model import SourceSettings, is_listing, place_of
from subscriptions.errors import StoreError
from subscriptions.model import Chat, ChatAddress, ChatKind, Delivery, Lane, Message
from subscriptions.planning.decision import OnUnclear
from subscriptions.planning.source_calendar import ArxivCalendar, Schedule, Schedules
from subscriptions.store.database.store import Store
from subscriptions.store.database.writer import READS, Steps
from subscriptions.store.sources import SourceFact, sync_sources, unknown_sources
from subscriptions.zones import zone

MINUTE = 60.0  # seconds
MAX_OF_CHAT = 20  # commands a minute; no platform lets a bot write fewer messages a minute into a group
MAX_OF_PERSON = 10  # of them of one person in a chat with others


@dataclass(slots=True)
class CommandLimits:
    """The commands of the last minute that were not refused. Moments are seconds of the monotonic clock.

    The writer thread counts while the event loop reads: what a chat has given is replaced, never changed.
    """

    _given: dict[str, tuple[tuple[float, str], ...]] = field(default_factory=dict)  # chat → (second, person)
    _told: dict[tuple[str, str], float] = field(default_factory=dict)  # until when a person knows that nothing is read

    def is_person_over(self, request: Request, second: float) -> bool:
        """Returns whether a person gives no further command in this chat for now."""
        if request.is_local:
            return False
        given = self._given_in(str(request.chat), second)
        if _is_alone(request):
            return len(given) >= MAX_OF_CHAT
        return sum(person == request.sender for _, person in given) >= MAX_OF_PERSON

    def is_chat_over(self, request: Request, second: float) -> bool:
        """Returns whether for now only admins of this chat may give further commands."""
        return not request.is_local and len(self._given_in(str(request.chat), second)) >= MAX_OF_CHAT

    def count(self, request: Request, second: float) -> None:
        """Counts a command that was not refused."""
        chat = str(request.chat)
        given = (*self._given_in(chat, second), (second, request.sender))
        self._given.pop(chat, None)
        self._given[chat] = given  # the last of the mapping, so that the first is the one that said nothing for longest
        while (first := next(iter(self._given))) and not self._given_in(first, second):
            del self._given[first]

    def seconds_left(self, request: Request, second: float) -> float:
        """Returns the estimated seconds until the person of a refused command may give one again."""
        by_person = self.is_person_over(request, second) and not _is_alone(request)
        given = self._given_in(str(request.chat), second)
        first = next((at for at, person in given if person == request.sender or not by_person), second)
        return max(0.0, first + MINUTE - second)

    def tells(self, request: Request, second: float) -> bool:
        """Returns whether the person of a refused command does not know yet that it is not read, and notes that they know now.

        They know it until the next command can be read. So a notice is about all that is not read until then.
        """
        self._told = {who: until for who, until in self._told.items() if until > second}
        who = (str(request.chat), request.sender)
        if who in self._told:
            return False
        self._told[who] = second + self.seconds_left(request, second)
        return True

    def _given_in(self, chat: str, second: float) -> tuple[tuple[float, str], ...]:
        return tuple(one for one in self._given.get(chat, ()) if one[0] > second - MINUTE)


def _is_alone(request: Request) -> bool:
    return request.place.kind is ChatKind.PRIVATE


# ------------------------------------------ the dependencies of the pipeline's steps, as values that bot/app.py builds


Layout = Sequence[Sequence[int]]  # the ids of the papers in each message of a delivery that was sent


@dataclass(frozen=True, slots=True, kw_only=True)
class ConversationContext:
    """The dependencies that conversations need in addition to those in Context."""

    render_reply: Callable[[Reply, Chat], tuple[Message, ...]]
    registry: Registry
    show_reply: Callable[[Reply, Chat], None] | None = None  # gets the replies in place of the chats that they are for
    make_localizer: Callable[[str, str], Localizer]  # of (language, time zone)
    make_inline_formatter: Callable[[Localizer], InlineFormatter]
    platform_apis: Mapping[str, PlatformApi] = field(default_factory=dict)
    bot_info: BotInfo = field(default_factory=BotInfo)
    forms: Mapping[str, Forms] = field(default_factory=dict)  # of the platforms that show modals and home views
    command_limits: CommandLimits = field(default_factory=CommandLimits)
    reading_files: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(2))  # each may have 50 MB
    # A lock for each lane with replies on their way; it keeps the replies of the lane in order.
    reply_locks: WeakValueDictionary[Lane, asyncio.Lock] = field(default_factory=WeakValueDictionary)


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """The dependencies of planning, delivering and answering."""

    store: Store
    clock: Clock
    channels: Mapping[str, Channel]
    engine: Engine
    rate_limiter: RateLimiter
    render_delivery: Callable[[Delivery, Layout], tuple[Message, ...]]  # the layout is () except for edits
    store_offer: Callable[[Delivery], None] = lambda _: None  # stores the offer of the link under a delivery; blocks
    conversation: ConversationContext
    on_unclear: OnUnclear = "resend"  # the policy for a message that was perhaps sent
    lookup_platforms: frozenset[str] = frozenset()  # platforms that can tell whether a message was sent
    renders_ahead: bool = True  # this process also posts the messages that it renders for other lanes
    guard_gone: bool = True  # a platform stops when too many chats of one drain are gone
    is_stopping: Callable[[], bool] = lambda: False  # whether the process is to stop
    observe: Observers = field(default_factory=Observers)  # count sends, plans and requests

    def api_of(self, chat: ChatAddress) -> PlatformApi | None:
        """Returns the further calls to a chat's platform; None: there people talk to the bot only in private chats."""
        return self.conversation.platform_apis.get(chat.platform)

    def forms_of(self, chat: ChatAddress) -> Forms | None:
        """Returns the forms of a chat's platform; None if it has none."""
        return self.conversation.forms.get(chat.platform)


# ----------------------------------------------------------------------------- writes to the store from the event loop


T = TypeVar("T")


async def write(
    work: Callable[..., T],
    store: Store,
    *args: Any,  # noqa: ANN401 - as asyncio.to_thread
    **named: Any,  # noqa: ANN401 - as above
) -> T:
    """Returns the result of `work(store, …)`, which begins its transactions itself. Raises its error, or StoreError."""
    return await asyncio.shield(asyncio.wrap_future(store.writer.ask(partial(work, store, *args, **named))))


async def write_together(
    work: Callable[..., T],
    store: Store,
    *args: Any,  # noqa: ANN401 - as above
    **named: Any,  # noqa: ANN401 - as above
) -> T:
    """Returns the result of `work(transaction, …)`, once that is committed. Raises its error, or StoreError.

    Works that wait at the same time share one transaction. So the writes of ten senders take little more time than
    the writes of one, and each is as durable as alone. An error of one work does not undo the others. `work` may
    run twice, if a later one fails.
    """
    return await asyncio.shield(
        asyncio.wrap_future(store.writer.ask_to_share(lambda transaction: work(transaction, *args, **named)))
    )


async def do_steps(steps: Steps[T], store: Store) -> T:
    """Returns the result of work in steps. Raises its error, or StoreError."""
    return await asyncio.shield(asyncio.create_task(_all(UnderWay(steps, store))))


async def _all(work: "UnderWay[T]") -> T:
    while await work.step():
        pass
    return work.results[0]


class UnderWay(Generic[T]):
    """Work in steps that is under way: those that write are done in the writer thread."""

    def __init__(self, steps: Steps[T], store: Store) -> None:
        self._steps = steps
        self._store = store
        self._kind = READS  # of the next step
        self.results: list[T] = []  # one, at the end

    async def step(self) -> bool:
        """Does the next step. Returns whether there are more. Raises the error of the work, or StoreError."""
        try:
            if self._kind == READS:
                return await asyncio.to_thread(self._do_next)
            return await asyncio.wrap_future(self._store.writer.ask(self._do_next))
        except Exception:
            self._steps.close()  # a writer that refuses has not begun the step
            raise

    def _do_next(self) -> bool:
        try:
            self._kind = next(self._steps)
        except StopIteration as end:
            self.results.append(end.value)
            return False
        finally:
            self._store.refuse_held_connection()
        return True


# ---------------------------------------------------------------- writes that must not be lost while the process lives

# the outcomes of posts that a platform accepted.


log = logging.getLogger("paperwire")
FIRST_RETRY, LONGEST_RETRY = 0.5, 5.0  # seconds between two attempts


async def write_until_stored(context: Context, write: Callable[[], Awaitable[T]]) -> T:
    """Repeats `write` until the database takes it, with no limit of time. Returns its result.

    A message whose outcome is not stored is posted again, so only a stop that lasts too long cancels the caller. After
    a crash the message is still marked as sending, which means perhaps sent. `write` must be idempotent: its commit may
    have succeeded and only the answer been lost.
    """

    async def attempt() -> T:  # tenacity awaits only what is declared as a coroutine
        return await write()

    return await until_stored(context.clock, FIRST_RETRY, LONGEST_RETRY, _warn_once)(attempt)


def until_stored(clock: Clock, first: float, longest: float, warn: Callable[[RetryCallState], None]) -> AsyncRetrying:
    """Returns what calls a function until the database can be used, with waits from `first` to `longest` seconds."""
    wait = wait_exponential(first, longest)
    return AsyncRetrying(retry=retry_if_exception_type(StoreError), wait=wait, sleep=clock.sleep, before_sleep=warn)


def _warn_once(attempt: RetryCallState) -> None:
    if attempt.attempt_number == 1 and attempt.outcome:
        log.warning("What was sent cannot be written down yet: %s", attempt.outcome.exception())


# ------------------------------------------------------------------------------------------------------ optional parts


@contextmanager
def without(*modules: str) -> Iterator[None]:
    """Makes modules look as if they were not installed while the body imports a library that does without them.

    A module that is loaded already stays, and afterwards each can be imported as usual.
    """
    left_out = [name for name in modules if name not in sys.modules]
    blocked: dict[str, object] = sys.modules  # type: ignore[assignment]  # None says: not to be found
    blocked.update(dict.fromkeys(left_out))
    try:
        yield
    finally:
        for name in left_out:
            del sys.modules[name]


# ---------------------------------------------------------------------------- opens the database that the settings name


def make_store(settings: Settings) -> Store:
    """Returns the store of these settings, not opened yet. Raises SettingsError if its address cannot be used."""
    with _as_setting():
        url = settings.database_url.get_secret_value()
        return Store(url, zone=settings.timezone, schedules=schedules_of(settings))


def schedules_of(settings: Settings) -> Schedules:
    """Returns the reader of the sources' schedules, with arXiv's holidays and the operator's time zone."""

    def cron(line: str) -> Schedule:
        return CronSchedule(line, zone(settings.timezone))

    holidays = None if settings.holidays is None else frozenset(settings.holidays)
    implied = "" if settings.sources else EVERYTHING
    calendar = ArxivCalendar(holidays=holidays)
    return Schedules(calendar=calendar, cron=cron, names=settings.source_names, implied=implied)


def open_store(settings: Settings, *, now: datetime, make: bool = True) -> Store:
    """Returns the store of these settings, ready to be used. Raises SettingsError if the database cannot be reached.

    If there is no database it is made; without `make`, NotFound is raised.
    """
    store = make_store(settings)
    make_ready(store, settings, now=now, make=make)
    return store


def make_ready(store: Store, settings: Settings, *, now: datetime, make: bool = True) -> None:
    """Brings the schema to the newest version, after a copy of an older database. Raises SettingsError, StoreError.

    If there is no database it is made; without `make`, NotFound is raised and nothing is written. New sources of the
    settings, and new schedules, are stored too: planning takes them into account before their first poll.
    """
    with _as_setting():
        store.open(now=now, copies=backup_folder(settings, store), make=make)
    schedules = {source.name: source.schedule or "" for source in settings.sources}
    if schedules and (unknown := unknown_sources(store, schedules)):
        facts = [fact_of(source) for source in settings.sources if source.name in unknown]
        sync_sources(store, facts, now=now, are_all=False)


def backup_folder(settings: Settings, store: Store) -> Path:
    """Returns the folder for backups of the database."""
    place = store.kind.file
    return settings.backup_to or (Path.cwd() if place is None else place.parent) / "backups"


@contextmanager
def _as_setting() -> Iterator[None]:
    """Turns a StoreError that is caused by the settings into a SettingsError. Errors of the disk stay StoreErrors."""
    try:
        yield
    except StoreError as error:
        if error.exit_code == SettingsError.exit_code:
            raise SettingsError(error.sentence, error.hint) from error
        raise


def fact_of(source: SourceSettings) -> SourceFact:
    """Returns the facts of a source that the store keeps."""
    return SourceFact(
        name=source.name,
        kind="file" if source.path is not None else "url" if source.url is not None else "arxiv",
        location=place_of(source),
        title=source.title,
        home=source.home,
        schedule=source.schedule or "",
        evening=source.url is not None and is_listing(source.url),
    )
