"""Plain text of titles and abstracts that hold tags of HTML or JATS, or character references."""

import re
from html import unescape
from html.entities import html5

from bot.digests._lines import collapse

_REFERENCE = re.compile(r"&(?:(?P<name>[A-Za-z][A-Za-z\d]{1,39});|#(?:\d{1,7}|[xX][\da-fA-F]{1,6});)")
_TAG = re.compile(
    r"</?(?P<name>[A-Za-z][\w:-]{0,30})(?:\s+[\w:-]+\s*=\s*(?:\"[^\"<>]*\"|'[^'<>]*'|[^\s\"'<>=]+))*\s*/?>"
)
_INSIDE_WORDS = frozenset(
    {
        "a",
        "b",
        "bold",
        "em",
        "font",
        "i",
        "inf",
        "italic",
        "sc",
        "scp",
        "small",
        "span",
        "strong",
        "sub",
        "sup",
        "tt",
        "u",
    }
)
_SINGLE = frozenset({"br", "hr", "img", "li", "p"}) | _INSIDE_WORDS  # tags that need no closing tag to be recognised
_BLOCKS = frozenset(
    {"br", "dd", "div", "dl", "dt", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "li", "ol", "p", "section", "sec", "table", "td", "tr",
     "ul"}
)  # fmt: skip
# a heading of a paragraph, without a space after it
_HEADING = re.compile(
    r"^(?:[A-Z][a-z]+ (?:and|&) )?(?:Abstract|ABSTRACT|Aims?|Background|Conclusions?|Design|Discussion|Findings|Funding|Importance"
    r"|Interpretation|Introduction|Methods?|Motivation|Objectives?|Purpose|Rationale|Results?|Setting|Significance|Summary)"
    r"(?=[A-Z])",
    re.MULTILINE,
)


def without_references(text: str) -> str:
    """Returns the text with characters in place of character references, which may be escaped twice."""
    if "&" in text:
        return _REFERENCE.sub(_character, _REFERENCE.sub(_character, text))
    return text


def _character(reference: re.Match[str]) -> str:
    if reference["name"]:
        return html5.get(f"{reference['name']};", reference[0])
    return unescape(reference[0])


_COMMENT = re.compile(r"<!--(?:(?!-->)[\s\S]){0,2000}-->")


def without_tags(text: str, block: str = " ") -> str:
    """Returns the text without tags. A sign `<` that belongs to no tag stays: `p < 0.05`.

    `block` replaces the tags that stand between blocks of text.
    """
    if "<" not in text:
        return text
    text = _COMMENT.sub(" ", text)
    closed = {tag["name"].lower() for tag in _TAG.finditer(text) if tag[0].startswith("</")}
    known = closed | _SINGLE

    def replaced(tag: re.Match[str]) -> str:
        name = tag["name"].lower()
        if name not in known and not tag[0].endswith("/>"):
            return tag[0]
        name = name.rpartition(":")[2]
        if name in _INSIDE_WORDS:
            return ""
        return block if name in _BLOCKS else " "

    return _TAG.sub(replaced, text)


def with_spaced_headings(text: str) -> str:
    """Returns the text with a space after each heading of a paragraph that is glued to the first word."""
    return _HEADING.sub(r"\g<0> ", text)


def plain(text: str) -> str:
    """Returns a title or another short text without tags and references, in one line."""
    return collapse(without_tags(without_references(text)).replace("\ufeff", ""))


def lines(text: str) -> list[str]:
    """Returns the lines that a reader of the markup sees, each without tags and references; no empty ones."""
    text = without_references(text).replace("\ufeff", "")
    shown = text
    if "</" in text or "<br" in text or "<!--" in text:
        shown = without_tags(text.replace("\n", " "), "\n")
    return [line for line in map(collapse, shown.split("\n")) if line]
