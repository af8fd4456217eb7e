"""What an entry of a document says becomes a paper: its key, texts that can be stored, no failed summary, no news.

Records with the same key are the same paper (docs/formats.md). A work is an entry of a journal's feed, or a record of a
database.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace
from datetime import date
from typing import TypeVar

from bot.digests import arxiv, markup, names, scalars
from bot.digests.files import check_entries, without_controls
from bot.digests.scalars import collapse, first_of, language_of
from bot.log import error_location
from subscriptions.errors import PaperwireError
from subscriptions.identity import numbers_in, paper_key, version_of, versioned
from subscriptions.life import Event, Mark
from subscriptions.model import Paper, Summary, Translation
from subscriptions.text.statements import LEADING, states_nothing, summary_state

Item = TypeVar("Item")

TITLE = 2_000  # characters
TEXT = 20_000  # characters of an abstract, of its translation, of a field of a summary
COMMENT = 5_000
NAME = 500  # of an author, of a venue
ADDRESS = 2_000
DOI = 300
CATEGORIES = 200
LANGUAGES = 20

_WEB_ADDRESS = re.compile(r"https?://[^\s<>\"]+")

FIELDS = (
    *LEADING, "motivation", "method", "result", "conclusion", "keywords", "ai_comments", "ai_abstract", "related_work",
    "potential_applications", "future_work", "conclusion_translation",
)  # fmt: skip
"""Names of all fields of a summary."""

_SECOND_LANGUAGE = "<br/>**VN**:"  # one fork writes each field in English, then in Vietnamese
_NO_SUMMARY = ("failed", "placeholder", "empty")
_LONG = 40  # bytes; two papers do not have so long a text in common, but they may both have "It works."
_SEVERAL = 3  # papers of which a short text is the summary in short
_ALL_ALIKE = 3  # fields of one paper; a text that all of them share is no summary
_ERROR = re.compile(  # the beginning of an error; a summary begins so only if its paper is about the same thing
    r"(?P<of>error)(?![a-z-])|.{0,20}(?<![a-z])(?P<of_api>api).{0,6}(?:配额|额度|限额|quota|limit)"
    r"|.{0,20}(?<![a-z])(?P<of_quota>quota) (?:is |was )?(?:exceeded|used up)",
    re.IGNORECASE,
)

CHAT_TEXTS = ("translated_title", "title", "link", "tldr", "english_tldr", "translated_abstract", "abstract")
"""Of a paper of cn-chat-arxiv, in the order of all its forms: what `chat_paper` takes."""

_ABSTRACT = re.compile(  # a heading; `Abstract interpretation is …` begins with none
    r"\A(?i:abstract|summary|résumé|resumen|resumo|zusammenfassung)(?:\s*[:.—–]\s*|\n|\s+(?=[^\sa-zß-ÿ]))"
)
_NO_ABSTRACT = re.compile(
    r"(?:none|null|abstract|n\.?/?a)\.?|an abstract is not available for this content.*", re.IGNORECASE
)
_VENUE_TAIL = re.compile(  # volume, issue and year after the name of a journal
    r"(?<![\s,;:])[\s,;:]++(?:第\s?\d|\d{4}年|Vol(?:ume)?\b\.?|Issue\b|Early ?View\b|Ahead of Print\b|\(|\d+(?!\w)).*$",
    re.IGNORECASE,
)

_PAGE_OF_PAPER = re.compile(  # a part of an address that shows a paper
    r"abstract_?id=|/doi/|/abs/|/abstract|/articles?[/?.]|/papers?/|/fulltext|/document/|/preprints?/|/pdf\b|\.pdf\b|/kcms|/hal-\d|/stable/\d"
    r"|scholar\.google|ncbi\.nlm|openreview|ingentaconnect|philpapers\.org/rec|sci_arttext|RePEc:",
    re.IGNORECASE,
)
_PAGE = re.compile(r"https?://[^/]+/[^/]")  # an address that is not only a site's
_BEHIND = r"(?:\s*[:：.\]].*|\s+[-–—]\s.*)?"
_CORRECTION = "corrigend(?:um|a)|errat(?:um|a)|addend(?:um|a)|corrections?|retract(?:ions?|ed)"
_NO_PAPERS = (  # a title, or what a source calls a work, is no paper if one of these matches all of it
    # corrections
    rf"(?:(?:author|partial|publisher|editorial|published)(?:['’]?s)?[ -]+)?(?:{_CORRECTION}|withdrawn|removed){_BEHIND}|withdrawal|removal",
    r"(?:corrigend(?:um|a)|errat(?:um|a)|addend(?:um|a)|(?:editorial )?expressions?[ _]of[ _]concern)\b(?!-\w|\sof\s).*",
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
    # notices of a service
    r"notices?(?:\s*[:–—-].*| (?:to|for) (?:all |our )?(?:authors|contributors|members|readers|subscribers|users)\b.*)?|(?:we are|we['’]re|we have|we['’]ve|our \w+ (?:is|has|are)) (?:mov\w+|migrat\w+|updat\w+|upgrad\w+)\b.*",
    r"(?:(?:important|service|system|technical|urgent|website|site|platform|maintenance|rss|feed) )+(?:notices?|notifications?|announcements?|alerts?|outages?|interruptions?|disruptions?|downtime|maintenance)\b(?:\s*[:–—-].*)?",
    r"(?:(?:this|our|the|your|.{1,60}) )?(?:(?:rss|atom|web) )?(?:feed|website|web site)s? (?:has|have|is|are|was|were|will)(?: (?:be|been|being|now|no|soon|temporarily|currently))* (?:moved|moving|clos\w+|discontinu\w+|retir\w+|chang\w+|down|unavailable|longer|migrat\w+|replaced|end\w*|suspended)\b.*",
    r"(?:scheduled|planned|upcoming|system|website|site) (?:\w+ )?(?:maintenance|downtime|outages?)(?: (?:on|at|from|this|in) .*)?|please (?:update|change|subscribe)\b.{0,60}\b(?:feed|reader|bookmark|subscription|link)s?\b.*|.{1,60} (?:has|have) a new (?:website|web site|home ?page|platform|feed)\b.*",
    r"(?:jobs?|vacanc(?:y|ies)|positions?)(?: (?:offers?|openings?|available))?(?:\s*:.*)?",
    r"(?:open |vacant )?(?:post-?doc\w*|ph\.?d\.?|faculty|tenure-track)(?: research)? (?:position|opening|vacancy)(?: (?:in|at|on|for|available)\b.*)?",
)
_NO_PAPER = re.compile(rf"(?:{'|'.join(_NO_PAPERS)})\.?", re.IGNORECASE)
_RESEARCH = re.compile(  # what a source calls a work of research
    r"(?:original|research|full|regular|short|review|brief|rapid)(?:[ -](?:research|length|original))?[ -](?:articles?|papers?|communications?|reports?)"
    r"|original research|journal article|(?:new|confirmatory|contradictory) results",
    re.IGNORECASE,
)
_ARTICLE = re.compile(r"(?:journal-)?article", re.IGNORECASE)  # what Crossref and OpenAlex call most works
_GONE = re.compile(r"retract|withdraw|removed", re.IGNORECASE)
_CORRECTS = re.compile(
    r"\W*(?:this|the|an?|in)\b.{0,80}?\b(?:correct|corrig|errat|addend|retract|withdr)\w*", re.IGNORECASE
)
_MOST_KINDS = 100  # of a work that are looked at
_LONGEST_TITLE = 1_000  # characters in which a mark of what is no paper is looked for
# what publishers and servers write before the title of a work that is retracted or withdrawn
_TITLE_OF_GONE = re.compile(
    r"\W{0,2}(?:(?P<withdrawn>withdrawn|removed)|retracted)(?: (?:article|chapter|paper|manuscript))?\s?[:：.\])–—-]+\s*(?=\S)",
    re.IGNORECASE,
)
_MOST_RELATED = 20  # records and notices to which a work is related
_GONE_FOR_GOOD = (Event.RETRACTED, Event.WITHDRAWN)
_MAGAZINE_DOI = re.compile(r"10\.1038/d\d")  # news and comment of Nature

# what pages write around a title: `[ASAP] `, `[Articles] `, `Research Article: `, `[hal-04412345] `, `Sensors, Vol. 24, Pages 1: `
_SECTION = re.compile(
    r"\[(?P<bracket>(?=[^\[\]]{4,40}\])(?:[A-Z][a-z]+|ASAP)(?:[ /-](?:[A-Z]?[a-z]+|&))*)\]\s+(?=\S)"
    r"|(?P<colon>(?i:(?:(?:original|research|full|review|short|regular|invited) )?(?:articles?|papers?|communications?))):\s+(?=\S)"
)
_BEFORE = re.compile(r"\A(?:\[[a-z]{2,12}-\d{5,}(?:v\d+)?\]\s+|[^,:]{2,80}, Vol\. \d+, Pages? [\w–-]+: (?=\S))")
_AFTER = re.compile(r"\s*\[version \d[^\[\]]*\]$")


@dataclass(slots=True)
class Found:
    """What a reader makes of a document: its papers in order, with all copies, and what else it says."""

    format: str  # a name of FORMATS
    papers: list[Paper] = field(default_factory=list)
    day: date | None = None  # the day that the document itself contains
    declared: Mapping[str, int] | None = None  # category → number of papers, as the document itself states it
    announced: int | None = None  # how many papers the document says that it has; None: it says nothing
    is_feed: bool = False  # it shows papers of many days, and its day is that of the newest
    error: str = ""  # what its source reports instead of papers
    mistake: str = ""  # where paperwire itself failed at an entry
    warnings: Counter[str] = field(default_factory=Counter)  # code → number of cases
    marks: list[Mark] = field(default_factory=list)  # what records say of papers that may be known

    def add(self, items: Iterable[Item], paper_of: Callable[[Item], Paper | None]) -> None:
        """Add the paper of each item.

        An item at which `paper_of` fails is refused with a warning; all others are read.

        So one bad entry never loses the entries beside it. Every reader adds its papers with this method. `paper_of`
        returns a paper without a key, or None if the item is no paper. Raise BrokenDigest after MOST_ENTRIES items, and
        if `paper_of` raises it.
        """
        for number, item in enumerate(items, 1):
            check_entries(number)
            try:
                paper = paper_of(item)
                finished = _finished(paper, self.warnings) if paper else None
            except PaperwireError:
                raise
            except Exception as error:  # noqa: BLE001 - a text that nobody foresaw may cause any error
                self.mistake = error_location(error)
                self.warnings["refused_entries"] += 1
            else:
                if finished:
                    self.papers.append(finished)

    def leave_out_failures(self) -> None:
        """Leave out the errors that a generator wrote where it had no summary, and count them.

        An error is known by its words, or because it is below several papers that have nothing to do with one
        another. A paper that loses its summary in short is marked as failed.
        """
        below: defaultdict[str, set[str]] = defaultdict(set)  # a text → the abstracts of the papers that have it
        leads: defaultdict[str, set[str]] = defaultdict(set)  # the same for summaries in short
        for paper in {paper.key: paper for paper in reversed(self.papers)}.values():  # the first copy of each
            own = paper.abstract or paper.title
            for text in _texts(paper):
                below[text].add(own)
            for text in _leading(paper):
                leads[text].add(own)
        refused = {text for text, own in below.items() if len(own) > 1 and len(text.encode()) >= _LONG}
        refused |= {text for text, own in leads.items() if len(own) >= _SEVERAL}
        self.papers = [_without(paper, refused) for paper in self.papers]
        self.warnings["repeated_texts"] = len(refused)


def _finished(paper: Paper, warnings: Counter[str]) -> Paper | None:
    """Return a paper with its key and address, with what arXiv's announcement says, and with texts that can be stored.

    None if nothing identifies it.
    """
    before = warnings["long_fields"]

    def fit(text: str, most: int) -> str:
        text, controls = without_controls(text)
        warnings["control_characters"] += controls
        text = collapse(text)
        if len(text) > most:
            warnings["long_fields"] = before + 1
        return text[:most].rstrip()

    title, abstract = _stated(fit(paper.title, TITLE)), _meaningful(fit(paper.abstract, TEXT))
    announced, title, abstract = arxiv.split_announcement(title, abstract)
    arxiv_id, version = paper.arxiv_id or announced.arxiv_id, paper.version
    if announced.arxiv_id == arxiv_id:
        version = announced.version or version
    elif announced.arxiv_id:
        warnings["id_mismatch"] += 1
    doi = paper.doi if paper.doi and len(paper.doi) <= DOI else None
    key = paper_key(arxiv_id=arxiv_id, doi=doi, title=title, abstract=abstract)
    if not key:
        return None
    warnings["entry_without_title"] += not title
    if len(paper.authors) >= names.MOST_AUTHORS:
        warnings["long_fields"] = before + 1
    pages = [paper.url or "", f"https://doi.org/{doi}" if doi else ""]
    if arxiv_id:
        pages = [f"https://arxiv.org/abs/{arxiv_id}"]
    categories = arxiv.categories_of(paper.categories or announced.categories)[:CATEGORIES]
    return replace(
        paper,
        key=key,
        title=title,
        abstract=abstract,
        authors=tuple(filter(_stated, [fit(name, NAME) for name in paper.authors])),
        categories=categories,
        primary=next(iter(categories), None),
        arxiv_id=arxiv_id,
        version=version,
        doi=doi,
        url=next((page for page in pages if len(page) <= ADDRESS and _WEB_ADDRESS.fullmatch(page)), None),
        announce_type=paper.announce_type or announced.announce_type,
        summaries=tuple(
            replace(one, fields={name: fit(text, TEXT) for name, text in one.fields.items()})
            for one in paper.summaries[:LANGUAGES]
        ),
        translations=tuple(
            replace(one, title=fit(one.title, TITLE), abstract=fit(one.abstract, TEXT))
            for one in paper.translations[:LANGUAGES]
        ),
        comment=_meaningful(fit(paper.comment, COMMENT)),
        venue=_stated(fit(paper.venue, NAME)),
    )


def _stated(text: str) -> str:
    return "" if states_nothing(text) else text


def _meaningful(text: str) -> str:
    """Return the text; "" if it is `N/A`, the message of a failure, or a placeholder."""
    return text if summary_state(text) == "ok" else ""


def is_failed(texts: Mapping[str, str]) -> bool:
    """Return whether a summary failed, by its first field (tldr or task). Without one, it did not."""
    first = next((texts[name] for name in LEADING if name in texts), "N/A")
    return summary_state(first) in _NO_SUMMARY or (_are_all_alike(texts) and bool(_meaningful(first)))


def _are_all_alike(texts: Mapping[str, str]) -> bool:
    return len(texts) >= _ALL_ALIKE and len(set(map(str.strip, texts.values()))) == 1


def summaries_of(texts: Mapping[str, str], language: str | None) -> tuple[Summary, ...]:
    """Return the summary of all fields with content, and a second one if the fields hold a second language."""
    fields = {} if _are_all_alike(texts) else {name: text.strip() for name, text in texts.items() if _meaningful(text)}
    language = language or language_of(*fields.values())
    halves = {name: text.partition(_SECOND_LANGUAGE) for name, text in fields.items()}
    first = {name: half.strip() for name, (half, _, _) in halves.items() if half.strip()}
    second = {name: half.strip() for name, (_, _, half) in halves.items() if half.strip()}
    both = (Summary(language=language, fields=first), Summary(language="vi", fields=second))
    return tuple(summary for summary in both if summary.fields)


def translations_of(title: str, abstract: str, language: str | None) -> tuple[Translation, ...]:
    """Return the translation of a title, an abstract or both; () if both are without content."""
    title, abstract = _meaningful(title.strip()), _meaningful(abstract.strip())
    if not title and not abstract:
        return ()
    return (Translation(language=language or language_of(title, abstract), title=title, abstract=abstract),)


def _texts(paper: Paper) -> list[str]:
    texts = [text for summary in paper.summaries for text in summary.fields.values()]
    return texts + [text for one in paper.translations for text in (one.title, one.abstract) if text]


def _leading(paper: Paper) -> list[str]:
    return [summary.fields[name] for summary in paper.summaries for name in LEADING if name in summary.fields]


def _without(paper: Paper, refused: AbstractSet[str]) -> Paper:
    """Return a paper without these texts, and without those that begin like an error, unless it is about errors."""
    about = f"{paper.title} {paper.abstract}".lower()
    errors = {
        text for text in _texts(paper) if text in refused or _is_error(text, about, has_abstract=bool(paper.abstract))
    }
    if not errors:
        return paper
    summaries = [
        replace(one, fields={name: text for name, text in one.fields.items() if text not in errors})
        for one in paper.summaries
    ]
    translations = [
        replace(
            one, title="" if one.title in errors else one.title, abstract="" if one.abstract in errors else one.abstract
        )
        for one in paper.translations
    ]
    made = replace(
        paper,
        summaries=tuple(one for one in summaries if one.fields),
        translations=tuple(one for one in translations if one.title or one.abstract),
    )
    return replace(made, failed=paper.failed or (bool(_leading(paper)) and not _leading(made)))


def _is_error(text: str, about: str, *, has_abstract: bool) -> bool:
    """Return whether a text begins like an error, of which its paper does not treat."""
    found = _ERROR.match(text)
    if not found or not found.lastgroup:
        return False
    is_about = re.search(rf"(?<![a-z]){found[found.lastgroup].lower()}", about)
    return not is_about and (has_abstract or found.lastgroup != "of")


def paper_at(*addresses: str) -> Paper:
    """Return a paper, without its key, that has only what some ids and addresses of it tell."""
    known = list(filter(None, map(arxiv.arxiv_address, addresses)))
    arxiv_id = known[0][0] if known else None
    version = next((version for other, version in known if other == arxiv_id and version), None)
    pages = [collapse(one).replace(" ", "%20") for one in addresses]
    return Paper(
        key="",
        arxiv_id=arxiv_id,
        version=version or first_of(scalars.version_in_address, addresses),
        doi=None if arxiv_id else first_of(scalars.doi_in_address, addresses),
        url=next((page for page in pages if page.startswith("http")), None),
    )


def chat_paper(texts: Mapping[str, str], language: str | None) -> Paper:
    """Return the paper of some of CHAT_TEXTS, without its key. They are English unless their names say otherwise.

    The `tldr` is in the language of the translation. Until 2024 arXiv's announcement stood at the end of the title,
    since then at the beginning of the abstract.
    """
    tldr, title = texts.get("tldr"), texts.get("translated_title", "")
    abstract = arxiv.TRANSLATED_ANNOUNCEMENT.sub("", texts.get("translated_abstract", ""))
    language = language or language_of(tldr or "", title, abstract)
    own = summaries_of({"tldr": tldr or ""}, language)
    english = summaries_of({"tldr": texts.get("english_tldr", "")}, "en") if language != "en" or not own else ()
    return replace(
        paper_at(texts.get("link", "")),
        title=texts.get("title", ""),
        abstract=texts.get("abstract", ""),
        summaries=(*own, *english),
        translations=translations_of(title, abstract, language),
        failed=tldr is not None and is_failed({"tldr": tldr}),
    )


@dataclass(slots=True, kw_only=True)
class Work:
    """One entry of a feed, or one record. Texts may have markup and line ends."""

    title: str = ""
    doi: str | None = None
    people: list[str] = field(default_factory=list)  # texts with one name each, or one text with all names
    date: str = ""  # the day of publication, as far as it is known
    abstract: str = ""
    venue: str = ""
    links: list[str] = field(default_factory=list)  # ids and addresses, of its own page first
    kinds: list[str] = field(
        default_factory=list
    )  # what it is, in the words of its source: "Editorial"; at arXiv its categories
    is_paper: bool = True  # False: the reader knows that it is none
    version: int | None = None
    entry: str = ""  # what its feed calls it, such as a guid
    same: list[str] = field(default_factory=list)  # ids and addresses of other records of the work
    article: str = ""  # the one of them that is the article of this preprint
    notices: list[Mark] = field(default_factory=list)  # what notices say about this work, whose keys they lack
    marks: list[Mark] = field(default_factory=list)  # what this record, as a notice, says about other works
    summaries: tuple[Summary, ...] = ()


def add_works(found: Found, records: Iterable[Item], work_of: Callable[[Item], Work]) -> None:
    """Add the papers among the works of some records, those with several versions in the highest one.

    Their day is the newest on which one was published, if one has a day.
    """

    def paper_of(record: Item) -> Paper | None:
        return _paper_of(work_of(record), found)

    found.is_feed = True
    found.add(records, paper_of)
    newest: dict[str, Paper] = {}
    for one in found.papers:
        if one.key not in newest or (one.version or 0) > (newest[one.key].version or 0):
            newest[one.key] = one
    found.papers = [newest[one.key] if newest[one.key].version else one for one in found.papers]
    days = [date.fromisoformat(one.published) for one in found.papers if len(one.published) == len("2026-01-01")]
    found.day = max(days, default=found.day)


def _paper_of(work: Work, found: Found) -> Paper | None:
    """Return the paper of a work; None if it is none: a correction, news, a part of an issue."""
    title = _stated(_BEFORE.sub("", _AFTER.sub("", markup.plain(work.title))))
    kinds = list(map(collapse, work.kinds[:_MOST_KINDS]))
    if section := _SECTION.match(title):
        kinds.append(section["bracket"] or section["colon"])
        title = title[section.end() :]
    venue = venue_of(work.venue)
    paper = paper_at(work.doi or "", *work.links)
    own, gone = keys_of(work.doi or "", *work.links), _TITLE_OF_GONE.match(title)
    if gone and not work.marks and not any(one.event in _GONE_FOR_GOOD for one in work.notices):
        event = (
            Event.WITHDRAWN if gone["withdrawn"] else Event.RETRACTED
        )  # notices of some publishers have such titles, too
        work.notices.append(Mark(keys=(), event=event, version=work.version))
    found.marks += [replace(one, keys=own) for one in work.notices[:_MOST_RELATED] if own]
    found.marks += [one for one in work.marks[:_MOST_RELATED] if one.keys and own and not {*one.keys} & {*own}]
    says_gone = bool(gone) or any(one.event in _GONE_FOR_GOOD for one in work.notices)
    is_nothing = not any((title, work.doi, paper.arxiv_id, work.abstract)) or (title and title == venue)
    says_no = bool(_MAGAZINE_DOI.match(work.doi or "")) or any(map(_NO_PAPER.fullmatch, kinds))
    if _NO_PAPER.fullmatch(title[:_LONGEST_TITLE]):
        says_no = says_no or not _is_research(title, kinds, work)
    if is_nothing or says_no or says_gone or not work.is_paper:
        found.warnings["not_papers"] += 1
        return None
    doi = work.doi or paper.doi
    people, left_out = names.names_of(work.people)
    found.warnings["authors_not_shown"] += left_out
    abstract = _ABSTRACT.sub("", "\n".join(markup.lines(work.abstract))).replace("\n", " ")
    return replace(
        paper,
        title=title,
        abstract="" if _NO_ABSTRACT.fullmatch(abstract) else abstract,
        authors=people,
        categories=tuple(work.kinds) if paper.arxiv_id else (),
        doi=doi,
        version=work.version or paper.version or version_of(doi or ""),
        entry=work.entry or (paper.url if paper.url and _PAGE.match(paper.url) else ""),
        same=tuple(key for key in keys_of(*work.same) if key not in keys_of(doi or ""))[:_MOST_RELATED],
        article=next(iter(keys_of(work.article)), "").removeprefix("doi:"),
        venue=venue,
        published=work.date,
        summaries=work.summaries,
    )


def _is_research(title: str, kinds: list[str], work: Work) -> bool:
    """Return whether a source says that a work is a research article, although its title is like that of no paper."""
    if (
        not (work.people and work.abstract)
        or _GONE.search(title)
        or _CORRECTS.match(markup.plain(work.abstract[:TEXT]))
    ):
        return False
    return any(map(_RESEARCH.fullmatch, kinds)) or (" " not in title and any(map(_ARTICLE.fullmatch, kinds)))


def keys_of(*names: str) -> tuple[str, ...]:
    """Return the keys of the records that ids and addresses name, each once; those of no record are left out."""
    keys = []
    for name in names:
        paper = paper_at(name)
        doi = None if paper.arxiv_id else scalars.doi_in_field(name) or paper.doi
        keys += [paper.arxiv_id or "", f"doi:{versioned(doi).doi}" if doi else ""]
        keys += [f"{kind}:{number}" for kind, number in numbers_in(name).items() if kind == "pmid"]
    return tuple(dict.fromkeys(key for key in keys if key and len(key) <= len("doi:") + DOI))


def is_page_of_paper(address: str) -> bool:
    """Return whether an address looks like that of a paper's page."""
    return bool(_PAGE_OF_PAPER.search(address))


def title_of_pubmed(title: str, vernacular: str = "") -> str:
    """Return a title of PubMed without the full stop at its end and the brackets around a translation.

    Where PubMed has no translation, it writes "[Not Available]." beside the title in the language of the work.
    """
    plain = markup.plain(title)
    if plain.endswith(".") and not plain.endswith(".."):
        plain = plain[:-1].rstrip()
    if plain.startswith("[") and plain.endswith("]") and "]" not in plain[:-1]:
        plain = plain[1:-1].removesuffix(".")
    return _stated(plain) or (title_of_pubmed(vernacular) if vernacular else "")


def venue_of(text: str) -> str:
    """Return the name of a journal in a text that may go on with volume, issue and year."""
    name = markup.plain(text)
    if "://" in name:
        return ""
    short = _VENUE_TAIL.sub("", name).strip(" ,;:") or name
    return short if short.count(".") > 1 else short.removesuffix(".")  # in the former, words are shortened
