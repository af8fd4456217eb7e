"""Reads a digest: finds the format that reads a document, and its day if it names none. A new one: CONTRIBUTING.md."""

import hashlib
from collections.abc import Iterable
from dataclasses import replace
from datetime import date
from importlib import import_module
from typing import TYPE_CHECKING

from bot.digests import files, scalars
from bot.log import mistake_with
from subscriptions.errors import BrokenDigest, PaperwireError, Sentence, UnknownFormat
from subscriptions.identity import told_apart
from subscriptions.model import Digest, DigestWarning
from subscriptions.schedule.calendar import lies_ahead

if TYPE_CHECKING:
    from bot.digests.papers import Found

FORMATS = {  # format → the module that reads it; the first module whose `read` knows a text reads it
    "arxiv_rss": "feeds",
    "arxiv_atom": "feeds",
    "arxiv_api_atom": "feeds",
    "bilingual_rss": "feeds",
    "feed_rss": "feeds",
    "feed_rdf": "feeds",
    "feed_atom": "feeds",
    "pubmed_xml": "pubmed",
    "bilingual_md": "lists",
    "bilingual3": "lists",
    "arxiv_listing_html": "lists",
    "hf_text": "lists",
    "daily_arxiv_md": "daily_arxiv",
    "bilingual_json": "records",
    "hf_json": "records",
    "feed_json": "records",
    "daily_arxiv_jsonl": "records",
    "biorxiv_json": "records",
    "openalex_json": "records",
    "crossref_json": "records",
    "s2_json": "records",
    "records_json": "records",
}

INFO = frozenset({"empty_digest", "date_from_name", "date_assumed"})
"""Codes of warnings that need no attention."""

MESSAGES = {  # code of a warning → its text; what is left out of a document is told by one of them
    "authors_not_shown": "papers whose list of authors is cut short: {count}",
    "bad_json_line": "parts of JSON that hold no paper that can be read: {count}; all others are kept",
    "control_characters": "control characters that were removed: {count}",
    "date_ahead": "its date, {day}, lies ahead, so it is taken for today's",
    "date_assumed": "no date is known, so it is taken for today's",
    "date_from_name": "the date is taken from the file name",
    "date_overruled": "it tells its own date, so that counts and not --date",
    "declared_mismatch": "papers announced: {announced}, read: {read}",
    "duplicate_papers": "papers that stand there again: {count}; the first copy of each is kept",
    "empty_digest": "a valid digest without papers",
    "entry_without_title": "papers without a title: {count}",
    "failed_summaries": "summaries that their generator did not manage: {count}; the abstract is shown instead",
    "feed_error": "the feed reports an error: {error}",
    "id_mismatch": "papers whose text names another arXiv id than their address: {count}; the address is believed",
    "incomplete_group": "groups that lack a line at the end of the file: {count}; all others are kept",
    "long_fields": "papers with a field that is longer than any real one: {count}; what is beyond the limit is left out",
    "not_papers": "entries that are no papers, such as news, corrections and parts of an issue: {count}; they are left out",
    "odd_line_count": "a title without an abstract at the end; all pairs before it are kept",
    "possibly_capped": "papers of a list that may have been cut at its limit: {count}; ask for one category at a time",
    "refused_entries": "entries that could not be read, by a mistake of paperwire: {count}; all others are kept ({mistake})",
    "repeated_texts": "texts that stand below several papers, so that none is a summary: {count}; they are left out",
    "unparsed_heading": "headings that look like a paper but could not be read: {count}; what follows them is left out",
    "unread_text": "texts of papers that stand below no known label: {count}; they are left out",
    "xml_truncated": "the XML breaks off or is damaged; the complete entries are kept",
}
_LONGEST_ERROR = 400  # characters


def read_digest(
    data: bytes,
    name: str,
    *,
    format: str | None = None,  # noqa: A002  the word of the docs and of paperwire.toml
    day: date | None = None,
    language: str | None = None,
) -> Digest:
    """Return the papers of a document, with its format, day and warnings.

    `name` is the path or address of the document. Error texts show it, and its last part may contain the day.
    `format` is one of FORMATS: only a document of this format is read.
    `day` is used if neither the document nor its name contains a day.
    `language` (ISO 639-1) is the language of summaries and translations; it overrules the guess from the script.

    Raise UnknownFormat if the document is no digest, and BrokenDigest if reading it would give wrong papers; both
    error texts begin with `name`. Return a digest without papers only if the document itself says that it has none.

    Any other error of a reader is a BrokenDigest, too, so that the documents beside this one are read.
    """
    try:
        return _read(data, name, format, day, language)
    except UnknownFormat:
        raise
    except MemoryError:
        raise BrokenDigest(Sentence("{name}: reading it takes too much memory.", {"name": name})) from None
    except PaperwireError as error:
        sentence = Sentence("{name}: {problem}", {"name": name, "problem": error.sentence})
        raise type(error)(sentence, error.hint) from error
    except Exception as error:
        raise mistake_with(name, error) from error


def _read(data: bytes, name: str, wanted: str | None, day: date | None, language: str | None) -> Digest:
    try:
        text, controls = files.without_controls(files.text_of(data))
    except files.NotText:
        seen = _seen(data, name, FORMATS)
        raise UnknownFormat(
            Sentence("{name}: not UTF-8 text (looks like {look}); expected one of: {formats}.", seen)
        ) from None
    found = _found_in(text, name, wanted, language)
    if found is None:
        seen = _seen(data, name, (wanted,) if wanted else FORMATS)
        raise UnknownFormat(
            Sentence("{name}: no paper entries found (looks like {look}); expected one of: {formats}.", seen)
        )
    found.leave_out_failures()
    papers = told_apart(found.papers)
    if not papers and found.warnings["refused_entries"]:
        raise BrokenDigest(Sentence("No paper in it can be read."))
    first = {paper.key: paper for paper in reversed(papers)}.values()
    own_day = found.day or scalars.day_in(name.replace("\\", "/").rpartition("/")[2])
    found.warnings.update(
        control_characters=controls,
        duplicate_papers=len(papers) - len(first),
        failed_summaries=sum(paper.failed for paper in first),
        declared_mismatch=0 if found.announced is None else abs(found.announced - len(papers)),
        feed_error=int(bool(found.error)),
        empty_digest=int(not papers and not found.error),
        date_from_name=int(own_day is not None and found.day is None),
        date_overruled=int(day is not None and own_day is not None and day != own_day),
    )
    said = {"announced": found.announced, "read": len(papers), "mistake": found.mistake}
    said["error"] = files.shortened(found.error, _LONGEST_ERROR)
    return Digest(
        format=found.format,
        entries=tuple(papers),
        content_hash=hashlib.sha256(data).hexdigest(),
        day=own_day or day,
        declared=found.declared,
        is_feed=found.is_feed,
        marks=tuple(dict.fromkeys(found.marks)),
        warnings=tuple(
            DigestWarning(code=code, count=count, message=MESSAGES[code].format(count=count, **said))
            for code, count in found.warnings.items()
            if count
        ),
    )


def _found_in(text: str, name: str, wanted: str | None, language: str | None) -> "Found | None":
    if wanted not in (None, *FORMATS):
        said = {"name": name, "format": wanted, "formats": ", ".join(FORMATS)}
        raise UnknownFormat(Sentence("{name}: “{format}” is not a format; known: {formats}.", said))
    for module in dict.fromkeys([FORMATS[wanted]] if wanted else FORMATS.values()):
        # readers and lxml take memory that a process at rest need not hold, so they are imported at the first document
        found: Found | None = import_module(f"bot.digests.{module}").read(text, wanted, language)
        if found is not None and wanted in (None, found.format):
            return found
    return None


def _seen(data: bytes, name: str, formats: Iterable[str]) -> dict[str, object]:
    return {"name": name, "look": files.look_of(data), "formats": ", ".join(formats)}


def dated(digest: Digest, today: date) -> Digest:
    """Return the digest with a day. A digest without one, or with one in the future, gets `today` and a warning."""
    if digest.day is None:
        code, message = "date_assumed", MESSAGES["date_assumed"]
    elif lies_ahead(digest.day, today):
        code, message = "date_ahead", MESSAGES["date_ahead"].format(day=digest.day)
    else:
        return digest
    return replace(digest, day=today, warnings=(*digest.warnings, DigestWarning(code=code, message=message)))
