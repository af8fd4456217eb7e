"""Stores digests with all that follows from them, and looks up stored ones."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

from sqlalchemy import insert
from sqlalchemy import select as columns
from sqlmodel import Session, col, func, select

from subscriptions.matching import merge_copies
from subscriptions.model import Digest, Paper, Summary, Translation
from subscriptions.store.database import execute
from subscriptions.store.papers import index
from subscriptions.store.papers.announcing import Came, assign_sequences, came_now, of_digest, unannounced
from subscriptions.store.papers.known_papers import known_paper
from subscriptions.store.papers.merging import MergeBatch, look_up, merge, without_sequence
from subscriptions.store.rows import (
    TABLES,
    AppearanceRow,
    DigestRow,
    SourceRow,
)

_appearances, _digests = TABLES.tables["appearance"], TABLES.tables["digest"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ingested:
    """What an ingest did: counts of papers, or that the digest was already stored."""

    already_known: bool = False
    new: int = 0
    updated: int = 0
    unchanged: int = 0
    withdrawn: frozenset[int] = frozenset()  # ids of papers that were known before and are withdrawn now
    archive: bool = False  # the digest is an archive, and is not to be announced
    archived: int = 0  # papers of it that are not announced
    announced: int = 0  # papers that were stored earlier and are announced now, on request
    counted: int = 0  # papers that count as sent: they came before the database was lost
    summarised: Mapping[int, frozenset[str]] = field(default_factory=dict)  # id → languages of summaries that are new


def add_digest(
    session: Session,
    digest: Digest,
    *,
    source: str,
    day: date,
    now: datetime,
    is_news: bool = True,
    of_arxiv: bool = False,
    came: Came = came_now,
) -> Ingested:
    """Stores a digest and merges its papers; gives sequences last, just before the commit (rule 1).

    A digest that is no news gives none (rule 12). `of_arxiv`: the source is one of arXiv's own (rule 4).
    """
    if session.get(SourceRow, source) is None:
        session.add(SourceRow(name=source))
        session.flush()
    papers = merge_copies(digest.entries)
    row = DigestRow(
        content_hash=digest.content_hash,
        source=source,
        format=digest.format,
        date=day,
        received_at=now,
        counts={"papers": len(digest.entries), "unique": len(papers)},
        warnings=[{"code": w.code, "count": w.count, "line": w.line, "message": w.message} for w in digest.warnings],
    )
    session.add(row)
    session.flush()
    batch = look_up(session, papers, MergeBatch(now=now, day=day, source=source, of_arxiv=of_arxiv, is_news=is_news))
    for paper in papers:
        paper_id = merge(session, batch, paper)
        batch.appearances.setdefault(paper_id, paper.announce_type.value if paper.announce_type else "")
    _write_appearances(session, batch, row.id or 0)
    announced = [(i, batch.to_announce[i], day) for i in sorted(batch.to_announce) if i in batch.rows]
    assign_sequences(session, batch.rows, announced, now, came)
    index.write(session, _changed(batch))
    touched = len({batch.keys[paper.key] for paper in papers})
    updated = batch.updated - batch.new
    return Ingested(
        archive=not is_news,
        archived=0 if is_news else len(without_sequence(batch, papers)),
        new=len(batch.new),
        updated=len(updated),
        unchanged=touched - len(batch.new) - len(updated),
        withdrawn=frozenset(batch.withdrawn - batch.new),
        summarised={i: frozenset(codes) for i, codes in batch.summarised.items() if i not in batch.new},
    )


def _write_appearances(session: Session, batch: MergeBatch, digest: int) -> None:
    rows = [{"paper": paper, "digest": digest, "kind": kind} for paper, kind in batch.appearances.items()]
    if rows:
        execute(session, insert(_appearances), rows)


def _changed(batch: MergeBatch) -> Iterable[tuple[int, Paper]]:
    """The papers whose words or day changed, by id."""
    for paper_id in sorted(batch.new | batch.updated | batch.to_announce.keys()):
        if paper_id in batch.rows:
            summaries = [Summary(language=s.language, fields=s.fields) for s in batch.summaries[paper_id].values()]
            translations = [
                Translation(language=t.language, title=t.title, abstract=t.abstract)
                for t in batch.translations[paper_id].values()
            ]
            yield paper_id, known_paper(batch.rows[paper_id], summaries, translations, []).paper


def is_known(session: Session, content_hash: str) -> bool:
    """Whether a digest with these bytes is stored."""
    return session.exec(select(DigestRow.id).where(DigestRow.content_hash == content_hash)).first() is not None


def stored_digest(session: Session, content_hash: str, *, announced: int = 0) -> Ingested:
    """What is stored of a digest that was ingested before; `announced` of its papers have just been announced."""
    number = session.exec(select(DigestRow.id).where(DigestRow.content_hash == content_hash)).one()
    amount = session.exec(select(func.count()).where(AppearanceRow.digest == number)).one()
    left = len(unannounced(session, of_digest(content_hash)))
    return Ingested(already_known=True, unchanged=amount, archive=left > 0, archived=left, announced=announced)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewestDay:
    """The papers of a source on the day of its newest digest, in all digests of that day."""

    source: str
    day: date
    papers: int  # different ones


def newest_days(session: Session, most: int) -> tuple[NewestDay, ...]:
    """The newest day of each source with the number of its papers, newest day first."""
    others = _digests.alias()
    newest = (
        columns(others.c.id)
        .where(others.c.source == SourceRow.name)
        .order_by(others.c.date.desc(), others.c.id.desc())
        .limit(1)
        .correlate(SourceRow)
        .scalar_subquery()
    )
    rows = session.exec(
        select(DigestRow.source, col(DigestRow.date))
        .join(SourceRow, col(DigestRow.id) == newest)
        .order_by(col(DigestRow.date).desc(), col(DigestRow.id).desc())
        .limit(most)
    ).all()
    return tuple(NewestDay(source=source, day=of, papers=papers_of_day(session, of, source)) for source, of in rows)


def papers_of_day(session: Session, day: date, source: str = "") -> int:
    """How many different papers the digests of a day hold; without `source`, those of all sources."""
    papers = func.count(func.distinct(AppearanceRow.paper))
    wanted = select(papers).join(DigestRow, col(DigestRow.id) == AppearanceRow.digest).where(DigestRow.date == day)
    return session.exec(wanted.where(DigestRow.source == source) if source else wanted).one()
