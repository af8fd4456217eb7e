"""Sources: their state between two polls, the receipts of their polls, and when each publisher may be asked next."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlmodel import col, select

from subscriptions.planning.pauses import AwaitedSource, Forecast
from subscriptions.planning.receipts import SETTLING, Outcome, Receipt
from subscriptions.planning.source_calendar import ArxivSchedule, Schedule, Schedules
from subscriptions.states import SourceTrouble
from subscriptions.store.columns import adapter_of, to_json
from subscriptions.store.conversation_rows import PublisherSlotRow
from subscriptions.store.database import store
from subscriptions.store.database.conflicts import insert_new, put
from subscriptions.store.database.store import Transaction
from subscriptions.store.rows import TABLES, ReceiptRow, SourceRow

MOST_RECEIPTS = 10_000  # that are looked at together
_WRITTEN = {"arxiv": "arXiv"}  # how the name of a source without a title is written for people

# Statements that every plan executes are built once.
_sources, _receipts = TABLES.tables["source"], TABLES.tables["receipt"]
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
    kind: str  # file, url, arxiv
    location: str  # for people, without what may be a secret
    title: str = ""
    home: str = ""
    schedule: str = ""  # "" for a source that is watched all the time
    evening: bool = False  # its documents are arXiv's lists, which show a batch on the evening before its date


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentSeen:
    """The last document of an address, with the validators for the next conditional request."""

    etag: str = ""
    modified: str = ""
    digest: str = ""  # hash of its bytes
    day: date | None = None
    papers: int = 0
    batch: bool = False  # its day is the date of a batch of arXiv


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceState:
    """The state of a source between two polls."""

    on: bool = True  # whether the settings declare it
    since: datetime | None = None  # when they first did
    evening: bool = False  # see SourceFact
    next_at: datetime | None = None  # its next poll; None: it was never polled, or is watched
    failures: int = 0  # in a row
    came: Mapping[str, datetime] = field(default_factory=dict)  # unit → since when its newest arrival had been due
    split: tuple[str, ...] = ()  # archives of arXiv that are too large for one feed
    looked_at: datetime | None = None  # its last poll that asked for everything and did not fail
    upto: date | None = None  # the newest day that ever was due
    missed_days: Mapping[date, int] = field(default_factory=dict)  # days that were due and not read → failed attempts
    trouble: SourceTrouble | None = None  # what operators were notified of last; None: nothing, or its end


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownSource:
    """A source with its state and its last receipt."""

    name: str
    kind: str
    location: str
    state: SourceState
    seen: Mapping[str, DocumentSeen] = field(default_factory=dict)  # by address
    last: Receipt | None = None
    settled_at: datetime | None = None  # when its last receipt with outcome new or quiet was
    is_overdue: bool = False  # late, failed, or not polled although it was due


@store.reads
def unknown_sources(transaction: Transaction, schedules: Mapping[str, str]) -> frozenset[str]:
    """Those of these sources (name → schedule) that are not stored as switched on with this schedule."""
    known = {row.name: row.schedule for row in store.execute(transaction, _ALL) if row.state.get("on")}
    return frozenset(name for name, schedule in schedules.items() if known.get(name) != schedule)


@store.writes
def sync_sources(transaction: Transaction, facts: Iterable[SourceFact], *, now: datetime, are_all: bool = True) -> None:
    """Stores the sources that the settings declare.

    With `are_all`, these are all of them: any other source is kept and switched off.
    """
    wanted = {fact.name: fact for fact in facts}
    rows = {row.name: row for row in transaction.exec(select(SourceRow))}
    for name, fact in wanted.items():
        row = rows.get(name)
        if row is None:
            add_name(transaction, name)
            row = transaction.get_one(SourceRow, name)
        if row.location != fact.location:
            row.validators, row.state = {}, {}  # the name means another place now
        row.kind, row.location, row.schedule = fact.kind, fact.location, fact.schedule
        row.title, row.home = fact.title, fact.home
        state = _state(row.state or {"on": False})
        if not state.on:
            state = replace(state, upto=None, missed_days={})
        row.state = to_json(replace(state, since=state.since or now, on=True, evening=fact.evening))
    for name in rows.keys() - wanted.keys():
        if are_all and rows[name].state.get("on"):
            rows[name].state = {**rows[name].state, "on": False}
    transaction.flush()


def add_name(session: Transaction, name: str) -> None:
    """Stores a source with only its name, unless there is one with this name."""
    insert_new(session, "source", ("name",), SourceRow(name=name).model_dump())


@store.reads
def known_sources(transaction: Transaction) -> tuple[KnownSource, ...]:
    """All sources that the settings declare or declared, in the order of their names."""
    last, settled = latest(transaction), _settled(transaction)
    return tuple(
        KnownSource(
            name=row.name,
            kind=row.kind,
            location=row.location,
            state=_state(row.state),
            seen={url: adapter_of(DocumentSeen).validate_python(one) for url, one in row.validators.items()},
            last=last.get(row.name),
            settled_at=settled.get(row.name),
        )
        for row in transaction.exec(select(SourceRow).order_by(col(SourceRow.name)))
        if "on" in row.state  # others are only names under which papers came
    )


def expected_on(
    session: Transaction, schedules: Schedules, source: str, day: date, span: tuple[datetime, datetime]
) -> datetime | None:
    """When the digest of a day is expected in a source by its schedule; None if it has none. `span` is the day."""
    row = session.get(SourceRow, source)
    schedule = schedules.read(row.schedule, evening=bool(row.state.get("evening"))) if row else None
    if isinstance(schedule, ArxivSchedule):
        return schedule.expected_at(day)
    due = schedule.next_due(span[0] - timedelta(microseconds=1)) if schedule else None
    return due if due is not None and due < span[1] else None


@store.reads
def forecast(transaction: Transaction, *, now: datetime) -> Forecast:
    """What can be expected of the sources that the settings declare."""
    schedules = transaction.schedules
    on = [(row, _state(row.state)) for row in store.execute(transaction, _ALL) if row.state.get("on")]
    rows = [(row, state) for row, state in on if schedules.counts(row.name, state.next_at, now)]
    read = [(row, state, schedules.read(row.schedule, evening=state.evening)) for row, state in rows]
    awaited = [(row, state, one, one.last_due(now)) for row, state, one in read if one and one.awaited]
    came = _since(transaction, {row.name: due for row, _, _, due in awaited if due})
    return Forecast(
        at=now,
        awaited=tuple(_awaited(row, state, one, due, came.get(row.name, ())) for row, state, one, due in awaited),
        anytime=len(awaited) < len(rows),
    )


def _since(session: Transaction, dues: Mapping[str, datetime]) -> dict[str, list[Outcome]]:
    """Source → the outcomes of its receipts since its due moment, oldest first."""
    if not dues:
        return {}
    found: dict[str, list[Outcome]] = {}
    for source, at, outcome in store.execute(session, _SINCE, {"sources": list(dues), "since": min(dues.values())}):
        if at >= dues[source]:
            found.setdefault(source, []).append(outcome)
    return found


def _awaited(
    row: sa.Row[*tuple[Any, ...]],
    state: SourceState,
    schedule: Schedule,
    due: datetime | None,
    outcomes: Sequence[Outcome],
) -> AwaitedSource:
    # What was due in a folder before it was watched never comes; of other sources it is fetched.
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


def store_state(session: Transaction, name: str, state: SourceState, seen: Mapping[str, DocumentSeen]) -> None:
    """Stores the state of a source after a poll."""
    row = session.get(SourceRow, name)
    if row is not None:
        row.state = to_json(state)
        row.validators = {url: to_json(one) for url, one in seen.items()}
        session.flush()


@store.writes
def claim_poll(transaction: Transaction, name: str, before: datetime | None, until: datetime | None) -> bool:
    """Compare-and-set of `next_at` from `before` to `until`. True if this caller won."""
    row = transaction.get(SourceRow, name)
    if row is None or (state := _state(row.state)).next_at != before:
        return False
    stored = col(SourceRow.state)["next_at"].as_string()
    is_still = stored.is_(None) if row.state.get("next_at") is None else stored == row.state["next_at"]
    claimed = to_json(replace(state, next_at=until))
    return (
        transaction.exec(
            sa.update(SourceRow).where(col(SourceRow.name) == name, is_still).values(state=claimed)
        ).rowcount
        == 1
    )


def _state(stored: Mapping[str, Any]) -> SourceState:
    state: SourceState = adapter_of(SourceState).validate_python(stored)
    return state


def put_receipt(session: Transaction, receipt: Receipt) -> int:
    """Stores a receipt, or replaces the one with its id; returns the id."""
    row = session.get(ReceiptRow, receipt.id) if receipt.id else None
    if row is None:
        add_name(session, receipt.source)
        row = ReceiptRow(source=receipt.source, at=receipt.at, outcome=receipt.outcome)
        session.add(row)
    row.at, row.outcome = receipt.at, receipt.outcome
    row.counts, row.detail = dict(receipt.counts), receipt.detail
    session.flush()
    return row.id or 0


def latest(session: Transaction) -> dict[str, Receipt]:
    """Source → its newest receipt."""
    return {row.source: receipt_value(row) for row in _newest_of_sources(session, Outcome)}


@store.reads
def receipts_since(transaction: Transaction, since: datetime) -> list[Receipt]:
    """The newest receipts since a moment, at most so many, the newest first."""
    rows = transaction.exec(
        select(ReceiptRow).where(col(ReceiptRow.at) >= since).order_by(_r.at.desc()).limit(MOST_RECEIPTS)
    )
    return [receipt_value(row) for row in rows]


def _settled(session: Transaction) -> dict[str, datetime]:
    return {row.source: row.at for row in _newest_of_sources(session, SETTLING)}


def _newest_of_sources(session: Transaction, outcomes: Iterable[Outcome]) -> Sequence[ReceiptRow]:
    """The newest receipt of each source that has one of these outcomes.

    For each source and outcome it looks at the end of an index; grouping would read all receipts.
    """
    newest = [
        sa.select(sa.func.max(_r.id)).where(_r.source == _s.name, _r.outcome == outcome).scalar_subquery()
        for outcome in outcomes
    ]
    ids = [
        max(filter(None, found), default=0)
        for found in store.execute(session, sa.select(*newest).select_from(_sources))
    ]
    return session.exec(select(ReceiptRow).where(col(ReceiptRow.id).in_(ids))).all()


def receipt_value(row: ReceiptRow) -> Receipt:
    """The value of a row."""
    return Receipt(
        id=row.id,
        source=row.source,
        at=row.at,
        outcome=row.outcome,
        counts=dict(row.counts),
        detail=row.detail,
    )


def slot_of(session: Transaction, publisher: str) -> datetime | None:
    """Until when no process may ask a publisher; None: no process ever did."""
    return session.exec(select(PublisherSlotRow.until).where(PublisherSlotRow.publisher == publisher)).first()


def swap_slot(session: Transaction, publisher: str, before: datetime | None, until: datetime) -> bool:
    """Replaces the moment `before` (None: there is none) by another one. False if another process was first."""
    if before is None:
        return insert_new(session, "publisher_slot", ("publisher",), {"publisher": publisher, "until": until})
    is_still = (col(PublisherSlotRow.publisher) == publisher) & (col(PublisherSlotRow.until) == before)
    return session.exec(sa.update(PublisherSlotRow).where(is_still).values(until=until)).rowcount == 1


@store.writes
def release_slot(transaction: Transaction, publisher: str, gap: timedelta, *, wall: datetime) -> None:
    """Stores until when no process may ask a publisher."""
    put(transaction, "publisher_slot", ("publisher",), {"publisher": publisher, "until": wall + gap})
