"""What all readers of digests share: by which key two records are the same paper, and what becomes of one without a title.

Records with the same key are the same paper (docs/formats.md).
"""

import hashlib
import re
from dataclasses import replace
from typing import TypeVar
from urllib.parse import unquote

from bot.digests._arxiv import arxiv_link
from bot.digests._lines import collapse
from bot.digests._warnings import Warnings
from subscriptions.model import Paper
from subscriptions.texts.normal_forms import normalized

T = TypeVar("T")

_DOI = re.compile(r"\b10\.\d{1,9}(?:\.\d{1,9}){0,3}/\S*[^\s.,;]")


def doi_of(text: str) -> str | None:
    """Returns the first DOI in a text, in lower case; None if there is none.

    The DOI may be part of a link, whose slash may be written `%2F`. A full stop or comma after it is not part of it.
    """
    found = _DOI.search(text) or (_DOI.search(unquote(text)) if "%" in text else None)
    return found[0].lower() if found else None


def paper_key(
    *, arxiv_id: str | None = None, doi: str | None = None, title: str = "", abstract: str = ""
) -> str | None:
    """Returns the key of a paper: the first that exists of its arXiv id, its DOI, and hashes of its title and abstract.

    Returns None if the paper has none of the four.
    """
    if arxiv_id:
        return arxiv_id
    if doi:
        return doi.lower()
    if collapse(title):
        return f"title:{_hash(_plain(title).casefold())}"
    if collapse(abstract):
        return f"abstract:{_hash(_plain(abstract))}"
    return None


def keyed(paper: Paper) -> Paper:
    """Returns the paper with its key, its primary category and its address at arXiv, which follow from its other fields.

    The key is "" if nothing identifies it.
    """
    arxiv_id = paper.arxiv_id
    key = paper_key(arxiv_id=arxiv_id, doi=paper.doi, title=paper.title, abstract=paper.abstract) or ""
    url = arxiv_link(arxiv_id) if arxiv_id else paper.url
    return with_fields(paper, key=key, primary=next(iter(paper.categories), None), url=url)


def with_fields(value: T, **fields: object) -> T:
    """Like `dataclasses.replace`, but returns the value itself if no field changes, which is ten times as fast."""
    if all(getattr(value, name) == new for name, new in fields.items()):
        return value
    return replace(value, **fields)  # type: ignore[type-var]


def entry_of(paper: Paper, warnings: Warnings) -> Paper | None:
    """Returns a paper with its key; None if nothing identifies the paper. Warns if it has no title."""
    found = keyed(paper)
    if not found.key:
        return None
    if not paper.title:
        warnings.add("entry_without_title")
    return found


def _plain(text: str) -> str:
    return collapse(normalized("NFKC", text))


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]
