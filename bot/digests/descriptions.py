"""Reads descriptions of entries of feeds, whose lines hold names, date, journal, DOI and abstract."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from bot.digests import markup, scalars

_DATE = re.compile(
    r"(?:publication date|available online|published(?: online)?(?: on)?|published date|first published|date|日期)\s*[:：]?\s*(?P<date>[\dA-Z].{3,40}?)(?:[;.|]|$)",
    re.IGNORECASE,
)
_NAMES = re.compile(r"(?:authors?(?:\(s\))?|by|作者)\s*[:：]\s*(?P<names>.*)", re.IGNORECASE)
_NAME = r"(?:[^\W\d_a-zß-ÿ][\w.'’-]*+|van|von|de|del|der|di|da|dos|la|le|ten|ter)"
_PERSON = rf"{_NAME}(?:[ -]{_NAME}){{1,6}}"
_LISTED = (
    r"[^\W\d_a-z](?=[^;]*(?:[\s,.-][^\W\d_a-zß-ÿ]|[^\x00-\u024f]))[^\d:;!?]{1,60}"  # `Medical specialty` is no name
)
_PERSONS = re.compile(  # with commas, or with semicolons, between which there may be anything that is no sentence
    rf"{_PERSON}(?:(?:, (?:and )?| and ){_PERSON})*(?:,? et al\.?)?|(?:{_LISTED};\s*)+(?:{_LISTED})?"
)
_BY = re.compile(rf"by (?P<names>{_PERSONS.pattern})")
_PERSONS_IN = re.compile(r"(?P<names>.{3,400}?) in (?P<source>(?:Proceedings|Findings|Transactions|Journal)\b.{5,300})")
_SOURCE = re.compile(r"(?:source|journal|publication|期刊|来源)\s*[:：]\s*(?P<source>.{2,200})", re.IGNORECASE)
_NO_TEXT = re.compile(  # citations, and what pages show around an abstract
    r".{0,160}(?:\b(?:Volume|Vol\.)\s*\d|\bEarly ?View\b|\bAhead of Print\b|\bAdvance Article\b|\bJust Accepted\b|\bLatest Articles\b|\bOnline First\b"
    r"|\bIn Press\b|\d \((?:19|20)\d\d\), \d|,\s*Page\s*\w+|\bpp?\. \d|\bdoi:\s*10\.|doi\.org/10\.|\bPublished online\b).{0,160}"
    r"|(?:HTML|XML|PDF|Abstract(?:, references.*)?|Full text|Read more|\.|Graphical abstract|Open access|[\w-]+(?:\.[\w-]+)+|\|)"
    r"|(?:Table of contents|Abstract)(?: \| (?:Abstract|Full text|PDF))+"
    r"|(?:To cite this article|This article is licensed|Keywords?:|PMID:|The content of this RSS Feed|Upvotes:|\[\.\.\.\]|Georg Thieme Verlag|Article in Thieme eJournals|\[.{1,200}\] Published|View article|DOI\s*:|<正>|The post .{1,300} appeared first on).*"
    r"|(?:PMC|ISSN)\b.{0,40}|[^.]{2,120}\s\d+(?:\([\d–-]+\))?\s*[:,]\s*\w?\d+(?:\s*[–-]\s*\w?\d+)?\.?",
    re.IGNORECASE,
)
# ScienceDirect's, where a relay left out the paragraphs
_LABELS_IN_LINE = re.compile(r"\s+(?=(?:Source|Author\(s\)): )")
# of the abstract, and of a picture that is not there
_LABEL = re.compile(r"(?:Abstract|Summary): |image(?=[A-Z][a-z]+(?: [\w/&]+)?:)")
_JOURNAL = re.compile(r".{2,99}[^.!?…]")  # a journal, with its issue, before a DOI: it is no sentence
_LONGEST_NOTE = 300  # characters of a line that is no sentence of an abstract
_FIRST_LINES = 6  # among which a line of names without a label may stand


@dataclass(slots=True)
class Description:
    """What the lines of descriptions hold; "" for what they lack."""

    abstract: str = ""
    names: str = ""
    date: str = ""
    source: str = ""
    doi: str = ""


def described(texts: Iterable[str], title: str, venue: str = "") -> Description:
    """Returns what the descriptions of an entry hold: the longest abstract, and the first of each other text.

    `title`, with markup, and `venue` are those of the entry, which lines may repeat.
    """
    found, plain = Description(), markup.plain(title)
    for text in texts:
        kept: list[str] = []
        lines = markup.lines(text)
        if lines and lines[0].startswith("Publication date:"):
            lines = [*_LABELS_IN_LINE.split(lines[0]), *lines[1:]]
        for number, (line, following) in enumerate(zip(lines, [*lines[1:], ""], strict=False)):
            if line.lower() == "abstract":  # what stands before is the text of a picture
                kept.clear()
            elif number < _FIRST_LINES and line != plain and _are_names(line, following):
                found.names = found.names or line
            elif (
                number == 0
                and following[:4].lower() == "doi:"
                and _JOURNAL.fullmatch(line)
                and not _NO_TEXT.fullmatch(line)
            ):
                found.source = found.source or line
            elif line != venue and not _is_note(found, line, plain):
                kept.append(_LABEL.sub("", line, count=1) if _LABEL.match(line) else line)
        found.abstract = max(" ".join(kept), found.abstract, key=len)
    return found


def _are_names(line: str, following: str) -> bool:
    """Returns whether a line is a list of names, or one name before a citation."""
    is_list = re.search(r"[,;，]| and ", line) or (_NO_TEXT.fullmatch(following) and following[:3].lower() != "doi")
    return len(line) <= _LONGEST_NOTE and bool(is_list and _PERSONS.fullmatch(line)) and not _NO_TEXT.fullmatch(line)


def _is_note(found: Description, line: str, title: str) -> bool:
    """Returns whether a line is no part of the abstract. Keeps in `found` what it says."""
    if names := _NAMES.match(line) or _BY.fullmatch(line):
        found.names = found.names or names["names"]
        return True
    if len(line) > _LONGEST_NOTE:
        return False
    if (inside := _PERSONS_IN.fullmatch(line)) and _PERSONS.fullmatch(inside["names"]):
        found.names, found.source = found.names or inside["names"], found.source or inside["source"]
        return True
    found.doi = found.doi or scalars.doi_in_line(line) or ""
    dated, source = _DATE.match(line), _SOURCE.match(line)
    if dated and (date := scalars.date_of(dated["date"])):
        found.date = found.date or date
        return True
    if source:
        found.source = found.source or source["source"]
        return True
    repeats_title = line.endswith(title) or (title.endswith(f": {line}") and line.count(" ") > 1)
    return repeats_title or bool(_NO_TEXT.fullmatch(line)) or line.lower().startswith("doi")
