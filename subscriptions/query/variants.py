"""Variants of a query that may find more or fewer papers: a part left out, words as a phrase, titles only, and so on."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

from subscriptions.query import And, Leaf, Node, Not, Or, Query
from subscriptions.query.changing import (
    as_phrase,
    in_titles,
    rewritten,
    with_initials,
    without_crosslists,
    without_part,
    written,
)

MOST = 8  # parts of a query that are left out, one at a time

_CHANGES: tuple[tuple[str, Callable[[Node], Node]], ...] = (
    ("phrase", as_phrase),
    ("titles", in_titles),
    ("primary", without_crosslists),
    ("initials", with_initials),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """A query that differs from another in one thing.

    `kind`: phrase (words side by side as one), titles (words in titles only), primary (without cross-lists), initials
    (authors also with initials), allowed (an exclusion left out), without (another part left out).
    """

    kind: str
    text: str  # the query as people type it
    part: str = ""  # what is left out


def variants(query: Query) -> Iterator[Variant]:
    """Yields the variants of a query, each with another meaning; none for a query that cannot be written again."""
    seen = {""}
    for kind, part, change in _changes(query.tree):
        text = rewritten(query, change)
        if text not in seen:
            seen.add(text)
            yield Variant(kind=kind, text=text, part=part)


def _changes(tree: Node) -> Iterator[tuple[str, str, Callable[[Node], Node]]]:
    """Yields the kind of each change, the part that it leaves out, and the change."""
    for kind, change in _CHANGES:
        yield kind, "", change
    for place, part in enumerate(tree.nodes[:MOST] if isinstance(tree, And | Or) else ()):
        left_out = part.node if isinstance(part, Not) else part
        shown = written(left_out) if isinstance(left_out, Leaf) else f"({written(left_out)})"
        yield ("allowed" if isinstance(part, Not) else "without"), shown, partial(without_part, place=place)
