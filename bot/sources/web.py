"""A poll of a source on the web: the regular requests, then those for missed days."""

import logging
from collections.abc import Collection
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from email.utils import parsedate_to_datetime
from http import HTTPStatus

from bot.digests import dated
from bot.log import error_location
from bot.settings import SourceSettings
from bot.sources import fetch_request
from bot.sources.answers import MOST_OLDER_PAGES, read_answer, read_refusal
from bot.sources.fetch_request import FetchRequest, is_dated
from bot.sources.fetcher import Fetched
from bot.sources.ingest import today
from bot.sources.poll import BATCH_FORMATS, Poll, PollDependencies, due_of, said_in, truncation
from subscriptions.database.store import Transaction
from subscriptions.errors import BrokenDigest, FetchError, PaperwireError, UnknownFormat, brief
from subscriptions.model import Announce, Digest, Paper
from subscriptions.papers.stored.digests import Ingested
from subscriptions.schedule.calendar import DAY, ArxivSchedule, Schedules
from subscriptions.sources.poll_results import SETTLING, Answer, End, Receipt
from subscriptions.sources.stored import KnownSource, Part
from subscriptions.text.cutting import cut_letters

log = logging.getLogger("paperwire")

HISTORY = timedelta(days=4)  # how far back arXiv is read at the first start, if it is the only source
# a date further in the future is a mistake; if it were stored, the days before it would look old
FUTURE = timedelta(days=2)
MAX_DAYS_COUNTED = timedelta(days=60)  # days longer ago do not count as missed
BY_MISTAKE = "It could not be read, by a mistake of paperwire; the log says where."
NOT_MODIFIED_FOR = timedelta(days=1)  # how long a server is believed that a document has not changed
LONGEST_PROBLEM = 200  # characters of the sentence about one document


class WebPoll(Poll):
    """One poll of a source on the web."""

    def __init__(self, deps: PollDependencies, source: SourceSettings, known: KnownSource) -> None:
        super().__init__(deps, source, known)
        self._schedules = deps.app.store.schedules
        self._current = current_days(self._schedules, source, self.now)
        self._days_due: tuple[date, ...] = ()
        self._unread_days: set[date] = set()  # days of dated addresses whose documents cannot be read
        self._closed_hosts: dict[str, str] = {}  # host → why this poll sends no more requests to it

    async def run(self, *, everything: bool = False, history: bool = False) -> Receipt:
        """Ask the source, store what it answers, and return the receipt. Raise StoreError.

        Without `everything`, categories that have already brought the papers that are due are not requested again. With
        `history`, the last days before the first poll count as missed.
        """
        after = self.known.state.read_until
        if history and after is None:
            after = (self.now - HISTORY).date()
        self._days_due = days_due(self._schedules, self.source, after, self.now)
        self.days.begin(self._days_due, self._current, self.now.date())
        await self._ask_regularly(everything=everything)
        await self._ask_for_missed_days()
        return await self.finish()

    async def _ask_regularly(self, *, everything: bool) -> None:
        """Ask each part for its newest document, and for all that follows from an answer."""
        known, since = self.known, None
        if name := self.source.database:
            since = fetch_request.asked_since(name, known.since or self.now, known.state.looked_at, self.now)
        requests = fetch_request.requests_of(self.source, self.now, since=since, sites=self.deps.sites)
        self.answers = {request.part: [] for request in requests}
        kept = {*self.answers, *(request.document for request in requests)}
        self.parts = {name: part for name, part in self.parts.items() if name in kept}
        for request in requests:
            if everything or not self.had(request.part):
                await self._ask_for_all(request)

    async def _ask_for_missed_days(self) -> None:
        """Ask for the missed days, oldest first."""
        failed = any(one.problem for answers in self.answers.values() for one in answers)
        # earlier polls brought what was submitted before the oldest day, except what moderators held back
        oldest = self.days.left[0] if self.days.left and self.known.state.read_until else None
        for day in list(self.days.left):
            request = fetch_request.missed_day_request(
                self.source, day, self._schedules.calendar, is_oldest=day == oldest, sites=self.deps.sites
            )
            if request is not None:
                await self._ask_for_all(request)
            elif not failed:  # if the poll failed, the source may still show that day once it works again
                self.days.settle(day, End.GONE)

    def close(self, transaction: Transaction) -> Receipt:
        """Write the final receipt. If no day is missed, the source is read until the newest day that has come."""
        if not self.days.left and is_dated(self.source):
            _, yesterday = self._current
            if yesterday not in self._unread_days:
                self.days.read_until = yesterday
        elif not self.days.left and self._days_due and self._has_settled(transaction):
            self.days.read_until = self._days_due[-1]
        return super().close(transaction)

    def _has_settled(self, transaction: Transaction) -> bool:
        return all(outcome in SETTLING for outcome, _ in self.outcomes(transaction).values())

    async def _ask_for_all(self, request: FetchRequest) -> None:
        """Ask for a document, and for all that follow from it.

        An unexpected error is a problem of its document only.
        """
        try:
            for following in await self._ask(request):
                await self._ask_for_all(following)
        except (UnknownFormat, BrokenDigest) as error:
            self._note(request, Answer(problem=_short(brief(error))))
        except PaperwireError:
            raise
        except Exception as error:  # noqa: BLE001 - the answer of a foreign server may cause any error
            name = self.source.name
            log.error("%s: %s", name, error_location(error), extra={"source": name})
            self._note(request, Answer(problem=BY_MISTAKE))

    def _note(self, request: FetchRequest, answer: Answer) -> tuple[FetchRequest, ...]:
        """Note the answer of a document that brings no papers. Return (), since no request follows from it."""
        if not request.is_missed:
            if request.day and answer.problem:
                self._unread_days.add(request.day)
            self.answers[request.part].append(answer)
        elif request.day and answer.absent:
            self.days.settle(request.day, End.ABSENT)
        elif request.day and answer.problem:
            self.days.fail(request.day, answer.problem, answered=request.host not in self._closed_hosts)
        return ()

    async def _ask(self, request: FetchRequest) -> tuple[FetchRequest, ...]:
        """Fetch and store one document. Return the requests that follow from it.

        Raise UnknownFormat, BrokenDigest.
        """
        if why := self._closed_hosts.get(request.host):
            return self._note(request, Answer(problem=why))
        last = self.parts.get(request.document, Part()) if request.is_newest else Part()
        etag, modified = validators_of(last, self.now)
        try:
            found = await self.deps.fetcher.fetch(request.url, etag=etag, modified=modified)
        except FetchError as error:
            return self._note(request, await self._not_fetched(request, error))
        if found is None:
            return self._note(request, Answer(day=last.day, papers=last.papers, batch=last.batch))
        return await self._read_answer(request, found, is_first=not last.digest and request.page == 1)

    async def _read_answer(self, request: FetchRequest, found: Fetched, *, is_first: bool) -> tuple[FetchRequest, ...]:
        """Store a document that was fetched. Return the requests that follow from it."""
        name, language = self.source.name, self.source.language
        try:
            answer = await self.deps.app.sandbox.read(
                request.named(name), read_answer, found.data, request, name, language
            )
        except FetchError as error:
            return self._note(request, await self._not_fetched(request, error))
        following, missing = answer.following, answer.missing
        if missing:
            self._note(request, Answer(problem=_short(missing)))
        if answer.digest is None:
            self._note(request, Answer())
            return following
        digest = self._adapted(answer.digest, request)
        problem = said_in(digest, "feed_error")
        if digest.day and digest.day > (self.now + FUTURE).date():
            problem = f"{self.source.name}: its date, {digest.day}, lies in the future; it is not stored."
        if problem:
            return self._note(request, Answer(problem=problem))
        if request.part and said_in(digest, "possibly_capped"):
            following += fetch_request.by_category(request, self.deps.sites)
        # "not modified" must not hide at the next poll that a document broke off or that papers are missing
        whole = not (following or missing or truncation(digest))
        is_last = not (following or missing)
        done = await self._store_answer(request, digest, found if whole else Fetched(data=b""), is_last=is_last)
        if not answer.older or following or is_first or not done.new or done.updated + done.unchanged:
            return following
        # every paper was new, so older pages may have more new papers
        if request.page >= MOST_OLDER_PAGES:
            return self._note(
                request,
                Answer(problem=f"All of its newest {answer.older.start:,} papers are new; older ones are missing."),
            )
        return (answer.older,)

    async def _not_fetched(self, request: FetchRequest, error: FetchError) -> Answer:
        """Return the answer of a document that could not be fetched."""
        if request.may_miss and error.status in (HTTPStatus.NOT_FOUND, HTTPStatus.GONE):
            return Answer(absent=True)
        is_busy, reason = error.busy, ""
        if error.body and not is_busy:
            with suppress(BrokenDigest):
                is_busy, reason = await self.deps.app.sandbox.read(
                    "", read_refusal, error.body, request, error.status, self.source.name
                )
        self.retry_after = max(self.retry_after, error.retry_after)
        self.is_busy = self.is_busy or is_busy
        if error.host_wide:
            self._closed_hosts[request.host] = str(error.sentence)
        return Answer(problem=_short(reason or str(error.sentence if is_busy or request.is_missed else error)))

    def _adapted(self, digest: Digest, request: FetchRequest) -> Digest:
        """Return the digest of a request with the day that counts.

        Papers of arXiv's API as the feed announced them.
        """
        if request.history:
            categories = fetch_request.categories_of(self.source)
            entries = tuple(_announced(one, categories) for one in digest.entries)
            return replace(digest, day=request.day, entries=entries)
        if request.day or (digest.day and digest.format not in BATCH_FORMATS):
            # the day is that of the newest entry, whose date may be wrong; journals announce issues of months to come
            return dated(digest, request.day or today(self.deps.app))
        return digest

    async def _store_answer(self, request: FetchRequest, digest: Digest, found: Fetched, *, is_last: bool) -> Ingested:
        """Store the papers of a document, the receipt and the state, and the validators of `found`.

        Raise BrokenDigest, also for a missed day that breaks off, after its complete entries were stored.
        """
        last, cut = self.parts.get(request.document, Part()), truncation(digest)

        def note(transaction: Transaction, done: Ingested) -> None:
            if request.is_missed:
                self.add(digest, done)
                if request.day and is_last and not cut:
                    self.days.settle(request.day, End.FETCHED)
            else:
                changed = digest.content_hash != last.digest if request.is_newest else not done.already_known
                self.observe(transaction, digest, done, part=request.part, changed=changed)
                if request.page == 1:
                    self.parts[request.document] = Part(
                        came=last.came,
                        etag=found.etag,
                        modified=found.modified,
                        fetched_at=self.now,
                        digest=digest.content_hash,
                        day=digest.day,
                        papers=len(digest.entries),
                        batch=digest.format in BATCH_FORMATS,
                    )
            self.write(transaction)

        continues = digest.is_feed and not request.is_missed and self.known.state.looked_at is not None
        done = await self.store(digest, note, continues=continues)
        if request.is_missed and cut:
            raise BrokenDigest(f"{self.source.name}: {cut}")
        return done


def validators_of(last: Part, now: datetime) -> tuple[str, str]:
    """Return (ETag, Last-Modified) of a document for a conditional request; "" for those that are not believed.

    A server may answer "not modified" for ever: after a day of it, the document is requested whole. A date in the future
    would never be passed.
    """
    if last.fetched_at is None or now - last.fetched_at >= NOT_MODIFIED_FOR or last.fetched_at > now:
        return "", ""
    if not last.modified:
        return last.etag, ""
    try:
        modified = parsedate_to_datetime(last.modified)
    except (ValueError, OverflowError):
        return last.etag, ""
    lies_ahead = (modified if modified.tzinfo else modified.replace(tzinfo=UTC)) > now
    return ("", "") if lies_ahead else (last.etag, last.modified)


def _short(text: str) -> str:
    """Return a sentence for a receipt: one line, at most LONGEST_PROBLEM characters."""
    return cut_letters(" ".join(text.split()), LONGEST_PROBLEM)


def _announced(paper: Paper, categories: Collection[str]) -> Paper:
    """Return a paper of a missed day, with the announce type of the feeds of these categories: new or cross-list."""
    primary = paper.primary or ""
    here = any(primary == code or primary.startswith(f"{code}.") for code in categories)
    return replace(paper, announce_type=Announce.NEW if here else Announce.CROSS)


def current_days(schedules: Schedules, source: SourceSettings, now: datetime) -> tuple[date, ...]:
    """Return the days of the regular requests: today and yesterday for a dated address, else arXiv's batch."""
    if is_dated(source):
        today = now.astimezone(UTC).date()
        return today, today - DAY
    due = due_of(schedules, source, now)
    return (due.batch,) if due and due.batch else ()


def days_due(schedules: Schedules, source: SourceSettings, after: date | None, now: datetime) -> tuple[date, ...]:
    """Return the days after `after` that a source should have brought by `now`, oldest first.

    If `after` is None, returns only the current day. Nobody knows the days of other sources than arXiv's and those
    with a date in the address.
    """
    today = now.astimezone(UTC).date()
    if after is None or after > today + DAY:  # a time in the future was stored before the clock was set back
        return current_days(schedules, source, now)[:1]
    first = max(after, today - MAX_DAYS_COUNTED) + DAY
    if is_dated(source):
        return tuple(first + DAY * n for n in range((today - first).days + 1))
    if not source.follows_arxiv:
        return ()
    arxiv = ArxivSchedule(calendar=schedules.calendar, evening=source.is_list)
    days = arxiv.calendar.announcement_days(first, today + DAY)
    return tuple(day for day in days if arxiv.expected_at(day) <= now)
