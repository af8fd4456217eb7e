"""Sources: their state between two polls, the receipts of polls, and limits for requests to publishers."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlmodel import select

from subscriptions.planning.next_deliveries import AwaitedSource, Forecast
from subscriptions.planning.receipts import SETTLING, Outcome, Receipt
from subscriptions.planning.source_calendar import Schedule
from subscriptions.planning.source_trouble import BEHIND, is_passed_over, trouble_after
from subscriptions.states import SourceTrouble
from subscriptions.store import columns, paper_sequence
from subscriptions.store.database import conflicts
from subscriptions.store.database.store import Transaction, execute, grouped, reads, writes
from subscriptions.store.rows import TABLES, ReceiptRow, SourceRow
from subscriptions.store.work_rows import PublisherSlotRow

_TRUSTED = timedelta(minutes=5)  # a slot that ends later than this from now is ignored, since the clock was set back
_WRITTEN = {"arxiv": "arXiv"}  # source without a title → its name as people write it

# Each plan executes these statements, so they are built only once.
_sources = TABLES.tables["source"]
_receipts = TABLES.tables["receipt"]
_s, _r = _sources.c, _receipts.c
_ALL = sa.select(_s.name, _s.kind, _s.title, _s.schedule, _s.state).order_by(_s.name)
_SINCE = (
    sa.select(_r.source, _r.at, _r.outcome)
    .where(_r.source.in_(sa.bindparam("sources", expanding=True)), _r.at >= sa.bindparam("since"))
    .order_by(_r.id)
)


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceFact:
    """A source as the settings declare it."""

    name: str
    kind: str  # "file", "url" or "arxiv"
    location: str  # as people may see it, without parts that may be secret
    title: str = ""
    home: str = ""
    schedule: str = ""  # the schedule of its polls as text; "" for a folder that is watched
    evening: bool = False  # its documents are arXiv's lists, which show a batch on the evening before its date


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentSeen:
    """The last document at an address, with its validators (ETag and the like) for the next conditional request."""

    etag: str = ""
    modified: str = ""
    digest: str = ""  # the hash of its bytes
    day: date | None = None
    papers: int = 0
    batch: bool = False  # whether `day` is the date of a batch of arXiv


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceState:
    """The state of a source between two polls."""

    on: bool = True  # whether the settings declare it now
    since: datetime | None = None  # when the settings first declared it
    evening: bool = False  # see SourceFact
    next_at: datetime | None = None  # its next poll; None: it was never polled, or is a watched folder
    failures: int = 0  # number of failed polls since the last successful one
    came: Mapping[str, datetime] = field(default_factory=dict)  # unit → due moment of the newest papers that came
    split: tuple[str, ...] = ()  # archives of arXiv that are too large for one feed
    looked_at: datetime | None = None  # its last complete poll that did not fail
    upto: date | None = None  # the newest day that was ever due
    # day that was due but not read → number of failed attempts
    missed_days: Mapping[date, int] = field(default_factory=dict)
    trouble: SourceTrouble | None = None  # what operators were told last; None: nothing, or that all is well
    # path of a watched folder that cannot be read ("": the folder itself) → why; until it is gone or read
    unread: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownSource:
    """A source with its state and its last receipt."""

    name: str
    kind: str
    location: str
    state: SourceState
    schedule: str = ""
    seen: Mapping[str, DocumentSeen] = field(default_factory=dict)  # address → its last document
    last: Receipt | None = None
    settled_at: datetime | None = None  # the moment of its last receipt with outcome new or quiet

    @property
    def is_arxivs(self) -> bool:
        """Whether its days are those of arXiv's announcements."""
        is_folder_of_arxiv = self.kind == "file" and self.schedule == "arxiv"
        return self.kind == "arxiv" or is_folder_of_arxiv or any(one.batch for one in self.seen.values())

    def trouble_at(self, now: datetime) -> SourceTrouble | None:
        """Returns what is wrong with the source at a moment; None if nothing is, or if the settings do not declare it."""
        if not self.state.on:
            return None
        if self.kind == "file" and self.state.unread:
            return SourceTrouble.FAILED
        found = trouble_after(self.state.trouble, self.last) if self.last else None
        if self.kind == "file" and found is SourceTrouble.FAILED:
            found = None  # what could not be read is gone
        if found not in BEHIND and is_passed_over(self.state.next_at, now):
            return SourceTrouble.NOT_POLLED
        return found

    def without(self, is_gone: Callable[[str], bool]) -> "KnownSource":
        """Returns the source without the unread files that are gone."""
        left = {place: why for place, why in self.state.unread.items() if not is_gone(place)}
        return replace(self, state=replace(self.state, unread=left))

    def is_behind(self, now: datetime) -> bool:
        """Returns whether the source is late, could not be read, or was not polled although it was due."""
        return self.trouble_at(now) in BEHIND


@reads
def unknown_sources(transaction: Transaction, schedules: Mapping[str, str]) -> frozenset[str]:
    """Returns the names in `schedules` (name → schedule) that differ from the stored sources.

    These sources are not stored as declared, or are stored with another schedule.
    """
    known = {row.name: row.schedule for row in execute(transaction, _ALL) if row.state.get("on")}
    return frozenset(name for name, schedule in schedules.items() if known.get(name) != schedule)


@writes
def sync_sources(transaction: Transaction, facts: Iterable[SourceFact], *, now: datetime, are_all: bool = True) -> None:
    """Stores the sources that the settings declare.

    With `are_all`, these are all declared sources. Then all other stored sources are marked as no longer declared.
    """
    wanted = {fact.name: fact for fact in facts}
    rows = {row.name: row for row in transaction.exec(select(SourceRow))}
    for name, fact in wanted.items():
        row = rows.get(name)
        if row is None:
            add_name(transaction, name)
            row = transaction.get_one(SourceRow, name)
        if row.location != fact.location:
            row.validators, row.state = {}, {}  # the name now belongs to another location
        row.kind, row.location, row.schedule = fact.kind, fact.location, fact.schedule
        row.title, row.home = fact.title, fact.home
        state = _state(row.state or {"on": False})
        if not state.on:
            state = replace(state, upto=None, missed_days={})
        row.state = columns.to_json(replace(state, since=state.since or now, on=True, evening=fact.evening))
    for name in rows.keys() - wanted.keys():
        if are_all and rows[name].state.get("on"):
            rows[name].state = {**rows[name].state, "on": False}
    transaction.flush()


def add_name(transaction: Transaction, name: str) -> None:
    """Stores a source with only its name, unless a source with this name is stored."""
    conflicts.insert_new(transaction, SourceRow(name=name))


@reads
def known_sources(transaction: Transaction) -> tuple[KnownSource, ...]:
    """Returns all sources that the settings declare or have declared before, ordered by name."""
    newest = _newest_of_sources(transaction)
    last = {one.source: one for one in newest}
    settled = {one.source: one.at for one in newest if one.outcome in SETTLING}
    return tuple(
        KnownSource(
            name=row.name,
            kind=row.kind,
            location=row.location,
            state=_state(row.state),
            schedule=row.schedule,
            seen={url: columns.adapter_of(DocumentSeen).validate_python(one) for url, one in row.validators.items()},
            last=last.get(row.name),
            settled_at=settled.get(row.name),
        )
        for row in transaction.exec(select(SourceRow).order_by(_s.name))
        if "on" in row.state  # rows without "on" are only names under which papers came
    )


@reads
def forecast(transaction: Transaction, *, now: datetime) -> Forecast:
    """Returns the forecast: what has come, and what is expected, from the sources that the settings declare."""
    schedules = transaction.schedules
    on = [(row, _state(row.state)) for row in execute(transaction, _ALL) if row.state.get("on")]
    rows = [(row, state) for row, state in on if schedules.counts(row.name, state.next_at, now)]
    read = [(row, state, schedules.read(row.schedule, evening=state.evening)) for row, state in rows]
    awaited = [(row, state, one, one.last_due(now)) for row, state, one in read if one and one.awaited]
    came = _since(transaction, {row.name: due for row, _, _, due in awaited if due})
    return Forecast(
        at=now,
        awaited=tuple(_awaited(row, state, one, due, came.get(row.name, ())) for row, state, one, due in awaited),
        anytime=len(awaited) < len(rows),
        last_sequence=paper_sequence.last_sequence(transaction),
    )


def _since(transaction: Transaction, dues: Mapping[str, datetime]) -> dict[str, list[Outcome]]:
    """Returns source → the outcomes of its polls since its due moment, oldest first. `dues`: source → due moment."""
    if not dues:
        return {}
    polls = execute(transaction, _SINCE, {"sources": list(dues), "since": min(dues.values())})
    return grouped((source, outcome) for source, at, outcome in polls if at >= dues[source])


def _awaited(
    row: columns.AnyRow,
    state: SourceState,
    schedule: Schedule,
    due: datetime | None,
    outcomes: Sequence[Outcome],
) -> AwaitedSource:
    # A folder is not late with days before it was watched. Other sources can be asked for such days.
    over = due is None or (row.kind == "file" and state.since is not None and due < state.since)
    behind = tuple(unit for unit, at in state.came.items() if due and at < due)
    return AwaitedSource(
        name=row.title or _WRITTEN.get(row.name, row.name),
        schedule=schedule,
        due=due,
        settled=over or not SETTLING.isdisjoint(outcomes),
        outcome=outcomes[-1] if outcomes else None,
        behind=behind if len(behind) < len(state.came) else (),
    )


@writes
def note_poll(transaction: Transaction, receipt: Receipt, state: SourceState, seen: Mapping[str, DocumentSeen]) -> int:
    """Stores the receipt of a poll, which may still be running, and the state of its source. Returns the receipt's id.

    A receipt with an id replaces the stored one.
    """
    source = transaction.get(SourceRow, receipt.source)
    if source is None:
        add_name(transaction, receipt.source)
    else:
        source.state = columns.to_json(state)
        source.validators = {url: columns.to_json(one) for url, one in seen.items()}
    row = transaction.get(ReceiptRow, receipt.id) if receipt.id else None
    if row is None:
        row = ReceiptRow(source=receipt.source, at=receipt.at, outcome=receipt.outcome)
        transaction.add(row)
    row.at, row.outcome = receipt.at, receipt.outcome
    row.counts, row.detail = dict(receipt.counts), receipt.detail
    transaction.flush()
    return row.id


@writes
def claim_poll(transaction: Transaction, name: str, before: datetime | None, until: datetime | None) -> bool:
    """Changes `next_at` from `before` to `until`, if it is still `before`. Returns True if this caller changed it."""
    row = transaction.get(SourceRow, name, populate_existing=True)
    if row is None or (state := _state(row.state)).next_at != before:
        return False
    row.state = columns.to_json(replace(state, next_at=until))
    return True


def _state(stored: Mapping[str, Any]) -> SourceState:
    state: SourceState = columns.adapter_of(SourceState).validate_python(stored)
    return state


def _newest_of_sources(transaction: Transaction) -> list[Receipt]:
    """Returns, for each source and outcome, the newest receipt, in the order of the polls.

    Reads the last entry of an index for each source and outcome. With GROUP BY, the database would read all receipts.
    """
    newest = [
        sa.select(sa.func.max(_r.id)).where(_r.source == _s.name, _r.outcome == outcome).scalar_subquery()
        for outcome in Outcome
    ]
    ids = [receipt for found in execute(transaction, sa.select(*newest).select_from(_sources)) for receipt in found]
    rows = transaction.exec(select(ReceiptRow).where(_r.id.in_(ids)).order_by(_r.id))
    return list(map(receipt_value, rows))


def receipt_value(row: ReceiptRow) -> Receipt:
    """Returns the receipt of a row."""
    return Receipt(
        id=row.id,
        source=row.source,
        at=row.at,
        outcome=row.outcome,
        counts=dict(row.counts),
        detail=row.detail,
    )


@writes
def claim_slot(transaction: Transaction, publisher: str, most: timedelta, *, wall: datetime) -> timedelta:
    """Tries to take the slot for requests to a publisher, for at most `most`. Only one process has the slot at a time.

    Returns zero if the caller got the slot, otherwise how long to wait.
    """
    slot = transaction.get(PublisherSlotRow, publisher, populate_existing=True)
    wait = slot.until - wall if slot else timedelta(0)
    if timedelta(0) < wait <= _TRUSTED:
        return wait
    conflicts.put(transaction, PublisherSlotRow(publisher=publisher, until=wall + most))
    return timedelta(0)


@writes
def release_slot(transaction: Transaction, publisher: str, gap: timedelta, *, wall: datetime) -> None:
    """Allows the next request to a publisher when `gap` has passed."""
    conflicts.put(transaction, PublisherSlotRow(publisher=publisher, until=wall + gap))
