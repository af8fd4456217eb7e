"""Papers that lack something that arXiv knows, and how often arXiv was asked for them."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import String, cast
from sqlmodel import Session, col, or_, select

from subscriptions.store.key_value import get_value, hold_value, put_value
from subscriptions.store.papers.merging import COMPLETION_WINDOW
from subscriptions.store.rows import PaperRow

_ASKED = "enrichment"  # a key: id of a paper → [how often it was asked for, when last]
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
    """The papers of the last seven days that lack something and that arXiv can be asked for, newest first.

    What becomes known of older papers makes them new to no chat (docs/architecture.md, rule 1). A paper with a DOI and
    no arXiv id is of another publisher, so arXiv is not asked for it.
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
    stored = json.loads(get_value(session, _ASKED) or "{}")
    return {int(paper): Asked(times, datetime.fromisoformat(last)) for paper, (times, last) in stored.items()}


def hold_asked(session: Session) -> None:
    """Lets no other process change how often arXiv was asked for papers until the transaction ends."""
    hold_value(session, _ASKED, "{}")


def note_asked(session: Session, asked: Mapping[int, Asked]) -> None:
    """Stores how often arXiv was asked, for these papers; what was stored of others goes."""
    values = {str(paper): [one.times, one.last.isoformat()] for paper, one in asked.items()}
    put_value(session, _ASKED, json.dumps(values))


def may_be_asked(papers: Iterable[IncompletePaper], asked: Mapping[int, Asked], now: datetime) -> list[IncompletePaper]:
    """The papers that were asked for neither lately nor too often.

    Ignores a last-asked time in the future: the clock was set back.
    """
    return [
        paper
        for paper in papers
        if (one := asked.get(paper.id)) is None or (one.times < MOST_ASKED and not now - AGAIN_AFTER < one.last <= now)
    ]
