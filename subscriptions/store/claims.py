"""The steps of a sender in a lane: render a delivery, post a message, edit a sent message (architecture.md, rules 6, 7).

Every message takes these steps. So their statements are built only once, and return columns instead of an object for each
row.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import groupby
from typing import Any

import sqlalchemy as sa
from sqlmodel import col, or_, select

from subscriptions import model
from subscriptions.planning.decision import LONGEST_WAIT, OnUnclear, RetryDecision, decide_not_found
from subscriptions.states import FINISHED, WAITING, ChatState, MessageState
from subscriptions.store import deliveries
from subscriptions.store import rows as stored_rows
from subscriptions.store.columns import Condition, Utc
from subscriptions.store.database import conflicts, store
from subscriptions.store.database.store import Transaction
from subscriptions.store.rows import ChatRow, DeliveryItemRow, DeliveryRow, MessageRow
from subscriptions.store.workers import wake_lanes

_BEGINNING = datetime(1, 1, 1, tzinfo=UTC)

_deliveries, _chats, _messages, _items, _lanes = (
    stored_rows.TABLES.tables[name] for name in ("delivery", "chat", "message", "delivery_item", "lane")
)
_d, _c, _m, _i = _deliveries.c, _chats.c, _messages.c, _items.c


@dataclass(frozen=True, slots=True)
class Unrendered:
    """The next step of a lane is to render this delivery: it has no messages yet."""

    seq: int
    platform: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """The next step of a lane is to post this message, or to look it up."""

    seq: int
    delivery: str
    chat_id: int
    address: model.ChatAddress
    attempts: int
    message: model.Message
    plain: bool = False  # post the form without markup
    unclear: bool = False  # an earlier post may have arrived
    at_start: bool = False  # an earlier process left its outcome unclear
    waits: bool = False  # its next attempt is later, but it can be looked up now
    unclear_since: datetime | None = None  # start of the first post that may have arrived, by the machine's clock
    was_repeated: bool = False  # it was posted again since then
    thread: str | None = None  # platform id of the message in whose thread it is posted


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """The next step of a lane is to edit this sent message. `delivery` has the papers as they are known now."""

    seq: int
    number: int
    chat: model.Chat
    requested_at: datetime  # the moment of this request; after a later request, the message is edited again
    platform_id: str
    plain: bool  # it was sent without markup
    attempts: int
    delivery: model.Delivery
    layout: tuple[tuple[int, ...], ...]  # ids of the papers of each message of the delivery


Step = Unrendered | Claim | Edit


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimRequest:
    """The request of a sender for the next step of a lane."""

    lane: model.Lane
    now: datetime
    wall: datetime
    on_unclear: OnUnclear
    can_find: bool  # the platform can look up messages
    tried: frozenset[tuple[int, int]]  # (seq, number) of messages that the sender has tried often enough for now


# ---------------------------------------------------------------------------------------------------------- conditions


_waits_for_operator = sa.or_(*(_c.state == one for one in WAITING)) & _c.pause_reason.is_(None)
# A delivery may be sent if its chat is active, or if the chat waits for an operator and the delivery is a notice.
MAY_BE_SENT = sa.or_(_c.state == ChatState.ACTIVE, _waits_for_operator & (_d.kind == model.DeliveryKind.NOTICE))
_in_lane = sa.select(_c.id).where(_c.platform == sa.bindparam("platform"), _c.address == sa.bindparam("address"))
# Whether a delivery belongs to the lane (:platform, :address). Compares ids of chats, since deliveries have no index by
# address.
IN_LANE = _d.chat.in_(_in_lane)
_wall = sa.bindparam("wall", type_=Utc)
# Whether the lane waits at :wall because its platform requested a wait. Ignores a wait that begins in the future, since
# the clock was set back.
IS_HELD = sa.exists().where(
    _lanes.c.platform == _c.platform,
    _lanes.c.address == _c.address,
    _lanes.c.since <= _wall,
    _wall < _lanes.c.not_before,
)
# Whether the next attempt is after :now. Ignores an attempt after :longest, since it was stored with a wrong clock.
WAITS = (_d.next_at > sa.bindparam("now", type_=Utc)) & (_d.next_at <= sa.bindparam("longest", type_=Utc))
# Whether an edit of a message was requested. Compares moments, because for "IS NOT NULL" SQLite would read all messages.
IS_REQUESTED = _m.edit_requested_at > _BEGINNING
# A message whose edit was requested; NULL if there is none. The statement has the order of an index: without an order,
# PostgreSQL would read all messages until it has statistics.
ANY_REQUESTED = (
    sa.select(_m.delivery)
    .where(IS_REQUESTED, _m.platform_id.is_not(None))
    .order_by(_m.edit_requested_at)
    .limit(1)
    .scalar_subquery()
)


def waits_until(next_at: datetime | None, now: datetime) -> datetime | None:
    """Returns the moment of the next attempt; None if the attempt may be made now.

    Ignores a moment later than the longest wait, since it was stored while the clock was wrong.
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
    # concat keeps SQLite from using the index by address, which is no help since nearly all chats are on one platform
    .where(
        Condition(stored_rows.GOES_OUT), _c.platform.concat("").in_(sa.bindparam("platforms", expanding=True)), ~IS_HELD
    )
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


@store.reads
def lanes(
    transaction: Transaction,
    platforms: Sequence[str],
    *,
    now: datetime,
    wall: datetime | None = None,
    finding: Sequence[str],
) -> list[model.Lane]:
    """Returns the lanes of these platforms with something to do now, oldest first. Lanes with only edits come last.

    On the platforms in `finding`, messages can be looked up. An unclear message does not wait there, unless its look-up
    was given up. `wall` is the time of the machine's clock, if it differs from `now`.
    """
    values = {"platforms": platforms, "now": now, "wall": wall or now, "longest": now + LONGEST_WAIT}
    found = transaction.connection().execute(_WAITING_LANES, {**values, "finding": finding}).all()
    requested = sorted(set(transaction.connection().execute(_REQUESTED).scalars()))
    edits = store.rows_of(transaction, _LANES_WITH_EDITS, _m.delivery, requested, **values)
    return list(dict.fromkeys(model.Lane(*row) for row in (*found, *edits)))


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
    sa.select(_m.number, _m.payload, _m.plain, _m.reply_to, _m.use_plain, _m.unclear_since, _m.attempted_at)
    .add_columns(_parents.c.platform_id.label("thread"))
    .outerjoin_from(_messages, _parents, sa.and_(_parents.c.delivery == _m.delivery, _parents.c.number == _m.reply_to))
    .where(_m.delivery == sa.bindparam("seq"), _m.number == sa.bindparam("which"))
)


@store.shares
def claim(transaction: Transaction, asking: ClaimRequest) -> Step | None:
    """Returns the next step of a lane; None if there is none now (rule 6). An edit comes after everything else.

    This function only reads, but together with what other senders write, which saves each of them a transaction of its
    own; `mark_sending` marks the message. A waiting or unclear message stops the lane, a dead
    message does not. With the setting `skip`, an unclear message whose look-up was given up does not stop the lane
    either. A person decides about it, and a process that starts looks it up once more.
    """
    return _open_step(transaction, asking) or _next_edit(transaction, asking)


def _open_step(transaction: Transaction, asking: ClaimRequest) -> Unrendered | Claim | None:

    def passes(row: sa.Row[Any]) -> bool:
        """Whether the lane continues with its next message although this one is unclear."""
        is_left = row.lookup_given_up and not row.found_at_start
        return row.state is MessageState.UNCLEAR and asking.on_unclear == "skip" and (is_left or not asking.can_find)

    def is_early(row: sa.Row[Any]) -> bool:
        return waits_until(row.next_at, asking.now) is not None

    def may_be_tried(row: sa.Row[Any]) -> bool:
        if (row.seq, row.number) in asking.tried and row.state is not MessageState.READY:
            return False
        can_be_found = asking.can_find and not row.lookup_given_up
        looks = row.state is MessageState.UNCLEAR and (can_be_found or row.found_at_start)
        return row.state is MessageState.READY or (
            row.state is not MessageState.SENDING and (looks or not is_early(row))
        )

    lane = asking.lane
    values = {"platform": lane.platform, "address": lane.address, "wall": asking.wall}
    with transaction.connection().execute(_OPEN, values) as rows:
        for _, messages in groupby(rows, key=lambda row: row.seq):
            row = next((row for row in messages if row.rendered_at is None or (row.number and not passes(row))), None)
            if row is None:
                continue
            if row.rendered_at is None:
                return Unrendered(row.seq, lane.platform)
            return _claim_of(transaction, row, waits=is_early(row)) if may_be_tried(row) else None
    return None


def _claim_of(transaction: Transaction, row: sa.Row[Any], *, waits: bool) -> Claim:
    message = transaction.connection().execute(_MESSAGE, {"seq": row.seq, "which": row.number}).one()
    return Claim(
        seq=row.seq,
        delivery=row.id,
        chat_id=row.chat,
        address=model.ChatAddress(row.platform, row.address, row.topic),
        attempts=row.attempts,
        message=model.Message(
            number=message.number, payload=message.payload, plain=message.plain, reply_to=message.reply_to
        ),
        plain=message.use_plain,
        unclear=row.state is MessageState.UNCLEAR,
        at_start=row.found_at_start,
        waits=waits,
        unclear_since=message.unclear_since if row.state is MessageState.UNCLEAR else None,
        was_repeated=row.state is MessageState.UNCLEAR and message.attempted_at != message.unclear_since,
        thread=message.thread,
    )


# ------------------------------------------------------------------------------------------------------------- attempts

# A message is marked right before its post. Its outcome is recorded after the post (rules 6 and 7).


_leases = stored_rows.TABLES.tables["lease"]

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


@store.shares
def mark_sending(transaction: Transaction, claimed: Claim, *, wall: datetime) -> bool:
    """Marks a claimed message as being sent by this worker, right before the post. Returns False if it must not be posted.

    The message must not be posted if another sender was first, if the delivery was dismissed, if the chat is paused or
    moved, if the lane waits, or if another worker has the lease of the lane. A unique index allows only one marked
    message in each lane until its outcome is stored. If the worker is killed before that, the lane is blocked until the
    message is recovered (rule 14).
    """
    message = claimed.message
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


@store.shares
def confirm(
    transaction: Transaction, claimed: Claim, platform_id: str, asking: ClaimRequest
) -> tuple[int | None, Step | None]:
    """Stores that the platform has accepted a message, with the platform's id of the message.

    Returns (number of papers that the delivery shows, next step of the lane). The number is None unless all messages of
    the delivery are sent now. This function also finds the next step, because the statement that settles the delivery
    tells whether the lane has one. Usually it has none, so no further query is needed.
    """
    connection, seq, lane = transaction.connection(), claimed.seq, claimed.address.lane
    sent = {"of": seq, "which": claimed.message.number, "its_id": platform_id, "now": asking.now}
    connection.execute(_CONFIRM, sent)
    values = {"of": seq, "now": asking.now, "platform": lane.platform, "address": lane.address}
    found = connection.execute(_SETTLE, values).first()
    shown, goes_on = found or (None, True)
    return shown, claim(transaction, asking) if goes_on else None


@store.shares
def give_up_lookup(transaction: Transaction, claimed: Claim, reason: str) -> None:
    """Gives up the look-up of an unclear message.

    Then the message waits for its next attempt, or the lane goes on and a person decides about the message.
    """
    given_up = sa.update(MessageRow).where(*_is_unclear(claimed))
    transaction.exec(given_up.values(reason=reason, lookup_given_up=True, found_at_start=False))


@store.shares
def record_not_found(transaction: Transaction, claimed: Claim, *, now: datetime) -> None:
    """Stores that the platform does not have an unclear message. The message is posted again, at once or later."""
    decision = decide_not_found(claimed.attempts, now)
    again = sa.update(MessageRow).where(*_is_unclear(claimed))
    if not transaction.exec(again.values(state=decision.state, unclear_since=None, found_at_start=False)).rowcount:
        return
    of_claim = col(DeliveryRow.seq) == claimed.seq
    transaction.exec(sa.update(DeliveryRow).where(of_claim).values(next_at=decision.not_before))
    if decision.not_before is not None:
        wake_lanes(transaction, [claimed.address.lane], after=decision.not_before - now)


def _is_unclear(claimed: Claim) -> tuple[sa.ColumnElement[bool], ...]:
    """Returns the conditions that the claimed message is still stored and unclear.

    During the look-up, the chat may have been erased, or a person may have decided about the message.
    """
    state = col(MessageRow.state) == MessageState.UNCLEAR
    return col(MessageRow.delivery) == claimed.seq, col(MessageRow.number) == claimed.message.number, state


def record_outcome(
    transaction: Transaction,
    claimed: Claim,
    decision: RetryDecision,
    reason: str,
    *,
    perhaps_sent: bool,
    now: datetime,
    wall: datetime,
) -> None:
    """Records the outcome of an attempt that did not send the message, and settles the delivery if it is finished.

    `perhaps_sent`: this attempt may have sent it after all. If the decision has a moment for the next attempt, wakes the
    lane at this moment. Leaves a message alone that another worker has taken over: this one was taken for dead meanwhile.
    """
    lane = claimed.address.lane
    if decision.pauses_lane:
        pause_lane(transaction, lane, wall=wall, until=wall + decision.pauses_lane)
    elif decision.not_before is not None:
        wake_lanes(transaction, [lane], after=decision.not_before - now)
    message = transaction.get(MessageRow, (claimed.seq, claimed.message.number))
    if message is None:  # its chat was erased in the meantime
        return
    is_own = message.state is MessageState.SENDING and message.worker == transaction.store.worker
    if not is_own and message.state is not MessageState.UNCLEAR:
        return
    delivery = transaction.get_one(DeliveryRow, claimed.seq)
    message.state, message.reason = decision.state, reason
    message.lookup_given_up = message.found_at_start = False
    if decision.state is not MessageState.UNCLEAR:
        message.unclear_since = None
    elif not perhaps_sent:
        message.attempted_at = message.unclear_since  # so that this attempt does not count as a repetition
    delivery.reason = reason
    if decision.state in (MessageState.WAITING, MessageState.UNCLEAR):
        delivery.attempts += 1
    delivery.next_at = decision.not_before
    if decision.use_plain:  # for all unfinished messages of the delivery
        rest = select(MessageRow).where(MessageRow.delivery == claimed.seq, col(MessageRow.state).not_in(FINISHED))
        for other in transaction.exec(rest).all():
            other.use_plain = True
    transaction.flush()
    settle_if_finished(transaction, delivery, now)


@store.shares
def pause_lane(transaction: Transaction, lane: model.Lane, *, wall: datetime, until: datetime) -> None:
    """Makes a lane wait until `until`, as its platform requested, and wakes it then.

    `wall` and `until` are times of the machine's clock.
    """
    values = {"platform": lane.platform, "address": lane.address, "since": wall, "not_before": until}
    conflicts.put(transaction, "lane", ("platform", "address"), values)
    wake_lanes(transaction, [lane], after=until - wall)


def settle_if_finished(transaction: Transaction, delivery: DeliveryRow, now: datetime) -> None:
    """Settles a delivery whose messages are all sent or dead."""
    states = transaction.exec(select(MessageRow.state).where(MessageRow.delivery == delivery.seq)).all()
    if states and all(state in FINISHED for state in states):
        delivery.settled_at, delivery.next_at = now, None


def is_sent(transaction: Transaction, seq: int) -> bool:
    """Whether a delivery has messages, and all of them are sent."""
    states = transaction.exec(select(MessageRow.state).where(MessageRow.delivery == seq)).all()
    return bool(states) and all(state is MessageState.SENT for state in states)


def sends_of_lane(transaction: Transaction, lane: model.Lane, after: datetime) -> list[datetime]:
    """Returns when the last attempts of the messages of a lane began, ascending, if they began after `after`."""
    values = {"platform": lane.platform, "address": lane.address, "after": after}
    return list(store.execute(transaction, _SENDS_OF_LANE, values).scalars())


def begun_sends(transaction: Transaction, after: datetime) -> list[tuple[model.Lane, datetime, bool]]:
    """Returns (lane, start of the last attempt, is sent) for each message with an attempt that began after `after`.

    The moments are times of the machine's clock.
    """
    rows = transaction.exec(
        select(ChatRow.platform, ChatRow.address, MessageRow.attempted_at, col(MessageRow.state))
        .join(DeliveryRow, col(DeliveryRow.chat) == ChatRow.id)
        .join(MessageRow, col(MessageRow.delivery) == DeliveryRow.seq)
        .where(col(MessageRow.attempted_at) > after)
    )
    return [
        (model.Lane(platform, address), at, state is MessageState.SENT)
        for platform, address, at, state in rows
        if at is not None
    ]


# ---------------------------------------------------------------------------------------------- edits of sent messages


# This statement uses an index, and usually returns nothing.
_REQUESTED = sa.select(_m.delivery).where(IS_REQUESTED, _m.platform_id.is_not(None))
_ANY_REQUESTED = sa.select(ANY_REQUESTED)
_EDITABLE = (
    IS_REQUESTED,
    _m.platform_id.is_not(None),  # it was sent
    or_(_d.next_at.is_(None), ~WAITS),
    _c.state == ChatState.ACTIVE,
    ~IS_HELD,
)
_EDITS = _messages.join(_deliveries, _d.seq == _m.delivery).join(_chats, _c.id == _d.chat)
_LANES_WITH_EDITS = (
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


def _next_edit(transaction: Transaction, asking: ClaimRequest) -> Edit | None:
    """Returns the oldest message of a lane with a requested edit that can be made now; None if there is none."""
    connection, lane, now = transaction.connection(), asking.lane, asking.now
    if connection.execute(_ANY_REQUESTED).scalar() is None:
        return None
    values = {"platform": lane.platform, "address": lane.address, "now": now, "longest": now + LONGEST_WAIT}
    found = connection.execute(_NEXT_EDIT, {**values, "wall": asking.wall}).first()
    if found is None:
        return None
    delivery = deliveries.delivery_value(transaction, found.delivery)
    return Edit(
        seq=found.delivery,
        number=found.number,
        chat=delivery.chat,
        requested_at=found.edit_requested_at,
        platform_id=found.platform_id,
        plain=found.use_plain,
        attempts=found.attempts,
        delivery=delivery,
        layout=_layout(transaction, found.delivery),
    )


@store.shares
def finish_edit(transaction: Transaction, edit: Edit) -> None:
    """Ends an edit that succeeded or can never succeed. Keeps a request that came in the meantime."""
    transaction.exec(
        sa.update(MessageRow)
        .where(
            col(MessageRow.delivery) == edit.seq,
            col(MessageRow.number) == edit.number,
            col(MessageRow.edit_requested_at) == edit.requested_at,
        )
        .values(edit_requested_at=None)
    )
    _wait(transaction, edit, attempts=0, next_at=None)


def postpone_edit(transaction: Transaction, edit: Edit, *, next_at: datetime | None) -> None:
    """Schedules another attempt of an edit, not before `next_at`."""
    _wait(transaction, edit, attempts=edit.attempts + 1, next_at=next_at)


def _wait(transaction: Transaction, edit: Edit, *, attempts: int, next_at: datetime | None) -> None:
    transaction.exec(
        sa.update(DeliveryRow).where(col(DeliveryRow.seq) == edit.seq).values(attempts=attempts, next_at=next_at)
    )


def _layout(transaction: Transaction, seq: int) -> tuple[tuple[int, ...], ...]:
    numbers = transaction.exec(
        select(MessageRow.number).where(MessageRow.delivery == seq).order_by(col(MessageRow.number))
    )
    items = transaction.exec(
        select(DeliveryItemRow.message, DeliveryItemRow.paper)
        .where(DeliveryItemRow.delivery == seq)
        .order_by(col(DeliveryItemRow.position))
    ).all()
    return tuple(tuple(paper for message, paper in items if message == number) for number in numbers)


# -------------------------------------------------------------------------------------------------------------- render


_NEAR = 1000  # how many numbers after a claimed delivery are searched for deliveries to render together with it


@dataclass(frozen=True, slots=True, kw_only=True)
class Rendered:
    """A rendered delivery: its messages, or why it could not be rendered."""

    seq: int
    messages: Sequence[model.Message] = ()
    failure: str = ""


_earlier, _neighbours = _deliveries.alias(), _chats.alias()
_IS_BEHIND = sa.exists().where(
    _neighbours.c.platform == _c.platform,
    _neighbours.c.address == _c.address,
    _earlier.c.chat == _neighbours.c.id,
    _earlier.c.settled_at.is_(None),
    _earlier.c.seq < _d.seq,
)
_first = sa.bindparam("first", type_=_d.seq.type)
_UNRENDERED = (
    sa.select(_d.seq)
    .join_from(_deliveries, _chats, _c.id == _d.chat)
    .where(_d.seq.between(_first, _first + _NEAR), _d.rendered_at.is_(None), _d.dismissed_at.is_(None))
    .where(
        _c.platform.concat("") == sa.bindparam("platform"), MAY_BE_SENT
    )  # concat keeps SQLite from using an index that is no help, since nearly all chats are on one platform
    .where(sa.or_(_d.seq == _first, ~_IS_BEHIND & ~IS_HELD))
    .order_by(_d.seq)
    .limit(sa.bindparam("most"))
)
_RENDERED = (
    sa.update(_deliveries)
    .where(_d.seq.in_(sa.bindparam("those", expanding=True)), _d.rendered_at.is_(None))
    .values(rendered_at=sa.bindparam("now"), settled_at=sa.bindparam("over", type_=Utc), reason=sa.bindparam("why"))
    .returning(_d.seq)
)
_NEW_MESSAGE = sa.insert(_messages)
_SHOWS = sa.update(_items).where(_i.delivery == sa.bindparam("of"), _i.paper == sa.bindparam("which")).values(
    message=sa.bindparam("by")
)  # fmt: skip


@store.reads
def to_render(transaction: Transaction, claimed: Unrendered, most: int, *, wall: datetime) -> dict[int, model.Delivery]:
    """Returns seq → delivery for a claimed delivery and others to render together with it, at most `most` in all.

    Each of the others is the first open delivery of its lane.
    """
    values = {"first": claimed.seq, "platform": claimed.platform, "wall": wall, "most": most}
    return deliveries.delivery_values(
        transaction, transaction.connection().execute(_UNRENDERED, values).scalars().all()
    )


@store.writes
def store_rendered(transaction: Transaction, rendered: Iterable[Rendered], *, now: datetime) -> None:
    """Stores the messages of rendered deliveries. Skips deliveries that were rendered before (rule 7).

    A delivery that could not be rendered is dead, with the reason, unless a person requests another attempt.
    """
    connection = transaction.connection()
    fates: dict[tuple[datetime | None, str], dict[int, Rendered]] = {}
    for one in rendered:
        over = now if one.failure or not one.messages else None
        fates.setdefault((over, one.failure), {})[one.seq] = one
    messages: list[dict[str, object]] = []
    shows: list[dict[str, int]] = []
    for (over, why), those in fates.items():
        values = {"those": list(those), "now": now, "over": over, "why": why}
        # returns only deliveries that still exist and were not rendered before
        for seq in connection.execute(_RENDERED, values).scalars().all():
            one = those[seq]
            if one.failure:
                messages.append(
                    _new_message(one.seq, model.Message(number=1, payload="", plain=""), MessageState.DEAD, one.failure)
                )
            for message in one.messages:
                messages.append(_new_message(one.seq, message))
                shows += [{"of": one.seq, "which": paper, "by": message.number} for paper in message.papers]
    if messages:
        connection.execute(_NEW_MESSAGE, messages)
    if shows:
        connection.execute(_SHOWS, shows)


def _new_message(
    seq: int, message: model.Message, state: MessageState = MessageState.READY, reason: str = ""
) -> dict[str, object]:
    return {
        "delivery": seq,
        "number": message.number,
        "payload": message.payload,
        "plain": message.plain,
        "reply_to": message.reply_to,
        "state": state,
        "reason": reason,
        "use_plain": False,
        "found_at_start": False,
        "lookup_given_up": False,
    }
