"""The JSON lines from which daily-arXiv pages are made: one paper per line.

    {"id": "2601.15529", "title": …, "authors": […], "categories": […], "comment": …, "summary": the abstract,
     "AI": {"tldr": …, "motivation": …, "method": …, "result": …, "conclusion": …}}

`AI` is missing until the page has been summarised, and each of its fields can fail on its own. Until March 2025 it had
`task` instead of `tldr`. A fork writes `cate` for `categories`, `url` for `abs`, and more fields into `AI`. No field gives a
day.
"""

import re

from bot.digests._arxiv import arxiv_address, categories_of, entry_of
from bot.digests._format import Content, Warnings
from bot.digests._json import Record, entries_of, first_items, json_items, json_lines
from bot.digests._text import decode_accents, is_failed, meaningful, split_authors, summaries_of, translations_of
from subscriptions.model import Paper

name = "daily_arxiv_jsonl"

_DOCUMENT = re.compile(r"\s*(?:\[|\{[^\S\n]*\n)")  # an array, or an object that is spread over lines
_OBJECT = re.compile(r"\s*\{")
_ADDRESSES = ("id", "abs", "url", "pdf")
_FIELDS = {  # fields of AI that belong to the summary, in reading order → their names in a Summary
    "tldr": "tldr",
    "task": "task",
    "motivation": "motivation",
    "method": "method",
    "result": "result",
    "conclusion": "conclusion",
    "keywords": "keywords",
    "comments": "ai_comments",
    "summary": "ai_abstract",
}


def detect(text: str) -> bool:
    """Returns whether the first readable object has a title, a summary or `AI`, and an id or address."""
    if _DOCUMENT.match(text):
        return any(map(_is_paper, first_items(text)))
    return bool(_OBJECT.match(text)) and any(map(_is_paper, json_lines(text, Warnings())))


def parse(text: str, warnings: Warnings, language: str | None) -> Content:
    """Returns the paper of each line. Also reads an array of such objects; raises BrokenDigest if the array is damaged."""
    records = json_items if _DOCUMENT.match(text) else json_lines
    return Content(
        entries=entries_of(
            records(text, warnings), warnings, lambda record: entry_of(record.line, _paper(record, language), warnings)
        )
    )


def _is_paper(record: Record) -> bool:
    return "title" in record and ("summary" in record or "AI" in record) and ("id" in record or "url" in record)


def _paper(record: Record, language: str | None) -> Paper:
    addresses = (arxiv_address(record.text(name)) for name in _ADDRESSES)
    arxiv_id, version = next(filter(None, addresses), (None, None))
    summary = record.record("AI")
    texts = {name: summary.text(field) for field, name in _FIELDS.items() if summary.has_text(field)}
    return Paper(
        key="",
        title=record.text("title"),
        abstract=meaningful(record.text("summary")),
        authors=_authors(record),
        categories=categories_of(_categories(record, "categories") or _categories(record, "cate")),
        arxiv_id=arxiv_id,
        version=version,
        summaries=summaries_of(texts, language),
        translations=translations_of(summary.text("title_translation"), summary.text("translation"), language),
        failed=is_failed(texts),
        comment=meaningful(record.text("comment")),
    )


def _categories(record: Record, member: str) -> list[str]:
    """Returns the categories of a member: an array of them, or all in one text."""
    return re.split("[,;]| ", record.text(member)) if record.has_text(member) else record.texts(member)


def _authors(record: Record) -> tuple[str, ...]:
    if names := record.text("authors"):  # all names in one text
        return split_authors(names)
    return tuple(filter(None, map(decode_accents, record.names("authors"))))
