"""Makes text of the bytes of a document: a limit of size, encodings, no control characters."""

import re
import zlib

from bot.failures import BrokenDigest
from subscriptions.errors import Sentence
from subscriptions.texts.cutting import cut_letters

MAX_BYTES = 16 * 2**20
"""Size limit of a document, also of one that is unpacked."""

BOM = b"\xef\xbb\xbf"
_DECLARED = re.compile(rb"\s*<\?xml[^>]{0,100}?encoding\s*=\s*[\"'](?P<name>[\w.:-]{2,40})[\"']")
_ENCODING = re.compile(  # names of those that feeds have; others of Python's decoders are slow or no encodings of text
    r"iso-?8859-\d{1,2}|latin-?1|(?:windows-|cp)125\d|gb(?:2312|k|18030)|big5|shift[_-]?jis|euc-(?:jp|kr|cn)|koi8-[ru]|utf-16(?:le|be)?",
    re.IGNORECASE,
)
# as browsers do
_READ_AS = {
    "gb2312": "gb18030",
    "iso-8859-1": "cp1252",
    "latin1": "cp1252",
    "latin-1": "cp1252",
}
# Control characters except white space, the two code points that XML forbids, and lone surrogates, which only JSON
# escapes can produce.
_CONTROLS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufffe\uffff]")

_SIGNATURES = (
    (b"%PDF", Sentence("a PDF")),
    (b"PK\x03\x04", Sentence("a ZIP archive or an office document")),
    (b"\x1f\x8b", Sentence("a compressed file")),
    (b"\x89PNG", Sentence("a picture")),
    (b"\xff\xd8\xff", Sentence("a picture")),
    (b"\xff\xfe", Sentence("UTF-16 text")),
    (b"\xfe\xff", Sentence("UTF-16 text")),
)
_HEADING = re.compile(r"^#{1,6} .*", re.MULTILINE)
_DOCTYPE = re.compile(r"(?:<\?[^>]*>\s*)?<!DOCTYPE[^>]*\[")
_ROOT = re.compile(r"(?:<[?!][^>]*>\s*)+<(?P<root>[\w:.-]+)")
_SHOWN = 60  # characters of a quotation


class NotText(Exception):
    """Raised for bytes that are not UTF-8 text, nor XML in the encoding that it names."""


def text_of(data: bytes) -> str:
    r"""Returns the text of a document, which may be packed by gzip. Raises NotText, and BrokenDigest above MAX_BYTES.

    Only a line feed ends a line, so `\r\n` becomes `\n`; two carriage returns before it come from a program that
    converted the line ends twice. A byte order mark is removed at the start of any line, since files may have been
    joined.
    """
    data = _in_utf8(_unpacked(data)).removeprefix(BOM)
    if len(data) > MAX_BYTES:
        raise BrokenDigest(Sentence("It is larger than {limit} MiB.", {"limit": MAX_BYTES >> 20}))
    if b"\0" in data:
        raise NotText
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        raise NotText from error
    return text.replace("\r\r\n", "\n").replace("\r\n", "\n").replace("\n\ufeff", "\n")


def _unpacked(data: bytes) -> bytes:
    if not data.startswith(b"\x1f\x8b"):
        return data
    try:
        return zlib.decompressobj(wbits=31).decompress(data, MAX_BYTES + 1)
    except zlib.error:
        return data


def _in_utf8(data: bytes) -> bytes:
    """Returns an XML document in UTF-8, whatever encoding it names; any other data as it is.

    A document that names UTF-8 and is not is most often in Windows' western encoding.
    """
    declared = _DECLARED.match(data[:300])
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        name = "utf-16"
    elif declared:
        name = declared["name"].decode().lower()
    else:
        return data
    try:
        if name != "utf-16":
            data.decode()
            return data
    except UnicodeDecodeError:
        name = name if _ENCODING.fullmatch(name) else "cp1252"
    text = data.decode(_READ_AS.get(name, name), errors="replace")
    return (
        text.encode(errors="replace")
        if text.lstrip("\ufeff \n").startswith(("<?xml", "<rss", "<feed", "<rdf"))
        else data
    )


def without_controls(text: str) -> tuple[str, int]:
    """Returns (the text without control characters, how many were removed)."""
    return _CONTROLS.subn("", text) if _CONTROLS.search(text) else (text, 0)


def describe_bytes(data: bytes) -> Sentence:
    """Returns what kind of file some bytes seem to be, if they are not text."""
    found = (look for signature, look in _SIGNATURES if data.startswith(signature))
    return next(found, Sentence("binary data or text in another encoding"))


def describe_text(text: str) -> Sentence:
    """Returns what kind of document a text seems to be; the phrase may quote a few of its words."""
    start = text.lstrip()
    if not start:
        return Sentence("an empty file")
    if start[:14].lower().startswith(("<!doctype html", "<html")):
        return Sentence("an HTML page")
    if start.startswith("<?xml") or _DOCTYPE.match(start):
        root = _ROOT.match(start)
        return (
            Sentence("XML with the root <{root}>", {"root": root["root"]})
            if root
            else Sentence("XML with a DOCTYPE, which is never read")
        )
    if start[0] in "{[":
        return Sentence("JSON")
    if heading := _HEADING.search(start):
        return Sentence('a README: "{heading}"', {"heading": shortened(heading[0], _SHOWN)})
    return Sentence('text that begins "{words}"', {"words": shortened(start, _SHOWN)})


def shortened(text: str, most: int) -> str:
    """Returns the beginning of a text in one line, at most `most` characters long; "…" marks what is left out."""
    return cut_letters(" ".join(text[: 4 * most].split()), most)
