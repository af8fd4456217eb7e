"""arXiv's notation: ids, addresses, categories, and the lines that announce a paper.

Source: arXiv's help pages on identifiers (info.arxiv.org/help/arxiv_identifier.html) and on its feeds
(info.arxiv.org/help/rss_specifications.html).
"""

import re
from collections.abc import Iterable
from dataclasses import replace

from subscriptions.model import Announce, Paper
from subscriptions.query.categories import ARCHIVES, bare_id

# Since January 2015 ids have five digits after the point. All five are required here: an address that lost its last
# digit must not be read as the address of another paper.
_ID = (
    r"(?:(?:0\d|1[0-4])\d\d\.\d{4,5}|(?:1[5-9]|[2-9]\d)\d\d\.\d{5}"
    r"|(?!(?:abs|pdf|html)/)[a-z-]+(?:\.(?:[A-Z]{2}|[a-z]+-[a-z]+))?/\d{7})"
)
_PAGE = (  # of arXiv, and of sites that show its papers below their ids
    r"(?:(?:[\w-]+\.){0,2}arxiv\.org/(?:abs|pdf|html)/|huggingface\.co/papers/|(?:papers\.cool|scirate\.com)/arxiv/"
    r"|(?:www\.)?(?:alphaxiv\.org/(?:abs|overview|pdf)|emergentmind\.com/papers)/|tldr\.takara\.ai/p/"
    r"|d\.repec\.org/n\?u=RePEc:arx:papers:)"
)
_BEFORE_ID = rf"(?i:(?:https?://)?{_PAGE}|oai:arXiv\.org:|arXiv:|(?:https?://(?:dx\.)?doi\.org/)?10\.48550/arXiv\.)"
_REFERENCE = rf"(?P<id>{_ID})(?:v(?P<version>\d+))?(?:\.pdf|(?:&r=\w*)+)?"
ADDRESS = rf"{_BEFORE_ID}?{_REFERENCE}"
"""Regular expression of a reference to a paper of arXiv, in any notation. Read its groups with `matched_address`."""
URL = rf"(?i:https?://{_PAGE}){_REFERENCE}"
"""Regular expression of a full web address of a paper, with its scheme. Groups as in ADDRESS."""

_ADDRESS = re.compile(ADDRESS)
_CATEGORY = re.compile(r"[a-z]+(?:-[a-z]+)*(?:\.[A-Z]{2}|\.[a-z]+(?:-[a-z]+)*)?")
_ANNOUNCEMENT = re.compile(
    rf"\s*arXiv:(?P<id>{_ID})(?:v(?P<version>\d+))?\s+Announce Type:\s*(?P<kind>[\w-]+)\s*(?:Abstract:\s*)?"
)
_ANNOUNCE = {kind.value: kind for kind in Announce}
# Translated abstracts begin with `arXiv:2605.06185v2 公告类型：替换-交叉 摘要：`, with the same after `摘要：`, without it, or with
# `摘要：` alone. The words in the middle vary.
TRANSLATED_ANNOUNCEMENT = re.compile(
    r"\A\s*(?:摘要\s*[：:]\s*)?(?:(?i:arXiv)\s*[：:]\s*[\w./-]+\s(?:[^\n]{0,40}?摘要\s*[：:]\s*|\s*公告类型\s*[：:]\s*\S{1,8}\s+))?",
)
_TAIL = "(arXiv:"
_TITLE_TAIL = re.compile(rf"\({ADDRESS} \[(?P<category>[\w.-]+)\](?P<mark> UPDATED| CROSS LISTED)?\)")
_MARKS = {" UPDATED": Announce.REPLACE, " CROSS LISTED": Announce.CROSS}


def arxiv_address(text: str) -> tuple[str, int | None] | None:
    """Return (id, version) of an id, link or guid; None if the text is none of these."""
    match = _ADDRESS.fullmatch(text.strip())
    return matched_address(match) if match else None


def matched_address(match: re.Match[str]) -> tuple[str, int | None]:
    """Return (id, version) of a match of ADDRESS or URL."""
    return bare_id(match["id"]), version_number(match["version"])


def version_number(digits: str | None) -> int | None:
    """Return a version as a number, None for a number of more than four digits."""
    if digits and len(digits) <= 4 and digits.isdecimal():  # noqa: PLR2004  no paper has a thousand versions
        return int(digits)
    return None


def categories_of(names: Iterable[str]) -> tuple[str, ...]:
    """Return the arXiv categories among some names, each once: `cs.AI`, but not `I.2.7`, `68T05` or `N/A`."""
    written = (name for name in (raw.strip() for raw in names) if _CATEGORY.fullmatch(name))
    return tuple(dict.fromkeys(name for name in written if name.partition(".")[0] in ARCHIVES))


def announce_type(word: str) -> Announce | None:
    """Return the announce type that a word names, None for any other word."""
    return _ANNOUNCE.get(word.strip())


def split_announcement(title: str, abstract: str) -> tuple[Paper, str, str]:
    """Return (what arXiv's announcement says of a paper, its title and its abstract without it).

    It comes before an abstract: `arXiv:2605.06185v2 Announce Type: replace`. Until 2024 it came after a title
    instead, after a full stop: `(arXiv:2304.09848v1 [cs.CL] UPDATED)`. Without one, nothing is said.
    """
    found = Paper(key="")
    title = title.strip()
    at = title.rfind(_TAIL)
    if at >= 0 and (match := _TITLE_TAIL.fullmatch(title, at)):
        arxiv_id, version = matched_address(match)
        kind, categories = _MARKS.get(match["mark"] or ""), (match["category"],)
        found = Paper(key="", arxiv_id=arxiv_id, version=version, announce_type=kind, categories=categories)
        title = title[:at].rstrip().removesuffix(".").rstrip()
    if match := _ANNOUNCEMENT.match(abstract):
        arxiv_id, version = matched_address(match)
        found = replace(found, arxiv_id=arxiv_id, version=version, announce_type=announce_type(match["kind"]))
        abstract = abstract[match.end() :]
    return found, title, abstract
