"""arXiv's daily feed as Atom, `https://rss.arxiv.org/atom/cs.LG` (info.arxiv.org/help/rss_specifications.html).

The answers of arXiv's API are Atom in the same namespaces, but with other ids: `arxiv_api_atom` reads them.
"""

from bot.digests._feed import ARXIV, ATOM, ERROR_TITLE, FeedHead, FeedRecord, creators, feed_content, feed_entry
from bot.digests._format import Content, Warnings
from bot.digests._xml import Element, read_head, read_xml

name = "arxiv_atom"

_ENTRY = f"{ATOM} entry"


def detect(text: str) -> bool:
    """Returns whether the document is an Atom `feed` with the id of the feed service or with the title of its errors."""
    root = read_head(text)
    if root is None or root.name != f"{ATOM} feed":
        return False
    return "rss.arxiv.org/atom" in root.first(f"{ATOM} id") or root.first(f"{ATOM} title").startswith(ERROR_TITLE)


def parse(text: str, warnings: Warnings, language: str | None) -> Content:  # noqa: ARG001  a feed has no summaries
    """Returns the papers of the feed. Their announce types are relative to the categories of this feed."""
    document = read_xml(text, _ENTRY, lambda entry: feed_entry(_record(entry), warnings))
    root = document.root or Element(f"{ATOM} feed", {}, 1)
    head = FeedHead(
        title=root.first(f"{ATOM} title"),
        detail=root.first(f"{ATOM} subtitle"),
        stamp=root.first(f"{ATOM} updated"),
    )
    return feed_content(document, head, warnings)


def _record(entry: Element) -> FeedRecord:
    links = [link.attributes.get("href", "") for link in entry.all(f"{ATOM} link") if _is_page(link)]
    return FeedRecord(
        line=entry.line,
        identity=entry.first(f"{ATOM} id"),
        title=entry.first(f"{ATOM} title"),
        link=links[0] if links else "",
        text=entry.first(f"{ATOM} summary"),
        categories=[category.attributes.get("term", "") for category in entry.all(f"{ATOM} category")],
        authors=creators(entry),
        doi=entry.first(f"{ARXIV} DOI"),
        announce_type=entry.first(f"{ARXIV} announce_type"),
    )


def _is_page(link: Element) -> bool:
    return link.attributes.get("rel", "alternate") == "alternate"
