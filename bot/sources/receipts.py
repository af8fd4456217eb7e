"""What looks at sources leave behind: receipts, how a source stands, and what operators hear of it."""

import asyncio
import logging
import random
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta

from bot.settings import SourceSettings
from bot.settings.cron import CronSchedule
from bot.settings.source_facts import is_listing
from bot.sources.http import ARXIV, Sites, is_dated
from bot.sources.ingest import IngestContext
from bot.sources.missed_days import runs
from subscriptions.model import ChatAddress, Digest
from subscriptions.planning.archives import Filed
from subscriptions.planning.receipts import Observation, Outcome, PollVerdict, Receipt, joined, poll_verdict
from subscriptions.planning.source_calendar import (
    LATE_AFTER,
    ArxivCalendar,
    ArxivSchedule,
    Due,
    Schedule,
    read_schedule,
)
from subscriptions.service.sources import (
    known_sources,
    note_poll,
    notify_filed_days,
    notify_source,
    release_slot,
    take_slot,
)
from subscriptions.states import SourceTrouble
from subscriptions.store import Ingested, KnownSource, Scope, SourceState, Store, Transaction
from subscriptions.zones import zone

log = logging.getLogger("paperwire")

BATCH_FORMATS = frozenset({"arxiv_rss", "arxiv_atom", "arxiv_listing_html"})  # their day says which batch they hold
COUNT_NAMES = ("digests", "papers", "new", "updated", "unchanged", "archived", "failed_summaries")
ZERO_COUNTS = dict.fromkeys(COUNT_NAMES, 0)
LOSS_WARNINGS = frozenset({  # warnings of a digest that say that papers, or parts of them, could not be read
    "bad_json_line", "declared_mismatch", "entry_without_text", "entry_without_title", "incomplete_group",
    "possibly_capped", "unparsed_heading",
})  # fmt: skip
LONGEST_DETAIL = 500  # characters
DAY = timedelta(days=1)
MAX_DAYS_COUNTED = timedelta(days=60)  # days that were missed before are not even counted
MIN_SUMMARIES = 4  # fewer papers than that say nothing about how summaries went


class SourceSchedules:
    """When sources are due: the schedules of the settings, with arXiv's calendar and the operator's zone."""

    def __init__(self, holidays: Sequence[date] | None, zone_name: str) -> None:
        self.calendar = ArxivCalendar(holidays=None if holidays is None else frozenset(holidays))
        self._zone = zone(zone_name)

    def schedule(self, source: SourceSettings) -> Schedule | None:
        """The schedule of a source; None for a file that is only watched."""
        if source.schedule is None:
            return None
        return read_schedule(source.schedule, self._arxiv(source), lambda line: CronSchedule(line, self._zone))

    def due(self, source: SourceSettings, observation: Observation, now: datetime) -> tuple[Due | None, bool]:
        """What should be in the unit that was looked at; and whether it only rests today, when that is nothing."""
        schedule = self.schedule(source)
        if schedule is None:
            return None, False
        if observation.batch:
            return self._arxiv(source).due_now(now), True
        return schedule.due_now(now), schedule.awaited

    def is_awaited(self, source: SourceSettings) -> bool:
        """Whether somebody waits for what a source has due; papers of any day are news from all others."""
        schedule = self.schedule(source)
        return schedule is not None and schedule.awaited

    def batch_due(self, source: SourceSettings, now: datetime) -> Due | None:
        """The batch of arXiv that should be there."""
        return self._arxiv(source).due_now(now)

    def current_days(self, source: SourceSettings, now: datetime) -> tuple[date, ...]:
        """The days that a source is asked for as usual, today's first; of arXiv and lines of cron the one that is due."""
        today = now.astimezone(UTC).date()
        if is_dated(source):
            return today, today - DAY
        schedule = self.schedule(source)
        if self._is_arxivs(source):
            due = self._arxiv(source).due_now(now)
            return (due.batch,) if due and due.batch else ()
        last = schedule.last_due(now) if schedule and schedule.awaited else None
        return (last.astimezone(self._zone).date(),) if last else ()

    def days_due(self, source: SourceSettings, after: date | None, now: datetime) -> tuple[date, ...]:
        """The days after `after` that a source should have brought by `now`, oldest first; with None today's alone."""
        current = self.current_days(source, now)
        today = now.astimezone(UTC).date()
        if after is None or after > today + DAY:  # a clock that has been set since
            return current[:1]
        first = max(after, today - MAX_DAYS_COUNTED) + DAY
        if is_dated(source):
            return tuple(first + DAY * n for n in range((today - first).days + 1))
        if self._is_arxivs(source):
            rhythm = self._arxiv(source)
            days = self.calendar.announcement_days(first, today + DAY)
            return tuple(day for day in days if rhythm.expected_at(day) <= now)
        return self._days_of_cron(source, first, now)

    def _days_of_cron(self, source: SourceSettings, first: date, now: datetime) -> tuple[date, ...]:
        schedule = self.schedule(source)
        if schedule is None or not schedule.awaited:
            return ()
        found: dict[date, None] = {}
        moment = schedule.next_poll(datetime(first.year, first.month, first.day, tzinfo=UTC) - DAY)
        while moment <= now:
            day = moment.astimezone(self._zone).date()
            found |= {day: None} if day >= first else {}
            moment = schedule.next_poll(moment + timedelta(hours=1))
        return tuple(found)

    def _is_arxivs(self, source: SourceSettings) -> bool:
        """Whether a source follows arXiv's rhythm."""
        return bool(source.arxiv) or source.schedule == "arxiv"

    def expected_at(self, source: SourceSettings, batch: date) -> datetime:
        """From when a batch of arXiv can be read in a source."""
        return self._arxiv(source).expected_at(batch)

    def unreported_sources(
        self, sources: Iterable[SourceSettings], known: Mapping[str, KnownSource], now: datetime
    ) -> tuple[str, ...] | None:
        """The names of sources that are awaited: without a receipt new or quiet since their last due time.

        () when all have reported; None when no source ever has something due.
        """
        schedules = [(source.name, schedule) for source in sources if (schedule := self.schedule(source))]
        awaited = [(name, schedule.last_due(now)) for name, schedule in schedules if schedule.awaited]
        if not awaited:
            return None
        settled = {name: one.settled_at for name, one in known.items()}
        return tuple(name for name, due in awaited if due and ((at := settled.get(name)) is None or at < due))

    def _arxiv(self, source: SourceSettings) -> ArxivSchedule:
        return ArxivSchedule(calendar=self.calendar, evening=source.url is not None and is_listing(source.url))


@dataclass(frozen=True, slots=True, kw_only=True)
class PollContext:
    """What all polls of a process share."""

    ingest_context: IngestContext
    timing: SourceSchedules
    admins: Sequence[ChatAddress] = ()
    sites: Sites = ARXIV
    announced_batches: set[date] = field(default_factory=set)  # batches of arXiv that were seen in any feed
    jitter: Callable[[], float] = random.random

    @property
    def store(self) -> Store:
        """Where everything goes."""
        return self.ingest_context.store


class StoredHostSlots:
    """The turns of all processes on one store. See bot.sources.http.host_limiter.Others."""

    def __init__(self, context: IngestContext) -> None:
        self._keeping = context

    async def acquire(self, publisher: str, most: timedelta) -> timedelta:
        """See Others. Raises StoreError."""
        return await asyncio.to_thread(take_slot, self._keeping.store, publisher, most, wall=self._keeping.clock.wall())

    async def release(self, publisher: str, gap: timedelta) -> None:
        """See Others. Raises StoreError."""
        await asyncio.to_thread(release_slot, self._keeping.store, publisher, gap, wall=self._keeping.clock.wall())


@dataclass(frozen=True, slots=True, kw_only=True)
class _FolderScan:
    """What the files of a source brought in one look at them, which one receipt tells."""

    is_first: bool = True  # nothing had come from the source before
    observations: tuple[Observation, ...] = ()
    counts: Mapping[str, int] = field(default_factory=lambda: ZERO_COUNTS)
    filed: Filed = field(default_factory=Filed)
    remarks: tuple[str, ...] = ()
    receipt: int | None = None

    def with_digest(self, digest: Digest, done: Ingested) -> "_FolderScan":
        more = counts_of(digest, done)
        return replace(
            self,
            observations=(*self.observations, observation_of(digest, done, changed=True)),
            counts={name: number + more[name] for name, number in self.counts.items()},
            filed=filed_with(self.filed, digest, done),
            remarks=(*self.remarks, *remarks_of(digest)),
        )


class FileReceiptWriter:
    """Receipts of files: of what one look at them brought, of what cannot be read, and of a day on which none came.

    See inbox.Notebook.
    """

    def __init__(self, context: PollContext) -> None:
        self.context = context
        self._scans: dict[str, _FolderScan] = {}

    def record_stored(self, source: SourceSettings, digest: Digest, transaction: Transaction, done: Ingested) -> None:
        """A file was stored; what was known before leaves no receipt. Within the transaction of the file."""
        if done.already_known and not done.announced:
            return
        now, known = self.context.ingest_context.clock.now(), self._known(transaction, source)
        state = known.state if known else SourceState(since=now)
        begun = self._scans.get(source.name) or _FolderScan(is_first=known is None or known.last is None)
        found = begun.with_digest(digest, done)
        look = joined(found.observations)
        due, resting = self.context.timing.due(source, look, now)
        had = due is not None and state.came.get("") == due.at
        awaited = self.context.timing.is_awaited(source)
        judgement = poll_verdict(look, due, now, had=had, resting=resting, awaited=awaited)
        if judgement.is_final and due is not None:
            state = replace(state, came={"": due.at})
        detail = " ".join(filter(None, (judgement.detail, found.filed.told(source.name), *found.remarks)))
        judgement = replace(judgement, detail=detail[:LONGEST_DETAIL])
        receipt = replace(_receipt(source, judgement, now, found.counts), id=found.receipt)
        self._scans[source.name] = replace(found, receipt=self._write_receipt(transaction, source, state, receipt))

    async def finish_scan(self, source: SourceSettings) -> None:
        """All files of a source that are complete were read; what comes next is another look."""
        found = self._scans.pop(source.name, _FolderScan())
        if told := found.filed.told(source.name):
            log.info("%s: %s", source.name, told)
        if not found.is_first:
            await asyncio.to_thread(
                notify_of_filed,
                self.context.store,
                self.context,
                source,
                found.filed,
                self.context.ingest_context.clock.now(),
            )

    async def record_failed(self, source: SourceSettings, sentence: str) -> None:
        """A file or folder cannot be read."""
        judgement = PollVerdict(outcome=Outcome.FAILED, is_final=False, detail=sentence)
        now = self.context.ingest_context.clock.now()
        receipt = _receipt(source, judgement, now, ZERO_COUNTS)
        known = self._known(self.context.store, source)
        state = known.state if known else SourceState(since=now)
        await asyncio.to_thread(self._write_receipt, self.context.store, source, state, receipt)
        if source.name in self._scans:  # what comes after it in this look is told after it
            before = self._scans[source.name]
            self._scans[source.name] = _FolderScan(is_first=before.is_first, filed=before.filed)

    def record_late(self, source: SourceSettings, known: KnownSource) -> None:
        """Looks whether what was due in a folder is late, which one receipt says."""
        now = self.context.ingest_context.clock.now()
        schedule = self.context.timing.schedule(source)
        due = schedule.due_now(now) if schedule else None
        if due is None or now - due.at < LATE_AFTER or _is_accounted_for(known, due):
            return
        judgement = PollVerdict(outcome=Outcome.LATE, is_final=False, detail=f"Due since {due.at:%Y-%m-%d %H:%M} UTC.")
        self._write_receipt(self.context.store, source, known.state, _receipt(source, judgement, now, ZERO_COUNTS))

    def _known(self, store: Scope, source: SourceSettings) -> KnownSource | None:
        return next((one for one in known_sources(store) if one.name == source.name), None)

    def _write_receipt(self, store: Scope, source: SourceSettings, state: SourceState, receipt: Receipt) -> int:
        """Writes a receipt down, or again under the number that it has; its number."""
        after = replace(state, trouble=trouble_after(state.trouble, receipt))
        with store.write() as transaction:
            number = note_poll(transaction, receipt, after, {})
            notify_of_trouble(
                transaction,
                self.context,
                state.trouble,
                after.trouble,
                receipt,
                batch=source.schedule == "arxiv",
                now=receipt.at,
            )
        return number


def notify_of_filed(store: Scope, context: PollContext, source: SourceSettings, filed: Filed, now: datetime) -> None:
    """The operators hear of papers that came too late to be news, which nobody else would. Raises StoreError."""
    if filed.papers:
        notify_filed_days(store, context.admins, source.name, runs(filed.days), papers=filed.papers, now=now)


def _receipt(source: SourceSettings, verdict: PollVerdict, at: datetime, counts: Mapping[str, int]) -> Receipt:
    return Receipt(source=source.name, at=at, outcome=verdict.outcome, counts=counts, detail=verdict.detail)


def _is_accounted_for(known: KnownSource, due: Due) -> bool:
    """Whether something came since it was due, or was said to be late, or nobody waited for it yet."""
    since, settled, last = known.state.since, known.settled_at, known.last
    return (
        (since is None or due.at < since)
        or (settled is not None and settled >= due.at)
        or (last is not None and last.outcome is Outcome.LATE and last.at >= due.at)
    )


def observation_of(digest: Digest, done: Ingested, *, changed: bool) -> Observation:
    """A digest that was stored, as a look at its source."""
    cut = next((warning.message for warning in digest.warnings if warning.code == "xml_truncated"), "")
    return Observation(
        day=digest.day,
        papers=len(digest.entries),
        fresh=0 if done.archive else done.new + done.updated + done.announced,
        filed=_filed_now(done),
        changed=changed and not done.archive,
        batch=digest.format in BATCH_FORMATS,
        problem=f"{cut[:1].upper()}{cut[1:]}." if cut else "",
    )


def counts_of(digest: Digest, done: Ingested) -> dict[str, int]:
    """What a receipt counts of a digest that was stored, by the names of COUNTED."""
    failed = {paper.key for paper in digest.entries if paper.failed}
    papers = len({paper.key for paper in digest.entries})
    failures = 0 if done.already_known or done.archive else len(failed)
    counts = (1, papers, done.new, done.updated, done.unchanged, _filed_now(done), failures)
    return dict(zip(COUNT_NAMES, counts, strict=True))


def filed_with(filed: Filed, digest: Digest, done: Ingested) -> Filed:
    """What was filed so far, with one more digest that was stored."""
    return filed.with_papers(_filed_now(done), digest.day, announced=done.announced)


def _filed_now(done: Ingested) -> int:
    """How many papers a digest filed when it came; what lies there from before is no receipt's matter."""
    return 0 if done.already_known else done.archived


def remarks_of(digest: Digest) -> tuple[str, ...]:
    """What could not be read of a digest, each in a line, with the first examples."""
    lost = [warning for warning in digest.warnings if warning.code in LOSS_WARNINGS]
    return tuple(f"{one.message[:1].upper()}{one.message[1:]}{_examples(one.examples)}." for one in lost)


def _examples(examples: Sequence[str]) -> str:
    return f" ({'; '.join(examples[:2])})" if examples else ""


def trouble_after(before: SourceTrouble | None, receipt: Receipt, *, quietly: bool = False) -> SourceTrouble | None:
    """What the operators are to know of a source after a receipt; `quietly`: not yet."""
    match receipt.outcome:
        case Outcome.FAILED:
            return before if quietly else SourceTrouble.FAILED
        case Outcome.LATE:
            return SourceTrouble.LATE
        case Outcome.STALE | Outcome.QUIET if before is SourceTrouble.LATE:
            return before  # at a weekend nothing is due, and what is late has not come all the same
        case Outcome.STALE:
            return None
    failed = receipt.counts.get("failed_summaries", 0)
    most = failed * 2 > receipt.counts.get("papers", 0) >= MIN_SUMMARIES
    return SourceTrouble.SUMMARIES if most else None


def notify_of_trouble(
    store: Scope,
    context: PollContext,
    before: SourceTrouble | None,
    trouble: SourceTrouble | None,
    receipt: Receipt,
    *,
    batch: bool,
    parts: Sequence[str] = (),
    now: datetime,
) -> None:
    """The operators hear of what is wrong with a source, and when it is over. `before`: what they knew. Raises StoreError.

    `parts`: see tell_of_source.
    """
    if trouble is not None:
        if trouble is SourceTrouble.SUMMARIES or trouble.value == receipt.outcome.value:
            notify_source(store, context.admins, trouble, receipt, batch=batch, parts=parts, now=now)
    elif before in (SourceTrouble.FAILED, SourceTrouble.LATE):
        notify_source(store, context.admins, None, receipt, batch=batch, now=now)
