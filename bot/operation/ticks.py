"""Ticks, heartbeat, daily maintenance, and the orderly stop."""

import asyncio
import logging
import os
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import monotonic
from typing import Any
from urllib.parse import urlsplit

from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.interval import IntervalTrigger

from bot.app import App
from bot.dependencies.opening import backup_folder
from bot.errors import FetchError
from bot.ports.channel import Clock
from bot.settings import Settings
from bot.sources.fetcher import Fetcher, FetchLimits
from bot.sources.source_scheduler import make_fetcher
from subscriptions.service import retention
from subscriptions.store.database.store import Store

TICK_SECONDS = 1.0  # a changed file must be read within five seconds, and reading it takes two ticks
GUARD_SECONDS = 5.0  # between two calls of `guard`
# if the wall clock and the monotonic clock differ by more, the wall clock was set or the machine slept
STEP_SECONDS = 1.5


class Ticker:
    """Calls `tick` every second, one call at a time. If ticks were missed, calls it once for all of them.

    APScheduler 3 computes the next run from the wall clock. So after that clock was set back by an hour, there would be
    no tick for an hour. `guard` compares the wall clock with the monotonic clock. If the wall clock was set, it
    reschedules the next run.
    """

    def __init__(self, clock: Clock, tick: Callable[[], Awaitable[None]], *, seconds: float = TICK_SECONDS) -> None:
        self._clock = clock
        self._tick = tick
        self._seconds = seconds
        self._scheduler = AsyncIOScheduler(timezone="UTC")
        self._offset = self._now_offset()
        self._ticking = asyncio.Lock()

    async def run(self, stopped: asyncio.Event) -> None:
        """Calls `tick` until `stopped` is set. Then it waits for a running tick."""
        self._scheduler.add_job(
            self._tick_once, self._trigger(), id="tick", max_instances=1, coalesce=True, misfire_grace_time=None
        )
        self._scheduler.start()
        try:
            while not stopped.is_set():
                self.guard()
                try:
                    await asyncio.wait_for(stopped.wait(), GUARD_SECONDS)
                except TimeoutError:
                    continue
        finally:
            async with self._ticking:
                self._scheduler.shutdown(wait=False)  # this call would cancel a running tick, so the lock is needed

    async def _tick_once(self) -> None:
        async with self._ticking:
            await self._tick()

    def guard(self) -> bool:
        """Reschedules the tick if the wall clock was set. Returns whether the clock was set."""
        offset = self._now_offset()
        stepped = abs(offset - self._offset) > STEP_SECONDS
        if stepped:
            self._scheduler.reschedule_job("tick", trigger=self._trigger())
        self._offset = offset
        return stepped

    def _trigger(self) -> IntervalTrigger:
        return _NextTick(seconds=self._seconds, timezone="UTC")

    def _now_offset(self) -> float:
        return self._clock.wall().timestamp() - self._clock.monotonic()


class _NextTick(IntervalTrigger):  # type: ignore[misc]  # APScheduler 3 has no types
    """A trigger that fires once for all intervals that have passed.

    Before APScheduler merges missed intervals, it makes a list of all of them. On a machine without a battery-backed clock,
    NTP may set the clock forward by a year; that list would take gigabytes of memory and half a minute.
    """

    def get_next_fire_time(self, previous_fire_time: datetime | None, now: datetime) -> datetime:
        """Returns the time of the next run, which is always after `now`."""
        following: datetime = super().get_next_fire_time(previous_fire_time, now)
        return following if following > now else now + self.interval


# -------------------------------------------------------------------------------------------------------- the heartbeat


log = logging.getLogger("paperwire")

INTERVAL = 300.0  # seconds between two heartbeats
LONGEST = 20.0  # seconds for one heartbeat
# status codes; `fetch` raises an error for all of them except 200, because they come without a document
_SUCCESS = range(200, 300)


class Heartbeat:
    """Requests one address, at most once in INTERVAL seconds. Of several failures in a row, only the first is logged."""

    def __init__(self, url: str, fetcher: Fetcher, clock: Clock) -> None:
        """If `url` is empty, no request is ever made."""
        self._url = url
        self._fetcher = fetcher
        self._clock = clock
        self._due = float("-inf")  # monotonic second of the next heartbeat
        self._task: asyncio.Task[None] | None = None
        self._is_failing = False

    def beat(self, *, well: bool) -> None:
        """Starts a request if all is well and a heartbeat is due. Does not wait for the response, and never raises."""
        second = self._clock.monotonic()
        is_asking = self._task is not None and not self._task.done()
        if not self._url or not well or is_asking or second < self._due:
            return
        self._due = second + INTERVAL
        self._task = asyncio.create_task(self.ask())

    async def ask(self) -> None:
        """Requests the address once, if there is one. Of several failures in a row, logs only the first. Never raises."""
        if not self._url:
            return
        why = ""
        try:
            await self._fetcher.fetch(self._url)
        except FetchError as error:
            why = "" if error.status in _SUCCESS else str(error.sentence)
        except Exception as error:  # noqa: BLE001 - a heartbeat that fails must not disturb the work
            why = type(error).__name__
        if why and not self._is_failing:
            log.warning("The heartbeat of PAPERWIRE_HEARTBEAT_URL does not arrive: %s", why)
        self._is_failing = bool(why)

    async def close(self) -> None:
        """Cancels a heartbeat that is running."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)


def make_heartbeat(app: App) -> Heartbeat:
    """Returns the heartbeat of the settings. Its host may be a private one, since the operator chose it."""
    settings = app.settings
    url = settings.heartbeat_url.get_secret_value() if settings.heartbeat_url else ""
    hosts = settings.allowed_hosts | {(urlsplit(url).hostname or "").casefold()}
    fetcher = make_fetcher(
        replace(settings, allowed_hosts=hosts), app.deps, alone=True, limits=FetchLimits(total=LONGEST)
    )
    return Heartbeat(url, fetcher, app.clock)


# -------------------------------------------------------------------------------------------------------- how work ends


def stop_on_signals(app: App) -> None:
    """Sets handlers of SIGTERM and SIGINT. The first signal sets `app.stop`: running work is finished, no new work begins.

    A second signal ends the process at once, with status 130 if one of the two was SIGINT, else 1. Unlike the event loop's
    own handlers, these stay in place after the loop has ended.
    """
    loop = asyncio.get_running_loop()
    asked = False

    def stop(number: int, _: object) -> None:
        nonlocal asked
        app.interrupted = app.interrupted or number == signal.SIGINT
        if asked:
            os._exit(130 if app.interrupted else 1)  # SystemExit would wait for running threads
        asked = True
        with suppress(RuntimeError):  # the loop is closed, so all work is done
            loop.call_soon_threadsafe(app.stop.set)

    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, stop)


def raise_if_interrupted(app: App) -> None:
    """Raises KeyboardInterrupt if Ctrl-C was pressed while `app` worked. Call it after running work is finished."""
    if app.interrupted:
        raise KeyboardInterrupt


@asynccontextmanager
async def beside(work: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    """Runs `work` while the body runs."""
    task = asyncio.create_task(work)
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait((task,))


async def unless_stopped(app: App, work: Coroutine[Any, Any, None]) -> None:
    """Waits for `work`. Cancels it if `app.stop` is set."""
    task, stop = asyncio.create_task(work), asyncio.create_task(app.stop.wait())
    await asyncio.wait((task, stop), return_when=asyncio.FIRST_COMPLETED)
    stop.cancel()
    if not task.done():
        task.cancel()
        await asyncio.wait((task,))
    if not task.cancelled():
        task.result()


# ------------------------------------------------------------------------------------------------ the daily maintenance


OLDEST_COPY = timedelta(days=2)  # if the newest copy is older, that is a problem
_REPLACED = "replaced-"  # prefix of a database that `restore` replaced: it may be damaged, so it is no copy


def file_sizes(store: Store) -> dict[str, int]:
    """Returns the size in bytes of each existing file of the database; an empty dict for a database server."""
    if store.kind.file is None:
        return {}
    paths = {"database": store.path, "wal": store.path.with_name(f"{store.path.name}-wal")}
    return {name: size for name, path in paths.items() if (size := _stat(path)[0]) is not None}


def copy_times(folder: Path) -> list[datetime]:
    """Returns when each copy of the database in a folder was written, by the machine's clock."""
    written = [_stat(path)[1] for path in folder.glob("*.db") if not path.name.startswith(_REPLACED)]
    return [datetime.fromtimestamp(at, UTC) for at in written if at is not None]


def _stat(path: Path) -> tuple[int, float] | tuple[None, None]:
    try:
        found = path.stat()
    except OSError:  # the file may have been removed meanwhile, like the oldest copy
        return None, None
    return found.st_size, found.st_mtime


WORKS_FOR = 0.1  # the part of the time in which the daily maintenance works, so that it holds up nobody


def daily_maintenance(
    store: Store, settings: Settings, clock: Clock, *, pause: Callable[[float], bool] = lambda _: False
) -> None:
    """Erases data whose retention time is over, and makes the day's copy.

    Between two short transactions it calls `pause`, which waits for so many seconds, and returns True if the process
    stops and nothing more must be done. Further calls on the same day do nothing, even in other processes. A copy that failed is tried again after an hour.
    Raises StoreError.
    """
    now, began = clock.now(), monotonic()  # a pause is real time, whatever `clock` says
    if retention.claim_daily_work(store, now=now):
        for _ in retention.clean_up_steps(store, now=now, papers=settings.keep_papers):
            if pause((monotonic() - began) * (1 / WORKS_FOR - 1)):
                return
            began = monotonic()
    # the operator of a server makes its copies
    if store.kind.file is not None and retention.claim_copy(store, now=now):
        store.copy_into(backup_folder(settings, store), "daily", now)
        retention.copied(store, now=now)
