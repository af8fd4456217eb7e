"""The log of queries that came and went: with it an index in memory follows the database.

Triggers write it in the transaction of the change, in any process. A query never changes: an edited subscription gets
another one.
"""

from collections.abc import Sequence

from sqlalchemy import Integer, bindparam, delete, func, select
from sqlmodel import Session

from subscriptions.store.database.store import execute, rows_of
from subscriptions.store.rows import TABLES

KEPT = 100_000  # changes; an index older than the oldest one is rebuilt

_changes, _queries = TABLES.tables["query_change"], TABLES.tables["query"]
_c, _q = _changes.c, _queries.c
_after, _most = bindparam("after", type_=Integer), bindparam("most", type_=Integer)
_NEWEST, _OLDEST = select(func.max(_c.sequence)), select(func.min(_c.sequence))
_CHANGED = select(_c.sequence, _c.query).where(_c.sequence > _after).order_by(_c.sequence)
_TOKEN = select(_c.token).where(_c.sequence == _after)
_TEXTS = select(_q.id, _q.canonical).where(_q.id.in_(bindparam("ids", type_=Integer, expanding=True)))
_PAGE = select(_q.id, _q.canonical).where(_q.id > _after).order_by(_q.id).limit(_most)
_DROP = delete(_changes).where(
    _c.sequence.in_(select(_c.sequence).where(_c.sequence <= _after).order_by(_c.sequence).limit(_most))
)


def newest_change(session: Session) -> int:
    """The sequence of the newest change; 0 before the first."""
    return execute(session, _NEWEST).scalar() or 0


def changes_after(session: Session, sequence: int) -> tuple[int, set[int]] | None:
    """(newest change, ids of the queries that came or went after a change); None if some of that is not known any more."""
    oldest, newest = execute(session, _OLDEST).scalar() or 0, newest_change(session)
    if newest == sequence:
        return newest, set()
    if newest < sequence or sequence < oldest - 1:
        return None
    return newest, {query for _, query in execute(session, _CHANGED, {"after": sequence})}


def token_of(session: Session, sequence: int) -> int | None:
    """The random token of a change; None if the log does not have it."""
    return execute(session, _TOKEN, {"after": sequence}).scalar()


def queries_by_id(session: Session, ids: Sequence[int]) -> dict[int, str]:
    """Id -> canonical text, of those of these queries that are stored."""
    return dict(rows_of(session, _TEXTS, ids))


def page_of_queries(session: Session, after: int, most: int) -> list[tuple[int, str]]:
    """(id, canonical text) of the queries after the id `after`, in the order of their ids."""
    return [(query, canonical) for query, canonical in execute(session, _PAGE, {"after": after, "most": most})]


def drop_changes(session: Session, most: int) -> int:
    """Removes old changes, at most so many; the newest `KEPT` stay. Returns how many it removed."""
    return execute(session, _DROP, {"after": newest_change(session) - KEPT, "most": most}).rowcount
