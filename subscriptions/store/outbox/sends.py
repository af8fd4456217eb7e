"""The last steps of a sender (docs/architecture.md, rule 6): mark a message right before its post, confirm it afterwards."""

from datetime import datetime

from sqlalchemy import bindparam, case, exists, func, null, or_, select, update
from sqlmodel import Session

from subscriptions.model import Message
from subscriptions.states import FINISHED, MessageState
from subscriptions.store.columns import Utc
from subscriptions.store.database.conflicts import unless_taken, update_unless_taken
from subscriptions.store.database.store import connection_of
from subscriptions.store.outbox.claims import Claim, any_requested, is_held, may_be_sent
from subscriptions.store.rows import TABLES

_deliveries, _chats, _messages, _items = (
    TABLES.tables[name] for name in ("delivery", "chat", "message", "delivery_item")
)
_d, _c, _m, _i = _deliveries.c, _chats.c, _messages.c, _items.c

_MARK_SENDING = unless_taken(
    update(_messages)
    .where(_m.delivery == bindparam("of"), _m.number == bindparam("which"), _m.payload == bindparam("content"))
    .where(or_(_m.state == bindparam("was"), _m.state == bindparam("or_was")))
    .where(
        exists().where(
            _d.seq == bindparam("of"),
            _d.settled_at.is_(None),
            _c.id == _d.chat,
            _c.platform == bindparam("platform"),
            _c.address == bindparam("address"),
            may_be_sent(),
            ~is_held(),
        )
    )
    .values(
        state=MessageState.SENDING,
        lane=bindparam("its_lane"),
        attempted_at=bindparam("wall"),
        unclear_since=bindparam("first"),
        worker=bindparam("who"),
        found_at_start=False,
    )
)
_CONFIRM = (
    update(_messages)
    .where(_m.delivery == bindparam("of"), _m.number == bindparam("which"))
    .values(
        state=MessageState.SENT,
        platform_id=bindparam("its_id"),
        sent_at=bindparam("now"),
        unclear_since=None,
        reason="",
        lookup_given_up=False,
    )
)
_is_open = exists().where(_m.delivery == bindparam("of"), _m.state.not_in(FINISHED))
_is_missing = exists().where(_m.delivery == bindparam("of"), _m.state != MessageState.SENT)
_others = _deliveries.alias()
_in_its_lane = _others.c.chat.in_(
    select(_c.id).where(_c.platform == bindparam("platform"), _c.address == bindparam("address"))
)
_lane_has_more = or_(
    _is_open,
    exists().where(_others.c.seq != bindparam("of"), _others.c.settled_at.is_(None), _in_its_lane),
    any_requested().is_not(None),
)
_shown = select(func.count()).where(_i.delivery == bindparam("of"), _i.shown.is_(True)).scalar_subquery()
_SETTLE = (
    update(_deliveries)
    .where(_d.seq == bindparam("of"))
    .values(
        next_at=None,
        attempts=0,
        reason="",
        settled_at=case(
            (_d.dismissed_at.is_not(None), _d.settled_at),
            (_is_open, null()),
            else_=bindparam("now", type_=Utc),
        ),
    )
    .returning(case((_is_missing, null()), else_=_shown), _lane_has_more)
)


def mark_sending(session: Session, claimed: Claim, message: Message, *, worker: str, wall: datetime) -> bool:
    """Marks a claimed message as sent by a worker, right before it is posted. Returns False if the worker may not post it.

    A guarded update: of two senders one succeeds, none if the delivery was dismissed, or the chat paused, moved or delayed.
    A unique index lets one message of a lane be in hand, whoever claimed it; it stays so until the outcome is stored. A
    worker that is killed before that keeps the lane until what it left is recovered (rule 14).
    """
    values = {
        "of": claimed.seq,
        "which": message.number,
        "content": message.payload,
        "was": MessageState.UNCLEAR if claimed.unclear else MessageState.READY,
        "or_was": MessageState.UNCLEAR if claimed.unclear else MessageState.WAITING,
        "platform": claimed.address.platform,
        "address": claimed.address.address,
        "its_lane": f"{claimed.address.platform}:{claimed.address.address}",
        "wall": wall,
        "first": claimed.unclear_since or wall,
        "who": worker,
    }
    return update_unless_taken(connection_of(session), _MARK_SENDING, values)


def confirm(
    session: Session, claimed: Claim, number: int, platform_id: str, *, now: datetime
) -> tuple[int | None, bool]:
    """Records that the platform has the message.

    Returns how many papers the delivery shows if all its messages are sent now, else None; and whether the lane may have
    more to do. After most messages it has not, which saves the caller a query.
    """
    connection = connection_of(session)
    seq, lane = claimed.seq, claimed.address.lane
    connection.execute(_CONFIRM, {"of": seq, "which": number, "its_id": platform_id, "now": now})
    values = {"of": seq, "now": now, "platform": lane.platform, "address": lane.address}
    found = connection.execute(_SETTLE, values).first()
    return (found[0], bool(found[1])) if found else (None, True)
