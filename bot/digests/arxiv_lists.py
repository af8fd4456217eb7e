r"""arXiv's lists of papers: mails and lists in plain text, and web pages.

In mails and plain-text lists, papers are in ASCII, with TeX accents:

    ------------------------------------------------------------------------------
    \\
    arXiv:2303.00765 (*cross-listing*)
    Date: Wed, 1 Mar 2023 19:00:02 GMT   (1726kb,D)          or  replaced with revised version …

    Title: A title that goes on in the next line,
      after two spaces
    Authors: A. One, B. Two (1 and 2) and C. Three
    Categories: astro-ph.GA astro-ph.HE
    \\
      The abstract, its first line after two spaces.
    \\ ( https://arxiv.org/abs/2303.00765 ,  1726kb)

A replacement has no abstract, so its second `\\` is the line with the address. The text is cut at the heads of the
papers before it is read, so damage in one paper cannot affect the next.

`arxiv_listing_mail`: the mail with the new papers of an archive or a subject class (info.arxiv.org/help/subscribe.html).

    Date: Fri,  3 Mar 23 01:29:12 GMT
    Subject: astro-ph daily 53 new + 4 crosses received

Papers follow as above: new papers, cross-lists after a line `%-%-%…`, replacements after `%%--%%--…`; `%%%---…` ends
the list. The day of the digest is the day in the mail's `Date`, which is in GMT. In New York, the mail is sent on the
evening before.

`arxiv_listing_pastweek`: arXiv's plain-text list of the past week in one archive, without abstracts. Each day has a
heading:

    \\
    /* Fri, 3 Mar 2023 */
    \\

The papers of a day follow, as above. The newest day comes first; it is the day of the digest.

`arxiv_listing_html`: arXiv's lists as web pages: `https://arxiv.org/list/cs.CL/new`, `…/recent`, `/catchup/cs.CL/2026-01-22`.

    <h3>Showing new listings for Thursday, 22 January 2026</h3>
    <dl id='articles'>
      <h3>New submissions (showing 38 of 38 entries)</h3>
      <dt>
        <a href ="/abs/2601.00001" title="Abstract" id="2601.00001">arXiv:2601.00001</a>  (cross-list from cs.LG)
        [<a href="/pdf/2601.00001">pdf</a>, <a href="https://arxiv.org/html/2601.00001v1">html</a>]
      </dt>
      <dd>
        <div class='list-title mathjax'><span class='descriptor'>Title:</span> Sorting Sand by Sound</div>
        <div class='list-authors'><a href="…">Ada Example</a>, <a href="…">Bo Beispiel</a></div>
        <div class='list-subjects'><span class="primary-subject">Sound (cs.SD)</span>; Machine Learning (cs.LG)</div>
        <p class='mathjax'>Grains that sing are not like grains that hum.</p>
      </dd>

The heading of a section gives the announce type of its papers. `recent` has no abstracts and its sections are days, so there
the mark `(cross-list from …)` gives the announce type. Pages from before 2024 differ little. Source: the templates in github.com/arXiv/arxiv-browse.
"""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date

from bot.digests import _arxiv, _days, _format, _html, _lines, _names, _papers
from bot.digests._format import Content, Entry, Format
from bot.digests._warnings import Warnings
from bot.digests._xml import is_html
from subscriptions.model import Announce, Paper

# `arXiv:` at the beginning of a line, after a line `\\` or before a line with a date.
_START = re.compile(
    r"arXiv:(?:(?<=\n\\\\\narXiv:)|(?<=^arXiv:)(?=[^\n]*\n(?:Date: |replaced with )))",
    re.MULTILINE,
)
_HEAD = re.compile(rf"(?=arXiv:){_arxiv.ADDRESS}(?P<cross>\s*\(\*cross-listing\*\))?\s*")
_LABEL = re.compile(r"(?P<name>[A-Z][A-Za-z-]*): *(?P<text>.*)")
_SLASHES = re.compile(r"\\\\(?:\s*$|\s*\(|-)")  # the last alternative: another file was joined to this line
_RULE = re.compile(r"-{60,}|%[%-]{40,}")
_URL = re.compile(_arxiv.URL)


@dataclass(slots=True)
class _Block:
    """The text below the head of a paper."""

    fields: dict[str, list[str]] = field(default_factory=dict)  # lines by label
    replaced: bool = False
    abstract: str = ""
    address: str = ""  # the id in the last line
    rest: list[str] = field(default_factory=list)  # the lines after the address


def listed_papers(text: str, warnings: Warnings, *, abstracts: bool) -> list[Entry]:
    """Returns the papers of a list, each with its announce type. `abstracts`: whether this kind of list has them."""
    first = _START.search(text)
    _warn_of_lost_heads(text[: first.start() if first else 0].split("\n"), 1, warnings)
    parts = _lines.parts_of(text, (match.start() for match in _START.finditer(text)))
    read = _format.each(parts, lambda part: _listed_paper(part, warnings, abstracts=abstracts), warnings)
    return list(filter(None, read))


def _listed_paper(part: _lines.TextPart, warnings: Warnings, *, abstracts: bool) -> Entry | None:
    _, line, block = part
    head_line, _, below = block.partition("\n")
    head = _HEAD.fullmatch(head_line)
    if not head:
        warnings.add("unparsed_heading", line=line, example=head_line)
        return None
    read = _read(below, abstracts=abstracts)
    _warn_of_lost_heads(read.rest, line + block.count("\n") + 1 - len(read.rest), warnings)
    return Entry(line, _paper(line, head, read, warnings))


def _warn_of_lost_heads(lines: list[str], first: int, warnings: Warnings) -> None:
    """Warns of each title in lines that belong to no paper: the line with its id is missing or damaged."""
    for number, line in enumerate(lines, first):
        if line.startswith("Title: "):
            warnings.add("unparsed_heading", line=number, example=line)


def _read(text: str, *, abstracts: bool) -> _Block:
    lines = iter(text.split("\n"))
    block = _Block()
    closing = _read_fields(lines, block)
    if closing.startswith("\\\\") and abstracts and not _URL.search(closing):
        abstract: list[str] = []
        closing = ""
        for line in lines:
            if _SLASHES.match(line) or _RULE.match(line):
                closing = line
                break
            abstract.append(line)
        block.abstract = _lines.collapse(" ".join(abstract))
    address = _URL.search(closing)
    block.address = ""
    if address:
        block.address = _arxiv.matched_address(address)[0]
    block.rest = list(lines)
    return block


def _read_fields(lines: Iterator[str], block: _Block) -> str:
    """Reads the fields into `block` and returns the line that ends them. Labels count only before that line."""
    name = ""
    for line in lines:
        if _SLASHES.match(line) or _RULE.match(line):
            return line
        if line.startswith("  ") and name:
            block.fields[name].append(line)
        elif label := _LABEL.match(line):
            name = label["name"]
            block.fields[name] = [label["text"]]
        else:
            name = ""
            block.replaced = block.replaced or line.startswith("replaced with ")
    return ""


def _paper(line: int, head: re.Match[str], block: _Block, warnings: Warnings) -> Paper:
    arxiv_id, version = _arxiv.matched_address(head)
    fields = {name: _lines.collapse(" ".join(lines)) for name, lines in block.fields.items()}
    if block.address not in ("", arxiv_id):  # lines between two papers are missing: this abstract is the second paper's
        message = "papers that end with the address of another one: {count}; their abstracts are left out"
        warnings.add("id_mismatch", message=message, line=line, example=f"{arxiv_id} / {block.address}")
        block.abstract = ""
    authors = fields.get("Authors") or fields.get("Author", "")
    paper = Paper(
        key="",
        title=fields.get("Title", ""),
        abstract=block.abstract,
        authors=_listed(authors, arxiv_id, line, warnings),
        categories=_arxiv.categories_of(fields.get("Categories", "").split()),
        arxiv_id=arxiv_id,
        doi=_papers.doi_of(fields.get("DOI", "")),
        version=version,
        announce_type=_announced(cross=bool(head["cross"]), replaced=block.replaced),
        comment=fields.get("Comments", ""),
    )
    _warn_of_lost_texts(paper, line, warnings)
    return _papers.keyed(paper)


def _listed(authors: str, arxiv_id: str, line: int, warnings: Warnings) -> tuple[str, ...]:
    """Returns the names in a list of authors. Warns if it leaves some out."""
    names, not_shown = _names.split_listed(authors)
    if not_shown is not None:
        warnings.add("authors_not_shown", line=line, example=f"{arxiv_id}: {not_shown}".rstrip(": "))
    return names


def _warn_of_lost_texts(paper: Paper, line: int, warnings: Warnings) -> None:
    if not (paper.title or paper.authors or paper.categories):
        warnings.add("entry_without_text", line=line, example=paper.arxiv_id or "")
    elif not paper.title:
        warnings.add("entry_without_title", line=line, example=paper.arxiv_id or "")


def _announced(*, cross: bool, replaced: bool) -> Announce:
    """Returns the announce type by the lines of the paper itself, since dividers between parts of a list may be missing."""
    if replaced:
        if cross:
            return Announce.REPLACE_CROSS
        return Announce.REPLACE
    if cross:
        return Announce.CROSS
    return Announce.NEW


_LINE = r"[A-Z][A-Za-z-]*:.*\n(?:[ \t]+\S.*\n)*"  # of a mail's head; continued lines begin with a space or tab
_BEGINNING = re.compile(rf"\s*(?:(?!Date:){_LINE}){{0,40}}Date: (?P<date>.*(?:\n[ \t]+\S.*)?)")
_SLASHES_ALONE = re.compile(r"^\\\\[^\S\n]*$", re.MULTILINE)
_SUBJECT = re.compile(
    r"^Subject: (?:(?:.|\n[ \t])*?\b(?P<new>\d{1,6})\s+new\s+\+\s+(?P<cross>\d{1,6})\s+crosses\s+received)?",
    re.MULTILINE,
)


def _is_mail(text: str) -> bool:
    r"""Returns whether the text begins like a mail with a date, and one of its lines is `\\`."""
    return bool(_BEGINNING.match(text)) and bool(_SLASHES_ALONE.search(text))


def _read_mail(text: str, warnings: Warnings, language: str | None) -> Content:  # noqa: ARG001  there are no summaries
    """Returns the papers of the mail. Raises BrokenDigest if there are none."""
    entries = listed_papers(text, warnings, abstracts=True)
    if not entries:
        raise _format.nothing_read()
    _compare_numbers(text, entries, warnings)
    beginning = _BEGINNING.match(text)
    return Content(entries=entries, day=_days.day_in_words(beginning["date"]) if beginning else None)


def _compare_numbers(text: str, entries: list[Entry], warnings: Warnings) -> None:
    """Warns if the subject announces other numbers of papers than were read. Joined mails have several subjects."""
    subjects = list(_SUBJECT.finditer(text))
    if not subjects or any(subject["new"] is None for subject in subjects):
        return
    read = Counter(entry.paper.announce_type for entry in entries)
    announced = {kind: sum(int(subject[kind.value]) for subject in subjects) for kind in (Announce.NEW, Announce.CROSS)}
    differ = [
        f"{kind}: {count} announced, {read[kind]} read" for kind, count in announced.items() if count != read[kind]
    ]
    if differ:
        line = text.count("\n", 0, subjects[0].start()) + 1
        warnings.add_mismatch(sum(announced.values()), sum(read[kind] for kind in announced), differ, line)


_DAY_BETWEEN = re.compile(r"^/\* (?P<day>\w+, .*) \*/[^\S\n]*$", re.MULTILINE)
_HEAD_IN_TEXT = re.compile(r"^\\\\[^\S\n]*\narXiv:", re.MULTILINE)


def _is_pastweek(text: str) -> bool:
    r"""Returns whether the text has a day between `/*` and `*/`, and the head of a paper below a line `\\`."""
    # the first condition is a quick test, because this function is called for nearly every text of another format
    return "\narXiv:" in text and bool(_HEAD_IN_TEXT.search(text) and _DAY_BETWEEN.search(text))


def _read_pastweek(text: str, warnings: Warnings, language: str | None) -> Content:  # noqa: ARG001  there are no summaries
    """Returns the papers of all days. Raises BrokenDigest if there are none."""
    entries = listed_papers(text, warnings, abstracts=False)
    if not entries:
        raise _format.nothing_read()
    days = [day for match in _DAY_BETWEEN.finditer(text) if (day := _days.day_in_words(match["day"]))]
    return Content(entries=entries, day=max(days, default=None))


_LIST_OF_PAGE = re.compile(r"\bid\s*=\s*[\"']?dlpage\b")
_SECTION = re.compile(r"(?P<kind>New|Cross|Replacement)(?:s\b|[ -](?:submissions|lists?)\b)")
_KINDS = {"New": Announce.NEW, "Cross": Announce.CROSS, "Replacement": Announce.REPLACE}
_SHOWING = re.compile(r"showing (?:first |last )?(?P<shown>\d{1,6}) of (?P<all>\d{1,6}) entries")
_TOTAL = re.compile(r"[Tt]otal of (?P<count>\d{1,6}) entries")
_EMPTY = re.compile(r"No updates (?:today|for this time period)|Authors and titles for recent submissions")
_END_OF_PAGE = re.compile(r"</(?:body|html)\s*>", re.IGNORECASE)
_CODE = re.compile(r"\(([^()\s]+)\)")
_LINK_TEXT = re.compile(r"this https? URL")  # arXiv shows these words in place of an address
_HEADINGS = ("h1", "h2", "h3")
_SITE = "https://arxiv.org"


def _is_page(text: str) -> bool:
    """Returns whether the text is an HTML page with the element that holds arXiv's lists."""
    return is_html(text) and bool(_LIST_OF_PAGE.search(text))


def _read_page(text: str, warnings: Warnings, language: str | None) -> Content:  # noqa: ARG001  there are no summaries
    """Returns the papers of the page, with its newest day.

    Raises BrokenDigest if none can be read and the page is not empty.
    """
    listing = _Listing(warnings)
    for _ in _format.each(_html.pieces(text, ("dt", *_HEADINGS)), listing.read, warnings):
        pass
    content = listing.content()
    if not content.entries:
        _refuse_unless_empty(text, listing)
    return content


def _refuse_unless_empty(text: str, listing: "_Listing") -> None:
    """Raises BrokenDigest unless the page has the heading of a day or of a list, announces no papers, and is complete."""
    totals = [int(total["count"]) for total in _TOTAL.finditer(text)]
    announced = max((*totals, listing.announced), default=0)
    if announced:
        raise _format.unread_papers(announced)
    is_complete = bool(_END_OF_PAGE.search(text))
    if listing.has_heads or not (totals or _EMPTY.search(text) or (listing.has_day and is_complete)):
        raise _format.nothing_read()


@dataclass(slots=True)
class _Section:
    """The part of the page below one heading."""

    line: int
    heading: str = ""
    kind: Announce | None = None
    shown: int | None = None  # number of papers that the heading announces
    read: int = 0


class _Listing:
    """Reads a page, and holds the entries that have been read so far."""

    def __init__(self, warnings: Warnings) -> None:
        self.entries: list[Entry] = []
        self.has_heads = False  # of papers, read or not
        self._days: list[date] = []
        self._sections = [_Section(1)]
        self._warnings = warnings

    @property
    def announced(self) -> int:
        """How many papers the headings announce."""
        return sum(section.shown or 0 for section in self._sections)

    @property
    def has_day(self) -> bool:
        """Whether a heading has a day."""
        return bool(self._days)

    def read(self, piece: _html.Piece) -> None:
        """Reads a heading or an entry."""
        self.has_heads = self.has_heads or piece.name == "dt"
        node = _html.read_piece(piece, self._warnings)
        head = node.first(piece.name) if node else None
        if node is None or head is None:
            self._warnings.add("unparsed_heading", line=piece.line, example=piece.markup)
        elif piece.name in _HEADINGS:
            self._begin(head.text, piece.line)
        else:
            self._add(node, head, piece.line)

    def content(self) -> Content:
        """Returns all that was read. Warns if the headings announce other numbers of papers."""
        differ = [section for section in self._sections if section.shown not in (None, section.read)]
        if differ:
            examples = [f"{section.heading}: {section.shown} announced, {section.read} read" for section in differ]
            self._warnings.add_mismatch(self.announced, len(self.entries), examples, differ[0].line)
        return Content(entries=self.entries, day=max(self._days, default=None))

    def _begin(self, heading: str, line: int) -> None:
        day, section, showing = _days.day_in_words(heading), _SECTION.match(heading), _SHOWING.search(heading)
        if day:
            self._days += [day]
        kind = Announce.NEW if day else self._sections[-1].kind
        if section:
            kind = _KINDS[section["kind"]]
        shown = int(showing["shown"]) if showing else None
        self._sections.append(_Section(line, heading.partition(" (")[0], kind, shown))
        if showing and int(showing["all"]) > int(showing["shown"]):
            self._warnings.add(
                "possibly_capped",
                message="papers that the page does not show, since they stand on other pages: {count}",
                line=line,
                count=int(showing["all"]) - int(showing["shown"]),
            )

    def _add(self, node: _html.Node, head: _html.Node, line: int) -> None:
        addresses = [found for link in head.all("a") if (found := _address(link))]
        if not addresses:
            self._warnings.add("unparsed_heading", line=line, example=head.text)
            return
        arxiv_id = addresses[0][0]
        paper = Paper(
            key="",
            title=_field(node, "list-title").removeprefix("Title:").strip(),
            abstract=_words(node.first("p", "mathjax")),
            authors=self._authors(node.first("div", "list-authors"), arxiv_id, line),
            categories=_arxiv.categories_of(_CODE.findall(_field(node, "list-subjects"))),
            arxiv_id=arxiv_id,
            version=next((version for other, version in addresses if other == arxiv_id and version), None),
            announce_type=self._announced(head.text),
            comment=_field(node, "list-comments").removeprefix("Comments:").strip(),
        )
        _warn_of_lost_texts(paper, line, self._warnings)
        self._sections[-1].read += 1
        self.entries.append(Entry(line, _papers.keyed(paper)))

    def _announced(self, head: str) -> Announce | None:
        kind = self._sections[-1].kind
        if kind in (None, Announce.NEW) and "(cross-list" in head:
            return Announce.CROSS
        if kind in (None, Announce.NEW) and "(replaced" in head:
            return Announce.REPLACE
        return kind

    def _authors(self, field: _html.Node | None, arxiv_id: str, line: int) -> tuple[str, ...]:
        if field is None:
            return ()
        listed = _listed(_words(field).removeprefix("Authors:"), arxiv_id, line, self._warnings)
        linked = tuple(name for link in field.inline("a") if (name := _names.decode_accents(link.text)))
        return linked or listed


def _address(link: _html.Node) -> tuple[str, int | None] | None:
    href = link.attribute("href")
    return _arxiv.arxiv_address(_SITE + href if href.startswith("/") else href)


def _field(node: _html.Node, class_: str) -> str:
    """Returns the text of a field without its label, if the label is marked as one."""
    return _words(node.first("div", class_))


def _words(field: _html.Node | None) -> str:
    return field.rewritten(_as_written) if field else ""


def _as_written(around: _html.Node, words: str) -> str:
    """Returns words as they were submitted: "" for a label, and the address instead of the words "this https URL"."""
    if around.has_class("descriptor"):
        return ""
    if around.name == "a" and _LINK_TEXT.fullmatch(words.strip()):
        return around.attribute("href")
    return words


FORMATS = (
    Format("arxiv_listing_html", _is_page, _read_page),
    Format("arxiv_listing_mail", _is_mail, _read_mail),
    Format("arxiv_listing_pastweek", _is_pastweek, _read_pastweek),
)
