"""Subscriptions of chats: their numbers, their cursors, and their states before the last changes."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlmodel import col, select

from subscriptions.database.store import Transaction, execute, grouped, in_chunks, rows_of
from subscriptions.database.tables import DeliveryItemRow, DeliveryRow, SubscriptionRow, UndoRow, tables
from subscriptions.model import Cadence, Subscription
from subscriptions.papers.stored import embeddings as meanings
from subscriptions.query import ABOUT
from subscriptions.query.parse import parse_canonical
from subscriptions.schedule.times import read_when

KEPT_CHANGES = 5  # changes of a chat that can be undone
_chats, _subscriptions, _undo = tables("chat", "subscription", "undo")
_s, _u = _subscriptions.c, _undo.c

# Each plan executes these statements, so they are built only once.
# The columns are in the order of the fields of Subscription.
_VALUES = (
    _s.id, _s.chat, _s.number, _s.text, _s.canonical, _s.cadence, _s.zone, _s.since, _s.cursor, _s.next_due_at, _s.name,
    _s.state, _s.paused_until, _s.latest_due_at,
)  # fmt: skip
_SUBSCRIPTIONS = sa.select(*_VALUES).order_by(_s.chat, _s.number)
_TAKE_NUMBER = (
    sa.update(_chats)
    .where(_chats.c.id == sa.bindparam("of"))
    .values(next_number=_chats.c.next_number + 1)
    .returning(_chats.c.next_number)
)
_read_when = lru_cache(maxsize=4096)(read_when)
_CHANGES = sa.select(_u.id, _u.chat, _u.who, _u.at, _u.before).order_by(_u.id.desc())


def subscriptions_of(transaction: Transaction, chat_ids: Sequence[int]) -> dict[int, tuple[Subscription, ...]]:
    """Return chat id → its subscriptions, ordered by number."""
    rows = rows_of(transaction, _SUBSCRIPTIONS, _s.chat, chat_ids)
    found = grouped((row[1], _subscription(row)) for row in rows)
    return {chat_id: tuple(found.get(chat_id, ())) for chat_id in chat_ids}


def subscriptions_in(transaction: Transaction, chat_id: int) -> tuple[Subscription, ...]:
    """Return the subscriptions of one chat, ordered by number."""
    return subscriptions_of(transaction, [chat_id])[chat_id]


def add_subscription(transaction: Transaction, new: Subscription) -> Subscription:
    """Add a subscription with the next number of its chat, and return it as stored. Numbers are never used again."""
    number = execute(transaction, _TAKE_NUMBER, {"of": new.chat_id}).scalar_one() - 1
    insert_subscriptions(transaction, [new._replace(number=number)])
    return next(one for one in subscriptions_in(transaction, new.chat_id) if one.number == number)


def insert_subscriptions(transaction: Transaction, new: Sequence[Subscription]) -> None:
    """Insert subscriptions with their numbers. One that was removed gets the id that it had, a new one any."""
    for one in new:
        values = {name: value for name, value in one._asdict().items() if name in _s and (name != "id" or value)}
        row = SubscriptionRow(**{**values, "chat": one.chat_id, "cadence": str(one.cadence)})
        if transaction.insert_new(row, "chat", "canonical"):
            _ask(transaction, row.id, one.canonical)


def _ask(transaction: Transaction, subscription: int, canonical: str) -> None:
    asked = parse_canonical(canonical).asked if ABOUT.canonical_prefix in canonical else ()
    meanings.ask(transaction, asked, subscription=subscription)


def change_subscription(transaction: Transaction, before: Subscription, after: Subscription) -> Subscription:
    """Store only those fields of `after` that differ from `before`. Return `after`.

    So a cursor that another process has moved stays where it is.
    """
    if after == before:
        return after
    row = transaction.get_one(SubscriptionRow, before.id)
    for name, old, new in zip(Subscription._fields, before, after, strict=True):
        if new != old:
            setattr(row, name, str(new) if isinstance(new, Cadence) else new)
    if after.canonical != before.canonical:
        _ask(transaction, after.id, after.canonical)
    return after


def remove_subscriptions(transaction: Transaction, ids: Sequence[int]) -> None:
    """Remove subscriptions. Deliveries that were planned for them are still sent."""
    transaction.remove(SubscriptionRow, col(SubscriptionRow.id).in_(ids))


def join(transaction: Transaction, *, stays: int, goes: int) -> None:
    """Make one of two subscriptions with the same query.

    The lower cursor counts, since papers that one of the two has not looked at still have to be delivered.
    """
    one, other = transaction.get_one(SubscriptionRow, stays), transaction.get_one(SubscriptionRow, goes)
    one.cursor = min(one.cursor, other.cursor)
    transaction.delete(other)


def followed(transaction: Transaction) -> set[int]:
    """Return the ids of the subscriptions that files of the operator's named at the last start."""
    return {*transaction.exec(select(SubscriptionRow.id).where(_s.followed_at.is_not(None))).all()}


def note_followed(transaction: Transaction, ids: Sequence[int], *, now: datetime) -> None:
    """Store that a file of the operator's names these subscriptions."""
    for part in in_chunks(ids):
        execute(transaction, sa.update(_subscriptions).where(_s.id.in_(part)).values(followed_at=now))


def chats_of(transaction: Transaction, ids: Sequence[int]) -> dict[int, set[int]]:
    """Return chat id → those of these subscriptions that are its own."""
    rows = rows_of(transaction, sa.select(_s.chat, _s.id), _s.id, ids)
    return {chat: set(own) for chat, own in grouped((row.chat, row.id) for row in rows).items()}


def _subscription(row: Sequence[Any]) -> Subscription:
    """Return the Subscription of a row of `_VALUES`.

    Reads the columns by position. By name it would take ten times as long, and a plan reads all subscriptions.
    """
    return Subscription._make((*row[:5], _read_when(row[5]).cadence, *row[6:]))


def subscription_counts(transaction: Transaction) -> tuple[int, int]:
    """Return (number of chats that have subscriptions, number of subscriptions)."""
    chats = sa.func.count(sa.func.distinct(SubscriptionRow.chat))
    return transaction.exec(select(chats, sa.func.count()).select_from(SubscriptionRow)).one()


def last_came(transaction: Transaction, chat_id: int, since: datetime) -> dict[int, datetime]:
    """Return subscription number → when its last papers were sent, if this was at `since` or later."""
    rows = transaction.exec(
        select(DeliveryItemRow.because, DeliveryRow.settled_at)
        .join(DeliveryRow, col(DeliveryRow.seq) == DeliveryItemRow.delivery)
        .where(
            DeliveryItemRow.chat == chat_id,
            col(DeliveryRow.settled_at) >= since,
            col(DeliveryRow.dismissed_at).is_(None),
        )
    )
    found: dict[int, datetime] = {}
    for because, settled_at in rows:
        for reason in because:
            number = int(reason["number"])
            found[number] = max(found.get(number, since), settled_at or since)
    return found


class StoredChange(NamedTuple):
    """A change of a chat, with the state before it."""

    id: int
    chat_id: int
    who: str
    at: datetime
    before: Mapping[str, Any]  # the state before the change, as JSON


def add_change(transaction: Transaction, chat_id: int, before: Mapping[str, Any], *, who: str, at: datetime) -> int:
    """Store the state of a chat before a change, and remove the oldest ones.

    Return its id; later ones have higher ids.

    Of changes that save papers as many are kept as of all others, since in a group people save papers who may change
    nothing.
    """
    row = UndoRow(chat=chat_id, who=who, at=at, before=dict(before))
    transaction.add(row)
    transaction.flush()
    saves = bool(before.get("saved"))
    alike = [one.id for one in changes_of(transaction, chat_id) if bool(one.before.get("saved")) is saves]
    transaction.remove(UndoRow, col(UndoRow.id).in_(alike[KEPT_CHANGES:]), chat=chat_id)
    return row.id


def changes_of(transaction: Transaction, chat_id: int) -> tuple[StoredChange, ...]:
    """Return the stored changes of a chat, newest first."""
    return tuple(map(StoredChange._make, execute(transaction, _CHANGES.where(_u.chat == chat_id))))


def drop_changes_from(transaction: Transaction, chat_id: int, first: int) -> None:
    """Remove a change of a chat, and those after it."""
    transaction.remove(UndoRow, col(UndoRow.id) >= first, chat=chat_id)
