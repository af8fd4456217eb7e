"""Hugging Face's daily papers: from its API, and copied as text from its page.

`hf_json`: the answer of the API, `https://huggingface.co/api/daily_papers`.

A list of objects. Each object has a `paper`, and repeats some members of that paper. `paper.submittedOnDailyAt` is the
day of the list, `publishedAt` the day of the paper. There are no categories. An empty list is a day without papers.

`hf_text`: text copied from the web page: a banner, then titles and abstracts, one line each.

    Get trending papers in your email inbox once a day!
    Get trending papers in your email inbox!
    Subscribe<first title>
    <first abstract>
    <second title>
    …

There are no ids, authors, categories or dates.
"""

import re
from datetime import date
from itertools import dropwhile

from bot.digests import _arxiv, _days, _format, _json, _lines, _names, _papers
from bot.digests._format import Content, Format
from bot.digests._json import Record
from bot.digests._warnings import Warnings
from bot.errors import BrokenDigest
from subscriptions.errors import Sentence
from subscriptions.model import Paper

_ARRAY = re.compile(r"\s*\[")
_EMPTY = re.compile(r"\s*\[\s*\]\s*")


def _is_list(text: str) -> bool:
    """Returns whether the document is an array; one of its first objects has a `paper`, or it is empty."""
    if _EMPTY.fullmatch(text):
        return True
    return bool(_ARRAY.match(text)) and any(item.record("paper").members for item in _json.first_items(text))


def daily_papers(text: str, warnings: Warnings) -> Content:
    """Returns the papers of a list, with the newest day among them. Raises BrokenDigest if the list is damaged."""
    days: list[date | None] = []

    def entry(record: Record) -> Paper | None:
        inner = record.record("paper")
        days.append(_days.day_in(inner.text("submittedOnDailyAt")))
        arxiv_id, version = _arxiv.arxiv_address(inner.text("id")) or (None, None)
        paper = Paper(
            key="",
            title=inner.text("title") or record.text("title"),
            abstract=inner.text("summary") or record.text("summary"),
            authors=_names.joined_names(inner.names("authors")),
            arxiv_id=arxiv_id,
            version=version,
        )
        return _papers.entry_of(paper, warnings)

    entries = _json.entries_of(_json.json_items(text, warnings), warnings, entry)
    return Content(entries=entries, day=max(filter(None, days), default=None))


_BANNER = ("Get trending papers in your email inbox once a day!", "Get trending papers in your email inbox!")
_START = 400  # characters; more than badges and the banner have
_BADGE = 20  # characters that a badge has at most, such as "new"
_BUTTON = "Subscribe"  # the label of a button, which copying joins with the first title


def _is_copy(text: str) -> bool:
    """Returns whether the text begins with the banner; below a badge of the page, the button must follow the banner.

    Text without the banner may be anything.
    """
    start = [line.strip() for line in text[:_START].split("\n") if not line.isspace() and line]
    if start[:1] and start[0] in _BANNER:
        return True
    lines = list(dropwhile(lambda line: line not in _BANNER, start))
    below = list(dropwhile(lambda line: line in _BANNER, lines))
    badges = start[: len(start) - len(lines)]
    return all(len(line) <= _BADGE for line in badges) and bool(below) and below[0].startswith(_BUTTON)


def _read_copy(text: str, warnings: Warnings, language: str | None) -> Content:  # noqa: ARG001  there are no summaries
    """Returns a paper for each pair of lines. Raises BrokenDigest if there is none, or if a title is longer than its abstract.

    If a title is longer than its abstract, a line is missing or added somewhere before it.
    """
    lines = _without_banners(
        [(n, _lines.collapse(line)) for n, line in enumerate(_lines.lines_of(text), 1) if line.strip()]
    )
    if len(lines) % 2:
        lines.pop()
        warnings.add("odd_line_count")
    if not lines:
        raise BrokenDigest(Sentence("The banner of the page is there, but no title with an abstract below it."))
    return Content(entries=list(_format.each(zip(lines[::2], lines[1::2], strict=True), _entry, warnings)))


def _without_banners(lines: list[tuple[int, str]]) -> list[tuple[int, str]]:
    """Returns the lines of titles and abstracts. Removes every banner, with a badge above it.

    Several pages may be copied into one text.
    """
    kept: list[tuple[int, str]] = []
    before = ""
    for number, line in lines:
        if line in _BANNER and all(len(text) <= _BADGE for _, text in kept):
            kept.clear()
        if line in _BANNER and len(kept) % 2 and len(kept[-1][1]) <= _BADGE:
            kept.pop()
        text = line.removeprefix(_BUTTON).strip() if before in _BANNER else line
        if text and line not in _BANNER:
            kept.append((number, text))
        before = line
    return kept


def _entry(pair: tuple[tuple[int, str], tuple[int, str]]) -> Paper:
    (line, title), (_, abstract) = pair
    if len(title) > len(abstract):
        raise BrokenDigest(
            Sentence(
                "In line {line} a title is longer than the abstract below it: somewhere before, a line is missing or "
                "one too many, so that titles and abstracts are mixed up.",
                {"line": line},
            )
        )
    return _papers.keyed(Paper(key="", title=title, abstract=abstract))


FORMATS = (
    Format("hf_json", _is_list, lambda text, warnings, _: daily_papers(text, warnings)),
    Format("hf_text", _is_copy, _read_copy),
)
