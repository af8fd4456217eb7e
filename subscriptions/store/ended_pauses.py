"""Ends the pauses of chats and subscriptions whose time is over."""

from datetime import datetime

import sqlalchemy as sa

from subscriptions import states
from subscriptions.store.columns import Utc
from subscriptions.store.database.store import Transaction, execute, rows_of
from subscriptions.store.rows import TABLES

_chats = TABLES.tables["chat"]
_subscriptions = TABLES.tables["subscription"]
_now = sa.bindparam("now", type_=Utc)
_c, _s = _chats.c, _subscriptions.c


_CHAT_PAUSE_ENDED = (_c.state == states.ChatState.PAUSED) & (_c.paused_until <= _now)
_PAUSE_ENDED = (_s.state == states.SubscriptionState.PAUSED) & (_s.paused_until <= _now)
_A_PAUSE_ENDED = sa.select(
    sa.or_(sa.select(_c.id).where(_CHAT_PAUSE_ENDED).exists(), sa.select(_s.id).where(_PAUSE_ENDED).exists())
)
_CHATS_BACK = sa.select(_c.id, _c.paused_until).where(_CHAT_PAUSE_ENDED)
_ENDED = sa.select(_s.chat, _s.id, _s.paused_until).where(_PAUSE_ENDED)
_RESUME_CHATS = (
    sa.update(_chats)
    .where(_CHAT_PAUSE_ENDED)
    .values(state=states.ChatState.ACTIVE, admission=None, pause_reason=None, state_detail="", paused_until=None)
)
_RESUME = sa.update(_subscriptions).where(_PAUSE_ENDED).values(state=states.SubscriptionState.ACTIVE, paused_until=None)


def has_ended_pause(transaction: Transaction, now: datetime) -> bool:
    """Whether the time of any pause, of a chat or a subscription, is over."""
    return bool(execute(transaction, _A_PAUSE_ENDED, {"now": now}).scalar())


def ended_pauses(transaction: Transaction, now: datetime) -> list[tuple[int, int, datetime]]:
    """Returns (chat, subscription, end of the pause) for each subscription whose own or chat's pause is over."""
    found = [(chat, subscription, until) for chat, subscription, until in execute(transaction, _ENDED, {"now": now})]
    back: dict[int, datetime] = {row.id: row.paused_until for row in execute(transaction, _CHATS_BACK, {"now": now})}
    active = sa.select(_s.chat, _s.id).where(_s.state == states.SubscriptionState.ACTIVE)
    of_chats = rows_of(transaction, active, _s.chat, sorted(back))  # for a join, SQLite would read all subscriptions
    return found + [(chat, subscription, back[chat]) for chat, subscription in of_chats]


def end_pauses(transaction: Transaction, now: datetime) -> None:
    """Makes all chats and subscriptions active whose pause is over."""
    execute(transaction, _RESUME_CHATS, {"now": now})
    execute(transaction, _RESUME, {"now": now})
