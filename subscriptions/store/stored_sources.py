"""Sources: what the settings declare, their state, their receipts, and what subscriptions wait for."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from datetime import date, datetime

import sqlalchemy as sa
from sqlmodel import select

from subscriptions.planning.next_deliveries import AwaitedSource, Forecast
from subscriptions.planning.receipts import BEHIND, SETTLING, Outcome, Receipt, is_passed_over, trouble_after
from subscriptions.planning.source_calendar import Schedule
from subscriptions.states import SourceTrouble
from subscriptions.store import columns, known_papers
from subscriptions.store.database.store import Transaction, execute, grouped, reads, writes
from subscriptions.store.tables import TABLES, ReceiptRow, SourcePartRow, SourceRow

_WRITTEN = {"arxiv": "arXiv"}  # source without a title → its name as people write it

# Each plan executes these statements, so they are built only once.
_sources = TABLES.tables["source"]
_receipts = TABLES.tables["receipt"]
_parts = TABLES.tables["source_part"]
_s, _r = _sources.c, _receipts.c
_DECLARED = (
    sa.select(_s.name, _s.kind, _s.title, _s.schedule, _s.evening, _s.since, _s.next_at)
    .where(_s.declared)
    .order_by(_s.name)
)
_CAME = sa.select(_parts.c.source, _parts.c.part, _parts.c.came).where(_parts.c.came.is_not(None))
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
    schedule: str = ""  # the schedule of its polls as text; "" for a folder that is watched
    evening: bool = False  # its documents are arXiv's lists, which show a batch on the evening before its date


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A part of a source, and its last document with its validators for the next conditional request."""

    came: datetime | None = None  # the due moment of the newest papers that came
    etag: str = ""
    modified: str = ""
    digest: str = ""  # the hash of its bytes
    day: date | None = None
    papers: int = 0
    batch: bool = False  # whether `day` is the date of a batch of arXiv


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceState:
    """What a poll changes of a source. The columns of its row have the same names."""

    next_at: datetime | None = None  # its next poll; None: it was never polled, or is a watched folder
    failures: int = 0  # number of failed polls since the last successful one
    looked_at: datetime | None = None  # its last complete poll that did not fail
    read_until: date | None = None  # the newest day up to which each day that was due was read, or given up
    tries: int = 0  # number of failed tries to read the oldest missed day
    trouble: SourceTrouble | None = None  # what operators were told last; None: nothing, or that all is well
    # path of a watched folder that cannot be read ("": the folder itself) → why; until it is gone or read
    unread: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownSource:
    """A source with its state and its last receipt."""

    name: str
    kind: str
    location: str
    schedule: str = ""
    declared: bool = True  # whether the settings declare it now
    since: datetime | None = None  # when the settings first declared it
    state: SourceState = field(default_factory=SourceState)
    parts: Mapping[str, Part] = field(default_factory=dict)
    last: Receipt | None = None
    settled_at: datetime | None = None  # the moment of its last receipt with outcome new or quiet

    @property
    def is_arxivs(self) -> bool:
        """Whether its days are those of arXiv's announcements."""
        is_folder_of_arxiv = self.kind == "file" and self.schedule == "arxiv"
        return self.kind == "arxiv" or is_folder_of_arxiv or any(one.batch for one in self.parts.values())

    def trouble_at(self, now: datetime) -> SourceTrouble | None:
        """Returns what is wrong with the source at a moment.

        None if nothing is, or if the settings do not declare it.
        """
        if not self.declared:
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


_STATE = tuple(one.name for one in fields(SourceState))
_PART = tuple(one.name for one in fields(Part))


@reads
def unknown_sources(transaction: Transaction, schedules: Mapping[str, str]) -> frozenset[str]:
    """Returns the names in `schedules` (name → schedule) that differ from the stored sources.

    These sources are not stored as declared, or are stored with another schedule.
    """
    known = {row.name: row.schedule for row in execute(transaction, _DECLARED)}
    return frozenset(name for name, schedule in schedules.items() if known.get(name) != schedule)


@writes
def sync_sources(transaction: Transaction, facts: Iterable[SourceFact], *, now: datetime, are_all: bool = True) -> None:
    """Stores the sources that the settings declare.

    With `are_all`, these are all declared sources. Then all other stored sources are marked as no longer declared.
    """
    wanted = {fact.name: fact for fact in facts}
    for name, fact in wanted.items():
        add_name(transaction, name)
        row = transaction.get_one(SourceRow, name)
        if row.location != fact.location:  # the name now belongs to another location
            transaction.remove(SourcePartRow, source=name)
            row.since = None
            _write_state(row, SourceState())
        elif not row.declared:  # what came while it was not declared is not missed
            row.read_until, row.tries = None, 0
        for fact_name in ("kind", "location", "title", "schedule", "evening"):
            setattr(row, fact_name, getattr(fact, fact_name))
        row.since, row.declared = row.since or now, True
    if are_all:
        execute(transaction, sa.update(_sources).where(_s.name.not_in(wanted)).values(declared=False))
    transaction.flush()


def add_name(transaction: Transaction, name: str) -> None:
    """Stores a source with only its name, unless a source with this name is stored."""
    transaction.insert_new(SourceRow(name=name))


@reads
def known_sources(transaction: Transaction) -> tuple[KnownSource, ...]:
    """Returns all sources that the settings declare or have declared before, ordered by name."""
    newest = _newest_of_sources(transaction)
    last = {one.source: one for one in newest}
    settled = {one.source: one.at for one in newest if one.outcome in SETTLING}
    parts = grouped((row.source, row) for row in transaction.exec(select(SourcePartRow)))
    return tuple(
        KnownSource(
            name=row.name,
            kind=row.kind,
            location=row.location,
            schedule=row.schedule,
            declared=row.declared,
            since=row.since,
            state=SourceState(**{name: getattr(row, name) for name in _STATE}),
            parts={one.part: Part(**{name: getattr(one, name) for name in _PART}) for one in parts.get(row.name, ())},
            last=last.get(row.name),
            settled_at=settled.get(row.name),
        )
        for row in transaction.exec(select(SourceRow).where(_s.since.is_not(None)).order_by(_s.name))
    )


@reads
def forecast(transaction: Transaction, *, now: datetime) -> Forecast:
    """Returns the forecast: what has come, and what is expected, from the sources that the settings declare."""
    schedules = transaction.store.schedules
    rows = [row for row in execute(transaction, _DECLARED) if schedules.counts(row.name, row.next_at, now)]
    read = [(row, schedules.read(row.schedule, evening=row.evening)) for row in rows]
    awaited = [(row, one, one.last_due(now)) for row, one in read if one and one.awaited]
    outcomes = _since(transaction, {row.name: due for row, _, due in awaited if due})
    came = grouped((source, (part, at)) for source, part, at in execute(transaction, _CAME))
    return Forecast(
        at=now,
        awaited=tuple(
            _awaited(row, one, due, outcomes.get(row.name, ()), dict(came.get(row.name, ())))
            for row, one, due in awaited
        ),
        anytime=len(awaited) < len(rows),
        last_sequence=known_papers.last_sequence(transaction),
    )


def _since(transaction: Transaction, dues: Mapping[str, datetime]) -> dict[str, list[Outcome]]:
    """Returns source → the outcomes of its polls since its due moment, oldest first. `dues`: source → due moment."""
    if not dues:
        return {}
    polls = execute(transaction, _SINCE, {"sources": list(dues), "since": min(dues.values())})
    return grouped((source, outcome) for source, at, outcome in polls if at >= dues[source])


def _awaited(
    row: columns.AnyRow,
    schedule: Schedule,
    due: datetime | None,
    outcomes: Sequence[Outcome],
    came: Mapping[str, datetime],
) -> AwaitedSource:
    # A folder is not late with days before it was watched. Other sources can be asked for such days.
    over = due is None or (row.kind == "file" and row.since is not None and due < row.since)
    behind = tuple(part for part, at in came.items() if due and at < due)
    return AwaitedSource(
        name=row.title or _WRITTEN.get(row.name, row.name),
        schedule=schedule,
        due=due,
        settled=over or not SETTLING.isdisjoint(outcomes),
        outcome=outcomes[-1] if outcomes else None,
        behind=behind if len(behind) < len(came) else (),
    )


@reads
def has_come(transaction: Transaction, due: datetime) -> bool:
    """Returns whether any source has brought papers of the batch of arXiv that was due at a moment."""
    return transaction.finds(_parts.c.came == due, _parts.c.batch, _parts.c.papers > 0)


@writes
def note_poll(transaction: Transaction, receipt: Receipt, state: SourceState, parts: Mapping[str, Part]) -> int:
    """Stores the receipt of a poll, which may still be running, and the state of its source. Returns the receipt's id.

    A receipt with an id replaces the stored one.
    """
    add_name(transaction, receipt.source)
    _write_state(transaction.get_one(SourceRow, receipt.source), state)
    transaction.remove(SourcePartRow, source=receipt.source)
    transaction.add_all(
        SourcePartRow(source=receipt.source, part=name, **{column: getattr(one, column) for column in _PART})
        for name, one in parts.items()
    )
    row = transaction.get(ReceiptRow, receipt.id) if receipt.id else None
    if row is None:
        row = ReceiptRow(source=receipt.source, at=receipt.at, outcome=receipt.outcome)
        transaction.add(row)
    row.at, row.outcome = receipt.at, receipt.outcome
    row.counts, row.detail = dict(receipt.counts), receipt.detail
    transaction.flush()
    return row.id


def _write_state(row: SourceRow, state: SourceState) -> None:
    for name in _STATE:
        setattr(row, name, getattr(state, name))
    row.unread = dict(state.unread)


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
