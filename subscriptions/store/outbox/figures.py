"""The outbox in numbers by platform, for those who watch over it. Each statement reads what is not over, and no history."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import case, func, select
from sqlmodel import Session

from subscriptions.states import MessageState
from subscriptions.store.database.store import execute
from subscriptions.store.outbox.claims import is_held, may_be_sent
from subscriptions.store.rows import TABLES

_deliveries, _chats, _messages = (TABLES.tables[name] for name in ("delivery", "chat", "message"))
_d, _c, _m = _deliveries.c, _chats.c, _messages.c
_SENDABLE = case((may_be_sent(), 1), else_=0)

OPEN = (
    select(
        _c.platform,
        _SENDABLE.label(
            "may_go"
        ),  # a name that no table has, by which PostgreSQL groups: of parameters it sees no equality
        func.count().label("deliveries"),
        func.min(_d.created_at).label("oldest"),
    )
    .select_from(_deliveries.join(_chats, _c.id == _d.chat))
    .where(_d.settled_at.is_(None))
    .group_by(_c.platform, "may_go")
)
DEAD = (
    select(_c.platform, func.count(_d.seq.distinct()).label("deliveries"))
    .select_from(_messages.join(_deliveries, _d.seq == _m.delivery).join(_chats, _c.id == _d.chat))
    .where(_m.state == MessageState.DEAD, _d.dismissed_at.is_(None))
    .group_by(_c.platform)
)
HELD_LANES = (
    select(_c.platform, func.count(_c.address.distinct()).label("lanes"))
    .select_from(_deliveries.join(_chats, _c.id == _d.chat))
    .where(_d.settled_at.is_(None), may_be_sent(), is_held())
    .group_by(_c.platform)
)


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboxFigures:
    """The outbox by platform. A platform without such deliveries is left out."""

    waiting: Mapping[str, int] = field(default_factory=dict)  # deliveries that are not over and may be sent
    held: Mapping[str, int] = field(default_factory=dict)  # those of paused chats
    oldest: Mapping[str, datetime] = field(default_factory=dict)  # since when the oldest one waits
    dead: Mapping[str, int] = field(default_factory=dict)  # neither retried nor dismissed
    held_lanes: Mapping[str, int] = field(
        default_factory=dict
    )  # lanes with something to send that their platform holds


def outbox_figures(session: Session, *, wall: datetime) -> OutboxFigures:
    """Returns the outbox in numbers. `wall` is the machine's clock."""
    found = list(execute(session, OPEN))
    return OutboxFigures(
        waiting={row.platform: row.deliveries for row in found if row.may_go},
        held={row.platform: row.deliveries for row in found if not row.may_go},
        oldest={row.platform: row.oldest for row in found if row.may_go},
        dead={row.platform: row.deliveries for row in execute(session, DEAD)},
        held_lanes={row.platform: row.lanes for row in execute(session, HELD_LANES, {"wall": wall})},
    )
