"""Bytes to plain text: UTF-8, one kind of line end, no control characters; and white space collapsed."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain, islice, pairwise
from typing import NamedTuple

from subscriptions.cutting import clip

# Control characters but white space, the two code points that no XML document may hold, and halves of characters, which
# only escapes of JSON can make.
_CONTROLS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufffe\uffff]")
# A tab behind a word is counted with them: a JSON string makes it of `\text`. At the start of a line it indents.
_COUNTED = re.compile(_CONTROLS.pattern + r"|(?<=[^\n\t])\t")

_EXAMPLES = 5

BOM = b"\xef\xbb\xbf"

# Whether a text holds any is looked up in its bytes, a hundred times faster; most files hold none.
_CONTROL_BYTES = bytes(byte for byte in range(0x20) if byte not in b"\n\r") + b"\x7f"
_C1 = re.compile(rb"\xc2[\x80-\x84\x86-\x9f]")
_NO_CHARACTER = re.compile(rb"\xef\xbf[\xbe\xbf]")


class NotText(Exception):
    """The bytes are not UTF-8 text."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlainText:
    """A decoded document."""

    text: str
    controls: int = 0  # how many control characters were taken out
    first_line: int | None = None  # of the first of them, from 1
    examples: tuple[str, ...] = ()  # up to five: "U+000C"


def plain_text(data: bytes) -> PlainText:
    """Decodes a document. Raises NotText for anything but UTF-8 and for a NUL byte.

    A lone carriage return stays: it is text, not a line end. A byte order mark at the start of a line goes too: there
    a file was glued to another.
    """
    if b"\0" in data:
        raise NotText
    data = data.removeprefix(BOM)
    if b"\r\n" in data:
        data = data.replace(b"\r\n", b"\n")
    may_hold_controls = _may_hold_controls(data)  # all this before decoding: the text may take four times the room
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        raise NotText from error
    if "\ufeff" in text:
        text = text.replace("\n\ufeff", "\n")
    return without_controls(text) if may_hold_controls else PlainText(text=text)


def without_controls(text: str) -> PlainText:
    """The text without control characters, and what they were."""
    if not ("\t" in text or _CONTROLS.search(text)):  # eight times as fast as looking for both at once
        return PlainText(text=text)
    found = [(match.start(), match[0]) for match in islice(_COUNTED.finditer(text), _EXAMPLES)]
    return PlainText(
        text=_CONTROLS.sub("", text),
        controls=sum(1 for _ in _COUNTED.finditer(text)),
        first_line=text.count("\n", 0, found[0][0]) + 1 if found else None,
        examples=tuple(f"U+{ord(sign):04X}" for _, sign in found),
    )


def collapse(text: str) -> str:
    """The text with every run of white space as one blank, none at the ends."""
    return " ".join(text.split())


def shortened(text: str, most: int) -> str:
    """The beginning of a text in one line, for a sentence: at most that many characters, "…" for what is left out."""
    return clip(collapse(text[: 4 * most]), most)


def lines_of(text: str) -> Iterator[str]:
    """The lines of a text, one by one, so that looking at the first few does not cut up all of it.

    A form feed or a lone carriage return ends no line, as it would for `splitlines`.
    """
    start = 0
    while (end := text.find("\n", start)) >= 0:
        yield text[start:end]
        start = end + 1
    yield text[start:]


class Part(NamedTuple):
    """A part of a text."""

    start: int
    line: int  # in which it begins, from 1
    text: str


def parts_of(text: str, starts: Iterable[int]) -> Iterator[Part]:
    """The parts of a text from each of some ascending places to the next, one by one."""
    line, counted = 1, 0
    for start, end in pairwise(chain(starts, (len(text),))):
        line += text.count("\n", counted, start)
        counted = start
        yield Part(start, line, text[start:end])


def _may_hold_controls(data: bytes) -> bool:
    return len(data.translate(None, _CONTROL_BYTES)) != len(data) or bool(
        _C1.search(data) or _NO_CHARACTER.search(data)
    )
