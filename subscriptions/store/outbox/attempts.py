"""Records the outcomes of attempts to send (docs/architecture.md, rules 6 and 7)."""

from datetime import datetime

from sqlalchemy import ColumnElement, update
from sqlmodel import Session, col, select

from subscriptions.model import Lane
from subscriptions.planning.retry import RetryDecision
from subscriptions.states import FINISHED, MessageState
from subscriptions.store.database.conflicts import put
from subscriptions.store.lane_wakes import wake_lanes
from subscriptions.store.outbox.claims import Claim
from subscriptions.store.rows import ChatRow, DeliveryRow, MessageRow


def give_up_lookup(session: Session, seq: int, number: int, reason: str) -> None:
    """Gives up the look-up of an unclear message: it waits for its next attempt, or is left to a person and its lane goes on."""
    given_up = update(MessageRow).where(*_is_unclear(seq, number))
    session.exec(given_up.values(reason=reason, lookup_given_up=True, found_at_start=False))


def record_not_found(
    session: Session, lane: Lane, seq: int, number: int, decision: RetryDecision, *, now: datetime
) -> None:
    """Records that the platform, asked, does not have an unclear message: it is posted again, perhaps after a wait."""
    again = update(MessageRow).where(*_is_unclear(seq, number))
    if not session.exec(again.values(state=decision.state, unclear_since=None, found_at_start=False)).rowcount:
        return
    session.exec(update(DeliveryRow).where(col(DeliveryRow.seq) == seq).values(next_at=decision.not_before))
    if decision.not_before is not None:
        wake_lanes(session, [lane], after=decision.not_before - now)


def _is_unclear(seq: int, number: int) -> tuple[ColumnElement[bool], ...]:
    """Whether it is unclear still: while it was looked up, its chat may have been forgotten, or a person has decided."""
    state = col(MessageRow.state) == MessageState.UNCLEAR
    return col(MessageRow.delivery) == seq, col(MessageRow.number) == number, state


def record_outcome(
    session: Session,
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
        pause_lane(session, lane, wall, wall + decision.pauses_lane)
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


def pause_lane(session: Session, lane: Lane, wall: datetime, until: datetime) -> None:
    """Makes a lane wait until `until`, as its platform asked, when it is woken. Both moments are on the machine's clock."""
    values = {"platform": lane.platform, "address": lane.address, "since": wall, "not_before": until}
    put(session, "lane", ("platform", "address"), values)
    wake_lanes(session, [lane], after=until - wall)


def settle_if_finished(session: Session, delivery: DeliveryRow, now: datetime) -> None:
    """Settles a delivery whose messages are all sent or dead."""
    states = session.exec(select(MessageRow.state).where(MessageRow.delivery == delivery.seq)).all()
    if states and all(state in FINISHED for state in states):
        delivery.settled_at, delivery.next_at = now, None


def is_sent(session: Session, seq: int) -> bool:
    """Whether a delivery has messages, and all of them are sent."""
    states = session.exec(select(MessageRow.state).where(MessageRow.delivery == seq)).all()
    return bool(states) and all(state is MessageState.SENT for state in states)


def sends_of_lane(session: Session, lane: Lane, after: datetime) -> list[datetime]:
    """When each message of a lane was begun to be sent, by its last attempt, of those after `after`; in that order."""
    chats = select(ChatRow.id).where(ChatRow.platform == lane.platform, ChatRow.address == lane.address)
    deliveries = select(DeliveryRow.seq).where(col(DeliveryRow.chat).in_(chats))
    begun = col(MessageRow.attempted_at)
    found = session.exec(select(begun).where(col(MessageRow.delivery).in_(deliveries), begun > after).order_by(begun))
    return [at for at in found if at is not None]


def begun_sends(session: Session, platform: str, after: datetime) -> list[tuple[Lane, datetime, bool]]:
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
