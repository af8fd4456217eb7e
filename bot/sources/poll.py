"""One poll of a source on the web: first the regular requests, then those for missed days, how many pages and how far back."""

import asyncio
import logging
from collections import deque
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from http import HTTPStatus
from urllib.parse import urlsplit

from bot.digests import dated, read_digest
from bot.errors import BrokenDigest, FetchError, UnknownFormat, error_location
from bot.settings import SourceSettings
from bot.sources import databases, documents, fetch_request
from bot.sources.fetch_request import FetchRequest
from bot.sources.fetcher import Fetched, Fetcher
from bot.sources.ingest import PollDependencies, store_digest, today
from bot.sources.look import Look
from subscriptions.errors import PaperwireError
from subscriptions.model import Digest
from subscriptions.planning.missed_days import End
from subscriptions.planning.receipts import Observation, Receipt, joined
from subscriptions.store import sources as stored_sources
from subscriptions.store.database.store import Transaction, writes
from subscriptions.store.digests import Ingested

log = logging.getLogger("paperwire")

HISTORY = timedelta(days=4)  # how far back arXiv is read at the first start, if it is the only source
MISSED_PAGES = 12  # most pages of one missed day
BY_MISTAKE = "It could not be read, by a mistake of paperwire; the log says where."

Note = Callable[[Transaction, Ingested], None]


class Poll:
    """One poll of a source on the web.

    The transaction that stores a document also writes the receipt and the state of the source.
    """

    def __init__(
        self, deps: PollDependencies, fetcher: Fetcher, source: SourceSettings, known: stored_sources.KnownSource
    ) -> None:
        self._deps = deps
        self._fetcher = fetcher
        self._source = source
        self._state = known.state  # before the poll
        self._look = Look(deps, source, known)
        self._now = self._look.now
        self._broken_days: set[date] = set()  # days of dated addresses whose documents cannot be read
        self._closed_hosts: dict[str, str] = {}  # host -> why this poll sends no more requests to it

    def _day_of_database(self) -> date | None:
        """Returns the day since which the source's database is asked for papers; None for other sources."""
        if not self._source.database:
            return None
        since = self._state.since or self._now
        return databases.asked_since(self._source.database, since, self._state.looked_at, self._now)

    async def run(self, *, everything: bool = False, history: bool = False) -> Receipt:
        """Polls the source and returns the receipt. Raises StoreError.

        Without `everything`, categories that have already brought the papers that are due are not requested again. With
        `history`, the last days before the first poll count as missed.
        """
        missed = self._look.missed
        after = missed.upto
        if history and missed.upto is None:
            after = (self._now - HISTORY).date()
        missed.add_due(self._deps.timing.days_due(self._source, after, self._now), self._now.date())
        waiting = deque(self._requests())
        while waiting:
            request = waiting.popleft()
            if everything or not self._look.has_come(request.unit):
                waiting.extendleft(reversed(await self._ask_safely(request)))
        self._take_off_read_days()
        await self._fetch_missed_days()
        return await self._deps.store.run(writes(self._look.close))

    def _requests(self) -> tuple[FetchRequest, ...]:
        """Returns the regular requests, whose units become those of the look."""
        look, sites = self._look, self._deps.sites
        requests = fetch_request.requests_of(
            self._source, self._now, split=look.split, since=self._day_of_database(), sites=sites
        )
        look.units = dict.fromkeys(request.unit for request in requests)
        asked = {fetch_request.address_key(request.url) for request in requests}
        look.seen = {key: seen for key, seen in look.seen.items() if key in asked}
        return requests

    # ── one document ──────────────────────────────────────────────────────────

    async def _ask_safely(self, request: FetchRequest) -> tuple[FetchRequest, ...]:
        """Like `_ask`, but logs an unexpected error, which then is a problem of this document only."""
        try:
            return await self._ask(request)
        except BrokenDigest as error:  # it could not be stored
            return self._observe(request, Observation(problem=documents.reason_of(error)))
        except PaperwireError:
            raise
        except Exception as error:  # noqa: BLE001 - the answer of a foreign server may cause any error
            name = self._source.name
            log.error("%s: %s", name, error_location(error), extra={"source": name})
            return self._observe(request, Observation(problem=BY_MISTAKE))

    def _observe(self, request: FetchRequest, observation: Observation) -> tuple[FetchRequest, ...]:
        """Notes the observation of a document that brings no papers. Returns (), since no request follows from it."""
        if request.day and observation.problem:
            self._broken_days.add(request.day)
        self._look.observations[request.unit].append(observation)
        return ()

    async def _ask(self, request: FetchRequest) -> tuple[FetchRequest, ...]:
        """Fetches and stores one document. Returns the requests that follow from it."""
        host = urlsplit(request.url).hostname or ""
        if host in self._closed_hosts:
            return self._observe(request, Observation(problem=self._closed_hosts[host]))
        seen = self._look.seen.get(fetch_request.address_key(request.url), stored_sources.DocumentSeen())
        validators = seen if request.page == 1 else stored_sources.DocumentSeen()
        try:
            found = await self._fetcher.fetch(request.url, etag=validators.etag, modified=validators.modified)
        except FetchError as error:
            return self._observe(request, await self._not_fetched(request, error, host))
        if found is None:
            return self._observe(request, Observation(day=seen.day, papers=seen.papers, batch=seen.batch))
        return await self._read_answer(request, found, seen)

    async def _read_answer(
        self, request: FetchRequest, found: Fetched, seen: stored_sources.DocumentSeen
    ) -> tuple[FetchRequest, ...]:
        """Stores a document that was fetched. Returns the requests that follow from it."""
        following, missing = await self._what_follows(request, found.data)
        if missing:
            self._observe(request, Observation(problem=documents.short(missing)))
        if databases.is_list(request.database, request.url):
            self._observe(request, Observation())
            return following
        try:
            digest = await self._read(request, found.data)
        except (UnknownFormat, BrokenDigest) as error:
            return self._observe(request, Observation(problem=documents.reason_of(error)))
        if digest.is_feed and digest.day:  # journals announce issues of months to come
            digest = dated(digest, today(self._deps))
        if problem := documents.feed_error(digest) or documents.future_problem(digest, self._source.name, self._now):
            return self._observe(request, Observation(problem=problem))
        capped = "possibly_capped" in {warning.code for warning in digest.warnings}
        parts: tuple[fetch_request.FetchRequest, ...] = ()
        if capped and request.unit:
            parts = self._by_category(request)
        now_seen = documents.seen_now(seen, found, digest)
        if following or missing:  # "not modified" must not hide at the next poll that papers are missing
            now_seen = replace(now_seen, etag="", modified="")
        done = await self._take_in(request, digest, now_seen, is_split=bool(parts))
        read_before = bool(seen.digest) or request.page > 1
        if not following and read_before and done.new and not done.updated + done.unchanged:
            # every paper was new, so older pages may have more new papers
            following = _as_tuple(fetch_request.older_page(request, found.data))
        return (*following, *parts)

    async def _what_follows(self, request: FetchRequest, data: bytes) -> tuple[tuple[FetchRequest, ...], str]:
        """Returns (the requests for the rest of an answer, why a part of it is missing or "")."""
        if request.database:
            return await asyncio.to_thread(fetch_request.rest_of_answer, request, data)
        return _as_tuple(fetch_request.next_page(request, data)), ""

    async def _not_fetched(self, request: FetchRequest, error: FetchError, host: str) -> Observation:
        """Returns the observation of a document that could not be fetched."""
        if _is_absent(request, error):
            return Observation(absent=True)
        self._look.retry_after = max(self._look.retry_after, error.retry_after)
        self._look.is_busy = self._look.is_busy or error.busy
        if error.host_wide:
            self._closed_hosts[host] = str(error.sentence)
        if request.database and not error.busy and (problem := databases.refusal(error.body)):
            return Observation(problem=documents.short(problem))
        if error.status != HTTPStatus.BAD_REQUEST:
            return Observation(problem=documents.short(str(error.sentence if error.busy else error)))
        try:  # arXiv reports an error as a feed with status 400
            problem = documents.feed_error(await self._read(request, error.body))
        except (UnknownFormat, BrokenDigest):
            problem = ""
        return Observation(problem=problem or str(error.sentence))

    async def _read(self, request: FetchRequest, data: bytes) -> Digest:
        """Returns the digest in a document. Raises UnknownFormat, BrokenDigest."""
        name = fetch_request.document_name(self._source.name, request.url)
        language = self._source.language
        return await asyncio.to_thread(read_digest, data, name, format=request.format, language=language)

    def _by_category(self, request: FetchRequest) -> tuple[FetchRequest, ...]:
        """Returns a request for each category of an archive that is too large for one feed.

        Each category becomes a unit.
        """
        unit, sites = request.unit, self._deps.sites
        source = self._source.model_copy(update={"arxiv": (unit,)})
        requests = fetch_request.requests_of(source, self._now, split=(unit,), sites=sites)
        more = tuple(one for one in requests if one.unit not in self._look.units)
        self._look.units.update(dict.fromkeys(one.unit for one in more))
        return more

    async def _take_in(
        self, request: FetchRequest, digest: Digest, seen: stored_sources.DocumentSeen, *, is_split: bool
    ) -> Ingested:
        """Stores the papers of a document of a regular request."""
        look, key = self._look, fetch_request.address_key(request.url)
        before = look.seen.get(key, stored_sources.DocumentSeen())

        def note(transaction: Transaction, done: Ingested) -> None:
            changed = not done.already_known if request.page > 1 else seen.digest != before.digest
            look.observe(transaction, digest, done, unit=request.unit, changed=changed)
            if request.page == 1:
                look.seen[key] = seen
            if is_split:
                look.split = tuple(dict.fromkeys((*look.split, request.unit)))
            look.write(transaction)

        continues = digest.is_feed and self._state.looked_at is not None
        return await self._store(digest, note, continues=continues)

    async def _store(self, digest: Digest, note: Note, *, continues: bool = False) -> Ingested:
        source = self._source
        return await store_digest(
            self._deps,
            digest,
            source=source.name,
            note=note,
            announce=source.announce == "all",
            continues=continues,
            complete=self._deps.complete,
            of_arxiv=source.is_arxivs_own,
        )

    # ── missed days ───────────────────────────────────────────────────────────

    def _take_off_read_days(self) -> None:
        """Removes the days that the regular requests have brought from the missed days."""
        look, missed = self._look, self._look.missed
        if fetch_request.is_dated(self._source):
            missed.take_off(day for day in missed.current[1:] if day not in self._broken_days)
            return
        if all(verdict is None or verdict.is_final for verdict in map(look.verdict_of, look.units)):
            missed.take_off(missed.current)
        observations = [joined(look.observations.get(unit, ())) for unit in look.units]
        shown = {one.day for one in observations if one.batch and one.news and not one.problem}
        # on weekends nothing is due, but a list still shows Friday's papers, which were read
        if len(shown) == 1 and len(observations) == 1:
            missed.take_off(filter(None, shown))

    async def _fetch_missed_days(self) -> None:
        """Fetches the missed days, oldest first, until one of them cannot be fetched. Raises StoreError."""
        failed = any(one.problem for seen in self._look.observations.values() for one in seen)
        for number, day in enumerate(self._look.missed.past):
            request = fetch_request.backfill_request(
                self._source,
                day,
                self._deps.timing.calendar,
                missing=self._missing_categories(day),
                oldest=number == 0 and self._was_polled_before(day),
                sites=self._deps.sites,
            )
            if request is None:
                if not failed:  # if the poll failed, the source may still show that day once it works again
                    self._look.missed.settle(day, End.GONE)
            elif closed := self._closed_hosts.get(urlsplit(request.url).hostname or ""):
                self._look.missed.reason = closed
                return
            elif not await self._fetch_day(day, request):
                return

    def _missing_categories(self, day: date) -> tuple[str, ...]:
        """Returns the categories of arXiv whose papers of a day have not come, as far as is known; () for other sources."""
        came, at = self._state.came, self._deps.timing.expected_at(self._source, day)
        return tuple(unit for unit in self._look.units if unit and came.get(unit) != at)

    def _was_polled_before(self, day: date) -> bool:
        """Returns whether the source was already polled more than MODERATION_HOLD before `day`.

        If so, earlier polls brought the papers submitted before `day`, except those that arXiv's moderators held back.
        """
        state, first = self._state, day - fetch_request.MODERATION_HOLD
        return state.upto is not None and state.since is not None and state.since.date() < first

    async def _fetch_day(self, day: date, request: FetchRequest) -> bool:
        """Fetches all pages of a day. Returns whether to go on with the next day."""
        following: FetchRequest | None = request
        try:
            while following is not None:
                following = await self._read_page(day, following)
        except FetchError as error:
            if _is_absent(request, error):
                self._look.missed.settle(day, End.ABSENT)
                return True
            self._look.retry_after = max(self._look.retry_after, error.retry_after)
            answered = bool(error.status) and not (error.host_wide or error.busy)
            self._look.missed.fail(day, documents.short(str(error.sentence)), answered=answered)
            return False
        except (UnknownFormat, BrokenDigest) as error:
            self._look.missed.fail(day, documents.reason_of(error))
        return True

    async def _read_page(self, day: date, request: FetchRequest) -> FetchRequest | None:
        """Stores the papers of one page of a missed day. Returns the request for the next page."""
        found = await self._fetcher.fetch(request.url)
        assert found is not None  # noqa: S101 - only a request with validators returns None
        digest = await self._read(request, found.data)
        if problem := documents.feed_error(digest):
            raise BrokenDigest(f"{self._source.name}: {problem}")
        digest = replace(digest, day=digest.day or day)
        if request.history:
            categories = fetch_request.categories_of(self._source)
            entries = tuple(fetch_request.announced(paper, categories) for paper in digest.entries)
            digest = replace(digest, day=day, entries=entries)
        following = None
        if request.page < MISSED_PAGES:
            following = fetch_request.next_page(request, found.data)
        cut = documents.truncation(digest)

        def note(transaction: Transaction, done: Ingested) -> None:
            self._look.add(digest, done)
            if not (following or cut):
                self._look.missed.settle(day, End.FETCHED)
            self._look.write(transaction)

        await self._store(digest, note)
        if cut:
            raise BrokenDigest(f"{self._source.name}: {cut}")
        return following


def _as_tuple(request: FetchRequest | None) -> tuple[FetchRequest, ...]:
    return (request,) if request else ()


def _is_absent(request: FetchRequest, error: FetchError) -> bool:
    """Returns whether the error only means that the document is not published yet, which the request allows."""
    return request.may_miss and error.status in (HTTPStatus.NOT_FOUND, HTTPStatus.GONE)
