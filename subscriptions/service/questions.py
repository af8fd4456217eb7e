"""The vectors of texts that queries ask with `about:` and people search for; when such a query rests, and what is said then.

They are stored with queries, or this process had them made before. Making one takes some milliseconds, or a second if the
encoder has to start first. So it is not done inside a transaction: a use case that lacks vectors raises Unencoded, and is
done again with them.
"""

from collections.abc import Collection, Iterable

from subscriptions import errors
from subscriptions.query import ABOUT
from subscriptions.query.parse import parse_canonical
from subscriptions.query.rewriting import with_vectors
from subscriptions.query.tree import Query
from subscriptions.store import meanings
from subscriptions.store.database.store import Transaction, reads

IN_WORDS = errors.Sentence("Write it in words, without about:, or ask the operator to turn meaning on.")
IS_OFF = errors.Sentence("Meaning is off here, so I cannot tell what is near to “{text}”.")
FAILS = errors.Sentence("I cannot tell now what is near to “{text}”.")
RESTS = errors.Sentence("rests: meaning is off here")
RESTS_UNTIL_KNOWN = errors.Sentence("rests until its meaning is known")
LATER = errors.Sentence("Please try again in a minute, or write it in words, without about:.")


def with_known_vectors(transaction: Transaction, query: Query) -> Query:
    """Returns the query with those vectors of its texts that are known. A term without a vector rests: nothing is near."""
    if texts := _lacking(query):
        return with_vectors(query, _known(transaction, texts))
    return query


def _lacking(query: Query) -> list[str]:
    """Returns the texts of a query that have no vectors in it."""
    return [text for text in query.asked if text not in query.fields.questions]


def with_all_vectors(transaction: Transaction, query: Query) -> Query:
    """Returns the query with the vectors of its texts. Raises Unencoded; MeaningFails if they cannot be had now."""
    query = with_known_vectors(transaction, query)
    if missing := _lacking(query):
        _ask(transaction, missing)
        is_off = not transaction.store.encoder
        sentence, hint = (IS_OFF, IN_WORDS) if is_off else (FAILS, LATER)
        raise errors.MeaningFails(errors.Sentence(sentence.template, {"text": missing[0]}), hint)
    return query


def vector_of(transaction: Transaction, text: str) -> bytes:
    """Returns the vector of a text; b"" if it cannot be had now. Raises Unencoded."""
    vector = _known(transaction, [text]).get(text)
    if vector is None:
        _ask(transaction, [text])
    return vector or b""


def are_late(transaction: Transaction, texts: Iterable[str]) -> bool:
    """Returns whether vectors of these texts are still being made, which took too long for an answer."""
    return not transaction.store.encoding.isdisjoint(texts)


def ask_for(transaction: Transaction, texts: Iterable[str]) -> None:
    """Raises Unencoded if some of these texts lack vectors that can be made; does nothing otherwise."""
    if missing := texts_without(transaction, texts):
        _ask(transaction, missing)


@reads
def texts_without(transaction: Transaction, texts: Iterable[str]) -> list[str]:
    """Returns those of these texts whose vectors are not known."""
    texts = list(texts)
    known = _known(transaction, texts)
    return [text for text in texts if text not in known]


def why_they_rest(transaction: Transaction, canonicals: Iterable[str]) -> dict[str, errors.Sentence]:
    """Returns canonical text → why it rests, for those of these stored queries that find nothing near in meaning now."""
    asked = {text: parse_canonical(text).asked for text in canonicals if ABOUT.canonical_prefix in text}
    if not transaction.store.encoder:
        return {canonical: RESTS for canonical, texts in asked.items() if texts}
    lacking = {*texts_without(transaction, {text for texts in asked.values() for text in texts})}
    return {canonical: RESTS_UNTIL_KNOWN for canonical, texts in asked.items() if not lacking.isdisjoint(texts)}


def _known(transaction: Transaction, texts: Collection[str]) -> dict[str, bytes]:
    if not texts:
        return {}
    return meanings.kept_questions(transaction, texts) | meanings.questions_of(transaction, texts)


def _ask(transaction: Transaction, texts: Iterable[str]) -> None:
    """Raises Unencoded if the vectors of these texts can be made after this transaction."""
    if transaction.may_ask and meanings.encoder(transaction) in ("", transaction.store.encoder):
        raise errors.Unencoded(texts)
