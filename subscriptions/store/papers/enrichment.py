"""Papers that lack something that arXiv knows, and how often arXiv was asked for them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import String, cast
from sqlmodel import Session, col, delete, or_, select

from subscriptions.store.database.conflicts import put_all
from subscriptions.store.database.store import in_chunks
from subscriptions.store.key_value import hold_value
from subscriptions.store.operation_rows import EnrichmentRequestRow
from subscriptions.store.papers.merging import COMPLETION_WINDOW
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


@dataclass(frozen=True, slots=True)
class Asked:
    """How often arXiv was asked for a paper."""

    times: int
    last: datetime


def incomplete_papers(session: Session, *, now: datetime) -> tuple[IncompletePaper, ...]:
    """The papers of the last seven days that lack something that arXiv may know, newest first.

    New details of older papers do not announce them to any chat (docs/architecture.md, rule 1). A paper with a DOI and
    no arXiv id is from another publisher, so arXiv is not asked.
    """
    since = now - COMPLETION_WINDOW
    rows = session.exec(
        select(PaperRow.id, PaperRow.arxiv_id, PaperRow.title, PaperRow.sequence).where(
            col(PaperRow.sequenced_at) >= since,
            col(PaperRow.first_seen_at) >= since,
            or_(
                cast(col(PaperRow.categories), String) == _NOTHING,
                cast(col(PaperRow.authors), String) == _NOTHING,
                col(PaperRow.title) == "",
            ),
            or_(col(PaperRow.arxiv_id).is_not(None), col(PaperRow.doi).is_(None) & (col(PaperRow.title) != "")),
        )
    ).all()
    newest = sorted(rows, key=lambda row: row[3] or 0, reverse=True)  # here: SQLite would walk all papers for the order
    return tuple(IncompletePaper(id=found or 0, arxiv_id=arxiv_id, title=title) for found, arxiv_id, title, _ in newest)


def asked(session: Session) -> dict[int, Asked]:
    """How often arXiv was asked for papers, by id."""
    rows = session.exec(select(EnrichmentRequestRow.paper, EnrichmentRequestRow.times, EnrichmentRequestRow.last))
    return {paper: Asked(times, last) for paper, times, last in rows}


def hold_asked(session: Session) -> None:
    """Lets no other process change how often arXiv was asked for papers until the transaction ends."""
    hold_value(session, _HELD, "")


def note_asked(session: Session, requests: Mapping[int, Asked]) -> None:
    """Stores how often arXiv was asked, for these papers; what was stored of others goes."""
    before = asked(session)
    gone = [paper for paper in before if paper not in requests]
    for part in in_chunks(gone):
        session.exec(delete(EnrichmentRequestRow).where(col(EnrichmentRequestRow.paper).in_(part)))
    new = [(paper, one.times, one.last) for paper, one in requests.items() if before.get(paper) != one]
    put_all(
        session,
        "enrichment_request",
        ("paper",),
        [{"paper": paper, "times": times, "last": last} for paper, times, last in new],
    )


def may_be_asked(papers: Iterable[IncompletePaper], asked: Mapping[int, Asked], now: datetime) -> list[IncompletePaper]:
    """The papers that were asked for neither lately nor too often.

    Ignores a last-asked time in the future: the clock was set back.
    """
    return [
        paper
        for paper in papers
        if (one := asked.get(paper.id)) is None or (one.times < MOST_ASKED and not now - AGAIN_AFTER < one.last <= now)
    ]
