"""The papers that are near in meaning to others, to a text or to a library: how many are shown, and which wishes are refused."""

from collections.abc import Collection, Sequence

from subscriptions import errors, meaning
from subscriptions.model import KnownPaper
from subscriptions.query import links, parse
from subscriptions.query.tree import Query
from subscriptions.service.libraries import HOW_TO_SEND, NO_LIBRARY
from subscriptions.service.meaning import near_papers
from subscriptions.service.questions import fails, is_off, vector_of, with_all_vectors
from subscriptions.store import known_papers
from subscriptions.store.database.store import Transaction, reads
from subscriptions.store.libraries import library_of

MOST_ALIKE = 5


@reads
def with_vectors_for(transaction: Transaction, query: Query, chat_id: int = 0) -> Query:
    """Returns a typed query with all that is needed to match it in a chat: the chat's library, and the vectors.

    Other queries stay as they are. Raises Refused for a paper or a library that is not stored, MeaningFails.
    """
    if not query.nearness_terms:
        return query
    if links.LIBRARY in query.named:
        query = parse.parse_query(query.text, query.fields.of_chat(chat_id))
    if transaction.store.encoder:
        _refuse_unknown(transaction, query.named)
    return with_all_vectors(transaction, query)


def _refuse_unknown(transaction: Transaction, names: Sequence[str]) -> None:
    ids = known_papers.papers_with_keys(transaction, names)
    for name in names:
        if links.without_owner(name) == links.LIBRARY:
            if not library_of(transaction, links.owner_of(name)):
                raise errors.Refused(NO_LIBRARY, HOW_TO_SEND)
        elif name not in ids:
            raise errors.Refused(
                errors.Sentence("I do not know the paper {id} yet, so I cannot tell what is near to it.", {"id": name}),
                errors.Sentence("Look it up first, by sending {id}; then say this again.", {"id": name}),
            )


@reads
def papers_alike(transaction: Transaction, given: Sequence[KnownPaper]) -> tuple[KnownPaper, ...]:
    """Returns the papers that are nearest to one of the given papers, at most MOST_ALIKE. Raises MeaningFails."""
    if not transaction.store.encoder:
        raise is_off(given[0].paper.title)
    vectors = b"".join(meaning.question_of_paper(one.paper.meaning) for one in given)
    if not vectors:
        raise fails(given[0].paper.title)
    return _nearest(transaction, vectors, {one.id for one in given})


@reads
def papers_near_text(transaction: Transaction, text: str) -> tuple[KnownPaper, ...]:
    """Returns the papers that are nearest to a text, at most MOST_ALIKE. Raises MeaningFails."""
    if not transaction.store.encoder:
        raise is_off(text)
    vector = vector_of(transaction, text)
    if not vector:
        raise fails(text)
    return _nearest(transaction, vector)


def _nearest(transaction: Transaction, vectors: bytes, without: Collection[int] = ()) -> tuple[KnownPaper, ...]:
    encoder, most = transaction.store.encoder, MOST_ALIKE + len(without)
    near = near_papers(transaction, vectors, encoder, most=most, least=meaning.WORTH_SHOWING)
    found = [one.paper for one in near if one.paper not in without][:MOST_ALIKE]
    known = known_papers.stored_papers(transaction, found)
    return tuple(known[paper] for paper in found if paper in known)
