"""Sources, whatever they are: which are due, who is asked now, and what became of it. Never holds up the tick."""

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta

from bot.bookkeeping import FileBook, House, fact_of
from bot.inbox import Inbox
from bot.polling import Fetching, Poll
from bot.settings import SourceSettings
from bot.sources import everything, place_of
from subscriptions import (
    KnownSource,
    NotFound,
    Outcome,
    PaperwireError,
    Receipt,
    Sentence,
    known_sources,
    sync_sources,
)

log = logging.getLogger("paperwire")

LOOK_EVERY = 5.0  # seconds between two looks at what is due
REST = 60.0  # seconds that a source is left alone after a poll that could not be written down
LONGEST_AHEAD = timedelta(days=1.25)  # that a server can ask to be left alone, with jitter
MOST_AT_ONCE = 4  # polls under way


class Feeder:
    """All sources of one process: files are read within the tick, the web is asked beside it."""

    def __init__(
        self,
        house: House,
        fetcher: Fetching,
        sources: Sequence[SourceSettings],
        *,
        stopping: Callable[[], bool] = lambda: False,
    ) -> None:
        """`sources` are those of the settings; without any, all archives of arXiv are read."""
        self._house = house
        self._fetcher = fetcher
        self._history = not sources
        self._sources = {source.name: source for source in (sources or (everything(),))}
        self._book = FileBook(house)
        self.inbox = Inbox(house.keeping, tuple(sources), notebook=self._book, stopping=stopping)
        self._polls: dict[str, asyncio.Task[Receipt]] = {}
        self._rests: dict[str, float] = {}  # source → the monotonic second until which it is left alone
        self._looked: float | None = None
        self._synced = False

    @property
    def problems(self) -> dict[str, str]:
        """Folder → why it cannot be watched. That somebody else's server fails is no fault of this process."""
        return self.inbox.problems

    @property
    def places(self) -> list[str]:
        """What is watched and what is asked, for people."""
        lines = [f"Watching {place}" for place in self.inbox.places]
        lines += [f"Asking {name}: {place_of(one)}" for name, one in self._web().items() if not self._history]
        return lines or ["Asking arXiv: the feeds of all archives, since paperwire.toml names no [[source]]."]

    async def poll(self) -> None:
        """Reads the files that are complete, and has every source asked that is due and not being asked. Raises StoreError."""
        await self.sync()
        await self.inbox.poll()
        self._collect()
        second = self._house.keeping.clock.monotonic()
        if self._looked is not None and 0 <= second - self._looked < LOOK_EVERY:
            return
        self._looked = second
        known = await self._known()
        await self._miss(known)
        for source in self._due(known):
            if len(self._polls) < MOST_AT_ONCE:
                self._polls[source.name] = asyncio.create_task(self._poll(source, known[source.name]))

    async def drain(self) -> None:
        """One round: all files, and every source that is due, to the end. Raises StoreError."""
        await self.sync()
        await self.inbox.drain()
        known = await self._known()
        await self._miss(known)
        await self._all([(source, known[source.name]) for source in self._due(known)])

    async def poll_now(self, names: Sequence[str] = ()) -> tuple[Receipt, ...]:
        """Asks these sources, or all, whether they are due or not; what happened, the newest last. Raises NotFound, StoreError."""
        unknown = [name for name in names if name not in self._sources]
        if unknown:
            raise NotFound(
                Sentence("There is no source {name}.", {"name": unknown[0]}),
                Sentence("Known are: {names}.", {"names": ", ".join(self._sources)}),
            )
        await self.sync()
        wanted = set(names) or set(self._sources)
        began = self._house.keeping.clock.now()
        await self.inbox.drain(wanted)
        known = await self._known()
        web = [source for name, source in self._web().items() if name in wanted]
        await self._all([(source, known[source.name]) for source in web], everything=True)
        known = await self._known()
        return tuple(
            one.last for name in self._sources if name in wanted and (one := known[name]).last and one.last.at >= began
        )

    async def close(self) -> None:
        """Breaks off what is being asked; what was stored stays."""
        for task in self._polls.values():
            task.cancel()
        await asyncio.gather(*self._polls.values(), return_exceptions=True)
        self._polls.clear()

    async def sync(self) -> None:
        """Has the store know the sources of the settings. Raises StoreError."""
        if not self._synced:
            facts = [fact_of(source) for source in self._sources.values()]
            await asyncio.to_thread(sync_sources, self._house.store, facts, now=self._house.keeping.clock.now())
            self._synced = True

    # ── polls ─────────────────────────────────────────────────────────────────

    def _web(self) -> dict[str, SourceSettings]:
        return {name: source for name, source in self._sources.items() if source.path is None}

    def _due(self, known: Mapping[str, KnownSource]) -> list[SourceSettings]:
        now, second = self._house.keeping.clock.now(), self._house.keeping.clock.monotonic()
        return [
            source
            for name, source in self._web().items()
            if name not in self._polls
            and second >= self._rests.get(name, 0.0)
            and self._is_due(source, known[name], now)
        ]

    def _is_due(self, source: SourceSettings, known: KnownSource, now: datetime) -> bool:
        """Whether its time has come; or lies so far ahead that a clock which has been set since must have made it."""
        at = known.state.next_at
        schedule = self._house.timing.schedule(source)
        if at is None or schedule is None or at <= now:
            return True
        return at > max(schedule.next_poll(now), now + LONGEST_AHEAD)

    async def _poll(self, source: SourceSettings, known: KnownSource, *, everything: bool = False) -> Receipt:
        receipt = await Poll(self._house, self._fetcher, source, known).run(
            everything=everything, history=self._history
        )
        say = log.warning if receipt.outcome in (Outcome.FAILED, Outcome.LATE) else log.info
        say("%s: %s. %s", source.name, receipt.outcome, _counted(receipt) or receipt.detail)
        return receipt

    async def _all(self, polls: Sequence[tuple[SourceSettings, KnownSource]], *, everything: bool = False) -> None:
        """Polls these sources side by side. What is wrong with one stops no other, and is raised at the end."""
        places = asyncio.Semaphore(MOST_AT_ONCE)

        async def one(source: SourceSettings, known: KnownSource) -> None:
            async with places:
                await self._poll(source, known, everything=everything)

        for found in await asyncio.gather(*(one(*poll) for poll in polls), return_exceptions=True):
            if isinstance(found, BaseException):
                raise found

    async def _known(self) -> dict[str, KnownSource]:
        return {one.name: one for one in await asyncio.to_thread(known_sources, self._house.store)}

    async def _miss(self, known: Mapping[str, KnownSource]) -> None:
        """Folders in which something should be by now."""
        for name, source in self._sources.items():
            if source.path is not None and source.schedule is not None:
                await asyncio.to_thread(self._book.missed, source, known[name])

    def _collect(self) -> None:
        """Takes the polls that are over out of the way. One that failed by a mistake of ours is tried again after a rest."""
        for name, task in list(self._polls.items()):
            if not task.done():
                continue
            del self._polls[name]
            error = None if task.cancelled() else task.exception()
            if error is not None:
                self._rests[name] = self._house.keeping.clock.monotonic() + REST
                log.error(
                    "Source %s could not be polled: %s", name, error, exc_info=not isinstance(error, PaperwireError)
                )


def _counted(receipt: Receipt) -> str:
    new, papers = receipt.counts.get("new", 0), receipt.counts.get("papers", 0)
    return f"{papers} papers, {new} of them new." if receipt.outcome is Outcome.NEW else ""
