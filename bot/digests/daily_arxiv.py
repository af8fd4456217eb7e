"""daily-arXiv: its pages in Markdown, and the JSON lines from which they are made.

`daily_arxiv_md`: the pages of dw-dengwei/daily-arXiv-ai-enhanced and its forks (docs/formats.md).

An entry of the standard template, upstream since 2025-04-17:

    ### [1] [Title](https://arxiv.org/abs/2601.15529)
    *Name,Name,Name*

    Main category: cs.LG

    TL;DR: text


    <details>
      <summary>Details</summary>
    Motivation: text

    Method: text

    Result: text

    Conclusion: text

    Abstract: text

    </details>

Entries are in sections by primary category, after a table of contents that counts them. The page is cut at the heads of
its entries before it is read, so damage in one entry cannot affect the next. `_TEMPLATES` has the labels of this
template, of older templates and of those of forks.

`daily_arxiv_jsonl`: the JSON lines from which daily-arXiv pages are made: one paper per line.

    {"id": "2601.15529", "title": …, "authors": […], "categories": […], "comment": …, "summary": the abstract,
     "AI": {"tldr": …, "motivation": …, "method": …, "result": …, "conclusion": …}}

`AI` is missing until the page has been summarised. Each field of `AI` may hold an error message instead of a text.
Until March 2025 it had `task` instead of `tldr`. A fork writes `cate` for `categories`, `url` for `abs`, and more
fields into `AI`. No field contains the day.
"""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from heapq import merge
from itertools import chain, islice

from bot.digests import _format, _json, _papers
from bot.digests._format import Content, Entry, Format, Warnings
from bot.digests._json import Record
from bot.digests._xml import is_markup
from subscriptions.model import Paper

ABSTRACT, CATEGORY, COMMENT, TRANSLATION = "abstract", "category", "comment", "translation"
"""Fields that do not belong to the summary."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    """How the fields of an entry are labelled.

    Each label begins with a line feed: it counts only at the start of a line.
    """

    labels: tuple[tuple[str, str], ...]  # (label, field)
    ordered: bool = False  # labels come in this order; a label out of order is text
    in_section: bool = True  # its pages have a section for each category


@dataclass(slots=True)
class Body:
    """The text below a head. White space is collapsed; a field may still hold the words of a failed summary."""

    fields: dict[str, str]  # in reading order; "" for a label without a text
    after: str  # the text between the entry and the next head
    authors: tuple[str, ...] = ()
    categories: list[str] = field(default_factory=list)  # primary first; some may be no categories
    title_translation: str = ""
    in_section: bool = True  # the section around it may give the category


_STANDARD = Template(
    ordered=True,
    labels=(
        ("\nMain category:", CATEGORY),
        ("\nTL;DR:", "tldr"),
        ("\nMotivation:", "motivation"),
        ("\nMethod:", "method"),
        ("\nResult:", "result"),
        ("\nConclusion:", "conclusion"),
        ("\nAbstract:", ABSTRACT),
    ),
)
_TLDR = Template(
    ordered=True,
    labels=tuple(("\nTLDR:", field) if field == "tldr" else (label, field) for label, field in _STANDARD.labels),
)
_TASK = Template(
    ordered=True,
    in_section=False,
    labels=tuple(("\nTask:", "task") if field == "tldr" else (label, field) for label, field in _STANDARD.labels),
)
_ABSTRACT_ONLY = Template(in_section=False, labels=(("\n  <summary>Abstract</summary>", ABSTRACT),))
_NO_LINKS = Template(
    ordered=True,
    labels=(
        *_STANDARD.labels[1:-1],
        ("\nRelated Work:", "related_work"),
        ("\nPotential Applications:", "potential_applications"),
        ("\nFuture Work:", "future_work"),
        ("\nAbstract:", ABSTRACT),
        ("\nTranslation:", TRANSLATION),
    ),
)
_HEADINGS = Template(
    labels=(
        ("\nMain category:", CATEGORY),
        ("\n## TL;DR:", "tldr"),
        ("\n## Motivation:", "motivation"),
        ("\n## Method:", "method"),
        ("\n## Result:", "result"),
        ("\n## Conclusion:", "conclusion"),
        ("\n## ai_Abstract:", "ai_abstract"),
        ("\n## 摘要翻译:", TRANSLATION),
    ),
)
_BOLD = Template(
    labels=(
        ("\n**Keywords:**", "keywords"),
        ("\n**Comment:**", COMMENT),
        ("\n> **TL;DR:**", "tldr"),
        ("\n**AI_Comments:**", "ai_comments"),
        ("\n**Motivation:**", "motivation"),
        ("\n**Method:**", "method"),
        ("\n**Result:**", "result"),
        ("\n**Conclusion:**", "conclusion"),
        ("\n> **ai_Abstract:**", "ai_abstract"),
        ("\n> **摘要翻译:**", TRANSLATION),
    ),
)
_TEMPLATES = (  # (mark, template). The first mark in the text decides; later marks may be part of a field
    ("\nTL;DR:", _STANDARD),
    ("\n> **TL;DR:**", _BOLD),
    ("\n## TL;DR:", _HEADINGS),
    ("\n  <summary>Abstract</summary>", _ABSTRACT_ONLY),
    ("\nTask:", _TASK),
    ("\nTLDR:", _TLDR),
)

_END = "\n</details>"
_FOLD = "\n<details>"  # begins the part that the page hides at first; ends the field before it
# Lines that occur only between entries. Such a line ends an entry whose `</details>` is missing.
_BETWEEN = re.compile(
    r"^(?:<(?:div|a) (?:id|name)=|#{1,3} .*\[\[Back\]\]|#{1,3} Table of Contents|#{1,2} Total Papers Today)",
    re.MULTILINE,
)
_AUTHORS = re.compile(r"\*(?P<names>(?:[^*].*?)?)\*(?: *\| *\*\*(?:Main c|C)ategory: *(?P<categories>[^*]*)\*\*)?\s*$")
_TITLE_TRANSLATION = re.compile(r"> \*(?P<title>.*)\*\s*$")
# a string that is not closed ends with the text
_PYTHON_STRING = re.compile(r"'((?:[^'\\]|\\.)*)'?|\"((?:[^\"\\]|\\.)*)\"?")
_HEAD_WITHOUT_LINK = re.compile(r"\s*Authors: (?P<names>.*?) \| Main Category: (?P<category>[^|\n]*)")


def read_body(text: str) -> Body:
    """Reads the text between a head with a link and the next head. `text` begins with the line feed after the head."""
    template = _template(text)
    fields, start, after = _fields(text, template)
    body = Body(fields=fields, after=after, in_section=template.in_section)
    for line in text[:start].split("\n"):
        if line.startswith("*") and (found := _AUTHORS.match(line)):
            body.authors = _names(found["names"])
            body.categories = (found["categories"] or "").split(",")
        elif line.startswith("> *") and (found := _TITLE_TRANSLATION.match(line)):
            body.title_translation = _format.collapse(found["title"])
    if CATEGORY in fields:
        body.categories = fields.pop(CATEGORY).split(",")
    return body


def read_body_without_link(text: str) -> Body:
    """Reads the text below a head of the template without links, whose line of authors also names the category."""
    fields, start, after = _fields(text, _NO_LINKS)
    found = _HEAD_WITHOUT_LINK.match(text[:start])
    body = Body(fields=fields, after=after)
    if found:
        body.authors, body.categories = _papers.split_authors(found["names"]), [found["category"]]
    return body


def _template(text: str) -> Template:
    found, end = _STANDARD, len(text)
    for mark, template in _TEMPLATES:
        at = text.find(mark, 0, end)
        if at >= 0:
            found, end = template, at
    return found


def _fields(text: str, template: Template) -> tuple[dict[str, str], int, str]:
    """Returns (values by field, place of the first label, text after the entry)."""
    end = text.find(_END)
    marks = _marks(text, template, len(text) if end < 0 else end)
    if end < 0:
        between = _BETWEEN.search(text, marks[-1][0] if marks else 0)
        end = between.start() if between else len(text)
    fold = text.find(_FOLD, 0, end)
    fields, stop = {}, end
    for at, start, name in reversed(marks):
        fields[name] = _format.collapse(text[start : fold if start <= fold < stop else stop])
        stop = at
    return dict(reversed(fields.items())), min(stop, fold if fold >= 0 else end), text[end:].removeprefix(_END)


def _marks(text: str, template: Template, end: int) -> list[tuple[int, int, str]]:
    """Returns (position, start of the value, field) of each label, ascending.

    In an ordered template, labels are searched from the last to the first, each only in the text before the label that
    was found last. So a line of an abstract that looks like an earlier label stays part of the abstract. The text above
    `<details>` is short: a label is searched there only if it is not found below.
    """
    marks = []
    fold = max(text.find(_FOLD, 0, end), 0) if template.ordered else 0
    for label, name in reversed(template.labels):
        at = text.find(label, fold, end)
        if at < 0 and fold:
            at = text.find(label, 0, min(fold, end))
        if at >= 0:
            marks.append((at, at + len(label), name))
            if template.ordered:
                end = at
    marks.sort()
    return marks


def _names(text: str) -> tuple[str, ...]:
    if text.startswith(("['", '["')):  # a list as Python prints it
        found = islice(_PYTHON_STRING.finditer(text), _papers.MOST_AUTHORS)
        strings = (match[1] or match[2] or "" for match in found)
        names = (_papers.decode_accents(re.sub(r"\\(['\"\\])", r"\1", string)) for string in strings)
        return tuple(filter(None, names))
    return _papers.split_authors(text)


# ------------------------------------------------------------------------------------------------ daily-arXiv Markdown


_HEAD = "\n### ["
# A head: perhaps a number, then the title, `](` and an address up to the end of the line. The title is matched
# greedily, since titles may contain `](`.
_LINKED = re.compile(
    r"### \[(?:\d+\][^\S\n]*\[|(?!\d+\] ))(?P<title>.*)"
    rf"\]\((?:\[https?://arxiv\.org/abs/\]\(https?://arxiv\.org/abs/\))?{_papers.ADDRESS}\)[^\S\n]*(?=\n|$)"
)
_UNLINKED = re.compile(r"^\[\d+\] (?P<title>\S.*)(?=\nAuthors: .* \| Main Category: )", re.MULTILINE)
_TITLE_LINES = re.compile(
    r"<div id=['\"]?toc['\"]?></div>"
    r"|(?:.*\n){0,4}#{1,2} (?:(?:AI-Enhanced arXiv Daily|ArXiv Daily Papers -) \d{4}-|(?:Total Papers Today|今日总计) ?[:：] ?\d)"
)
_DAY = re.compile(r"(?:\*\*Report Date:\*\*|# AI-Enhanced arXiv Daily|# ArXiv Daily Papers -) *(\d{4}-\d{2}-\d{2})\s*$")
_CONTENTS = re.compile(
    r"- \[(?P<name>[^\](]*?)(?: \((?P<inside>\d{1,6}) papers\))?\]\([^)]*\)"
    r"(?: [\[(](?:Total: )?(?P<behind>\d{1,6})(?: 篇| papers)?[\])])?"
)
_TOTAL = re.compile(r"#{1,3} (?:Total Papers Today|今日总计) ?[:：] ?(?P<count>\d{1,6})\b")
_ANCHOR = re.compile(r"<(div|a) (?:id|name)=[^>]*></\1>\s*$")
_SECTION = re.compile(r"#{1,3} (?:<div id=[^>]*></div> )?(?P<name>[^\[]*)(?P<back>\[\[Back\]\].*)?$")


def _is_page(text: str) -> bool:
    """Returns whether the text begins with the title or the table of contents, or contains the head of a paper."""
    if is_markup(text):
        return False
    text = text.lstrip()
    if _TITLE_LINES.match(text):
        return True
    return any(_LINKED.match(text, start) or _UNLINKED.match(text, start) for start in _heads(text))


def _read_page(text: str, warnings: Warnings, language: str | None) -> Content:
    """Returns the entries of the page. Raises BrokenDigest if it announces papers and none can be read."""
    page = _Page(warnings, language)
    page.read(text)
    return page.content()


def _heads(text: str) -> Iterator[int]:
    """Yields the places where entries begin, ascending: lines that begin `### [`, and heads without links."""
    unlinked = _UNLINKED.finditer(text) if "\nAuthors: " in text else ()
    return merge(_linked_heads(text), (match.start() for match in unlinked))


def _linked_heads(text: str) -> Iterator[int]:
    if text.startswith(_HEAD[1:]):
        yield 0
    at = text.find(_HEAD)
    while at >= 0:
        yield at + 1
        at = text.find(_HEAD, at + 1)


class _Page:
    """Reads a page, and holds the entries that have been read so far."""

    def __init__(self, warnings: Warnings, language: str | None) -> None:
        self.entries: list[Entry] = []
        self.day: date | None = None
        self.declared: dict[str, int] = {}
        self._total = 0  # sum of the totals that lines announce; joined pages have several such lines
        self._found: Counter[str] = Counter()  # entries by primary category
        self._section = ""  # the category of the current section, "" for none
        self._announced_at: int | None = None  # first line that announces papers
        self._unrecognized_at: int | None = None  # first line between entries that is not recognized
        self._warnings = warnings
        self._language = language

    def read(self, text: str) -> None:
        """Reads the page from one head to the next."""
        start, line = 0, 1
        for end in chain(_heads(text), [len(text)]):
            self._read_block(text[start:end], line)
            line += text.count("\n", start, end)
            start = end

    def content(self) -> Content:
        """Returns all that was read. Raises BrokenDigest if the page announces papers and none was read."""
        self._compare_totals()
        return Content(entries=self.entries, day=self.day, declared=self.declared or None)

    def _read_block(self, block: str, line: int) -> None:
        """Reads an entry and the text after it. `block` begins with a head in `line` and ends before the next head.

        The first block of a page is the text before its first head.
        """
        linked = _LINKED.match(block)
        unlinked = None if linked else _UNLINKED.match(block)
        if linked:
            body = read_body(block[linked.end() :])
            self._add(
                line, body, _format.collapse(linked["title"]), linked["id"], _papers.version_number(linked["version"])
            )
            after = body.after
        elif unlinked:
            body = read_body_without_link(block[unlinked.end() :])
            self._add(line, body, _format.collapse(unlinked["title"]))
            after = body.after
        elif not block.startswith(_HEAD[1:]):
            after = block
        else:
            self._warnings.add("unparsed_heading", line=line, example=block.partition("\n")[0])
            self._unrecognized_at = self._unrecognized_at or line
            after = block.rpartition("\n</details>")[2]
        if after and not after.isspace():
            self._read_between(after, line + block.count("\n") - after.count("\n"))

    def _read_between(self, text: str, line: int) -> None:
        """Reads text that belongs to no entry: title, table of contents, totals, headings of sections."""
        anchored = False
        for number, row in enumerate(text.split("\n"), line):
            if not row or row.isspace():
                continue
            if announced := _CONTENTS.match(row) or _TOTAL.match(row):
                self._announce(announced, number)
            elif day := _DAY.match(row):
                self.day = self.day or _papers.day_in(day[1])
            elif (section := _SECTION.match(row)) and (anchored or section["back"]):
                self._section = next(iter(_papers.categories_of([section["name"]])), "")
            elif row.startswith("#") and "arxiv.org/abs/" in row:
                self._warnings.add("unparsed_heading", line=number, example=row)
            anchored = bool(_ANCHOR.match(row))
            if not (announced or anchored or row.startswith(("#", "**Report", "---", "<hr>"))) or "arxiv.org/" in row:
                self._unrecognized_at = self._unrecognized_at or number

    def _announce(self, announced: re.Match[str], line: int) -> None:
        self._announced_at = self._announced_at or line
        if announced.re is _TOTAL:
            self._total += int(announced["count"])
        elif count := announced["inside"] or announced["behind"]:
            self.declared[announced["name"]] = self.declared.get(announced["name"], 0) + int(count)
        else:
            self._unrecognized_at = self._unrecognized_at or line

    def _add(self, line: int, body: Body, title: str, arxiv_id: str | None = None, version: int | None = None) -> None:
        categories = _papers.categories_of(body.categories)
        if not categories and self._section and body.in_section:
            categories = (self._section,)
        if not title:
            self._warnings.add("entry_without_title", line=line, example=arxiv_id or "")
        if not body.fields:
            self._warnings.add("entry_without_text", line=line, example=arxiv_id or title)
        texts = body.fields
        abstract = _papers.meaningful(texts.pop(ABSTRACT, ""))
        comment = _papers.meaningful(texts.pop(COMMENT, ""))
        translations = _papers.translations_of(body.title_translation, texts.pop(TRANSLATION, ""), self._language)
        paper = Paper(
            key=arxiv_id or _papers.title_key(title),
            title=title,
            abstract=abstract,
            authors=body.authors,
            categories=categories,
            primary=categories[0] if categories else None,
            arxiv_id=arxiv_id,
            version=version,
            url=_papers.arxiv_link(arxiv_id) if arxiv_id else None,
            summaries=_papers.summaries_of(texts, self._language),
            translations=translations,
            failed=_papers.is_failed(texts),
            comment=comment,
        )
        if len(self.entries) >= _format.MOST_PAPERS:
            raise _format.too_many()
        self._found[paper.primary or ""] += 1
        self.entries.append(Entry(line, paper))

    def _compare_totals(self) -> None:
        """Warns if the page announces other numbers of papers than were read.

        Raises BrokenDigest if none was read at all.
        """
        announced, found = sum(self.declared.values()) or self._total, len(self.entries)
        if not found:
            self._refuse_unless_empty(announced)
        names = [name for name in self.declared if _papers.categories_of([name])]
        differ = [
            f"{name}: {self.declared[name]} announced, {self._found[name]} read"
            for name in names
            if self.declared[name] != self._found[name]
        ]
        if self._total not in (0, found):
            differ.append(f"in all: {self._total} announced, {found} read")
        if differ or (self.declared and announced != found):
            self._warnings.add_mismatch(announced, found, differ, self._announced_at)

    def _refuse_unless_empty(self, announced: int) -> None:
        if announced:
            raise _format.unread_papers(announced)
        if self._unrecognized_at:
            raise _format.unrecognized_page(self._unrecognized_at)


# ----------------------------------------------------------------------------------------------------------- JSON lines


_DOCUMENT = re.compile(r"\s*(?:\[|\{[^\S\n]*\n)")  # an array, or an object that is spread over lines
_OBJECT = re.compile(r"\s*\{")
_ADDRESSES = ("id", "abs", "url", "pdf")
_FIELDS = {  # fields of AI that belong to the summary, in reading order → their names in a Summary
    "tldr": "tldr",
    "task": "task",
    "motivation": "motivation",
    "method": "method",
    "result": "result",
    "conclusion": "conclusion",
    "keywords": "keywords",
    "comments": "ai_comments",
    "summary": "ai_abstract",
}


def _is_lines(text: str) -> bool:
    """Returns whether one of the objects has a title, an id or address, and a summary or `AI`."""
    if _DOCUMENT.match(text):
        return any(map(_is_paper, _json.first_items(text)))
    return bool(_OBJECT.match(text)) and any(map(_is_paper, _json.json_lines(text, Warnings())))


def _read_lines(text: str, warnings: Warnings, language: str | None) -> Content:
    """Returns the paper of each line. Also reads an array of such objects; raises BrokenDigest if the array is damaged."""
    records = _json.json_items if _DOCUMENT.match(text) else _json.json_lines
    return Content(
        entries=_json.entries_of(
            records(text, warnings),
            warnings,
            lambda record: _papers.entry_of(record.line, _paper(record, language), warnings),
        )
    )


def _is_paper(record: Record) -> bool:
    return "title" in record and ("summary" in record or "AI" in record) and ("id" in record or "url" in record)


def _paper(record: Record, language: str | None) -> Paper:
    addresses = (_papers.arxiv_address(record.text(name)) for name in _ADDRESSES)
    arxiv_id, version = next(filter(None, addresses), (None, None))
    summary = record.record("AI")
    texts = {name: summary.text(field) for field, name in _FIELDS.items() if summary.has_text(field)}
    return Paper(
        key="",
        title=record.text("title"),
        abstract=_papers.meaningful(record.text("summary")),
        authors=_authors(record),
        categories=_papers.categories_of(_categories(record, "categories") or _categories(record, "cate")),
        arxiv_id=arxiv_id,
        version=version,
        summaries=_papers.summaries_of(texts, language),
        translations=_papers.translations_of(summary.text("title_translation"), summary.text("translation"), language),
        failed=_papers.is_failed(texts),
        comment=_papers.meaningful(record.text("comment")),
    )


def _categories(record: Record, member: str) -> list[str]:
    """Returns the categories of a member: an array of them, or all in one text."""
    return re.split("[,;]| ", record.text(member)) if record.has_text(member) else record.texts(member)


def _authors(record: Record) -> tuple[str, ...]:
    if names := record.text("authors"):  # all names in one text
        return _papers.split_authors(names)
    return tuple(filter(None, map(_papers.decode_accents, record.names("authors"))))


DAILY_ARXIV_MD = Format("daily_arxiv_md", _is_page, _read_page)
DAILY_ARXIV_JSONL = Format("daily_arxiv_jsonl", _is_lines, _read_lines)
