"""Preprints of bioRxiv and medRxiv from their API, `https://api.biorxiv.org/details/biorxiv/…`; which version of one comes first.

    {"messages": [{"status": "ok", …}], "collection": [{"doi": …, "title": …, "authors": "Last, F.; Last, F.", …}]}

Each version of a preprint is a separate object. The categories are left out, because they are bioRxiv's, not arXiv's.

Titles and abstracts have tags of HTML and JATS, and marks of the program that makes bioRxiv's pages. The marks stand
next to words, without spaces: `O_ST_ABSResultsC_ST_ABSSand sings.` has the heading "Results".
"""

import re
from datetime import date
from html.entities import html5
from unicodedata import category

from bot.digests import _arxiv, _days, _json, _markup, _names, _papers
from bot.digests._format import Content
from bot.digests._json import Record
from bot.digests._warnings import Warnings
from subscriptions.model import Paper

name = "biorxiv_json"

_MEMBER = "collection"
_OBJECT = re.compile(r"\s*\{")
_BEGINNING = re.compile(r'\s*\{\s*"(?:messages|collection)"\s*:')
_COLLECTION = re.compile(r'"collection"\s*:\s*\[')
_NO_ERRORS = ("", "ok", "no posts found")  # the status of an answer that has no preprints and is no error
_SERVERS = {"medrxiv": "medRxiv"}


_BRACES = re.compile(r"\{(?P<name>[A-Za-z ]{2,40}|\+/-)\}")  # for characters: {beta}, {+/-}
_OTHER_NAMES = {"degrees": "°", "+/-": "±", "middle dot": "·"}
_BRACKETS = re.compile(r"\[(?P<signs>[^\w\s\[\]]{1,2})\]")  # around a sign such as [≥]
# a link to a picture, with what the page shows in its place
_PICTURE = re.compile(
    r"O_LINKSMALLFIG\b[^>]{0,1000}>?(?:\s*View larger version[^:]{0,40}:)?"
    r"(?:\s*(?:org\.highwire\.dtl\.DTLVardef@[\da-f]+)+(?:_HPS_FORMAT_FIGEXP)?)?"
)
_LETTERS = re.compile(r"[OC]_(?:SCPLOW|SCPCAP)")  # around small capitals inside a word
_MARK = re.compile(r"[OCM]_(?:ST_ABS|TEXTBOX|FIG|TBL|QD|LI)")  # a block begins or ends
_BLOCK = re.compile(r"(?P<side>[OC])_(?P<name>[A-Z]{2,20}(?:_[A-Z]{2,20})?)(?![a-z])")  # any other block


def _cleaned(text: str) -> str:
    """Returns a title or an abstract without tags, marks and character references."""
    text = _markup.without_references(text)
    text = _MARK.sub(" ", _LETTERS.sub("", _PICTURE.sub(" ", text)))
    text = _markup.with_spaced_headings(_markup.without_tags(_without_blocks(text)))
    if "\\" not in text and "$" not in text:  # in TeX, braces have another meaning
        text = _BRACES.sub(_named, text)
    return _BRACKETS.sub(_sign, text)


def _without_blocks(text: str) -> str:
    """Returns the text without marks of other names, which open and close a block: `O_NAMEWordsC_NAME`.

    A capital letter after a name may belong to the next word, so the longest name counts that is both opened and closed.
    """
    names: dict[str, set[str]] = {"O": set(), "C": set()}
    for mark in _BLOCK.finditer(text):
        names[mark["side"]].update(_beginnings(mark["name"]))
    both = names["O"] & names["C"]

    def replaced(mark: re.Match[str]) -> str:
        name = next((name for name in _beginnings(mark["name"]) if name in both), None)
        if name is None:
            return mark[0]
        return " " + mark["name"].removeprefix(name)

    return _BLOCK.sub(replaced, text) if both else text


def _beginnings(name: str) -> list[str]:
    """Returns the beginnings of a name with at least two letters, the longest first."""
    return [name[:end] for end in range(len(name), 1, -1)]


def _named(braces: re.Match[str]) -> str:
    return _OTHER_NAMES.get(braces["name"]) or html5.get(f"{braces['name']};", braces[0])


def _sign(brackets: re.Match[str]) -> str:
    if any(category(sign) == "Sm" for sign in brackets["signs"]):
        return brackets["signs"]
    return brackets[0]


def detect(text: str) -> bool:
    """Returns whether the document is an object with `messages` and an array `collection`, empty or of preprints."""
    if not _OBJECT.match(text) or '"messages"' not in text or not _COLLECTION.search(text):
        return False
    items = list(_json.first_items(text, _MEMBER))
    if items:
        return any("doi" in item for item in items)
    head = _json.head_of(text)
    if head is None:
        return bool(_BEGINNING.match(text))
    return "messages" in head and _MEMBER in head


def parse(text: str, warnings: Warnings, language: str | None) -> Content:  # noqa: ARG001  there are no summaries
    """Returns the preprints, with the newest day among them. The highest version of a preprint comes first.

    Raises BrokenDigest if the document is damaged.
    """
    days: list[date | None] = []

    def entry(record: Record) -> Paper | None:
        days.append(_days.day_in(record.text("date")))
        return _papers.entry_of(_paper(record), warnings)

    entries = _json.entries_of(_json.json_items(text, warnings, _MEMBER), warnings, entry)
    message = None
    if not entries:
        message = next(_json.first_items(text, "messages"), None)
    if message and message.text("status").lower() not in _NO_ERRORS:
        warnings.add_error(message.text("status"))
    return Content(entries=_highest_first(entries), day=max(filter(None, days), default=None))


def _paper(record: Record) -> Paper:
    doi, version = _papers.doi_of(record.text("doi")), _arxiv.version_number(record.text("version"))
    server = _SERVERS.get(record.text("server").lower(), "bioRxiv")
    url = f"https://www.{server.lower()}.org/content/{doi}"
    if version:
        url += f"v{version}"
    names = (name for text in record.texts("authors") for name in _cleaned(text).split(";"))
    return Paper(
        key="",
        title=record.text("title", _cleaned),
        abstract=record.text("abstract", _cleaned),
        authors=_names.joined_names(names),
        doi=doi,
        version=version,
        url=url if doi else None,
        venue=server,
        published=day.isoformat() if (day := _days.day_in(record.text("date"))) else "",
    )


def _highest_first(papers: list[Paper]) -> list[Paper]:
    """Returns the papers, with the versions of each preprint in descending order: later, only the first one is kept."""
    copies: dict[str, list[Paper]] = {}
    for paper in sorted(papers, key=lambda paper: paper.version or 0):
        copies.setdefault(paper.key, []).append(paper)
    return [copies[paper.key].pop() for paper in papers]
