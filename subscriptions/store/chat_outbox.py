"""The deliveries of one chat: what is planned, and what was posted."""

from datetime import datetime

import sqlalchemy as sa
from sqlmodel import col

from subscriptions.states import MAYBE_SENT
from subscriptions.store.database.store import Transaction, execute
from subscriptions.store.tables import DeliveryRow, tables

_deliveries, _messages, _items = tables("delivery", "message", "delivery_item")
_d, _m, _i = _deliveries.c, _messages.c, _items.c


def planned_papers(transaction: Transaction, chat_id: int, *, by: datetime | None = None) -> int:
    """Returns the number of papers in a chat's unsent deliveries; with `by`, only in those planned at or before `by`.

    A delivery is unsent if none of its messages was sent or may have been sent.
    """
    return transaction.count(_i.delivery.in_(_unsent(transaction, chat_id, by)))


def was_posted(transaction: Transaction, chat_id: int, platform_id: str) -> bool:
    """Whether a delivery of this chat has a message with this platform id."""
    return transaction.finds(_d.seq == _m.delivery, _d.chat == chat_id, _m.platform_id == platform_id)


def hold_planned(transaction: Transaction, chat_id: int, until: datetime | None) -> None:
    """Delays a chat's unsent deliveries until the moment `until`; None: ends the delay, so that they are sent at once."""
    unsent = col(DeliveryRow.seq).in_(_unsent(transaction, chat_id, None))
    transaction.exec(sa.update(DeliveryRow).where(unsent).values(next_at=until))


def dismiss_planned(transaction: Transaction, chat_id: int, *, by: datetime, now: datetime) -> None:
    """Dismisses a chat's unsent deliveries that were planned at or before `by`."""
    unsent = col(DeliveryRow.seq).in_(_unsent(transaction, chat_id, by))
    transaction.exec(sa.update(DeliveryRow).where(unsent).values(dismissed_at=now, settled_at=now))


def _unsent(transaction: Transaction, chat_id: int, by: datetime | None) -> list[int]:
    maybe_sent = sa.exists().where(_m.delivery == _d.seq, _m.state.in_(MAYBE_SENT))
    found = sa.select(_d.seq).where(_d.chat == chat_id, _d.settled_at.is_(None), ~maybe_sent)
    if by is not None:
        found = found.where(_d.created_at <= by)
    return list(execute(transaction, found).scalars())
