"""What is near in meaning: vectors of queries, codes of papers, the taste of chats.

The vectors of texts (`about:`) and of the titles of libraries are stored with queries and libraries, or this process
had them made before. Making one takes some milliseconds, or a second if the encoder has to start first. So it is not
done inside a transaction: a command that meets a text without a vector ends, and runs again when that is made. Those of
papers (`like:`) are their codes.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from heapq import nsmallest
from typing import NamedTuple
from weakref import WeakKeyDictionary

from subscriptions.database.store import Store, Transaction
from subscriptions.errors import EmbeddingError, Sentence
from subscriptions.matching import similarity as meaning
from subscriptions.matching.paper_index import TokenizedPapers
from subscriptions.matching.similarity import Taste
from subscriptions.model import Chat, Paper, Signal, StoredPaper
from subscriptions.papers.stored import embeddings as meanings
from subscriptions.papers.stored import feedback as interests
from subscriptions.papers.stored import papers as known_papers
from subscriptions.papers.stored.feedback import AskedTitle, StoredSignal, newest_signals, titles_asked
from subscriptions.query import ABOUT, LIKE, ValueKind
from subscriptions.query.links import owner_of, without_owner
from subscriptions.query.parse import parse_canonical
from subscriptions.query.rewriting import with_vectors
from subscriptions.query.tree import Query, Term
from subscriptions.text.cutting import cut_letters

IN_WORDS = Sentence("Write it in words, or ask the operator to turn meaning on.")
IS_OFF = Sentence("Meaning is off here, so I cannot tell what is near to “{text}”.")
FAILS = Sentence("I cannot tell now what is near to “{text}”.")
RESTS = Sentence("rests: meaning is off here")
RESTS_UNTIL_KNOWN = Sentence("rests until its meaning is known")
_QUOTED = 80  # characters of a text that a refusal repeats
MOST_SEARCHED = 250_000  # newest papers with codes that are searched; they take 30 MB
MOST_NEAR = 100  # papers that a search returns
MOST_COMPARED = 500  # papers that are nearest as a whole, and whose sentences are compared
LATER = Sentence("Please try again in a minute, or write it in words.")
WEIGHT = 4.0  # the taste counts this many times as much as the fit to the query
STRENGTHS = {  # signal -> how strongly it says that the chat wants more such papers; if negative, fewer
    Signal.LIKED: 3.0,
    Signal.SAVED: 3.0,
    Signal.OPENED: 1.0,
    Signal.MUTED: -1.0,
    Signal.EXCLUDED: -2.0,
    Signal.DISLIKED: -3.0,
}
_STRONGEST = 3.0
_OF_LIBRARY = 1.0  # the strength of an entry of the library
LEARNED_FROM = 100  # newest signals that count; each takes a tenth of a microsecond for a paper


def with_known_vectors(transaction: Transaction, query: Query) -> Query:
    """Return the query with those of its vectors that are known. A term without a vector rests: nothing is near."""
    if lacking := _lacking(query):
        return with_vectors(query, vectors_of(transaction, lacking))
    return query


def with_all_vectors(transaction: Transaction, query: Query) -> Query:
    """Return the query with its vectors. Raise EmbeddingError if they are not known, or meaning is off."""
    query = with_known_vectors(transaction, query)
    if missing := _lacking(query) if transaction.store.encoder else query.nearness_terms:
        raise meaning_fails(transaction, missing[0].value)
    return query


def meaning_fails(transaction: Transaction, text: str) -> EmbeddingError:
    """Return the refusal of a wish for what is near to a text or to papers, since meaning is off or its vector lacks."""
    said, hint = (FAILS, LATER) if transaction.store.encoder else (IS_OFF, IN_WORDS)
    return EmbeddingError(Sentence(said.template, {"text": cut_letters(without_owner(text), _QUOTED)}), hint)


def _lacking(query: Query) -> list[Term]:
    return [term for term in query.nearness_terms if not term.question]


def vectors_of(transaction: Transaction, terms: Collection[Term]) -> dict[Term, bytes]:
    """Return term → its vectors, for those of these terms whose vectors are known."""
    if not terms:
        return {}
    texts = _known(transaction, {term.value for term in terms if term.field.kind is ValueKind.MEANING})
    papers = [term for term in terms if term.field.kind is ValueKind.NEARNESS]
    of_papers = _of_papers(transaction, {name for term in papers for name in term.value.split(",")})
    found = {term: texts.get(term.value, b"") for term in terms}
    found |= {term: b"".join(of_papers.get(name, b"") for name in term.value.split(",")) for term in papers}
    return {term: vectors for term, vectors in found.items() if vectors}


def _of_papers(transaction: Transaction, names: Collection[str]) -> dict[str, bytes]:
    """Return name → vector, for those of these papers and libraries that are known and have one."""
    if not names:
        return {}
    owners = {name: owner for name in names if (owner := owner_of(name))}
    asked = interests.titles_asked(transaction, [*owners.values()])
    ids = known_papers.papers_with_keys(transaction, sorted(names))
    codes = dict(meanings.each_code(transaction, [*ids.values()]))
    found = {name: meaning.question_of_paper(codes[paper]) for name, paper in ids.items() if paper in codes}
    return found | {name: b"".join(one.vector for one in asked.get(owner, ())) for name, owner in owners.items()}


def vector_of(transaction: Transaction, text: str) -> bytes:
    """Return the vector of a text; b"" if it is not known."""
    return _known(transaction, [text]).get(text, b"")


def are_late(transaction: Transaction, texts: Iterable[str]) -> bool:
    """Return whether vectors of these texts are still being made, which took too long for an answer."""
    return not transaction.store.encoding.isdisjoint(texts)


def lacking(transaction: Transaction, texts: Sequence[str]) -> tuple[str, ...]:
    """Return those of these texts whose vectors are not known and can be made by this process."""
    if meanings.encoder(transaction) not in ("", transaction.store.encoder):
        return ()
    known = _known(transaction, texts)
    return tuple(text for text in texts if text not in known)


def why_they_rest(transaction: Transaction, canonicals: Iterable[str]) -> dict[str, Sentence]:
    """Return canonical text → why it rests, for stored queries that find nothing near in meaning now."""
    asked = {text: parse_canonical(text).nearness_terms for text in canonicals if asks_for_nearness(text)}
    if not transaction.store.encoder:
        return {canonical: RESTS for canonical, terms in asked.items() if terms}
    known = vectors_of(transaction, {term for terms in asked.values() for term in terms})
    return {canonical: RESTS_UNTIL_KNOWN for canonical, terms in asked.items() if not known.keys() >= {*terms}}


def asks_for_nearness(canonical: str) -> bool:
    """Return whether a canonical text may ask for nearness, so that its query needs vectors."""
    return ABOUT.canonical_prefix in canonical or LIKE.canonical_prefix in canonical


def _known(transaction: Transaction, texts: Collection[str]) -> dict[str, bytes]:
    if not texts:
        return {}
    return meanings.kept_questions(transaction, texts) | meanings.questions_of(transaction, texts)


class _Searched(NamedTuple):
    """The codes of papers as wholes, as integers, in the order of their entries.

    A later search adds the entries after `last`.
    """

    encoder: str
    last: int
    entries: Sequence[int]
    codes: Sequence[int]


_SEARCHED: WeakKeyDictionary[Store, _Searched] = WeakKeyDictionary()
_NOTHING = _Searched("", 0, (), ())


def near_papers(transaction: Transaction, questions: bytes, encoder: str) -> list[tuple[int, float]]:
    """Return the stored papers that are near to one of some questions, nearest first, at most MOST_NEAR.

    Each is (paper, nearness from meaning.WORTH_SHOWING to 1). `questions` are vectors of `encoder`; if the store's
    encoder is another one, nothing is near. Papers without codes are left out, and among very many papers those that
    are near by one sentence only.

    The first search reads the codes of all papers, which takes 0.3 s for 100,000 papers; later ones read only new codes
    and take 50 ms. Until the first search, this takes no memory.
    """
    if meanings.encoder(transaction) != encoder:
        return []
    asked, searched = meaning.read_questions(questions), _searched(transaction, encoder)
    wholes = sorted({at for one in asked for at in _nearest_wholes(one, searched.codes)})
    found = meanings.entries(transaction, [searched.entries[at] for at in wholes])
    near = [(meaning.nearness_to_any(asked, meaning.read_paper(codes)), paper) for paper, codes in found]
    nearest = sorted((one for one in near if one[0] >= meaning.WORTH_SHOWING), reverse=True)[:MOST_NEAR]
    return [(paper, nearness) for nearness, paper in nearest]


def _nearest_wholes(asked: meaning.Question, codes: Sequence[int]) -> list[int]:
    """Return the places of the codes of papers as wholes that are nearest to a question."""
    distances = [
        (differing := code ^ asked.signs).bit_count()
        + 2 * ((differing & asked.large).bit_count() + (differing & asked.huge).bit_count())
        for code in codes
    ]
    return nsmallest(MOST_COMPARED, range(len(distances)), key=distances.__getitem__)


def _searched(transaction: Transaction, encoder: str) -> _Searched:
    """Return the codes of all papers. Read those that came since the last search.

    Entries of papers that have changed or are gone stay until the process ends: they are not found when they are read.
    """
    known = _SEARCHED.get(transaction.store, _NOTHING)
    if known.encoder != encoder:
        known = _NOTHING
    new = meanings.new_entries(transaction, known.last, MOST_SEARCHED)
    if new:
        entries = [*known.entries, *(entry for entry, _ in new)][-MOST_SEARCHED:]
        codes = [*known.codes, *(int.from_bytes(code, "little") for _, code in new)][-MOST_SEARCHED:]
        known = _SEARCHED[transaction.store] = _Searched(encoder, new[-1][0], entries, codes)
    return known


def paper_of(texts: meanings.Texts) -> Paper:
    """Return a paper with only these texts, for an encoder."""
    title, abstract = texts
    return Paper(key="", title=title, abstract=abstract)


def tastes(transaction: Transaction, chat_ids: Sequence[int]) -> dict[int, Taste]:
    """Return chat id → taste. Chats of which nothing is known are left out.

    It is read from their newest signals and their libraries. If a paper has several signals, only the strongest counts.
    """
    signals = {chat: _strongest(some) for chat, some in newest_signals(transaction, chat_ids, LEARNED_FROM).items()}
    papers = {paper for some in signals.values() for paper in some}
    codes = dict(meanings.each_code(transaction, sorted(papers)))
    titles = titles_asked(transaction, chat_ids)
    found = {chat: _taste(signals.get(chat, {}), codes, titles.get(chat, ())) for chat in signals.keys() | titles}
    return {chat: taste for chat, taste in found.items() if taste}


def _strongest(signals: Sequence[StoredSignal]) -> dict[int, Signal]:
    """Return paper id → its strongest signal."""
    found: dict[int, Signal] = {}
    for one in signals:
        found[one.paper] = max(found.get(one.paper, one.kind), one.kind, key=lambda kind: abs(STRENGTHS[kind]))
    return found


def _taste(signals: Mapping[int, Signal], codes: Mapping[int, bytes], titles: Sequence[AskedTitle]) -> Taste:
    judged = [(STRENGTHS[kind], meaning.read_paper(codes[one])[0]) for one, kind in signals.items() if one in codes]
    judged += [(_OF_LIBRARY, meaning.read_question(one.vector).signs) for one in titles]
    return Taste(
        [(strength, code) for strength, code in judged if strength > 0],
        [(-strength / _STRONGEST, code) for strength, code in judged if strength < 0],
    )


def points(taste: Taste, papers: TokenizedPapers) -> Callable[[int], float]:
    """Return a function: position of a paper → the points that the taste adds to its fit."""
    return lambda position: WEIGHT * taste.score(papers.tokenized[position].codes)


def nearest_entry(transaction: Transaction, chat: Chat, known: StoredPaper) -> StoredPaper | None:
    """Return the entry of the chat's library that is nearest to a paper, as a paper with only a title; None: none is near."""
    own = meaning.read_paper(known.paper.meaning)
    titles = titles_asked(transaction, [chat.id]).get(chat.id, [])
    near = [(meaning.nearness(meaning.read_question(one.vector), own), one.title) for one in titles]
    nearness, title = max(near, default=(0.0, ""))
    if nearness < meaning.NEAR:
        return None
    return replace(known, id=0, paper=Paper(key="", title=title))
