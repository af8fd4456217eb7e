"""Lists of papers as pages and plain lines: arXiv's lists, copies of Hugging Face's page, papers with a translation.

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

`bilingual3`: an English abstract, its translation, the address of the paper, a line each. The groups follow each other
without empty lines. There are no titles, authors, categories or dates. In lists made from arXiv's feed, abstracts and
translations begin with the announcement of the feed.

`bilingual_md`: a table of papers, and a note on each.

    # 摘要

    | Ref | Title | Summary |
    | --- | --- | --- |
    | [^1] | [Sorting Sand by Sound](https://arxiv.org/abs/2601.00001) | 用声音给沙粒分类。 |

    # 详细

    [^1]: 用声音给沙粒分类

        Sorting Sand by Sound

        [https://arxiv.org/abs/2601.00001](https://arxiv.org/abs/2601.00001)

        …

A note has the translated title, then six blocks in fixed positions, with an empty line before each: title, link, tldr,
English tldr, translated abstract, abstract. A block may be empty (the English tldr mostly is) and keeps its position.

The pages are made by github.com/qhduan/cn-chat-arxiv. This program reads arXiv's feed, and cuts each abstract after a
thousand characters. A model then translates title and abstract into Chinese, and writes a summary of one sentence, the
tldr. There are no authors and no dates. A paper has the same seven texts in all three forms.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import takewhile

from bs4 import BeautifulSoup, Tag
from bs4.element import NavigableString

from bot.digests import arxiv, files, markup, names, papers, scalars
from bot.digests.papers import Found
from subscriptions.errors import BrokenDigest, Sentence
from subscriptions.model import Announce, Paper

_Line = tuple[int, str]  # number from 1, text

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
_PAPER_LINK = re.compile(r"/(?:abs|pdf|html)/")
_CODE = re.compile(r"\(([^()\s]+)\)")
_LINK_TEXT = re.compile(r"this https? URL")  # arXiv shows these words in place of an address
_SITE = "https://arxiv.org"

_PAGE = re.compile(r"# 摘要[^\S\n]*\n\s*\| *Ref *\| *Title *\| *Summary *\|")
_ROW = re.compile(
    rf"\| *\[\^(?P<number>\d{{1,6}})\] *\| *\[(?P<title>.*?)\]\((?P<link>{arxiv.ADDRESS})\) *\|(?P<tldr>.*)"
)
_NOTE = re.compile(r"^\[\^\d{1,6}\]:(?P<title>.*)", re.MULTILINE)
_LINK = re.compile(rf"\[[^\]\n]*\]\((?P<link>{arxiv.ADDRESS})\)")
_BLOCKS = 6  # of a note
_BETWEEN = re.compile(r"\n[^\S\n]{0,3}\n")  # an empty block has four spaces; a line with fewer separates blocks

_GROUP = 3  # lines
_HEADING = re.compile(r"#{1,6}\s|(?:=+|-+)$")  # a heading, or the line that underlines one
_URL = re.compile(arxiv.URL)
_BEGINNING_OF_URL = re.compile(
    r"https?://(?:arxiv\.org/(?:(?:abs|pdf)/(?:[\d.]*|[a-z-]+(?:\.[A-Z]{0,2})?(?:/\d*)?))?)?"
)

_BANNER = ("Get trending papers in your email inbox once a day!", "Get trending papers in your email inbox!")
_BADGE = 20  # characters that a badge of the page has at most, such as "new"
_MOST_BADGES = 10
_BUTTON = "Subscribe"  # the label of a button, which copying joins with the first title


def read(text: str, wanted: str | None, language: str | None) -> Found | None:
    """Return the papers of a page; None if the text is none of these.

    A copy of Hugging Face's page without its banner is read if `wanted` names it.
    """
    if markup.is_html(text):
        return _read_page(text) if _LIST_OF_PAGE.search(text) else None
    if wanted != "hf_text" and _PAGE.match(text.lstrip()):
        return _read_table(text, language)
    lines = [(number, line) for number, one in enumerate(text.split("\n"), 1) if (line := one.strip())]
    first = [line for _, line in lines[:_MOST_BADGES]]
    if wanted == "hf_text" or _is_copy(first):
        return _read_copy(lines)
    return _read_groups(lines, language) if _are_groups(first[:_GROUP], text) else None


def _read_page(text: str) -> Found:
    """Return the papers of the page, with its newest day.

    Raise BrokenDigest if none can be read and the page is not empty.
    """
    found = Found(format="arxiv_listing_html")
    found.add(_heads(text, found), lambda head: _paper_of(*head, found))
    totals = [int(total["count"]) for total in _TOTAL.finditer(text)]
    # an empty page is complete, has the heading of a day or list, and announces no papers
    is_empty = totals or _EMPTY.search(text) or (found.day and _END_OF_PAGE.search(text))
    if not found.papers and (found.announced or any(totals) or found.warnings["unparsed_heading"] or not is_empty):
        raise BrokenDigest(Sentence("No paper in it can be read."))
    return found


def _heads(text: str, found: Found) -> Iterator[tuple[Tag | None, str, Announce | None]]:
    """Yield (head of an entry, its words, the announce type of its section).

    Notes what the headings say in `found`.
    """
    kind: Announce | None = None
    pieces = _PIECE.split(_HIDDEN.sub("", text))[1:]
    files.check_entries(len(pieces))
    for piece in pieces:  # so that damage in an entry stays in it
        if piece[:3].lower() == "<dt" and not _PAPER_LINK.search(piece):
            yield None, "", kind  # without the cost of a parser
            continue
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


def _paper_of(head: Tag | None, words: str, kind: Announce | None, found: Found) -> Paper | None:
    """Return the paper of an entry, whose head is followed by its body; None if the head cannot be read."""
    links = [str(link.get("href", "")) for link in head.find_all("a")] if head else []
    paper = papers.paper_at(*(_SITE + link if link.startswith("/") else link for link in links))
    body = head.find_next_sibling() if head else None
    if not paper.arxiv_id or body is None or body.name != "dd":
        found.warnings["unparsed_heading"] += 1
        return None
    fields = {name: _words(body, name) for name in ("list-title", "list-authors", "list-subjects", "list-comments")}
    listed = _field(body, "list-authors")
    authors = list(map(_text, _links(listed))) if listed else []
    if "et al" in fields["list-authors"]:
        found.warnings["authors_not_shown"] += 1
    if kind in (None, Announce.NEW):
        kind = Announce.CROSS if "(cross-list" in words else Announce.REPLACE if "(replaced" in words else kind
    return replace(
        paper,
        title=fields["list-title"].removeprefix("Title:"),
        abstract=_words(body, "mathjax", "p"),
        authors=names.joined_names(authors) or names.names_of([fields["list-authors"].removeprefix("Authors:")])[0],
        categories=tuple(_CODE.findall(fields["list-subjects"])),
        announce_type=kind,
        comment=fields["list-comments"].removeprefix("Comments:"),
    )


def _field(body: Tag, part_of_class: str, name: str = "div") -> Tag | None:
    """Return the first element of the name whose class has this part."""
    return body.find(lambda one: one.name == name and part_of_class in str(one.get("class", "")))


def _words(body: Tag, part_of_class: str, name: str = "div") -> str:
    """Return the text of a field without its label, and with the addresses that the page hides."""
    field = _field(body, part_of_class, name)
    if field is None:
        return ""
    # in a block are the next fields, if the end of this one is lost
    return scalars.collapse("".join(_pieces(field, lambda inner: inner.name in ("div", "p") or _is_label(inner))))


def _is_label(element: Tag) -> bool:
    return element.name in ("span", "a") and "descriptor" in element.get_attribute_list("class")


def _text(element: Tag) -> str:
    return scalars.collapse("".join(_pieces(element)))


def _pieces(element: Tag, leaves_out: Callable[[Tag], bool] = lambda _: False) -> Iterator[str]:
    """Yield the texts in an element, each once, in order."""
    ahead = element.contents[::-1]
    while ahead:
        match ahead.pop():
            case Tag(name="br"):
                yield "\n"
            case Tag(name="a", contents=[NavigableString() as said]) as link if _LINK_TEXT.fullmatch(said.strip()):
                yield str(link.get("href", ""))
            case Tag() as inner:
                ahead += () if leaves_out(inner) else inner.contents[::-1]
            case NavigableString() as said if type(said) is NavigableString:  # no comment
                yield said


def _links(element: Tag) -> Iterator[Tag]:
    """Yield the links in an element, but none that is inside another one."""
    ahead = element.contents[::-1]
    while ahead:
        match ahead.pop():
            case Tag(name="a") as link:
                yield link
            case Tag() as inner:
                ahead += inner.contents[::-1]


def _read_table(text: str, language: str | None) -> Found:
    """Return the paper of each row of the table, with the texts of its note, and of each note without a row."""
    found = Found(format="bilingual_md")
    rows = dict(_rows(text, found))
    for arxiv_id, texts in _notes(text, found):
        rows[arxiv_id] = rows.get(arxiv_id, {}) | texts
    found.add(rows.values(), lambda texts: papers.chat_paper(texts, language))
    if not found.papers and "[^" in text:
        raise BrokenDigest(Sentence("No paper in it can be read."))
    return found


def _rows(page: str, found: Found) -> Iterator[tuple[str, dict[str, str]]]:
    """Yield (arXiv id, arguments of `chat_paper`) of each row."""
    for line in page.split("\n"):
        if row := _ROW.match(line):
            title = row["title"].strip().removesuffix(".")  # the full stop that stood before the announcement
            tldr = row["tldr"].strip().removesuffix("|")
            yield arxiv.matched_address(row)[0], {"link": row["link"], "title": title, "tldr": tldr}
        else:
            found.warnings["unparsed_heading"] += line.startswith("| [^")


def _notes(page: str, found: Found) -> Iterator[tuple[str, dict[str, str]]]:
    """Yield (arXiv id, arguments of `chat_paper`) of each note."""
    heads = list(_NOTE.finditer(page))
    for head, end in zip(heads, [*(one.start() for one in heads), len(page)][1:], strict=True):
        blocks = [block.strip() for block in _BETWEEN.split(page[head.end() + 1 : end], _BLOCKS)[:_BLOCKS]]
        texts = dict(zip(papers.CHAT_TEXTS, [head["title"], *blocks, *[""] * _BLOCKS], strict=False))
        if address := _LINK.fullmatch(texts["link"]):
            yield arxiv.matched_address(address)[0], texts | {"link": address["link"]}
        else:  # a block is missing, and it is unknown which
            found.warnings["unparsed_heading"] += 1


def _are_groups(lines: list[str], text: str) -> bool:
    """Return whether the third line is an arXiv address, and the two before it are neither headings nor addresses."""
    if len(lines) < _GROUP or any(_HEADING.match(line) or _URL.fullmatch(line) for line in lines[:-1]):
        return False
    return bool(_URL.match(lines[-1])) and not markup.is_markup(text)


def _read_groups(lines: list[tuple[int, str]], language: str | None) -> Found:
    """Return the papers of the groups. Raise BrokenDigest, with the line, if a line should be an address and is not.

    What is left over at the end is left out, and a last address that was cut.
    """
    found = Found(format="bilingual3")
    if not _URL.fullmatch(lines[-1][1]) and _BEGINNING_OF_URL.fullmatch(lines[-1][1]):
        lines = lines[:-1]
    whole = len(lines) - len(lines) % _GROUP
    found.warnings["incomplete_group"] += whole < len(lines)
    groups = [lines[start : start + _GROUP] for start in range(0, whole, _GROUP)]
    found.add(groups, lambda group: _paper_of_group(group, language))
    del found.warnings["entry_without_title"]  # no paper of this format has one
    return found


def _paper_of_group(group: list[_Line], language: str | None) -> Paper:
    (_, abstract), (_, translation), (number, url) = group
    if not _URL.fullmatch(url) or _URL.fullmatch(abstract) or _URL.fullmatch(translation):
        raise BrokenDigest(
            Sentence(
                "Line {line} should be an arXiv address below two texts, as every third line of bilingual3 is, but reads “{text}”.",
                {"line": number, "text": url[:60]},
            )
        )
    return papers.chat_paper({"link": url, "abstract": abstract, "translated_abstract": translation}, language)


def _is_copy(lines: list[str]) -> bool:
    """Return whether a text begins with the banner, perhaps below badges; without it, the text may be anything."""
    above = list(takewhile(lambda line: line not in _BANNER, lines))
    return len(above) < len(lines) and all(len(line) <= _BADGE for line in above)


def _read_copy(lines: list[_Line]) -> Found:
    """Return a paper for each pair of lines. Banners and badges above them are left out; pages may have been joined.

    Raise BrokenDigest if there is none, or if a title is longer than its abstract. Then a line is missing or added
    somewhere before it.
    """
    found = Found(format="hf_text")
    texts: list[_Line] = []
    before = ""
    for number, line in lines:
        if line in _BANNER:
            while texts and len(texts[-1][1]) <= _BADGE:
                texts.pop()
        elif text := line.removeprefix(_BUTTON).strip() if before in _BANNER else line:
            texts.append((number, text))
        before = line
    if len(texts) % 2:
        texts.pop()
        found.warnings["odd_line_count"] += 1
    if not texts:
        raise BrokenDigest(Sentence("The banner of the page is there, but no title with an abstract below it."))
    found.add(zip(texts[::2], texts[1::2], strict=True), _paper_of_pair)
    return found


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
