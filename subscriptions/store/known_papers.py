"""Stored papers: facts about many without reading them, papers as the store knows them, and their full-text index.

Papers are counted by the index, and every ingest updates it. An entry holds the words of one paper and never changes: a paper
that changes gets a new entry, and its old entry leads to no paper any more. So the numbers of entries follow the order in
which papers became known or changed, and the entries of the last days have the highest numbers.

Each kind of database has its own text search (`database/*/words.py`). `matching` makes both the words of an entry and the
expressions that look for them.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlmodel import col, select

from subscriptions.matching import full_text
from subscriptions.matching.full_text import Expression
from subscriptions.model import Announce, KnownPaper, Paper, Summary, Translation
from subscriptions.query import DOI, ID, SOURCE, Term
from subscriptions.query.lexer import fold_value
from subscriptions.store.database import sqlite, store
from subscriptions.store.database.conflicts import insert_all_new
from subscriptions.store.database.postgres import words as postgres_words
from subscriptions.store.database.store import Transaction
from subscriptions.store.drafts import SEQUENCE, PaperDraft
from subscriptions.store.rows import TABLES, DeliveryItemRow, PaperKeyRow, PaperRow

# -------------------------------------------------------------------------------- reads papers as the store knows them

# by id, by sequence, the newest, or all.


# Statements that every plan and every rendering executes are built once.
_papers, _summaries, _translations, _appearances, _digests, _values = (
    TABLES.tables[name] for name in ("paper", "summary", "translation", "appearance", "digest", "key_value")
)
_entries, _keys, _sources, _words = (
    TABLES.tables[name] for name in ("indexed_paper", "paper_key", "source", "paper_spelling")
)
_p, _a, _d, _e, _word = _papers.c, _appearances.c, _digests.c, _entries.c, _words.c.word
_announced = (
    sa.select(_appearances.c.paper)
    .where(_appearances.c.paper == _p.id, _appearances.c.kind.not_in(("replace", "replace-cross")))
    .exists()
)


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


@store.reads
def first_paper_at(transaction: Transaction) -> datetime | None:
    """When the first paper came; None if there is none."""
    return transaction.exec(select(PaperRow.first_seen_at).order_by(col(PaperRow.id)).limit(1)).first()


def papers_with_keys(session: Transaction, keys: Sequence[str]) -> dict[str, int]:
    """The ids of the papers with these arXiv ids, DOIs or keys, by key; unknown keys are left out."""
    asked = {stored: key for key in keys for stored in (key, f"doi:{key}")}
    rows = session.exec(select(PaperKeyRow.key, PaperKeyRow.paper).where(col(PaperKeyRow.key).in_(asked)))
    return {asked[stored]: paper for stored, paper in rows}


_LAST_SEQUENCE = sa.select(_values.c.value).where(_values.c.name == SEQUENCE)
_NEWEST_DIGEST = sa.select(sa.func.max(_d.id))
_STATE = sa.select(
    sa.select(sa.func.max(_e.entry)).scalar_subquery(),
    _NEWEST_DIGEST.scalar_subquery(),
    _LAST_SEQUENCE.scalar_subquery(),
)
# "+ 0": else SQLite looks for the lowest sequence through all papers, from the oldest on; so it walks an index of the papers
# since the instant, and of nothing else.
_SINCE = sa.select(sa.func.min(_p.sequence + 0), _LAST_SEQUENCE.scalar_subquery()).where(
    _p.sequenced_at >= sa.bindparam("instant")
)
_TEXTS = sa.select(_p.id, _p.key, _p.title, _p.abstract)
_SOURCES = sa.select(_a.paper, _d.source).join_from(_appearances, _digests, _d.id == _a.digest).distinct()
_PaperRow = PaperRow | PaperDraft | sa.Row[*tuple[Any, ...]]


def index_all(session: Transaction) -> None:
    """Writes entries for all papers of a database that has none."""
    for part in store.in_chunks(store.execute(session, sa.select(_p.id).order_by(_p.id)).scalars().all()):
        write(
            session,
            ((known.id, full_text.index_document(known.paper)) for known in stored_papers(session, part).values()),
        )


def last_sequence(session: Transaction) -> int:
    """The highest sequence given so far; 0 before the first."""
    return int(store.execute(session, _LAST_SEQUENCE).scalar() or 0)


def state_of_papers(session: Transaction) -> tuple[Any, ...]:
    """A value that stays the same while no paper comes, changes or is announced."""
    return tuple(store.execute(session, _STATE).one())


def newest_digest(session: Transaction) -> int:
    """The id of the newest digest, 0 before the first. While it stays the same, no paper has changed."""
    return store.execute(session, _NEWEST_DIGEST).scalar() or 0


def sequence_before(session: Transaction, instant: datetime) -> int:
    """The highest sequence given before `instant`; every sequence given from `instant` on is higher.

    If the clock was set back in between, a lower one is returned.
    """
    first, last = store.execute(session, _SINCE, {"instant": instant}).one()
    return int(last or 0) if first is None else first - 1


def window(session: Transaction, after: int, upto: int) -> tuple[KnownPaper, ...]:
    """The papers with after < sequence <= upto, in the order of their sequences."""
    wanted = sa.select(_papers).where(_p.sequence > after, _p.sequence <= upto).order_by(_p.sequence)
    return known_papers(session, store.execute(session, wanted).all())


def newest_titles(session: Transaction, most: int) -> list[str]:
    """The titles of the `most` papers that were announced last, newest first."""
    wanted = sa.select(_p.title).where(_p.sequence.is_not(None)).order_by(_p.sequence.desc()).limit(most)
    return list(store.execute(session, wanted).scalars())


def newest_names(session: Transaction, most: int) -> list[tuple[list[str], list[str]]]:
    """The authors and the categories of the newest `most` papers by their day."""
    return [
        (row.authors, row.categories)
        for row in store.execute(session, _newest(sa.select(_p.authors, _p.categories), most))
    ]


def texts_upto(session: Transaction, upto: int, most: int) -> list[tuple[int, Paper]]:
    """The newest `most` papers up to a sequence, newest first: the id of each, and its key, title and abstract alone."""
    return _texts(session, _TEXTS.where(_p.sequence <= upto).order_by(_p.sequence.desc()).limit(most))


def newest_texts(session: Transaction, most: int) -> list[tuple[int, Paper]]:
    """The newest `most` papers by their day, also those that were filed and never announced: as from `texts_upto`."""
    return _texts(session, _newest(_TEXTS, most))


def _newest(wanted: sa.Select[Any], most: int) -> sa.Select[Any]:
    """The newest papers by their day. The bound, which all days fulfil, makes the index on the day the way to them."""
    return wanted.where(_p.day <= date.max).order_by(_p.day.desc(), _p.id.desc()).limit(most)


def _texts(session: Transaction, wanted: sa.Select[Any]) -> list[tuple[int, Paper]]:
    return [(row.id, _text(row)) for row in store.execute(session, wanted)]


def _text(row: sa.Row[*tuple[Any, ...]]) -> Paper:
    return Paper(key=row.key, title=row.title, abstract=row.abstract)


def texts_of(session: Transaction, ids: Iterable[int]) -> dict[int, Paper]:
    """The papers with these ids, by id, each with its key, title and abstract alone."""
    return {row.id: _text(row) for row in store.rows_of(session, _TEXTS, _p.id, list(ids))}


@store.reads
def stored_papers(transaction: Transaction, ids: Sequence[int]) -> dict[int, KnownPaper]:
    """The papers with these ids, by id."""
    return {
        paper.id: paper
        for paper in known_papers(transaction, list(store.rows_of(transaction, sa.select(_papers), _p.id, ids)))
    }


def known_papers(session: Transaction, rows: Sequence[_PaperRow]) -> tuple[KnownPaper, ...]:
    """The values of rows, with summaries, translations and sources."""
    ids = [row.id for row in rows if row.id is not None]
    summaries: dict[int, list[Summary]] = {}
    translations: dict[int, list[Translation]] = {}
    sources: dict[int, list[str]] = {}
    for s in store.rows_of(session, sa.select(_summaries), _summaries.c.paper, ids):
        summaries.setdefault(s.paper, []).append(Summary(language=s.language, fields=s.fields))
    for t in store.rows_of(session, sa.select(_translations), _translations.c.paper, ids):
        value = Translation(language=t.language, title=t.title, abstract=t.abstract)
        translations.setdefault(t.paper, []).append(value)
    for paper_id, source in store.rows_of(session, _SOURCES, _a.paper, ids):
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


# -------------------------------------------------------------------------------------------------- the full-text index


# Each has `write`, `find` and `uncertain`.
_WORDS = {"sqlite": sqlite, "postgresql": postgres_words}


class IndexEntry(NamedTuple):
    """A paper with its entry in the index."""

    entry: int
    paper: int
    day: date  # under which it counts
    sequence: int | None  # None: it was not announced
    cross: bool  # it got its sequence by a cross-list


@dataclass(frozen=True, slots=True)
class Having:
    """The entries that hold a simple term."""

    sure: Collection[int]
    maybe: Collection[int] | None  # with those that have to be read to know; None: any entry


def write(session: Transaction, documents: Iterable[tuple[int, tuple[str, ...]]]) -> None:
    """Writes new entries for papers, given by id, each with its `index_document`."""
    texts = dict(documents)
    if not texts:
        return
    session.flush()
    connection = session.connection()
    _WORDS[connection.dialect.name].write(connection, list(texts), list(texts.values()))
    words = sorted(set[str]().union(*map(full_text.spellings, texts.values())))
    insert_all_new(session, "paper_spelling", ("word",), [{"word": word} for word in words])


def spelled(session: Transaction, words: Collection[str]) -> set[str]:
    """Those of some `spellings` that a paper has."""
    return set(session.connection().execute(sa.select(_word).where(_word.in_(words))).scalars())


def spelled_alike(session: Transaction, word: str, most: int) -> list[str]:
    """The `spellings` that begin with the same letter and are at most `most` letters shorter or longer."""
    first = word[:2] if word[0] == "@" else word[0]
    begins = (_word >= first) & (_word < first[:-1] + chr(ord(first[-1]) + 1))
    wanted = sa.select(_word).where(begins, sa.func.length(_word).between(len(word) - most, len(word) + most))
    return list(session.connection().execute(wanted).scalars())


def news(session: Transaction, most: int | None, *, since: date, until: date | None = None) -> list[IndexEntry]:
    """The newest papers of these days that a digest announces, those of archives too.

    Papers that only replacements brought are left out.
    """
    wanted = _known().where(_p.day >= since, _p.sequence.is_not(None) | _announced).limit(most)
    return _fetched(session, wanted if until is None else wanted.where(_p.day <= until))


def sequenced(session: Transaction, after: int, upto: int) -> list[IndexEntry]:
    """The papers with after < sequence <= upto, newest first."""
    return _fetched(session, _known().where(_p.sequence > after, _p.sequence <= upto))


def newest_day(session: Transaction) -> date | None:
    """The newest day on which papers were announced; None: there is none."""
    wanted = sa.select(sa.func.max(_p.day)).where(_p.sequence.is_not(None))
    return session.connection().execute(wanted).scalar()


def has_news_upto(session: Transaction, day: date) -> bool:
    """Whether papers were announced on this day or before."""
    wanted = sa.select(_p.id).where(_p.day <= day, _p.sequence.is_not(None)).limit(1)
    return session.connection().execute(wanted).first() is not None


def newest(session: Transaction, most: int, *, upto: tuple[date, int] | None = None) -> list[IndexEntry]:
    """The newest `most` papers; with `upto`, the newest up to this day and id."""
    wanted = _known().limit(most)
    if upto is not None:
        day, paper = upto
        wanted = wanted.where((_p.day < day) | ((_p.day == day) & (_p.id <= paper)))
    return _fetched(session, wanted)


def having(session: Transaction, term: Term, first: int, last: int) -> Having:
    """Which of the entries from `first` to `last` hold a simple term."""
    if term.field in (ID, DOI, SOURCE):
        found = _by_number(session, term)
        return Having(found if term.field is SOURCE else (), found)
    asked = full_text.index_question(term)
    sure = _found(session, asked.sure, first, last)
    if asked.maybe is None:
        return Having(sure, None)
    maybe = sure if asked.maybe == asked.sure else _found(session, asked.maybe, first, last)
    return Having(sure, [*maybe, *others] if (others := _uncertain(session, first, last)) else maybe)


def having_any(session: Transaction, kind: str, first: int, last: int) -> list[int]:
    """The entries of papers that have a category, an author, an abstract, a summary, or Chinese text ("chinese")."""
    return _found(session, full_text.presence_expression(kind), first, last)


def sources_of_days(session: Transaction, first: date) -> list[str]:
    """The names of the sources whose digests are of these days."""
    of_these_days = sa.exists().where(_digests.c.source == _sources.c.name, _digests.c.date >= first)
    wanted = sa.select(_sources.c.name).where(of_these_days).order_by(_sources.c.name)
    return list(session.connection().execute(wanted).scalars())


def has_dois(session: Transaction, first: date) -> bool:
    """Whether a paper of these days has a DOI."""
    wanted = sa.select(_p.id).where(_p.day >= first, _p.doi.is_not(None)).limit(1)
    return session.connection().execute(wanted).first() is not None


# ------------------------------------------------------------------------------------------------------------ internals


def _known() -> sa.Select[tuple[int, int, date, int | None, bool]]:
    entries = sa.select(_e.entry, _p.id, _p.day, _p.sequence, _p.cross).join_from(_papers, _entries, _e.paper == _p.id)
    return entries.order_by(_p.day.desc(), _p.id.desc())


def _fetched(session: Transaction, wanted: sa.Select[tuple[int, int, date, int | None, bool]]) -> list[IndexEntry]:
    return [IndexEntry._make(row) for row in session.connection().execute(wanted)]


def _found(session: Transaction, expression: Expression | None, first: int, last: int) -> list[int]:
    if expression is None:
        return []
    session.flush()
    connection = session.connection()
    return list(_WORDS[connection.dialect.name].find(connection, expression, first, last))


def _uncertain(session: Transaction, first: int, last: int) -> list[int]:
    """The entries that may fulfil what an expression denies."""
    connection = session.connection()
    return list(_WORDS[connection.dialect.name].uncertain(connection, first, last))


def _by_number(session: Transaction, term: Term) -> list[int]:
    """The entries of the papers that ever had this id or DOI, in any case, or that this source brought."""
    if term.field is SOURCE:
        names = session.connection().execute(sa.select(_sources.c.name)).scalars()
        brought = sa.select(_appearances.c.paper).join(_digests, _digests.c.id == _appearances.c.digest)
        papers = brought.where(_digests.c.source.in_([name for name in names if fold_value(name) == term.value]))
    else:
        papers = sa.select(_keys.c.paper).where(sa.func.lower(_keys.c.key).in_([term.value, f"doi:{term.value}"]))
    return list(session.connection().execute(sa.select(_e.entry).where(_e.paper.in_(papers))).scalars())
