r"""arXiv's plain-text list of the past week in one archive: no abstracts, and the days between the papers.

    \\
    /* Fri, 3 Mar 2023 */
    \\

The papers of a day follow, as described in `_listing`. The newest day comes first; it is the day of the digest.
"""

import re

from bot.digests._format import Content, Warnings
from bot.digests._listing import listed_papers
from bot.digests._text import day_in_words, nothing_read

name = "arxiv_listing_pastweek"

_DAY = re.compile(r"^/\* (?P<day>\w+, .*) \*/[^\S\n]*$", re.MULTILINE)
_HEAD = re.compile(r"^\\\\[^\S\n]*\narXiv:", re.MULTILINE)


def detect(text: str) -> bool:
    r"""Returns whether the text has a day between `/*` and `*/`, and the head of a paper below a line `\\`."""
    return bool(_HEAD.search(text) and _DAY.search(text))


def parse(text: str, warnings: Warnings, language: str | None) -> Content:  # noqa: ARG001  there are no summaries
    """Returns the papers of all days. Raises BrokenDigest if there are none."""
    entries = listed_papers(text, warnings, abstracts=False)
    if not entries:
        raise nothing_read()
    days = [day for match in _DAY.finditer(text) if (day := day_in_words(match["day"]))]
    return Content(entries=entries, day=max(days, default=None))
