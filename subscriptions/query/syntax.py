"""The values of the query language: the tree of what was typed, and the terms and alternatives that it means."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TypeAlias

from subscriptions.errors import Sentence
from subscriptions.query.fields import FIELDS, TEXT, Field, Fields, WordsOfPapers


@dataclass(frozen=True, slots=True)
class Term:
    """A condition that a paper fulfils or not. Equal terms have the same meaning, however they were typed.

    The kind of the field says where the value of the term is:

    WORDS      `tokens`, as `normalize` makes them. The last token of a prefix term is as written (step 5, no plural).
    NAME       `tokens`, sorted; the token of a prefix is the last.
    CATEGORY   `value`, in lower case: a category "cs.lg", or an archive "cs" for all categories below it. "?" and the
               typed text if there is no such category; no paper has it.
    PAPER_ID   `value`, in lower case: a bare arXiv id or a DOI.
    LABEL      `value`, as `fold_value` makes it.
    NEARNESS   `value`: bare arXiv ids and DOIs, sorted, with commas between. `near`: the words of these papers with their
               weights; () where they are not known, and then no paper fulfils the term.

    An ALL term is fulfilled by its `tokens` in any text, by its `names` in one author, or by the category in `value` if
    that is not "". A TEXT_OR_ID term has its words in `tokens` and the id in `value`.
    """

    field: Field
    tokens: tuple[str, ...] = ()
    prefix: bool = False
    exact: bool = False
    value: str = ""
    names: tuple[str, ...] = ()
    near: WordsOfPapers = ()


@dataclass(frozen=True, slots=True)
class Alternative:
    """A conjunction of the normal form: all of `positive` (at least one) and none of `negative`."""

    positive: frozenset[Term]
    negative: frozenset[Term] = frozenset()


@dataclass(frozen=True, slots=True)
class Leaf:
    """A value with its field, as typed. `words` is the value without field, quotes, star and `=`."""

    term: Term
    words: str
    column: int  # of the first character of the value in the text as typed, in code points from 1
    quoted: bool = False  # whether it was typed or read as a phrase
    canonical: str = field(default="", compare=False, repr=False)  # the canonical text of this value alone


@dataclass(frozen=True, slots=True)
class Not:
    """Excludes `node`, which is a leaf, an And or an Or."""

    node: "Node"
    column: int  # of the first minus


@dataclass(frozen=True, slots=True)
class And:
    """All of two or more nodes, in the order in which they were typed. No node of an And is an And."""

    nodes: tuple["Node", ...]


@dataclass(frozen=True, slots=True)
class Or:
    """Any of two or more nodes, in the order in which they were typed. No node of an Or is an Or."""

    nodes: tuple["Node", ...]


Node: TypeAlias = Leaf | Not | And | Or


@dataclass(frozen=True, slots=True)
class Query:
    """A query that was parsed."""

    text: str  # as typed
    canonical: str  # equal for queries of equal meaning, and a query itself; stored, never shown
    alternatives: tuple[Alternative, ...]  # disjunctive normal form, 1 to 64
    hints: tuple[Sentence, ...] = ()  # the most useful first
    tree: Node = field(default=Leaf(Term(TEXT), "", 1), compare=False, repr=False)  # as typed; equal parts occur once
    fields: Fields = field(default=FIELDS, compare=False, repr=False)  # that it could name

    @property
    def wants_nearness(self) -> bool:
        """Whether some alternative wants nearness to papers whose words are known."""
        return any(term.near for one in self.alternatives for term in one.positive)

    @property
    def terms(self) -> Iterator[Term]:
        """Yields each term of the query once."""
        return iter({term: None for a in self.alternatives for term in (*a.positive, *a.negative)})
