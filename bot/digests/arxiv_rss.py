"""arXiv's daily feed as RSS 2.0, `https://rss.arxiv.org/rss/cs.LG` (info.arxiv.org/help/rss_specifications.html)."""

import re

from bot.digests._feed import ARXIV, ERROR_TITLE, FeedHead, FeedRecord, creators, feed_content, feed_entry
from bot.digests._format import Content, Warnings
from bot.digests._xml import Element, read_head, read_xml

name = "arxiv_rss"

_OF_ARXIV = re.compile(r"https?://(?:[\w-]+\.)*arxiv\.org(?:/|$)")


def detect(text: str) -> bool:
    """Returns whether the document is `rss`, and the link or title of its channel is arXiv's."""
    root = read_head(text)
    if root is None or root.name != "rss":
        return False
    channel = _channel(root)
    title = channel.first("title")
    return (
        bool(_OF_ARXIV.match(channel.first("link"))) or title.startswith(ERROR_TITLE) or title.endswith("on arXiv.org")
    )


def parse(text: str, warnings: Warnings, language: str | None) -> Content:  # noqa: ARG001  a feed has no summaries
    """Returns the papers of the feed. Their announce types are relative to the categories of this feed."""
    document = read_xml(text, "item", lambda item: feed_entry(_record(item), warnings))
    channel = _channel(document.root)
    head = FeedHead(title=channel.first("title"), detail=channel.first("description"), stamp=channel.first("pubDate"))
    return feed_content(document, head, warnings)


def _channel(root: Element | None) -> Element:
    found = root.all("channel") if root else []
    return found[0] if found else Element("channel", {}, 1)


def _record(item: Element) -> FeedRecord:
    return FeedRecord(
        line=item.line,
        identity=item.first("guid"),
        title=item.first("title"),
        link=item.first("link"),
        text=item.first("description"),
        categories=[category.text for category in item.all("category")],
        authors=creators(item),
        doi=item.first(f"{ARXIV} DOI"),
        announce_type=item.first(f"{ARXIV} announce_type"),
    )
