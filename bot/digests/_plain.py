"""Decodes bytes to plain text: UTF-8, one kind of line end, no control characters."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain, islice, pairwise
from typing import NamedTuple

from subscriptions.cutting import clip

# Control characters except white space, the two code points that XML forbids, and lone surrogates, which only JSON escapes
# can produce.
_CONTROLS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufffe\uffff]")
# A tab after other characters counts as one, too: JSON makes it of `\text`. At the start of a line it is indentation.
_COUNTED = re.compile(_CONTROLS.pattern + r"|(?<=[^\n\t])\t")

_EXAMPLES = 5

BOM = b"\xef\xbb\xbf"

# Searching the bytes for these is a hundred times as fast as searching the text, and most files have none.
_CONTROL_BYTES = bytes(byte for byte in range(0x20) if byte not in b"\n\r") + b"\x7f"
_C1 = re.compile(rb"\xc2[\x80-\x84\x86-\x9f]")
_NO_CHARACTER = re.compile(rb"\xef\xbf[\xbe\xbf]")


class NotText(Exception):
    """Raised for bytes that are not UTF-8 text."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlainText:
    """A decoded document."""

    text: str
    controls: int = 0  # how many control characters were removed
    first_line: int | None = None  # line of the first one, from 1
    examples: tuple[str, ...] = ()  # up to five: "U+000C"


def plain_text(data: bytes) -> PlainText:
    """Returns the text of a document. Raises NotText if it is not UTF-8 or holds a NUL byte.

    A lone carriage return stays, since it is no line end; a second one before a line end goes, since a program that made
    line ends of line ends wrote it. A byte order mark at the start of any line is removed, since
    files may have been glued together.
    """
    if b"\0" in data:
        raise NotText
    data = data.removeprefix(BOM)
    if b"\r\n" in data:
        data = data.replace(b"\r\r\n", b"\n").replace(b"\r\n", b"\n")
    may_hold_controls = _may_hold_controls(data)  # before decoding, since the text may take four times the memory
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        raise NotText from error
    if "\ufeff" in text:
        text = text.replace("\n\ufeff", "\n")
    return without_controls(text) if may_hold_controls else PlainText(text=text)


def without_controls(text: str) -> PlainText:
    """Returns the text without control characters, with their number, first line and examples."""
    if not ("\t" in text or _CONTROLS.search(text)):  # eight times as fast as searching for both at once
        return PlainText(text=text)
    found = [(match.start(), match[0]) for match in islice(_COUNTED.finditer(text), _EXAMPLES)]
    return PlainText(
        text=_CONTROLS.sub("", text),
        controls=sum(1 for _ in _COUNTED.finditer(text)),
        first_line=text.count("\n", 0, found[0][0]) + 1 if found else None,
        examples=tuple(f"U+{ord(sign):04X}" for _, sign in found),
    )


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
    """Yields the parts of a text: each from one of the ascending places `starts` to the next."""
    line, counted = 1, 0
    for start, end in pairwise(chain(starts, (len(text),))):
        line += text.count("\n", counted, start)
        counted = start
        yield TextPart(start, line, text[start:end])


def _may_hold_controls(data: bytes) -> bool:
    return len(data.translate(None, _CONTROL_BYTES)) != len(data) or bool(
        _C1.search(data) or _NO_CHARACTER.search(data)
    )
