"""What became of attempts to send (docs/architecture.md, rules 6 and 7)."""

from datetime import datetime

from sqlmodel import Session, col, select, update

from subscriptions.model import Lane
from subscriptions.planning.retry import RetryDecision
from subscriptions.states import FINISHED, MessageState
from subscriptions.store.outbox.claims import Claim
from subscriptions.store.rows import ChatRow, DeliveryRow, LaneRow, MessageRow

# What every plan and every rendering asks for: these statements are made once.


def recover_in_flight(session: Session) -> int:
    """An earlier process is gone: what it left `sending` may have been sent. Returns how many messages."""
    result = session.exec(
        update(MessageRow)
        .where(col(MessageRow.state) == MessageState.SENDING)
        .values(state=MessageState.UNCLEAR, found_at_start=True)
    )
    session.exec(update(MessageRow).where(col(MessageRow.state) == MessageState.UNCLEAR).values(found_at_start=True))
    return int(result.rowcount)


def give_up_lookup(session: Session, seq: int, number: int, reason: str) -> None:
    """Nobody can look this message up, and the operator wants no repeats: it stays unclear and lets the lane pass."""
    message = session.get_one(MessageRow, (seq, number))
    message.reason, message.lookup_given_up, message.found_at_start = reason, True, False


def record_outcome(
    session: Session,
    claimed: Claim,
    decision: RetryDecision,
    reason: str,
    *,
    now: datetime,
    wall: datetime,
) -> None:
    """Writes down what became of a try that did not end in "sent"."""
    if claimed.message is None:
        return
    message = session.get_one(MessageRow, (claimed.seq, claimed.message.number))
    delivery = session.get_one(DeliveryRow, claimed.seq)
    message.state, message.reason = decision.state, reason
    message.lookup_given_up = message.found_at_start = False
    delivery.reason = reason
    if decision.state in (MessageState.WAITING, MessageState.UNCLEAR):
        delivery.attempts += 1
    delivery.next_at = decision.not_before
    if decision.use_plain:  # what is not yet sent of this delivery
        rest = select(MessageRow).where(MessageRow.delivery == claimed.seq, col(MessageRow.state).not_in(FINISHED))
        for other in session.exec(rest).all():
            other.use_plain = True
    if decision.pauses_lane:
        pause_lane(session, claimed.address.lane, wall, wall + decision.pauses_lane)
    session.flush()
    settle_if_finished(session, delivery, now)


def pause_lane(session: Session, lane: Lane, wall: datetime, until: datetime) -> None:
    """A platform asked this lane to wait until `until`, on the machine's clock."""
    row = session.get(LaneRow, (lane.platform, lane.address)) or LaneRow(platform=lane.platform, address=lane.address)
    row.since, row.not_before = wall, until
    session.add(row)


def settle_if_finished(session: Session, delivery: DeliveryRow, now: datetime) -> None:
    """Settles a delivery whose messages are all sent or dead."""
    states = session.exec(select(MessageRow.state).where(MessageRow.delivery == delivery.seq)).all()
    if states and all(state in FINISHED for state in states):
        delivery.settled_at, delivery.next_at = now, None


def is_sent(session: Session, seq: int) -> bool:
    """Whether every message of a delivery is confirmed."""
    states = session.exec(select(MessageRow.state).where(MessageRow.delivery == seq)).all()
    return bool(states) and all(state is MessageState.SENT for state in states)


def recent_sends(session: Session, platform: str, after: datetime) -> list[tuple[Lane, datetime]]:
    """What was confirmed after `after`, for the pace after a restart."""
    rows = session.exec(
        select(ChatRow.address, MessageRow.sent_at)
        .join(DeliveryRow, col(DeliveryRow.chat) == ChatRow.id)
        .join(MessageRow, col(MessageRow.delivery) == DeliveryRow.seq)
        .where(ChatRow.platform == platform, col(MessageRow.sent_at) > after)
        .order_by(col(MessageRow.sent_at))
    )
    return [(Lane(platform, address), sent_at) for address, sent_at in rows if sent_at is not None]
