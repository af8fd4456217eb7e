"""The parts of a query: terms, alternatives, the syntax tree."""

import dataclasses
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from subscriptions.errors import Sentence
from subscriptions.query import TEXT, Field, ValueKind


@dataclass(frozen=True, slots=True)
class Term:
    """A condition that a paper fulfils or not.

    Terms are equal if they mean the same, even if they were typed differently.

    The kind of the field tells which attributes hold the value:

    WORDS      `tokens`, as `normalize` makes them. The last token of a prefix term is as written, without the plural
    step. NAME       `tokens`, sorted. The token with a star is the last. `given`: the given names among them, in their
               order, if the paper may have them as initials. CATEGORY   `value`, in lower case: a category
    "cs.lg", or an archive "cs" for all its categories. If there is no such
               category: "?" and the typed text; no paper has this value.
    PAPER_ID   `value`, in lower case: a bare arXiv id or a DOI.
    LABEL      `value`, as `fold_value` makes it.
    NEARNESS   `value`: bare arXiv ids and DOIs, sorted, separated by commas; "library/17" is the library of chat 17.
    MEANING    `value`: the text as typed.

    The last two have a `question` once a query is matched: the vectors of the papers, or of the text
    (`subscriptions.matching.similarity`). Without it, no paper fulfils the term.

    A paper fulfils an ALL term if any text has its `tokens`, one author has its `names` (with `given` as above), or the
    paper has the category in `value`. A TEXT_OR_ID term has its words in `tokens` and the id in `value`.
    """

    field: Field
    tokens: tuple[str, ...] = ()
    prefix: bool = False
    exact: bool = False
    value: str = ""
    names: tuple[str, ...] = ()
    given: tuple[str, ...] = ()
    question: bytes = dataclasses.field(default=b"", repr=False)

    @property
    def in_full(self) -> "Term":
        """The term that does not take initials for full names. What a query excludes must be sure."""
        return dataclasses.replace(self, given=()) if self.given else self


@dataclass(frozen=True, slots=True)
class Alternative:
    """One alternative of a query: a paper must fulfil all terms of `positive` (at least one) and none of `negative`."""

    positive: frozenset[Term]
    negative: frozenset[Term] = frozenset()


@dataclass(frozen=True, slots=True)
class Leaf:
    """A value with its field, as typed. `words` is the value without field, quotes, star and `=`."""

    term: Term
    words: str
    column: int  # where the value begins in the text as typed, in code points from 1
    quoted: bool = False  # whether it was typed or read as a phrase
    canonical: str = field(default="", compare=False, repr=False)  # the canonical text of this value alone
    excluded: str = field(default="", compare=False, repr=False)  # that of `term.in_full`, without a minus


@dataclass(frozen=True, slots=True)
class Not:
    """Excludes `node`, which is a leaf, an And or an Or."""

    node: "Node"
    column: int  # where the first minus is in the text as typed


@dataclass(frozen=True, slots=True)
class And:
    """All of two or more nodes, in the order in which they were typed. None of these nodes is an And itself."""

    nodes: tuple["Node", ...]


@dataclass(frozen=True, slots=True)
class Or:
    """Any of two or more nodes, in the order in which they were typed. None of these nodes is an Or itself."""

    nodes: tuple["Node", ...]


Node: TypeAlias = Leaf | Not | And | Or


def combined(kind: type[And | Or], nodes: Sequence[Node]) -> Node:
    """Return an And or an Or of some nodes; a single node as it is."""
    if len(nodes) > 1:
        return kind(tuple(nodes))
    return nodes[0]


def leaves(node: Node, *, also_excluded: bool = True) -> Iterator[Leaf]:
    """Yield each value of a node, in the order in which they were typed."""
    if isinstance(node, Leaf):
        yield node
    elif also_excluded or not isinstance(node, Not):
        for part in (node.node,) if isinstance(node, Not) else node.nodes:
            yield from leaves(part, also_excluded=also_excluded)


@dataclass(frozen=True, slots=True)
class Query:
    """A query that was parsed."""

    text: str  # as typed
    canonical: str  # the same for queries of the same meaning; can be parsed again; stored, never shown
    alternatives: tuple[Alternative, ...]  # disjunctive normal form, 1 to 64
    hints: tuple[Sentence, ...] = ()  # how the query was read; the most useful first
    tree: Node = field(default=Leaf(Term(TEXT), "", 1), compare=False, repr=False)  # as typed; equal parts occur once
    chat: int = field(default=0, compare=False, repr=False)  # whose library `like:library` means; 0: nobody's

    @property
    def wants_nearness(self) -> bool:
        """Whether an alternative asks for nearness to papers."""
        return any(term.field.kind is ValueKind.NEARNESS for one in self.alternatives for term in one.positive)

    @property
    def terms(self) -> Iterator[Term]:
        """Yield each term of the query once."""
        return iter({term: None for a in self.alternatives for term in (*a.positive, *a.negative)})

    @property
    def asked(self) -> tuple[str, ...]:
        """The texts whose vectors the query needs, each once."""
        return self._values(ValueKind.MEANING)

    @property
    def named(self) -> tuple[str, ...]:
        """The papers and libraries whose vectors the query needs, each once: the names in the values of nearness."""
        return tuple(dict.fromkeys(name for value in self._values(ValueKind.NEARNESS) for name in value.split(",")))

    @property
    def nearness_terms(self) -> tuple[Term, ...]:
        """The terms that need vectors."""
        return tuple(term for term in self.terms if term.field.kind.needs_vectors)

    def _values(self, kind: ValueKind) -> tuple[str, ...]:
        return tuple(dict.fromkeys(term.value for term in self.terms if term.field.kind is kind))
