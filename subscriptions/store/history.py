"""What a chat was told, and what became of it on its way."""

from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, col, select

from subscriptions.model import Item
from subscriptions.states import DeliveryState, MessageState
from subscriptions.store.outbox import delivered_item
from subscriptions.store.rows import DeliveryItemRow, DeliveryRow, MessageRow


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveredPaper:
    """A paper as a chat was told of it."""

    item: Item
    state: MessageState | DeliveryState  # of its message; without one PLANNED or DISMISSED
    at: datetime | None  # when the platform confirmed it, else when it was planned; None: nobody knows any more


def deliveries_of(session: Session, chat_id: int, paper_id: int) -> DeliveredPaper | None:
    """What a chat was told of a paper; None: nothing."""
    item, row = delivered_item(session, chat_id, paper_id), session.get(DeliveryItemRow, (chat_id, paper_id))
    if item is None or row is None:
        return None
    delivery = session.get(DeliveryRow, row.delivery) if row.delivery is not None else None
    if delivery is None:  # it went with a chat that became this one
        return DeliveredPaper(item=item, state=MessageState.SENT, at=None)
    message = session.get(MessageRow, (delivery.seq, row.message or 1))
    if message is not None and message.state is MessageState.SENT:
        return DeliveredPaper(item=item, state=MessageState.SENT, at=message.sent_at)
    unsent = message.state if message else DeliveryState.PLANNED
    state = DeliveryState.DISMISSED if delivery.dismissed_at else unsent
    return DeliveredPaper(item=item, state=state, at=delivery.created_at)


def last_delivered(session: Session, chat_id: int) -> int | None:
    """The paper that a chat was shown last: the last one of its newest delivery."""
    return session.exec(
        select(DeliveryItemRow.paper)
        .where(DeliveryItemRow.chat == chat_id, col(DeliveryItemRow.shown), col(DeliveryItemRow.delivery).is_not(None))
        .order_by(col(DeliveryItemRow.delivery).desc(), col(DeliveryItemRow.position).desc())
        .limit(1)
    ).first()


def delivered_in_message(session: Session, chat_id: int, platform_id: str) -> int | None:
    """The first paper of a message in a chat, by the platform's id of the message; None: it is no such message."""
    return session.exec(
        select(DeliveryItemRow.paper)
        .join(
            MessageRow,
            (col(MessageRow.delivery) == DeliveryItemRow.delivery)
            & (col(MessageRow.number) == DeliveryItemRow.message),
        )
        .where(DeliveryItemRow.chat == chat_id, MessageRow.platform_id == platform_id)
        .order_by(col(DeliveryItemRow.position))
        .limit(1)
    ).first()
