"""Marks the first hit of a query in a text."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from unicodedata import east_asian_width

from bot.rendering.text.cleaning import clean
from bot.rendering.text.tex import readable

_FIELD = re.compile(r"^[A-Za-z]{2,10}:")


@dataclass(frozen=True, slots=True)
class Passage:
    """A text with at most one marked part; all three are plain text."""

    before: str
    hit: str = ""
    after: str = ""

    def __str__(self) -> str:
        return self.before + self.hit + self.after


def plain_word(word: str) -> str:
    """Returns a word of a query without field, quotation marks and star."""
    return _FIELD.sub("", clean(word)).strip('"“”=*- ')


def marked(text: str, words: Iterable[str]) -> Passage:
    """Returns the text with its earliest hit of any of these words marked: whole words, in any letter case."""
    best: tuple[int, int] | None = None
    for word in words:
        plain = plain_word(word)
        for form in {plain, readable(plain)} - {""}:
            span = _first(text, form)
            if span and (best is None or (span[0], -span[1]) < (best[0], -best[1])):
                best = span
    if best is None:
        return Passage(text)
    start, end = best
    return Passage(text[:start], text[start:end], text[end:])


def _first(text: str, word: str) -> tuple[int, int] | None:
    for match in re.finditer(re.escape(word), text, re.IGNORECASE):
        start, end = match.span()
        if not _runs_on(text, start) and not _runs_on(text, end):
            return start, end
    return None


def _runs_on(text: str, place: int) -> bool:
    """Returns whether a word continues across this place. Never between Chinese characters, written without spaces."""
    if place in {0, len(text)}:
        return False
    left, right = text[place - 1], text[place]
    return left.isalnum() and right.isalnum() and "W" not in {east_asian_width(left), east_asian_width(right)}
