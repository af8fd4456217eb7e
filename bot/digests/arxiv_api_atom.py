"""An answer of arXiv's API, `https://export.arxiv.org/api/query?…` (info.arxiv.org/help/api/user-manual.html).

The answer is Atom in the namespaces of the daily feed, but with other names: `arxiv:doi`, `arxiv:comment`, one `author` for
each person. Entries have a version and a primary category. They have no announce type, since an answer holds papers of any
day. The total in it is the size of the search, not of the answer.

An error is an answer with one entry, whose id is `https://arxiv.org/api/errors#…`.
"""

from bot.digests._feed import ATOM, feed_content
from bot.digests._format import Content, Warnings
from bot.digests._xml import read_head

name = "arxiv_api_atom"

_TITLE = "arxiv query:"  # compared in lower case: arXiv also writes ArXiv


def detect(text: str) -> bool:
    """Returns whether the document is an Atom `feed` whose id is one of the API, or whose title gives the query."""
    root = read_head(text)
    if root is None or root.name != f"{ATOM} feed":
        return False
    return "arxiv.org/api/" in root.first(f"{ATOM} id") or root.first(f"{ATOM} title").lower().startswith(_TITLE)


def parse(text: str, warnings: Warnings, language: str | None) -> Content:  # noqa: ARG001  there are no summaries
    """Returns the papers of the answer, with the day of the answer."""
    return feed_content(text, f"{ATOM} entry", warnings, doi="doi")
