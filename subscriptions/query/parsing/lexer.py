"""The grammar's smallest parts: words, quotes, fields, signs.

One pass from left to right. What is a sign, an operator or a field depends on where a term starts, so a run without
blanks ("-ti:gr*ph") is taken apart here and nowhere else.
"""

import re
from collections.abc import Iterator, Mapping
from enum import Enum, auto
from typing import NamedTuple

from subscriptions.categories.tree import is_category
from subscriptions.query.identifiers import after_arxiv_label, read_doi, read_link

FIELDS = {
    "title": "title",
    "ti": "title",
    "intitle": "title",
    "abstract": "abstract",
    "abs": "abstract",
    "summary": "summary",
    "tldr": "summary",
    "author": "author",
    "au": "author",
    "category": "category",
    "cat": "category",
    "primary": "primary",
    "id": "id",
    "doi": "doi",
    "source": "source",
    "all": "all",
    "标题": "title",
    "摘要": "abstract",
    "总结": "summary",
    "作者": "author",
    "类别": "category",
    "分类": "category",
    "主类别": "primary",
    "编号": "id",
    "来源": "source",
    "全部": "all",
}


LEFT_OUT = "left out"  # the field of what arXiv's API knows and no digest tells: its values are dropped
API_FIELDS = FIELDS | dict.fromkeys(("co", "jr", "rn"), LEFT_OUT)  # comment, journal, report number


class Kind(Enum):
    """What a lexeme is."""

    WORD = auto()
    QUOTE = auto()
    LINK = auto()  # to a paper: `field` is id or doi
    FIELD = auto()
    OPEN = auto()
    CLOSE = auto()
    AND = auto()
    OR = auto()
    NOT = auto()
    BUT_NOT = auto()  # what follows, up to the next comma, is excluded
    COMMA = auto()  # ends what a BUT_NOT excludes
    STAR = auto()  # stray: it reads as a blank


class Lexeme(NamedTuple):
    """One smallest part, from `start` to before `end` in the text that the grammar reads."""

    kind: Kind
    start: int
    end: int
    text: str = ""  # what stands there; of a quote and an exact word only the value
    field: str = ""
    exact: bool = False  # after =
    star: bool = False  # a word that ends in *
    closed: bool = True  # a quote


_PIECE = re.compile(
    r"""
      (?P<plain>[^\W_]+)(?=[\s"()|]|$)
    | (?P<run>[^\s"()|]+)
    | (?P<mark>[()|])
    | "(?P<phrase>[^"]*)(?P<closed>"?)
    """,
    re.VERBOSE,
)
_MARKS = {"(": Kind.OPEN, ")": Kind.CLOSE, "|": Kind.OR}
_KEYWORDS = {
    "AND": (Kind.AND,),
    "OR": (Kind.OR,),
    "NOT": (Kind.NOT,),
    "ANDNOT": (Kind.AND, Kind.NOT),
    "且": (Kind.AND,),
    "或": (Kind.OR,),
    "不含": (Kind.NOT,),
}
_FIELD = re.compile(rf"([A-Za-z]+|{'|'.join(name for name in FIELDS if not name.isascii())}):")
_STARS = re.compile(r"\*+")
_STOPS = re.compile(r"\*+|:")
_LETTER = re.compile(r"[^\W_]")
_CATEGORY = r"\#?[A-Za-z]+(?:-[A-Za-z]+)?(?:\.(?:\*|[A-Za-z-]+))?"
_CATEGORIES = re.compile(rf"{_CATEGORY}(?:\+{_CATEGORY})+")


def lexemes(text: str, start: int, end: int, fields: Mapping[str, str]) -> Iterator[Lexeme]:
    """The parts of `text` between two positions. `fields` says which names before a colon are fields."""
    position, exact, after_doi = start, False, False
    while piece := _PIECE.search(text, position, end):
        begin, position = piece.span()
        if (word := piece["plain"]) and word not in _KEYWORDS:
            yield Lexeme(Kind.WORD, begin, position, word)
            after_doi = False
        elif piece["mark"]:
            yield Lexeme(_MARKS[piece["mark"]], begin, position)
            after_doi = False
        elif piece["closed"] is not None:
            yield Lexeme(Kind.QUOTE, begin, position, piece["phrase"], exact=exact, closed=bool(piece["closed"]))
            after_doi = False
        else:
            run = _Run(text, begin, position, end, fields)
            yield from run.lexemes(after_doi=after_doi)
            position, exact, after_doi = run.position, run.exact_quote, run.after_doi
            continue
        exact = False


class _Run:
    """A run without blanks, quotes, brackets and bars, which can hold several terms."""

    def __init__(self, text: str, start: int, stop: int, end: int, fields: Mapping[str, str]) -> None:
        self.text, self.start, self.stop, self.end, self.fields = text, start, stop, end, fields
        self.position = start  # where the next term starts; in the end, behind the run
        self.exact_quote = False  # the run ends in a = that belongs to the quote behind it
        self.after_doi = False  # the run ends in "doi:"

    def lexemes(self, *, after_doi: bool) -> Iterator[Lexeme]:
        self.after_doi, sign_may_stand = after_doi, True
        while self.position < self.stop:
            at = self.position
            if stars := _STARS.match(self.text, at, self.stop):
                self.position, sign_may_stand = stars.end(), False
                yield Lexeme(Kind.STAR, at, stars.end(), stars[0])
                continue
            if sign_may_stand and self._is_sign(at):
                self.position += 1
                yield Lexeme(Kind.NOT, at, at + 1, self.text[at])
                continue
            sign_may_stand = True
            yield from self._operator() or self._identifier() or self._field() or self._word()

    def _is_sign(self, at: int) -> bool:
        """A sign does not stand before a blank, and a stray star is one."""
        following = self.text[at + 1 : min(at + 2, self.end)]
        return self.text[at] in "-!" and bool(following) and not following.isspace() and following != "*"

    def _operator(self) -> list[Lexeme]:
        rest = self.text[self.position : self.stop]
        kinds = _KEYWORDS.get(rest, ())
        if rest == "&" and not self.text[self.position - 1 : self.position].strip() and self._blank_follows():
            kinds = (Kind.AND,)
        start = self.position
        if kinds:
            self.position = self.stop
        return [Lexeme(kind, start, self.stop, rest) for kind in kinds]

    def _blank_follows(self) -> bool:
        return not self.text[self.stop : min(self.stop + 1, self.end)].strip()

    def _identifier(self) -> list[Lexeme]:
        at = self.position
        read = read_doi if self.after_doi else read_link
        self.after_doi = False
        if "/" in self.text[at : self.stop] and (found := read(self.text, at, self.end)):
            self.position = found.end
            return [Lexeme(Kind.LINK, at, self.position, self.text[at : self.position], field=found.field)]
        return []

    def _field(self) -> list[Lexeme]:
        at = self.position
        match = _FIELD.match(self.text, at, self.stop)
        if not match:
            return []
        field = self.fields.get(match[1].lower(), "")
        if not field and after_arxiv_label(self.text, at, self.end):
            field = "id"
        if not field:
            return []
        self.position, self.after_doi = match.end(), field == "doi"
        return [Lexeme(Kind.FIELD, at, match.end(), match[1], field=field)]

    def _word(self) -> list[Lexeme]:
        at = self.position
        exact = self.text[at] == "="
        begin = at + exact
        if begin == self.stop and self.text.startswith('"', begin, self.end):
            self.position, self.exact_quote = begin, True
            return []
        self.position, stars = self._end_of_word(begin)
        word = Lexeme(Kind.WORD, at, self.position, self.text[begin : self.position], exact=exact)
        if stars and not _LETTER.search(self.text, stars.end(), self.stop):
            self.position = self.stop
            word = word._replace(star=True, end=stars.start() + 1)
        return [word]

    def _end_of_word(self, begin: int) -> tuple[int, re.Match[str] | None]:
        """Where the word ends that begins here, and the stars that end it.

        A colon ends it only where another term begins behind it ("foo:-bar"), else it is a sign like others.
        """
        joined = _CATEGORIES.match(self.text, begin, self.stop)
        if joined and all(map(is_category, joined[0].replace("#", "").split("+"))):
            begin = joined.end()
        for match in _STOPS.finditer(self.text, begin, self.stop):
            if match[0] != ":":
                return match.start(), match
            if self._begins_term(match.end()):
                return match.end(), None
        return self.stop, None

    def _begins_term(self, at: int) -> bool:
        if at == self.stop or self._is_sign(at):
            return True
        field = _FIELD.match(self.text, at, self.stop)
        known = field is not None and (field[1].lower() in self.fields or after_arxiv_label(self.text, at, self.end))
        return bool(known) or read_link(self.text, at, self.end) is not None
