"""A tiny format to copy: the first lines of a list that somebody keeps by hand.

    Papers of 2026-01-22
    * 2601.15529 Title of the paper
      Its abstract, on one line.

What a format owes the others is in `DigestFormat`; ids, keys, names, categories and warnings each have one home beside
this module. This one is no member of FORMATS; its sample is tests/digests/_example.txt.
"""

import re

from bot.digests._arxiv import arxiv_address, arxiv_link
from bot.digests._days import day_in
from bot.digests._format import Content, Entry
from bot.digests._plain import collapse
from bot.digests._warnings import Warnings
from subscriptions import Paper

name = "example"

_FIRST_LINE = re.compile(r"\s*Papers of (\d{4}-\d{2}-\d{2})\s*(?:\n|$)")
_HEAD = re.compile(r"\* (?P<address>\S+) (?P<title>.+)")


def detect(text: str) -> bool:
    """The first line says so. Look at the content alone: names and types of files decide nothing."""
    return bool(_FIRST_LINE.match(text))


def parse(text: str, warnings: Warnings, language: str | None) -> Content:  # noqa: ARG001  there are no summaries
    """One paper per line with a star; the line below is its abstract. What cannot be read is said, not left out."""
    first = _FIRST_LINE.match(text)
    lines = text.split("\n")
    entries = []
    for number, (line, below) in enumerate(zip(lines, [*lines[1:], ""], strict=True), 1):
        if not line.startswith("* "):
            continue
        head = _HEAD.fullmatch(line)
        address = arxiv_address(head["address"]) if head else None
        if not head or not address:
            warnings.add("unparsed_heading", line=number, example=line)
            continue
        arxiv_id, version = address
        paper = Paper(
            key=arxiv_id,
            arxiv_id=arxiv_id,
            version=version,
            url=arxiv_link(arxiv_id),
            title=collapse(head["title"]),
            abstract=collapse(below) if below.startswith("  ") else "",
        )
        entries.append(Entry(line=number, paper=paper))
    return Content(entries=entries, day=day_in(first[1]) if first else None)
