"""Daily-arXiv Markdown: the pages of dw-dengwei/daily-arXiv-ai-enhanced and its forks (docs/formats.md).

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
its entries before it is read, so damage in one entry cannot reach the next. `_daily_templates` describes the bodies of
entries, in this and in older and forked templates.
"""

import re
from collections import Counter
from collections.abc import Iterator
from datetime import date
from heapq import merge
from itertools import chain

from bot.digests._arxiv import ADDRESS, arxiv_link, categories_of, title_key, version_number
from bot.digests._daily_templates import ABSTRACT, COMMENT, TRANSLATION, Body, read_body, read_body_without_link
from bot.digests._format import MOST_PAPERS, Content, Entry, Warnings, too_many
from bot.digests._plain import collapse
from bot.digests._summaries import is_failed, meaningful, summaries_of, translations_of
from bot.digests._text import day_in, is_markup, unread_papers, unrecognized_page
from subscriptions.model import Paper

name = "daily_arxiv_md"

_HEAD = "\n### ["
# A head: perhaps a number, then the title, `](` and an address up to the end of the line. The title is matched greedily,
# since titles may contain `](`.
_LINKED = re.compile(
    r"### \[(?:\d+\][^\S\n]*\[|(?!\d+\] ))(?P<title>.*)"
    rf"\]\((?:\[https?://arxiv\.org/abs/\]\(https?://arxiv\.org/abs/\))?{ADDRESS}\)[^\S\n]*(?=\n|$)"
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


def detect(text: str) -> bool:
    """Returns whether the page has the title or the table of contents at its beginning, or the head of a paper anywhere."""
    if is_markup(text):
        return False
    text = text.lstrip()
    if _TITLE_LINES.match(text):
        return True
    return any(_LINKED.match(text, start) or _UNLINKED.match(text, start) for start in _heads(text))


def parse(text: str, warnings: Warnings, language: str | None) -> Content:
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
    """What has been read of a page so far."""

    def __init__(self, warnings: Warnings, language: str | None) -> None:
        self.entries: list[Entry] = []
        self.day: date | None = None
        self.declared: dict[str, int] = {}
        self._total = 0  # sum of the lines that tell a total; pages that are glued together have several
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
            self._add(line, body, collapse(linked["title"]), linked["id"], version_number(linked["version"]))
            after = body.after
        elif unlinked:
            body = read_body_without_link(block[unlinked.end() :])
            self._add(line, body, collapse(unlinked["title"]))
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
        """Reads text that belongs to no entry: title, table of contents, totals, heads of sections."""
        anchored = False
        for number, row in enumerate(text.split("\n"), line):
            if not row or row.isspace():
                continue
            if announced := _CONTENTS.match(row) or _TOTAL.match(row):
                self._announce(announced, number)
            elif day := _DAY.match(row):
                self.day = self.day or day_in(day[1])
            elif (section := _SECTION.match(row)) and (anchored or section["back"]):
                self._section = next(iter(categories_of([section["name"]])), "")
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
        categories = categories_of(body.categories)
        if not categories and self._section and body.in_section:
            categories = (self._section,)
        if not title:
            self._warnings.add("entry_without_title", line=line, example=arxiv_id or "")
        if not body.fields:
            self._warnings.add("entry_without_text", line=line, example=arxiv_id or title)
        texts = body.fields
        abstract = meaningful(texts.pop(ABSTRACT, ""))
        comment = meaningful(texts.pop(COMMENT, ""))
        translations = translations_of(body.title_translation, texts.pop(TRANSLATION, ""), self._language)
        paper = Paper(
            key=arxiv_id or title_key(title),
            title=title,
            abstract=abstract,
            authors=body.authors,
            categories=categories,
            primary=categories[0] if categories else None,
            arxiv_id=arxiv_id,
            version=version,
            url=arxiv_link(arxiv_id) if arxiv_id else None,
            summaries=summaries_of(texts, self._language),
            translations=translations,
            failed=is_failed(texts),
            comment=comment,
        )
        if len(self.entries) >= MOST_PAPERS:
            raise too_many()
        self._found[paper.primary or ""] += 1
        self.entries.append(Entry(line, paper))

    def _compare_totals(self) -> None:
        """Warns if the page announces other numbers of papers than were read. Raises BrokenDigest if none was read at all."""
        announced, found = sum(self.declared.values()) or self._total, len(self.entries)
        if not found:
            self._refuse_unless_empty(announced)
        names = [name for name in self.declared if categories_of([name])]
        differ = [
            f"{name}: {self.declared[name]} announced, {self._found[name]} read"
            for name in names
            if self.declared[name] != self._found[name]
        ]
        if self._total not in (0, found):
            differ.append(f"in all: {self._total} announced, {found} read")
        if differ or (self.declared and announced != found):
            message = f"papers announced: {announced}, read: {found}"
            self._warnings.add("declared_mismatch", message=message, line=self._announced_at, count=max(1, len(differ)))
            for example in differ:
                self._warnings.add("declared_mismatch", example=example, count=0)

    def _refuse_unless_empty(self, announced: int) -> None:
        if announced:
            raise unread_papers(announced)
        if self._unrecognized_at:
            raise unrecognized_page(self._unrecognized_at)
