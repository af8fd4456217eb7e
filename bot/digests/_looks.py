"""Describes documents that are not digests, for their refusal. Also tells HTML and XML from text."""

import re

from bot.digests._plain import shortened
from bot.digests._xml import is_xml, read_head
from bot.errors import BrokenDigest
from subscriptions.errors import Sentence

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
_SHOWN = 60  # characters of a quotation


def describe_bytes(data: bytes) -> Sentence:
    """Returns what bytes that are no text look like."""
    found = (look for signature, look in _SIGNATURES if data.startswith(signature))
    return next(found, Sentence("binary data or text in another encoding"))


def is_markup(text: str) -> bool:
    """Returns whether a text is HTML or XML. Formats of plain text never read such a text."""
    return is_xml(text) or text.lstrip()[:9].lower().startswith(("<!doctype", "<html"))


def describe_text(text: str) -> Sentence:
    """Returns what a text looks like, with a few of its words."""
    start = text.lstrip()
    if not start:
        return Sentence("an empty file")
    if is_html(start):
        return Sentence("an HTML page")
    if is_markup(start):
        return _describe_xml(start)
    if start[0] in "{[":
        return Sentence("JSON")
    if heading := _HEADING.search(start):
        return Sentence('a README: "{heading}"', {"heading": shortened(heading[0], _SHOWN)})
    return Sentence('text that begins "{words}"', {"words": shortened(start, _SHOWN)})


def is_html(text: str) -> bool:
    """Returns whether a text is an HTML page."""
    return text.lstrip()[:14].lower().startswith(("<!doctype html", "<html"))


def unrecognized_page(line: int) -> BrokenDigest:
    """Returns the error for a page without a readable entry whose line `line` no empty page would have."""
    return BrokenDigest(Sentence("No entry can be read, and line {line} is not that of an empty page.", {"line": line}))


def unread_papers(announced: int) -> BrokenDigest:
    """Returns the error for a page that announces papers but has no readable one."""
    return BrokenDigest(
        Sentence("The page announces {announced} papers, but no entry can be read.", {"announced": announced})
    )


def nothing_read() -> BrokenDigest:
    """Returns the error for a document of a known format without a readable paper."""
    return BrokenDigest(Sentence("No paper in it can be read."))


def _describe_xml(text: str) -> Sentence:
    root = read_head(text)
    if root is None:
        return Sentence("XML with a DOCTYPE, which is never read, or damaged XML")
    title = next(
        (child.text for part in (root, *root.children) for child in part.children if "title" in child.name), ""
    )
    if title.strip():
        return Sentence('an XML feed titled "{title}"', {"title": shortened(title, _SHOWN)})
    return Sentence("XML with the root <{root}>", {"root": root.name.rpartition(" ")[2]})
