"""daily-arXiv's pages in Markdown, and those of its forks (`daily_arxiv_md`, docs/formats.md).

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
its entries before it is read, so damage in one entry cannot affect the next. Older templates and forks write labels in
bold or as headings, the address of another server, and anchors into their heads.

A label that is not known ends the text before it, but in an abstract, which comes last, and below a known heading, such
a line is text. The text of an unknown label is left out and counted, unless a paper would have no text without it.
"""

import re
from dataclasses import replace
from functools import cached_property, lru_cache

from bot.digests import arxiv, markup, names, papers, scalars
from bot.digests.papers import Found
from bot.digests.scalars import first_of
from subscriptions.errors import BrokenDigest, Sentence
from subscriptions.model import Paper

_AUTHORS, _CATEGORIES, _COMMENT, _ABSTRACT, _TRANSLATION, _TITLE = (
    "authors",
    "categories",
    "comment",
    "abstract",
    "translation",
    "title",
)
_NAMES = {  # fields, in the order of the standard template → names of their labels in small letters, singular
    _AUTHORS: "author|作者",
    _CATEGORIES: "main category|category|categorie|subject|主类别|主分类",
    _TITLE: "title translation|translated title|标题翻译|中文标题",
    "tldr": "tl;dr|tldr|一句话总结|一句话结论",
    "task": "task",
    "motivation": "motivation|研究动机",
    "method": "method|主要方法",
    "result": "result|主要结果",
    "conclusion": "conclusion|结论",
    "related_work": "related work",
    "potential_applications": "potential application",
    "future_work": "future work",
    "keywords": "keyword",
    _COMMENT: "comment",
    "ai_comments": "ai comment",
    "ai_abstract": "ai abstract",
    _ABSTRACT: "abstract|original abstract|原文摘要|英文原始摘要",
    _TRANSLATION: "translation|abstract translation|摘要翻译|中文摘要|chinese abstract",
    "conclusion_translation": "conclusion translation",
}
_HEADINGS = {  # of a paragraph, which as labels in lines would be the parts of an abstract
    "background": "motivation",
    "background knowledge": "motivation",
    "背景": "motivation",
    "研究背景": "motivation",
    "summary": "tldr",
    "总结": "tldr",
}
_LABELS = {name: field for field, names in _NAMES.items() for name in names.split("|")}
_ORDER = {field: place for place, field in enumerate(_NAMES)}
_OF_ONE_LINE = frozenset((_AUTHORS, _CATEGORIES, _TITLE))
_NO_TEXTS = _OF_ONE_LINE | {_COMMENT, "keywords"}
_LEAST_TEXT = 40  # letters of a text below an unknown label that is no mark or score
_MOST_WORDS = 4  # of a label that is not known; a longer one is the beginning of a sentence

# A head: perhaps a number and an anchor, then the title, `](` and an address up to the end of the line, perhaps with
# another anchor or a link back. The title is matched greedily, since titles may contain `](`.
_ANCHORS = r"(?:[^\S\n]*+(?:<(?:a|span|div)\b[^<>\n]*>(?:[^<>\w\n]{0,3}</(?:a|span|div)>)?+|</(?:a|span|div)>|\{#[^{}\n]*\}))*+[^\S\n]*+"
_BACK = r"(?:\[\[?(?i:back|top|toc|↑)\]?\]\(#[^()\s]*\))?\s*+"
_HEAD = re.compile(
    rf"#{{2,4}} {_ANCHORS}(?:(?P<number>\[\d+\]){_ANCHORS}(?=\[)|\d+[.)]{_ANCHORS}(?=\[))?\[(?!\d+\] )(?P<title>.*)"
    rf"\]\((?:(?:\[https?://arxiv\.org/abs/\]\(https?://arxiv\.org/abs/\))?(?P<address>{arxiv.ADDRESS})|(?P<page>https?://[^\s()]*10\.\d{{4,9}}/[^\s()]+))\){_ANCHORS}{_BACK}$"
)
_HEAD_WITHOUT_ADDRESS = re.compile(r"\[\d+\] (?P<title>\S.*)")
_BELOW_IT = re.compile(r"Authors: (?P<names>.*?) \| Main Category: (?P<category>[^|\n]*)")
_BEGINNING = "### ["  # of a head that may be damaged
_TITLE_LINES = re.compile(
    r"<div id=['\"]?toc['\"]?></div>"
    r"|(?:.*\n){0,4}#{1,2} (?:(?:AI-Enhanced arXiv Daily|ArXiv Daily Papers -) \d{4}-|(?:Total Papers Today|今日总计) ?[:：] ?\d)"
)
_DATED = ("#", "**Report Date")  # beginnings of lines that may contain the day of the page
_CONTENTS = re.compile(
    r"- \[(?P<name>[^\](]*?)(?: \((?P<inside>\d{1,6}) papers\))?\]\([^)]*\)"
    r"(?: [\[(](?:Total: )?(?P<behind>\d{1,6})(?: ?篇(?:论文)?| papers)?[\])])?"
)
_TOTAL = re.compile(r"#{1,3} (?:Total Papers Today|今日总计) ?[:：] ?(?P<count>\d{1,6})(?!\d)")
_ANCHOR = re.compile(r"<(div|a) (?:id|name)=[^>]*>(?:</\1>)?\s*$")
_SECTION = re.compile(r"#{1,3} (?:<div id=[^>]*></div> )?(?P<name>[^\[]*)(?P<back>\[\[Back\]\])?")

_HEADING = re.compile(r"(?P<level>#{1,6})[ \t]+(?P<name>[^:：]+)(?:[:：](?P<text>.*))?$")
_SUMMARY = re.compile(r"<summary>(?P<name>(?!Details)[^<]*)</summary>(?P<text>)")
_BOLD = re.compile(
    r"(?:[-*+][ \t]+)?(?:\*\*|__)(?P<name>[^*:：]{1,60})(?:[:：][ \t]*(?:\*\*|__)|(?:\*\*|__)[ \t]*[:：])(?P<text>.*)$"
)
_ALL_BOLD = re.compile(r"\*\*(?P<name>[^*:：]{1,60})[:：](?P<text>[^*]*)\*\*$")
_PLAIN = re.compile(
    r"(?:[^\w\s\x00-\x7f]+ ?)?(?P<name>(?:TL;DR|[^\W\d_])[^:：.,;!?。，；！？、*<>|`$\\=\[\]]{0,49})[:：](?![/:])(?P<text>.*)$"
)
_MARKED = (_SUMMARY, _BOLD, _ALL_BOLD)
_BULLET = re.compile(r"^[-*+]\s+")
_ITALIC = re.compile(r"\*(?P<text>[^*]+)\*$")
# in time that grows with the text
_ONLY_LINKS = re.compile(r"(?:[ \t|*]|!?\[(?:\[[^\]]*+\]|[^\[\]])*+\]\([^()\s]*+\))*+")
_PIPE = re.compile(r"(?<![ \t])[ \t]+\|[ \t]+")
_MARKUP = re.compile(r"[-*_=]{3,}|<(?:hr|br) ?/?>|</?details>|<summary>.*</summary>")
_BRACKETS = re.compile(r"[(（]([^()（）]*)[)）]")
_EDGES = re.compile(r"^[\W_]+|(?<![\W_])[\W_]+$")
_SEPARATORS = re.compile(r"[\s,;/|`、，]+")

# of the page of an empty day
_LONGEST_EMPTY = 1_000  # characters
_OF_PAPERS = ("arxiv", "paper", "artículo", "论文", "論文")  # one is in its title if the page also has sentences
_NO_REMARK = re.compile(r"[|\[\]<>`{}]|\w://|\bwww\.|arxiv\.org", re.IGNORECASE)
_SENTENCE = re.compile(r"#+ +(?!Table of Contents)(?:\S+ +\S+ +\S|.*[\u3041-\u9fff\uac00-\ud7a3]{5})")


def read(text: str, wanted: str | None, language: str | None) -> Found | None:  # noqa: ARG001  a page tells its format
    """Return the papers of a page; None if the text is none.

    Raise BrokenDigest if it announces papers and none can be read.
    """
    if markup.is_markup(text):
        return None
    lines = text.split("\n")
    starts = [
        number
        for number, line in enumerate(lines)
        if line.startswith(_BEGINNING) or _head_in(line) or _is_unlinked_head(lines, number)
    ]
    has_papers = any(_head_in(lines[start]) or lines[start].startswith("[") for start in starts)
    is_empty = _is_empty_page(lines)
    if not (has_papers or is_empty or _TITLE_LINES.match(text.lstrip())):
        return None
    page = _Page(Found(format="daily_arxiv_md"), language)
    page.read_between(lines[: starts[0] if starts else len(lines)])
    ends = [*starts, len(lines)][1:]
    page.found.add(zip(starts, ends, strict=True), lambda place: page.paper_of(lines[slice(*place)]))
    announced = sum(page.declared.values()) if page.declared else page.total
    if (announced or page.has_remarks or starts) and not page.found.papers and not is_empty:
        raise BrokenDigest(Sentence("The page announces papers, but no entry can be read."))
    page.found.declared = page.declared or None
    page.found.announced = announced
    return page.found


def _head_in(line: str) -> re.Match[str] | None:
    """Return the match of a head.

    One of another level has an anchor, one with a DOI a number: else it may be any heading.
    """
    head = _HEAD.match(line) if line.startswith("##") else None
    if head and (line.startswith("### ") or "<a " in line) and (head["id"] or head["number"]):
        return head
    return None


def _is_unlinked_head(lines: list[str], number: int) -> bool:
    """Return whether a line is a head of the template without links, whose next line names authors and category."""
    if not lines[number].startswith("[") or number + 1 == len(lines):
        return False
    return bool(_HEAD_WITHOUT_ADDRESS.match(lines[number]) and _BELOW_IT.match(lines[number + 1]))


def _is_empty_page(lines: list[str]) -> bool:
    """Return whether the page is that of a day without papers, in any language: little more than its headings.

    One heading has the day, or the only line is a heading that is a sentence. Other sentences belong only below a title
    with the day that names arXiv or papers.
    """
    lines = [line for line in lines if line.strip() and not line.startswith("---")]
    is_short = len("".join(lines)) <= _LONGEST_EMPTY
    if not (lines and lines[0].startswith("#") and is_short) or any(
        _NO_REMARK.search(one.lstrip("> ")) for one in lines
    ):
        return False
    titles = [line for line in lines if line.startswith(_DATED) and scalars.day_in_heading(line)]
    if all(line.startswith("#") for line in lines):
        return bool(titles) or (len(lines) == 1 and bool(_SENTENCE.match(lines[0])))
    return any(word in line.casefold() for line in titles for word in _OF_PAPERS)


class _Page:
    """Reads a page, and holds what it says of its papers."""

    def __init__(self, found: Found, language: str | None) -> None:
        self.found = found
        self.declared: dict[str, int] = {}
        self.total: int | None = None  # sum of the totals that lines announce; joined pages have several such lines
        self.has_remarks = False  # whether there are lines between entries that are not recognized
        self._section = ""  # the category of the current section, "" for none
        self._language = language

    def read_between(self, lines: list[str]) -> None:
        """Read lines that belong to no entry: title, table of contents, totals, headings of sections."""
        anchored = False
        for line in filter(str.strip, lines):
            if total := _TOTAL.match(line):
                self.total = (self.total or 0) + int(total["count"])
            elif (listed := _CONTENTS.match(line)) and (count := listed["inside"] or listed["behind"]):
                self.declared[listed["name"]] = self.declared.get(listed["name"], 0) + int(count)
            elif line.startswith(_DATED) and (day := scalars.day_in_heading(line)):
                self.found.day = self.found.day or day
            elif section := _SECTION.match(line):
                category = next(iter(arxiv.categories_of([section["name"].strip()])), "")
                self._section = category if category or anchored or section["back"] else self._section
                self.found.warnings["unparsed_heading"] += "arxiv.org/abs/" in line
            elif not (_ANCHOR.match(line) or _MARKUP.match(line) or line.startswith("**Report")):
                self.has_remarks = True
            anchored = bool(_ANCHOR.match(line))

    def paper_of(self, lines: list[str]) -> Paper | None:
        """Return the paper of an entry: its head, and the lines up to the next head.

        None if its head cannot be read.
        """
        head, end = _head_in(lines[0]), _end_of(lines)
        below = None if head or len(lines) == 1 else _BELOW_IT.match(lines[1])
        section = self._section
        self.read_between(lines[end:])
        if not head and not below:
            self.found.warnings["unparsed_heading"] += 1
            return None
        entry = _Entry(lines[2 if below else 1 : end])
        self.found.warnings["unread_text"] += entry.unread
        fields = entry.fields
        if below:
            fields |= {_AUTHORS: below["names"], _CATEGORIES: below["category"]}
        texts = {name: text for name, text in fields.items() if name in papers.FIELDS}
        return replace(
            papers.paper_at(*([head["address"] or head["page"]] if head else [])),
            title=head["title"] if head else lines[0].partition("] ")[2],
            abstract=fields.get(_ABSTRACT, ""),
            authors=names.split_names(fields.get(_AUTHORS, "")),
            categories=arxiv.categories_of(_SEPARATORS.split(fields.get(_CATEGORIES, ""))) or (section,),
            summaries=papers.summaries_of(texts, self._language),
            translations=papers.translations_of(fields.get(_TITLE, ""), fields.get(_TRANSLATION, ""), self._language),
            failed=papers.is_failed(texts),
            comment=fields.get(_COMMENT, ""),
        )


def _end_of(lines: list[str]) -> int:
    """Return the number of the line at which an entry ends: an anchor, or the heading of a section.

    Else the number of all.
    """
    is_behind = False
    for number, line in enumerate(lines[1:], 1):
        if not line.startswith(("#", "<")):
            continue
        is_behind = is_behind or line.startswith("</details>")
        heading = _HEADING.match(line)
        if (
            _ANCHOR.match(line)
            or _TOTAL.match(line)
            or line.startswith(("# Table of Contents", "## Table of Contents"))
        ):
            return number
        if not heading or _field_of_heading(heading["name"]):
            continue
        is_section = (
            "[[Back]]" in line
            or arxiv.categories_of(line.lstrip("# ").split()[:1])
            or (is_behind and not line.rstrip().endswith((":", "：")))
        )
        if is_section and len(heading["level"]) <= 3:  # noqa: PLR2004  entries have headings of the third level
            return number
    return len(lines)


class _Entry:
    """What is below the head of one paper."""

    def __init__(self, lines: list[str]) -> None:
        self._texts: dict[str, list[str]] = {}  # field → lines
        self._unread: list[list[str]] = []  # lines below a label that is not known, or below none
        self._current: list[str] | None = None  # to which a line without a label belongs
        self._label = ""  # the field of the last label
        self._has_heading = False  # the last label is a known heading, so that others below it are parts of its text
        self._lines = lines
        begins_paragraph = True
        for line in lines:
            shown = line.strip()
            is_quoted, shown = shown.startswith(">"), shown.removeprefix(">").strip()
            for part in _PIPE.split(shown) if "| **" in shown else [shown]:
                self._read(part, is_quoted=is_quoted, begins_paragraph=begins_paragraph)
            begins_paragraph = not shown or bool(_MARKUP.fullmatch(shown))
        # in reading order; "" for a label without a text
        self.fields = {name: " ".join(words).strip() for name, words in self._texts.items()}
        unread = [" ".join(words).strip() for words in self._unread if any(map(str.isalnum, "".join(words)))]
        texts = [text for text in unread if len(text) >= _LEAST_TEXT]
        if texts and not any(text for name, text in self.fields.items() if name not in _NO_TEXTS):
            self.fields["tldr"] = " ".join(texts)
            unread = [text for text in unread if text not in texts]
        self.unread = len(unread)

    def _read(self, part: str, *, is_quoted: bool, begins_paragraph: bool) -> None:
        """Read a line, or one of the parts of a line such as `*A, B* | **Category: cs.CR**`."""
        if not part:
            return
        may_be_marked = not part[0].isalnum()
        italic = _ITALIC.match(part) if may_be_marked else None
        if italic and (is_quoted or not self._texts.keys() - {_TITLE}):
            self._begin(_TITLE if is_quoted else _AUTHORS, italic["text"])
        elif may_be_marked and (heading := _HEADING.match(part)):
            name = _field_of_heading(heading["name"])
            self._begin(name, heading["text"] or "")
            self._has_heading = bool(name)
        elif may_be_marked and (marked := self._marked_label(part)):
            self._begin(_field(marked["name"]), marked["text"] or "")
        elif may_be_marked and (_MARKUP.fullmatch(part) or _is_only_links(part)):
            if "details" in part:
                self._current, self._label = None, ""
        elif (plain := _PLAIN.match(part)) and self._is_label(plain["name"], begins_paragraph=begins_paragraph):
            self._begin(_field(plain["name"]), plain["text"])
        else:
            if self._current is None:
                self._current = []
                self._unread.append(self._current)
            self._current.append(_BULLET.sub("", part).replace("**", "") if self._has_heading else part)

    def _marked_label(self, part: str) -> re.Match[str] | None:
        """Return the match of a label in bold; None for one that is part of the text below a heading."""
        marked = first_of(lambda label: label.match(part), _MARKED)
        return marked if marked and (_field(marked["name"]) or not self._has_heading) else None

    def _begin(self, name: str, text: str) -> None:
        """Begin the text of a field; name "": of one that is not known."""
        if _is_only_links(text) or (name in self._texts and self._texts[name] == [text]):
            return
        self._current, self._label, self._has_heading = [text], name, False
        if name == _CATEGORIES:
            self._texts.setdefault(name, []).append(f"{text},")
        elif name and name not in self._texts:
            self._texts[name] = self._current
        else:
            self._unread.append(self._current)
        if name in _OF_ONE_LINE:
            self._current = None

    @cached_property
    def _in_paragraphs(self) -> set[str]:
        """The fields whose labels begin a paragraph; a line within a text that begins like them is text."""
        begins = zip(["", *self._lines], self._lines, strict=False)
        labels = (_PLAIN.match(line) for before, line in begins if not before.strip())
        return {_field(label["name"]) for label in labels if label}

    def _is_label(self, raw: str, *, begins_paragraph: bool) -> bool:
        """Return whether a line that begins like a label without marks has one; else it is text."""
        name = _field(raw)
        if not name:
            return (
                not self._has_heading
                and begins_paragraph
                and self._label != _ABSTRACT
                and len(raw.split()) <= _MOST_WORDS
            )
        if name in self._texts:
            return False
        follows = self._label != _ABSTRACT and _ORDER[name] > _ORDER.get(self._label, -1)
        return begins_paragraph or (follows and name not in self._in_paragraphs)


def _is_only_links(text: str) -> bool:
    return "](" in text and bool(_ONLY_LINKS.fullmatch(text))


@lru_cache(maxsize=1000)
def _field(raw: str) -> str:
    """Return the field of a label, which may have a picture and other names in brackets; "" if it is not known."""
    for name in (_BRACKETS.sub(" ", raw), *_BRACKETS.findall(raw)):
        plain = " ".join(_EDGES.sub("", name.replace("_", " ")).casefold().split())
        if found := _LABELS.get(plain) or _LABELS.get(plain.removesuffix("s")):
            return found
    return ""


def _field_of_heading(raw: str) -> str:
    """Return the field of a heading; "" if it is not known."""
    return _field(raw) or _HEADINGS.get(" ".join(raw.casefold().split()), "")
