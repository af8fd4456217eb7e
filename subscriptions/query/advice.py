"""Advice on a query: the one change with most effect, found by counting the known papers that variants of it find.

First comes a field that no source here brings, then a slip that can be mended (an author's name in two values, a
category by its name), then a query in Chinese where papers lack Chinese texts, then words that find far fewer papers as
a phrase. Last comes the variant that changes most: without cross-lists, an author also with initials, and titles only
for more than ten papers a day.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Protocol

from subscriptions.normalize import has_chinese
from subscriptions.query import CATEGORY, SOURCE, TEXT, Field, Leaf, Node, Not, Query, Term, ValueKind, rewriting
from subscriptions.query.lexer import fold_value
from subscriptions.query.parse import parse_query

MANY = 10  # papers a day; a query that finds more is worth narrowing
_FEWER = 0.8  # share of the papers; a variant that finds more of them is not advised
_FEWEST = 2  # papers; a variant that finds less than so many fewer is not advised
_LEFT_OUT = ((0, 0), (0, 1), (1, 0), (0, 2), (2, 0))  # numbers of words before and after the phrase

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
            text = rewriting.rewritten(query, partial(_without, wrong=wrong))
            return Advice(kind=field.name, absent=field, text=text, of=known.papers, names=names)
    return None


def _rank(query: Query, field: Field) -> tuple[int, int]:
    return _ORDER.index(field.kind), list(query.fields).index(field)


def _possible(field: Field, known: Known, *, categorised: bool) -> Callable[[Term], bool] | None:
    """Returns a function that says whether a known paper can fulfil a term; None if any term can be fulfilled."""
    if field is SOURCE:
        sources = set(map(fold_value, known.sources()))
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
    for kind, change in (("one-author", rewriting.as_one_author), ("named-category", rewriting.by_its_code)):
        if text := rewriting.rewritten(query, change):
            found = known.count(parse_query(text, query.fields))
            if kind == "named-category" or found or rewriting.has_a_name_in_two(query.tree):
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
        text = rewriting.rewritten(query, partial(rewriting.as_phrase, head=head, tail=tail))
        if not text or text in tried:
            continue
        tried.add(text)
        brings = known.count(parse_query(text, query.fields))
        if _is_worth_it("phrase", found, brings):
            return Advice(kind="phrase", text=text, found=brings, of=known.papers)
    return None


def _variant(query: Query, known: Known, days: int, *, crosslists: bool) -> Advice | None:
    found = known.count(query)
    many = days > 0 and found > MANY * days and not query.wants_nearness  # of these only the nearest come
    changes: dict[str, Callable[[Node], Node]] = {"initials": rewriting.with_initials}
    if crosslists:
        changes["primary"] = rewriting.without_crosslists
    if many:
        changes["titles"] = rewriting.in_titles
    best: Advice | None = None
    for kind, change in changes.items():
        text = rewriting.rewritten(query, change)
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
