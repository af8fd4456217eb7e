"""A delivery that has no messages yet: what is rendered, and the messages that are stored."""

from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from subscriptions.model import Delivery, Message
from subscriptions.states import MessageState
from subscriptions.store import claims, deliveries
from subscriptions.store.database.store import Transaction, reads, shares
from subscriptions.store.rows import tables
from subscriptions.store.steps import ClaimRequest, Step

_deliveries, _messages, _items = tables("delivery", "message", "delivery_item")
_d, _i = _deliveries.c, _items.c
_RENDERED = (
    sa.update(_deliveries)
    .where(_d.seq == sa.bindparam("of"), _d.rendered_at.is_(None), _d.dismissed_at.is_(None))
    .values(rendered_at=sa.bindparam("now"), settled_at=sa.bindparam("over"), reason=sa.bindparam("why"))
)
_NEW_MESSAGE = sa.insert(_messages)
_SHOWS = sa.update(_items).where(_i.delivery == sa.bindparam("of"), _i.paper == sa.bindparam("which")).values(
    message=sa.bindparam("by")
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Rendered:
    """A rendered delivery: its messages, or why it could not be rendered."""

    seq: int
    messages: Sequence[Message] = ()
    failure: str = ""


@reads
def to_render(transaction: Transaction, seq: int) -> Delivery | None:
    """Returns a delivery, for rendering; None if its chat was erased meanwhile."""
    return deliveries.delivery_values(transaction, [seq]).get(seq)


@shares
def store_rendered(transaction: Transaction, rendered: Rendered, asking: ClaimRequest) -> Step | None:
    """Stores the messages of a delivery, unless it was rendered or dismissed before (rule 7). Returns the lane's next step.

    A delivery that could not be rendered is dead, with the reason, unless a person requests another attempt.
    """
    connection = transaction.connection()
    over = asking.now if rendered.failure or not rendered.messages else None
    values = {"of": rendered.seq, "now": asking.now, "over": over, "why": rendered.failure}
    if connection.execute(_RENDERED, values).rowcount:
        messages = [_new_message(rendered.seq, message) for message in rendered.messages]
        if rendered.failure:
            nothing = Message(number=1, payload="", plain="")
            messages = [_new_message(rendered.seq, nothing, MessageState.DEAD, rendered.failure)]
        if messages:
            connection.execute(_NEW_MESSAGE, messages)
        shows = [(message.number, paper) for message in rendered.messages for paper in message.papers]
        if shows:
            connection.execute(_SHOWS, [{"of": rendered.seq, "which": paper, "by": number} for number, paper in shows])
    return claims.claim(transaction, asking)


def _new_message(
    seq: int, message: Message, state: MessageState = MessageState.READY, reason: str = ""
) -> dict[str, object]:
    return {
        "delivery": seq,
        "number": message.number,
        "payload": message.payload,
        "plain": message.plain,
        "reply_to": message.reply_to,
        "state": state,
        "reason": reason,
        "use_plain": False,
        "found_at_start": False,
        "lookup_given_up": False,
    }
