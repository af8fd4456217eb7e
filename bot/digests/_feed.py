"""What arXiv's RSS and Atom feeds have in common: the fields of an announced paper, and the errors."""

from dataclasses import dataclass

from bot.digests._arxiv import announce_type, arxiv_address, arxiv_link, categories_of, split_announcement
from bot.digests._days import arxiv_day
from bot.digests._format import Content, Entry
from bot.digests._keys import paper_key
from bot.digests._names import split_authors, without_affiliations
from bot.digests._plain import collapse
from bot.digests._warnings import Warnings
from bot.digests._xml import Document, Element
from bot.errors import BrokenDigest
from subscriptions import Paper, Sentence

ATOM = "http://www.w3.org/2005/Atom"
ARXIV = "http://arxiv.org/schemas/atom"
DUBLIN_CORE = "http://purl.org/dc/elements/1.1/"
ERROR_TITLE = "Feed error for query:"  # arXiv answers 400 with a well-formed feed of this title
LIMIT = 2000  # the feed never holds more records, and cuts silently (info.arxiv.org/help/rss.html)


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedHead:
    """What a feed says about itself."""

    title: str
    detail: str  # its description
    stamp: str  # the moment that tells its day


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedRecord:
    """The fields of one record that RSS and Atom write differently."""

    identity: str
    title: str
    link: str
    text: str  # abstract with its announcement
    categories: list[str]


def feed_content(
    document: Document, head: FeedHead, records: list[tuple[Element, FeedRecord]], warnings: Warnings
) -> Content:
    """The papers of a feed. Raises BrokenDigest when it broke off before its first record."""
    if head.title.startswith(ERROR_TITLE):
        warnings.add(
            "feed_error", message=f"the feed reports an error: {head.detail or head.title}", example=head.detail
        )
        return Content(entries=[], day=arxiv_day(head.stamp))
    if document.error:
        _broke_off(document, warnings)
    entries = [entry for element, record in records if (entry := _entry(element, record, warnings))]
    if len(entries) >= LIMIT:
        warnings.add("possibly_capped", count=len(entries))
    return Content(entries=entries, day=arxiv_day(head.stamp))


def _broke_off(document: Document, warnings: Warnings) -> None:
    line, error = document.error_line, document.error
    if not document.records:
        raise BrokenDigest(
            Sentence(
                "The XML breaks off in line {line} before its first entry ({error}).", {"line": line, "error": error}
            )
        )
    message = (
        f"the XML breaks off in line {line} ({error}); the {len(document.records)} complete entries before it are kept"
    )
    warnings.add("xml_truncated", message=message, line=line)


def _entry(element: Element, record: FeedRecord, warnings: Warnings) -> Entry | None:
    announcement, abstract = split_announcement(record.text)
    arxiv_id, version = arxiv_address(record.identity) or arxiv_address(record.link) or (None, None)
    if announcement and (arxiv_id is None or (version is None and announcement.arxiv_id == arxiv_id)):
        arxiv_id, version = announcement.arxiv_id, announcement.version
    title, doi = collapse(record.title), element.first(f"{ARXIV} DOI").lower()
    key = paper_key(arxiv_id=arxiv_id, doi=doi, title=title, abstract=abstract)
    if not title:
        warnings.add("entry_without_title", line=element.line, example=arxiv_id or "")
    if key is None:
        return None
    categories = categories_of(record.categories)
    paper = Paper(
        key=key,
        title=title,
        abstract=collapse(abstract),
        authors=_authors(element),
        categories=categories,
        primary=categories[0] if categories else None,
        arxiv_id=arxiv_id,
        doi=doi or None,
        version=version,
        url=arxiv_link(arxiv_id) if arxiv_id else record.link or None,
        announce_type=announce_type(element.first(f"{ARXIV} announce_type"))
        or (announcement.kind if announcement else None),
    )
    return Entry(line=element.line, paper=paper)


def _authors(element: Element) -> tuple[str, ...]:
    creators = ", ".join(creator.text for creator in element.all(f"{DUBLIN_CORE} creator"))
    return split_authors(without_affiliations(creators))
