"""Finds better queries: other forms of their words, variants, and advice on one useful change.

LLM, large language model and 大语言模型 are *forms* of one expression. other_forms.txt has the most frequent
expressions. Other expressions are learned from papers that explain them: "state space models (SSMs)".

A *variant* differs from a query in one thing: a part left out, words as a phrase, titles only, and so on.

Advice compares how many known papers a query and its variants find. A query gets advice on the first of these points
that applies:

1. a field that no source here brings
2. a mistake that can be corrected: an author's name in two values, a category by its name
3. a query in Chinese, although papers lack Chinese texts
4. words that find far fewer papers as a phrase
5. the variant that changes most: without cross-lists, an author also with initials, or (above ten papers a day) titles only
"""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from itertools import pairwise
from pathlib import Path
from typing import Protocol

from subscriptions import normalize
from subscriptions.normalize import letters
from subscriptions.query import CATEGORY, SOURCE, TEXT, Field, ValueKind, rewriting
from subscriptions.query.lexer import fold_value
from subscriptions.query.parse import parse_query
from subscriptions.query.tree import And, Leaf, Node, Not, Or, Query, Term, combined

Forms = Mapping[str, tuple[str, ...]]  # the tokens of a form → the other forms as they are written
_LONGEST = 6  # most words of a long form
_SHORT = re.compile(r"[(（]([A-Z][A-Za-z-]{1,8})[)）]")
_WORD = re.compile(r"[^\W_]+")


@lru_cache(maxsize=1)
def common_forms() -> Forms:
    """Returns the built-in forms, from other_forms.txt."""
    lines = Path(__file__).with_name("other_forms.txt").read_text("utf-8").splitlines()
    rows = [tuple(line.split(" = ")) for line in lines]
    return {_key(one): tuple(other for other in row if other != one) for row in rows for one in row}


def learned_forms(texts: Iterable[str]) -> Forms:
    """Returns the long and short forms that texts explain: for each form the most frequent other form."""
    found = Counter(pair for text in texts for pair in set(_explained(text)))
    learned: dict[str, tuple[str, ...]] = {}
    for (long, short), _ in found.most_common():
        learned.setdefault(_key(long), (short,))
        learned.setdefault(_key(short), (long,))
    return learned


def _explained(text: str) -> Iterator[tuple[str, str]]:
    """Yields (long form, short form) for each short form in brackets: the words before it begin with its letters."""
    for found in _SHORT.finditer(text):
        short = found[1].removesuffix("s") if found[1][:-1].isupper() else found[1]
        letters = short.replace("-", "").casefold()
        words = _WORD.findall(text[max(0, found.start() - 100) : found.start()])[-len(letters) :]
        if 1 < len(words) == len(letters) and all(map(str.startswith, map(str.casefold, words), letters)):
            yield " ".join(words), short


def with_other_forms(node: Node, forms: Forms) -> Node:
    """Returns a node that also finds papers with other forms of its words."""
    if isinstance(node, Leaf):
        if node.term.field is not TEXT or node.term.prefix:
            return node
        others = forms.get(_key(node.words))
        if others:
            return Or((node, *(_leaf(node, other) for other in others)))
        return node
    if isinstance(node, Not):
        return node
    if isinstance(node, Or):
        return Or(tuple(with_other_forms(part, forms) for part in node.nodes))
    parts: list[Node] = []
    rest = list(node.nodes)
    while rest:
        count = next((many for many in range(min(_LONGEST, len(rest)), 1, -1) if _joined(rest[:many]) in forms), 1)
        words = [part for part in rest[:count] if isinstance(part, Leaf)]
        phrase = rest[0]
        if count > 1:
            phrase = _leaf(words[0], " ".join(part.words for part in words))
        parts.append(with_other_forms(phrase, forms))
        rest = rest[count:]
    return combined(And, parts)


def _joined(nodes: Iterable[Node]) -> str:
    """Returns the tokens of adjacent words as one text; "" if a node is not a plain word."""
    words = [part.words if isinstance(part, Leaf) and rewriting.is_word(part) else "" for part in nodes]
    return _key(" ".join(words)) if all(words) else ""


def _leaf(like: Leaf, words: str) -> Leaf:
    return replace(like, words=words, quoted=" " in words)


def _key(words: str) -> str:
    return " ".join(normalize.tokens(words))


MOST = 8  # parts of a query that variants leave out, one at a time
_FEW = 3

_CHANGES: Mapping[str, Callable[[Node], Node]] = {
    "phrase": rewriting.as_phrase,
    "titles": rewriting.in_titles,
    "primary": rewriting.without_crosslists,
    "initials": rewriting.with_initials,
    "anywhere": rewriting.in_any_text,
    "author": rewriting.as_author,
    "any": rewriting.joined_by_or,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """A query that differs from another in one thing.

    `kind` says what is different:

    - phrase: adjacent words are one phrase
    - titles: words count only in titles
    - primary: cross-lists do not count
    - initials: authors are found also with initials
    - anywhere: words count in any text
    - author: the words are the name of an author
    - any: any of the words is enough
    - allowed: an exclusion is left out
    - without: another part is left out; papers may still have it
    - narrower: one of the alternatives is left out
    - only: only two of the parts are left
    """

    kind: str
    text: str  # the query as people type it
    part: str = ""  # what is left out


def variants(query: Query) -> Iterator[Variant]:
    """Yields the variants of a query, each with another meaning; none if the tree of the query cannot be written as text."""
    return _rewritten(query, _changes(query.tree))


def pairs(query: Query) -> Iterator[Variant]:
    """Yields each pair of neighbouring parts as a query, if the query wants more than three parts."""
    wanted: Sequence[Node] = ()
    if isinstance(query.tree, And):
        wanted = [part for part in query.tree.nodes[:MOST] if not isinstance(part, Not)]
    both = pairwise(wanted) if len(wanted) > _FEW else ()
    return _rewritten(query, (("only", "", partial(_replaced, parts=two)) for two in both))


def _replaced(_: Node, parts: tuple[Node, ...]) -> Node:
    return And(parts)


def _rewritten(query: Query, changes: Iterable[tuple[str, str, Callable[[Node], Node]]]) -> Iterator[Variant]:
    seen = {""}
    for kind, part, change in changes:
        text = rewriting.rewritten(query, change)
        if text not in seen:
            seen.add(text)
            yield Variant(kind=kind, text=text, part=part)


def _changes(tree: Node) -> Iterator[tuple[str, str, Callable[[Node], Node]]]:
    """Yields (kind of a change, the part that it leaves out, the function that makes it)."""
    for kind, change in _CHANGES.items():
        yield kind, "", change
    for place, part in enumerate(tree.nodes[:MOST] if isinstance(tree, And | Or) else ()):
        left_out = part.node if isinstance(part, Not) else part
        shown = rewriting.written(left_out) if isinstance(left_out, Leaf) else f"({rewriting.written(left_out)})"
        yield _kind_without(tree, part), shown, partial(rewriting.without_part, place=place)


def _kind_without(tree: Node, part: Node) -> str:
    """Returns the kind of the variant that leaves out a part of a tree."""
    if isinstance(part, Not):
        return "allowed"
    if isinstance(tree, Or):
        return "narrower"
    return "without"


MANY = 10  # papers a day; it is worth narrowing a query that finds more
_FEWER = 0.8  # a narrower variant is advised only if it finds at most this share of the papers
_FEWEST = 2  # a narrower variant is advised only if it finds at least this many papers fewer
_LEFT_OUT = ((0, 0), (0, 1), (1, 0), (0, 2), (2, 0))  # numbers of words before and after the phrase

# If a query has several fields that no source brings, the advice is about the first of them in this order.
_ORDER = (ValueKind.CATEGORY, ValueKind.NAME, ValueKind.WORDS, ValueKind.PAPER_ID, ValueKind.LABEL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Advice:
    """Advice on a query.

    `kind` says what it is about:

    - the name of a field, see `absent`: no source here brings this field
    - chinese: only papers with Chinese text can fit
    - one-author, named-category: a corrected mistake
    - phrase, primary, initials, titles: a variant
    - many: the query finds many papers, and no variant narrows it
    """

    kind: str
    absent: Field | None = None
    text: str = ""  # the query of the variant; "" if there is no variant
    found: int = 0  # number of papers that the variant finds, or that can fit at all
    of: int = 0  # number of known papers
    names: tuple[str, ...] = ()  # names of the sources of the known papers


class Known(Protocol):
    """The known papers, of which advice needs only counts."""

    @property
    def papers(self) -> int:
        """The number of papers."""

    def count(self, query: Query) -> int:
        """Returns the number of papers that a query finds."""

    def having(self, what: str) -> int:
        """Returns the number of papers that have a value in a field, or Chinese text.

        `what` is the name of a field that some sources do not bring, or "chinese".
        """

    def sources(self) -> tuple[str, ...]:
        """Returns the names of the sources of the papers."""


def advise(
    query: Query, known: Known, *, days: int, categorised: bool = True, crosslists: bool = True
) -> Advice | None:
    """Returns the advice on a query, from the papers of `days` days; None if the query is fine.

    `categorised`: at least one source brings categories. `crosslists`: the chat gets cross-listed papers.
    """
    absent = _absent(query, known, categorised=categorised)
    slip = absent or _mended(query, known) or _chinese(query, known)
    return slip or _phrase(query, known) or _variant(query, known, days, crosslists=crosslists)


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
    """Returns a function that tells whether known papers can fulfil a term of this field; None if they can fulfil any."""
    if field is SOURCE:
        sources = set(map(fold_value, known.sources()))
        if known.papers:
            return lambda term: term.value in sources
        return None
    there = not known.papers or known.having(field.name) > 0
    if there and (categorised or field is not CATEGORY):
        return None
    return lambda _: False


def _widest(field: Field) -> Field:
    return field.narrows or field


def _chinese(query: Query, known: Known) -> Advice | None:
    """Returns the advice on a query in Chinese, which finds papers only by their Chinese texts."""
    if not all(any(_is_chinese_term(term) for term in a.positive) for a in query.alternatives):
        return None
    able, of = known.having("chinese"), known.papers
    if able < of:
        return Advice(kind="chinese", found=able, of=of)
    return None


def _is_chinese_term(term: Term) -> bool:
    return term.field.in_any_text and letters.has_chinese("".join(term.tokens))


def _mended(query: Query, known: Known) -> Advice | None:
    """Returns the advice on `author:Jane Doe`, where only Jane is the author, or on `cat:machine learning`."""
    for kind, change in (("one-author", rewriting.as_one_author), ("named-category", rewriting.by_its_code)):
        if text := rewriting.rewritten(query, change):
            found = known.count(parse_query(text, query.fields))
            if kind == "named-category" or found or rewriting.has_a_name_in_two(query.tree):
                return Advice(kind=kind, text=text, found=found, of=known.papers)
    return None


def _phrase(query: Query, known: Known) -> Advice | None:
    """Returns the advice to make adjacent words a phrase: the longest phrase with which the query finds far fewer papers."""
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
    # a query of nearness never brings many papers, since it brings only the nearest
    many = days > 0 and found > MANY * days and not query.wants_nearness
    kinds = ["initials"]
    if crosslists:
        kinds.append("primary")
    if many:
        kinds.append("titles")
    best: Advice | None = None
    for kind in kinds:
        text = rewriting.rewritten(query, _CHANGES[kind])
        if not text:
            continue
        brings = known.count(parse_query(text, query.fields))
        if _is_worth_it(kind, found, brings) and (best is None or abs(brings - found) > abs(best.found - found)):
            best = Advice(kind=kind, text=text, found=brings, of=known.papers)
    if best is None and many:
        return Advice(kind="many", found=found, of=known.papers)
    return best


def _is_worth_it(kind: str, found: int, brings: int) -> bool:
    if kind == "initials":
        return brings > found
    return 0 < brings <= found * _FEWER and found - brings >= _FEWEST


def _without(node: Node, wrong: frozenset[Term]) -> Node:
    """Returns a node without wrong terms. Their words are looked for in any text; other values are left out."""
    in_text = rewriting.changed(node, lambda leaf: _in_text(leaf) if leaf.term in wrong else leaf)
    return rewriting.with_leaves(in_text, lambda leaf: leaf.term not in wrong) or node


def _in_text(leaf: Leaf) -> Leaf:
    if leaf.term.field.kind is ValueKind.WORDS:
        return rewriting.in_field(leaf, TEXT)
    return leaf
