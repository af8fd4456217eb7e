"""Merges the copies of a paper in one batch of papers."""

from collections.abc import Iterable
from dataclasses import replace

from subscriptions.model import Announce, Paper

_BY_NEWS_VALUE = (None, *Announce)  # None counts as new; then new, cross, replace, replace-cross


def merge_copies(papers: Iterable[Paper]) -> tuple[Paper, ...]:
    """Returns each paper once: with the texts of its first copy, and the categories and sources of all copies.

    Its announce type is the first of new, cross, replace, replace-cross that a copy has; no type counts as new.
    """
    merged: dict[str, Paper] = {}
    for paper in papers:
        first = merged.get(paper.key)
        merged[paper.key] = paper if first is None else _with_categories_of(first, paper)
    return tuple(merged.values())


def _with_categories_of(first: Paper, copy: Paper) -> Paper:
    return replace(
        first,
        categories=tuple(dict.fromkeys(first.categories + copy.categories)),
        sources=tuple(dict.fromkeys(first.sources + copy.sources)),
        primary=first.primary or copy.primary,
        announce_type=min(first.announce_type, copy.announce_type, key=_BY_NEWS_VALUE.index),
    )
