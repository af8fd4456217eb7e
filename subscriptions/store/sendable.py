"""The conditions under which a delivery may be sent."""

from datetime import datetime

import sqlalchemy as sa

from subscriptions.model import DeliveryKind
from subscriptions.planning.retries import LONGEST_CREDIBLE_WAIT
from subscriptions.states import WAITING, ChatState
from subscriptions.store.rows import tables

_deliveries, _chats = tables("delivery", "chat")
_d, _c = _deliveries.c, _chats.c
_waits_for_operator = sa.or_(*(_c.state == one for one in WAITING)) & _c.pause_reason.is_(None)
# A delivery may be sent if its chat is active, or if the chat waits for an operator and the delivery is a notice.
MAY_BE_SENT = sa.or_(_c.state == ChatState.ACTIVE, _waits_for_operator & (_d.kind == DeliveryKind.NOTICE))
CHATS_IN_LANE = sa.select(_c.id).where(_c.platform == sa.bindparam("platform"), _c.address == sa.bindparam("address"))
# Whether a delivery belongs to the lane (:platform, :address). Compares ids of chats, since deliveries have no index by
# address.
IN_LANE = _d.chat.in_(CHATS_IN_LANE)
# Whether the next attempt is after :now. Ignores an attempt after :longest, since it was stored with a wrong clock.
WAITS = (_d.next_at > sa.bindparam("now")) & (_d.next_at <= sa.bindparam("longest"))


def waits_until(next_at: datetime | None, now: datetime) -> datetime | None:
    """Returns the moment of the next attempt; None if the attempt may be made now.

    Ignores a moment after the longest credible wait, since it was stored while the clock was wrong.
    """
    if next_at is not None and now < next_at <= now + LONGEST_CREDIBLE_WAIT:
        return next_at
    return None
