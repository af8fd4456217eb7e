"""What feeds of journals and records of databases share: how a work is described, and which works are papers.

A reader makes a `Work` of each entry, with texts as they are written there. `content_of` makes papers of works. It reads
names and dates, cleans texts, leaves out what is no paper, and counts what it left out.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from urllib.parse import unquote

from bot.digests import _format, _markup, _papers
from bot.digests._format import Content, Entry, Warnings, collapse
from subscriptions.model import Paper, Summary


@dataclass(slots=True, kw_only=True)
class Work:
    """One entry of a feed, or one record. Texts may have markup and line ends."""

    line: int
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


# --------------------------------------------------------------------------------------------------------------- DOIs


_DOI = re.compile(r"10\.\d{4,9}(?:\.\d{1,9}){0,3}/\S*[^\s.,;]")
_BEFORE_DOI = re.compile(r"\s*(?:https?://(?:dx\.)?doi\.org/|info:doi/|doi:\s*)*", re.IGNORECASE)
_DOI_IN_ADDRESS = re.compile(r"10\.\d{4,9}(?:\.\d{1,9}){0,3}(?:/|%2F)[^\s?&#\"<>]*[^\s?&#\"<>.,;/]", re.IGNORECASE)
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
_ARXIV_DOI = re.compile(r"10\.48550/arxiv\.\S+", re.IGNORECASE)


def doi_in_field(text: str) -> str | None:
    """Returns the DOI that a field holds, in lower case, without `doi:` or the address of a resolver; None for other text."""
    value = text[_BEFORE_DOI.match(text).end() :].strip()  # type: ignore[union-attr]  # matches always
    found = _DOI.fullmatch(unquote(value) if "/" not in value else value)
    return found[0].lower() if found else None


def doi_in_address(address: str) -> str | None:
    """Returns the DOI in the address of a page, in lower case, without what stands behind it; None if there is none."""
    found = _DOI_IN_ADDRESS.search(address)
    if not found:
        return None
    doi = _PAGE_OF_DOI.sub("", unquote(found[0])).lower()
    versioned = _VERSION.match(doi)
    return versioned["doi"] if versioned else doi


def version_in_address(address: str) -> int | None:
    """Returns the version of a preprint in the address of its page; None if there is none."""
    found = _VERSION.search(address)
    return _papers.version_number(found["version"]) if found else None


def doi_in_line(line: str) -> str | None:
    """Returns the DOI after the label "DOI" in a line of text, in lower case; None if there is none."""
    found = _LABELLED_DOI.search(line)
    return doi_in_field(found["doi"]) if found else None


# -------------------------------------------------------------------------------------------------------------- dates


_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_NUMBERS = re.compile(r"\s*(?P<year>\d{4})(?:[-/.](?P<month>\d{1,2})(?:[-/.](?P<day>\d{1,2}))?)?(?![\d])")
_YEAR = re.compile(r"(?<!\d)(?P<year>1[5-9]\d\d|20\d\d)(?!\d)")
_MONTH = re.compile(
    rf"(?:(?<!\d)(?P<before>\d{{1,2}})(?:st|nd|rd|th)?[\s-]+)?\b(?P<month>{'|'.join(_MONTHS)})[a-z]*\.?"
    r"(?:\s+(?P<after>\d{1,2})(?:st|nd|rd|th)?(?![\d:]))?",
    re.IGNORECASE,
)


def date_of(text: str) -> str:
    """Returns the date in a text, as far as it is given: "2026-03-05", "2026-03" or "2026"; "" without a year.

    Reads ISO 8601, RFC 822 and words: `March 2026`, `5 March 2026`, `2026 Mar 5`, `1988 Nov-Dec`. The day is the one that
    is written there, in its own zone.
    """
    numbers = _NUMBERS.match(text)
    if numbers and numbers["month"]:
        return date_from(numbers["year"], numbers["month"], numbers["day"] or "")
    year, month = _YEAR.search(text), _MONTH.search(text)
    if not year:
        return ""
    if not month:
        return year["year"]
    return date_from(year["year"], month["month"], month["before"] or month["after"] or "")


def day_of(text: str) -> date | None:
    """Returns the day in a text; None unless year, month and day are given."""
    written = date_of(text)
    return date.fromisoformat(written) if len(written) == len("2026-01-01") else None


def date_from(year: str, month: str = "", day: str = "") -> str:
    """Returns the date of a year, a month (a number or a name) and a day, as far as they are valid."""
    found = _YEAR.fullmatch(year.strip())
    if not found:
        return ""
    name = month.strip()[:3].lower()
    number = _MONTHS.index(name) + 1 if name in _MONTHS else int(month) if month.strip().isdecimal() else 0
    if not 1 <= number <= 12:  # noqa: PLR2004  months
        return found["year"]
    try:
        return date(int(found["year"]), number, int(day)).isoformat()
    except ValueError:
        return f"{found['year']}-{number:02}"


# ------------------------------------------------------------------------------------------------------------ authors


_ET_AL = re.compile(r"[,;]?\s*(?:\bet al\b\.?|…|\.\.\.)[\s.,;]*$", re.IGNORECASE)
_BEFORE_NAMES = re.compile(r"\s*(?:by\s+|authors?(?:\(s\))?\s*:\s*)", re.IGNORECASE)
_MAIL = re.compile(r"[^\s@]{1,64}@[^\s@()]{1,255}(?:\s{0,5}\((?P<name>[^()]{1,500})\))?")
_INITIALS = re.compile(r"(?:[^\W\d_a-zß-ÿ]\.?[\s-]?){1,4}")
_PARTICLE = re.compile(r"(?:van|von|de|del|della|der|den|di|da|dos|du|el|la|le|ten|ter|al)\b")
_NAME = re.compile(r"[^\W\d_][^\d@:/?!<>\"“”()]{1,58}")
_ENDS_WITH_DOT = re.compile(r",\s*\w\.$|\b[JS]r\.$")  # `Doe, J.`: any other list ends with a full stop
_LONGEST_NAME = 6  # words


def names_of(people: Sequence[str], *, one_each: bool) -> tuple[tuple[str, ...], bool]:
    """Returns (names, whether some are left out) of the texts with a work's authors.

    `one_each`: each text is one name, so that a comma stands between family and given name.
    """
    names: list[str] = []
    left_out = False
    for text in people:
        whole = collapse(_without_mail(_markup.plain(text)))
        whole = _BEFORE_NAMES.sub("", whole, count=1) if _BEFORE_NAMES.match(whole) else whole
        shown = _ET_AL.sub("", whole)
        left_out = left_out or shown != whole
        names += _names_in(_papers.without_affiliations(shown).strip(" ,;"), one_each=one_each or len(people) > 1)
    return tuple(names), left_out


def _without_mail(text: str) -> str:
    return _MAIL.sub(lambda mail: mail["name"] or "", text) if "@" in text else text


def _names_in(text: str, *, one_each: bool) -> list[str]:
    if text.endswith(".") and text.count(".") == 1 and not _ENDS_WITH_DOT.search(text):
        text = text[:-1]
    if ";" in text:
        return [name for name in map(_papers.decode_accents, text.split(";")) if name]
    parts = [part for part in map(str.strip, text.split(",")) if part]
    if len(parts) < 2 and not one_each:  # noqa: PLR2004
        return list(_papers.split_authors(text))
    if one_each or _is_one_name(parts):
        return [name for name in [_papers.decode_accents(", ".join(parts))] if name]
    if len(parts) % 2 == 0 and all(map(_INITIALS.fullmatch, _without_and(parts[1::2]))):
        pairs = zip(_without_and(parts[::2]), parts[1::2], strict=True)
        return [_papers.decode_accents(f"{family}, {initials}") for family, initials in pairs]
    return list(_papers.split_authors(text))


def _without_and(parts: list[str]) -> list[str]:
    return [re.sub(r"^(?:and|&)\s+", "", part) for part in parts]


def _is_one_name(parts: list[str]) -> bool:
    """Returns whether two parts are a family name and a given name: people who are listed have more than one word each."""
    if len(parts) != 2 or re.search(r"\s(?:and|&)\s", parts[1]):  # noqa: PLR2004
        return False
    return " " not in parts[0] or " " not in parts[1] or bool(_PARTICLE.match(parts[0]))


def is_list_of_names(line: str) -> bool:
    """Returns whether a line of text is a list of names, and nothing else."""
    line = _ET_AL.sub("", line)
    separator = ";" if ";" in line else ","
    parts = [part.strip() for part in re.split(rf"{separator}(?:\s*and\s)?|\sand\s", line)]
    if not parts[-1]:  # a separator at the end
        parts.pop()
    elif len(parts) < 2:  # noqa: PLR2004
        return False
    return bool(parts) and all(map(_is_name, parts))


def _is_name(text: str) -> bool:
    words = text.removeprefix("and ").split()
    if not _NAME.fullmatch(text) or len(words) > _LONGEST_NAME or (text.endswith((".", "?")) and len(words[-1]) > 3):  # noqa: PLR2004
        return False
    if not text[0].isascii() and not text[0].isupper() and not text[0].islower():  # no letter case, as in Chinese
        return len(text) <= 20  # noqa: PLR2004
    if len(words) < 2:  # noqa: PLR2004
        return False
    named = [word for word in words if not _PARTICLE.fullmatch(word.lower())]
    return bool(named) and all(word[0].isupper() or word[0] in "’'" or "-" in word for word in named)


# ---------------------------------------------------------------------------------------------------- what is no paper


_CORRECTION = re.compile(
    r"(?:(?:author|publisher|editorial)['’]?s?\s+)?(?:"
    r"(?:errat(?:um|a)|corrigend(?:um|a)|addend(?:um|a)|expressions? of concern|(?:editorial )?expressions? of concern)\b"
    r"|retraction note\b|retraction notice\b|notice of (?:retraction|correction|withdrawal|removal|redundant publication)\b"
    r"|corrections? and clarifications?\b|publisher['’]s note\b"
    r"|(?:corrections?|retractions?|retracted(?: article)?|retracted and republished|withdrawn|withdrawal(?: notice)?|removal(?: notice)?"
    r"|removed|clarification|fe de errat[ao]s?|rectificati(?:on|f)|berichtigung|rettelse|rättelse)(?:\s*[:：.\]]|\s*$|\s+[-–—]\s)"
    r"|(?:corrections?|retractions?)\s+(?:to|of|for)\s*(?::|[\"“”‘«„]|.{0,80}\bet al\b)|correction\s+to\s+(?-i:[A-Z])"
    r")",
    re.IGNORECASE,
)
_CORRECTED = re.compile(
    r"(?:[-–—:]\s+|[(\[]\s*)(?:author |publisher )?(?:corrigend(?:um|a)|errat(?:um|a)|addend(?:um|a)|corrections?|retractions?|retracted)\s*[)\]]?\.?$",
    re.IGNORECASE,
)
_MATTER = re.compile(
    r"(?:"
    # parts of an issue
    r"issue (?:information|highlights)|(?:table of |volume |annual |yearly )?contents(?: (?:continued|lists?|pages?|index|of volume.*))?"
    r"|(?:graphical (?:abstracts?|contents?))(?: (?:toc|lists?|contents?))?|toc|table of contents\b.*"
    r"|(?:(?:inside|outside|front|back|journal)[\s-]+){0,3}covers?(?: (?:page|pictures?|images?|art|feature|story|profile|caption|legend|design))?(?:[ ,]+\w+ \d{4})?(?::.*)?"
    r"|.{0,90}\b(?:cover and )?(?:front|back|end)[\s-]?matter\b.*|frontispiece(?::.*)?|masthead|(?:journal )?editorial boards?(?:\s*[,/:–-].*)?|title pages?"
    r"|(?:half )?title(?:lei)?|impressum|imprint|publication information|(?:journal |publisher['’]?s? )?information(?: page)?"
    r"|(?:author|authors|subject|keyword|volume|reviewer)s?['’]? index(?:es)?\b.*|index(?: (?:to|of) (?:volume|authors?|new names|names)\b.*)?"
    r"|(?:new )?names (?:published|proposed|introduced|in this (?:issue|volume))\b.*|new names and (?:new )?combinations(?: (?:published|in this).*)?"
    r"|in (?:this|the next) issue\b.*|(?:about|on) the cover\b.*|contributors?|about the (?:authors?|contributors?)|advertis(?:ement|ing)s?\b.*"
    r"|(?:information|instructions|guidelines?|notes?) (?:for|to) (?:authors|contributors|readers)\b.*|aims (?:and|&) scope"
    r"|(?:list of |thanks? (?:you )?to (?:our )?|acknowledg\w+ (?:of|to) (?:our )?)?(?:\d{4} )?(?:peer )?(?:reviewers?|referees)(?: (?:list|acknowledg\w+|thank you|for \d{4}|\d{4}|of \d{4}))*"
    # writing of other kinds
    r"|(?:guest )?editorials?(?:\s*[:：.–—-].*)?|from the (?:guest )?editors?\b.*|editor(?:s|['’]s|s['’])? (?:note|choice|picks?|page|comments?|highlights?)\b.*"
    r"|(?:letter|message|note) from the (?:guest )?(?:editors?|president|chair)\b.*|book (?:reviews?|received|notes?)\b.*|books received\b.*|(?:media|film) reviews?(?:[: ].*)?"
    r"|news(?: (?:and|&) (?:views|notes|events|announcements)| in brief| briefs?| focus)?(?:\s*[:：–—-].*)?|society news\b.*|obituar(?:y|ies)(?:\s*[:,–—-].*)?|in memoriam\b.*|in memory of\b.*"
    r"|(?:research )?highlights|this (?:week|month) in .{0,60}|calendar(?: of events)?|announcements?(?:\s*[:：–—-].*)?|errat\w*|foreword(?:[ :].*)?|preface(?::.*)?"
    r"|call for (?:papers|applications|proposals|nominations|manuscripts)\b.*|(?:job|position|post-?doc|phd)s? (?:offers?|openings?|postings?|vacanc(?:y|ies)|available|announcements?)\b.*"
    r"|vacanc(?:y|ies)(?:\s*:.*)?|(?:minutes|report) of the .{0,40}(?:meeting|assembly)\b.*|.{0,60}\b(?:grants?|awards?|prizes?) (?:\d{4}|winners?|announced|recipients?)\b.*"
    # the same in other languages
    r"|inhalt(?:sverzeichnis|sübersicht)?|titelei|vorwort(?:[ :].*)?|nachrufe?\b.*|buchbesprechung(?:en)?\b.*|(?:vereins|gesellschafts)?mitteilungen|personalia"
    r"|sommaire|table des matières|éditorial(?:[ :].*)?|avant-propos\b.*|comptes? rendus?(?: de lecture)?|índice(?: general| analítico| de autores)?|sumario|sumário|presentación|reseñas?\b.*"
    r"|(?:års)?innehåll(?:sförteckning)?(?: .{0,20}\d{4}.{0,20})?|förenings(?:information|nytt|meddelanden?)\b.*|(?:bok)?recensioner|register(?: \d{4})?|indhold\w*|innhold\w*|inhoud\w*|indice|sommario|redactioneel"
    r"|.{0,40}(?:总目次|总目录|目\s*录|目\s*次|勘误|更正|征稿|征订|卷首语|编者按|启事|稿约|編集後記|正誤表|訂正).{0,20}"
    r")\.?",
    re.IGNORECASE,
)
_KIND = re.compile(
    r"(?:guest[- ])?editorials?(?: material)?|editorial[- ](?:board|notes?)|(?:published[- ])?errat(?:um|a)|corrigend(?:um|a)|addend(?:um|a)"
    r"|(?:author|publisher)?[- ]?corrections?(?: and clarifications?)?|retraction(?:[- ](?:of publication|note|notice))?|retracted(?: publication)?|withdrawn|withdrawal"
    r"|expressions? of concern|news(?:[- ](?:and|&)[- ]views|[- ]feature|[- ]item|[- ]article|[- ]in[- ]brief)?|nature (?:briefing|podcast|careers?|news|video|index)"
    r"|(?:research|editors?['’]?s?)[- ]highlights?|research briefings?|career(?:s|[- ]\w+)?|where i work|world view|(?:book|books|media|film)[- ](?:review|reviews|& arts|and arts)|books? received"
    r"|obituar(?:y|ies)|in memoriam|correspondence|comment|outlook|podcast|video|webcast|advertisement|announcements?|calendar|jobs?|(?:front|back|end)[- ]matter|(?:front |back )?cover(?: \w+)?"
    r"|masthead|issue information|table of contents|toc|contents|paratext|peer[- ]review|journal(?:-issue|-volume)?|grant|supplementary-materials|component|newspaper article|portrait"
    r"|futures|world report|department of error|perspectives: .*|q&a|news focus|news q&a|biography|interview|conference announcement|meeting announcement",
    re.IGNORECASE,
)
_LONGEST_TITLE = 1_000  # characters in which a mark of what is no paper is looked for
_MAGAZINE_DOI = re.compile(r"10\.1038/d\d")  # news and comment of Nature
# a section of the journal before the title: `[ASAP] `, `[Articles] `, `Research Article: `
_SECTION = re.compile(
    r"\[(?P<bracket>[A-Z][^\[\]\d+]{2,40})\]\s+(?=\S)|(?P<colon>(?:original |research |full |review |short |regular )?(?:articles?|papers?|communications?)):\s+(?=\S)",
    re.IGNORECASE,
)
_SECTION_NAME = re.compile(
    r"asap|(?:[\w&,/-]+ )*(?:abstract added|abstracts?|articles?|research|reports?|reviews?|letters?|papers?|communications?|notes?|comments?|correspondence|editorials?"
    r"|news|perspectives?|viewpoints?|corrections?|errat(?:um|a)|corrigend(?:um|a)|retractions?|obituary|essays?|series|seminars?|commission|analysis|practice"
    r"|feature|features|insights?|policy forum|department of error|research resources?|technical comments?|methods?|protocols?|views?|case studies|case reports?)",
    re.IGNORECASE,
)


def split_section(title: str) -> tuple[str, str]:
    """Returns (section, title) of a title that begins with the name of a section of the journal; ("", title) otherwise."""
    found = _SECTION.match(title)
    section = (found["bracket"] or found["colon"]) if found else ""
    if not found or not _SECTION_NAME.fullmatch(section):
        return "", title
    return section, title[found.end() :]


def without_period(title: str) -> str:
    """Returns a title of PubMed without the full stop at its end and without the brackets around a translation."""
    title = _markup.plain(title)
    if title.endswith(".") and not title.endswith(".."):
        title = title[:-1]
    is_translated = title.startswith("[") and title.endswith("]") and "]" not in title[:-1]
    return title[1:-1].removesuffix(".") if is_translated else title


def is_no_paper(title: str, kinds: Iterable[str], doi: str | None) -> bool:
    """Returns whether a title, the names of kinds or a DOI say that a work is a correction, news, or a part of an issue."""
    title = title[:_LONGEST_TITLE]
    if _MAGAZINE_DOI.match(doi or "") or _CORRECTION.match(title) or _CORRECTED.search(title):
        return True
    return bool(_MATTER.fullmatch(title)) or any(_KIND.fullmatch(collapse(kind)) for kind in kinds)


# --------------------------------------------------------------------------------------------------- from works to papers

_WEB_ADDRESS = re.compile(r"https?://[^\s<>\"]+")
_ABSTRACT = re.compile(r"(?:abstract|summary)\b\s*[:.]?\s*(?=\S)", re.IGNORECASE)
_SOURCE_TAIL = re.compile(
    r"[\s,;:.]*(?:\bVol(?:ume)?\b\.?|\bIssue\b|\bEarly ?View\b|\bAhead of Print\b|[(\d]).*$", re.IGNORECASE
)


def content_of(works: Iterable[Work], warnings: Warnings, day: date | None = None) -> Content:
    """Returns the papers among some works. Their day is the newest on which one was published, else `day`.

    Warns of what is left out because it is no paper. An entry that only has a title is none if others have more.
    """
    found = list(_format.bounded(works))
    have_names = 2 * sum(1 for work in found if work.people) >= len(found) > 1
    one_each = any(len(work.people) > 1 and any("," in one for one in work.people) for work in found)
    entries: list[Entry] = []
    days: list[str] = []
    found.reverse()
    while found:  # each work is given up once its paper is made: two copies of all texts would take much memory
        work = found.pop()
        bare = work.may_be_anything and not (work.doi or work.arxiv_id or work.people)
        section, title = split_section(_markup.plain(work.title))
        kinds = [*work.kinds, section]
        if (bare and (have_names or not work.is_likely)) or not work.is_paper or is_no_paper(title, kinds, work.doi):
            warnings.add("not_papers", line=work.line, example=title or work.url)
            continue
        names, left_out = names_of(work.people, one_each=one_each)
        if left_out:
            warnings.add("authors_not_shown", line=work.line, example=work.doi or title)
        entry = _papers.entry_of(work.line, _paper(work, title, names), warnings)
        if entry:
            entries.append(entry)
            days.append(work.date)
    newest = max((one for one in days if len(one) == len("2026-01-01")), default="")
    return Content(entries=entries, day=date.fromisoformat(newest) if newest else day)


def _paper(work: Work, title: str, names: tuple[str, ...]) -> Paper:
    address = _papers.arxiv_address(work.doi) if work.doi and _ARXIV_DOI.fullmatch(work.doi) else None
    address = address or (_papers.arxiv_address(work.arxiv_id) if work.arxiv_id else None)
    arxiv_id, version = address or (None, work.version)
    announcement, text = _papers.split_announcement(work.abstract)
    abstract = _markup.plain(_markup.with_spaced_headings(_markup.without_references(text).strip()))
    url = collapse(work.url).replace(" ", "%20")
    return Paper(
        key="",
        title=title,
        abstract=_ABSTRACT.sub("", abstract, count=1) if _ABSTRACT.match(abstract) else abstract,
        authors=names,
        categories=_papers.categories_of(work.kinds) if arxiv_id else (),
        arxiv_id=arxiv_id,
        doi=work.doi,
        version=version,
        url=url if _WEB_ADDRESS.fullmatch(url) else (f"https://doi.org/{work.doi}" if work.doi else None),
        announce_type=announcement.kind if announcement else None,
        venue=venue_of(work.venue),
        published=work.date,
        summaries=work.summaries,
    )


def venue_of(text: str) -> str:
    """Returns the name of a journal in a text that may go on with volume, issue and year."""
    name = _markup.plain(text)
    return "" if "://" in name else (_SOURCE_TAIL.sub("", name).strip(" ,;:.") or name)
