"""The limits of a paper's fields, far above real ones, so that every paper can be stored and shown.

The longest of 2,700 papers of seven publishers: title 218 characters, abstract 1,922, comment 394, 63 authors of at most 44,
6 categories, 2 summaries of 8 fields of at most 992, translated abstract 853, address 59, DOI 33. The longest known
lists of authors, those of experiments at CERN, have about 5,000 names. arXiv has some 150 categories.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from bot.digests._arxiv import paper_key
from bot.digests._format import Entry, Warnings
from bot.digests._names import MOST_AUTHORS
from subscriptions.model import Paper, Summary, Translation

TITLE: Final = 2_000  # characters
TEXT: Final = 20_000  # of an abstract, of its translation, of a field of a summary
COMMENT: Final = 5_000
NAME: Final = 500  # of an author
ADDRESS: Final = 2_000
DOI: Final = 300
CATEGORIES: Final = 200
CATEGORY: Final = 50  # characters
LANGUAGES: Final = 20
FIELDS: Final = 50  # of a summary


def limited(entries: list[Entry], warnings: Warnings) -> list[Entry]:
    """Returns the entries with fields cut to the limits; warns of each paper that was cut."""
    if all(map(_fits, entries)):
        return entries
    return [entry if _fits(entry) else _limited(entry, warnings) for entry in entries]


def _fits(entry: Entry) -> bool:
    paper = entry.paper
    return (
        len(paper.title) <= TITLE
        and len(paper.abstract) <= TEXT
        and len(paper.comment) <= COMMENT
        and len(paper.authors) < MOST_AUTHORS
        and len(paper.categories) <= CATEGORIES
        and (paper.url is None or len(paper.url) <= ADDRESS)
        and (paper.doi is None or len(paper.doi) <= DOI)
        and not (paper.authors and max(map(len, paper.authors)) > NAME)
        and not (paper.categories and max(map(len, paper.categories)) > CATEGORY)
        and all(map(_summary_fits, paper.summaries))
        and all(len(one.title) <= TITLE and len(one.abstract) <= TEXT for one in paper.translations)
        and len(paper.summaries) + len(paper.translations) <= LANGUAGES
    )


def _summary_fits(summary: Summary) -> bool:
    return len(summary.fields) <= FIELDS and all(
        len(name) <= CATEGORY and len(text) <= TEXT for name, text in summary.fields.items()
    )


def _limited(entry: Entry, warnings: Warnings) -> Entry:
    paper = entry.paper
    categories = tuple(code for code in paper.categories if len(code) <= CATEGORY)[:CATEGORIES]
    cut = replace(
        paper,
        title=_cut(paper.title, TITLE),
        abstract=_cut(paper.abstract, TEXT),
        comment=_cut(paper.comment, COMMENT),
        authors=tuple(_cut(name, NAME) for name in paper.authors[:MOST_AUTHORS]),
        categories=categories,
        primary=paper.primary if paper.primary in categories else next(iter(categories), None),
        url=paper.url if paper.url and len(paper.url) <= ADDRESS else None,
        doi=paper.doi if paper.doi and len(paper.doi) <= DOI else None,
        summaries=tuple(Summary(language=s.language, fields=_fields(s.fields)) for s in paper.summaries[:LANGUAGES]),
        translations=tuple(
            Translation(language=t.language, title=_cut(t.title, TITLE), abstract=_cut(t.abstract, TEXT))
            for t in paper.translations[:LANGUAGES]
        ),
    )
    warnings.add("long_fields", line=entry.line, example=paper.key)
    return Entry(entry.line, replace(cut, key=_key(cut, paper)))


def _cut(text: str, most: int) -> str:
    """The text, at most `most` characters long and without white space at its end."""
    return text if len(text) <= most else text[:most].rstrip()


def _key(cut: Paper, paper: Paper) -> str:
    """The key of a cut paper. Without its DOI, the key comes from its id or texts."""
    if cut.doi == paper.doi:
        return paper.key
    return paper_key(arxiv_id=cut.arxiv_id, title=paper.title, abstract=paper.abstract) or paper.key[:DOI]


def _fields(fields: Mapping[str, str]) -> dict[str, str]:
    return {name: _cut(text, TEXT) for name, text in list(fields.items())[:FIELDS] if len(name) <= CATEGORY}
