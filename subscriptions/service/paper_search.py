"""Searches all stored papers by words, by meaning and by name: which come first, and how near one must be to be worth showing."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

from subscriptions.matching.paper_index import matching_papers
from subscriptions.meaning import ANYTHING, WORTH_SHOWING
from subscriptions.model import KnownPaper
from subscriptions.query import ABOUT, parse, rewriting
from subscriptions.query.tree import Query
from subscriptions.service import known_papers as index
from subscriptions.service import meaning, questions
from subscriptions.service.near_papers import with_vectors_for
from subscriptions.store import known_papers
from subscriptions.store.database.store import Transaction, reads


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchResult:
    """The result of a search in one range of the stored papers."""

    papers: tuple[KnownPaper, ...]  # one page of the found papers
    found: int  # number of papers found in the whole range
    upto: int  # the key of the newest paper in the range
    looked: int  # number of papers that were searched
    stored: int  # number of all stored papers
    below: int | None  # the key at which the next range begins; None: there are no older papers
    since: date | None  # the day of the oldest paper that was searched


@reads
def search(
    transaction: Transaction, query: Query, *, upto: int | None = None, start: int = 0, most: int
) -> SearchResult:
    """Searches papers in one range. The range begins with the key `upto`; None: with the newest paper.

    Papers with all words of the query in their titles come first, each time the newest first: who looks for words that are
    in many abstracts wants the papers about them. If the query asks for nearness once, the nearest come first.

    The result has at most `most` of the found papers, from index `start` on. A range has 50,000 papers. A range is
    shorter if the search would have to read too many papers, and longer if the first 50,000 have no match.
    """
    query, looked = with_vectors_for(transaction, query), 0
    while True:
        entries, below = index.searched_range(transaction, upto)
        hits = index.find(transaction, entries, query, most_read=index.MOST_READ)
        oldest, newest = _ends(entries, hits.end)
        looked += entries.newer_than(hits.end).bit_count() if hits.end else entries.papers.bit_count()
        below = hits.end or below
        if hits.bits or below is None:
            break
        upto = below
    return SearchResult(
        papers=index.read(transaction, _ordered(transaction, entries, query, hits.bits, start + most)[start:]),
        found=hits.bits.bit_count(),
        upto=newest,
        looked=looked,
        stored=known_papers.paper_count(transaction),
        below=below,
        since=index.day_of(oldest) if oldest else None,
    )


def _ordered(transaction: Transaction, entries: index.Entries, query: Query, found: int, most: int) -> list[int]:
    """Returns the keys of the first `most` of the found papers."""
    if (near := _nearness(transaction, entries, query)) is not None:
        places = sorted(index.places(found), key=lambda at: (near.get(at, 0.0), entries.keys[at]), reverse=True)
        return [entries.keys[at] for at in places[:most]]
    titles = rewriting.rewritten(query, rewriting.in_titles)
    named = parse.query_of(titles, query.fields) if titles else None
    named = named and questions.with_known_vectors(transaction, named)
    first = index.certain(transaction, entries, named) & found if named else 0
    keys = entries.newest_first(first, most)
    return keys + entries.newest_first(found & ~first, most - len(keys))


def _nearness(transaction: Transaction, entries: index.Entries, query: Query) -> Mapping[int, float] | None:
    """Returns place → nearness, if the query has exactly one term that asks for nearness; otherwise None."""
    wanted = {term for one in query.alternatives for term in one.positive if term.field.kind.needs_vectors}
    return index.places_near(transaction, entries, *wanted) if len(wanted) == 1 else None


def _ends(entries: index.Entries, end: int) -> tuple[int, int]:
    """Returns the first and the last key of the range of papers above the key `end`; (0, 0) if there are none."""
    newest = max(entries.keys, default=0)
    if not end and entries.days:
        return index.key_of(entries.days[0], 0), newest
    oldest = min((key for key in entries.keys if key > end), default=0)
    return (oldest, newest) if oldest else (0, 0)


class NearPaper(NamedTuple):
    """A paper that is near to a text in meaning."""

    known: KnownPaper
    nearness: float  # from 0 to 1; from 0.5 on, it is near


@reads
def near_in_meaning(transaction: Transaction, query: Query, *, without: Collection[int], most: int) -> list[NearPaper]:
    """Returns the papers that are nearest to the one text that a query asks (`about:`), nearest first.

    Leaves out papers that do not match the rest of the query, and the papers with the ids `without`. Returns [] if the
    vector of the text cannot be had now.
    """
    query = questions.with_known_vectors(transaction, query)
    (term,) = (one for one in query.nearness_terms if one.field is ABOUT)
    vector = questions.vector_of(transaction, term.value)
    if not vector:
        return []
    found = {
        paper: nearness
        for paper, nearness in meaning.near_papers(transaction, vector, transaction.store.encoder, least=WORTH_SHOWING)
        if paper not in without
    }
    has_more = len([*query.terms]) > 1
    known = known_papers.stored_papers(transaction, [*found] if has_more else [*found][:most])
    near = [NearPaper(known[paper], nearness) for paper, nearness in found.items() if paper in known]
    if has_more:
        query = rewriting.with_vectors(query, {term: ANYTHING})
        near = [near[place] for place in matching_papers(query, [one.known.paper for one in near])]
    return near[:most]


@reads
def papers_named(transaction: Transaction, names: Sequence[str]) -> dict[str, KnownPaper]:
    """Returns name → paper for these arXiv ids and DOIs. Names of unknown papers are left out."""
    ids = known_papers.papers_with_keys(transaction, names)
    known = known_papers.stored_papers(transaction, list(set(ids.values())))
    return {name: known[paper_id] for name, paper_id in ids.items()}
