"""Announces papers: gives them their sequence, sometimes long after they were stored (rules 1 and 12)."""

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlmodel import col, select

from subscriptions.store import paper_sequence
from subscriptions.store.database import conflicts
from subscriptions.store.database.store import Transaction
from subscriptions.store.drafts import ANNOUNCE, GIVEN, REPLACEMENTS, Condition, ToAnnounce
from subscriptions.store.rows import TABLES, AppearanceRow, DigestRow, PaperRow

_appearances = TABLES.tables["appearance"]


def announce_counted(transaction: Transaction, which: Condition, *, now: datetime) -> list[int]:
    """Announces papers that count as sent because of a lost database. Returns their ids.

    `which` is a condition on digests or papers, as for `unannounced`.
    """
    papers = _appeared(transaction, which, col(PaperRow.came_at).is_not(None))
    announce(transaction, papers, now)
    return [paper for paper, _, _ in papers]


def of_source(source: str) -> Condition:
    """Returns the condition for the digests of a source, for `unannounced`."""
    return col(DigestRow.source) == source


def of_digest(content_hash: str) -> Condition:
    """Returns the condition for the digest with these bytes and for its parts, for `unannounced`."""
    name = col(DigestRow.content_hash)
    return (name == content_hash) | name.between(part_name(content_hash, ""), part_name(content_hash, "g"))


def of_paper(paper: int) -> Condition:
    """Returns the condition for this paper, for `unannounced`."""
    return col(AppearanceRow.paper) == paper


def part_name(content_hash: str, part: str) -> str:
    """Returns the name under which a part of a digest is stored. `part` is hexadecimal."""
    return f"{content_hash}/{part}"


def unannounced(transaction: Transaction, which: Condition) -> list[ToAnnounce]:
    """Returns the papers that are not announced, each with the day of the first digest that could announce it.

    The oldest day comes first. `which` is a condition on digests or papers.
    """
    return _appeared(transaction, which, col(PaperRow.sequence).is_(None))


def _appeared(transaction: Transaction, *which: Condition) -> list[ToAnnounce]:
    other = _appearances.alias().c
    as_new = sa.select(other.paper).where(other.paper == AppearanceRow.paper, other.kind.in_(("", "new"))).exists()
    rows = transaction.exec(
        select(AppearanceRow.paper, ~as_new, col(DigestRow.date))
        .join(DigestRow, col(DigestRow.id) == AppearanceRow.digest)
        .join(PaperRow, col(PaperRow.id) == AppearanceRow.paper)
        .where(*which, col(AppearanceRow.kind).not_in(kind.value for kind in REPLACEMENTS))
        .order_by(col(DigestRow.date), col(DigestRow.id), col(AppearanceRow.paper))
    )
    first: dict[int, ToAnnounce] = {}
    for paper, cross, day in rows:
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
