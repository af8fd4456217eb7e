"""HTML as pages of papers need it, and the only home of Beautiful Soup.

How a format uses it:

    detect   `is_html(text)` of `_looks`, and a mark of the page, looked for in the text.
    parse    `pieces(text, ("dt",))` cuts the page before the tags that begin its entries; `read_piece` reads one of them.
             `tags_with(text, "data-target", …)` reads the attributes of single tags, whatever stands within these.
    read     each piece is a `Node`: `node.first("div", "list-title")`, `node.text`, `node.attribute("href")`.

A page is cut up before it is read, so what is damaged or left open in one entry stays there. The parser below Beautiful
Soup, Python's own, needs time with the square of the length for some damage (`<a <a <a`) and gives up on other
(`<![x`, a reference of many digits). So only whole tags reach it; any other `<` is made text. Then it takes time in
proportion to the length, and depth costs nothing (tests/unit/test_digests_html.py).
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from html import unescape
from typing import TYPE_CHECKING, cast

from bot.digests._format import bounded
from bot.digests._plain import collapse, parts_of, without_controls
from bot.digests._warnings import Warnings

if TYPE_CHECKING:  # Beautiful Soup costs 100 ms, so it is imported when a page is read
    from bs4.element import Tag

_MOST_TAGS = 5_000  # in a piece: ten times what an entry of arXiv has, which links at most a hundred authors
_UNREAD = re.compile(r"<(?:!--|(?P<name>script|style)\b)", re.IGNORECASE)
_CLOSING = {
    "": re.compile("-->"),
    "script": re.compile(r"</script\s*>", re.IGNORECASE),
    "style": re.compile(r"</style\s*>", re.IGNORECASE),
}
# A whole tag or declaration; quotes may hold any sign, `<` too. A try that fails ends at the next `<` outside of its quotes,
# so that at most three tries go over any place, and the time stays in proportion to the length.
_TAG = re.compile(r"<(?:/?(?P<name>[A-Za-z][\w-]*)(?:[^<>\"']|\"[^\"]*\"|'[^']*')*+|![^<>]*)>")
_RAW = frozenset(
    {"iframe", "noembed", "noframes", "noscript", "plaintext", "script", "style", "textarea", "title", "xmp"}
)
_ATTRIBUTE = re.compile(r"(?P<name>[^\s\"'<>/=]+)(?:\s*=\s*(?P<value>\"[^\"]*\"|'[^']*'|[^\s\"'<>]+))?")
_STEP = 1 << 16  # characters
_LONG_REFERENCE = re.compile(r"&(?=#(?:\d{8}|[xX][0-9a-fA-F]{8}))")  # no character has so high a number
_BLOCKS = frozenset(
    {"article", "dd", "div", "dl", "dt", "h1", "h2", "h3", "h4", "li", "ol", "p", "section", "table", "ul"}
)


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a page."""

    line: int  # in which it begins, from 1
    name: str  # of the tag that it begins with, in small letters
    markup: str


class Node:
    """An element. Its texts come with single blanks and without control characters, which are counted as a warning."""

    def __init__(self, tag: "Tag", line: int, warnings: Warnings) -> None:
        self._tag = tag
        self._line = line
        self._warnings = warnings

    @property
    def name(self) -> str:
        """The name of its tag, in small letters."""
        return self._tag.name

    @property
    def text(self) -> str:
        """Its text up to the first block within it: where its own end is missing, the next field begins there."""
        return self.rewritten(lambda _, words: words)

    def rewritten(self, change: "Callable[[Node, str], str]") -> str:
        """The same, with each string as `change` makes it of the innermost element around it and the string."""
        parts: list[str] = []
        for around, part in self._flow():
            if isinstance(part, str):
                parts.append(change(self._node(around), part))
            elif part.name == "br":
                parts.append(" ")
        return self._plain("".join(parts))

    def first(self, name: str, class_: str = "") -> "Node | None":
        """The first element of that name, and class if one is given, anywhere within it."""
        return next(self._found(name, class_), None)

    def all(self, name: str, class_: str = "") -> list["Node"]:
        """All elements of that name, and class if one is given, anywhere within it."""
        return list(self._found(name, class_))

    def inline(self, name: str) -> list["Node"]:
        """The elements of that name up to the first block, as its text goes."""
        return [self._node(part) for _, part in self._flow() if not isinstance(part, str) and part.name == name]

    def attribute(self, name: str) -> str:
        """The value of an attribute; "" if there is none."""
        value = self._tag.get(name)
        return self._plain(value) if isinstance(value, str) else ""

    def has_class(self, name: str) -> bool:
        """Whether that is one of its classes."""
        return name in self._tag.get_attribute_list("class")

    def _found(self, name: str, class_: str) -> Iterator["Node"]:
        for _, part in self._parts():  # as find_all does, which takes several times as long
            if not isinstance(part, str) and part.name == name:
                node = self._node(part)
                if not class_ or node.has_class(class_):
                    yield node

    def _flow(self) -> Iterator[tuple["Tag", "str | Tag"]]:
        """What is within it, up to the first block, and up to the next link if it is one itself."""
        for around, part in self._parts():
            if not isinstance(part, str) and (part.name in _BLOCKS or part.name == self.name == "a"):
                return
            yield around, part

    def _parts(self) -> Iterator[tuple["Tag", "str | Tag"]]:
        """All strings and elements within it, in the order of the page, each after the element around it."""
        for part in self._tag.descendants:
            yield cast("Tag", part.parent), str(part) if isinstance(part, str) else cast("Tag", part)

    def _node(self, tag: "Tag") -> "Node":
        return Node(tag, self._line, self._warnings)

    def _plain(self, text: str) -> str:
        plain = without_controls(text)
        if plain.controls:
            self._warnings.add("control_characters", line=self._line, count=plain.controls, examples=plain.examples)
        return collapse(plain.text)


def pieces(text: str, names: Sequence[str]) -> Iterator[Piece]:
    """The parts of a page from each tag of those names up to the next; what stands before the first is left out.

    Raises BrokenDigest when there are more than any page has.
    """
    page = _without_unread(text)
    beginning = re.compile(rf"<(?P<name>{'|'.join(names)})\b", re.IGNORECASE)
    for _, line, markup in bounded(parts_of(page, (match.start() for match in beginning.finditer(page)))):
        match = beginning.match(markup)
        yield Piece(line, match["name"].lower() if match else "", markup)


def read_piece(piece: Piece, warnings: Warnings) -> Node | None:
    """What a piece holds, with its first tag as a child; None for one with more tags than any entry."""
    from bs4 import BeautifulSoup  # noqa: PLC0415 - see above

    markup = _whole_tags(piece.markup)
    return Node(BeautifulSoup(markup, "html.parser"), piece.line, warnings) if markup is not None else None


def tags_with(text: str, attribute: str, value: str) -> Iterator[tuple[int, dict[str, str]]]:
    """The attributes of the tags that have one of that value, and their lines. A tag that is cut off is none.

    Values keep their line ends; they may be long, so nothing is copied that need not be.
    """
    if value not in text:
        return
    for tag in _TAG.finditer(text):
        if tag["name"] and text.find(value, tag.start(), tag.end()) >= 0:
            found = _ATTRIBUTE.finditer(text, tag.end("name"), tag.end())
            attributes = {one["name"].lower(): _value(text, *one.span("value")) for one in found}
            if collapse(attributes.get(attribute, "")) == value:
                yield text.count("\n", 0, tag.start()) + 1, attributes


def _value(text: str, start: int, end: int) -> str:
    """The value of an attribute that stands there, without quotes, with its references as characters.

    It goes in steps, as the many small strings of which one long value is made take much room.
    """
    parts: list[str] = []
    if text.startswith(("'", '"'), start, end):
        start, end = start + 1, end - 1
    while start < end:
        stop = min(start + _STEP, end)
        if stop < end:
            stop = max(text.rfind("&", start + 1, stop), 0) or stop  # a reference is not cut
        parts.append(unescape(_LONG_REFERENCE.sub("&amp;", text[start:stop])))
        start = stop
    return "".join(parts)


def _without_unread(text: str) -> str:
    """The page without comments, scripts and styles, which may hold anything; their line ends stay."""
    parts: list[str] = []
    at = 0
    open_ended: set[str] = set()
    for opening in _UNREAD.finditer(text):
        kind = (opening["name"] or "").lower()
        if opening.start() < at or kind in open_ended:
            continue
        closing = _CLOSING[kind].search(text, opening.end())
        if closing is None:  # what is never closed hides nothing
            open_ended.add(kind)
            continue
        parts += (text[at : opening.start()], "\n" * text.count("\n", opening.start(), closing.end()))
        at = closing.end()
    return "".join([*parts, text[at:]]) if parts else text


def _whole_tags(markup: str) -> str | None:
    """The markup with its whole tags, and every other `<` as text; None if there are too many tags."""
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
