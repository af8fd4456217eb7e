"""The full-text index of papers, which every ingest updates.

An entry of the index has the words of one paper and never changes. A paper that changes gets a new entry, and its old
entry no longer leads to a paper. So entries are numbered in the order in which papers became known or changed, and the
entries of the last days have the highest numbers.

Each kind of database has its own text search (`database/sqlite_words.py`, `database/postgres/words.py`). `matching`
makes the words of an entry and the expressions that search for them.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

import sqlalchemy as sa

from subscriptions.matching import full_text
from subscriptions.matching.full_text import Expression
from subscriptions.query import DOI, ID, SOURCE
from subscriptions.query.lexer import fold_value
from subscriptions.query.tree import Term
from subscriptions.store.database import sqlite_words
from subscriptions.store.database.conflicts import insert_all_new
from subscriptions.store.database.postgres import words as postgres_words
from subscriptions.store.database.store import Transaction
from subscriptions.store.rows import tables

_papers, _appearances, _digests, _entries, _keys, _sources, _words = tables(
    "paper", "appearance", "digest", "indexed_paper", "paper_key", "source", "paper_spelling"
)
_p, _e, _word = _papers.c, _entries.c, _words.c.word


_announced = (
    sa.select(_appearances.c.paper)
    .where(_appearances.c.paper == _p.id, _appearances.c.kind.not_in(("replace", "replace-cross")))
    .exists()
)


# Each module has the functions `write`, `find` and `uncertain`.
_WORDS = {"sqlite": sqlite_words, "postgresql": postgres_words}


class IndexEntry(NamedTuple):
    """A paper with its entry in the index."""

    entry: int
    paper: int
    day: date  # the day for which it is counted
    sequence: int | None  # None: it was not announced
    cross: bool  # it was only cross-listed


@dataclass(frozen=True, slots=True)
class Having:
    """The entries of the index whose papers match a simple term."""

    sure: Collection[int]
    # the entries in `sure`, and entries whose papers must be read to decide; None: any entry may match
    maybe: Collection[int] | None


def write(transaction: Transaction, documents: Iterable[tuple[int, tuple[str, ...]]]) -> None:
    """Writes new index entries for papers. `documents`: (id of a paper, its words from `index_document`)."""
    texts = dict(documents)
    if not texts:
        return
    transaction.flush()
    _WORDS[transaction.dialect].write(transaction.connection(), list(texts), list(texts.values()))
    words = sorted(set[str]().union(*map(full_text.spellings, texts.values())))
    insert_all_new(transaction, "paper_spelling", ("word",), ("word",), [(word,) for word in words])


def spelled(transaction: Transaction, words: Collection[str]) -> set[str]:
    """Returns those of `words`, in the form of `full_text.spellings`, that occur in a stored paper."""
    return set(transaction.connection().execute(sa.select(_word).where(_word.in_(words))).scalars())


def spelled_alike(transaction: Transaction, word: str, most: int) -> list[str]:
    """Returns the stored `spellings` with the same first letter that are at most `most` letters shorter or longer."""
    first = word[:2] if word[0] == "@" else word[0]
    begins = (_word >= first) & (_word < first[:-1] + chr(ord(first[-1]) + 1))
    wanted = sa.select(_word).where(begins, sa.func.length(_word).between(len(word) - most, len(word) + most))
    return list(transaction.connection().execute(wanted).scalars())


def news(transaction: Transaction, most: int | None, *, since: date, until: date | None = None) -> list[IndexEntry]:
    """Returns the newest papers from `since` to `until` that a digest announces, or would announce if it were news.

    Papers that came only as replacements are left out.
    """
    wanted = _known().where(_p.day >= since, _p.sequence.is_not(None) | _announced).limit(most)
    return _fetched(transaction, wanted if until is None else wanted.where(_p.day <= until))


def sequenced(transaction: Transaction, after: int, upto: int) -> list[IndexEntry]:
    """Returns the papers with after < sequence <= upto, newest first."""
    return _fetched(transaction, _known().where(_p.sequence > after, _p.sequence <= upto))


def newest_day(transaction: Transaction) -> date | None:
    """Returns the newest day on which papers were announced; None if there is none."""
    wanted = sa.select(sa.func.max(_p.day)).where(_p.sequence.is_not(None))
    return transaction.connection().execute(wanted).scalar()


def has_news_upto(transaction: Transaction, day: date) -> bool:
    """Whether papers were announced on this day or before."""
    return transaction.finds(_p.day <= day, _p.sequence.is_not(None))


def newest(transaction: Transaction, most: int, *, upto: tuple[date, int] | None = None) -> list[IndexEntry]:
    """Returns the newest `most` papers; with `upto`, the newest papers up to this (day, id)."""
    wanted = _known().limit(most)
    if upto is not None:
        day, paper = upto
        wanted = wanted.where((_p.day < day) | ((_p.day == day) & (_p.id <= paper)))
    return _fetched(transaction, wanted)


def having(transaction: Transaction, term: Term, first: int, last: int) -> Having:
    """Returns the entries from `first` to `last` whose papers match a simple term."""
    if term.field in (ID, DOI, SOURCE):
        found = _by_number(transaction, term)
        return Having(found if term.field is SOURCE else (), found)
    asked = full_text.index_question(term)
    sure = _found(transaction, asked.sure, first, last)
    if asked.maybe is None:
        return Having(sure, None)
    maybe = sure if asked.maybe == asked.sure else _found(transaction, asked.maybe, first, last)
    uncertain = _WORDS[transaction.dialect].uncertain(transaction.connection(), first, last)  # these may match, too
    return Having(sure, [*maybe, *uncertain])


def _known() -> sa.Select[tuple[int, int, date, int | None, bool]]:
    cross = sa.and_(_p.cross, _p.new_sequence.is_(None)).label("cross")
    entries = sa.select(_e.entry, _p.id, _p.day, _p.sequence, cross).join_from(_papers, _entries, _e.paper == _p.id)
    return entries.order_by(_p.day.desc(), _p.id.desc())


def _fetched(transaction: Transaction, wanted: sa.Select[tuple[int, int, date, int | None, bool]]) -> list[IndexEntry]:
    return [IndexEntry._make(row) for row in transaction.connection().execute(wanted)]


def _found(transaction: Transaction, expression: Expression | None, first: int, last: int) -> list[int]:
    if expression is None:
        return []
    transaction.flush()
    return list(_WORDS[transaction.dialect].find(transaction.connection(), expression, first, last))


def _by_number(transaction: Transaction, term: Term) -> list[int]:
    """Returns the entries of papers that have or had this id or DOI, in any letter case, or that came from this source."""
    if term.field is SOURCE:
        names = transaction.connection().execute(sa.select(_sources.c.name)).scalars()
        brought = sa.select(_appearances.c.paper).join(_digests, _digests.c.id == _appearances.c.digest)
        papers = brought.where(_digests.c.source.in_([name for name in names if fold_value(name) == term.value]))
    else:
        papers = sa.select(_keys.c.paper).where(sa.func.lower(_keys.c.key).in_([term.value, f"doi:{term.value}"]))
    return list(transaction.connection().execute(sa.select(_e.entry).where(_e.paper.in_(papers))).scalars())
