"""The deliveries of one chat: what is planned, and what was posted."""

from datetime import datetime

import sqlalchemy as sa
from sqlmodel import col, select

from subscriptions.states import (
    MAYBE_SENT,
)
from subscriptions.store.database.store import Transaction
from subscriptions.store.rows import DeliveryItemRow, DeliveryRow, MessageRow


def planned_papers(transaction: Transaction, chat_id: int, *, by: datetime | None = None) -> int:
    """Returns the number of papers in a chat's unsent deliveries; with `by`, only in those planned at or before `by`.

    A delivery is unsent if none of its messages was sent or may have been sent.
    """
    return transaction.count(col(DeliveryItemRow.delivery).in_(_unsent(transaction, chat_id, by)))


def was_posted(transaction: Transaction, chat_id: int, platform_id: str) -> bool:
    """Whether a delivery of this chat has a message with this platform id."""
    of_chat = (col(DeliveryRow.seq) == MessageRow.delivery) & (col(DeliveryRow.chat) == chat_id)
    return transaction.finds(of_chat, MessageRow.platform_id == platform_id)


def hold_planned(transaction: Transaction, chat_id: int, until: datetime | None) -> None:
    """Delays a chat's unsent deliveries until the moment `until`; None: ends the delay, so that they are sent at once."""
    seqs = _unsent(transaction, chat_id, None)
    transaction.exec(sa.update(DeliveryRow).where(col(DeliveryRow.seq).in_(seqs)).values(next_at=until))


def dismiss_planned(transaction: Transaction, chat_id: int, *, by: datetime, now: datetime) -> None:
    """Dismisses a chat's unsent deliveries that were planned at or before `by`."""
    seqs = _unsent(transaction, chat_id, by)
    transaction.exec(
        sa.update(DeliveryRow).where(col(DeliveryRow.seq).in_(seqs)).values(dismissed_at=now, settled_at=now)
    )


def _unsent(transaction: Transaction, chat_id: int, by: datetime | None) -> list[int]:
    maybe_sent = select(MessageRow.delivery).where(
        MessageRow.delivery == DeliveryRow.seq, col(MessageRow.state).in_(MAYBE_SENT)
    )
    found = select(DeliveryRow.seq).where(
        DeliveryRow.chat == chat_id, col(DeliveryRow.settled_at).is_(None), ~maybe_sent.exists()
    )
    if by is not None:
        found = found.where(col(DeliveryRow.created_at) <= by)
    return list(transaction.exec(found))
