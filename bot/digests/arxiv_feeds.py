"""arXiv's feeds: RSS, Atom, and the answers of its API, which have the same fields in a record; when a feed may have been cut.

`arxiv_rss`: arXiv's daily feed as RSS 2.0, `https://rss.arxiv.org/rss/cs.LG` (info.arxiv.org/help/rss_specifications.html).

`arxiv_atom`: arXiv's daily feed as Atom, `https://rss.arxiv.org/atom/cs.LG` (info.arxiv.org/help/rss_specifications.html).

`arxiv_api_atom`: an answer of arXiv's API, `https://export.arxiv.org/api/query?…`
(info.arxiv.org/help/api/user-manual.html).

The answer is Atom in the namespaces of the daily feed, but its feed has another id, and other elements: `arxiv:doi`,
`arxiv:comment`, one `author` for each person. Entries have a version and a primary category. They have no announce
type, since an answer holds papers of any day. The total in an answer counts all results of the search, not only those
in the answer.

An error is an answer with one entry, whose id is `https://arxiv.org/api/errors#…`.
"""

import re
from functools import partial

from bot.digests import _arxiv, _days, _format, _lines, _names, _papers, _xml
from bot.digests._format import Content, Format
from bot.digests._warnings import Warnings
from subscriptions.model import Paper

ATOM = "http://www.w3.org/2005/Atom"
_ARXIV = "http://arxiv.org/schemas/atom"
_DUBLIN_CORE = "http://purl.org/dc/elements/1.1/"
ERROR_TITLE = "Feed error for query:"  # arXiv answers 400 with a well-formed feed of this title
_ERROR_ID = "arxiv.org/api/errors"  # part of the id of an entry in which arXiv's API reports an error
_WEB_ADDRESS = re.compile(r"https?://[^\s<>\"]+")
LIMIT = 2000  # records of a feed; arXiv drops all further ones silently (info.arxiv.org/help/rss.html)


def feed_content(text: str, record: str, warnings: Warnings, *, doi: str = "DOI") -> Content:
    """Returns the papers of RSS or Atom. Raises BrokenDigest if the XML breaks off before the end of the first record.

    `doi` is the name of the element with the DOI.
    """
    document = _xml.XmlDocument(text, record)
    read = _format.each(document.records(), partial(_entry, warnings=warnings, doi=doi), warnings)
    entries = list(filter(None, read))
    root = document.root or _xml.Element("", {})
    head = next(iter(root.all("channel")), root)  # Atom has no channel
    day = _days.arxiv_day(head.first("pubDate", f"{ATOM} updated"))
    title = head.first("title", f"{ATOM} title")
    if title.startswith(ERROR_TITLE):
        warnings.add_error(head.first("description", f"{ATOM} subtitle") or title)
        return Content(entries=[], day=day)
    _xml.warn_truncated(document, warnings)
    return Content(entries=entries, day=day)


def _entry(record: _xml.Element, warnings: Warnings, doi: str) -> Paper | None:
    """Returns the paper of a record; None if nothing identifies it, or if the record reports an error."""
    identity = record.first("guid", f"{ATOM} id")
    title = _lines.collapse(record.first("title", f"{ATOM} title"))
    text = record.first("description", f"{ATOM} summary")
    if _ERROR_ID in identity:
        warnings.add_error(text or title)
        return None
    link = _link(record)
    announcement, abstract = _arxiv.split_announcement(text)
    arxiv_id, version = _arxiv.arxiv_address(identity) or _arxiv.arxiv_address(link) or (None, None)
    if announcement and arxiv_id not in (None, announcement.arxiv_id):
        warnings.add("id_mismatch")
    elif announcement and version is None:
        arxiv_id, version = announcement.arxiv_id, announcement.version
    kind = _arxiv.announce_type(record.first(f"{_ARXIV} announce_type"))
    paper = Paper(
        key="",
        title=title,
        abstract=_lines.collapse(abstract),
        authors=_authors(record),
        categories=_categories(record),
        arxiv_id=arxiv_id,
        doi=_papers.doi_of(record.first(f"{_ARXIV} {doi}")),
        version=version,
        url=link if _WEB_ADDRESS.fullmatch(link) else None,  # not `javascript:`
        announce_type=kind or (announcement.kind if announcement else None),
        comment=_lines.collapse(record.first(f"{_ARXIV} comment")),
    )
    return _papers.entry_of(paper, warnings)


def _link(record: _xml.Element) -> str:
    """Returns the address of the paper's page: a text in RSS, an attribute in Atom."""
    links = record.all(f"{ATOM} link")
    pages = (
        link.attributes.get("href", "") for link in links if link.attributes.get("rel", "alternate") == "alternate"
    )
    return record.first("link") or next(pages, "")


def _categories(record: _xml.Element) -> tuple[str, ...]:
    """Returns the categories, the primary one first: texts in RSS, attributes in Atom."""
    names = ("category", f"{_ARXIV} primary_category", f"{ATOM} category")
    found = [one.attributes.get("term") or one.text for name in names for one in record.all(name)]
    return _arxiv.categories_of(found)


def _authors(record: _xml.Element) -> tuple[str, ...]:
    """Returns the authors. Feeds have one element with commas between the names, the API has one element per author."""
    listed = ", ".join(creator.text for creator in record.all(f"{_DUBLIN_CORE} creator"))
    if listed:
        return _names.split_authors(_names.without_affiliations(_names.without_links(listed)))
    return _names.joined_names(author.first(f"{ATOM} name") for author in record.all(f"{ATOM} author"))


_OF_ARXIV = re.compile(r"https?://(?:[\w-]+\.)*arxiv\.org(?:/|$)")


def _is_rss(text: str) -> bool:
    """Returns whether the root is `rss`, and the link or title of its channel is arXiv's."""
    root = _xml.read_head(text, "rss")
    if root is None:
        return False
    channel = next(iter(root.all("channel")), root)
    title = channel.first("title")
    of_arxiv = bool(_OF_ARXIV.match(channel.first("link")))
    return of_arxiv or title.startswith(ERROR_TITLE) or title.endswith("on arXiv.org")


def _is_atom(of_id: str, of_title: str, text: str) -> bool:
    """Returns whether the document is an Atom `feed` with this part of an id, or with this beginning of a title.

    Letter case counts in the id only, since arXiv writes its own name in titles in two ways.
    """
    root = _xml.read_head(text, f"{ATOM} feed")
    if root is None:
        return False
    return of_id in root.first(f"{ATOM} id") or root.first(f"{ATOM} title").lower().startswith(of_title.lower())


def _read_feed(record: str, text: str, warnings: Warnings, language: str | None) -> Content:  # noqa: ARG001  a feed has no summaries
    """Returns the papers of a feed, with their announce types, which differ between the feeds of two categories.

    Warns if there are as many papers as arXiv puts into a feed.
    """
    content = feed_content(text, record, warnings)
    if len(content.entries) >= LIMIT:
        warnings.add("possibly_capped", count=len(content.entries))
    return content


def _read_answer(text: str, warnings: Warnings, language: str | None) -> Content:  # noqa: ARG001  there are no summaries
    """Returns the papers of the answer, with the day of the answer."""
    return feed_content(text, f"{ATOM} entry", warnings, doi="doi")


FORMATS = (
    Format("arxiv_rss", _is_rss, partial(_read_feed, "item")),
    Format("arxiv_atom", partial(_is_atom, "rss.arxiv.org/atom", ERROR_TITLE), partial(_read_feed, f"{ATOM} entry")),
    Format("arxiv_api_atom", partial(_is_atom, "arxiv.org/api/", "arXiv query:"), _read_answer),
)
