"""One poll of a source on the web: first the regular requests, then those for missed days."""

import asyncio
import logging
from collections import deque
from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime, timedelta
from http import HTTPStatus
from urllib.parse import urlsplit

from bot.digests import read_digest
from bot.errors import BrokenDigest, FetchError, UnknownFormat, error_location
from bot.settings import SourceSettings
from bot.sources import databases, fetch_request, receipts
from bot.sources.fetch_request import FetchRequest
from bot.sources.fetcher import Fetched, Fetcher
from bot.sources.ingest import PollDependencies, store_digest
from subscriptions import errors
from subscriptions.model import Digest
from subscriptions.planning import receipts as verdicts
from subscriptions.planning import source_calendar
from subscriptions.planning.receipts import Outcome, Receipt
from subscriptions.planning.source_calendar import Overdue
from subscriptions.service import notices
from subscriptions.store import sources as stored_sources
from subscriptions.store.database.store import Transaction, writes
from subscriptions.store.digests import Ingested

log = logging.getLogger("paperwire")

HISTORY = timedelta(days=4)  # how far back arXiv is read at the first start, if it is the only source
MISSED_PAGES = 12  # most pages of one missed day
BUSY_TIMES = 3  # failures in a row before operators are notified of a server that only asks for a wait
MISSED = "missed days"  # the name of an extra unit; its verdict is not final until all missed days are fetched
BY_MISTAKE = "It could not be read, by a mistake of paperwire; the log says where."

Note = Callable[[Transaction, Ingested], None]


class Poll:
    """One poll of a source on the web, and what it has found so far.

    A source has one unit, or several: each category of arXiv, which has its own address, is a unit. The transaction that
    stores a document also writes the receipt and the state of the source.
    """

    def __init__(
        self, deps: PollDependencies, fetcher: Fetcher, source: SourceSettings, known: stored_sources.KnownSource
    ) -> None:
        schedule = deps.timing.schedule(source)
        assert schedule is not None  # noqa: S101 - only files have no schedule
        self._deps = deps
        self._fetcher = fetcher
        self._source = source
        self._known = known  # the source's state before the poll
        self._schedule = schedule
        self._now = deps.clock.now()
        self._tally = receipts.Tally()
        self._asked_since = self._day_of_database()
        self._seen = dict(known.seen)  # by address_key
        self._split = known.state.split  # archives of arXiv that are requested by category
        self._missed = receipts.MissedDays(
            days=dict(known.state.missed_days),
            upto=known.state.upto,
            current=deps.timing.current_days(source, self._now),
        )
        self._units: dict[str, None] = {}  # the units of the source, in order
        self._broken_days: set[date] = set()  # days of dated addresses whose documents cannot be read
        self._closed_hosts: dict[str, str] = {}  # host -> why this poll sends no more requests to it
        self._retry_after = timedelta(0)  # the longest wait that a server asked for
        self._is_busy = False  # whether a server asked this poll to wait
        self._is_behind = (
            False  # whether missed days are still to be fetched, or operators still to be notified of lost days
        )
        self._is_over = False  # whether this poll sends no more requests

    def _day_of_database(self) -> date | None:
        """Returns the day since which the source's database is asked for papers; None for other sources."""
        if not self._source.database:
            return None
        state = self._known.state
        return databases.asked_since(self._source.database, state.since or self._now, state.looked_at, self._now)

    async def run(self, *, everything: bool = False, history: bool = False) -> Receipt:
        """Polls the source and returns the receipt. Raises StoreError.

        Without `everything`, categories that have already brought the papers that are due are not requested again. With
        `history`, the last days before the first poll count as missed.
        """
        after = (self._now - HISTORY).date() if history and self._missed.upto is None else self._missed.upto
        self._missed.add_due(self._deps.timing.days_due(self._source, after, self._now), self._now.date())
        self._is_behind = bool(self._missed.past or self._missed.lost)
        waiting = deque(self._requests())
        while waiting:
            request = waiting.popleft()
            if everything or not self._has_come(request.unit):
                waiting.extendleft(reversed(await self._ask_safely(request)))
        self._take_off_read_days()
        await self._fetch_missed_days()
        self._is_behind, self._is_over = False, True
        return await self._deps.store.run(writes(self._close))

    def _requests(self) -> tuple[FetchRequest, ...]:
        """Returns the regular requests, and adds their units to `_units`."""
        sites = self._deps.sites
        requests = fetch_request.requests_of(
            self._source, self._now, split=self._split, since=self._asked_since, sites=sites
        )
        self._units.update(dict.fromkeys(request.unit for request in requests))
        return requests

    def _has_come(self, unit: str) -> bool:
        """Returns whether an earlier poll of a category brought the batch that is due.

        False for sources without categories.
        """
        due = self._deps.timing.batch_due(self._source, self._now) if self._source.arxiv else None
        return due is not None and self._known.state.came.get(unit) == due.at

    # ── one document ──────────────────────────────────────────────────────────

    async def _ask_safely(self, request: FetchRequest) -> tuple[FetchRequest, ...]:
        """Like `_ask`, but logs an unexpected error, which then is a problem of this document only."""
        try:
            return await self._ask(request)
        except errors.PaperwireError:
            raise
        except Exception as error:  # noqa: BLE001 - the answer of a foreign server may cause any error
            name = self._source.name
            log.error("%s: %s", name, error_location(error), extra={"source": name})
            return self._observe(request, verdicts.Observation(problem=BY_MISTAKE))

    def _observe(self, request: FetchRequest, observation: verdicts.Observation) -> tuple[FetchRequest, ...]:
        """Notes the observation of a document that brings no papers. Returns (), since no request follows from it."""
        if request.day and observation.problem:
            self._broken_days.add(request.day)
        self._tally.observations[request.unit].append(observation)
        return ()

    async def _ask(self, request: FetchRequest) -> tuple[FetchRequest, ...]:
        """Fetches and stores one document. Returns the requests that follow from it."""
        host = urlsplit(request.url).hostname or ""
        if host in self._closed_hosts:
            return self._observe(request, verdicts.Observation(problem=self._closed_hosts[host]))
        seen = self._seen.get(fetch_request.address_key(request.url), stored_sources.DocumentSeen())
        validators = seen if request.page == 1 else stored_sources.DocumentSeen()
        try:
            found = await self._fetcher.fetch(request.url, etag=validators.etag, modified=validators.modified)
        except FetchError as error:
            return self._observe(request, await self._not_fetched(request, error, host))
        if found is None:
            return self._observe(request, verdicts.Observation(day=seen.day, papers=seen.papers, batch=seen.batch))
        return await self._read_answer(request, found, seen)

    async def _read_answer(
        self, request: FetchRequest, found: Fetched, seen: stored_sources.DocumentSeen
    ) -> tuple[FetchRequest, ...]:
        """Stores a document that was fetched. Returns the requests that follow from it."""
        following, problem = await self._what_follows(request, found.data)
        if problem:
            self._observe(request, verdicts.Observation(problem=receipts.short(problem)))
        if databases.is_list(request.database, request.url):
            self._observe(request, verdicts.Observation())
            return following
        try:
            digest = await self._read(request, found.data)
        except (UnknownFormat, BrokenDigest) as error:
            return self._observe(request, verdicts.Observation(problem=receipts.reason_of(error)))
        if problem := receipts.feed_error(digest) or receipts.future_problem(digest, self._source.name, self._now):
            return self._observe(request, verdicts.Observation(problem=problem))
        capped = "possibly_capped" in {warning.code for warning in digest.warnings}
        parts = self._by_category(request) if capped and request.unit else ()
        digest = receipts.with_staleness(digest, self._deps.timing.batch_due(self._source, self._now))
        now_seen = receipts.seen_now(seen, found, digest)
        if following or problem:  # if a later page fails, "not modified" must not hide it at the next poll
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

    async def _not_fetched(self, request: FetchRequest, error: FetchError, host: str) -> verdicts.Observation:
        """Returns the observation of a document that could not be fetched."""
        if _is_absent(request, error):
            return verdicts.Observation(absent=True)
        self._retry_after = max(self._retry_after, error.retry_after)
        self._is_busy = self._is_busy or error.busy
        if error.host_wide:
            self._closed_hosts[host] = str(error.sentence)
        if request.database and not error.busy and (problem := databases.refusal(error.body)):
            return verdicts.Observation(problem=receipts.short(problem))
        if error.status != HTTPStatus.BAD_REQUEST:
            return verdicts.Observation(problem=receipts.short(str(error.sentence if error.busy else error)))
        try:  # arXiv reports an error as a feed with status 400
            problem = receipts.feed_error(await self._read(request, error.body))
        except (UnknownFormat, BrokenDigest):
            problem = ""
        return verdicts.Observation(problem=problem or str(error.sentence))

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
        source = replace(self._source, arxiv=(unit,))
        requests = fetch_request.requests_of(source, self._now, split=(unit,), sites=sites)
        more = tuple(one for one in requests if one.unit not in self._units)
        self._units.update(dict.fromkeys(one.unit for one in more))
        return more

    async def _take_in(
        self, request: FetchRequest, digest: Digest, seen: stored_sources.DocumentSeen, *, is_split: bool
    ) -> Ingested:
        """Stores the papers of a document of a regular request."""
        key = fetch_request.address_key(request.url)
        before = self._seen.get(key, stored_sources.DocumentSeen())

        def note(transaction: Transaction, done: Ingested) -> None:
            changed = not done.already_known if request.page > 1 else seen.digest != before.digest
            self._tally.observations[request.unit].append(receipts.observation_of(digest, done, changed=changed))
            self._tally.add(digest, done)
            if request.page == 1:
                self._seen[key] = seen
            if is_split:
                self._split = tuple(dict.fromkeys((*self._split, request.unit)))
            self._write(transaction)

        done = await self._store(digest, note, verdicts.Arrival(looked_at=self._known.state.looked_at))
        if digest.format in receipts.BATCH_FORMATS and digest.entries and digest.day:
            self._deps.announced_batches.add(digest.day)
        return done

    async def _store(self, digest: Digest, note: Note, arrival: verdicts.Arrival = verdicts.UNKNOWN) -> Ingested:
        source = self._source
        return await store_digest(
            self._deps,
            digest,
            source=source.name,
            note=note,
            announce=source.announce == "all",
            arrival=arrival,
            of_arxiv=source.is_arxivs_own,
        )

    # ── missed days ───────────────────────────────────────────────────────────

    def _take_off_read_days(self) -> None:
        """Removes the days that the regular requests have brought from the missed days."""
        current = self._missed.current
        if fetch_request.is_dated(self._source):
            self._missed.take_off(day for day in current[1:] if day not in self._broken_days)
            return
        if all(verdict is None or verdict.is_final for verdict in map(self._verdict_of, self._units)):
            self._missed.take_off(current)
        observations = [verdicts.joined(self._tally.observations.get(unit, ())) for unit in self._units]
        shown = {one.day for one in observations if one.batch and one.papers and not one.problem}
        # on weekends nothing is due, but a list still shows Friday's papers, which were read
        if len(shown) == 1 and len(observations) == 1:
            self._missed.take_off(filter(None, shown))

    async def _fetch_missed_days(self) -> None:
        """Fetches the missed days, oldest first, until one of them cannot be fetched. Raises StoreError."""
        failed = any(one.problem for seen in self._tally.observations.values() for one in seen)
        for number, day in enumerate(self._missed.past):
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
                    self._missed.settle(day, self._missed.gone)
            elif closed := self._closed_hosts.get(urlsplit(request.url).hostname or ""):
                self._missed.reason = closed
                return
            elif not await self._fetch_day(day, request):
                return

    def _missing_categories(self, day: date) -> tuple[str, ...]:
        """Returns the categories of arXiv whose papers of a day have not come, as far as is known; () for other sources."""
        came, at = self._known.state.came, self._deps.timing.expected_at(self._source, day)
        return tuple(unit for unit in self._units if unit and came.get(unit) != at)

    def _was_polled_before(self, day: date) -> bool:
        """Returns whether the source was already polled more than MODERATION_HOLD before `day`.

        If so, earlier polls brought the papers submitted before `day`, except those that arXiv's moderators held back.
        """
        state, first = self._known.state, day - fetch_request.MODERATION_HOLD
        return state.upto is not None and state.since is not None and state.since.date() < first

    async def _fetch_day(self, day: date, request: FetchRequest) -> bool:
        """Fetches all pages of a day. Returns whether to go on with the next day."""
        following: FetchRequest | None = request
        try:
            while following is not None:
                following = await self._read_page(day, following)
        except FetchError as error:
            if _is_absent(request, error):
                self._missed.settle(day, self._missed.absent)
                return True
            self._retry_after = max(self._retry_after, error.retry_after)
            answered = bool(error.status) and not (error.host_wide or error.busy)
            self._missed.fail(day, receipts.short(str(error.sentence)), answered=answered)
            return False
        except (UnknownFormat, BrokenDigest) as error:
            self._missed.fail(day, receipts.reason_of(error))
        return True

    async def _read_page(self, day: date, request: FetchRequest) -> FetchRequest | None:
        """Stores the papers of one page of a missed day. Returns the request for the next page."""
        found = await self._fetcher.fetch(request.url)
        assert found is not None  # noqa: S101 - only a request with validators returns None
        digest = await self._read(request, found.data)
        if problem := receipts.feed_error(digest):
            raise BrokenDigest(errors.Sentence("{name}: {problem}", {"name": self._source.name, "problem": problem}))
        digest = replace(digest, day=digest.day or day)
        if request.history:
            categories = fetch_request.categories_of(self._source)
            entries = tuple(fetch_request.announced(paper, categories) for paper in digest.entries)
            digest = replace(digest, day=day, entries=entries)
        following = fetch_request.next_page(request, found.data) if request.page < MISSED_PAGES else None
        cut = receipts.truncation(digest)

        def note(transaction: Transaction, done: Ingested) -> None:
            self._tally.add(digest, done)
            if not (following or cut):
                self._missed.settle(day, self._missed.fetched)
            self._write(transaction)

        await self._store(digest, note)
        if cut:
            raise BrokenDigest(errors.Sentence("{name}: {problem}", {"name": self._source.name, "problem": cut}))
        return following

    # ── the receipt, the new state and the notices that follow ────────────────

    def _write(self, transaction: Transaction) -> tuple[Receipt, stored_sources.SourceState]:
        """Writes the receipt and the state so far, and returns them."""
        by_unit = {unit: verdict for unit in self._units if (verdict := self._verdict_of(unit))}
        if self._is_behind:
            detail = "They were not all asked for yet."
            by_unit[MISSED] = verdicts.PollVerdict(outcome=Outcome.STALE, is_final=False, detail=detail)
        verdict = verdicts.verdict_of_all(by_unit)
        if verdict.is_final and verdict.outcome in (Outcome.QUIET, Outcome.STALE) and self._tally.counts["new"]:
            verdict = replace(verdict, outcome=Outcome.NEW)  # missed days brought new papers
        missed = self._missed.notified(partly=not fetch_request.is_dated(self._source))
        receipt = self._tally.receipt_of(self._source.name, verdict, self._now, missed)
        came = {unit for unit, one in by_unit.items() if unit != MISSED and one.is_final}
        state = self._state(receipt, came, is_final=verdict.is_final)
        asked = {fetch_request.address_key(request.url) for request in self._requests()}
        seen = {key: seen for key, seen in self._seen.items() if key in asked}
        self._tally.receipt = notices.note_poll(transaction, receipt, state, seen)
        return receipt, state

    def _close(self, transaction: Transaction) -> Receipt:
        """Writes the final receipt and state, and notifies operators, in one transaction. Raises StoreError."""
        receipt, state = self._write(transaction)
        self._notify(transaction, receipt, state)
        return receipt

    def _due(self, unit: str) -> tuple[verdicts.Observation, Overdue | None, bool]:
        """Returns the observation of a unit, and then the two values of `SourceSchedules.due` for it."""
        observation = verdicts.joined(self._tally.observations.get(unit, ()))
        return observation, *self._deps.timing.due(self._source, observation, self._now)

    def _verdict_of(self, unit: str) -> verdicts.PollVerdict | None:
        """Returns the verdict on a unit; None if it was not requested because an earlier poll brought the papers due."""
        if unit not in self._tally.observations:
            if self._has_come(unit):
                return None
            return verdicts.PollVerdict(outcome=Outcome.STALE, is_final=False, detail="It was not asked yet.")
        observation, due, resting = self._due(unit)
        had = due is not None and self._known.state.came.get(unit) == due.at
        others = due is not None and due.batch in self._deps.announced_batches
        awaited = self._schedule.awaited
        return verdicts.poll_verdict(
            observation, due, self._now, had=had, others=others, resting=resting, awaited=awaited
        )

    def _state(self, receipt: Receipt, settled: set[str], *, is_final: bool) -> stored_sources.SourceState:
        """Returns the state of the source after this receipt. `settled`: the units that have brought what was due."""
        before, missed, failed = self._known.state, self._missed, receipt.outcome is Outcome.FAILED
        came = {unit: at for unit, at in before.came.items() if unit in self._units}
        came |= {unit: due.at for unit in settled if (due := self._due(unit)[1])}
        failures = before.failures + 1 if failed else 0
        if failed:
            next_at = self._again(failures)
        else:
            next_at = source_calendar.poll_again(self._schedule, self._now, settled=is_final)
            if missed.past:
                next_at = min(next_at, self._again(max(missed.tries, 1)))
        return replace(
            before,
            next_at=next_at,
            failures=failures,
            came=came,
            looked_at=self._now if self._is_over and not failed else before.looked_at,
            split=self._split,
            upto=missed.upto,
            missed_days=dict(missed.days) if self._is_over else missed.undecided,
            trouble=receipts.trouble_after(before.trouble, receipt, quietly=self._is_busy and failures < BUSY_TIMES),
        )

    def _again(self, failures: int) -> datetime:
        return self._now + source_calendar.wait_after_failure(failures, self._retry_after, self._deps.jitter())

    def _notify(self, transaction: Transaction, receipt: Receipt, state: stored_sources.SourceState) -> None:
        """Notifies operators of trouble, of lost days, and of papers that came too late to be announced."""
        deps, source, missed, before = self._deps, self._source, self._missed, self._known.state.trouble
        batch = bool(source.arxiv) or any(seen.batch for seen in self._seen.values())
        newest = max(state.came.values(), default=None)
        parts = tuple(unit for unit in self._units if unit and newest and state.came.get(unit) != newest)
        receipts.notify_of_trouble(
            transaction, deps, before, state.trouble, receipt, batch=batch, parts=parts, now=self._now
        )
        receipts.notify_of_missed(transaction, deps, source.name, missed, self._now)
        if self._known.last is not None:  # at the first poll of a source old papers are expected
            receipts.notify_of_filed(transaction, deps, source, self._tally.filed, self._now)


def _as_tuple(request: FetchRequest | None) -> tuple[FetchRequest, ...]:
    return (request,) if request else ()


def _is_absent(request: FetchRequest, error: FetchError) -> bool:
    """Returns whether the error only means that the document is not published yet, which the request allows."""
    return request.may_miss and error.status in (HTTPStatus.NOT_FOUND, HTTPStatus.GONE)
