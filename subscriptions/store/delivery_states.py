"""The state of a delivery, derived from its messages and its chat (docs/operating.md)."""

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any

import sqlalchemy as sa
from sqlmodel import or_

from subscriptions import model
from subscriptions.states import (
    FINISHED,
    WAITING,
    ChatState,
    DeliveryState,
    MessageState,
    PauseReason,
)
from subscriptions.store.database.store import Transaction, execute
from subscriptions.store.rows import tables

_deliveries, _chats, _messages = tables("delivery", "chat", "message")
_d, _c, _m = _deliveries.c, _chats.c, _messages.c
STATES = (
    sa.select(_d.seq, _d.dismissed_at, _d.kind, _c.platform, _c.state, _c.pause_reason, _m.state.label("message"))
    .join_from(_deliveries, _chats, _c.id == _d.chat)
    .outerjoin(_messages, _m.delivery == _d.seq)
    .where(or_(_d.settled_at.is_(None), _d.seq.in_(sa.select(_m.delivery).where(_m.state == MessageState.DEAD))))
    .order_by(_d.seq)
)
WORST_FIRST = (MessageState.DEAD, MessageState.UNCLEAR, MessageState.WAITING, MessageState.SENDING)


def state_for(kind: model.DeliveryKind, chat_state: ChatState, pause: PauseReason | None) -> ChatState:
    """Returns the state of a chat as it counts for a delivery of this kind. For a notice, a waiting chat is active."""
    reachable = kind is model.DeliveryKind.NOTICE and chat_state in WAITING and pause is None
    return ChatState.ACTIVE if reachable else chat_state


def derived_state(*, dismissed: bool, chat_state: ChatState, states: Sequence[MessageState]) -> DeliveryState:
    """Returns the state of a delivery (docs/operating.md): dismissed, sent, held, or the worst state of its messages."""
    if dismissed:
        return DeliveryState.DISMISSED
    if states and all(state is MessageState.SENT for state in states):
        return DeliveryState.SENT
    unfinished = not states or any(state not in FINISHED for state in states)
    if unfinished and chat_state is not ChatState.ACTIVE:
        return DeliveryState.HELD
    for state in WORST_FIRST:
        if state in states:
            return DeliveryState(state)
    return DeliveryState.PLANNED


def states_not_over(
    transaction: Transaction, wanted: sa.Select[*tuple[Any, ...]]
) -> Iterator[tuple[str, DeliveryState]]:
    """Yields (platform, state) of each delivery that is not settled or has a dead message. `wanted`: as `STATES`."""
    for _, rows in groupby(execute(transaction, wanted), key=lambda row: row.seq):
        row, *others = rows
        states = [one.message for one in (row, *others) if one.message is not None]
        chat_state = state_for(row.kind, row.state, row.pause_reason)
        yield row.platform, derived_state(dismissed=row.dismissed_at is not None, chat_state=chat_state, states=states)
