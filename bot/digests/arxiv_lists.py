"""arXiv's lists of papers as web pages.

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
from dataclasses import dataclass
from datetime import date

from bot.digests import _arxiv, _days, _format, _html, _names, _papers
from bot.digests._format import Content, Format
from bot.digests._warnings import Warnings
from bot.digests._xml import is_html
from subscriptions.model import Announce, Paper


def _listed(authors: str, warnings: Warnings) -> tuple[str, ...]:
    """Returns the names in a list of authors. Warns if it leaves some out."""
    names, not_shown = _names.split_listed(authors)
    if not_shown is not None:
        warnings.add("authors_not_shown")
    return names


def _warn_of_lost_texts(paper: Paper, warnings: Warnings) -> None:
    if not (paper.title or paper.authors or paper.categories):
        warnings.add("entry_without_text")
    elif not paper.title:
        warnings.add("entry_without_title")


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

    kind: Announce | None = None
    shown: int | None = None  # number of papers that the heading announces
    read: int = 0


class _Listing:
    """Reads a page, and holds the entries that have been read so far."""

    def __init__(self, warnings: Warnings) -> None:
        self.entries: list[Paper] = []
        self.has_heads = False  # of papers, read or not
        self._days: list[date] = []
        self._sections = [_Section()]
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
            self._warnings.add("unparsed_heading")
        elif piece.name in _HEADINGS:
            self._begin(head.text)
        else:
            self._add(node, head)

    def content(self) -> Content:
        """Returns all that was read. Warns if the headings announce other numbers of papers."""
        differ = sum(section.shown not in (None, section.read) for section in self._sections)
        if differ:
            self._warnings.add_mismatch(self.announced, len(self.entries), differ)
        return Content(entries=self.entries, day=max(self._days, default=None))

    def _begin(self, heading: str) -> None:
        day, section, showing = _days.day_in_words(heading), _SECTION.match(heading), _SHOWING.search(heading)
        if day:
            self._days += [day]
        kind = Announce.NEW if day else self._sections[-1].kind
        if section:
            kind = _KINDS[section["kind"]]
        shown = int(showing["shown"]) if showing else None
        self._sections.append(_Section(kind, shown))
        if showing and int(showing["all"]) > int(showing["shown"]):
            self._warnings.add(
                "possibly_capped",
                message="papers that the page does not show, since they stand on other pages: {count}",
                count=int(showing["all"]) - int(showing["shown"]),
            )

    def _add(self, node: _html.Node, head: _html.Node) -> None:
        addresses = [found for link in head.all("a") if (found := _address(link))]
        if not addresses:
            self._warnings.add("unparsed_heading")
            return
        arxiv_id = addresses[0][0]
        paper = Paper(
            key="",
            title=_field(node, "list-title").removeprefix("Title:").strip(),
            abstract=_words(node.first("p", "mathjax")),
            authors=self._authors(node.first("div", "list-authors")),
            categories=_arxiv.categories_of(_CODE.findall(_field(node, "list-subjects"))),
            arxiv_id=arxiv_id,
            version=next((version for other, version in addresses if other == arxiv_id and version), None),
            announce_type=self._announced(head.text),
            comment=_field(node, "list-comments").removeprefix("Comments:").strip(),
        )
        _warn_of_lost_texts(paper, self._warnings)
        self._sections[-1].read += 1
        self.entries.append(_papers.keyed(paper))

    def _announced(self, head: str) -> Announce | None:
        kind = self._sections[-1].kind
        if kind in (None, Announce.NEW) and "(cross-list" in head:
            return Announce.CROSS
        if kind in (None, Announce.NEW) and "(replaced" in head:
            return Announce.REPLACE
        return kind

    def _authors(self, field: _html.Node | None) -> tuple[str, ...]:
        if field is None:
            return ()
        listed = _listed(_words(field).removeprefix("Authors:"), self._warnings)
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


FORMATS = (Format("arxiv_listing_html", _is_page, _read_page),)
