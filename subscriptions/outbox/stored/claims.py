"""Marks and settles the messages of lanes: which is next, who may post it, what came of it (rules 6, 7 and 14)."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from itertools import takewhile

import sqlalchemy as sa
from sqlmodel import col, select

from subscriptions.chats.stored import chats as stored_chats
from subscriptions.database.columns import AnyRow, Utc
from subscriptions.database.store import Transaction, execute, grouped
from subscriptions.database.tables import DeliveryRow, MessageRow, tables
from subscriptions.model import (
    FINISHED,
    WAITING,
    ChatAddress,
    ChatState,
    DeliveryKind,
    Lane,
    Message,
    MessageState,
    PauseReason,
)
from subscriptions.outbox.retries import (
    LONGEST_CREDIBLE_WAIT,
    Refusals,
    RetryDecision,
    Tried,
    decide_not_found,
    same_refusal,
    weigh,
)

_REFUSING = {reason for reason in PauseReason if reason.is_unreachable and not reason.is_of_topic}
_TRIES = 50  # last attempts, among which the same refusal is looked for

_deliveries, _chats, _messages, _items = tables("delivery", "chat", "message", "delivery_item")
_d, _c, _m, _i = _deliveries.c, _chats.c, _messages.c, _items.c
_waits_for_operator = sa.or_(*(_c.state == one for one in WAITING)) & _c.pause_reason.is_(None)
# A delivery may be sent if its chat is active, or if the chat waits for an operator and the delivery is a notice.
MAY_BE_SENT = sa.or_(_c.state == ChatState.ACTIVE, _waits_for_operator & (_d.kind == DeliveryKind.NOTICE))
_is_unfinished = sa.and_(*(_m.state != one for one in FINISHED))
_in_lane = (_c.platform == sa.bindparam("platform")) & (_c.address == sa.bindparam("address"))
_parents, _in_hand = _messages.alias(), _messages.alias()
# Each message takes these statements, so they are built only once. By the ids of its chats a lane finds its deliveries.
_NEXT = (
    sa.select(_d.seq, _d.id, _d.attempts, _d.rendered_at, _d.next_at, _d.chat, _c.platform, _c.address, _c.topic)
    .add_columns(_m.number, _m.state, _m.payload, _m.reply_to, _m.use_plain, _m.unclear_since, _m.attempted_at)
    .add_columns(_parents.c.platform_id.label("thread"), _c.pause_reason)
    .join_from(_deliveries, _chats, _c.id == _d.chat)
    .outerjoin(_messages, sa.and_(_m.delivery == _d.seq, _is_unfinished, _m.left_to_person.is_(False)))
    .outerjoin(_parents, sa.and_(_parents.c.delivery == _m.delivery, _parents.c.number == _m.reply_to))
    .where(_d.chat.in_(sa.select(_c.id).where(_in_lane)), MAY_BE_SENT, _d.settled_at.is_(None))
    .where(_d.rendered_at.is_(None) | _m.number.is_not(None))
    .order_by(_d.seq, _m.number)
    .limit(1)
)
_WAITING_LANES = (
    sa.select(_c.platform, _c.address)
    .join_from(_deliveries, _chats, _c.id == _d.chat)
    .where(_d.settled_at.is_(None), MAY_BE_SENT, _c.platform.in_(sa.bindparam("platforms", expanding=True)))
    # an attempt after :longest was stored with a wrong clock
    .where(_d.next_at.is_(None) | (_d.next_at <= sa.bindparam("now")) | (_d.next_at > sa.bindparam("longest")))
    .group_by(_c.platform, _c.address)
    .order_by(sa.func.min(_d.seq))
)
_MARK_SENDING = (
    sa.update(_messages)
    .where(_m.delivery == sa.bindparam("of"), _m.number == sa.bindparam("which"), _m.payload == sa.bindparam("content"))
    .where(_is_unfinished, _m.state != MessageState.SENDING)
    .where(
        sa.exists().where(
            _d.seq == sa.bindparam("of"), _d.settled_at.is_(None), _c.id == _d.chat, _in_lane, MAY_BE_SENT
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
    )
)
_is_open = sa.exists().where(_m.delivery == sa.bindparam("of"), _is_unfinished)
_is_missing = sa.exists().where(_m.delivery == sa.bindparam("of"), _m.state != MessageState.SENT)
_shown = sa.select(sa.func.count()).where(_i.delivery == sa.bindparam("of"), _i.shown.is_(True)).scalar_subquery()
_settled_at = sa.func.coalesce(_d.settled_at, sa.bindparam("now", type_=Utc))
_SETTLE = (
    sa.update(_deliveries)
    .where(_d.seq == sa.bindparam("of"))
    .values(next_at=None, attempts=0, reason="", settled_at=sa.case((_is_open, _d.settled_at), else_=_settled_at))
    .returning(sa.case((_is_missing, sa.null()), else_=_shown))
)
IS_DOUBTED = sa.and_(_c.state == ChatState.ACTIVE, _c.pause_reason.is_not(None), _c.state_since.is_not(None))
_DOUBTED = sa.select(_c.platform).where(IS_DOUBTED)  # with `distinct`, SQLite would read all chats
_TRIED_LAST = (
    sa.select(_d.chat, _m.state, _m.reason, _m.sent_at, _c.address, _c.pause_reason, _c.state_since, _c.state_detail)
    .join_from(_messages, _deliveries, _d.seq == _m.delivery)
    .join(_chats, _c.id == _d.chat)
    .where(_c.platform == sa.bindparam("platform"), _m.attempted_at.is_not(None))
    .where(
        _m.state.in_([one for one in MessageState if one is not MessageState.UNCLEAR]), _d.kind != DeliveryKind.NOTICE
    )
    .order_by(_m.attempted_at.desc(), _m.delivery.desc())
    .limit(_TRIES)
)


@dataclass(frozen=True, slots=True)
class Unrendered:
    """The next step of a lane is to render this delivery: it has no messages yet."""

    seq: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """The next step of a lane is to post this message, or to find out whether it was posted."""

    seq: int
    delivery: str
    chat_id: int
    address: ChatAddress
    attempts: int
    message: Message
    plain: bool = False  # post the form without markup
    # start of the first post that may have arrived, by the machine's clock; None: none may have arrived
    unclear_since: datetime | None = None
    was_repeated: bool = False  # it was posted again since then
    thread: str | None = None  # platform id of the message in whose thread it is posted
    is_doubted: bool = False  # the chat refused an earlier attempt


Step = Unrendered | Claim


def waits_until(next_at: datetime | None, now: datetime) -> datetime | None:
    """Return the moment of the next attempt; None if the attempt may be made now.

    Ignores a moment after the longest credible wait, since it was stored while the clock was wrong.
    """
    if next_at is not None and now < next_at <= now + LONGEST_CREDIBLE_WAIT:
        return next_at
    return None


def lanes(transaction: Transaction, platforms: Sequence[str], *, now: datetime) -> list[Lane]:
    """Return the lanes of these platforms with something to do now, oldest first."""
    values = {"platforms": platforms, "now": now, "longest": now + LONGEST_CREDIBLE_WAIT}
    return [Lane(*row) for row in execute(transaction, _WAITING_LANES, values)]


def claim(transaction: Transaction, lane: Lane, *, now: datetime) -> Step | None:
    """Return the next step of a lane; None if there is none now (rule 6).

    This function only reads, but together with what other senders write, which saves each of them a transaction of its
    own; `mark_sending` marks the message. A message that waits, is unclear or is being sent stops the lane, a dead one
    does not, nor one that is left to a person.
    """
    row = execute(transaction, _NEXT, asdict(lane)).first()
    if row is None:
        return None
    if row.rendered_at is None:
        return Unrendered(row.seq)
    if row.state is MessageState.SENDING or waits_until(row.next_at, now):
        return None
    return Claim(
        seq=row.seq,
        delivery=row.id,
        chat_id=row.chat,
        address=ChatAddress(row.platform, row.address, row.topic),
        attempts=row.attempts,
        message=Message(number=row.number, payload=row.payload, reply_to=row.reply_to),
        plain=row.use_plain,
        unclear_since=row.unclear_since,
        was_repeated=row.attempted_at != row.unclear_since,
        thread=row.thread,
        is_doubted=row.pause_reason is not None,
    )


def mark_sending(transaction: Transaction, claimed: Claim, *, wall: datetime) -> bool:
    """Mark a claimed message as being sent, right before the post. Return False if it must not be posted.

    The message must not be posted if another sender was first, if the delivery was dismissed, if the chat is paused or
    moved, or if another message of its lane is marked. If the process is killed before the outcome is stored, the lane
    is blocked until the message is recovered (rule 14).
    """
    lane = claimed.address.lane
    values = {
        "of": claimed.seq,
        "which": claimed.message.number,
        "content": claimed.message.payload,
        **asdict(lane),
        "its_lane": f"{lane.platform}:{lane.address}",
        "wall": wall,
        "first": claimed.unclear_since or wall,
    }
    return execute(transaction, _MARK_SENDING, values).rowcount == 1


def take_mark_back(transaction: Transaction, claimed: Claim, *, wall: datetime) -> None:
    """Unmark a message that was marked at `wall` and not posted, unless another process has taken it over."""
    marked = sa.update(_messages).filter_by(**_key(claimed), state=MessageState.SENDING, attempted_at=wall)
    was = MessageState.UNCLEAR if claimed.unclear_since else MessageState.READY
    execute(transaction, marked.values(state=was, unclear_since=claimed.unclear_since))


def confirm(
    transaction: Transaction, claimed: Claim, platform_id: str, *, now: datetime
) -> tuple[int | None, Step | None]:
    """Store that the platform has accepted a message, with the platform's id of the message.

    Return (number of papers that the delivery shows, next step of the lane). The number is None unless all messages of
    the delivery are sent now.
    """
    values = {"of": claimed.seq, "which": claimed.message.number, "its_id": platform_id, "now": now}
    execute(transaction, _CONFIRM, values)
    papers = execute(transaction, _SETTLE, values).scalar()
    if claimed.is_doubted:
        stored_chats.mark_reachable(transaction, claimed.chat_id, now=now)
    return papers, claim(transaction, claimed.address.lane, now=now)


def leave_to_person(transaction: Transaction, claimed: Claim, reason: str) -> None:
    """Leave an unclear message to a person, so that its lane goes on. The next process to send looks once more."""
    said = sa.case((_m.reason == "", reason), else_=_m.reason)  # after a crash nothing says why it is unclear
    execute(transaction, _if_unclear(claimed).values(reason=said, left_to_person=True))


def record_not_found(transaction: Transaction, claimed: Claim, *, now: datetime) -> None:
    """Store that the platform does not have an unclear message. The message is posted again, at once or later."""
    decision = decide_not_found(claimed.attempts, now)
    if execute(transaction, _if_unclear(claimed).values(state=decision.state, unclear_since=None)).rowcount:
        postpone(transaction, claimed, decision.not_before)


def postpone(transaction: Transaction, claimed: Claim, until: datetime | None) -> None:
    """Store when a message that is not sent is tried, or looked up, again; None: now."""
    execute(transaction, sa.update(_deliveries).filter_by(seq=claimed.seq).values(next_at=until))


def _key(claimed: Claim) -> dict[str, int]:
    return {"delivery": claimed.seq, "number": claimed.message.number}


def _if_unclear(claimed: Claim) -> sa.Update:
    """Return an update of the claimed message, if it is still stored and unclear.

    During the look-up, the chat may have been erased, or a person may have decided about the message.
    """
    return sa.update(_messages).filter_by(**_key(claimed), state=MessageState.UNCLEAR)


def record_outcome(
    transaction: Transaction,
    claimed: Claim,
    decision: RetryDecision,
    reason: str,
    *,
    perhaps_sent: bool,
    now: datetime,
) -> None:
    """Record the outcome of an attempt that did not send the message, and settles the delivery if it is finished.

    `perhaps_sent`: this attempt may have sent it after all.
    """
    message = transaction.get(MessageRow, (claimed.seq, claimed.message.number))
    if message is None or message.state not in (MessageState.SENDING, MessageState.UNCLEAR):
        return  # its chat was erased in the meantime, or a person has decided about it
    delivery = transaction.get_one(DeliveryRow, claimed.seq)
    message.state, message.reason = decision.state, reason
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
    if decision.use_plain:
        rest = sa.update(MessageRow).where(_m.delivery == claimed.seq, _is_unfinished)
        transaction.exec(rest.values(use_plain=True))
    settle_if_finished(transaction, delivery, now)


def refusals_before(transaction: Transaction, claimed: Claim, reason: str, *, now: datetime) -> Refusals:
    """Return what speaks for and against a chat whose platform refuses a message for this reason."""
    delivery = transaction.get(DeliveryRow, claimed.seq)
    if delivery is None:  # its chat was erased in the meantime
        return Refusals()
    last = _tried_last(transaction, claimed.address.platform)
    alike = [row for row in last if same_refusal(row.reason, reason)]
    # what is tried again at this moment counts as it ended last
    done = (row for row in last if row.state is not MessageState.SENDING or row in alike)
    in_a_row = list(takewhile(lambda row: row in alike, done))
    own = delivery.attempts if same_refusal(delivery.reason, reason) else 0
    doubted = sa.select(_c.state_since).where(_c.id == claimed.chat_id, _c.pause_reason.is_not(None))
    since = execute(transaction, doubted).scalar() or (delivery.created_at if own else now)
    return weigh(_tried(last), claimed.chat_id, since, now)._replace(
        own=own,
        waited=now - delivery.created_at,
        in_a_row=len({row.chat for row in in_a_row} - {claimed.chat_id}),
        given_up=any(row.state is MessageState.DEAD for row in in_a_row),
    )


def _tried_last(transaction: Transaction, platform: str) -> Sequence[AnyRow]:
    return execute(transaction, _TRIED_LAST, {"platform": platform}).all()


def _tried(last: Sequence[AnyRow]) -> Iterator[Tried]:
    """Yield each chat that refuses or has accepted a message, in the order of these attempts."""
    for chat, rows in grouped((row.chat, row) for row in last).items():
        refuses = rows[0].pause_reason in _REFUSING and rows[0].state not in FINISHED and bool(rows[0].reason)
        sent_at = next((row.sent_at for row in rows if row.state is MessageState.SENT), None)
        if refuses or sent_at:
            yield Tried(chat, sent_at, rows[0].state_since if refuses else None)


def lanes_and_probes(
    transaction: Transaction, platforms: Sequence[str], *, now: datetime
) -> tuple[list[Lane], dict[str, Lane]]:
    """Return the lanes of `lanes`, and platform → the one that is tried first, for platforms that refuse everybody.

    A platform refuses everybody if its last answer was a refusal that is the platform's, and not of one chat.
    """
    found, probes = lanes(transaction, platforms, now=now), {}
    doubted = {*execute(transaction, _DOUBTED).scalars()}  # else, the last attempts need not be looked for
    for platform, there in grouped((lane.platform, lane) for lane in found if lane.platform in doubted).items():
        tried = list(_tried(_tried_last(transaction, platform)))
        newest = tried[0] if tried else None
        since = newest and newest.refuses_since
        if newest and since and weigh(tried, newest.chat, since, now).are_the_platforms:
            probes[platform] = accepted_last(transaction, there)
    return found, probes


def accepted_last(transaction: Transaction, lanes: Sequence[Lane]) -> Lane:
    """Return the lane that accepted a message last, of some lanes of one platform; the first one if none did of late."""
    sent = {row.address: row.sent_at for row in reversed(_tried_last(transaction, lanes[0].platform)) if row.sent_at}
    return max(lanes, key=lambda lane: (lane.address in sent, sent.get(lane.address)))


def wait_together(transaction: Transaction, chats: Collection[int], until: datetime | None) -> None:
    """Let the refused messages of these chats wait no longer than `until`. Their earlier refusals do not count."""
    refused = sa.update(_deliveries).where(
        _d.chat.in_(chats), _d.settled_at.is_(None), _d.reason != "", _d.next_at > until
    )
    execute(transaction, refused.values(next_at=until, attempts=0))


def settle_if_finished(transaction: Transaction, delivery: DeliveryRow, now: datetime) -> None:
    """Settle a delivery whose messages are all sent or dead."""
    states = _states_of(transaction, delivery.seq)
    if delivery.settled_at is None and states and states.issubset(FINISHED):
        delivery.settled_at, delivery.next_at = now, None


def is_sent(transaction: Transaction, seq: int) -> bool:
    """Whether a delivery has messages, and all of them are sent."""
    return _states_of(transaction, seq) == {MessageState.SENT}


def _states_of(transaction: Transaction, seq: int) -> set[MessageState]:
    return set(transaction.exec(select(_m.state).where(_m.delivery == seq)))


def recover(transaction: Transaction, *, still_posting: timedelta = timedelta()) -> int:
    """Mark messages in the state `sending` as unclear, since they may have been sent. Return how many messages.

    A process that marked them before may still be posting, for so long after a mark: they are not tried again before
    that. Call it when this process sends nothing.
    """
    is_sending = col(MessageRow.state) == MessageState.SENDING
    if still_posting:
        marked = select(MessageRow.delivery, MessageRow.attempted_at).where(is_sending)
        for seq, at in transaction.exec(marked).all():
            transaction.exec(sa.update(DeliveryRow).filter_by(seq=seq).values(next_at=at and at + still_posting))
    sending = sa.update(MessageRow).where(is_sending)
    return transaction.exec(sending.values(state=MessageState.UNCLEAR)).rowcount


def look_up_again(transaction: Transaction) -> None:
    """Let messages be looked up that were left to a person. Call it when this process begins to send."""
    left = sa.update(MessageRow).where(col(MessageRow.left_to_person), col(MessageRow.state) == MessageState.UNCLEAR)
    transaction.exec(left.values(left_to_person=False))
