"""Marks and settles the messages of lanes: which is next, who may post it, what came of it (rules 6, 7 and 14).

Every message takes these steps. So their statements are built only once, and return columns instead of an object for
each row.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from itertools import groupby, takewhile
from typing import Any

import sqlalchemy as sa
from sqlmodel import col, select

from subscriptions.model import ChatAddress, DeliveryKind, Lane, Message
from subscriptions.planning.retries import (
    LONGEST_CREDIBLE_WAIT,
    OnUnclear,
    Refusals,
    RetryDecision,
    decide_not_found,
    same_refusal,
)
from subscriptions.states import FINISHED, WAITING, ChatState, MessageState
from subscriptions.store.columns import Utc
from subscriptions.store.database.store import Transaction, confirms, execute, reads, shares
from subscriptions.store.tables import DeliveryRow, MessageRow, tables

_deliveries, _chats, _messages, _items = tables("delivery", "chat", "message", "delivery_item")
_d, _c, _m, _i = _deliveries.c, _chats.c, _messages.c, _items.c
_waits_for_operator = sa.or_(*(_c.state == one for one in WAITING)) & _c.pause_reason.is_(None)
# A delivery may be sent if its chat is active, or if the chat waits for an operator and the delivery is a notice.
MAY_BE_SENT = sa.or_(_c.state == ChatState.ACTIVE, _waits_for_operator & (_d.kind == DeliveryKind.NOTICE))
_chats_in_lane = sa.select(_c.id).where(_c.platform == sa.bindparam("platform"), _c.address == sa.bindparam("address"))
# Whether a delivery belongs to the lane (:platform, :address). Compares ids of chats, since deliveries have no index by
# address.
_in_lane = _d.chat.in_(_chats_in_lane)
_is_unfinished = sa.and_(*(_m.state != one for one in FINISHED))  # an IN (…) would be written anew at each execution
# Whether the next attempt is after :now. Ignores an attempt after :longest, since it was stored with a wrong clock.
_waits = (_d.next_at > sa.bindparam("now")) & (_d.next_at <= sa.bindparam("longest"))


def waits_until(next_at: datetime | None, now: datetime) -> datetime | None:
    """Returns the moment of the next attempt; None if the attempt may be made now.

    Ignores a moment after the longest credible wait, since it was stored while the clock was wrong.
    """
    if next_at is not None and now < next_at <= now + LONGEST_CREDIBLE_WAIT:
        return next_at
    return None


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
    address: ChatAddress
    attempts: int
    message: Message
    plain: bool = False  # post the form without markup
    unclear: bool = False  # an earlier post may have arrived
    waits: bool = False  # its next attempt is later, but it can be looked up now
    unclear_since: datetime | None = None  # start of the first post that may have arrived, by the machine's clock
    was_repeated: bool = False  # it was posted again since then
    thread: str | None = None  # platform id of the message in whose thread it is posted


Step = Unrendered | Claim


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimRequest:
    """The request of a sender for the next step of a lane."""

    lane: Lane
    now: datetime
    on_unclear: OnUnclear
    can_find: bool  # the platform can look up messages
    posted: frozenset[tuple[int, int]]  # (seq, number) of messages that the sender has posted in this call
    tried: frozenset[tuple[int, int]]  # (seq, number) of messages that the sender has tried often enough for now


_TRIES = 50  # last attempts, among which the same refusal is looked for
_OPEN = (
    sa.select(_d.seq, _d.id, _d.attempts, _d.rendered_at, _d.next_at, _d.chat, _c.platform, _c.address, _c.topic)
    .add_columns(_m.number, _m.state, _m.lookup_given_up)
    .join_from(_deliveries, _chats, _c.id == _d.chat)
    .outerjoin(_messages, sa.and_(_m.delivery == _d.seq, _is_unfinished))
    .where(_in_lane, MAY_BE_SENT, _d.settled_at.is_(None))
    .order_by(_d.seq, _m.number)
)
_parents, _in_hand = _messages.alias(), _messages.alias()
_MESSAGE = (
    sa.select(_m.number, _m.payload, _m.reply_to, _m.use_plain, _m.unclear_since, _m.attempted_at)
    .add_columns(_parents.c.platform_id.label("thread"))
    .outerjoin_from(_messages, _parents, sa.and_(_parents.c.delivery == _m.delivery, _parents.c.number == _m.reply_to))
    .where(_m.delivery == sa.bindparam("seq"), _m.number == sa.bindparam("which"))
)
_WAITING_LANES = (
    sa.select(_c.platform, _c.address)
    .join_from(_deliveries, _chats, _c.id == _d.chat)
    .where(_d.settled_at.is_(None), MAY_BE_SENT, _c.platform.in_(sa.bindparam("platforms", expanding=True)))
    .where(sa.or_(_d.next_at.is_(None), ~_waits))
    .group_by(_c.platform, _c.address)
    .order_by(sa.func.min(_d.seq))
)


@reads
def lanes(transaction: Transaction, platforms: Sequence[str], *, now: datetime) -> list[Lane]:
    """Returns the lanes of these platforms with something to do now, oldest first."""
    values = {"platforms": platforms, "now": now, "longest": now + LONGEST_CREDIBLE_WAIT}
    found = transaction.connection().execute(_WAITING_LANES, values).all()
    return [Lane(*row) for row in found]


@shares
def claim(transaction: Transaction, asking: ClaimRequest) -> Step | None:
    """Returns the next step of a lane; None if there is none now (rule 6).

    This function only reads, but together with what other senders write, which saves each of them a transaction of its
    own; `mark_sending` marks the message. A waiting or unclear message stops the lane, a dead
    message does not. With the setting `skip`, an unclear message whose look-up was given up does not stop the lane
    either. A person decides about it, and a process that starts looks it up once more (`look_up_again`).
    """

    def passes(row: sa.Row[Any]) -> bool:
        """Whether the lane continues with its next message although this one is unclear."""
        is_left = row.lookup_given_up or not asking.can_find
        return row.state is MessageState.UNCLEAR and asking.on_unclear == "skip" and is_left

    def is_early(row: sa.Row[Any]) -> bool:
        return waits_until(row.next_at, asking.now) is not None

    def may_be_tried(row: sa.Row[Any]) -> bool:
        message = row.seq, row.number
        if row.state is MessageState.READY:
            return True
        if row.state is MessageState.SENDING or message in asking.tried:
            return False
        looks = row.state is MessageState.UNCLEAR and asking.can_find and not row.lookup_given_up
        return not is_early(row) or (looks and message in asking.posted)

    lane = asking.lane
    with transaction.connection().execute(_OPEN, asdict(lane)) as rows:
        for _, messages in groupby(rows, key=lambda row: row.seq):
            row = next((row for row in messages if row.rendered_at is None or (row.number and not passes(row))), None)
            if row is None:
                continue
            if row.rendered_at is None:
                return Unrendered(row.seq, lane.platform)
            if may_be_tried(row):
                return _claim_of(transaction, row, waits=is_early(row))
            return None
    return None


def _claim_of(transaction: Transaction, row: sa.Row[Any], *, waits: bool) -> Claim:
    message = transaction.connection().execute(_MESSAGE, {"seq": row.seq, "which": row.number}).one()
    return Claim(
        seq=row.seq,
        delivery=row.id,
        chat_id=row.chat,
        address=ChatAddress(row.platform, row.address, row.topic),
        attempts=row.attempts,
        message=Message(number=message.number, payload=message.payload, reply_to=message.reply_to),
        plain=message.use_plain,
        unclear=row.state is MessageState.UNCLEAR,
        waits=waits,
        unclear_since=message.unclear_since if row.state is MessageState.UNCLEAR else None,
        was_repeated=row.state is MessageState.UNCLEAR and message.attempted_at != message.unclear_since,
        thread=message.thread,
    )


# A message is marked right before its post. Its outcome is recorded after the post (rules 6 and 7).


_MARK_SENDING = (
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
        )
    )
    .where(~sa.exists().where(_in_hand.c.lane == sa.bindparam("its_lane"), _in_hand.c.state == MessageState.SENDING))
    .values(
        state=MessageState.SENDING,
        lane=sa.bindparam("its_lane"),
        attempted_at=sa.bindparam("wall"),
        unclear_since=sa.bindparam("first"),
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
_is_open = sa.exists().where(_m.delivery == sa.bindparam("of"), _is_unfinished)
_is_missing = sa.exists().where(_m.delivery == sa.bindparam("of"), _m.state != MessageState.SENT)
_TRIED_LAST = (
    sa.select(_d.chat, _m.state, _m.reason, _m.sent_at)
    .join_from(_messages, _deliveries, _d.seq == _m.delivery)
    .join(_chats, _c.id == _d.chat)
    .where(_c.platform == sa.bindparam("platform"), _m.attempted_at.is_not(None))
    .where(_m.state.in_([MessageState.WAITING, MessageState.SENDING, MessageState.DEAD, MessageState.SENT]))
    .order_by(_m.attempted_at.desc(), _m.delivery.desc())
    .limit(_TRIES)
)
_others = _deliveries.alias()
_lane_has_more = sa.or_(
    _is_open,
    sa.exists().where(
        _others.c.seq != sa.bindparam("of"), _others.c.settled_at.is_(None), _others.c.chat.in_(_chats_in_lane)
    ),
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


@shares
def mark_sending(transaction: Transaction, claimed: Claim, *, wall: datetime) -> bool:
    """Marks a claimed message as being sent, right before the post. Returns False if it must not be posted.

    The message must not be posted if another sender was first, if the delivery was dismissed, if the chat is paused or
    moved, or if another message of its lane is marked. If the process is killed before the outcome is stored, the lane
    is blocked until the message is recovered (rule 14).
    """
    message = claimed.message
    values = {
        "of": claimed.seq,
        "which": message.number,
        "content": message.payload,
        "was": MessageState.UNCLEAR if claimed.unclear else MessageState.READY,
        "or_was": MessageState.UNCLEAR if claimed.unclear else MessageState.WAITING,
        **asdict(claimed.address.lane),
        "its_lane": f"{claimed.address.platform}:{claimed.address.address}",
        "wall": wall,
        "first": claimed.unclear_since or wall,
    }
    return transaction.connection().execute(_MARK_SENDING, values).rowcount == 1


@shares
def take_mark_back(transaction: Transaction, claimed: Claim, *, wall: datetime) -> None:
    """Unmarks a message that was marked at `wall` and not posted, unless another process has taken it over."""
    message = {"delivery": claimed.seq, "number": claimed.message.number, "state": MessageState.SENDING}
    marked = sa.update(_messages).filter_by(**message, attempted_at=wall)
    was = MessageState.UNCLEAR if claimed.unclear else MessageState.READY
    execute(transaction, marked.values(state=was, unclear_since=claimed.unclear_since))


@confirms
def confirm(
    transaction: Transaction, claimed: Claim, platform_id: str, asking: ClaimRequest
) -> tuple[int | None, Step | None]:
    """Stores that the platform has accepted a message, with the platform's id of the message.

    Returns (number of papers that the delivery shows, next step of the lane). The number is None unless all messages of
    the delivery are sent now. This function also finds the next step, because the statement that settles the delivery
    tells whether the lane has one. Usually it has none, so no further query is needed.
    """
    connection, seq = transaction.connection(), claimed.seq
    sent = {"of": seq, "which": claimed.message.number, "its_id": platform_id, "now": asking.now}
    connection.execute(_CONFIRM, sent)
    values = {"of": seq, "now": asking.now, **asdict(claimed.address.lane)}
    found = connection.execute(_SETTLE, values).first()
    shown, goes_on = found or (None, True)
    return shown, claim(transaction, asking) if goes_on else None


@shares
def give_up_lookup(transaction: Transaction, claimed: Claim, reason: str) -> None:
    """Gives up the look-up of an unclear message.

    Then the message waits for its next attempt, or the lane goes on and a person decides about the message.
    """
    given_up = {"reason": reason, "lookup_given_up": True}
    execute(transaction, _if_unclear(claimed).values(given_up))


@shares
def record_not_found(transaction: Transaction, claimed: Claim, *, now: datetime) -> None:
    """Stores that the platform does not have an unclear message. The message is posted again, at once or later."""
    decision = decide_not_found(claimed.attempts, now)
    again = {"state": decision.state, "unclear_since": None}
    if not execute(transaction, _if_unclear(claimed).values(again)).rowcount:
        return
    postpone(transaction, claimed, decision.not_before)


@shares
def postpone(transaction: Transaction, claimed: Claim, until: datetime | None) -> None:
    """Stores when a message that is not sent is tried, or looked up, again; None: now."""
    execute(transaction, sa.update(_deliveries).filter_by(seq=claimed.seq).values(next_at=until))


def _if_unclear(claimed: Claim) -> sa.Update:
    """Returns an update of the claimed message, if it is still stored and unclear.

    During the look-up, the chat may have been erased, or a person may have decided about the message.
    """
    number = claimed.message.number
    return sa.update(_messages).filter_by(delivery=claimed.seq, number=number, state=MessageState.UNCLEAR)


def record_outcome(
    transaction: Transaction,
    claimed: Claim,
    decision: RetryDecision,
    reason: str,
    *,
    perhaps_sent: bool,
    now: datetime,
) -> None:
    """Records the outcome of an attempt that did not send the message, and settles the delivery if it is finished.

    `perhaps_sent`: this attempt may have sent it after all.
    """
    message = transaction.get(MessageRow, (claimed.seq, claimed.message.number))
    if message is None:  # its chat was erased in the meantime
        return
    if message.state not in (MessageState.SENDING, MessageState.UNCLEAR):
        return
    delivery = transaction.get_one(DeliveryRow, claimed.seq)
    message.state, message.reason = decision.state, reason
    message.lookup_given_up = False
    if decision.state is not MessageState.UNCLEAR:
        message.unclear_since = None
    elif not perhaps_sent:
        message.attempted_at = message.unclear_since  # so that this attempt does not count as a repetition
    delivery.reason = reason
    if decision.attempts is not None:
        delivery.attempts = decision.attempts
    elif decision.state in (MessageState.WAITING, MessageState.UNCLEAR):
        delivery.attempts += 1
    delivery.next_at = decision.not_before
    if decision.use_plain:  # for all unfinished messages of the delivery
        rest = select(MessageRow).where(_m.delivery == claimed.seq, _is_unfinished)
        for other in transaction.exec(rest).all():
            other.use_plain = True
    settle_if_finished(transaction, delivery, now)


def refusals_before(transaction: Transaction, claimed: Claim, reason: str, *, now: datetime) -> Refusals:
    """Returns the same refusal as `reason` before: of this message, and of other chats of its platform in a row."""
    delivery = transaction.get(DeliveryRow, claimed.seq)
    if delivery is None:  # its chat was erased in the meantime
        return Refusals()
    tried = transaction.connection().execute(_TRIED_LAST, {"platform": claimed.address.platform}).all()
    alike = [row for row in tried if same_refusal(row.reason, reason)]
    # what is tried again at this moment counts as it ended last
    done = (row for row in tried if row.state is not MessageState.SENDING or row in alike)
    in_a_row = list(takewhile(lambda row: row in alike, done))
    sent = (row.sent_at for row in tried if row.state is MessageState.SENT and row.chat != claimed.chat_id)
    sent_at = next(sent, None)
    own = {claimed.chat_id}
    return Refusals(
        own=delivery.attempts if same_refusal(delivery.reason, reason) else 0,
        waited=now - delivery.created_at,
        in_a_row=len({row.chat for row in in_a_row} - own),
        given_up=any(row.state is MessageState.DEAD for row in in_a_row),
        elsewhere=len({row.chat for row in alike} - own),
        since_sent=now - sent_at if sent_at else None,
    )


def settle_if_finished(transaction: Transaction, delivery: DeliveryRow, now: datetime) -> None:
    """Settles a delivery whose messages are all sent or dead."""
    states = transaction.exec(select(_m.state).where(_m.delivery == delivery.seq)).all()
    if states and all(state in FINISHED for state in states):
        delivery.settled_at, delivery.next_at = now, None


def is_sent(transaction: Transaction, seq: int) -> bool:
    """Whether a delivery has messages, and all of them are sent."""
    states = transaction.exec(select(_m.state).where(_m.delivery == seq)).all()
    return bool(states) and all(state is MessageState.SENT for state in states)


@shares
def recover(transaction: Transaction, *, still_posting: timedelta = timedelta()) -> int:
    """Marks messages in the state `sending` as unclear, since they may have been sent. Returns how many messages.

    A process that marked them before may still be posting, for so long after a mark: they are not tried again before
    that. Call it when this process sends nothing.
    """
    is_sending = col(MessageRow.state) == MessageState.SENDING
    if still_posting:
        for seq, marked in transaction.exec(
            select(MessageRow.delivery, MessageRow.attempted_at).where(is_sending)
        ).all():
            tried_again = marked and marked + still_posting
            transaction.exec(sa.update(DeliveryRow).filter_by(seq=seq).values(next_at=tried_again))
    sending = sa.update(MessageRow).where(is_sending)
    return transaction.exec(sending.values(state=MessageState.UNCLEAR)).rowcount


def look_up_again(transaction: Transaction) -> None:
    """Lets unclear messages be looked up whose look-up was given up. Call it when this process begins to send."""
    given_up = sa.update(MessageRow).where(
        col(MessageRow.lookup_given_up), col(MessageRow.state) == MessageState.UNCLEAR
    )
    transaction.exec(given_up.values(lookup_given_up=False))
