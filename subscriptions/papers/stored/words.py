"""The full-text index of papers, which every ingest updates, and the papers that it finds for a query.

An entry of the index has the words of one paper and never changes. A paper that changes gets a new entry, and its old
entry no longer leads to a paper. Each kind of database has its own text search (`database/word_index.py`);
`matching` makes the words of an entry and the expressions that search for them.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

import sqlalchemy as sa

from subscriptions.database import word_index
from subscriptions.database.store import Transaction, execute
from subscriptions.database.tables import tables
from subscriptions.identity import versioned
from subscriptions.matching import full_text
from subscriptions.matching.full_text import AnyOf, Expression
from subscriptions.matching.term_matching import simple_terms
from subscriptions.query import DOI, ID, SOURCE
from subscriptions.query.lexer import fold_value
from subscriptions.query.tree import Query, Term

_papers, _appearances, _digests, _entries, _keys, _sources = tables(
    "paper", "appearance", "digest", "indexed_paper", "paper_key", "source"
)
_p, _e = _papers.c, _entries.c

_IS_ANNOUNCED = (
    sa.select(_appearances.c.paper)
    .where(_appearances.c.paper == _p.id, _appearances.c.kind.not_in(("replace", "replace-cross")))
    .exists()
)
_SEQUENCE_AS_NEW = sa.case((_p.cross, sa.func.coalesce(_p.new_sequence, -1)), else_=sa.func.coalesce(_p.sequence, 0))
_NONE = sa.false()
_NOT_IN_INDEX = (ID, DOI, SOURCE)


class Place(NamedTuple):
    """The place of a paper among all papers, which are sorted by day, then by id."""

    day: date
    paper: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Among:
    """Some of the stored papers. A value that is not set leaves out none."""

    since: date | None = None  # the first day
    until: date | None = None  # the last day
    upto: Place | None = None  # the newest paper
    above: Place | None = None  # the newest of the papers that are too old
    after: int | None = None  # a sequence: only papers that got a higher one
    last_sequence: int | None = None  # only papers with this sequence or a lower one
    is_news: bool = False  # only papers that a digest announces, or would announce if it were news
    crosslists: bool = True  # False: only papers that were new, not only cross-listed (those of `after`: after it)


def write(transaction: Transaction, documents: Iterable[tuple[int, tuple[str, ...]]]) -> None:
    """Write new index entries for papers. `documents`: (id of a paper, its words from `index_document`)."""
    texts = dict(documents)
    if texts:
        transaction.flush()
        word_index.write(transaction.connection(), list(texts), list(texts.values()))


def ids(transaction: Transaction, among: Among, most: int | None = None) -> list[int]:
    """Return the ids of some papers, or of the newest `most` of them, newest first."""
    return list(execute(transaction, _newest_first(among).limit(most)).scalars())


def days(transaction: Transaction, among: Among) -> dict[date, int]:
    """Return day → how many of some papers are of this day, ascending; days without papers are left out."""
    counted = sa.select(_p.day, sa.func.count().label("papers")).where(*_conditions(among)).group_by(_p.day)
    return {row.day: row.papers for row in execute(transaction, counted.order_by(_p.day))}


def place_of(transaction: Transaction, paper: int) -> Place | None:
    """Return the place of a paper; None if it is not stored."""
    day = execute(transaction, sa.select(_p.day).where(_p.id == paper)).scalar()
    return None if day is None else Place(day, paper)


def newest_day(transaction: Transaction) -> date | None:
    """Return the newest day on which papers were announced; None if there is none."""
    wanted = sa.select(sa.func.max(_p.day)).where(_p.sequence.is_not(None))
    return execute(transaction, wanted).scalar()


def has_news_upto(transaction: Transaction, day: date) -> bool:
    """Whether papers were announced on this day or before."""
    return transaction.finds(_p.day <= day, _p.sequence.is_not(None))


def candidates(
    transaction: Transaction, query: Query, among: Among, near: Mapping[Term, Collection[int]]
) -> tuple[list[int], set[int]]:
    """Return (the ids of those of some papers that a query may find, newest first; which of them have to be read).

    `near`: term that asks for nearness → the papers that are near.
    """
    having = {term: _having(transaction, term, near) for term in query.terms}
    papers, places = _newest_first(among), sum(len(one.positive) + len(one.negative) for one in query.alternatives)
    if places > 2 * len(having):
        papers, having = _asked_twice(papers, having, query, among)
    alternatives = [
        sa.and_(
            *(having[term].wanted for term in one.positive),
            *(~having[term].wanted | having[term].doubtful for term in one.negative),
        )
        for one in query.alternatives
    ]
    wanted = papers.where(sa.or_(*alternatives))
    found = list(execute(transaction, wanted).scalars())
    doubts = [one.doubtful for one in having.values() if one.doubtful is not _NONE]
    if not doubts:
        return found, set()
    return found, set(execute(transaction, wanted.where(sa.or_(*doubts))).scalars())


def has(transaction: Transaction, term: Term) -> bool:
    """Whether a stored paper may fulfil a term that does not ask for nearness."""
    wanted = sa.select(_p.id).where(_having(transaction, term, {}).wanted).limit(1)
    return execute(transaction, wanted).first() is not None


def newest_texts(transaction: Transaction, most: int) -> list[tuple[str, list[str]]]:
    """Return (title, authors) of the papers that came last."""
    wanted = sa.select(_p.title, _p.authors).order_by(_p.id.desc()).limit(most)
    return [(row.title, row.authors) for row in execute(transaction, wanted)]


def newest_with(transaction: Transaction, term: Term, most: int) -> list[tuple[str, str]]:
    """Return (title, abstract) of the papers written last among those that may fulfil a simple term of words."""
    expression = full_text.index_question(term).wanted
    if expression is None:
        return []
    newest = word_index.entries(transaction.dialect, expression).order_by(sa.text("1 DESC")).limit(most)
    wanted = sa.select(_p.title, _p.abstract).join(_entries, _e.paper == _p.id).where(_e.entry.in_(newest))
    return [(row.title, row.abstract) for row in execute(transaction, wanted)]


class _Having(NamedTuple):
    """The papers that fulfil a term, as conditions."""

    wanted: sa.ColumnElement[bool]  # all papers that fulfil the term, and perhaps others
    doubtful: sa.ColumnElement[bool] = _NONE  # those of them that have to be read


def _asked_twice(
    papers: sa.Select[int], having: Mapping[Term, _Having], query: Query, among: Among
) -> tuple[sa.Select[int], dict[Term, _Having]]:
    """Return (the papers that fulfil a wanted term, with what the index says of them; conditions that read this).

    A database asks the index anew at each place of a condition, and a term may be in each of the 64 alternatives.
    """
    wanted = {term: having[term].wanted for one in query.alternatives for term in one.positive}
    conditions = dict.fromkeys(one for both in having.values() for one in both if one is not _NONE)
    columns = [one.label(f"asked{number}") for number, one in enumerate(conditions)]
    some = sa.select(_p.id, *columns).where(sa.or_(*wanted.values()), *_conditions(among))
    asked = some.cte("asked").prefix_with("MATERIALIZED")
    read = dict(zip(conditions, list(asked.c)[1:], strict=True))
    joined = papers.join(asked, asked.c.id == _p.id)
    return joined, {term: _Having(*(read.get(one, _NONE) for one in both)) for term, both in having.items()}


def _newest_first(among: Among) -> sa.Select[int]:
    return sa.select(_p.id).where(*_conditions(among)).order_by(_p.day.desc(), _p.id.desc())


def _conditions(among: Among) -> Iterator[sa.ColumnElement[bool]]:
    place = sa.tuple_(_p.day, _p.id)
    if among.since is not None:
        yield _p.day >= among.since
    if among.until is not None:
        yield _p.day <= among.until
    if among.upto is not None:
        yield place <= sa.tuple_(*among.upto)
    if among.above is not None:
        yield place > sa.tuple_(*among.above)
    if among.after is not None:
        yield _p.sequence > among.after
    if among.last_sequence is not None:
        yield _p.sequence <= among.last_sequence
    if among.is_news:
        yield _p.sequence.is_not(None) | _IS_ANNOUNCED
    if not among.crosslists:
        yield (-1 if among.after is None else among.after) < _SEQUENCE_AS_NEW


def _having(transaction: Transaction, term: Term, near: Mapping[Term, Collection[int]]) -> _Having:
    if term.field.kind.needs_vectors:
        return _Having(_p.id.in_(sa.bindparam(None, list(near[term]), expanding=True, literal_execute=True)))
    parts = simple_terms(term)
    found = [_named(transaction, part) for part in parts if part.field in _NOT_IN_INDEX]
    asked = [full_text.index_question(part) for part in parts if part.field not in _NOT_IN_INDEX]
    wanted = [one.wanted for one in asked if one.wanted is not None]
    if len(wanted) < len(asked):
        return _Having(sa.true(), sa.true())
    if wanted:
        doubts = [one.doubtful for one in asked if one.doubtful is not None]
        found.append(
            _Having(
                _matching(transaction, AnyOf(tuple(wanted))),
                _matching(transaction, AnyOf(tuple(doubts))) if doubts else _NONE,
            )
        )
    doubtful = [part.doubtful for part in found if part.doubtful is not _NONE]
    return _Having(sa.or_(*(part.wanted for part in found)), sa.or_(*doubtful) if doubtful else _NONE)


def _named(transaction: Transaction, term: Term) -> _Having:
    """Return the papers with an id, or of a source."""
    if term.field is SOURCE:
        names = execute(transaction, sa.select(_sources.c.name)).scalars()
        brought = sa.select(_appearances.c.paper).join(_digests, _digests.c.id == _appearances.c.digest)
        return _Having(
            _p.id.in_(brought.where(_digests.c.source.in_([name for name in names if fold_value(name) == term.value])))
        )
    keys = [term.value, f"doi:{term.value}", f"doi:{versioned(term.value).doi}"]
    named = _p.id.in_(sa.select(_keys.c.paper).where(sa.func.lower(_keys.c.key).in_(keys)))
    return _Having(named, named)  # also a paper that had this id before, in any letter case


def _matching(transaction: Transaction, expression: Expression) -> sa.ColumnElement[bool]:
    entries = word_index.entries(transaction.dialect, expression)
    return _p.id.in_(sa.select(_e.paper).where(_e.entry.in_(entries)))
