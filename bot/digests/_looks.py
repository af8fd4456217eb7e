"""What a document that is no digest looks like, for the errors about it."""

import re

from bot.digests import _lines, _xml
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
    """Returns what kind of file some bytes seem to be, if they are not text."""
    found = (look for signature, look in _SIGNATURES if data.startswith(signature))
    return next(found, Sentence("binary data or text in another encoding"))


def describe_text(text: str) -> Sentence:
    """Returns what kind of document a text seems to be; the phrase may quote a few of its words."""
    start = text.lstrip()
    if not start:
        return Sentence("an empty file")
    if _xml.is_html(start):
        return Sentence("an HTML page")
    if _xml.is_markup(start):
        return _describe_xml(start)
    if start[0] in "{[":
        return Sentence("JSON")
    if heading := _HEADING.search(start):
        return Sentence('a README: "{heading}"', {"heading": _lines.shortened(heading[0], _SHOWN)})
    return Sentence('text that begins "{words}"', {"words": _lines.shortened(start, _SHOWN)})


def _describe_xml(text: str) -> Sentence:
    root = _xml.read_head(text)
    if root is None:
        return Sentence("XML with a DOCTYPE, which is never read, or damaged XML")
    title = next(
        (child.text for part in (root, *root.children) for child in part.children if "title" in child.name), ""
    )
    if title.strip():
        return Sentence('an XML feed titled "{title}"', {"title": _lines.shortened(title, _SHOWN)})
    return Sentence("XML with the root <{root}>", {"root": root.name.rpartition(" ")[2]})
