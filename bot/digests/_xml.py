"""Reads XML feeds from front to back. Keeps complete records; accepts no DTD and no entities of the document."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from html import escape
from html.entities import html5
from typing import Generic, TypeVar
from xml.parsers import expat

from bot.digests._format import MOST_PAPERS, too_many

T = TypeVar("T")

_BEGINNING = re.compile(r"\s*<(?:\?xml|(?:[\w.-]+:)?(?:rss|feed)\b)")  # with any namespace prefix
_NAMED = re.compile(r"&(?!(?:lt|gt|amp|quot|apos);)(?P<name>[A-Za-z][A-Za-z\d]{1,39};)")  # as in HTML: `&eacute;`
_STRAY = re.compile(r"&(?!(?:lt|gt|amp|quot|apos|#\d{1,9}|#x[\da-fA-F]{1,9});)")  # begins no reference of XML
_LONGEST_REFERENCE = 42  # characters
_CHUNK = 1 << 16  # characters handed to the parser at once
_MOST_ELEMENTS = (
    50_000  # in memory at once; five times the longest record of arXiv; bounds the memory of a hostile document
)


@dataclass(slots=True)
class Element:
    """An element. `name` is "URI local", or the local name alone without a namespace."""

    name: str
    attributes: Mapping[str, str]
    line: int
    children: list["Element"] = field(default_factory=list)
    parts: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        """The text of the element. A field of a record also includes the text of markup inside."""
        return "".join(self.parts)

    def all(self, name: str) -> list["Element"]:
        """Returns the children of that name."""
        return [child for child in self.children if child.name == name]

    def first(self, name: str) -> str:
        """Returns the text of the first child of that name, stripped; "" if there is none."""
        return next((child.text.strip() for child in self.children if child.name == name), "")


@dataclass(slots=True)
class Document(Generic[T]):
    """A document as read: the root with all outside of records, and the results of `make` for complete records."""

    root: Element | None = None
    records: list[T] = field(default_factory=list)
    complete: int = 0  # complete records, also those for which `make` returned None
    error: str = ""  # why reading stopped before the end, in expat's words
    error_line: int | None = None
    doctype: bool = False  # it has a DTD; nothing after that was read


class _Stop(Exception):
    """Raised to stop reading."""


def is_xml(text: str) -> bool:
    """Returns whether a text begins as an XML document or feed."""
    return bool(_BEGINNING.match(text))


def read_xml(text: str, record: str, make: Callable[[Element], T | None]) -> Document[T]:
    """Reads a document. Calls `make` with each complete element named `record` and keeps what it returns, except None.

    Raises BrokenDigest after MOST_PAPERS records, and any error of `make`.
    """
    reader = _Reader(record, make)
    reader.read(text)
    return reader.document


def read_head(text: str) -> Element | None:
    """Returns the root with everything before the first `item` or `entry`; None if the text is no readable XML."""
    if not is_xml(text):
        return None
    reader = _HeadReader[None]("", lambda _: None)
    reader.read(text)
    return None if reader.document.doctype else reader.document.root


def _chunks(xml: str) -> Iterator[str]:
    """Yields the document in parts, none of which ends within a reference.

    Characters named as in HTML become these characters, any other `&` that begins no reference becomes text. A document
    with CDATA sections stays as it is, since any `&` in them is text.
    """
    repair = "<![CDATA[" not in xml
    at = 0
    while at < len(xml):
        end = at + _CHUNK
        if end < len(xml):
            end = max(xml.rfind("&", end - _LONGEST_REFERENCE, end), 0) or end
        chunk = xml[at:end]
        yield _STRAY.sub("&amp;", _NAMED.sub(_named, chunk)) if repair else chunk
        at = end


def _named(reference: re.Match[str]) -> str:
    return escape(html5[reference["name"]]) if reference["name"] in html5 else reference[0]


class _Reader(Generic[T]):
    def __init__(self, record: str, make: Callable[[Element], T | None]) -> None:
        self.document = Document[T]()
        self._record = record
        self._make = make
        self._open: list[Element] = []
        self._elements, self._before = 0, 0  # in memory now; in memory when the open record began
        self._lines_before = 0
        self._inside: Element | None = None  # the open record
        self._field: Element | None = None  # the open child of the record; its text includes that of markup inside
        self._parser = expat.ParserCreate("utf-8", " ")
        self._parser.buffer_text = True
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = self._characters
        self._parser.StartDoctypeDeclHandler = self._doctype

    def read(self, text: str) -> None:
        parse: Callable[[str, bool], object] = self._parser.Parse
        xml = text.lstrip()  # an XML declaration is allowed only at the very beginning
        self._lines_before = text.count("\n", 0, len(text) - len(xml))
        xml = xml.replace("\r", " ")  # expat would count it as a line
        try:
            for chunk in _chunks(xml):
                parse(chunk, False)
            parse("", True)
        except expat.ExpatError as error:
            self.document.error = expat.errors.messages.get(error.code, "not well-formed")
            self.document.error_line = error.lineno + self._lines_before
        except _Stop:
            pass

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        element = Element(name, attributes, self._parser.CurrentLineNumber + self._lines_before)
        self._elements += 1
        if self._elements > _MOST_ELEMENTS:
            self.document.error, self.document.error_line = "too many elements", element.line
            raise _Stop
        if not self._open:
            self.document.root = element
        elif name == self._record and self._inside is None:
            self._inside = element
            self._before = self._elements - 1
        else:
            if self._open[-1] is self._inside:
                self._field = element
            self._open[-1].children.append(element)
        self._open.append(element)

    def _end(self, _name: str) -> None:
        element = self._open.pop()
        if element is self._inside:
            self._inside = None
            self._elements = self._before
            self._finish_record(element)
        elif element is self._field:
            self._field = None

    def _finish_record(self, element: Element) -> None:
        self.document.complete += 1
        made = self._make(element) if element.children else None
        if made is None:
            return
        if len(self.document.records) >= MOST_PAPERS:
            raise too_many()
        self.document.records.append(made)

    def _characters(self, text: str) -> None:
        innermost = self._open[-1]
        innermost.parts.append(text)
        if self._field is not None and self._field is not innermost:
            self._field.parts.append(text)

    def _doctype(self, *_declaration: object) -> None:
        self.document.doctype = True
        raise _Stop


class _HeadReader(_Reader[T]):
    def _start(self, name: str, attributes: dict[str, str]) -> None:
        if name.rpartition(" ")[2] in ("item", "entry"):
            raise _Stop
        super()._start(name, attributes)
