"""Reads markup of strangers: XML as trees, by lxml, and texts with tags or references as plain text (what a tag is).

lxml's parser mends what is damaged, so that a torn element costs itself. It takes time and memory in proportion to the
document, expands no entities and uses no network (docs/decisions.md).
"""

import re
from collections.abc import Iterator, Mapping
from html import escape, unescape
from html.entities import html5
from itertools import islice, pairwise
from typing import TypeAlias

from lxml import etree
from lxml.etree import _Element

from bot.digests.files import check_entries
from subscriptions.errors import BrokenDigest, Sentence
from subscriptions.text.tex import SUPERSCRIPT

Element: TypeAlias = _Element

_XML = re.compile(  # its beginning, with any prefix; a DOCTYPE that only names a DTD elsewhere is not followed
    r"\s*(?:<\?[^>]{0,300}\?>\s*|<!--(?:(?!-->)[\s\S]){0,2000}-->\s*|<!DOCTYPE\s[^>\[]{0,300}>\s*)*"
    r"<(?:[\w.-]+:)?(?:rss|feed|RDF|opml|PubmedArticleSet|ArticleSet|eSummaryResult)\b"
)
_HTML = re.compile(r"\s*(?:<!--(?:(?!-->)[\s\S]){0,2000}-->\s*)?<(?:!doctype html|html)\b", re.IGNORECASE)
# a section of CDATA, a reference, or characters that begin neither a reference nor a tag
_SIGNS = re.compile(r"<!\[CDATA\[[\s\S]*?(?:\]\]>|\Z)|&(?P<name>#?\w{1,40});|(?:&(?!#?\w{1,40};)|<(?![\w/!?:]))++")
_NUMBERED = re.compile(r"&(?P<name>#\w{1,40});?")  # HTML may leave out the semicolon
_OF_XML = frozenset({"lt", "gt", "amp", "quot", "apos"})
_CHARACTER = re.compile("[\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")  # that XML allows

_UNCLOSED = etree.ErrorTypes.ERR_TAG_NAME_MISMATCH
_HEAD = 4_000  # characters at most before the first record of a damaged document
_MOST_AGAIN = 20_000_000  # characters of such heads that are read, once for each record

_REFERENCE = re.compile(r"&(?:[A-Za-z][A-Za-z\d]{1,39}|#(?:\d{1,7}|[xX][\da-fA-F]{1,6}));")
_COMMENT = re.compile(r"<!--(?:(?!<!--)[\s\S])*?-->")
_INSIDE_WORDS = (
    "a|abbr|b|bold|cite|del|em|font|i|inf|ins|italic|nobr|sc|scp|small|span|strong|sub|sup|tt|u"
    "|xref|ext-link|named-content|inline-formula|alternatives|jats:[a-z-]+|mml:[a-z]+|math|m(?:frac|i|n|o|over|row|space|sqrt|style|sub|subsup|sup|text|under)"
)
_BLOCKS = "article|blockquote|br|dd|div|dl|dt|figcaption|footer|h[1-6]|header|hr|li|list|list-item|ol|p|sec|section|st|table|tbody|td|th|thead|tr|title|ul"
_OTHERS = "img|figure|disp-formula|tex-math"
_ATTRIBUTES = r"(?:\s+[\w:-]+\s*=\s*(?:\"[^\"<>]*\"|'[^'<>]*'|[^\s\"'<>=]+))*+"
_TAG = re.compile(  # `a <b and c> d` has none
    rf"<(?=/?[a-z])/?(?:jats:)?(?:(?P<inside>{_INSIDE_WORDS})|(?P<block>{_BLOCKS})|{_OTHERS}){_ATTRIBUTES}\s*/?>",
    re.IGNORECASE,
)
_RAISED = re.compile(  # without possessive quantifiers in a group, which Python 3.11.2 does not capture
    rf"(?P<before>\w)(?P<closed>(?:</[\w:-]+\s*>)*)<(?:jats:)?sup{_ATTRIBUTES}\s*>"
    r"(?P<inside>[^<]*(?:<(?!/?(?:jats:)?sup\b)[^<>]*>[^<]*)*)</(?:jats:)?sup\s*>",
    re.IGNORECASE,
)
_POWER = re.compile(  # of MathML: two elements, a base and an exponent
    r"<(?:mml:)?msup\b[^<>]*>(?P<inside>[^<]*(?:<(?!/?(?:mml:)?msup\b)[^<>]*>[^<]*)*)</(?:mml:)?msup\s*>",
    re.IGNORECASE,
)
_ANY_TAG = re.compile(r"<(?P<closes>/?)[\w:-][^<>]*?(?P<is_empty>/?)>")
_EXPONENT = re.compile(r"(?P<sign>[+−–-]?)(?:\d{1,6}(?:[.,]\d{1,6})*[+−–-]?|(?P<letter>[kmn]))")
_SIGNS_RAISED = str.maketrans("−–.", "⁻⁻·")
_HEADING = re.compile(  # of a paragraph, without a space after it
    r"^(?:[A-Z][a-z]+ (?:and|&) )?(?:Abstract|ABSTRACT|Aims?|Background|Conclusions?|Design|Discussion|Findings|Funding|Importance"
    r"|Interpretation|Introduction|Methods?|Motivation|Objectives?|Purpose|Rationale|Results?|Setting|Significance|Summary)"
    r"(?=[A-Z])",
    re.MULTILINE,
)


def is_xml(text: str) -> bool:
    """Return whether a text begins as one of the XML documents that paperwire reads."""
    return bool(_XML.match(text))


def is_markup(text: str) -> bool:
    """Return whether a text is HTML or XML of any kind. Formats of plain text never read such a text."""
    return is_xml(text) or is_html(text) or text.lstrip()[:9].lower().startswith(("<?xml", "<!doctype"))


def is_html(text: str) -> bool:
    """Return whether a text is an HTML page."""
    return bool(_HTML.match(text))


class Tree:
    """An XML document. Elements have the names that lxml gives them: "{address of the name space}name"."""

    def __init__(self, root: Element, text: str, *, is_damaged: bool) -> None:
        """`is_damaged`: something in the text was mended or is lost."""
        self.root = root
        self.is_damaged = is_damaged
        self._text = text

    def records(self, name: str) -> Iterator[Element]:
        """Yield the elements of a name, in any name space. Those of a damaged document are read one by one.

        So a torn one costs itself only: one in which an element has no end would be read wrongly, so it is left out.
        Raise BrokenDigest if none is left.
        """
        if not self.is_damaged:
            yield from outermost(self.root, name)
            return
        starts = [found.start() for found in re.finditer(rf"<(?:[\w.-]+:)?{name}[\s>]", self._text)]
        check_entries(len(starts))
        end = re.compile(rf"[\s\S]*?</(?:[\w.-]+:)?{name}\s*>")
        pieces = (end.match(self._text, start, stop) for start, stop in pairwise([*starts, len(self._text)]))
        head = self._text[: min([*starts, _HEAD])]  # which declares name spaces
        if len(starts) * len(head) > _MOST_AGAIN:
            raise BrokenDigest(Sentence("The XML is damaged, and too large to be read entry by entry."))
        trees = (_parsed(head + piece[0]) for piece in pieces if piece)
        whole = (root for root, errors in trees if root is not None and _UNCLOSED not in errors)
        count = 0
        for root in whole:
            for record in islice(root.iter(f"{{*}}{name}"), 1):
                count += 1
                yield record
        if not count:
            raise BrokenDigest(Sentence("The XML breaks off before its first entry."))


def outermost(element: Element, name: str) -> Iterator[Element]:
    """Yield the elements of a name inside an element, in any name space, but none that is inside another of them.

    So no part of a document is read more than once.
    """
    walk = etree.iterwalk(element, events=("start",), tag=f"{{*}}{name}")
    for _, one in walk:
        yield one
        walk.skip_subtree()


def tree_of(text: str) -> Tree | None:
    """Return an XML document, read as far as it goes.

    None if the text is none of the documents that paperwire reads.
    """
    if not is_xml(text):
        return None
    text = _SIGNS.sub(_sign, _NUMBERED.sub(_sign, text.strip().lstrip("\ufeff")))
    root, errors = _parsed(text)
    return None if root is None else Tree(root, text, is_damaged=bool(errors))


def _parsed(text: str) -> tuple[Element | None, set[int]]:
    """Return (the root of an XML text, the types of the errors at which something was mended or is lost)."""
    parser = etree.XMLParser(
        encoding="utf-8", recover=True, resolve_entities=False, no_network=True, load_dtd=False, remove_comments=True, remove_pis=True
    )  # fmt: skip
    root = etree.fromstring(text.encode(), parser)
    return root, {error.type for error in parser.error_log if error.level == etree.ErrorLevels.FATAL}


def without_wrong_references(text: str) -> str:
    """Return HTML in which a space takes the place of each numbered reference to no character."""
    return _NUMBERED.sub(_sign, text)


def local(element: Element) -> str:
    """Return the name of an element without its name space."""
    return str(element.tag).rpartition("}")[2].rpartition(":")[2]


def text_of(element: Element | None) -> str:
    """Return the text of an element with that of all elements inside it.

    What is in blocks of its own is kept apart. What stands above the line keeps its tags.
    """
    if element is None:
        return ""
    return "".join(_parts(element)) if len(element) else element.text or ""


def _parts(element: Element) -> Iterator[str]:
    powers = 0  # in which the walk is
    for event, one in etree.iterwalk(element, events=("start", "end")):
        name = local(one)
        if one is not element and re.fullmatch(_BLOCKS, name):
            yield "\n"
        powers += (event == "start") - (event == "end") if name == "msup" else 0
        is_kept = one is not element and (name in ("sup", "msup") or powers)
        if event == "start":
            yield f"<{name}>" if is_kept else ""
            yield one.text or ""
        elif one is not element:
            yield f"</{name}>" if is_kept else ""
            yield one.tail or ""


def _sign(found: re.Match[str]) -> str:
    """Return a reference as XML allows it: one of HTML becomes its character, an unknown one a space."""
    name = found["name"]
    if not name:
        return found[0] if found[0].startswith("<![CDATA[") else escape(found[0])
    if name in _OF_XML:
        return found[0]
    if f"{name};" in html5:
        return escape(html5[f"{name};"])
    if not re.fullmatch(r"#(?:\d{1,9}|x[\da-fA-F]{1,8})", name):
        return escape(found[0])
    number = int(f"0{name[1:]}", 0) if name[1] == "x" else int(name[1:])
    is_character = number <= 0x10FFFF and _CHARACTER.fullmatch(chr(number))  # noqa: PLR2004  the last one of Unicode
    return found[0] if is_character else " "


def without_references(text: str) -> str:
    """Return the text with characters in place of character references, which may be escaped twice."""
    if "&" in text:
        return _REFERENCE.sub(_character, _REFERENCE.sub(_character, text))
    return text


def _character(reference: re.Match[str]) -> str:
    return unescape(reference[0]) if reference[0][1] == "#" else html5.get(reference[0][1:], reference[0])


def without_tags(text: str, between_blocks: str = " ") -> str:
    """Return the text without tags of HTML, JATS and MathML.

    A `<` that belongs to no such tag stays: `p < 0.05`. A number above the line stays there where it would be read as
    another number: 10⁶ and cm⁻³, but H2O, 13C and Ca2+.
    """
    if "<" not in text:
        return text
    text = _RAISED.sub(_raised, _POWER.sub(_power, text))

    def replaced(tag: re.Match[str]) -> str:
        return "" if tag["inside"] else between_blocks if tag["block"] else " "

    return _TAG.sub(replaced, _COMMENT.sub(" ", text))


def _power(found: re.Match[str]) -> str:
    """Return a power of MathML as HTML has it."""
    inside, depth = found["inside"], 0
    for tag in _ANY_TAG.finditer(inside):
        depth += 0 if tag["is_empty"] else -1 if tag["closes"] else 1
        if depth <= 0:
            return f"{inside[: tag.end()]}<sup>{inside[tag.end() :]}</sup>"
    return found[0]


def _raised(found: re.Match[str]) -> str:
    """Return a letter or digit and what stands above the line behind it."""
    exponent = "".join(_ANY_TAG.sub("", found["inside"]).split())
    number = _EXPONENT.fullmatch(exponent)
    if not number or not (found["before"].isdecimal() or (number["sign"] and not number["letter"])):
        return found[0]
    return f"{found['before']}{found['closed']}{exponent.translate(SUPERSCRIPT).translate(_SIGNS_RAISED)}"


def plain(text: str) -> str:
    """Return a title or another short text without tags and references, in one line."""
    return " ".join(without_tags(without_references(text)).replace("\ufeff", "").split())


def lines(text: str) -> list[str]:
    """Return the lines that a reader of the markup sees, each without tags and references; no empty ones.

    A heading of a paragraph that is glued to the first word gets a space.
    """
    text = _HEADING.sub(r"\g<0> ", without_references(text).replace("\ufeff", "").strip())
    if _TAG.search(text) or "<!--" in text:
        text = without_tags(text.replace("\n", " "), "\n")
    return [line for one in text.split("\n") if (line := " ".join(one.split()))]


def attributes_of(element: Element) -> Mapping[str, str]:
    """Return the attributes of an element by their names in small letters, without name spaces."""
    return {str(name).rpartition("}")[2].lower(): str(value) for name, value in element.attrib.items()}
