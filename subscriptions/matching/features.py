"""The features by which queries and papers find each other; both sides make them here.

    graph           a word of a text            graph neural    two words side by side in a text
    title:graph     the same in a title         gra*            some word begins so, as written or folded
    =RAG            an exact word               author:doe      a part of an author's name, author:sch* its beginning,
    category:cs     see Reading.labels                          author:=Doe the exact one
    ""              what every paper has

No word holds a blank or one of `= * :`, so no two kinds can be taken for each other.
"""

from collections.abc import Iterator
from itertools import pairwise

from subscriptions.matching.tokenized_paper import TEXT_FIELDS, Reading, simple_terms
from subscriptions.normalize import is_initial
from subscriptions.query import Term

EVERY_PAPER = ""
HEAD = 3  # characters of a beginning; the query language asks for as many of most prefixes


def features_of(reading: Reading) -> set[str]:
    """All features that a paper has, but for the beginnings of words."""
    found = {EVERY_PAPER, *reading.labels}
    found.update(_words_and_pairs(reading.folded["text"]))
    found.update("title:" + feature for feature in _words_and_pairs(reading.folded["title"]))
    found.update("=" + word for word in reading.exact["text"].split())
    for name in reading.authors:
        found.update("author:" + part for part in name)
        found.update("author:" + head for head in map(head_of, name) if head)
    found.update("author:=" + part for name in reading.exact_authors for part in name)
    return found


def words_of(reading: Reading) -> set[str]:
    """The words of all texts, as written and folded: what a prefix may begin."""
    return {*reading.folded["text"].split(), *reading.written["text"].split()}


def head_of(word: str) -> str:
    """The feature under which a word is found by its beginning, "" for short words."""
    return word[:HEAD] + "*" if len(word) >= HEAD else ""


def needed_by(term: Term) -> tuple[str, ...]:
    """Features that every paper has in which a simple term stands."""
    whole, beginning = (term.tokens[:-1], term.tokens[-1:]) if term.prefix else (term.tokens, ())
    if term.field == "author":
        parts = ["author:=" + part if term.exact else "author:" + part for part in whole if not is_initial(part)]
        heads = ["author:" + head for head in map(head_of, beginning) if head and not term.exact]
    elif term.field not in TEXT_FIELDS:
        return (f"{term.field}:{term.value}",)
    elif term.exact:
        parts, heads = ["=" + word for word in whole], []
    else:
        sign = "title:" if term.field == "title" else ""
        parts = [sign + feature for feature in (map(" ".join, pairwise(whole)) if len(whole) > 1 else whole)]
        heads = [head for head in map(head_of, beginning) if head]
    return (*parts, *heads) or (EVERY_PAPER,)


def deciding_feature(term: Term) -> str | None:
    """The feature that just those papers have in which a term stands; None where it takes a closer look."""
    part, *others = simple_terms(term)
    return needed_by(part)[0] if not others and _is_decided(part) else None


def rarity(feature: str) -> int:
    """How many papers may have a feature, roughly, from its kind alone: 0 few, 3 a good part, 4 all."""
    if " " in feature:
        return 0
    if ":" in feature:
        return 3 if feature.startswith(("category:", "primary:", "source:")) else 0
    if feature.endswith("*"):
        return 2
    return 1 if feature else 4


def _words_and_pairs(lines: str) -> Iterator[str]:
    for line in lines.split("\n"):
        words = line.split()
        yield from words
        yield from map(" ".join, pairwise(words))


def _is_decided(term: Term) -> bool:
    """Does a simple term need one feature only, and stand in every paper that has it?"""
    if term.field == "author":
        return len(term.tokens) == 1 and not term.prefix and not is_initial(term.tokens[0])
    if term.field not in TEXT_FIELDS:
        return True
    if term.exact:
        return term.field == "text" and not term.prefix and len(term.tokens) == 1
    return term.field in ("text", "title") and not term.prefix and len(term.tokens) <= 2  # noqa: PLR2004 - a pair
