"""Deliveries that have no messages yet: what is rendered together, and the messages that are stored."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from subscriptions.model import Delivery, Message
from subscriptions.states import MessageState
from subscriptions.store import claims, deliveries
from subscriptions.store.claims import MAY_BE_SENT, ClaimRequest, Step, Unrendered
from subscriptions.store.database.store import Transaction, reads, writes
from subscriptions.store.tables import tables

_deliveries, _chats, _messages, _items = tables("delivery", "chat", "message", "delivery_item")
_d, _c, _i = _deliveries.c, _chats.c, _items.c


_NEAR = 1000  # how many numbers after a claimed delivery are searched for deliveries to render together with it


@dataclass(frozen=True, slots=True, kw_only=True)
class Rendered:
    """A rendered delivery: its messages, or why it could not be rendered."""

    seq: int
    messages: Sequence[Message] = ()
    failure: str = ""


_earlier, _neighbours = _deliveries.alias(), _chats.alias()
_IS_BEHIND = sa.exists().where(
    _neighbours.c.platform == _c.platform,
    _neighbours.c.address == _c.address,
    _earlier.c.chat == _neighbours.c.id,
    _earlier.c.settled_at.is_(None),
    _earlier.c.seq < _d.seq,
)
_first = sa.bindparam("first", type_=_d.seq.type)
_UNRENDERED = (
    sa.select(_d.seq)
    .join_from(_deliveries, _chats, _c.id == _d.chat)
    .where(_d.seq.between(_first, _first + _NEAR), _d.rendered_at.is_(None), _d.dismissed_at.is_(None))
    .where(
        _c.platform.concat("") == sa.bindparam("platform"), MAY_BE_SENT
    )  # concat keeps SQLite from using an index that is no help, since nearly all chats are on one platform
    .where(sa.or_(_d.seq == _first, ~_IS_BEHIND))
    .order_by(_d.seq)
    .limit(sa.bindparam("most"))
)
_RENDERED = (
    sa.update(_deliveries)
    .where(_d.seq.in_(sa.bindparam("those", expanding=True)), _d.rendered_at.is_(None))
    .values(rendered_at=sa.bindparam("now"), settled_at=sa.bindparam("over"), reason=sa.bindparam("why"))
    .returning(_d.seq)
)
_NEW_MESSAGE = sa.insert(_messages)
_SHOWS = sa.update(_items).where(_i.delivery == sa.bindparam("of"), _i.paper == sa.bindparam("which")).values(
    message=sa.bindparam("by")
)  # fmt: skip


@reads
def to_render(transaction: Transaction, claimed: Unrendered, most: int) -> dict[int, Delivery]:
    """Returns seq → delivery for a claimed delivery and others to render together with it, at most `most` in all.

    Each of the others is the first open delivery of its lane.
    """
    values = {"first": claimed.seq, "platform": claimed.platform, "most": most}
    return deliveries.delivery_values(
        transaction, transaction.connection().execute(_UNRENDERED, values).scalars().all()
    )


@writes
def store_rendered(transaction: Transaction, rendered: Iterable[Rendered], asking: ClaimRequest) -> Step | None:
    """Stores the messages of rendered deliveries. Skips deliveries that were rendered before (rule 7).

    Returns the next step of the lane that asks. A delivery that could not be rendered is dead, with the reason, unless a person requests another attempt.
    """
    connection, now = transaction.connection(), asking.now
    fates: dict[tuple[datetime | None, str], dict[int, Rendered]] = {}
    for one in rendered:
        over = now if one.failure or not one.messages else None
        fates.setdefault((over, one.failure), {})[one.seq] = one
    messages: list[dict[str, object]] = []
    shows: list[dict[str, int]] = []
    for (over, why), those in fates.items():
        values = {"those": list(those), "now": now, "over": over, "why": why}
        # returns only deliveries that still exist and were not rendered before
        for seq in connection.execute(_RENDERED, values).scalars().all():
            one = those[seq]
            if one.failure:
                messages.append(_new_message(one.seq, Message(number=1, payload=""), MessageState.DEAD, one.failure))
            for message in one.messages:
                messages.append(_new_message(one.seq, message))
                shows += [{"of": one.seq, "which": paper, "by": message.number} for paper in message.papers]
    if messages:
        connection.execute(_NEW_MESSAGE, messages)
    if shows:
        connection.execute(_SHOWS, shows)
    return claims.claim(transaction, asking)


def _new_message(
    seq: int, message: Message, state: MessageState = MessageState.READY, reason: str = ""
) -> dict[str, object]:
    return {
        "delivery": seq,
        "number": message.number,
        "payload": message.payload,
        "reply_to": message.reply_to,
        "state": state,
        "reason": reason,
        "use_plain": False,
        "lookup_given_up": False,
    }
