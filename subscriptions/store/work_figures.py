"""What is in the outbox, and since when it waits: computed from open rows, never from the history."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

import sqlalchemy as sa

from subscriptions.states import (
    MessageState,
)
from subscriptions.store import sendable
from subscriptions.store.database.store import Transaction, execute
from subscriptions.store.rows import tables

_deliveries, _chats, _messages = tables("delivery", "chat", "message")
_d, _c, _m = _deliveries.c, _chats.c, _messages.c
_SENDABLE = sa.case((sendable.MAY_BE_SENT, 1), else_=0)

OPEN = (
    sa.select(
        _c.platform,
        # The rows are grouped by the label, since PostgreSQL does not see that two expressions with parameters are equal.
        _SENDABLE.label("may_go"),
        sa.func.count().label("deliveries"),
        sa.func.min(_d.created_at).label("oldest"),
    )
    .select_from(_deliveries.join(_chats, _c.id == _d.chat))
    .where(_d.settled_at.is_(None))
    .group_by(_c.platform, "may_go")
)
DEAD = (
    sa.select(_c.platform, sa.func.count(_d.seq.distinct()).label("deliveries"))
    .select_from(_messages.join(_deliveries, _d.seq == _m.delivery).join(_chats, _c.id == _d.chat))
    .where(_m.state == MessageState.DEAD, _d.dismissed_at.is_(None))
    .group_by(_c.platform)
)


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboxFigures:
    """Figures of the outbox by platform. Each mapping has only platforms with such deliveries or lanes."""

    waiting: Mapping[str, int] = field(default_factory=dict)  # number of open deliveries that may be sent
    held: Mapping[str, int] = field(default_factory=dict)  # number of open deliveries of paused chats
    oldest: Mapping[str, datetime] = field(default_factory=dict)  # when the oldest waiting delivery was planned
    dead: Mapping[str, int] = field(default_factory=dict)  # number of undismissed deliveries with a dead message


def outbox_figures(transaction: Transaction) -> OutboxFigures:
    """Returns the figures of the outbox."""
    found = list(execute(transaction, OPEN))
    return OutboxFigures(
        waiting={row.platform: row.deliveries for row in found if row.may_go},
        held={row.platform: row.deliveries for row in found if not row.may_go},
        oldest={row.platform: row.oldest for row in found if row.may_go},
        dead={row.platform: row.deliveries for row in execute(transaction, DEAD)},
    )
