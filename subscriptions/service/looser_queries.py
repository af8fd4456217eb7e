"""Queries that find more papers than a query that finds few: looser variants, and corrected spellings."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from subscriptions import normalize
from subscriptions.matching import ranking
from subscriptions.query import (
    AUTHOR,
    TEXT,
    Leaf,
    Node,
    Not,
    Query,
    ValueKind,
    advice,
    parse,
    rewriting,
)
from subscriptions.service import known_papers as index
from subscriptions.service.near_papers import counted_words_of_all, with_words
from subscriptions.store import known_papers
from subscriptions.store.database import store as stored_store
from subscriptions.store.database.store import Transaction

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


@stored_store.reads
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
            if ranking.STOP_WORDS.isdisjoint(normalize.tokens(one.text))
        ]
        better += sorted((one for one in both if one.more), key=lambda one: one.more)[:_PAIRS]
    return sorted(better, key=lambda one: (_BEST_FIRST.index(one.variant.kind), -one.more))


@stored_store.reads
def in_last_year(transaction: Transaction, query: Query, found: int, *, now: datetime) -> Looser | None:
    """Returns the variant "last year" of a query; None if it finds no more than the `found` papers of the last days."""
    entries, _ = index.searched_range(transaction)
    since = index.key_of(now.date() - _YEAR, 0)
    hits = index.find(transaction, entries, with_words(transaction, query), most_read=index.MOST_READ)
    more = (hits.bits & entries.newer_than(since)).bit_count() - found
    return Looser(advice.Variant(kind="year", text=query.text), more) if more > 0 else None


def _in_other_forms(transaction: Transaction, entries: index.Entries, query: Query) -> Iterator[advice.Variant]:
    """Yields the query with other forms of its words added, such as "large language model" for LLM."""
    some = 0
    for term in query.terms:
        some |= index.having(transaction, entries, term)[0] if term.field is TEXT else 0
    papers = map(index.number_of, entries.newest_first(some, _EXPLAINING))
    texts = known_papers.texts_of(transaction, papers).values()
    forms: advice.Forms = {
        **advice.learned_forms(f"{one.title}. {one.abstract}" for one in texts),
        **advice.common_forms(),
    }
    if text := rewriting.rewritten(query, lambda node: advice.with_other_forms(node, forms)):
        yield advice.Variant(kind="also", text=text)


# -------------------------------------------------------------------------------------- words that no stored paper has


_WORD = re.compile(r"(?<![\w*])[A-Za-z]{4,24}(?![\w*])")
_ACRONYM = re.compile(r"[A-Z]{4,6}")  # CRISPR is not a wrong spelling of crisp
_SHORT = 8  # letters; for a shorter word one typing error is corrected, for others two


@dataclass(frozen=True, slots=True)
class Spelling:
    """The words of a query that no stored paper has, as typed, and the query with similar words that papers have."""

    unknown: tuple[str, ...]
    meant: str  # the query that was probably meant; "" if no unknown word is close to a word of a paper


@stored_store.reads
def spelling(transaction: Transaction, query: Query) -> Spelling:
    """Returns which words of a query no stored paper has, and the query that was probably meant."""
    typed = {word: dict.fromkeys((form, normalize.fold_plural(form))) for word, form in _unknown_words(query.tree)}
    known = known_papers.spelled(transaction, [form for forms in typed.values() for form in forms])
    unknown = {word: next(iter(forms)) for word, forms in typed.items() if known.isdisjoint(forms)}
    words = {word: form for word, form in unknown.items() if not _ACRONYM.fullmatch(word)}
    close = {word: found for word, form in words.items() if (found := _nearest_words(transaction, form))}
    meant = (
        rewriting.rewritten(query, lambda node: rewriting.changed(node, lambda leaf: _respelled(leaf, close)))
        if close
        else ""
    )
    return Spelling(tuple(unknown), meant)


def _unknown_words(node: Node) -> Iterator[tuple[str, str]]:
    """Yields (word as typed, word in the form of `spellings`) for each word that the query does not exclude."""
    if isinstance(node, Leaf):
        is_name = node.term.field is AUTHOR
        if is_name or node.term.field.kind is ValueKind.WORDS:
            for word in _WORD.findall(node.words):
                yield word, f"@{''.join(normalize.author_tokens(word))}" if is_name else word.lower()
    elif not isinstance(node, Not):
        for part in node.nodes:
            yield from _unknown_words(part)


def _nearest_words(transaction: Transaction, word: str) -> str:
    """Returns the most similar word of a stored paper, of several the most common one; "" if none is similar enough."""
    from rapidfuzz import distance, process  # noqa: PLC0415 - takes 30 ms of the start, and 3 MB of memory

    most = 1 if len(word) < _SHORT else 2
    alike = known_papers.spelled_alike(transaction, word, most)
    found = process.extract(word, alike, scorer=distance.OSA.distance, score_cutoff=most, limit=None)
    rarity = counted_words_of_all(transaction)
    # stop words have no counts, so they are added here
    having = {
        **rarity.having,
        **dict.fromkeys(ranking.STOP_WORDS, rarity.papers),
    }
    ranked = sorted(found, key=lambda one: (one[1], -having.get(normalize.fold_plural(one[0]), 0), one[0]))
    best = ranked[0][0] if ranked else ""
    return best[1:].title() if best[:1] == "@" else best


def _respelled(leaf: Leaf, close: Mapping[str, str]) -> Leaf:
    """Returns a leaf in which unknown words are replaced. `close` is unknown word → word of a paper."""
    return replace(leaf, words=_WORD.sub(lambda word: close.get(word[0], word[0]), leaf.words))
