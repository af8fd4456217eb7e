"""The papers that are near to others, in queries (`like:`) and for a person who asks: how many, by words and meaning (docs/queries.md)."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from heapq import nlargest
from typing import NamedTuple, NoReturn

from subscriptions import errors, meaning, normalize
from subscriptions.matching import profiles
from subscriptions.matching.fulfilment import THOUSAND
from subscriptions.matching.word_weights import words_of
from subscriptions.model import KnownPaper, Paper, Subscription
from subscriptions.query import WordsOfPapers, papers_of_queries, parse
from subscriptions.query.links import LIBRARY
from subscriptions.query.tree import Query
from subscriptions.service import known_papers as index
from subscriptions.service.libraries import words_of_library
from subscriptions.service.meaning import near_papers as near_in_meaning
from subscriptions.service.questions import with_all_vectors
from subscriptions.service.word_counts import counted_words_of_all
from subscriptions.store import known_papers, meanings
from subscriptions.store.database.store import Transaction, reads

MOST_ALIKE = 5
CANDIDATES = 50  # papers with the weightiest words, and as many that are nearest in meaning; they are compared by both


@reads
def with_words(
    transaction: Transaction, query: Query, subscriptions: Iterable[Subscription] = (), *, chat_id: int = 0
) -> Query:
    """Adds to a query what its text only names: words of papers or of the chat's library (`like:`), vectors (`about:`).

    Other queries stay as they are. Raises what `with_words_of_papers` raises, MeaningFails, and Unencoded.
    """
    return with_all_vectors(transaction, with_words_of_papers(transaction, query, subscriptions, chat_id=chat_id))


def with_words_of_papers(
    transaction: Transaction, query: Query, subscriptions: Iterable[Subscription] = (), *, chat_id: int = 0
) -> Query:
    """Adds to a query the words of papers or of the chat's library that its text names with `like:`.

    If one of the subscriptions names the same papers, its words are used, so that the same query has the same canonical
    text. Raises Refused for a paper that is not stored.
    """
    named = papers_of_queries.papers_named_in(query)
    if not named:
        return query
    kept = {**query.fields.words, **papers_of_queries.words_kept(one.canonical for one in subscriptions)}
    words = {value: kept.get(value) or _words(transaction, value.split(","), chat_id) for value in named}
    return parse.parse_query(query.text, query.fields.knowing(words))


@reads
def words_near(transaction: Transaction, query: Query) -> tuple[str, ...]:
    """Returns the words that make a paper near to the papers that a query names, spelled as in these papers.

    The words of each term are ordered by weight, the highest first.
    """
    words = dict.fromkeys(word for term in query.terms for word, _ in term.near)
    names = {name for value in papers_of_queries.papers_named_in(query) for name in value.split(",")}
    ids = known_papers.papers_with_keys(transaction, sorted(names))
    papers = known_papers.texts_of(transaction, set(ids.values())).values()
    return normalize.as_written(words, [text for paper in papers for text in (paper.title, paper.abstract)])


def _words(transaction: Transaction, names: list[str], chat_id: int) -> WordsOfPapers:
    if names == [LIBRARY]:
        return words_of_library(transaction, chat_id) or _nothing_near(LIBRARY)
    ids = known_papers.papers_with_keys(transaction, names)
    for name in names:
        if name not in ids:
            raise errors.Refused(
                errors.Sentence("I do not know the paper {id} yet, so I cannot tell what is near to it.", {"id": name}),
                errors.Sentence("Look it up first, by sending {id}; then say this again.", {"id": name}),
            )
    texts = known_papers.texts_of(transaction, set(ids.values()))
    found = profiles.words_of_papers([words_of(texts[one]) for one in sorted(texts)], counted_words_of_all(transaction))
    return found or _nothing_near(", ".join(names))


def _nothing_near(names: str) -> NoReturn:
    raise errors.Refused(
        errors.Sentence(
            "Nothing can be near to {ids}: I know no words of it that say what it is about.", {"ids": names}
        ),
        errors.Sentence("Name another paper."),
    )


class Alike(NamedTuple):
    """The papers that are nearest to given papers or to a text."""

    words: tuple[str, ...]  # the words of the search, the highest weight first
    papers: tuple[KnownPaper, ...]  # the nearest first
    looked_at: int
    in_meaning: bool  # also papers without these words were found, by their meaning


@reads
def papers_alike(transaction: Transaction, given: Sequence[KnownPaper]) -> Alike:
    """Returns the papers that are nearest to the given papers, at most five of the newest 50,000."""
    codes = [(1.0, code) for one in given for code in meaning.read_paper(one.paper.meaning)[:1]]
    in_meaning = meaning.in_common(codes)
    return _alike(transaction, [one.paper for one in given], in_meaning, without={one.id for one in given})


@reads
def papers_near_text(transaction: Transaction, text: str, question: bytes = b"") -> Alike:
    """Returns the papers that are nearest to a text, at most five of the newest 50,000. `question` is its vector."""
    return _alike(transaction, [Paper(key="", abstract=text)], question)


def _alike(transaction: Transaction, given: Sequence[Paper], in_meaning: bytes, without: Collection[int] = ()) -> Alike:
    entries, _ = index.searched_range(transaction)
    found = profiles.profile_of([(1.0, words_of(one)) for one in given], counted_words_of_all(transaction))
    profile = replace(found, meaning=in_meaning)
    heaviest = sorted(profile.weights, key=lambda word: (-profile.weights[word], word))
    words = tuple((word, round(THOUSAND * profile.weights[word])) for word in heaviest)
    in_words = index.near_places(transaction, entries, words)
    best = nlargest(CANDIDATES, in_words, key=lambda at: (in_words[at], entries.keys[at]))
    ids = {index.number_of(entries.keys[at]) for at in best}
    if in_meaning:
        encoder = meanings.encoder(transaction)
        ids.update(one.paper for one in near_in_meaning(transaction, in_meaning, encoder, most=CANDIDATES))
    known = known_papers.stored_papers(transaction, sorted(ids.difference(without)))
    near = {one: profiles.nearness_of_paper(profile, paper.paper) for one, paper in known.items()}
    nearest = sorted(near, key=lambda one: (-near[one], -one))[:MOST_ALIKE]
    shown = normalize.as_written(heaviest, [text for one in given for text in (one.title, one.abstract)])
    return Alike(shown, tuple(known[one] for one in nearest), entries.papers.bit_count(), bool(in_meaning))
