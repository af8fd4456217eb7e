"""Finds sources that are due and polls them beside the tick: how many at once, when again after an error, how long planning waits."""

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from bot.errors import error_location
from bot.ports import tasks
from bot.release import installed_version
from bot.settings import Settings, SourceSettings
from bot.settings.opening import fact_of
from bot.sources.arxiv_lookup import PaperLookup, arxiv_among
from bot.sources.encoding import IngestDependencies
from bot.sources.fetch_request import ARXIV, Sites, everything
from bot.sources.fetcher import Fetcher, FetchLimits
from bot.sources.file_receipts import FileReceipts
from bot.sources.host_limits import HostLimiter, StoredHostSlots
from bot.sources.ingest import PollDependencies
from bot.sources.poll import Poll
from bot.sources.source_schedules import SourceSchedules
from bot.sources.watched_files import WatchedFiles
from subscriptions.errors import NotFound, PaperwireError
from subscriptions.planning.receipts import Outcome, Receipt
from subscriptions.planning.source_trouble import is_passed_over
from subscriptions.store import sources as stored_sources
from subscriptions.store.sources import KnownSource

log = logging.getLogger("paperwire")

CHECK_INTERVAL = 5.0  # seconds between two checks for sources that are due
ERROR_BACKOFF = 60.0  # seconds until the next poll of a source after a poll whose receipt could not be written
MAX_AHEAD = timedelta(days=1.25)  # the longest wait that a server can ask for, with jitter
MAX_CONCURRENT_POLLS = 4
PATIENCE = 5.0  # seconds that a tick waits for files; then they are read beside other work
MAX_CATCH_UP_WAIT = 300.0  # seconds that planning waits for overdue sources
# a poll that takes longer counts as killed; each document that it stores extends the lease
POLL_LEASE = timedelta(minutes=5)


class SourceScheduler:
    """The sources of one process. Files are read within the tick; sources on the web are polled in separate tasks."""

    def __init__(
        self,
        deps: PollDependencies,
        fetcher: Fetcher,
        sources: Sequence[SourceSettings],
        *,
        stopping: Callable[[], bool] = lambda: False,
    ) -> None:
        """`sources` are the sources in the settings; if there are none, all archives of arXiv are read."""
        self._fetcher = fetcher
        self._history = not sources
        self._sources = {source.name: source for source in (sources or (everything(),))}
        arxiv = arxiv_among(self._sources.values())
        self.lookup = PaperLookup(deps, fetcher, arxiv) if arxiv else None
        deps = replace(deps, complete=self.lookup.completed if self.lookup else None)
        self._deps = deps
        self._file_receipts = FileReceipts(deps)
        self.inbox = WatchedFiles(self._file_receipts, sources, stopping=stopping)
        self._polls: dict[str, asyncio.Task[None]] = {}
        self._files: asyncio.Task[None] | None = None  # reads the watched files
        self._overdue: set[str] = set()  # sources that became due while no process ran, until they are polled
        self._overdue_until = 0.0  # the monotonic second until which planning waits for them
        self._retry_at: dict[str, float] = {}  # source -> the monotonic second until which it is not polled
        self._last_check: float | None = None
        self._synced = False

    @property
    def problems(self) -> dict[str, str]:
        """Why folders cannot be watched, by source. Failures of servers are not included."""
        return self.inbox.problems

    @property
    def descriptions(self) -> list[str]:
        """The lines that tell the operator what is watched and what is polled."""
        lines = [f"Watching {place}" for place in self.inbox.places]
        lines += [f"Asking {name}: {one.place}" for name, one in self._web().items() if not self._history]
        return lines or ["Asking arXiv: the feeds of all archives, since paperwire.toml names no [[source]]."]

    @property
    def is_catching_up(self) -> bool:
        """Whether planning has to wait for polls of sources that became due while no process ran, or for files.

        Deliveries that are planned earlier would lack the papers of these sources.
        """
        return self._files is not None or (bool(self._overdue) and self._deps.clock.monotonic() < self._overdue_until)

    async def poll(self) -> None:
        """Reads the files that are complete, and starts polls of the sources that are due. Raises StoreError."""
        await self.sync()
        await self._read_files()
        self._reap_polls()
        second = self._deps.clock.monotonic()
        if self._last_check is not None and 0 <= second - self._last_check < CHECK_INTERVAL:
            return
        self._last_check = second
        known = await self._known()
        await self._record_late_folders(known)
        due = self._due(known)
        self._note_overdue(due, known)
        for source in due:
            if len(self._polls) < MAX_CONCURRENT_POLLS:
                self._polls[source.name] = asyncio.create_task(self._claim_and_poll(source, known[source.name]))

    async def drain(self) -> None:
        """Reads all files, and polls the sources that are due. Raises StoreError."""
        await self.sync()
        await self.inbox.drain()
        known = await self._known()
        await self._record_late_folders(known)
        await self._all([(source, known[source.name]) for source in self._due(known)])

    async def unreadable_if_all(self) -> dict[str, str]:
        """Returns the reason of each source if no source could be read at its last poll; else {}. Raises StoreError."""
        known = await self._known()
        failed = {
            name: last.detail
            for name in self._web()
            if (last := known[name].last) is not None and last.outcome is Outcome.FAILED
        }
        unread = self.inbox.unread | failed
        if len(unread) == len(self._sources):
            return unread
        return {}

    async def poll_now(self, names: Sequence[str] = ()) -> tuple[Receipt, ...]:
        """Polls these sources, or all, even if they are not due. Returns their receipts. Raises NotFound, StoreError."""
        # the settings have no two names that differ only in case
        written = {name.casefold(): name for name in self._sources}
        unknown = [name for name in names if name.casefold() not in written]
        if unknown:
            raise NotFound(
                f"There is no source {unknown[0]}.",
                f"Known: {', '.join(self._sources)}.",
            )
        await self.sync()
        wanted = {written[name.casefold()] for name in names} or set(self._sources)
        began = self._deps.clock.now()
        await self.inbox.drain(wanted)
        known = await self._known()
        web = [source for name, source in self._web().items() if name in wanted]
        await self._all([(source, known[source.name]) for source in web], everything=True)
        known = await self._known()
        return tuple(
            one.last for name in self._sources if name in wanted and (one := known[name]).last and one.last.at >= began
        )

    async def close(self) -> None:
        """Cancels the running polls. What they have stored stays."""
        await tasks.end(*self._polls.values(), self._files)
        self._polls.clear()
        self._files = None

    async def sync(self) -> None:
        """Writes the sources of the settings to the store, once. Raises StoreError."""
        if not self._synced:
            facts = [fact_of(source) for source in self._sources.values()]
            await self._deps.store.run(stored_sources.sync_sources, facts, now=self._deps.clock.now())
            self._synced = True

    async def _read_files(self) -> None:
        """Reads the files that are complete. Returns earlier if that takes long, since papers wait for their meaning."""
        if self._files is None:
            self._files = asyncio.create_task(self.inbox.poll())
        done, _ = await asyncio.wait((self._files,), timeout=PATIENCE)
        if done:
            task, self._files = self._files, None
            task.result()

    # ── polls ─────────────────────────────────────────────────────────────────

    def _web(self) -> dict[str, SourceSettings]:
        return {name: source for name, source in self._sources.items() if source.path is None}

    def _due(self, known: Mapping[str, KnownSource]) -> list[SourceSettings]:
        now, second = self._deps.clock.now(), self._deps.clock.monotonic()
        return [
            source
            for name, source in self._web().items()
            if name not in self._polls
            and second >= self._retry_at.get(name, 0.0)
            and self._is_due(source, known[name], now)
        ]

    def _is_due(self, source: SourceSettings, known: KnownSource, now: datetime) -> bool:
        """Returns whether the source is due.

        A time too far ahead counts as due, since it was stored before the clock was set back.
        """
        at = known.state.next_at
        schedule = self._deps.timing.schedule(source)
        if at is None or schedule is None or at <= now:
            return True
        return at > max(schedule.next_poll(now), now + MAX_AHEAD)

    def _note_overdue(self, due: Sequence[SourceSettings], known: Mapping[str, KnownSource]) -> None:
        """Notes the sources that became due while no process ran, or while the machine slept."""
        now, second = self._deps.clock.now(), self._deps.clock.monotonic()
        late = {source.name for source in due if is_passed_over(known[source.name].state.next_at, now)}
        if late and not self._overdue:
            self._overdue_until = second + MAX_CATCH_UP_WAIT
        self._overdue |= late

    async def _claim_and_poll(self, source: SourceSettings, known: KnownSource) -> None:
        """Polls a source that is due, unless another process polls it. If the poll fails, its claim is released."""
        store, due = self._deps.store, known.state.next_at
        until = self._deps.clock.now() + POLL_LEASE
        if not await store.run(stored_sources.claim_poll, source.name, due, until):
            return
        try:
            await self._poll(source, known)
        except BaseException:
            await store.run(stored_sources.claim_poll, source.name, until, due)
            raise

    async def _poll(self, source: SourceSettings, known: KnownSource, *, everything: bool = False) -> Receipt:
        receipt = await Poll(self._deps, self._fetcher, source, known).run(everything=everything, history=self._history)
        say = log.warning if receipt.outcome in (Outcome.FAILED, Outcome.LATE) else log.info
        told = " ".join(filter(None, (_counted(receipt), receipt.detail)))
        say("%s: %s. %s", source.name, receipt.outcome, told, extra={"source": source.name})
        return receipt

    async def _all(self, polls: Sequence[tuple[SourceSettings, KnownSource]], *, everything: bool = False) -> None:
        """Polls these sources concurrently.

        With `everything`, also polls categories that have already brought their papers of the day.

        An error in one poll does not stop the others. A PaperwireError is raised at the end; other errors are logged.
        """
        places = asyncio.Semaphore(MAX_CONCURRENT_POLLS)

        async def one(source: SourceSettings, known: KnownSource) -> None:
            async with places:
                if everything:
                    await self._poll(source, known, everything=True)
                else:
                    await self._claim_and_poll(source, known)

        ended = await asyncio.gather(*(one(*poll) for poll in polls), return_exceptions=True)
        for (source, _), found in zip(polls, ended, strict=True):
            if isinstance(found, Exception) and not isinstance(found, PaperwireError):
                fields = {"source": source.name}
                log.error("Source %s could not be polled: %s", source.name, error_location(found), extra=fields)
            elif isinstance(found, BaseException):
                raise found

    async def _known(self) -> dict[str, KnownSource]:
        return {one.name: one for one in await self._deps.store.run(stored_sources.known_sources)}

    async def _record_late_folders(self, known: Mapping[str, KnownSource]) -> None:
        """Writes a receipt for each folder whose due file is late."""
        for name, source in self._sources.items():
            if source.path is not None and source.schedule is not None:
                await self._file_receipts.record_late(source, known[name])

    def _reap_polls(self) -> None:
        """Removes the polls that have ended. A source whose poll failed is polled again after ERROR_BACKOFF."""
        for name, task in list(self._polls.items()):
            if not task.done():
                continue
            del self._polls[name]
            self._overdue.discard(name)
            error = None if task.cancelled() else task.exception()
            if error is not None:
                self._retry_at[name] = self._deps.clock.monotonic() + ERROR_BACKOFF
                details = None if isinstance(error, PaperwireError) else error
                fields = {"source": name}
                log.error("Source %s could not be polled: %s", name, error, exc_info=details, extra=fields)


def _counted(receipt: Receipt) -> str:
    new, papers = receipt.counts.get("new", 0), receipt.counts.get("papers", 0)
    if receipt.outcome is Outcome.NEW:
        return f"{papers} papers, {new} of them new."
    return ""


def make_source_scheduler(
    settings: Settings,
    deps: IngestDependencies,
    *,
    stopping: Callable[[], bool] = lambda: False,
) -> SourceScheduler:
    """Returns the scheduler that polls the sources of these settings into a store."""
    receipts = make_file_receipts(settings, deps)
    fetcher = make_fetcher(settings, deps)
    return SourceScheduler(receipts.deps, fetcher, settings.sources, stopping=stopping)


def make_file_receipts(settings: Settings, deps: IngestDependencies) -> FileReceipts:
    """Returns the writer of receipts of files."""
    timing = SourceSchedules(settings.holidays, settings.timezone)
    return FileReceipts(
        PollDependencies(
            store=deps.store,
            clock=deps.clock,
            encoder=deps.encoder,
            timing=timing,
            admins=settings.admins,
            sites=sites_of(settings),
        )
    )


def sites_of(settings: Settings) -> Sites:
    """Returns the addresses of services, and what the settings tell these."""
    key = ""
    if settings.openalex_key:
        key = settings.openalex_key.get_secret_value()
    return replace(ARXIV, contact=settings.contact or "", openalex_key=key)


def make_fetcher(
    settings: Settings, deps: IngestDependencies, *, alone: bool = False, limits: FetchLimits | None = None
) -> Fetcher:
    """Returns the fetcher of documents. All processes of one store together respect the rate limit of arXiv.

    With `alone`, the limit applies to this process only: for callers that cannot or need not use the store.
    """
    agent = f"paperwire/{installed_version() or 'dev'}" + (f" (+{settings.contact})" if settings.contact else "")
    limiter = HostLimiter(deps.clock, others=None if alone else StoredHostSlots(deps.store, deps.clock))
    return Fetcher(deps.clock, limiter, agent=agent, allowed_hosts=settings.allowed_hosts, limits=limits)
