"""Hugging Face's daily papers as a web page: `https://huggingface.co/papers`, `…/papers/date/2026-01-22`, `…/week/…`.

    <div class="SVELTE_HYDRATER contents" data-target="DailyPapers" data-props="{&quot;dateString&quot;:&quot;2026-01-22&quot;,
      &quot;dailyPapers&quot;:[{&quot;paper&quot;:{&quot;id&quot;:&quot;2601.00001&quot;, …}}]}">
      <article> … <h3><a href="/papers/2601.00001">Sorting Sand by Sound</a></h3> … </article>

The attribute `data-props` holds the data of the page: the same objects as in `hf_json`. The visible cards have only a title
and, in some years, names and abstracts. They are read only if the attribute is missing or damaged.
"""

import re
from itertools import islice

from bot.digests._arxiv import arxiv_address, entry_of
from bot.digests._format import Content, Entry, Warnings
from bot.digests._html import Node, pieces, read_piece, tags_with
from bot.digests._json import head_of
from bot.digests._text import day_in, decode_accents, is_html, nothing_read
from bot.digests.hf_json import daily_papers
from subscriptions.model import Paper

name = "hf_html"

_DAMAGED = "the data that the page was drawn from are damaged; what is drawn was read instead"
_TARGET = "DailyPapers"
_ARRAY = "dailyPapers"
_MOST_PAGES = 100  # in one file of pages that are glued together; a page has one such attribute
_MARK = re.compile(rf"\bdata-target\s*=\s*[\"']?{_TARGET}\b")
_CARD = re.compile(r"<article\b", re.IGNORECASE)
_PAGE = r"(?:https://huggingface\.co)?/papers/"
_PAGE_OF_PAPER = re.compile(rf"{_PAGE}(?P<id>\d{{4}}\.\d{{4,5}})")
_LINK = re.compile(rf"\bhref\s*=\s*[\"']{_PAGE}\d{{4}}\.\d")


def detect(text: str) -> bool:
    """Returns whether the text is an HTML page with the data of daily papers, or with cards that link to pages of papers."""
    return is_html(text) and bool(_MARK.search(text) or (_CARD.search(text) and _LINK.search(text)))


def parse(text: str, warnings: Warnings, language: str | None) -> Content:  # noqa: ARG001  there are no summaries
    """Returns the papers of the page, with its day. Raises BrokenDigest if none can be read."""
    found = islice(tags_with(text, "data-target", _TARGET), _MOST_PAGES)
    contents = [_embedded_papers(line, attributes.get("data-props", ""), warnings) for line, attributes in found]
    whole = [content for content in contents if content]
    entries = [entry for content in whole for entry in content.entries]
    if not contents or len(whole) < len(contents):
        known = {entry.paper.key for entry in entries}
        entries += [entry for entry in _cards(text, warnings) if entry.paper.key not in known]
    if not entries and not whole:
        raise nothing_read()
    return Content(entries=entries, day=max((content.day for content in whole if content.day), default=None))


def _embedded_papers(line: int, data: str, warnings: Warnings) -> Content | None:
    """Returns the papers in the `data-props` of a page, None if the data are damaged."""
    head = head_of(data)
    if head is None or not isinstance(head.members.get(_ARRAY), list):
        warnings.add("bad_json_line", message=_DAMAGED, line=line)
        return None
    content = daily_papers(data, warnings, _ARRAY, line)
    return Content(entries=content.entries, day=day_in(head.text("dateString")) or content.day)


def _cards(text: str, warnings: Warnings) -> list[Entry]:
    """Returns the papers of the visible cards. Skips cards without a link to a paper; warns of unreadable ones."""
    entries: list[Entry] = []
    for piece in pieces(text, ("article",)):
        card = read_piece(piece, warnings)
        if card is None:
            warnings.add("unparsed_heading", line=piece.line, example=piece.markup)
        elif (paper := _paper(card)) and (entry := entry_of(piece.line, paper, warnings)):
            entries.append(entry)
    return entries


def _paper(card: Node) -> Paper | None:
    links = [(link, page["id"]) for link in card.all("a") if (page := _PAGE_OF_PAPER.fullmatch(link.attribute("href")))]
    address = arxiv_address(links[0][1]) if links else None
    if address is None:
        return None
    arxiv_id = address[0]
    titles = (link.text for link, linked in links if linked == arxiv_id)  # a picture without text links there, too
    abstract = card.first("p")
    return Paper(
        key="",
        title=next(filter(None, titles), ""),
        abstract=abstract.text if abstract else "",
        authors=tuple(filter(None, (decode_accents(person.attribute("title")) for person in card.all("li")))),
        arxiv_id=arxiv_id,
    )
