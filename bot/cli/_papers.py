"""Papers on the command line: the one that an argument names, their table, and their JSON."""

from collections.abc import Sequence
from typing import Annotated

import typer
from rich.table import Table
from rich.text import Text

from bot.cli._session import Session
from bot.cli._tables import print_table
from bot.rendering.text.tex import readable
from subscriptions.cutting import cut_at_word
from subscriptions.errors import NotFound, Refused, Sentence
from subscriptions.escaping import escaped
from subscriptions.model import KnownPaper
from subscriptions.query import mentioned
from subscriptions.service.papers import papers_named

_OPENING = 100  # characters of the abstract, for a paper without a title

PaperArgument = Annotated[str, typer.Argument(metavar="ID", help="A paper: its arXiv id, its DOI, or a link to it.")]
OptionalPaperArgument = Annotated[
    str | None, typer.Argument(metavar="[ID]", help="An arXiv id, a DOI or a link; else the paper that came last.")
]


def stored_papers(session: Session, text: str, most: int, example: str) -> tuple[KnownPaper, ...]:
    """Returns the stored papers that `text` names by id, DOI or link, the first `most`, each once.

    Raises Refused if it names none, NotFound if one of them is not stored.
    """
    names = mentioned(text)[:most]
    if not names:
        raise Refused(
            Sentence("Say which paper, by its arXiv id, DOI or link."),
            Sentence("For example: {example}", {"example": example}),
        )
    known = papers_named(session.store, names)
    for name in names:
        if name not in known:
            raise NotFound(Sentence("{name} is not known here.", {"name": name}))
    return tuple({known[name].id: known[name] for name in names}.values())


def print_papers(papers: Sequence[KnownPaper]) -> None:
    """Prints a row for each paper: its id, its day, its title."""
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), show_header=False)
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for known in papers:
        table.add_row(Text(escaped(_id_of(known))), known.day.isoformat(), Text(title_of(known)))
    if papers:
        print_table(table)


def paper_line(known: KnownPaper) -> str:
    """Returns a paper on one line: its id and its title."""
    return f"{escaped(_id_of(known))}  {title_of(known)}"


def paper_document(known: KnownPaper) -> dict[str, object]:
    """Returns a stored paper for `--json`."""
    paper = known.paper
    return {
        "key": paper.key,
        "title": paper.title,
        "authors": list(paper.authors),
        "categories": list(paper.categories),
        "url": paper.url,
        "day": known.day.isoformat(),
    }


def title_of(known: KnownPaper) -> str:
    """Returns the title of a paper, or the beginning of its abstract, so that it can be read in a terminal."""
    return escaped(readable(known.paper.title) or f"“{cut_at_word(known.paper.abstract, _OPENING)}”")


def _id_of(known: KnownPaper) -> str:
    return known.paper.arxiv_id or known.paper.doi or "–"
