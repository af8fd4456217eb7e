"""The query language (docs/queries.md): typed text -> syntax tree and alternatives -> canonical text.

This module defines the parts of a query, their values, their boolean algebra, and the fields. `parse` reads a text.
`rewriting` makes texts that people can read and type. `advice` finds better queries. `links` finds the papers that a
text names.
"""

import dataclasses
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum, auto
from functools import cached_property
from math import prod
from types import MappingProxyType
from typing import TypeAlias

from subscriptions.errors import Sentence
from subscriptions.model import Paper
from subscriptions.texts import artefacts_in, summary_state


class ValueKind(Enum):
    """The kind of a field's values, which decides how a value is read and compared with papers."""

    WORDS = auto()  # words side by side in one text
    NAME = auto()  # parts of one person's name, in any order
    CATEGORY = auto()  # a category of arXiv, or an archive for all categories below it
    PAPER_ID = auto()  # an arXiv id or a DOI, also as a link
    LABEL = auto()  # a text that is compared as a whole, letter case ignored
    COMBINED = auto()  # a value that any of several fields may have (`matching.simple_terms`)
    NEARNESS = auto()  # ids of papers; the query finds papers with similar words
    MEANING = auto()  # a text; the query finds papers that are near to it in meaning


WordsOfPapers = tuple[tuple[str, int], ...]
"""The words by which papers near to some given papers are found, with weights in thousandths, the weightiest first."""


_IN_THE_TEXT = Sentence("in the text")


def _nothing(_: Paper) -> tuple[str, ...]:
    return ()


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Field:
    """A field of the query language. Fields are compared by identity."""

    name: str  # full English name, lower case; in JSON documents and readings
    aliases: tuple[str, ...] = ()  # its other names, in any language, lower case
    short: str = ""  # the name that paperwire writes in queries; default: `name`
    canonical: str = ""  # the name in stored canonical texts, which must never change; default: `name`
    kind: ValueKind
    values: Callable[[Paper], Iterable[str]] = _nothing  # a paper's texts, names, codes or labels in this field
    example: str  # a query with this field that works
    reading: Sentence | None = None  # describes the field and its {words} to people; default: its name
    place: Sentence = _IN_THE_TEXT  # how `why` describes the place of a hit
    help: tuple[str, Sentence] | None = None  # its line in the help on queries: a query, and what it finds
    absence: Sentence | None = None  # the reply if no source brings values of this field; None: every source does
    narrows: "Field | None" = None  # a field with all values of this field and more: CATEGORY for PRIMARY
    is_bare: bool = False  # True for the field that has no name: it has the values that are typed without a field
    in_any_text: bool = False  # whether words without a field are looked for in its texts; needs a `column`
    is_indexed_apart: bool = False  # whether the index for many queries has separate features for its words
    column: str = ""  # its column in the full-text index of stored papers; "": the papers themselves are read instead

    @property
    def names(self) -> tuple[str, ...]:
        """All names that can be typed before the colon."""
        return () if self.is_bare else (self.name, *self.aliases)

    @property
    def prefix(self) -> str:
        """The prefix of a value in a query that paperwire writes, such as "ti:"; "" for a bare value."""
        return "" if self.is_bare else f"{self.short or self.name}:"

    @property
    def canonical_prefix(self) -> str:
        """The prefix of a value in a canonical text, such as "title:"; "" for a bare value."""
        return "" if self.is_bare else f"{self.canonical or self.name}:"

    def __repr__(self) -> str:
        return f"<{self.name}>"


def primary_of(paper: Paper) -> str | None:
    """Returns the category to which a paper was submitted; None if it is unknown."""
    return paper.primary or next(iter(paper.categories), None)


def _titles(paper: Paper) -> list[str]:
    return [paper.title, *(translation.title for translation in paper.translations)]


def _abstracts(paper: Paper) -> list[str]:
    return [paper.abstract, *(translation.abstract for translation in paper.translations)]


def _summaries(paper: Paper) -> list[str]:
    """Returns the texts of summaries, except those that only say that the summary failed."""
    return [text for summary in paper.summaries for text in summary.fields.values() if summary_state(text) == "ok"]


TITLE = Field(
    name="title",
    aliases=("ti", "intitle", "标题"),
    short="ti",
    kind=ValueKind.WORDS,
    values=_titles,
    example="ti:diffusion",
    reading=Sentence("title:{words}"),
    place=Sentence("in the title"),
    help=("ti:diffusion", Sentence("in the title; abs: in the abstract")),
    in_any_text=True,
    is_indexed_apart=True,
    column="title",
)
ABSTRACT = Field(
    name="abstract",
    aliases=("abs", "摘要"),
    short="abs",
    kind=ValueKind.WORDS,
    values=_abstracts,
    example="abs:diffusion",
    reading=Sentence("abstract:{words}"),
    place=Sentence("in the abstract"),
    absence=Sentence("No source here brings abstracts, so no paper can fit."),
    in_any_text=True,
    column="abstract",
)
SUMMARY = Field(
    name="summary",
    aliases=("tldr", "总结"),
    kind=ValueKind.WORDS,
    values=_summaries,
    example="summary:diffusion",
    reading=Sentence("summary:{words}"),
    place=Sentence("in a summary"),
    absence=Sentence("No source here brings summaries, so no paper can fit."),
    in_any_text=True,
    column="summary",
)
AUTHOR = Field(
    name="author",
    aliases=("au", "作者"),
    kind=ValueKind.NAME,
    values=lambda paper: paper.authors,
    example='author:"Jane Doe"',
    reading=Sentence("author:{words}"),
    place=Sentence("author"),
    help=('author:"L. Guibas"', Sentence("by whom, with an initial")),
    absence=Sentence("No source here gives authors, so no paper can fit."),
    column="author",
)
CATEGORY = Field(
    name="category",
    aliases=("cat", "类别", "分类"),
    short="cat",
    canonical="cat",
    kind=ValueKind.CATEGORY,
    values=lambda paper: paper.categories,
    example="cat:cs.LG",
    reading=Sentence("category:{words}"),
    place=Sentence("category"),
    help=("cat:cs.CV", Sentence("a category; cat:cs.* all of cs")),
    absence=Sentence("No source here gives categories, so no paper can fit."),
    column="label",
)
PRIMARY = Field(
    name="primary",
    aliases=("主类别",),
    kind=ValueKind.CATEGORY,
    values=lambda paper: filter(None, (primary_of(paper),)),
    example="primary:cs.LG",
    reading=Sentence("primary:{words}"),
    place=Sentence("first category"),
    narrows=CATEGORY,
    column="label",
)
ID = Field(
    name="id",
    aliases=("编号",),
    kind=ValueKind.PAPER_ID,
    values=lambda paper: (paper.arxiv_id or paper.key,),
    example="id:2601.15529",
    reading=Sentence("id:{words}"),
    place=Sentence("arXiv id"),
)
DOI = Field(
    name="doi",
    kind=ValueKind.PAPER_ID,
    values=lambda paper: filter(None, (paper.doi,)),
    example="doi:10.1101/2026.01.22.123456",
    place=Sentence("DOI"),
    absence=Sentence("No source here gives DOIs, so no paper can fit."),
)
SOURCE = Field(
    name="source",
    aliases=("来源",),
    kind=ValueKind.LABEL,
    values=lambda paper: paper.sources,
    example="source:daily",
    reading=Sentence("source:{words}"),
    place=Sentence("source"),
    absence=Sentence("No paper I know came from there. There are: {names}."),
)
VENUE = Field(
    name="venue",
    aliases=("journal", "期刊"),
    kind=ValueKind.WORDS,
    values=lambda paper: filter(None, (paper.venue,)),
    example='venue:"Nature Chemistry"',
    reading=Sentence("venue:{words}"),
    place=Sentence("venue"),
    absence=Sentence("No source here names journals, so no paper can fit."),
)
HAS = Field(
    name="has",
    kind=ValueKind.LABEL,
    values=lambda paper: artefacts_in(paper.abstract, paper.comment),
    example="has:code",
    place=Sentence("address of code or data"),
)
LIKE = Field(
    name="like",
    aliases=("相似",),
    kind=ValueKind.NEARNESS,
    example="like:2601.15529",
    reading=Sentence("like:{words}"),
    place=Sentence("near by the words"),
    help=("like:2601.15529", Sentence("near to a paper; several with commas")),
)
ABOUT = Field(
    name="about",
    aliases=("关于",),
    kind=ValueKind.MEANING,
    example='about:"protein folding"',
    reading=Sentence("about:{words}"),
    place=Sentence("near in meaning"),
    help=('about:"protein folding"', Sentence("near in meaning, in any language")),
)
ALL = Field(
    name="all",
    aliases=("全部",),
    kind=ValueKind.COMBINED,
    example="all:diffusion",
    reading=Sentence("all:{words}"),
)
"""Words in any text, or parts of an author's name, or a category."""


TEXT = Field(name="text", kind=ValueKind.WORDS, example="diffusion", is_bare=True, in_any_text=True)
"""The field of words without a field: the texts of every field with `in_any_text`."""


TEXT_OR_ID = Field(name="text-or-id", kind=ValueKind.COMBINED, example="2601.15529", is_bare=True)
"""The field of an arXiv id that is typed without a field: finds its paper, and papers with the same words in a text."""


LEFT_OUT = Field(name="co", aliases=("jr", "rn"), kind=ValueKind.LABEL, example="diffusion")
"""Comment, journal and report number in queries of arXiv's API. No digest has them, so their values are left out."""


class Fields:
    """The fields that a query may name. `FIELDS` are the fields of paperwire.

    `words`: value of a nearness term → words of the papers that the value names. `questions`: value of a term of meaning →
    its vector (`subscriptions.meaning`).
    """

    def __init__(
        self,
        *fields: Field,
        words: Mapping[str, WordsOfPapers] = MappingProxyType({}),
        questions: Mapping[str, bytes] = MappingProxyType({}),
    ) -> None:
        self.by_name = {name: field for field in fields for name in field.names}
        foreign = (name for name in self.by_name if not name.isascii())
        self.pattern = re.compile(rf"({'|'.join(('[A-Za-z]+', *foreign))}):")
        self.words = words
        self.questions = questions
        self._fields = fields

    def __iter__(self) -> Iterator[Field]:
        """Yields every field, in the order in which hits are shown."""
        return iter(self._fields)

    def __contains__(self, field: Field) -> bool:
        """Returns whether a query may name a field."""
        return field in self._fields

    def also(self, *more: Field) -> "Fields":
        """Returns these fields together with `more`."""
        return Fields(*self._fields, *more, words=self.words, questions=self.questions)

    def knowing(self, words: Mapping[str, WordsOfPapers]) -> "Fields":
        """Returns these fields with the words of more papers.

        A query that names these papers can find papers near to them.
        """
        return Fields(*self._fields, words={**self.words, **words}, questions=self.questions)

    def asking(self, questions: Mapping[str, bytes]) -> "Fields":
        """Returns these fields with the vectors of more questions. A query with these can find papers near to them."""
        return Fields(*self._fields, words=self.words, questions={**self.questions, **questions})


FIELDS = Fields(TITLE, ABSTRACT, SUMMARY, AUTHOR, CATEGORY, PRIMARY, ID, DOI, SOURCE, VENUE, HAS, LIKE, ABOUT, ALL)


# ------------------------------------------------------------------------------------ the values of the query language


@dataclass(frozen=True, slots=True)
class Term:
    """A condition that a paper fulfils or not. Terms are equal if they mean the same, even if they were typed differently.

    The kind of the field tells which attributes hold the value:

    WORDS      `tokens`, as `normalize` makes them. The last token of a prefix term is as written, without the plural step.
    NAME       `tokens`, sorted. The token with a star is the last.
    CATEGORY   `value`, in lower case: a category "cs.lg", or an archive "cs" for all its categories. If there is no such
               category: "?" and the typed text; no paper has this value.
    PAPER_ID   `value`, in lower case: a bare arXiv id or a DOI.
    LABEL      `value`, as `fold_value` makes it.
    NEARNESS   `value`: bare arXiv ids and DOIs, sorted, separated by commas. `near`: (word, weight) for the words of
               these papers. If the words are not known, it is () and no paper fulfils the term.
    MEANING    `value`: the text as typed. `question`: its vector; b"" if it is not known, and no paper fulfils the term.

    A paper fulfils an ALL term if any text has its `tokens`, one author has its `names`, or the paper has the category
    in `value`. A TEXT_OR_ID term has its words in `tokens` and the id in `value`.
    """

    field: Field
    tokens: tuple[str, ...] = ()
    prefix: bool = False
    exact: bool = False
    value: str = ""
    names: tuple[str, ...] = ()
    near: WordsOfPapers = ()
    question: bytes = dataclasses.field(default=b"", compare=False, repr=False)


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


@dataclass(frozen=True, slots=True)
class Query:
    """A query that was parsed."""

    text: str  # as typed
    canonical: str  # the same for queries of the same meaning; can be parsed again; stored, never shown
    alternatives: tuple[Alternative, ...]  # disjunctive normal form, 1 to 64
    hints: tuple[Sentence, ...] = ()  # how the query was read; the most useful first
    tree: Node = field(default=Leaf(Term(TEXT), "", 1), compare=False, repr=False)  # as typed; equal parts occur once
    fields: Fields = field(default=FIELDS, compare=False, repr=False)  # the fields that it could name

    @property
    def wants_nearness(self) -> bool:
        """Whether an alternative asks for nearness to papers whose words are known."""
        return any(term.near for one in self.alternatives for term in one.positive)

    @property
    def terms(self) -> Iterator[Term]:
        """Yields each term of the query once."""
        return iter({term: None for a in self.alternatives for term in (*a.positive, *a.negative)})

    @property
    def asked(self) -> tuple[str, ...]:
        """The texts whose vectors the query needs, each once."""
        return tuple(term.value for term in self.terms if term.field.kind is ValueKind.MEANING)


# ------------------------------------------------------------------------------------------- boolean algebra of queries

# Parts of a query know their canonical text, their normal form, and their opposite. They are built from the leaves up, so
# even deeply nested brackets cannot exhaust the stack. Equal neighbours are merged at once. The number of alternatives is
# known before any part is expanded.


@dataclass(frozen=True, slots=True, eq=False)
class Form:
    """A boolean expression in a normal form: only terms are excluded, equal parts occur once, parts are sorted by text."""

    text: str  # the canonical text; expressions with equal texts have the same meaning
    kind: type[And | Or | Leaf]
    parts: tuple["Form", ...] = ()  # two or more, none of the same kind as this expression
    alternatives: int = 1
    term: Term | None = None
    excluded: bool = False


class QueryPart:
    """A part of a query: its node as typed, its form, and the form of its opposite."""

    def __init__(self, node: Node, form: Form, parts: Sequence["QueryPart"] = ()) -> None:
        self.node = node
        self.form = form
        self.parts = parts  # the parts of an And or Or, or the excluded part of a Not
        self.negation: QueryPart | None = None  # the part that this part negates
        self.holds_not: bool = isinstance(node, Not) or any(part.holds_not for part in parts)
        self.only_excludes = self._only_excludes()

    @cached_property
    def opposite(self) -> Form:
        """The form of the negation of this part."""
        if isinstance(self.node, Leaf):
            return Form(f"-{self.form.text}", Leaf, term=self.form.term, excluded=True)
        kind = Or if isinstance(self.node, And) else And
        return _merged(kind, [part.opposite for part in self.parts])

    def _only_excludes(self) -> int | None:
        """Returns the column of the first minus if an alternative of this part only excludes; otherwise None."""
        if isinstance(self.node, Leaf):
            return None
        if isinstance(self.node, Not):
            return self.node.column
        columns = [part.only_excludes for part in self.parts]
        found = [column for column in columns if column is not None]
        if isinstance(self.node, And):
            return min(found) if len(found) == len(columns) else None
        return min(found, default=None)


def joined(kind: type[And | Or], parts: Sequence[QueryPart], form: Form | None = None) -> QueryPart:
    """Joins one or more parts into an And or an Or. Drops needless brackets and repeated parts.

    `form` is the form of the result, if the caller already knows it.
    """
    if len(parts) == 1:
        return parts[0]
    different: dict[str, QueryPart] = {}
    for part in parts:
        for inner in part.parts if isinstance(part.node, kind) else (part,):
            different.setdefault(inner.form.text, inner)
    rest = tuple(different.values())
    if len(rest) == 1:
        return rest[0]
    node = kind(tuple(part.node for part in rest))
    return QueryPart(node, form or _merged(kind, [part.form for part in rest]), rest)


def excluding(part: QueryPart, column: int) -> QueryPart:
    """Returns the opposite of a part.

    `column` is the place of the minus. Brackets without a minus inside stay as typed.
    """
    node = part.node
    if isinstance(node, Not):
        return part.parts[0]
    if part.negation:
        opposite = QueryPart(part.negation.node, part.negation.form, part.negation.parts)
        # the minus of this part comes before all others in it
        opposite.only_excludes = None if opposite.only_excludes is None else column
    elif part.holds_not:
        kind = Or if isinstance(node, And) else And
        opposite = joined(kind, [excluding(inner, column) for inner in part.parts], part.opposite)
    else:
        opposite = QueryPart(Not(node, column), part.opposite, (part,))
    opposite.opposite = part.form
    opposite.negation = part
    return opposite


def expanded(form: Form) -> tuple[Alternative, ...]:
    """Returns the alternatives of a form, each once."""
    return tuple(
        Alternative(
            frozenset(term for term, excluded in terms if not excluded),
            frozenset(term for term, excluded in terms if excluded),
        )
        for terms in _expanded(form)
    )


_Literals = frozenset[tuple[Term, bool]]


def _expanded(form: Form) -> list[_Literals]:
    if form.term is not None:
        return [frozenset(((form.term, form.excluded),))]
    if form.kind is Or:
        alternatives: list[_Literals] = []
        for part in form.parts:  # a generator here would make the stack three times as deep for nested brackets
            alternatives += _expanded(part)
        return _different(alternatives)
    simple = frozenset((part.term, part.excluded) for part in form.parts if part.term is not None)
    found: list[_Literals] = [simple]
    for part in form.parts:
        if part.term is None:
            choices = _expanded(part)
            found = _different(one | other for one in found for other in choices)
    return found


def _different(alternatives: Iterable[_Literals]) -> list[_Literals]:
    return list(dict.fromkeys(alternatives))


def _merged(kind: type[And | Or], forms: Iterable[Form]) -> Form:
    different = {part.text: part for form in forms for part in (form.parts if form.kind is kind else (form,))}
    parts = tuple(sorted(different.values(), key=_order))
    if len(parts) == 1:
        return parts[0]
    if kind is Or:
        return Form(" OR ".join(part.text for part in parts), Or, parts, sum(part.alternatives for part in parts))
    text = " ".join(f"({part.text})" if part.kind is Or else part.text for part in parts)
    return Form(text, And, parts, prod(part.alternatives for part in parts))


def _order(form: Form) -> tuple[bool, str]:
    return form.excluded, form.text
