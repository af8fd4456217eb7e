"""Papers of cn-chat-arxiv as JSON: one paper in a file, or several in an array.

The members are `title`, `abstract`, `link`, `translated_title`, `translated_abstract`, `tldr` and `en_tdlr` (spelt
this way). A paper that could not be summarised has only the first three.
"""

import re
from collections.abc import Iterator
from itertools import chain

from bot.digests._format import Content, Warnings, bounded, parts_of
from bot.digests._json import Record, entries_of, first_items, json_items
from bot.digests.bilingual_md import BilingualRecord, bilingual_entry
from bot.errors import BrokenDigest

name = "bilingual_json"

_SHOWN = "translated_title"  # of an object that is no paper
_ALWAYS = ("title", "abstract", "link")
# The beginning of a file that was glued to another. Within a JSON text each quote would have a backslash.
_BEGINNING = re.compile(r"(?:^|(?<=\}))\ufeff?(?=\{\s*\"title\")", re.MULTILINE)
_SUMMARY_MEMBERS = ("translated_title", "translated_abstract", "tldr", "en_tdlr", "context")


def detect(text: str) -> bool:
    """Returns whether one of the first objects has the three members of every paper, and one that only this format has."""
    return any(map(_is_paper, first_items(text)))


def parse(text: str, warnings: Warnings, language: str | None) -> Content:
    """Returns the papers. Raises BrokenDigest, with the line, if the document is damaged and no paper can be read."""
    records = _records(text, warnings)
    entries = entries_of(records, warnings, lambda item: bilingual_entry(_record(item), warnings, language), _SHOWN)
    return Content(entries=entries)


def _is_paper(item: Record) -> bool:
    return all(member in item for member in _ALWAYS) and any(member in item for member in _SUMMARY_MEMBERS)


def _records(text: str, warnings: Warnings) -> Iterator[Record]:
    """Yields the objects of all files. Raises BrokenDigest, with the line, if a file is damaged and none has an object."""
    broken: BrokenDigest | None = None
    found = False
    for line, document in bounded(_documents(text, warnings)):
        try:
            for record in json_items(document, warnings, line=line):
                found = True
                yield record
        except BrokenDigest as error:
            broken = broken or error
            warnings.add("bad_json_line", line=line, example=document.partition("\n")[0])
    if broken and not found:
        raise broken


def _documents(text: str, warnings: Warnings) -> Iterator[tuple[int, str]]:
    """Yields (first line, text) of each file in a text of concatenated files. An array is one file.

    Files are read one by one, so damage in one does not reach the next.
    """
    glued = () if text.lstrip().startswith("[") else (match.start() for match in _BEGINNING.finditer(text, 1))
    for start, line, document in parts_of(text, chain([0], glued)):
        if start and text[start - 1] != "\n":
            warnings.add("glued_line", line=line, example=document.partition("\n")[0])
        yield line, document


def _record(item: Record) -> BilingualRecord:
    return BilingualRecord(
        line=item.line,
        link=item.text("link"),
        title=item.text("title"),
        abstract=item.text("abstract"),
        translated_title=item.text("translated_title"),
        translated_abstract=item.text("translated_abstract"),
        tldr=item.text("tldr") if item.has_text("tldr") else None,
        english_tldr=item.text("en_tdlr") or item.text("en_tldr"),
    )
