"""Reads HTML pages of papers. The only module that uses Beautiful Soup.

How a format uses it:

    detect   `is_html(text)` of `_xml`, and a search for a mark of the page in the text.
    parse    `pieces(text, ("dt",))` cuts the page before each tag that begins an entry; `read_piece` reads one piece.
    read     each piece is a `Node`: `node.first("div", "list-title")`, `node.text`, `node.attribute("href")`.

A page is cut into entries before they are parsed, so damage in one entry cannot affect the next. Beautiful Soup uses
Python's own parser. For some damaged text (`<a <a <a`), this parser takes quadratic time, and for other (`<![x`, a
character reference of many digits) it fails. So the parser gets only whole tags; any other `<` becomes text. Then the
parser's time is linear, at any depth (tests/unit/test_digests_html.py).
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from bot.digests import _lines, _plain_text
from bot.digests._warnings import Warnings

if TYPE_CHECKING:  # Beautiful Soup costs 100 ms, so it is imported only when a page is parsed
    from bs4.element import Tag

_MOST_TAGS = 5_000  # in a piece; an entry of arXiv links at most a hundred authors, so it has about a tenth of this
_UNREAD = re.compile(r"<(?:!--|(?P<name>script|style)\b)", re.IGNORECASE)
_CLOSING = {
    "": re.compile("-->"),
    "script": re.compile(r"</script\s*>", re.IGNORECASE),
    "style": re.compile(r"</style\s*>", re.IGNORECASE),
}
# A whole tag or declaration; quotes may hold any character, even `<`. A match that fails stops at the next `<` outside
# of quotes. So no place is tried more than three times, and the time stays in proportion to the length.
_TAG = re.compile(r"<(?:/?(?P<name>[A-Za-z][\w-]*)(?:[^<>\"']|\"[^\"]*\"|'[^']*')*+|![^<>]*)>")
_RAW = frozenset(
    {"iframe", "noembed", "noframes", "noscript", "plaintext", "script", "style", "textarea", "title", "xmp"}
)
_LONG_REFERENCE = re.compile(r"&(?=#(?:\d{8}|[xX][0-9a-fA-F]{8}))")  # no character has a number of eight digits
_BLOCKS = frozenset(
    {"article", "dd", "div", "dl", "dt", "h1", "h2", "h3", "h4", "li", "ol", "p", "section", "table", "ul"}
)


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a page."""

    name: str  # of the tag at its beginning, in lower case
    markup: str


class Node:
    """An element.

    Its texts have single spaces and no control characters; a warning counts the characters that were removed.
    """

    def __init__(self, tag: "Tag", warnings: Warnings) -> None:
        self._tag = tag
        self._warnings = warnings

    @property
    def name(self) -> str:
        """The name of the tag, in lower case."""
        return self._tag.name

    @property
    def text(self) -> str:
        """The text up to the first block element inside.

        If the end tag is missing, this block element is the next field.
        """
        return self.rewritten(lambda _, words: words)

    def rewritten(self, change: "Callable[[Node, str], str]") -> str:
        """Returns `text` with each string replaced by `change(node, string)`; `node` is the innermost element around it."""
        parts: list[str] = []
        for around, part in self._flow():
            if isinstance(part, str):
                parts.append(change(self._node(around), part))
            elif part.name == "br":
                parts.append(" ")
        return self._plain("".join(parts))

    def first(self, name: str, class_: str = "") -> "Node | None":
        """Returns the first element of that name (and class, if given) at any depth."""
        return next(self._found(name, class_), None)

    def all(self, name: str, class_: str = "") -> list["Node"]:
        """Returns all elements of that name (and class, if given) at any depth."""
        return list(self._found(name, class_))

    def inline(self, name: str) -> list["Node"]:
        """Returns the elements of that name in the part that `text` covers."""
        return [self._node(part) for _, part in self._flow() if not isinstance(part, str) and part.name == name]

    def attribute(self, name: str) -> str:
        """Returns the value of an attribute, "" if there is none."""
        value = self._tag.get(name)
        if isinstance(value, str):
            return self._plain(value)
        return ""

    def has_class(self, name: str) -> bool:
        """Returns whether the element has this class."""
        return name in self._tag.get_attribute_list("class")

    def _found(self, name: str, class_: str) -> Iterator["Node"]:
        for _, part in self._parts():  # like find_all, which takes several times as long
            if not isinstance(part, str) and part.name == name:
                node = self._node(part)
                if not class_ or node.has_class(class_):
                    yield node

    def _flow(self) -> Iterator[tuple["Tag", "str | Tag"]]:
        """Yields (parent, part) for all parts up to the first block element; in a link also up to the next link."""
        for around, part in self._parts():
            if not isinstance(part, str) and (part.name in _BLOCKS or part.name == self.name == "a"):
                return
            yield around, part

    def _parts(self) -> Iterator[tuple["Tag", "str | Tag"]]:
        """Yields (parent, part) for all strings and elements inside, in the order of the page."""
        for part in self._tag.descendants:
            yield cast("Tag", part.parent), str(part) if isinstance(part, str) else cast("Tag", part)

    def _node(self, tag: "Tag") -> "Node":
        return Node(tag, self._warnings)

    def _plain(self, text: str) -> str:
        return _plain_text.plain_words(text, self._warnings)


def pieces(text: str, names: Sequence[str]) -> Iterator[Piece]:
    """Yields the parts of a page, each from a tag of these names to the next. Drops the text before the first tag."""
    page = _without_unread(text)
    beginning = re.compile(rf"<(?P<name>{'|'.join(names)})\b", re.IGNORECASE)
    for _, _, markup in _lines.parts_of(page, (match.start() for match in beginning.finditer(page))):
        match = beginning.match(markup)
        yield Piece(match["name"].lower() if match else "", markup)


def read_piece(piece: Piece, warnings: Warnings) -> Node | None:
    """Returns the parsed piece: a node whose first child is the tag at its beginning.

    Returns None if the piece has more than _MOST_TAGS tags.
    """
    from bs4 import BeautifulSoup  # noqa: PLC0415 - costs 100 ms; only pages in HTML need it

    markup = _whole_tags(piece.markup)
    if markup is not None:
        return Node(BeautifulSoup(markup, "html.parser"), warnings)
    return None


def _without_unread(text: str) -> str:
    """Returns the page without comments, scripts and styles."""
    parts: list[str] = []
    at = 0
    open_ended: set[str] = set()
    for opening in _UNREAD.finditer(text):
        kind = (opening["name"] or "").lower()
        if opening.start() < at or kind in open_ended:
            continue
        closing = _CLOSING[kind].search(text, opening.end())
        if closing is None:  # a part that is never closed is kept
            open_ended.add(kind)
            continue
        parts.append(text[at : opening.start()])
        at = closing.end()
    if parts:
        return "".join([*parts, text[at:]])
    return text


def _whole_tags(markup: str) -> str | None:
    """Returns the markup with every `<` that begins no whole tag as text; None if there are more than _MOST_TAGS tags."""
    markup = _LONG_REFERENCE.sub("&amp;", markup)
    parts: list[str] = []
    at = 0
    for count, tag in enumerate(_TAG.finditer(markup)):
        if count >= _MOST_TAGS:
            return None
        parts.append(markup[at : tag.start()].replace("<", "&lt;"))
        if tag["name"] and tag["name"].lower() not in _RAW:
            parts.append(tag[0])
        at = tag.end()
    return "".join([*parts, markup[at:].replace("<", "&lt;")])
