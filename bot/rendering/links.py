"""Where a paper's title leads: arXiv, else its DOI, else the page that its source names."""

import re
from collections.abc import Iterator
from urllib.parse import quote, urlsplit

from bot.rendering.cleaning import clean
from subscriptions import Paper

# Telegram counts links among its entities (9,500 bytes in all), a Slack button holds 3,000: longer ones are no links.
LONGEST = 1500
_HOST = re.compile(r"[\w-]+(?:\.[\w-]+)+\.?")
_SAFE = "%/:=&?~#+!$,;'@()*[]-._"


def paper_url(paper: Paper) -> str:
    """The paper's full link, safe inside quotes and inside Slack's angle brackets; "" if none is known."""
    return next((url for url in _links(paper) if url and len(url) <= LONGEST), "")


def _links(paper: Paper) -> Iterator[str]:
    if arxiv_id := clean(paper.arxiv_id or ""):
        yield f"https://arxiv.org/abs/{quote(arxiv_id, safe='/-.')}"
    if doi := clean(paper.doi or ""):
        yield f"https://doi.org/{quote(doi, safe='/:;().,_-')}"
    yield web_url(paper.url or "")


def web_url(url: str) -> str:
    """A http or https link, percent-encoded where a platform's markup would break; "" for anything else.

    Telegram loses a link without saying so when its host has no dot (seen in TDLib's parser), so that is none.
    """
    try:
        parts = urlsplit(clean(url))
        host = parts.hostname or ""
    except ValueError:
        return ""
    if parts.scheme.lower() not in {"http", "https"} or not _HOST.fullmatch(host):
        return ""
    safe = quote(parts.geturl(), safe=_SAFE)
    return safe if len(safe) <= LONGEST else ""
