"""Stored papers: looked through for a query, found by what people call them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from subscriptions.matching import Sieve, matching_papers
from subscriptions.model import KnownPaper
from subscriptions.query import Query
from subscriptions.store import Store, papers, skimming

# What one look may cost, however many papers are stored: about a quarter of a second on one slow core.
LOOKED_AT = 2500  # papers that are skimmed, 0.08 ms each
READ = 120  # papers that are read, 0.6 ms each


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What a search found in one stretch of the stored papers."""

    papers: tuple[KnownPaper, ...]  # the newest first
    upto: int  # the number of the first paper looked at
    looked: int  # papers looked at
    stored: int  # papers in all
    below: int | None  # where the next stretch begins; None: all older ones were looked at
    since: datetime | None  # when the oldest paper looked at became known


def search(store: Store, query: Query, *, upto: int | None = None) -> Found:
    """The papers that a query finds, the newest first, in one stretch from the paper with the number `upto` on down.

    A stretch ends after 2,500 papers, sooner where so many look as if they fit that reading them would take long.
    """
    sieve = Sieve(query)
    ids: list[int] = []
    looked, first, below, since = 0, 0, None, None
    with store.read() as session:
        for skimmed in skimming.skim(session, upto=upto):
            if looked == LOOKED_AT or len(ids) == READ:
                below = skimmed.id
                break
            looked, first, since = looked + 1, first or skimmed.id, skimmed.first_seen_at
            if sieve.passes(skimmed.glance):
                ids.append(skimmed.id)
        known = papers.stored_papers(session, ids)
        stored = skimming.amount(session)
    passed = [known[paper_id] for paper_id in ids]
    fitting = matching_papers(query, [paper.paper for paper in passed])
    return Found(
        papers=tuple(passed[place] for place in fitting),
        upto=first,
        looked=looked,
        stored=stored,
        below=below,
        since=since,
    )


def papers_named(store: Store, names: Sequence[str]) -> dict[str, KnownPaper]:
    """The papers with these arXiv ids and DOIs (`mentioned` finds them in a text); unknown ones are left out."""
    with store.read() as session:
        ids = skimming.papers_with_keys(session, names)
        known = papers.stored_papers(session, list(set(ids.values())))
    return {name: known[paper_id] for name, paper_id in ids.items()}


def known_since(store: Store) -> datetime | None:
    """When the first paper of all became known; None: there is none."""
    with store.read() as session:
        return skimming.known_since(session)
