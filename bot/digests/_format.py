"""What a digest format is: the shape that every module of FORMATS has."""

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
"""More than any digest has: arXiv announces some 30 000 papers a month. Bounds the room that a hostile document takes."""


class Entry(NamedTuple):
    """One paper where it stands in the document."""

    line: int  # from 1
    paper: Paper


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """What a format reads out of a text."""

    entries: list[Entry]  # in the order of the document, copies included
    day: date | None = None  # if the document itself tells it
    declared: Mapping[str, int] | None = None  # papers per category, as the document itself counts


def bounded(items: Iterable[T]) -> Iterator[T]:
    """The same items, one for each paper. Raises BrokenDigest after MOST_PAPERS."""
    for number, item in enumerate(items):
        if number >= MOST_PAPERS:
            raise too_many()
        yield item


def too_many() -> BrokenDigest:
    """What to raise for a document of more than MOST_PAPERS."""
    return BrokenDigest(Sentence("It holds more than {limit} papers.", {"limit": MOST_PAPERS}))


class DigestFormat(Protocol):
    """A module with these three names is a format, once it stands in FORMATS."""

    name: str  # as in `inspect --json`

    def detect(self, text: str) -> bool:
        """Whether the text is of this format. Looks at the content alone, and at little of it.

        `text` is what `plain_text` makes of the bytes: no byte order mark, no carriage returns at line ends, no control characters.
        """

    def parse(self, text: str, warnings: Warnings, language: str | None) -> Content:
        """The papers of the text. What is odd but does not stop it goes to `warnings`.

        `language` is that of summaries and translations when the source's settings name it, else None: by script.
        Raises BrokenDigest when going on would give wrong papers; its sentence names the line. Never raises anything
        else, and takes time in proportion to the length of the text.
        """
