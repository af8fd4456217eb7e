"""Reads the export of a person's own library (BibTeX, RIS, CSL JSON): how many entries and how long they may be.

Each entry is cut out and read alone. So a broken entry does not affect the others, and reading takes little more memory
than the file.
"""

import json
import logging
import re
from collections.abc import Iterator, Mapping
from typing import Any

from bot.digests.decoding import BOM, describe_bytes, describe_text
from bot.digests.scalars import collapse, decode_accents
from subscriptions import errors
from subscriptions.model import Library, LibraryEntry
from subscriptions.query.links import mentioned
from subscriptions.texts import escaped

MOST_ENTRIES = 20_000
_LONGEST_ENTRY = 200_000  # bytes
_LONGEST_TITLE = 500  # characters that are read
_LONGEST_FIELD = 500  # characters of a field that are searched for ids of papers
_EXAMPLES, _EXAMPLE = 3, 40  # broken entries that are quoted; characters of each quotation
_HEAD = 1 << 16  # bytes at the beginning, from which the format is recognised

_Fields = Mapping[str, Any]
_Read = Iterator[tuple[str, _Fields | None]]  # (the beginning of an entry, its fields or None if it is broken)

_BIBTEX = re.compile(rb"^[ \t]*@(?=[A-Za-z]+[ \t]*[{(])", re.MULTILINE)
_NO_ENTRY = re.compile(r"\s*@(?:comment|string|preamble)\b", re.IGNORECASE)
_RIS = re.compile(rb"^TY {1,2}- ", re.MULTILINE)
_CSL = re.compile(rb"\s*\[\s*(?:\{|\]\s*$)")
_BETWEEN = re.compile(r"[\s,]*")  # what separates the values of a JSON list
_TITLES = ("title", "primary_title")  # RIS has two names for a title
_NAMING = (
    *("doi", "url", "urls", "eprint", "arxivid", "journal", "container-title", "number"),
    *("journal_name", "alternate_title2", "alternate_title3", "secondary_title"),  # only in RIS
)
_NOTES = ("note", "notes", "extra")  # where programs write "arXiv:2601.11087 [cs]"
_NOTED = re.compile(r"\s*arxiv:", re.IGNORECASE)


def is_library(data: bytes) -> bool:
    """Returns whether a file looks like a library."""
    return _reader_of(_as_utf8(data[:_HEAD])) is not None


def read_library(data: bytes) -> Library:
    """Returns the library in a file. Raises Refused if it is no library or too large, and no other error."""
    data = _as_utf8(data)
    read = _reader_of(data[:_HEAD])
    if read is None:
        raise _no_library(data)
    entries: list[LibraryEntry] = []
    broken: list[str] = []
    for number, (beginning, fields) in enumerate(read(data)):
        if number >= MOST_ENTRIES:
            raise errors.Refused(
                errors.Sentence("This library has more than {most} entries.", {"most": f"{MOST_ENTRIES:,}"}),
                errors.Sentence("Export a collection of it, and send that."),
            )
        entry = _entry(fields or {})
        if entry is None:
            broken.append(escaped(collapse(beginning)[:_EXAMPLE]))
            continue
        entries.append(entry)
    if not entries:
        raise errors.Refused(errors.Sentence("No entry of this file can be read."), _EXPORT)
    return Library(entries=entries, broken=len(broken), examples=tuple(broken[:_EXAMPLES]))


_EXPORT = errors.Sentence(
    "Send a library as BibTeX, RIS or CSL JSON: Zotero, Mendeley, JabRef and Google Scholar export these."
)


def _no_library(data: bytes) -> errors.Refused:
    try:
        look = describe_text(data[:_HEAD].decode()) if b"\0" not in data[:_HEAD] else describe_bytes(data)
    except UnicodeDecodeError:
        look = describe_bytes(data)
    return errors.Refused(errors.Sentence("This file is no library: it looks like {look}.", {"look": look}), _EXPORT)


def _as_utf8(data: bytes) -> bytes:
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return data.decode("utf-16", "replace").encode("utf-8", "replace")
    return data.removeprefix(BOM)


def _reader_of(head: bytes) -> Any:  # noqa: ANN401 - one of three functions
    if b"\0" in head:
        return None
    if _CSL.match(head):
        return _csl
    if _RIS.search(head):
        return _ris
    if _BIBTEX.search(head) and not head.lstrip().startswith(b"<"):
        return _bibtex
    return None


def _bibtex(data: bytes) -> _Read:
    from bibtexparser import model, splitter  # noqa: PLC0415 - takes 30 ms, and most people never send a library

    logging.getLogger("bibtexparser").setLevel(logging.CRITICAL)  # otherwise it writes the entry into our log
    for text in _pieces(_BIBTEX, data):
        if _NO_ENTRY.match(text):
            continue
        found = False
        for block in (
            _guarded(lambda text=text: splitter.Splitter(text).split().blocks) if len(text) < _LONGEST_ENTRY else ()
        ):
            entry = block.ignore_error_block if isinstance(block, model.ParsingFailedBlock) else block
            if isinstance(entry, model.Entry):
                found = True
                yield text, {field.key.lower(): _bare(str(field.value)) for field in reversed(entry.fields)}
        if not found:
            yield text, None


def _bare(value: str) -> str:
    if value.startswith(("{", '"')):
        return value[1:-1].strip()
    return value


def _ris(data: bytes) -> _Read:
    from rispy import loads  # noqa: PLC0415 - takes 30 ms, and most people never send a library

    for text in _pieces(_RIS, data):
        read = _guarded(lambda text=text: loads(f"{text}\nER  - ")) if len(text) < _LONGEST_ENTRY else []
        yield text, (read[0] if read else None)


def _csl(data: bytes) -> _Read:
    text, decoder = data.decode("utf-8", "replace"), json.JSONDecoder()
    at = _end(_BETWEEN, text, text.index("[") + 1)
    while text[at : at + 1] not in ("]", ""):
        try:
            found, end = decoder.raw_decode(text, at)
        except (ValueError, RecursionError):  # the end of a broken value cannot be found
            yield text[at : at + _EXAMPLE], None
            return
        named = {str(name).lower(): value for name, value in found.items()} if isinstance(found, dict) else None
        yield text[at : at + _EXAMPLE], named if end - at < _LONGEST_ENTRY else None
        at = _end(_BETWEEN, text, end)


def _end(pattern: re.Pattern[str], text: str, start: int) -> int:
    match = pattern.match(text, start)
    return match.end() if match else start


def _pieces(begins: re.Pattern[bytes], data: bytes) -> Iterator[str]:
    """Yields the pieces of a file, each from one beginning to the next, cut after _LONGEST_ENTRY bytes."""
    start: int | None = None
    for match in begins.finditer(data):
        if start is not None:
            yield _decoded(data[start : min(match.start(), start + _LONGEST_ENTRY)])
        start = match.start()
    if start is not None:
        yield _decoded(data[start : start + _LONGEST_ENTRY])


def _decoded(piece: bytes) -> str:
    try:
        return piece.decode()
    except UnicodeDecodeError:
        return piece.decode("cp1252", "replace")


def _guarded(read: Any) -> list[Any]:  # noqa: ANN401 - a function of a library without types
    try:
        return list(read())
    except Exception:  # noqa: BLE001 - a foreign text: whatever goes wrong, the entry is broken
        return []


def _entry(fields: _Fields) -> LibraryEntry | None:
    """Returns an entry; None if it has neither a title nor the id of a paper."""
    titles = (_text(fields.get(name)) for name in _TITLES)
    title = decode_accents(next(filter(None, titles), ""))[:_LONGEST_TITLE]
    numbers = [_text(fields.get(name))[:_LONGEST_FIELD] for name in _NAMING]
    numbers += [note for name in _NOTES if _NOTED.match(note := _text(fields.get(name))[:_LONGEST_FIELD])]
    names = mentioned(" ".join(numbers).replace("\\", ""))
    if title or names:
        return LibraryEntry(title, names)
    return None


def _text(value: object) -> str:
    """Returns a value, or the values of a list, as one line; "" if none of them is a text or an integer."""
    parts = value if isinstance(value, list) else [value]
    return collapse(" ".join(str(part) for part in parts if isinstance(part, str | int)))
