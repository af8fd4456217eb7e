"""The full-text index of stored papers, by which papers are counted; every ingest updates it.

An entry holds the words of one paper and never changes: a paper that changes gets a new entry, and its old entry leads to
no paper any more. So the numbers of entries follow the order in which papers became known or changed, and the entries of
the last days have the highest numbers.

Each kind of database has its own text search (`database/*/words.py`). `matching` makes both the words of an entry and the
expressions that look for them.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple, Protocol

import sqlalchemy as sa

from subscriptions.matching.full_text import Expression, index_question, presence_expression, spellings
from subscriptions.query.lexer import fold_source
from subscriptions.query.syntax import DOI, ID, SOURCE, Term
from subscriptions.store.database import sqlite
from subscriptions.store.database.conflicts import insert_rows_new
from subscriptions.store.database.postgres import words as postgres_words
from subscriptions.store.database.store import Transaction, connection_of
from subscriptions.store.rows import TABLES

_papers, _entries, _keys, _appearances, _digests, _sources, _words = (
    TABLES.tables[name]
    for name in ("paper", "indexed_paper", "paper_key", "appearance", "digest", "source", "paper_spelling")
)
_p, _e, _word = _papers.c, _entries.c, _words.c.word
_announced = (
    sa.select(_appearances.c.paper)
    .where(_appearances.c.paper == _p.id, _appearances.c.kind.not_in(("replace", "replace-cross")))
    .exists()
)


class _Words(Protocol):
    """The text search of a kind of database."""

    def write(self, connection: sa.Connection, papers: Sequence[int], documents: Sequence[tuple[str, ...]]) -> None:
        """Writes new entries for papers, given by id, each with its document."""

    def find(self, connection: sa.Connection, expression: Expression, first: int, last: int) -> list[int]:
        """The entries from `first` to `last` that fulfil an expression."""

    def uncertain(self, connection: sa.Connection, first: int, last: int) -> list[int]:
        """The entries from `first` to `last` that may fulfil what `find` denies."""


_WORDS: Mapping[str, _Words] = {"sqlite": sqlite, "postgresql": postgres_words}


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
    connection = connection_of(session)
    _WORDS[connection.dialect.name].write(connection, list(texts), list(texts.values()))
    words = sorted(set[str]().union(*map(spellings, texts.values())))
    insert_rows_new(session, "paper_spelling", ("word",), ("word",), [(word,) for word in words])


def spelled(session: Transaction, words: Collection[str]) -> set[str]:
    """Those of some `spellings` that a paper has."""
    return set(connection_of(session).execute(sa.select(_word).where(_word.in_(words))).scalars())


def spelled_alike(session: Transaction, word: str, most: int) -> list[str]:
    """The `spellings` that begin with the same letter and are at most `most` letters shorter or longer."""
    first = word[:2] if word[0] == "@" else word[0]
    begins = (_word >= first) & (_word < first[:-1] + chr(ord(first[-1]) + 1))
    wanted = sa.select(_word).where(begins, sa.func.length(_word).between(len(word) - most, len(word) + most))
    return list(connection_of(session).execute(wanted).scalars())


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
    return connection_of(session).execute(wanted).scalar()


def has_news_upto(session: Transaction, day: date) -> bool:
    """Whether papers were announced on this day or before."""
    wanted = sa.select(_p.id).where(_p.day <= day, _p.sequence.is_not(None)).limit(1)
    return connection_of(session).execute(wanted).first() is not None


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
    asked = index_question(term)
    sure = _found(session, asked.sure, first, last)
    if asked.maybe is None:
        return Having(sure, None)
    maybe = sure if asked.maybe == asked.sure else _found(session, asked.maybe, first, last)
    return Having(sure, [*maybe, *others] if (others := _uncertain(session, first, last)) else maybe)


def having_any(session: Transaction, kind: str, first: int, last: int) -> list[int]:
    """The entries of papers that have a category, an author, an abstract, a summary, or Chinese text ("chinese")."""
    return _found(session, presence_expression(kind), first, last)


def sources_of_days(session: Transaction, first: date) -> list[str]:
    """The names of the sources whose digests are of these days."""
    of_these_days = sa.exists().where(_digests.c.source == _sources.c.name, _digests.c.date >= first)
    wanted = sa.select(_sources.c.name).where(of_these_days).order_by(_sources.c.name)
    return list(connection_of(session).execute(wanted).scalars())


def has_dois(session: Transaction, first: date) -> bool:
    """Whether a paper of these days has a DOI."""
    wanted = sa.select(_p.id).where(_p.day >= first, _p.doi.is_not(None)).limit(1)
    return connection_of(session).execute(wanted).first() is not None


# ------------------------------------------------------------------------------------------------------------ internals


def _known() -> sa.Select[tuple[int, int, date, int | None, bool]]:
    entries = sa.select(_e.entry, _p.id, _p.day, _p.sequence, _p.cross).join_from(_papers, _entries, _e.paper == _p.id)
    return entries.order_by(_p.day.desc(), _p.id.desc())


def _fetched(session: Transaction, wanted: sa.Select[tuple[int, int, date, int | None, bool]]) -> list[IndexEntry]:
    return [IndexEntry._make(row) for row in connection_of(session).execute(wanted)]


def _found(session: Transaction, expression: Expression | None, first: int, last: int) -> list[int]:
    if expression is None:
        return []
    session.flush()
    connection = connection_of(session)
    return _WORDS[connection.dialect.name].find(connection, expression, first, last)


def _uncertain(session: Transaction, first: int, last: int) -> list[int]:
    """The entries that may fulfil what an expression denies."""
    connection = connection_of(session)
    return _WORDS[connection.dialect.name].uncertain(connection, first, last)


def _by_number(session: Transaction, term: Term) -> list[int]:
    """The entries of the papers that ever had this id or DOI, in any case, or that this source brought."""
    if term.field is SOURCE:
        names = connection_of(session).execute(sa.select(_sources.c.name)).scalars()
        brought = sa.select(_appearances.c.paper).join(_digests, _digests.c.id == _appearances.c.digest)
        papers = brought.where(_digests.c.source.in_([name for name in names if fold_source(name) == term.value]))
    else:
        papers = sa.select(_keys.c.paper).where(sa.func.lower(_keys.c.key).in_([term.value, f"doi:{term.value}"]))
    return list(connection_of(session).execute(sa.select(_e.entry).where(_e.paper.in_(papers))).scalars())
