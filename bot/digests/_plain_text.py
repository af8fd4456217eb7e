"""Plain text from bytes: UTF-8, with one kind of line end and no control characters."""

import re

from bot.digests._lines import collapse
from bot.digests._warnings import Warnings

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
    if may_have_controls:
        return without_controls(text, warnings)
    return text


def without_controls(text: str, warnings: "Warnings") -> str:
    """Returns the text without control characters, and warns of them."""
    if not ("\t" in text or _CONTROLS.search(text)):  # eight times as fast as a search with _COUNTED
        return text
    if count := sum(1 for _ in _COUNTED.finditer(text)):
        warnings.add("control_characters", count=count)
    return _CONTROLS.sub("", text)


def plain_words(text: str, warnings: "Warnings") -> str:
    """Returns a text without control characters and with single spaces."""
    return collapse(without_controls(text, warnings))
