"""Decides whether a paper fulfils a term, and why a paper fits a query or does not.

If the paper fits, the reasons are places in its texts. Otherwise, the reasons are parts of the query.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from subscriptions import meaning, normalize
from subscriptions.model import Paper
from subscriptions.query import (
    ALL,
    AUTHOR,
    CATEGORY,
    DOI,
    FIELDS,
    ID,
    TEXT,
    TEXT_OR_ID,
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
from subscriptions.query.lexer import fold_value

MOST_WORDS = 8  # words that are shown, of those that make a paper near to others


@dataclass(frozen=True, slots=True)
class TokenizedPaper:
    """The tokens of a paper by field.

    The texts of a field are joined as lines, each written " word word ". So one search for a phrase with spaces around
    it covers all texts, and finds only whole words within one text.
    """

    folded: dict[Field, str]  # tokens with plurals folded (`normalize.tokens`), by which words are compared
    written: dict[Field, str]  # the same tokens before plurals are folded
    exact: dict[Field, str]  # tokens with their letter case and accents
    names: dict[Field, tuple[tuple[str, ...], ...]]  # the parts of each name
    exact_names: dict[Field, tuple[tuple[str, ...], ...]]
    codes: tuple[int, ...]  # what the paper means (`subscriptions.meaning`); () if that is not known
    labels: frozenset[str]  # such as "category:cs.lg", "category:cs", "primary:…", "id:…", "doi:…", "source:…"


def tokenize(paper: Paper, fields: Fields = FIELDS) -> TokenizedPaper:
    """Returns the tokens of a paper. Tokenizing is the costly step of matching: about 0.3 ms."""
    words = {
        field: [normalize.written_and_exact_tokens(text) for text in texts]
        for field, texts in texts_of(paper, fields).items()
    }
    names = {field: tuple(field.values(paper)) for field in fields if field.kind is ValueKind.NAME}
    return TokenizedPaper(
        folded=_lines(
            {field: [map(normalize.fold_plural, written) for written, _ in texts] for field, texts in words.items()}
        ),
        written=_lines({field: [written for written, _ in texts] for field, texts in words.items()}),
        exact=_lines({field: [exact for _, exact in texts] for field, texts in words.items()}),
        names={field: tuple(tuple(normalize.author_tokens(name)) for name in found) for field, found in names.items()},
        exact_names={
            field: tuple(tuple(normalize.exact_author_tokens(name)) for name in found) for field, found in names.items()
        },
        codes=meaning.read_paper(paper.meaning),
        labels=frozenset(
            label for field in fields for value in field.values(paper) for label in labels_of(field, value)
        ),
    )


def texts_of(paper: Paper, fields: Fields = FIELDS) -> dict[Field, tuple[str, ...]]:
    """Returns the texts of a paper by field. In each field the source's own text comes first, then translations."""
    return {field: tuple(field.values(paper)) for field in fields if field.kind is ValueKind.WORDS}


def labels_of(field: Field, value: str) -> tuple[str, ...]:
    """Returns the labels by which terms find a paper's value; () for words and names, which are compared by tokens."""
    match field.kind:
        case ValueKind.CATEGORY:  # also the label of its archive, since an archive means all its categories
            code = value.lower()
            return f"{field.name}:{code}", f"{field.name}:{code.partition('.')[0]}"
        case ValueKind.PAPER_ID:
            return (f"{field.name}:{value.lower()}",)
        case ValueKind.LABEL:
            return (f"{field.name}:{fold_value(value)}",)
        case _:
            return ()


def _lines(texts: Mapping[Field, Iterable[Iterable[str]]]) -> dict[Field, str]:
    lines = {field: "\n".join(f" {' '.join(words)} " for words in of_field) for field, of_field in texts.items()}
    return {TEXT: "\n".join(line for field, line in lines.items() if field.in_any_text), **lines}


# -------------------------------------------------------------------- whether a term is fulfilled by a tokenized paper


THOUSAND = 1000  # weights of words, and so nearness, are in thousandths
_KEPT = 2  # letters at the beginning of a word that its stem always keeps (`fold_plural`)
LEAST_NEARNESS = 100  # thousandths; papers below this value share some words but no topic


def simple_terms(term: Term) -> tuple[Term, ...]:
    """Splits a term into terms of one field each. A paper that fulfils any of these fulfils the term."""
    if term.field is TEXT_OR_ID:
        return (Term(TEXT, term.tokens), Term(ID, value=term.value))
    if term.field is not ALL:
        return (term,)
    words = Term(TEXT, term.tokens, term.prefix, term.exact)
    names = Term(AUTHOR, term.names, term.prefix, term.exact)
    return tuple(part for part in (words, names, Term(CATEGORY, value=term.value)) if part.tokens or part.value)


def fulfils(term: Term, paper: TokenizedPaper) -> bool:
    """Returns whether a paper fulfils a term."""
    return any(predicate(part)(paper) for part in simple_terms(term))


def fits(query: Query, paper: TokenizedPaper) -> bool:
    """Returns whether a paper fulfils at least one alternative of a query."""
    return any(fits_alternative(alternative, paper) for alternative in query.alternatives)


def fits_alternative(alternative: Alternative, paper: TokenizedPaper) -> bool:
    """Returns whether a paper fulfils all that an alternative wants, and nothing that it excludes."""
    return all(fulfils(term, paper) for term in alternative.positive) and not any(
        fulfils(term, paper) for term in alternative.negative
    )


def predicate(term: Term) -> Callable[[TokenizedPaper], bool]:
    """Returns a function that tells whether a paper fulfils a simple term.

    For many papers, this is faster than `fulfils`.
    """
    match term.field.kind:
        case ValueKind.NAME:
            whole = {part for part in term.tokens[: len(term.tokens) - term.prefix] if not normalize.is_initial(part)}
            return lambda paper: any(
                whole.issubset(name) and is_name(term, name) for name in names_of(term.field, paper, exact=term.exact)
            )
        case ValueKind.WORDS:
            return _text_predicate(term)
        case ValueKind.NEARNESS:
            return lambda paper: nearness_to(term, paper) >= LEAST_NEARNESS
        case ValueKind.MEANING:
            if not term.question:
                return lambda _: False
            question = meaning.read_question(term.question)
            return lambda paper: meaning.nearness(question, paper.codes) >= meaning.NEAR
    label = label_of(term)
    return lambda paper: label in paper.labels


def nearness_to(term: Term, paper: TokenizedPaper) -> int:
    """Returns how near a paper is to the papers that a term names, in thousandths; 0 for one of these papers itself."""
    text = paper.folded[TEXT]
    near = sum(weight for word, weight in term.near if f" {word} " in text)
    return 0 if any(label_of(own) in paper.labels for own in papers_of(term)) else near


def nearness_in_meaning(term: Term, paper: TokenizedPaper) -> float:
    """Returns how near a paper is to the text of a term of meaning, from 0 to 1; 0 if one has no vector."""
    return meaning.nearness(meaning.read_question(term.question), paper.codes) if term.question else 0.0


def papers_of(term: Term) -> Iterator[Term]:
    """Yields, for each paper that a term of nearness names, a term that finds only this paper."""
    return (
        Term(DOI if value.startswith("10.") and "/" in value else ID, value=value) for value in term.value.split(",")
    )


def shared_words(term: Term, paper: TokenizedPaper) -> list[str]:
    """Returns the words of a nearness term that a paper has, the weightiest first."""
    text = paper.folded[TEXT]
    return [word for word, _ in term.near if f" {word} " in text]


def label_of(term: Term) -> str:
    """Returns the label that a paper needs to fulfil a term with a value, such as "category:cs.lg"."""
    return f"{term.field.name}:{term.value}"


def names_of(field: Field, paper: TokenizedPaper, *, exact: bool) -> tuple[tuple[str, ...], ...]:
    """Returns the parts of the names of a paper, folded or exact."""
    return (paper.exact_names if exact else paper.names)[field]


def _text_predicate(term: Term) -> Callable[[TokenizedPaper], bool]:
    field = term.field
    phrase = f" {' '.join(term.tokens)}" + ("" if term.prefix else " ")
    if term.exact:
        return lambda paper: phrase in paper.exact[field]
    if not term.prefix:
        return lambda paper: phrase in paper.folded[field]
    if len(term.tokens) == 1:
        return lambda paper: phrase in paper.written[field] or phrase in paper.folded[field]
    kept = phrase.removesuffix(term.tokens[-1][_KEPT:])  # a fast check that rules out most papers
    return lambda paper: (
        kept in paper.folded[field]
        and (phrase in paper.folded[field] or _phrase_begins(term, paper.folded[field], paper.written[field]))
    )


def _phrase_begins(term: Term, folded: str, written: str) -> bool:
    """Returns whether a text has the words of a phrase, where the last is only the beginning of a word."""
    return f" {term.tokens[-1]}" in written and bool(places(term, folded.split(" "), written.split(" ")))


def places(term: Term, folded: list[str], written: list[str]) -> list[int]:
    """Returns the positions at which a phrase or prefix begins. Both lists have the same words, folded or as written."""
    *whole, last = term.tokens
    starts = []
    for start in range(len(folded) - len(whole)):
        end = start + len(whole)
        if folded[start:end] == whole and _is_last(term, last, folded[end], written[end]):
            starts.append(start)
    return starts


def _is_last(term: Term, last: str, folded: str, written: str) -> bool:
    return written.startswith(last) or folded.startswith(last) if term.prefix else folded == last


def is_name(term: Term, name: tuple[str, ...]) -> bool:
    """Returns whether a name has all parts that a term wants, in any order, each as a different part of the name."""
    parts = list(name)
    wanted, beginning = (term.tokens[:-1], term.tokens[-1]) if term.prefix else (term.tokens, None)
    initials = [token for token in wanted if normalize.is_initial(token)]
    for token in wanted:
        if normalize.is_initial(token):
            continue
        if token not in parts:
            return False
        parts.remove(token)
    if beginning is None:
        return _have_initials(parts, initials)
    return any(
        _have_initials(parts[:i] + parts[i + 1 :], initials)
        for i, part in enumerate(parts)
        if part.startswith(beginning)
    )


def _have_initials(parts: list[str], initials: list[str]) -> bool:
    begin = [part[0] for part in parts]
    for initial in initials:
        if initial not in begin:
            return False
        begin.remove(initial)
    return True


# ----------------------------------------------------------------------------------------------------- why a paper fits


@dataclass(frozen=True, slots=True)
class Hit:
    """What a query found in one text of a paper, or in a field that has no texts, such as authors."""

    field: Field
    terms: tuple[str, ...]  # what was found, as the paper writes it, each once; for an author the whole name
    text: str = ""  # the text that has the terms; "" in a field without texts
    near: float | None = None  # how near the paper is in meaning, from 0 to 1; None: the field is another

    @property
    def words(self) -> tuple[str, ...]:
        """What was found in the paper itself; () for what is only near in meaning."""
        return self.terms if self.near is None else ()


def why(query: Query, paper: Paper) -> tuple[Hit, ...]:
    """Returns what a query found in a paper, hits in titles first; () if the paper does not fit."""
    return HitFinder(paper, query.fields).why(query)


class HitFinder:
    """Finds the hits of many queries in one paper. Reads the paper's texts once, and looks for each term once."""

    def __init__(self, paper: Paper, fields: Fields = FIELDS) -> None:
        """`fields` are the fields that the queries can name."""
        self.fields = fields
        self._paper = paper
        self._tokens = tokenize(paper, fields)
        self._texts = [(field, _Text(text)) for field, texts in texts_of(paper, fields).items() for text in texts]
        self._places: dict[Term, list[list[tuple[int, int]]]] = {}  # simple term -> its places in each text
        # the last query, and its alternatives that fit this paper
        self._last: tuple[Query | None, list[Alternative]] = None, []

    def why(self, query: Query) -> tuple[Hit, ...]:
        """Returns what a query found in the paper, hits in titles first; () if the paper does not fit."""
        terms = self._wanted_by(query)
        return (*self._text_hits(terms), *_other_hits(terms, self._paper, self._tokens))

    def places(self, query: Query) -> tuple[tuple[Field, dict[Term, list[tuple[int, int]]]], ...]:
        """Returns where a query found words: for each text with hits its field and term -> (start, end) of the places."""
        of_terms = {
            term: self._places_of(term) for term in self._wanted_by(query) if term.field.kind is ValueKind.WORDS
        }
        found = (
            (field, {term: places[number] for term, places in of_terms.items() if places[number]})
            for number, (field, _) in enumerate(self._texts)
        )
        return tuple((field, places) for field, places in found if places)

    def nearness(self, query: Query) -> int | None:
        """Returns how near the paper is to the papers that the query names, in thousandths.

        Returns None if the paper also fits without nearness.
        """
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
        """Returns the terms that are wanted by those alternatives of the query that fit the paper."""
        return _wanted(self._fitting(query))

    def _fitting(self, query: Query) -> list[Alternative]:
        """Returns the alternatives that fit the paper. The last result is kept, since callers ask several times."""
        if self._last[0] is not query:
            self._last = query, [one for one in query.alternatives if fits_alternative(one, self._tokens)]
        return self._last[1]

    def _text_hits(self, terms: list[Term]) -> Iterator[Hit]:
        of_terms = [self._places_of(term) for term in terms if term.field.kind is ValueKind.WORDS]
        for number, (field, words) in enumerate(self._texts):
            found = [place for places in of_terms for place in places[number]]
            if found:
                shown = dict.fromkeys(words.text[start:end] for start, end in found)
                yield Hit(field, tuple(shown), words.text)

    def _places_of(self, term: Term) -> list[list[tuple[int, int]]]:
        if term not in self._places:
            self._places[term] = [_places(term, words, field) for field, words in self._texts]
        return self._places[term]


def unfulfilled_parts(query: Query, paper: Paper) -> tuple[Node, ...]:
    """Returns the parts of a query, as typed, that a paper does not fulfil; () if the paper fits.

    For example `a OR b` if the paper has neither, and `-a` if the paper has `a`.
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

    `field` is the field of the text. The text may differ from the paper's own: its TeX may be made readable, or it may
    be cut.
    """
    words = _Text(text)
    return _merged(place for term in _wanted(query.alternatives) for place in _places(term, words, field))


def _wanted(alternatives: Iterable[Alternative]) -> list[Term]:
    """Returns the simple terms that alternatives want, each once, in a fixed order."""
    terms = {part for alternative in alternatives for term in alternative.positive for part in simple_terms(term)}
    return sorted(terms, key=lambda term: (term.tokens, term.value, term.field.name, term.prefix, term.exact))


class _Text:
    """A text, its words and their places. The places are computed on first use."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.written = normalize.written_tokens(text)
        self.folded = [normalize.fold_plural(token) for token in self.written]
        self._spans: dict[bool, list[tuple[int, int]]] = {}

    def spans(self, *, exact: bool) -> list[tuple[int, int]]:
        if exact not in self._spans:
            self._spans[exact] = normalize.token_spans(self.text, exact=exact)
        return self._spans[exact]


def _places(term: Term, text: _Text, field: Field) -> list[tuple[int, int]]:
    """Returns (start, end) of each place of a simple term in a text of a field."""
    if term.field is not field and not (term.field is TEXT and field.in_any_text):
        return []
    folded, written = text.folded, text.written
    if term.exact:
        folded = written = normalize.exact_tokens(text.text)
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
    """Yields one hit for each field without texts in which a term was found, such as authors and categories."""
    found: dict[Field, dict[str, None]] = {}
    for term in terms:
        if term.field.kind is ValueKind.MEANING:
            yield Hit(term.field, (term.value,), near=round(nearness_in_meaning(term, tokens), 2))
        elif term.field.kind is not ValueKind.WORDS:
            found.setdefault(term.field, {}).update(dict.fromkeys(_shown(term, paper, tokens)))
    for field, shown in found.items():
        if shown:
            yield Hit(field, tuple(shown))


def _shown(term: Term, paper: Paper, tokens: TokenizedPaper) -> list[str]:
    """Returns the values of a paper that fulfil a simple term. Names and categories are written as in the paper."""
    values = tuple(term.field.values(paper))
    if term.field.kind is ValueKind.NAME:
        names = names_of(term.field, tokens, exact=term.exact)
        return [name for name, parts in zip(values, names, strict=True) if is_name(term, parts)]
    if term.field.kind is ValueKind.NEARNESS:
        texts = [text for field in texts_of(paper).values() for text in field]
        return list(normalize.as_written(shared_words(term, tokens)[:MOST_WORDS], texts))
    label = label_of(term)
    if term.field.kind is ValueKind.CATEGORY:
        return [code for code in values if label in labels_of(term.field, code)]
    return [term.value] if label in tokens.labels else []
