"""Keys of papers. Two records with equal keys are the same paper (docs/formats.md)."""

import hashlib
import re
from urllib.parse import unquote

from bot.digests._plain import collapse
from subscriptions.unicode_forms import normalized

_DOI = re.compile(r"\b10\.\d{1,9}(?:\.\d{1,9}){0,3}/\S*[^\s.,;]")


def doi_of(text: str) -> str | None:
    """Returns the first DOI in a text, in lower case; None if there is none.

    The DOI may be part of a link, whose slash may be written `%2F`. A full stop or comma after it belongs to the sentence.
    """
    found = _DOI.search(text) or (_DOI.search(unquote(text)) if "%" in text else None)
    return found[0].lower() if found else None


def paper_key(
    *, arxiv_id: str | None = None, doi: str | None = None, title: str = "", abstract: str = ""
) -> str | None:
    """Returns the first that exists of: bare arXiv id, DOI, hash of the title, hash of the abstract. None if none exists."""
    if arxiv_id:
        return arxiv_id
    if doi:
        return doi.lower()
    if collapse(title):
        return title_key(title)
    if collapse(abstract):
        return f"abstract:{_hash(_plain(abstract))}"
    return None


def title_key(title: str) -> str:
    """Returns the key of a paper that has neither an arXiv id nor a DOI, from its title."""
    return f"title:{_hash(_plain(title).casefold())}"


def _plain(text: str) -> str:
    return collapse(normalized("NFKC", text))


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]
