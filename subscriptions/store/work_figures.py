"""What is in the outbox, since when work waits, how large the tables are, and how much they grow in a day.

Each figure is computed from open rows or from one entry of an index, never from the history. Work does not count as
waiting before its moment, in the chat's quiet hours, or while a pause lasts that its platform requested.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

import sqlalchemy as sa

from subscriptions.planning.cadence import quiet_until
from subscriptions.planning.retries import LONGEST_CREDIBLE_WAIT
from subscriptions.states import (
    MessageState,
)
from subscriptions.store import sendable
from subscriptions.store import subscriptions as stored_subscriptions
from subscriptions.store.columns import Condition
from subscriptions.store.database.store import Transaction, execute
from subscriptions.store.paper_sequence import last_sequence
from subscriptions.store.rows import BECOMES_DUE, GOES_OUT, tables
from subscriptions.zones import zone

_deliveries, _chats, _messages, _subscriptions, _papers, _appearances, _digests = tables(
    "delivery", "chat", "message", "subscription", "paper", "appearance", "digest"
)
_d, _c, _m, _s, _p, _a, _g = (
    _deliveries.c,
    _chats.c,
    _messages.c,
    _subscriptions.c,
    _papers.c,
    _appearances.c,
    _digests.c,
)


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
HELD_LANES = (
    sa.select(_c.platform, sa.func.count(_c.address.distinct()).label("lanes"))
    .select_from(_deliveries.join(_chats, _c.id == _d.chat))
    .where(_d.settled_at.is_(None), sendable.MAY_BE_SENT, sendable.IS_HELD)
    .group_by(_c.platform)
)


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboxFigures:
    """Figures of the outbox by platform. Each mapping has only platforms with such deliveries or lanes."""

    waiting: Mapping[str, int] = field(default_factory=dict)  # number of open deliveries that may be sent
    held: Mapping[str, int] = field(default_factory=dict)  # number of open deliveries of paused chats
    oldest: Mapping[str, datetime] = field(default_factory=dict)  # when the oldest waiting delivery was planned
    dead: Mapping[str, int] = field(default_factory=dict)  # number of undismissed deliveries with a dead message
    # number of lanes with something to send that wait because their platform requested a pause
    held_lanes: Mapping[str, int] = field(default_factory=dict)


def outbox_figures(transaction: Transaction, *, wall: datetime) -> OutboxFigures:
    """Returns the figures of the outbox. `wall` is the time of the machine's clock."""
    found = list(execute(transaction, OPEN))
    return OutboxFigures(
        waiting={row.platform: row.deliveries for row in found if row.may_go},
        held={row.platform: row.deliveries for row in found if not row.may_go},
        oldest={row.platform: row.oldest for row in found if row.may_go},
        dead={row.platform: row.deliveries for row in execute(transaction, DEAD)},
        held_lanes={row.platform: row.lanes for row in execute(transaction, HELD_LANES, {"wall": wall})},
    )


def to_be_planned_since(transaction: Transaction, *, now: datetime) -> datetime | None:
    """Returns since when work has waited for the planner; None if no chat is due.

    A chat that wants papers at once has waited since the arrival of the first paper that it has not looked at.
    """
    its_end = sa.select(sa.func.min(_s.latest_due_at))
    overdue = execute(transaction, its_end.where(_s.latest_due_at.is_not(None), Condition(BECOMES_DUE))).scalar()
    behind = stored_subscriptions.behind(transaction, last_sequence(transaction))
    known = [one.sequence for one in behind if quiet_until(one.quiet, zone(one.zone), now) is None]
    lowest = sa.select(sa.func.min(_s.cursor)).where(_s.next_due_at.is_(None), Condition(BECOMES_DUE))
    if (own := execute(transaction, lowest).scalar()) is not None:
        known.append(own)
    papers = sa.select(_p.sequenced_at).order_by(_p.sequence).limit(1)
    came = execute(transaction, papers.where(_p.sequence > min(known))).scalar() if known else None
    return min((moment for moment in (overdue, came) if moment is not None and moment <= now), default=None)


def to_be_sent_since(transaction: Transaction, *, now: datetime, wall: datetime) -> datetime | None:
    """Returns since when the oldest delivery that may be sent now has waited; None if there is none.

    `wall` is the time of the machine's clock.
    """
    # a delivery that had to wait for its next attempt counts from the moment of that attempt
    begins = sa.case((_d.next_at <= now, _d.next_at), else_=_d.created_at)
    wanted = (
        sa.select(sa.func.min(begins))
        .join_from(_deliveries, _chats, _c.id == _d.chat)
        .where(Condition(GOES_OUT), ~sendable.IS_HELD, _d.next_at.is_(None) | ~sendable.WAITS)
    )
    found: datetime | None = execute(
        transaction, wanted, {"now": now, "longest": now + LONGEST_CREDIBLE_WAIT, "wall": wall}
    ).scalar()
    return found
