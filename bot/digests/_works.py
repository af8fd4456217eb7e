"""What feeds of journals and records of databases share: how a work is described, and which works are papers.

A reader makes a `Work` of each entry, with texts as they are written there. `content_of` makes papers of works. It reads
names and dates, cleans texts, leaves out what is no paper, and counts what it left out.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from functools import partial
from typing import TypeVar

from bot.digests import _arxiv, _format, _markup, _names, _no_papers, _papers
from bot.digests._format import Content
from bot.digests._lines import collapse
from bot.digests._warnings import Warnings
from subscriptions.model import Paper, Summary

Read = TypeVar("Read")


@dataclass(slots=True, kw_only=True)
class Work:
    """One entry of a feed, or one record. Texts may have markup and line ends."""

    title: str = ""
    doi: str | None = None
    arxiv_id: str | None = None
    people: list[str] = field(default_factory=list)  # texts with one name or several
    date: str = ""  # the day of publication, "2026-03-05", "2026-03" or "2026"
    abstract: str = ""
    venue: str = ""
    url: str = ""
    kinds: list[str] = field(default_factory=list)  # what it is, in the words of its source: "Editorial"
    is_paper: bool = True  # False: the reader knows that it is none
    may_be_anything: bool = False  # it is of a feed, in which anybody may write anything
    is_likely: bool = True  # its address or its elements are such as papers have
    summaries: tuple[Summary, ...] = ()
    version: int | None = None


def without_period(title: str) -> str:
    """Returns a title of PubMed without the full stop at its end and without the brackets around a translation."""
    title = _markup.plain(title)
    if title.endswith(".") and not title.endswith(".."):
        title = title[:-1].rstrip()
    is_translated = title.startswith("[") and title.endswith("]") and "]" not in title[:-1]
    if is_translated:
        return title[1:-1].removesuffix(".")
    return title


_ARXIV_DOI = re.compile(r"10\.48550/arxiv\.\S+", re.IGNORECASE)
_WEB_ADDRESS = re.compile(r"https?://[^\s<>\"]+")
_ABSTRACT = re.compile(
    r"\A(?:abstract|summary|résumé|resumen|resumo|zusammenfassung)\b\s*[:.]?\s*(?=\S)", re.IGNORECASE
)
_NO_ABSTRACT = re.compile(r"(?:none|n\.?/?a|no abstract(?: available)?|-+)\.?", re.IGNORECASE)
_SOURCE_TAIL = re.compile(
    r"[\s,;:]+(?:Vol(?:ume)?\b\.?|Issue\b|Early ?View\b|Ahead of Print\b|\(|\d+(?!\w)).*$", re.IGNORECASE
)


def content_of(
    records: Iterable[Read], work_of: Callable[[Read], Work], warnings: Warnings, day: date | None = None
) -> Content:
    """Returns the papers among the works of some records. Their day is the newest on which one was published, else `day`.

    Warns of what is left out because it is no paper. An entry of a feed that names nobody, and has no id or no abstract,
    is none if others name their authors.
    """
    found = list(_format.each(records, work_of, warnings))
    have_names = 2 * sum(1 for work in found if work.people) >= len(found) > 1
    one_each = any(len(work.people) > 1 and any("," in one for one in work.people) for work in found)
    make = partial(_entry, warnings=warnings, have_names=have_names, one_each=one_each)
    entries = list(filter(None, _format.each(_given_up(found), make, warnings)))
    days = [one.published for one in entries]
    newest = max((one for one in days if len(one) == len("2026-01-01")), default="")
    return Content(entries=entries, day=date.fromisoformat(newest) if newest else day, is_feed=True)


def _given_up(works: list[Work]) -> Iterator[Work]:
    """Yields each work and gives it up once its paper is made, since two copies of all texts would take much memory."""
    works.reverse()
    while works:
        yield works.pop()


def _entry(work: Work, warnings: Warnings, *, have_names: bool, one_each: bool) -> Paper | None:
    """Returns the paper of a work; None if it is none. `have_names`, `one_each`: what the other works of the document have."""
    section, title = _no_papers.split_section(_markup.plain(work.title))
    says_so = _no_papers.is_no_paper(title, [*work.kinds, section], work.doi)
    is_journal = bool(title) and title == venue_of(work.venue)
    if says_so or is_journal or not work.is_paper or _lacks_marks(work, have_names=have_names):
        warnings.add("not_papers")
        return None
    names, left_out = _names.names_of(work.people, one_each=one_each)
    if left_out:
        warnings.add("authors_not_shown")
    return _papers.entry_of(_paper(work, title, names), warnings)


def _lacks_marks(work: Work, *, have_names: bool) -> bool:
    """Returns whether an entry of a feed has nothing by which a paper is known. `have_names`: the other entries have authors."""
    if not work.may_be_anything or work.people:
        return False
    has_id = bool(work.doi or work.arxiv_id)
    if have_names:
        return not (has_id and work.abstract)
    return not (has_id or work.is_likely)


def _paper(work: Work, title: str, names: tuple[str, ...]) -> Paper:
    address = None
    if work.doi and _ARXIV_DOI.fullmatch(work.doi):
        address = _arxiv.arxiv_address(work.doi)
    address = address or _arxiv.arxiv_address(work.arxiv_id or "")
    arxiv_id, version = address or (None, work.version)
    announcement, text = _arxiv.split_announcement(work.abstract)
    abstract = _markup.plain(_markup.with_spaced_headings(_markup.without_references(text).strip()))
    abstract = _ABSTRACT.sub("", abstract)
    url = collapse(work.url).replace(" ", "%20")
    page = f"https://doi.org/{work.doi}" if work.doi else None
    return Paper(
        key="",
        title=title,
        abstract="" if _NO_ABSTRACT.fullmatch(abstract) else abstract,
        authors=names,
        categories=_arxiv.categories_of(work.kinds) if arxiv_id else (),
        arxiv_id=arxiv_id,
        doi=work.doi,
        version=version,
        url=url if _WEB_ADDRESS.fullmatch(url) else page,
        announce_type=announcement.kind if announcement else None,
        venue=venue_of(work.venue),
        published=work.date,
        summaries=work.summaries,
    )


def venue_of(text: str) -> str:
    """Returns the name of a journal in a text that may go on with volume, issue and year."""
    name = _markup.plain(text)
    if "://" in name:
        return ""
    short = _SOURCE_TAIL.sub("", name).strip(" ,;:") or name
    if short.count(".") > 1:  # words are shortened
        return short
    return short.removesuffix(".")
