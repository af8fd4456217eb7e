"""Stored papers: counts and moments, the papers themselves, and their full-text index.

Matches are counted with the index, which every ingest updates. An entry of the index has the words of one paper and never
changes. A paper that changes gets a new entry, and its old entry no longer leads to a paper. So entries are numbered in
the order in which papers became known or changed, and the entries of the last days have the highest numbers.

Each kind of database has its own text search (`database/sqlite.py`, `database/postgres/words.py`). `matching` makes the
words of an entry and the expressions that search for them.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any, NamedTuple, TypeVar
from weakref import WeakKeyDictionary

import sqlalchemy as sa
from sqlmodel import col, select

from subscriptions import model
from subscriptions.matching import full_text
from subscriptions.matching.full_text import Expression
from subscriptions.query import DOI, ID, SOURCE, Term
from subscriptions.query.lexer import fold_value
from subscriptions.store import bot_state, meanings, model_summaries
from subscriptions.store.database import sqlite, store
from subscriptions.store.database.conflicts import insert_all_new
from subscriptions.store.database.postgres import words as postgres_words
from subscriptions.store.database.store import Transaction
from subscriptions.store.drafts import PaperDraft
from subscriptions.store.rows import TABLES, DeliveryItemRow, PaperKeyRow, PaperRow

V = TypeVar("V")

# ------------------------------------------------------------------------------------------------- reads stored papers

# Papers are selected by id, by sequence, or as the newest papers.


# Each plan and each rendering executes these statements, so they are built only once.
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


def paper_count(transaction: Transaction) -> int:
    """Returns the number of stored papers."""
    return transaction.exec(select(sa.func.count()).select_from(PaperRow)).one()


def sequenced_between(transaction: Transaction, after: int, upto: int) -> int:
    """Returns the number of papers with after < sequence <= upto."""
    wanted = select(sa.func.count()).where(col(PaperRow.sequence) > after, col(PaperRow.sequence) <= upto)
    return transaction.exec(wanted).one()


def sequenced_at(transaction: Transaction, sequence: int) -> datetime | None:
    """Returns when the newest paper up to a sequence got its sequence; None if there is no such paper."""
    wanted = select(PaperRow.sequenced_at).where(col(PaperRow.sequence) <= sequence)
    return transaction.exec(wanted.order_by(col(PaperRow.sequence).desc()).limit(1)).first()


def sequenced_at_between(transaction: Transaction, after: int, upto: int) -> list[datetime]:
    """Returns the different moments at which papers with after < sequence <= upto got their sequences."""
    wanted = select(PaperRow.sequenced_at).where(col(PaperRow.sequence) > after, col(PaperRow.sequence) <= upto)
    return [moment for moment in transaction.exec(wanted.distinct()) if moment]


def newest_delivered(transaction: Transaction, chat_id: int, after: int) -> tuple[int, datetime] | None:
    """Returns (sequence, when it was assigned) of the newest paper that a chat got; None if it is not above `after`."""
    wanted = (
        select(PaperRow.sequence, PaperRow.sequenced_at)
        .join(DeliveryItemRow, col(DeliveryItemRow.paper) == PaperRow.id)
        .where(DeliveryItemRow.chat == chat_id, col(PaperRow.sequence) > after)
        .order_by(col(PaperRow.sequence).desc())
        .limit(1)
    )
    found = transaction.exec(wanted).first()
    return (found[0], found[1]) if found and found[0] and found[1] else None


@store.reads
def first_paper_at(transaction: Transaction) -> datetime | None:
    """Returns when the first paper came; None if there are no papers."""
    return transaction.exec(select(PaperRow.first_seen_at).order_by(col(PaperRow.id)).limit(1)).first()


def papers_with_keys(transaction: Transaction, keys: Sequence[str]) -> dict[str, int]:
    """Returns key → paper id for these arXiv ids, DOIs or keys. Unknown keys are left out."""
    asked = {stored: key for key in keys for stored in (key, f"doi:{key}")}
    rows = transaction.exec(select(PaperKeyRow.key, PaperKeyRow.paper).where(col(PaperKeyRow.key).in_(asked)))
    return {asked[stored]: paper for stored, paper in rows}


_LAST_SEQUENCE = sa.select(_values.c.value).where(_values.c.name == bot_state.SEQUENCE)
_NEWEST_DIGEST = sa.select(sa.func.max(_d.id))
_STATE = sa.select(
    sa.select(sa.func.max(_e.entry)).scalar_subquery(),
    _NEWEST_DIGEST.scalar_subquery(),
    _LAST_SEQUENCE.scalar_subquery(),
)
# With "+ 0", SQLite uses the index of `sequenced_at`, and reads only the papers since the instant. Without it, SQLite
# would search all papers, beginning with the oldest.
_SINCE = sa.select(sa.func.min(_p.sequence + 0), _LAST_SEQUENCE.scalar_subquery()).where(
    _p.sequenced_at >= sa.bindparam("instant")
)
_TEXTS = sa.select(_p.id, _p.key, _p.title, _p.abstract)
_AS_NEW = sa.select(_p.id, sa.case((_p.cross, sa.func.coalesce(_p.new_sequence, -1)), else_=_p.sequence))
_SOURCES = sa.select(_a.paper, _d.source).join_from(_appearances, _digests, _d.id == _a.digest).distinct()
_PaperRow = PaperRow | PaperDraft | sa.Row[*tuple[Any, ...]]


def index_all(transaction: Transaction) -> None:
    """Writes index entries for all papers of the database. The index must be empty."""
    for part in store.in_chunks(store.execute(transaction, sa.select(_p.id).order_by(_p.id)).scalars().all()):
        write(
            transaction,
            ((known.id, full_text.index_document(known.paper)) for known in stored_papers(transaction, part).values()),
        )


def state_of_papers(transaction: Transaction) -> tuple[Any, ...]:
    """Returns a value that stays the same while no paper comes, changes or is announced."""
    return tuple(store.execute(transaction, _STATE).one())


def newest_digest(transaction: Transaction) -> int:
    """Returns the id of the newest digest; 0 if there is none. As long as it stays the same, no paper has changed."""
    return store.execute(transaction, _NEWEST_DIGEST).scalar() or 0


def sequence_before(transaction: Transaction, instant: datetime) -> int:
    """Returns the highest sequence below all those that were assigned at `instant` or later.

    If the clock was set back, some higher sequences may have been assigned before `instant`, too.
    """
    first, last = store.execute(transaction, _SINCE, {"instant": instant}).one()
    return int(last or 0) if first is None else first - 1


def window(transaction: Transaction, after: int, upto: int) -> tuple[model.KnownPaper, ...]:
    """Returns the papers with after < sequence <= upto, in the order of their sequences."""
    wanted = sa.select(_papers).where(_p.sequence > after, _p.sequence <= upto).order_by(_p.sequence)
    return known_papers(transaction, store.execute(transaction, wanted).all(), in_time=True)


def as_announced(transaction: Transaction, known: model.KnownPaper) -> model.KnownPaper:
    """Returns a paper as subscriptions see it: without late codes. A paper that has no number yet keeps its codes."""
    if known.sequence is None or meanings.codes_of(transaction, [known.id], in_time=True):
        return known
    return replace(known, paper=replace(known.paper, meaning=b""))


def sequences_as_new(transaction: Transaction, ids: Iterable[int]) -> dict[int, int]:
    """Returns id → `KnownPaper.sequence_as_new` for these ids."""
    return dict(store.rows_of(transaction, _AS_NEW, _p.id, list(ids)))


def newest_titles(transaction: Transaction, most: int) -> list[str]:
    """Returns the titles of the `most` papers that were announced last, newest first."""
    wanted = sa.select(_p.title).where(_p.sequence.is_not(None)).order_by(_p.sequence.desc()).limit(most)
    return list(store.execute(transaction, wanted).scalars())


def newest_names(transaction: Transaction, most: int) -> list[tuple[list[str], list[str]]]:
    """Returns (authors, categories) of the newest `most` papers, by the days of their digests."""
    return [
        (row.authors, row.categories)
        for row in store.execute(transaction, _newest(sa.select(_p.authors, _p.categories), most))
    ]


def texts_upto(transaction: Transaction, upto: int, most: int) -> list[tuple[int, model.Paper]]:
    """Returns (id, paper) of the newest `most` papers up to a sequence, newest first.

    The papers have only key, title and abstract.
    """
    newest = _TEXTS.where(_p.sequence <= upto).order_by(_p.sequence.desc()).limit(most)
    return list(_texts(store.execute(transaction, newest)))


def newest_texts(transaction: Transaction, most: int) -> list[tuple[int, model.Paper]]:
    """Like `texts_upto`, but for the newest `most` papers by day, including papers that were never announced."""
    return list(_texts(store.execute(transaction, _newest(_TEXTS, most))))


def _newest(wanted: sa.Select[Any], most: int) -> sa.Select[Any]:
    """Restricts a statement to the newest papers by day.

    Adds a condition that is true for all days. It only makes the database use the index.
    """
    return wanted.where(_p.day <= date.max).order_by(_p.day.desc(), _p.id.desc()).limit(most)


def _texts(rows: Iterable[sa.Row[*tuple[Any, ...]]]) -> Iterator[tuple[int, model.Paper]]:
    return ((row.id, model.Paper(key=row.key, title=row.title, abstract=row.abstract)) for row in rows)


def texts_of(transaction: Transaction, ids: Iterable[int]) -> dict[int, model.Paper]:
    """Returns id → paper for these ids. The papers have only key, title and abstract."""
    return dict(_texts(store.rows_of(transaction, _TEXTS, _p.id, list(ids))))


@store.reads
def stored_papers(transaction: Transaction, ids: Sequence[int]) -> dict[int, model.KnownPaper]:
    """Returns id → paper for these ids."""
    return {
        paper.id: paper for paper in known_papers(transaction, list(store.rows_of(transaction, _papers, _p.id, ids)))
    }


def known_papers(
    transaction: Transaction, rows: Sequence[_PaperRow], *, in_time: bool = False
) -> tuple[model.KnownPaper, ...]:
    """Returns the papers of these rows, with their summaries, translations, sources and codes.

    `in_time`: as planning sees them, without late codes and without what a language model made.
    """
    ids = [row.id for row in rows if row.id is not None]
    summaries: dict[int, list[model.Summary]] = {}
    translations: dict[int, list[model.Translation]] = {}
    sources: dict[int, list[str]] = {}
    for s in store.rows_of(transaction, _summaries, _summaries.c.paper, ids):
        summaries.setdefault(s.paper, []).append(model.Summary(language=s.language, fields=s.fields))
    for t in store.rows_of(transaction, _translations, _translations.c.paper, ids):
        value = model.Translation(language=t.language, title=t.title, abstract=t.abstract)
        translations.setdefault(t.paper, []).append(value)
    for paper_id, source in store.rows_of(transaction, _SOURCES, _a.paper, ids):
        sources.setdefault(paper_id, []).append(source)
    codes = meanings.codes_of(transaction, ids, in_time=in_time)
    by_model = {} if in_time else model_summaries.made_for(transaction, ids)
    return tuple(
        known_paper(
            row,
            summaries.get(row.id, []),
            translations.get(row.id, []),
            sources.get(row.id, []),
            by_model=by_model.get(row.id, ()),
            meaning=codes.get(row.id, b""),
        )
        for row in rows
        if row.id is not None
    )


def known_paper(
    row: _PaperRow,
    summaries: list[model.Summary],
    translations: list[model.Translation],
    sources: list[str],
    *,
    by_model: tuple[model.ModelSummary, ...] = (),
    meaning: bytes = b"",
) -> model.KnownPaper:
    """Returns the paper of one row with its summaries, translations, sources and codes."""
    paper = model.Paper(
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
        announce_type=model.Announce.CROSS if row.cross else None,
        summaries=tuple(sorted(summaries, key=lambda s: s.language)),
        translations=tuple(sorted(translations, key=lambda t: t.language)),
        comment=row.comment,
        venue=row.venue,
        published=row.published,
        sources=tuple(sorted(sources)),
        by_model=by_model,
        meaning=meaning,
    )
    return model.KnownPaper(
        id=row.id or 0,
        paper=paper,
        sequence=row.sequence,
        sequenced_at=row.sequenced_at,
        first_seen_at=row.first_seen_at,
        withdrawn_at=row.withdrawn_at,
        day=row.day,
        came_at=row.came_at,
        new_sequence=row.new_sequence,
    )


# -------------------------------------------------------------------------------------------------- the full-text index


# Each module has the functions `write`, `find` and `uncertain`.
_WORDS = {"sqlite": sqlite, "postgresql": postgres_words}


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
    connection = transaction.connection()
    _WORDS[connection.dialect.name].write(connection, list(texts), list(texts.values()))
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
    wanted = sa.select(_p.id).where(_p.day <= day, _p.sequence.is_not(None)).limit(1)
    return transaction.connection().execute(wanted).first() is not None


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
    connection = transaction.connection()
    uncertain = _WORDS[connection.dialect.name].uncertain(connection, first, last)  # these may match, too
    return Having(sure, [*maybe, *uncertain])


def having_any(transaction: Transaction, kind: str, first: int, last: int) -> list[int]:
    """Returns the entries of papers that have a value of `kind`: category, author, abstract, summary or "chinese" text."""
    return _found(transaction, full_text.presence_expression(kind), first, last)


def sources_of_days(transaction: Transaction, first: date) -> list[str]:
    """Returns the names of the sources with a digest of the day `first` or later."""
    of_these_days = sa.exists().where(_digests.c.source == _sources.c.name, _digests.c.date >= first)
    wanted = sa.select(_sources.c.name).where(of_these_days).order_by(_sources.c.name)
    return list(transaction.connection().execute(wanted).scalars())


def has_dois(transaction: Transaction, first: date) -> bool:
    """Whether a paper of the day `first` or later has a DOI."""
    wanted = sa.select(_p.id).where(_p.day >= first, _p.doi.is_not(None)).limit(1)
    return transaction.connection().execute(wanted).first() is not None


# ------------------------------------------------------------------------------------------------------------ internals


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
    connection = transaction.connection()
    return list(_WORDS[connection.dialect.name].find(connection, expression, first, last))


def _by_number(transaction: Transaction, term: Term) -> list[int]:
    """Returns the entries of papers that have or had this id or DOI, in any letter case, or that came from this source."""
    if term.field is SOURCE:
        names = transaction.connection().execute(sa.select(_sources.c.name)).scalars()
        brought = sa.select(_appearances.c.paper).join(_digests, _digests.c.id == _appearances.c.digest)
        papers = brought.where(_digests.c.source.in_([name for name in names if fold_value(name) == term.value]))
    else:
        papers = sa.select(_keys.c.paper).where(sa.func.lower(_keys.c.key).in_([term.value, f"doi:{term.value}"]))
    return list(transaction.connection().execute(sa.select(_e.entry).where(_e.paper.in_(papers))).scalars())


# ----------------------------------------------------------------------------- values that are kept until papers come


_MOST_KEPT = 4  # cached values of each kind (days, spans of sequences, ranges); each takes some 2 MB


@dataclass(slots=True)
class _Kept:
    state: tuple[Any, ...]  # the result of `state_of_papers` for which the values are valid
    kinds: dict[str, dict[Any, Any]]


_KEPT: WeakKeyDictionary[store.Store, _Kept] = WeakKeyDictionary()


def kept(transaction: Transaction, kind: str) -> dict[Any, Any]:
    """Returns key → cached value of a kind. The result is empty if papers have come since the values were made."""
    state, cache = state_of_papers(transaction), _KEPT.get(transaction.store)
    if cache is None or cache.state != state:
        cache = _KEPT[transaction.store] = _Kept(state, {used: {} for used in (cache.kinds if cache else ())})
    return cache.kinds.setdefault(kind, {})


def keep(transaction: Transaction, kind: str, key: object, make: Callable[[], V]) -> V:
    """Returns the cached value of a kind with this key. If it is not cached, makes and caches it."""
    cached = kept(transaction, kind)
    found: V | None = cached.get(key)
    if found is None:
        found = make()
        while len(cached) >= _MOST_KEPT:
            cached.pop(next(iter(cached)), None)
        cached[key] = found
    return found


def is_used(of: store.Store, kind: str) -> bool:
    """Whether this process has used cached values of a kind."""
    return of in _KEPT and kind in _KEPT[of].kinds
