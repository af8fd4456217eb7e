"""The limits of the fields of a paper: longer ones are cut."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from bot.digests import _format, _names
from bot.digests._papers import paper_key, with_fields
from bot.digests._warnings import Warnings
from subscriptions.model import Paper

TITLE: Final = 2_000  # characters
TEXT: Final = 20_000  # characters of an abstract, of its translation, of a field of a summary
COMMENT: Final = 5_000
NAME: Final = 500  # of an author
LONGEST_ADDRESS: Final = 2_000
DOI: Final = 300
CATEGORIES: Final = 200
CATEGORY: Final = 50  # characters
LANGUAGES: Final = 20
FIELDS: Final = 50  # of a summary


def limited(entries: list[Paper], warnings: Warnings) -> list[Paper]:
    """Returns the entries with fields cut to the limits; warns of each paper that was cut."""
    return list(_format.each(entries, lambda paper: _limited(paper, warnings), warnings))


def _limited(paper: Paper, warnings: Warnings) -> Paper:
    categories = tuple(code for code in paper.categories if len(code) <= CATEGORY)[:CATEGORIES]
    lost = paper.primary in paper.categories and paper.primary not in categories
    cut = with_fields(
        paper,
        title=_cut(paper.title, TITLE),
        abstract=_cut(paper.abstract, TEXT),
        comment=_cut(paper.comment, COMMENT),
        authors=tuple([_cut(name, NAME) for name in paper.authors[: _names.MOST_AUTHORS]]),
        categories=categories,
        primary=next(iter(categories), None) if lost else paper.primary,
        url=paper.url if paper.url and len(paper.url) <= LONGEST_ADDRESS else None,
        doi=paper.doi if paper.doi and len(paper.doi) <= DOI else None,
        summaries=tuple([with_fields(one, fields=_fields(one.fields)) for one in paper.summaries[:LANGUAGES]]),
        translations=tuple(
            [
                with_fields(one, title=_cut(one.title, TITLE), abstract=_cut(one.abstract, TEXT))
                for one in paper.translations[:LANGUAGES]
            ]
        ),
    )
    if cut is paper and len(paper.authors) < _names.MOST_AUTHORS:
        return paper
    warnings.add("long_fields")
    return replace(cut, key=_key(cut, paper))


def _cut(text: str, most: int) -> str:
    """Returns the text cut to at most `most` characters, without white space at the cut."""
    if len(text) <= most:
        return text
    return text[:most].rstrip()


def _key(cut: Paper, paper: Paper) -> str:
    """Returns the key of a paper after its fields were cut. If its DOI was cut, the key comes from its other fields."""
    if cut.doi == paper.doi:
        return paper.key
    return paper_key(arxiv_id=cut.arxiv_id, title=paper.title, abstract=paper.abstract) or paper.key[:DOI]


def _fields(fields: Mapping[str, str]) -> dict[str, str]:
    return {name: _cut(text, TEXT) for name, text in list(fields.items())[:FIELDS] if len(name) <= CATEGORY}
