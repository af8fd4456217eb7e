"""Where a paper can be read: arXiv, else its DOI, else the page that its source names; its PDF; a search where none is known."""

import re
from collections.abc import Iterator
from urllib.parse import quote, urlencode, urlsplit

from bot.rendering.text.cleaning import clean
from bot.rendering.text.tex import readable
from subscriptions.model import Paper

# Telegram counts links among its entities (9,500 bytes in all), a Slack button holds 3,000: longer ones are no links.
LONGEST = 1500
_HOST = re.compile(r"[\w-]+(?:\.[\w-]+)+\.?")
_PREPRINT = re.compile(r"https://www\.(?:bio|med)rxiv\.org/content/10\.\d{4,9}/[\w.;()/-]+v\d+")
_SEARCH = "https://arxiv.org/search/"
_SEARCHED = 20  # words of a title; of an abstract half of them tell the paper from all others
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


def pdf_url(paper: Paper) -> str:
    """The paper's PDF at arXiv, bioRxiv, medRxiv or its source; "" where nothing says that there is one."""
    if arxiv_id := clean(paper.arxiv_id or ""):
        return f"https://arxiv.org/pdf/{quote(arxiv_id, safe='/-.')}"
    page = web_url(paper.url or "")
    if _PREPRINT.fullmatch(page):
        return f"{page}.full.pdf"
    return page if urlsplit(page).path.lower().endswith(".pdf") else ""


def search_url(paper: Paper) -> str:
    """A search at arXiv by the title, else by how the abstract begins; "" for a paper without any words.

    Papers without id and link come from lists of arXiv's papers, and arXiv is reached from everywhere.
    """
    for kind, text, most in (("title", paper.title, _SEARCHED), ("abstract", paper.abstract, _SEARCHED // 2)):
        if words := re.findall(r"[^\W_]+(?:[-'’][^\W_]+)*", readable(clean(text))):
            return f"{_SEARCH}?{urlencode({'query': ' '.join(words[:most]), 'searchtype': kind})}"
    return ""
