"""Hugging Face's daily papers from its API, `https://huggingface.co/api/daily_papers`.

A list of objects. Each has a `paper`, and repeats some members of it. `paper.submittedOnDailyAt` is the day of the list,
`publishedAt` the day of the paper. There are no categories. An empty list is a day without papers.
"""

import re
from datetime import date

from bot.digests._arxiv import arxiv_address, entry_of
from bot.digests._format import Content, Entry, Warnings
from bot.digests._json import Record, entries_of, first_items, json_items
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
    days: list[date | None] = []

    def entry(record: Record) -> Entry | None:
        inner = record.record("paper")
        days.append(day_in(inner.text("submittedOnDailyAt")))
        arxiv_id, version = arxiv_address(inner.text("id")) or (None, None)
        paper = Paper(
            key="",
            title=inner.text("title") or record.text("title"),
            abstract=inner.text("summary") or record.text("summary"),
            authors=tuple(filter(None, map(decode_accents, inner.names("authors")))),
            arxiv_id=arxiv_id,
            version=version,
        )
        return entry_of(record.line, paper, warnings)

    entries = entries_of(json_items(text, warnings, member, line), warnings, entry)
    return Content(entries=entries, day=max(filter(None, days), default=None))
