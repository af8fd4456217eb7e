"""The vectors with which a query that asks for nearness is matched, when such a query rests, and what is said then.

Those of texts (`about:`) and of the titles of libraries are stored with queries and libraries, or this process had them
made before. Making one takes some milliseconds, or a second if the encoder has to start first. So it is not done inside a
transaction: a command says before it runs which texts it is about (`lacking`). Those of papers (`like:`) are their codes.
"""

from collections.abc import Collection, Iterable

from subscriptions import errors, meaning
from subscriptions.query import ABOUT, LIKE, ValueKind
from subscriptions.query.links import owner_of, without_owner
from subscriptions.query.parse import parse_canonical
from subscriptions.query.rewriting import with_vectors
from subscriptions.query.tree import Query, Term
from subscriptions.store import interests, known_papers, meanings
from subscriptions.store.database.store import Transaction, reads
from subscriptions.texts.cutting import clip

IN_WORDS = errors.Sentence("Write it in words, or ask the operator to turn meaning on.")
IS_OFF = errors.Sentence("Meaning is off here, so I cannot tell what is near to “{text}”.")
FAILS = errors.Sentence("I cannot tell now what is near to “{text}”.")
RESTS = errors.Sentence("rests: meaning is off here")
RESTS_UNTIL_KNOWN = errors.Sentence("rests until its meaning is known")
_QUOTED = 80  # characters of a text that a refusal repeats
LATER = errors.Sentence("Please try again in a minute, or write it in words.")


def with_known_vectors(transaction: Transaction, query: Query) -> Query:
    """Returns the query with those of its vectors that are known. A term without a vector rests: nothing is near."""
    if lacking := _lacking(query):
        return with_vectors(query, vectors_of(transaction, lacking))
    return query


def with_all_vectors(transaction: Transaction, query: Query) -> Query:
    """Returns the query with its vectors. Raises MeaningFails if they are not known."""
    if query.nearness_terms and not transaction.store.encoder:
        raise is_off(query.nearness_terms[0].value)
    query = with_known_vectors(transaction, query)
    if missing := _lacking(query):
        raise fails(missing[0].value)
    return query


def is_off(text: str) -> errors.MeaningFails:
    """Returns the refusal of a wish for what is near to a text or to papers, where meaning is off."""
    return errors.MeaningFails(_about(IS_OFF, text), IN_WORDS)


def fails(text: str) -> errors.MeaningFails:
    """Returns the refusal of a wish for what is near to a text or to papers whose vector cannot be had now."""
    return errors.MeaningFails(_about(FAILS, text), LATER)


def _about(sentence: errors.Sentence, text: str) -> errors.Sentence:
    return errors.Sentence(sentence.template, {"text": clip(without_owner(text), _QUOTED)})


def _lacking(query: Query) -> list[Term]:
    return [term for term in query.nearness_terms if not term.question]


def vectors_of(transaction: Transaction, terms: Collection[Term]) -> dict[Term, bytes]:
    """Returns term → its vectors, for those of these terms whose vectors are known."""
    if not terms:
        return {}
    texts = _known(transaction, {term.value for term in terms if term.field.kind is ValueKind.MEANING})
    papers = [term for term in terms if term.field.kind is ValueKind.NEARNESS]
    of_papers = _of_papers(transaction, {name for term in papers for name in term.value.split(",")})
    found = {term: texts.get(term.value, b"") for term in terms}
    found |= {term: b"".join(of_papers.get(name, b"") for name in term.value.split(",")) for term in papers}
    return {term: vectors for term, vectors in found.items() if vectors}


def _of_papers(transaction: Transaction, names: Collection[str]) -> dict[str, bytes]:
    """Returns name → vector, for those of these papers and libraries that are known and have one."""
    if not names:
        return {}
    owners = {name: owner for name in names if (owner := owner_of(name))}
    asked = interests.titles_asked(transaction, [*owners.values()])
    ids = known_papers.papers_with_keys(transaction, sorted(names))
    codes = dict(meanings.each_code(transaction, [*ids.values()]))
    found = {name: meaning.question_of_paper(codes[paper]) for name, paper in ids.items() if paper in codes}
    return found | {name: b"".join(one.vector for one in asked.get(owner, ())) for name, owner in owners.items()}


def vector_of(transaction: Transaction, text: str) -> bytes:
    """Returns the vector of a text; b"" if it is not known."""
    return _known(transaction, [text]).get(text, b"")


def are_late(transaction: Transaction, texts: Iterable[str]) -> bool:
    """Returns whether vectors of these texts are still being made, which took too long for an answer."""
    return not transaction.store.encoding.isdisjoint(texts)


def lacking(transaction: Transaction, texts: Iterable[str]) -> tuple[str, ...]:
    """Returns those of these texts whose vectors are not known and can be made by this process."""
    if meanings.encoder(transaction) not in ("", transaction.store.encoder):
        return ()
    return tuple(texts_without(transaction, texts))


@reads
def texts_without(transaction: Transaction, texts: Iterable[str]) -> list[str]:
    """Returns those of these texts whose vectors are not known."""
    texts = list(texts)
    known = _known(transaction, texts)
    return [text for text in texts if text not in known]


def why_they_rest(transaction: Transaction, canonicals: Iterable[str]) -> dict[str, errors.Sentence]:
    """Returns canonical text → why it rests, for those of these stored queries that find nothing near in meaning now."""
    asked = {text: parse_canonical(text).nearness_terms for text in canonicals if asks_for_nearness(text)}
    if not transaction.store.encoder:
        return {canonical: RESTS for canonical, terms in asked.items() if terms}
    known = vectors_of(transaction, {term for terms in asked.values() for term in terms})
    return {canonical: RESTS_UNTIL_KNOWN for canonical, terms in asked.items() if not known.keys() >= {*terms}}


def asks_for_nearness(canonical: str) -> bool:
    """Returns whether a canonical text may ask for nearness, so that its query needs vectors."""
    return ABOUT.canonical_prefix in canonical or LIKE.canonical_prefix in canonical


def _known(transaction: Transaction, texts: Collection[str]) -> dict[str, bytes]:
    if not texts:
        return {}
    return meanings.kept_questions(transaction, texts) | meanings.questions_of(transaction, texts)
