"""Finds DOIs in fields, addresses and lines of text."""

import re
from collections.abc import Iterable
from urllib.parse import unquote

from bot.digests import _arxiv

_DOI = re.compile(r"10\.\d{4,9}(?:\.\d{1,9}){0,3}/\S*[^\s.,;]")
_BEFORE_DOI = re.compile(r"\s*(?:https?://(?:dx\.|www\.)?doi\.org/|info:doi/|(?:urn:)?doi:\s*)*", re.IGNORECASE)
_DOI_IN_ADDRESS = re.compile(r"10\.\d{4,9}(?:\.\d{1,9}){0,3}(?:/|%2F)[^\s?&#\"<>]*[^\s?&#\"<>.,;/]", re.IGNORECASE)
# what a page's address asks for: `?id=10.1371/…`, but not another work that it mentions, as in `?ref=10.1371/…`
_ASKED_DOI = re.compile(rf"(?<=doi=){_DOI_IN_ADDRESS.pattern}|(?<=\bid=){_DOI_IN_ADDRESS.pattern}", re.IGNORECASE)
# what a page's address has after the DOI
_PAGE_OF_DOI = re.compile(
    r"(?:[/.](?:abs|abstract|download|epdf|full|full-text|fulltext|htm|html|meta|pdf|pdfdirect|references|short|summary|xml)"
    r"(?:/|\.html?|\.pdf)?)+$",
    re.IGNORECASE,
)
_VERSION = re.compile(r"(?P<doi>10\.(?:1101|64898)/[\d.]+)v(?P<version>\d{1,3})")
_LABELLED_DOI = re.compile(
    r"\bDOI\s*:?\s*(?:https?://(?:dx\.)?doi\.org/)?(?P<doi>10\.\d{4,9}[^\s|]*[^\s|.,;)\]])", re.IGNORECASE
)


def doi_in_field(text: str) -> str | None:
    """Returns the DOI that a field holds, in lower case, without `doi:` or the address of a resolver; None for other text."""
    value = text[_BEFORE_DOI.match(text).end() :].strip().rstrip(".,;")  # type: ignore[union-attr]  # matches always
    found = _DOI.fullmatch(unquote(value) if "/" not in value else value)
    return found[0].lower() if found else None


def doi_among(texts: Iterable[str]) -> str | None:
    """Returns the first DOI that one of these fields holds; None if there is none."""
    return next(filter(None, map(doi_in_field, texts)), None)


def doi_in_address(address: str) -> str | None:
    """Returns the DOI in the address of a page, in lower case, without what stands behind it; None if there is none."""
    path, _, asked = address.partition("?")
    found = _DOI_IN_ADDRESS.search(path) or _ASKED_DOI.search(asked)
    if not found:
        return None
    doi = _PAGE_OF_DOI.sub("", unquote(found[0])).lower()
    versioned = _VERSION.match(doi)
    return versioned["doi"] if versioned else doi


def version_in_address(address: str) -> int | None:
    """Returns the version of a preprint in the address of its page; None if there is none."""
    found = _VERSION.search(address)
    if found:
        return _arxiv.version_number(found["version"])
    return None


def doi_in_line(line: str) -> str | None:
    """Returns the DOI after the label "DOI" in a line of text, in lower case; None if there is none."""
    found = _LABELLED_DOI.search(line)
    return doi_in_field(found["doi"]) if found else None
