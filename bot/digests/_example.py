"""A tiny format to copy: a list that a person keeps by hand.

    Papers of 2026-01-22
    * 2601.15529 Title of the paper
      Its abstract, on one line.

`DigestFormat` says what a format must do. To read ids, keys, names and categories, and to collect warnings, use the
functions of the other modules in this folder. This format is not a member of FORMATS; its sample is
tests/digests/_example.txt.
"""

import re
from collections.abc import Iterator

from bot.digests._arxiv import arxiv_address, arxiv_link
from bot.digests._days import day_in
from bot.digests._format import Content, each
from bot.digests._lines import collapse
from bot.digests._warnings import Warnings
from subscriptions.model import Paper

name = "example"

_FIRST_LINE = re.compile(r"\s*Papers of (\d{4}-\d{2}-\d{2})\s*(?:\n|$)")
_GLUED = re.compile(r"(?P<end>.+?)\ufeff?(?P<first>Papers of \d{4}-\d{2}-\d{2}\s*)")
_HEAD = re.compile(r"\* (?P<address>\S+) (?P<title>.+)")


def detect(text: str) -> bool:
    """Returns whether the first line is that of this format. `detect` does not know the name of the file."""
    return bool(_FIRST_LINE.match(text))


def parse(text: str, warnings: Warnings, language: str | None) -> Content:  # noqa: ARG001  there are no summaries
    """Returns a paper for each line that begins with `* `; the next line is its abstract. Warns of unreadable lines."""
    first = _FIRST_LINE.match(text)
    lines = [*_lines(text, warnings), ""]
    heads = (here for here, line in enumerate(lines) if line.startswith("* "))

    def read(here: int) -> Paper | None:
        head, below = _HEAD.fullmatch(lines[here]), lines[here + 1]
        address = arxiv_address(head["address"]) if head else None
        if not head or not address:
            warnings.add("unparsed_heading")
            return None
        arxiv_id, version = address
        return Paper(
            key=arxiv_id,
            arxiv_id=arxiv_id,
            version=version,
            url=arxiv_link(arxiv_id),
            title=collapse(head["title"]),
            abstract=collapse(below) if below.startswith("  ") else "",
        )

    entries = list(filter(None, each(heads, read, warnings)))
    return Content(entries=entries, day=day_in(first[1]) if first else None)


def _lines(text: str, warnings: Warnings) -> Iterator[str]:
    """Yields each line. Where two files were joined without a line end, yields one line as two."""
    for line in text.split("\n"):
        glued = _GLUED.fullmatch(line)
        if glued:
            warnings.add("glued_line")
            yield glued["end"]
            yield glued["first"]
        else:
            yield line
