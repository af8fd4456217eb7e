"""Better queries: with other forms of their words, in variants, and with the one change that has most effect.

LLM, large language model and 大语言模型 are forms of one expression. The most frequent expressions are in other_forms.txt.
Others are learned from papers that explain them: "state space models (SSMs)".

A variant differs from a query in one thing: a part left out, words as a phrase, titles only, and so on.

Advice is found by counting the known papers that variants find. The first of these that applies is given: a field that no
source here brings; a mistake that can be corrected (an author's name in two values, a category by its name); a query in
Chinese although papers lack Chinese texts; words that find far fewer papers as a phrase; the variant that changes most
(without cross-lists; an author also with initials; and, above ten papers a day, titles only).
"""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from itertools import pairwise
from pathlib import Path
from typing import Protocol

from subscriptions import normalize
from subscriptions.query import (
    CATEGORY,
    SOURCE,
    TEXT,
    And,
    Field,
    Leaf,
    Node,
    Not,
    Or,
    Query,
    Term,
    ValueKind,
    rewriting,
)
from subscriptions.query.lexer import fold_value
from subscriptions.query.parse import parse_query

Forms = Mapping[str, tuple[str, ...]]  # the tokens of a form → the other forms as they are written
_LONGEST = 6  # words of a long form
_SHORT = re.compile(r"[(（]([A-Z][A-Za-z-]{1,8})[)）]")
_WORD = re.compile(r"[^\W_]+")


@lru_cache(maxsize=1)
def common_forms() -> Forms:
    """Returns the forms that are built in."""
    lines = Path(__file__).with_name("other_forms.txt").read_text("utf-8").splitlines()
    rows = [tuple(line.split(" = ")) for line in lines]
    return {_key(one): tuple(other for other in row if other != one) for row in rows for one in row}


def learned_forms(texts: Iterable[str]) -> Forms:
    """Returns the long and short forms that some texts explain: for each form, the most frequent other form."""
    found = Counter(pair for text in texts for pair in set(_explained(text)))
    learned: dict[str, tuple[str, ...]] = {}
    for (long, short), _ in found.most_common():
        learned.setdefault(_key(long), (short,))
        learned.setdefault(_key(short), (long,))
    return learned


def _explained(text: str) -> Iterator[tuple[str, str]]:
    """Yields each short form in brackets with the words before it that begin with its letters."""
    for found in _SHORT.finditer(text):
        short = found[1].removesuffix("s") if found[1][:-1].isupper() else found[1]
        letters = short.replace("-", "").casefold()
        words = _WORD.findall(text[max(0, found.start() - 100) : found.start()])[-len(letters) :]
        if 1 < len(words) == len(letters) and all(map(str.startswith, map(str.casefold, words), letters)):
            yield " ".join(words), short


def with_other_forms(node: Node, forms: Forms) -> Node:
    """Returns a node that papers with other forms of its words fulfil, too."""
    if isinstance(node, Leaf):
        others = forms.get(_key(node.words), ()) if node.term.field is TEXT and not node.term.prefix else ()
        return Or((node, *(_leaf(node, other) for other in others))) if others else node
    if isinstance(node, Not):
        return node
    if isinstance(node, Or):
        return Or(tuple(with_other_forms(part, forms) for part in node.nodes))
    parts: list[Node] = []
    rest = list(node.nodes)
    while rest:
        count = next((many for many in range(min(_LONGEST, len(rest)), 1, -1) if _joined(rest[:many]) in forms), 1)
        words = [part for part in rest[:count] if isinstance(part, Leaf)]
        phrase = _leaf(words[0], " ".join(part.words for part in words)) if count > 1 else rest[0]
        parts.append(with_other_forms(phrase, forms))
        rest = rest[count:]
    return And(tuple(parts)) if len(parts) > 1 else parts[0]


def _joined(nodes: Iterable[Node]) -> str:
    """Returns the tokens of words side by side; "" if one of the nodes is no plain word."""
    words = [part.words if isinstance(part, Leaf) and rewriting.is_word(part) else "" for part in nodes]
    return _key(" ".join(words)) if all(words) else ""


def _leaf(like: Leaf, words: str) -> Leaf:
    return replace(like, words=words, quoted=" " in words)


def _key(words: str) -> str:
    return " ".join(normalize.tokens(words))


# ------------------------------------------------------------------------------------------------------------ variants


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
    """Yields each two neighbouring parts of a query, as a query, if the query asks for more than three parts."""
    parts = query.tree.nodes[:MOST] if isinstance(query.tree, And) else ()
    wanted = [part for part in parts if not isinstance(part, Not)]
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
    """Yields the kind of each change, the part that it leaves out, and the change."""
    for kind, change in _CHANGES.items():
        yield kind, "", change
    for place, part in enumerate(tree.nodes[:MOST] if isinstance(tree, And | Or) else ()):
        left_out = part.node if isinstance(part, Not) else part
        shown = rewriting.written(left_out) if isinstance(left_out, Leaf) else f"({rewriting.written(left_out)})"
        yield ("allowed" if isinstance(part, Not) else "without"), shown, partial(rewriting.without_part, place=place)


# -------------------------------------------------------------------------------------------------------------- advice


MANY = 10  # papers a day; a query that finds more is worth narrowing
_FEWER = 0.8  # a narrower variant is advised only if it finds at most this share of the papers
_FEWEST = 2  # a narrower variant is advised only if it finds at least this many papers fewer
_LEFT_OUT = ((0, 0), (0, 1), (1, 0), (0, 2), (2, 0))  # numbers of words before and after the phrase

# If no source brings several fields of a query, the advice is about the first: categories, then authors, then texts.
_ORDER = (ValueKind.CATEGORY, ValueKind.NAME, ValueKind.WORDS, ValueKind.PAPER_ID, ValueKind.LABEL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Advice:
    """One piece of advice on a query.

    `kind`: the name of `absent` (no source here brings what this field looks at); chinese (only papers with Chinese
    text can fit); one-author, named-category (a corrected mistake); phrase, primary, initials, titles (a variant); many (no
    variant narrows the query).
    """

    kind: str
    absent: Field | None = None
    text: str = ""  # the query of the variant; "" if there is no variant
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
        """Returns the number of papers that have a value in a field, or Chinese text.

        `what` is the name of a field that some sources do not bring, or "chinese".
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
    return term.field.in_any_text and normalize.has_chinese("".join(term.tokens))


# --------------------------------------------------------------------------------------------------------------- slips


def _mended(query: Query, known: Known) -> Advice | None:
    """Returns the advice on `author: Jane Doe` and on `cat:machine learning`."""
    for kind, change in (("one-author", rewriting.as_one_author), ("named-category", rewriting.by_its_code)):
        if text := rewriting.rewritten(query, change):
            found = known.count(parse_query(text, query.fields))
            if kind == "named-category" or found or rewriting.has_a_name_in_two(query.tree):
                return Advice(kind=kind, text=text, found=found, of=known.papers)
    return None


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
    # a query of nearness brings only the nearest papers
    many = days > 0 and found > MANY * days and not query.wants_nearness
    kinds = ("initials", *(("primary",) if crosslists else ()), *(("titles",) if many else ()))
    best: Advice | None = None
    for kind in kinds:
        text = rewriting.rewritten(query, _CHANGES[kind])
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
    in_text = rewriting.changed(node, lambda leaf: _in_text(leaf) if leaf.term in wrong else leaf)
    return rewriting.with_leaves(in_text, lambda leaf: leaf.term not in wrong) or node


def _in_text(leaf: Leaf) -> Leaf:
    return rewriting.in_field(leaf, TEXT) if leaf.term.field.kind is ValueKind.WORDS else leaf
