"""Reads the descriptions of entries of feeds, whose lines hold what has no element: names, date, journal, DOI, abstract."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import zip_longest

from bot.digests import _dates, _dois, _markup, _names

_DATE_LINE = re.compile(
    r"(?:publication date|available online|published(?: online)?(?: on)?|published date|first published|date)\s*:?\s*(?P<date>[\dA-Z].{3,40}?)(?:[;.|]|$)",
    re.IGNORECASE,
)
_NAMES_LINE = re.compile(r"(?:authors?(?:\(s\))?\s*:\s*|by:?\s+(?=[A-Z]))(?P<names>.*)", re.IGNORECASE)
_NAMES_IN = re.compile(
    r"(?P<names>.{3,400}?) in (?P<source>(?:Proceedings|Findings|Transactions|Journal|Annals|Conference|Workshop)\b.{5,300})"
)
_SOURCE_LINE = re.compile(r"(?:source|journal|publication)\s*:\s*(?P<source>.{2,200})", re.IGNORECASE)
_CITATION = re.compile(
    r".{0,160}(?:\b(?:Volume|Vol\.)\s*\d|\bEarly ?View\b|\bAhead of Print\b|\bAdvance Article\b|\bAccepted Manuscript\b|\bJust Accepted\b|\bLatest Articles\b|\bOnline First\b|\bIn Press\b"
    r"|\d \((?:19|20)\d\d\), \d|,\s*Page\s*\w+|\bpp?\. \d|\bdoi:\s*10\.|doi\.org/10\.|\bPublished online\b).{0,160}",
    re.IGNORECASE,
)
_SOURCE_OF_CITATION = re.compile(
    r"(?P<source>(?-i:[A-Z])[^;\d]{2,150}?)[,.]?\s+(?:vol(?:ume)?\.?\s*\d|early ?view|ahead of print|\(?\d{4}\b)",
    re.IGNORECASE,
)
_NO_TEXT = re.compile(
    r"(?:HTML|XML|PDF|Abstract(?:, references.*)?|Full text|Read more|\.|Graphical abstract|Open access|To cite this article .*|[\w-]+(?:\.[\w-]+)+|\|)$|PMID:|The content of this RSS Feed|\[.{1,200}\] Published|View article|DOI\s*:|(?:PMC|ISSN)\b.{0,40}$|<正>~?$"
    r"|[^.]{2,120}\s\d+(?:\([\d–-]+\))?\s*[:,]\s*\w?\d+(?:\s*[–-]\s*\w?\d+)?\.?$|The post .{1,300} appeared first on",
    re.IGNORECASE,
)
_LONGEST_NOTE = 300  # characters of a line that is no sentence of an abstract
_FIRST_LINES = 6  # among which a line of names may stand


@dataclass(slots=True)
class Description:
    """What the lines of descriptions hold."""

    abstract: str = ""
    names: str = ""
    date: str = ""
    source: str = ""
    cited: str = ""  # the journal, in the short form that a citation has
    doi: str | None = None

    @property
    def all_names(self) -> list[str]:
        """The names as a list of one text; empty if there are none."""
        return [self.names] if self.names else []


def described(texts: Iterable[str], title: str, venue: str = "") -> Description:
    """Returns what the descriptions of an entry hold: the longest abstract, and the first of each other text.

    `title`, with markup, and `venue` are those of the entry, which lines may repeat.
    """
    found, plain = Description(), _markup.plain(title)
    for one in (_described(text, plain, venue) for text in texts):
        found.abstract = max(one.abstract, found.abstract, key=len)
        found.names = found.names or one.names
        found.date = found.date or one.date
        found.source = found.source or one.source
        found.cited = found.cited or one.cited
        found.doi = found.doi or one.doi
    return found


def _described(text: str, title: str, venue: str) -> Description:
    found = Description()
    kept: list[str] = []
    lines = _markup.lines(text)
    for number, (line, following) in enumerate(zip_longest(lines, lines[1:], fillvalue="")):
        if line.lower() == "abstract":  # what stands before is the text of a picture
            kept.clear()
        if number < _FIRST_LINES and not found.names and line != title and _is_names(line, following):
            found.names = line
            continue
        may_be_note = len(line) <= _LONGEST_NOTE or _NAMES_LINE.match(line)
        if line != venue and not (may_be_note and _is_note(found, line, title)):
            kept.append(line.removeprefix("Abstract: "))
    found.abstract = " ".join(kept)
    return found


def _is_names(line: str, following: str) -> bool:
    """Returns whether a line is a list of names, or one name before a citation."""
    if len(line) > _LONGEST_NOTE:
        return False
    is_cited = bool(_CITATION.fullmatch(following))
    return _names.is_list_of_names(line) or (is_cited and _names.is_list_of_names(f"{line};"))


def _is_note(found: Description, line: str, title: str) -> bool:
    """Returns whether a line is no part of the abstract. Keeps in `found` what it says."""
    noted = False
    if doi := _dois.doi_in_line(line):
        found.doi = found.doi or doi
        noted = bool(re.match(r"doi\b", line, re.IGNORECASE)) or bool(_CITATION.fullmatch(line))
    if (dated := _DATE_LINE.match(line)) and (day := _dates.date_of(dated["date"])):
        found.date = found.date or day
        noted = True
    elif names := _NAMES_LINE.match(line):
        if not re.match(r"by\b", line, re.IGNORECASE) or _names.is_list_of_names(f"{names['names']};"):
            found.names = found.names or names["names"]
            noted = True
    elif source := _SOURCE_LINE.match(line):
        found.source = found.source or source["source"]
        noted = True
    elif (inside := _NAMES_IN.fullmatch(line)) and _names.is_list_of_names(f"{inside['names']};"):
        found.names, found.source = found.names or inside["names"], found.source or inside["source"]
        noted = True
    cited = _CITATION.fullmatch(line) or _NO_TEXT.match(line)
    if cited and (source := _SOURCE_OF_CITATION.match(line)):
        found.cited = found.cited or source["source"]
    return noted or line.endswith(title) or bool(cited)
