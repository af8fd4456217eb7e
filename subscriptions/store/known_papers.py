"""Facts about many papers without reading them: how many there are, when they came, their ids by key."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import col, select

from subscriptions.matching.full_text import index_document
from subscriptions.model import Announce, KnownPaper, Paper, Summary, Translation
from subscriptions.store import paper_index
from subscriptions.store.announcing import SEQUENCE
from subscriptions.store.database.store import Transaction, execute, in_chunks, reads, rows_of
from subscriptions.store.drafts import PaperDraft
from subscriptions.store.rows import TABLES, DeliveryItemRow, PaperKeyRow, PaperRow


def paper_count(session: Transaction) -> int:
    """How many papers are stored."""
    return session.exec(select(sa.func.count()).select_from(PaperRow)).one()


def sequenced_between(session: Transaction, after: int, upto: int) -> int:
    """How many papers have a sequence in (after, upto]."""
    wanted = select(sa.func.count()).where(col(PaperRow.sequence) > after, col(PaperRow.sequence) <= upto)
    return session.exec(wanted).one()


def sequenced_at(session: Transaction, sequence: int) -> datetime | None:
    """When the newest paper up to a sequence got its sequence; None if there is none."""
    wanted = select(PaperRow.sequenced_at).where(col(PaperRow.sequence) <= sequence)
    return session.exec(wanted.order_by(col(PaperRow.sequence).desc()).limit(1)).first()


def sequenced_at_between(session: Transaction, after: int, upto: int) -> list[datetime]:
    """When the papers with a sequence in (after, upto] got it, each moment once."""
    wanted = select(PaperRow.sequenced_at).where(col(PaperRow.sequence) > after, col(PaperRow.sequence) <= upto)
    return [moment for moment in session.exec(wanted.distinct()) if moment]


def newest_delivered(session: Transaction, chat_id: int, after: int) -> tuple[int, datetime] | None:
    """(sequence, when it was given) of the newest paper above the sequence `after` that was delivered to a chat; or None."""
    wanted = (
        select(PaperRow.sequence, PaperRow.sequenced_at)
        .join(DeliveryItemRow, col(DeliveryItemRow.paper) == PaperRow.id)
        .where(DeliveryItemRow.chat == chat_id, col(PaperRow.sequence) > after)
        .order_by(col(PaperRow.sequence).desc())
        .limit(1)
    )
    found = session.exec(wanted).first()
    return (found[0], found[1]) if found and found[0] and found[1] else None


@reads
def first_paper_at(transaction: Transaction) -> datetime | None:
    """When the first paper came; None if there is none."""
    return transaction.exec(select(PaperRow.first_seen_at).order_by(col(PaperRow.id)).limit(1)).first()


def papers_with_keys(session: Transaction, keys: Sequence[str]) -> dict[str, int]:
    """The ids of the papers with these arXiv ids, DOIs or keys, by key; unknown keys are left out."""
    asked = {stored: key for key in keys for stored in (key, f"doi:{key}")}
    rows = session.exec(select(PaperKeyRow.key, PaperKeyRow.paper).where(col(PaperKeyRow.key).in_(asked)))
    return {asked[stored]: paper for stored, paper in rows}


# -------------------------------------------------------------------------------- reads papers as the store knows them

# by id, by sequence, the newest, or all.


# Statements that every plan and every rendering executes are built once.
_papers, _summaries, _translations, _appearances, _digests, _values = (
    TABLES.tables[name] for name in ("paper", "summary", "translation", "appearance", "digest", "key_value")
)
_p, _a, _d = _papers.c, _appearances.c, _digests.c
_LAST_SEQUENCE = sa.select(_values.c.value).where(_values.c.name == SEQUENCE)
_NEWEST_DIGEST = sa.select(sa.func.max(_d.id))
_STATE = sa.select(
    sa.select(sa.func.max(TABLES.tables["indexed_paper"].c.entry)).scalar_subquery(),
    _NEWEST_DIGEST.scalar_subquery(),
    _LAST_SEQUENCE.scalar_subquery(),
)
# "+ 0": else SQLite looks for the lowest sequence through all papers, from the oldest on; so it walks an index of the papers
# since the instant, and of nothing else.
_SINCE = sa.select(sa.func.min(_p.sequence + 0), _LAST_SEQUENCE.scalar_subquery()).where(
    _p.sequenced_at >= sa.bindparam("instant")
)
_in_window = (_p.sequence > sa.bindparam("after")) & (_p.sequence <= sa.bindparam("upto"))
_WINDOW = sa.select(_papers).where(_in_window).order_by(_p.sequence)
_ids = sa.bindparam("ids", expanding=True, type_=sa.Integer)
_PAPERS = sa.select(_papers).where(_p.id.in_(_ids))
_TEXTS = sa.select(_p.id, _p.key, _p.title, _p.abstract).where(_p.id.in_(_ids))
_TEXTS_UPTO = (
    sa.select(_p.id, _p.key, _p.title, _p.abstract)
    .where(_p.sequence <= sa.bindparam("upto"))
    .order_by(_p.sequence.desc())
    .limit(sa.bindparam("most", type_=sa.Integer))
)
_NEWEST_TEXTS = (  # the bound, which all days fulfil, makes the index on the day the way to them
    sa.select(_p.id, _p.key, _p.title, _p.abstract)
    .where(_p.day <= date.max)
    .order_by(_p.day.desc(), _p.id.desc())
    .limit(sa.bindparam("most", type_=sa.Integer))
)
_SUMMARIES = sa.select(_summaries).where(_summaries.c.paper.in_(_ids))
_TRANSLATIONS = sa.select(_translations).where(_translations.c.paper.in_(_ids))
_SOURCES = (
    sa.select(_a.paper, _d.source)
    .join_from(_appearances, _digests, _d.id == _a.digest)
    .where(_a.paper.in_(_ids))
    .distinct()
)
_ALL_IDS = sa.select(_p.id).order_by(_p.id)
_PaperRow = PaperRow | PaperDraft | sa.Row[*tuple[Any, ...]]


def index_all(session: Transaction) -> None:
    """Writes entries for all papers of a database that has none."""
    for part in in_chunks(execute(session, _ALL_IDS).scalars().all()):
        paper_index.write(
            session, ((known.id, index_document(known.paper)) for known in stored_papers(session, part).values())
        )


def last_sequence(session: Transaction) -> int:
    """The highest sequence given so far; 0 before the first."""
    return int(execute(session, _LAST_SEQUENCE).scalar() or 0)


def state_of_papers(session: Transaction) -> tuple[Any, ...]:
    """A value that stays the same while no paper comes, changes or is announced."""
    return tuple(execute(session, _STATE).one())


def newest_digest(session: Transaction) -> int:
    """The id of the newest digest, 0 before the first. While it stays the same, no paper has changed."""
    return execute(session, _NEWEST_DIGEST).scalar() or 0


def sequence_before(session: Transaction, instant: datetime) -> int:
    """The highest sequence given before `instant`; every sequence given from `instant` on is higher.

    If the clock was set back in between, a lower one is returned.
    """
    first, last = execute(session, _SINCE, {"instant": instant}).one()
    return int(last or 0) if first is None else first - 1


def window(session: Transaction, after: int, upto: int) -> tuple[KnownPaper, ...]:
    """The papers with after < sequence <= upto, in the order of their sequences."""
    return known_papers(session, execute(session, _WINDOW, {"after": after, "upto": upto}).all())


def newest_titles(session: Transaction, most: int) -> list[str]:
    """The titles of the `most` papers that were announced last, newest first."""
    wanted = sa.select(_p.title).where(_p.sequence.is_not(None)).order_by(_p.sequence.desc()).limit(most)
    return list(execute(session, wanted).scalars())


def newest_names(session: Transaction, most: int) -> list[tuple[list[str], list[str]]]:
    """The authors and the categories of the newest `most` papers by their day."""
    wanted = sa.select(_p.authors, _p.categories).where(_p.day <= date.max).order_by(_p.day.desc(), _p.id.desc())
    return [(row.authors, row.categories) for row in execute(session, wanted.limit(most))]


def texts_upto(session: Transaction, upto: int, most: int) -> list[tuple[int, Paper]]:
    """The newest `most` papers up to a sequence, newest first: the id of each, and its key, title and abstract alone."""
    found = execute(session, _TEXTS_UPTO, {"upto": upto, "most": most})
    return [(row.id, Paper(key=row.key, title=row.title, abstract=row.abstract)) for row in found]


def newest_texts(session: Transaction, most: int) -> list[tuple[int, Paper]]:
    """The newest `most` papers by their day, also those that were filed and never announced: as from `texts_upto`."""
    found = execute(session, _NEWEST_TEXTS, {"most": most})
    return [(row.id, Paper(key=row.key, title=row.title, abstract=row.abstract)) for row in found]


def texts_of(session: Transaction, ids: Iterable[int]) -> dict[int, Paper]:
    """The papers with these ids, by id, each with its key, title and abstract alone."""
    return {
        row.id: Paper(key=row.key, title=row.title, abstract=row.abstract)
        for row in rows_of(session, _TEXTS, list(ids))
    }


@reads
def stored_papers(transaction: Transaction, ids: Sequence[int]) -> dict[int, KnownPaper]:
    """The papers with these ids, by id."""
    return {paper.id: paper for paper in known_papers(transaction, list(rows_of(transaction, _PAPERS, list(ids))))}


def known_papers(session: Transaction, rows: Sequence[_PaperRow]) -> tuple[KnownPaper, ...]:
    """The values of rows, with summaries, translations and sources."""
    ids = [row.id for row in rows if row.id is not None]
    summaries: dict[int, list[Summary]] = {}
    translations: dict[int, list[Translation]] = {}
    sources: dict[int, list[str]] = {}
    for s in rows_of(session, _SUMMARIES, ids):
        summaries.setdefault(s.paper, []).append(Summary(language=s.language, fields=s.fields))
    for t in rows_of(session, _TRANSLATIONS, ids):
        value = Translation(language=t.language, title=t.title, abstract=t.abstract)
        translations.setdefault(t.paper, []).append(value)
    for paper_id, source in rows_of(session, _SOURCES, ids):
        sources.setdefault(paper_id, []).append(source)
    return tuple(
        known_paper(row, summaries.get(row.id, []), translations.get(row.id, []), sources.get(row.id, []))
        for row in rows
        if row.id is not None
    )


def known_paper(
    row: _PaperRow, summaries: list[Summary], translations: list[Translation], sources: list[str]
) -> KnownPaper:
    """The value of one row with its summaries, translations and sources."""
    paper = Paper(
        key=row.key,
        title=row.title,
        abstract=row.abstract,
        authors=tuple(row.authors),
        categories=tuple(row.categories),
        primary=row.primary,
        arxiv_id=row.arxiv_id,
        doi=row.doi,
        version=row.version,
        url=row.url,
        announce_type=Announce.CROSS if row.cross else None,
        summaries=tuple(sorted(summaries, key=lambda s: s.language)),
        translations=tuple(sorted(translations, key=lambda t: t.language)),
        comment=row.comment,
        sources=tuple(sorted(sources)),
    )
    return KnownPaper(
        id=row.id or 0,
        paper=paper,
        sequence=row.sequence,
        sequenced_at=row.sequenced_at,
        first_seen_at=row.first_seen_at,
        withdrawn_at=row.withdrawn_at,
        day=row.day,
        came_at=row.came_at,
    )
