"""What a plan reads and writes: due chats, cursors, papers that a chat got, deliveries (rules 2 and 5).

In the morning some chats are due each minute. So these statements are built only once, like those of `claims`.
"""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa

from subscriptions.database.columns import Utc
from subscriptions.database.store import Transaction, execute, grouped, in_chunks, rows_of
from subscriptions.database.tables import tables
from subscriptions.model import ChatState, DeliveryKind, SubscriptionState
from subscriptions.schedule.due_moments import FARTHEST, Move

_chats, _subscriptions, _deliveries, _delivery_items, _changes = tables(
    "chat", "subscription", "delivery", "delivery_item", "undo"
)
_now = sa.bindparam("now", type_=Utc)
_last_sequence = sa.bindparam("last_sequence", type_=sa.Integer)
_c, _s, _d, _i, _u = _chats.c, _subscriptions.c, _deliveries.c, _delivery_items.c, _changes.c
_ids = sa.bindparam("ids", type_=sa.Integer, expanding=True)


_came = _s.cursor < _last_sequence
_is_put_off = _s.next_due_at <= _now  # `now` after quiet hours, or in an open window of when-out
_is_too_far = _s.next_due_at > sa.bindparam("latest", type_=Utc)
_CHAT_PAUSE_IS_OVER = sa.select(_c.id).where(_c.state == ChatState.PAUSED, _c.paused_until <= _now)
_PAUSE_IS_OVER = sa.select(_s.chat).where(_s.state == SubscriptionState.PAUSED, _s.paused_until <= _now)
_MAY_BE_DUE = (
    sa.select(_s.canonical, sa.func.min(_s.cursor))
    .where(_s.chat.in_(_ids), _s.state == SubscriptionState.ACTIVE, _s.next_due_at.is_(None) | (_s.next_due_at <= _now))
    .group_by(_s.canonical)
)
_LAST_DELIVERED = sa.select(sa.func.max(_d.created_at, type_=Utc)).where(
    _d.chat == _c.id, _d.kind != DeliveryKind.NOTICE
)
_LAST_CHANGED = sa.select(sa.func.max(_u.at, type_=Utc)).where(_u.chat == _c.id)
_LAST_NEWS = sa.select(
    _c.id, _LAST_DELIVERED.scalar_subquery().label("delivered"), _LAST_CHANGED.scalar_subquery().label("changed")
)
_ADVANCE = (
    sa.update(_subscriptions)
    .where(_s.id.in_(_ids))
    .values(cursor=sa.bindparam("upto"), next_due_at=sa.bindparam("next_due"), latest_due_at=sa.bindparam("latest_due"))
)
_SPOKEN = sa.update(_chats).where(_c.id.in_(_ids)).values(first_delivery_planned=True)


def _chats_where(*conditions: sa.ColumnElement[bool]) -> sa.Select[tuple[int]]:
    """Return the statement of the active chats with an active subscription for which these conditions hold."""
    joined = sa.select(_s.chat).join_from(_subscriptions, _chats, _c.id == _s.chat)
    return joined.where(_c.state == ChatState.ACTIVE, _s.state == SubscriptionState.ACTIVE, *conditions)


# Each part reads a range of an index. For one statement with OR, SQLite would read all subscriptions each second.
_ANYWAY = (
    _CHAT_PAUSE_IS_OVER,
    _PAUSE_IS_OVER,
    _chats_where(_s.latest_due_at <= _now),
    _chats_where(_s.next_due_at.is_(None), _came),
    _chats_where(_is_too_far),
)
_DUE_WAITING = sa.union_all(*_ANYWAY, _chats_where(_is_put_off, _s.latest_due_at.is_(None), _came))
_DUE = sa.union_all(*_ANYWAY, _chats_where(_is_put_off, _came))


def due_chats(transaction: Transaction, now: datetime, last_sequence: int, *, waiting: bool = False) -> dict[int, int]:
    """Return the chats that are due, due too far in the future, or have a pause that is over: id → how many reasons.

    Each due subscription is a reason, so this tells how much a chat has to do.

    `waiting`: awaited sources have not reported yet, so new papers do not make when-out subscriptions due.
    """
    values = {"now": now, "last_sequence": last_sequence, "latest": now + FARTHEST}
    found = Counter(execute(transaction, _DUE_WAITING if waiting else _DUE, values).scalars())
    return dict(sorted(found.items()))


def due_queries(transaction: Transaction, chat_ids: Sequence[int], now: datetime) -> dict[str, int]:
    """Return query → the lowest cursor, for all subscriptions of these chats that may be due."""
    lowest: dict[str, int] = {}
    for part in in_chunks(chat_ids):
        for canonical, cursor in execute(transaction, _MAY_BE_DUE, {"ids": part, "now": now}):
            lowest[canonical] = min(cursor, lowest.get(canonical, cursor))
    return lowest


def last_delivered_or_changed(transaction: Transaction, chat_ids: Sequence[int]) -> dict[int, datetime]:
    """Return chat id → when its last delivery was planned, or when a person changed it after that.

    Leaves out chats that have got no delivery.
    """
    found = rows_of(transaction, _LAST_NEWS, _c.id, chat_ids)
    return {row.id: max(row.delivered, row.changed or row.delivered) for row in found if row.delivered}


def advance(transaction: Transaction, moves: Sequence[Move]) -> None:
    """Give subscriptions new cursors and due moments. Each move is (id, cursor, due span).

    Equal moves share a statement.
    """
    alike = grouped(((cursor, due), moved) for moved, cursor, due in moves)
    for (cursor, (next_due, latest_due)), ids in alike.items():
        place = {"upto": cursor, "next_due": next_due, "latest_due": latest_due}
        for part in in_chunks(ids):
            execute(transaction, _ADVANCE, {"ids": part, **place})


def mark_first_delivery_planned(transaction: Transaction, chat_ids: Sequence[int]) -> None:
    """Store that the first due delivery of these chats was planned."""
    for part in in_chunks(chat_ids):
        execute(transaction, _SPOKEN, {"ids": part})
