"""The state of a delivery, derived from its messages and its chat (docs/operating.md)."""

from collections.abc import Iterator, Sequence
from itertools import groupby

import sqlalchemy as sa
from sqlmodel import or_

from subscriptions.model import DeliveryKind
from subscriptions.states import FINISHED, WAITING, ChatState, DeliveryState, MessageState
from subscriptions.store.columns import AnyRow
from subscriptions.store.database.store import Transaction, execute
from subscriptions.store.rows import ChatRow, DeliveryRow, tables

_deliveries, _chats, _messages = tables("delivery", "chat", "message")
_d, _c, _m = _deliveries.c, _chats.c, _messages.c
_STATES = (
    sa.select(_d.seq, _d.dismissed_at, _d.kind, _c.platform, _c.state, _c.pause_reason, _m.state.label("message"))
    .join_from(_deliveries, _chats, _c.id == _d.chat)
    .outerjoin(_messages, _m.delivery == _d.seq)
    .where(or_(_d.settled_at.is_(None), _d.seq.in_(sa.select(_m.delivery).where(_m.state == MessageState.DEAD))))
    .order_by(_d.seq)
)
WORST_FIRST = (MessageState.DEAD, MessageState.UNCLEAR, MessageState.WAITING, MessageState.SENDING)


def derived_state(
    delivery: DeliveryRow | AnyRow, chat: ChatRow | AnyRow, states: Sequence[MessageState]
) -> DeliveryState:
    """Returns the state of a delivery (docs/operating.md): dismissed, sent, held, or the worst state of its messages."""
    if delivery.dismissed_at is not None:
        return DeliveryState.DISMISSED
    if states and all(state is MessageState.SENT for state in states):
        return DeliveryState.SENT
    unfinished = not states or any(state not in FINISHED for state in states)
    if unfinished and not _may_be_sent(delivery, chat):
        return DeliveryState.HELD
    for state in WORST_FIRST:
        if state in states:
            return DeliveryState(state)
    return DeliveryState.PLANNED


def _may_be_sent(delivery: DeliveryRow | AnyRow, chat: ChatRow | AnyRow) -> bool:
    """Whether the state of the chat allows the delivery. A notice also comes to a chat that waits to be let in."""
    if delivery.kind is DeliveryKind.NOTICE and chat.state in WAITING:
        return chat.pause_reason is None
    return chat.state is ChatState.ACTIVE


def states_not_over(transaction: Transaction, chat_id: int | None) -> Iterator[tuple[str, DeliveryState]]:
    """Yields (platform, state) of each delivery of a chat, or of all, that is not settled or has a dead message."""
    wanted = _STATES if chat_id is None else _STATES.where(_d.chat == chat_id)
    for _, rows in groupby(execute(transaction, wanted), key=lambda row: row.seq):
        row, *others = rows
        states = [one.message for one in (row, *others) if one.message is not None]
        yield row.platform, derived_state(row, row, states)
