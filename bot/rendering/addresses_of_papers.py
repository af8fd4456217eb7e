"""The addresses of a paper: its page, its PDF, and a search for what is like it."""

import re
from collections.abc import Iterator
from urllib.parse import quote, urlencode, urlsplit

from bot.rendering.cleaning import readable
from subscriptions.model import Paper
from subscriptions.texts.foreign import clean

# Characters of a link. The strictest platform allows 9,500 bytes of links in a message. A longer link is left out.
LONGEST = 1500
_HOST = re.compile(r"[\w-]+(?:\.[\w-]+)+\.?")
_PREPRINT = re.compile(r"https://www\.(?:bio|med)rxiv\.org/content/10\.\d{4,9}/[\w.;()/-]+v\d+")
_SEARCH = "https://arxiv.org/search/"
_SEARCHED = 20  # words of a title that are searched; of an abstract, half as many are enough
_SAFE = "%/:=&?~#+!$,;'@()*[]-._"


def paper_url(paper: Paper) -> str:
    """Returns the link to the paper's page, safe inside quotes and angle brackets; "" if no link is known."""
    return next((url for url in _links(paper) if url and len(url) <= LONGEST), "")


def _links(paper: Paper) -> Iterator[str]:
    if arxiv_id := clean(paper.arxiv_id or ""):
        yield f"https://arxiv.org/abs/{quote(arxiv_id, safe='/-.')}"
    if doi := clean(paper.doi or ""):
        yield f"https://doi.org/{quote(doi, safe='/:;().,_-')}"
    yield web_url(paper.url or "")


def web_url(url: str) -> str:
    """Returns an http or https link, percent-encoded where characters would break a platform's markup; "" for anything else.

    A link whose host has no dot is refused, because TDLib's parser silently drops it.
    """
    try:
        parts = urlsplit(clean(url))
        host = parts.hostname or ""
    except ValueError:
        return ""
    if parts.scheme.lower() not in {"http", "https"} or not _HOST.fullmatch(host):
        return ""
    safe = quote(parts.geturl(), safe=_SAFE)
    if len(safe) <= LONGEST:
        return safe
    return ""


def pdf_url(paper: Paper) -> str:
    """Returns the link to the paper's PDF at arXiv, bioRxiv, medRxiv or its source; "" if no link is known."""
    if arxiv_id := clean(paper.arxiv_id or ""):
        return f"https://arxiv.org/pdf/{quote(arxiv_id, safe='/-.')}"
    page = web_url(paper.url or "")
    if _PREPRINT.fullmatch(page):
        return f"{page}.full.pdf"
    if urlsplit(page).path.lower().endswith(".pdf"):
        return page
    return ""


def search_url(paper: Paper) -> str:
    """Returns the link to an arXiv search for the title, or for the first words of the abstract; "" if there are no words.

    The search is at arXiv, because digests whose papers have neither an id nor a link contain arXiv papers.
    """
    for kind, text, most in (("title", paper.title, _SEARCHED), ("abstract", paper.abstract, _SEARCHED // 2)):
        if words := re.findall(r"[^\W_]+(?:[-'’][^\W_]+)*", readable(clean(text))):
            return f"{_SEARCH}?{urlencode({'query': ' '.join(words[:most]), 'searchtype': kind})}"
    return ""
