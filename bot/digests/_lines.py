"""The lines of a text, and texts on one line."""

from collections.abc import Iterable, Iterator
from itertools import chain, pairwise
from typing import NamedTuple

from subscriptions.texts.cutting import clip


def collapse(text: str) -> str:
    """Returns the text with every run of white space as one space, and none at the ends."""
    return " ".join(text.split())


def shortened(text: str, most: int) -> str:
    """Returns the beginning of a text in one line, at most `most` characters long; "…" marks what is left out."""
    return clip(collapse(text[: 4 * most]), most)


def lines_of(text: str) -> Iterator[str]:
    """Yields the lines of a text, so that reading the first few does not split the whole text.

    Only a line feed ends a line; `splitlines` would also split at form feeds and lone carriage returns.
    """
    start = 0
    while (end := text.find("\n", start)) >= 0:
        yield text[start:end]
        start = end + 1
    yield text[start:]


class TextPart(NamedTuple):
    """A part of a text."""

    start: int
    line: int  # in which it begins, from 1
    text: str


def parts_of(text: str, starts: Iterable[int]) -> Iterator[TextPart]:
    """Yields the parts of a text, each from one position in `starts` to the next. The positions ascend."""
    line, counted = 1, 0
    for start, end in pairwise(chain(starts, (len(text),))):
        line += text.count("\n", counted, start)
        counted = start
        yield TextPart(start, line, text[start:end])
