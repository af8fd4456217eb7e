"""Bytes to plain text: UTF-8, one kind of line end, no control characters; and white space collapsed."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

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
    try:
        text = data.removeprefix(BOM).decode()
    except UnicodeDecodeError as error:
        raise NotText from error
    if "\r\n" in text:
        text = text.replace("\r\n", "\n")
    if "\ufeff" in text:
        text = text.replace("\n\ufeff", "\n")
    return without_controls(text) if _may_hold_controls(data) else PlainText(text=text)


def without_controls(text: str) -> PlainText:
    """The text without control characters, and what they were."""
    if not _COUNTED.search(text):
        return PlainText(text=text)
    found = [(match.start(), match[0]) for match in islice(_COUNTED.finditer(text), _EXAMPLES)]
    return PlainText(
        text=_CONTROLS.sub("", text),
        controls=sum(1 for _ in _COUNTED.finditer(text)),
        first_line=text.count("\n", 0, found[0][0]) + 1,
        examples=tuple(f"U+{ord(sign):04X}" for _, sign in found),
    )


def collapse(text: str) -> str:
    """The text with every run of white space as one blank, none at the ends."""
    return " ".join(text.split())


def lines_of(text: str) -> Iterator[str]:
    """The lines of a text, one by one, so that looking at the first few does not cut up all of it.

    A form feed or a lone carriage return ends no line, as it would for `splitlines`.
    """
    start = 0
    while (end := text.find("\n", start)) >= 0:
        yield text[start:end]
        start = end + 1
    yield text[start:]


def _may_hold_controls(data: bytes) -> bool:
    return len(data.translate(None, _CONTROL_BYTES)) != len(data) or bool(
        _C1.search(data) or _NO_CHARACTER.search(data)
    )
