"""The features by which queries and papers find each other. Both sides make them here.

    graph           a word of any text          graph neural    two words side by side in any text
    title:graph     a word of a title           gra*            a word of any text begins so, as written or folded
    =RAG            an exact word               author:doe      a part of a name
    category:cs     a label of the paper        author:sch*     the beginning of a part of a name
    ""              every paper                 author:=Doe     an exact part of a name

No word has a blank or one of `= * :`, so features of different kinds are never equal.
"""

from collections.abc import Iterator
from itertools import pairwise

from subscriptions.matching.terms import label_of, simple_terms
from subscriptions.matching.tokenized_paper import TokenizedPaper
from subscriptions.normalize import is_initial
from subscriptions.query import Term
from subscriptions.query.fields import TEXT, Field, ValueKind

EVERY_PAPER = ""
HEAD = 3  # characters of a beginning; most prefixes of the query language must have as many


def features_of(paper: TokenizedPaper) -> set[str]:
    """Returns all features of a paper, without the beginnings of words."""
    found = {EVERY_PAPER, *paper.labels}
    found.update(_words_and_pairs(paper.folded[TEXT]))
    for field, lines in paper.folded.items():
        if sign := _sign(field):
            found.update(sign + feature for feature in _words_and_pairs(lines))
    found.update("=" + word for word in paper.exact[TEXT].split())
    for field, names in paper.names.items():
        sign = field.name + ":"
        for name in names:
            found.update(sign + part for part in name)
            found.update(sign + head for head in map(head_of, name) if head)
    for field, names in paper.exact_names.items():
        sign = field.name + ":="
        found.update(sign + part for name in names for part in name)
    return found


def words_of(paper: TokenizedPaper) -> set[str]:
    """Returns the words of any text, as written and folded: the words that a prefix may begin."""
    return {*paper.folded[TEXT].split(), *paper.written[TEXT].split()}


def head_of(word: str) -> str:
    """Returns the feature of a word's beginning; "" for short words."""
    return word[:HEAD] + "*" if len(word) >= HEAD else ""


def needed_by(term: Term) -> tuple[str, ...]:
    """Returns features that every paper has that fulfils a simple term."""
    whole, beginning = (term.tokens[:-1], term.tokens[-1:]) if term.prefix else (term.tokens, ())
    field = term.field
    if not term.tokens:
        return (label_of(term),)
    if field is not TEXT and field.kind is ValueKind.NAME:
        sign = field.name + ":=" if term.exact else field.name + ":"
        parts = [sign + part for part in whole if not is_initial(part)]
        heads = [sign + head for head in map(head_of, beginning) if head and not term.exact]
    elif term.exact:
        parts, heads = ["=" + word for word in whole if field.in_any_text], []
    else:
        sign = "" if field is TEXT else _sign(field)
        parts = [sign + feature for feature in (map(" ".join, pairwise(whole)) if len(whole) > 1 else whole)]
        heads = [head for head in map(head_of, beginning) if head and field.in_any_text]
    return (*parts, *heads) or (EVERY_PAPER,)


def deciding_feature(term: Term) -> str | None:
    """Returns the feature that a paper has if and only if it fulfils a term; None if there is no such feature."""
    part, *others = simple_terms(term)
    return needed_by(part)[0] if not others and _is_decided(part) else None


def rarity(feature: str, field: Field) -> int:
    """Estimates from the kind of a feature of `field` how many papers have it: 0 few, 3 a good part, 4 all."""
    if " " in feature:
        return 0
    if ":" in feature:
        return 3 if field.is_widespread else 0
    if feature.endswith("*"):
        return 2
    return 1 if feature else 4


def _sign(field: Field) -> str:
    """Returns what stands before the features of the words of a field; "" if they are those of any text.

    Fields of which many queries ask have features of their own, and so have fields outside any text.
    """
    return field.name + ":" if field.is_indexed_apart or not field.in_any_text else ""


def _words_and_pairs(lines: str) -> Iterator[str]:
    for line in lines.split("\n"):
        words = line.split()
        yield from words
        yield from map(" ".join, pairwise(words))


def _is_decided(term: Term) -> bool:
    """Whether a simple term needs one feature, and every paper with this feature fulfils it."""
    field = term.field
    if not term.tokens:
        return True
    if field is not TEXT and field.kind is ValueKind.NAME:
        return len(term.tokens) == 1 and not term.prefix and not is_initial(term.tokens[0])
    if term.exact:
        return field is TEXT and not term.prefix and len(term.tokens) == 1
    has_features = field is TEXT or _sign(field) != ""
    return has_features and not term.prefix and len(term.tokens) <= 2  # noqa: PLR2004 - a pair
