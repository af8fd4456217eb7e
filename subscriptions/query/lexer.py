"""Splits a typed text into lexemes: words, quotes, fields, operators.

Typographic quotes and dashes, full-width and invisible characters become plain, and TeX accent macros become letters.
Each character keeps the column where it was typed, for error messages.
"""

import re
from collections.abc import Iterator
from enum import Enum, auto
from typing import NamedTuple
from urllib.parse import unquote_plus

from subscriptions.query import DOI, FIELD_NAMED, ID, Field, ValueKind, links
from subscriptions.query.categories import is_category
from subscriptions.text import folding, tex
from subscriptions.text.escaping import CONTROLS
from subscriptions.text.folding import Traced
from subscriptions.text.forms import normalized

_QUOTES = "“”‟„«»「」『』｢｣﹁﹂﹃﹄〝〞〟＂"
_DASHES = "–—−－"
_WIDE_SIGNS = "（）：｜！＆＊＝＃＋．／＿"
_WIDE_WORDS = [*range(0xFF10, 0xFF1A), *range(0xFF21, 0xFF3B), *range(0xFF41, 0xFF5B)]  # full-width 0-9, A-Z, a-z
_PLAIN = (
    dict.fromkeys(map(ord, _QUOTES), '"')
    | dict.fromkeys(map(ord, _DASHES), "-")
    | {wide: chr(wide - 0xFEE0) for wide in (*map(ord, _WIDE_SIGNS), *_WIDE_WORDS)}
)

# An invisible character after a TeX command stays, since it ends the name of the command.
_INVISIBLE = re.compile(rf"(?P<command>\\[A-Za-z]*[{folding.INVISIBLE_CHARACTERS}])|[{folding.INVISIBLE_CHARACTERS}]+")
# https://info.arxiv.org/help/api/user-manual.html
_ENCODED = re.compile(r"\bsearch_query=|%2[0289]|\+(?:AND|OR|ANDNOT)\+")
_API_VALUE = re.compile(r"\bsearch_query=([^&#\s]*)")
_ESCAPE = re.compile(r"\+|(?:%[0-9A-Fa-f]{2})+")
_CURLED = re.compile(r"\\[“”„‟’‘]")  # phones write \" and \' like this
_MARKUP = re.compile(rf'["\\{{}}{folding.INVISIBLE_CHARACTERS}]+')


def typed(text: str) -> Traced:
    """Return a typed text as the grammar reads it, without spaces at its end, which are not stored either.

    `subscriptions.subscribing.export_format` stores a query with spaces in place of control characters. So they are read as spaces, too,
    and the stored query means the same as the typed one. Its letters are counted from 1, as in the columns of refusals.
    """
    return plain(Traced.of(CONTROLS.sub(" ", text).rstrip(), 1))


def unquoted(source: Traced) -> Traced:
    """Return a query of arXiv's API or a link (`ti:%22deep+learning%22+AND+au:doe`) as it is typed."""
    if not _ENCODED.search(source.text):
        return source
    value = _API_VALUE.search(source.text)
    start, end = value.span(1) if value else (0, len(source.text))
    source = source.replaced([(0, start, ""), (end, len(source.text), "")])
    escapes = _ESCAPE.finditer(source.text)
    return source.replaced([(*found.span(), CONTROLS.sub(" ", unquote_plus(found[0]))) for found in escapes])


def plain(source: Traced) -> Traced:
    """Return a text with letters for accent macros, plain quotes, dashes and operators, and nothing invisible."""
    if "\\" in source.text:
        source = source._replace(text=_CURLED.sub(_uncurled, source.text))
        source = source.replaced(list(tex.accent_macros(source.text)))
    if source.text.isascii():
        return source
    unseen = [(*match.span(), "") for match in _INVISIBLE.finditer(source.text) if not match["command"]]
    source = source.replaced(unseen)
    return source._replace(text=source.text.translate(_PLAIN))


def _uncurled(match: re.Match[str]) -> str:
    return r"\'" if match[0][1] in "’‘" else r"\""


def fold_value(text: str) -> str:
    """Return the form in which names and identifiers are compared, without letter case, width, spaces and markup.

    Folding the result again does not change it. In a query, the result can be put into quotes.
    """
    folded = _fold_once(plain(Traced.of(text)).text)
    while (again := _fold_once(folded)) != folded:
        folded = again
    return folded


def _fold_once(text: str) -> str:
    folded = _without_case(_without_case(normalized("NFD", text)))  # NFKC_Casefold of Unicode, section 3.13
    return " ".join(_MARKUP.sub("", folded.translate(_PLAIN)).split())


def _without_case(text: str) -> str:
    return normalized("NFKC", text.casefold())


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
    ITEM = auto()  # between the items of a list
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


# What begins at the beginning of a term. A minus does not exclude before a blank or a star, nor after a star.
_TERM = re.compile(
    r"""
      (?P<exact>=?)"(?P<phrase>[^"]*)(?P<closed>"?)
    | (?P<sign> [()|] | \*+ | (?<!\*)[-!](?=[^\s*]) | (?<!\S)&(?!\S) | (?:AND|OR|NOT|ANDNOT|且|或|不含)(?=[\s"()|]|\Z) )
    | (?P<run>[^\s"()|]+)
    """,
    re.VERBOSE,
)
_SIGNS = {
    "(": (LexemeKind.OPEN,),
    ")": (LexemeKind.CLOSE,),
    "*": (LexemeKind.STAR,),
    **dict.fromkeys(("AND", "&", "且"), (LexemeKind.AND,)),
    **dict.fromkeys(("OR", "|", "或"), (LexemeKind.OR,)),
    **dict.fromkeys(("NOT", "-", "!", "不含"), (LexemeKind.NOT,)),
    "ANDNOT": (LexemeKind.AND, LexemeKind.NOT),
}
_FIELD = re.compile(rf"({'|'.join(('[A-Za-z]+', *(name for name in FIELD_NAMED if not name.isascii())))}):")
_STOPS = re.compile(r"\*+|:")
_LETTER = re.compile(r"[^\W_]")
_CATEGORY = r"\#?[A-Za-z]+(?:-[A-Za-z]+)?(?:\.(?:\*|[A-Za-z-]+))?"
_CATEGORIES = re.compile(rf"{_CATEGORY}(?:\+{_CATEGORY})+")


def lexemes(text: str, start: int, end: int) -> Iterator[Lexeme]:
    """Yield the lexemes of `text` from `start` to `end`. A word before a colon is a field only if it names one."""
    lexer = _Lexer(text, end)
    position, last = start, None
    while found := _TERM.search(text, position, end):
        at, position = found.span()
        if found["closed"] is not None:
            last = Lexeme(
                LexemeKind.QUOTE, at + len(found["exact"]), position, found["phrase"], exact=bool(found["exact"]),
                closed=bool(found["closed"]),
            )  # fmt: skip
        elif sign := found["sign"]:
            *before, kind = _SIGNS[sign.rstrip("*") or "*"]
            yield from (Lexeme(one, at, position, sign) for one in before)
            last = Lexeme(kind, at, position, sign)
        else:
            after_doi = last is not None and last.field is DOI and last.kind is LexemeKind.FIELD
            last, position = lexer.term(at, position, after_doi=after_doi)
        yield last


class _Lexer:
    """Reads the terms of runs.

    A run has no spaces, quotes, brackets and bars inside; it can have several terms: `-ti:gr*ph`.
    """

    def __init__(self, text: str, end: int) -> None:
        self.text, self.end = text, end

    def term(self, at: int, stop: int, *, after_doi: bool) -> tuple[Lexeme, int]:
        """Return (the link, field or word at a position, where the next term begins). The run ends at `stop`."""
        return self._link(at, stop, after_doi=after_doi) or self._field(at, stop) or self._word(at, stop)

    def _link(self, at: int, stop: int, *, after_doi: bool) -> tuple[Lexeme, int] | None:
        read = links.read_doi if after_doi else links.read_link
        if "/" in self.text[at:stop] and (found := read(self.text, at, self.end)):
            return Lexeme(LexemeKind.LINK, at, found.end, self.text[at : found.end], field=found.field), found.end
        return None

    def _field(self, at: int, stop: int) -> tuple[Lexeme, int] | None:
        match = _FIELD.match(self.text, at, stop)
        if not match:
            return None
        field = FIELD_NAMED.get(match[1].lower())
        if field is None and links.is_arxiv_label(self.text, at, self.end):
            field = ID
        value: int | None = match.end()
        if field and field.kind is ValueKind.NEARNESS:  # it counts as a word if no papers follow the colon
            value = links.value_of_papers(self.text, match.end(), self.end)
        if field is None or value is None:
            return None
        return Lexeme(LexemeKind.FIELD, at, match.end(), match[1], field=field), value

    def _word(self, at: int, stop: int) -> tuple[Lexeme, int]:
        exact = self.text[at] == "="
        begin = at + exact
        end, stars = self._end_of_word(begin, stop)
        word = Lexeme(LexemeKind.WORD, at, end, self.text[begin:end], exact=exact)
        if stars and not _LETTER.search(self.text, stars.end(), stop):
            return word._replace(star=True, end=stars.start() + 1), stop
        return word, end

    def _end_of_word(self, begin: int, stop: int) -> tuple[int, re.Match[str] | None]:
        """Return (end of the word that begins at `begin`, match of the stars after it or None).

        A colon ends a word only if another term begins after the colon ("foo:-bar").
        """
        joined = _CATEGORIES.match(self.text, begin, stop)
        if joined and all(map(is_category, joined[0].replace("#", "").split("+"))):
            begin = joined.end()
        for match in _STOPS.finditer(self.text, begin, stop):
            if match[0] != ":":
                return match.start(), match
            if self._begins_term(match.end(), stop):
                return match.end(), None
        return stop, None

    def _begins_term(self, at: int, stop: int) -> bool:
        if at == stop or self._field(at, stop) or links.read_link(self.text, at, self.end):
            return True
        found = _TERM.match(self.text, at, self.end)
        return found is not None and found["sign"] in ("-", "!")
