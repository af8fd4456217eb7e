"""Papers that lack values which arXiv knows: which ones it may be asked about, how many times, and how long after the last time."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlmodel import col, or_, select

from subscriptions.store import bot_state
from subscriptions.store.database import conflicts
from subscriptions.store.database.store import Transaction, execute, reads, rows_of, writes
from subscriptions.store.merged_papers import COMPLETION_WINDOW
from subscriptions.store.rows import tables
from subscriptions.store.work_rows import EnrichmentRequestRow

_HELD = "enrichment"  # name of a stored value; its row is locked while a process counts requests to arXiv
_NOTHING = "[]"  # an empty list as JSON
MOST_ASKED = 3
_papers, _requests = tables("paper", "enrichment_request")
_p, _r = _papers.c, _requests.c
AGAIN_AFTER = timedelta(hours=12)


@dataclass(frozen=True, slots=True, kw_only=True)
class IncompletePaper:
    """A paper without categories, authors or title."""

    id: int
    arxiv_id: str | None
    title: str


@reads
def may_be_asked(transaction: Transaction, *, now: datetime) -> tuple[IncompletePaper, ...]:
    """Returns papers with missing values that arXiv may know, newest first.

    Leaves out

    - papers about which arXiv was asked recently, or too often
    - papers older than seven days, since new details no longer announce them (docs/architecture.md, rule 1)
    - papers with a DOI and no arXiv id, since they are from other publishers
    """
    since = now - COMPLETION_WINDOW
    may_be_asked_again = (_r.times < MOST_ASKED) & or_(_r.last <= now - AGAIN_AFTER, _r.last > now)
    wanted = (
        sa.select(_p.id, _p.arxiv_id, _p.title, _p.sequence)
        .outerjoin(_requests, _r.paper == _p.id)
        .where(
            or_(_r.times.is_(None), may_be_asked_again),
            _p.sequenced_at >= since,
            _p.first_seen_at >= since,
            or_(
                sa.cast(_p.categories, sa.String) == _NOTHING,
                sa.cast(_p.authors, sa.String) == _NOTHING,
                _p.title == "",
            ),
            or_(_p.arxiv_id.is_not(None), _p.doi.is_(None) & (_p.title != "")),
        )
    )
    # sorted here, since for ORDER BY, SQLite would read all papers
    newest = sorted(execute(transaction, wanted), key=lambda row: row.sequence or 0, reverse=True)
    return tuple(IncompletePaper(id=row.id, arxiv_id=row.arxiv_id, title=row.title) for row in newest)


def hold_asked(transaction: Transaction) -> None:
    """Keeps other processes from changing the counts of requests to arXiv until the transaction ends."""
    bot_state.hold_value(transaction, _HELD, "")


def note_asked(transaction: Transaction, papers: Sequence[int], *, now: datetime) -> None:
    """Counts a request to arXiv for these papers. Removes the counts of papers that are too old."""
    before = {row.paper: row.times for row in rows_of(transaction, _requests, _r.paper, papers)}
    rows = [(paper, before.get(paper, 0) + 1, now) for paper in papers]
    conflicts.put_all(transaction, "enrichment_request", rows)
    transaction.remove(EnrichmentRequestRow, col(EnrichmentRequestRow.last) < now - COMPLETION_WINDOW)


@writes
def give_back(transaction: Transaction, papers: Iterable[IncompletePaper]) -> None:
    """Undoes `note_asked` for papers about which arXiv was not asked after all, so that it may be asked at once."""
    hold_asked(transaction)
    asked = select(EnrichmentRequestRow).where(_r.paper.in_([paper.id for paper in papers]))
    for row in transaction.exec(asked).all():
        row.times, row.last = row.times - 1, row.last - AGAIN_AFTER
        if not row.times:
            transaction.delete(row)
