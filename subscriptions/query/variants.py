"""The other forms of an expression: LLM, large language model and 大语言模型 are one.

The most frequent stand in other_forms.txt. Others are learned from papers that explain them: "state space models (SSMs)".
"""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from itertools import pairwise
from pathlib import Path

from subscriptions.normalize import tokens
from subscriptions.query import TEXT, And, Leaf, Node, Not, Or, Query, rewriting

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
    """Returns the pairs of a long and a short form that some texts explain: for each form the commonest other one."""
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
    """Returns a node that is also fulfilled by the other forms of its words."""
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
    return " ".join(tokens(words))


# -------------------------------------------------------------- variants of a query that may find more or fewer papers

# a part left out, words as a phrase, titles only, and so on.


MOST = 8  # parts of a query that are left out, each by itself
_FEW = 3

_CHANGES: tuple[tuple[str, Callable[[Node], Node]], ...] = (
    ("phrase", rewriting.as_phrase),
    ("titles", rewriting.in_titles),
    ("primary", rewriting.without_crosslists),
    ("initials", rewriting.with_initials),
    ("anywhere", rewriting.in_any_text),
    ("author", rewriting.as_author),
    ("any", rewriting.joined_by_or),
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
        text = rewriting.rewritten(query, change)
        if text not in seen:
            seen.add(text)
            yield Variant(kind=kind, text=text, part=part)


def _changes(tree: Node) -> Iterator[tuple[str, str, Callable[[Node], Node]]]:
    """Yields the kind of each change, the part that it leaves out, and the change."""
    for kind, change in _CHANGES:
        yield kind, "", change
    for place, part in enumerate(tree.nodes[:MOST] if isinstance(tree, And | Or) else ()):
        left_out = part.node if isinstance(part, Not) else part
        shown = rewriting.written(left_out) if isinstance(left_out, Leaf) else f"({rewriting.written(left_out)})"
        yield ("allowed" if isinstance(part, Not) else "without"), shown, partial(rewriting.without_part, place=place)
