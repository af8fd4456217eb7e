"""Which papers are news: the numbers that order them, and papers that were filed without one (rules 1 and 12)."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime

from sqlalchemy import ColumnElement
from sqlmodel import Session, col, select

from subscriptions.model import Announce
from subscriptions.store.rows import AppearanceRow, DigestRow, MarkRow, PaperRow

REPLACEMENTS = frozenset({Announce.REPLACE, Announce.REPLACE_CROSS})  # they announce nothing
CHANGE = "change"  # the mark that orders papers
_CHUNK = 500  # values in one IN (…)

Moved = tuple[int, bool, date]  # id of a paper, whether it came by a cross-list, the day of the digest


def give_changes(session: Session, rows: Mapping[int, PaperRow], moved: Sequence[Moved], now: datetime) -> None:
    """Raises the one counter row, last of all: it stays locked until the commit, so no planner can pass a number."""
    if not moved:
        return
    if session.get(MarkRow, CHANGE) is None:
        session.add(MarkRow(name=CHANGE, value="0"))
        session.flush()
    mark = session.exec(select(MarkRow).where(MarkRow.name == CHANGE).with_for_update()).one()
    number = int(mark.value)
    for paper_id, cross, day in moved:
        number += 1
        row = rows[paper_id]
        row.change, row.changed_at, row.cross, row.day = number, now, cross, day
    mark.value = str(number)
    session.flush()


def announce_digest(session: Session, content_hash: str, *, now: datetime) -> int:
    """Makes news of the papers of a stored digest that never were; how many those are."""
    return _announce(session, filed(session, of_digest(content_hash)), now)


def announce_source(session: Session, source: str, *, now: datetime) -> int:
    """The same for all that a source brought, the older days first."""
    return _announce(session, filed(session, col(DigestRow.source) == source), now)


def of_digest(content_hash: str) -> ColumnElement[bool]:
    """The digest with these bytes, for `filed`."""
    return col(DigestRow.content_hash) == content_hash


def is_filed(session: Session, paper: int) -> bool:
    """Whether an archive announced a paper that no digest has made news."""
    return bool(filed(session, col(AppearanceRow.paper) == paper))


def filed(session: Session, which: ColumnElement[bool]) -> list[Moved]:
    """Papers without a change and the first digest that announces each, oldest day first; `which` picks digests or papers."""
    rows = session.exec(
        select(AppearanceRow.paper, AppearanceRow.kind, col(DigestRow.date))
        .join(DigestRow, col(DigestRow.id) == AppearanceRow.digest)
        .join(PaperRow, col(PaperRow.id) == AppearanceRow.paper)
        .where(
            which, col(PaperRow.change).is_(None), col(AppearanceRow.kind).not_in(kind.value for kind in REPLACEMENTS)
        )
        .order_by(col(DigestRow.date), col(DigestRow.id), col(AppearanceRow.paper))
    )
    first: dict[int, Moved] = {}
    for paper, kind, day in rows:
        first.setdefault(paper, (paper, kind == Announce.CROSS, day))
    return list(first.values())


def _announce(session: Session, papers: Sequence[Moved], now: datetime) -> int:
    ids = [paper for paper, _, _ in papers]
    rows: dict[int, PaperRow] = {}
    for start in range(0, len(ids), _CHUNK):
        part = session.exec(select(PaperRow).where(col(PaperRow.id).in_(ids[start : start + _CHUNK])))
        rows |= {row.id or 0: row for row in part}
    give_changes(session, rows, papers, now)
    return len(papers)
