"""Groups of three lines: an English abstract, its translation, the address of the paper.

There are no blank lines between the groups, no titles, authors, categories or dates, and often no line end after the last
line. In lists made from arXiv's feed, abstracts and translations begin with the announcement of the feed.
"""

import re
from collections.abc import Iterator
from itertools import islice

from bot.digests._arxiv import URL, arxiv_link, split_announcement, version_number, without_translated_announcement
from bot.digests._format import MOST_PAPERS, Content, Entry, Warnings, collapse, lines_of, too_many
from bot.digests._text import is_markup, translations_of
from bot.errors import BrokenDigest
from subscriptions.errors import Sentence
from subscriptions.model import Paper, Translation

name = "bilingual3"

_GROUP = 3
_HEADING = re.compile(r"#{1,6}\s|(?:=+|-+)$")  # or the line that underlines one
_URL = re.compile(URL)
_BEGINNING_OF_URL = re.compile(r"https?://arxiv\.org/(?:abs|pdf)/(?:[\d.]*|[a-z-]+(?:\.[A-Z]{0,2})?(?:/\d*)?)")
_BEFORE_ID = ("https://arxiv.org/abs/", "http://arxiv.org/abs/", "https://arxiv.org/pdf/", "http://arxiv.org/pdf/")

Line = tuple[int, str]  # number from 1, text


def detect(text: str) -> bool:
    """Returns whether the third non-empty line is an arXiv address, and the two before it are not headings.

    `parse` checks whether every third line is an address, and raises an error that names the first line that is not.
    """
    lines = [line for _, line in islice(_lines(text), _GROUP)]
    if len(lines) < _GROUP or any(map(_HEADING.match, lines[:-1])) or is_markup(text):
        return False
    return bool(_URL.match(lines[-1])) and not any(_URL.fullmatch(line) for line in lines[:-1])


def parse(text: str, warnings: Warnings, language: str | None) -> Content:
    """Returns the papers of the groups. Raises BrokenDigest, with the line, if a line should be an address and is not."""
    entries: list[Entry] = []
    group: list[Line] = []
    last = text.rstrip().count("\n") + 1
    for line in _separated(_lines(text), warnings):
        group.append(line)
        if len(group) == _GROUP and not (line[0] == last and _is_cut_short(line[1])):
            if len(entries) >= MOST_PAPERS:
                raise too_many()
            entries.append(_entry(group, warnings, language))
            group = []
    if group:
        warnings.add("incomplete_group", line=group[0][0], example=group[0][1])
    return Content(entries=entries)


def _lines(text: str) -> Iterator[Line]:
    for number, line in enumerate(lines_of(text), 1):
        if stripped := line.strip():
            yield number, stripped


def _separated(lines: Iterator[Line], warnings: Warnings) -> Iterator[Line]:
    """Yields the lines. Cuts a line in two where a file without a line end was glued to the next file."""
    position = 0
    for number, line in lines:
        address = _URL.match(line) if position % _GROUP == _GROUP - 1 else None
        rest = line[address.end() :].removeprefix("\ufeff") if address else ""
        if address and rest[:1].isalnum():  # words begin right after it; a full stop or a space would make it a remark
            warnings.add("glued_line", line=number, example=line)
            yield number, address[0]
            yield number, rest
            position += 2
        else:
            yield number, line
            position += 1


def _is_cut_short(line: str) -> bool:
    """Returns whether a line is only the beginning of an address."""
    if _URL.fullmatch(line):
        return False
    return bool(_BEGINNING_OF_URL.fullmatch(line)) or any(whole.startswith(line) for whole in _BEFORE_ID)


def _entry(group: list[Line], warnings: Warnings, language: str | None) -> Entry:
    (number, abstract), (number_of_translation, translation), (number_of_url, url) = group
    address = _URL.fullmatch(url)
    if not address:
        raise BrokenDigest(
            Sentence(
                "Line {line} should be an arXiv address, as every third line of bilingual3 is, but reads “{text}”.",
                {"line": number_of_url, "text": url[:60]},
            )
        )
    for misplaced, line in ((number, abstract), (number_of_translation, translation)):
        if _URL.fullmatch(line):
            raise BrokenDigest(
                Sentence("Line {line} is an arXiv address where a text of bilingual3 should be.", {"line": misplaced})
            )
    announcement, abstract = split_announcement(abstract)
    version = version_number(address["version"])
    if announcement and announcement.arxiv_id != address["id"]:
        warnings.add("id_mismatch", line=number, example=f"{announcement.arxiv_id} / {address['id']}")
    elif announcement:
        version = announcement.version or version
    paper = Paper(
        key=address["id"],
        abstract=collapse(abstract),
        arxiv_id=address["id"],
        version=version,
        url=arxiv_link(address["id"]),
        announce_type=announcement.kind if announcement else None,
        translations=_translations(translation, language),
    )
    return Entry(line=number, paper=paper)


def _translations(text: str, language: str | None) -> tuple[Translation, ...]:
    return translations_of("", collapse(without_translated_announcement(text)), language)
