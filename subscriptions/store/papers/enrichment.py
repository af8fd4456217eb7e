"""Papers that lack something which arXiv knows, and how often it was asked for them."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import String, cast
from sqlmodel import Session, col, or_, select

from subscriptions.store.key_value import get_value, put_value
from subscriptions.store.papers.merging import COMPLETION_WINDOW
from subscriptions.store.rows import PaperRow

_ASKED = "enrichment"  # a key: id of a paper → [how often it was asked for, when last]
_NOTHING = "[]"  # an empty list as JSON
MOST_ASKED = 3
AGAIN_AFTER = timedelta(hours=12)


@dataclass(frozen=True, slots=True, kw_only=True)
class IncompletePaper:
    """A paper of which categories, authors or the title are not known."""

    id: int
    arxiv_id: str | None
    title: str


@dataclass(frozen=True, slots=True)
class Asked:
    """How often arXiv was asked for a paper."""

    times: int
    last: datetime


def incomplete_papers(session: Session, *, now: datetime) -> tuple[IncompletePaper, ...]:
    """The papers of the last seven days that lack something and that arXiv can be asked for, the newest first.

    Later nothing that becomes known makes a paper new to anybody (docs/architecture.md, rule 1). One that has a DOI alone
    is of another publisher.
    """
    since = now - COMPLETION_WINDOW
    rows = session.exec(
        select(PaperRow.id, PaperRow.arxiv_id, PaperRow.title)
        .where(
            col(PaperRow.sequenced_at) >= since,
            col(PaperRow.first_seen_at) >= since,
            or_(
                cast(col(PaperRow.categories), String) == _NOTHING,
                cast(col(PaperRow.authors), String) == _NOTHING,
                col(PaperRow.title) == "",
            ),
            or_(col(PaperRow.arxiv_id).is_not(None), col(PaperRow.doi).is_(None) & (col(PaperRow.title) != "")),
        )
        .order_by(col(PaperRow.sequence).desc())
    )
    return tuple(IncompletePaper(id=found or 0, arxiv_id=arxiv_id, title=title) for found, arxiv_id, title in rows)


def asked(session: Session) -> dict[int, Asked]:
    """How often arXiv was asked for papers, by their ids."""
    told = json.loads(get_value(session, _ASKED) or "{}")
    return {int(paper): Asked(times, datetime.fromisoformat(last)) for paper, (times, last) in told.items()}


def note_asked(session: Session, asked: Mapping[int, Asked]) -> None:
    """Remembers how often arXiv was asked, for these papers alone."""
    told = {str(paper): [one.times, one.last.isoformat()] for paper, one in asked.items()}
    put_value(session, _ASKED, json.dumps(told))


def may_be_asked(papers: Iterable[IncompletePaper], asked: Mapping[int, Asked], now: datetime) -> list[IncompletePaper]:
    """Those that were not asked for lately, nor too often. A time ahead was noted by a clock that has been set since."""
    return [
        paper
        for paper in papers
        if (one := asked.get(paper.id)) is None or (one.times < MOST_ASKED and not now - AGAIN_AFTER < one.last <= now)
    ]
