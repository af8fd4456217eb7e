"""Finds stored papers by a query, by meaning or by name, and offers a spelling."""

import re
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import NamedTuple

from rapidfuzz import distance, process

from subscriptions.database.store import Transaction
from subscriptions.errors import Refused, Sentence
from subscriptions.matching import similarity as meaning
from subscriptions.matching.paper_index import matching_papers
from subscriptions.model import StoredPaper
from subscriptions.papers import similarity as nearness
from subscriptions.papers.stored import embeddings as meanings
from subscriptions.papers.stored import papers as known_papers
from subscriptions.papers.stored import words as paper_words
from subscriptions.papers.stored.feedback import library_of
from subscriptions.papers.stored.words import Among
from subscriptions.query import ABOUT, AUTHOR, TEXT, ValueKind, links, parse, rewriting
from subscriptions.query.tree import Leaf, Node, Query, Term, leaves
from subscriptions.text import words as normalize
from subscriptions.text.stems import stem

MOST_COMPARED = 20_000  # newest papers that are searched if the query asks for nearness; each takes some 10 µs
MOST_READ = 250  # papers that are read because the index cannot decide about them; each takes half a millisecond
MOST_ORDERED = 100  # papers that a search orders by their fit, which takes some 2 ms each; a multiple of a page
MOST_ALIKE = 5
NO_LIBRARY = Sentence("There is no library here.")
HOW_TO_SEND = Sentence(
    "Export yours as BibTeX, RIS or CSL JSON, and send me the file; in a group with /library as its caption."
)

_WORD = re.compile(r"(?<![\w*])[A-Za-z]{4,24}(?![\w*])")
_ACRONYM = re.compile(r"[A-Z]{4,6}")  # CRISPR is not a wrong spelling of crisp
_SHORT = 8  # letters; for a shorter word one typing error is corrected, for others two
_SPELLED = 5_000  # newest papers whose titles and authors have the words that may be meant


class Found(NamedTuple):
    """The papers that a query finds among some papers."""

    papers: tuple[int, ...]  # their ids, newest first
    near: Mapping[Term, Mapping[int, float]]  # term that asks for nearness → near paper → how near it is, from 0 to 1
    end: int | None = None  # the newest paper that was not searched, because that takes too long; None: all were


def find(transaction: Transaction, query: Query, among: Among, *, whole: bool = False) -> Found:
    """Return the papers that a query finds.

    Where the index cannot decide, papers are read; where the query asks for nearness, they are compared. Unless
    `whole`, this ends after the newest MOST_READ or MOST_COMPARED of them. A term whose vector is not known finds
    nothing near.
    """
    query, near, end = nearness.with_known_vectors(transaction, query), {}, None
    if query.nearness_terms:
        papers = paper_words.ids(transaction, among, None if whole else MOST_COMPARED + 1)
        if not whole and len(papers) > MOST_COMPARED:
            end = papers.pop()
            among = replace(among, above=paper_words.place_of(transaction, end))
        near = {term: _near(transaction, term, papers) for term in query.nearness_terms}
    candidates, doubtful = paper_words.candidates(transaction, query, among, near)
    asked = [paper for paper in candidates if paper in doubtful]
    if not whole and len(asked) > MOST_READ:
        end = asked[MOST_READ]
        candidates, asked = candidates[: candidates.index(end)], asked[:MOST_READ]
    known = read(transaction, asked)
    fitting = {known[place].id for place in matching_papers(query, [one.paper for one in known])}
    return Found(tuple(paper for paper in candidates if paper in fitting or paper not in doubtful), near, end)


def read(transaction: Transaction, papers: Sequence[int]) -> tuple[StoredPaper, ...]:
    """Return the papers with these ids, in the same order."""
    known = known_papers.stored_papers(transaction, papers)
    return tuple(known[paper] for paper in papers)


def _near(transaction: Transaction, term: Term, papers: Sequence[int]) -> dict[int, float]:
    """Return paper → nearness for the papers that are near to the text or papers of a term, without these."""
    if not term.question:
        return {}
    asked = meaning.read_questions(term.question)
    own = known_papers.papers_with_keys(transaction, term.value.split(",")).values()
    codes = meanings.each_code(transaction, [paper for paper in papers if paper not in own])
    near = ((paper, meaning.nearness_to_any(asked, meaning.read_paper(code))) for paper, code in codes)
    return {paper: nearness for paper, nearness in near if nearness >= meaning.NEAR}


class Page(NamedTuple):
    """A page of what a query finds among the stored papers."""

    papers: tuple[StoredPaper, ...]
    found: int  # number of papers that the query finds
    upto: int  # the newest of them; 0: there is none
    end: int | None  # the newest paper that was not searched; None: all were
    stored: int  # number of all stored papers
    looked: int  # number of papers that were searched
    since: date | None  # the day of the oldest of them; None: all papers were searched


def search(
    transaction: Transaction,
    query: Query,
    *,
    upto: int | None = None,
    start: int = 0,
    most: int,
    in_order: Callable[[Sequence[StoredPaper]], Sequence[StoredPaper]] | None = None,
) -> Page:
    """Search the papers up to the paper `upto`; None: all papers.

    `in_order` orders the newest MOST_ORDERED of them, or the nearest, if the query asks for nearness once. The others come
    after these, the newest first. The page has at most `most` papers, from index `start` on. If not all papers can be searched at once, goes on with older ones while nothing is found.
    """
    query = with_vectors_for(transaction, query)
    among = Among(upto=paper_words.place_of(transaction, upto) if upto else None)
    found = find(transaction, query, among)
    while not found.papers and found.end:
        found = find(transaction, query, replace(among, upto=paper_words.place_of(transaction, found.end)))
    stored = looked = known_papers.paper_count(transaction)
    since = None
    if upto or found.end:
        searched = replace(among, above=paper_words.place_of(transaction, found.end) if found.end else None)
        days = paper_words.days(transaction, searched)
        looked, since = sum(days.values()), min(days)
    ordered = _nearest_first(query, found)
    if in_order and start < MOST_ORDERED:
        shown = tuple(in_order(read(transaction, ordered[:MOST_ORDERED]))[start : start + most])
    else:
        shown = read(transaction, ordered[start : start + most])
    return Page(
        papers=shown,
        found=len(found.papers),
        upto=found.papers[0] if found.papers else 0,
        end=found.end,
        looked=looked,
        stored=stored,
        since=since,
    )


def _nearest_first(query: Query, found: Found) -> Sequence[int]:
    """Return the found papers, the nearest first if exactly one term asks for nearness; otherwise the newest first."""
    wanted = {term for one in query.alternatives for term in one.positive if term.field.kind.needs_vectors}
    if len(wanted) != 1:
        return found.papers
    near = found.near[wanted.pop()]
    return sorted(found.papers, key=lambda paper: near.get(paper, 0.0), reverse=True)


def papers_named(transaction: Transaction, names: Sequence[str]) -> dict[str, StoredPaper]:
    """Return name → paper for these arXiv ids and DOIs. Names of unknown papers are left out."""
    ids = known_papers.papers_with_keys(transaction, names)
    known = known_papers.stored_papers(transaction, list(set(ids.values())))
    return {name: known[paper_id] for name, paper_id in ids.items()}


def with_vectors_for(transaction: Transaction, query: Query, chat_id: int = 0) -> Query:
    """Return a typed query with all that is needed to match it in a chat: the chat's library, and the vectors.

    Other queries stay as they are. Raise Refused for a paper or a library that is not stored, EmbeddingError.
    """
    if not query.nearness_terms:
        return query
    if links.LIBRARY in query.named:
        query = parse.parse_query(query.text, chat_id)
    if transaction.store.encoder:
        _refuse_unknown(transaction, query.named)
    return nearness.with_all_vectors(transaction, query)


def _refuse_unknown(transaction: Transaction, names: Sequence[str]) -> None:
    ids = known_papers.papers_with_keys(transaction, names)
    for name in names:
        if links.without_owner(name) == links.LIBRARY:
            if not library_of(transaction, links.owner_of(name)):
                raise Refused(NO_LIBRARY, HOW_TO_SEND)
        elif name not in ids:
            raise Refused(
                Sentence("I do not know the paper {id} yet, so I cannot tell what is near to it.", {"id": name}),
                Sentence("Look it up first, by sending {id}; then say this again.", {"id": name}),
            )


class NearPaper(NamedTuple):
    """A paper that is near to a text in meaning."""

    known: StoredPaper
    nearness: float  # from 0 to 1; from 0.5 on, it is near


def near_in_meaning(transaction: Transaction, query: Query, *, without: Collection[int], most: int) -> list[NearPaper]:
    """Return the papers that are nearest to the one text that a query asks (`about:`), nearest first.

    Leave out papers that do not match the rest of the query, and the papers with the ids `without`. Return [] if the
    vector of the text cannot be had now.
    """
    query = nearness.with_known_vectors(transaction, query)
    (term,) = (one for one in query.nearness_terms if one.field is ABOUT)
    vector = nearness.vector_of(transaction, term.value)
    if not vector:
        return []
    has_more = len([*query.terms]) > 1
    near = _nearest(transaction, vector, without, None if has_more else most)
    if has_more:
        query = rewriting.with_vectors(query, {term: meaning.ANYTHING})
        near = [near[place] for place in matching_papers(query, [one.known.paper for one in near])]
    return near[:most]


def papers_alike(transaction: Transaction, text: str, given: Sequence[StoredPaper] = ()) -> tuple[StoredPaper, ...]:
    """Return the papers that are nearest to one of the given papers, or else to a text, at most MOST_ALIKE.

    Raise EmbeddingError, which names the text.
    """
    vectors = b"".join(meaning.question_of_paper(one.paper.meaning) for one in given)
    if not given:
        vectors = nearness.vector_of(transaction, text)
    if not (vectors and transaction.store.encoder):
        raise nearness.meaning_fails(transaction, text)
    own = {one.id for one in given}
    return tuple(one.known for one in _nearest(transaction, vectors, own, MOST_ALIKE))


def _nearest(transaction: Transaction, vectors: bytes, without: Collection[int], most: int | None) -> list[NearPaper]:
    """Return the papers that are nearest to one of some vectors, nearest first, except the ids `without`."""
    near = nearness.near_papers(transaction, vectors, transaction.store.encoder)
    wanted = dict([one for one in near if one[0] not in without][:most])
    known = known_papers.stored_papers(transaction, list(wanted))
    return [NearPaper(known[paper], near) for paper, near in wanted.items() if paper in known]


class Spelling(NamedTuple):
    """The words of a query that no stored paper has, as typed, and the query with similar words that papers have."""

    unknown: tuple[str, ...]
    meant: str  # the query that was probably meant; "" if no unknown word is close to a word of a paper


def spelling(transaction: Transaction, query: Query) -> Spelling:
    """Return which words of a query no stored paper has, and the query that was probably meant."""
    typed = dict(_typed_words(query.tree))
    unknown = {word: is_name for word, is_name in typed.items() if not _is_known(transaction, word, is_name=is_name)}
    wrong = {word: is_name for word, is_name in unknown.items() if not _ACRONYM.fullmatch(word)}
    close = _similar_words(transaction, wrong) if wrong else {}
    meant = ""
    if close:
        meant = rewriting.rewritten(query, lambda node: rewriting.changed(node, lambda leaf: _respelled(leaf, close)))
    return Spelling(tuple(unknown), meant)


def _typed_words(node: Node) -> Iterator[tuple[str, bool]]:
    """Yield (word as typed, is it part of a name) for each word that the query does not exclude."""
    for leaf in leaves(node, also_excluded=False):
        is_name = leaf.term.field is AUTHOR
        if is_name or leaf.term.field.kind is ValueKind.WORDS:
            yield from ((word, is_name) for word in _WORD.findall(leaf.words))


def _is_known(transaction: Transaction, word: str, *, is_name: bool) -> bool:
    """Whether a stored paper has a word, or a part of a name."""
    if is_name:
        return paper_words.has(transaction, Term(AUTHOR, (*normalize.author_tokens(word),)))
    return paper_words.has(transaction, Term(TEXT, (stem(word.lower()),)))


def _similar_words(transaction: Transaction, wrong: Mapping[str, bool]) -> dict[str, str]:
    """Return wrong word → the most similar word of the newest papers; of several, the most common one."""
    words, names = Counter[str](), Counter[str]()
    for title, authors in paper_words.newest_texts(transaction, _SPELLED):
        words.update(_WORD.findall(title.lower()))
        names.update(part for name in authors for part in _WORD.findall(name))
    close = {}
    for word, is_name in wrong.items():
        known, most = names if is_name else words, 1 if len(word) < _SHORT else 2
        typed = word.title() if is_name else word.lower()
        alike = process.extract(typed, [*known], scorer=distance.OSA.distance, score_cutoff=most, limit=None)
        if alike:
            close[word] = min(alike, key=lambda found: (found[1], -known[found[0]], found[0]))[0]
    return close


def _respelled(leaf: Leaf, close: Mapping[str, str]) -> Leaf:
    """Return a leaf in which unknown words are replaced. `close` is unknown word → word of a paper."""
    return replace(leaf, words=_WORD.sub(lambda word: close.get(word[0], word[0]), leaf.words))
