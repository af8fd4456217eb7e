"""Polls each source when it is due, beside the tick."""

import asyncio
import logging
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from bot.app import App
from bot.log import error_location
from bot.settings import SourceSettings
from bot.settings.opening import fact_of
from bot.sources.arxiv_lookup import PaperLookup
from bot.sources.fetch_request import everything
from bot.sources.folders import STABLE_FOR, WatchedFolder
from bot.sources.ingest import reading
from bot.sources.kept_papers import KeptPapers
from bot.sources.poll import PollDependencies, schedule_of
from bot.sources.web import WebPoll
from bot.tasks import end_tasks
from subscriptions.errors import NotFound, PaperwireError
from subscriptions.sources import stored as stored_sources
from subscriptions.sources.poll_results import Outcome, Receipt, is_passed_over
from subscriptions.sources.stored import KnownSource

log = logging.getLogger("paperwire")

CHECK_INTERVAL = 5.0  # seconds between two checks for sources that are due
ERROR_BACKOFF = 60.0  # seconds until the next poll of a source after a poll whose receipt could not be written
MAX_AHEAD = timedelta(days=1.25)  # the longest wait that a server can ask for, with jitter
MAX_CONCURRENT_POLLS = 4
FILES_TIMEOUT_SECONDS = 5.0  # seconds that a tick waits for files; then they are read beside other work
LONGEST_WAIT = timedelta(seconds=5)  # how long `drain` waits for files that are still being written
FILES_CATCH_UP_SECONDS = 60.0  # that planning waits for files; one that takes long delays nobody's papers for longer
MAX_CATCH_UP_WAIT = 300.0  # seconds that planning waits for overdue sources


class SourceScheduler:
    """The sources of one process, each with at most one poll at a time.

    Whether a source is due is decided by our clock, which `--now` sets and which may jump. APScheduler decides by the
    machine's: after that was set back by an hour, nothing would be read for an hour.
    """

    def __init__(
        self,
        deps: PollDependencies,
        sources: Sequence[SourceSettings],
        *,
        stopping: Callable[[], bool] = lambda: False,
    ) -> None:
        """Poll `sources`, those in the settings; if there are none, all archives of arXiv are read."""
        self._history = not sources
        self._sources = {source.name: source for source in (sources or (everything(),))}
        # what papers lack may be asked of arXiv only where a source asks arXiv, too
        arxiv = next((name for name, source in self._sources.items() if source.is_arxivs_own), None)
        self.lookup = PaperLookup(deps, arxiv) if arxiv else None
        self.kept = KeptPapers(deps)
        self._deps = deps = replace(deps, complete=self.lookup.completed if self.lookup else None)
        self._folders = {
            source.name: WatchedFolder(deps, source, stopping=stopping) for source in sources if source.path is not None
        }
        self._web = {name: source for name, source in self._sources.items() if source.path is None}
        self._polls: dict[str, asyncio.Task[None]] = {}
        self._reading_since: float | None = None  # the monotonic second since which some folder is always being read
        self._places = asyncio.Semaphore(MAX_CONCURRENT_POLLS)
        self._overdue: set[str] = set()  # sources that became due while no process ran, until they are polled
        self._overdue_until = 0.0  # the monotonic second until which planning waits for them
        self._retry_at: dict[str, float] = {}  # source → the monotonic second until which it is not polled
        self._last_check: float | None = None
        self._is_synced = False

    @property
    def problems(self) -> dict[str, str]:
        """Why folders cannot be watched, by source. Failures of servers are not included."""
        return {name: folder.problem for name, folder in self._folders.items() if folder.problem}

    @property
    def descriptions(self) -> list[str]:
        """The lines that tell the operator what is watched and what is polled."""
        lines = [f"Watching {folder.description}" for folder in self._folders.values()]
        lines += [f"Asking {name}: {one.place}" for name, one in self._web.items() if not self._history]
        return lines or ["Asking arXiv: the feeds of all archives, since paperwire.toml names no [[source]]."]

    @property
    def is_catching_up(self) -> bool:
        """Whether planning has to wait for polls of sources that became due while no process ran, or for files.

        Deliveries that are planned earlier would lack the papers of these sources.
        """
        second = self._deps.app.clock.monotonic()
        if self._reading_since is not None and second < self._reading_since + FILES_CATCH_UP_SECONDS:
            return True
        return bool(self._overdue) and second < self._overdue_until

    async def poll(self) -> None:
        """Read the files that are complete, and start polls of the sources that are due. Raise StoreError."""
        await self._sync()
        for name, folder in self._folders.items():
            if name not in self._polls:
                self._polls[name] = asyncio.create_task(folder.poll())
        if reading := [task for name, task in self._polls.items() if name in self._folders]:
            await asyncio.wait(reading, timeout=FILES_TIMEOUT_SECONDS)
        for name, task in list(self._polls.items()):
            if task.done():
                del self._polls[name]
                self._overdue.discard(name)
                task.result()  # raises the StoreError of a poll that could not store what it read
        second = self._deps.app.clock.monotonic()
        self._note_reading(second)
        if self._last_check is not None and 0 <= second - self._last_check < CHECK_INTERVAL:
            return
        self._last_check = second
        known = await self._known()
        await self._record_late_folders(known)
        due = self._due(known)
        now = self._deps.app.clock.now()  # what became due while no process ran, or while the machine slept
        late = {name for name in due if is_passed_over(known[name].state.next_at, now)}
        if late and not self._overdue:
            self._overdue_until = second + MAX_CATCH_UP_WAIT
        self._overdue |= late
        for name in due:
            self._polls[name] = asyncio.create_task(self._poll(name, known[name]))

    def _note_reading(self, second: float) -> None:
        if self._folders.keys().isdisjoint(self._polls):
            self._reading_since = None
        elif self._reading_since is None:
            self._reading_since = second

    async def drain(self) -> None:
        """Read all files, and poll the sources that are due. Raise StoreError."""
        await self._sync()
        await self._read_folders(self._folders)
        known = await self._known()
        await self._record_late_folders(known)
        await self._poll_all(self._due(known), known)

    async def poll_now(self, named: str = "") -> tuple[Receipt, ...]:
        """Poll a source, or all (""), even if they are not due. Return their receipts. Raise NotFound, StoreError."""
        # the settings have no two names that differ only in case
        wanted = [name for name in self._sources if named.casefold() in ("", name.casefold())]
        if not wanted:
            raise NotFound(f"There is no source {named}.", f"Known: {', '.join(self._sources)}.")
        await self._sync()
        began = self._deps.app.clock.now()
        await self._read_folders(wanted)
        await self._poll_all([name for name in wanted if name in self._web], await self._known(), everything=True)
        known = await self._known()
        last = (known[name].last for name in wanted)
        return tuple(receipt for receipt in last if receipt and receipt.at >= began)

    async def unreadable_if_all(self) -> dict[str, str]:
        """Return the reason of each source if no source could be read at its last poll; else {}. Raise StoreError."""
        known = await self._known()
        last = {name: known[name].last for name in self._web}
        unread = {name: one.detail for name, one in last.items() if one and one.outcome is Outcome.FAILED}
        unread |= {name: folder.why_nothing for name, folder in self._folders.items() if folder.why_nothing}
        return unread if len(unread) == len(self._sources) else {}

    async def close(self) -> None:
        """Cancel the running polls. What they have stored stays."""
        await end_tasks(*self._polls.values())
        self._polls.clear()

    async def _sync(self) -> None:
        """Write the sources of the settings to the store, once. Raise StoreError."""
        if not self._is_synced:
            facts = [fact_of(source) for source in self._sources.values()]
            await self._deps.app.store.write(stored_sources.sync_sources, facts, now=self._deps.app.clock.now())
            self._is_synced = True

    async def _known(self) -> dict[str, KnownSource]:
        return {one.name: one for one in await self._deps.app.store.read(stored_sources.known_sources)}

    def _due(self, known: Mapping[str, KnownSource]) -> list[str]:
        second = self._deps.app.clock.monotonic()
        free = [name for name in self._web if name not in self._polls and second >= self._retry_at.get(name, 0.0)]
        return [name for name in free if self._is_due(self._web[name], known[name].state.next_at)]

    def _is_due(self, source: SourceSettings, at: datetime | None) -> bool:
        """Return whether a source is due whose next poll was to be `at`.

        A time too far ahead counts as due, since it was stored before the clock was set back.
        """
        now, schedule = self._deps.app.clock.now(), schedule_of(self._deps.app.store.schedules, source)
        if at is None or schedule is None or at <= now:
            return True
        return at > max(schedule.next_poll(now), now + MAX_AHEAD)

    async def _record_late_folders(self, known: Mapping[str, KnownSource]) -> None:
        """Write a receipt for each folder whose due file is late."""
        for name, folder in self._folders.items():
            if folder.source.schedule is not None:
                await folder.record_late(known[name])

    async def _poll(self, name: str, known: KnownSource, *, everything: bool = False) -> None:
        """Poll a source on the web.

        With `everything`, also asks for categories that have already brought their papers.

        After an unexpected error, which is logged, and after a StoreError, which is raised, it rests for ERROR_BACKOFF.
        """
        self._retry_at[name] = self._deps.app.clock.monotonic() + ERROR_BACKOFF
        try:
            with reading(self._deps.app.store, name):
                async with self._places:
                    poll = WebPoll(self._deps, self._web[name], known)
                    receipt = await poll.run(everything=everything, history=self._history)
        except PaperwireError:
            raise
        except Exception as error:  # noqa: BLE001 - a mistake at one source stops no other
            log.error("Source %s could not be polled: %s", name, error_location(error), extra={"source": name})
            return
        del self._retry_at[name]
        say = log.warning if receipt.outcome in (Outcome.FAILED, Outcome.LATE) else log.info
        new, papers = receipt.counts.get("new", 0), receipt.counts.get("papers", 0)
        came = f"{papers} papers, {new} of them new." if receipt.outcome is Outcome.NEW else ""
        told = " ".join(filter(None, (came, receipt.detail)))
        say("%s: %s. %s", name, receipt.outcome, told, extra={"source": name})

    async def _poll_all(
        self, names: Sequence[str], known: Mapping[str, KnownSource], *, everything: bool = False
    ) -> None:
        """Poll these sources. A StoreError at one stops no other, and is raised at the end."""
        polls = (self._poll(name, known[name], everything=everything) for name in names)
        for error in await asyncio.gather(*polls, return_exceptions=True):
            if error is not None:
                raise error

    async def _read_folders(self, names: Collection[str]) -> None:
        """Read the files of these folders. Wait up to LONGEST_WAIT for files that have just been written."""
        clock, began = self._deps.app.clock, self._deps.app.clock.wall()
        folders = [self._folders[name] for name in self._folders if name in names]
        for folder in folders:
            await folder.poll()
        while (waiting := [one for one in folders if one.waits]) and clock.wall() - began <= LONGEST_WAIT:
            await clock.sleep(STABLE_FOR.total_seconds())
            for folder in waiting:
                await folder.poll()


def scheduler_of(app: App) -> SourceScheduler:
    """Return the scheduler that polls the sources of the settings."""
    deps = PollDependencies.of(app)
    return SourceScheduler(deps, app.settings.sources, stopping=app.stop.is_set)
