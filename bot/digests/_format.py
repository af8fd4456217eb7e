"""The interface of a digest format: every module of FORMATS has this shape."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final, NamedTuple, Protocol, TypeVar

from bot.digests._warnings import Warnings
from bot.errors import BrokenDigest
from subscriptions.errors import Sentence
from subscriptions.model import Paper

T = TypeVar("T")

MOST_PAPERS: Final = 200_000
"""Limit of papers in a digest (arXiv announces some 30 000 a month). Bounds the memory that a hostile document takes."""


class Entry(NamedTuple):
    """One paper, with its place in the document."""

    line: int  # from 1
    paper: Paper


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """The content of a digest, as `parse` of a format returns it."""

    entries: list[Entry]  # in the order of the document, copies included
    day: date | None = None  # the day that the document itself tells
    declared: Mapping[str, int] | None = None  # papers by category, as the document itself counts them


def bounded(items: Iterable[T]) -> Iterator[T]:
    """Yields the same items. Raises BrokenDigest after MOST_PAPERS of them."""
    for number, item in enumerate(items):
        if number >= MOST_PAPERS:
            raise too_many()
        yield item


def too_many() -> BrokenDigest:
    """Returns the error for a document of more than MOST_PAPERS."""
    return BrokenDigest(Sentence("It holds more than {limit} papers.", {"limit": MOST_PAPERS}))


class DigestFormat(Protocol):
    """The interface of a format. A module with these three names is a format as soon as FORMATS lists it."""

    name: str  # as in `inspect --json`

    def detect(self, text: str) -> bool:
        """Returns whether the text is of this format. Reads no more of the text than it needs.

        `text` comes from `plain_text`: no byte order mark, no carriage returns at line ends, no control characters.
        """

    def parse(self, text: str, warnings: Warnings, language: str | None) -> Content:
        """Returns the papers of the text. Adds damage that affects only a part of the text to `warnings`.

        `language` is the language of summaries and translations if the settings of the source name it; None means that
        the script decides. Raises BrokenDigest, with the line, if going on would give wrong papers, and nothing else.
        Takes time in proportion to the length of the text.
        """
