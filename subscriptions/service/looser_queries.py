"""Queries that find more papers than a query that finds few: which are suggested, in which order, and which find too many."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from subscriptions import normalize
from subscriptions.matching import stop_words
from subscriptions.query import TEXT, advice, parse, rewriting
from subscriptions.query.tree import Query
from subscriptions.service import known_papers as index
from subscriptions.service.near_papers import with_words
from subscriptions.store import known_papers
from subscriptions.store.database.store import Transaction, reads

_BEST_FIRST = ("also", "author", "initials", "anywhere", "without", "allowed", "only", "any")
_YEAR = timedelta(days=365)
_MOST = 0.5  # share of all papers; a variant that finds more than this share is useless
_PAIRS = 2  # so many pairs of words are suggested: the rarest, which say best what a query is about
_EXPLAINING = 100  # newest papers with a word of the query, from which other forms of its words are learned


@dataclass(frozen=True, slots=True)
class Looser:
    """A variant of a query that finds more papers."""

    variant: advice.Variant
    more: int  # number of papers that the variant finds and the query does not


@reads
def looser(transaction: Transaction, query: Query, *, forms_only: bool = False) -> list[Looser]:
    """Returns variants that find more of the newest 50,000 papers than a query does, the most useful first.

    `forms_only`: returns only the variant with other forms of the query's words.
    """
    entries, _ = index.searched_range(transaction)
    query = with_words(transaction, query)

    def count(asked: Query) -> int:
        return index.find(transaction, entries, asked, most_read=index.MOST_READ).bits.bit_count()

    found, most = count(query), entries.papers.bit_count() * _MOST
    others = [*_in_other_forms(transaction, entries, query), *([] if forms_only else advice.variants(query))]
    more = [Looser(one, count(parse.parse_query(one.text, query.fields)) - found) for one in others]
    better = [one for one in more if 0 < one.more < most and one.variant.kind in _BEST_FIRST]
    if not found and not forms_only and all(one.variant.kind == "any" for one in better):
        both = [
            Looser(one, count(parse.parse_query(one.text, query.fields)))
            for one in advice.pairs(query)
            if stop_words.STOP_WORDS.isdisjoint(normalize.tokens(one.text))
        ]
        better += sorted((one for one in both if one.more), key=lambda one: one.more)[:_PAIRS]
    return sorted(better, key=lambda one: (_BEST_FIRST.index(one.variant.kind), -one.more))


@reads
def in_last_year(transaction: Transaction, query: Query, found: int, *, now: datetime) -> Looser | None:
    """Returns the variant "last year" of a query; None if it finds no more than the `found` papers of the last days."""
    entries, _ = index.searched_range(transaction)
    since = index.key_of(now.date() - _YEAR, 0)
    hits = index.find(transaction, entries, with_words(transaction, query), most_read=index.MOST_READ)
    more = (hits.bits & entries.newer_than(since)).bit_count() - found
    if more > 0:
        return Looser(advice.Variant(kind="year", text=query.text), more)
    return None


def _in_other_forms(transaction: Transaction, entries: index.Entries, query: Query) -> Iterator[advice.Variant]:
    """Yields the query with other forms of its words added, such as "large language model" for LLM."""
    some = 0
    for term in query.terms:
        if term.field is TEXT:
            some |= index.having(transaction, entries, term)[0]
    papers = map(index.number_of, entries.newest_first(some, _EXPLAINING))
    texts = known_papers.texts_of(transaction, papers).values()
    forms: advice.Forms = {
        **advice.learned_forms(f"{one.title}. {one.abstract}" for one in texts),
        **advice.common_forms(),
    }
    if text := rewriting.rewritten(query, lambda node: advice.with_other_forms(node, forms)):
        yield advice.Variant(kind="also", text=text)
