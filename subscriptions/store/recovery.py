"""What becomes of messages that were being sent when a process or a drain ended (rule 14)."""

from datetime import datetime

import sqlalchemy as sa
from sqlmodel import col, select

from subscriptions.states import MessageState
from subscriptions.store.database.store import Transaction, shares
from subscriptions.store.rows import DeliveryRow, MessageRow


@shares
def recover(transaction: Transaction, *, until: datetime | None = None) -> int:
    """Marks messages in the state `sending` as unclear, since they may have been sent. Returns how many messages.

    They are not tried again before `until`. Call it when this process sends nothing.
    """
    is_sending = col(MessageRow.state) == MessageState.SENDING
    if until is not None:
        of_them = sa.update(DeliveryRow).where(col(DeliveryRow.seq).in_(select(MessageRow.delivery).where(is_sending)))
        transaction.exec(of_them.values(next_at=until))
    sending = sa.update(MessageRow).where(is_sending)
    return transaction.exec(sending.values(state=MessageState.UNCLEAR)).rowcount


def look_up_again(transaction: Transaction) -> None:
    """Lets unclear messages be looked up whose look-up was given up. Call it when this process begins to send."""
    given_up = sa.update(MessageRow).where(
        col(MessageRow.lookup_given_up), col(MessageRow.state) == MessageState.UNCLEAR
    )
    transaction.exec(given_up.values(lookup_given_up=False))
