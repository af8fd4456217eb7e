"""Functions that all readers of digests share: keys, arXiv's notation, days, languages, summaries, limits.

Records with the same key are the same paper (docs/formats.md). The language of a text is guessed from its script.
"""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from email.utils import parsedate_to_datetime
from itertools import takewhile
from typing import Final, TypeVar
from urllib.parse import unquote
from zoneinfo import ZoneInfo

from bot.digests import _names
from bot.digests._format import Entry, Warnings, collapse
from subscriptions import model
from subscriptions.categories import ARCHIVES, bare_id
from subscriptions.texts.normal_forms import normalized
from subscriptions.texts.summary_states import summary_state

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
        return title_key(title)
    if collapse(abstract):
        return f"abstract:{_hash(_plain(abstract))}"
    return None


def keyed(paper: model.Paper) -> model.Paper:
    """Returns the paper with its key, its primary category and its address at arXiv, which follow from its other fields.

    The key is "" if nothing identifies it.
    """
    arxiv_id = paper.arxiv_id
    key = paper_key(arxiv_id=arxiv_id, doi=paper.doi, title=paper.title, abstract=paper.abstract) or ""
    url = arxiv_link(arxiv_id) if arxiv_id else paper.url
    return _with(paper, key=key, primary=next(iter(paper.categories), None), url=url)


def _with(value: T, **fields: object) -> T:
    """Like `dataclasses.replace`, but returns the value itself if no field changes, which is ten times as fast."""
    is_same = all(getattr(value, name) == new for name, new in fields.items())
    return value if is_same else replace(value, **fields)  # type: ignore[type-var]


def entry_of(line: int, paper: model.Paper, warnings: Warnings) -> Entry | None:
    """Returns the entry of a paper, with its key; None if nothing identifies the paper. Warns if it has no title."""
    entry = Entry(line, keyed(paper))
    if not entry.paper.key:
        return None
    if not paper.title:
        warnings.add("entry_without_title", line=line, example=paper.arxiv_id or paper.doi or "")
    return entry


def title_key(title: str) -> str:
    """Returns the key of a paper that has neither an arXiv id nor a DOI, from its title."""
    return f"title:{_hash(_plain(title).casefold())}"


def _plain(text: str) -> str:
    return collapse(normalized("NFKC", text))


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]


# ---------------------------------------------------------------------------------------------------- arXiv's notation

# This part reads ids, links, categories, announce types, and the announcements in abstracts and titles. Source: arXiv's
# help pages on identifiers (info.arxiv.org/help/arxiv_identifier.html) and on its feeds
# (info.arxiv.org/help/rss_specifications.html).


# Since January 2015 ids have five digits after the point. All five are required here: an address that lost its last
# digit must not be read as the address of another paper.
_ID = (
    r"(?:(?:0\d|1[0-4])\d\d\.\d{4,5}|(?:1[5-9]|[2-9]\d)\d\d\.\d{5}"
    r"|(?!(?:abs|pdf|html)/)[a-z-]+(?:\.(?:[A-Z]{2}|[a-z]+-[a-z]+))?/\d{7})"
)
_PAGE = r"(?:[\w-]+\.)?arxiv\.org/(?:abs|pdf|html)/"
_BEFORE_ID = rf"(?i:(?:https?://)?{_PAGE}|oai:arXiv\.org:|arXiv:|(?:https?://(?:dx\.)?doi\.org/)?10\.48550/arXiv\.)"
_REFERENCE = rf"(?P<id>{_ID})(?:v(?P<version>\d+))?(?:\.pdf)?"
ADDRESS = rf"{_BEFORE_ID}?{_REFERENCE}"
"""Regular expression of a reference to a paper of arXiv, in any notation. Read its groups with `matched_address`."""
URL = rf"(?i:https?://{_PAGE}){_REFERENCE}"
"""Regular expression of a full web address of a paper, with its scheme. Groups as in ADDRESS."""

_ADDRESS = re.compile(ADDRESS)
_CATEGORY = re.compile(r"[a-z]+(?:-[a-z]+)*(?:\.[A-Z]{2}|\.[a-z]+(?:-[a-z]+)*)?")
_ANNOUNCEMENT = re.compile(
    rf"\s*arXiv:(?P<id>{_ID})(?:v(?P<version>\d+))?\s+Announce Type:\s*(?P<kind>[\w-]+)\s*(?:Abstract:\s*)?"
)
_ANNOUNCE = {kind.value: kind for kind in model.Announce}
# Translated abstracts begin with `arXiv:2605.06185v2 公告类型：替换-交叉 摘要：`, with the same after `摘要：`, or with `摘要：` alone.
# The words in the middle vary.
_TRANSLATED_ANNOUNCEMENT = re.compile(
    r"\s*(?:摘要\s*[：:]\s*)?(?:(?i:arXiv)\s*[：:]\s*[\w./-]+\s[^\n]{0,40}?摘要\s*[：:]\s*)?",
)
_TAIL = "(arXiv:"
_TITLE_TAIL = re.compile(rf"\({ADDRESS} \[(?P<category>[\w.-]+)\](?P<mark> UPDATED| CROSS LISTED)?\)")
_MARKS = {" UPDATED": model.Announce.REPLACE, " CROSS LISTED": model.Announce.CROSS}


@dataclass(frozen=True, slots=True, kw_only=True)
class Announcement:
    """The announcement that arXiv puts before an abstract: `arXiv:2605.06185v2 Announce Type: replace`.

    Until 2024 it came after the title instead: `(arXiv:2304.09848v1 [cs.CL] UPDATED)`.
    """

    arxiv_id: str
    version: int | None
    kind: model.Announce | None
    categories: tuple[str, ...] = ()  # only the primary category, if the announcement names it


def arxiv_address(text: str) -> tuple[str, int | None] | None:
    """Returns (id, version) of an id, link or guid; None if the text is none of these."""
    match = _ADDRESS.fullmatch(text.strip())
    return matched_address(match) if match else None


def matched_address(match: re.Match[str]) -> tuple[str, int | None]:
    """Returns (id, version) of a match of ADDRESS or URL."""
    return bare_id(match["id"]), version_number(match["version"])


def arxiv_link(arxiv_id: str) -> str:
    """Returns the address of the abstract page of a paper, without a version."""
    return f"https://arxiv.org/abs/{arxiv_id}"


def version_number(digits: str | None) -> int | None:
    """Returns a version as a number, None for a number of more than four digits."""
    return int(digits) if digits and len(digits) <= 4 and digits.isdecimal() else None  # noqa: PLR2004  no paper has a thousand versions


def categories_of(names: list[str]) -> tuple[str, ...]:
    """Returns the arXiv categories among some names, each once, in order: `cs.AI`, but not `I.2.7`, `68T05` or `N/A`."""
    written = (name for name in (raw.strip() for raw in names) if _CATEGORY.fullmatch(name))
    return tuple(dict.fromkeys(name for name in written if name.partition(".")[0] in ARCHIVES))


def announce_type(word: str) -> model.Announce | None:
    """Returns the announce type that a word names, None for any other word."""
    return _ANNOUNCE.get(word.strip())


def split_announcement(text: str) -> tuple[Announcement | None, str]:
    """Returns (announcement, rest) of an abstract; (None, the abstract) if it begins with no announcement."""
    match = _ANNOUNCEMENT.match(text)
    if not match:
        return None, text
    arxiv_id, version = matched_address(match)
    found = Announcement(arxiv_id=arxiv_id, version=version, kind=announce_type(match["kind"]))
    return found, text[match.end() :]


def split_title(title: str) -> tuple[Announcement | None, str]:
    """Splits the announcement from the end of a title, with the full stop before it. Returns (announcement, title).

    The announcement is None if there is none.
    """
    title = collapse(title)
    at = title.rfind(_TAIL)
    match = _TITLE_TAIL.fullmatch(title, at) if at >= 0 else None
    if not match:
        return None, title
    arxiv_id, version = matched_address(match)
    found = Announcement(
        arxiv_id=arxiv_id,
        version=version,
        kind=_MARKS.get(match["mark"] or ""),
        categories=categories_of([match["category"]]),
    )
    return found, title[:at].rstrip().removesuffix(".").rstrip()


def without_translated_announcement(text: str) -> str:
    """Returns a translated abstract without the label and without the translated announcement at its beginning."""
    match = _TRANSLATED_ANNOUNCEMENT.match(text)
    return text[match.end() :] if match else text


# ----------------------------------------------------------------------------------------------------------------- days


_NEW_YORK = ZoneInfo("America/New_York")  # arXiv's days begin and end there
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_WORDS = re.compile(
    rf"(?<!\d)(?P<day>\d{{1,2}}) +(?P<month>{'|'.join(_MONTHS)})[a-z]* +(?P<year>\d{{4}}|\d{{2}})(?!\d)"
)
_CHINESE = re.compile(r"(?P<year>\d{4})年(?P<month>\d{1,2})月(?P<day>\d{1,2})日")
_ISO = re.compile(r"\d{4}-")
_DAY = re.compile(r"(?<!\d)\d{4}-\d{2}-\d{2}(?!\d)")
KANA = "\u3041-\u3096\u30a1-\u30fa\uff66-\uff9d"
HANGUL = "\u1100-\u11ff\u3130-\u318f\uac00-\ud7a3"
HAN = "\u3005\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_EAST_ASIAN = re.compile(f"[{KANA}{HANGUL}{HAN}]")
_NOT_HAN = re.compile(f"[{KANA}{HANGUL}]")
_A_KANA = re.compile(f"[{KANA}]")


def day_in(text: str) -> date | None:
    """Returns the day in a text that holds exactly one `YYYY-MM-DD`; None otherwise, or if that day does not exist."""
    found = _DAY.findall(text)
    return _day(found[0]) if len(found) == 1 else None


def day_in_name(name: str) -> date | None:
    """Returns the day in a file name. `name` may be a path or an address; only its last part counts."""
    return day_in(re.split(r"[/\\]", name)[-1])


def day_in_words(text: str) -> date | None:
    """Returns the first day in a text, written as in arXiv's lists (`Fri, 3 Mar 2023`, `Fri,  3 Mar 23`), or None."""
    found = _WORDS.search(text)
    if not found:
        return None
    year = int(found["year"])
    if len(found["year"]) == 2:  # noqa: PLR2004
        year += 1900 if year > 90 else 2000  # noqa: PLR2004  arXiv's first mails went out in 1991
    return _day(f"{year:04}-{_MONTHS.index(found['month']) + 1:02}-{int(found['day']):02}")


def day_in_chinese(text: str) -> date | None:
    """Returns the first day in a text, written in Chinese (`2024年10月29日`).

    None if the text has no such day, or if that day does not exist.
    """
    found = _CHINESE.search(text)
    return _day(f"{found['year']}-{found['month']:0>2}-{found['day']:0>2}") if found else None


def arxiv_day(stamp: str) -> date | None:
    """Returns the day in New York of a time stamp, RFC 822 or ISO 8601; None if it cannot be read."""
    try:
        moment = datetime.fromisoformat(stamp) if _ISO.match(stamp) else parsedate_to_datetime(stamp)
    except (ValueError, OverflowError):
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    try:
        return moment.astimezone(_NEW_YORK).date()
    except OverflowError:  # the first or last day of Python's calendar
        return None


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


# -------------------------------------------------------------------------------------------------------------- limits


TITLE: Final = 2_000  # characters
TEXT: Final = 20_000  # characters of an abstract, of its translation, of a field of a summary
COMMENT: Final = 5_000
NAME: Final = 500  # of an author
LONGEST_ADDRESS: Final = 2_000
DOI: Final = 300
CATEGORIES: Final = 200
CATEGORY: Final = 50  # characters
LANGUAGES: Final = 20
FIELDS: Final = 50  # of a summary


def limited(entries: list[Entry], warnings: Warnings) -> list[Entry]:
    """Returns the entries with fields cut to the limits; warns of each paper that was cut."""
    return [_limited(entry, warnings) for entry in entries]


def _limited(entry: Entry, warnings: Warnings) -> Entry:
    paper = entry.paper
    categories = tuple(code for code in paper.categories if len(code) <= CATEGORY)[:CATEGORIES]
    lost = paper.primary in paper.categories and paper.primary not in categories
    cut = _with(
        paper,
        title=_cut(paper.title, TITLE),
        abstract=_cut(paper.abstract, TEXT),
        comment=_cut(paper.comment, COMMENT),
        authors=tuple([_cut(name, NAME) for name in paper.authors[: _names.MOST_AUTHORS]]),
        categories=categories,
        primary=next(iter(categories), None) if lost else paper.primary,
        url=paper.url if paper.url and len(paper.url) <= LONGEST_ADDRESS else None,
        doi=paper.doi if paper.doi and len(paper.doi) <= DOI else None,
        summaries=tuple([_with(one, fields=_fields(one.fields)) for one in paper.summaries[:LANGUAGES]]),
        translations=tuple(
            [
                _with(one, title=_cut(one.title, TITLE), abstract=_cut(one.abstract, TEXT))
                for one in paper.translations[:LANGUAGES]
            ]
        ),
    )
    if cut is paper and len(paper.authors) < _names.MOST_AUTHORS:
        return entry
    warnings.add("long_fields", line=entry.line, example=paper.key)
    return Entry(entry.line, replace(cut, key=_key(cut, paper)))


def _cut(text: str, most: int) -> str:
    """Returns the text cut to at most `most` characters, without white space at the cut."""
    return text if len(text) <= most else text[:most].rstrip()


def _key(cut: model.Paper, paper: model.Paper) -> str:
    """Returns the key of a paper after its fields were cut. If its DOI was cut, the key comes from its other fields."""
    if cut.doi == paper.doi:
        return paper.key
    return paper_key(arxiv_id=cut.arxiv_id, title=paper.title, abstract=paper.abstract) or paper.key[:DOI]


def _fields(fields: Mapping[str, str]) -> dict[str, str]:
    return {name: _cut(text, TEXT) for name, text in list(fields.items())[:FIELDS] if len(name) <= CATEGORY}


def language_of(*texts: str) -> str:
    """Returns the ISO 639-1 code of the language of some texts: "ja" for kana, "ko" for Hangul, "zh" for Han.

    Any other script counts as English.
    """
    text = " ".join(text for text in texts if not text.isascii())
    first = _EAST_ASIAN.search(text)
    if not first:
        return "en"
    if not _NOT_HAN.search(text, first.start()):
        return "zh"
    return "ja" if _A_KANA.search(text, first.start()) else "ko"


# ------------------------------------------------------------------------------------------ summaries and translations

# These functions leave out texts without content, and find the language of the others.


LEADING: Final = ("tldr", "task")
"""Names of the field that says in short what a paper is about. Without it, a paper has no usable summary."""
FIELDS_OF_SUMMARY: Final = (
    *LEADING, "motivation", "method", "result", "conclusion", "keywords", "ai_comments", "ai_abstract", "related_work",
    "potential_applications", "future_work",
)  # fmt: skip
"""Names that every reader uses. What stands below any other label may be something else than a summary."""
SECOND_LANGUAGE = "<br/>**VN**:"  # one fork writes each field in English, then in Vietnamese
_NO_SUMMARY = ("failed", "placeholder", "empty")


def meaningful(text: str) -> str:
    """Returns the text; "" if it is `N/A`, the message of a failure, or a placeholder."""
    return text if summary_state(text) == "ok" else ""


def is_failed(texts: Mapping[str, str]) -> bool:
    """Returns whether a summary failed.

    Its first field (tldr or task) decides; a summary without that field did not fail.
    """
    return summary_state(next((texts[name] for name in LEADING if name in texts), "N/A")) in _NO_SUMMARY


def summaries_of(texts: Mapping[str, str], language: str | None) -> tuple[model.Summary, ...]:
    """Returns the summary of all fields with content, and a second one if the fields hold a second language."""
    fields = summary_of({name: text for name, text in texts.items() if meaningful(text)})
    if not fields:
        return ()
    language = language or language_of(*fields.values())
    if not any(SECOND_LANGUAGE in text for text in fields.values()):
        return (model.Summary(language=language, fields=fields),)
    halves = {name: text.partition(SECOND_LANGUAGE) for name, text in fields.items()}
    first = {name: half.strip() for name, (half, _, _) in halves.items() if half.strip()}
    second = {name: half.strip() for name, (_, _, half) in halves.items() if half.strip()}
    both = (model.Summary(language=language, fields=first), model.Summary(language="vi", fields=second))
    return tuple(summary for summary in both if summary.fields)


def summary_of(fields: dict[str, str]) -> dict[str, str]:
    """Returns the fields of a summary. It begins with a field of a known name; without one, it is no summary: {}."""
    if next(iter(fields), "") in FIELDS_OF_SUMMARY:
        return fields
    further = set(takewhile(lambda name: name not in FIELDS_OF_SUMMARY, fields))
    if len(further) == len(fields):
        return {}
    known = {name: text for name, text in fields.items() if name not in further}
    return known | {name: text for name, text in fields.items() if name in further}


def translations_of(title: str, abstract: str, language: str | None) -> tuple[model.Translation, ...]:
    """Returns the translation of a title, an abstract or both; () if both are without content."""
    title, abstract = meaningful(title), meaningful(abstract)
    if not title and not abstract:
        return ()
    return (model.Translation(language=language or language_of(title, abstract), title=title, abstract=abstract),)
