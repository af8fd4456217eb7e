"""What becomes of messages that were being sent when a process or a drain ended (rule 14)."""

import sqlalchemy as sa
from sqlmodel import col

from subscriptions.states import MessageState
from subscriptions.store.database.store import Transaction, shares
from subscriptions.store.rows import MessageRow


@shares
def recover(transaction: Transaction) -> int:
    """Marks messages in the state `sending` as unclear, since they may have been sent. Returns how many messages.

    Call it when nothing is being sent.
    """
    sending = sa.update(MessageRow).where(col(MessageRow.state) == MessageState.SENDING)
    return transaction.exec(sending.values(state=MessageState.UNCLEAR)).rowcount


def look_up_again(transaction: Transaction) -> None:
    """Lets unclear messages be looked up whose look-up was given up. Call it when this process begins to send."""
    given_up = sa.update(MessageRow).where(
        col(MessageRow.lookup_given_up), col(MessageRow.state) == MessageState.UNCLEAR
    )
    transaction.exec(given_up.values(lookup_given_up=False))
