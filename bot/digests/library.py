"""Reads the export of a person's own library (BibTeX, RIS, CSL JSON): how many entries and how long they may be.

Each entry is cut out and read alone. So a broken entry does not affect the others.
"""

import json
import logging
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import islice, pairwise
from typing import Any

from bibtexparser import model, splitter
from rispy import loads

from bot.digests.files import BOM, look_of, without_controls
from bot.digests.markup import plain
from bot.digests.scalars import collapse, decode_accents
from subscriptions import errors
from subscriptions.model import Library, LibraryEntry
from subscriptions.query.links import mentioned
from subscriptions.text.escaping import escaped

MOST_ENTRIES = 20_000
_LONGEST_ENTRY = 200_000  # characters
_LONGEST_TITLE = 500  # characters that are read
_LONGEST_FIELD = 500  # characters of a field that are searched for ids of papers
_EXAMPLES, _EXAMPLE = 3, 40  # broken entries that are quoted; characters of each quotation
_HEAD = 1 << 16  # bytes at the beginning, from which the format is recognised

_Fields = Mapping[str, Any]
_Read = Iterator[tuple[str, _Fields | None]]  # (the beginning of an entry, its fields or None if it is broken)

_BIBTEX = re.compile(r"^[ \t]*@(?=[A-Za-z]+[ \t]*[{(])", re.MULTILINE)
_NO_ENTRY = re.compile(r"\s*@(?:comment|string|preamble)\b", re.IGNORECASE)
_RIS = re.compile(r"^TY {1,2}- ", re.MULTILINE)
_CSL = re.compile(r"\s*\[\s*(?=\{|\]\s*$)")
_BETWEEN = re.compile(r"[\s,]*")  # what separates the values of a JSON list
_DECODER = json.JSONDecoder()
_TITLES = ("title", "primary_title")  # RIS has two names for a title
_NAMING = (
    *("doi", "url", "urls", "eprint", "arxivid", "journal", "container-title", "number"),
    *("journal_name", "alternate_title2", "alternate_title3", "secondary_title"),  # only in RIS
)
_NOTES = ("note", "notes", "extra")  # where programs write "arXiv:2601.11087 [cs]"
_NOTED = re.compile(r"\s*arxiv:", re.IGNORECASE)

_EXPORT = errors.Sentence(
    "Send a library as BibTeX, RIS or CSL JSON: Zotero, Mendeley, JabRef and Google Scholar export these."
)


def is_library(data: bytes) -> bool:
    """Return whether a file looks like a library."""
    return _reader_of(_text_of(data[:_HEAD])) is not None


def read_library(data: bytes) -> Library:
    """Return the library in a file. Raise Refused if it is no library or too large, and no other error."""
    read = _reader_of(_text_of(data[:_HEAD]))
    if read is None:
        look = {"look": look_of(data[:_HEAD])}
        raise errors.Refused(errors.Sentence("This file is no library: it looks like {look}.", look), _EXPORT)
    entries: list[LibraryEntry] = []
    broken: list[str] = []
    for number, (beginning, fields) in enumerate(read(_text_of(data))):
        if number >= MOST_ENTRIES:
            raise errors.Refused(
                errors.Sentence("This library has more than {most} entries.", {"most": f"{MOST_ENTRIES:,}"}),
                errors.Sentence("Export a collection of it, and send that."),
            )
        if entry := _entry(fields or {}):
            entries.append(entry)
        else:
            broken.append(escaped(collapse(beginning)[:_EXAMPLE]))
    if not entries:
        raise errors.Refused(errors.Sentence("No entry of this file can be read."), _EXPORT)
    return Library(entries=entries, broken=len(broken), examples=tuple(broken[:_EXAMPLES]))


def _text_of(data: bytes) -> str:
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return data.decode("utf-16", "replace")
    try:
        return data.removeprefix(BOM).decode()
    except UnicodeDecodeError:
        return data.decode("cp1252", "replace")


def _reader_of(head: str) -> Callable[[str], _Read] | None:
    if "\0" in head:
        return None
    if _CSL.match(head):
        return _csl
    if _RIS.search(head):
        return _ris
    return _bibtex if _BIBTEX.search(head) and not head.lstrip().startswith("<") else None


def _bibtex(text: str) -> _Read:
    logging.getLogger("bibtexparser").setLevel(logging.CRITICAL)  # otherwise it writes the entry into our log
    for piece in _pieces(_BIBTEX, text):
        if _NO_ENTRY.match(piece):
            continue
        blocks = _blocks_in(piece, lambda whole: splitter.Splitter(whole).split().blocks)
        failed = (one.ignore_error_block if isinstance(one, model.ParsingFailedBlock) else one for one in blocks)
        entries = [one for one in failed if isinstance(one, model.Entry)]
        for entry in entries:
            yield piece, {field.key.lower(): _bare(str(field.value)) for field in reversed(entry.fields)}
        if not entries:
            yield piece, None


def _bare(value: str) -> str:
    return value[1:-1].strip() if value.startswith(("{", '"')) else value


def _ris(text: str) -> _Read:
    for piece in _pieces(_RIS, text):
        yield piece, next(iter(_blocks_in(f"{piece}\nER  - ", loads)), None)


def _csl(text: str) -> _Read:
    at = _end(_CSL, text, 0)
    while text[at : at + 1] not in ("]", ""):
        try:
            found, end = _DECODER.raw_decode(text, at)
        except (ValueError, RecursionError):  # the end of a broken value cannot be found
            yield text[at : at + _EXAMPLE], None
            return
        named = {str(name).lower(): value for name, value in found.items()} if isinstance(found, dict) else None
        yield text[at : at + _EXAMPLE], named if end - at < _LONGEST_ENTRY else None
        at = _end(_BETWEEN, text, end)


def _end(pattern: re.Pattern[str], text: str, start: int) -> int:
    match = pattern.match(text, start)
    return match.end() if match else start


def _pieces(begins: re.Pattern[str], text: str) -> Iterator[str]:
    """Yield the pieces of a text, each from one beginning to the next, cut after _LONGEST_ENTRY characters."""
    starts = [match.start() for match in islice(begins.finditer(text), MOST_ENTRIES + 1)]
    for start, end in pairwise([*starts, len(text)]):
        yield text[start : min(end, start + _LONGEST_ENTRY)]


def _blocks_in(piece: str, read: Callable[[str], Iterable[Any]]) -> list[Any]:
    """Return what a library reads in an entry. It is a foreign text: after any error, the entry is broken."""
    try:
        return list(read(piece)) if len(piece) < _LONGEST_ENTRY else []
    except Exception:  # noqa: BLE001 - as above
        return []


def _entry(fields: _Fields) -> LibraryEntry | None:
    """Return an entry; None if it has neither a title nor the id of a paper."""
    titles = (plain(_text(fields.get(name))) for name in _TITLES)  # Zotero keeps its markup in each format
    title = decode_accents(next(filter(None, titles), ""))[:_LONGEST_TITLE]
    numbers = [_text(fields.get(name))[:_LONGEST_FIELD] for name in _NAMING]
    numbers += [note for name in _NOTES if _NOTED.match(note := _text(fields.get(name))[:_LONGEST_FIELD])]
    names = mentioned(" ".join(numbers).replace("\\", ""))
    if title or names:
        return LibraryEntry(title, names)
    return None


def _text(value: object) -> str:
    """Return a value, or the values of a list, as one line; "" if none of them is a text or an integer."""
    parts = value if isinstance(value, list) else [value]
    whole, _ = without_controls(" ".join(str(part) for part in parts if isinstance(part, str | int)))
    return collapse(whole)
