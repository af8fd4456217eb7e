"""What the planner reads and writes: due chats, cursors and due moments of subscriptions (rules 2 and 5).

In the morning some chats are due each minute. So these statements are built only once, like those of `claims`.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

import sqlalchemy as sa

from subscriptions.model import DeliveryKind
from subscriptions.planning.forecast import FARTHEST, Move
from subscriptions.store.columns import Condition, Utc
from subscriptions.store.database.store import Transaction, execute, grouped, in_chunks, rows_of
from subscriptions.store.rows import BECOMES_DUE, tables

_chats, _subscriptions, _queries, _deliveries, _changes = tables("chat", "subscription", "query", "delivery", "undo")
_now = sa.bindparam("now", type_=Utc)
_last_sequence = sa.bindparam("last_sequence", type_=sa.Integer)
_c, _s, _d, _u = _chats.c, _subscriptions.c, _deliveries.c, _changes.c
_ids = sa.bindparam("ids", type_=sa.Integer, expanding=True)


# longer than any window of when-out, which ends on the day of its beginning; a local day has at most 25 hours
LONGEST_WINDOW = timedelta(hours=26)


def _moments_of_open_windows() -> sa.CTE:
    """Returns the different opening moments of the when-out windows that may be open now.

    Each moment takes one look-up in an index. Very many subscriptions may wait in open windows all morning, but with only
    a few different moments. The statement that finds the subscriptions with new papers needs these moments one by one:
    for a range of moments, SQLite would read all waiting subscriptions.
    """
    first = sa.select(sa.func.min(_s.next_due_at).label("at")).where(
        _s.next_due_at > sa.bindparam("earliest"), Condition(BECOMES_DUE)
    )
    found = first.cte("opened", recursive=True)
    later = _subscriptions.alias("later")
    following = sa.select(sa.func.min(later.c.next_due_at)).where(
        later.c.next_due_at > found.c.at, Condition(BECOMES_DUE)
    )
    return found.union_all(sa.select(following.scalar_subquery()).where(found.c.at <= _now))


_came = _s.cursor < _last_sequence
_active = Condition(BECOMES_DUE)  # the indexes have only these subscriptions, so others cost no time
_opened = _moments_of_open_windows()
# Each statement reads a range of an index. For one statement with OR, SQLite would read all subscriptions each second.
_OVERDUE = sa.select(_s.chat).where(_s.latest_due_at <= _now, _active)
_AT_ONCE = sa.select(_s.chat).where(_s.next_due_at.is_(None), _came, _active)
_PUT_OFF = sa.select(_s.chat).where(_s.next_due_at <= _now, _s.latest_due_at.is_(None), _came, _active)
_IN_WINDOW = sa.select(_s.chat).join_from(_opened, _subscriptions, _s.next_due_at == _opened.c.at).where(
    _opened.c.at <= _now, _came, _active
)  # fmt: skip
_TOO_FAR = sa.select(_s.chat).where(_s.next_due_at > sa.bindparam("latest", type_=Utc), _active)
_DUE_WAITING = sa.union_all(_OVERDUE, _AT_ONCE, _PUT_OFF, _TOO_FAR)
_DUE = sa.union_all(_OVERDUE, _AT_ONCE, _PUT_OFF, _TOO_FAR, _IN_WINDOW)


def due_chats(transaction: Transaction, now: datetime, last_sequence: int, *, waiting: bool = False) -> list[int]:
    """Returns the ids of the active chats with an active subscription that is due, or due too far in the future.

    `waiting`: awaited sources have not reported yet, so new papers do not make when-out subscriptions due.
    """
    values: dict[str, object] = {"now": now, "last_sequence": last_sequence, "latest": now + FARTHEST}
    if not waiting:
        values["earliest"] = now - LONGEST_WINDOW
    return sorted(set(execute(transaction, _DUE_WAITING if waiting else _DUE, values).scalars()))


_MAY_BE_DUE = (
    sa.select(_queries.c.canonical, sa.func.min(_s.cursor))
    .join_from(_subscriptions, _queries, _queries.c.id == _s.query)
    .where(_s.chat.in_(_ids), _active, _s.next_due_at.is_(None) | (_s.next_due_at <= _now))
    .group_by(_queries.c.canonical)
)


def due_queries(transaction: Transaction, chat_ids: Sequence[int], now: datetime) -> dict[str, int]:
    """Returns query → the lowest cursor, for all subscriptions of these chats that may be due."""
    lowest: dict[str, int] = {}
    for part in in_chunks(chat_ids):
        for canonical, cursor in execute(transaction, _MAY_BE_DUE, {"ids": part, "now": now}):
            lowest[canonical] = min(cursor, lowest.get(canonical, cursor))
    return lowest


_LAST_DELIVERED = sa.select(sa.func.max(_d.created_at, type_=Utc)).where(
    _d.chat == _c.id, _d.kind != DeliveryKind.NOTICE
)
_LAST_CHANGED = sa.select(sa.func.max(_u.at, type_=Utc)).where(_u.chat == _c.id)
_LAST_NEWS = sa.select(
    _c.id, _LAST_DELIVERED.scalar_subquery().label("delivered"), _LAST_CHANGED.scalar_subquery().label("changed")
)


def last_delivered_or_changed(transaction: Transaction, chat_ids: Sequence[int]) -> dict[int, datetime]:
    """Returns chat id → when its last delivery was planned, or when a person changed it after that.

    Leaves out chats that have got no delivery.
    """
    found = rows_of(transaction, _LAST_NEWS, _c.id, chat_ids)
    return {row.id: max(row.delivered, row.changed or row.delivered) for row in found if row.delivered}


_upto = sa.bindparam("upto", type_=sa.Integer)
_ADVANCE = (
    sa.update(_subscriptions)
    .where(_s.id.in_(_ids))
    .values(
        # the higher value, so that a plan that began earlier never moves a cursor back
        cursor=sa.case((_s.cursor < _upto, _upto), else_=_s.cursor),
        next_due_at=sa.bindparam("next_due"),
        latest_due_at=sa.bindparam("latest_due"),
    )
)
_SPOKEN = sa.update(_chats).where(_c.id.in_(_ids)).values(first_delivery_planned=True)


def advance(transaction: Transaction, moves: Sequence[Move]) -> None:
    """Gives subscriptions new cursors and due moments. Each move is (id, cursor, due span). Equal moves share a statement."""
    alike = grouped(((cursor, due), moved) for moved, cursor, due in moves)
    for (cursor, (next_due, latest_due)), ids in alike.items():
        place = {"upto": cursor, "next_due": next_due, "latest_due": latest_due}
        for part in in_chunks(ids):
            execute(transaction, _ADVANCE, {"ids": part, **place})


def mark_first_delivery_planned(transaction: Transaction, chat_ids: Sequence[int]) -> None:
    """Stores that the first due delivery of these chats was planned."""
    for part in in_chunks(chat_ids):
        execute(transaction, _SPOKEN, {"ids": part})
