"""What finds more than a query: its variants, and the other forms of its words."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from subscriptions.matching.distinctive import STOP_WORDS
from subscriptions.normalize.tokenizers import tokens
from subscriptions.query.changing import rewritten
from subscriptions.query.fields import TEXT
from subscriptions.query.parsing.parse import parse_query
from subscriptions.query.syntax import Query
from subscriptions.query.variants import Forms, Variant, common_forms, learned_forms, pairs, variants, with_other_forms
from subscriptions.service.papers.counting import MOST_READ, Entries, find, having, key_of, number_of
from subscriptions.service.papers.near_papers import with_words
from subscriptions.service.papers.paper_search import searched_range
from subscriptions.store import Transaction, reads
from subscriptions.store.papers import known_papers

_BEST_FIRST = ("also", "author", "initials", "anywhere", "without", "allowed", "only", "any")
_YEAR = timedelta(days=365)
_MOST = 0.5  # of the papers: what finds more of them says nothing
_PAIRS = 2  # the rarest pairs of words say best what a query is about
_EXPLAINING = (
    100  # papers, the newest that have some word of a query: the other forms of its words are learned from them
)


@dataclass(frozen=True, slots=True)
class Looser:
    """A variant of a query that finds more papers."""

    variant: Variant
    more: int  # papers


@reads
def looser(transaction: Transaction, query: Query, *, forms_only: bool = False) -> list[Looser]:
    """Returns what finds more of the newest 50,000 papers than a query does, the most useful first.

    `forms_only`: only what other forms of its words find.
    """
    entries, _ = searched_range(transaction)
    query = with_words(transaction, query)

    def count(asked: Query) -> int:
        return find(transaction, entries, asked, most_read=MOST_READ).bits.bit_count()

    found, most = count(query), entries.papers.bit_count() * _MOST
    others = [*_in_other_forms(transaction, entries, query), *([] if forms_only else variants(query))]
    more = [Looser(one, count(parse_query(one.text, query.fields)) - found) for one in others]
    better = [one for one in more if 0 < one.more < most and one.variant.kind in _BEST_FIRST]
    if not found and not forms_only and all(one.variant.kind == "any" for one in better):
        both = [
            Looser(one, count(parse_query(one.text, query.fields)))
            for one in pairs(query)
            if STOP_WORDS.isdisjoint(tokens(one.text))
        ]
        better += sorted((one for one in both if one.more), key=lambda one: one.more)[:_PAIRS]
    return sorted(better, key=lambda one: (_BEST_FIRST.index(one.variant.kind), -one.more))


@reads
def in_last_year(transaction: Transaction, query: Query, found: int, *, now: datetime) -> Looser | None:
    """Returns the query over the last year, if it finds more than the `found` papers of the last days."""
    entries, _ = searched_range(transaction)
    since = key_of(now.date() - _YEAR, 0)
    hits = find(transaction, entries, with_words(transaction, query), most_read=MOST_READ)
    more = (hits.bits & entries.newer_than(since)).bit_count() - found
    return Looser(Variant(kind="year", text=query.text), more) if more > 0 else None


def _in_other_forms(transaction: Transaction, entries: Entries, query: Query) -> Iterator[Variant]:
    """Yields the query with the other forms of its words, such as LLM and "large language model"."""
    some = 0
    for term in query.terms:
        some |= having(transaction, entries, term)[0] if term.field is TEXT else 0
    papers = map(number_of, entries.newest_first(some, _EXPLAINING))
    texts = known_papers.texts_of(transaction, papers).values()
    forms: Forms = {**learned_forms(f"{one.title}. {one.abstract}" for one in texts), **common_forms()}
    if text := rewritten(query, lambda node: with_other_forms(node, forms)):
        yield Variant(kind="also", text=text)
