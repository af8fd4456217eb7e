"""Asks a source on the web: first the regular requests, then those for missed days, how many pages and how far back."""

import asyncio
import logging
from collections import deque
from contextlib import suppress
from dataclasses import replace
from datetime import date, timedelta
from http import HTTPStatus
from urllib.parse import urlsplit

from bot.digests import dated, read_digest
from bot.errors import BrokenDigest, FetchError, UnknownFormat, error_location
from bot.settings import SourceSettings
from bot.sources import databases, fetch_request
from bot.sources.fetch_request import FetchRequest
from bot.sources.fetcher import Fetched, Fetcher
from bot.sources.ingest import today
from bot.sources.poll import (
    BATCH_FORMATS,
    Poll,
    PollDependencies,
    current_days,
    days_due,
    feed_error,
    short,
    truncation,
    why_unread,
)
from subscriptions.errors import PaperwireError
from subscriptions.model import Digest
from subscriptions.planning.receipts import SETTLING, Answer, End, Receipt
from subscriptions.store.database.store import Transaction, writes
from subscriptions.store.stored_digests import Ingested
from subscriptions.store.stored_sources import KnownSource, Part

log = logging.getLogger("paperwire")

HISTORY = timedelta(days=4)  # how far back arXiv is read at the first start, if it is the only source
# a date further in the future is a mistake; if it were stored, the days before it would look old
FUTURE = timedelta(days=2)
BY_MISTAKE = "It could not be read, by a mistake of paperwire; the log says where."


async def poll_web(
    deps: PollDependencies,
    fetcher: Fetcher,
    source: SourceSettings,
    known: KnownSource,
    *,
    everything: bool = False,
    history: bool = False,
) -> Receipt:
    """Polls a source on the web and returns the receipt. Raises StoreError.

    Without `everything`, categories that have already brought the papers that are due are not requested again. With
    `history`, the last days before the first poll count as missed.
    """
    asking = _Asking(Poll(deps, source, known), fetcher)
    asking.note_missed_days(history=history)
    await asking.ask_regularly(everything=everything)
    await asking.ask_for_missed_days()
    return await deps.store.run(writes(asking.close))


class _Asking:
    """The requests of one poll."""

    def __init__(self, poll: Poll, fetcher: Fetcher) -> None:
        self._poll = poll
        self._fetcher = fetcher
        self._deps, self._source, self._now = poll.deps, poll.source, poll.now
        self._schedules = poll.deps.store.schedules
        self._state = poll.known.state  # before the poll
        self._days_due: tuple[date, ...] = ()
        self._unread_days: set[date] = set()  # days of dated addresses whose documents cannot be read
        self._closed_hosts: dict[str, str] = {}  # host → why this poll sends no more requests to it

    def note_missed_days(self, *, history: bool) -> None:
        """Finds the days that earlier polls should have brought. Those that are too old are given up."""
        after = self._state.read_until
        if history and after is None:
            after = (self._now - HISTORY).date()
        self._days_due = days_due(self._schedules, self._source, after, self._now)
        self._poll.days.begin(self._days_due, current_days(self._schedules, self._source, self._now), self._now.date())

    async def ask_regularly(self, *, everything: bool) -> None:
        """Asks each part for its newest document, and for all that follows from an answer."""
        poll, source, since = self._poll, self._source, None
        if source.database:
            declared = poll.known.since or self._now
            since = databases.asked_since(source.database, declared, self._state.looked_at, self._now)
        requests = fetch_request.requests_of(source, self._now, since=since, sites=self._deps.sites)
        poll.asked = dict.fromkeys(request.part for request in requests)
        kept = {*poll.asked, *(request.document for request in requests)}
        poll.parts = {name: part for name, part in poll.parts.items() if name in kept}
        for request in requests:
            if everything or not poll.had(request.part):
                await self._ask_for_all(request)

    async def ask_for_missed_days(self) -> None:
        """Asks for the missed days, oldest first."""
        poll, days = self._poll, self._poll.days
        failed = any(one.problem for answers in poll.answers.values() for one in answers)
        # earlier polls brought what was submitted before the oldest day, except what moderators held back
        oldest = days.left[0] if days.left and self._state.read_until else None
        for day in list(days.left):
            request = fetch_request.missed_day_request(
                self._source, day, self._schedules.calendar, is_oldest=day == oldest, sites=self._deps.sites
            )
            if request is not None:
                await self._ask_for_all(request)
            elif not failed:  # if the poll failed, the source may still show that day once it works again
                days.settle(day, End.GONE)

    def close(self, transaction: Transaction) -> Receipt:
        """Writes the final receipt. If no day is missed, the source is read until the newest day that has come."""
        poll = self._poll
        if not poll.days.left and fetch_request.is_dated(self._source):
            _, yesterday = current_days(self._schedules, self._source, self._now)
            if yesterday not in self._unread_days:
                poll.days.read_until = yesterday
        elif not poll.days.left and self._days_due:
            outcomes = poll.outcomes(transaction).values()
            if all(outcome in SETTLING for outcome, _ in outcomes):
                poll.days.read_until = self._days_due[-1]
        return poll.close(transaction)

    async def _ask_for_all(self, request: FetchRequest) -> None:
        """Asks for a document, and for all that follow from it. An unexpected error is a problem of its document only."""
        waiting = deque([request])
        while waiting:
            request = waiting.popleft()
            try:
                waiting.extendleft(reversed(await self._ask(request)))
            except (UnknownFormat, BrokenDigest) as error:
                self._note(request, Answer(problem=why_unread(error)))
            except PaperwireError:
                raise
            except Exception as error:  # noqa: BLE001 - the answer of a foreign server may cause any error
                name = self._source.name
                log.error("%s: %s", name, error_location(error), extra={"source": name})
                self._note(request, Answer(problem=BY_MISTAKE))

    def _note(self, request: FetchRequest, answer: Answer) -> tuple[FetchRequest, ...]:
        """Notes the answer of a document that brings no papers. Returns (), since no request follows from it."""
        if not request.is_missed:
            if request.day and answer.problem:
                self._unread_days.add(request.day)
            self._poll.answers[request.part].append(answer)
        elif request.day and answer.absent:
            self._poll.days.settle(request.day, End.ABSENT)
        elif request.day and answer.problem:
            self._poll.days.fail(request.day, answer.problem, answered=_host(request) not in self._closed_hosts)
        return ()

    async def _ask(self, request: FetchRequest) -> tuple[FetchRequest, ...]:
        """Fetches and stores one document. Returns the requests that follow from it. Raises UnknownFormat, BrokenDigest."""
        if why := self._closed_hosts.get(_host(request)):
            return self._note(request, Answer(problem=why))
        last = self._poll.parts.get(request.document, Part()) if request.is_newest else Part()
        try:
            found = await self._fetcher.fetch(request.url, etag=last.etag, modified=last.modified)
        except FetchError as error:
            return self._note(request, await self._not_fetched(request, error))
        if found is None:
            return self._note(request, Answer(day=last.day, papers=last.papers, batch=last.batch))
        return await self._read_answer(request, found, is_first=not last.digest and request.page == 1)

    async def _read_answer(self, request: FetchRequest, found: Fetched, *, is_first: bool) -> tuple[FetchRequest, ...]:
        """Stores a document that was fetched. Returns the requests that follow from it."""
        following, missing = await asyncio.to_thread(fetch_request.rest_of_answer, request, found.data)
        if missing:
            self._note(request, Answer(problem=short(missing)))
        if databases.is_list(request.database, request.url):
            self._note(request, Answer())
            return following
        digest = self._adapted(await self._read(request, found.data), request)
        if problem := feed_error(digest) or self._lies_ahead(digest):
            return self._note(request, Answer(problem=problem))
        if request.part and any(one.code == "possibly_capped" for one in digest.warnings):
            following += fetch_request.by_category(request, self._deps.sites)
        # "not modified" must not hide at the next poll that a document broke off or that papers are missing
        whole = not (following or missing or truncation(digest))
        done = await self._store(request, digest, found if whole else Fetched(data=b""), is_last=not following)
        if not (following or is_first) and done.new and not done.updated + done.unchanged:
            # every paper was new, so older pages may have more new papers
            return fetch_request.older_page(request, found.data)
        return following

    async def _not_fetched(self, request: FetchRequest, error: FetchError) -> Answer:
        """Returns the answer of a document that could not be fetched."""
        if request.may_miss and error.status in (HTTPStatus.NOT_FOUND, HTTPStatus.GONE):
            return Answer(absent=True)
        self._poll.retry_after = max(self._poll.retry_after, error.retry_after)
        self._poll.is_busy = self._poll.is_busy or error.busy
        if error.host_wide:
            self._closed_hosts[_host(request)] = str(error.sentence)
        problem = str(error.sentence if error.busy or request.is_missed else error)
        if request.database and not error.busy:
            problem = databases.refusal(error.body) or problem
        elif error.status == HTTPStatus.BAD_REQUEST:  # arXiv reports an error as a feed
            with suppress(UnknownFormat, BrokenDigest):
                problem = feed_error(await self._read(request, error.body)) or problem
        return Answer(problem=short(problem))

    async def _read(self, request: FetchRequest, data: bytes) -> Digest:
        """Returns the digest in a document. Raises UnknownFormat, BrokenDigest."""
        name = fetch_request.document_name(self._source.name, request.url)
        language = self._source.language
        return await asyncio.to_thread(read_digest, data, name, format=request.format, language=language)

    def _adapted(self, digest: Digest, request: FetchRequest) -> Digest:
        """Returns the digest of a request with the day that counts; papers of arXiv's API as the feed announced them."""
        if request.history:
            categories = fetch_request.categories_of(self._source)
            entries = tuple(fetch_request.announced(paper, categories) for paper in digest.entries)
            return replace(digest, day=request.day, entries=entries)
        if request.is_missed:
            return replace(digest, day=digest.day or request.day)
        if digest.is_feed and digest.day:  # journals announce issues of months to come
            return dated(digest, today(self._deps))
        return digest

    def _lies_ahead(self, digest: Digest) -> str:
        """Returns why a digest is not stored because its day lies in the future; "" if its day does not."""
        if digest.day is None or digest.day <= (self._now + FUTURE).date():
            return ""
        return f"{self._source.name}: its date, {digest.day}, lies in the future; it is not stored."

    async def _store(self, request: FetchRequest, digest: Digest, found: Fetched, *, is_last: bool) -> Ingested:
        """Stores the papers of a document, the receipt and the state, and the validators of `found`.

        Raises BrokenDigest, also for a missed day that breaks off, after its complete entries were stored.
        """
        poll = self._poll
        last, cut = poll.parts.get(request.document, Part()), truncation(digest)
        now = Part(
            came=last.came,
            etag=found.etag,
            modified=found.modified,
            digest=digest.content_hash,
            day=digest.day,
            papers=len(digest.entries),
            batch=digest.format in BATCH_FORMATS,
        )

        def note(transaction: Transaction, done: Ingested) -> None:
            if request.is_missed:
                poll.add(digest, done)
                if request.day and is_last and not cut:
                    poll.days.settle(request.day, End.FETCHED)
            else:
                changed = now.digest != last.digest if request.is_newest else not done.already_known
                poll.observe(transaction, digest, done, part=request.part, changed=changed)
                if request.page == 1:
                    poll.parts[request.document] = now
            poll.write(transaction)

        continues = digest.is_feed and not request.is_missed and self._state.looked_at is not None
        done = await poll.store(digest, note, continues=continues)
        if request.is_missed and cut:
            raise BrokenDigest(f"{self._source.name}: {cut}")
        return done


def _host(request: FetchRequest) -> str:
    return urlsplit(request.url).hostname or ""
