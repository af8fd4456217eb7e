"""The one piece of advice on a wish that has most effect on the papers known: pure, by counting variants of the query.

First what can never be fulfilled here (a category, a field, a language), then a slip that can be mended (the author's name
in two, a category by its name), then words that find much fewer papers as a phrase. After these what changes most: without
cross-lists, an author also with initials, and for more than ten a day the titles only.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from itertools import groupby
from typing import Protocol

from subscriptions.errors import QueryError
from subscriptions.normalize import is_initial
from subscriptions.query import FIELD_LABELS, And, Leaf, Node, Not, Or, Query, Term, fold_source, parse_query
from subscriptions.query.slips import as_one_author, by_its_code, has_a_name_in_two, is_word

MANY = 10  # papers a day from which on a wish is worth narrowing
_FEWER = 0.8  # a variant that brings more of the papers than this is not worth a word
_FEWEST = 2  # papers that it has to save
_LEFT_OUT = ((0, 0), (0, 1), (1, 0), (0, 2), (2, 0))  # words at the head and at the tail that are not in the phrase

_NEVER = ("category", "author", "abstract", "summary", "doi", "source")  # fields that some sources bring nothing for
_TEXTS = frozenset({"text", "title", "abstract", "summary"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Advice:
    """What a person should hear of a wish.

    `kind`: category, author, abstract, summary, doi, source (nothing known here can satisfy that field); chinese (only
    papers with Chinese text can fit); one-author, named-category (a slip, mended); phrase, primary, initials, titles (a
    variant); many (nothing narrows it).
    """

    kind: str
    text: str = ""  # the query of the variant; "" when there is none
    found: int = 0  # papers that can fit it, or that the variant finds
    of: int = 0  # papers that were looked at
    names: tuple[str, ...] = ()  # of what there is instead: the sources


class Known(Protocol):
    """The papers known, which can only be counted."""

    @property
    def papers(self) -> int:
        """All of them."""

    def count(self, query: Query) -> int:
        """Those that a query finds."""

    def having(self, kind: str) -> int:
        """Those with a category, an author, an abstract, a summary, a doi, or with Chinese text ("chinese")."""

    def sources(self) -> tuple[str, ...]:
        """Who brought them."""


def advise(
    query: Query, known: Known, *, days: int, categorised: bool = True, crosslists: bool = True
) -> Advice | None:
    """The advice on a query over the papers of `days` days; None: it is fine as it is.

    `categorised`: some source tells categories. `crosslists`: the chat gets cross-listed papers.
    """
    never = _never(query, known, categorised=categorised)
    slip = never or _mended(query, known) or _chinese(query, known)
    return slip or _phrase(query, known) or _variant(query, known, days, crosslists=crosslists)


# ------------------------------------------------------------------------------------------- what nothing here can satisfy


def _never(query: Query, known: Known, *, categorised: bool) -> Advice | None:
    for kind in _NEVER:
        asked = [term for term in query.terms if _field(term) == kind]
        can = _possible(kind, known, categorised=categorised) if asked else None
        if can and all(any(_field(t) == kind and not can(t) for t in a.positive) for a in query.alternatives):
            wrong = frozenset(term for term in asked if not can(term))
            names = known.sources() if kind == "source" else ()
            text = _rewritten(query, partial(_without, wrong=wrong))
            return Advice(kind=kind, text=text, of=known.papers, names=names)
    return None


def _possible(kind: str, known: Known, *, categorised: bool) -> Callable[[Term], bool] | None:
    """Whether a term of a field can be satisfied here; None: any may be."""
    if kind == "source":
        sources = set(map(fold_source, known.sources()))
        return (lambda term: term.value in sources) if known.papers else None
    there = not known.papers or known.having(kind) > 0
    return None if there and (categorised or kind != "category") else lambda _: False


def _field(term: Term) -> str:
    return "category" if term.field == "primary" else term.field


def _chinese(query: Query, known: Known) -> Advice | None:
    """A query in Chinese finds papers only by their Chinese texts."""
    if not all(any(_is_chinese_term(term) for term in a.positive) for a in query.alternatives):
        return None
    able, of = known.having("chinese"), known.papers
    return Advice(kind="chinese", found=able, of=of) if able < of else None


def _is_chinese_term(term: Term) -> bool:
    return term.field in _TEXTS and any(map(_is_han, "".join(term.tokens)))


def _is_han(char: str) -> bool:
    """CJK Unified Ideographs with extension A; rarer ones stand beside these."""
    return "\u3400" <= char <= "\u9fff"


# --------------------------------------------------------------------------------------------------------------- slips


def _mended(query: Query, known: Known) -> Advice | None:
    """What was meant by `author: Jane Doe` and by `cat:machine learning`."""
    for kind, change in (("one-author", as_one_author), ("named-category", by_its_code)):
        if text := _rewritten(query, change):
            found = known.count(parse_query(text))
            if kind == "named-category" or found or has_a_name_in_two(query.tree):
                return Advice(kind=kind, text=text, found=found, of=known.papers)
    return None


# ------------------------------------------------------------------------------------------------------------ variants


def _phrase(query: Query, known: Known) -> Advice | None:
    """Words side by side as a phrase, as many as possible, when that finds far fewer papers."""
    found = known.count(query)
    if found <= _FEWEST:
        return None
    tried: set[str] = set()
    for head, tail in _LEFT_OUT:
        text = _rewritten(query, partial(_as_phrase, head=head, tail=tail))
        if not text or text in tried:
            continue
        tried.add(text)
        brings = known.count(parse_query(text))
        if _worth_it("phrase", found, brings):
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
        brings = known.count(parse_query(text))
        if _worth_it(kind, found, brings) and (best is None or abs(brings - found) > abs(best.found - found)):
            best = Advice(kind=kind, text=text, found=brings, of=known.papers)
    return best or (Advice(kind="many", found=found, of=known.papers) if many else None)


def _worth_it(kind: str, found: int, brings: int) -> bool:
    if kind == "initials":
        return brings > found
    return 0 < brings <= found * _FEWER and found - brings >= _FEWEST


def _as_phrase(node: Node, *, head: int = 0, tail: int = 0) -> Node:
    """Words that stand side by side as one phrase, without the first `head` and the last `tail` of them."""
    change = partial(_as_phrase, head=head, tail=tail)
    if isinstance(node, Or):  # a part of one alternative's words would be a part of all others'
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
    return _each(node, "category", lambda leaf: replace(leaf, term=replace(leaf.term, field="primary")))


def _in_titles(node: Node) -> Node:
    return _each(node, "text", lambda leaf: replace(leaf, term=replace(leaf.term, field="title")))


def _with_initials(node: Node) -> Node:
    """An author under the whole name or under the initial: "Jane Doe" or "J. Doe"."""
    return _each(node, "author", _also_initial)


def _also_initial(leaf: Leaf) -> Node:
    first, *others = leaf.words.replace(".", " ").split() or [""]
    if not others or leaf.term.prefix or leaf.term.exact or is_initial(first.casefold()) or not first[0].isascii():
        return leaf
    return Or((leaf, replace(leaf, words=f"{first[0].upper()}. {others[-1]}", quoted=True)))


def _each(node: Node, field: str, change: Callable[[Leaf], Node]) -> Node:
    """With the wanted leaves of a field changed; what is excluded stays."""
    if isinstance(node, Leaf):
        return change(node) if node.term.field == field else node
    if isinstance(node, Not):
        return node
    return type(node)(tuple(_each(part, field, change) for part in node.nodes))


def _without(node: Node, wrong: frozenset[Term]) -> Node:
    """Words of a field in any text; a category, an author, a DOI or a source is left out."""
    if isinstance(node, Leaf):
        in_any_text = node.term in wrong and node.term.field in _TEXTS
        return replace(node, term=replace(node.term, field="text")) if in_any_text else node
    if isinstance(node, Not):
        return node
    kept = tuple(_without(part, wrong) for part in node.nodes if not _is_left_out(part, wrong))
    if not kept:
        return node
    return type(node)(kept) if len(kept) > 1 else kept[0]


def _is_left_out(node: Node, wrong: frozenset[Term]) -> bool:
    return isinstance(node, Leaf) and node.term in wrong and node.term.field not in _TEXTS


# ----------------------------------------------------------------------------------------------------- trees as queries


def _rewritten(query: Query, change: Callable[[Node], Node]) -> str:
    """The changed query as people write it; "" when nothing changes, or when it would not be read as meant."""
    if _canonical(_written(query.tree)) != query.canonical:
        return ""
    text = _written(change(query.tree))
    return text if _canonical(text) not in (None, query.canonical) else ""


def _canonical(text: str) -> str | None:
    try:
        return parse_query(text).canonical
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
    return (
        FIELD_LABELS.get(leaf.term.field, "") + ("=" if leaf.term.exact else "") + (f'"{words}"' if quoted else words)
    )
