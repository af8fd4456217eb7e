"""What `run` does beside everything else, a job each: the daily clean-up, copy and questions, the heartbeat.

The store knows which of the first three are due, so the jobs only look. `run --once` and tests call a job
directly.
"""

import asyncio
import logging
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from time import monotonic
from urllib.parse import urlsplit

import httpx
from apscheduler.schedulers.asyncio import AsyncIOScheduler

from bot.app import App
from bot.http import trusted
from bot.log import log_text
from bot.settings.opening import backup_folder
from bot.sources.kept_papers import KeptPapers
from subscriptions.database.bot_state import WORK_FAILS, note_fails
from subscriptions.maintenance import retention

log = logging.getLogger("paperwire")
logging.getLogger("apscheduler").setLevel(logging.ERROR)  # it warns whenever a long job is still running

LOOK_INTERVAL = timedelta(minutes=15)  # between two looks whether what is done once a day is due
FIRST_HEARTBEAT = timedelta(seconds=10)  # after the start: by then receivers have shown whether they work
HEARTBEAT_INTERVAL = timedelta(minutes=5)
LONGEST_HEARTBEAT = 20.0  # seconds
WORKS_FOR = 0.1  # the part of the time in which the clean-up works, so that it holds up nobody


class MaintenanceJobs:
    """The jobs of one process."""

    def __init__(self, app: App, *, is_well: Callable[[], bool], kept: KeptPapers | None = None) -> None:
        """`is_well` returns whether a heartbeat may tell that all is well. `kept`: None if nobody is asked about papers."""
        self._app = app
        self._kept = kept
        self._is_well = is_well
        self._heartbeat_fails = False
        self._ends = threading.Event()
        self._working = asyncio.Lock()  # held while a thread of a job works
        self._scheduler = AsyncIOScheduler(
            timezone=UTC, job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None}
        )

    def start(self) -> None:
        """Call the jobs from now on."""
        now, none = self._app.clock.wall(), timedelta(0)
        for job, first, every in (
            (self.clean_up, none, LOOK_INTERVAL),
            (self.copy, none, LOOK_INTERVAL),
            (self.ask, none, LOOK_INTERVAL),
            (self.heartbeat, FIRST_HEARTBEAT, HEARTBEAT_INTERVAL),
        ):
            self._scheduler.add_job(job, "interval", seconds=every.total_seconds(), next_run_time=now + first)
        self._scheduler.start()

    def follow_clock(self) -> None:
        """Call soon the jobs that the machine's clock, when it was set back, would call after hours.

        APScheduler plans by that clock. So a job is never further ahead than its interval.
        """
        now = self._app.clock.wall()
        for job in self._scheduler.get_jobs():
            if job.next_run_time > now + max(job.trigger.interval, FIRST_HEARTBEAT):
                job.modify(next_run_time=now + job.trigger.interval)

    def next_runs(self) -> dict[str, datetime]:
        """Return when each job runs next by the machine's clock, by the name of its method."""
        return {job.name.rpartition(".")[2]: job.next_run_time for job in self._scheduler.get_jobs()}

    async def close(self) -> None:
        """End the jobs. Their rest is done after the next start."""
        self._ends.set()
        async with self._working:  # what a thread does is not broken off
            self._scheduler.shutdown(wait=False)  # cancels what is being asked

    async def clean_up(self) -> None:
        """Erase what is kept no longer, if that was not yet done today."""
        store = self._app.store
        await self._do(
            retention.CLEAN_UP, lambda now: with_rests(retention.clean_up_steps(store, now=now), rest=self._rest)
        )

    async def copy(self) -> None:
        """Make the day's copy of the database, if that was not yet done. The operator of a server makes its copies."""
        store = self._app.store
        if store.kind.file is not None:
            folder = backup_folder(self._app.settings, store)
            await self._do(retention.COPY, lambda now: store.copy_into(folder, "daily", now))

    async def ask(self) -> bool:
        """Ask what became of kept papers, if that was not yet done today. Return whether a paper changed."""
        try:
            return self._kept is not None and await self._kept.ask() > 0
        except asyncio.CancelledError:
            if not self._ends.is_set():
                raise
            return False  # it goes on on the next day
        except Exception as error:  # noqa: BLE001 - the process must go on
            log.error("Kept papers could not be asked about: %s", log_text(error))
            return False

    async def _do(self, name: str, work: Callable[[datetime], None]) -> None:
        """Do work if it is due. If it fails, it is due again after an hour.

        It gets a thread of its own: while the database is locked, the threads of the shared pool may all wait for it.
        """
        async with self._working:
            if self._ends.is_set():
                return
            with ThreadPoolExecutor(1, "paperwire-upkeep") as thread:
                job = asyncio.get_running_loop().run_in_executor(thread, self._if_due, name, work)
                try:
                    await job
                except Exception as error:  # noqa: BLE001 - the process must go on
                    log.error("The daily %s failed: %s", name, log_text(error))

    def _if_due(self, name: str, work: Callable[[datetime], None]) -> None:
        store, now = self._app.store, self._app.clock.now()
        if not store.write_now(retention.claim, name, now=now):
            return
        try:
            work(now)
        except Exception:
            store.write_now(note_fails, WORK_FAILS[name], now)
            raise
        if not self._is_ending():  # else what is left is done after the next start
            store.write_now(retention.done, name, now=now)

    def _rest(self, seconds: float) -> bool:
        """Wait, unless nobody else works in this process. Return whether nothing more must be done."""
        self._ends.wait(seconds if self._scheduler.running else 0.0)
        return self._is_ending()

    def _is_ending(self) -> bool:
        return self._ends.is_set() or self._app.stop.is_set()

    async def heartbeat(self) -> None:
        """Tell the operator's service that all is well, if it is.

        Of several failures in a row, logs only the first.
        """
        secret = self._app.settings.heartbeat_url
        if secret is None or not self._is_well():
            return
        url = secret.get_secret_value()
        try:
            async with httpx.AsyncClient(timeout=LONGEST_HEARTBEAT, verify=trusted()) as client:
                answer = await client.get(url)
            why = "" if answer.is_success else f"{urlsplit(url).hostname} answers {answer.status_code}"
        except Exception as error:  # noqa: BLE001 - a heartbeat that fails must not disturb the work
            why = type(error).__name__  # the library's words may repeat the address
        if why and not self._heartbeat_fails:
            log.warning("The heartbeat of PAPERWIRE_HEARTBEAT_URL does not arrive: %s.", why)
        self._heartbeat_fails = bool(why)


def with_rests(steps: Iterator[object], *, rest: Callable[[float], bool]) -> None:
    """Do steps, and after each calls `rest` for some seconds, until it returns that nothing more must be done."""
    began = monotonic()
    for _ in steps:
        if rest((monotonic() - began) * (1 / WORKS_FOR - 1)):
            return
        began = monotonic()
