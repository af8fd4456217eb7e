"""What readers of digests share: days, names of authors, limits, plain text, and how a format is recognized.

The language of a text is guessed from its script.
"""

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime
from email.utils import parsedate_to_datetime
from typing import Final
from zoneinfo import ZoneInfo

from bot.digests._arxiv import paper_key
from bot.digests._format import Entry, Warnings, collapse, shortened
from bot.digests._xml import is_xml, read_head
from bot.errors import BrokenDigest
from subscriptions.cutting import summary_state
from subscriptions.errors import Sentence
from subscriptions.model import Paper, Summary, Translation
from subscriptions.normalize.tex import without_accent_macros
from subscriptions.text import normalized

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
    """Returns the first day in a text that is written as in arXiv's lists: `Fri, 3 Mar 2023`, `Fri,  3 Mar 23`."""
    found = _WORDS.search(text)
    if not found:
        return None
    year = int(found["year"])
    if len(found["year"]) == 2:  # noqa: PLR2004
        year += 1900 if year > 90 else 2000  # noqa: PLR2004  arXiv's first mails went out in 1991
    return _day(f"{year:04}-{_MONTHS.index(found['month']) + 1:02}-{int(found['day']):02}")


def day_in_chinese(text: str) -> date | None:
    """Returns the first day in a text that is written in Chinese: `2024年10月29日`. None if it does not exist."""
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


# ---------------------------------------------------------------------------------------------------- names of authors


_SEPARATOR = re.compile(r",? and |[,;]|: ")  # a colon follows the name of a collaboration
_SUFFIX = re.compile(r"(?:Jr|Sr)\.?|I{1,3}|IV")
_NOT_SHOWN = re.compile(r",? ?\bet al\b\.?(?: ?\((?P<count>\d+) additional authors? not shown\))?")
MOST_AUTHORS: Final = 20_000  # of a paper; those of experiments at CERN have about 5,000


def split_authors(text: str) -> tuple[str, ...]:
    """Returns the names in a list with commas, TeX accents decoded. Drops the bare colon after a collaboration."""
    names = map(decode_accents, text.split(",", MOST_AUTHORS)[:MOST_AUTHORS])
    return tuple(name for name in names if name not in ("", ":"))


def split_listed(text: str) -> tuple[tuple[str, ...], str | None]:
    """Returns (names, number of names that the list leaves out) of a list in arXiv's mails, without affiliations.

    The number is None for a complete list and "" for one that ends with a bare "et al.". An example of a list:
    `A. One (1 and 2), B. Two and C. Three, et al. (84 additional authors not shown)`.
    """
    text = collapse(text).replace("\\,", " ")  # a thin space in TeX
    not_shown = _NOT_SHOWN.search(text)
    names: list[str] = []
    listed = without_affiliations(_NOT_SHOWN.sub("", text))
    for name in map(decode_accents, _SEPARATOR.split(listed, MOST_AUTHORS)[:MOST_AUTHORS]):
        if names and _SUFFIX.fullmatch(name):
            names[-1] += f", {name}"
        elif name not in ("", ":", "and"):
            names.append(name)
    return tuple(names), (not_shown["count"] or "") if not_shown else None


def without_affiliations(text: str) -> str:
    """Returns the text without its parentheses and their contents, nested ones too. An unpaired parenthesis stays."""
    if "(" not in text:
        return text
    kept: list[str] = []
    opened: list[int] = []
    for character in text:
        if character == "(":
            opened.append(len(kept))
        elif character == ")" and opened:
            del kept[opened.pop() :]
            continue
        kept.append(character)
    return "".join(kept)


def decode_accents(name: str) -> str:
    r"""Returns a name with TeX accents as Unicode: `Jovan\v{c}evi\'c` is Jovančević, `S{\o}gaard` is Søgaard."""
    if "\\" in name or "{" in name or "~" in name:
        name = without_accent_macros(name).replace("{", "").replace("}", "").replace("~", " ")
        name = normalized("NFC", name)
    return collapse(name)


# --------------------------------------------------------- describes documents that are not digests, for their refusal


_SIGNATURES = (
    (b"%PDF", Sentence("a PDF")),
    (b"PK\x03\x04", Sentence("a ZIP archive or an office document")),
    (b"\x1f\x8b", Sentence("a compressed file")),
    (b"\x89PNG", Sentence("a picture")),
    (b"\xff\xd8\xff", Sentence("a picture")),
    (b"\xff\xfe", Sentence("UTF-16 text")),
    (b"\xfe\xff", Sentence("UTF-16 text")),
)
_HEADING = re.compile(r"^#{1,6} .*", re.MULTILINE)
_SHOWN = 60  # characters of a quotation


def describe_bytes(data: bytes) -> Sentence:
    """Returns what bytes that are no text look like."""
    found = (look for signature, look in _SIGNATURES if data.startswith(signature))
    return next(found, Sentence("binary data or text in another encoding"))


def is_markup(text: str) -> bool:
    """Returns whether a text is HTML or XML. Formats of plain text never read such a text."""
    return is_xml(text) or text.lstrip()[:9].lower().startswith(("<!doctype", "<html"))


def describe_text(text: str) -> Sentence:
    """Returns what a text looks like, with a few of its words."""
    start = text.lstrip()
    if not start:
        return Sentence("an empty file")
    if is_html(start):
        return Sentence("an HTML page")
    if is_markup(start):
        return _describe_xml(start)
    if start[0] in "{[":
        return Sentence("JSON")
    if heading := _HEADING.search(start):
        return Sentence('a README: "{heading}"', {"heading": shortened(heading[0], _SHOWN)})
    return Sentence('text that begins "{words}"', {"words": shortened(start, _SHOWN)})


def is_html(text: str) -> bool:
    """Returns whether a text is an HTML page."""
    return text.lstrip()[:14].lower().startswith(("<!doctype html", "<html"))


def unrecognized_page(line: int) -> BrokenDigest:
    """Returns the error for a page without a readable entry whose line `line` no empty page would have."""
    return BrokenDigest(Sentence("No entry can be read, and line {line} is not that of an empty page.", {"line": line}))


def unread_papers(announced: int) -> BrokenDigest:
    """Returns the error for a page that announces papers but has no readable one."""
    return BrokenDigest(
        Sentence("The page announces {announced} papers, but no entry can be read.", {"announced": announced})
    )


def nothing_read() -> BrokenDigest:
    """Returns the error for a document of a known format without a readable paper."""
    return BrokenDigest(Sentence("No paper in it can be read."))


def _describe_xml(text: str) -> Sentence:
    root = read_head(text)
    if root is None:
        return Sentence("XML with a DOCTYPE, which is never read, or damaged XML")
    title = next(
        (child.text for part in (root, *root.children) for child in part.children if "title" in child.name), ""
    )
    if title.strip():
        return Sentence('an XML feed titled "{title}"', {"title": shortened(title, _SHOWN)})
    return Sentence("XML with the root <{root}>", {"root": root.name.rpartition(" ")[2]})


# -------------------------------------------------------------------------------------------------------------- limits


TITLE: Final = 2_000  # characters
TEXT: Final = 20_000  # of an abstract, of its translation, of a field of a summary
COMMENT: Final = 5_000
NAME: Final = 500  # of an author
ADDRESS: Final = 2_000
DOI: Final = 300
CATEGORIES: Final = 200
CATEGORY: Final = 50  # characters
LANGUAGES: Final = 20
FIELDS: Final = 50  # of a summary


def limited(entries: list[Entry], warnings: Warnings) -> list[Entry]:
    """Returns the entries with fields cut to the limits; warns of each paper that was cut."""
    if all(map(_fits, entries)):
        return entries
    return [entry if _fits(entry) else _limited(entry, warnings) for entry in entries]


def _fits(entry: Entry) -> bool:
    paper = entry.paper
    return (
        len(paper.title) <= TITLE
        and len(paper.abstract) <= TEXT
        and len(paper.comment) <= COMMENT
        and len(paper.authors) < MOST_AUTHORS
        and len(paper.categories) <= CATEGORIES
        and (paper.url is None or len(paper.url) <= ADDRESS)
        and (paper.doi is None or len(paper.doi) <= DOI)
        and not (paper.authors and max(map(len, paper.authors)) > NAME)
        and not (paper.categories and max(map(len, paper.categories)) > CATEGORY)
        and all(map(_summary_fits, paper.summaries))
        and all(len(one.title) <= TITLE and len(one.abstract) <= TEXT for one in paper.translations)
        and len(paper.summaries) + len(paper.translations) <= LANGUAGES
    )


def _summary_fits(summary: Summary) -> bool:
    return len(summary.fields) <= FIELDS and all(
        len(name) <= CATEGORY and len(text) <= TEXT for name, text in summary.fields.items()
    )


def _limited(entry: Entry, warnings: Warnings) -> Entry:
    paper = entry.paper
    categories = tuple(code for code in paper.categories if len(code) <= CATEGORY)[:CATEGORIES]
    cut = replace(
        paper,
        title=_cut(paper.title, TITLE),
        abstract=_cut(paper.abstract, TEXT),
        comment=_cut(paper.comment, COMMENT),
        authors=tuple(_cut(name, NAME) for name in paper.authors[:MOST_AUTHORS]),
        categories=categories,
        primary=paper.primary if paper.primary in categories else next(iter(categories), None),
        url=paper.url if paper.url and len(paper.url) <= ADDRESS else None,
        doi=paper.doi if paper.doi and len(paper.doi) <= DOI else None,
        summaries=tuple(Summary(language=s.language, fields=_fields(s.fields)) for s in paper.summaries[:LANGUAGES]),
        translations=tuple(
            Translation(language=t.language, title=_cut(t.title, TITLE), abstract=_cut(t.abstract, TEXT))
            for t in paper.translations[:LANGUAGES]
        ),
    )
    warnings.add("long_fields", line=entry.line, example=paper.key)
    return Entry(entry.line, replace(cut, key=_key(cut, paper)))


def _cut(text: str, most: int) -> str:
    """The text, at most `most` characters long and without white space at its end."""
    return text if len(text) <= most else text[:most].rstrip()


def _key(cut: Paper, paper: Paper) -> str:
    """The key of a cut paper. Without its DOI, the key comes from its id or texts."""
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

# leaves out texts without content, and finds the language of the others.


SECOND_LANGUAGE = "<br/>**VN**:"  # one fork writes each field in English, then in Vietnamese
_NO_SUMMARY = ("failed", "placeholder", "empty")


def meaningful(text: str) -> str:
    """Returns the text, or "" for `N/A`, the words of a failure, or a placeholder."""
    return text if summary_state(text) == "ok" else ""


def is_failed(texts: Mapping[str, str]) -> bool:
    """Returns whether a summary failed. Its first field (tldr or task) decides; a summary without it did not fail."""
    return summary_state(texts.get("tldr", texts.get("task", "N/A"))) in _NO_SUMMARY


def summaries_of(texts: Mapping[str, str], language: str | None) -> tuple[Summary, ...]:
    """Returns the summary of all fields with content, and a second one if the fields hold a second language."""
    fields = {name: text for name, text in texts.items() if meaningful(text)}
    if not fields:
        return ()
    language = language or language_of(*fields.values())
    if not any(SECOND_LANGUAGE in text for text in fields.values()):
        return (Summary(language=language, fields=fields),)
    halves = {name: text.partition(SECOND_LANGUAGE) for name, text in fields.items()}
    first = {name: half.strip() for name, (half, _, _) in halves.items() if half.strip()}
    second = {name: half.strip() for name, (_, _, half) in halves.items() if half.strip()}
    both = (Summary(language=language, fields=first), Summary(language="vi", fields=second))
    return tuple(summary for summary in both if summary.fields)


def translations_of(title: str, abstract: str, language: str | None) -> tuple[Translation, ...]:
    """Returns the translation of a title, an abstract or both; nothing if both are without content."""
    title, abstract = meaningful(title), meaningful(abstract)
    if not title and not abstract:
        return ()
    return (Translation(language=language or language_of(title, abstract), title=title, abstract=abstract),)
