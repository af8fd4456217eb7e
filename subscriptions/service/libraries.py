"""A chat's own library: papers that it has are not delivered, papers like them come first."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from subscriptions import errors
from subscriptions.matching.hits import tokenize
from subscriptions.matching.library import Library
from subscriptions.matching.profiles import words_of_papers
from subscriptions.model import Chat, KnownPaper, Paper
from subscriptions.query import FIELDS, TEXT, WordsOfPapers, papers_of_queries, parse
from subscriptions.query.links import LIBRARY
from subscriptions.service.changes import change_subscriptions
from subscriptions.service.scorers import scorer
from subscriptions.service.word_counts import counted_words_of_all
from subscriptions.store import libraries as stored_libraries
from subscriptions.store import subscriptions as stored_subscriptions
from subscriptions.store.database.store import Transaction, reads, writes

NO_LIBRARY = errors.Sentence("There is no library here.")
HOW_TO_SEND = errors.Sentence(
    "Export yours as BibTeX, RIS or CSL JSON, and send me the file with /library as its caption."
)


def words_of_library(transaction: Transaction, chat_id: int) -> WordsOfPapers:
    """Returns the words that make a paper near to the library of a chat. Raises Refused if the chat has none."""
    library = stored_libraries.library_of(transaction, chat_id)
    if library is None:
        raise errors.Refused(NO_LIBRARY, HOW_TO_SEND)
    return words_of_papers((), counted_words_of_all(transaction), library.words)


@reads
def entry_near(transaction: Transaction, chat: Chat, known: KnownPaper) -> KnownPaper | None:
    """Returns the entry of a chat's library that shares most of the words that make a paper near to the library.

    Returns None if no entry shares any of these words.
    """
    kept = papers_of_queries.words_kept(
        one.canonical for one in stored_subscriptions.subscriptions_in(transaction, chat.id)
    )
    text = tokenize(known.paper).folded[TEXT]
    weights = {word: weight for word, weight in kept.get(LIBRARY, ()) if f" {word} " in text}
    return nearest_entry(transaction, chat, known, weights)


def nearest_entry(
    transaction: Transaction,
    chat: Chat,
    known: KnownPaper,
    weights: Mapping[str, float],
    above: float = 0.0,
) -> KnownPaper | None:
    """Returns the library entry whose title has the highest weight, as a paper with only a title.

    Returns None if no title has a weight of more than `above`.
    """
    weighed = (
        (sum(weights.get(word, 0.0) for word in words.split()), title)
        for title, words in stored_libraries.titles_of(transaction, chat.id)
    )
    weight, title = max(weighed, default=(0.0, ""))
    if weight > above:
        return replace(known, id=0, paper=Paper(key="", title=title))
    return None


@writes
def put_library(transaction: Transaction, chat: Chat, library: Library, *, now: datetime, who: str = "") -> None:
    """Replaces the library of a chat. Its subscriptions with `like:library` get the words of the new library."""
    stored_libraries.put_library(transaction, chat.id, library, now=now)
    scorer().learn(transaction, chat.id)
    for one in stored_subscriptions.subscriptions_in(transaction, chat.id):
        kept = papers_of_queries.words_kept([one.canonical])
        if LIBRARY in kept and (words := words_of_library(transaction, chat.id)):
            fields = FIELDS.knowing(kept | {LIBRARY: words})
            query = parse.parse_query(one.text, fields)
            after = one._replace(canonical=query.canonical)
            change_subscriptions(transaction, [one], [after], now=now, who=who)


@writes
def drop_library(transaction: Transaction, chat: Chat) -> bool:
    """Removes the library of a chat. Returns whether it had a library."""
    is_gone = stored_libraries.drop_library(transaction, chat.id)
    scorer().learn(transaction, chat.id)
    return is_gone
