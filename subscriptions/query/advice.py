"""Advice on a query: the one change with most effect, found by counting the known papers that variants of it find.

First comes a field that no source here brings, then a slip that can be mended (an author's name in two values, a
category by its name), then a query in Chinese where papers lack Chinese texts, then words that find far fewer papers as
a phrase. Last comes the variant that changes most: without cross-lists, an author also with initials, and titles only
for more than ten papers a day.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from itertools import groupby
from typing import Protocol

from subscriptions.errors import QueryError
from subscriptions.normalize import has_chinese, is_initial
from subscriptions.query import And, Leaf, Node, Not, Or, Query, Term, fold_source, parse_query
from subscriptions.query.fields import AUTHOR, CATEGORY, PRIMARY, SOURCE, TEXT, TITLE, Field, Fields, ValueKind
from subscriptions.query.slips import as_one_author, by_its_code, has_a_name_in_two, is_word

MANY = 10  # papers a day; a query that finds more is worth narrowing
_FEWER = 0.8  # share of the papers; a variant that finds more of them is not advised
_FEWEST = 2  # papers; a variant that finds less than so many fewer is not advised
_LEFT_OUT = ((0, 0), (0, 1), (1, 0), (0, 2), (2, 0))  # numbers of words before and behind the phrase

# Of several fields that no source brings, advice is on the first: categories, then authors, then texts.
_ORDER = (ValueKind.CATEGORY, ValueKind.NAME, ValueKind.WORDS, ValueKind.PAPER_ID, ValueKind.LABEL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Advice:
    """One piece of advice on a query.

    `kind`: the name of `absent` (no source here brings what this field looks at); chinese (only papers with Chinese
    text can fit); one-author, named-category (a mended slip); phrase, primary, initials, titles (a variant); many (no
    variant narrows the query).
    """

    kind: str
    absent: Field | None = None
    text: str = ""  # the query of the variant; "" if there is none
    found: int = 0  # papers that the variant finds, or that can fit at all
    of: int = 0  # papers that are known
    names: tuple[str, ...] = ()  # of the sources of the known papers


class Known(Protocol):
    """The known papers, which can only be counted."""

    @property
    def papers(self) -> int:
        """The number of papers."""

    def count(self, query: Query) -> int:
        """Returns the number of papers that a query finds."""

    def having(self, what: str) -> int:
        """Returns the number of papers that have something a field looks at, or Chinese text ("chinese").

        `what` is the name of a field that some sources do not bring.
        """

    def sources(self) -> tuple[str, ...]:
        """Returns the names of the sources of the papers."""


def advise(
    query: Query, known: Known, *, days: int, categorised: bool = True, crosslists: bool = True
) -> Advice | None:
    """Returns the advice on a query, from the papers of `days` days; None if the query is fine.

    `categorised`: whether some source brings categories. `crosslists`: whether the chat gets cross-listed papers.
    """
    absent = _absent(query, known, categorised=categorised)
    slip = absent or _mended(query, known) or _chinese(query, known)
    return slip or _phrase(query, known) or _variant(query, known, days, crosslists=crosslists)


# --------------------------------------------------------------------------------------------- what no source here brings


def _absent(query: Query, known: Known, *, categorised: bool) -> Advice | None:
    """Returns the advice on a field of the query that no known paper can fulfil."""
    asked = {_widest(term.field) for term in query.terms}
    for field in sorted((field for field in asked if field.absence), key=lambda field: _rank(query, field)):
        possible = _possible(field, known, categorised=categorised)
        if possible is None:
            continue
        wrong = frozenset(term for term in query.terms if _widest(term.field) is field and not possible(term))
        if all(not wrong.isdisjoint(alternative.positive) for alternative in query.alternatives):
            names = known.sources() if field is SOURCE else ()
            text = _rewritten(query, partial(_without, wrong=wrong))
            return Advice(kind=field.name, absent=field, text=text, of=known.papers, names=names)
    return None


def _rank(query: Query, field: Field) -> tuple[int, int]:
    return _ORDER.index(field.kind), list(query.fields).index(field)


def _possible(field: Field, known: Known, *, categorised: bool) -> Callable[[Term], bool] | None:
    """Returns a function that says whether a known paper can fulfil a term; None if any term can be fulfilled."""
    if field is SOURCE:
        sources = set(map(fold_source, known.sources()))
        return (lambda term: term.value in sources) if known.papers else None
    there = not known.papers or known.having(field.name) > 0
    return None if there and (categorised or field is not CATEGORY) else lambda _: False


def _widest(field: Field) -> Field:
    return field.narrows or field


def _chinese(query: Query, known: Known) -> Advice | None:
    """Returns the advice on a query in Chinese, which finds papers only by their Chinese texts."""
    if not all(any(_is_chinese_term(term) for term in a.positive) for a in query.alternatives):
        return None
    able, of = known.having("chinese"), known.papers
    return Advice(kind="chinese", found=able, of=of) if able < of else None


def _is_chinese_term(term: Term) -> bool:
    return term.field.in_any_text and has_chinese("".join(term.tokens))


# --------------------------------------------------------------------------------------------------------------- slips


def _mended(query: Query, known: Known) -> Advice | None:
    """Returns the advice on `author: Jane Doe` and on `cat:machine learning`."""
    for kind, change in (("one-author", as_one_author), ("named-category", by_its_code)):
        if text := _rewritten(query, change):
            found = known.count(parse_query(text, query.fields))
            if kind == "named-category" or found or has_a_name_in_two(query.tree):
                return Advice(kind=kind, text=text, found=found, of=known.papers)
    return None


# ------------------------------------------------------------------------------------------------------------ variants


def _phrase(query: Query, known: Known) -> Advice | None:
    """Returns the advice to make words side by side a phrase, as long as possible, if it finds far fewer papers."""
    found = known.count(query)
    if found <= _FEWEST:
        return None
    tried: set[str] = set()
    for head, tail in _LEFT_OUT:
        text = _rewritten(query, partial(_as_phrase, head=head, tail=tail))
        if not text or text in tried:
            continue
        tried.add(text)
        brings = known.count(parse_query(text, query.fields))
        if _is_worth_it("phrase", found, brings):
            return Advice(kind="phrase", text=text, found=brings, of=known.papers)
    return None


def _variant(query: Query, known: Known, days: int, *, crosslists: bool) -> Advice | None:
    found = known.count(query)
    many = days > 0 and found > MANY * days
    changes: dict[str, Callable[[Node], Node]] = {"initials": _with_initials}
    if crosslists:
        changes["primary"] = _without_crosslists
    if many:
        changes["titles"] = _in_titles
    best: Advice | None = None
    for kind, change in changes.items():
        text = _rewritten(query, change)
        if not text:
            continue
        brings = known.count(parse_query(text, query.fields))
        if _is_worth_it(kind, found, brings) and (best is None or abs(brings - found) > abs(best.found - found)):
            best = Advice(kind=kind, text=text, found=brings, of=known.papers)
    return best or (Advice(kind="many", found=found, of=known.papers) if many else None)


def _is_worth_it(kind: str, found: int, brings: int) -> bool:
    if kind == "initials":
        return brings > found
    return 0 < brings <= found * _FEWER and found - brings >= _FEWEST


def _as_phrase(node: Node, *, head: int = 0, tail: int = 0) -> Node:
    """Returns a node with words side by side as one phrase, without the first `head` and the last `tail` words."""
    change = partial(_as_phrase, head=head, tail=tail)
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


def _without_crosslists(node: Node) -> Node:
    return _each(node, CATEGORY, lambda leaf: replace(leaf, term=replace(leaf.term, field=PRIMARY)))


def _in_titles(node: Node) -> Node:
    return _each(node, TEXT, lambda leaf: replace(leaf, term=replace(leaf.term, field=TITLE)))


def _with_initials(node: Node) -> Node:
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


def _without(node: Node, wrong: frozenset[Term]) -> Node:
    """Returns a node without the wrong terms: words are looked for in any text, other values are left out."""
    if isinstance(node, Leaf):
        in_any_text = node.term in wrong and node.term.field.kind is ValueKind.WORDS
        return replace(node, term=replace(node.term, field=TEXT)) if in_any_text else node
    if isinstance(node, Not):
        return node
    kept = tuple(_without(part, wrong) for part in node.nodes if not _is_left_out(part, wrong))
    if not kept:
        return node
    return type(node)(kept) if len(kept) > 1 else kept[0]


def _is_left_out(node: Node, wrong: frozenset[Term]) -> bool:
    return isinstance(node, Leaf) and node.term in wrong and node.term.field.kind is not ValueKind.WORDS


# ----------------------------------------------------------------------------------------------------- trees as queries


def _rewritten(query: Query, change: Callable[[Node], Node]) -> str:
    """Returns the changed query as people type it; "" if nothing changes, or if it would be parsed otherwise."""
    if _canonical(_written(query.tree), query.fields) != query.canonical:
        return ""
    text = _written(change(query.tree))
    return text if _canonical(text, query.fields) not in (None, query.canonical) else ""


def _canonical(text: str, fields: Fields) -> str | None:
    try:
        return parse_query(text, fields).canonical
    except QueryError:
        return None


def _written(node: Node) -> str:
    match node:
        case Leaf():
            return _leaf(node)
        case Not():
            return f"-{_inner(node.node)}"
        case And():
            return " ".join(_written(part) if not isinstance(part, And | Or) else _inner(part) for part in node.nodes)
        case Or():
            return " OR ".join(_written(part) if not isinstance(part, Or) else _inner(part) for part in node.nodes)


def _inner(node: Node) -> str:
    return _written(node) if isinstance(node, Leaf) else f"({_written(node)})"


def _leaf(leaf: Leaf) -> str:
    words = leaf.words.strip('"')
    quoted = leaf.quoted or any(sign in words for sign in ' ()|:"')
    return leaf.term.field.prefix + ("=" if leaf.term.exact else "") + (f'"{words}"' if quoted else words)
