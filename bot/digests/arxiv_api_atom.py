"""An answer of arXiv's API, `https://export.arxiv.org/api/query?…` (info.arxiv.org/help/api/user-manual.html).

The answer is Atom in the namespaces of the daily feed, but with other names: `arxiv:doi`, `arxiv:comment`, one `author` for
each person. Entries have a version and a primary category. They have no announce type, since an answer holds papers of any
day. The total in it is the size of the search, not of the answer.

An error is an answer with one entry, whose id is `https://arxiv.org/api/errors#…`.
"""

from bot.digests._feed import ARXIV, ATOM, FeedRecord, feed_entry, record_content
from bot.digests._format import Content, Entry, Warnings
from bot.digests._text import decode_accents
from bot.digests._xml import Element, read_head, read_xml

name = "arxiv_api_atom"

_ENTRY = f"{ATOM} entry"
_TITLE = "arxiv query:"  # compared in lower case: arXiv also writes ArXiv


def detect(text: str) -> bool:
    """Returns whether the document is an Atom `feed` whose id is one of the API, or whose title gives the query."""
    root = read_head(text)
    if root is None or root.name != f"{ATOM} feed":
        return False
    return "arxiv.org/api/" in root.first(f"{ATOM} id") or root.first(f"{ATOM} title").lower().startswith(_TITLE)


def parse(text: str, warnings: Warnings, language: str | None) -> Content:  # noqa: ARG001  there are no summaries
    """Returns the papers of the answer, with the day of the answer."""
    document = read_xml(text, _ENTRY, lambda entry: _entry(entry, warnings))
    stamp = document.root.first(f"{ATOM} updated") if document.root else ""
    return record_content(document, stamp, warnings)


def _entry(entry: Element, warnings: Warnings) -> Entry | None:
    """Returns the paper of an entry, None for an error."""
    if "arxiv.org/api/errors" in entry.first(f"{ATOM} id"):
        warnings.add_error(entry.first(f"{ATOM} summary") or entry.first(f"{ATOM} title"), entry.line)
        return None
    return feed_entry(_record(entry), warnings)


def _record(entry: Element) -> FeedRecord:
    primary = [category.attributes.get("term", "") for category in entry.all(f"{ARXIV} primary_category")]
    names = [decode_accents(author.first(f"{ATOM} name")) for author in entry.all(f"{ATOM} author")]
    return FeedRecord(
        line=entry.line,
        identity=entry.first(f"{ATOM} id"),
        title=entry.first(f"{ATOM} title"),
        link="",
        text=entry.first(f"{ATOM} summary"),
        categories=primary + [category.attributes.get("term", "") for category in entry.all(f"{ATOM} category")],
        authors=tuple(filter(None, names)),
        doi=entry.first(f"{ARXIV} doi"),
        comment=entry.first(f"{ARXIV} comment"),
    )
