"""Announces papers: gives them their sequence, sometimes long after they were stored (rules 1 and 12)."""

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa

from subscriptions.store import paper_sequence
from subscriptions.store.database import conflicts
from subscriptions.store.database.store import Transaction, execute
from subscriptions.store.drafts import ANNOUNCE, GIVEN, REPLACEMENTS, Condition, ToAnnounce
from subscriptions.store.rows import tables

_appearances, _digests, _papers = tables("appearance", "digest", "paper")
_a, _d, _p = _appearances.c, _digests.c, _papers.c


def announce_counted(transaction: Transaction, which: Condition, *, now: datetime) -> list[int]:
    """Announces papers that count as sent because of a lost database. Returns their ids.

    `which` is a condition on digests or papers, as for `unannounced`.
    """
    papers = _appeared(transaction, which, _p.came_at.is_not(None))
    announce(transaction, papers, now)
    return [paper for paper, _, _ in papers]


def of_source(source: str) -> Condition:
    """Returns the condition for the digests of a source, for `unannounced`."""
    return _d.source == source


def of_digest(content_hash: str) -> Condition:
    """Returns the condition for the digest with these bytes and for its parts, for `unannounced`."""
    of_parts = _d.content_hash.between(part_name(content_hash, ""), part_name(content_hash, "g"))
    return (_d.content_hash == content_hash) | of_parts


def of_paper(paper: int) -> Condition:
    """Returns the condition for this paper, for `unannounced`."""
    return _a.paper == paper


def part_name(content_hash: str, part: str) -> str:
    """Returns the name under which a part of a digest is stored. `part` is hexadecimal."""
    return f"{content_hash}/{part}"


def unannounced(transaction: Transaction, which: Condition) -> list[ToAnnounce]:
    """Returns the papers that are not announced, each with the day of the first digest that could announce it.

    The oldest day comes first. `which` is a condition on digests or papers.
    """
    return _appeared(transaction, which, _p.sequence.is_(None))


def _appeared(transaction: Transaction, *which: Condition) -> list[ToAnnounce]:
    other = _appearances.alias().c
    as_new = sa.select(other.paper).where(other.paper == _a.paper, other.kind.in_(("", "new"))).exists()
    appeared = (
        sa.select(_a.paper, ~as_new, _d.date)
        .join(_digests, _d.id == _a.digest)
        .join(_papers, _p.id == _a.paper)
        .where(*which, _a.kind.not_in(kind.value for kind in REPLACEMENTS))
        .order_by(_d.date, _d.id, _a.paper)
    )
    first: dict[int, ToAnnounce] = {}
    for paper, cross, day in execute(transaction, appeared):
        first.setdefault(paper, (paper, cross, day))
    return list(first.values())


def announce(transaction: Transaction, papers: Sequence[ToAnnounce], now: datetime) -> int:
    """Gives papers the next sequences. Returns how many papers it announced.

    The transaction must begin with `paper_sequence.hold_sequence`.
    """
    first = paper_sequence.last_sequence(transaction) + 1
    rows = [(number, now, cross, day, paper) for number, (paper, cross, day) in enumerate(papers, first)]
    conflicts.execute_rows(transaction, ANNOUNCE, (*GIVEN, "of"), rows)
    if papers:
        paper_sequence.raise_counter(transaction, rows[-1][0])
    return len(papers)
