"""The query language (docs/queries.md) and its fields: names in English and Chinese, what each asks for.

This module has the fields and their values. `tree` has the parts of a query. A text goes through `lexer`, `commas`,
`parse` and `value_reader`, and its parts become a `normal_form`; `refusals` are the answers, with hints.
`rewriting` makes texts that people can read and type. `links` finds the papers that a text names.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import Enum, auto

from subscriptions.errors import Sentence
from subscriptions.model import Paper
from subscriptions.text.statements import artefacts_in, summary_state


class ValueKind(Enum):
    """The kind of a field's values, which decides how a value is read and compared with papers."""

    WORDS = auto()  # words side by side in one text
    NAME = auto()  # parts of one person's name, in any order
    CATEGORY = auto()  # a category of arXiv, or an archive for all categories below it
    PAPER_ID = auto()  # an arXiv id or a DOI, also as a link
    LABEL = auto()  # a text that is compared as a whole, letter case ignored
    COMBINED = auto()  # a value that any of several fields may have (`matching.simple_terms`)
    NEARNESS = auto()  # ids of papers; the query finds papers that are near to one of them in meaning
    MEANING = auto()  # a text; the query finds papers that are near to it in meaning

    @property
    def needs_vectors(self) -> bool:
        """Whether papers are compared with vectors, which a query gets when it is matched."""
        return self in (ValueKind.NEARNESS, ValueKind.MEANING)


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
    is_bare: bool = False  # True for the field that has no name: it has the values that are typed without a field
    in_any_text: bool = False  # whether words without a field are looked for in its texts; needs a `column`
    column: str = ""  # its column in the full-text index of stored papers; "": the papers themselves are read instead

    @property
    def names(self) -> tuple[str, ...]:
        """All names that can be typed before the colon."""
        if self.is_bare:
            return ()
        return (self.name, *self.aliases)

    @property
    def prefix(self) -> str:
        """The prefix of a value in a query that paperwire writes, such as "ti:"; "" for a bare value."""
        if self.is_bare:
            return ""
        return f"{self.short or self.name}:"

    @property
    def canonical_prefix(self) -> str:
        """The prefix of a value in a canonical text, such as "title:"; "" for a bare value."""
        if self.is_bare:
            return ""
        return f"{self.canonical or self.name}:"

    def __repr__(self) -> str:
        return f"<{self.name}>"


def primary_of(paper: Paper) -> str | None:
    """Return the category to which a paper was submitted; None if it is unknown."""
    return paper.primary or next(iter(paper.categories), None)


def _titles(paper: Paper) -> list[str]:
    return [paper.title, *(translation.title for translation in paper.translations)]


def _abstracts(paper: Paper) -> list[str]:
    return [paper.abstract, *(translation.abstract for translation in paper.translations)]


def _summaries(paper: Paper) -> list[str]:
    """Return the texts of summaries, except those that only say that the summary failed."""
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
)
SOURCE = Field(
    name="source",
    aliases=("来源",),
    kind=ValueKind.LABEL,
    values=lambda paper: paper.sources,
    example="source:daily",
    reading=Sentence("source:{words}"),
    place=Sentence("source"),
)
VENUE = Field(
    name="venue",
    aliases=("journal", "期刊"),
    kind=ValueKind.WORDS,
    values=lambda paper: filter(None, (paper.venue,)),
    example='venue:"Nature Chemistry"',
    reading=Sentence("venue:{words}"),
    place=Sentence("venue"),
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
    place=Sentence("near to papers"),
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


FIELDS = (TITLE, ABSTRACT, SUMMARY, AUTHOR, CATEGORY, PRIMARY, ID, DOI, SOURCE, VENUE, HAS, LIKE, ABOUT, ALL)
"""The fields that a query may name, in the order in which hits are shown."""

FIELD_NAMED = {name: field for field in FIELDS for name in field.names}
