"""A paper as JSON, for `inspect` and for programs."""

from typing import Any

from subscriptions.model import Paper


def paper_document(paper: Paper) -> dict[str, Any]:
    """Returns a paper as the object that `inspect --json --papers` prints."""
    return {
        "key": paper.key,
        "arxiv_id": paper.arxiv_id,
        "doi": paper.doi,
        "version": paper.version,
        "title": paper.title,
        "authors": list(paper.authors),
        "categories": list(paper.categories),
        "primary": paper.primary,
        "url": paper.url,
        "abstract": paper.abstract,
        "venue": paper.venue or None,
        "date": paper.published or None,
        "announce_type": paper.announce_type.value if paper.announce_type else None,
        "summaries": {summary.language: dict(summary.fields) for summary in paper.summaries},
        "translations": {one.language: {"title": one.title, "abstract": one.abstract} for one in paper.translations},
        "failed": paper.failed,
    }
