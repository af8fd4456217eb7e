"""arXiv's daily feed as Atom, `https://rss.arxiv.org/atom/cs.LG` (info.arxiv.org/help/rss_specifications.html).

The answers of arXiv's API are Atom in the same namespaces, but with other ids: `arxiv_api_atom` reads them.
"""

from bot.digests._feed import ATOM, ERROR_TITLE, feed_content, warn_capped
from bot.digests._format import Content, Warnings
from bot.digests._xml import read_head

name = "arxiv_atom"


def detect(text: str) -> bool:
    """Returns whether the document is an Atom `feed` with the id of the feed service or with the title of its errors."""
    root = read_head(text)
    if root is None or root.name != f"{ATOM} feed":
        return False
    return "rss.arxiv.org/atom" in root.first(f"{ATOM} id") or root.first(f"{ATOM} title").startswith(ERROR_TITLE)


def parse(text: str, warnings: Warnings, language: str | None) -> Content:  # noqa: ARG001  a feed has no summaries
    """Returns the papers of the feed. Their announce types are relative to the categories of this feed."""
    return warn_capped(feed_content(text, f"{ATOM} entry", warnings), warnings)
