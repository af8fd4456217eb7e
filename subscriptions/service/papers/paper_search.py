"""Searches the stored papers for a query; finds papers by arXiv id or DOI."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from subscriptions.model import KnownPaper
from subscriptions.query.syntax import Query
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
from subscriptions.service.papers.kept_entries import is_used, keep
from subscriptions.service.papers.near_papers import with_words
from subscriptions.store import Store, Transaction, reads
from subscriptions.store.papers import index, known_papers

_SEARCHED = "searched"  # a kind of cached entries: stretches, by the key of their newest paper; None: the newest of all


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


@reads
def search(
    transaction: Transaction, query: Query, *, upto: int | None = None, start: int = 0, most: int
) -> SearchResult:
    """The papers that a query finds in one stretch, the newest by their days first. The stretch begins with the key `upto`.

    `papers` holds `most` of them, from the one at `start` on. A stretch has 50,000 papers; it has fewer if too many of
    them would have to be read to decide, and more if the newest 50,000 have none.
    """
    query, looked = with_words(transaction, query), 0
    while True:
        entries, below = searched_range(transaction, upto)
        hits = find(transaction, entries, query, most_read=MOST_READ)
        oldest, newest = _ends(entries, hits.end)
        looked += entries.newer_than(hits.end).bit_count() if hits.end else entries.papers.bit_count()
        below = hits.end or below
        if hits.bits or below is None:
            break
        upto = below
    return SearchResult(
        papers=read(transaction, entries.newest_first(hits.bits, start + most)[start:]),
        found=hits.bits.bit_count(),
        upto=newest,
        looked=looked,
        stored=known_papers.paper_count(transaction),
        below=below,
        since=day_of(oldest) if oldest else None,
    )


def _ends(entries: Entries, end: int) -> tuple[int, int]:
    """The keys of the oldest and the newest of the papers that are newer than `end`; (0, 0) if there are none."""
    newest = max(entries.keys, default=0)
    if not end and entries.days:
        return key_of(entries.days[0], 0), newest
    oldest = min((key for key in entries.keys if key > end), default=0)
    return (oldest, newest) if oldest else (0, 0)


def searched_range(transaction: Transaction, upto: int | None = None) -> tuple[Entries, int | None]:
    """The newest papers from a key on down, and the key of the first beyond them."""
    return keep(transaction, _SEARCHED, upto, lambda: _look(transaction, upto))


def _look(transaction: Transaction, upto: int | None) -> tuple[Entries, int | None]:
    begin = None if upto is None else (day_of(upto), number_of(upto))
    rows = index.newest(transaction, MOST_COUNTED + 1, upto=begin)
    below = key_of(rows[MOST_COUNTED].day, rows[MOST_COUNTED].paper) if len(rows) > MOST_COUNTED else None
    return Entries.of(rows[:MOST_COUNTED], whole=below is None), below


def keep_searched(store: Store) -> None:
    """Renews the cache of the newest stretch if this process has searched it."""
    if is_used(store, _SEARCHED):
        with store.read() as transaction:
            searched_range(transaction)


@reads
def papers_named(transaction: Transaction, names: Sequence[str]) -> dict[str, KnownPaper]:
    """The papers with these arXiv ids and DOIs (`mentioned` finds them in a text); unknown ones are left out."""
    ids = known_papers.papers_with_keys(transaction, names)
    known = known_papers.stored_papers(transaction, list(set(ids.values())))
    return {name: known[paper_id] for name, paper_id in ids.items()}
