"""Papers as a test names them, and the documents that bring them to the program: arXiv's feed, or daily-arXiv's lines.

brought = jsonl([paper("Diffusion for maps", "cs.CV", summary="Maps, one step at a time.")])
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import count

_ids = count(1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Paper:
    """A paper of a test's own. Without an announce type, it is new."""

    title: str
    arxiv_id: str
    authors: tuple[str, ...]
    categories: tuple[str, ...]
    abstract: str = ""
    comment: str = ""
    version: int = 1
    announce_type: str = ""  # "new", "cross", "replace" or "replace-cross", which only a feed can say
    summary: dict[str, str] = field(default_factory=dict)  # field, such as "tldr" → text

    @property
    def primary(self) -> str:
        return self.categories[0] if self.categories else ""

    @property
    def url(self) -> str:
        return f"https://arxiv.org/abs/{self.arxiv_id}"


def paper(
    title: str,
    *categories: str,
    arxiv_id: str = "",
    authors: Iterable[str] = ("Ada Example",),
    summary: str = "",
    kind: str = "",
    **more: object,
) -> Paper:
    """Returns a paper, with a new arXiv id by default. `summary` is one sentence, in the language of its script."""
    return Paper(
        title=title,
        arxiv_id=arxiv_id or f"2601.{next(_ids):05d}",
        authors=tuple(authors),
        categories=categories or ("cs.LG",),
        summary={"tldr": summary} if summary else {},
        announce_type=kind,
        **more,  # type: ignore[arg-type]
    )


def jsonl(papers: Sequence[Paper]) -> str:
    """Returns daily-arXiv's lines of JSON, with a summary where a paper has one."""
    return "".join(json.dumps(_line(paper), ensure_ascii=False) + "\n" for paper in papers)


def _line(paper: Paper) -> dict[str, object]:
    return {
        "id": paper.arxiv_id,
        "pdf": f"https://arxiv.org/pdf/{paper.arxiv_id}",
        "abs": paper.url,
        "authors": list(paper.authors),
        "title": paper.title,
        "categories": list(paper.categories),
        "comment": paper.comment or None,
        "summary": paper.abstract,
        **({"AI": paper.summary} if paper.summary else {}),
    }
