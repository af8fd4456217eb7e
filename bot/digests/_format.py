"""The input and output of a format: plain text, entries, and the warnings of one digest.

Bytes are decoded as UTF-8, with one kind of line end and no control characters. Warnings are collected while a digest
is read. Each warning has a code, a count, the first line, and up to five examples.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import chain, islice, pairwise
from typing import Final, NamedTuple, Protocol, TypeVar

from bot.errors import BrokenDigest
from subscriptions import model
from subscriptions.errors import Sentence
from subscriptions.texts.cutting import clip

# Control characters except white space, the two code points that XML forbids, and lone surrogates, which only JSON
# escapes can produce.
_CONTROLS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufffe\uffff]")
# The characters that the warning counts. A tab after other characters is one of them, since JSON reads `\text` as a tab
# and "ext"; a tab at the start of a line is indentation.
_COUNTED = re.compile(_CONTROLS.pattern + r"|(?<=[^\n\t])\t")
# The same characters in UTF-8. Searching the bytes is ten times as fast as searching the text.
_CONTROL_BYTES = bytes(byte for byte in range(0x20) if byte not in b"\n\r") + b"\x7f"
_C1 = re.compile(rb"\xc2[\x80-\x84\x86-\x9f]")
_NO_CHARACTER = re.compile(rb"\xef\xbf[\xbe\xbf]")
BOM = b"\xef\xbb\xbf"
_EXAMPLES = 5  # of a warning
_SHOWN = 120  # characters of an example
_LONGEST_ERROR = 400  # characters
INFO = frozenset({"empty_digest", "date_from_name", "date_assumed"})  # codes of warnings that need no attention
_MESSAGES = {
    "authors_not_shown": "papers whose list of authors is cut short: {count}",
    "bad_json_line": "lines of JSON that hold no paper that can be read: {count}; all others are kept",
    "control_characters": "control characters that were removed: {count}",
    "date_ahead": "its date, {day}, lies ahead, so it is taken for today's",
    "date_from_name": "the date is taken from the file name",
    "date_overruled": "it tells its own date, so that counts and not --date",
    "declared_mismatch": "the document counts its papers otherwise than they could be read",
    "duplicate_papers": "papers that stand there again: {count}; the first copy of each is kept",
    "empty_digest": "a valid digest without papers",
    "entry_without_text": "papers of which only the head could be read: {count}",
    "entry_without_title": "papers without a title: {count}",
    "failed_summaries": "summaries that their generator did not manage: {count}; the abstract is shown instead",
    "feed_error": "the feed reports an error",
    "glued_line": "lines where one file was glued to the end of another: {count}; they were separated",
    "id_mismatch": "papers whose text names another arXiv id than their address: {count}; the address is believed",
    "incomplete_group": "groups that lack a line at the end of the file: {count}; all others are kept",
    "long_fields": "papers with a field that is longer than any real one: {count}; what is beyond the limit is left out",
    "no_identifiers": "papers without an id or an address: {count}; they are known by their titles",
    "not_papers": "entries that are no papers, such as news, corrections and parts of an issue: {count}; they are left out",
    "odd_line_count": "a title without an abstract at the end; all pairs before it are kept",
    "possibly_capped": "{count} papers: the feed may have been cut at its limit; ask for one category at a time",
    "repeated_texts": "texts that stand below several papers, so that none is a summary: {count}; they are left out",
    "stale_feed": "it is not yet the one of its day",
    "unparsed_heading": "headings that look like a paper but could not be read: {count}; what follows them is left out",
    "unread_text": "texts of papers that stand below no label: {count}; they are left out",
    "xml_truncated": "the XML breaks off; all complete entries are kept",
}
DATE_ASSUMED = model.DigestWarning(code="date_assumed", message="no date is known, so it is taken for today's")


class NotText(Exception):
    """Raised for bytes that are not UTF-8 text."""


def plain_text(data: bytes, warnings: "Warnings") -> str:
    """Returns the text of a document. Raises NotText if it is not UTF-8 or holds a NUL byte.

    A lone carriage return is kept, since it is no line end. Two carriage returns before a line feed are read as one
    line end, since some program converted the line ends twice. A byte order mark is removed at the start of any line,
    since files may have been joined.
    """
    if b"\0" in data:
        raise NotText
    data = data.removeprefix(BOM)
    if b"\r\n" in data:
        data = data.replace(b"\r\r\n", b"\n").replace(b"\r\n", b"\n")
    has_control_bytes = len(data.translate(None, _CONTROL_BYTES)) != len(data)
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        raise NotText from error
    if "\ufeff" in text:
        text = text.replace("\n\ufeff", "\n")
    may_have_controls = has_control_bytes or _C1.search(data) or _NO_CHARACTER.search(data)
    return without_controls(text, warnings) if may_have_controls else text


def without_controls(text: str, warnings: "Warnings", line: int | None = None) -> str:
    """Returns the text without control characters, and warns of them.

    `line` is the line of the text; None: the text is the whole document.
    """
    if not ("\t" in text or _CONTROLS.search(text)):  # eight times as fast as a search with _COUNTED
        return text
    found = list(islice(_COUNTED.finditer(text), _EXAMPLES))
    if found:
        line = line or text.count("\n", 0, found[0].start()) + 1
        examples = (f"U+{ord(match[0]):04X}" for match in found)
        warnings.add("control_characters", line=line, count=sum(1 for _ in _COUNTED.finditer(text)), examples=examples)
    return _CONTROLS.sub("", text)


def plain_words(text: str, warnings: "Warnings", line: int) -> str:
    """Returns a text from line `line` without control characters and with single spaces."""
    return collapse(without_controls(text, warnings, line))


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


# -------------------------------------------------------------------------------------- what a format makes of a digest


def date_ahead(day: date) -> model.DigestWarning:
    """Returns the warning for a digest whose day is in the future."""
    return model.DigestWarning(code="date_ahead", message=_MESSAGES["date_ahead"].replace("{day}", day.isoformat()))


class Warnings:
    """Collects warnings by code (docs/formats.md)."""

    def __init__(self) -> None:
        self._first: dict[str, tuple[str, int | None]] = {}  # code → message and line of the first case
        self._counts = Counter[str]()
        self._shown: defaultdict[str, list[str]] = defaultdict(list)

    def add(
        self,
        code: str,
        *,
        message: str = "",
        line: int | None = None,
        example: str = "",
        examples: Iterable[str] = (),
        count: int = 1,
    ) -> None:
        """Adds `count` cases of `code`.

        Keeps the line and the message of the first case; the default message is in `_MESSAGES`.

        An example may be of any length: it is stored as one line, shortened.
        """
        self._first.setdefault(code, (message or _MESSAGES[code], line))
        self._counts[code] += count
        shown = self._shown[code]
        if len(shown) < _EXAMPLES:
            shown += [text for one in (example, *examples) if (text := shortened(one, _SHOWN))]

    def add_error(self, detail: str, line: int | None = None) -> None:
        """Adds the error that a source sent instead of papers, in the words of the source."""
        detail = shortened(detail, _LONGEST_ERROR)
        self.add("feed_error", message=f"the feed reports an error: {detail}", line=line, example=detail)

    def add_mismatch(self, announced: int, read: int, differ: Sequence[str], line: int | None) -> None:
        """Adds a warning: more or fewer papers were read than the document announces. `differ` names the affected parts."""
        message = f"papers announced: {announced}, read: {read}"
        self.add("declared_mismatch", message=message, line=line, count=max(1, len(differ)), examples=differ)

    def __contains__(self, code: str) -> bool:
        return code in self._first

    def collected(self) -> tuple[model.DigestWarning, ...]:
        """Returns one warning per code, in the order of their first cases."""
        return tuple(
            model.DigestWarning(
                code=code,
                message=message.replace("{count}", str(self._counts[code])),
                count=self._counts[code],
                line=line,
                examples=tuple(self._shown[code][:_EXAMPLES]),
            )
            for code, (message, line) in self._first.items()
        )


# ------------------------------------------------------------------------------------ the interface of a digest format

# Every module of FORMATS has this shape.


T = TypeVar("T")
MOST_PAPERS: Final = 200_000
"""Limit of papers in a digest (arXiv announces some 30 000 a month). Bounds the memory that a hostile document takes."""


class Entry(NamedTuple):
    """One paper, with its place in the document."""

    line: int  # from 1
    paper: model.Paper


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """The content of a digest, as `parse` of a format returns it."""

    entries: list[Entry]  # in the order of the document, copies included
    day: date | None = None  # the day that the document itself contains
    declared: Mapping[str, int] | None = None  # category → number of papers, as the document itself states it
    is_feed: bool = False  # it shows papers of many days, and its day is that of the newest


def bounded(items: Iterable[T]) -> Iterator[T]:
    """Yields the same items. Raises BrokenDigest after MOST_PAPERS of them."""
    for number, item in enumerate(items):
        if number >= MOST_PAPERS:
            raise too_many()
        yield item


def too_many() -> BrokenDigest:
    """Returns the error for a document of more than MOST_PAPERS papers."""
    return BrokenDigest(Sentence("It holds more than {limit} papers.", {"limit": MOST_PAPERS}))


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
