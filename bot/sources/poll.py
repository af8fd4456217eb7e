"""One poll of a source: what was due, what its parts answered, and the receipt and state that follow.

A source has one part, or several: each category of arXiv, which has its own address, is a part. A poll leaves one
receipt. It is written in the transaction that stores a document's papers, and for the last time by `close`.
"""

import random
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from itertools import islice
from shlex import quote

from bot.app import App
from bot.release import installed_version
from bot.settings import SourceSettings
from bot.sources.fetch_request import Sites, is_dated
from bot.sources.fetcher import Fetcher
from bot.sources.ingest import Complete, store_digest
from subscriptions.database.store import Transaction
from subscriptions.maintenance.findings import source_finding
from subscriptions.model import Digest, DigestWarning, SourceTrouble
from subscriptions.outbox import notify as notifying
from subscriptions.outbox.notices import Notice, days_missed, papers_filed, source_recovered
from subscriptions.papers.ingest import Note
from subscriptions.papers.stored import digests as stored_digests
from subscriptions.papers.stored.digests import Ingested
from subscriptions.schedule.calendar import NEWS_FOR, Overdue, Schedule, Schedules, poll_again, wait_after_failure
from subscriptions.sources.poll_results import (
    BEHIND,
    LOSSES,
    SETTLING,
    Answer,
    End,
    MissedDays,
    Outcome,
    Receipt,
    joined,
    outcome_of,
    runs,
    trouble_after,
    worst_of,
)
from subscriptions.sources.stored import KnownSource, Part, SourceState, has_come, note_poll
from subscriptions.text.escaping import counted

BUSY_TIMES = 3  # failures in a row before operators hear of a server that only asks for a wait
MISSED = "missed days"  # the part that keeps a poll from being over until all missed days are asked for
COUNT_NAMES = ("digests", "papers", "new", "updated", "unchanged", "archived", "failed_summaries")
# formats in which the day of a digest is the day of arXiv's announcement
BATCH_FORMATS = frozenset({"arxiv_rss", "arxiv_atom", "arxiv_listing_html"})
LOSS_WARNINGS = frozenset({  # warnings that papers, or parts of them, could not be read
    "bad_json_line", "declared_mismatch", "entry_without_title", "incomplete_group", "possibly_capped",
    "refused_entries", "unparsed_heading",
})  # fmt: skip
LONGEST_DETAIL = 500  # characters of a receipt
MOST_UNREAD = 50  # files of a folder that are stored; a poll sees the others again


@dataclass(frozen=True, slots=True, kw_only=True)
class PollDependencies:
    """The values that all polls of a process share."""

    app: App
    sites: Sites
    fetcher: Fetcher
    complete: Complete | None = None  # None: arXiv is no source
    jitter: Callable[[], float] = random.random

    @classmethod
    def of(cls, app: App) -> "PollDependencies":
        """Return what polls of the sources of the settings need."""
        settings, key = app.settings, app.settings.openalex_key
        contact = settings.contact or ""
        agent = f"paperwire/{installed_version() or 'dev'}" + (f" (+{contact})" if contact else "")
        return cls(
            app=app,
            fetcher=Fetcher(app.clock, agent=agent, allowed_hosts=settings.allowed_hosts),
            sites=Sites(contact=contact, openalex_key=key.get_secret_value() if key else ""),
        )


def schedule_of(schedules: Schedules, source: SourceSettings) -> Schedule | None:
    """Return when a source is polled; None for a file that is only watched."""
    return schedules.read(source.schedule or "", evening=source.is_list)


def due_of(schedules: Schedules, source: SourceSettings, now: datetime) -> Overdue | None:
    """Return what a source should hold by now; None if nothing is expected, or nobody knows."""
    schedule = schedules.read("arxiv" if source.follows_arxiv else source.schedule or "", evening=source.is_list)
    return schedule.due_now(now) if schedule else None


class Poll:
    """What a poll has brought so far, and what is stored of it."""

    def __init__(self, deps: PollDependencies, source: SourceSettings, known: KnownSource) -> None:
        """`known` is the state of the source before the poll."""
        self.deps = deps
        self.source = source
        self.now = deps.app.clock.now()
        self.due = due_of(
            deps.app.store.schedules, source, self.now
        )  # what the source should hold by now; None: nothing
        self.known = known
        self.answers: dict[str, list[Answer]] = {"": []}  # by part, in order; [] of one that was not asked yet
        self.parts = dict(self.known.parts)
        self.unread = self.known.state.unread  # files of a folder that cannot be read
        self.retry_after = timedelta(0)  # the longest wait that a server asked for
        self.is_busy = False  # whether a server asked this poll to wait
        self.days = MissedDays(read_until=self.known.state.read_until, tries=self.known.state.tries)
        self._told: set[date] = set()  # lost days of which operators know
        self._counts = Counter(dict.fromkeys(COUNT_NAMES, 0))
        self._filed_days: set[date] = set()  # the days of papers that were stored, but not announced
        self._announced = 0  # papers that were announced after they had been stored
        self._remarks: list[str] = []  # sentences about parts of documents that could not be read
        self._has_news = False  # whether a document had new papers that are announced, so that it is no archive
        self._state = self.known.state  # after the last receipt
        self.receipt: Receipt | None = None  # the last one; None: not written yet

    async def store(self, digest: Digest, note: Note, *, continues: bool = False) -> Ingested:
        """Store the papers of a document, and in the same transaction what `note` writes.

        Raise StoreError, BrokenDigest.
        """
        return await store_digest(
            self.deps.app,
            digest,
            source=self.source.name,
            note=note,
            announce=self.source.announce == "all",
            continues=continues,
            complete=self.deps.complete,
            of_arxiv=self.source.is_arxivs_own,
        )

    def add(self, digest: Digest, done: Ingested) -> None:
        """Count the papers of a document that was stored."""
        filed, is_news = _filed_now(done), not (done.already_known or done.archive)
        self._counts.update(
            digests=1,
            papers=len({paper.key for paper in digest.entries}),
            new=done.new,
            updated=done.updated,
            unchanged=done.unchanged,
            archived=filed,
            failed_summaries=len({paper.key for paper in digest.entries if paper.failed and is_news}),
        )
        self._has_news = self._has_news or bool(done.new and not done.archive)
        self._filed_days |= {digest.day} if filed and digest.day else set()
        self._announced += done.announced
        self._remarks += [f"{_sentence(one)}." for one in digest.warnings if one.code in LOSS_WARNINGS]

    def observe(
        self, transaction: Transaction, digest: Digest, done: Ingested, *, part: str = "", changed: bool = True
    ) -> None:
        """Add a document of a part, in the transaction that stored it. `changed`: it differs from the last one."""
        self.add(digest, done)
        news = 0
        if not done.archive:
            before = self.due.readable_since if self.due else self.now
            news = done.revised + stored_digests.first_brought(transaction, digest, self.source.name, before=before)
        self.answers[part].append(
            Answer(
                day=digest.day,
                papers=len(digest.entries),
                fresh=0 if done.archive else done.new + done.updated + done.announced,
                filed=_filed_now(done),
                news=news,
                changed=changed and not done.archive,
                batch=digest.format in BATCH_FORMATS,
                problem=truncation(digest),
            )
        )

    def had(self, part: str) -> bool:
        """Return whether an earlier poll brought what is due of a part."""
        return self.due is not None and part in self.known.parts and self.known.parts[part].came == self.due.at

    def outcomes(self, transaction: Transaction) -> dict[str, tuple[Outcome, str]]:
        """Return part → (its outcome so far, why), without the parts that were not asked since theirs had come."""
        due, found = self.due, {}
        for part, answers in self.answers.items():
            if answers:
                answer = joined(answers)
                found[part] = outcome_of(
                    answer,
                    due,
                    self.now,
                    had=self.had(part),
                    others=due is not None and not answer.papers and has_come(transaction, due.at),
                    resting=due is None and self.source.follows_arxiv,
                )
            elif not self.had(part):
                found[part] = Outcome.STALE, "It was not asked yet."
        return found

    def write(self, transaction: Transaction, *, is_over: bool = False) -> Receipt:
        """Write the receipt and the state so far, and return the receipt. `is_over`: nothing more is requested."""
        found = self.outcomes(transaction)
        for part, (outcome, _) in found.items():
            if self.due and outcome in SETTLING:
                self.parts[part] = replace(self.parts.get(part, Part()), came=self.due.at)
        if self.days.left and not is_over:
            found[MISSED] = Outcome.STALE, "They were not all asked for yet."
        outcome, why = worst_of(found)
        if outcome is Outcome.QUIET and self._has_news:
            outcome = Outcome.NEW  # missed days brought new papers
        # the API, which has the days of an address without a date, does not tell what else arXiv announced
        days = self.days.sentences(partly=not is_dated(self.source))
        said = (why, *days, *self._about_filed(), *self._remarks)
        receipt = Receipt(
            source=self.source.name,
            at=self.now,
            outcome=outcome,
            counts=dict(self._counts),
            detail=" ".join(filter(None, said))[:LONGEST_DETAIL],
        )
        self._state = self._state_after(receipt, is_over=is_over)
        self._tell_of_lost_days(transaction)
        note_poll(transaction, receipt, self._state, self.parts)
        self.receipt = receipt
        return receipt

    def close(self, transaction: Transaction) -> Receipt:
        """Write the final receipt and state, and notifies operators, in one transaction. Raise StoreError."""
        receipt = self.write(transaction, is_over=True)
        self._tell_of_trouble(transaction, receipt)
        filed = self._counts["archived"]
        if filed and self.known.last is not None:  # at the first poll of a source old papers are expected
            self._tell(transaction, papers_filed(self.source.name, runs(self._filed_days), filed))
        return receipt

    async def finish(self) -> Receipt:
        """Like `close`, in a transaction of its own."""
        return await self.deps.app.store.write(self.close)

    def _about_filed(self) -> Iterator[str]:
        if days := self._filed_days:
            first, last = min(days), max(days)
            span = f"{first} to {last}" if first < last else first
            filed, name = counted(self._counts["archived"], "paper"), quote(self.source.name)
            yield f"Older than {NEWS_FOR.days} days, so filed and not announced: {filed} of {span}."
            yield f"To announce them: paperwire sources poll {name} --announce."
        if self._announced:
            yield f"Announced after they had been filed: {counted(self._announced, 'paper')}."

    def _state_after(self, receipt: Receipt, *, is_over: bool) -> SourceState:
        before, failed = self.known.state, receipt.outcome is Outcome.FAILED
        failures = before.failures + 1 if failed else 0
        trouble = trouble_after(before.trouble, receipt)
        if self.unread:
            trouble = SourceTrouble.FAILED
        if failed and self.is_busy and failures < BUSY_TIMES:
            trouble = before.trouble
        return SourceState(
            next_at=self._next_at(receipt.outcome, failures),
            failures=failures,
            looked_at=self.now if is_over and not failed else before.looked_at,
            read_until=self.days.read_until,
            tries=self.days.tries,
            trouble=trouble,
            unread=dict(islice(self.unread.items(), MOST_UNREAD)),
            settled_at=self.now if receipt.outcome in SETTLING else before.settled_at,
        )

    def _next_at(self, outcome: Outcome, failures: int) -> datetime | None:
        schedule = schedule_of(self.deps.app.store.schedules, self.source)
        if self.source.path is not None or schedule is None:
            return None
        if failures:
            return self._again(failures)
        following = poll_again(schedule, self.now, settled=outcome in SETTLING)
        return min(following, self._again(max(self.days.tries, 1))) if self.days.left else following

    def _again(self, failures: int) -> datetime:
        return self.now + wait_after_failure(failures, self.retry_after, self.deps.jitter())

    def _tell_of_trouble(self, transaction: Transaction, last: Receipt) -> None:
        """Notify operators of trouble with the source, and of the end of trouble."""
        before, trouble = self.known.state.trouble, self._state.trouble
        is_new = trouble is not None and trouble.value == last.outcome.value
        if not is_new and (trouble is not None or before not in BEHIND):
            return
        newest = max((one.came for one in self.parts.values() if one.came), default=None)
        late = tuple(part for part in self.answers if part and newest and self.parts.get(part, Part()).came != newest)
        after = replace(self.known, state=self._state, last=last, parts=self.parts)
        finding = source_finding(after, trouble, self.now, late)
        self._tell(transaction, finding.notice() if finding else source_recovered(self.source.name))

    def _tell_of_lost_days(self, transaction: Transaction) -> None:
        """Notify operators of lost days, in the transaction that stores the source as read until then."""
        lost = [day for day in self.days.of(*LOSSES) if day not in self._told]
        if lost:
            self._told.update(lost)
            self._tell(transaction, days_missed(self.source.name, runs(lost), given_up=bool(self.days.of(End.LOST))))

    def _tell(self, transaction: Transaction, notice: Notice) -> None:
        notifying.notify_operators(transaction, self.deps.app.settings.admins, notice, now=self.now)


def _filed_now(done: Ingested) -> int:
    """Return how many papers of a document were stored without being announced.

    0 if an earlier receipt counted them.
    """
    return 0 if done.already_known else done.archived


def truncation(digest: Digest) -> str:
    """Return the sentence for a document that breaks off; "" if it is whole."""
    cut = said_in(digest, "xml_truncated")
    return f"{cut}." if cut else ""


def said_in(digest: Digest, code: str) -> str:
    """Return the sentence of a warning about a document, such as "feed_error"; "" if it has none."""
    return next((_sentence(one) for one in digest.warnings if one.code == code), "")


def _sentence(warning: DigestWarning) -> str:
    return warning.message[:1].upper() + warning.message[1:]
