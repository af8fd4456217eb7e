"""Papers that lack something that arXiv knows, and how often arXiv was asked for them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlmodel import col, or_, select
from sqlmodel.sql.expression import SelectOfScalar

from subscriptions.store.database.conflicts import put_all
from subscriptions.store.database.store import Transaction, reads, writes
from subscriptions.store.key_value import hold_value
from subscriptions.store.merging import COMPLETION_WINDOW
from subscriptions.store.operation_rows import EnrichmentRequestRow
from subscriptions.store.rows import PaperRow

_HELD = "enrichment"  # a key: who counts how often arXiv is asked holds its row
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
def may_be_asked(session: Transaction, *, now: datetime) -> tuple[IncompletePaper, ...]:
    """The papers of the last seven days that lack something that arXiv may know, newest first.

    Without those that arXiv was asked about lately, or too often.

    New details of older papers do not announce them to any chat (docs/architecture.md, rule 1). A paper with a DOI and
    no arXiv id is from another publisher, so arXiv is not asked.
    """
    since, times, last = now - COMPLETION_WINDOW, col(EnrichmentRequestRow.times), col(EnrichmentRequestRow.last)
    rows = session.exec(
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
    newest = sorted(rows, key=lambda row: row[3] or 0, reverse=True)  # here: SQLite would walk all papers for the order
    return tuple(IncompletePaper(id=found or 0, arxiv_id=arxiv_id, title=title) for found, arxiv_id, title, _ in newest)


def hold_asked(session: Transaction) -> None:
    """Lets no other process change how often arXiv was asked for papers until the transaction ends."""
    hold_value(session, _HELD, "")


def note_asked(session: Transaction, papers: Sequence[int], *, now: datetime) -> None:
    """Stores that arXiv is asked for these papers once more. What was stored of papers that are too old goes."""
    before = {row.paper: row.times for row in session.exec(_requests(papers))}
    rows = [{"paper": paper, "times": before.get(paper, 0) + 1, "last": now} for paper in papers]
    put_all(session, "enrichment_request", ("paper",), rows)
    session.exec(sa.delete(EnrichmentRequestRow).where(col(EnrichmentRequestRow.last) < now - COMPLETION_WINDOW))


@writes
def give_back(transaction: Transaction, papers: Iterable[IncompletePaper]) -> None:
    """Frees papers that were not asked about after all: they may be claimed at once."""
    hold_asked(transaction)
    for row in transaction.exec(_requests([paper.id for paper in papers])).all():
        row.times, row.last = row.times - 1, row.last - AGAIN_AFTER
        if not row.times:
            transaction.delete(row)


def _requests(papers: Sequence[int]) -> SelectOfScalar[EnrichmentRequestRow]:
    return select(EnrichmentRequestRow).where(col(EnrichmentRequestRow.paper).in_(papers))
