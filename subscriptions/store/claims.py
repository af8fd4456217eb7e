"""The steps of a sender: claim a message, mark it, record its outcome (docs/architecture.md, rules 6, 7).

Every message takes these steps. So their statements are built once, and read columns instead of making an object of
each row.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import groupby
from typing import Any

import sqlalchemy as sa
from sqlmodel import col, select

from subscriptions.model import ChatAddress, DeliveryKind, Lane, Message
from subscriptions.planning.decision import LONGEST_WAIT, RetryDecision
from subscriptions.states import FINISHED, WAITING, ChatState, MessageState
from subscriptions.store.columns import Condition, Utc
from subscriptions.store.database import conflicts
from subscriptions.store.database.store import Transaction, execute, writes
from subscriptions.store.rows import GOES_OUT, TABLES, ChatRow, DeliveryRow, MessageRow
from subscriptions.store.workers import wake_lanes

_BEGINNING = datetime(1, 1, 1, tzinfo=UTC)

_deliveries, _chats, _messages, _items, _lanes = (
    TABLES.tables[name] for name in ("delivery", "chat", "message", "delivery_item", "lane")
)
_d, _c, _m, _i = _deliveries.c, _chats.c, _messages.c, _items.c


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """What a sender does next in a lane: render a delivery, or post or look up one message of it."""

    seq: int
    delivery: str
    chat_id: int
    address: ChatAddress
    attempts: int
    message: Message | None = None  # None: the delivery is not rendered
    plain: bool = False  # post the form without markup
    unclear: bool = False  # an earlier post may have arrived
    at_start: bool = False  # an earlier process left its outcome unclear
    waits: bool = False  # its next attempt is later, but it can be looked up now
    unclear_since: datetime | None = None  # when the first post that may have arrived began, on the machine's clock
    thread: str | None = None  # platform id of the message whose thread it is posted in


# ---------------------------------------------------------------------------------------------------------- conditions


_waits_for_operator = sa.or_(*(_c.state == one for one in WAITING)) & _c.pause_reason.is_(None)
# Whether a delivery may be sent: its chat is active, or the chat waits for an operator and the delivery is a notice.
MAY_BE_SENT = sa.or_(_c.state == ChatState.ACTIVE, _waits_for_operator & (_d.kind == DeliveryKind.NOTICE))
_in_lane = sa.select(_c.id).where(_c.platform == sa.bindparam("platform"), _c.address == sa.bindparam("address"))
# Whether a delivery belongs to the lane (:platform, :address). Compares ids of chats: deliveries have no index of
# addresses.
IN_LANE = _d.chat.in_(_in_lane)
_wall = sa.bindparam("wall", type_=Utc)
# Whether the chat's lane waits at :wall, as its platform requested. Ignores a wait that begins in the future: then the
# clock was set back.
IS_HELD = sa.exists().where(
    _lanes.c.platform == _c.platform,
    _lanes.c.address == _c.address,
    _lanes.c.since <= _wall,
    _wall < _lanes.c.not_before,
)
# Whether the next attempt is after :now. Ignores an attempt after :longest: it was stored while the clock was wrong.
WAITS = (_d.next_at > sa.bindparam("now", type_=Utc)) & (_d.next_at <= sa.bindparam("longest", type_=Utc))
# Whether an edit of a message was requested. Compares moments: for "IS NOT NULL", SQLite would read all messages.
IS_REQUESTED = _m.edit_requested_at > _BEGINNING
# A message whose edit was requested; NULL if there is none. It is the first one in the order of an index: without an
# order, PostgreSQL would read all messages until it has statistics.
ANY_REQUESTED = (
    sa.select(_m.delivery)
    .where(IS_REQUESTED, _m.platform_id.is_not(None))
    .order_by(_m.edit_requested_at)
    .limit(1)
    .scalar_subquery()
)


def waits_until(next_at: datetime | None, now: datetime) -> datetime | None:
    """Returns the moment of the next attempt; None if it may be made now.

    Ignores a moment beyond the longest wait: it was stored while the clock was wrong.
    """
    return next_at if next_at is not None and now < next_at <= now + LONGEST_WAIT else None


# --------------------------------------------------------------------------------------------------------------- lanes

_can_be_looked_up = sa.exists().where(
    _m.delivery == _d.seq,
    _m.state == MessageState.UNCLEAR,
    _m.found_at_start.is_(True)
    | (_m.lookup_given_up.is_(False) & _c.platform.in_(sa.bindparam("finding", expanding=True))),
)
_WAITING_LANES = (
    sa.select(_c.platform, _c.address)
    .join_from(_deliveries, _chats, _c.id == _d.chat)
    # concat keeps SQLite from using the index of addresses, which does not help: nearly all chats are on one platform
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


def open_lanes(
    session: Transaction, platforms: Sequence[str], *, now: datetime, wall: datetime, finding: Sequence[str]
) -> list[Lane]:
    """The lanes with a delivery that is not settled, may be sent and does not wait. The lane of the oldest is first.

    An unclear message on a platform in `finding` does not wait, because it is looked up, unless its look-up was given
    up.
    """
    values = {"platforms": platforms, "finding": finding, "wall": wall, "now": now, "longest": now + LONGEST_WAIT}
    return [Lane(platform, address) for platform, address in session.connection().execute(_WAITING_LANES, values)]


# ---------------------------------------------------------------------------------------------------------------- claim

_OPEN = (
    sa.select(_d.seq, _d.id, _d.attempts, _d.rendered_at, _d.next_at, _d.chat, _c.platform, _c.address, _c.topic)
    .add_columns(_m.number, _m.state, _m.lookup_given_up, _m.found_at_start)
    .join_from(_deliveries, _chats, _c.id == _d.chat)
    .outerjoin(_messages, sa.and_(_m.delivery == _d.seq, _m.state.not_in(FINISHED)))
    .where(IN_LANE, MAY_BE_SENT, ~IS_HELD, _d.settled_at.is_(None))
    .order_by(_d.seq, _m.number)
)
_parents = _messages.alias()
_MESSAGE = (
    sa.select(_m.number, _m.payload, _m.plain, _m.reply_to, _m.use_plain, _m.unclear_since)
    .add_columns(_parents.c.platform_id.label("thread"))
    .outerjoin_from(_messages, _parents, sa.and_(_parents.c.delivery == _m.delivery, _parents.c.number == _m.reply_to))
    .where(_m.delivery == sa.bindparam("seq"), _m.number == sa.bindparam("which"))
)


def claim(
    session: Transaction,
    lane: Lane,
    *,
    now: datetime,
    wall: datetime,
    skip_unclear: bool,
    can_find: bool,
    tried: frozenset[tuple[int, int]],
) -> Claim | None:
    """Returns the next step of a lane; None if there is none now (rule 6). Marks nothing: `mark_sending` does that.

    A waiting or unclear message stops the lane; a dead one does not. With `skip_unclear`, an unclear message that
    cannot be looked up does not stop the lane either: after its look-up was given up, a person decides, and it is
    looked up again only when a process starts. `tried`: messages (seq, number) that the caller has already tried.
    """

    def passes(row: sa.Row[Any]) -> bool:
        """Whether the lane skips this unclear message."""
        is_left = row.lookup_given_up and not row.found_at_start
        return row.state is MessageState.UNCLEAR and skip_unclear and (is_left or not can_find)

    def is_early(row: sa.Row[Any]) -> bool:
        return waits_until(row.next_at, now) is not None

    def may_be_tried(row: sa.Row[Any]) -> bool:
        if (row.seq, row.number) in tried and row.state is not MessageState.READY:
            return False
        can_be_found = can_find and not row.lookup_given_up
        looks = row.state is MessageState.UNCLEAR and (can_be_found or row.found_at_start)
        return row.state is MessageState.READY or (
            row.state is not MessageState.SENDING and (looks or not is_early(row))
        )

    values = {"platform": lane.platform, "address": lane.address, "wall": wall}
    with session.connection().execute(_OPEN, values) as rows:
        for _, messages in groupby(rows, key=lambda row: row.seq):
            row = next((row for row in messages if row.rendered_at is None or (row.number and not passes(row))), None)
            if row is None:
                continue
            if row.rendered_at is None:
                return _claim_of(row)
            if not may_be_tried(row):
                return None
            message = session.connection().execute(_MESSAGE, {"seq": row.seq, "which": row.number}).one()
            return _claim_of(row, message, waits=is_early(row))
    return None


def _claim_of(row: sa.Row[Any], message: sa.Row[Any] | None = None, *, waits: bool = False) -> Claim:
    claimed = Claim(
        seq=row.seq,
        delivery=row.id,
        chat_id=row.chat,
        address=ChatAddress(row.platform, row.address, row.topic),
        attempts=row.attempts,
    )
    if message is None:
        return claimed
    return replace(
        claimed,
        message=Message(number=message.number, payload=message.payload, plain=message.plain, reply_to=message.reply_to),
        plain=message.use_plain,
        unclear=row.state is MessageState.UNCLEAR,
        at_start=row.found_at_start,
        waits=waits,
        unclear_since=message.unclear_since if row.state is MessageState.UNCLEAR else None,
        thread=message.thread,
    )


# ------------------------------------------------------------------------------------------------------------- attempts

# A message is marked right before its post, its outcome is recorded after it (rules 6 and 7).


_leases = TABLES.tables["lease"]

_MARK_SENDING = conflicts.unless_taken(
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
            MAY_BE_SENT,
            ~IS_HELD,
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
_SENDS_OF_LANE = (
    sa.select(_m.attempted_at)
    .where(_m.delivery.in_(sa.select(_d.seq).where(IN_LANE)), _m.attempted_at > sa.bindparam("after"))
    .order_by(_m.attempted_at)
)
_others = _deliveries.alias()
_lane_has_more = sa.or_(
    _is_open,
    sa.exists().where(
        _others.c.seq != sa.bindparam("of"), _others.c.settled_at.is_(None), _others.c.chat.in_(_in_lane)
    ),
    ANY_REQUESTED.is_not(None),
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
    """Marks a claimed message as being sent by this worker, right before the post. Returns False if it may not post it.

    A guarded update: only one of two senders succeeds. It fails if the delivery was dismissed, if the chat is paused,
    was moved or is delayed, or if another worker has the lease of the lane. A unique index allows only one marked
    message in each lane until its outcome is stored. If the worker is killed before that, the lane is blocked until the
    message is recovered (rule 14).
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
    return conflicts.update_unless_taken(transaction.connection(), _MARK_SENDING, values)


def confirm(
    session: Transaction, claimed: Claim, number: int, platform_id: str, *, now: datetime
) -> tuple[int | None, bool]:
    """Records that the platform has accepted the message.

    Returns the number of papers that the delivery shows if all its messages are sent now, otherwise None; and whether
    the lane may have more to do. Usually it has not, and the caller saves a query.
    """
    connection = session.connection()
    seq, lane = claimed.seq, claimed.address.lane
    connection.execute(_CONFIRM, {"of": seq, "which": number, "its_id": platform_id, "now": now})
    values = {"of": seq, "now": now, "platform": lane.platform, "address": lane.address}
    found = connection.execute(_SETTLE, values).first()
    return (found[0], bool(found[1])) if found else (None, True)


@writes
def give_up_lookup(transaction: Transaction, claimed: Claim, reason: str) -> None:
    """Gives up the look-up of an unclear message.

    The message then waits for its next attempt, or a person decides about it and its lane continues.
    """
    assert claimed.message is not None  # noqa: S101 - only messages are looked up
    given_up = sa.update(MessageRow).where(*_is_unclear(claimed.seq, claimed.message.number))
    transaction.exec(given_up.values(reason=reason, lookup_given_up=True, found_at_start=False))


def record_not_found(
    session: Transaction, lane: Lane, seq: int, number: int, decision: RetryDecision, *, now: datetime
) -> None:
    """Records that a look-up did not find an unclear message: it is posted again, perhaps after a wait."""
    again = sa.update(MessageRow).where(*_is_unclear(seq, number))
    if not session.exec(again.values(state=decision.state, unclear_since=None, found_at_start=False)).rowcount:
        return
    session.exec(sa.update(DeliveryRow).where(col(DeliveryRow.seq) == seq).values(next_at=decision.not_before))
    if decision.not_before is not None:
        wake_lanes(session, [lane], after=decision.not_before - now)


def _is_unclear(seq: int, number: int) -> tuple[sa.ColumnElement[bool], ...]:
    """Returns the conditions for a message that is still unclear.

    During the look-up its chat may have been forgotten, or a person may have decided about it.
    """
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
    """Records the outcome of an attempt that did not send the message, and settles the delivery if it is finished.

    If there is a next attempt, the lane is woken at its moment.
    """
    if claimed.message is None:
        return
    lane = claimed.address.lane
    if decision.pauses_lane:
        pause_lane(session, lane, wall=wall, until=wall + decision.pauses_lane)
    elif decision.not_before is not None:
        wake_lanes(session, [lane], after=decision.not_before - now)
    message = session.get(MessageRow, (claimed.seq, claimed.message.number))
    if message is None:  # its chat was forgotten in the meantime
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
    """Makes a lane wait until `until`, as its platform requested; then it is woken.

    Both moments are on the machine's clock.
    """
    values = {"platform": lane.platform, "address": lane.address, "since": wall, "not_before": until}
    conflicts.put(transaction, "lane", ("platform", "address"), values)
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
    """Returns the start of the last attempt of each message of a lane, if it was after `after`; in ascending order."""
    values = {"platform": lane.platform, "address": lane.address, "after": after}
    return list(execute(session, _SENDS_OF_LANE, values).scalars())


def begun_sends(session: Transaction, platform: str, after: datetime) -> list[tuple[Lane, datetime, bool]]:
    """Returns (lane, begun at, is sent) of each message of a platform whose last attempt began after `after`.

    The moments are on the machine's clock.
    """
    rows = session.exec(
        select(ChatRow.address, MessageRow.attempted_at, col(MessageRow.state))
        .join(DeliveryRow, col(DeliveryRow.chat) == ChatRow.id)
        .join(MessageRow, col(MessageRow.delivery) == DeliveryRow.seq)
        # concat keeps SQLite from using the index of addresses, which does not help: nearly all chats are on one
        # platform
        .where(col(ChatRow.platform).concat("") == platform, col(MessageRow.attempted_at) > after)
    )
    return [(Lane(platform, address), at, state is MessageState.SENT) for address, at, state in rows if at is not None]
