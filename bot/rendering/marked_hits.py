"""Texts with the hits of a query marked."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from unicodedata import east_asian_width

from bot.rendering.cleaning import readable
from subscriptions.texts.foreign import clean

_FIELD = re.compile(r"^[A-Za-z]{2,10}:")


@dataclass(frozen=True, slots=True)
class Passage:
    """A text with marked hits, split into pieces: ("a ", "hit", " and ", "another", ""). Every second piece is a hit."""

    pieces: tuple[str, ...]

    @property
    def has_hit(self) -> bool:
        """Whether any piece is a hit."""
        return len(self.pieces) > 1

    def __str__(self) -> str:
        return "".join(self.pieces)

    def __bool__(self) -> bool:
        return any(self.pieces)


def plain_word(word: str) -> str:
    """Returns a word of a query without its field, quotation marks and asterisks."""
    return _FIELD.sub("", clean(word)).strip('"“”=*- ')


def marked(text: str, words: Iterable[str]) -> Passage:
    """Returns the text with the first occurrence of each word marked.

    Only whole words are marked, in any letter case.
    """
    plain = {plain_word(word) for word in words}
    forms = plain | {*map(readable, plain)}
    spans = sorted(filter(None, (_first(text, form) for form in forms - {""})), key=lambda span: (span[0], -span[1]))
    pieces, done = list[str](), 0
    for start, end in spans:
        if start >= done:
            pieces += [text[done:start], text[start:end]]
            done = end
    return Passage((*pieces, text[done:]))


def _first(text: str, word: str) -> tuple[int, int] | None:
    for match in re.finditer(re.escape(word), text, re.IGNORECASE):
        start, end = match.span()
        if not _runs_on(text, start) and not _runs_on(text, end):
            return start, end
    return None


def _runs_on(text: str, place: int) -> bool:
    """Returns whether a word continues across this place.

    False beside a wide character, such as a Chinese one, since such scripts have no spaces.
    """
    if place in {0, len(text)}:
        return False
    left, right = text[place - 1], text[place]
    return left.isalnum() and right.isalnum() and "W" not in {east_asian_width(left), east_asian_width(right)}
