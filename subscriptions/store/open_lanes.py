"""The lanes in which there is something to do now."""

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa

from subscriptions.model import Lane
from subscriptions.planning.retries import LONGEST_CREDIBLE_WAIT
from subscriptions.states import MessageState
from subscriptions.store.columns import Condition
from subscriptions.store.database.store import Transaction, reads
from subscriptions.store.rows import GOES_OUT, tables
from subscriptions.store.sendable import IS_HELD, WAITS

_deliveries, _chats, _messages = tables("delivery", "chat", "message")
_d, _c, _m = _deliveries.c, _chats.c, _messages.c


_can_be_looked_up = sa.exists().where(
    _m.delivery == _d.seq,
    _m.state == MessageState.UNCLEAR,
    _m.found_at_start.is_(True)
    | (_m.lookup_given_up.is_(False) & _c.platform.in_(sa.bindparam("finding", expanding=True))),
)
_WAITING_LANES = (
    sa.select(_c.platform, _c.address)
    .join_from(_deliveries, _chats, _c.id == _d.chat)
    # concat keeps SQLite from using the index by address, which is no help since nearly all chats are on one platform
    .where(Condition(GOES_OUT), _c.platform.concat("").in_(sa.bindparam("platforms", expanding=True)), ~IS_HELD)
    .where(
        sa.or_(
            _d.next_at.is_(None),
            ~WAITS,
            _can_be_looked_up,
        )
    )
    .group_by(_c.platform, _c.address)
    .order_by(sa.func.min(_d.seq))
)


@reads
def lanes(
    transaction: Transaction,
    platforms: Sequence[str],
    *,
    now: datetime,
    wall: datetime | None = None,
    finding: Sequence[str],
) -> list[Lane]:
    """Returns the lanes of these platforms with something to do now, oldest first.

    On the platforms in `finding`, messages can be looked up. An unclear message does not wait there, unless its look-up
    was given up. `wall` is the time of the machine's clock, if it differs from `now`.
    """
    values = {"platforms": platforms, "now": now, "wall": wall or now, "longest": now + LONGEST_CREDIBLE_WAIT}
    found = transaction.connection().execute(_WAITING_LANES, {**values, "finding": finding}).all()
    return [Lane(*row) for row in found]
