r"""The papers of the past week in plain text, as arXiv keeps them for each archive: no abstracts, days in between.

    \\
    /* Fri, 3 Mar 2023 */
    \\

Below a day stand its papers, as `_listing` tells; the newest day comes first, and is that of the digest.
"""

import re

from bot.digests._days import day_in_words
from bot.digests._format import Content
from bot.digests._listing import listed_papers
from bot.digests._looks import nothing_read
from bot.digests._warnings import Warnings

name = "arxiv_listing_pastweek"

_DAY = re.compile(r"^/\* (?P<day>\w+, .*) \*/$", re.MULTILINE)


def detect(text: str) -> bool:
    r"""A day between `/*` and `*/`, and the head of a paper below a line `\\`."""
    return "\\\\\narXiv:" in text and bool(_DAY.search(text))


def parse(text: str, warnings: Warnings, language: str | None) -> Content:  # noqa: ARG001  there are no summaries
    """The papers of all days. Raises BrokenDigest when there are none."""
    entries = listed_papers(text, warnings, abstracts=False)
    if not entries:
        raise nothing_read()
    days = [day for match in _DAY.finditer(text) if (day := day_in_words(match["day"]))]
    return Content(entries=entries, day=max(days, default=None))
