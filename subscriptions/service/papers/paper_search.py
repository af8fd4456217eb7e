"""Searches the stored papers for a query; finds papers by arXiv id or DOI."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from weakref import WeakKeyDictionary

from subscriptions.model import KnownPaper
from subscriptions.query import Query
from subscriptions.service.papers.counting import (
    MOST_COUNTED,
    MOST_READ,
    Entries,
    day_of,
    find,
    key_of,
    number_of,
    read,
)
from subscriptions.service.papers.near_papers import with_words
from subscriptions.store import Scope, Store, Transaction
from subscriptions.store.papers import index, known_papers, statistics


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchResult:
    """What a search found in one stretch of the stored papers."""

    papers: tuple[KnownPaper, ...]  # a page of them, the newest first
    found: int  # in the whole stretch
    upto: int  # the key of its newest paper, where the stretch begins
    looked: int  # papers looked at
    stored: int  # papers in all
    below: int | None  # where the next stretch begins; None: all older ones were looked at
    since: date | None  # the day of the oldest paper looked at


def search(store: Scope, query: Query, *, upto: int | None = None, start: int = 0, most: int) -> SearchResult:
    """The papers that a query finds in one stretch, the newest by their days first. The stretch begins with the key `upto`.

    `papers` holds `most` of them, from the one at `start` on. A stretch has 50,000 papers; it has fewer if too many of
    them would have to be read to decide.
    """
    with store.read() as transaction:
        entries, below = _searched_range(transaction, upto)
        hits = find(transaction, entries, with_words(transaction, query), most_read=MOST_READ)
        keys = [key for key in entries.keys if key > hits.end]
        return SearchResult(
            papers=read(transaction, entries.newest_first(hits.bits, start + most)[start:]),
            found=hits.bits.bit_count(),
            upto=max(keys, default=0),
            looked=len(keys),
            stored=statistics.paper_count(transaction),
            below=hits.end or below,
            since=day_of(min(keys)) if keys else None,
        )


@dataclass(frozen=True, slots=True)
class _SearchedRange:
    """The stretch that was searched last, cached because people turn pages."""

    state: tuple[object, ...]
    top: int  # the key of its newest paper
    newest: bool  # there is no newer paper
    entries: Entries
    below: int | None


_KEPT: WeakKeyDictionary[Store, _SearchedRange] = WeakKeyDictionary()


def _searched_range(transaction: Transaction, upto: int | None) -> tuple[Entries, int | None]:
    """The newest papers from a key on down, and the key of the first beyond them."""
    state = known_papers.state_of_papers(transaction)
    kept = _KEPT.get(transaction.store)
    if kept is None or kept.state != state or not (kept.newest if upto is None else kept.top == upto):
        kept = _KEPT[transaction.store] = _look(transaction, state, upto)
    return kept.entries, kept.below


def _look(transaction: Transaction, state: tuple[object, ...], upto: int | None) -> _SearchedRange:
    begin = None if upto is None else (day_of(upto), number_of(upto))
    rows = index.newest(transaction, MOST_COUNTED + 1, upto=begin)
    keys = [key_of(row.day, row.paper) for row in rows]
    below = keys[MOST_COUNTED] if len(keys) > MOST_COUNTED else None
    entries = Entries.of(rows[:MOST_COUNTED], whole=below is None)
    return _SearchedRange(state, keys[0] if keys else 0, upto is None, entries, below)


def papers_named(store: Scope, names: Sequence[str]) -> dict[str, KnownPaper]:
    """The papers with these arXiv ids and DOIs (`mentioned` finds them in a text); unknown ones are left out."""
    with store.read() as transaction:
        ids = statistics.papers_with_keys(transaction, names)
        known = known_papers.stored_papers(transaction, list(set(ids.values())))
    return {name: known[paper_id] for name, paper_id in ids.items()}


def known_since(store: Scope) -> datetime | None:
    """When the first paper of all became known; None: there are no papers."""
    with store.read() as transaction:
        return statistics.first_paper_at(transaction)
