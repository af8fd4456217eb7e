"""The key of a paper: equal keys are one paper (docs/formats.md)."""

import hashlib
import re
import unicodedata

from bot.digests._plain import collapse

_DOI = re.compile(r"\b10\.\d{1,9}(?:\.\d{1,9}){0,3}/\S+")


def doi_of(text: str) -> str | None:
    """The first DOI that stands in a text, as a link too, in small letters; None if there is none."""
    found = _DOI.search(text)
    return found[0].lower() if found else None


def paper_key(
    *, arxiv_id: str | None = None, doi: str | None = None, title: str = "", abstract: str = ""
) -> str | None:
    """The first that exists of: bare arXiv id, DOI, hash of the title, hash of the abstract. None: nothing to go by."""
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
    """The key of a paper of which nothing better than its title is known."""
    return f"title:{_hash(_plain(title).casefold())}"


def _plain(text: str) -> str:
    return collapse(unicodedata.normalize("NFKC", text))


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]
