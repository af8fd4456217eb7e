"""Attempts to send (docs/architecture.md, rules 6 and 7): a message is marked right before its post, its outcome is recorded after it."""

from datetime import datetime

import sqlalchemy as sa
from sqlmodel import col, select

from subscriptions.model import Lane
from subscriptions.planning.decision import RetryDecision
from subscriptions.states import FINISHED, MessageState
from subscriptions.store.claims import Claim, any_requested, is_held, may_be_sent
from subscriptions.store.columns import Utc
from subscriptions.store.database.conflicts import put, unless_taken, update_unless_taken
from subscriptions.store.database.store import Transaction, connection_of, execute, writes
from subscriptions.store.rows import TABLES, ChatRow, DeliveryRow, MessageRow
from subscriptions.store.workers import wake_lanes

_deliveries, _chats, _messages, _items, _leases = (
    TABLES.tables[name] for name in ("delivery", "chat", "message", "delivery_item", "lease")
)
_d, _c, _m, _i = _deliveries.c, _chats.c, _messages.c, _items.c

_MARK_SENDING = unless_taken(
    sa.update(_messages)
    .where(_m.delivery == sa.bindparam("of"), _m.number == sa.bindparam("which"), _m.payload == sa.bindparam("content"))
    .where(sa.or_(_m.state == sa.bindparam("was"), _m.state == sa.bindparam("or_was")))
    .where(
        sa.exists().where(
            _d.seq == sa.bindparam("of"),
            _d.settled_at.is_(None),
            _c.id == _d.chat,
            _c.platform == sa.bindparam("platform"),
            _c.address == sa.bindparam("address"),
            may_be_sent(),
            ~is_held(),
        )
    )
    .where(~sa.exists().where(_leases.c.name == sa.bindparam("its_lane"), _leases.c.worker != sa.bindparam("who")))
    .values(
        state=MessageState.SENDING,
        lane=sa.bindparam("its_lane"),
        attempted_at=sa.bindparam("wall"),
        unclear_since=sa.bindparam("first"),
        worker=sa.bindparam("who"),
        found_at_start=False,
    )
)
_CONFIRM = (
    sa.update(_messages)
    .where(_m.delivery == sa.bindparam("of"), _m.number == sa.bindparam("which"))
    .values(
        state=MessageState.SENT,
        platform_id=sa.bindparam("its_id"),
        sent_at=sa.bindparam("now"),
        unclear_since=None,
        reason="",
        lookup_given_up=False,
    )
)
_is_open = sa.exists().where(_m.delivery == sa.bindparam("of"), _m.state.not_in(FINISHED))
_is_missing = sa.exists().where(_m.delivery == sa.bindparam("of"), _m.state != MessageState.SENT)
_in_lane = sa.select(_c.id).where(_c.platform == sa.bindparam("platform"), _c.address == sa.bindparam("address"))
_SENDS_OF_LANE = (
    sa.select(_m.attempted_at)
    .where(_m.delivery.in_(sa.select(_d.seq).where(_d.chat.in_(_in_lane))), _m.attempted_at > sa.bindparam("after"))
    .order_by(_m.attempted_at)
)
_others = _deliveries.alias()
_lane_has_more = sa.or_(
    _is_open,
    sa.exists().where(
        _others.c.seq != sa.bindparam("of"), _others.c.settled_at.is_(None), _others.c.chat.in_(_in_lane)
    ),
    any_requested().is_not(None),
)
_shown = sa.select(sa.func.count()).where(_i.delivery == sa.bindparam("of"), _i.shown.is_(True)).scalar_subquery()
_SETTLE = (
    sa.update(_deliveries)
    .where(_d.seq == sa.bindparam("of"))
    .values(
        next_at=None,
        attempts=0,
        reason="",
        settled_at=sa.case(
            (_d.dismissed_at.is_not(None), _d.settled_at),
            (_is_open, sa.null()),
            else_=sa.bindparam("now", type_=Utc),
        ),
    )
    .returning(sa.case((_is_missing, sa.null()), else_=_shown), _lane_has_more)
)


@writes
def mark_sending(transaction: Transaction, claimed: Claim, *, wall: datetime) -> bool:
    """Marks a claimed message as sent by this worker, right before it is posted. Returns False if the worker may not post it.

    A guarded update: of two senders one succeeds; none if the delivery was dismissed, the chat paused, moved or
    delayed, or the lease of the lane lost to another worker. A unique index lets one message of a lane be claimed by any worker, until the outcome is stored. A worker
    that is killed before that keeps the lane until what it left is recovered (rule 14).
    """
    message = claimed.message
    assert message is not None  # noqa: S101 - only messages are posted
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
        "who": transaction.store.worker,
    }
    return update_unless_taken(connection_of(transaction), _MARK_SENDING, values)


def confirm(
    session: Transaction, claimed: Claim, number: int, platform_id: str, *, now: datetime
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


@writes
def give_up_lookup(transaction: Transaction, claimed: Claim, reason: str) -> None:
    """Gives up the look-up of an unclear message: it waits for its next attempt, or is left to a person and its lane goes on."""
    assert claimed.message is not None  # noqa: S101 - only messages are looked up
    given_up = sa.update(MessageRow).where(*_is_unclear(claimed.seq, claimed.message.number))
    transaction.exec(given_up.values(reason=reason, lookup_given_up=True, found_at_start=False))


def record_not_found(
    session: Transaction, lane: Lane, seq: int, number: int, decision: RetryDecision, *, now: datetime
) -> None:
    """Records that the platform, asked, does not have an unclear message: it is posted again, perhaps after a wait."""
    again = sa.update(MessageRow).where(*_is_unclear(seq, number))
    if not session.exec(again.values(state=decision.state, unclear_since=None, found_at_start=False)).rowcount:
        return
    session.exec(sa.update(DeliveryRow).where(col(DeliveryRow.seq) == seq).values(next_at=decision.not_before))
    if decision.not_before is not None:
        wake_lanes(session, [lane], after=decision.not_before - now)


def _is_unclear(seq: int, number: int) -> tuple[sa.ColumnElement[bool], ...]:
    """Whether it is unclear still: while it was looked up, its chat may have been forgotten, or a person has decided."""
    state = col(MessageRow.state) == MessageState.UNCLEAR
    return col(MessageRow.delivery) == seq, col(MessageRow.number) == number, state


def record_outcome(
    session: Transaction,
    claimed: Claim,
    decision: RetryDecision,
    reason: str,
    *,
    now: datetime,
    wall: datetime,
) -> None:
    """Records the outcome of an attempt that did not end in "sent", and settles the delivery if it is finished.

    A lane that waits for the next attempt is woken then.
    """
    if claimed.message is None:
        return
    lane = claimed.address.lane
    if decision.pauses_lane:
        pause_lane(session, lane, wall=wall, until=wall + decision.pauses_lane)
    elif decision.not_before is not None:
        wake_lanes(session, [lane], after=decision.not_before - now)
    message = session.get(MessageRow, (claimed.seq, claimed.message.number))
    if message is None:  # its chat was forgotten meanwhile
        return
    delivery = session.get_one(DeliveryRow, claimed.seq)
    message.state, message.reason = decision.state, reason
    message.lookup_given_up = message.found_at_start = False
    if decision.state is not MessageState.UNCLEAR:
        message.unclear_since = None
    delivery.reason = reason
    if decision.state in (MessageState.WAITING, MessageState.UNCLEAR):
        delivery.attempts += 1
    delivery.next_at = decision.not_before
    if decision.use_plain:  # every message of the delivery that is not finished
        rest = select(MessageRow).where(MessageRow.delivery == claimed.seq, col(MessageRow.state).not_in(FINISHED))
        for other in session.exec(rest).all():
            other.use_plain = True
    session.flush()
    settle_if_finished(session, delivery, now)


@writes
def pause_lane(transaction: Transaction, lane: Lane, *, wall: datetime, until: datetime) -> None:
    """Makes a lane wait until `until`, as its platform asked, when it is woken. Both moments are on the machine's clock."""
    values = {"platform": lane.platform, "address": lane.address, "since": wall, "not_before": until}
    put(transaction, "lane", ("platform", "address"), values)
    wake_lanes(transaction, [lane], after=until - wall)


def settle_if_finished(session: Transaction, delivery: DeliveryRow, now: datetime) -> None:
    """Settles a delivery whose messages are all sent or dead."""
    states = session.exec(select(MessageRow.state).where(MessageRow.delivery == delivery.seq)).all()
    if states and all(state in FINISHED for state in states):
        delivery.settled_at, delivery.next_at = now, None


def is_sent(session: Transaction, seq: int) -> bool:
    """Whether a delivery has messages, and all of them are sent."""
    states = session.exec(select(MessageRow.state).where(MessageRow.delivery == seq)).all()
    return bool(states) and all(state is MessageState.SENT for state in states)


def sends_of_lane(session: Transaction, lane: Lane, after: datetime) -> list[datetime]:
    """When each message of a lane was begun to be sent, by its last attempt, of those after `after`; in that order."""
    values = {"platform": lane.platform, "address": lane.address, "after": after}
    return list(execute(session, _SENDS_OF_LANE, values).scalars())


def begun_sends(session: Transaction, platform: str, after: datetime) -> list[tuple[Lane, datetime, bool]]:
    """(lane, begun at, is confirmed) of each message of a platform whose last attempt began after `after`.

    The moments are on the machine's clock.
    """
    rows = session.exec(
        select(ChatRow.address, MessageRow.attempted_at, col(MessageRow.state))
        .join(DeliveryRow, col(DeliveryRow.chat) == ChatRow.id)
        .join(MessageRow, col(MessageRow.delivery) == DeliveryRow.seq)
        # concat keeps SQLite from the index of addresses: nearly all chats are of one platform
        .where(col(ChatRow.platform).concat("") == platform, col(MessageRow.attempted_at) > after)
    )
    return [(Lane(platform, address), at, state is MessageState.SENT) for address, at, state in rows if at is not None]
