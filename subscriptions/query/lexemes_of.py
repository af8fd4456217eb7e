"""Splits a typed text into lexemes: which words and characters are operators, where a word, star or link ends, and what is a field."""

import re
from collections.abc import Iterator
from enum import Enum, auto
from typing import NamedTuple

from subscriptions.categories import is_category
from subscriptions.query import DOI, ID, Field, Fields, ValueKind, links

# Words, quotes, fields and operators are found in one pass from left to right. A minus, an operator or a field counts
# only at the beginning of a term. Runs without spaces, such as "-ti:gr*ph", are split only in this module.


class LexemeKind(Enum):
    """The kind of a lexeme."""

    WORD = auto()
    QUOTE = auto()
    LINK = auto()  # a link to a paper; the lexeme's field is ID or DOI
    FIELD = auto()
    OPEN = auto()
    CLOSE = auto()
    AND = auto()
    OR = auto()
    NOT = auto()
    BUT_NOT = auto()  # excludes everything up to the next COMMA
    COMMA = auto()
    ITEM = auto()  # begins an item of a list
    STAR = auto()  # a star that belongs to no word; it counts as a space


class Lexeme(NamedTuple):
    """The smallest unit of a text, such as a word or a bracket, from `start` to `end`."""

    kind: LexemeKind
    start: int
    end: int
    text: str = ""  # as typed; for a quote, and for a word after =, only the value
    field: Field | None = None
    exact: bool = False  # whether it comes after =
    star: bool = False  # whether it is a word that ends in *
    closed: bool = True  # False for a quote without its second quotation mark


_PIECE = re.compile(
    r"""
      (?P<plain>[^\W_]+)(?=[\s"()|]|$)
    | (?P<run>[^\s"()|]+)
    | (?P<mark>[()|])
    | "(?P<phrase>[^"]*)(?P<closed>"?)
    """,
    re.VERBOSE,
)
_MARKS = {"(": LexemeKind.OPEN, ")": LexemeKind.CLOSE, "|": LexemeKind.OR}
KEYWORDS = {
    "AND": (LexemeKind.AND,),
    "OR": (LexemeKind.OR,),
    "NOT": (LexemeKind.NOT,),
    "ANDNOT": (LexemeKind.AND, LexemeKind.NOT),
    "且": (LexemeKind.AND,),
    "或": (LexemeKind.OR,),
    "不含": (LexemeKind.NOT,),
}
_STARS = re.compile(r"\*+")
_STOPS = re.compile(r"\*+|:")
_LETTER = re.compile(r"[^\W_]")
_CATEGORY = r"\#?[A-Za-z]+(?:-[A-Za-z]+)?(?:\.(?:\*|[A-Za-z-]+))?"
_CATEGORIES = re.compile(rf"{_CATEGORY}(?:\+{_CATEGORY})+")


def lexemes(text: str, start: int, end: int, fields: Fields) -> Iterator[Lexeme]:
    """Yields the lexemes of `text` from `start` to `end`. A word before a colon is a field only if `fields` has it."""
    position, exact, after_doi = start, False, False
    while piece := _PIECE.search(text, position, end):
        begin, position = piece.span()
        if (word := piece["plain"]) and word not in KEYWORDS:
            yield Lexeme(LexemeKind.WORD, begin, position, word)
            after_doi = False
        elif piece["mark"]:
            yield Lexeme(_MARKS[piece["mark"]], begin, position)
            after_doi = False
        elif piece["closed"] is not None:
            yield Lexeme(LexemeKind.QUOTE, begin, position, piece["phrase"], exact=exact, closed=bool(piece["closed"]))
            after_doi = False
        else:
            run = _Run(text, begin, position, end, fields)
            yield from run.lexemes(after_doi=after_doi)
            position, exact, after_doi = run.position, run.exact_quote, run.after_doi
            continue
        exact = False


class _Run:
    """Characters without spaces, quotes, brackets and bars between them. A run can have several terms."""

    def __init__(self, text: str, start: int, stop: int, end: int, fields: Fields) -> None:
        self.text, self.start, self.stop, self.end, self.fields = text, start, stop, end, fields
        self.position = start  # where the next term begins; after the last term, the end of the run
        self.exact_quote = False  # whether the run ends in a = before a quote
        self.after_doi = False  # whether the run ends in "doi:"

    def lexemes(self, *, after_doi: bool) -> Iterator[Lexeme]:
        self.after_doi, sign_may_stand = after_doi, True
        while self.position < self.stop:
            at = self.position
            if stars := _STARS.match(self.text, at, self.stop):
                self.position, sign_may_stand = stars.end(), False
                yield Lexeme(LexemeKind.STAR, at, stars.end(), stars[0])
                continue
            if sign_may_stand and self._is_sign(at):
                self.position += 1
                yield Lexeme(LexemeKind.NOT, at, at + 1, self.text[at])
                continue
            sign_may_stand = True
            yield from self._operator() or self._identifier() or self._field() or self._word()

    def _is_sign(self, at: int) -> bool:
        """Returns whether a minus or exclamation mark excludes what follows it. Before a space or star it does not."""
        following = self.text[at + 1 : min(at + 2, self.end)]
        return self.text[at] in "-!" and bool(following) and not following.isspace() and following != "*"

    def _operator(self) -> list[Lexeme]:
        rest = self.text[self.position : self.stop]
        kinds = KEYWORDS.get(rest, ())
        around = self.text[self.position - 1 : self.position] + self.text[self.stop : min(self.stop + 1, self.end)]
        if rest == "&" and not around.strip():
            kinds = (LexemeKind.AND,)
        start = self.position
        if kinds:
            self.position = self.stop
        return [Lexeme(kind, start, self.stop, rest) for kind in kinds]

    def _identifier(self) -> list[Lexeme]:
        at = self.position
        read = links.read_doi if self.after_doi else links.read_link
        self.after_doi = False
        if "/" in self.text[at : self.stop] and (found := read(self.text, at, self.end)):
            self.position = found.end
            return [Lexeme(LexemeKind.LINK, at, self.position, self.text[at : self.position], field=found.field)]
        return []

    def _field(self) -> list[Lexeme]:
        found = self._field_at(self.position)
        if found is None:
            return []
        lexeme, self.position = found
        self.after_doi = lexeme.field is DOI
        return [lexeme]

    def _field_at(self, at: int) -> tuple[Lexeme, int] | None:
        """Returns (the field whose name is at this position, where its value begins); None if no field is named there."""
        match = self.fields.pattern.match(self.text, at, self.stop)
        if not match:
            return None
        field = self.fields.by_name.get(match[1].lower())
        if field is None and links.is_arxiv_label(self.text, at, self.end):
            field = ID
        value: int | None = match.end()
        if field and field.kind is ValueKind.NEARNESS:  # it counts as a word if no papers follow the colon
            value = links.value_of_papers(self.text, match.end(), self.end)
        if field is None or value is None:
            return None
        return Lexeme(LexemeKind.FIELD, at, match.end(), match[1], field=field), value

    def _word(self) -> list[Lexeme]:
        at = self.position
        exact = self.text[at] == "="
        begin = at + exact
        if begin == self.stop and self.text.startswith('"', begin, self.end):
            self.position, self.exact_quote = begin, True
            return []
        self.position, stars = self._end_of_word(begin)
        word = Lexeme(LexemeKind.WORD, at, self.position, self.text[begin : self.position], exact=exact)
        if stars and not _LETTER.search(self.text, stars.end(), self.stop):
            self.position = self.stop
            word = word._replace(star=True, end=stars.start() + 1)
        return [word]

    def _end_of_word(self, begin: int) -> tuple[int, re.Match[str] | None]:
        """Returns (end of the word that begins at `begin`, match of the stars after it or None).

        A colon ends a word only if another term begins after the colon ("foo:-bar").
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
        return self._field_at(at) is not None or links.read_link(self.text, at, self.end) is not None
