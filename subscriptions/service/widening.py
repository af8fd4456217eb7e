"""Find what a query misses: papers by the initials of an author whose family name is common."""

from dataclasses import replace
from typing import NamedTuple

from subscriptions.query import AUTHOR, parse, rewriting
from subscriptions.query.tree import Leaf, Node, Query, leaves
from subscriptions.query.typed_names import also_initials
from subscriptions.service import paper_search
from subscriptions.store.database.store import Transaction, reads
from subscriptions.store.paper_words import Among


class Initials(NamedTuple):
    """An author whom a query wants by the full name only, and stored papers have by initials."""

    name: str  # such as "W. Zhang"
    text: str  # the query that also finds these papers
    more: int  # how many they are


@reads
def by_initials(transaction: Transaction, query: Query) -> Initials | None:
    """Return the first author of a query whom stored papers have by initials; None if there is none."""
    for leaf in leaves(query.tree, also_excluded=False):
        if leaf.term.field is not AUTHOR or leaf.term.exact or leaf.term.prefix:
            continue
        name, wider = also_initials(leaf.words)
        if text := name and _with(query, leaf, replace(leaf, words=wider, quoted=True)):
            found = _found(transaction, parse.parse_query(text, query.chat))
            if more := len(found - _found(transaction, query)):
                return Initials(name, text, more)
    return None


def _with(query: Query, leaf: Leaf, instead: Node) -> str:
    """Return the text of a query with a node instead of a value; "" if that makes no difference."""

    def change(node: Node) -> Node:
        return rewriting.changed(node, lambda one: instead if one is leaf else one)

    return rewriting.rewritten(query, change)


def _found(transaction: Transaction, query: Query) -> set[int]:
    return set(paper_search.find(transaction, query, Among()).papers)
