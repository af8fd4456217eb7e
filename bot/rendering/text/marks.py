"""What matched, marked in a text: sparingly, only its first hit."""

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
    """A word as a paper may write it: without the field, quotation marks and star of the query language."""
    return _FIELD.sub("", clean(word)).strip('"“”=*- ')


def marked(text: str, words: Iterable[str]) -> Passage:
    """The text with the earliest hit of any of these words; letter case does not count, whole words do."""
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
    """Whether a word goes on across this place; between characters that are written without blanks none does."""
    if place in {0, len(text)}:
        return False
    left, right = text[place - 1], text[place]
    return left.isalnum() and right.isalnum() and "W" not in {east_asian_width(left), east_asian_width(right)}
