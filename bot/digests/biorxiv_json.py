"""Preprints of bioRxiv and medRxiv from their API, `https://api.biorxiv.org/details/biorxiv/…` (api.biorxiv.org).

    {"messages": [{"status": "ok", …}], "collection": [{"doi": …, "title": …, "authors": "Last, F.; Last, F.", …}]}

Each version of a preprint is a separate object. Categories are bioRxiv's, not arXiv's, and are left out.
"""

import re

from bot.digests._arxiv import doi_of, paper_key, version_number
from bot.digests._format import Content, Entry, Warnings, bounded
from bot.digests._json import Record, first_items, head_of, json_items, refuse_if_nothing_was_read
from bot.digests._text import day_in, decode_accents
from subscriptions.model import Paper

name = "biorxiv_json"

_MEMBER = "collection"
_OBJECT = re.compile(r"\s*\{")
_BEGINNING = re.compile(r'\s*\{\s*"(?:messages|collection)"\s*:')
_COLLECTION = re.compile(r'"collection"\s*:\s*\[')
_NO_ERRORS = ("", "ok", "no posts found")  # the status of an answer without preprints that is no error
_SITES = {"medrxiv": "https://www.medrxiv.org/content/"}
_SITE = "https://www.biorxiv.org/content/"


def detect(text: str) -> bool:
    """Returns whether the document is an object with `messages` and an array `collection`, which holds preprints or nothing."""
    if not _OBJECT.match(text) or '"messages"' not in text or not _COLLECTION.search(text):
        return False
    items = list(first_items(text, _MEMBER))
    if items:
        return any("doi" in item for item in items)
    head = head_of(text)
    return bool(_BEGINNING.match(text)) if head is None else "messages" in head and _MEMBER in head


def parse(text: str, warnings: Warnings, language: str | None) -> Content:  # noqa: ARG001  there are no summaries
    """Returns the preprints, with the newest day among them. The highest version of a preprint comes first.

    Raises BrokenDigest if the document is damaged.
    """
    entries, days = [], []
    for record in bounded(json_items(text, warnings, _MEMBER)):
        paper = _paper(record)
        if paper is None:
            warnings.add("bad_json_line", line=record.line)
            continue
        if not paper.title:
            warnings.add("entry_without_title", line=record.line, example=paper.key)
        entries.append(Entry(record.line, paper))
        days.append(day_in(record.text("date")))
    refuse_if_nothing_was_read(entries, warnings)
    message = None if entries else next(first_items(text, "messages"), None)
    if message and message.text("status").lower() not in _NO_ERRORS:
        warnings.add_error(message.text("status"), message.line)
    return Content(entries=_highest_first(entries), day=max(filter(None, days), default=None))


def _paper(record: Record) -> Paper | None:
    """Returns the paper of a record, None if nothing identifies it."""
    title, abstract, doi = record.text("title"), record.text("abstract"), doi_of(record.text("doi"))
    key = paper_key(doi=doi, title=title, abstract=abstract)
    if key is None:
        return None
    version = version_number(record.text("version"))
    site = _SITES.get(record.text("server").lower(), _SITE)
    names = [decode_accents(name) for text in record.texts("authors") for name in text.split(";")]
    return Paper(
        key=key,
        title=title,
        abstract=abstract,
        authors=tuple(filter(None, names)),
        doi=doi,
        version=version,
        url=f"{site}{doi}" + (f"v{version}" if version else "") if doi else None,
    )


def _highest_first(entries: list[Entry]) -> list[Entry]:
    """Returns the entries, with the copies of each preprint sorted from the highest version: the first copy counts."""
    copies: dict[str, list[Paper]] = {}
    for entry in entries:
        copies.setdefault(entry.paper.key, []).append(entry.paper)
    ranked = {
        key: iter(sorted(papers, key=lambda paper: paper.version or 0, reverse=True)) for key, papers in copies.items()
    }
    return [Entry(entry.line, next(ranked[entry.paper.key])) for entry in entries]
