"""Ends the pauses of chats and subscriptions whose time is over."""

from datetime import datetime

import sqlalchemy as sa

from subscriptions.states import ChatState, SubscriptionState
from subscriptions.store.columns import Utc
from subscriptions.store.database.store import Transaction, execute
from subscriptions.store.rows import TABLES

_chats = TABLES.tables["chat"]
_subscriptions = TABLES.tables["subscription"]
_now = sa.bindparam("now", type_=Utc)
_c, _s = _chats.c, _subscriptions.c


_CHAT_PAUSE_ENDED = (_c.state == ChatState.PAUSED) & (_c.paused_until <= _now)
_PAUSE_ENDED = (_s.state == SubscriptionState.PAUSED) & (_s.paused_until <= _now)
_CHATS = sa.union(sa.select(_c.id).where(_CHAT_PAUSE_ENDED), sa.select(_s.chat).where(_PAUSE_ENDED))
_RESUME_CHATS = (
    sa.update(_chats)
    .where(_CHAT_PAUSE_ENDED)
    .values(state=ChatState.ACTIVE, admission=None, pause_reason=None, state_detail="", paused_until=None)
)
_RESUME = sa.update(_subscriptions).where(_PAUSE_ENDED).values(state=SubscriptionState.ACTIVE, paused_until=None)


def chats_with_ended_pause(transaction: Transaction, now: datetime) -> list[int]:
    """Returns the ids of the chats whose pause is over, or the pause of one of their subscriptions."""
    return list(execute(transaction, _CHATS, {"now": now}).scalars())


def end_pauses(transaction: Transaction, now: datetime) -> None:
    """Makes all chats and subscriptions active whose pause is over."""
    execute(transaction, _RESUME_CHATS, {"now": now})
    execute(transaction, _RESUME, {"now": now})
