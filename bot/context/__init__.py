"""The dependencies of conversations and deliveries; functions that write to the store and open it; and the clock."""

import asyncio
import logging
import sys
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, Generic, TypeVar
from weakref import WeakValueDictionary

from tenacity import AsyncRetrying, RetryCallState, retry_if_exception_type, wait_exponential

from bot.commands.context import BotInfo, Registry
from bot.errors import SettingsError
from bot.ports import channel
from bot.ports import conversation as conversations
from bot.ports.rate_limiter import RateLimiter
from bot.settings import EVERYTHING, Settings, SourceSettings, is_listing
from bot.settings.checks import CronSchedule
from subscriptions import model
from subscriptions.errors import StoreError
from subscriptions.planning import source_calendar
from subscriptions.planning.decision import OnUnclear
from subscriptions.store import sources
from subscriptions.store.database.store import Store
from subscriptions.store.database.writer import READS, Steps
from subscriptions.zones import zone

MINUTE = 60.0  # seconds
MAX_OF_CHAT = 20  # commands per minute; every platform lets a bot write at least this many messages into a group
MAX_OF_PERSON = 10  # commands per minute of one person in a chat with others


@dataclass(slots=True)
class CommandLimits:
    """Limits the commands per minute: remembers those of the last minute that were not refused.

    Times are seconds of the monotonic clock.

    The writer thread counts commands while the event loop reads the counts. So the commands of a chat are in a tuple,
    which is replaced as a whole and never changed.
    """

    _given: dict[str, tuple[tuple[float, str], ...]] = field(default_factory=dict)  # chat → (second, person) of each
    # (chat, person) → until when the person is not told again
    _told: dict[tuple[str, str], float] = field(default_factory=dict)

    def is_person_over(self, request: conversations.Request, second: float) -> bool:
        """Returns whether the sender has used up their commands in this chat for now."""
        if request.is_local:
            return False
        given = self._given_in(str(request.chat), second)
        if _is_alone(request):
            return len(given) >= MAX_OF_CHAT
        return sum(person == request.sender for _, person in given) >= MAX_OF_PERSON

    def is_chat_over(self, request: conversations.Request, second: float) -> bool:
        """Returns whether the chat has used up its commands for now, so that only its admins may give more."""
        return not request.is_local and len(self._given_in(str(request.chat), second)) >= MAX_OF_CHAT

    def count(self, request: conversations.Request, second: float) -> None:
        """Counts a command that was not refused."""
        chat = str(request.chat)
        given = (*self._given_in(chat, second), (second, request.sender))
        self._given.pop(chat, None)
        self._given[chat] = given  # moves the chat to the end: the first chat has been silent for longest
        while (first := next(iter(self._given))) and not self._given_in(first, second):
            del self._given[first]

    def seconds_left(self, request: conversations.Request, second: float) -> float:
        """Returns the estimated seconds until the sender of a refused command may give the next one."""
        by_person = self.is_person_over(request, second) and not _is_alone(request)
        given = self._given_in(str(request.chat), second)
        first = next((at for at, person in given if person == request.sender or not by_person), second)
        return max(0.0, first + MINUTE - second)

    def tells(self, request: conversations.Request, second: float) -> bool:
        """Returns whether to tell the sender that a command was refused. If so, notes that the sender is told.

        A sender is told only once until the next command can be read. So one notice is about all refused commands until
        then.
        """
        self._told = {who: until for who, until in self._told.items() if until > second}
        who = (str(request.chat), request.sender)
        if who in self._told:
            return False
        self._told[who] = second + self.seconds_left(request, second)
        return True

    def _given_in(self, chat: str, second: float) -> tuple[tuple[float, str], ...]:
        return tuple(one for one in self._given.get(chat, ()) if one[0] > second - MINUTE)


def _is_alone(request: conversations.Request) -> bool:
    return request.place.kind is model.ChatKind.PRIVATE


# ------------------------------------------ the dependencies of the pipeline's steps, as values that bot/app.py builds


Layout = Sequence[Sequence[int]]  # the ids of the papers in each message of a delivery that was sent


@dataclass(frozen=True, slots=True, kw_only=True)
class ConversationContext:
    """The dependencies that conversations need in addition to those in Context."""

    render_reply: Callable[[channel.Reply, model.Chat], tuple[model.Message, ...]]
    registry: Registry
    show_reply: Callable[[channel.Reply, model.Chat], None] | None = (
        None  # if set, it is called with each reply, and the reply is not posted
    )
    platform_apis: Mapping[str, conversations.PlatformApi] = field(default_factory=dict)
    bot_info: BotInfo = field(default_factory=BotInfo)
    forms: Mapping[str, channel.Forms] = field(default_factory=dict)  # only for platforms with modals and home views
    command_limits: CommandLimits = field(default_factory=CommandLimits)
    reading_files: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(2))  # a file may have 50 MB
    # A lock for each lane in which replies are being posted; it keeps the replies of the lane in order.
    reply_locks: WeakValueDictionary[model.Lane, asyncio.Lock] = field(default_factory=WeakValueDictionary)


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """The dependencies of planning, delivering and answering."""

    store: Store
    clock: channel.Clock
    channels: Mapping[str, channel.Channel]
    engine: channel.Engine
    rate_limiter: RateLimiter
    render_delivery: Callable[[model.Delivery, Layout], tuple[model.Message, ...]]  # the layout is () except for edits
    conversation: ConversationContext
    on_unclear: OnUnclear = "resend"  # what happens to a message that was perhaps sent
    lookup_platforms: frozenset[str] = frozenset()  # platforms that can tell whether a message was sent
    renders_ahead: bool = True  # this process posts in all lanes, so it renders the messages of several lanes together
    guard_gone: bool = True  # stop a platform if one drain of the outbox finds too many chats gone
    is_stopping: Callable[[], bool] = lambda: False  # whether the process must stop
    observe: channel.Observers = field(default_factory=channel.Observers)  # count sends, plans and requests

    def api_of(self, chat: model.ChatAddress) -> conversations.PlatformApi | None:
        """Returns the calls to a chat's platform that its channel does not have; None if the platform has no such calls."""
        return self.conversation.platform_apis.get(chat.platform)

    def forms_of(self, chat: model.ChatAddress) -> channel.Forms | None:
        """Returns the forms of a chat's platform; None if it has none."""
        return self.conversation.forms.get(chat.platform)


# ----------------------------------------------------------------------------- writes to the store from the event loop


T = TypeVar("T")


async def write(
    work: Callable[..., T],
    store: Store,
    *args: Any,  # noqa: ANN401 - like asyncio.to_thread
    **named: Any,  # noqa: ANN401 - as above
) -> T:
    """Runs `work(store, …)` in the writer thread; `work` begins its own transactions.

    Returns its result or raises its error.
    """
    return await asyncio.shield(asyncio.wrap_future(store.writer.ask(partial(work, store, *args, **named))))


async def write_together(
    work: Callable[..., T],
    store: Store,
    *args: Any,  # noqa: ANN401 - as above
    **named: Any,  # noqa: ANN401 - as above
) -> T:
    """Runs `work(transaction, …)` in the writer thread. Returns its result after the commit. Raises its error, or StoreError.

    All functions that wait at the same time share one transaction. So the writes of ten senders take little more time
    than the writes of one, and are as durable. An error of one function does not undo the work of the others. If a
    later function fails, `work` may run a second time.
    """
    return await asyncio.shield(
        asyncio.wrap_future(store.writer.ask_to_share(lambda transaction: work(transaction, *args, **named)))
    )


async def do_steps(steps: Steps[T], store: Store) -> T:
    """Does all steps of some work and returns its result. Raises its error, or StoreError."""
    return await asyncio.shield(asyncio.create_task(_all(UnderWay(steps, store))))


async def _all(work: "UnderWay[T]") -> T:
    while await work.step():
        pass
    return work.results[0]


class UnderWay(Generic[T]):
    """Work that is being done step by step: steps that write run in the writer thread, other steps in another thread."""

    def __init__(self, steps: Steps[T], store: Store) -> None:
        self._steps = steps
        self._store = store
        self._kind = READS  # the kind of the next step
        self.results: list[T] = []  # has one element after the last step

    async def step(self) -> bool:
        """Does the next step. Returns whether there are more. Raises the error of the work, or StoreError."""
        try:
            if self._kind == READS:
                return await asyncio.to_thread(self._do_next)
            return await asyncio.wrap_future(self._store.writer.ask(self._do_next))
        except Exception:
            self._steps.close()  # ends the generator even if the writer refused the step before it began
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

# The functions below write outcomes of posts. If an outcome were lost, its message would be posted again.


log = logging.getLogger("paperwire")
FIRST_RETRY, LONGEST_RETRY = 0.5, 5.0  # seconds between two attempts


async def write_until_stored(context: Context, write: Callable[[], Awaitable[T]]) -> T:
    """Repeats `write` until the database accepts it, without a limit of time. Returns its result.

    If the outcome of a post is not stored, the message would be posted again. So the caller is cancelled only when the
    process stops and this function takes too long. After a crash, the message is still marked as sending, which means
    that it was perhaps sent. `write` must be idempotent, because its commit may have succeeded although the answer of
    the database was lost.
    """

    async def attempt() -> T:  # tenacity awaits only functions that are declared with `async def`
        return await write()

    return await until_stored(context.clock, FIRST_RETRY, LONGEST_RETRY, _warn_once)(attempt)


def until_stored(
    clock: channel.Clock, first: float, longest: float, warn: Callable[[RetryCallState], None]
) -> AsyncRetrying:
    """Returns an object that calls a function again after each StoreError.

    The waits grow from `first` to `longest` seconds.
    """
    wait = wait_exponential(first, longest)
    return AsyncRetrying(retry=retry_if_exception_type(StoreError), wait=wait, sleep=clock.sleep, before_sleep=warn)


def _warn_once(attempt: RetryCallState) -> None:
    if attempt.attempt_number == 1 and attempt.outcome:
        log.warning("What was sent cannot be written down yet: %s", attempt.outcome.exception())


# ------------------------------------------------------------------------------------------------------ optional parts


@contextmanager
def without(*modules: str) -> Iterator[None]:
    """Hides modules while the body imports a library that can work without them, as if they were not installed.

    Modules that are already loaded are not hidden. Afterwards, each module can be imported as usual.
    """
    left_out = [name for name in modules if name not in sys.modules]
    blocked: dict[str, object] = sys.modules  # type: ignore[assignment]  # None means: cannot be imported
    blocked.update(dict.fromkeys(left_out))
    try:
        yield
    finally:
        for name in left_out:
            del sys.modules[name]


# ---------------------------------------------------------------------------- opens the database that the settings name


def make_store(settings: Settings) -> Store:
    """Returns the store of these settings without opening it. Raises SettingsError if its address cannot be used."""
    with _as_setting():
        url = settings.database_url.get_secret_value()
        return Store(url, zone=settings.timezone, schedules=schedules_of(settings))


def schedules_of(settings: Settings) -> source_calendar.Schedules:
    """Returns the schedules of sources, by arXiv's holidays and the operator's time zone."""

    def cron(line: str) -> source_calendar.Schedule:
        return CronSchedule(line, zone(settings.timezone))

    holidays = None if settings.holidays is None else frozenset(settings.holidays)
    implied = "" if settings.sources else EVERYTHING
    calendar = source_calendar.ArxivCalendar(holidays=holidays)
    return source_calendar.Schedules(calendar=calendar, cron=cron, names=settings.source_names, implied=implied)


def open_store(settings: Settings, *, now: datetime, make: bool = True) -> Store:
    """Opens and returns the store of these settings. Raises SettingsError if the database cannot be reached.

    If there is no database, it is created; without `make`, NotFound is raised.
    """
    store = make_store(settings)
    try:
        make_ready(store, settings, now=now, make=make)
    except BaseException:
        store.close()
        raise
    return store


def make_ready(store: Store, settings: Settings, *, now: datetime, make: bool = True) -> None:
    """Opens the store and updates an older schema, after a backup of the database. Raises SettingsError, StoreError.

    If there is no database, it is created; without `make`, NotFound is raised and nothing is written. Also stores the
    sources whose name or schedule is new in the settings, so that planning knows them before their first poll.
    """
    with _as_setting():
        store.open(now=now, copies=backup_folder(settings, store), make=make)
    schedules = {source.name: source.schedule or "" for source in settings.sources}
    if schedules and (unknown := sources.unknown_sources(store, schedules)):
        facts = [fact_of(source) for source in settings.sources if source.name in unknown]
        sources.sync_sources(store, facts, now=now, are_all=False)


def backup_folder(settings: Settings, store: Store) -> Path:
    """Returns the folder for backups of the database: the one that the settings name, or `backups` next to the database."""
    place = store.kind.file
    return settings.backup_to or (Path.cwd() if place is None else place.parent) / "backups"


@contextmanager
def _as_setting() -> Iterator[None]:
    """Turns a StoreError that the settings caused into a SettingsError. Errors of the disk stay StoreErrors."""
    try:
        yield
    except StoreError as error:
        if error.exit_code == SettingsError.exit_code:
            raise SettingsError(error.sentence, error.hint, setting="PAPERWIRE_DATABASE_URL") from error
        raise


def fact_of(source: SourceSettings) -> sources.SourceFact:
    """Returns the facts about a source that the store keeps."""
    return sources.SourceFact(
        name=source.name,
        kind="file" if source.path is not None else "url" if source.url is not None else "arxiv",
        location=source.place,
        title=source.title,
        home=source.home,
        schedule=source.schedule or "",
        evening=source.url is not None and is_listing(source.url),
    )


# ------------------------------------------------------------------------------------- the clock of the program


class SystemClock:
    """The machine's clock. With `start`, `now` begins at that time and runs on (docs/commands.md, --now)."""

    def __init__(self, start: datetime | None = None) -> None:
        self._start = start
        self._began = time.monotonic()

    def now(self) -> datetime:
        """See Clock."""
        if self._start is None:
            return self.wall()
        return self._start + timedelta(seconds=time.monotonic() - self._began)

    def wall(self) -> datetime:
        """See Clock."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """See Clock."""
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        """See Clock."""
        await asyncio.sleep(seconds)
