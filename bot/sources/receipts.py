"""Receipts of sources: the results of polls and scans of files, missed days, and the notices to operators about them."""

import logging
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta

from bot.errors import BrokenDigest, UnknownFormat
from bot.ports.channel import SourceRead
from bot.settings import SourceSettings
from bot.sources.fetcher import Fetched
from bot.sources.ingest import PollDependencies
from subscriptions import model
from subscriptions.notices.declared import DaysMissed, PapersFiled
from subscriptions.planning import receipts as verdicts
from subscriptions.planning.receipts import Outcome, Receipt
from subscriptions.planning.source_calendar import LATE_AFTER, Overdue
from subscriptions.service import notices
from subscriptions.states import SourceTrouble
from subscriptions.store import sources as stored_sources
from subscriptions.store.database.store import Scope, Transaction, writes
from subscriptions.store.digests import Ingested
from subscriptions.texts import clip

DAY = timedelta(days=1)
DAYS_BACK = timedelta(days=14)  # older missed days are given up
MOST_TRIES = 8  # tries to fetch a day; they take about four hours, with the waits after failures


@dataclass(slots=True, kw_only=True)
class MissedDays:
    """The missed days of a source, and what happened to some of them in this poll."""

    days: dict[date, int] = field(default_factory=dict)  # missed day -> failed tries to fetch it
    upto: date | None = None  # the newest day that was ever due
    # days that regular requests fetch; the day of a monthly list stays among them until the next list is due
    current: tuple[date, ...] = ()
    fetched: list[date] = field(default_factory=list)
    absent: list[date] = field(default_factory=list)  # days without a document
    lost: list[date] = field(default_factory=list)  # given up: too long ago, or too many failed tries
    gone: list[date] = field(default_factory=list)  # they cannot be fetched: the source shows only its newest document
    reason: str = ""  # why the last fetch failed

    def add_due(self, days: Iterable[date], today: date) -> None:
        """Adds days that have become due. Gives up days that are too old or were tried too often, except `current` days.

        Removes days in the future, which were added before the clock was set back.
        """
        self.days = {day: tries for day, tries in self.days.items() if day <= today + DAY} | dict.fromkeys(days, 0)
        self.upto = max(self.days, default=self.upto)
        hopeless = [day for day, tries in self.days.items() if day < today - DAYS_BACK or tries >= MOST_TRIES]
        for day in hopeless:
            if day not in self.current:
                self.settle(day, self.lost)

    def take_off(self, days: Iterable[date]) -> None:
        """Removes days that the regular requests have read."""
        for day in days:
            self.days.pop(day, None)

    def settle(self, day: date, end: list[date]) -> None:
        """Removes a missed day and adds it to `end`: one of the lists `fetched`, `absent`, `lost` and `gone`."""
        self.take_off([day])
        end.append(day)

    def fail(self, day: date, reason: str, *, answered: bool = True) -> None:
        """Counts a failed try to fetch a missed day. If no server `answered`, the day is not given up after this try."""
        tries = self.days.get(day, 0) + 1
        self.days[day] = tries if answered else min(tries, MOST_TRIES - 1)
        self.reason = reason

    @property
    def undecided(self) -> dict[date, int]:
        """The missed days, and the days that this poll gave up, of which operators still have to be notified."""
        return {**dict.fromkeys((*self.lost, *self.gone), MOST_TRIES), **self.days}

    @property
    def past(self) -> tuple[date, ...]:
        """The missed days except the current ones, which have regular requests; oldest first."""
        return tuple(sorted(day for day in self.days if day not in self.current))

    @property
    def tries(self) -> int:
        """The largest number of failed tries of one of the `past` days."""
        return max((self.days[day] for day in self.past), default=0)

    def notified(self, *, partly: bool) -> str:
        """Returns the sentences of a receipt about missed days; "" if there are none.

        `partly`: fetched days are incomplete.
        """
        lacks = "; cross-lists of older papers and new versions are not in it" if partly else ""
        parts = (
            (self.fetched, "Fetched afterwards: {days}" + lacks),
            (self.absent, "There is nothing of {days}"),
            (self.gone, "Missed: {days}; it shows only its newest"),
            (self.lost, "Given up: {days}"),
            (self.past if self.reason else (), f"Not fetched yet: {{days}} ({self.reason.rstrip('.')})"),
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


# ----------------------------------------------------------------- what a poll has brought, and the notices that follow


# formats in which the day of a digest is the day of arXiv's announcement
BATCH_FORMATS = frozenset({"arxiv_rss", "arxiv_atom", "arxiv_listing_html"})
COUNT_NAMES = ("digests", "papers", "new", "updated", "unchanged", "archived", "failed_summaries")
LOSS_WARNINGS = frozenset({  # warnings that papers, or parts of them, could not be read
    "bad_json_line", "declared_mismatch", "entry_without_text", "entry_without_title", "incomplete_group",
    "possibly_capped", "unparsed_heading",
})  # fmt: skip
LONGEST_DETAIL = 500  # characters
MIN_SUMMARIES = 4  # with fewer papers the share of failed summaries is ignored


@dataclass(slots=True)
class Tally:
    """The papers and problems that the documents of one poll, or of one scan of files, have brought so far."""

    # by unit
    observations: defaultdict[str, list[verdicts.Observation]] = field(default_factory=lambda: defaultdict(list))
    counts: dict[str, int] = field(default_factory=lambda: dict.fromkeys(COUNT_NAMES, 0))
    filed: verdicts.Filed = field(default_factory=verdicts.Filed)
    remarks: list[str] = field(default_factory=list)  # sentences about parts of documents that could not be read
    receipt: int | None = None  # the number of the receipt in the store; None: not written yet

    def add(self, digest: model.Digest, done: Ingested) -> None:
        """Adds a digest that was stored."""
        papers = len({paper.key for paper in digest.entries})
        failed = len({paper.key for paper in digest.entries if paper.failed})
        failures = 0 if done.already_known or done.archive else failed
        filed = _filed_now(done)
        numbers = (1, papers, done.new, done.updated, done.unchanged, filed, failures)
        for name, number in zip(COUNT_NAMES, numbers, strict=True):
            self.counts[name] += number
        self.filed = self.filed.with_papers(filed, digest.day, announced=done.announced)
        self.remarks += _remarks(digest, done)

    def receipt_of(self, source: str, verdict: verdicts.PollVerdict, at: datetime, missed: str = "") -> Receipt:
        """Returns the receipt of a source. `missed`: sentences about missed days."""
        detail = " ".join(filter(None, (verdict.detail, missed, self.filed.as_sentence(source), *self.remarks)))
        return Receipt(
            source=source,
            at=at,
            outcome=verdict.outcome,
            counts=dict(self.counts),
            detail=detail[:LONGEST_DETAIL],
            id=self.receipt,
        )


def read_of(receipt: Receipt) -> SourceRead:
    """Returns the numbers of a receipt for the metrics."""
    papers, new = receipt.counts.get("papers", 0), receipt.counts.get("new", 0)
    return SourceRead(source=receipt.source, outcome=receipt.outcome.value, papers=papers, new=new)


def notify_of_filed(
    store: Scope, deps: PollDependencies, source: SourceSettings, filed: verdicts.Filed, now: datetime
) -> None:
    """Notifies operators of papers that came too late to be announced. Raises StoreError."""
    if filed.papers:
        notice = PapersFiled(source=source.name, days=notices.runs_in_notice(runs(filed.days)), papers=filed.papers)
        notices.notify_operators(store, deps.admins, notice, now=now)


def notify_of_missed(store: Scope, deps: PollDependencies, source: str, missed: MissedDays, now: datetime) -> None:
    """Notifies operators of days that were given up or cannot be fetched. Raises StoreError."""
    if lost := (*missed.lost, *missed.gone):
        days, given_up = notices.runs_in_notice(runs(lost)), bool(missed.lost)
        notice = DaysMissed(source=source, days=days, given_up=given_up)
        notices.notify_operators(store, deps.admins, notice, now=now)


def truncation(digest: model.Digest) -> str:
    """Returns the sentence for a document that breaks off; "" if it is whole."""
    cut = next((warning.message for warning in digest.warnings if warning.code == "xml_truncated"), "")
    return f"{cut[:1].upper()}{cut[1:]}." if cut else ""


def observation_of(digest: model.Digest, done: Ingested, *, changed: bool) -> verdicts.Observation:
    """Returns the observation of a digest that was stored."""
    return verdicts.Observation(
        day=digest.day,
        papers=len(digest.entries),
        fresh=0 if done.archive else done.new + done.updated + done.announced,
        filed=_filed_now(done),
        changed=changed and not done.archive,
        batch=digest.format in BATCH_FORMATS,
        problem=truncation(digest),
    )


def _filed_now(done: Ingested) -> int:
    """Returns how many papers of a digest were stored without being announced; 0 if an earlier receipt counted them."""
    return 0 if done.already_known else done.archived


def _remarks(digest: model.Digest, done: Ingested) -> list[str]:
    """Returns a sentence for each kind of unreadable parts of a digest, and one about papers that count as sent."""
    counted = [f"{done.counted:,} papers came before the database was lost, and count as sent."] if done.counted else []
    lost = [warning for warning in digest.warnings if warning.code in LOSS_WARNINGS]
    return counted + [f"{one.message[:1].upper()}{one.message[1:]}{_examples(one.examples)}." for one in lost]


def _examples(examples: Sequence[str]) -> str:
    return f" ({'; '.join(examples[:2])})" if examples else ""


def trouble_after(before: SourceTrouble | None, receipt: Receipt, *, quietly: bool = False) -> SourceTrouble | None:
    """Returns the trouble of a source after a receipt; None if there is none.

    `quietly`: a failure does not count as trouble yet.
    """
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
    deps: PollDependencies,
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
            notices.notify_source(store, deps.admins, trouble, receipt, batch=batch, parts=parts, now=now)
    elif before in (SourceTrouble.FAILED, SourceTrouble.LATE):
        notices.notify_source(store, deps.admins, None, receipt, batch=batch, now=now)


# ---------------------------------------------------------------------------- decisions about one document of a source


# a date further in the future is a mistake; if it were stored, the days before it would look old
FUTURE = timedelta(days=2)
LONGEST_PROBLEM = 200  # characters of the sentence about one document


def reason_of(error: UnknownFormat | BrokenDigest) -> str:
    """Returns why a document cannot be read, for a receipt."""
    return short(error.brief if isinstance(error, UnknownFormat) else str(error.sentence))


def short(text: str) -> str:
    """Returns a sentence for a receipt: one line, at most LONGEST_PROBLEM characters."""
    return clip(" ".join(text.split()), LONGEST_PROBLEM)


def feed_error(digest: model.Digest) -> str:
    """Returns the error message that a document contains instead of papers; "" if it contains none."""
    return next((f"{w.message[:1].upper()}{w.message[1:]}" for w in digest.warnings if w.code == "feed_error"), "")


def future_problem(digest: model.Digest, source: str, now: datetime) -> str:
    """Returns why a digest is not stored because its day lies in the future; "" if its day does not."""
    if digest.day is None or digest.day <= (now + FUTURE).date():
        return ""
    return f"{source}: its date, {digest.day}, lies in the future; it is not stored."


def with_staleness(digest: model.Digest, due: Overdue | None) -> model.Digest:
    """Returns the digest; with a warning (docs/formats.md) if arXiv's feed or list does not have the due papers yet."""
    if digest.format not in BATCH_FORMATS or due is None or due.batch is None:
        return digest
    if digest.day and digest.day >= due.batch and digest.entries:
        return digest
    message = f"that of {digest.day}, with {len(digest.entries)} papers, and not yet that of {due.batch}"
    return replace(digest, warnings=(*digest.warnings, model.DigestWarning(code="stale_feed", message=message)))


def seen_now(seen: stored_sources.DocumentSeen, found: Fetched, digest: model.Digest) -> stored_sources.DocumentSeen:
    """Returns what is stored about a document.

    If the document broke off, its validators are left out, so that it is fetched again.
    """
    whole = not truncation(digest)
    return replace(
        seen,
        etag=found.etag if whole else "",
        modified=found.modified if whole else "",
        digest=digest.content_hash,
        day=digest.day,
        papers=len(digest.entries),
        batch=digest.format in BATCH_FORMATS,
    )


# ---------------------------------------------------------------------------- writes the receipts of files and folders


log = logging.getLogger("paperwire")


@dataclass(slots=True)
class _Scan:
    """One scan of a source's files. The whole scan gets one receipt."""

    is_first: bool  # the source had no receipt before
    tally: Tally = field(default_factory=Tally)
    receipt: Receipt | None = None


class FileReceiptWriter:
    """Writes receipts for scans of files, for files that cannot be read, and for files that are late.

    Its methods raise StoreError.
    """

    def __init__(self, deps: PollDependencies) -> None:
        self.deps = deps
        self._scans: dict[str, _Scan] = {}

    def record_stored(
        self, source: SourceSettings, digest: model.Digest, transaction: Transaction, done: Ingested
    ) -> None:
        """Records a stored file, in the transaction that stored it.

        Writes no receipt if the file was known and announces nothing.
        """
        if done.already_known and not done.announced:
            return
        now, timing, known = self.deps.clock.now(), self.deps.timing, self._known(transaction, source)
        state = known.state if known else stored_sources.SourceState(since=now)
        scan = self._scans.setdefault(source.name, _Scan(known is None or known.last is None))
        observations = scan.tally.observations[""]
        observations.append(observation_of(digest, done, changed=True))
        scan.tally.add(digest, done)
        observation = verdicts.joined(observations)
        due, resting = timing.due(source, observation, now)
        had = due is not None and state.came.get("") == due.at
        verdict = verdicts.poll_verdict(
            observation, due, now, had=had, resting=resting, awaited=timing.is_awaited(source)
        )
        if verdict.is_final and due is not None:
            state = replace(state, came={"": due.at})
        scan.receipt = scan.tally.receipt_of(source.name, verdict, now)
        scan.tally.receipt = self._write_receipt(transaction, source, state, scan.receipt)

    async def finish_scan(self, source: SourceSettings) -> None:
        """Ends a scan. The next file of the source begins a new scan."""
        scan = self._scans.pop(source.name, None)
        if scan is None:
            return
        if scan.receipt:
            self.deps.observe(read_of(scan.receipt))
        filed, now = scan.tally.filed, self.deps.clock.now()
        if sentence := filed.as_sentence(source.name):
            log.info("%s: %s", source.name, sentence, extra={"source": source.name})
        if not scan.is_first:
            await self.deps.store.run(notify_of_filed, self.deps, source, filed, now)

    async def record_failed(self, source: SourceSettings, sentence: str) -> None:
        """Records that a file or folder cannot be read."""
        verdict = verdicts.PollVerdict(outcome=Outcome.FAILED, is_final=False, detail=sentence)
        now = self.deps.clock.now()
        receipt = Tally().receipt_of(source.name, verdict, now)
        known = self._known(self.deps.store, source)
        state = known.state if known else stored_sources.SourceState(since=now)
        self.deps.observe(read_of(receipt))
        await self.deps.store.run(writes(self._write_receipt), source, state, receipt)
        if before := self._scans.get(source.name):  # later files of this scan get a new receipt
            if before.receipt:
                self.deps.observe(read_of(before.receipt))
            self._scans[source.name] = _Scan(before.is_first, Tally(filed=before.tally.filed))

    async def record_late(self, source: SourceSettings, known: stored_sources.KnownSource) -> None:
        """Records that the file that is due in a folder is late. Further calls for the same file change nothing."""
        now = self.deps.clock.now()
        schedule = self.deps.timing.schedule(source)
        due = schedule.due_now(now) if schedule else None
        if due is None or now - due.at < LATE_AFTER or _is_accounted_for(known, due):
            return
        verdict = verdicts.PollVerdict(
            outcome=Outcome.LATE, is_final=False, detail=f"Due since {due.at:%Y-%m-%d %H:%M} UTC."
        )
        receipt = Tally().receipt_of(source.name, verdict, now)
        await self.deps.store.run(writes(self._write_receipt), source, known.state, receipt)

    def _known(self, store: Scope, source: SourceSettings) -> stored_sources.KnownSource | None:
        return next((one for one in stored_sources.known_sources(store) if one.name == source.name), None)

    def _write_receipt(
        self, transaction: Transaction, source: SourceSettings, state: stored_sources.SourceState, receipt: Receipt
    ) -> int:
        """Writes a receipt, or replaces it if it has a number already. Returns its number."""
        after = replace(state, trouble=trouble_after(state.trouble, receipt))
        number = notices.note_poll(transaction, receipt, after, {})
        is_batch = source.schedule == "arxiv"
        notify_of_trouble(transaction, self.deps, state.trouble, after.trouble, receipt, batch=is_batch, now=receipt.at)
        return number


def _is_accounted_for(known: stored_sources.KnownSource, due: Overdue) -> bool:
    """Returns whether a receipt since `due` says that a file came or is late, or the source is newer than `due`."""
    since, settled, last = known.state.since, known.settled_at, known.last
    return (
        (since is None or due.at < since)
        or (settled is not None and settled >= due.at)
        or (last is not None and last.outcome is Outcome.LATE and last.at >= due.at)
    )
