"""What a document that is no digest looks like, for the errors about it."""

import re

from bot.digests import _lines, _xml
from subscriptions import errors

_SIGNATURES = (
    (b"%PDF", errors.Sentence("a PDF")),
    (b"PK\x03\x04", errors.Sentence("a ZIP archive or an office document")),
    (b"\x1f\x8b", errors.Sentence("a compressed file")),
    (b"\x89PNG", errors.Sentence("a picture")),
    (b"\xff\xd8\xff", errors.Sentence("a picture")),
    (b"\xff\xfe", errors.Sentence("UTF-16 text")),
    (b"\xfe\xff", errors.Sentence("UTF-16 text")),
)
_HEADING = re.compile(r"^#{1,6} .*", re.MULTILINE)
_SHOWN = 60  # characters of a quotation


def describe_bytes(data: bytes) -> errors.Sentence:
    """Returns what kind of file some bytes seem to be, if they are not text."""
    found = (look for signature, look in _SIGNATURES if data.startswith(signature))
    return next(found, errors.Sentence("binary data or text in another encoding"))


def describe_text(text: str) -> errors.Sentence:
    """Returns what kind of document a text seems to be; the phrase may quote a few of its words."""
    start = text.lstrip()
    if not start:
        return errors.Sentence("an empty file")
    if _xml.is_html(start):
        return errors.Sentence("an HTML page")
    if _xml.is_markup(start):
        return _describe_xml(start)
    if start[0] in "{[":
        return errors.Sentence("JSON")
    if heading := _HEADING.search(start):
        return errors.Sentence('a README: "{heading}"', {"heading": _lines.shortened(heading[0], _SHOWN)})
    return errors.Sentence('text that begins "{words}"', {"words": _lines.shortened(start, _SHOWN)})


def _describe_xml(text: str) -> errors.Sentence:
    root = _xml.read_head(text)
    if root is None:
        return errors.Sentence("XML with a DOCTYPE, which is never read, or damaged XML")
    title = next(
        (child.text for part in (root, *root.children) for child in part.children if "title" in child.name), ""
    )
    if title.strip():
        return errors.Sentence('an XML feed titled "{title}"', {"title": _lines.shortened(title, _SHOWN)})
    return errors.Sentence("XML with the root <{root}>", {"root": root.name.rpartition(" ")[2]})
