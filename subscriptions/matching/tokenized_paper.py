"""One paper as the matcher sees it, and whether a term stands in it."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from subscriptions.model import Paper
from subscriptions.normalize import (
    author_tokens,
    exact_author_tokens,
    fold_plural,
    is_initial,
    written_and_exact_tokens,
)
from subscriptions.query import Alternative, Query, Term, fold_source
from subscriptions.summaries import summary_state

TEXT_FIELDS = ("text", "title", "abstract", "summary")  # the first holds the others


@dataclass(frozen=True, slots=True)
class Reading:
    """The words of a paper.

    The texts of a field stand below each other, each as " word word ". So a phrase with blanks around it can be looked
    for in all of them at once, and is found only in whole words of one text.
    """

    folded: dict[str, str]  # field -> texts, as words are compared
    written: dict[str, str]  # the same words before the plural step
    exact: dict[str, str]
    authors: tuple[tuple[str, ...], ...]
    exact_authors: tuple[tuple[str, ...], ...]
    labels: frozenset[str]  # category:cs.lg, category:cs, primary:…, id:…, doi:…, source:…


def read(paper: Paper) -> Reading:
    """Takes a paper to pieces: the costly step, about 0.3 ms."""
    words = {field: [written_and_exact_tokens(text) for text in texts] for field, texts in texts_of(paper).items()}
    return Reading(
        folded=_lines({field: [map(fold_plural, written) for written, _ in texts] for field, texts in words.items()}),
        written=_lines({field: [written for written, _ in texts] for field, texts in words.items()}),
        exact=_lines({field: [exact for _, exact in texts] for field, texts in words.items()}),
        authors=tuple(tuple(author_tokens(name)) for name in paper.authors),
        exact_authors=tuple(tuple(exact_author_tokens(name)) for name in paper.authors),
        labels=frozenset(_labels(paper)),
    )


def texts_of(paper: Paper) -> dict[str, list[str]]:
    """The texts of a paper by field: the source's first, then translations. Failed summaries are no texts."""
    translations = paper.translations
    return {
        "title": [paper.title, *(translation.title for translation in translations)],
        "abstract": [paper.abstract, *(translation.abstract for translation in translations)],
        "summary": [
            text for summary in paper.summaries for text in summary.fields.values() if summary_state(text) == "ok"
        ],
    }


def primary_of(paper: Paper) -> str | None:
    """The category a paper was submitted to, as far as it is known."""
    return paper.primary or next(iter(paper.categories), None)


def _lines(texts: Mapping[str, Iterable[Iterable[str]]]) -> dict[str, str]:
    lines = {field: "\n".join(f" {' '.join(words)} " for words in of_field) for field, of_field in texts.items()}
    return {"text": "\n".join(lines.values()), **lines}


def _labels(paper: Paper) -> Iterator[str]:
    for category in paper.categories:
        yield from category_labels("category", category)
    if primary := primary_of(paper):
        yield from category_labels("primary", primary)
    yield f"id:{(paper.arxiv_id or paper.key).lower()}"
    if paper.doi:
        yield f"doi:{paper.doi.lower()}"
    for source in paper.sources:
        yield f"source:{fold_source(source)}"


def category_labels(field: str, category: str) -> tuple[str, str]:
    """A category and its archive, which stands for all below it."""
    code = category.lower()
    return f"{field}:{code}", f"{field}:{code.partition('.')[0]}"


# ----------------------------------------------------------------------------------------- does a term stand in a paper


def simple_terms(term: Term) -> tuple[Term, ...]:
    """The terms of one field each, of which a paper must have any: `all:` asks for words, an author or a category."""
    if term.field == "text-or-id":
        return (Term("text", term.tokens), Term("id", value=term.value))
    if term.field != "all":
        return (term,)
    words = Term("text", term.tokens, term.prefix, term.exact)
    names = Term("author", term.names, term.prefix, term.exact)
    return tuple(part for part in (words, names, Term("category", value=term.value)) if part.tokens or part.value)


def stands_in(term: Term, reading: Reading) -> bool:
    """Does the paper have what the term asks for?"""
    return any(asked_by(part)(reading) for part in simple_terms(term))


def fits(query: Query, reading: Reading) -> bool:
    """Whether a paper fits some alternative of a query."""
    return any(alternative_fits(alternative, reading) for alternative in query.alternatives)


def alternative_fits(alternative: Alternative, reading: Reading) -> bool:
    """Whether a paper has all that an alternative wants, and nothing that it excludes."""
    return all(stands_in(term, reading) for term in alternative.positive) and not any(
        stands_in(term, reading) for term in alternative.negative
    )


def asked_by(term: Term) -> Callable[[Reading], bool]:
    """What a simple term asks every paper, as a function, so that many can be asked quickly."""
    if term.field == "author":
        return lambda reading: any(is_name(term, name) for name in names_for(term, reading))
    if term.field in TEXT_FIELDS:
        return _asked_of_texts(term)
    label = f"{term.field}:{term.value}"
    return lambda reading: label in reading.labels


def names_for(term: Term, reading: Reading) -> tuple[tuple[str, ...], ...]:
    """The authors of a paper as an author term compares them."""
    return reading.exact_authors if term.exact else reading.authors


def _asked_of_texts(term: Term) -> Callable[[Reading], bool]:
    field = term.field
    phrase = f" {' '.join(term.tokens)}" + ("" if term.prefix else " ")
    if term.exact:
        return lambda reading: phrase in reading.exact[field]
    if not term.prefix:
        return lambda reading: phrase in reading.folded[field]
    if len(term.tokens) == 1:
        return lambda reading: phrase in reading.written[field] or phrase in reading.folded[field]
    return lambda reading: _phrase_begins(term, reading.folded[field], reading.written[field])


def _phrase_begins(term: Term, folded: str, written: str) -> bool:
    """Do the words of a phrase stand there, the last of them as the beginning of a word, written or folded?"""
    if f" {' '.join(term.tokens[:-1])} " not in folded:
        return False
    return bool(places(term, folded.split(" "), written.split(" ")))


def places(term: Term, folded: list[str], written: list[str]) -> list[int]:
    """Where the words of a phrase or prefix begin in a list of words. Both lists hold the same words."""
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
    """Do all parts that an author term asks for fit different parts of this name, in any order?"""
    parts = list(name)
    wanted, beginning = (term.tokens[:-1], term.tokens[-1]) if term.prefix else (term.tokens, None)
    initials = [token for token in wanted if is_initial(token)]
    for token in wanted:
        if is_initial(token):
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
    return Counter(initials) <= Counter(part[0] for part in parts)
