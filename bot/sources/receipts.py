"""Which documents were taken in already: by source and day, and by file."""

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta

from bot.context import write
from bot.ports.channel import SourceRead
from bot.settings import SourceSettings
from bot.sources.ingest import PollContext
from subscriptions.model import Digest
from subscriptions.notices.operations import PapersFiled
from subscriptions.planning.receipts import Filed, Observation, Outcome, PollVerdict, Receipt, joined, poll_verdict
from subscriptions.planning.source_calendar import LATE_AFTER, Overdue
from subscriptions.service import notices
from subscriptions.states import SourceTrouble
from subscriptions.store.database.store import Scope, Transaction
from subscriptions.store.digests import Ingested
from subscriptions.store.sources import KnownSource, SourceState, known_sources

DAY = timedelta(days=1)
DAYS_BACK = timedelta(days=14)  # a missed day longer ago is given up
MOST_TRIES = 8  # tries to fetch a day; they take about four hours, with the waits after failures


@dataclass(frozen=True, slots=True, kw_only=True)
class MissedDays:
    """The missed days of a source, and what happened to some of them in this poll."""

    days: Mapping[date, int] = field(default_factory=dict)  # missed day -> failed tries to fetch it
    upto: date | None = None  # the newest day that was ever due
    fetched: tuple[date, ...] = ()
    absent: tuple[date, ...] = ()  # days without a document
    lost: tuple[date, ...] = ()  # given up: too long ago, or too many failed tries
    gone: tuple[date, ...] = ()  # days that cannot be fetched, because the source shows only its newest document
    reason: str = ""  # why the last fetch failed

    def with_due(self, days: Iterable[date], today: date, current: Iterable[date] = ()) -> "MissedDays":
        """Adds days that have become due. Gives up days too far back or tried too often, except the `current` ones.

        Removes days in the future: they were added before the clock was set back.
        """
        missed = {day: tries for day, tries in self.days.items() if day <= today + DAY} | dict.fromkeys(days, 0)
        exempt = frozenset(current)  # a monthly list is requested regularly until the next one is due
        old = [day for day, tries in missed.items() if day not in exempt and self._is_hopeless(day, tries, today)]
        return replace(
            self,
            days={day: tries for day, tries in missed.items() if day not in old},
            upto=max(missed, default=self.upto),
            lost=(*self.lost, *old),
        )

    @staticmethod
    def _is_hopeless(day: date, tries: int, today: date) -> bool:
        return day < today - DAYS_BACK or tries >= MOST_TRIES

    def read(self, *days: date) -> "MissedDays":
        """Removes days that the regular requests have read."""
        return replace(self, days={day: tries for day, tries in self.days.items() if day not in days})

    def brought(self, day: date) -> "MissedDays":
        """Notes that a missed day was fetched."""
        return replace(self.read(day), fetched=(*self.fetched, day))

    def is_empty(self, day: date) -> "MissedDays":
        """Notes that the source has no document for a missed day."""
        return replace(self.read(day), absent=(*self.absent, day))

    def is_gone(self, day: date) -> "MissedDays":
        """Notes that a missed day cannot be fetched from this source."""
        return replace(self.read(day), gone=(*self.gone, day))

    def failed(self, day: date, reason: str, *, answered: bool = True) -> "MissedDays":
        """Counts a failed try to fetch a missed day. A try to which no server has `answered` does not give up the day."""
        tries = self.days.get(day, 0) + 1
        return replace(self, days={**self.days, day: tries if answered else min(tries, MOST_TRIES - 1)}, reason=reason)

    @property
    def undecided(self) -> Mapping[date, int]:
        """The missed days, including days that this poll gave up before operators were notified."""
        return {**dict.fromkeys((*self.lost, *self.gone), MOST_TRIES), **self.days}

    def past(self, *current: date | None) -> tuple[date, ...]:
        """Returns the missed days except the `current` ones, which have regular requests; oldest first."""
        return tuple(sorted(day for day in self.days if day not in current))

    def tries(self, *current: date | None) -> int:
        """Returns the largest number of failed tries of one of the `past` days."""
        return max((self.days[day] for day in self.past(*current)), default=0)

    def notified(self, *current: date | None, partly: bool) -> str:
        """Returns the sentences of a receipt about missed days; "" if there are none. `partly`: fetched days are incomplete."""
        waits = self.past(*current)
        lacks = "; cross-lists of older papers and new versions are not in it" if partly else ""
        parts = (
            (self.fetched, "Fetched afterwards: {days}" + lacks),
            (self.absent, "There is nothing of {days}"),
            (self.gone, "Missed: {days}; it shows only its newest"),
            (self.lost, "Given up: {days}"),
            (waits if self.reason else (), f"Not fetched yet: {{days}} ({self.reason.rstrip('.')})"),
        )
        return " ".join(f"{words.replace('{days}', ranges(days))}." for days, words in parts if days)


def ranges(days: Iterable[date]) -> str:
    """Returns the days as text, with consecutive days joined: "2026-01-19 to 2026-01-21, 2026-01-23"."""
    return ", ".join(
        f"{first} to {last}" if last - first > DAY else ", ".join(map(str, dict.fromkeys((first, last))))
        for first, last in runs(days)
    )


def runs(days: Iterable[date]) -> tuple[tuple[date, date], ...]:
    """Returns the runs of consecutive days, each as (first, last), in order."""
    found: list[tuple[date, date]] = []
    for day in sorted(set(days)):
        if found and day - found[-1][1] == DAY:
            found[-1] = (found[-1][0], day)
        else:
            found.append((day, day))
    return tuple(found)


# ------------------------------------------------------------------------------- which documents were taken in already


BATCH_FORMATS = frozenset(
    {"arxiv_rss", "arxiv_atom", "arxiv_listing_html"}
)  # in these formats the day of a digest is that of its batch
COUNT_NAMES = ("digests", "papers", "new", "updated", "unchanged", "archived", "failed_summaries")
ZERO_COUNTS = dict.fromkeys(COUNT_NAMES, 0)
LOSS_WARNINGS = frozenset({  # warnings that papers, or parts of them, could not be read
    "bad_json_line", "declared_mismatch", "entry_without_text", "entry_without_title", "incomplete_group",
    "possibly_capped", "unparsed_heading",
})  # fmt: skip
LONGEST_DETAIL = 500  # characters
MIN_SUMMARIES = 4  # with fewer papers the share of failed summaries is ignored


def read_of(receipt: Receipt) -> SourceRead:
    """Returns the measurement of a receipt."""
    papers, new = receipt.counts.get("papers", 0), receipt.counts.get("new", 0)
    return SourceRead(source=receipt.source, outcome=receipt.outcome.value, papers=papers, new=new)


def notify_of_filed(store: Scope, context: PollContext, source: SourceSettings, filed: Filed, now: datetime) -> None:
    """Notifies operators of papers that came too late to be announced. Raises StoreError."""
    if filed.papers:
        notice = PapersFiled(source=source.name, days=notices.runs_in_notice(runs(filed.days)), papers=filed.papers)
        notices.notify_operators(store, context.admins, notice, now=now)


def observation_of(digest: Digest, done: Ingested, *, changed: bool) -> Observation:
    """Returns the observation of a digest that was stored."""
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
    """Returns the counts of a receipt for one stored digest, by COUNT_NAMES."""
    failed = {paper.key for paper in digest.entries if paper.failed}
    papers = len({paper.key for paper in digest.entries})
    failures = 0 if done.already_known or done.archive else len(failed)
    counts = (1, papers, done.new, done.updated, done.unchanged, _filed_now(done), failures)
    return dict(zip(COUNT_NAMES, counts, strict=True))


def filed_with(filed: Filed, digest: Digest, done: Ingested) -> Filed:
    """Returns the filed papers so far together with those of one more stored digest."""
    return filed.with_papers(_filed_now(done), digest.day, announced=done.announced)


def _filed_now(done: Ingested) -> int:
    """Returns how many papers a digest filed. 0 for a digest that was known before, since an earlier receipt counted them."""
    return 0 if done.already_known else done.archived


def remarks_of(digest: Digest, done: Ingested) -> tuple[str, ...]:
    """Sentences about unreadable parts of a digest, one per kind of problem, and about papers that count as sent."""
    counted = (
        (f"{done.counted:,} papers came before the database was lost, and count as sent.",) if done.counted else ()
    )
    lost = [warning for warning in digest.warnings if warning.code in LOSS_WARNINGS]
    unread = tuple(f"{one.message[:1].upper()}{one.message[1:]}{_examples(one.examples)}." for one in lost)
    return (*counted, *unread)


def _examples(examples: Sequence[str]) -> str:
    return f" ({'; '.join(examples[:2])})" if examples else ""


def trouble_after(before: SourceTrouble | None, receipt: Receipt, *, quietly: bool = False) -> SourceTrouble | None:
    """Returns the trouble of a source after a receipt; None if there is none. `quietly`: a failure does not count as trouble yet."""
    match receipt.outcome:
        case Outcome.FAILED:
            return before if quietly else SourceTrouble.FAILED
        case Outcome.LATE:
            return SourceTrouble.LATE
        case Outcome.STALE | Outcome.QUIET if before is SourceTrouble.LATE:
            return before  # nothing new is due, but the document that was late has still not come
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
    """Notifies operators of trouble with a source, and of the end of trouble. Raises StoreError.

    `before` is the trouble before this receipt. `parts`: see notify_source.
    """
    if trouble is not None:
        if trouble is SourceTrouble.SUMMARIES or trouble.value == receipt.outcome.value:
            notices.notify_source(store, context.admins, trouble, receipt, batch=batch, parts=parts, now=now)
    elif before in (SourceTrouble.FAILED, SourceTrouble.LATE):
        notices.notify_source(store, context.admins, None, receipt, batch=batch, now=now)


# ---------------------------------------------------------------------------- writes the receipts of files and folders


log = logging.getLogger("paperwire")


@dataclass(frozen=True, slots=True, kw_only=True)
class _FolderScan:
    """The results of one scan of a source's files. The whole scan gets one receipt."""

    is_first: bool = True  # no poll of the source had a receipt before
    observations: tuple[Observation, ...] = ()
    counts: Mapping[str, int] = field(default_factory=lambda: ZERO_COUNTS)
    filed: Filed = field(default_factory=Filed)
    remarks: tuple[str, ...] = ()
    receipt: Receipt | None = None

    def with_digest(self, digest: Digest, done: Ingested) -> "_FolderScan":
        more = counts_of(digest, done)
        return replace(
            self,
            observations=(*self.observations, observation_of(digest, done, changed=True)),
            counts={name: number + more[name] for name, number in self.counts.items()},
            filed=filed_with(self.filed, digest, done),
            remarks=(*self.remarks, *remarks_of(digest, done)),
        )


class FileReceiptWriter:
    """Writes receipts for scans of files, for files that cannot be read, and for files that are late.

    Its methods raise StoreError.
    """

    def __init__(self, context: PollContext) -> None:
        self.context = context
        self._scans: dict[str, _FolderScan] = {}

    def record_stored(self, source: SourceSettings, digest: Digest, transaction: Transaction, done: Ingested) -> None:
        """Records a stored file, in the transaction that stored it. A file that was known before gets no receipt."""
        if done.already_known and not done.announced:
            return
        now, known = self.context.ingest_context.clock.now(), self._known(transaction, source)
        state = known.state if known else SourceState(since=now)
        begun = self._scans.get(source.name) or _FolderScan(is_first=known is None or known.last is None)
        scan = begun.with_digest(digest, done)
        observation = joined(scan.observations)
        due, resting = self.context.timing.due(source, observation, now)
        had = due is not None and state.came.get("") == due.at
        awaited = self.context.timing.is_awaited(source)
        verdict = poll_verdict(observation, due, now, had=had, resting=resting, awaited=awaited)
        if verdict.is_final and due is not None:
            state = replace(state, came={"": due.at})
        detail = " ".join(filter(None, (verdict.detail, scan.filed.as_sentence(source.name), *scan.remarks)))
        verdict = replace(verdict, detail=detail[:LONGEST_DETAIL])
        receipt = replace(_receipt(source, verdict, now, scan.counts), id=scan.receipt.id if scan.receipt else None)
        number = self._write_receipt(transaction, source, state, receipt)
        self._scans[source.name] = replace(scan, receipt=replace(receipt, id=number))

    async def finish_scan(self, source: SourceSettings) -> None:
        """Ends a scan. The next file of the source begins a new scan."""
        scan = self._scans.pop(source.name, _FolderScan())
        if scan.receipt:
            self.context.observe(read_of(scan.receipt))
        if filed := scan.filed.as_sentence(source.name):
            log.info("%s: %s", source.name, filed, extra={"source": source.name})
        if not scan.is_first:
            await write(
                notify_of_filed,
                self.context.store,
                self.context,
                source,
                scan.filed,
                self.context.ingest_context.clock.now(),
            )

    async def record_failed(self, source: SourceSettings, sentence: str) -> None:
        """Records that a file or folder cannot be read."""
        verdict = PollVerdict(outcome=Outcome.FAILED, is_final=False, detail=sentence)
        now = self.context.ingest_context.clock.now()
        receipt = _receipt(source, verdict, now, ZERO_COUNTS)
        known = self._known(self.context.store, source)
        state = known.state if known else SourceState(since=now)
        self.context.observe(read_of(receipt))
        await write(self._write_receipt, self.context.store, source, state, receipt)
        if source.name in self._scans:  # later files of this scan get a new receipt
            before = self._scans[source.name]
            if before.receipt:
                self.context.observe(read_of(before.receipt))
            self._scans[source.name] = _FolderScan(is_first=before.is_first, filed=before.filed)

    async def record_late(self, source: SourceSettings, known: KnownSource) -> None:
        """Records that the file that is due in a folder is late. Further calls for the same file change nothing."""
        now = self.context.ingest_context.clock.now()
        schedule = self.context.timing.schedule(source)
        due = schedule.due_now(now) if schedule else None
        if due is None or now - due.at < LATE_AFTER or _is_accounted_for(known, due):
            return
        verdict = PollVerdict(outcome=Outcome.LATE, is_final=False, detail=f"Due since {due.at:%Y-%m-%d %H:%M} UTC.")
        receipt = _receipt(source, verdict, now, ZERO_COUNTS)
        await write(self._write_receipt, self.context.store, source, known.state, receipt)

    def _known(self, store: Scope, source: SourceSettings) -> KnownSource | None:
        return next((one for one in known_sources(store) if one.name == source.name), None)

    def _write_receipt(self, store: Scope, source: SourceSettings, state: SourceState, receipt: Receipt) -> int:
        """Writes a receipt, or replaces it if it has a number already. Returns its number."""
        after = replace(state, trouble=trouble_after(state.trouble, receipt))
        with store.write() as transaction:
            number = notices.note_poll(transaction, receipt, after, {})
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


def _receipt(source: SourceSettings, verdict: PollVerdict, at: datetime, counts: Mapping[str, int]) -> Receipt:
    return Receipt(source=source.name, at=at, outcome=verdict.outcome, counts=counts, detail=verdict.detail)


def _is_accounted_for(known: KnownSource, due: Overdue) -> bool:
    """Returns whether a receipt written since `due` says that a file came or is late, or the source was added after `due`."""
    since, settled, last = known.state.since, known.settled_at, known.last
    return (
        (since is None or due.at < since)
        or (settled is not None and settled >= due.at)
        or (last is not None and last.outcome is Outcome.LATE and last.at >= due.at)
    )
