"""HuggingArxivLLM (github.com/HuggingAGI/HuggingArxivLLM): files with one paper each, and lists of the titles of a month.

`hugging_md`: one paper per file.

    # 用声音给沙粒分类

    发布时间：2026年01月22日

    `LLM应用` `声学`

    > Sorting Sand by Sound

    # 摘要

    > 会唱歌的沙粒和会哼的沙粒不一样。

    > Grains that sing are not like grains that hum.

    ![a picture](../../../paper_images/2601.00001/x1.png)

    [Arxiv](https://arxiv.org/abs/2601.00001)

Older files have no heading: one quotation holds the title, the abstracts and the address. Some have no day either.

The files contain the answers of a language model. So titles and tags may have several lines, tags may contain
paragraphs, and a quotation may begin with a heading (`> # 摘要`) or with a label (`Abstract:`). Files have no line end
after the last line.

`hugging_index`: the titles of a month, with their translations.

    # 2026年01月

    2026年01月22日

    - [Sorting Sand by Sound](2026年01月22日/Sorting_Sand_by_Sound.md)

        - [翻译: 用声音给沙粒分类](2026年01月22日/Sorting_Sand_by_Sound.md)

Both lines of a paper link to the same file. The name of that file is made from the title and may contain brackets.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from itertools import dropwhile, islice, takewhile

from bot.digests import _arxiv, _days, _format, _languages, _lines, _papers, _summaries
from bot.digests._format import Content, Entry, Format
from bot.digests._warnings import Warnings
from bot.digests._xml import is_markup
from subscriptions.model import Paper, Translation

_DAY = re.compile(r"发布时间[：:].*")
# `before` is the end of another file that was joined with this one
_TITLE = re.compile(r"(?P<before>(?:\[(?i:arxiv)\]\([^)]*\))?)[ \ufeff]*(?P<title># .*)")
_HEADING = re.compile(r"# 摘要\s*")
_HEADING_LINE = re.compile(r"^# 摘要[^\S\n]*$", re.MULTILINE)
_QUOTED_LINE = re.compile(r"^>", re.MULTILINE)
_TAGS = re.compile(r"\s*(?:`[^`]+`\s*)+")
_RULE = re.compile(r"\s*(?:<hr ?/?>|-{3,}|!\[)")  # what follows a quotation; pictures, too
_URL = re.compile(_arxiv.URL)
_MOST_LINES = 8  # from the title to the day
_END = re.compile(r"!\[|\[(?i:arxiv)\]\(")  # a picture, or the address of the paper
_ADDRESS = re.compile(rf"\[(?i:arxiv)\]\({_arxiv.ADDRESS}\)")
_LABEL = re.compile(r"\s*(?:#+\s*)?(?:摘要|Abstract)(?:\s*[：:]\s*|\s*\n)")
_SECTION = re.compile(r"#{1,6}[ \t]")  # after both quotations there is no more text of the paper
_TWO = 2  # quotations: the translation, the abstract


@dataclass(frozen=True, slots=True)
class _Page:
    """The lines of one paper."""

    line: int  # of its first line, from 1
    title: list[str]
    lines: list[str]  # from the line with the day to the end


def _is_paper(text: str) -> bool:
    """Returns whether one of the first lines has the day or tags, and a heading or a quotation has the abstracts.

    A page without the day must also have a Chinese title and name one paper of arXiv.
    """
    if is_markup(text):
        return False
    lines = list(islice(_lines.lines_of(text.lstrip()), _MOST_LINES))
    if any(map(_DAY.match, lines)):
        return bool(_HEADING_LINE.search(text) or _QUOTED_LINE.search(text))
    if not (lines[0].startswith("# ") and any(map(_TAGS.fullmatch, lines)) and _QUOTED_LINE.search(text)):
        return False
    return (
        _languages.language_of(lines[0]) != "en"
        and len({_arxiv.matched_address(found) for found in _URL.finditer(text)}) == 1
    )


def _read_papers(text: str, warnings: Warnings, language: str | None) -> Content:
    """Returns the paper; several if files were joined. Raises BrokenDigest if none can be read."""
    days: list[date] = []

    def read(page: _Page) -> Entry | None:
        first = next(iter(page.lines), "")
        day = _days.day_in_chinese(first) or _days.day_in(first)
        if day:
            days.append(day)
        entry = _entry(page, warnings, language)
        if not entry:
            warnings.add("unparsed_heading", line=page.line, example=first)
        return entry

    entries = list(filter(None, _format.each(_pages(text.split("\n"), warnings), read, warnings)))
    if not entries:
        raise _format.unrecognized_page(1)
    return Content(entries=entries, day=max(days, default=None))


def _pages(lines: list[str], warnings: Warnings) -> Iterator[_Page]:
    """Yields the lines of each paper, from its title (or its day, if it has no title) to the next paper."""
    days = [number for number, line in enumerate(lines) if _DAY.match(line)]
    if not days:
        start = next((number for number, line in enumerate(lines) if _TITLE.match(line)), 0)
        yield _Page(start + 1, lines[start : start + 1], lines[start + 1 :])
        return
    starts = [_title_at(lines, day, after) for after, day in zip([-1, *days], days, strict=False)]
    for start, day, end in zip(starts, days, [*starts, len(lines)][1:], strict=True):
        title = lines[start:day]
        glued = _TITLE.match(title[0]) if title else None
        if glued and glued["before"]:
            warnings.add("glued_line", line=start + 1, example=lines[start])
            title[0] = glued["title"]
        below = lines[day:end]
        if end < len(lines) and (last := _TITLE.match(lines[end])) and last["before"]:
            below.append(last["before"])  # the last line of this paper is joined with the title of the next
        yield _Page(start + 1, title, below)


def _title_at(lines: list[str], day: int, after: int) -> int:
    """Returns the number of the line in which the title above a day begins; `day` itself if there is no title."""
    for number in range(day - 1, max(after, day - _MOST_LINES), -1):
        if _TITLE.match(lines[number]):
            if _HEADING.fullmatch(lines[number]):
                return day
            return number
    return day


def _entry(page: _Page, warnings: Warnings, language: str | None) -> Entry | None:
    """Returns the paper of a page, None if nothing identifies it."""
    numbers = (number for number, line in enumerate(page.lines) if _HEADING.fullmatch(line))
    heading = next(numbers, None)
    if heading is None:
        title, translated, abstract = _quoted_texts(page.lines)
        address = next((found for line in page.lines if (found := _URL.search(line))), None)
    else:
        above, below = page.lines[:heading], page.lines[heading + 1 :]
        title = _quoted_title(above)
        translated, abstract = _abstracts(below)
        address = next((found for line in below if (found := _ADDRESS.match(line))), None)
    arxiv_id = version = None
    if address:
        arxiv_id, version = _arxiv.matched_address(address)
    paper = Paper(
        key="",
        title=title,
        abstract=abstract,
        arxiv_id=arxiv_id,
        version=version,
        translations=_summaries.translations_of(_translated_title(page.title), translated, language),
    )
    if not arxiv_id and (title or abstract):
        warnings.add("no_identifiers", line=page.line)
    return _papers.entry_of(page.line, paper, warnings)


def _quoted_texts(lines: list[str]) -> tuple[str, str, str]:
    """Returns (title, translation, abstract) of a page without a heading, where all stand in one quotation.

    Unquoted lines between quoted ones belong to it. The script tells which text is which: the title and the abstract
    are in English.
    """
    below = list(dropwhile(lambda line: not line.startswith(">"), lines))
    quotation = list(takewhile(lambda line: not _RULE.match(line), below))
    while quotation and not quotation[-1].startswith(">"):
        quotation.pop()
    paragraphs = "\n".join(line.removeprefix(">").strip() for line in quotation).split("\n\n")
    texts = [text for text in map(_without_label, paragraphs) if text and not _URL.fullmatch(text)]
    title = ""
    if len(texts) > 1 and _languages.language_of(texts[0]) == "en":
        title = texts.pop(0)
    return title, *_by_language(texts)


def _quoted_title(lines: list[str]) -> str:
    """Returns the last quotation, which may have several lines."""
    upwards = dropwhile(lambda line: not line.startswith(">"), reversed(lines))
    quoted = [line[1:] for line in takewhile(lambda line: line.startswith(">"), upwards)]
    return _lines.collapse(" ".join(reversed(quoted)))


def _translated_title(lines: list[str]) -> str:
    """Returns the title without marks of bold text and of headings; the model may have written a second heading mark."""
    return _lines.collapse(" ".join(lines).replace("**", "")).lstrip("# ")


def _abstracts(lines: list[str]) -> tuple[str, str]:
    """Returns (translation, abstract). The first of two quotations is the translation; otherwise the script decides."""
    quotations = [_without_label("\n".join(quotation)) for quotation in _quotations(lines)]
    if len(quotations) == _TWO:
        return quotations[0], quotations[1]
    return _by_language(filter(None, quotations))


def _by_language(texts: Iterable[str]) -> tuple[str, str]:
    """Returns (the texts in other languages, those in English)."""
    found: dict[bool, list[str]] = {True: [], False: []}
    for text in texts:
        found[_languages.language_of(text) == "en"].append(text)
    return " ".join(found[False]), " ".join(found[True])


def _quotations(lines: list[str]) -> Iterator[list[str]]:
    """Yields the lines of each quotation, with the unquoted lines between it and the next one.

    Stops at a picture or the address of the paper, and after two quotations also at the heading of a section.
    """
    quotation: list[str] = []
    count = 0
    blank = True
    for line in lines:
        if _END.match(line) or (count >= _TWO and _SECTION.match(line)):
            break
        if line.startswith(">") and blank:
            if quotation:
                yield quotation
            quotation = []
            count += 1
        if line.startswith(">") or quotation:
            quotation.append(line.removeprefix(">"))
        blank = not line.strip()
    if quotation:
        yield quotation


def _without_label(text: str) -> str:
    start = 0
    while label := _LABEL.match(text, start):
        start = label.end()
    return _lines.collapse(_arxiv.without_translated_announcement(text[start:]))


_MONTH = re.compile(r"# \d{4}年\d{1,2}月[^\S\n]*(?=\n|$)")
_DAY_OF_MONTH = re.compile(r"(?:#{1,6} +)?\d{4}年\d{1,2}月\d{1,2}日\s*")
_PAPER = re.compile(r"[-*+] \[")
_TRANSLATION = re.compile(r"\s*[-*+] \[翻译[：:]")
_FILE = re.compile(r"\]\((?=(?:[^\s()]*/)?\d{4}年\d{1,2}月\d{1,2}日/)")
_FILE_END = ".md)"


def _is_month(text: str) -> bool:
    """Returns whether the first line is the heading with the month."""
    return bool(_MONTH.match(text.lstrip()))


def _read_month(text: str, warnings: Warnings, language: str | None) -> Content:
    """Returns the papers, with the newest day. Raises BrokenDigest if there are lines but no readable entry."""
    found: list[tuple[int, str, tuple[Translation, ...]]] = []  # line, title, translation of the title
    days: list[date | None] = []
    target = ""  # the file of the last paper, until its translation is read
    unrecognized_at = 0
    for number, line in enumerate(_lines.lines_of(text), 1):
        if not line or line.isspace() or _MONTH.match(line):
            continue
        if _DAY_OF_MONTH.fullmatch(line):
            days.append(_days.day_in_chinese(line))
            continue
        title, file, rest = _parts(line)
        if rest.lstrip(" \ufeff").startswith("# "):
            warnings.add("glued_line", line=number, example=line)
        if title and not _TRANSLATION.match(line):
            found.append((number, title, ()))
            warnings.add("no_identifiers", line=number)
            target = file
        elif title and file == target:
            found[-1] = (*found[-1][:2], _summaries.translations_of(title, "", language))
            target = ""
        else:
            unrecognized_at = unrecognized_at or number
            if _PAPER.match(line.lstrip()):
                warnings.add("unparsed_heading", line=number, example=line)
                target = ""
    if unrecognized_at and not found:
        raise _format.unrecognized_page(unrecognized_at)
    entries = _format.each(found, _entry_of_title, warnings)
    return Content(entries=list(entries), day=max(filter(None, days), default=None))


def _entry_of_title(found: tuple[int, str, tuple[Translation, ...]]) -> Entry:
    number, title, translations = found
    return Entry(number, _papers.keyed(Paper(key="", title=title, translations=translations)))


def _parts(line: str) -> tuple[str, str, str]:
    """Returns (title, file, rest) of a line with a link to a file; three times "" for any other line."""
    head = _TRANSLATION.match(line) or _PAPER.match(line)
    file = _FILE.search(line, head.end()) if head else None
    end = line.rfind(_FILE_END)
    if not head or not file or end < file.end():
        return "", "", ""
    return _lines.collapse(line[head.end() : file.start()]), line[file.end() : end], line[end + len(_FILE_END) :]


FORMATS = (
    Format("hugging_md", _is_paper, _read_papers),
    Format("hugging_index", _is_month, _read_month),
)
