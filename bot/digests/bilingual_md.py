"""A day of cn-chat-arxiv as Markdown: a table of papers, and a note on each.

    # 摘要

    | Ref | Title | Summary |
    | --- | --- | --- |
    | [^1] | [Sorting Sand by Sound](https://arxiv.org/abs/2601.00001) | 用声音给沙粒分类。 |

    # 详细

    [^1]: 用声音给沙粒分类

        Sorting Sand by Sound

        [https://arxiv.org/abs/2601.00001](https://arxiv.org/abs/2601.00001)

        …

A note has the translated title, then six blocks in fixed positions, with a blank line before each: title, link, tldr,
English tldr, translated abstract, abstract. A block may be empty (the English tldr mostly is) and keeps its position.

The program that makes them (github.com/qhduan/cn-chat-arxiv) reads arXiv's feed, cuts each abstract after a thousand
characters, and has title and abstract translated into Chinese and summarised in one sentence, the tldr. There are no authors
and no dates. It also writes each day as RSS and as JSON. `bilingual_entry` reads the seven texts that a paper has in all
three forms, so they give equal papers.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from bot.digests._arxiv import (
    ADDRESS,
    arxiv_address,
    entry_of,
    split_announcement,
    split_title,
    without_translated_announcement,
)
from bot.digests._format import Content, Entry, Warnings, bounded, collapse, lines_of, parts_of
from bot.digests._text import is_failed, language_of, summaries_of, translations_of, unrecognized_page
from subscriptions.model import Paper, Summary

name = "bilingual_md"

_PAGE = re.compile(r"# 摘要[^\S\n]*\n\s*\| *Ref *\| *Title *\| *Summary *\|")
_ROW = re.compile(rf"\| *\[\^(?P<number>\d{{1,6}})\] *\| *\[(?P<title>.*?)\]\((?P<link>{ADDRESS})\) *\|")
_NOTE = re.compile(r"\[\^(?P<number>\d{1,6})\]:(?P<title>.*)")
_LINK = re.compile(rf"\[[^\]\n]*\]\((?P<link>{ADDRESS})\)")
_BLOCKS = 6  # of a note: title, link, tldr, English tldr, translated abstract, abstract
_BETWEEN = re.compile(r"\n[^\S\n]{0,3}\n")  # an empty block has four spaces, so a line with fewer separates blocks
_BEGINNING_OF_ROW = "| [^"
_OF_NO_PAPER = re.compile(r"\s*(?:# 摘要|# 详细|\| *Ref\b|\|[ |:-]*$|$)")


@dataclass(frozen=True, slots=True, kw_only=True)
class BilingualRecord:
    """The texts of one paper as the document has them. They are English unless the name says otherwise."""

    line: int  # in which it begins, from 1
    link: str
    title: str  # until 2024 with an announcement at its end
    abstract: str = ""  # since 2024 with an announcement at its beginning
    translated_title: str = ""
    translated_abstract: str = ""
    tldr: str | None = None  # in the language of the translation; None if the document has no such field
    english_tldr: str = ""


@dataclass(frozen=True, slots=True)
class _Numbered:
    """A record under the number of its paper."""

    number: int
    arxiv_id: str
    record: BilingualRecord


def detect(text: str) -> bool:
    """Returns whether the first line is the heading of the table, and the table follows."""
    return bool(_PAGE.match(text.lstrip()))


def parse(text: str, warnings: Warnings, language: str | None) -> Content:
    """Returns the papers in the order of their numbers. Raises BrokenDigest if there are lines but no readable entry."""
    entries: list[Entry] = []
    unrecognized = 0
    for line, page in _pages(text, warnings):
        entries += _entries(page, line, warnings, language)
        unrecognized = unrecognized or _first_unrecognized(page, line)
    if unrecognized and not entries:
        raise unrecognized_page(unrecognized)
    return Content(entries=entries)


def _pages(text: str, warnings: Warnings) -> Iterator[tuple[int, str]]:
    """Yields (first line, text) of each page; there are several if files were glued together."""
    for start, line, page in parts_of(text, (match.start() for match in _PAGE.finditer(text))):
        if not _begins_line(text, start):
            warnings.add("glued_line", line=line, example=page.partition("\n")[0])
        yield line, page.rstrip("\ufeff")


def _begins_line(text: str, at: int) -> bool:
    while at and text[at - 1] in " \t\ufeff":
        at -= 1
    return not at or text[at - 1] == "\n"


def _entries(page: str, line: int, warnings: Warnings, language: str | None) -> list[Entry]:
    """Returns a paper for each note, and for each row of the table without a note."""
    rows, notes = _rows(page, line, warnings), _notes(page, line, warnings)
    noted = {(note.number, note.arxiv_id) for note in notes}
    unnoted = [row for row in rows if (row.number, row.arxiv_id) not in noted]
    records = [numbered.record for numbered in sorted([*notes, *unnoted], key=lambda numbered: numbered.number)]
    return [entry for record in bounded(records) if (entry := bilingual_entry(record, warnings, language))]


def _rows(page: str, first: int, warnings: Warnings) -> list[_Numbered]:
    rows: list[_Numbered] = []
    for number, line in enumerate(lines_of(page), first):
        if not line.startswith(_BEGINNING_OF_ROW):
            continue
        row = _ROW.match(line)
        if not row:
            warnings.add("unparsed_heading", line=number, example=line)
            continue
        record = BilingualRecord(
            line=number,
            link=row["link"],
            title=collapse(row["title"]).removesuffix(
                "."
            ),  # the generator removes the announcement but leaves the full stop before it
            tldr=line[row.end() :].strip().removesuffix("|"),
        )
        rows.append(_Numbered(int(row["number"]), row["id"], record))
    return rows


def _notes(page: str, first: int, warnings: Warnings) -> list[_Numbered]:
    notes: list[_Numbered] = []
    lines = page.split("\n")
    heads = [(number, head) for number, line in enumerate(lines) if (head := _NOTE.match(line))]
    ends = [number for number, _ in heads] + [len(lines)]
    for (start, head), end in zip(heads, ends[1:], strict=True):
        title, link, *texts = _blocks("\n".join(lines[start + 1 : end]))
        address = _LINK.fullmatch(link)
        if not address:  # a block is missing, and nothing tells which
            warnings.add("unparsed_heading", line=first + start, example=head[0])
            continue
        tldr, english_tldr, translated_abstract, abstract = texts
        record = BilingualRecord(
            line=first + start,
            link=address["link"],
            title=title,
            abstract=abstract,
            translated_title=head["title"],
            translated_abstract=translated_abstract,
            tldr=tldr,
            english_tldr=english_tldr,
        )
        notes.append(_Numbered(int(head["number"]), address["id"], record))
    return notes


def _blocks(body: str) -> list[str]:
    """Returns the six blocks of a note by position. Empty blocks and missing ones are ""."""
    blocks = [block.strip() for block in _BETWEEN.split(body, _BLOCKS)[:_BLOCKS]]
    return blocks + [""] * (_BLOCKS - len(blocks))


def _first_unrecognized(page: str, first: int) -> int:
    """Returns the number of the first line that an empty page would not have, 0 if there is none."""
    lines = enumerate(lines_of(page), first)
    return next((number for number, line in lines if not _OF_NO_PAPER.match(line)), 0)


# ------------------------------------------------------------------------------ a record of any of the three forms


def bilingual_entry(record: BilingualRecord, warnings: Warnings, language: str | None) -> Entry | None:
    """Returns the paper of a record, None if nothing identifies it."""
    of_title, title = split_title(record.title)
    of_abstract, abstract = split_announcement(record.abstract)
    announced = of_abstract or of_title
    address = arxiv_address(record.link)
    arxiv_id, version = address or (announced.arxiv_id if announced else None, None)
    if announced and announced.arxiv_id == arxiv_id:
        version = announced.version or version
    elif announced:
        warnings.add("id_mismatch", line=record.line, example=f"{announced.arxiv_id} / {arxiv_id}")
    translated_title = collapse(record.translated_title)
    translated_abstract = collapse(without_translated_announcement(record.translated_abstract))
    language = language or language_of(record.tldr or "", translated_title, translated_abstract)
    paper = Paper(
        key="",
        title=title,
        abstract=collapse(abstract),
        categories=of_title.categories if of_title else (),
        arxiv_id=arxiv_id,
        version=version,
        announce_type=announced.kind if announced else None,
        summaries=_summaries(record, language),
        translations=translations_of(translated_title, translated_abstract, language),
        failed=record.tldr is not None and is_failed({"tldr": record.tldr}),
    )
    entry = entry_of(record.line, paper, warnings)
    if entry and not paper.abstract and not translated_abstract:
        warnings.add("entry_without_text", line=record.line, example=arxiv_id or title)
    return entry


def _summaries(record: BilingualRecord, language: str) -> tuple[Summary, ...]:
    translated = summaries_of({"tldr": collapse(record.tldr or "")}, language)
    english = summaries_of({"tldr": collapse(record.english_tldr)}, "en")
    languages = {summary.language for summary in translated}
    return (*translated, *(summary for summary in english if summary.language not in languages))
