"""Why a paper fits a query or does not, and how well: the words to mark, the parts of the query that fail, the score.

If the paper fits, the reasons are places in its texts. Otherwise, the reasons are parts of the query.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import product

from subscriptions.matching.term_matching import (
    ReadText,
    TokenizedPaper,
    fits_alternative,
    fulfils,
    is_name,
    label_of,
    labels_of,
    nearness_to,
    places,
    read_texts,
    simple_terms,
    tokenize,
)
from subscriptions.model import Paper
from subscriptions.query import AUTHOR, TEXT, TITLE, Field, ValueKind
from subscriptions.query.links import without_owner
from subscriptions.query.tree import Alternative, And, Leaf, Node, Not, Or, Query, Term
from subscriptions.text import folding
from subscriptions.text import words as normalize
from subscriptions.text.lines import Line
from subscriptions.text.words import author_spellings

ELSEWHERE = 0.5  # points of a word outside the title; a word in the title has 1
NEAR = 0.2  # points if all words are side by side; fewer if they are apart
_FAR = 60  # with so many characters between them, the words get half of these points
_MOST_PLACES = 8  # places of a term in one text that are compared, so that finding the nearest ones is fast
DIGITS = 2  # scores are rounded, so that papers with nearly the same score are ordered by their days

Span = tuple[int, int]  # (start, end) of a place in a text


@dataclass(frozen=True, slots=True)
class Hit:
    """What a query found in one text of a paper, or in a field that has no texts, such as authors."""

    field: Field
    terms: tuple[str, ...]  # what was found, as the paper writes it, each once; for an author the whole name
    text: str = ""  # the text that has the terms; "" in a field without texts
    near: float | None = None  # how near the paper is to a text or papers, from 0 to 1; None: the field is another

    @property
    def words(self) -> tuple[str, ...]:
        """What was found in the paper itself; () for what is only near in meaning."""
        return self.terms if self.near is None else ()


def why(query: Query, paper: Paper) -> tuple[Hit, ...]:
    """Return what a query found in a paper, hits in titles first; () if the paper does not fit."""
    return HitFinder(paper).why(query)


class HitFinder:
    """Finds the hits of many queries in one paper. Reads the paper's texts once, and looks for each term once."""

    def __init__(self, paper: Paper) -> None:
        self._paper = paper
        texts = read_texts(paper)
        self._tokens = tokenize(paper, texts)
        self._texts = [(field, _Text(one)) for field, some in texts.items() for one in some]
        self._places: dict[Term, list[list[Span]]] = {}  # simple term -> its places in each text
        # the last query, and its alternatives that fit this paper
        self._last: tuple[Query | None, list[Alternative]] = None, []

    def why(self, query: Query) -> tuple[Hit, ...]:
        """Return what a query found in the paper, hits in titles first; () if the paper does not fit."""
        terms = self._wanted_by(query)
        of_terms = [self._places_of(term) for term in terms if term.field.kind is ValueKind.WORDS]
        hits = []
        for number, (field, words) in enumerate(self._texts):
            if found := [place for places in of_terms for place in places[number]]:
                shown = dict.fromkeys(words.text[start:end] for start, end in found)
                hits.append(Hit(field, tuple(shown), words.text))
        return (*hits, *_other_hits(terms, self._paper, self._tokens))

    def fit(self, query: Query) -> float:
        """Return how well the paper fits a query, from 0 to 1.2, by words in the title and words near each other."""
        wanted = _spellings_wanted(query.alternatives)
        if not wanted:
            return 0.0
        of_terms = {
            term: [self._places_of(one) for one in spellings]
            for term, spellings in _spellings_wanted(self._fitting(query)).items()
        }
        points: dict[Term, float] = {}
        texts: list[list[list[Span]]] = []  # for each text, the places of each term that it has
        for number, (field, _) in enumerate(self._texts):
            places = {term: sorted({place for one in some for place in one[number]}) for term, some in of_terms.items()}
            found = {term: several for term, several in places.items() if several}
            texts.append(list(found.values()))
            for term in found:
                points[term] = max(points.get(term, 0.0), 1.0 if field is TITLE else ELSEWHERE)
        near = max((_nearness(places) for places in texts if len(places) == len(points)), default=0.0)
        return round(sum(points.values()) / len(wanted) + near, DIGITS)

    def nearness(self, query: Query) -> float | None:
        """Return how near the paper is to the papers that the query names, from 0 to 1.

        Return None if the paper also fits without nearness.
        """
        if not query.wants_nearness:
            return None
        best = 0.0
        for alternative in self._fitting(query):
            near = [
                nearness_to(term, self._tokens)
                for term in alternative.positive
                if term.field.kind is ValueKind.NEARNESS
            ]
            if not near:
                return None
            best = max(best, *near)
        return best

    def _wanted_by(self, query: Query) -> list[Term]:
        """Return the terms that are wanted by those alternatives of the query that fit the paper."""
        return _wanted(self._fitting(query))

    def _fitting(self, query: Query) -> list[Alternative]:
        """Return the alternatives that fit the paper. The last result is kept, since callers ask several times."""
        if self._last[0] is not query:
            self._last = query, [one for one in query.alternatives if fits_alternative(one, self._tokens)]
        return self._last[1]

    def _places_of(self, term: Term) -> list[list[Span]]:
        if term not in self._places:
            self._places[term] = [_places(term, words, field) for field, words in self._texts]
        return self._places[term]


def shortened_names(query: Query, paper: Paper) -> tuple[str, ...]:
    """Return the authors whom a query wants by their full names and the paper has by initials, as it writes them."""
    terms = [term for term in _wanted(query.alternatives) if term.given]
    return tuple(
        name
        for name in (AUTHOR.values(paper) if terms else ())
        if any(is_name(term, parts) for term in terms for parts in author_spellings(name))
    )


def unfulfilled_parts(query: Query, paper: Paper) -> tuple[Node, ...]:
    """Return the parts of a query, as typed, that a paper does not fulfil; () if the paper fits.

    For example `a OR b` if the paper has neither, and `-a` if the paper has `a`.
    """
    tokens = tokenize(paper)
    parts = query.tree.nodes if isinstance(query.tree, And) else (query.tree,)
    return tuple(part for part in parts if not _is_fulfilled(part, tokens))


def _is_fulfilled(node: Node, paper: TokenizedPaper, *, excluded: bool = False) -> bool:
    """Return whether a paper fulfils a node, which has no exclusion in it if it is itself `excluded`."""
    match node:
        case Leaf():
            return fulfils(node.term.in_full if excluded else node.term, paper)
        case Not():
            return not _is_fulfilled(node.node, paper, excluded=True)
        case And():
            return all(_is_fulfilled(part, paper, excluded=excluded) for part in node.nodes)
        case Or():
            return any(_is_fulfilled(part, paper, excluded=excluded) for part in node.nodes)


def spans(query: Query, text: str, field: Field) -> tuple[Span, ...]:
    """Return (start, end) of the words in a text that a query wants, ascending, without overlaps.

    `field` is the field of the text. The text may differ from the paper's own: its TeX may be made readable, or it may
    be cut.
    """
    words = _Text(ReadText.of(text))
    return _merged(place for term in _wanted(query.alternatives) for place in _places(term, words, field))


def _wanted(alternatives: Iterable[Alternative]) -> list[Term]:
    """Return the simple terms that alternatives want, each once, in a fixed order."""
    terms = {part for alternative in alternatives for term in alternative.positive for part in simple_terms(term)}
    return sorted(terms, key=_order)


def _spellings_wanted(alternatives: Iterable[Alternative]) -> dict[Term, list[Term]]:
    """Return each term that alternatives want and that words of a text may fulfil → its simple terms of words."""
    terms = {term for alternative in alternatives for term in alternative.positive}
    found = {
        term: [part for part in simple_terms(term) if part.field.kind is ValueKind.WORDS]
        for term in sorted(terms, key=_order)
    }
    return {term: parts for term, parts in found.items() if parts}


def _order(term: Term) -> tuple[tuple[str, ...], str, str, bool, bool, tuple[str, ...]]:
    return term.tokens, term.value, term.field.name, term.prefix, term.exact, term.given


class _Text:
    """A text, the lines of its words, and their places, which are computed on first use."""

    def __init__(self, read: ReadText) -> None:
        self.text, self.lines = read.text, read.lines
        self._spans: dict[bool, list[Span]] = {}

    def spans(self, *, exact: bool) -> list[Span]:
        if exact not in self._spans:
            self._spans[exact] = folding.token_spans(self.text, exact=exact)
        return self._spans[exact]


def _places(term: Term, text: _Text, field: Field) -> list[Span]:
    """Return (start, end) of each place of a simple term in a text of a field."""
    if term.field is not field and not (term.field is TEXT and field.in_any_text):
        return []
    lines = text.lines
    if term.exact:
        exact = normalize.exact_tokens(text.text)
        lines = [Line(exact, exact, [(place, place + 1) for place in range(len(exact))])]
    found = {
        (line.spans[start][0], line.spans[start + len(term.tokens) - 1][1] - 1): None
        for line in lines
        for start in places(term, line.folded, line.written)
    }
    where = text.spans(exact=term.exact) if found else []
    return sorted((where[first][0], where[last][1]) for first, last in found)


def _merged(found: Iterable[Span]) -> tuple[Span, ...]:
    merged: list[Span] = []
    for start, end in sorted(found):
        if merged and start < merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return tuple(merged)


def _other_hits(terms: list[Term], paper: Paper, tokens: TokenizedPaper) -> Iterator[Hit]:
    """Yield one hit for each field without texts in which a term was found, such as authors and categories."""
    found: dict[Field, dict[str, None]] = {}
    for term in terms:
        if term.field.kind.needs_vectors:
            yield Hit(term.field, (without_owner(term.value),), near=round(nearness_to(term, tokens), 2))
        elif term.field.kind is not ValueKind.WORDS:
            found.setdefault(term.field, {}).update(dict.fromkeys(_shown(term, paper, tokens)))
    for field, shown in found.items():
        if shown:
            yield Hit(field, tuple(shown))


def _shown(term: Term, paper: Paper, tokens: TokenizedPaper) -> list[str]:
    """Return the values of a paper that fulfil a simple term. Names and categories are written as in the paper."""
    values = tuple(term.field.values(paper))
    if term.field.kind is ValueKind.NAME:
        spellings = {
            name: (tuple(normalize.exact_tokens(name, name=True)),) if term.exact else author_spellings(name)
            for name in values
        }
        return [name for name, several in spellings.items() if any(is_name(term, parts) for parts in several)]
    label = label_of(term)
    if term.field.kind is ValueKind.CATEGORY:
        return [code for code in values if label in labels_of(term.field, code)]
    if label in tokens.labels:
        return [term.value]
    return []


def _nearness(places: Sequence[Sequence[Span]]) -> float:
    """Return the points for a text with these places of all terms, if they are near each other; 0 for a single term."""
    if len(places) < 2:  # noqa: PLR2004 - only two can be apart
        return 0.0
    # of two terms, all pairs; of more, each place of the term with the fewest, with the nearest place of each other term
    fewest, *others = sorted((found[:_MOST_PLACES] for found in places), key=len)
    together: Iterable[Sequence[Span]] = product(fewest, others[0])
    if len(others) > 1:
        together = [
            (one, *(min(other, key=lambda place: abs(place[0] - one[0])) for other in others)) for one in fewest
        ]
    return NEAR * _FAR / (_FAR + min(map(_gap, together)))


def _gap(places: Sequence[Span]) -> int:
    """Return how many characters lie between some places, not counting the places themselves."""
    reach = max(end for _, end in places) - min(start for start, _ in places)
    return max(0, reach - sum(end - start for start, end in places) - len(places) + 1)
