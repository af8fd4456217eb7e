"""The values of the query language: what was typed (a tree), what it means (terms and alternatives)."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TypeAlias

from subscriptions.errors import Sentence


@dataclass(frozen=True, slots=True)
class Term:
    """One thing that a paper has or has not. Equal terms mean the same; how it was typed is not part of it.

    `field`: text (bare: titles, abstracts, translations, summary fields), title, abstract, summary, author, category,
    primary, id, doi, source, all, or text-or-id (a bare arXiv id: the text or the id).
    `tokens`: normalised as normalize.py does for that field; of a prefix term the last token is the beginning as
    written (before the plural step). Those of an author stand sorted, a prefix last.
    `value`: instead of tokens for category and primary (lower case code "cs.lg", or an archive "cs" that stands for all
    below it; "?" and what was typed when there is no such category, which no paper has), id (bare arXiv id, lower
    case), doi (lower case), source (as `fold_source` makes it).
    An `all` term asks for its `tokens` in any text, or its `names` in one author (as an author term has them in
    `tokens`), or, where `value` is not "", that category. A text-or-id term has the id in `value`.
    """

    field: str
    tokens: tuple[str, ...] = ()
    prefix: bool = False
    exact: bool = False
    value: str = ""
    names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Alternative:
    """A conjunction of the normal form: all of `positive` (at least one) and none of `negative`."""

    positive: frozenset[Term]
    negative: frozenset[Term] = frozenset()


@dataclass(frozen=True, slots=True)
class Leaf:
    """A value with its field, as typed. `words` is without field, quotes, star and `=`."""

    term: Term
    words: str
    column: int  # where the value begins in the text as typed, code points from 1
    quoted: bool = False  # it was typed as, or is read as, a phrase
    canonical: str = field(default="", compare=False, repr=False)  # the canonical text of this value alone


@dataclass(frozen=True, slots=True)
class Not:
    """Excludes `node`, which is a leaf or a group of several."""

    node: "Node"
    column: int  # of the first sign


@dataclass(frozen=True, slots=True)
class And:
    """All of these, two or more, in the order they were typed; none of them is an And."""

    nodes: tuple["Node", ...]


@dataclass(frozen=True, slots=True)
class Or:
    """Any of these, two or more, in the order they were typed; none of them is an Or."""

    nodes: tuple["Node", ...]


Node: TypeAlias = Leaf | Not | And | Or


@dataclass(frozen=True, slots=True)
class Query:
    """A query that was understood."""

    text: str  # as typed
    canonical: str  # re-parsable; equal for equal queries; internal
    alternatives: tuple[Alternative, ...]  # disjunctive normal form, 1 to 64
    hints: tuple[Sentence, ...] = ()  # the most useful first
    tree: Node = field(default=Leaf(Term("text"), "", 1), compare=False, repr=False)  # as typed, doubled parts once

    @property
    def terms(self) -> Iterator[Term]:
        """Every different term of the query."""
        return iter({term: None for a in self.alternatives for term in (*a.positive, *a.negative)})
