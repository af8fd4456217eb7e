"""Links of a paper: its page (arXiv, else DOI, else the page that its source names), its PDF, a search for it."""

import re
from collections.abc import Iterator
from urllib.parse import quote, urlencode, urlsplit

from bot.rendering.text.cleaning import clean
from bot.rendering.text.tex import readable
from subscriptions.model import Paper

# Characters of a link; the strictest platform takes 9,500 bytes of links in one message. A longer link is left out.
LONGEST = 1500
_HOST = re.compile(r"[\w-]+(?:\.[\w-]+)+\.?")
_PREPRINT = re.compile(r"https://www\.(?:bio|med)rxiv\.org/content/10\.\d{4,9}/[\w.;()/-]+v\d+")
_SEARCH = "https://arxiv.org/search/"
_SEARCHED = 20  # words of a title; half as many of an abstract identify a paper
_SAFE = "%/:=&?~#+!$,;'@()*[]-._"


def paper_url(paper: Paper) -> str:
    """Returns the link of the paper's page, safe inside quotes and angle brackets; "" if none is known."""
    return next((url for url in _links(paper) if url and len(url) <= LONGEST), "")


def _links(paper: Paper) -> Iterator[str]:
    if arxiv_id := clean(paper.arxiv_id or ""):
        yield f"https://arxiv.org/abs/{quote(arxiv_id, safe='/-.')}"
    if doi := clean(paper.doi or ""):
        yield f"https://doi.org/{quote(doi, safe='/:;().,_-')}"
    yield web_url(paper.url or "")


def web_url(url: str) -> str:
    """Returns the http or https link, percent-encoded where it would break a platform's markup; "" for anything else.

    A link whose host has no dot is refused: TDLib's parser drops it silently.
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
    """Returns the link of the paper's PDF at arXiv, bioRxiv, medRxiv or its source; "" if none is known."""
    if arxiv_id := clean(paper.arxiv_id or ""):
        return f"https://arxiv.org/pdf/{quote(arxiv_id, safe='/-.')}"
    page = web_url(paper.url or "")
    if _PREPRINT.fullmatch(page):
        return f"{page}.full.pdf"
    return page if urlsplit(page).path.lower().endswith(".pdf") else ""


def search_url(paper: Paper) -> str:
    """Returns the link of a search at arXiv for the title, else for the first words of the abstract; "" if there are no words.

    At arXiv, since lists whose papers have neither id nor link are lists of arXiv papers.
    """
    for kind, text, most in (("title", paper.title, _SEARCHED), ("abstract", paper.abstract, _SEARCHED // 2)):
        if words := re.findall(r"[^\W_]+(?:[-'’][^\W_]+)*", readable(clean(text))):
            return f"{_SEARCH}?{urlencode({'query': ' '.join(words[:most]), 'searchtype': kind})}"
    return ""
