"""One poll of a source on the web: first the regular requests, then those for missed days."""

import logging
from collections import deque
from dataclasses import replace
from datetime import date, timedelta
from http import HTTPStatus
from urllib.parse import urlsplit

from bot.context import write
from bot.errors import BrokenDigest, FetchError, UnknownFormat, error_location
from bot.settings import SourceSettings
from bot.sources import fetch_request, poll_documents
from bot.sources.fetch_request import FetchRequest
from bot.sources.fetcher import Fetched, Fetcher, Unchanged
from bot.sources.ingest import PollContext
from bot.sources.poll_documents import PollDocuments, PollProgress, PollRun
from bot.sources.receipts import BATCH_FORMATS, observation_of
from subscriptions.errors import PaperwireError, Sentence
from subscriptions.model import Digest
from subscriptions.planning.receipts import Arrival, Observation, Receipt, joined
from subscriptions.store.database.store import Transaction
from subscriptions.store.digests import Ingested
from subscriptions.store.sources import DocumentSeen, KnownSource

HISTORY = timedelta(days=4)  # how far back arXiv is read at the first start, if it is the only source
MISSED_PAGES = 12  # most pages of one missed day


def find_missed_days(run: PollRun, *, history: bool) -> None:
    """Adds the days that became due since the last poll. With `history`, the days before the first poll count, too."""
    missed_days, timing = run.missed_days, run.context.timing
    after = (run.now - HISTORY).date() if history and missed_days.upto is None else missed_days.upto
    due = timing.days_due(run.source, after, run.now)
    run.set_missed_days(missed_days.with_due(due, run.now.date(), run.current_days))
    run.is_behind = bool(run.missed_days.past(*run.current_days) or run.missed_days.lost)


def take_off_read_days(run: PollRun) -> None:
    """Removes the days that the regular requests have brought from the missed days."""
    missed_days = run.missed_days
    if fetch_request.is_dated(run.source):
        run.set_missed_days(missed_days.read(*(day for day in run.current_days[1:] if day not in run.broken_days)))
        return
    verdicts = [poll_documents.verdict_of(run, run.progress, unit) for unit in run.units]
    if all(verdict is None or verdict.is_final for verdict in verdicts):
        missed_days = missed_days.read(*run.current_days)
    observations = [joined(run.progress.observations.get(unit, ())) for unit in run.units]
    shown = {one.day for one in observations if one.batch and one.papers and not one.problem}
    if len(shown) == 1 and len(observations) == 1:  # at the weekend a list shows the batch of Friday
        missed_days = missed_days.read(*filter(None, shown))
    run.set_missed_days(missed_days)


async def fetch_missed_days(run: PollRun, documents: PollDocuments) -> None:
    """Fetches the missed days, oldest first, until one of them cannot be fetched. Raises StoreError."""
    for number, day in enumerate(run.missed_days.past(*run.current_days)):
        request = fetch_request.backfill_request(
            run.source,
            day,
            run.context.timing.calendar,
            missing=_missing_categories(run, day),
            oldest=number == 0 and _was_polled_before(run, day),
            sites=run.context.sites,
        )
        closed = run.closed_hosts.get(urlsplit(request.url).hostname or "") if request else None
        if request is None and run.has_failed:
            continue  # the source may still show that day once it works again
        if request is None:
            run.set_missed_days(run.missed_days.is_gone(day))
        elif closed:
            run.set_missed_days(replace(run.missed_days, reason=closed))
            return
        elif not await _fetch_day(run, documents, day, request):
            return


def _missing_categories(run: PollRun, day: date) -> tuple[str, ...]:
    """Returns the categories of arXiv that are not known to have brought a batch; () for other sources."""
    came, at = run.known.state.came, run.context.timing.expected_at(run.source, day)
    return tuple(unit for unit in run.units if unit and came.get(unit) != at)


def _was_polled_before(run: PollRun, day: date) -> bool:
    """Returns whether the source was polled already more than MODERATION_HOLD before `day`.

    Then arXiv's moderators held back the papers from before `day` that are missing.
    """
    state = run.known.state
    return (
        state.upto is not None and state.since is not None and state.since.date() < day - fetch_request.MODERATION_HOLD
    )


async def _fetch_day(run: PollRun, documents: PollDocuments, day: date, request: FetchRequest) -> bool:
    """Fetches all pages of a day. Returns whether the next day can be fetched."""
    following: FetchRequest | None = request
    try:
        while following is not None:
            following = await _read_page(run, documents, day, following)
    except FetchError as error:
        if poll_documents.is_absent(request, error):
            run.set_missed_days(run.missed_days.is_empty(day))
            return True
        run.retry_after = max(run.retry_after, error.retry_after)
        answered = bool(error.status) and not (error.host_wide or error.busy)
        run.set_missed_days(run.missed_days.failed(day, poll_documents.short(str(error.sentence)), answered=answered))
        return False
    except (UnknownFormat, BrokenDigest) as error:
        run.set_missed_days(run.missed_days.failed(day, poll_documents.reason_of(error)))
    return True


async def _read_page(run: PollRun, documents: PollDocuments, day: date, request: FetchRequest) -> FetchRequest | None:
    """Stores the papers of one page of a missed day. Returns the request for the next page."""
    found = await documents.fetch(request)
    assert isinstance(found, Fetched)  # noqa: S101 - the request named no validators
    digest = await documents.read(request, found.data)
    if problem := poll_documents.feed_error(digest):
        raise BrokenDigest(Sentence("{name}: {problem}", {"name": run.source.name, "problem": problem}))
    digest = replace(digest, day=digest.day or day)
    if request.history:
        categories = fetch_request.categories_of(run.source)
        entries = tuple(fetch_request.announced(paper, categories) for paper in digest.entries)
        digest = replace(digest, day=day, entries=entries)
    following = fetch_request.next_page(request, found.data) if request.page < MISSED_PAGES else None
    cut = observation_of(digest, Ingested(), changed=True).problem

    def write(transaction: Transaction, done: Ingested) -> PollProgress:
        progress = run.progress.with_digest(digest, done)
        missed_days = progress.missed_days if following or cut else progress.missed_days.brought(day)
        return poll_documents.write_progress(run, replace(progress, missed_days=missed_days), transaction)

    await documents.store(digest, write)
    if cut:
        raise BrokenDigest(Sentence("{name}: {problem}", {"name": run.source.name, "problem": cut}))
    return following


# ------------------------------------------------------------------------------------- one poll of a source on the web


log = logging.getLogger("paperwire")

BY_MISTAKE = "It could not be read, by a mistake of paperwire; the log says where."


class Poll:
    """One poll of a source on the web."""

    def __init__(self, context: PollContext, fetcher: Fetcher, source: SourceSettings, known: KnownSource) -> None:
        self._run = PollRun.of(context, source, known)
        self._documents = PollDocuments(self._run, fetcher)

    async def run(self, *, everything: bool = False, history: bool = False) -> Receipt:
        """Polls the source and returns the receipt. Raises StoreError.

        Without `everything`, categories that have brought the due papers are not requested again. With `history`, the
        days before the first poll count as missed.
        """
        run = self._run
        find_missed_days(run, history=history)
        waiting = deque(run.requests())
        while waiting:
            request = waiting.popleft()
            if not everything and run.has_come(request.unit):
                continue
            waiting.extendleft(reversed(await self._ask_safely(request)))
        take_off_read_days(run)
        await fetch_missed_days(run, self._documents)
        run.is_behind, run.is_over = False, True
        return await write(poll_documents.close, run.context.store, run)

    async def _ask_safely(self, request: FetchRequest) -> tuple[FetchRequest, ...]:
        """Like `_ask`, but an unexpected error is logged and becomes the problem of this document alone."""
        try:
            return await self._ask(request)
        except PaperwireError:
            raise
        except Exception as error:  # noqa: BLE001 - the answer of a foreign server may cause any error
            name = self._run.source.name
            log.error("%s: %s", name, error_location(error), extra={"source": name})
            self._run.note_observation(request, Observation(problem=BY_MISTAKE))
            return ()

    async def _ask(self, request: FetchRequest) -> tuple[FetchRequest, ...]:
        """Fetches and stores one document. Returns the requests that follow from it."""
        run, host = self._run, urlsplit(request.url).hostname or ""
        if host in run.closed_hosts:
            run.note_observation(request, Observation(problem=run.closed_hosts[host]))
            return ()
        seen = run.progress.seen.get(fetch_request.address_key(request.url), DocumentSeen())
        try:
            found = await self._documents.fetch(request, seen if request.page == 1 else None)
        except FetchError as error:
            run.note_observation(request, await self._not_fetched(request, error, host))
            return ()
        if isinstance(found, Unchanged):
            run.note_observation(request, Observation(day=seen.day, papers=seen.papers, batch=seen.batch))
            return ()
        return await self._read(request, found, seen)

    async def _not_fetched(self, request: FetchRequest, error: FetchError, host: str) -> Observation:
        """Returns the observation of a document that could not be fetched."""
        run = self._run
        if poll_documents.is_absent(request, error):
            return Observation(absent=True)
        run.retry_after = max(run.retry_after, error.retry_after)
        run.is_busy = run.is_busy or error.busy
        if error.host_wide:
            run.closed_hosts[host] = str(error.sentence)
        if error.status == HTTPStatus.BAD_REQUEST:
            return Observation(problem=await self._problem_in_body(request, error))
        return Observation(problem=poll_documents.short(str(error.sentence if error.busy else error)))

    async def _problem_in_body(self, request: FetchRequest, error: FetchError) -> str:
        """Returns the error in the feed that arXiv sends with status 400; without such a feed, the error itself."""
        try:
            digest = await self._documents.read(request, error.body)
        except (UnknownFormat, BrokenDigest):
            return str(error.sentence)
        return poll_documents.feed_error(digest) or str(error.sentence)

    async def _read(self, request: FetchRequest, found: Fetched, seen: DocumentSeen) -> tuple[FetchRequest, ...]:
        """Stores the papers of a document. Returns the requests for its next page and for the parts of a cut feed."""
        run = self._run
        try:
            digest = await self._documents.read(request, found.data)
        except (UnknownFormat, BrokenDigest) as error:
            run.note_observation(request, Observation(problem=poll_documents.reason_of(error)))
            return ()
        problem = poll_documents.feed_error(digest) or poll_documents.future_problem(digest, run.source.name, run.now)
        if problem:
            run.note_observation(request, Observation(problem=problem))
            return ()
        capped = "possibly_capped" in {warning.code for warning in digest.warnings}
        parts = self._split(request) if capped and request.unit else ()
        digest = poll_documents.with_staleness(digest, run.context.timing.batch_due(run.source, run.now))
        done = await self._store(request, digest, poll_documents.seen_now(seen, found, digest), is_split=bool(parts))
        following = fetch_request.next_page(request, found.data)
        read_before = bool(seen.digest) or request.page > 1
        if following is None and read_before and done.new and not done.updated + done.unchanged:
            following = fetch_request.older_page(
                request, found.data
            )  # every paper was new, so older pages may hold new ones, too
        return (*((following,) if following else ()), *parts)

    async def _store(self, request: FetchRequest, digest: Digest, seen: DocumentSeen, *, is_split: bool) -> Ingested:
        run, key = self._run, fetch_request.address_key(request.url)
        before = run.progress.seen.get(key, DocumentSeen())

        def write(transaction: Transaction, done: Ingested) -> PollProgress:
            changed = not done.already_known if request.page > 1 else seen.digest != before.digest
            observation = observation_of(digest, done, changed=changed)
            progress = run.progress.with_observation(request.unit, observation).with_digest(digest, done)
            if request.page == 1:
                progress = replace(progress, seen={**progress.seen, key: seen})
            if is_split:
                progress = replace(progress, split=tuple(dict.fromkeys((*progress.split, request.unit))))
            return poll_documents.write_progress(run, progress, transaction)

        done = await self._documents.store(digest, write, Arrival(looked_at=run.known.state.looked_at))
        if digest.format in BATCH_FORMATS and digest.entries and digest.day:
            run.context.announced_batches.add(digest.day)
        return done

    def _split(self, request: FetchRequest) -> tuple[FetchRequest, ...]:
        """Returns the requests for the categories of an archive that is too large for one feed. Each category becomes a unit."""
        run, unit = self._run, request.unit
        source = replace(run.source, arxiv=(unit,))
        requests = fetch_request.requests_of(source, run.now, split=(unit,), sites=run.context.sites)
        more = tuple(one for one in requests if one.unit not in run.units)
        run.units.update(dict.fromkeys(one.unit for one in more))
        return more
