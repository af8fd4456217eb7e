"""Edits of messages that were sent: requested, and made one after another in each lane."""

from dataclasses import asdict
from datetime import datetime

import sqlalchemy as sa
from sqlmodel import or_

from subscriptions.planning.retries import LONGEST_CREDIBLE_WAIT
from subscriptions.states import ChatState
from subscriptions.store import deliveries
from subscriptions.store.database.store import Transaction, execute, grouped, shares
from subscriptions.store.rows import tables
from subscriptions.store.sendable import ANY_REQUESTED, IN_LANE, IS_HELD, IS_REQUESTED, WAITS
from subscriptions.store.steps import ClaimRequest, Edit

_deliveries, _chats, _messages, _items = tables("delivery", "chat", "message", "delivery_item")
_d, _c, _m, _i = _deliveries.c, _chats.c, _messages.c, _items.c


_ANY_REQUESTED = sa.select(ANY_REQUESTED)
_EDITABLE = (
    IS_REQUESTED,
    _m.platform_id.is_not(None),  # it was sent
    or_(_d.next_at.is_(None), ~WAITS),
    _c.state == ChatState.ACTIVE,
    ~IS_HELD,
)
_EDITS = _messages.join(_deliveries, _d.seq == _m.delivery).join(_chats, _c.id == _d.chat)
LANES_WITH_EDITS = (
    sa.select(_c.platform, _c.address)
    .select_from(_EDITS)
    .where(*_EDITABLE, _c.platform.in_(sa.bindparam("platforms", expanding=True)))
    .distinct()
)
_NEXT_EDIT = (
    sa.select(_m.delivery, _m.number, _m.edit_requested_at, _m.platform_id, _m.use_plain, _d.attempts)
    .select_from(_EDITS)
    .where(IN_LANE, *_EDITABLE)
    .order_by(_m.delivery, _m.number)
    .limit(1)
)


def next_edit(transaction: Transaction, asking: ClaimRequest) -> Edit | None:
    """Returns the oldest message of a lane with a requested edit that can be made now; None if there is none."""
    connection, lane, now = transaction.connection(), asking.lane, asking.now
    if connection.execute(_ANY_REQUESTED).scalar() is None:
        return None
    values = {**asdict(lane), "now": now, "longest": now + LONGEST_CREDIBLE_WAIT, "wall": asking.wall}
    found = connection.execute(_NEXT_EDIT, values).first()
    if found is None:
        return None
    delivery = deliveries.delivery_values(transaction, [found.delivery])[found.delivery]
    return Edit(
        seq=found.delivery,
        number=found.number,
        requested_at=found.edit_requested_at,
        platform_id=found.platform_id,
        plain=found.use_plain,
        attempts=found.attempts,
        delivery=delivery,
        layout=_layout(transaction, found.delivery),
    )


@shares
def finish_edit(transaction: Transaction, edit: Edit) -> None:
    """Ends an edit that succeeded or can never succeed. Keeps a request that came in the meantime."""
    same = sa.update(_messages).filter_by(delivery=edit.seq, number=edit.number, edit_requested_at=edit.requested_at)
    execute(transaction, same.values(edit_requested_at=None))
    _wait(transaction, edit, attempts=0, next_at=None)


def postpone_edit(transaction: Transaction, edit: Edit, *, next_at: datetime | None) -> None:
    """Schedules another attempt of an edit, not before `next_at`."""
    _wait(transaction, edit, attempts=edit.attempts + 1, next_at=next_at)


def _wait(transaction: Transaction, edit: Edit, *, attempts: int, next_at: datetime | None) -> None:
    waits = sa.update(_deliveries).filter_by(seq=edit.seq).values(attempts=attempts, next_at=next_at)
    execute(transaction, waits)


def _layout(transaction: Transaction, seq: int) -> tuple[tuple[int, ...], ...]:
    shown = (
        sa.select(_m.number, _i.paper)
        .outerjoin_from(_messages, _items, (_i.delivery == _m.delivery) & (_i.message == _m.number))
        .where(_m.delivery == seq)
        .order_by(_m.number, _i.position)
    )
    found: dict[int, list[int | None]] = grouped((number, paper) for number, paper in execute(transaction, shown))
    return tuple(tuple(paper for paper in papers if paper is not None) for papers in found.values())
