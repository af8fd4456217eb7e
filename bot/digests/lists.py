"""Lists of papers as pages: arXiv's lists in HTML, and Hugging Face's daily papers copied as text.

`arxiv_listing_html`: `https://arxiv.org/list/cs.CL/new`, `…/recent`, `/catchup/cs.CL/2026-01-22`.

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

The heading of a section gives the announce type of its papers. `recent` has no abstracts and its sections are days, so
there the mark `(cross-list from …)` gives the announce type. Pages from before 2024 differ little. Source: the
templates in github.com/arXiv/arxiv-browse.

`hf_text`: a banner, then titles and abstracts, one line each. There are no ids, authors, categories or dates.

    Get trending papers in your email inbox once a day!
    Get trending papers in your email inbox!
    Subscribe<first title>
    <first abstract>
    <second title>
    …
"""

import re
from collections.abc import Iterator
from copy import copy
from itertools import takewhile

from bs4 import BeautifulSoup, Tag

from bot.digests import arxiv, markup, names, scalars
from bot.digests.entries import Found
from bot.failures import BrokenDigest
from subscriptions.errors import Sentence
from subscriptions.model import Announce, Paper

_LIST_OF_PAGE = re.compile(r"\bid\s*=\s*[\"']?dlpage\b")
_SECTION = re.compile(r"(?P<kind>New|Cross|Replacement)(?:s\b|[ -](?:submissions|lists?)\b)")
_KINDS = {"New": Announce.NEW, "Cross": Announce.CROSS, "Replacement": Announce.REPLACE}
_SHOWING = re.compile(r"showing (?:first |last )?(?P<shown>\d{1,6}) of (?P<all>\d{1,6}) entries")
_TOTAL = re.compile(r"[Tt]otal of (?P<count>\d{1,6}) entries")
_EMPTY = re.compile(r"No updates (?:today|for this time period)|Authors and titles for recent submissions")
_END_OF_PAGE = re.compile(r"</(?:body|html)\s*>", re.IGNORECASE)
_HIDDEN = re.compile(  # comments and scripts; one that never ends does not hide the next one
    r"<!--(?:(?!<!--)[\s\S])*?-->|<script\b(?:(?!<script\b)[\s\S])*?</script\s*>", re.IGNORECASE
)
_PIECE = re.compile(r"(?=<(?:dt|h[123])\b)", re.IGNORECASE)  # before the head of an entry, or a heading
_CODE = re.compile(r"\(([^()\s]+)\)")
_LINK_TEXT = re.compile(r"this https? URL")  # arXiv shows these words in place of an address
_SITE = "https://arxiv.org"

_Line = tuple[int, str]  # number from 1, text
_BANNER = ("Get trending papers in your email inbox once a day!", "Get trending papers in your email inbox!")
_BADGE = 20  # characters that a badge of the page has at most, such as "new"
_MOST_BADGES = 10
_START = 1_000  # characters; more than badges and the banner have
_BUTTON = "Subscribe"  # the label of a button, which copying joins with the first title


def read(text: str, wanted: str | None, language: str | None) -> Found | None:  # noqa: ARG001  there are no summaries
    """Returns the papers of a page; None if the text is none of these.

    A copy without its banner is read if `wanted` names it.
    """
    if markup.is_html(text):
        return _read_page(text) if _LIST_OF_PAGE.search(text) else None
    if wanted != "hf_text" and not _is_copy(
        [line for one in text[:_START].split("\n") if (line := scalars.collapse(one))]
    ):
        return None
    lines = enumerate(map(scalars.collapse, text.split("\n")), 1)
    return _read_copy([(number, line) for number, line in lines if line])


def _read_page(text: str) -> Found:
    """Returns the papers of the page, with its newest day.

    Raises BrokenDigest if none can be read and the page is not empty.
    """
    found = Found(format="arxiv_listing_html")
    found.add(_heads(text, found), lambda head: _paper_of(*head, found))
    if not found.papers:
        _refuse_unless_empty(text, found)
    return found


def _heads(text: str, found: Found) -> Iterator[tuple[Tag | None, str, Announce | None]]:
    """Yields (head of an entry, its words, the announce type of its section).

    Notes what the headings say in `found`.
    """
    kind: Announce | None = None
    for piece in _PIECE.split(_HIDDEN.sub("", text))[1:]:  # so that damage in an entry stays in it
        element = BeautifulSoup(markup.without_wrong_references(piece), "lxml").find(["dt", "h1", "h2", "h3"])
        words = _text(element) if element else ""
        if element is None or element.name == "dt":
            yield element, words, kind
            continue
        day, section, showing = scalars.day_in_heading(words), _SECTION.match(words), _SHOWING.search(words)
        kind = _KINDS[section["kind"]] if section else Announce.NEW if day else kind
        found.day = max(filter(None, (day, found.day)), default=None)
        if showing:
            found.announced = (found.announced or 0) + int(showing["shown"])
            found.warnings["possibly_capped"] += int(showing["all"]) - int(showing["shown"])


def _refuse_unless_empty(text: str, found: Found) -> None:
    """Raises BrokenDigest unless the page is complete, has the heading of a day or list, and announces no papers."""
    totals = [int(total["count"]) for total in _TOTAL.finditer(text)]
    says_so = totals or _EMPTY.search(text) or (found.day and _END_OF_PAGE.search(text))
    if found.announced or any(totals) or found.warnings["unparsed_heading"] or not says_so:
        raise BrokenDigest(Sentence("No paper in it can be read."))


def _paper_of(head: Tag | None, words: str, kind: Announce | None, found: Found) -> Paper | None:
    """Returns the paper of an entry, whose head is followed by its body; None if the head cannot be read."""
    addresses = [address for link in head.find_all("a") if (address := _address(link))] if head else []
    body = head.find_next_sibling() if head else None
    if not addresses or body is None or body.name != "dd":
        found.warnings["unparsed_heading"] += 1
        return None
    arxiv_id = addresses[0][0]
    fields = {name: _words(body, name) for name in ("list-title", "list-authors", "list-subjects", "list-comments")}
    authors = [_text(link) for link in body.select("div[class*=list-authors] a")]
    if "et al" in fields["list-authors"]:
        found.warnings["authors_not_shown"] += 1
    if kind in (None, Announce.NEW):
        kind = Announce.CROSS if "(cross-list" in words else Announce.REPLACE if "(replaced" in words else kind
    return Paper(
        key="",
        title=fields["list-title"].removeprefix("Title:"),
        abstract=_words(body, "mathjax", "p"),
        authors=names.joined_names(authors) or names.names_of([fields["list-authors"].removeprefix("Authors:")])[0],
        categories=arxiv.categories_of(_CODE.findall(fields["list-subjects"])),
        arxiv_id=arxiv_id,
        version=next((version for other, version in addresses if other == arxiv_id and version), None),
        announce_type=kind,
        comment=fields["list-comments"].removeprefix("Comments:"),
    )


def _address(link: Tag) -> tuple[str, int | None] | None:
    href = str(link.get("href", ""))
    return arxiv.arxiv_address(_SITE + href if href.startswith("/") else href)


def _text(element: Tag) -> str:
    for line in element.find_all("br"):
        line.replace_with("\n")
    return scalars.collapse(element.get_text())


def _words(body: Tag, part_of_class: str, name: str = "div") -> str:
    """Returns the text of a field without its label, and with the addresses that the page hides."""
    found = body.select_one(f"{name}[class*={part_of_class}]")
    if found is None:
        return ""
    field = copy(found)
    for block in field.find_all(["div", "p"]):  # of the next fields, if the end of this one is lost
        block.decompose()
    for inner in field.find_all(["span", "a"]):
        if "descriptor" in inner.get_attribute_list("class"):
            inner.clear()
        elif inner.name == "a" and _LINK_TEXT.fullmatch(_text(inner)):
            inner.string = str(inner.get("href", ""))
    return _text(field)


def _is_copy(lines: list[str]) -> bool:
    """Returns whether a text begins with the banner; below a badge of the page, the button must follow the banner.

    Text without the banner may be anything.
    """
    badges = list(takewhile(lambda line: line not in _BANNER, lines[:_MOST_BADGES]))
    below = [line for line in lines[len(badges) : len(badges) + len(_BANNER) + 1] if line not in _BANNER]
    if not badges:
        return bool(lines)
    return all(len(line) <= _BADGE for line in badges) and bool(below) and below[0].startswith(_BUTTON)


def _read_copy(lines: list[_Line]) -> Found:
    """Returns a paper for each pair of lines.

    Raises BrokenDigest if there is none, or if a title is longer than its abstract.

    If a title is longer than its abstract, a line is missing or added somewhere before it.
    """
    found = Found(format="hf_text")
    lines = _without_banners(lines)
    if len(lines) % 2:
        lines.pop()
        found.warnings["odd_line_count"] += 1
    if not lines:
        raise BrokenDigest(Sentence("The banner of the page is there, but no title with an abstract below it."))
    found.add(zip(lines[::2], lines[1::2], strict=True), _paper_of_pair)
    return found


def _without_banners(lines: list[_Line]) -> list[_Line]:
    """Returns the lines of titles and abstracts.

    Removes every banner, with badges above it; pages may have been joined.
    """
    kept: list[_Line] = []
    before = ""
    for number, line in lines:
        if line in _BANNER:
            while kept and len(kept[-1][1]) <= _BADGE and (len(kept) % 2 or all(len(one) <= _BADGE for _, one in kept)):
                kept.pop()
        elif text := line.removeprefix(_BUTTON).strip() if before in _BANNER else line:
            kept.append((number, text))
        before = line
    return kept


def _paper_of_pair(pair: tuple[_Line, _Line]) -> Paper:
    (line, title), (_, abstract) = pair
    if len(title) > len(abstract):
        raise BrokenDigest(
            Sentence(
                "In line {line} a title is longer than the abstract below it: somewhere before, a line is missing or "
                "one too many, so that titles and abstracts are mixed up.",
                {"line": line},
            )
        )
    return Paper(key="", title=title, abstract=abstract)
