"""What becomes of messages that were being sent when a process or a drain ended (rule 14)."""

import sqlalchemy as sa
from sqlmodel import col

from subscriptions.states import MessageState
from subscriptions.store.database.store import Transaction, shares
from subscriptions.store.rows import MessageRow


def recover_left(transaction: Transaction) -> int:
    """Marks messages that an earlier process left in the state `sending` as unclear. Returns how many messages.

    Messages that it left unclear are tried at once, too. Call it when this process begins to send: it is the only one then.
    """
    left = sa.update(MessageRow).where(col(MessageRow.state) == MessageState.UNCLEAR, ~col(MessageRow.found_at_start))
    transaction.exec(left.values(found_at_start=True))
    return recover_own(transaction)


@shares
def recover_own(transaction: Transaction) -> int:
    """Marks messages in the state `sending` as unclear, since they may have been sent. Returns how many messages.

    Call it when this process is sending nothing.
    """
    sending = sa.update(MessageRow).where(col(MessageRow.state) == MessageState.SENDING)
    return transaction.exec(sending.values(state=MessageState.UNCLEAR, found_at_start=True)).rowcount
