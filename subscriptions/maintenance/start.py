"""Begin a process: recover the messages of an earlier one and check whose bot the database has."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from subscriptions.database import bot_state
from subscriptions.database.store import Transaction
from subscriptions.outbox.stored import claims
from subscriptions.subscribing import undo as changes

POSTING = timedelta(seconds=30)  # after its mark, a message is surely posted or not; a post takes at most 20


def begin(
    transaction: Transaction,
    tokens: Mapping[str, str],
    *,
    new_bot: bool,
    now: datetime,
) -> tuple[Sequence[str], Mapping[str, str]]:
    """Recover the messages of an earlier process, and follows a new zone of the operator.

    Return (the platforms that must be asked which bot the token is for, platform → why nothing is sent there).

    An earlier process on a server may still be posting what it marked, and then wait for no answer longer than a post
    lasts. So these messages are not posted or looked up before that.

    `tokens`: platform → the bot's id in its token; "" if the token does not tell it. Raise
    StoreError if the database belongs to another bot, unless `new_bot`.
    """
    claims.recover(transaction, still_posting=timedelta() if transaction.dialect == "sqlite" else POSTING)
    if bot_state.sender(transaction) != transaction.store.process:
        bot_state.put_value(transaction, bot_state.SENDER, transaction.store.process)
        claims.look_up_again(transaction)
    changes.apply_new_zone(transaction, now=now)
    told = {name: bot for name, bot in tokens.items() if bot}
    bot_state.refuse_another_bot(transaction, told, new_bot=new_bot)
    known = bot_state.bots(transaction)
    unknown = [name for name in tokens if known.get(name) is None or known.get(name) != told.get(name)]
    return unknown, bot_state.stopped_platforms(transaction)
