"""Preprints of bioRxiv and medRxiv from their API, `https://api.biorxiv.org/details/biorxiv/…` (api.biorxiv.org).

    {"messages": [{"status": "ok", …}], "collection": [{"doi": …, "title": …, "authors": "Last, F.; Last, F.", …}]}

Each version of a preprint is a separate object. The categories are left out, because they are bioRxiv's, not arXiv's.
"""

import re
from datetime import date

from bot.digests import _json, _papers
from bot.digests._format import Content, Entry, Warnings
from bot.digests._json import Record
from subscriptions.model import Paper

name = "biorxiv_json"

_MEMBER = "collection"
_OBJECT = re.compile(r"\s*\{")
_BEGINNING = re.compile(r'\s*\{\s*"(?:messages|collection)"\s*:')
_COLLECTION = re.compile(r'"collection"\s*:\s*\[')
_NO_ERRORS = ("", "ok", "no posts found")  # the status of an answer that has no preprints and is no error
_SITES = {"medrxiv": "https://www.medrxiv.org/content/"}
_SITE = "https://www.biorxiv.org/content/"


def detect(text: str) -> bool:
    """Returns whether the document is an object with `messages` and an array `collection`, empty or of preprints."""
    if not _OBJECT.match(text) or '"messages"' not in text or not _COLLECTION.search(text):
        return False
    items = list(_json.first_items(text, _MEMBER))
    if items:
        return any("doi" in item for item in items)
    head = _json.head_of(text)
    return bool(_BEGINNING.match(text)) if head is None else "messages" in head and _MEMBER in head


def parse(text: str, warnings: Warnings, language: str | None) -> Content:  # noqa: ARG001  there are no summaries
    """Returns the preprints, with the newest day among them. The highest version of a preprint comes first.

    Raises BrokenDigest if the document is damaged.
    """
    days: list[date | None] = []

    def entry(record: Record) -> Entry | None:
        days.append(_papers.day_in(record.text("date")))
        return _papers.entry_of(record.line, _paper(record), warnings)

    entries = _json.entries_of(_json.json_items(text, warnings, _MEMBER), warnings, entry)
    message = None if entries else next(_json.first_items(text, "messages"), None)
    if message and message.text("status").lower() not in _NO_ERRORS:
        warnings.add_error(message.text("status"), message.line)
    return Content(entries=_highest_first(entries), day=max(filter(None, days), default=None))


def _paper(record: Record) -> Paper:
    doi, version = _papers.doi_of(record.text("doi")), _papers.version_number(record.text("version"))
    site = _SITES.get(record.text("server").lower(), _SITE)
    names = [_papers.decode_accents(name) for text in record.texts("authors") for name in text.split(";")]
    return Paper(
        key="",
        title=record.text("title"),
        abstract=record.text("abstract"),
        authors=tuple(filter(None, names)),
        doi=doi,
        version=version,
        url=f"{site}{doi}" + (f"v{version}" if version else "") if doi else None,
    )


def _highest_first(entries: list[Entry]) -> list[Entry]:
    """Returns the entries, with the versions of each preprint in descending order: later, only the first one is kept."""
    copies: dict[str, list[Paper]] = {}
    for _, paper in sorted(entries, key=lambda entry: entry.paper.version or 0):
        copies.setdefault(paper.key, []).append(paper)
    return [Entry(line, copies[paper.key].pop()) for line, paper in entries]
