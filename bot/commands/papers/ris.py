"""Papers as RIS entries, which reference managers read (the form of EndNote's and Zotero's import)."""

from collections.abc import Iterable, Iterator

from bot.commands.papers.bibtex import link_of, year_of
from subscriptions.model import KnownPaper, Paper


def references(papers: Iterable[KnownPaper]) -> str:
    """Returns one entry for each paper, in their order; "" without papers."""
    return "\n".join("".join(f"{tag}  - {value}\n" for tag, value in _entry(known.paper)) for known in papers)


def _entry(paper: Paper) -> Iterator[tuple[str, str]]:
    yield "TY", "GEN" if not paper.arxiv_id else "UNPB"
    for name in paper.authors:
        yield "AU", _family_first(_line(name))
    yield from _given("TI", paper.title)
    yield from _given("AB", paper.abstract)
    yield from _given("PY", year_of(paper))
    yield from _given("DO", paper.doi or "")
    yield from _given("UR", link_of(paper))
    if paper.arxiv_id:
        yield "PB", "arXiv"
        yield "AN", f"arXiv:{paper.arxiv_id}"
    yield "ER", ""


def _given(tag: str, text: str) -> Iterator[tuple[str, str]]:
    if value := _line(text):
        yield tag, value


def _family_first(name: str) -> str:
    """Returns "Doe, Jane" of "Jane Doe"; a name of one word, or with a comma, stays."""
    given, _, family = name.rpartition(" ")
    return name if "," in name or not given else f"{family}, {given}"


def _line(text: str) -> str:
    """Returns a text on one line: a second one would be read as another field."""
    return " ".join("".join(sign if sign.isprintable() else " " for sign in text).split())
