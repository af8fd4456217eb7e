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
its entries before it is read, so damage in one entry cannot affect the next. Older templates and forks have other labels
(`_labels`).

`daily_arxiv_jsonl`: the JSON lines from which daily-arXiv pages are made: one paper per line.

    {"id": "2601.15529", "title": …, "authors": […], "categories": […], "comment": …, "summary": the abstract,
     "AI": {"tldr": …, "motivation": …, "method": …, "result": …, "conclusion": …}}

`AI` is missing until the page has been summarised. Each field of `AI` may hold an error message instead of a text.
Until March 2025 it had `task` instead of `tldr`. Forks write `cate` for `categories`, `url` for `abs`, all authors into
one text, and more fields into `AI`. No field contains the day.
"""

import re
from collections import Counter
from collections.abc import Iterator
from datetime import date
from heapq import merge
from itertools import chain

from bot.digests import _arxiv, _days, _format, _json, _labels, _languages, _lines, _names, _papers, _summaries
from bot.digests._format import Content, Format
from bot.digests._json import Record
from bot.digests._warnings import Warnings
from bot.digests._xml import is_markup
from subscriptions.model import Paper

_HEAD = re.compile("\n### ")
_BEGINNING = "### ["  # of a head that may be damaged
# A head: perhaps a number and an anchor, then the title, `](` and an address up to the end of the line, perhaps with
# another anchor. The title is matched greedily, since titles may contain `](`.
_ANCHORS = r"(?:[^\S\n]*(?:<(?:a|span|div)\b[^<>\n]*>(?:[^<>\w\n]{0,3}</(?:a|span|div)>)?|</(?:a|span|div)>|\{#[^{}\n]*\}))*[^\S\n]*"
_LINKED = re.compile(
    rf"### {_ANCHORS}(?:\[\d+\]{_ANCHORS}(?=\[)|\d+[.)]{_ANCHORS}(?=\[))?\[(?!\d+\] )(?P<title>.*)"
    rf"\]\((?:\[https?://arxiv\.org/abs/\]\(https?://arxiv\.org/abs/\))?{_arxiv.ADDRESS}\){_ANCHORS}(?=\n|$)"
)
_UNLINKED = re.compile(r"^\[\d+\] (?P<title>\S.*)(?=\nAuthors: .* \| Main Category: )", re.MULTILINE)
_TITLE_LINES = re.compile(
    r"<div id=['\"]?toc['\"]?></div>"
    r"|(?:.*\n){0,4}#{1,2} (?:(?:AI-Enhanced arXiv Daily|ArXiv Daily Papers -) \d{4}-|(?:Total Papers Today|今日总计) ?[:：] ?\d)"
)
_TITLE = ("#", "**Report Date")  # beginnings of lines that may contain the day of the page
_CONTENTS = re.compile(
    r"- \[(?P<name>[^\](]*?)(?: \((?P<inside>\d{1,6}) papers\))?\]\([^)]*\)"
    r"(?: [\[(](?:Total: )?(?P<behind>\d{1,6})(?: 篇| papers)?[\])])?"
)
_TOTAL = re.compile(r"#{1,3} (?:Total Papers Today|今日总计) ?[:：] ?(?P<count>\d{1,6})\b")
_ANCHOR = re.compile(r"<(div|a) (?:id|name)=[^>]*></\1>\s*$")
_SECTION = re.compile(r"#{1,3} (?:<div id=[^>]*></div> )?(?P<name>[^\[]*)(?:(?P<back>\[\[Back\]\].*)|\[[\w.-]+\]\s*)?$")


_LONGEST_EMPTY, _MOST_HEADINGS = 1000, 4  # characters, headings of an empty page
_OF_PAPERS = ("arxiv", "paper", "论文", "論文")  # one of these is in the title of an empty page that also has sentences
_SENTENCE = re.compile(
    rf"#+ +(?!Table of Contents)(?:\S+ +\S+ +\S|[^{_languages.HAN}{_languages.KANA}]*(?:[{_languages.HAN}{_languages.KANA}][^\w\s]?){{5}})"
)


def _is_page(text: str) -> bool:
    """Returns whether the text has the title, the table of contents or a head of a paper, or is the page of an empty day."""
    if is_markup(text):
        return False
    text = text.lstrip()
    if _TITLE_LINES.match(text):
        return True
    if any(_LINKED.match(text, start) or _UNLINKED.match(text, start) for start in _heads(text)):
        return True
    return len(text) <= _LONGEST_EMPTY and _is_empty_page(text)


def _is_empty_page(text: str) -> bool:
    """Returns whether the text is the page of a day without papers, in any language: little more than its headings.

    One heading has the day, or the only heading is a sentence. Another sentence belongs only directly below a title with
    the day that names arXiv or papers.
    """
    lines = [line for line in text.split("\n") if line and not line.isspace() and not line.startswith("---")]
    if not lines or not lines[0].startswith("#") or not all(map(_format.is_remark, lines)):
        return False
    headings = [line for line in lines if line.startswith("#")]
    dated = [line for line in lines if line.startswith(_TITLE) and _day_of_title(line)]
    if len(lines) > len(headings):
        few = len(headings) == 1 and len(lines) <= 1 + _format.MOST_REMARKS
        return few and any(word in line.casefold() for line in dated for word in _OF_PAPERS)
    if len(lines) == 1 and _SENTENCE.match(lines[0]):
        return True
    return bool(dated) and len(headings) <= _MOST_HEADINGS


def _day_of_title(line: str) -> date | None:
    return _days.day_in(line) or _days.day_in_chinese(line) or _days.day_in_words(line)


def _read_page(text: str, warnings: Warnings, language: str | None) -> Content:
    """Returns the entries of the page. Raises BrokenDigest if it announces papers and none can be read."""
    page = _Page(warnings, language)
    page.read(text)
    return page.content()


def _heads(text: str) -> Iterator[int]:
    """Yields the places where entries begin, ascending: heads, and lines that begin `### [` but are no heads."""
    if "\nAuthors: " not in text:
        return _linked_heads(text)
    return merge(_linked_heads(text), (match.start() for match in _UNLINKED.finditer(text)))


def _linked_heads(text: str) -> Iterator[int]:
    lines = chain([0] if text.startswith("### ") else [], (match.start() + 1 for match in _HEAD.finditer(text)))
    return (start for start in lines if text.startswith(_BEGINNING, start) or _LINKED.match(text, start))


class _Page:
    """Reads a page, and holds the entries that have been read so far."""

    def __init__(self, warnings: Warnings, language: str | None) -> None:
        self.entries: list[Paper] = []
        self.day: date | None = None
        self.declared: dict[str, int] = {}
        self._total = 0  # sum of the totals that lines announce; joined pages have several such lines
        self._found: Counter[str] = Counter()  # entries by primary category
        self._section = ""  # the category of the current section, "" for none
        self._announced_at: int | None = None  # first line that announces papers
        self._unrecognized_at: int | None = None  # first line between entries that is not recognized
        self._remarks = 0  # number of such lines
        self._headings = 0  # number of headings between entries
        self._warnings = warnings
        self._language = language

    def read(self, text: str) -> None:
        """Reads the page from one head to the next."""
        blocks = _lines.parts_of(text, chain([0], _heads(text)))
        for _ in _format.each(blocks, lambda part: self._read_block(part.text, part.line), self._warnings):
            pass

    def content(self) -> Content:
        """Returns all that was read. Raises BrokenDigest if the page announces papers and none was read."""
        self._compare_totals()
        return Content(entries=self.entries, day=self.day, declared=self.declared or None)

    def _read_block(self, block: str, line: int) -> None:
        """Reads an entry and the text after it. `block` begins with a head in `line` and ends before the next head.

        The first block of a page is the text before its first head.
        """
        if linked := _LINKED.match(block):
            body = _labels.read_body(block[linked.end() :])
            self._add(body, _lines.collapse(linked["title"]), *_arxiv.matched_address(linked))
            after = body.after
        elif unlinked := _UNLINKED.match(block):
            body = _labels.read_body_without_link(block[unlinked.end() :])
            self._add(body, _lines.collapse(unlinked["title"]))
            after = body.after
        elif not block.startswith(_BEGINNING):
            after = block
        else:
            self._warnings.add("unparsed_heading")
            self._pass_over(line, block.partition("\n")[0])
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
            elif row.startswith(_TITLE) and (day := _day_of_title(row)):
                self.day = self.day or day
            elif section := _SECTION.match(row):
                category = next(iter(_arxiv.categories_of([section["name"]])), "")
                self._section = category if category or anchored or section["back"] else self._section
            elif row.startswith("#") and "arxiv.org/abs/" in row:
                self._warnings.add("unparsed_heading")
            anchored = bool(_ANCHOR.match(row))
            if not (announced or anchored or row.startswith(("#", "**Report", "---", "<hr>"))) or "arxiv.org/" in row:
                self._pass_over(number, row)
            self._headings += row.startswith("#") and not announced

    def _announce(self, announced: re.Match[str], line: int) -> None:
        self._announced_at = self._announced_at or line
        if announced.re is _TOTAL:
            self._total += int(announced["count"])
        elif count := announced["inside"] or announced["behind"]:
            self.declared[announced["name"]] = self.declared.get(announced["name"], 0) + int(count)
        else:
            self._pass_over(line, announced[0])

    def _pass_over(self, line: int, row: str) -> None:
        """Notes a line that is not recognized."""
        self._unrecognized_at = self._unrecognized_at or line
        self._remarks += 1 if _format.is_remark(row) else _format.MOST_REMARKS + 1

    def _add(self, body: _labels.Body, title: str, arxiv_id: str | None = None, version: int | None = None) -> None:
        categories = _arxiv.categories_of(body.categories)
        if not categories and self._section:
            categories = (self._section,)
        if not title:
            self._warnings.add("entry_without_title")
        if not body.fields:
            self._warnings.add("entry_without_text")
        texts = body.fields
        abstract = _summaries.meaningful(texts.pop(_labels.ABSTRACT, ""))
        comment = _summaries.meaningful(texts.pop(_labels.COMMENT, ""))
        translations = _summaries.translations_of(
            body.title_translation, texts.pop(_labels.TRANSLATION, ""), self._language
        )
        paper = Paper(
            key="",
            title=title,
            abstract=abstract,
            authors=body.authors,
            categories=categories,
            arxiv_id=arxiv_id,
            version=version,
            summaries=_summaries.summaries_of(texts, self._language),
            translations=translations,
            failed=_summaries.is_failed(texts),
            comment=comment,
        )
        if not paper.summaries:
            body.unread += (f"{name}: {text}" for name, text in texts.items() if _summaries.meaningful(text))
        if body.unread:
            self._warnings.add("unread_text", count=len(body.unread))
        self._found[next(iter(categories), "")] += 1
        self.entries.append(_papers.keyed(paper))

    def _compare_totals(self) -> None:
        """Warns if the page announces other numbers of papers than were read.

        Raises BrokenDigest if none was read at all.
        """
        announced, found = sum(self.declared.values()) or self._total, len(self.entries)
        if not found:
            self._refuse_unless_empty(announced)
        names = [name for name in self.declared if _arxiv.categories_of([name])]
        differ = sum(self.declared[name] != self._found[name] for name in names) + (self._total not in (0, found))
        if differ or (self.declared and announced != found):
            self._warnings.add_mismatch(announced, found, differ)

    def _refuse_unless_empty(self, announced: int) -> None:
        if announced:
            raise _format.unread_papers(announced)
        # A sentence below the title says that there are no papers. Below another heading, it may be part of a paper.
        says_so = self._headings <= 1 or self._announced_at
        if self._unrecognized_at and not (says_so and self._remarks <= _format.MOST_REMARKS):
            raise _format.unrecognized_page(self._unrecognized_at)


_DOCUMENT = re.compile(r"\s*(?:\[|\{[^\S\n]*\n)")  # an array, or an object that is spread over lines
# a line that begins with an object, behind lines that are lost to other values
_OBJECT = re.compile(r'(?:\s*(?:null|true|false|[-\d.eE+]+|"[^"\n]*")[^\S\n]*\n)*\s*\{')
_ADDRESSES = ("id", "abs", "url", "pdf")
_OTHER_FIELDS = ("title_translation", "translation")  # of AI, which do not belong to the summary
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
            lambda record: _papers.entry_of(_paper(record, language), warnings),
        )
    )


def _is_paper(record: Record) -> bool:
    return "title" in record and ("summary" in record or "AI" in record) and ("id" in record or "url" in record)


def _paper(record: Record, language: str | None) -> Paper:
    addresses = (_arxiv.arxiv_address(record.text(name)) for name in _ADDRESSES)
    arxiv_id, version = next(filter(None, addresses), (None, None))
    summary = record.record("AI")
    texts = dict(_texts(summary) if summary.members else _texts_of_flat(record))
    return Paper(
        key="",
        title=record.text("title"),
        abstract=_summaries.meaningful(record.text("summary")),
        authors=_authors(record),
        categories=_arxiv.categories_of(_categories(record, "categories") or _categories(record, "cate")),
        arxiv_id=arxiv_id,
        version=version,
        summaries=_summaries.summaries_of(texts, language),
        translations=_summaries.translations_of(
            summary.text("title_translation"), summary.text("translation"), language
        ),
        failed=_summaries.is_failed(texts),
        comment=_summaries.meaningful(record.text("comment")),
    )


def _texts(summary: Record) -> Iterator[tuple[str, str]]:
    """Yields the fields of `AI` with their names. A member that is not known keeps its own name."""
    for member, value in summary.members.items():
        name = _FIELDS.get(member, member)
        if member in _OTHER_FIELDS:
            continue
        if isinstance(value, str):
            yield name, summary.text(member)
        elif texts := summary.texts(member):
            yield name, ", ".join(texts)


def _texts_of_flat(record: Record) -> Iterator[tuple[str, str]]:
    """Yields the fields of a summary that are members of the record itself."""
    return ((name, record.text(name)) for name in _summaries.FIELDS_OF_SUMMARY if record.has_text(name))


def _categories(record: Record, member: str) -> list[str]:
    """Returns the categories of a member: an array of them, or all in one text."""
    if record.has_text(member):
        return re.split("[,;]| ", record.text(member))
    return record.texts(member)


def _authors(record: Record) -> tuple[str, ...]:
    """Returns the names in `authors`: an array of them, or all in one text, which may be the only one of an array."""
    names = [record.text("authors")] if record.has_text("authors") else record.names("authors")
    if len(names) == 1:
        return _labels.names_in(names[0])
    return _names.joined_names(names)


FORMATS = (
    Format("daily_arxiv_jsonl", _is_lines, _read_lines),
    Format("daily_arxiv_md", _is_page, _read_page),
)
