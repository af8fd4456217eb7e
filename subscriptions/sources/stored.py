"""Sources: what the settings declare, their state, their receipts, and what subscriptions wait for."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import date, datetime

import sqlalchemy as sa

from subscriptions.database import bot_state, columns
from subscriptions.database.store import Transaction, execute
from subscriptions.database.tables import TABLES, SourceRow
from subscriptions.model import SourceTrouble
from subscriptions.schedule.calendar import Schedule
from subscriptions.sources.forecast import AwaitedSource, Forecast
from subscriptions.sources.poll_results import BEHIND, Receipt, is_passed_over, trouble_after

_WRITTEN = {"arxiv": "arXiv"}  # source without a title → its name as people write it

_sources = TABLES.tables["source"]
_s = _sources.c


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
    fetched_at: datetime | None = None  # when the document was last sent whole, rather than "not modified"
    digest: str = ""  # the hash of its bytes
    day: date | None = None
    papers: int = 0
    batch: bool = False  # whether `day` is the date of a batch of arXiv


_Parts = dict[str, Part]


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceState:
    """What a poll changes of a source."""

    next_at: datetime | None = None  # its next poll; None: it was never polled, or is a watched folder
    failures: int = 0  # number of failed polls since the last successful one
    looked_at: datetime | None = None  # its last complete poll that did not fail
    read_until: date | None = None  # the newest day up to which each day that was due was read, or given up
    tries: int = 0  # number of failed tries to read the oldest missed day
    trouble: SourceTrouble | None = None  # what operators were told last; None: nothing, or that all is well
    # path of a watched folder that cannot be read ("": the folder itself) → why; until it is gone or read
    unread: Mapping[str, str] = field(default_factory=dict)
    settled_at: datetime | None = None  # the moment of its last receipt with outcome new or quiet


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownSource(SourceFact):
    """A source with its state and its last receipt."""

    declared: bool = True  # whether the settings declare it now
    since: datetime | None = None  # when the settings first declared it
    state: SourceState = field(default_factory=SourceState)
    parts: Mapping[str, Part] = field(default_factory=dict)
    last: Receipt | None = None

    @property
    def is_arxivs(self) -> bool:
        """Whether its days are those of arXiv's announcements."""
        is_folder_of_arxiv = self.kind == "file" and self.schedule == "arxiv"
        return self.kind == "arxiv" or is_folder_of_arxiv or any(one.batch for one in self.parts.values())

    def trouble_at(self, now: datetime) -> SourceTrouble | None:
        """Return what is wrong with the source at a moment.

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
        """Return the source without the unread files that are gone."""
        left = {place: why for place, why in self.state.unread.items() if not is_gone(place)}
        return replace(self, state=replace(self.state, unread=left))

    def is_behind(self, now: datetime) -> bool:
        """Return whether the source is late, could not be read, or was not polled although it was due."""
        return self.trouble_at(now) in BEHIND


def unknown_sources(transaction: Transaction, schedules: Mapping[str, str]) -> frozenset[str]:
    """Return the names in `schedules` (name → schedule) that differ from the stored sources.

    These sources are not stored as declared, or are stored with another schedule.
    """
    known = {one.name: one.schedule for one in known_sources(transaction) if one.declared}
    return frozenset(name for name, schedule in schedules.items() if known.get(name) != schedule)


def sync_sources(transaction: Transaction, facts: Iterable[SourceFact], *, now: datetime, are_all: bool = True) -> None:
    """Store the sources that the settings declare.

    With `are_all`, these are all declared sources. Then all other stored sources are marked as no longer declared.
    """
    wanted = {fact.name: fact for fact in facts}
    for name, fact in wanted.items():
        add_name(transaction, name)
        row = transaction.get_one(SourceRow, name)
        if row.location != fact.location:  # the name now belongs to another location
            row.since, row.state, row.parts, row.last = None, {}, {}, {}
        elif not row.declared:  # what came while it was not declared is not missed
            row.state = {**row.state, "read_until": None, "tries": 0}
        for one in fields(SourceFact):
            setattr(row, one.name, getattr(fact, one.name))
        row.since, row.declared = row.since or now, True
    if are_all:
        execute(transaction, sa.update(_sources).where(_s.name.not_in(wanted)).values(declared=False))
    transaction.flush()


def add_name(transaction: Transaction, name: str) -> None:
    """Store a source with only its name, unless a source with this name is stored."""
    transaction.insert_new(SourceRow(name=name))


def known_sources(transaction: Transaction) -> tuple[KnownSource, ...]:
    """Return all sources that the settings declare or have declared before, ordered by name."""
    rows = execute(transaction, sa.select(_sources).where(_s.since.is_not(None)).order_by(_s.name)).mappings()
    return tuple(
        KnownSource(
            **{
                **row,
                "state": columns.adapter_of(SourceState).validate_python(row["state"]),
                "parts": columns.adapter_of(_Parts).validate_python(row["parts"]),
                "last": columns.adapter_of(Receipt).validate_python(row["last"]) if row["last"] else None,
            }
        )
        for row in rows
    )


def last_receipt(transaction: Transaction, name: str) -> Receipt | None:
    """Return the last receipt of a source, whether the settings declare it or not; None if there is none."""
    last = execute(transaction, sa.select(_s.last).where(_s.name == name)).scalar()
    return columns.adapter_of(Receipt).validate_python(last) if last else None


def forecast(transaction: Transaction, *, now: datetime) -> Forecast:
    """Return the forecast: what has come, and what is expected, from the sources that the settings declare."""
    schedules = transaction.store.schedules
    declared = [one for one in known_sources(transaction) if one.declared]
    counting = [one for one in declared if schedules.counts(one.name, one.state.next_at, now)]
    read = [(one, schedules.read(one.schedule, evening=one.evening)) for one in counting]
    awaited = [
        _awaited(one, schedule, schedule.last_due(now)) for one, schedule in read if schedule and schedule.awaited
    ]
    return Forecast(
        at=now,
        awaited=tuple(awaited),
        anytime=len(awaited) < len(counting),
        last_sequence=bot_state.last_sequence(transaction),
    )


def _awaited(source: KnownSource, schedule: Schedule, due: datetime | None) -> AwaitedSource:
    """Return a source that is awaited. `due`: its last due moment; None: there was none."""
    # A folder is not late with days before it was watched. Other sources can be asked for such days.
    over = due is None or (source.kind == "file" and source.since is not None and due < source.since)
    settled_at, last = source.state.settled_at, source.last
    came = {part: one.came for part, one in source.parts.items() if one.came}
    behind = tuple(part for part, at in came.items() if due and at < due)
    return AwaitedSource(
        name=source.title or _WRITTEN.get(source.name, source.name),
        schedule=schedule,
        due=due,
        settled=over or bool(due and settled_at and settled_at >= due),
        outcome=last.outcome if due and last and last.at >= due else None,
        behind=behind if len(behind) < len(came) else (),
    )


def has_come(transaction: Transaction, due: datetime) -> bool:
    """Return whether any source has brought papers of the batch of arXiv that was due at a moment."""
    parts = (part for source in known_sources(transaction) for part in source.parts.values())
    return any(part.came == due and part.batch and part.papers for part in parts)


def note_poll(transaction: Transaction, receipt: Receipt, state: SourceState, parts: Mapping[str, Part]) -> None:
    """Store the receipt of a poll, which may still be running, and the state of its source."""
    add_name(transaction, receipt.source)
    row = transaction.get_one(SourceRow, receipt.source)
    row.state, row.parts, row.last = columns.to_json(state), columns.to_json(dict(parts)), columns.to_json(receipt)
    transaction.flush()
