"""Many papers looked at quickly: only their letters, straight from the tables, newest first."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select as columns
from sqlmodel import Session, col, func, select

from subscriptions.matching import Glance
from subscriptions.store._rows import DeliveryItemRow, PaperKeyRow, PaperRow, SummaryRow, TranslationRow

CHUNK = 250  # papers of one look into the tables
_NAMES = ("id", "first_seen_at", "title", "abstract", "authors", "categories", "primary", "arxiv_id", "key", "doi")
_COLUMNS = tuple(getattr(PaperRow, name) for name in _NAMES)


@dataclass(frozen=True, slots=True)
class Skimmed:
    """A paper as it is known without being read."""

    id: int
    first_seen_at: datetime
    glance: Glance


def skim(session: Session, *, upto: int | None = None) -> Iterator[Skimmed]:
    """The papers with numbers up to `upto`, the newest first. They are read in chunks, as they are taken."""
    below = None if upto is None else upto + 1
    while True:
        wanted = columns(*_COLUMNS).order_by(col(PaperRow.id).desc()).limit(CHUNK)
        rows = session.connection().execute(wanted if below is None else wanted.where(col(PaperRow.id) < below)).all()
        yield from _skimmed(session, rows)
        if len(rows) < CHUNK:
            return
        below = rows[-1][0]


def amount(session: Session) -> int:
    """How many papers are stored."""
    return session.exec(select(func.count()).select_from(PaperRow)).one()


def changed_between(session: Session, after: int, upto: int) -> int:
    """How many papers have their change in (after, upto]."""
    wanted = select(func.count()).where(col(PaperRow.change) > after, col(PaperRow.change) <= upto)
    return session.exec(wanted).one()


def changed_at_between(session: Session, after: int, upto: int) -> list[datetime]:
    """When the papers with their change in (after, upto] got it, each moment once."""
    wanted = select(PaperRow.changed_at).where(col(PaperRow.change) > after, col(PaperRow.change) <= upto)
    return [moment for moment in session.exec(wanted.distinct()) if moment]


def newest_told(session: Session, chat_id: int, after: int) -> tuple[int, datetime] | None:
    """The highest change after `after` of a paper that a chat was told, and when it was given; None: there is none."""
    wanted = (
        select(PaperRow.change, PaperRow.changed_at)
        .join(DeliveryItemRow, col(DeliveryItemRow.paper) == PaperRow.id)
        .where(DeliveryItemRow.chat == chat_id, col(PaperRow.change) > after)
        .order_by(col(PaperRow.change).desc())
        .limit(1)
    )
    found = session.exec(wanted).first()
    return (found[0], found[1]) if found and found[0] and found[1] else None


def known_since(session: Session) -> datetime | None:
    """When the first paper of all came; None: there is none."""
    return session.exec(select(PaperRow.first_seen_at).order_by(col(PaperRow.id)).limit(1)).first()


def newest_change_at(session: Session) -> datetime | None:
    """When the newest announcement came; None: there was none."""
    at = col(PaperRow.changed_at)
    return session.exec(select(PaperRow.changed_at).where(at.is_not(None)).order_by(at.desc()).limit(1)).first()


def papers_with_keys(session: Session, keys: Sequence[str]) -> dict[str, int]:
    """The papers that these arXiv ids, DOIs and keys lead to; what leads to none is left out."""
    asked = {stored: key for key in keys for stored in (key, f"doi:{key}")}
    rows = session.exec(select(PaperKeyRow.key, PaperKeyRow.paper).where(col(PaperKeyRow.key).in_(asked)))
    return {asked[stored]: paper for stored, paper in rows}


def _skimmed(session: Session, rows: Sequence[Any]) -> Iterator[Skimmed]:
    further = _further_texts(session, [row[0] for row in rows])
    for number, first_seen_at, title, abstract, authors, categories, primary, arxiv_id, key, doi in rows:
        glance = Glance(
            texts="\n".join((title, abstract, *further.get(number, ()))),
            authors="\n".join(authors),
            categories=categories,
            primary=primary,
            ids=(arxiv_id or key, doi or ""),
        )
        yield Skimmed(number, first_seen_at, glance)


def _further_texts(session: Session, ids: Sequence[int]) -> dict[int, list[str]]:
    """Summaries, failed ones too, and translations."""
    found: dict[int, list[str]] = {}
    summaries = select(SummaryRow.paper, SummaryRow.fields).where(col(SummaryRow.paper).in_(ids))
    for paper, fields in session.exec(summaries):
        found.setdefault(paper, []).extend(fields.values())
    translated = select(TranslationRow.paper, TranslationRow.title, TranslationRow.abstract)
    for paper, title, abstract in session.exec(translated.where(col(TranslationRow.paper).in_(ids))):
        found.setdefault(paper, []).extend((title, abstract))
    return found
