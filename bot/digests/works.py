"""What feeds of journals and records of databases share: how a work becomes a paper, and which works are none."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date

from bot.digests import arxiv, markup, names, scalars
from bot.digests.entries import Found, Item
from subscriptions.model import Paper, Summary

_ARXIV_DOI = re.compile(r"10\.48550/arxiv\.\S+", re.IGNORECASE)
_ABSTRACT = re.compile(  # a heading; `Abstract interpretation is …` begins with none
    r"\A(?i:abstract|summary|résumé|resumen|resumo|zusammenfassung)(?:\s*[:.—–]\s*|\n|\s+(?=[^\sa-zß-ÿ]))"
)
_NO_ABSTRACT = re.compile(r"(?:none|null|abstract|n\.?/?a|no abstract(?: available)?|-+)\.?", re.IGNORECASE)
_VENUE_TAIL = re.compile(  # volume, issue and year behind the name of a journal
    r"(?<![\s,;:])[\s,;:]++(?:Vol(?:ume)?\b\.?|Issue\b|Early ?View\b|Ahead of Print\b|\(|\d+(?!\w)).*$", re.IGNORECASE
)

_PAGE_OF_PAPER = re.compile(  # a part of an address that shows a paper
    r"abstract_?id=|/doi/|/abs/|/abstract|/articles?[/?.]|/papers?/|/fulltext|/document/|/preprints?/|/pdf\b|\.pdf\b|/kcms|/hal-\d|/stable/\d"
    r"|scholar\.google|ncbi\.nlm|openreview|ingentaconnect|philpapers\.org/rec|sci_arttext|RePEc:",
    re.IGNORECASE,
)
_BEHIND = r"(?:\s*[:：.\]].*|\s+[-–—]\s.*)?"
_CORRECTION = "corrigend(?:um|a)|errat(?:um|a)|addend(?:um|a)|corrections?|retract(?:ions?|ed)"
_NO_PAPERS = (  # a title, or what a source calls a work, is no paper if one of these matches all of it
    # corrections
    rf"(?:(?:author|publisher|editorial|published)(?:['’]?s)?[ -]+)?(?:{_CORRECTION}|withdrawn|removed){_BEHIND}|withdrawal|removal",
    r"(?:corrigend(?:um|a)|errat(?:um|a)|addend(?:um|a)|(?:editorial )?expressions?[ _]of[ _]concern)\b.*",
    r"(?:statement|notice) of (?:retraction|correction|withdrawal|removal)\b.*|(?:retraction|withdrawal) (?:note|notice)\b.*",
    r"(?:incorrect|missing|errors?) (?:\w+ )?in (?:the )?(?:abstract|author|data|figure|methods|references|results|table|text|title)\b.*",
    r"corrections? (?:to|of|for)\s*(?:[:\"“”‘«„]|(?-i:[A-Z])\S+(?: and (?-i:[A-Z])\S+)?, |.{0,80}\bet al\b).*|correction to (?-i:[A-Z]).*",
    rf".*(?:[-–—:]\s+|[(\[]\s*)(?:author |publisher )?(?:{_CORRECTION})\s*[)\]]?",
    r".{0,40}(?:勘误|更正|訂正|目录|目次).{0,20}",
    # parts of an issue
    r"issue (?:information|highlights)|(?:publisher['’]?s? )?information(?: page)?|component|supplementary-materials|peer[- ]review|grant",
    r"(?:annual )?contents(?: continued| list)?|table of contents\b.*|toc|paratext|journal(?:-issue|-volume)?",
    r"graphical (?:abstracts?|contents?)(?: (?:toc|lists?|contents?))?(?::.*)?|(?:half )?title(?: pages?)?|titelei|(?:års)?innehåll(?: .{0,20})?|inhalt|sommaire",
    r"(?:(?:inside|outside|front|back|journal)[\s-]+){0,3}(?-i:[Cc]over|COVER)s?(?: \w+)?(?:, volume.*)?(?::.*)?|.*\((?-i:[A-Z])[\w.&\s-]{2,40}\s\d{1,3}/\d{4}\)",
    r".{0,90}\b(?:front|back|end)[\s-]?matter\b.*|masthead.*|imprint|frontispiece.*|(?:(?:journal )?editorial|advisory)[ -]boards?(?:\s*[,/:–-].*)?",
    r".{0,90}\b(?:information|instructions|guidelines?) (?:for|to) (?:authors|contributors|readers)\b.*|(?:staff|officers|copyright|subscription)[ -](?:lists?|pages?)",
    r"\d{4} index\b.*|(?:author|subject)s?['’]? index\b.*|(?:new )?names (?:published|proposed|in this)\b.*|(?:.{0,60} )?in this issue",
    r"(?:outstanding |thanks? (?:you )?to (?:our )?)?(?:peer )?(?:reviewers?|referees)(?: list)?(?: (?:for|of|in) .{1,60} \d{4}| \d{4}| acknowledg\w+)?",
    # other writing
    r"(?:guest[- ])?editorials?(?: material)?(?:\s*[:：.–—-].*)?|vorwort|éditorial(?: .*)?|foreword(?:[ :].*)?|preface(?::.*)?",
    r"(?:(?:letter|message|note) )?from the (?:guest )?(?:editors?|president|chair)\b.*",
    r"(?:.* \[)?(?:president|chair|editor)s?['’]s? (?:message|corner|column|letter|desk|report|note|choice|picks?)\]?(?:\s*[:.,–—-].*)?",
    r"(?:book|media|film)s?[- ](?:reviews?|received|notes?)\b.*|.*\bISBN\b.*|.*\b\d{2,4}\s?pp\b.*|introduction to the (?:special|themed)\b.*",
    r"news(?:[- ](?:and|&)[- ](?:views|notes|events))?(?:\s*[:–—-].*)?|news[- ](?:briefs?|focus|feature|item|article)(?:\s*[:–—-].*)?|society news\b.*|förenings\w+",
    r"obituar(?:y|ies)(?:\s*[:,–—-].*)?|in memoriam\b.*|biography|portrait|interview|podcast|video|webcast|newspaper article|career(?:s|[- ]\w+)?",
    r"correspondence|comment|(?:research[- ])?(?:highlights?|briefings?)|calendar(?: of events)?|advertis(?:ement|ing)s?\b.*",
    r"(?:conference |meeting )?announcements?(?:\s*[:–—-].*)?|(?:.{0,90}[:–—-] )?call for (?:papers|applications|proposals|nominations)\b.*",
    r"(?:jobs?|vacanc(?:y|ies)|positions?)(?: (?:offers?|openings?|available))?(?:\s*:.*)?",
    r"(?:open |vacant )?(?:post-?doc\w*|ph\.?d\.?|faculty|tenure-track)(?: research)? (?:position|opening|vacancy)(?: (?:in|at|on|for|available)\b.*)?",
)
_NO_PAPER = re.compile(rf"(?:{'|'.join(_NO_PAPERS)})\.?", re.IGNORECASE)
_LONGEST_TITLE = 1_000  # characters in which a mark of what is no paper is looked for
_MAGAZINE_DOI = re.compile(r"10\.1038/d\d")  # news and comment of Nature

# what stands around a title: `[ASAP] `, `[Articles] `, `Research Article: `, `[hal-04412345] `, `Sensors, Vol. 24, Pages 1: `
_SECTION = re.compile(
    r"\[(?P<bracket>(?=[^\[\]]{4,40}\])(?:[A-Z][a-z]+|ASAP)(?:[ /-](?:[A-Z]?[a-z]+|&))*)\]\s+(?=\S)"
    r"|(?P<colon>(?i:(?:(?:original|research|full|review|short|regular|invited) )?(?:articles?|papers?|communications?))):\s+(?=\S)"
)
_BEFORE = re.compile(r"\A(?:\[[a-z]{2,12}-\d{5,}(?:v\d+)?\]\s+|[^,:]{2,80}, Vol\. \d+, Pages? [\w–-]+: (?=\S))")
_AFTER = re.compile(r"\s*\[version \d[^\[\]]*\]$")


@dataclass(slots=True, kw_only=True)
class Work:
    """One entry of a feed, or one record. Texts may have markup and line ends."""

    title: str = ""
    doi: str | None = None
    arxiv_id: str | None = None  # an id or an address
    people: list[str] = field(default_factory=list)  # texts with one name each, or one text with all names
    date: str = ""  # the day of publication, as far as it is known
    abstract: str = ""
    venue: str = ""
    url: str = ""
    kinds: list[str] = field(default_factory=list)  # what it is, in the words of its source: "Editorial"
    is_paper: bool = True  # False: the reader knows that it is none
    version: int | None = None
    summaries: tuple[Summary, ...] = ()


def add_works(found: Found, records: Iterable[Item], work_of: Callable[[Item], Work]) -> None:
    """Adds the papers among the works of some records.

    Their day is the newest on which one was published, if one has a day.
    """

    def paper_of(record: Item) -> Paper | None:
        return _paper_of(work_of(record), found)

    found.is_feed = True
    found.add(records, paper_of)
    days = [date.fromisoformat(one.published) for one in found.papers if len(one.published) == len("2026-01-01")]
    found.day = max(days, default=found.day)


def _paper_of(work: Work, found: Found) -> Paper | None:
    """Returns the paper of a work; None if it is none."""
    in_title, title = arxiv.split_title(markup.plain(work.title))
    section, title = _split_section(title)
    is_journal = bool(title) and title == venue_of(work.venue)
    is_empty = not any((title, work.doi, work.arxiv_id, work.abstract))
    if is_journal or is_empty or not work.is_paper or is_no_paper(title, [*work.kinds, section], work.doi):
        found.warnings["not_papers"] += 1
        return None
    people, left_out = names.names_of(work.people)
    if left_out:
        found.warnings["authors_not_shown"] += 1
    address = arxiv.arxiv_address(work.doi) if work.doi and _ARXIV_DOI.fullmatch(work.doi) else None
    arxiv_id, version = address or arxiv.arxiv_address(work.arxiv_id or "") or (None, work.version)
    before_text, text = arxiv.split_announcement(work.abstract)
    announcement = before_text or in_title
    lines = markup.lines(markup.with_spaced_headings(markup.without_references(text).strip()))
    abstract = _ABSTRACT.sub("", "\n".join(lines)).replace("\n", " ")
    return Paper(
        key="",
        title=title,
        abstract="" if _NO_ABSTRACT.fullmatch(abstract) else abstract,
        authors=people,
        categories=(arxiv.categories_of(work.kinds) or (in_title.categories if in_title else ())) if arxiv_id else (),
        arxiv_id=arxiv_id,
        doi=work.doi,
        version=version or (announcement.version if announcement and announcement.arxiv_id == arxiv_id else None),
        url=scalars.collapse(work.url).replace(" ", "%20"),
        announce_type=announcement.kind if announcement else None,
        venue=venue_of(work.venue),
        published=work.date,
        summaries=work.summaries,
    )


def is_page_of_paper(address: str) -> bool:
    """Returns whether an address looks like that of a paper's page."""
    return bool(_PAGE_OF_PAPER.search(address))


def is_no_paper(title: str, kinds: Iterable[str], doi: str | None) -> bool:
    """Returns whether a title, kinds or a DOI say that a work is a correction, news, or a part of an issue."""
    said = [title[:_LONGEST_TITLE], *map(scalars.collapse, kinds)]
    return bool(_MAGAZINE_DOI.match(doi or "")) or any(map(_NO_PAPER.fullmatch, said))


def _split_section(title: str) -> tuple[str, str]:
    """Returns (section, title) of a title, without what its journal puts around it.

    The section of the journal stands before some titles; it is "" for others.
    """
    title = _BEFORE.sub("", _AFTER.sub("", title))
    found = _SECTION.match(title)
    if not found:
        return "", title
    return found["bracket"] or found["colon"], title[found.end() :]


def without_period(title: str) -> str:
    """Returns a title of PubMed without the full stop at its end and without the brackets around a translation."""
    title = markup.plain(title)
    if title.endswith(".") and not title.endswith(".."):
        title = title[:-1].rstrip()
    is_translated = title.startswith("[") and title.endswith("]") and "]" not in title[:-1]
    return title[1:-1].removesuffix(".") if is_translated else title


def venue_of(text: str) -> str:
    """Returns the name of a journal in a text that may go on with volume, issue and year."""
    name = markup.plain(text)
    if "://" in name:
        return ""
    short = _VENUE_TAIL.sub("", name).strip(" ,;:") or name
    return short if short.count(".") > 1 else short.removesuffix(".")  # in the former, words are shortened
