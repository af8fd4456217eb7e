"""Why a paper fits a query, in the paper's own words, and why it does not."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from subscriptions.matching.tokenized_paper import (
    TEXT_FIELDS,
    Reading,
    alternative_fits,
    category_labels,
    is_name,
    names_for,
    places,
    primary_of,
    read,
    simple_terms,
    stands_in,
    texts_of,
)
from subscriptions.model import Paper
from subscriptions.normalize import exact_tokens, fold_plural, token_spans, written_tokens
from subscriptions.query import Alternative, And, Leaf, Node, Not, Or, Query, Term


@dataclass(frozen=True, slots=True)
class Hit:
    """What a query found in one text of a paper, or among its authors, categories and so on."""

    field: (
        str  # as in a query: title and abstract (translated, too), summary, author, category, primary, id, doi, source
    )
    terms: tuple[str, ...]  # as they stand in the paper, each once; of an author the whole name
    text: str = ""  # the text that was found in
    spans: tuple[tuple[int, int], ...] = ()  # (start, end) of every place in `text`, ascending, none overlaps


def why(query: Query, paper: Paper) -> tuple[Hit, ...]:
    """What the query found in a paper that it matches, title first; () if it does not match."""
    reading = read(paper)
    terms = _wanted(alternative for alternative in query.alternatives if alternative_fits(alternative, reading))
    texts = ((field, text) for field, texts in texts_of(paper).items() for text in texts)
    return (*_text_hits(terms, texts), *_other_hits(terms, paper, reading))


def failing(query: Query, paper: Paper) -> tuple[Node, ...]:
    """The parts of a query, as typed, that keep a paper from fitting; () if it fits.

    A part is all of an alternative `a OR b` that the paper has nothing of, and `-a` where it has what is excluded.
    """
    reading = read(paper)
    parts = query.tree.nodes if isinstance(query.tree, And) else (query.tree,)
    return tuple(part for part in parts if not _holds(part, reading))


def _holds(node: Node, reading: Reading) -> bool:
    match node:
        case Leaf():
            return stands_in(node.term, reading)
        case Not():
            return not _holds(node.node, reading)
        case And():
            return all(_holds(part, reading) for part in node.nodes)
        case Or():
            return any(_holds(part, reading) for part in node.nodes)


def spans(query: Query, text: str, field: str) -> tuple[tuple[int, int], ...]:
    """Where words that the query wants stand in a text as it is shown: (start, end), ascending, none overlaps.

    `field` says which text it is: title, abstract or summary. The text need not be the paper's own: TeX made readable or
    cut at a word, it is read the same way.
    """
    words = _Text(text)
    return _merged(place for term in _wanted(query.alternatives) for place in _places(term, words, field))


def _wanted(alternatives: Iterable[Alternative]) -> list[Term]:
    """The simple terms that are wanted, each once, in a fixed order."""
    terms = {part for alternative in alternatives for term in alternative.positive for part in simple_terms(term)}
    return sorted(terms, key=lambda term: (term.tokens, term.value, term.field, term.prefix, term.exact))


class _Text:
    """A text and its words, with their places; what is not needed is not worked out."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.written = written_tokens(text)
        self.folded = [fold_plural(token) for token in self.written]
        self._spans: dict[bool, list[tuple[int, int]]] = {}

    def spans(self, *, exact: bool) -> list[tuple[int, int]]:
        if exact not in self._spans:
            self._spans[exact] = token_spans(self.text, exact=exact)
        return self._spans[exact]


def _text_hits(terms: list[Term], texts: Iterable[tuple[str, str]]) -> Iterator[Hit]:
    for field, text in texts:
        words = _Text(text)
        found = [place for term in terms for place in _places(term, words, field)]
        if found:
            shown = dict.fromkeys(text[start:end] for start, end in found)
            yield Hit(field, tuple(shown), text, _merged(found))


def _places(term: Term, text: _Text, field: str) -> list[tuple[int, int]]:
    """Where a simple term stands in a text of that field."""
    if term.field not in ("text", field):
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


def _other_hits(terms: list[Term], paper: Paper, reading: Reading) -> Iterator[Hit]:
    """One hit for each field beside the texts, with what the paper has there."""
    found: dict[str, dict[str, None]] = {}
    for term in terms:
        if term.field not in TEXT_FIELDS:
            found.setdefault(term.field, {}).update(dict.fromkeys(_named(term, paper, reading)))
    for field, shown in found.items():
        if shown:
            yield Hit(field, tuple(shown))


def _named(term: Term, paper: Paper, reading: Reading) -> list[str]:
    """The authors, categories or names of a paper that a simple term means, as the paper has them."""
    label = f"{term.field}:{term.value}"
    match term.field:
        case "author":
            names = names_for(term, reading)
            return [shown for shown, parts in zip(paper.authors, names, strict=True) if is_name(term, parts)]
        case "category":
            return [code for code in paper.categories if label in category_labels("category", code)]
        case "primary":
            code = primary_of(paper)
            return [code] if code and label in category_labels("primary", code) else []
        case _:
            return [term.value] if label in reading.labels else []
