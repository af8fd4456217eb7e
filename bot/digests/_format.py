"""What a format makes of a digest: entries (at most how many, what of a bad one) and content; when a page is empty; what a format is."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final, Protocol, TypeVar

from bot.digests._warnings import Warnings
from bot.errors import BrokenDigest, error_location
from subscriptions.errors import PaperwireError, Sentence
from subscriptions.model import Paper

T = TypeVar("T")
Made = TypeVar("Made")
MOST_PAPERS: Final = 200_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """The content of a digest, as `parse` of a format returns it."""

    entries: list[Paper]  # in the order of the document, copies included
    day: date | None = None  # the day that the document itself contains
    declared: Mapping[str, int] | None = None  # category → number of papers, as the document itself states it
    is_feed: bool = False  # it shows papers of many days, and its day is that of the newest


def each(items: Iterable[T], make: Callable[[T], Made], warnings: Warnings) -> Iterator[Made]:
    """Yields what `make` makes of each item. An item at which it fails is refused with a warning; all others are read.

    So one bad entry never loses the entries beside it. Every format reads its entries with this function. Raises
    BrokenDigest after MOST_PAPERS items, and if `make` raises it.
    """
    for number, item in enumerate(items):
        if number >= MOST_PAPERS:
            raise BrokenDigest(Sentence("It holds more than {limit} papers.", {"limit": MOST_PAPERS}))
        try:
            made = make(item)
        except PaperwireError:
            raise
        except Exception as error:  # noqa: BLE001 - a text that nobody foresaw may cause any error
            warnings.add_refused(error_location(error))
        else:
            yield made


def unrecognized_page(line: int) -> BrokenDigest:
    """Returns the error for a page that is not empty, as its line `line` shows, but has no readable entry."""
    return BrokenDigest(Sentence("No entry can be read, and line {line} is not that of an empty page.", {"line": line}))


def unread_papers(announced: int) -> BrokenDigest:
    """Returns the error for a page that announces papers but has no readable one."""
    return BrokenDigest(
        Sentence("The page announces {announced} papers, but no entry can be read.", {"announced": announced})
    )


MOST_REMARKS: Final = 2  # lines of an empty page that are neither headings nor marks of its format
_LONGEST_REMARK = 200  # characters
_NO_REMARK = re.compile(r"[|\[\]<>`{}]|\w://|\bwww\.|arxiv\.org", re.IGNORECASE)


def is_remark(line: str) -> bool:
    """Returns whether a line may be the sentence of an empty page, in any language: it is short, and is no part of a paper."""
    return len(line) <= _LONGEST_REMARK and not _NO_REMARK.search(line.lstrip("> "))


def nothing_read() -> BrokenDigest:
    """Returns the error for a document of a known format without a readable paper."""
    return BrokenDigest(Sentence("No paper in it can be read."))


@dataclass(slots=True)
class Format:
    """A format as a value, for modules that read several formats. See DigestFormat."""

    name: str
    detect: Callable[[str], bool]
    parse: Callable[[str, Warnings, str | None], Content]


class DigestFormat(Protocol):
    """The interface of a format. A module with these three names is a format as soon as FORMATS lists it."""

    name: str  # as in `inspect --json`

    def detect(self, text: str, /) -> bool:
        """Returns whether the text is of this format. Reads no more of the text than it needs.

        `text` comes from `plain_text`: no byte order mark, no carriage returns at line ends, no control characters.
        """

    def parse(self, text: str, warnings: Warnings, language: str | None, /) -> Content:
        """Returns the papers of the text. If only a part of the text is damaged, adds a warning to `warnings`.

        `language` is the language of summaries and translations if the settings of the source name it; None means that
        the script decides. If reading on would give wrong papers, raises BrokenDigest with the line. Raises nothing
        else. The time that it takes must be in proportion to the length of the text.
        """
