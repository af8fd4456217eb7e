"""Why a paper fits a query: the places in its texts, and why it does not: the parts of the query."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from subscriptions.matching.terms import (
    TokenizedPaper,
    fits_alternative,
    fulfils,
    is_name,
    label_of,
    labels_of,
    names_for,
    nearness_to,
    places,
    shared_words,
    simple_terms,
    texts_of,
    tokenize,
)
from subscriptions.model import Paper
from subscriptions.normalize import as_written, exact_tokens, fold_plural, token_spans, written_tokens
from subscriptions.query.syntax import (
    FIELDS,
    TEXT,
    Alternative,
    And,
    Field,
    Fields,
    Leaf,
    Node,
    Not,
    Or,
    Query,
    Term,
    ValueKind,
)

MOST_WORDS = 8  # that are named of those that make a paper near to others


@dataclass(frozen=True, slots=True)
class Hit:
    """What a query found in one text of a paper, or in one of its fields without texts."""

    field: Field
    terms: tuple[str, ...]  # as the paper writes them, each once; an author with the whole name
    text: str = ""  # the text with the terms; "" in a field without texts
    # (start, end) of each place in `text`, ascending, without overlaps. Waits for issue 17, whose page marks them.
    spans: tuple[tuple[int, int], ...] = ()


def why(query: Query, paper: Paper) -> tuple[Hit, ...]:
    """Returns what a query found in a paper, hits in titles first; () if the paper does not fit."""
    return HitFinder(paper, query.fields).why(query)


class HitFinder:
    """Finds what many queries found in one paper: its texts are read once, and each of their terms is looked for once."""

    def __init__(self, paper: Paper, fields: Fields = FIELDS) -> None:
        """`fields` are those that the queries can name."""
        self.fields = fields
        self._paper = paper
        self._tokens = tokenize(paper, fields)
        self._texts = [(field, _Text(text)) for field, texts in texts_of(paper, fields).items() for text in texts]
        self._places: dict[Term, list[list[tuple[int, int]]]] = {}  # simple term -> its places in each text
        # The query asked last, and those of its alternatives that fit this paper.
        self._last: tuple[Query | None, list[Alternative]] = None, []

    def why(self, query: Query) -> tuple[Hit, ...]:
        """Returns what a query found in the paper, hits in titles first; () if the paper does not fit."""
        terms = self._wanted_by(query)
        return (*self._text_hits(terms), *_other_hits(terms, self._paper, self._tokens))

    def places(self, query: Query) -> tuple[tuple[Field, dict[Term, list[tuple[int, int]]]], ...]:
        """Returns for each text of the paper in which a query found words: its field, and (start, end) of each of them."""
        of_terms = {
            term: self._places_of(term) for term in self._wanted_by(query) if term.field.kind is ValueKind.WORDS
        }
        found = (
            (field, {term: places[number] for term, places in of_terms.items() if places[number]})
            for number, (field, _) in enumerate(self._texts)
        )
        return tuple((field, places) for field, places in found if places)

    def nearness(self, query: Query) -> int | None:
        """Returns how near the paper is to the papers that the query names, in thousandths; None if it fits without that."""
        if not query.wants_nearness:
            return None
        best = 0
        for alternative in self._fitting(query):
            near = [nearness_to(term, self._tokens) for term in alternative.positive if term.near]
            if not near:
                return None
            best = max(best, *near)
        return best

    def _wanted_by(self, query: Query) -> list[Term]:
        """Returns what the alternatives that fit the paper want."""
        return _wanted(self._fitting(query))

    def _fitting(self, query: Query) -> list[Alternative]:
        """Returns the alternatives that fit the paper. Hits, places and nearness are asked for one after the other."""
        if self._last[0] is not query:
            self._last = query, [one for one in query.alternatives if fits_alternative(one, self._tokens)]
        return self._last[1]

    def _text_hits(self, terms: list[Term]) -> Iterator[Hit]:
        of_terms = [self._places_of(term) for term in terms if term.field.kind is ValueKind.WORDS]
        for number, (field, words) in enumerate(self._texts):
            found = [place for places in of_terms for place in places[number]]
            if found:
                shown = dict.fromkeys(words.text[start:end] for start, end in found)
                yield Hit(field, tuple(shown), words.text, _merged(found))

    def _places_of(self, term: Term) -> list[list[tuple[int, int]]]:
        if term not in self._places:
            self._places[term] = [_places(term, words, field) for field, words in self._texts]
        return self._places[term]


def unfulfilled_parts(query: Query, paper: Paper) -> tuple[Node, ...]:
    """Returns the parts of a query, as typed, that a paper does not fulfil; () if it fits.

    Such a part is `a OR b` if the paper has neither, and `-a` if the paper has `a`.
    """
    tokens = tokenize(paper, query.fields)
    parts = query.tree.nodes if isinstance(query.tree, And) else (query.tree,)
    return tuple(part for part in parts if not _is_fulfilled(part, tokens))


def _is_fulfilled(node: Node, paper: TokenizedPaper) -> bool:
    match node:
        case Leaf():
            return fulfils(node.term, paper)
        case Not():
            return not _is_fulfilled(node.node, paper)
        case And():
            return all(_is_fulfilled(part, paper) for part in node.nodes)
        case Or():
            return any(_is_fulfilled(part, paper) for part in node.nodes)


def spans(query: Query, text: str, field: Field) -> tuple[tuple[int, int], ...]:
    """Returns (start, end) of the words in a text that a query wants, ascending, without overlaps.

    `field` is the field of the text. The text may be a shown form of the paper's text: with readable TeX, or cut.
    """
    words = _Text(text)
    return _merged(place for term in _wanted(query.alternatives) for place in _places(term, words, field))


def _wanted(alternatives: Iterable[Alternative]) -> list[Term]:
    """Returns the simple terms that alternatives want, each once, in a fixed order."""
    terms = {part for alternative in alternatives for term in alternative.positive for part in simple_terms(term)}
    return sorted(terms, key=lambda term: (term.tokens, term.value, term.field.name, term.prefix, term.exact))


class _Text:
    """A text, its words and their places. Places are computed when they are needed."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.written = written_tokens(text)
        self.folded = [fold_plural(token) for token in self.written]
        self._spans: dict[bool, list[tuple[int, int]]] = {}

    def spans(self, *, exact: bool) -> list[tuple[int, int]]:
        if exact not in self._spans:
            self._spans[exact] = token_spans(self.text, exact=exact)
        return self._spans[exact]


def _places(term: Term, text: _Text, field: Field) -> list[tuple[int, int]]:
    """Returns (start, end) of each place of a simple term in a text of a field."""
    if term.field is not field and not (term.field is TEXT and field.in_any_text):
        return []
    folded, written = text.folded, text.written
    if term.exact:
        folded = written = exact_tokens(text.text)
    starts = places(term, folded, written)
    if not starts:
        return []
    where = text.spans(exact=term.exact)
    return [(where[start][0], where[start + len(term.tokens) - 1][1]) for start in starts]


def _merged(found: Iterable[tuple[int, int]]) -> tuple[tuple[int, int], ...]:
    merged: list[tuple[int, int]] = []
    for start, end in sorted(found):
        if merged and start < merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return tuple(merged)


def _other_hits(terms: list[Term], paper: Paper, tokens: TokenizedPaper) -> Iterator[Hit]:
    """Yields one hit for each field without texts."""
    found: dict[Field, dict[str, None]] = {}
    for term in terms:
        if term.field.kind is not ValueKind.WORDS:
            found.setdefault(term.field, {}).update(dict.fromkeys(_shown(term, paper, tokens)))
    for field, shown in found.items():
        if shown:
            yield Hit(field, tuple(shown))


def _shown(term: Term, paper: Paper, tokens: TokenizedPaper) -> list[str]:
    """Returns the values of a paper that fulfil a simple term: names and categories as the paper has them."""
    values = tuple(term.field.values(paper))
    if term.field.kind is ValueKind.NAME:
        names = names_for(term, tokens)
        return [name for name, parts in zip(values, names, strict=True) if is_name(term, parts)]
    if term.field.kind is ValueKind.NEARNESS:
        texts = [text for field in texts_of(paper).values() for text in field]
        return list(as_written(shared_words(term, tokens)[:MOST_WORDS], texts))
    label = label_of(term)
    if term.field.kind is ValueKind.CATEGORY:
        return [code for code in values if label in labels_of(term.field, code)]
    return [term.value] if label in tokens.labels else []
