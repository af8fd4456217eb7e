"""Papers that lack values which arXiv knows: which ones it may be asked about, how many times, and how long after the last time."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlmodel import col, or_, select
from sqlmodel.sql.expression import SelectOfScalar

from subscriptions.store import bot_state
from subscriptions.store.database import conflicts
from subscriptions.store.database.store import Transaction, reads, writes
from subscriptions.store.merged_papers import COMPLETION_WINDOW
from subscriptions.store.rows import PaperRow
from subscriptions.store.work_rows import EnrichmentRequestRow

_HELD = "enrichment"  # name of a stored value; its row is locked while a process counts requests to arXiv
_NOTHING = "[]"  # an empty list as JSON
MOST_ASKED = 3
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
    since, times, last = now - COMPLETION_WINDOW, col(EnrichmentRequestRow.times), col(EnrichmentRequestRow.last)
    rows = transaction.exec(
        select(PaperRow.id, PaperRow.arxiv_id, PaperRow.title, PaperRow.sequence)
        .outerjoin(EnrichmentRequestRow, col(EnrichmentRequestRow.paper) == PaperRow.id)
        .where(
            or_(times.is_(None), (times < MOST_ASKED) & or_(last <= now - AGAIN_AFTER, last > now)),
            col(PaperRow.sequenced_at) >= since,
            col(PaperRow.first_seen_at) >= since,
            or_(
                sa.cast(col(PaperRow.categories), sa.String) == _NOTHING,
                sa.cast(col(PaperRow.authors), sa.String) == _NOTHING,
                col(PaperRow.title) == "",
            ),
            or_(col(PaperRow.arxiv_id).is_not(None), col(PaperRow.doi).is_(None) & (col(PaperRow.title) != "")),
        )
    ).all()
    # sorted here, since for ORDER BY, SQLite would read all papers
    newest = sorted(rows, key=lambda row: row[3] or 0, reverse=True)
    return tuple(IncompletePaper(id=found, arxiv_id=arxiv_id, title=title) for found, arxiv_id, title, _ in newest)


def hold_asked(transaction: Transaction) -> None:
    """Keeps other processes from changing the counts of requests to arXiv until the transaction ends."""
    bot_state.hold_value(transaction, _HELD, "")


def note_asked(transaction: Transaction, papers: Sequence[int], *, now: datetime) -> None:
    """Counts a request to arXiv for these papers. Removes the counts of papers that are too old."""
    before = {row.paper: row.times for row in transaction.exec(_requests(papers))}
    rows = [(paper, before.get(paper, 0) + 1, now) for paper in papers]
    conflicts.put_all(transaction, "enrichment_request", ("paper",), ("paper", "times", "last"), rows)
    transaction.remove(EnrichmentRequestRow, col(EnrichmentRequestRow.last) < now - COMPLETION_WINDOW)


@writes
def give_back(transaction: Transaction, papers: Iterable[IncompletePaper]) -> None:
    """Undoes `note_asked` for papers about which arXiv was not asked after all, so that it may be asked at once."""
    hold_asked(transaction)
    for row in transaction.exec(_requests([paper.id for paper in papers])).all():
        row.times, row.last = row.times - 1, row.last - AGAIN_AFTER
        if not row.times:
            transaction.delete(row)


def _requests(papers: Sequence[int]) -> SelectOfScalar[EnrichmentRequestRow]:
    return select(EnrichmentRequestRow).where(col(EnrichmentRequestRow.paper).in_(papers))
