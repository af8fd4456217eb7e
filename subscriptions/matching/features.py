"""The features by which queries and papers find each other, apart from words of any text. Both sides make them here.

    title:graph     a word of a title           author:doe      a part of a name
    =RAG            an exact word               author:sch*     the beginning of a part of a name
    category:cs     a label of the paper        author:=Doe     an exact part of a name
    ""              every paper                 title:graph neural

No word has one of `= * :`, so features of different kinds are never equal.
"""

from collections.abc import Iterator
from itertools import pairwise

from subscriptions.matching.terms import label_of
from subscriptions.matching.tokenized_paper import TokenizedPaper
from subscriptions.normalize.tokenizers import is_initial
from subscriptions.query.fields import TEXT, Field, ValueKind
from subscriptions.query.syntax import Term

EVERY_PAPER = ""
HEAD = 3  # characters of a beginning; most prefixes of the query language must have as many


def features_of(paper: TokenizedPaper) -> set[str]:
    """Returns all features of a paper."""
    found = {EVERY_PAPER, *paper.labels}
    for field, lines in paper.folded.items():
        if sign := _sign(field):
            found.update(sign + feature for feature in _words_and_pairs(lines))
    found.update(["=" + word for word in paper.exact[TEXT].split()])
    for field, names in paper.names.items():
        sign = field.name + ":"
        for name in names:
            found.update([sign + part for part in name])
            found.update([sign + head for head in map(head_of, name) if head])
    for field, names in paper.exact_names.items():
        sign = field.name + ":="
        found.update(sign + part for name in names for part in name)
    return found


def head_of(word: str) -> str:
    """Returns the feature of a word's beginning; "" for short words."""
    return word[:HEAD] + "*" if len(word) >= HEAD else ""


def deciding_feature(term: Term) -> str | None:
    """Returns the feature that a paper has if and only if it fulfils a simple term; None if there is no such feature."""
    field = term.field
    if field.kind is ValueKind.NEARNESS:
        return None
    if not term.tokens:
        return label_of(term)
    if term.prefix:
        return None
    if field is not TEXT and field.kind is ValueKind.NAME:
        is_decided = len(term.tokens) == 1 and not is_initial(term.tokens[0])
    elif term.exact:
        is_decided = field is TEXT and len(term.tokens) == 1
    else:
        is_decided = _sign(field) != "" and len(term.tokens) <= 2  # noqa: PLR2004 - a pair
    return needed_by(term)[0] if is_decided else None


def needed_by(term: Term) -> tuple[str, ...]:
    """Returns features that every paper has that fulfils a simple term of words or names; () if there are none."""
    whole, beginning = (term.tokens[:-1], term.tokens[-1:]) if term.prefix else (term.tokens, ())
    field = term.field
    if field is not TEXT and field.kind is ValueKind.NAME:
        sign = field.name + ":=" if term.exact else field.name + ":"
        parts = [sign + part for part in whole if not is_initial(part)]
        parts += [sign + head for head in map(head_of, beginning) if head and not term.exact]
    elif term.exact:
        parts = ["=" + word for word in whole if field.in_any_text]
    elif sign := _sign(field):
        parts = [sign + feature for feature in (map(" ".join, pairwise(whole)) if len(whole) > 1 else whole)]
    else:
        parts = []
    return tuple(parts)


def _sign(field: Field) -> str:
    """Returns the prefix of the features of a field's words; "" if they are words of any text only.

    Fields that many queries name have their own features, and so have fields outside any text.
    """
    return field.name + ":" if field.is_indexed_apart or not field.in_any_text else ""


def _words_and_pairs(lines: str) -> Iterator[str]:
    for line in lines.split("\n"):
        words = line.split()
        yield from words
        yield from map(" ".join, pairwise(words))
