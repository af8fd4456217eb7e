"""How arXiv writes things: ids, links, categories, announce types, and what announcements add to abstracts and titles.

Source: arXiv's help pages on identifiers (info.arxiv.org/help/arxiv_identifier.html) and on its feeds
(info.arxiv.org/help/rss_specifications.html).
"""

import re
from dataclasses import dataclass

from bot.digests._plain import collapse
from subscriptions.model import Announce

# New ids have five digits after the point since January 2015, so that an address which was cut in its last digit is
# not taken for another paper's.
_ID = (
    r"(?:(?:0\d|1[0-4])\d\d\.\d{4,5}|(?:1[5-9]|[2-9]\d)\d\d\.\d{5}"
    r"|(?!(?:abs|pdf|html)/)[a-z-]+(?:\.[A-Z]{2})?/\d{7})"
)
_PAGE = r"(?:[\w-]+\.)?arxiv\.org/(?:abs|pdf|html)/"
_BEFORE_ID = rf"(?i:(?:https?://)?{_PAGE}|oai:arXiv\.org:|arXiv:|(?:https?://(?:dx\.)?doi\.org/)?10\.48550/arXiv\.)"
_REFERENCE = rf"(?P<id>{_ID})(?:v(?P<version>\d+))?(?:\.pdf)?"
ADDRESS = rf"{_BEFORE_ID}?{_REFERENCE}"
"""A regular expression for what points to a paper of arXiv, in any of its forms; groups `id` and `version`."""
URL = rf"(?i:https?://{_PAGE}){_REFERENCE}"
"""The same for an address in full, with its scheme."""

_ADDRESS = re.compile(ADDRESS)
_CATEGORY = re.compile(r"[a-z]+(?:-[a-z]+)*(?:\.[A-Z]{2}|\.[a-z]+(?:-[a-z]+)*)?")
_ANNOUNCEMENT = re.compile(
    rf"\s*arXiv:(?P<id>{_ID})(?:v(?P<version>\d+))?\s+Announce Type:\s*(?P<kind>[\w-]+)\s*(?:Abstract:\s*)?"
)
_ANNOUNCE = {kind.value: kind for kind in Announce}
# `arXiv:2605.06185v2 公告类型：替换-交叉 摘要：`, also after a first 摘要：, or only 摘要：; the words between vary.
_TRANSLATED_ANNOUNCEMENT = re.compile(
    r"\s*(?:摘要\s*[：:]\s*)?(?:arXiv\s*[：:]\s*[\w./-]+\s[^\n]{0,40}?摘要\s*[：:]\s*)?",
)
_TAIL = "(arXiv:"
_TITLE_TAIL = re.compile(rf"\({ADDRESS} \[(?P<category>[\w.-]+)\](?P<mark> UPDATED| CROSS LISTED)?\)")
_MARKS = {" UPDATED": Announce.REPLACE, " CROSS LISTED": Announce.CROSS}


@dataclass(frozen=True, slots=True, kw_only=True)
class Announcement:
    """What stands before an abstract in arXiv's announcements, `arXiv:2605.06185v2 Announce Type: replace`.

    Until 2024 it stood behind the title instead: `(arXiv:2304.09848v1 [cs.CL] UPDATED)`.
    """

    arxiv_id: str
    version: int | None
    kind: Announce | None
    categories: tuple[str, ...] = ()  # the primary one, where it is told


def arxiv_address(text: str) -> tuple[str, int | None] | None:
    """The bare id and the version that an id, link or guid names; None if the text is no such thing."""
    match = _ADDRESS.fullmatch(text.strip())
    return (match["id"], version_number(match["version"])) if match else None


def arxiv_link(arxiv_id: str) -> str:
    """The abstract page of a paper, whatever its version."""
    return f"https://arxiv.org/abs/{arxiv_id}"


def version_number(digits: str | None) -> int | None:
    """A version as a number; a number that no paper can have is no version."""
    return int(digits) if digits and len(digits) <= 4 and digits.isdecimal() else None  # noqa: PLR2004  a thousand versions are beyond any paper


def categories_of(names: list[str]) -> tuple[str, ...]:
    """The arXiv categories among some names, once each, in their order: `cs.AI`, not `I.2.7`, `68T05` or `N/A`."""
    return tuple(dict.fromkeys(name for name in (raw.strip() for raw in names) if _CATEGORY.fullmatch(name)))


def announce_type(word: str) -> Announce | None:
    """The announce type that a word names; None for any other word."""
    return _ANNOUNCE.get(word.strip())


def split_announcement(text: str) -> tuple[Announcement | None, str]:
    """Takes the announcement off the beginning of an abstract, if there is one."""
    match = _ANNOUNCEMENT.match(text)
    if not match:
        return None, text
    found = Announcement(
        arxiv_id=match["id"], version=version_number(match["version"]), kind=announce_type(match["kind"])
    )
    return found, text[match.end() :]


def split_title(title: str) -> tuple[Announcement | None, str]:
    """Takes the announcement off the end of a title, with the full stop before it, if there is one."""
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
    """The translation of an abstract without the translation of its announcement, and without its label."""
    match = _TRANSLATED_ANNOUNCEMENT.match(text)
    return text[match.end() :] if match else text
