"""Recognises XML and HTML, and reads XML feeds as a stream (in which encodings). Keeps complete records, and stops at a DTD."""

import re
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from html import escape
from html.entities import html5
from xml.parsers import expat

from bot.digests._warnings import Warnings
from bot.errors import BrokenDigest
from subscriptions.errors import Sentence

_BEGINNING = re.compile(  # with any prefix
    r"\s*(?:<!--(?:(?!-->)[\s\S]){0,2000}-->\s*|<!DOCTYPE\s+(?:rss|feed|rdf:RDF|PubmedArticleSet)\b[^>\[]{0,300}>\s*)*"
    r"<(?:\?xml|(?:[\w.-]+:)?(?:rss|feed|RDF|PubmedArticleSet)\b)"
)
_NAMED = re.compile(r"&(?!(?:lt|gt|amp|quot|apos);)(?P<name>[A-Za-z][A-Za-z\d]{1,39};)")  # as in HTML: `&eacute;`
_STRAY = re.compile(r"&(?!(?:lt|gt|amp|quot|apos|#\d{1,9}|#x[\da-fA-F]{1,9});)")  # begins no reference of XML
_NUMBERED = re.compile(r"&#(?:(?P<decimal>\d{1,9})|x(?P<hex>[\da-fA-F]{1,9}));")
_CHARACTER = re.compile("[\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")  # that XML allows
_LONGEST_REFERENCE = 42  # characters
_LONGEST_TEXT = 300_000  # characters of an element: a dozen times the longest field of a paper, with all its markup
_CDATA = "<![CDATA["
_RECORDS = frozenset({"item", "entry", "PubmedArticle"})  # elements before which the head of a document ends
_FLAT_LEVELS = 5
_CHUNK = 1 << 16  # characters handed to the parser at once
_MOST_ELEMENTS = (
    # elements in memory at once: five times the longest record of arXiv; limits the memory that a hostile document
    # takes
    50_000
)


@dataclass(slots=True)
class Element:
    """An element. `name` is "URI local", or only the local name if it has no namespace."""

    name: str
    attributes: Mapping[str, str]
    children: list["Element"] = field(default_factory=list)
    parts: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        """The text of the element, at most _LONGEST_TEXT of it.

        For a field of a record, this includes the text of markup inside the field.
        """
        return "".join(self.parts)[:_LONGEST_TEXT]

    def all(self, name: str) -> list["Element"]:
        """Returns the children of that name."""
        return [child for child in self.children if child.name == name]

    def first(self, *names: str) -> str:
        """Returns the text of the first child of a name, stripped. Tries the names in turn until a text is not empty."""
        for name in names:
            found = next((child for child in self.children if child.name == name), None)
            if found and (text := found.text.strip()):
                return text
        return ""


_DECLARED = re.compile(rb"\s*<\?xml[^>]{0,100}?encoding\s*=\s*[\"'](?P<name>[\w.:-]{2,40})[\"']")
_ENCODING = re.compile(  # names of those that feeds have; others of Python's decoders are slow or no encodings of text
    r"iso-?8859-\d{1,2}|latin-?1|(?:windows-|cp)125\d|gb(?:2312|k|18030)|big5|shift[_-]?jis|euc-(?:jp|kr|cn)|koi8-[ru]|utf-16(?:le|be)?",
    re.IGNORECASE,
)


def in_utf8(data: bytes) -> bytes:
    """Returns an XML document in UTF-8, whatever encoding it names; any other data as it is.

    A document that names UTF-8 and is not is most often in Windows' western encoding.
    """
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        name = "utf-16"
    elif declared := _DECLARED.match(data[:300]):
        name = declared["name"].decode().lower()
    else:
        return data
    try:
        if name != "utf-16":
            data.decode()
            return data
    except UnicodeDecodeError:
        if not _ENCODING.fullmatch(name):
            name = "cp1252"
    text = data.decode("gb18030" if name == "gb2312" else name, errors="replace")
    return text.encode() if is_xml(text) else data


class _Stop(Exception):
    """Raised to stop reading."""


def is_xml(text: str) -> bool:
    """Returns whether a text begins as an XML document or feed."""
    return bool(_BEGINNING.match(text))


def is_html(text: str) -> bool:
    """Returns whether a text is an HTML page."""
    return text.lstrip()[:14].lower().startswith(("<!doctype html", "<html"))


def is_markup(text: str) -> bool:
    """Returns whether a text is HTML or XML. Formats of plain text never read such a text."""
    return is_xml(text) or text.lstrip()[:9].lower().startswith(("<!doctype", "<html"))


def read_head(text: str, root: str = "", *, external: bool = False) -> Element | None:
    """Returns the root, with everything before the first record; None if the text is no readable XML.

    If `root` is given, also returns None if the root has another name. `external`: see XmlDocument.
    """
    if not is_xml(text):
        return None
    document = XmlDocument(text, external=external)
    list(document.records())
    if document.doctype or (root and document.root and document.root.name != root):
        return None
    return document.root


class XmlDocument:
    """An XML document. Its public attributes are complete once all of `records` has been read."""

    def __init__(
        self, text: str, record: str = "", *, external: bool = False, flat: frozenset[str] = frozenset()
    ) -> None:
        """`record` is the name of the elements that are records. Without it, reading stops at the first record.

        `external`: a DOCTYPE that only names a DTD elsewhere is skipped; that DTD is never read. `flat` has names of
        elements whose text includes that of the markup inside them.
        """
        self.root: Element | None = None  # contains everything outside of records
        self.complete = 0  # records that were read
        self.error = ""  # why reading stopped before the end, in expat's words
        self.error_line: int | None = None
        self.doctype = False  # it has a DTD; nothing after that was read
        self._text = text
        self._record = record
        self._external, self._flat = external, flat
        self._read: list[Element] = []  # complete records that are still to be yielded
        self._open: list[Element] = []
        self._depth = 0  # of the open record; 0: there is none
        self._elements, self._before = 0, 0  # elements in memory: now, and when the open record began
        self._lines_before = 0
        self._parser = expat.ParserCreate("utf-8", " ")
        self._parser.buffer_text = True
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = self._characters
        self._parser.StartDoctypeDeclHandler = self._doctype

    def records(self) -> Iterator[Element]:
        """Yields each complete record."""
        parse: Callable[[str, bool], object] = self._parser.Parse
        xml = self._text.lstrip()  # an XML declaration is allowed only at the very beginning
        self._lines_before = self._text.count("\n", 0, len(self._text) - len(xml))
        try:
            for chunk in _chunks(xml.replace("\r", " ")):  # expat would count a carriage return as a line end
                parse(chunk, False)
                yield from self._read
                self._read.clear()
            parse("", True)
        except expat.ExpatError as error:
            self.error = expat.errors.messages.get(error.code, "not well-formed")
            self.error_line = error.lineno + self._lines_before
        except _Stop:
            pass
        yield from self._read

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        if not self._record and name.rpartition(" ")[2] in _RECORDS:
            raise _Stop
        element = Element(name, attributes)
        self._elements += 1
        if self._elements > _MOST_ELEMENTS:
            self.error, self.error_line = "too many elements", self._parser.CurrentLineNumber + self._lines_before
            raise _Stop
        if not self._open:
            self.root = element
        elif name == self._record and not self._depth:
            self._depth = len(self._open)
            self._before = self._elements - 1
        else:
            self._open[-1].children.append(element)
        self._open.append(element)

    def _end(self, _name: str) -> None:
        element = self._open.pop()
        if self._depth == len(self._open) > 0:
            self._depth = 0
            self._elements = self._before
            self.complete += 1
            self._read.append(element)

    def _characters(self, text: str) -> None:
        self._open[-1].parts.append(text)
        if 0 < self._depth < len(self._open) - 2:  # within markup of a field
            self._open[self._depth + 1].parts.append(text)
        if self._flat:
            below = self._depth + 2  # only a few levels, so that deep markup takes no longer
            for element in self._open[below : min(below + _FLAT_LEVELS, len(self._open) - 1)]:
                if element.name in self._flat:
                    element.parts.append(text)

    def _doctype(self, _name: str, _system: str | None, _public: str | None, has_declarations: object) -> None:
        if self._external and not has_declarations:
            return
        self.doctype = True
        raise _Stop


def warn_truncated(document: XmlDocument, warnings: Warnings) -> None:
    """Adds a warning if the XML breaks off. Raises BrokenDigest if it breaks off before the end of the first record."""
    line, error = document.error_line, document.error
    if error and not document.complete:
        raise BrokenDigest(
            Sentence(
                "The XML breaks off in line {line} before its first entry ({error}).", {"line": line, "error": error}
            )
        )
    if error:
        kept = f"the complete entries before it are kept ({document.complete})"
        warnings.add("xml_truncated", message=f"the XML breaks off in line {line} ({error}); {kept}")


def _chunks(xml: str) -> Iterator[str]:
    """Yields the document in parts, none of which ends within a reference such as `&amp;`.

    References that only HTML has (`&eacute;`) are replaced by their characters, those to no character of XML (`&#0;`) by
    a space; any other `&` that begins no reference of XML becomes text. Sections of CDATA are not changed, since each
    `&` in them is text already.
    """
    at = 0
    while at < len(xml):
        is_cdata = xml.startswith(_CDATA, at)
        end = xml.find("]]>", at) if is_cdata else xml.find(_CDATA, at)
        if end < 0:
            end = len(xml)
        for start, stop in _spans(xml, at, end):
            chunk = xml[start:stop]
            yield chunk if is_cdata else _NUMBERED.sub(_numbered, _STRAY.sub("&amp;", _NAMED.sub(_named, chunk)))
        at = end


def _spans(xml: str, at: int, end: int) -> Iterator[tuple[int, int]]:
    while at < end:
        stop = min(at + _CHUNK, end)
        if stop < end:
            stop = max(xml.rfind("&", stop - _LONGEST_REFERENCE, stop), 0) or stop
        yield at, stop
        at = stop


def _named(reference: re.Match[str]) -> str:
    if reference["name"] in html5:
        return escape(html5[reference["name"]])
    return reference[0]


def _numbered(reference: re.Match[str]) -> str:
    number = int(reference["decimal"] or reference["hex"], 10 if reference["decimal"] else 16)
    if number <= sys.maxunicode and _CHARACTER.fullmatch(chr(number)):
        return reference[0]
    return " "
