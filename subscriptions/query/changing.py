"""Changes a query as a tree, and writes the changed tree as people type queries."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from itertools import groupby

from subscriptions.errors import QueryError
from subscriptions.normalize.tokenizers import is_initial
from subscriptions.query.fields import AUTHOR, CATEGORY, PRIMARY, TEXT, TITLE, Field, Fields, ValueKind
from subscriptions.query.parsing.parse import parse_query
from subscriptions.query.slips import is_word
from subscriptions.query.syntax import And, Leaf, Node, Not, Or, Query

_LONGEST_NAME = 4  # words


def rewritten(query: Query, change: Callable[[Node], Node]) -> str:
    """Returns the changed query as people type it; "" if nothing changes, or if it would be parsed otherwise."""
    before, text = written(query.tree), written(change(query.tree))
    if text == before or _canonical(before, query.fields) != query.canonical:
        return ""
    return text if _canonical(text, query.fields) not in (None, query.canonical) else ""


def without_part(node: Node, place: int) -> Node:
    """Returns a node without one of its parts."""
    if not isinstance(node, And | Or):
        return node
    kept = node.nodes[:place] + node.nodes[place + 1 :]
    return type(node)(kept) if len(kept) > 1 else kept[0]


def _canonical(text: str, fields: Fields) -> str | None:
    try:
        return parse_query(text, fields).canonical
    except QueryError:
        return None


def written(node: Node) -> str:
    """Returns a tree as people type it."""
    match node:
        case Leaf():
            return _leaf(node)
        case Not():
            return f"-{_inner(node.node)}"
        case And():
            return " ".join(written(part) if not isinstance(part, And | Or) else _inner(part) for part in node.nodes)
        case Or():
            return " OR ".join(written(part) if not isinstance(part, Or) else _inner(part) for part in node.nodes)


def _inner(node: Node) -> str:
    return written(node) if isinstance(node, Leaf) else f"({written(node)})"


def _leaf(leaf: Leaf) -> str:
    words = leaf.words.strip('"')
    quoted = leaf.quoted or any(sign in words for sign in ' ()|:"')
    return leaf.term.field.prefix + ("=" if leaf.term.exact else "") + (f'"{words}"' if quoted else words)


def as_phrase(node: Node, *, head: int = 0, tail: int = 0) -> Node:
    """Returns a node with words side by side as one phrase, without the first `head` and the last `tail` words."""
    change = partial(as_phrase, head=head, tail=tail)
    if isinstance(node, Or):  # to cut words of one alternative would cut words of all of them
        return node if head or tail else Or(tuple(map(change, node.nodes)))
    if not isinstance(node, And):
        return node
    parts: list[Node] = []
    for words, group in groupby(node.nodes, is_word):
        side_by_side = [part for part in group if isinstance(part, Leaf)] if words else []
        stop = len(side_by_side) - tail
        if stop - head > 1:
            joined = " ".join(leaf.words for leaf in side_by_side[head:stop])
            phrase = replace(side_by_side[head], words=joined, quoted=True)
            parts += (*side_by_side[:head], phrase, *side_by_side[stop:])
        else:
            parts += side_by_side or [part if isinstance(part, Leaf) else change(part) for part in group]
    return And(tuple(parts)) if len(parts) > 1 else parts[0]


def without_crosslists(node: Node) -> Node:
    """Returns a node that looks only at the first category of a paper."""
    return _each(node, CATEGORY, lambda leaf: replace(leaf, term=replace(leaf.term, field=PRIMARY)))


def in_titles(node: Node) -> Node:
    """Returns a node that looks for words in titles only."""
    return _each(node, TEXT, lambda leaf: replace(leaf, term=replace(leaf.term, field=TITLE)))


def in_any_text(node: Node) -> Node:
    """Returns a node that looks for words in any text."""
    if isinstance(node, Leaf):
        return replace(node, term=replace(node.term, field=TEXT)) if node.term.field.kind is ValueKind.WORDS else node
    return node if isinstance(node, Not) else type(node)(tuple(map(in_any_text, node.nodes)))


def joined_by_or(node: Node) -> Node:
    """Returns a node that any of its words fulfils."""
    return Or(node.nodes) if isinstance(node, And) and all(map(is_word, node.nodes)) else node


def as_author(node: Node) -> Node:
    """Returns one to four words as the name of an author."""
    parts = node.nodes if isinstance(node, And) else (node,)
    words = [part for part in parts if isinstance(part, Leaf) and is_word(part)]
    if len(words) < len(parts) or len(words) > _LONGEST_NAME:
        return node
    name = " ".join(part.words for part in words)
    return replace(words[0], term=replace(words[0].term, field=AUTHOR), words=name, quoted=True)


def with_initials(node: Node) -> Node:
    """Returns a node with each author under the whole name or the initial: "Jane Doe" or "J. Doe"."""
    return _each(node, AUTHOR, _also_initial)


def _also_initial(leaf: Leaf) -> Node:
    first, *others = leaf.words.replace(".", " ").split() or [""]
    if not others or leaf.term.prefix or leaf.term.exact or is_initial(first.casefold()) or not first[0].isascii():
        return leaf
    return Or((leaf, replace(leaf, words=f"{first[0].upper()}. {others[-1]}", quoted=True)))


def _each(node: Node, field: Field, change: Callable[[Leaf], Node]) -> Node:
    """Returns a node with the leaves of a field changed, but for those that are excluded."""
    if isinstance(node, Leaf):
        return change(node) if node.term.field is field else node
    if isinstance(node, Not):
        return node
    return type(node)(tuple(_each(part, field, change) for part in node.nodes))
