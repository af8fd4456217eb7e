"""What arXiv's RSS feed, its Atom feed and the answers of its API have in common: fields of a record, and errors."""

import re
from dataclasses import dataclass

from bot.digests._arxiv import (
    announce_type,
    arxiv_address,
    arxiv_link,
    categories_of,
    doi_of,
    paper_key,
    split_announcement,
)
from bot.digests._format import Content, Entry, Warnings, collapse
from bot.digests._text import arxiv_day, split_authors, without_affiliations
from bot.digests._xml import Document, Element
from bot.errors import BrokenDigest
from subscriptions.errors import Sentence
from subscriptions.model import Paper

ATOM = "http://www.w3.org/2005/Atom"
ARXIV = "http://arxiv.org/schemas/atom"
DUBLIN_CORE = "http://purl.org/dc/elements/1.1/"
ERROR_TITLE = "Feed error for query:"  # arXiv answers 400 with a well-formed feed of this title
_WEB_ADDRESS = re.compile(r"https?://[^\s<>\"]+")
LIMIT = 2000  # records; arXiv drops the others without a word (info.arxiv.org/help/rss.html)


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedHead:
    """The head of a feed."""

    title: str
    detail: str  # the description
    stamp: str  # the time stamp that gives the day


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedRecord:
    """The fields of one record. RSS, Atom and the API write them differently."""

    line: int
    identity: str
    title: str
    link: str
    text: str  # the abstract; in feeds with the announcement
    categories: list[str]  # primary first
    authors: tuple[str, ...]
    doi: str
    announce_type: str = ""
    comment: str = ""


def feed_content(document: Document[Entry], head: FeedHead, warnings: Warnings) -> Content:
    """Returns the papers of a feed. Raises BrokenDigest if the XML breaks off before the first record."""
    if head.title.startswith(ERROR_TITLE):
        warnings.add_error(head.detail or head.title)
        return Content(entries=[], day=arxiv_day(head.stamp))
    content = record_content(document, head.stamp, warnings)
    if len(content.entries) >= LIMIT:
        warnings.add("possibly_capped", count=len(content.entries))
    return content


def record_content(document: Document[Entry], stamp: str, warnings: Warnings) -> Content:
    """Returns the papers of a document. Raises BrokenDigest if the XML breaks off before the first record."""
    if document.error:
        warn_truncated(document, warnings)
    return Content(entries=document.records, day=arxiv_day(stamp))


def creators(element: Element) -> tuple[str, ...]:
    """Returns the authors of a record. One element has all names, with commas between them and TeX accents."""
    names = ", ".join(creator.text for creator in element.all(f"{DUBLIN_CORE} creator"))
    return split_authors(without_affiliations(names))


def warn_truncated(document: Document[Entry], warnings: Warnings) -> None:
    """Adds a warning that the XML breaks off. Raises BrokenDigest if it does before the first record."""
    line, error = document.error_line, document.error
    if not document.complete:
        raise BrokenDigest(
            Sentence(
                "The XML breaks off in line {line} before its first entry ({error}).", {"line": line, "error": error}
            )
        )
    message = (
        f"the XML breaks off in line {line} ({error}); the complete entries before it are kept ({document.complete})"
    )
    warnings.add("xml_truncated", message=message, line=line)


def feed_entry(record: FeedRecord, warnings: Warnings) -> Entry | None:
    """Returns the paper of a record, None if nothing identifies it."""
    announcement, abstract = split_announcement(record.text)
    arxiv_id, version = arxiv_address(record.identity) or arxiv_address(record.link) or (None, None)
    if announcement and arxiv_id not in (None, announcement.arxiv_id):
        warnings.add("id_mismatch", line=record.line, example=f"{announcement.arxiv_id} / {arxiv_id}")
    elif announcement and version is None:
        arxiv_id, version = announcement.arxiv_id, announcement.version
    title, doi = collapse(record.title), doi_of(record.doi)
    key = paper_key(arxiv_id=arxiv_id, doi=doi, title=title, abstract=abstract)
    if not title:
        warnings.add("entry_without_title", line=record.line, example=arxiv_id or "")
    if key is None:
        return None
    categories = categories_of(record.categories)
    paper = Paper(
        key=key,
        title=title,
        abstract=collapse(abstract),
        authors=record.authors,
        categories=categories,
        primary=categories[0] if categories else None,
        arxiv_id=arxiv_id,
        doi=doi,
        version=version,
        url=arxiv_link(arxiv_id) if arxiv_id else _web_address(record.link),
        announce_type=announce_type(record.announce_type) or (announcement.kind if announcement else None),
        comment=collapse(record.comment),
    )
    return Entry(line=record.line, paper=paper)


def _web_address(link: str) -> str | None:
    """Returns the link if its scheme is http or https, else None (`javascript:`)."""
    return link if _WEB_ADDRESS.fullmatch(link) else None
