"""arXiv's daily feed as RSS 2.0, `https://rss.arxiv.org/rss/cs.LG` (info.arxiv.org/help/rss_specifications.html)."""

import re

from bot.digests._feed import ERROR_TITLE, feed_content, warn_capped
from bot.digests._format import Content, Warnings
from bot.digests._xml import read_head

name = "arxiv_rss"

_OF_ARXIV = re.compile(r"https?://(?:[\w-]+\.)*arxiv\.org(?:/|$)")


def detect(text: str) -> bool:
    """Returns whether the document is `rss`, and the link or title of its channel is arXiv's."""
    root = read_head(text)
    if root is None or root.name != "rss":
        return False
    channel = next(iter(root.all("channel")), root)
    title = channel.first("title")
    of_arxiv = bool(_OF_ARXIV.match(channel.first("link")))
    return of_arxiv or title.startswith(ERROR_TITLE) or title.endswith("on arXiv.org")


def parse(text: str, warnings: Warnings, language: str | None) -> Content:  # noqa: ARG001  a feed has no summaries
    """Returns the papers of the feed. Their announce types are relative to the categories of this feed."""
    return warn_capped(feed_content(text, "item", warnings), warnings)
