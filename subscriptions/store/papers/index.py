"""The words of stored papers, by which they are counted: SQLite's full-text index, written with each ingest.

An entry is what the index knows of a paper. It is never changed: a paper that has changed gets a new entry, and the old one
leads to no paper any more. So entries are numbered in the order in which papers became known or changed, those of the last days
stand at the end, and what the index says is never behind.

This is the only module that speaks to FTS5. What it is asked is made in `matching`, beside the words it is filled with.
"""

import sqlite3
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

from sqlalchemy import Select, func, select
from sqlmodel import Session

from subscriptions.matching import index_document, index_question, presence_expression
from subscriptions.model import Paper
from subscriptions.query import Term, fold_source
from subscriptions.query.fields import DOI, ID, SOURCE
from subscriptions.store.database import connection_of
from subscriptions.store.rows import TABLES

MOST_INDEXED = 50_000  # papers of a database that exists: more are never counted at once

_papers, _entries, _keys, _appearances, _digests = (
    TABLES.tables[name] for name in ("paper", "indexed_paper", "paper_key", "appearance", "digest")
)
_p, _e = _papers.c, _entries.c
_announced = (
    select(_appearances.c.paper)
    .where(_appearances.c.paper == _p.id, _appearances.c.kind.not_in(("replace", "replace-cross")))
    .exists()
)
_WRITE = "INSERT INTO paper_words (rowid, title, abstract, summary, author, label) VALUES (?, ?, ?, ?, ?, ?)"
_FIND = "SELECT rowid FROM paper_words WHERE paper_words MATCH ? AND rowid BETWEEN ? AND ?"


class Entry(NamedTuple):
    """A paper that is known to the index."""

    entry: int
    paper: int
    day: date  # under which it counts
    sequence: int | None  # None: it was not announced
    cross: bool  # its change came by a cross-list


@dataclass(frozen=True, slots=True)
class Having:
    """In which entries a simple term stands."""

    sure: Collection[int]
    maybe: Collection[int] | None  # those, and what has to be read; None: any


def write(session: Session, papers: Iterable[tuple[int, Paper]]) -> None:
    """Papers, by the numbers that the store gave them, get entries of what they are now."""
    texts = {paper_id: index_document(paper) for paper_id, paper in papers}
    if not texts:
        return
    raw = _raw(session)
    raw.executemany("INSERT OR REPLACE INTO indexed_paper (paper) VALUES (?)", [(paper_id,) for paper_id in texts])
    first = newest_entry(session) - len(texts) + 1
    raw.executemany(_WRITE, [(entry, *columns) for entry, columns in enumerate(texts.values(), first)])


def without_entry(session: Session, most: int) -> list[int]:
    """The numbers of the newest `most` papers that the index does not know, the oldest first."""
    newest = select(_p.id).order_by(_p.id.desc()).limit(most).subquery()
    known = select(_e.paper).where(_e.paper == newest.c.id).exists()
    wanted = select(newest.c.id).where(~known).order_by(newest.c.id)
    return list(connection_of(session).execute(wanted).scalars())


def newest_entry(session: Session) -> int:
    """The number of the entry that was written last; until there is another one, no paper's words change."""
    return connection_of(session).execute(select(func.max(_e.entry))).scalar() or 0


def news(session: Session, most: int | None, *, since: date, until: date | None = None) -> list[Entry]:
    """The newest papers of these days that were announced, be it in an archive; without those known by replacements only."""
    wanted = _known().where(_p.day >= since, _p.sequence.is_not(None) | _announced).limit(most)
    return _fetched(session, wanted if until is None else wanted.where(_p.day <= until))


def sequenced(session: Session, after: int, upto: int) -> list[Entry]:
    """The papers with after < change <= upto, the newest first."""
    return _fetched(session, _known().where(_p.sequence > after, _p.sequence <= upto))


def newest_day(session: Session) -> date | None:
    """The newest day on which papers were announced; None: there is none."""
    wanted = select(func.max(_p.day)).where(_p.sequence.is_not(None))
    return connection_of(session).execute(wanted).scalar()


def has_news_upto(session: Session, day: date) -> bool:
    """Whether papers were announced on this day or before."""
    wanted = select(_p.id).where(_p.day <= day, _p.sequence.is_not(None)).limit(1)
    return connection_of(session).execute(wanted).first() is not None


def newest(session: Session, most: int, *, upto: tuple[date, int] | None = None) -> list[Entry]:
    """The newest of all papers, at most so many; `upto` is the day and number of the first."""
    wanted = _known().limit(most)
    if upto is not None:
        day, paper = upto
        wanted = wanted.where((_p.day < day) | ((_p.day == day) & (_p.id <= paper)))
    return _fetched(session, wanted)


def having(session: Session, term: Term, first: int, last: int) -> Having:
    """In which of the entries from `first` to `last` a simple term stands."""
    if term.field in (ID, DOI, SOURCE):
        found = _by_number(session, term)
        return Having(found if term.field is SOURCE else (), found)
    asked = index_question(term)
    sure = _found(session, asked.sure, first, last)
    if asked.maybe == asked.sure:
        return Having(sure, sure)
    return Having(sure, None if asked.maybe is None else _found(session, asked.maybe, first, last))


def having_any(session: Session, kind: str, first: int, last: int) -> list[int]:
    """The entries of papers that have a category, an author, an abstract, a summary, or Chinese text ("chinese")."""
    return _found(session, presence_expression(kind), first, last)


def sources_of_days(session: Session, first: date) -> list[str]:
    """The names of the sources whose digests are of these days."""
    wanted = select(_digests.c.source).where(_digests.c.date >= first).distinct().order_by(_digests.c.source)
    return list(connection_of(session).execute(wanted).scalars())


def has_dois(session: Session, first: date) -> bool:
    """Whether a paper of these days has a DOI."""
    wanted = select(_p.id).where(_p.day >= first, _p.doi.is_not(None)).limit(1)
    return connection_of(session).execute(wanted).first() is not None


# ------------------------------------------------------------------------------------------------------- how it is done


def _known() -> Select[tuple[int, int, date, int | None, bool]]:
    entries = select(_e.entry, _p.id, _p.day, _p.sequence, _p.cross).join_from(_papers, _entries, _e.paper == _p.id)
    return entries.order_by(_p.day.desc(), _p.id.desc())


def _fetched(session: Session, wanted: Select[tuple[int, int, date, int | None, bool]]) -> list[Entry]:
    return [Entry._make(row) for row in connection_of(session).execute(wanted)]


def _raw(session: Session) -> sqlite3.Connection:
    """The driver's own connection, within the same transaction: rows by the ten thousand cost a third there."""
    session.flush()
    raw: sqlite3.Connection = connection_of(session).connection.driver_connection  # type: ignore[assignment]
    return raw


def _found(session: Session, expression: str, first: int, last: int) -> list[int]:
    if not expression:
        return []
    return [entry for (entry,) in _raw(session).execute(_FIND, (expression, first, last))]


def _by_number(session: Session, term: Term) -> list[int]:
    """Of an id or a DOI the papers that were ever called so, in small letters; of a source those that it brought."""
    if term.field is SOURCE:
        names = connection_of(session).execute(select(_digests.c.source).distinct()).scalars()
        brought = select(_appearances.c.paper).join(_digests, _digests.c.id == _appearances.c.digest)
        papers = brought.where(_digests.c.source.in_([name for name in names if fold_source(name) == term.value]))
    else:
        papers = select(_keys.c.paper).where(func.lower(_keys.c.key).in_([term.value, f"doi:{term.value}"]))
    return list(connection_of(session).execute(select(_e.entry).where(_e.paper.in_(papers))).scalars())
