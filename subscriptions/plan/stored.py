"""What a plan reads and writes: due chats, cursors, papers that a chat got, deliveries (rules 2 and 5).

In the morning some chats are due each minute. So these statements are built only once, like those of `claims`.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any

import sqlalchemy as sa

from subscriptions.database import columns
from subscriptions.database.columns import AnyRow, JsonText, Utc
from subscriptions.database.store import Transaction, execute, grouped, in_chunks, rows_of
from subscriptions.database.tables import DeliveryItemRow, tables
from subscriptions.model import Because, Delivery, DeliveryKind, Facts
from subscriptions.model_moved import ChatState, SubscriptionState
from subscriptions.papers.stored.feedback import owned
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
_KEYS, _SEQS = sa.select(_d.dedupe_key), sa.select(_d.id, _d.seq)
# Facts and reasons are passed as JSON text, which is made once, since many rows have the same ones.
_NO_DELIVERY = -1  # the position of a paper that counts as delivered without a delivery
_NEW_DELIVERIES = sa.insert(_deliveries).values(facts=sa.bindparam("facts", type_=JsonText()), attempts=0, reason="")
_NEW_ITEMS = sa.insert(_delivery_items).values(because=sa.bindparam("because", type_=JsonText()))
_DELIVERED = sa.select(_i.chat, _i.paper).where(_i.paper.between(sa.bindparam("first"), sa.bindparam("last")))
# Without statistics of the table, a server would begin with the papers and read all chats that have them. LATERAL and
# OFFSET 0 make it begin with the chats.
_DELIVERED_TO_EACH = sa.text("""
    SELECT found.chat, found.paper FROM unnest(:ids) AS asked (chat) CROSS JOIN LATERAL (
        SELECT item.chat, item.paper FROM delivery_item AS item
        WHERE item.chat = asked.chat AND item.paper BETWEEN :first AND :last OFFSET 0
    ) AS found
""").bindparams(sa.bindparam("ids", type_=sa.ARRAY(sa.Integer)))


def _chats_where(*conditions: sa.ColumnElement[bool]) -> sa.Select[tuple[int]]:
    """Returns the statement of the active chats with an active subscription for which these conditions hold."""
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
    """Returns the chats that are due, due too far in the future, or have a pause that is over: id → how many reasons.

    Each due subscription is a reason, so this tells how much a chat has to do.

    `waiting`: awaited sources have not reported yet, so new papers do not make when-out subscriptions due.
    """
    values = {"now": now, "last_sequence": last_sequence, "latest": now + FARTHEST}
    found = Counter(execute(transaction, _DUE_WAITING if waiting else _DUE, values).scalars())
    return dict(sorted(found.items()))


def due_queries(transaction: Transaction, chat_ids: Sequence[int], now: datetime) -> dict[str, int]:
    """Returns query → the lowest cursor, for all subscriptions of these chats that may be due."""
    lowest: dict[str, int] = {}
    for part in in_chunks(chat_ids):
        for canonical, cursor in execute(transaction, _MAY_BE_DUE, {"ids": part, "now": now}):
            lowest[canonical] = min(cursor, lowest.get(canonical, cursor))
    return lowest


def last_delivered_or_changed(transaction: Transaction, chat_ids: Sequence[int]) -> dict[int, datetime]:
    """Returns chat id → when its last delivery was planned, or when a person changed it after that.

    Leaves out chats that have got no delivery.
    """
    found = rows_of(transaction, _LAST_NEWS, _c.id, chat_ids)
    return {row.id: max(row.delivered, row.changed or row.delivered) for row in found if row.delivered}


def advance(transaction: Transaction, moves: Sequence[Move]) -> None:
    """Gives subscriptions new cursors and due moments. Each move is (id, cursor, due span).

    Equal moves share a statement.
    """
    alike = grouped(((cursor, due), moved) for moved, cursor, due in moves)
    for (cursor, (next_due, latest_due)), ids in alike.items():
        place = {"upto": cursor, "next_due": next_due, "latest_due": latest_due}
        for part in in_chunks(ids):
            execute(transaction, _ADVANCE, {"ids": part, **place})


def mark_first_delivery_planned(transaction: Transaction, chat_ids: Sequence[int]) -> None:
    """Stores that the first due delivery of these chats was planned."""
    for part in in_chunks(chat_ids):
        execute(transaction, _SPOKEN, {"ids": part})


def taken_keys(transaction: Transaction, keys: Sequence[str]) -> set[str]:
    """Returns those of `keys` that are dedupe keys of stored deliveries."""
    return {row.dedupe_key for row in rows_of(transaction, _KEYS, _d.dedupe_key, keys)}


def add_deliveries(transaction: Transaction, planned: Mapping[str, Delivery], *, now: datetime, **more: object) -> None:
    """Stores deliveries and their items, with few statements. `planned`: dedupe key → delivery.

    No stored delivery may have one of these keys. `more`: further values of their rows.
    """
    deliveries = [
        {
            "id": one.id,
            "chat": one.chat.id,
            "kind": one.kind,
            "due": one.due,
            "dedupe_key": key,
            "created_at": now,
            "facts": _facts(one.facts),
            **more,
        }
        for key, one in planned.items()
    ]
    transaction.execute_rows(_NEW_DELIVERIES, deliveries)
    seqs = {row.id: row.seq for row in rows_of(transaction, _SEQS, _d.id, [one.id for one in planned.values()])}
    items = [
        {
            "chat": one.chat.id,
            "paper": item.paper.id,
            "delivery": seqs[one.id],
            "position": item.position,
            "shown": item.shown,
            "cross": item.cross,
            "because": _because(item.because),
        }
        for one in planned.values()
        for item in one.items
    ]
    transaction.execute_rows(_NEW_ITEMS, items)


def add_notice(
    transaction: Transaction, key: str, planned: Delivery, *, about: int | None, person: str | None, now: datetime
) -> bool:
    """Stores a notice. `key` is its dedupe key, `about` the other chat and `person` the person with whom it is erased.

    Returns False if a delivery with this key is stored.
    """
    if taken_keys(transaction, [key]):
        return False
    add_deliveries(transaction, {key: planned}, now=now, about=about, person=person)
    return True


def count_as_delivered(transaction: Transaction, chat_id: int, papers: Iterable[int]) -> None:
    """Stores papers as delivered to a chat, but without a delivery. Papers that are in a delivery stay there."""
    for paper in papers:
        row = DeliveryItemRow(chat=chat_id, paper=paper, position=_NO_DELIVERY, shown=False)
        transaction.insert_new(row)


def delivered(transaction: Transaction, chat_ids: Sequence[int], paper_ids: Iterable[int]) -> dict[int, set[int]]:
    """Returns chat id → those of `paper_ids` that the chat has in a delivery or in its library."""
    found: dict[int, set[int]] = {chat_id: set() for chat_id in chat_ids}
    papers = set(paper_ids)
    span = {"first": min(papers, default=0), "last": max(papers, default=0)}
    if transaction.dialect == "postgresql":
        rows: Iterable[AnyRow] = execute(transaction, _DELIVERED_TO_EACH, {"ids": list(chat_ids), **span})
    else:
        rows = rows_of(transaction, _DELIVERED, _i.chat, chat_ids, **span)
    for chat_id, paper_id in rows:
        if paper_id in papers:
            found[chat_id].add(paper_id)
    for chat_id, mine in owned(transaction, chat_ids, papers).items():
        found[chat_id] |= mine
    return found


@lru_cache(maxsize=4096)
def _facts(facts: Facts) -> str:
    return _text(Facts, facts)


@lru_cache(maxsize=65536)
def _because(reasons: tuple[Because, ...]) -> str:
    return _text(tuple[Because, ...], reasons)


def _text(kind: Any, value: object) -> str:  # noqa: ANN401 - a class, or a type such as tuple[str, ...]
    return columns.adapter_of(kind).dump_json(value).decode()
