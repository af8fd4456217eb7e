"""Papers as RIS entries, which reference managers such as EndNote and Zotero import."""

from collections.abc import Iterable, Iterator

from bot.commands.bibtex import link_of, year_of
from subscriptions import model


def references(papers: Iterable[model.KnownPaper]) -> str:
    """Returns RIS with one entry for each paper, in this order; "" without papers."""
    return "\n".join("".join(f"{tag}  - {value}\n" for tag, value in _ris_entry(known.paper)) for known in papers)


def _ris_entry(paper: model.Paper) -> Iterator[tuple[str, str]]:
    fields = (
        *(("AU", _family_first(_line(name))) for name in paper.authors),
        ("TI", _line(paper.title)),
        ("AB", _line(paper.abstract)),
        ("PY", year_of(paper)),
        ("DO", _line(paper.doi or "")),
        ("UR", _line(link_of(paper))),
        ("PB", "arXiv" if paper.arxiv_id else ""),
        ("AN", f"arXiv:{paper.arxiv_id}" if paper.arxiv_id else ""),
    )
    yield "TY", "UNPB" if paper.arxiv_id else "GEN"
    yield from ((tag, value) for tag, value in fields if value or tag == "AU")
    yield "ER", ""


def _family_first(name: str) -> str:
    """Returns "Doe, Jane" for "Jane Doe"; a name of one word, or with a comma, is not changed."""
    given, _, family = name.rpartition(" ")
    if "," in name or not given:
        return name
    return f"{family}, {given}"


def _line(text: str) -> str:
    """Returns a text on one line, since a second line would be read as another field."""
    return " ".join("".join(sign if sign.isprintable() else " " for sign in text).split())
