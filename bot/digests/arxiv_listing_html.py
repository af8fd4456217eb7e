"""arXiv's lists as web pages: `https://arxiv.org/list/cs.CL/new`, `…/recent`, `/catchup/cs.CL/2026-01-22`.

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
the mark `(cross-list from …)` gives it. Pages from before 2024 differ little. Source: the templates in github.com/arXiv/arxiv-browse.
"""

import re
from dataclasses import dataclass
from datetime import date

from bot.digests._arxiv import arxiv_address, arxiv_link, categories_of
from bot.digests._format import Content, Entry, Warnings
from bot.digests._html import Node, Piece, pieces, read_piece
from bot.digests._text import day_in_words, decode_accents, is_html, nothing_read, split_listed, unread_papers
from subscriptions.model import Announce, Paper

name = "arxiv_listing_html"

_LIST = re.compile(r"\bid\s*=\s*[\"']?dlpage\b")
_SECTION = re.compile(r"(?P<kind>New|Cross|Replacement)(?:s\b|[ -](?:submissions|lists?)\b)")
_KINDS = {"New": Announce.NEW, "Cross": Announce.CROSS, "Replacement": Announce.REPLACE}
_SHOWING = re.compile(r"showing (?:first |last )?(?P<shown>\d{1,6}) of (?P<all>\d{1,6}) entries")
_TOTAL = re.compile(r"[Tt]otal of (?P<count>\d{1,6}) entries")
_EMPTY = re.compile(r"No updates (?:today|for this time period)|Authors and titles for recent submissions")
_CODE = re.compile(r"\(([^()\s]+)\)")
_LINK_TEXT = re.compile(r"this https? URL")  # arXiv shows these words in place of an address
_HEADINGS = ("h1", "h2", "h3")
_SITE = "https://arxiv.org"


def detect(text: str) -> bool:
    """Returns whether the text is an HTML page with the element that holds arXiv's lists."""
    return is_html(text) and bool(_LIST.search(text))


def parse(text: str, warnings: Warnings, language: str | None) -> Content:  # noqa: ARG001  there are no summaries
    """Returns the papers of the page, with its newest day. Raises BrokenDigest if none can be read and the page is not empty."""
    listing = _Listing(warnings)
    for piece in pieces(text, ("dt", *_HEADINGS)):
        listing.read(piece)
    if not listing.entries:
        _refuse_unless_empty(text)
    return listing.content()


def _refuse_unless_empty(text: str) -> None:
    announced = max((int(total["count"]) for total in _TOTAL.finditer(text)), default=0)
    if announced:
        raise unread_papers(announced)
    if not _EMPTY.search(text):
        raise nothing_read()


@dataclass(slots=True)
class _Section:
    """The part of the page below one heading."""

    line: int
    heading: str = ""
    kind: Announce | None = None
    shown: int | None = None  # number of papers that the heading announces
    read: int = 0


class _Listing:
    """What has been read of a page so far."""

    def __init__(self, warnings: Warnings) -> None:
        self.entries: list[Entry] = []
        self._days: list[date] = []
        self._sections = [_Section(1)]
        self._warnings = warnings

    def read(self, piece: Piece) -> None:
        """Reads a heading or an entry."""
        node = read_piece(piece, self._warnings)
        head = node.first(piece.name) if node else None
        if node is None or head is None:
            self._warnings.add("unparsed_heading", line=piece.line, example=piece.markup)
        elif piece.name in _HEADINGS:
            self._begin(head.text, piece.line)
        else:
            self._add(node, head, piece.line)

    def content(self) -> Content:
        """Returns all that was read. Warns if the headings announce other numbers."""
        differ = [section for section in self._sections if section.shown not in (None, section.read)]
        if differ:
            announced = sum(section.shown or 0 for section in self._sections)
            message = f"papers announced: {announced}, read: {len(self.entries)}"
            examples = [f"{section.heading}: {section.shown} announced, {section.read} read" for section in differ]
            self._warnings.add(
                "declared_mismatch", message=message, line=differ[0].line, count=len(differ), examples=examples
            )
        return Content(entries=self.entries, day=max(self._days, default=None))

    def _begin(self, heading: str, line: int) -> None:
        day, section, showing = day_in_words(heading), _SECTION.match(heading), _SHOWING.search(heading)
        self._days += [day] if day else []
        kind = _KINDS[section["kind"]] if section else Announce.NEW if day else self._sections[-1].kind
        shown = int(showing["shown"]) if showing else None
        self._sections.append(_Section(line, heading.partition(" (")[0], kind, shown))
        if showing and int(showing["all"]) > int(showing["shown"]):
            self._warnings.add(
                "possibly_capped",
                message="papers that the page does not show, since they stand on other pages: {count}",
                line=line,
                count=int(showing["all"]) - int(showing["shown"]),
            )

    def _add(self, node: Node, head: Node, line: int) -> None:
        addresses = [found for link in head.all("a") if (found := _address(link))]
        if not addresses:
            self._warnings.add("unparsed_heading", line=line, example=head.text)
            return
        arxiv_id = addresses[0][0]
        paper = Paper(
            key=arxiv_id,
            title=_field(node, "list-title").removeprefix("Title:").strip(),
            abstract=_words(node.first("p", "mathjax")),
            authors=self._authors(node.first("div", "list-authors"), arxiv_id, line),
            categories=(categories := categories_of(_CODE.findall(_field(node, "list-subjects")))),
            primary=categories[0] if categories else None,
            arxiv_id=arxiv_id,
            version=next((version for other, version in addresses if other == arxiv_id and version), None),
            url=arxiv_link(arxiv_id),
            announce_type=self._announced(head.text),
            comment=_field(node, "list-comments").removeprefix("Comments:").strip(),
        )
        if not (paper.title or paper.authors or paper.categories):
            self._warnings.add("entry_without_text", line=line, example=arxiv_id)
        elif not paper.title:
            self._warnings.add("entry_without_title", line=line, example=arxiv_id)
        self._sections[-1].read += 1
        self.entries.append(Entry(line, paper))

    def _announced(self, head: str) -> Announce | None:
        kind = self._sections[-1].kind
        if kind in (None, Announce.NEW) and "(cross-list" in head:
            return Announce.CROSS
        if kind in (None, Announce.NEW) and "(replaced" in head:
            return Announce.REPLACE
        return kind

    def _authors(self, field: Node | None, arxiv_id: str, line: int) -> tuple[str, ...]:
        if field is None:
            return ()
        listed, not_shown = split_listed(_words(field).removeprefix("Authors:"))
        if not_shown is not None:
            self._warnings.add("authors_not_shown", line=line, example=f"{arxiv_id}: {not_shown}".rstrip(": "))
        linked = tuple(name for link in field.inline("a") if (name := decode_accents(link.text)))
        return linked or listed


def _address(link: Node) -> tuple[str, int | None] | None:
    href = link.attribute("href")
    return arxiv_address(_SITE + href if href.startswith("/") else href)


def _field(node: Node, class_: str) -> str:
    """Returns the text of a field, without a label that is marked as one."""
    return _words(node.first("div", class_))


def _words(field: Node | None) -> str:
    return field.rewritten(_as_written) if field else ""


def _as_written(around: Node, words: str) -> str:
    """Returns the words as in the record of the paper: "" for a label, the address of a link that hides its address."""
    if around.has_class("descriptor"):
        return ""
    if around.name == "a" and _LINK_TEXT.fullmatch(words.strip()):
        return around.attribute("href")
    return words
