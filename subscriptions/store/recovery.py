"""What becomes of messages that were being sent when a process or a drain ended (rule 14)."""

from datetime import timedelta

import sqlalchemy as sa
from sqlmodel import col, select

from subscriptions.states import MessageState
from subscriptions.store.database.store import Transaction, shares
from subscriptions.store.rows import DeliveryRow, MessageRow


@shares
def recover(transaction: Transaction, *, still_posting: timedelta = timedelta()) -> int:
    """Marks messages in the state `sending` as unclear, since they may have been sent. Returns how many messages.

    A process that marked them before may still be posting, for so long after a mark: they are not tried again before that.
    Call it when this process sends nothing.
    """
    is_sending = col(MessageRow.state) == MessageState.SENDING
    if still_posting:
        for seq, marked in transaction.exec(
            select(MessageRow.delivery, MessageRow.attempted_at).where(is_sending)
        ).all():
            tried_again = marked and marked + still_posting
            transaction.exec(sa.update(DeliveryRow).filter_by(seq=seq).values(next_at=tried_again))
    sending = sa.update(MessageRow).where(is_sending)
    return transaction.exec(sending.values(state=MessageState.UNCLEAR)).rowcount


def look_up_again(transaction: Transaction) -> None:
    """Lets unclear messages be looked up whose look-up was given up. Call it when this process begins to send."""
    given_up = sa.update(MessageRow).where(
        col(MessageRow.lookup_given_up), col(MessageRow.state) == MessageState.UNCLEAR
    )
    transaction.exec(given_up.values(lookup_given_up=False))
