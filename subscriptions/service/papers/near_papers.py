"""The words of the papers that a query names (`like:`), which are kept in its canonical text."""

from collections.abc import Iterable, Sequence

from subscriptions.errors import Refused, Sentence
from subscriptions.model import Paper, Subscription
from subscriptions.normalize import as_written
from subscriptions.query.nearness import papers_named_in, words_kept
from subscriptions.query.parsing.parse import parse_query
from subscriptions.query.syntax import Query, WordsOfPapers
from subscriptions.ranking import SAMPLE, Rarity, words_of, words_of_papers
from subscriptions.service.papers.known_papers import keep
from subscriptions.store.database.store import Scope, Transaction, reads
from subscriptions.store.papers import known_papers


def counted_words(transaction: Transaction, last_sequence: int | None = None) -> Rarity:
    """Returns the rarity of words among the newest papers up to a sequence; the same to every process that asks.

    Counting takes some 30 ms, and is kept until papers come.
    """
    upto = known_papers.last_sequence(transaction) if last_sequence is None else last_sequence
    return keep(transaction, "words", upto, lambda: _rarity(known_papers.texts_upto(transaction, upto, SAMPLE)))


def counted_words_of_all(transaction: Transaction) -> Rarity:
    """Returns the rarity of words among the newest papers, also the filed ones, which are most papers of a new bot.

    For immediate answers. Plans use `counted_words`, which are the same for all planners.
    """
    return keep(transaction, "words", None, lambda: _rarity(known_papers.newest_texts(transaction, SAMPLE)))


def _rarity(texts: Sequence[tuple[int, Paper]]) -> Rarity:
    return Rarity.among(words_of(paper) for _, paper in texts)


# --------------------------------------------------------------------------------------------------------- near papers


def with_words(store: Scope, query: Query, subscriptions: Iterable[Subscription] = ()) -> Query:
    """The query with the words of the papers that it names after `like:`; a query that names none is unchanged.

    Where a subscription names the same papers, its words are taken, so that the same request stays the same. Raises
    Refused for a paper that is not stored.
    """
    named = papers_named_in(query)
    if not named:
        return query
    kept = {**query.fields.words, **words_kept(one.canonical for one in subscriptions)}
    with store.read() as transaction:
        words = {value: kept.get(value) or _words(transaction, value.split(",")) for value in named}
    return parse_query(query.text, query.fields.knowing(words))


@reads
def words_near(transaction: Transaction, query: Query) -> tuple[str, ...]:
    """The words that make papers near to those of a query, the weightiest of each first, as these papers write them."""
    words = dict.fromkeys(word for term in query.terms for word, _ in term.near)
    names = {name for value in papers_named_in(query) for name in value.split(",")}
    ids = known_papers.papers_with_keys(transaction, sorted(names))
    papers = known_papers.texts_of(transaction, set(ids.values())).values()
    return as_written(words, [text for paper in papers for text in (paper.title, paper.abstract)])


def _words(transaction: Transaction, names: list[str]) -> WordsOfPapers:
    ids = known_papers.papers_with_keys(transaction, names)
    for name in names:
        if name not in ids:
            raise Refused(
                Sentence("I do not know the paper {id} yet, so I cannot tell what is near to it.", {"id": name}),
                Sentence("Look it up first, by sending {id}; then say this again.", {"id": name}),
            )
    texts = known_papers.texts_of(transaction, set(ids.values()))
    found = words_of_papers([words_of(texts[one]) for one in sorted(texts)], counted_words_of_all(transaction))
    if not found:
        raise Refused(
            Sentence(
                "Nothing can be near to {ids}: I know no word of it that says what it is about.",
                {"ids": ", ".join(names)},
            ),
            Sentence("Name another paper."),
        )
    return found
