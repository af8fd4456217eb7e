"""Hugging Face's daily papers from its API, `https://huggingface.co/api/daily_papers`.

A list of objects. Each has a `paper`, and repeats some members of it. `paper.submittedOnDailyAt` is the day of the list,
`publishedAt` the day of the paper. There are no categories. An empty list is a day without papers.
"""

import re

from bot.digests._arxiv import arxiv_address, arxiv_link, paper_key
from bot.digests._format import Content, Entry, Warnings, bounded
from bot.digests._json import Record, first_items, json_items, refuse_if_nothing_was_read
from bot.digests._text import day_in, decode_accents
from subscriptions.model import Paper

name = "hf_json"

_ARRAY = re.compile(r"\s*\[")
_EMPTY = re.compile(r"\s*\[\s*\]\s*")


def detect(text: str) -> bool:
    """Returns whether the document is an array; one of its first objects has a `paper`, or it is empty."""
    if _EMPTY.fullmatch(text):
        return True
    return bool(_ARRAY.match(text)) and any(item.record("paper").members for item in first_items(text))


def parse(text: str, warnings: Warnings, language: str | None) -> Content:  # noqa: ARG001  there are no summaries
    """Returns the papers of the list, with the newest day among them. Raises BrokenDigest if the list is damaged."""
    return daily_papers(text, warnings)


def daily_papers(text: str, warnings: Warnings, member: str = "", line: int = 1) -> Content:
    """Returns the papers of a list, or of the array `member` of an object. The text begins in `line` of its document."""
    entries, days = [], []
    for record in bounded(json_items(text, warnings, member, line)):
        paper = _paper(record)
        if paper is None:
            warnings.add("bad_json_line", line=record.line)
            continue
        if not paper.title:
            warnings.add("entry_without_title", line=record.line, example=paper.arxiv_id or "")
        entries.append(Entry(record.line, paper))
        days.append(day_in(record.record("paper").text("submittedOnDailyAt")))
    refuse_if_nothing_was_read(entries, warnings)
    return Content(entries=entries, day=max(filter(None, days), default=None))


def _paper(record: Record) -> Paper | None:
    """Returns the paper of a record, None if nothing identifies it."""
    inner = record.record("paper")
    title = inner.text("title") or record.text("title")
    abstract = inner.text("summary") or record.text("summary")
    arxiv_id, version = arxiv_address(inner.text("id")) or (None, None)
    key = paper_key(arxiv_id=arxiv_id, title=title, abstract=abstract)
    if key is None:
        return None
    names = map(decode_accents, inner.names("authors"))
    return Paper(
        key=key,
        title=title,
        abstract=abstract,
        authors=tuple(filter(None, names)),
        arxiv_id=arxiv_id,
        version=version,
        url=arxiv_link(arxiv_id) if arxiv_id else None,
    )
