"""What arXiv's RSS feed, its Atom feed and the answers of its API have in common: fields of a record, and errors."""

import re

from bot.digests._arxiv import announce_type, arxiv_address, categories_of, doi_of, entry_of, split_announcement
from bot.digests._format import Content, Entry, Warnings, bounded, collapse
from bot.digests._text import arxiv_day, decode_accents, split_authors, without_affiliations
from bot.digests._xml import Element, XmlDocument
from bot.errors import BrokenDigest
from subscriptions.errors import Sentence
from subscriptions.model import Paper

ATOM = "http://www.w3.org/2005/Atom"
_ARXIV = "http://arxiv.org/schemas/atom"
_DUBLIN_CORE = "http://purl.org/dc/elements/1.1/"
ERROR_TITLE = "Feed error for query:"  # arXiv answers 400 with a well-formed feed of this title
_ERROR_ID = "arxiv.org/api/errors"  # of the entry in which arXiv's API tells an error
_WEB_ADDRESS = re.compile(r"https?://[^\s<>\"]+")
LIMIT = 2000  # records of a feed; arXiv drops the others without a word (info.arxiv.org/help/rss.html)


def feed_content(text: str, record: str, warnings: Warnings, *, doi: str = "DOI") -> Content:
    """Returns the papers of RSS or Atom, whose DOI is named `doi`. Raises BrokenDigest if the XML breaks off before the first record."""
    document = XmlDocument(text, record)
    entries = [found for one in bounded(document.records()) if (found := _entry(one, warnings, doi))]
    root = document.root or Element("", {}, 1)
    head = next(iter(root.all("channel")), root)  # Atom has no channel
    day = arxiv_day(head.first("pubDate", f"{ATOM} updated"))
    title = head.first("title", f"{ATOM} title")
    if title.startswith(ERROR_TITLE):
        warnings.add_error(head.first("description", f"{ATOM} subtitle") or title)
        return Content(entries=[], day=day)
    warn_truncated(document, warnings)
    return Content(entries=entries, day=day)


def warn_truncated(document: XmlDocument, warnings: Warnings) -> None:
    """Adds a warning if the XML breaks off. Raises BrokenDigest if it does before the first record."""
    line, error = document.error_line, document.error
    if error and not document.complete:
        raise BrokenDigest(
            Sentence(
                "The XML breaks off in line {line} before its first entry ({error}).", {"line": line, "error": error}
            )
        )
    if error:
        kept = f"the complete entries before it are kept ({document.complete})"
        warnings.add("xml_truncated", message=f"the XML breaks off in line {line} ({error}); {kept}", line=line)


def warn_capped(content: Content, warnings: Warnings) -> Content:
    """Returns the papers of a feed, with a warning if there are as many as arXiv puts into a feed."""
    if len(content.entries) >= LIMIT:
        warnings.add("possibly_capped", count=len(content.entries))
    return content


def _entry(record: Element, warnings: Warnings, doi: str) -> Entry | None:
    """Returns the paper of a record, None if nothing identifies it or if it tells an error."""
    identity = record.first("guid", f"{ATOM} id")
    title = collapse(record.first("title", f"{ATOM} title"))
    text = record.first("description", f"{ATOM} summary")
    if _ERROR_ID in identity:
        warnings.add_error(text or title, record.line)
        return None
    link = _link(record)
    announcement, abstract = split_announcement(text)
    arxiv_id, version = arxiv_address(identity) or arxiv_address(link) or (None, None)
    if announcement and arxiv_id not in (None, announcement.arxiv_id):
        warnings.add("id_mismatch", line=record.line, example=f"{announcement.arxiv_id} / {arxiv_id}")
    elif announcement and version is None:
        arxiv_id, version = announcement.arxiv_id, announcement.version
    kind = announce_type(record.first(f"{_ARXIV} announce_type"))
    paper = Paper(
        key="",
        title=title,
        abstract=collapse(abstract),
        authors=_authors(record),
        categories=_categories(record),
        arxiv_id=arxiv_id,
        doi=doi_of(record.first(f"{_ARXIV} {doi}")),
        version=version,
        url=link if _WEB_ADDRESS.fullmatch(link) else None,  # not `javascript:`
        announce_type=kind or (announcement.kind if announcement else None),
        comment=collapse(record.first(f"{_ARXIV} comment")),
    )
    return entry_of(record.line, paper, warnings)


def _link(record: Element) -> str:
    """Returns the address of the page: a text in RSS, an attribute in Atom."""
    links = record.all(f"{ATOM} link")
    pages = (
        link.attributes.get("href", "") for link in links if link.attributes.get("rel", "alternate") == "alternate"
    )
    return record.first("link") or next(pages, "")


def _categories(record: Element) -> tuple[str, ...]:
    """Returns the categories, the primary one first: texts in RSS, attributes in Atom."""
    names = ("category", f"{_ARXIV} primary_category", f"{ATOM} category")
    found = [one.attributes.get("term") or one.text for name in names for one in record.all(name)]
    return categories_of(found)


def _authors(record: Element) -> tuple[str, ...]:
    """Returns the authors: of feeds one element with commas between all names, of the API one element for each."""
    listed = ", ".join(creator.text for creator in record.all(f"{_DUBLIN_CORE} creator"))
    if listed:
        return split_authors(without_affiliations(listed))
    names = (decode_accents(author.first(f"{ATOM} name")) for author in record.all(f"{ATOM} author"))
    return tuple(filter(None, names))
