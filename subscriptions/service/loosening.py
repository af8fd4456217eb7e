"""What helps a query that finds little: looser ones, other spellings, and papers that are near."""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import NamedTuple

from subscriptions import normalize, ranking
from subscriptions.matching.hits import LEAST_NEARNESS, THOUSAND
from subscriptions.matching.paper_index import STOP_WORDS
from subscriptions.model import KnownPaper, Paper
from subscriptions.query import AUTHOR, TEXT, Leaf, Node, Not, Query, ValueKind
from subscriptions.query import variants as query_variants
from subscriptions.query.parse import parse_query
from subscriptions.query.rewriting import rewritten
from subscriptions.service.known_papers import MOST_READ, Entries, find, having, key_of, near_places, number_of, read
from subscriptions.service.near_papers import counted_words_of_all, with_words
from subscriptions.service.paper_search import searched_range
from subscriptions.store import known_papers
from subscriptions.store.database.store import Transaction, reads

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

    variant: query_variants.Variant
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
    others = [*_in_other_forms(transaction, entries, query), *([] if forms_only else query_variants.variants(query))]
    more = [Looser(one, count(parse_query(one.text, query.fields)) - found) for one in others]
    better = [one for one in more if 0 < one.more < most and one.variant.kind in _BEST_FIRST]
    if not found and not forms_only and all(one.variant.kind == "any" for one in better):
        both = [
            Looser(one, count(parse_query(one.text, query.fields)))
            for one in query_variants.pairs(query)
            if STOP_WORDS.isdisjoint(normalize.tokens(one.text))
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
    return Looser(query_variants.Variant(kind="year", text=query.text), more) if more > 0 else None


def _in_other_forms(transaction: Transaction, entries: Entries, query: Query) -> Iterator[query_variants.Variant]:
    """Yields the query with the other forms of its words, such as LLM and "large language model"."""
    some = 0
    for term in query.terms:
        some |= having(transaction, entries, term)[0] if term.field is TEXT else 0
    papers = map(number_of, entries.newest_first(some, _EXPLAINING))
    texts = known_papers.texts_of(transaction, papers).values()
    forms: query_variants.Forms = {
        **query_variants.learned_forms(f"{one.title}. {one.abstract}" for one in texts),
        **query_variants.common_forms(),
    }
    if text := rewritten(query, lambda node: query_variants.with_other_forms(node, forms)):
        yield query_variants.Variant(kind="also", text=text)


# -------------------------------------------------------------------------------------- words that no stored paper has


_WORD = re.compile(r"(?<![\w*])[A-Za-z]{4,24}(?![\w*])")
_ACRONYM = re.compile(r"[A-Z]{4,6}")  # CRISPR is no wrong spelling of crisp
_SHORT = 8  # letters; a shorter word may have one wrong, a longer one two


@dataclass(frozen=True, slots=True)
class Spelling:
    """The words of a query that no stored paper has, as typed, and the query with words of papers in their places."""

    unknown: tuple[str, ...]
    meant: str  # "" if no unknown word is close to a word of a paper


@reads
def spelling(transaction: Transaction, query: Query) -> Spelling:
    """Returns which words of a query no stored paper has, and what was probably meant."""
    typed = {word: dict.fromkeys((form, normalize.fold_plural(form))) for word, form in _unknown_words(query.tree)}
    known = known_papers.spelled(transaction, [form for forms in typed.values() for form in forms])
    unknown = {word: next(iter(forms)) for word, forms in typed.items() if known.isdisjoint(forms)}
    words = {word: form for word, form in unknown.items() if not _ACRONYM.fullmatch(word)}
    close = {word: found for word, form in words.items() if (found := _nearest_words(transaction, form))}
    meant = rewritten(query, lambda node: _respelled(node, close)) if close else ""
    return Spelling(tuple(unknown), meant)


def _unknown_words(node: Node) -> Iterator[tuple[str, str]]:
    """Yields the words that a query wants, each as typed and as `spellings` has it."""
    if isinstance(node, Leaf):
        is_name = node.term.field is AUTHOR
        if is_name or node.term.field.kind is ValueKind.WORDS:
            for word in _WORD.findall(node.words):
                yield word, f"@{''.join(normalize.author_tokens(word))}" if is_name else word.lower()
    elif not isinstance(node, Not):
        for part in node.nodes:
            yield from _unknown_words(part)


def _nearest_words(transaction: Transaction, word: str) -> str:
    """Returns the word of a paper that is closest to a word that none has, of several the commonest; "" if none is close."""
    from rapidfuzz import distance, process  # noqa: PLC0415 - 30 ms of a start, and 3 MB of a process at rest

    most = 1 if len(word) < _SHORT else 2
    alike = known_papers.spelled_alike(transaction, word, most)
    found = process.extract(word, alike, scorer=distance.OSA.distance, score_cutoff=most, limit=None)
    rarity = counted_words_of_all(transaction)
    having = {**rarity.having, **dict.fromkeys(STOP_WORDS, rarity.papers)}  # those are not counted
    ranked = sorted(found, key=lambda one: (one[1], -having.get(normalize.fold_plural(one[0]), 0), one[0]))
    best = ranked[0][0] if ranked else ""
    return best[1:].title() if best[:1] == "@" else best


def _respelled(node: Node, close: Mapping[str, str]) -> Node:
    """Returns a node with these words in place of those that no paper has."""
    if isinstance(node, Leaf):
        return replace(node, words=_WORD.sub(lambda word: close.get(word[0], word[0]), node.words))
    return node if isinstance(node, Not) else type(node)(tuple(_respelled(part, close) for part in node.nodes))


# ------------------------------------------------- the stored papers that are nearest to some papers (docs/queries.md)


LOOKED_AT = 1000  # papers, the newest: 0.1 ms each
MOST_ALIKE = 5
FLOOR = LEAST_NEARNESS / THOUSAND


class Alike(NamedTuple):
    """The papers nearest to some papers."""

    words: tuple[str, ...]  # by which they were looked for, the weightiest first
    papers: tuple[KnownPaper, ...]  # the nearest first
    looked_at: int


@reads
def papers_alike(transaction: Transaction, given: Sequence[KnownPaper]) -> Alike:
    """Returns the papers nearest to those that are given, at most five, among the newest thousand."""
    taste = ranking.taste_of([(1.0, ranking.words_of(one.paper)) for one in given], counted_words_of_all(transaction))
    ids, looked_at = _nearest(transaction, taste, {one.id for one in given})
    known = known_papers.stored_papers(transaction, ids)
    heaviest = sorted(taste.weights, key=lambda word: (-taste.weights[word], word))
    texts = [text for one in given for text in (one.paper.title, one.paper.abstract)]
    return Alike(
        words=normalize.as_written(heaviest, texts), papers=tuple(known[one] for one in ids), looked_at=looked_at
    )


@reads
def papers_near_text(transaction: Transaction, text: str) -> Alike:
    """Returns the papers nearest to a text, at most five, among the newest 50,000."""
    entries, _ = searched_range(transaction)
    words = ranking.words_of_papers([ranking.words_of(Paper(key="", abstract=text))], counted_words_of_all(transaction))
    near = near_places(transaction, entries, words)
    best = sorted(near, key=lambda at: (near[at], entries.keys[at]), reverse=True)
    papers = read(transaction, [key for at in best if (key := entries.keys[at])][:MOST_ALIKE])
    heaviest = sorted(words, key=lambda one: -one[1])
    shown = normalize.as_written((word for word, _ in heaviest), [text])
    return Alike(words=shown, papers=papers, looked_at=entries.papers.bit_count())


def _nearest(transaction: Transaction, taste: ranking.Taste, without: Collection[int]) -> tuple[list[int], int]:
    """The ids of the nearest papers, and how many were looked at."""
    looked_at = known_papers.newest_texts(transaction, LOOKED_AT)
    near = [
        (
            ranking.nearness(
                taste, f" {' '.join((*normalize.tokens(paper.title), *normalize.tokens(paper.abstract)))} "
            ),
            known,
        )
        for known, paper in looked_at
        if known not in without
    ]
    found = sorted((one for one in near if one[0] >= FLOOR), key=lambda one: (-one[0], -one[1]))
    return [known for _, known in found[:MOST_ALIKE]], len(looked_at)
