"""The log of added and removed queries, from which the planner keeps its index of queries."""

from collections.abc import Sequence

import sqlalchemy as sa

from subscriptions.store.database.store import Transaction, execute, rows_of
from subscriptions.store.rows import tables

KEPT = 100_000  # changes; a set of queries that lacks older changes is rebuilt

_changes, _queries = tables("query_change", "query")
_qc, _q = _changes.c, _queries.c
_NEWEST, _OLDEST = sa.select(sa.func.max(_qc.sequence)), sa.select(sa.func.min(_qc.sequence))


def newest_change(transaction: Transaction) -> int:
    """Returns the number of the newest change; 0 if there is none."""
    return execute(transaction, _NEWEST).scalar() or 0


def changes_after(transaction: Transaction, sequence: int) -> tuple[int, set[int]] | None:
    """Returns (newest change, ids of queries added or removed after `sequence`); None if the log lacks some changes."""
    oldest, newest = execute(transaction, _OLDEST).scalar() or 0, newest_change(transaction)
    if newest == sequence:
        return newest, set()
    if newest < sequence or sequence < oldest - 1:
        return None
    return newest, set(execute(transaction, sa.select(_qc.query).where(_qc.sequence > sequence)).scalars())


def queries_by_id(transaction: Transaction, ids: Sequence[int]) -> dict[int, str]:
    """Returns id -> canonical text. Queries that are not stored are left out."""
    return dict(rows_of(transaction, _queries, _q.id, ids))


def page_of_queries(transaction: Transaction, after: int, most: int) -> list[tuple[int, str]]:
    """Returns (id, canonical text) of the next `most` queries after the id `after`, ordered by id."""
    page = sa.select(_q.id, _q.canonical).where(_q.id > after).order_by(_q.id).limit(most)
    return [(query, canonical) for query, canonical in execute(transaction, page)]


def drop_changes(transaction: Transaction, most: int) -> int:
    """Removes at most `most` old changes. The newest `KEPT` changes stay. Returns the number of removed changes."""
    old = (
        sa.select(_qc.sequence)
        .where(_qc.sequence <= newest_change(transaction) - KEPT)
        .order_by(_qc.sequence)
        .limit(most)
    )
    return execute(transaction, sa.delete(_changes).where(_qc.sequence.in_(old))).rowcount
