"""Announces papers that were only filed: gives them their sequence, sometimes long after they were stored (rules 1 and 12)."""

from collections.abc import Mapping
from datetime import date, datetime

import sqlalchemy as sa

from subscriptions.store import paper_sequence
from subscriptions.store.database import conflicts
from subscriptions.store.database.store import Transaction, execute
from subscriptions.store.merging import REPLACEMENTS
from subscriptions.store.tables import tables

Condition = sa.ColumnElement[bool]  # a condition on digests or on papers in them

_appearances, _digests, _papers = tables("appearance", "digest", "paper")
_a, _d, _p = _appearances.c, _digests.c, _papers.c
_other = _appearances.alias()
_AS_NEW = sa.exists().where(_other.c.paper == _a.paper, _other.c.kind.in_(("", "new")))
_UNANNOUNCED = (
    sa.select(_a.paper, ~_AS_NEW, _d.date)
    .join(_digests, _d.id == _a.digest)
    .join(_papers, _p.id == _a.paper)
    .where(_p.sequence.is_(None), _a.kind.not_in([kind.value for kind in REPLACEMENTS]))
    .order_by(_d.date, _d.id, _a.paper)
)
_GIVEN = ("sequence", "sequenced_at", "cross", "day")
_ANNOUNCE = sa.update(_papers).where(_p.id == sa.bindparam("of")).values({name: sa.bindparam(name) for name in _GIVEN})


def of_source(source: str) -> Condition:
    """Returns the condition for the papers of a source."""
    return _d.source == source


def of_digest(content_hash: str) -> Condition:
    """Returns the condition for the papers of the digest with these bytes."""
    return _d.content_hash == content_hash


def of_paper(paper: int) -> Condition:
    """Returns the condition for one paper."""
    return _a.paper == paper


def unannounced(transaction: Transaction, which: Condition) -> Mapping[int, tuple[bool, date]]:
    """Returns the papers that were never announced: paper → (whether it came only as a cross-list, its day).

    The day is that of the first digest that could announce it. The oldest day comes first.
    """
    found: dict[int, tuple[bool, date]] = {}
    for paper, cross, day in execute(transaction, _UNANNOUNCED.where(which)):
        found.setdefault(paper, (cross, day))
    return found


def announce(transaction: Transaction, which: Condition, now: datetime) -> int:
    """Gives papers that were never announced the next sequences. Returns how many papers these are."""
    first = paper_sequence.last_sequence(transaction) + 1
    found = unannounced(transaction, which)
    rows = [(number, now, cross, day, paper) for number, (paper, (cross, day)) in enumerate(found.items(), first)]
    conflicts.execute_rows(transaction, _ANNOUNCE, (*_GIVEN, "of"), rows)
    if rows:
        paper_sequence.raise_counter(transaction, rows[-1][0])
    return len(rows)
