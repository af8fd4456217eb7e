"""A month of HuggingArxivLLM (github.com/HuggingAGI/HuggingArxivLLM): titles and their translations.

    # 2026年01月

    2026年01月22日

    - [Sorting Sand by Sound](2026年01月22日/Sorting_Sand_by_Sound.md)

        - [翻译: 用声音给沙粒分类](2026年01月22日/Sorting_Sand_by_Sound.md)

Both lines of a paper link to the same file. Its name is made from the title and may contain brackets.
"""

import re
from datetime import date

from bot.digests._arxiv import title_key
from bot.digests._format import MOST_PAPERS, Content, Entry, Warnings, collapse, lines_of, too_many
from bot.digests._text import day_in_chinese, translations_of, unrecognized_page
from subscriptions.model import Paper

name = "hugging_index"

_MONTH = re.compile(r"# \d{4}年\d{1,2}月[^\S\n]*(?=\n|$)")
_DAY = re.compile(r"(?:#{1,6} +)?\d{4}年\d{1,2}月\d{1,2}日\s*")
_PAPER = re.compile(r"[-*+] \[")
_TRANSLATION = re.compile(r"\s*[-*+] \[翻译[：:]")
_FILE = re.compile(r"\]\((?=(?:[^\s()]*/)?\d{4}年\d{1,2}月\d{1,2}日/)")
_FILE_END = ".md)"


def detect(text: str) -> bool:
    """Returns whether the first line is the heading with the month."""
    return bool(_MONTH.match(text.lstrip()))


def parse(text: str, warnings: Warnings, language: str | None) -> Content:
    """Returns the papers, with the newest day. Raises BrokenDigest if there are lines but no readable entry."""
    month = _Month(warnings, language)
    for number, line in enumerate(lines_of(text), 1):
        month.read(line, number)
    return month.content()


def _parts(line: str) -> tuple[str, str, str]:
    """Returns (title, file, rest) of a line with a link to a file; three times "" for any other line."""
    head = _TRANSLATION.match(line) or _PAPER.match(line)
    file = _FILE.search(line, head.end()) if head else None
    end = line.rfind(_FILE_END)
    if not head or not file or end < file.end():
        return "", "", ""
    return collapse(line[head.end() : file.start()]), line[file.end() : end], line[end + len(_FILE_END) :]


class _Month:
    """What has been read of a month so far."""

    def __init__(self, warnings: Warnings, language: str | None) -> None:
        self._entries: list[Entry] = []
        self._days: list[date] = []
        self._target = ""  # the file of the last paper while its translation has not been read
        self._unrecognized_at = 0
        self._warnings = warnings
        self._language = language

    def read(self, line: str, number: int) -> None:
        """Reads one line."""
        if not line or line.isspace() or _MONTH.match(line):
            return
        if _DAY.fullmatch(line):
            day = day_in_chinese(line)
            self._days += [day] if day else []
            return
        title, target, rest = _parts(line)
        if rest.lstrip(" \ufeff").startswith("# "):
            self._warnings.add("glued_line", line=number, example=line)
        translated = bool(_TRANSLATION.match(line))
        if title and not translated:
            if len(self._entries) >= MOST_PAPERS:
                raise too_many()
            self._entries.append(Entry(number, Paper(key=title_key(title), title=title)))
            self._warnings.add("no_identifiers", line=number)
            self._target = target
        elif title and translated and target == self._target:
            self._translate(title)
        else:
            self._note_unrecognized(line, number)

    def content(self) -> Content:
        """Returns all that was read. Raises BrokenDigest if there were lines but no entry."""
        if self._unrecognized_at and not self._entries:
            raise unrecognized_page(self._unrecognized_at)
        return Content(entries=self._entries, day=max(self._days, default=None))

    def _translate(self, title: str) -> None:
        number, paper = self._entries[-1]
        translations = translations_of(title, "", self._language)
        self._entries[-1] = Entry(number, Paper(key=paper.key, title=paper.title, translations=translations))
        self._target = ""

    def _note_unrecognized(self, line: str, number: int) -> None:
        self._unrecognized_at = self._unrecognized_at or number
        if _PAPER.match(line.lstrip()):
            self._warnings.add("unparsed_heading", line=number, example=line)
            self._target = ""
