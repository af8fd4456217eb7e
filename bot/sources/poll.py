"""One poll of one source: ask, read, judge, store; and the one receipt that it leaves.

    asks -> fetch -> read_digest -> keep  ─┐ one transaction for each document, and with it
                        judge -> receipt  ─┘ the receipt as far as the poll has come

A poll that is cut off leaves a receipt of what it had stored, and validators only of what was stored.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from http import HTTPStatus
from typing import Protocol
from urllib.parse import urlsplit

from bot.digests import read_digest
from bot.errors import BrokenDigest, FetchError, UnknownFormat, error_location
from bot.settings import SourceSettings
from bot.sources.http import (
    MODERATION_HOLD,
    Fetched,
    FetchRequest,
    Unchanged,
    address_key,
    announced,
    backfill_request,
    categories_of,
    document_name,
    is_dated,
    next_page,
    older_page,
    requests_of,
)
from bot.sources.ingest import store_digest
from bot.sources.missed_days import MissedDays, runs
from bot.sources.receipts import (
    BATCH_FORMATS,
    LONGEST_DETAIL,
    ZERO_COUNTS,
    PollContext,
    counts_of,
    filed_with,
    notify_of_filed,
    notify_of_trouble,
    observation_of,
    remarks_of,
    trouble_after,
)
from subscriptions.cutting import clip
from subscriptions.errors import PaperwireError, Sentence
from subscriptions.model import Digest, DigestWarning
from subscriptions.planning.archives import Filed
from subscriptions.planning.receipts import (
    Observation,
    Outcome,
    PollVerdict,
    Receipt,
    joined,
    poll_verdict,
    verdict_of_all,
)
from subscriptions.planning.source_calendar import poll_again, wait_after_failure
from subscriptions.service.sources import note_poll, notify_missed_days
from subscriptions.store import DocumentSeen, Ingested, KnownSource, SourceState, Transaction

log = logging.getLogger("paperwire")

FUTURE = timedelta(days=2)  # a date further ahead is a mistake, and would make later days look old
BUSY_TIMES = 3  # a server that only asks for a wait is no news before that
HISTORY = timedelta(days=4)  # that arXiv is read back at the first start, when it is the only source
MISSED_PAGES = 12  # of one day
LONGEST_PROBLEM = 200  # characters of what is wrong with one document
BY_MISTAKE = "It could not be read, by a mistake of paperwire; the log says where."
MISSED = "missed days"  # in place of a unit, while they are not asked for yet


class Fetching(Protocol):
    """What a poll needs of a Fetcher."""

    async def fetch(self, url: str, *, etag: str = "", modified: str = "") -> Fetched | Unchanged:
        """See bot.sources.http.Fetcher."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PollProgress:
    """What a poll has seen so far."""

    observations: Mapping[str, tuple[Observation, ...]] = field(default_factory=dict)  # by unit
    counts: Mapping[str, int] = field(default_factory=lambda: ZERO_COUNTS)
    seen: Mapping[str, DocumentSeen] = field(default_factory=dict)
    split: tuple[str, ...] = ()
    missed_days: MissedDays = field(default_factory=MissedDays)
    filed: Filed = field(default_factory=Filed)
    remarks: tuple[str, ...] = ()  # what could not be read of documents that were read
    receipt: int | None = None

    def with_observation(self, unit: str, look: Observation) -> "PollProgress":
        """One more document of a unit was looked at."""
        return replace(self, observations={**self.observations, unit: (*self.observations.get(unit, ()), look)})

    def with_digest(self, digest: Digest, done: Ingested) -> "PollProgress":
        """One more digest was stored."""
        more = counts_of(digest, done)
        counts = {name: number + more[name] for name, number in self.counts.items()}
        filed = filed_with(self.filed, digest, done)
        return replace(self, counts=counts, filed=filed, remarks=(*self.remarks, *remarks_of(digest)))


class Poll:
    """One poll of a source on the web."""

    def __init__(self, house: PollContext, fetcher: Fetching, source: SourceSettings, known: KnownSource) -> None:
        self._house = house
        self._fetcher = fetcher
        self._source = source
        self._known = known
        self._now = house.ingest_context.clock.now()
        self._units: dict[str, None] = {}  # of the source, in order
        self._broken: set[date] = set()  # days of dated addresses that cannot be read
        self._closed: dict[str, str] = {}  # host → why nothing more is asked of it in this poll
        self._after = timedelta(0)
        self._busy = False
        schedule = house.timing.schedule(source)
        assert schedule is not None  # noqa: S101 - only files have none
        self._schedule = schedule
        state = known.state
        self._current = house.timing.current_days(source, self._now)
        self._behind = False  # days were missed that are not asked for yet, or of which nobody was told
        self._is_over = False  # nothing more is asked in this poll
        self._so_far = PollProgress(
            seen=known.seen, split=state.split, missed_days=MissedDays(days=state.owed, upto=state.upto)
        )

    async def run(self, *, everything: bool = False, history: bool = False) -> Receipt:
        """Asks for what is still missing, or for `everything`, then for days that were missed. Raises StoreError.

        `history`: at the first poll, the days before it were missed.
        """
        self._owe(history=history)
        waiting = deque(self._requests())
        while waiting:
            ask = waiting.popleft()
            if not everything and self._has(ask.unit):
                continue
            waiting.extendleft(reversed(await self._ask_safely(ask)))
        self._finish()
        await self._catch_up()
        self._behind, self._is_over = False, True
        return await asyncio.to_thread(self._close)

    def _close(self) -> Receipt:
        """Writes down what became of the poll, and what the operators are to hear of it, in one transaction."""
        receipt, state = self._account(self._so_far)
        with self._house.store.write() as transaction:
            note_poll(transaction, receipt, state, self._kept(self._so_far))
            self._notify(transaction, receipt, state)
        return receipt

    def _requests(self) -> tuple[FetchRequest, ...]:
        asks = requests_of(self._source, self._now, split=self._so_far.split, sites=self._house.sites)
        self._units.update(dict.fromkeys(ask.unit for ask in asks))
        return asks

    def _has(self, unit: str) -> bool:
        """Whether a category has brought what is due; a source that is one unit is asked as often as its schedule says."""
        due = self._house.timing.batch_due(self._source, self._now) if self._source.arxiv else None
        return due is not None and self._known.state.came.get(unit) == due.at

    async def _ask_safely(self, ask: FetchRequest) -> tuple[FetchRequest, ...]:
        """Like `_ask`; a mistake of the program is this document's problem, and of no other document or source."""
        try:
            return await self._ask(ask)
        except PaperwireError:
            raise
        except Exception as error:  # noqa: BLE001 - whatever an answer of somebody else's server brings about
            log.error("%s: %s", self._source.name, error_location(error))
            self._note_observation(ask, Observation(problem=BY_MISTAKE))
            return ()

    async def _ask(self, ask: FetchRequest) -> tuple[FetchRequest, ...]:
        """Looks at one document; what is to be asked because of it."""
        host = urlsplit(ask.url).hostname or ""
        if host in self._closed:
            self._note_observation(ask, Observation(problem=self._closed[host]))
            return ()
        seen = self._so_far.seen.get(address_key(ask.url), DocumentSeen())
        try:
            if ask.page > 1:
                found = await self._fetcher.fetch(ask.url)
            else:
                found = await self._fetcher.fetch(ask.url, etag=seen.etag, modified=seen.modified)
        except FetchError as error:
            self._note_observation(ask, await self._not_fetched(ask, error, host))
            return ()
        if isinstance(found, Unchanged):
            self._note_observation(ask, Observation(day=seen.day, papers=seen.papers, batch=seen.batch))
            return ()
        return await self._read(ask, found, seen)

    async def _not_fetched(self, ask: FetchRequest, error: FetchError, host: str) -> Observation:
        if _is_absent(ask, error):
            return Observation(absent=True)
        self._after = max(self._after, error.retry_after)
        self._busy = self._busy or error.busy
        if error.host_wide:
            self._closed[host] = str(error.sentence)
        if error.status == HTTPStatus.BAD_REQUEST:
            return Observation(problem=await self._notified_by(ask, error))
        return Observation(problem=_short(str(error.sentence if error.busy else error)))

    async def _notified_by(self, ask: FetchRequest, error: FetchError) -> str:
        """What arXiv writes into a feed that it answers with 400, else what was answered."""
        try:
            digest = await self._digest(ask, error.body)
        except (UnknownFormat, BrokenDigest):
            return str(error.sentence)
        return _feed_error(digest) or str(error.sentence)

    async def _digest(self, ask: FetchRequest, data: bytes) -> Digest:
        name = document_name(self._source.name, ask.url)
        language = self._source.language
        return await asyncio.to_thread(read_digest, data, name, format=ask.format, language=language)

    async def _read(self, ask: FetchRequest, found: Fetched, seen: DocumentSeen) -> tuple[FetchRequest, ...]:
        """Stores the papers of a document, and with them how the poll stands."""
        try:
            digest = await self._digest(ask, found.data)
        except (UnknownFormat, BrokenDigest) as error:
            self._note_observation(ask, Observation(problem=_reason(error)))
            return ()
        problem = _feed_error(digest) or self._from_the_future(digest)
        if problem:
            self._note_observation(ask, Observation(problem=problem))
            return ()
        capped = "possibly_capped" in {warning.code for warning in digest.warnings}
        more = self._split(ask) if capped and ask.unit else ()
        done = await self._store(ask, self._marked(digest), self._with_validators(found, digest, seen), more)
        following = next_page(ask, found.data)
        read_before = bool(seen.digest) or ask.page > 1
        if following is None and read_before and done.new and not done.updated + done.unchanged:
            following = older_page(ask, found.data)  # nothing of it was known, so there may be more behind it
        return (*((following,) if following else ()), *more)

    async def _store(
        self, ask: FetchRequest, digest: Digest, seen: DocumentSeen, more: Sequence[FetchRequest]
    ) -> Ingested:
        before = self._so_far.seen.get(address_key(ask.url), DocumentSeen())
        follows: list[PollProgress] = []

        def note(transaction: Transaction, done: Ingested) -> None:
            look = observation_of(
                digest, done, changed=not done.already_known if ask.page > 1 else seen.digest != before.digest
            )
            progress = self._so_far.with_observation(ask.unit, look).with_digest(digest, done)
            if ask.page == 1:
                progress = replace(progress, seen={**progress.seen, address_key(ask.url): seen})
            progress = replace(progress, split=tuple(dict.fromkeys((*progress.split, *([ask.unit] if more else [])))))
            follows.append(self._stored(transaction, progress))

        done = await self._put(digest, note)
        (self._so_far,) = follows
        if digest.format in BATCH_FORMATS and digest.entries and digest.day:
            self._house.announced_batches.add(digest.day)
        return done

    async def _put(self, digest: Digest, note: Callable[[Transaction, Ingested], None]) -> Ingested:
        """Stores a digest, with what is noted of it."""
        announce = self._source.announce == "all"
        return await store_digest(
            self._house.ingest_context, digest, source=self._source.name, note=note, announce=announce
        )

    def _stored(self, transaction: Transaction, progress: PollProgress) -> PollProgress:
        """Writes down how the poll stands; within the transaction of a digest."""
        receipt, state = self._account(progress)
        number = note_poll(transaction, receipt, state, self._kept(progress))
        return replace(progress, receipt=number)

    def _split(self, ask: FetchRequest) -> tuple[FetchRequest, ...]:
        """The categories of an archive that is too large for one feed; they are units of their own from now on."""
        asks = requests_of(
            replace(self._source, arxiv=(ask.unit,)), self._now, split=(ask.unit,), sites=self._house.sites
        )
        more = tuple(one for one in asks if one.unit not in self._units)
        self._units.update(dict.fromkeys(one.unit for one in more))
        return more

    def _with_validators(self, found: Fetched, digest: Digest, seen: DocumentSeen) -> DocumentSeen:
        """What is remembered of a document; without validators when it broke off, so that it is asked for whole."""
        whole = "xml_truncated" not in {warning.code for warning in digest.warnings}
        return replace(
            seen,
            etag=found.etag if whole else "",
            modified=found.modified if whole else "",
            digest=digest.content_hash,
            day=digest.day,
            papers=len(digest.entries),
            batch=digest.format in BATCH_FORMATS,
        )

    def _marked(self, digest: Digest) -> Digest:
        """A feed or list of arXiv with a warning when it is not, or not yet, what is due (docs/formats.md)."""
        due = self._house.timing.batch_due(self._source, self._now)
        if digest.format not in BATCH_FORMATS or due is None or due.batch is None:
            return digest
        if digest.day and digest.day >= due.batch and digest.entries:
            return digest
        message = f"that of {digest.day}, with {len(digest.entries)} papers, and not yet that of {due.batch}"
        return replace(digest, warnings=(*digest.warnings, DigestWarning(code="stale_feed", message=message)))

    def _from_the_future(self, digest: Digest) -> str:
        if digest.day is None or digest.day <= (self._now + FUTURE).date():
            return ""
        return f"{self._source.name}: its date, {digest.day}, lies in the future; it is not stored."

    def _note_observation(self, ask: FetchRequest, look: Observation) -> None:
        if ask.day and look.problem:
            self._broken.add(ask.day)
        self._so_far = self._so_far.with_observation(ask.unit, look)

    def _kept(self, progress: PollProgress) -> dict[str, DocumentSeen]:
        """What is remembered, without addresses that are not asked any more."""
        asked = {address_key(ask.url) for ask in self._requests()}
        return {key: seen for key, seen in progress.seen.items() if key in asked}

    # ── what it means ─────────────────────────────────────────────────────────

    def _account(self, progress: PollProgress) -> tuple[Receipt, SourceState]:
        """The receipt and the state that follow from what was seen."""
        judgements = {unit: judgement for unit in self._units if (judgement := self._verdict(unit, progress))}
        if self._behind:
            judgements[MISSED] = PollVerdict(
                outcome=Outcome.STALE, is_final=False, detail="They were not all asked for yet."
            )
        judgement = verdict_of_all(judgements)
        if judgement.is_final and judgement.outcome in (Outcome.QUIET, Outcome.STALE) and progress.counts["new"]:
            judgement = replace(judgement, outcome=Outcome.NEW)  # they came with days that were missed
        told = progress.missed_days.notified(*self._current, partly=not is_dated(self._source))
        filed = progress.filed.told(self._source.name)
        receipt = Receipt(
            source=self._source.name,
            at=self._now,
            outcome=judgement.outcome,
            counts=progress.counts,
            detail=" ".join(filter(None, (judgement.detail, told, filed, *progress.remarks)))[:LONGEST_DETAIL],
            id=progress.receipt,
        )
        return receipt, self._state(progress, judgements, receipt, settled=judgement.is_final)

    def _verdict(self, unit: str, progress: PollProgress) -> PollVerdict | None:
        """What was seen of a unit; None: it had come before."""
        looks = progress.observations.get(unit)
        if looks is None:
            if self._has(unit):
                return None
            return PollVerdict(outcome=Outcome.STALE, is_final=False, detail="It was not asked yet.")
        look = joined(looks)
        due, resting = self._house.timing.due(self._source, look, self._now)
        had = due is not None and self._known.state.came.get(unit) == due.at
        others = due is not None and due.batch in self._house.announced_batches
        awaited = self._schedule.awaited
        return poll_verdict(look, due, self._now, had=had, others=others, resting=resting, awaited=awaited)

    def _state(
        self, progress: PollProgress, judgements: Mapping[str, PollVerdict], receipt: Receipt, *, settled: bool
    ) -> SourceState:
        before = self._known.state
        came = {unit: at for unit, at in before.came.items() if unit in self._units}
        for unit, judgement in judgements.items():
            if unit == MISSED:
                continue
            due, _ = self._house.timing.due(self._source, joined(progress.observations.get(unit, ())), self._now)
            if judgement.is_final and due is not None:
                came[unit] = due.at
        failures = before.failures + 1 if receipt.outcome is Outcome.FAILED else 0
        if failures:
            next_at = self._now + wait_after_failure(failures, self._after, self._house.jitter())
        else:
            next_at = poll_again(self._schedule, self._now, settled=settled)
        if progress.missed_days.past(*self._current) and not failures:
            tries = max(progress.missed_days.tries(*self._current), 1)
            next_at = min(next_at, self._now + wait_after_failure(tries, self._after, self._house.jitter()))
        return replace(
            before,
            next_at=next_at,
            failures=failures,
            came=came,
            split=progress.split,
            upto=progress.missed_days.upto,
            owed=progress.missed_days.days if self._is_over else progress.missed_days.undecided,
            trouble=trouble_after(before.trouble, receipt, quietly=self._busy and failures < BUSY_TIMES),
        )

    def _notify(self, transaction: Transaction, receipt: Receipt, state: SourceState) -> None:
        batch = bool(self._source.arxiv) or any(seen.batch for seen in self._so_far.seen.values())
        parts = self._behind_others(state)
        notify_of_trouble(
            transaction,
            self._house,
            self._known.state.trouble,
            state.trouble,
            receipt,
            batch=batch,
            parts=parts,
            now=self._now,
        )
        owing = self._so_far.missed_days
        if lost := (*owing.lost, *owing.gone):
            house, name = self._house, self._source.name
            notify_missed_days(transaction, house.admins, name, runs(lost), given_up=bool(owing.lost), now=self._now)
        if self._known.last is not None:  # at the first look archives are what one would expect
            notify_of_filed(transaction, self._house, self._source, self._so_far.filed, self._now)

    def _behind_others(self, state: SourceState) -> tuple[str, ...]:
        """The categories that have not what others have."""
        newest = max(state.came.values(), default=None)
        return tuple(unit for unit in self._units if unit and newest and state.came.get(unit) != newest)

    # ── days that were missed ─────────────────────────────────────────────────

    def _owe(self, *, history: bool) -> None:
        """Finds out what has become due since the last poll, and what of it was missed."""
        owing, timing = self._so_far.missed_days, self._house.timing
        after = (self._now - HISTORY).date() if history and owing.upto is None else owing.upto
        due = timing.days_due(self._source, after, self._now)
        self._so_far = replace(self._so_far, missed_days=owing.with_due(due, self._now.date(), self._current))
        self._behind = bool(self._so_far.missed_days.past(*self._current) or self._so_far.missed_days.lost)

    def _finish(self) -> None:
        """What the usual look brought is not owed any more."""
        owing = self._so_far.missed_days
        if is_dated(self._source):
            owing = owing.read(*(day for day in self._current[1:] if day not in self._broken))
        else:
            judgements = [self._verdict(unit, self._so_far) for unit in self._units]
            if all(judgement is None or judgement.is_final for judgement in judgements):
                owing = owing.read(*self._current)
            looks = [joined(self._so_far.observations.get(unit, ())) for unit in self._units]
            shown = {look.day for look in looks if look.batch and look.papers and not look.problem}
            if len(shown) == 1 and len(looks) == 1:  # a list that shows Friday's at the weekend
                owing = owing.read(*filter(None, shown))
        self._so_far = replace(self._so_far, missed_days=owing)

    async def _catch_up(self) -> None:
        """Fetches the days that were missed, oldest first, until one cannot be fetched."""
        for number, day in enumerate(self._so_far.missed_days.past(*self._current)):
            ask = backfill_request(
                self._source,
                day,
                self._house.timing.calendar,
                missing=self._missing(day),
                oldest=number == 0 and self._was_there(day),
                sites=self._house.sites,
            )
            owing = self._so_far.missed_days
            closed = self._closed.get(urlsplit(ask.url).hostname or "") if ask else None
            if ask is None and self._has_failed():
                continue  # what it shows when it is back may be of that day yet
            if ask is None:
                self._so_far = replace(self._so_far, missed_days=owing.is_gone(day))
            elif closed:
                self._so_far = replace(self._so_far, missed_days=replace(owing, reason=closed))
                return
            elif not await self._fetch_missed(day, ask):
                return

    def _has_failed(self) -> bool:
        """Whether something of what is asked as usual could not be read."""
        return any(look.problem for looks in self._so_far.observations.values() for look in looks)

    def _missing(self, day: date) -> tuple[str, ...]:
        """The categories of arXiv that did not bring a batch, as far as that is known; () for other sources."""
        came, at = self._known.state.came, self._house.timing.expected_at(self._source, day)
        return tuple(unit for unit in self._units if unit and came.get(unit) != at)

    def _was_there(self, day: date) -> bool:
        """Whether the source was read already some days before, so that what it lacks of them was held back by arXiv."""
        state = self._known.state
        return state.upto is not None and state.since is not None and state.since.date() < day - MODERATION_HOLD

    async def _fetch_missed(self, day: date, ask: FetchRequest) -> bool:
        """Fetches a day with all its pages; whether it makes sense to go on with the next one."""
        following: FetchRequest | None = ask
        try:
            while following is not None:
                following = await self._read_missed(day, following)
        except FetchError as error:
            owing = self._so_far.missed_days
            if _is_absent(ask, error):
                self._so_far = replace(self._so_far, missed_days=owing.is_empty(day))
                return True
            self._after = max(self._after, error.retry_after)
            answered = bool(error.status) and not (error.host_wide or error.busy)
            owing = owing.failed(day, _short(str(error.sentence)), answered=answered)
            self._so_far = replace(self._so_far, missed_days=owing)
            return False
        except (UnknownFormat, BrokenDigest) as error:
            self._so_far = replace(self._so_far, missed_days=self._so_far.missed_days.failed(day, _reason(error)))
        return True

    async def _read_missed(self, day: date, ask: FetchRequest) -> FetchRequest | None:
        """Stores the papers of a page of a missed day; the page that follows."""
        found = await self._fetcher.fetch(ask.url)
        assert isinstance(found, Fetched)  # noqa: S101 - nothing was said of what we have
        digest = await self._digest(ask, found.data)
        if problem := _feed_error(digest):
            raise BrokenDigest(Sentence("{name}: {problem}", {"name": self._source.name, "problem": problem}))
        digest = replace(digest, day=digest.day or day)
        if ask.history:
            categories = categories_of(self._source)
            entries = tuple(announced(paper, categories) for paper in digest.entries)
            digest = replace(digest, day=day, entries=entries)
        following = next_page(ask, found.data) if ask.page < MISSED_PAGES else None
        cut = observation_of(digest, Ingested(), changed=True).problem
        follows: list[PollProgress] = []

        def note(transaction: Transaction, done: Ingested) -> None:
            progress = self._so_far.with_digest(digest, done)
            owing = progress.missed_days if following or cut else progress.missed_days.brought(day)
            follows.append(self._stored(transaction, replace(progress, missed_days=owing)))

        await self._put(digest, note)
        (self._so_far,) = follows
        if cut:
            raise BrokenDigest(Sentence("{name}: {problem}", {"name": self._source.name, "problem": cut}))
        return following


def _reason(error: UnknownFormat | BrokenDigest) -> str:
    """What is wrong with a document, as a receipt has it."""
    return _short(error.brief if isinstance(error, UnknownFormat) else str(error.sentence))


def _short(text: str) -> str:
    """A sentence as a receipt has it: one line, not too long."""
    return clip(" ".join(text.split()), LONGEST_PROBLEM)


def _is_absent(ask: FetchRequest, error: FetchError) -> bool:
    """Whether a document is not there that need not be there."""
    return ask.may_miss and error.status in (HTTPStatus.NOT_FOUND, HTTPStatus.GONE)


def _feed_error(digest: Digest) -> str:
    """What a document says that is no list but an error."""
    return next((f"{w.message[:1].upper()}{w.message[1:]}" for w in digest.warnings if w.code == "feed_error"), "")
