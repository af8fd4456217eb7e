"""One look at a source: what its documents brought, what that means, the receipt and state that follow, when operators are told."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta

from bot.settings import SourceSettings
from bot.sources import documents
from bot.sources.fetch_request import is_dated
from bot.sources.ingest import PollDependencies
from subscriptions.model import Digest
from subscriptions.notices import Notice, days_missed, papers_filed, source_recovered
from subscriptions.planning import archives, receipts, source_calendar, source_trouble
from subscriptions.planning.missed_days import LOSSES, End, MissedDays, runs
from subscriptions.planning.receipts import Outcome, PollVerdict, Receipt
from subscriptions.service import notices
from subscriptions.service.findings import source_finding
from subscriptions.states import SourceTrouble
from subscriptions.store import digests as stored_digests
from subscriptions.store.database.store import Transaction
from subscriptions.store.digests import Ingested
from subscriptions.store.sources import KnownSource, SourceState, note_poll

BUSY_TIMES = 3  # failures in a row before operators are notified of a server that only asks for a wait
MISSED = "missed days"  # the name of an extra unit; its verdict is not final until all missed days are fetched
COUNT_NAMES = ("digests", "papers", "new", "updated", "unchanged", "archived", "failed_summaries")
LOSS_WARNINGS = frozenset({  # warnings that papers, or parts of them, could not be read
    "bad_json_line", "declared_mismatch", "entry_without_text", "entry_without_title", "incomplete_group",
    "possibly_capped", "refused_entries", "unparsed_heading",
})  # fmt: skip
LONGEST_DETAIL = 500  # characters


class Look:
    """One look at a source, on the web or in a folder, and what it has found so far.

    A source has one unit, or several: each category of arXiv, which has its own address, is a unit. A look leaves one
    receipt. It is written together with each document, and for the last time by `close`.
    """

    def __init__(self, deps: PollDependencies, source: SourceSettings, known: KnownSource) -> None:
        """`known` is the state of the source before the look."""
        self.deps = deps
        self.source = source
        self.known = known
        self.now = deps.clock.now()
        self.units: dict[str, None] = {"": None}  # the units of the source, in order
        self.observations: defaultdict[str, list[receipts.Observation]] = defaultdict(list)  # by unit
        self.counts = dict.fromkeys(COUNT_NAMES, 0)
        self.filed = archives.Filed()
        self.remarks: list[str] = []  # sentences about parts of documents that could not be read
        self.seen = dict(known.seen)  # by address_key
        self.split = known.state.split  # archives of arXiv that are requested by category
        self.missed = MissedDays(
            days=dict(known.state.missed_days),
            upto=known.state.upto,
            current=deps.timing.current_days(source, self.now),
        )
        self.retry_after = timedelta(0)  # the longest wait that a server asked for
        self.is_busy = False  # whether a server asked this look to wait
        self.has_news = False  # whether a document had new papers that are announced, so that it is no archive
        self.unread = known.state.unread  # files of a folder that cannot be read
        self.state = known.state  # after the last receipt
        self.receipt: Receipt | None = None  # the last one; None: not written yet

    # ── what the documents brought ────────────────────────────────────────────

    def add(self, digest: Digest, done: Ingested) -> None:
        """Adds the papers of a digest that was stored."""
        failed = len({paper.key for paper in digest.entries if paper.failed})
        failures = 0 if done.already_known or done.archive else failed
        filed = _filed_now(done)
        papers = len({paper.key for paper in digest.entries})
        numbers = (1, papers, done.new, done.updated, done.unchanged, filed, failures)
        for name, number in zip(COUNT_NAMES, numbers, strict=True):
            self.counts[name] += number
        self.has_news = self.has_news or bool(done.new and not done.archive)
        self.filed = self.filed.with_papers(filed, digest.day, announced=done.announced)
        self.remarks += _remarks(digest)

    def observe(
        self, transaction: Transaction, digest: Digest, done: Ingested, *, unit: str = "", changed: bool = True
    ) -> None:
        """Adds a digest of a unit, in the transaction that stored it. `changed`: it differs from the last one."""
        self.add(digest, done)
        observation = receipts.Observation(
            day=digest.day,
            papers=len(digest.entries),
            fresh=0 if done.archive else done.new + done.updated + done.announced,
            filed=_filed_now(done),
            changed=changed and not done.archive,
            batch=digest.format in documents.BATCH_FORMATS,
            problem=documents.truncation(digest),
        )
        due, _ = self.deps.timing.due(self.source, observation, self.now)
        if not done.archive:
            before = due.readable_since if due else self.now
            news = done.revised + stored_digests.first_brought(transaction, digest, self.source.name, before=before)
            observation = replace(observation, news=news)
        if observation.batch and observation.news and digest.day:
            self.deps.announced_batches.add(digest.day)
        self.observations[unit].append(observation)

    # ── what that means ───────────────────────────────────────────────────────

    def has_come(self, unit: str) -> bool:
        """Returns whether an earlier look at a category of arXiv brought the batch that is due."""
        due = None
        if self.source.arxiv:
            due = self.deps.timing.batch_due(self.source, self.now)
        return self._is_settled(unit, due)

    def verdict_of(self, unit: str) -> PollVerdict | None:
        """Returns the verdict on a unit; None if it was not requested because an earlier look brought the papers due."""
        if unit not in self.observations:
            if self.has_come(unit):
                return None
            return PollVerdict(outcome=Outcome.STALE, is_final=False, detail="It was not asked yet.")
        observation, due, resting = self.due(unit)
        return receipts.poll_verdict(
            observation,
            due,
            self.now,
            had=self._is_settled(unit, due),
            others=due is not None and due.batch in self.deps.announced_batches,
            resting=resting,
            awaited=self.deps.timing.is_awaited(self.source),
        )

    def due(self, unit: str) -> tuple[receipts.Observation, source_calendar.Overdue | None, bool]:
        """Returns the observation of a unit, and then the two values of `SourceSchedules.due` for it."""
        observation = receipts.joined(self.observations.get(unit, ()))
        return observation, *self.deps.timing.due(self.source, observation, self.now)

    def _is_settled(self, unit: str, due: source_calendar.Overdue | None) -> bool:
        return due is not None and self.known.state.came.get(unit) == due.at

    # ── the receipt, the new state and the notices that follow ────────────────

    def write(self, transaction: Transaction, *, is_over: bool = False) -> Receipt:
        """Writes the receipt and the state so far, and returns the receipt. `is_over`: nothing more is requested."""
        by_unit = {unit: verdict for unit in self.units if (verdict := self.verdict_of(unit))}
        settled = [unit for unit, one in by_unit.items() if one.is_final]
        if not is_over and (self.missed.past or self.missed.of(*LOSSES)):
            detail = "They were not all asked for yet."
            by_unit[MISSED] = PollVerdict(outcome=Outcome.STALE, is_final=False, detail=detail)
        verdict = receipts.verdict_of_all(by_unit)
        if verdict.is_final and verdict.outcome in (Outcome.QUIET, Outcome.STALE) and self.has_news:
            verdict = replace(verdict, outcome=Outcome.NEW)  # missed days brought new papers
        receipt = self._receipt_of(verdict)
        self.state = self._state_after(receipt, settled, is_final=verdict.is_final, is_over=is_over)
        self.receipt = replace(receipt, id=note_poll(transaction, receipt, self.state, self.seen))
        return self.receipt

    def close(self, transaction: Transaction) -> Receipt:
        """Writes the final receipt and state, and notifies operators, in one transaction. Raises StoreError."""
        receipt = self.write(transaction, is_over=True)
        self.tell_of_trouble(transaction, receipt)
        self.tell_of_old_days(transaction)
        return receipt

    def tell_of_trouble(self, transaction: Transaction, receipt: Receipt) -> None:
        """Notifies operators of trouble with the source, and of the end of trouble."""
        before, trouble = self.known.state.trouble, self.state.trouble
        is_told = trouble is SourceTrouble.SUMMARIES or (trouble is not None and trouble.value == receipt.outcome.value)
        is_over = trouble is None and before in source_trouble.BEHIND
        if not (is_told or is_over):
            return
        came = self.state.came
        newest = max(came.values(), default=None)
        parts = tuple(unit for unit in self.units if unit and newest and came.get(unit) != newest)
        after = replace(self.known, state=self.state, last=receipt, seen=self.seen)
        finding = source_finding(after, trouble, self.now, parts)
        self._tell(transaction, finding.notice() if finding else source_recovered(self.source.name))

    def tell_of_old_days(self, transaction: Transaction) -> None:
        """Notifies operators of days that are lost, and of papers that came too late to be announced."""
        if lost := self.missed.of(*LOSSES):
            given_up = bool(self.missed.of(End.LOST))
            self._tell(transaction, days_missed(self.source.name, runs(lost), given_up=given_up))
        if self.filed.papers and self.known.last is not None:  # at the first look at a source old papers are expected
            self._tell(transaction, papers_filed(self.source.name, runs(self.filed.days), self.filed.papers))

    def _tell(self, transaction: Transaction, notice: Notice) -> None:
        notices.notify_operators(transaction, self.deps.admins, notice, now=self.now)

    def _receipt_of(self, verdict: PollVerdict) -> Receipt:
        missed = self.missed.notified(partly=not is_dated(self.source))
        said = (verdict.detail, missed, self.filed.as_sentence(self.source.name), *self.remarks)
        return Receipt(
            source=self.source.name,
            at=self.now,
            outcome=verdict.outcome,
            counts=dict(self.counts),
            detail=" ".join(filter(None, said))[:LONGEST_DETAIL],
            id=self.receipt.id if self.receipt else None,
        )

    def _state_after(self, receipt: Receipt, settled: Iterable[str], *, is_final: bool, is_over: bool) -> SourceState:
        """Returns the state of the source after this receipt. `settled`: the units that have brought what was due."""
        before, failed = self.known.state, receipt.outcome is Outcome.FAILED
        failures = before.failures + 1 if failed else 0
        came = {unit: at for unit, at in before.came.items() if unit in self.units}
        came |= {unit: due.at for unit in settled if (due := self.due(unit)[1])}
        is_bearable = failed and self.is_busy and failures < BUSY_TIMES
        return replace(
            before,
            next_at=self._next_at(failures, is_final=is_final),
            failures=failures,
            came=came,
            looked_at=self.now if is_over and not failed else before.looked_at,
            split=self.split,
            upto=self.missed.upto,
            missed_days=dict(self.missed.days) if is_over else self.missed.untold,
            trouble=before.trouble if is_bearable else self._trouble_after(receipt),
            unread=self.unread,
        )

    def _trouble_after(self, receipt: Receipt) -> SourceTrouble | None:
        if self.unread:
            return SourceTrouble.FAILED
        return source_trouble.trouble_after(self.known.state.trouble, receipt)

    def _next_at(self, failures: int, *, is_final: bool) -> datetime | None:
        schedule = self.deps.timing.schedule(self.source)
        if self.source.path is not None or schedule is None:
            return None
        if failures:
            return self._again(failures)
        following = source_calendar.poll_again(schedule, self.now, settled=is_final)
        if self.missed.past:
            return min(following, self._again(max(self.missed.tries, 1)))
        return following

    def _again(self, failures: int) -> datetime:
        return self.now + source_calendar.wait_after_failure(failures, self.retry_after, self.deps.jitter())


def _filed_now(done: Ingested) -> int:
    """Returns how many papers of a digest were stored without being announced; 0 if an earlier receipt counted them."""
    return 0 if done.already_known else done.archived


def _remarks(digest: Digest) -> list[str]:
    """Returns a sentence for each kind of unreadable parts of a digest."""
    lost = [warning for warning in digest.warnings if warning.code in LOSS_WARNINGS]
    return [f"{one.message[:1].upper()}{one.message[1:]}." for one in lost]
