"""Since when the oldest work waits that could be done now: of planning, and of sending.

Each moment is one look into an index, or reads what is open. What waits for a moment to come, for its chat's quiet hours or
because its platform asked for it, does not count.
"""

from datetime import datetime

from sqlalchemy import bindparam, case, func, select
from sqlmodel import Session

from subscriptions.planning.cadence import quiet_until
from subscriptions.planning.retry import LONGEST_WAIT
from subscriptions.store import shared_cursors
from subscriptions.store.columns import Condition, Utc
from subscriptions.store.database.store import execute
from subscriptions.store.outbox.claims import is_held, waits
from subscriptions.store.papers.known_papers import last_sequence
from subscriptions.store.rows import BECOMES_DUE, GOES_OUT, TABLES
from subscriptions.zones import zone

_subscriptions, _papers, _deliveries, _chats = (
    TABLES.tables[name] for name in ("subscription", "paper", "delivery", "chat")
)
_s, _p, _d, _c = _subscriptions.c, _papers.c, _deliveries.c, _chats.c
_OVERDUE = select(func.min(_s.latest_due_at)).where(_s.latest_due_at.is_not(None), Condition(BECOMES_DUE))
_LOWEST_OWN = select(func.min(_s.cursor)).where(_s.next_due_at.is_(None), Condition(BECOMES_DUE))
_NEXT_PAPER = select(_p.sequenced_at).where(_p.sequence > bindparam("cursor")).order_by(_p.sequence).limit(1)
_begins = case((_d.next_at <= bindparam("now", type_=Utc), _d.next_at), else_=_d.created_at)  # when it may go, again
_OLDEST = (
    select(func.min(_begins))
    .join_from(_deliveries, _chats, _c.id == _d.chat)
    .where(Condition(GOES_OUT), ~is_held(), _d.next_at.is_(None) | ~waits())
)


def to_be_planned_since(session: Session, *, now: datetime) -> datetime | None:
    """Since when the chat waits that has been due for longest and is not planned; None if no chat is due.

    Where papers are wanted as they come, that is when the first paper came at which nobody has looked yet.
    """
    overdue = execute(session, _OVERDUE).scalar()
    behind = shared_cursors.behind(session, last_sequence(session))
    known = [one.sequence for one in behind if quiet_until(one.quiet, zone(one.zone), now) is None]
    if (own := execute(session, _LOWEST_OWN).scalar()) is not None:
        known.append(own)
    came = execute(session, _NEXT_PAPER, {"cursor": min(known)}).scalar() if known else None
    return min((moment for moment in (overdue, came) if moment is not None and moment <= now), default=None)


def to_be_sent_since(session: Session, *, now: datetime, wall: datetime) -> datetime | None:
    """Since when the oldest delivery waits that may be sent now; None if none may. `wall` is the machine's clock."""
    values = {"now": now, "longest": now + LONGEST_WAIT, "wall": wall}
    found: datetime | None = execute(session, _OLDEST, values).scalar()
    return found
