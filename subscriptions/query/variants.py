"""Variants of a query that may find more or fewer papers: a part left out, words as a phrase, titles only, and so on."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import pairwise

from subscriptions.query import And, Leaf, Node, Not, Or, Query
from subscriptions.query.changing import (
    as_author,
    as_phrase,
    in_any_text,
    in_titles,
    joined_by_or,
    rewritten,
    with_initials,
    without_crosslists,
    without_part,
    written,
)

MOST = 8  # parts of a query that are left out, each by itself
_FEW = 3

_CHANGES: tuple[tuple[str, Callable[[Node], Node]], ...] = (
    ("phrase", as_phrase),
    ("titles", in_titles),
    ("primary", without_crosslists),
    ("initials", with_initials),
    ("anywhere", in_any_text),
    ("author", as_author),
    ("any", joined_by_or),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """A query that differs from another in one thing.

    `kind`: phrase (words side by side as one), titles (words in titles only), primary (without cross-lists), initials
    (authors also with initials), anywhere (words in any text), author (words as the name of one), any (any of the words),
    allowed (an exclusion left out), without (another part left out), only (two parts alone).
    """

    kind: str
    text: str  # the query as people type it
    part: str = ""  # what is left out


def variants(query: Query) -> Iterator[Variant]:
    """Yields the variants of a query, each with another meaning; none for a query that cannot be written again."""
    return _rewritten(query, _changes(query.tree))


def pairs(query: Query) -> Iterator[Variant]:
    """Yields the parts of a query that asks for more than three, two side by side at a time."""
    parts = query.tree.nodes[:MOST] if isinstance(query.tree, And) else ()
    wanted = [part for part in parts if not isinstance(part, Not)]
    both = pairwise(wanted) if len(wanted) > _FEW else ()
    return _rewritten(query, (("only", "", partial(_replaced, parts=two)) for two in both))


def _replaced(_: Node, parts: tuple[Node, ...]) -> Node:
    return And(parts)


def _rewritten(query: Query, changes: Iterable[tuple[str, str, Callable[[Node], Node]]]) -> Iterator[Variant]:
    seen = {""}
    for kind, part, change in changes:
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
