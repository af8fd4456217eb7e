"""Reads digests: how large one may be, which format reads it (`read_digest`, in the order of FORMATS), and which day it has if it names none.

A new format: copy `_example.py`, write `name`, `detect` and `parse`, add the module to `_FAMILIES` at its place, and put a
page with its expected papers into tests/digests.
"""

import hashlib
import zlib
from collections.abc import Iterable
from dataclasses import replace
from datetime import date
from importlib import import_module
from typing import Final

from bot.digests import _days, _failures, _limits, _plain_text, _warnings, _xml
from bot.digests._arxiv import arxiv_address as arxiv_address
from bot.digests._failures import without_failures as without_failures
from bot.digests._format import Content as Content
from bot.digests._format import DigestFormat as DigestFormat
from bot.digests._format import nothing_read
from bot.digests._languages import language_of as language_of
from bot.digests._looks import describe_bytes, describe_text
from bot.digests._papers import paper_key as paper_key
from bot.digests._summaries import LEADING as LEADING
from bot.digests._warnings import DATE_ASSUMED as DATE_ASSUMED
from bot.digests._warnings import INFO as INFO
from bot.digests._warnings import Warnings as Warnings
from bot.errors import BrokenDigest, UnknownFormat, mistake_with
from subscriptions.errors import PaperwireError, Sentence
from subscriptions.model import Digest, Paper
from subscriptions.planning.archives import lies_ahead

# The families of formats, a module each. A family whose line is missing here is not read.
_FAMILIES = (
    "arxiv_feeds",
    "bilingual",
    "arxiv_lists",
    "hugging_face",
    "feeds",
    "daily_arxiv",
    "biorxiv_json",
    "records",
)
_MODULES = tuple(import_module(f"bot.digests.{family}") for family in _FAMILIES)
FORMATS: Final[tuple[DigestFormat, ...]] = tuple(
    one for module in _MODULES for one in getattr(module, "FORMATS", (module,))
)
"""All formats. Their order matters: a text is read as the first format whose `detect` accepts it."""

MAX_BYTES: Final = 64 * 2**20
"""Size limit of a document."""

MOST_COMMAS: Final = 50_000
"""A document may hold this many commas, and one more per eight bytes. A real digest has one comma per forty bytes. A
list of names takes many times the memory of its bytes, so a hostile document must not have more.
"""

MAX_LINES: Final = 2_000_000
"""Limit of lines in a document. Each line takes more memory than its bytes, and no real digest has nearly as many."""


def format_names() -> list[str]:
    """Returns the names of all formats, in the order in which they are tried."""
    return [module.name for module in FORMATS]


def read_digest(
    data: bytes,
    name: str,
    *,
    format: str | None = None,  # noqa: A002  the word of the docs and of paperwire.toml
    day: date | None = None,
    language: str | None = None,
) -> Digest:
    """Returns the papers of a document, with its format, day and warnings.

    `name` is the path or address of the document. Error texts show it, and its last part may contain the day.
    `format` is one of `format_names`: only this format is tried, even if it does not recognise the text.
    `day` is used if neither the document nor its name contains a day.
    `language` (ISO 639-1) is the language of summaries and translations; it overrules the guess from the script.

    Raises UnknownFormat if the document is no digest, and BrokenDigest if reading it would give wrong papers; both error
    texts begin with `name`. Returns a digest without papers only if the document itself says that it has none.

    Whatever else a reader raises is a BrokenDigest, too, so that the documents beside this one are read.
    """
    try:
        return _read(data, name, format, day, language)
    except PaperwireError:
        raise
    except Exception as error:
        raise mistake_with(name, error) from error


def _read(data: bytes, name: str, wanted: str | None, day: date | None, language: str | None) -> Digest:
    unpacked = _unpacked(data)
    _refuse_too_large(unpacked, name)
    warnings = Warnings()
    text = _decoded(_xml.in_utf8(unpacked), name, warnings)
    module = _format_of(text, name, wanted)
    content = _parsed(module, text, name, warnings, language)
    if not content.entries and wanted and not module.detect(text):
        raise _unknown(name, text, [wanted])
    entries = _limits.limited(_failures.without_failures(content.entries, warnings), warnings)
    if not entries and "refused_entries" in warnings:
        raise BrokenDigest(Sentence("{name}: {problem}", {"name": name, "problem": nothing_read().sentence}))
    _note_entries(entries, warnings)
    own_day = content.day
    if own_day is None and (own_day := _days.day_in_name(name)):
        warnings.add("date_from_name")
    if day and own_day and day != own_day:
        warnings.add("date_overruled")
    return Digest(
        format=module.name,
        entries=tuple(entries),
        content_hash=hashlib.sha256(data).hexdigest(),
        day=own_day or day,
        declared=content.declared,
        is_feed=content.is_feed,
        warnings=warnings.collected(),
    )


def dated(digest: Digest, today: date) -> Digest:
    """Returns the digest with a day. A digest without one, or with one in the future, gets `today` and a warning."""
    if digest.day is None:
        return replace(digest, day=today, warnings=(*digest.warnings, DATE_ASSUMED))
    if lies_ahead(digest.day, today):
        return replace(digest, day=today, warnings=(*digest.warnings, _warnings.date_ahead(digest.day)))
    return digest


def _unpacked(data: bytes) -> bytes:
    if not data.startswith(b"\x1f\x8b"):
        return data
    try:
        return zlib.decompressobj(wbits=31).decompress(data, MAX_BYTES + 1)
    except zlib.error:
        return data


def _refuse_too_large(data: bytes, name: str) -> None:
    if len(data) > MAX_BYTES:
        raise BrokenDigest(Sentence("{name}: larger than {limit} MiB.", {"name": name, "limit": MAX_BYTES >> 20}))
    if data.count(b"\n") > MAX_LINES:
        raise BrokenDigest(Sentence("{name}: more than {limit} lines.", {"name": name, "limit": MAX_LINES}))
    # a ";" is not counted in an HTML page, where entities such as `&amp;` end with it
    separators = data.count(b",") + (0 if b"<" in data[:100] else data.count(b";"))
    if separators > MOST_COMMAS + len(data) // 8:
        raise BrokenDigest(Sentence("{name}: more commas than text; it is no digest.", {"name": name}))


def _decoded(data: bytes, name: str, warnings: Warnings) -> str:
    try:
        return _plain_text.plain_text(data, warnings)
    except _plain_text.NotText:
        raise UnknownFormat(
            Sentence(
                "{name}: not UTF-8 text (looks like {look}); expected one of: {formats}.",
                {"name": name, "look": describe_bytes(data), "formats": ", ".join(format_names())},
            )
        ) from None


def _format_of(text: str, name: str, wanted: str | None) -> DigestFormat:
    for module in FORMATS:
        if module.name == wanted or (wanted is None and module.detect(text)):
            return module
    if wanted is None:
        raise _unknown(name, text, format_names())
    raise UnknownFormat(
        Sentence(
            "{name}: “{format}” is not a format; known: {formats}.",
            {"name": name, "format": wanted, "formats": ", ".join(format_names())},
        )
    )


def _unknown(name: str, text: str, formats: Iterable[str]) -> UnknownFormat:
    return UnknownFormat(
        Sentence(
            "{name}: no paper entries found (looks like {look}); expected one of: {formats}.",
            {"name": name, "look": describe_text(text), "formats": ", ".join(formats)},
        )
    )


def _parsed(module: DigestFormat, text: str, name: str, warnings: Warnings, language: str | None) -> Content:
    try:
        return module.parse(text, warnings, language)
    except PaperwireError as error:
        sentence = Sentence("{name}: {problem}", {"name": name, "problem": error.sentence})
        raise type(error)(sentence, error.hint) from error


def _note_entries(entries: list[Paper], warnings: Warnings) -> None:
    seen: set[str] = set()
    for paper in entries:
        if paper.key in seen:
            warnings.add("duplicate_papers")
        elif paper.failed:
            warnings.add("failed_summaries")
        seen.add(paper.key)
    if not entries and "feed_error" not in warnings:
        warnings.add("empty_digest")
