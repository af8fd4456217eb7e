"""The lanes in which there is something to do now."""

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa

from subscriptions.model import Lane
from subscriptions.planning.retries import LONGEST_CREDIBLE_WAIT
from subscriptions.store.database.store import Transaction, reads
from subscriptions.store.rows import tables
from subscriptions.store.sendable import MAY_BE_SENT, WAITS

_deliveries, _chats = tables("delivery", "chat")
_d, _c = _deliveries.c, _chats.c


_WAITING_LANES = (
    sa.select(_c.platform, _c.address)
    .join_from(_deliveries, _chats, _c.id == _d.chat)
    .where(_d.settled_at.is_(None), MAY_BE_SENT, _c.platform.in_(sa.bindparam("platforms", expanding=True)))
    .where(sa.or_(_d.next_at.is_(None), ~WAITS))
    .group_by(_c.platform, _c.address)
    .order_by(sa.func.min(_d.seq))
)


@reads
def lanes(transaction: Transaction, platforms: Sequence[str], *, now: datetime) -> list[Lane]:
    """Returns the lanes of these platforms with something to do now, oldest first."""
    values = {"platforms": platforms, "now": now, "longest": now + LONGEST_CREDIBLE_WAIT}
    found = transaction.connection().execute(_WAITING_LANES, values).all()
    return [Lane(*row) for row in found]
