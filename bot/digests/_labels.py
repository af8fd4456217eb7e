"""Reads what stands below the head of a paper in a Markdown page: texts below labels, authors, categories.

Forks of a page choose their own labels, so no list of labels is complete. A label is recognised by its place and form:

    Label: text               at the beginning of a paragraph
    **Label:** text           at the beginning of a line; also `**Label**:`, `> **Label:**`, `- **Label:**`
    #### Label                a line of its own
    <summary>Label</summary>
    … | **Label:** text       in a line that belongs to no label

A label ends the text of the label before it, whether its name is known or not. A text below a name that is not known is
kept under that name. A text without a label that is no markup either is in `Body.unread`.
"""

import re
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import islice, pairwise
from typing import Final, NamedTuple

from bot.digests import _arxiv, _languages, _lines, _names, _summaries
from subscriptions.categories import is_category

ABSTRACT, CATEGORY, COMMENT, TRANSLATION = "abstract", "category", "comment", "translation"
"""Fields that do not belong to the summary."""

_AUTHORS: Final = "authors"
_TITLE: Final = "title translation"
_ANY_ABSTRACT: Final = "abstract or translation"  # the language of the text decides
_NAMES: Final = {  # names of labels, in small letters, with "_" for a space → fields
    "author": _AUTHORS,
    "作者": _AUTHORS,
    "main_category": CATEGORY,
    "category": CATEGORY,
    "categories": CATEGORY,
    "tl;dr": "tldr",
    "tldr": "tldr",
    "一句话总结": "tldr",
    "task": "task",
    "motivation": "motivation",
    "method": "method",
    "result": "result",
    "conclusion": "conclusion",
    "related_work": "related_work",
    "potential_application": "potential_applications",
    "future_work": "future_work",
    "keyword": "keywords",
    "comment": COMMENT,
    "ai_comment": "ai_comments",
    "ai_abstract": "ai_abstract",
    "abstract": ABSTRACT,
    "translation": TRANSLATION,
    "摘要翻译": TRANSLATION,
}
_ORDER: Final = {name: place for place, name in enumerate(dict.fromkeys(_NAMES.values()))}
_SPECIAL: Final = frozenset((CATEGORY, _AUTHORS, _TITLE, _ANY_ABSTRACT))
_REPEATED: Final = frozenset(("", CATEGORY, _ANY_ABSTRACT))  # of which an entry may have several
_BLOCKS: Final = (ABSTRACT, TRANSLATION, _ANY_ABSTRACT)
_MOST_WORDS = 8  # of a name that is not known; a longer one is the beginning of a sentence
_MOST_SIGNS = 60  # of a list of categories


@dataclass(slots=True)
class Body:
    """The text below a head. White space is collapsed; a field may still hold the words of a failed summary."""

    fields: dict[str, str] = field(default_factory=dict)  # in reading order; "" for a known label without a text
    after: str = ""  # the text between the entry and the next head
    authors: tuple[str, ...] = ()
    categories: list[str] = field(default_factory=list)  # primary first; some may be no categories
    title_translation: str = ""
    unread: list[str] = field(default_factory=list)  # texts below no label


class _Shape(NamedTuple):
    """What a line says that looks like a label."""

    name: str  # of a field if it is known, otherwise the words of the label; "" for a line of markup
    start: int  # of the text, from the beginning of the line
    is_known: bool = False
    is_summary: bool = False  # a field of the summary, or the abstract
    is_plain: bool = False  # without marks
    is_bullet: bool = False
    is_block: bool = False  # its text may begin in the next line
    is_fold: bool = False  # of HTML
    level: int = 0  # of a heading


_Label = tuple[int, _Shape]
"""A place in a text, and the label or the line of markup that begins there."""


_LABEL = re.compile(
    r"\n(?!\n)(?:"
    r"(?:>[ \t]?)?(?:[^\w\s\x00-\x7f]+ ?)?(?P<plain>(?:TL;DR|[^\W\d_])[^\n:：.,;!?。，；！？、*<>|`$\\=\[\]]{0,49}+)[:：](?![/:])"
    r"|(?P<fold></?details>|[ \t]*<summary>(?P<summary>[^\n]*)</summary>)"
    r"|\#{1,6}[ \t]+(?P<heading>[^\n]+)"
    r"|(?P<bullet>[-*+][ \t]+)?(?:>[ \t]?)?(?P<mark>\*\*|__|\*)(?P<bold>[^*\n:：]{1,60}+)(?:[:：][ \t]*(?P=mark)|(?P=mark)[ \t]*[:：])"
    r"|(?P<names>\*(?=[^*\n]+\*(?:[ \t]*\|[^\n]*)?(?:\n|$)))"
    r")"
)
_MARKUP: Final = _Shape("", 0)
_NAMES_LINE: Final = _Shape("", 0, is_plain=False)  # a line of authors, which may stand below a label
_END = "\n</details>"
_FOLD = "\n<details>"  # begins the part that the page hides at first
# Lines that occur only between entries
_BETWEEN = re.compile(
    r"^(?:<(?:div|a) (?:id|name)=|#{1,3} .*\[\[Back\]\]|#{1,3} Table of Contents|#{1,2} Total Papers Today)",
    re.MULTILINE,
)
_LINK = re.compile(r"!?\[(?:\[[^\]]*\]|[^\[\]])*\]\([^()\s]*\)")
_MARKED_LINE = re.compile(r"\n[ \t]*(?:>|[-*_=]{3}|<|!?\[)")
_RULE = re.compile(r"[-*_=]{3,}|<(?:hr|br) ?/?>")
_BOTH_BOLD = re.compile(r"\*\*(?P<name>[^*:：]{1,60})[:：](?P<text>[^*]*)\*\*")  # a label and its text
_AT_START = re.compile(
    r"\*\*(?P<bold>[^*:：]{1,60})(?:[:：][ \t]*\*\*|\*\*[ \t]*[:：])|(?P<plain>[^\W\d_][^:：*<>|]{0,49}+)[:：](?![/:])"
)
_PIPE = re.compile(r"[ \t]+\|[ \t]+")
_BRACKETS = re.compile(r"[(（]([^()（）]*)[)）]")
_TAG = re.compile(r"<[^<>]*>")
_EDGES = re.compile(r"^[\W_]+|[\W_]+$")
_SENTENCE_END = re.compile(r"[.!?。！？…][\"'”’」)]*$")
_SEPARATORS = re.compile(r"[\s,;/|`、，]+")
# a string that is not closed ends with the text
_PYTHON_STRING = re.compile(r"'((?:[^'\\]|\\.)*)'?|\"((?:[^\"\\]|\\.)*)\"?")
_HEAD_WITHOUT_LINK = re.compile(r"\s*Authors: (?P<names>.*?) \| Main Category: (?P<category>[^|\n]*)[^\n]*")


def read_body(text: str) -> Body:
    """Reads the text between a head and the next head. `text` begins with the line feed after the head."""
    between = _BETWEEN.search(text, max(text.find(_END), 0))
    end = between.start() if between else len(text)
    fold = text.find(_FOLD, 0, end)
    labels, end = _labels(text, end, fold)
    reader = _Reader(fold)
    reader.read(text, labels, end)
    reader.body.after = text[end:]
    return reader.body


def read_body_without_link(text: str) -> Body:
    """Reads the text below a head of the template without links, whose line of authors also names the category."""
    found = _HEAD_WITHOUT_LINK.match(text)
    body = read_body(text[found.end() :] if found else text)
    if found:
        body.authors, body.categories = _names.split_authors(found["names"]), [found["category"]]
    return body


def _labels(text: str, end: int, fold: int) -> tuple[list[_Label], int]:
    """Returns (labels, end of the entry); the end is before `end` if the heading of a section comes first."""
    found = [(match.start(), _shape(match[0])) for match in _LABEL.finditer(text, 0, end)]
    order = _Order(text, found, fold)
    labels: list[_Label] = []
    seen = set()
    for at, shape in found:
        if shape is _NAMES_LINE:
            if not any(label.is_known for _, label in labels):
                labels += [(at, shape)]
            continue
        if shape.level and shape.name not in seen and _is_section(text, at, shape):
            return labels, at
        if shape.name in seen:
            if shape.is_fold:
                labels += [(at, shape._replace(name=""))]
        elif order.is_label(at, shape, labels[-1] if labels else None):
            labels.append((at, shape))
            if shape.name not in _REPEATED:
                seen.add(shape.name)
    return labels, end


@lru_cache(maxsize=4096)
def _shape(line: str) -> _Shape:
    """Returns what a match of _LABEL says; `line` is the text that matched."""
    if line == "\n*":
        return _NAMES_LINE
    match = _LABEL.match(line)
    kind = (match and match.lastgroup) or ""
    raw, start = (match and match["summary" if kind == "fold" else kind]) or "", len(line)
    if kind == "heading":
        raw, colon, text = raw.replace("：", ":").partition(":")
        start -= len(text) if colon else 0
    name, is_known = _field(raw)
    return _Shape(
        name=name,
        start=start,
        is_known=is_known,
        is_summary=is_known and name not in _SPECIAL,
        is_plain=kind == "plain",
        is_bullet=bool(match and match["bullet"]),
        is_fold=kind == "fold",
        is_block=kind in ("heading", "fold") or name in _BLOCKS,
        level=line.count("#", 0, line.find(" ")) if kind == "heading" else 0,
    )


def _is_section(text: str, at: int, shape: _Shape) -> bool:
    """Returns whether a heading ends the entry: it is no label, but that of a section or of another paper."""
    heading = text[at : at + shape.start]
    if "](" in heading:
        return True
    if shape.is_known or shape.level > 3:  # noqa: PLR2004  entries have headings of the third level
        return False
    is_behind = text.find(_END, 0, at) >= 0 and not heading.endswith((":", "："))
    return is_behind or bool(_arxiv.categories_of(heading.lstrip("\n# ").split()[:1]))


@lru_cache(maxsize=1000)
def _field(raw: str) -> tuple[str, bool]:
    """Returns (field, whether its name is known) of a label, which may have a picture and other names in brackets."""
    inside = _BRACKETS.findall(raw)
    names = [_plain_name(name) for name in (_BRACKETS.sub(" ", raw), *inside)]
    first = next(filter(None, names), "")
    is_alone = not inside
    for name in names:
        known = _NAMES.get(name) or _NAMES.get(name.removesuffix("s"))
        if known and (known != ABSTRACT or is_alone):
            return known, True
        if not name.startswith("ai_") and any(word in name for word in ("abstract", "摘要")):
            return _ANY_ABSTRACT, True
        if any(word in name.split("_") for word in ("title",)) or name.endswith("标题"):
            return _TITLE, True
    return first, False


def _plain_name(raw: str) -> str:
    return "_".join(_EDGES.sub("", _TAG.sub("", raw)).casefold().split())


class _Order:
    """Decides which lines that look like labels are labels, from the places of all such lines of an entry."""

    def __init__(self, text: str, found: list[_Label], fold: int) -> None:
        self._text = text
        self._fold = fold
        known = [(at, shape.name) for at, shape in found if shape.is_known and shape.is_plain]
        paragraphs = [(at, name) for at, name in known if self._begins_paragraph(at)]
        self._in_paragraphs = {name for _, name in paragraphs}
        self._below = {name for at, name in paragraphs if at > fold >= 0}
        self._is_compact = len(paragraphs) <= 1 < len(known)  # a label in each line, without blank lines

    def is_label(self, at: int, shape: _Shape, last: _Label | None) -> bool:
        """Returns whether a line is a label. `last` is the label or line of markup before it."""
        if shape.is_fold:
            return True
        if _is_only_links(self._text, at + shape.start):
            return False
        if not shape.is_plain:
            return not shape.is_bullet or shape.is_known or (last and last[1].is_bullet) or self._is_first(at, last)
        is_label = self._is_known_label if shape.is_known else self._is_other_label
        return is_label(at, shape.name, last)

    def _is_other_label(self, at: int, name: str, last: _Label | None) -> bool:
        if name.count("_") >= _MOST_WORDS:
            return False
        if self._is_first(at, last):
            return not (last and last[1].is_known and last[1].is_block)
        return self._begins_paragraph(at) or (self._is_compact and last is not None and last[1].name != ABSTRACT)

    def _is_known_label(self, at: int, name: str, last: _Label | None) -> bool:
        place = _ORDER.get(name, 0)
        if at < self._fold and place > _ORDER["task"] and name in self._below:
            return False
        if self._begins_paragraph(at) or self._is_first(at, last):
            return True
        if name in self._in_paragraphs or last is None or (last[1].name == ABSTRACT and not self._is_compact):
            return False
        return _ORDER.get(last[1].name, -1) < place

    def _is_first(self, at: int, last: _Label | None) -> bool:
        """Returns whether no text stands between a line and the label before it."""
        if last is None or not last[1].name:
            return True
        start = last[0] + last[1].start
        return start >= at or self._text[start:at].isspace()

    def _begins_paragraph(self, at: int) -> bool:
        before = self._text[at - 1 : at]
        return before == "\n" or (before == " " and self._text[:at].rpartition("\n")[2].isspace())


def _is_only_links(text: str, start: int) -> bool:
    """Returns whether a label names nothing but links: `**Abstract**: [arXiv](…)`."""
    if "[" not in text[start : start + 3]:
        return False
    line = text[start:].partition("\n")[0]
    return "](" in line and not _LINK.sub("", line).strip(" \t|*")


class _Reader:
    """Collects what stands below the head of one paper."""

    def __init__(self, fold: int) -> None:
        self.body = Body()
        self._fold = fold
        self._abstracts: list[str] = []  # in the original or translated
        self._leading = ""  # the first field, if its name is not known and it is a sentence above the fold

    def read(self, text: str, labels: list[_Label], end: int) -> None:
        """Reads the texts below the labels, and those above the first label and between labels."""
        fields = self.body.fields
        self._read_unlabelled(text[: labels[0][0] if labels else end])
        for (at, shape), (after, _) in pairwise((*labels, (end, _MARKUP))):
            chunk = text[at + shape.start : after]
            if shape.name == CATEGORY:  # whose text is one line
                chunk, _, below = chunk.strip().partition("\n")
                self._read_unlabelled(below)
            if shape.name:
                chunk = _text_of(chunk) if _MARKED_LINE.search(chunk) else " ".join(chunk.split())
            if shape.is_summary and shape.name not in fields and (shape.is_plain or "| **" not in chunk):
                fields[shape.name] = chunk
            elif not shape.name:
                if not chunk.isspace():
                    self._read_unlabelled(chunk)
            elif shape.is_known:
                self._add_known(shape.name, chunk)
            elif chunk:
                self._add(shape.name, chunk, at)
        for abstract in self._abstracts:
            self._put(ABSTRACT if _languages.language_of(abstract) == "en" else TRANSLATION, abstract)
        self._name_leading()

    def _add_known(self, name: str, text: str) -> None:
        if "|" in text and (name in (CATEGORY, _AUTHORS) or "| **" in text):
            text, *others = _PIPE.split(text)
            self._read_segments(others)
        if name == CATEGORY:
            self.body.categories += _SEPARATORS.split(text)
        elif name == _AUTHORS:
            self.body.authors = self.body.authors or names_in(text)
        elif name == _TITLE:
            self.body.title_translation = self.body.title_translation or text
        elif name == _ANY_ABSTRACT:
            self._abstracts.append(text)
        else:
            self._put(name, text)

    def _put(self, name: str, text: str) -> None:
        """Adds a field. If there is one of that name already, the text counts as one without a label."""
        if self.body.fields.setdefault(name, text) != text:
            self.body.unread.append(text)

    def _add(self, name: str, text: str, at: int) -> None:
        """Adds a text below a name that is not known."""
        text, *others = _PIPE.split(text)
        if categories := _categories_in(text):
            self.body.categories += categories
        else:
            if not self.body.fields and (at < self._fold or self._fold < 0) and _SENTENCE_END.search(text):
                self._leading = name
            self._put(name, text)
        self._read_segments(others)

    def _name_leading(self) -> None:
        """Calls the first field of a paper its summary in short, if no other field is."""
        fields = self.body.fields
        if self._leading and not any(name in fields for name in _summaries.LEADING):
            self.body.fields = {
                _summaries.LEADING[0] if name == self._leading else name: text for name, text in fields.items()
            }

    def _read_unlabelled(self, text: str) -> None:
        for line in text.split("\n"):
            if line and not line.isspace():
                self._read_segments(_PIPE.split(line.strip()) if "|" in line else [line.strip()])

    def _read_segments(self, segments: list[str]) -> None:
        """Reads the parts of a line that belongs to no label."""
        for segment in segments:
            plain = segment.removeprefix(">").strip()
            if plain.startswith("*") and plain.endswith("*") and not plain.startswith("**"):
                self._add_italic(plain[1:-1], is_quoted=plain != segment)
            elif both := _BOTH_BOLD.fullmatch(plain):
                self._add_named(both["name"], both["text"])
            elif label := _AT_START.match(plain):
                self._add_named(label[label.lastgroup or ""], plain[label.end() :])
            elif any(map(str.isalnum, _TAG.sub("", _LINK.sub("", plain)))):
                self.body.unread.append(segment)

    def _add_italic(self, text: str, *, is_quoted: bool) -> None:
        if is_quoted:
            self.body.title_translation = _lines.collapse(text)
        elif not self.body.authors:
            self.body.authors = names_in(text)
        else:
            self.body.unread.append(text)

    def _add_named(self, raw: str, text: str) -> None:
        name, is_known = _field(raw)
        if _is_only_links(text, 0):
            return
        if is_known:
            self._add_known(name, _lines.collapse(text))
        elif name:
            self._add(name, _lines.collapse(text), -1)


def _text_of(chunk: str) -> str:
    """Returns the text below a label without marks of quotations, lines that divide, and lines of links."""
    lines = chunk.strip().split("\n")
    if lines[0].startswith(">"):
        lines = [line.removeprefix(">") for line in lines]
    return _lines.collapse(" ".join([line for line in lines if not _is_markup(line.strip())]))


def _is_markup(line: str) -> bool:
    if line.startswith(("[", "!")):
        return not _LINK.sub("", line).strip(" \t|")
    return bool(_RULE.fullmatch(line))


def _categories_in(text: str) -> list[str]:
    """Returns the categories in a text that consists only of categories."""
    words = []
    if len(text) <= _MOST_SIGNS:
        words = list(filter(None, _SEPARATORS.split(text)))
    if words and all(map(is_category, words)):
        return words
    return []


def names_in(text: str) -> tuple[str, ...]:
    """Returns the names in a text: separated by commas, semicolons or "and", or in a list as Python prints it."""
    if text.startswith(("['", '["')):
        found = islice(_PYTHON_STRING.finditer(text), _names.MOST_AUTHORS)
        strings = (match[1] or match[2] or "" for match in found)
        return _names.joined_names(re.sub(r"\\(['\"\\])", r"\1", string) for string in strings)
    if ";" in text:  # then a comma is part of a name
        listed = text.split(";", _names.MOST_AUTHORS)[: _names.MOST_AUTHORS]
        return _names.joined_names(listed)
    return _names.split_authors(text)
