"""What readers of digests share: keys of papers, cut fields, bad entries that cost only themselves, warnings.

Records with the same key are the same paper (docs/formats.md).
"""

import hashlib
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import TypeVar

from bot.digests import arxiv, names
from bot.digests.decoding import without_controls
from bot.digests.scalars import collapse
from bot.failures import BrokenDigest, error_location
from subscriptions.errors import PaperwireError, Sentence
from subscriptions.model import Paper
from subscriptions.texts.normal_forms import normalized

Item = TypeVar("Item")

MOST_PAPERS = 200_000
TITLE = 2_000  # characters
TEXT = 20_000  # characters of an abstract, of its translation, of a field of a summary
COMMENT = 5_000
NAME = 500  # of an author, of a venue
ADDRESS = 2_000
DOI = 300
CATEGORIES = 200
LANGUAGES = 20

_WEB_ADDRESS = re.compile(r"https?://[^\s<>\"]+")


@dataclass(slots=True)
class Found:
    """What a reader makes of a document: its papers in order, with all copies, and what else it says."""

    format: str  # a name of FORMATS
    papers: list[Paper] = field(default_factory=list)
    day: date | None = None  # the day that the document itself contains
    declared: Mapping[str, int] | None = None  # category → number of papers, as the document itself states it
    announced: int | None = None  # how many papers the document says that it has; None: it says nothing
    is_feed: bool = False  # it shows papers of many days, and its day is that of the newest
    error: str = ""  # what its source reports instead of papers
    mistake: str = ""  # where paperwire itself failed at an entry
    warnings: Counter[str] = field(default_factory=Counter)  # code → number of cases

    def add(self, items: Iterable[Item], paper_of: Callable[[Item], Paper | None]) -> None:
        """Adds the paper of each item.

        An item at which `paper_of` fails is refused with a warning; all others are read.

        So one bad entry never loses the entries beside it. Every reader adds its papers with this method. `paper_of`
        returns a paper without a key, or None if the item is no paper. Raises BrokenDigest after MOST_PAPERS items, and
        if `paper_of` raises it.
        """
        for number, item in enumerate(items):
            if number >= MOST_PAPERS:
                raise BrokenDigest(Sentence("It holds more than {limit} papers.", {"limit": MOST_PAPERS}))
            try:
                paper = paper_of(item)
                finished = _finished(paper, self.warnings) if paper else None
            except PaperwireError:
                raise
            except Exception as error:  # noqa: BLE001 - a text that nobody foresaw may cause any error
                self.mistake = error_location(error)
                self.warnings["refused_entries"] += 1
            else:
                if finished:
                    self.papers.append(finished)


def paper_key(*, arxiv_id: str | None = None, doi: str | None = None, title: str = "", abstract: str = "") -> str:
    """Returns the key of a paper: the first that exists of its arXiv id, its DOI, and hashes of its title and abstract.

    Returns "" if the paper has none of the four.
    """
    if arxiv_id or doi:
        return arxiv_id or str(doi).lower()
    title, abstract = (collapse(normalized("NFKC", text)) for text in (title, abstract))
    if title:
        return f"title:{_hash(title.casefold())}"
    return f"abstract:{_hash(abstract)}" if abstract else ""


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _finished(paper: Paper, warnings: Counter[str]) -> Paper | None:
    """Returns a paper with its key and address, and with texts that can be stored and shown.

    None if nothing identifies it.
    """
    before = warnings["long_fields"]

    def fit(text: str, most: int) -> str:
        text, controls = without_controls(text)
        if controls:
            warnings["control_characters"] += controls
        text = collapse(text)
        if len(text) > most:
            warnings["long_fields"] = before + 1
        return text[:most].rstrip()

    title, abstract = fit(paper.title, TITLE), fit(paper.abstract, TEXT)
    doi = paper.doi if paper.doi and len(paper.doi) <= DOI else None
    key = paper_key(arxiv_id=paper.arxiv_id, doi=doi, title=title, abstract=abstract)
    if not key:
        return None
    if not title:
        warnings["entry_without_title"] += 1
    if len(paper.authors) >= names.MOST_AUTHORS:
        warnings["long_fields"] = before + 1
    pages = (
        [arxiv.arxiv_link(paper.arxiv_id)]
        if paper.arxiv_id
        else [paper.url or "", f"https://doi.org/{doi}" if doi else ""]
    )
    categories = paper.categories[:CATEGORIES]
    return replace(
        paper,
        key=key,
        title=title,
        abstract=abstract,
        authors=tuple(filter(None, [fit(name, NAME) for name in paper.authors])),
        categories=categories,
        primary=next(iter(categories), None),
        doi=doi,
        url=next((page for page in pages if len(page) <= ADDRESS and _WEB_ADDRESS.fullmatch(page)), None),
        summaries=tuple(
            replace(one, fields={name: fit(text, TEXT) for name, text in one.fields.items()})
            for one in paper.summaries[:LANGUAGES]
        ),
        translations=tuple(
            replace(one, title=fit(one.title, TITLE), abstract=fit(one.abstract, TEXT))
            for one in paper.translations[:LANGUAGES]
        ),
        comment=fit(paper.comment, COMMENT),
        venue=fit(paper.venue, NAME),
    )
