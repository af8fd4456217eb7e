"""What feeds of journals and records of databases share: how a work is described, and which works are papers.

A reader makes a `Work` of each entry, with texts as they are written there. `content_of` makes papers of works. It reads
names and dates, cleans texts, leaves out what is no paper, and counts what it left out.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from urllib.parse import unquote

from bot.digests import _format, _markup, _no_papers, _papers
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
_ARXIV_DOI = re.compile(r"10\.48550/arxiv\.\S+", re.IGNORECASE)


def doi_in_field(text: str) -> str | None:
    """Returns the DOI that a field holds, in lower case, without `doi:` or the address of a resolver; None for other text."""
    value = text[_BEFORE_DOI.match(text).end() :].strip().rstrip(".,;")  # type: ignore[union-attr]  # matches always
    found = _DOI.fullmatch(unquote(value) if "/" not in value else value)
    return found[0].lower() if found else None


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
    return _papers.version_number(found["version"]) if found else None


def doi_in_line(line: str) -> str | None:
    """Returns the DOI after the label "DOI" in a line of text, in lower case; None if there is none."""
    found = _LABELLED_DOI.search(line)
    return doi_in_field(found["doi"]) if found else None


# -------------------------------------------------------------------------------------------------------------- dates


_MONTHS = {  # beginnings of names of months, in the languages of western Europe
    beginning: number
    for number, beginnings in enumerate(
        ("jan ene gen", "feb fév fev", "mar mär mrt", "apr avr abr", "may mai mag maj mei", "jun juin giu", "jul juil lug",
         "aug ago aoû aou", "sep set", "oct okt out ott", "nov", "dec déc dez dic des"), 1,
    )
    for beginning in beginnings.split()
}  # fmt: skip
_BEGINNINGS = "|".join(sorted(_MONTHS, key=len, reverse=True))
_NUMBERS = re.compile(
    r"\s*(?P<year>\d{4})(?:[-/.年]\s?(?P<month>\d{1,2})(?:[-/.月]\s?(?P<day>\d{1,2}))?|(?P<compact>[01]\d[0-3]\d))?(?!\d)"
)
_SECONDS = re.compile(r"[1-9]\d{9}")  # since 1970
_DAY_FIRST = re.compile(r"\s*(?P<day>\d{1,2})[./](?P<month>\d{1,2})[./](?P<year>\d{4})(?!\d)")
_YEAR = re.compile(r"(?<!\d)(?P<year>1[5-9]\d\d|20\d\d)(?!\d)")
_MONTH = re.compile(
    rf"(?:(?<!\d)(?P<before>\d{{1,2}})(?:st|nd|rd|th|\.|º)?[\s-]+(?:de\s+)?)?\b(?P<month>{_BEGINNINGS})[^\W\d_]*\.?"
    r"(?:\s+(?P<after>\d{1,2})(?:st|nd|rd|th)?(?![\d:]))?",
    re.IGNORECASE,
)


def date_of(text: str) -> str:
    """Returns the date in a text, as far as it is given: "2026-03-05", "2026-03" or "2026"; "" without a year.

    Reads ISO 8601, RFC 822 and words: `March 2026`, `5 March 2026`, `2026 Mar 5`, `1988 Nov-Dec`, `5 de marzo de 2026`.
    The day is the one that is written there, in its own zone.
    """
    if _SECONDS.fullmatch(text.strip()):
        return datetime.fromtimestamp(int(text), UTC).date().isoformat()
    numbers = _NUMBERS.match(text) or _DAY_FIRST.match(text)
    if numbers and numbers["month"]:
        return date_from(numbers["year"], numbers["month"], numbers["day"] or "")
    if numbers and numbers["compact"]:
        return date_from(numbers["year"], numbers["compact"][:2], numbers["compact"][2:])
    year, months = _YEAR.search(text), list(_MONTH.finditer(text))
    if not year:
        return ""
    if not months:
        return year["year"]
    month = next((one for one in months if one["before"] or one["after"]), months[0])  # `Mar` may be a Tuesday
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
    name = month.strip().lower()
    number = int(name) if name.isdecimal() else _MONTHS.get(name[:4]) or _MONTHS.get(name[:3], 0)
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
_INITIAL = re.compile(r"\b\w\.$|\b[JS]r\.$")
_INITIAL_OF_FAMILY = re.compile(r",.*\b\w\.$|\b[JS]r\.$")  # `Doe, Jane R.`; after any other name, the dot ends a list
_DEGREE = re.compile(r"(?:M\.?D|Ph\.?D|M\.?P\.?H|M\.?Sc?|B\.?Sc?|M\.?B\.?B\.?S|Sc\.?D|R\.?N|Pharm\.?D)\.?")
_MARKS = re.compile(r"(?<=[^\W\d_.])\s?[\d*†‡§¶]+(?:,[\d*†‡§¶]+)*(?=\s*(?:,|;|$|\band\b))")  # of affiliations
_FEW = 10  # names among which nobody has a namesake
_LONGEST_NAME = 8  # words


def names_of(people: Sequence[str], *, one_each: bool) -> tuple[tuple[str, ...], bool]:
    """Returns (names, whether some are left out) of the texts with a work's authors.

    `one_each`: each text is one name, so that a comma stands between family and given name.
    """
    names: list[str] = []
    left_out = False
    for text in people:
        whole = _MARKS.sub("", collapse(_without_mail(_markup.plain(text))))
        whole = _BEFORE_NAMES.sub("", whole, count=1) if _BEFORE_NAMES.match(whole) else whole
        shown = _ET_AL.sub("", whole)
        left_out = left_out or shown != whole
        names += _names_in(_papers.without_affiliations(shown).strip(" ,;"), one_each=one_each or len(people) > 1)
    if len(names) <= _FEW:
        names = list(dict.fromkeys(names))
    return tuple(names), left_out


def _without_mail(text: str) -> str:
    return _MAIL.sub(lambda mail: mail["name"] or "", text) if "@" in text else text


def _names_in(text: str, *, one_each: bool) -> list[str]:
    if ";" in text:
        groups = [group for group in map(str.strip, text.split(";")) if group]
        commas_part_people = all(" " in part.strip() for group in groups for part in group.split(","))
        parted = (group.split(",") if commas_part_people else [group] for group in groups)
        return [name for parts in parted for name in map(_papers.decode_accents, parts) if name]
    parts = _without_degrees([part for part in map(str.strip, text.split(",")) if part])
    is_one = one_each or _is_one_name(parts)
    ending = _INITIAL if one_each else _INITIAL_OF_FAMILY
    belongs_to_name = (is_one or len(parts) == 1) and ending.search(text)
    if text.endswith(".") and text.count(".") == 1 and not belongs_to_name:
        parts[-1] = parts[-1].removesuffix(".")
    if is_one:
        return [name for name in [_papers.decode_accents(", ".join(parts))] if name]
    if len(parts) % 2 == 0 and all(map(_are_initials, _without_and(parts[1::2]))):
        pairs = zip(_without_and(parts[::2]), parts[1::2], strict=True)
        return [_papers.decode_accents(f"{family}, {initials}") for family, initials in pairs]
    return list(_papers.split_authors(", ".join(parts)))


def _without_degrees(parts: list[str]) -> list[str]:
    """Returns the parts without the degrees behind names: `Jane Doe, MD`, but not the initials of `Smith, M.D`."""
    kept: list[str] = []
    for part in parts:
        if not (kept and " " in kept[-1] and _DEGREE.fullmatch(part)):
            kept.append(part)
    return kept


def _without_and(parts: list[str]) -> list[str]:
    return [re.sub(r"^(?:and|&)\s+", "", part) for part in parts]


def _is_one_name(parts: list[str]) -> bool:
    """Returns whether two parts are a family name and a given name: people who are listed have more than one word each."""
    if len(parts) != 2 or re.search(r"\s(?:and|&)\s", parts[1]):  # noqa: PLR2004
        return False
    if _has_no_case(parts[0]):
        return False
    return " " not in parts[0] or " " not in parts[1] or bool(_PARTICLE.match(parts[0]))


def _are_initials(text: str) -> bool:
    return bool(_INITIALS.fullmatch(text)) and not _has_no_case(text)


def _has_no_case(text: str) -> bool:
    """Returns whether a name is in a script without letter case, such as Chinese."""
    return text[0].isalpha() and not text[0].isupper() and not text[0].islower()


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
    if _has_no_case(text):
        return len(text) <= 20  # noqa: PLR2004
    if len(words) < 2:  # noqa: PLR2004
        return False
    named = [word for word in words if not _PARTICLE.fullmatch(word.lower())]
    return bool(named) and all(word[0].isupper() or word[0] in "’'" or "-" in word for word in named)


def without_period(title: str) -> str:
    """Returns a title of PubMed without the full stop at its end and without the brackets around a translation."""
    title = _markup.plain(title)
    if title.endswith(".") and not title.endswith(".."):
        title = title[:-1].rstrip()
    is_translated = title.startswith("[") and title.endswith("]") and "]" not in title[:-1]
    return title[1:-1].removesuffix(".") if is_translated else title


# --------------------------------------------------------------------------------------------------- from works to papers

_WEB_ADDRESS = re.compile(r"https?://[^\s<>\"]+")
_ABSTRACT = re.compile(r"(?:abstract|summary|résumé|resumen|resumo|zusammenfassung)\b\s*[:.]?\s*(?=\S)", re.IGNORECASE)
_NO_ABSTRACT = re.compile(r"(?:none|n\.?/?a|no abstract(?: available)?|-+)\.?", re.IGNORECASE)
_SOURCE_TAIL = re.compile(
    r"[\s,;:]+(?:Vol(?:ume)?\b\.?|Issue\b|Early ?View\b|Ahead of Print\b|\(|\d+(?!\w)).*$", re.IGNORECASE
)


def content_of(works: Iterable[Work], warnings: Warnings, day: date | None = None) -> Content:
    """Returns the papers among some works. Their day is the newest on which one was published, else `day`.

    Warns of what is left out because it is no paper. An entry of a feed that names nobody, and has no id or no abstract,
    is none if others name their authors.
    """
    found = list(_format.bounded(works))
    have_names = 2 * sum(1 for work in found if work.people) >= len(found) > 1
    one_each = any(len(work.people) > 1 and any("," in one for one in work.people) for work in found)
    entries: list[Entry] = []
    days: list[str] = []
    found.reverse()
    while found:  # each work is given up once its paper is made: two copies of all texts would take much memory
        work = found.pop()
        section, title = _no_papers.split_section(_markup.plain(work.title))
        says_so = _no_papers.is_no_paper(title, [*work.kinds, section], work.doi)
        is_journal = bool(title) and title == venue_of(work.venue)
        if says_so or is_journal or not work.is_paper or _lacks_marks(work, have_names=have_names):
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
    return Content(entries=entries, day=date.fromisoformat(newest) if newest else day, is_feed=True)


def _lacks_marks(work: Work, *, have_names: bool) -> bool:
    """Returns whether an entry of a feed has nothing by which a paper is known. `have_names`: the other entries have authors."""
    if not work.may_be_anything or work.people:
        return False
    has_id = bool(work.doi or work.arxiv_id)
    if have_names:
        return not (has_id and work.abstract)
    return not (has_id or work.is_likely)


def _paper(work: Work, title: str, names: tuple[str, ...]) -> Paper:
    address = _papers.arxiv_address(work.doi) if work.doi and _ARXIV_DOI.fullmatch(work.doi) else None
    address = address or (_papers.arxiv_address(work.arxiv_id) if work.arxiv_id else None)
    arxiv_id, version = address or (None, work.version)
    announcement, text = _papers.split_announcement(work.abstract)
    abstract = _markup.plain(_markup.with_spaced_headings(_markup.without_references(text).strip()))
    abstract = _ABSTRACT.sub("", abstract, count=1) if _ABSTRACT.match(abstract) else abstract
    url = collapse(work.url).replace(" ", "%20")
    return Paper(
        key="",
        title=title,
        abstract="" if _NO_ABSTRACT.fullmatch(abstract) else abstract,
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
    if "://" in name:
        return ""
    short = _SOURCE_TAIL.sub("", name).strip(" ,;:") or name
    return short if short.count(".") > 1 else short.removesuffix(".")  # more than one full stop: words are shortened
