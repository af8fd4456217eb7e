"""Finds the days of a source that were missed, and fetches them."""

from dataclasses import replace
from datetime import date, timedelta
from urllib.parse import urlsplit

from bot.errors import BrokenDigest, FetchError, UnknownFormat
from bot.sources.fetch_request import (
    MODERATION_HOLD,
    FetchRequest,
    announced,
    backfill_request,
    categories_of,
    is_dated,
    next_page,
)
from bot.sources.fetcher import Fetched
from bot.sources.poll_documents import (
    PollDocuments,
    PollProgress,
    PollRun,
    feed_error,
    is_absent,
    reason_of,
    short,
    verdict_of,
    write_progress,
)
from bot.sources.receipts import observation_of
from subscriptions.errors import Sentence
from subscriptions.planning.receipts import joined
from subscriptions.store.database.store import Transaction
from subscriptions.store.digests import Ingested

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
    if is_dated(run.source):
        run.set_missed_days(missed_days.read(*(day for day in run.current_days[1:] if day not in run.broken_days)))
        return
    verdicts = [verdict_of(run, run.progress, unit) for unit in run.units]
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
        request = backfill_request(
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
    return state.upto is not None and state.since is not None and state.since.date() < day - MODERATION_HOLD


async def _fetch_day(run: PollRun, documents: PollDocuments, day: date, request: FetchRequest) -> bool:
    """Fetches all pages of a day. Returns whether the next day can be fetched."""
    following: FetchRequest | None = request
    try:
        while following is not None:
            following = await _read_page(run, documents, day, following)
    except FetchError as error:
        if is_absent(request, error):
            run.set_missed_days(run.missed_days.is_empty(day))
            return True
        run.retry_after = max(run.retry_after, error.retry_after)
        answered = bool(error.status) and not (error.host_wide or error.busy)
        run.set_missed_days(run.missed_days.failed(day, short(str(error.sentence)), answered=answered))
        return False
    except (UnknownFormat, BrokenDigest) as error:
        run.set_missed_days(run.missed_days.failed(day, reason_of(error)))
    return True


async def _read_page(run: PollRun, documents: PollDocuments, day: date, request: FetchRequest) -> FetchRequest | None:
    """Stores the papers of one page of a missed day. Returns the request for the next page."""
    found = await documents.fetch(request)
    assert isinstance(found, Fetched)  # noqa: S101 - the request named no validators
    digest = await documents.read(request, found.data)
    if problem := feed_error(digest):
        raise BrokenDigest(Sentence("{name}: {problem}", {"name": run.source.name, "problem": problem}))
    digest = replace(digest, day=digest.day or day)
    if request.history:
        categories = categories_of(run.source)
        entries = tuple(announced(paper, categories) for paper in digest.entries)
        digest = replace(digest, day=day, entries=entries)
    following = next_page(request, found.data) if request.page < MISSED_PAGES else None
    cut = observation_of(digest, Ingested(), changed=True).problem

    def write(transaction: Transaction, done: Ingested) -> PollProgress:
        progress = run.progress.with_digest(digest, done)
        missed_days = progress.missed_days if following or cut else progress.missed_days.brought(day)
        return write_progress(run, replace(progress, missed_days=missed_days), transaction)

    await documents.store(digest, write)
    if cut:
        raise BrokenDigest(Sentence("{name}: {problem}", {"name": run.source.name, "problem": cut}))
    return following
