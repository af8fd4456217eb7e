"""Mends slips: the name of an author in two values (`author: Jane Doe`), a category by its name."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise, takewhile

from subscriptions.categories import canonical_category, categories_named
from subscriptions.query.syntax import TEXT, And, Leaf, Node, Not, Or, ValueKind


def is_word(node: Node) -> bool:
    """Whether a node is a plain word, which may be meant as a part of a phrase."""
    if not isinstance(node, Leaf) or node.quoted:
        return False
    return node.term.field is TEXT and not node.term.exact and not node.term.prefix


def as_one_author(node: Node) -> Node:
    """Returns the query with each author extended by the words after it: all capitalised ones, else the next one."""
    if not isinstance(node, And):
        return Or(tuple(map(as_one_author, node.nodes))) if isinstance(node, Or) else node
    parts: list[Node] = []
    rest = list(node.nodes)
    while rest:
        part = rest.pop(0)
        behind = list(takewhile(is_word, rest)) if _is_part_of_a_name(part) else []
        count = len(list(takewhile(_is_name, behind))) or min(len(behind), 1)
        if isinstance(part, Leaf) and count:
            words = " ".join((part.words, *(leaf.words for leaf in behind[:count] if isinstance(leaf, Leaf))))
            part, rest = replace(part, words=words, quoted=True), rest[count:]
        parts.append(part)
    return And(tuple(parts)) if len(parts) > 1 else parts[0]


def _is_part_of_a_name(node: Node) -> bool:
    return isinstance(node, Leaf) and node.term.field.kind is ValueKind.NAME and not (node.quoted or node.term.prefix)


def _is_name(node: Node) -> bool:
    """Whether a word looks like the name of a person: "LeCun" does, "GAN" does not."""
    word = node.words if isinstance(node, Leaf) else ""
    return word[:1].isupper() and (len(word) == 1 or not word.isupper())


def has_a_name_in_two(node: Node) -> bool:
    """Whether a word that looks like a name follows an author."""
    if isinstance(node, Leaf | Not):
        return False
    if any(_is_part_of_a_name(first) and is_word(then) and _is_name(then) for first, then in pairwise(node.nodes)):
        return True
    return any(map(has_a_name_in_two, node.nodes))


def by_its_code(node: Node) -> Node:
    """Returns the query with categories that are named by their code: `cat:machine learning` is cs.LG or stat.ML."""
    if isinstance(node, Leaf):
        return _coded(node, [])[0]
    if isinstance(node, Not):
        return replace(node, node=by_its_code(node.node))
    parts: list[Node] = []
    rest = list(node.nodes)
    while rest:
        part = rest.pop(0)
        behind = list(takewhile(is_word, rest)) if isinstance(node, And) else []
        coded, count = _coded(part, behind) if isinstance(part, Leaf) else (by_its_code(part), 0)
        parts.append(coded)
        rest = rest[count:]
    return type(node)(tuple(parts)) if len(parts) > 1 else parts[0]


def _coded(leaf: Leaf, behind: Sequence[Node]) -> tuple[Node, int]:
    """Returns the categories that a leaf and the words after it name, and the number of these words."""
    if leaf.term.field.kind is not ValueKind.CATEGORY or canonical_category(leaf.term.value):
        return leaf, 0
    own = leaf.words.split()
    more = [] if leaf.quoted else [part.words for part in behind if isinstance(part, Leaf)]
    count, codes = categories_named([*own, *more])
    if count < len(own):
        return leaf, 0
    leaves = tuple(
        replace(leaf, words=code, term=replace(leaf.term, value=code.lower()), quoted=False) for code in codes
    )
    return leaves[0] if len(leaves) == 1 else Or(leaves), count - len(own)
