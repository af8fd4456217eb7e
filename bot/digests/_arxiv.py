"""Keys of papers. Two records with equal keys are the same paper (docs/formats.md)."""

import hashlib
import re
from dataclasses import dataclass, replace
from urllib.parse import unquote

from bot.digests._format import Entry, Warnings, collapse
from subscriptions.model import Announce, Paper
from subscriptions.text import normalized

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


def entry_of(line: int, paper: Paper, warnings: Warnings) -> Entry | None:
    """Returns the entry of a paper without a key; None if nothing identifies it. Warns if it has no title.

    The key, the primary category and the address at arXiv follow from the rest of the paper.
    """
    arxiv_id, categories = paper.arxiv_id, paper.categories
    key = paper_key(arxiv_id=arxiv_id, doi=paper.doi, title=paper.title, abstract=paper.abstract)
    if key is None:
        return None
    if not paper.title:
        warnings.add("entry_without_title", line=line, example=arxiv_id or paper.doi or "")
    url = arxiv_link(arxiv_id) if arxiv_id else paper.url
    return Entry(line, replace(paper, key=key, primary=next(iter(categories), None), url=url))


def title_key(title: str) -> str:
    """Returns the key of a paper that has neither an arXiv id nor a DOI, from its title."""
    return f"title:{_hash(_plain(title).casefold())}"


def _plain(text: str) -> str:
    return collapse(normalized("NFKC", text))


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]


# ---------------------------------------------------------------------------------------------------- arXiv's notation

# ids, links, categories, announce types, and the announcements in abstracts and titles.  Source: arXiv's help pages on
# identifiers (info.arxiv.org/help/arxiv_identifier.html) and on its feeds
# (info.arxiv.org/help/rss_specifications.html).


# Since January 2015 ids have five digits after the point. Requiring five keeps an address that lost its last digit from
# being read as another paper's.
_ID = (
    r"(?:(?:0\d|1[0-4])\d\d\.\d{4,5}|(?:1[5-9]|[2-9]\d)\d\d\.\d{5}"
    r"|(?!(?:abs|pdf|html)/)[a-z-]+(?:\.[A-Z]{2})?/\d{7})"
)
_PAGE = r"(?:[\w-]+\.)?arxiv\.org/(?:abs|pdf|html)/"
_BEFORE_ID = rf"(?i:(?:https?://)?{_PAGE}|oai:arXiv\.org:|arXiv:|(?:https?://(?:dx\.)?doi\.org/)?10\.48550/arXiv\.)"
_REFERENCE = rf"(?P<id>{_ID})(?:v(?P<version>\d+))?(?:\.pdf)?"
ADDRESS = rf"{_BEFORE_ID}?{_REFERENCE}"
"""Regular expression of a reference to a paper of arXiv, in any notation. Groups: `id`, `version`."""
URL = rf"(?i:https?://{_PAGE}){_REFERENCE}"
"""Regular expression of a full web address of a paper, with its scheme. Groups as in ADDRESS."""

_ADDRESS = re.compile(ADDRESS)
_CATEGORY = re.compile(r"[a-z]+(?:-[a-z]+)*(?:\.[A-Z]{2}|\.[a-z]+(?:-[a-z]+)*)?")
_ANNOUNCEMENT = re.compile(
    rf"\s*arXiv:(?P<id>{_ID})(?:v(?P<version>\d+))?\s+Announce Type:\s*(?P<kind>[\w-]+)\s*(?:Abstract:\s*)?"
)
_ANNOUNCE = {kind.value: kind for kind in Announce}
# `arXiv:2605.06185v2 公告类型：替换-交叉 摘要：`, `摘要：` before that, or `摘要：` alone; the words between vary.
_TRANSLATED_ANNOUNCEMENT = re.compile(
    r"\s*(?:摘要\s*[：:]\s*)?(?:(?i:arXiv)\s*[：:]\s*[\w./-]+\s[^\n]{0,40}?摘要\s*[：:]\s*)?",
)
_TAIL = "(arXiv:"
_TITLE_TAIL = re.compile(rf"\({ADDRESS} \[(?P<category>[\w.-]+)\](?P<mark> UPDATED| CROSS LISTED)?\)")
_MARKS = {" UPDATED": Announce.REPLACE, " CROSS LISTED": Announce.CROSS}


@dataclass(frozen=True, slots=True, kw_only=True)
class Announcement:
    """The announcement that arXiv puts before an abstract: `arXiv:2605.06185v2 Announce Type: replace`.

    Until 2024 it stood after the title instead: `(arXiv:2304.09848v1 [cs.CL] UPDATED)`.
    """

    arxiv_id: str
    version: int | None
    kind: Announce | None
    categories: tuple[str, ...] = ()  # only the primary category, if the announcement names it


def arxiv_address(text: str) -> tuple[str, int | None] | None:
    """Returns (id, version) of an id, link or guid; None if the text is none of these."""
    match = _ADDRESS.fullmatch(text.strip())
    return (match["id"], version_number(match["version"])) if match else None


def arxiv_link(arxiv_id: str) -> str:
    """Returns the address of the abstract page of a paper, without a version."""
    return f"https://arxiv.org/abs/{arxiv_id}"


def version_number(digits: str | None) -> int | None:
    """Returns a version as a number, None for a number of more than four digits."""
    return int(digits) if digits and len(digits) <= 4 and digits.isdecimal() else None  # noqa: PLR2004  a thousand versions are beyond any paper


def categories_of(names: list[str]) -> tuple[str, ...]:
    """Returns the arXiv categories among some names, each once, in their order: `cs.AI`, not `I.2.7`, `68T05` or `N/A`."""
    return tuple(dict.fromkeys(name for name in (raw.strip() for raw in names) if _CATEGORY.fullmatch(name)))


def announce_type(word: str) -> Announce | None:
    """Returns the announce type that a word names, None for any other word."""
    return _ANNOUNCE.get(word.strip())


def split_announcement(text: str) -> tuple[Announcement | None, str]:
    """Returns (announcement, rest) of an abstract; (None, the abstract) if it begins with no announcement."""
    match = _ANNOUNCEMENT.match(text)
    if not match:
        return None, text
    found = Announcement(
        arxiv_id=match["id"], version=version_number(match["version"]), kind=announce_type(match["kind"])
    )
    return found, text[match.end() :]


def split_title(title: str) -> tuple[Announcement | None, str]:
    """Returns (announcement, rest) of a title; the rest loses the full stop before the announcement, too."""
    title = collapse(title)
    at = title.rfind(_TAIL)
    match = _TITLE_TAIL.fullmatch(title, at) if at >= 0 else None
    if not match:
        return None, title
    found = Announcement(
        arxiv_id=match["id"],
        version=version_number(match["version"]),
        kind=_MARKS.get(match["mark"] or ""),
        categories=categories_of([match["category"]]),
    )
    return found, title[:at].rstrip().removesuffix(".").rstrip()


def without_translated_announcement(text: str) -> str:
    """Returns a translated abstract without the label and without the translated announcement at its beginning."""
    match = _TRANSLATED_ANNOUNCEMENT.match(text)
    return text[match.end() :] if match else text
