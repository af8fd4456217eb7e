"""The result of a poll: its documents, how far it has read, and its account."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from http import HTTPStatus

from bot.digests import read_digest
from bot.errors import BrokenDigest, FetchError, UnknownFormat
from bot.settings import SourceSettings
from bot.settings.model import is_arxivs_own
from bot.sources import fetch_request, receipts
from bot.sources.fetch_request import FetchRequest
from bot.sources.fetcher import Fetched, Fetcher, Unchanged
from bot.sources.ingest import PollContext, store_digest
from bot.sources.receipts import MissedDays
from subscriptions.cutting import clip
from subscriptions.model import Digest, DigestWarning
from subscriptions.notices.operations import DaysMissed
from subscriptions.planning.receipts import (
    UNKNOWN,
    Arrival,
    Filed,
    Observation,
    Outcome,
    PollVerdict,
    Receipt,
    joined,
    poll_verdict,
    verdict_of_all,
)
from subscriptions.planning.source_calendar import Overdue, Schedule, poll_again, wait_after_failure
from subscriptions.service import notices
from subscriptions.store.database.store import Store, Transaction
from subscriptions.store.digests import Ingested
from subscriptions.store.sources import DocumentSeen, KnownSource, SourceState


@dataclass(frozen=True, slots=True, kw_only=True)
class PollProgress:
    """The part of a poll's state from which receipt and source state are written with each document."""

    observations: Mapping[str, tuple[Observation, ...]] = field(default_factory=dict)  # by unit
    counts: Mapping[str, int] = field(default_factory=lambda: receipts.ZERO_COUNTS)
    seen: Mapping[str, DocumentSeen] = field(default_factory=dict)  # by address_key
    split: tuple[str, ...] = ()  # archives of arXiv that are requested by category
    missed_days: MissedDays = field(default_factory=MissedDays)
    filed: Filed = field(default_factory=Filed)
    remarks: tuple[str, ...] = ()  # sentences about parts of documents that could not be read
    receipt: int | None = None  # the number of the receipt in the store; None: not written yet

    def with_observation(self, unit: str, observation: Observation) -> "PollProgress":
        """Returns the progress with one more observation of a unit."""
        observations = (*self.observations.get(unit, ()), observation)
        return replace(self, observations={**self.observations, unit: observations})

    def with_digest(self, digest: Digest, done: Ingested) -> "PollProgress":
        """Returns the progress with one more digest that was stored."""
        more = receipts.counts_of(digest, done)
        counts = {name: number + more[name] for name, number in self.counts.items()}
        filed = receipts.filed_with(self.filed, digest, done)
        return replace(self, counts=counts, filed=filed, remarks=(*self.remarks, *receipts.remarks_of(digest, done)))


@dataclass(slots=True, kw_only=True)
class PollRun:
    """One poll: its source, and everything that it has seen so far.

    A source has one unit, or several: the categories of arXiv, each with its own address.
    """

    context: PollContext
    source: SourceSettings
    known: KnownSource  # the source's state before the poll
    schedule: Schedule
    now: datetime
    current_days: tuple[date, ...]  # the days of the regular requests
    progress: PollProgress
    units: dict[str, None] = field(default_factory=dict)  # the units of the source, in order
    broken_days: set[date] = field(default_factory=set)  # days of dated addresses whose documents cannot be read
    closed_hosts: dict[str, str] = field(default_factory=dict)  # host -> why this poll sends no more requests to it
    retry_after: timedelta = timedelta(0)  # the longest wait that a server asked for
    is_busy: bool = False  # whether a server only asked for a wait
    is_behind: bool = False  # whether there are missed days not fetched yet, or lost days not notified of yet
    is_over: bool = False  # whether this poll sends no more requests

    @staticmethod
    def of(context: PollContext, source: SourceSettings, known: KnownSource) -> "PollRun":
        """Returns a poll of a source on the web that begins now."""
        now, state = context.ingest_context.clock.now(), known.state
        schedule = context.timing.schedule(source)
        assert schedule is not None  # noqa: S101 - only files have none
        return PollRun(
            context=context,
            source=source,
            known=known,
            schedule=schedule,
            now=now,
            current_days=context.timing.current_days(source, now),
            progress=PollProgress(
                seen=known.seen, split=state.split, missed_days=MissedDays(days=state.missed_days, upto=state.upto)
            ),
        )

    @property
    def missed_days(self) -> MissedDays:
        """The missed days of the progress."""
        return self.progress.missed_days

    def set_missed_days(self, missed_days: MissedDays) -> None:
        """Replaces the missed days in the progress."""
        self.progress = replace(self.progress, missed_days=missed_days)

    def requests(self) -> tuple[FetchRequest, ...]:
        """Returns the regular requests, and adds their units to `units`."""
        requests = fetch_request.requests_of(self.source, self.now, split=self.progress.split, sites=self.context.sites)
        self.units.update(dict.fromkeys(request.unit for request in requests))
        return requests

    def note_observation(self, request: FetchRequest, observation: Observation) -> None:
        """Adds the observation of a request's document to the progress."""
        if request.day and observation.problem:
            self.broken_days.add(request.day)
        self.progress = self.progress.with_observation(request.unit, observation)

    def has_come(self, unit: str) -> bool:
        """Returns whether a category brought the batch that is due in an earlier poll. False for sources without categories."""
        due = self.context.timing.batch_due(self.source, self.now) if self.source.arxiv else None
        return due is not None and self.known.state.came.get(unit) == due.at

    @property
    def has_failed(self) -> bool:
        """Whether a document of a regular request could not be read."""
        return any(one.problem for observations in self.progress.observations.values() for one in observations)


# ---------------------------------------------------------------------------- decisions about one document of a source


FUTURE = timedelta(days=2)  # a date further ahead is a mistake; if it were stored, later days would look old
LONGEST_PROBLEM = 200  # characters of the sentence about one document


def reason_of(error: UnknownFormat | BrokenDigest) -> str:
    """Returns why a document cannot be read, for a receipt."""
    return short(error.brief if isinstance(error, UnknownFormat) else str(error.sentence))


def short(text: str) -> str:
    """Returns a sentence for a receipt: one line, at most LONGEST_PROBLEM characters."""
    return clip(" ".join(text.split()), LONGEST_PROBLEM)


def is_absent(request: FetchRequest, error: FetchError) -> bool:
    """Returns whether the error only means that a document of the request `may_miss` is not published yet."""
    return request.may_miss and error.status in (HTTPStatus.NOT_FOUND, HTTPStatus.GONE)


def feed_error(digest: Digest) -> str:
    """Returns the error message that a document contains instead of papers; "" if it contains none."""
    return next((f"{w.message[:1].upper()}{w.message[1:]}" for w in digest.warnings if w.code == "feed_error"), "")


def future_problem(digest: Digest, source: str, now: datetime) -> str:
    """Returns why a digest is not stored because its day lies in the future; "" if its day does not."""
    if digest.day is None or digest.day <= (now + FUTURE).date():
        return ""
    return f"{source}: its date, {digest.day}, lies in the future; it is not stored."


def with_staleness(digest: Digest, due: Overdue | None) -> Digest:
    """Returns the digest, with a warning if it is a feed or list of arXiv without the batch that is due (docs/formats.md)."""
    if digest.format not in receipts.BATCH_FORMATS or due is None or due.batch is None:
        return digest
    if digest.day and digest.day >= due.batch and digest.entries:
        return digest
    message = f"that of {digest.day}, with {len(digest.entries)} papers, and not yet that of {due.batch}"
    return replace(digest, warnings=(*digest.warnings, DigestWarning(code="stale_feed", message=message)))


def seen_now(seen: DocumentSeen, found: Fetched, digest: Digest) -> DocumentSeen:
    """Returns what is remembered of a document. A document that broke off has no validators, so that it is fetched again."""
    whole = "xml_truncated" not in {warning.code for warning in digest.warnings}
    return replace(
        seen,
        etag=found.etag if whole else "",
        modified=found.modified if whole else "",
        digest=digest.content_hash,
        day=digest.day,
        papers=len(digest.entries),
        batch=digest.format in receipts.BATCH_FORMATS,
    )


# ----------------------------------------------------------------- fetches, reads and stores the documents of one poll


@dataclass(frozen=True, slots=True)
class PollDocuments:
    """Fetches, reads and stores the documents of one poll."""

    run: PollRun
    fetcher: Fetcher

    async def fetch(self, request: FetchRequest, seen: DocumentSeen | None = None) -> Fetched | Unchanged:
        """Returns the document of a request; Unchanged if it is still the one that was `seen`. Raises FetchError."""
        if seen is None:
            return await self.fetcher.fetch(request.url)
        return await self.fetcher.fetch(request.url, etag=seen.etag, modified=seen.modified)

    async def read(self, request: FetchRequest, data: bytes) -> Digest:
        """Returns the digest in a document. Raises UnknownFormat, BrokenDigest."""
        source = self.run.source
        name = fetch_request.document_name(source.name, request.url)
        return await asyncio.to_thread(read_digest, data, name, format=request.format, language=source.language)

    async def store(
        self, digest: Digest, write: Callable[[Transaction, Ingested], PollProgress], arrival: Arrival = UNKNOWN
    ) -> Ingested:
        """Stores a digest and calls `write` in the same transaction. The progress that `write` returns becomes the run's."""
        source, follows = self.run.source, list[PollProgress]()

        def note(transaction: Transaction, done: Ingested) -> None:
            follows.append(write(transaction, done))

        done = await store_digest(
            self.run.context.ingest_context,
            digest,
            source=source.name,
            note=note,
            announce=source.announce == "all",
            arrival=arrival,
            of_arxiv=is_arxivs_own(source),
        )
        (self.run.progress,) = follows
        return done


# ------------------------------------ the receipt, the new state and the notices that follow from what a poll has seen


BUSY_TIMES = 3  # failures in a row after which operators are notified of a server that only asks to wait
MISSED = "missed days"  # the name of a separate unit, for the verdict while missed days are not fetched yet


def write_progress(run: PollRun, progress: PollProgress, transaction: Transaction) -> PollProgress:
    """Writes the receipt and the state so far. Returns the progress with the number of the receipt."""
    receipt, state = account(run, progress)
    return replace(progress, receipt=notices.note_poll(transaction, receipt, state, _documents(run, progress)))


def close(store: Store, run: PollRun) -> Receipt:
    """Writes the final receipt and state, and notifies operators, in one transaction. Raises StoreError."""
    receipt, state = account(run, run.progress)
    with store.write() as transaction:
        notices.note_poll(transaction, receipt, state, _documents(run, run.progress))
        _notify(run, transaction, receipt, state)
    return receipt


def account(run: PollRun, progress: PollProgress) -> tuple[Receipt, SourceState]:
    """Returns the receipt, and the state of the source, that follow from the progress."""
    verdicts = {unit: verdict for unit in run.units if (verdict := verdict_of(run, progress, unit))}
    if run.is_behind:
        verdicts[MISSED] = PollVerdict(outcome=Outcome.STALE, is_final=False, detail="They were not all asked for yet.")
    verdict = verdict_of_all(verdicts)
    if verdict.is_final and verdict.outcome in (Outcome.QUIET, Outcome.STALE) and progress.counts["new"]:
        verdict = replace(verdict, outcome=Outcome.NEW)  # missed days brought new papers
    missed = progress.missed_days.notified(*run.current_days, partly=not fetch_request.is_dated(run.source))
    filed = progress.filed.as_sentence(run.source.name)
    receipt = Receipt(
        source=run.source.name,
        at=run.now,
        outcome=verdict.outcome,
        counts=progress.counts,
        detail=" ".join(filter(None, (verdict.detail, missed, filed, *progress.remarks)))[: receipts.LONGEST_DETAIL],
        id=progress.receipt,
    )
    return receipt, _state(run, progress, verdicts, receipt, is_final=verdict.is_final)


def verdict_of(run: PollRun, progress: PollProgress, unit: str) -> PollVerdict | None:
    """Returns the verdict on a unit; None if the unit was not requested because an earlier poll brought what is due."""
    observations = progress.observations.get(unit)
    if observations is None:
        if run.has_come(unit):
            return None
        return PollVerdict(outcome=Outcome.STALE, is_final=False, detail="It was not asked yet.")
    observation = joined(observations)
    due, resting = run.context.timing.due(run.source, observation, run.now)
    had = due is not None and run.known.state.came.get(unit) == due.at
    others = due is not None and due.batch in run.context.announced_batches
    awaited = run.schedule.awaited
    return poll_verdict(observation, due, run.now, had=had, others=others, resting=resting, awaited=awaited)


def _state(
    run: PollRun, progress: PollProgress, verdicts: Mapping[str, PollVerdict], receipt: Receipt, *, is_final: bool
) -> SourceState:
    before, missed_days = run.known.state, progress.missed_days
    came = {unit: at for unit, at in before.came.items() if unit in run.units}
    for unit, verdict in verdicts.items():
        if unit == MISSED:
            continue
        due, _ = run.context.timing.due(run.source, joined(progress.observations.get(unit, ())), run.now)
        if verdict.is_final and due is not None:
            came[unit] = due.at
    failures = before.failures + 1 if receipt.outcome is Outcome.FAILED else 0
    if failures:
        next_at = run.now + wait_after_failure(failures, run.retry_after, run.context.jitter())
    else:
        next_at = poll_again(run.schedule, run.now, settled=is_final)
    if missed_days.past(*run.current_days) and not failures:
        tries = max(missed_days.tries(*run.current_days), 1)
        next_at = min(next_at, run.now + wait_after_failure(tries, run.retry_after, run.context.jitter()))
    return replace(
        before,
        next_at=next_at,
        failures=failures,
        came=came,
        looked_at=run.now if run.is_over and receipt.outcome is not Outcome.FAILED else before.looked_at,
        split=progress.split,
        upto=missed_days.upto,
        missed_days=missed_days.days if run.is_over else missed_days.undecided,
        trouble=receipts.trouble_after(before.trouble, receipt, quietly=run.is_busy and failures < BUSY_TIMES),
    )


def _documents(run: PollRun, progress: PollProgress) -> dict[str, DocumentSeen]:
    """Returns what is remembered of each document, by address key. Addresses that are not requested any more are left out."""
    asked = {fetch_request.address_key(request.url) for request in run.requests()}
    return {key: seen for key, seen in progress.seen.items() if key in asked}


def _notify(run: PollRun, transaction: Transaction, receipt: Receipt, state: SourceState) -> None:
    """Notifies operators of trouble, of lost days, and of papers that came too late to be announced."""
    context, source, missed_days = run.context, run.source, run.missed_days
    receipts.notify_of_trouble(
        transaction,
        context,
        run.known.state.trouble,
        state.trouble,
        receipt,
        batch=bool(source.arxiv) or any(seen.batch for seen in run.progress.seen.values()),
        parts=_behind_others(run, state),
        now=run.now,
    )
    if lost := (*missed_days.lost, *missed_days.gone):
        days, given_up = notices.runs_in_notice(receipts.runs(lost)), bool(missed_days.lost)
        missed = DaysMissed(source=source.name, days=days, given_up=given_up)
        notices.notify_operators(transaction, context.admins, missed, now=run.now)
    if run.known.last is not None:  # at the first poll of a source old papers are expected
        receipts.notify_of_filed(transaction, context, source, run.progress.filed, run.now)


def _behind_others(run: PollRun, state: SourceState) -> tuple[str, ...]:
    """Returns the categories that lack the newest batch that any category has."""
    newest = max(state.came.values(), default=None)
    return tuple(unit for unit in run.units if unit and newest and state.came.get(unit) != newest)
