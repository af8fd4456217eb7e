"""The tokens of a paper, in which terms are looked for."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from subscriptions import meaning, normalize
from subscriptions.model import Paper
from subscriptions.normalize import folding
from subscriptions.query import (
    FIELDS,
    TEXT,
    Field,
    ValueKind,
)
from subscriptions.query.lexer import fold_value


@dataclass(frozen=True, slots=True)
class TokenizedPaper:
    """The tokens of a paper by field.

    The texts of a field are joined as lines, each written " word word ". So one search for a phrase with spaces around
    it covers all texts, and finds only whole words within one text.
    """

    folded: dict[Field, str]  # tokens with plurals folded (`normalize.tokens`), by which words are compared
    written: dict[Field, str]  # the same tokens before plurals are folded
    exact: dict[Field, str]  # tokens with their letter case and accents
    names: dict[Field, tuple[tuple[str, ...], ...]]  # the parts of each spelling of each name
    exact_names: dict[Field, tuple[tuple[str, ...], ...]]
    codes: tuple[int, ...]  # what the paper means (`subscriptions.meaning`); () if that is not known
    labels: frozenset[str]  # such as "category:cs.lg", "category:cs", "primary:…", "id:…", "doi:…", "source:…"


def tokenize(paper: Paper) -> TokenizedPaper:
    """Returns the tokens of a paper. Tokenizing is the costly step of matching: about 0.3 ms."""
    words = {
        field: [normalize.written_and_exact_tokens(text) for text in texts] for field, texts in texts_of(paper).items()
    }
    names = {field: tuple(field.values(paper)) for field in FIELDS if field.kind is ValueKind.NAME}
    return TokenizedPaper(
        folded=_lines(
            {field: [map(folding.fold_plural, written) for written, _ in texts] for field, texts in words.items()}
        ),
        written=_lines({field: [written for written, _ in texts] for field, texts in words.items()}),
        exact=_lines({field: [exact for _, exact in texts] for field, texts in words.items()}),
        names={
            field: tuple(spelling for name in found for spelling in normalize.author_spellings(name))
            for field, found in names.items()
        },
        exact_names={
            field: tuple(tuple(normalize.exact_author_tokens(name)) for name in found) for field, found in names.items()
        },
        codes=meaning.read_paper(paper.meaning),
        labels=frozenset(
            label for field in FIELDS for value in field.values(paper) for label in labels_of(field, value)
        ),
    )


def texts_of(paper: Paper) -> dict[Field, tuple[str, ...]]:
    """Returns the texts of a paper by field. In each field the source's own text comes first, then translations."""
    return {field: tuple(field.values(paper)) for field in FIELDS if field.kind is ValueKind.WORDS}


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
