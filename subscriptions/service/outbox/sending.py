"""The outbox as senders and people use it: claim, freeze, settle, look, retry, dismiss."""

from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar

from subscriptions.errors import ChatGone, NotDelivered, NotFound, Sentence
from subscriptions.model import Delivery, Lane
from subscriptions.planning.retry import OnUnclear, RetryDecision, after
from subscriptions.service.notices import find_again, lose_place
from subscriptions.states import UNDER_WAY, DeliveryState, PauseReason
from subscriptions.store import (
    Claim,
    Edit,
    OutboxEntry,
    Rendered,
    Store,
    Transaction,
    edits,
    moving,
    outbox,
)
from subscriptions.store import (
    chats as people,
)
from subscriptions.store import (
    claims as sending,
)

T = TypeVar("T")

STOPPED = "stopped:"  # a mark per platform that a person must set free (docs/architecture.md, rule 11)


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How the outbox stands: deliveries that wait (planned included), are unclear or dead."""

    waiting: int
    unclear: int
    dead: int


def recover_in_flight(store: Store) -> int:
    """This process has the sending role now; what an earlier one left on its way is unclear. Returns how many."""
    with store.write() as session:
        return outbox.recover_in_flight(session)


def lanes(
    store: Store, platforms: Sequence[str], *, now: datetime, wall: datetime | None = None, finding: Sequence[str]
) -> list[Lane]:
    """Lanes of these platforms with something to do now, oldest first, those that only have edits last.

    On the platforms of `finding` messages can be looked up. `wall` is the machine's clock, where `now` is another.
    """
    wall = wall or now
    with store.read() as session:
        found = sending.open_lanes(session, platforms, now=now, wall=wall, finding=finding)
        return list(dict.fromkeys((*found, *edits.lanes_with_edits(session, platforms, now=now, wall=wall))))


def batch(store: Store, works: Sequence[Callable[[], T]]) -> list[T | Exception]:
    """Does what several senders want at the same moment, in one transaction: the results, or errors in their stead.

    An error undoes all of it; then each is done by itself, so that nobody loses by what another wanted.
    """
    if len(works) > 1:
        with suppress(Exception), store.write(as_one=True):
            return [work() for work in works]
    return [_tried(work) for work in works]


def _tried(work: Callable[[], T]) -> T | Exception:
    try:
        return work()
    except Exception as error:  # noqa: BLE001 - it is raised where it was asked for
        return error


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """A lane that asks for its next step, and what the sender knows."""

    lane: Lane
    now: datetime
    wall: datetime
    on_unclear: OnUnclear
    can_find: bool
    tried: frozenset[tuple[int, int]]  # messages that have had their turn in this call of `deliver`


Step = Claim | Edit


def claim(store: Store, asking: Asking) -> Step | None:
    """The next step of a lane: render, post or look up; when there is none of these, an edit; else None."""
    with store.read() as session:
        return _next(session, store, asking)


def _next(session: Transaction, store: Store, asking: Asking) -> Step | None:
    step = sending.claim(
        session,
        asking.lane,
        now=asking.now,
        wall=asking.wall,
        skip_unclear=asking.on_unclear == "skip",
        can_find=asking.can_find,
        tried=asking.tried,
    )
    return step or edits.next_edit(session, asking.lane, now=asking.now, wall=asking.wall, zone=store.zone)


def to_render(store: Store, claimed: Claim, most: int, *, wall: datetime) -> dict[int, Delivery]:
    """A claimed delivery and those that come soon after it in other lanes, at most so many, with their papers; by seq."""
    with store.read() as session:
        return outbox.delivery_values(session, sending.unrendered(session, claimed, most, wall=wall), zone=store.zone)


def store_rendered(store: Store, rendered: Iterable[Rendered], *, now: datetime) -> None:
    """Stores what was made of deliveries where nothing is stored yet; one that failed is dead and holds up no other."""
    with store.write() as session:
        sending.store_rendered(session, rendered, now=now)


def mark_sending(store: Store, claimed: Claim, *, wall: datetime) -> bool:
    """A claimed message is posted now. False: somebody settled or changed it since it was claimed."""
    assert claimed.message is not None  # noqa: S101 - only messages are posted
    with store.write() as session:
        return sending.mark_sending(session, claimed, claimed.message, wall=wall)


def skip_unclear(store: Store, claimed: Claim, reason: str) -> None:
    """An unclear message that cannot be looked up is left to a person, and its lane goes on."""
    assert claimed.message is not None  # noqa: S101 - only messages can be unclear
    with store.write() as session:
        outbox.give_up_lookup(session, claimed.seq, claimed.message.number, reason)


def pause_lane(store: Store, lane: Lane, *, wall: datetime, until: datetime) -> None:
    """A platform asked a lane to wait."""
    with store.write() as session:
        outbox.pause_lane(session, lane, wall, until)


def confirm(store: Store, claimed: Claim, platform_id: str, asking: Asking) -> tuple[int | None, Step | None]:
    """The platform has the message.

    Returns how many papers the delivery shows when this was its last message, else None; and the next step of the lane.
    """
    assert claimed.message is not None  # noqa: S101 - only messages are confirmed
    with store.write() as session:
        shown, goes_on = sending.confirm(session, claimed, claimed.message.number, platform_id, now=asking.now)
        return shown, _next(session, store, asking) if goes_on else None


def record_outcome(
    store: Store, claimed: Claim, outcome: NotDelivered, *, on_unclear: OnUnclear, now: datetime, wall: datetime
) -> RetryDecision:
    """Writes down an outcome and does in the store what follows from it: wait, pause, move, give up."""
    verdict = after(outcome, failures=claimed.attempts, plain_tried=claimed.plain, on_unclear=on_unclear, now=now)
    address = claimed.address
    with store.write() as session:
        outbox.record_outcome(session, claimed, verdict, outcome.reason, now=now, wall=wall)
        if verdict.pause_topic or verdict.pause_chat:
            reason = outcome.pause_reason if isinstance(outcome, ChatGone) else PauseReason.GONE
            lose_place(store, address, outcome.reason, topic=verdict.pause_topic, reason=reason, now=now)
        if verdict.moved_to is not None:
            moving.move_address(session, address.platform, address.address, verdict.moved_to, now=now)
    return verdict


def progress(store: Store) -> Progress:
    """How the outbox stands."""
    with store.read() as session:
        counts = outbox.counts(session)
    waiting = sum(counts.get(state, 0) for state in UNDER_WAY)
    return Progress(
        waiting=waiting, unclear=counts.get(DeliveryState.UNCLEAR, 0), dead=counts.get(DeliveryState.DEAD, 0)
    )


def outbox_entries(store: Store, *, now: datetime, wall: datetime | None = None) -> list[OutboxEntry]:
    """Every delivery that is still stored, oldest first. `wall` is the machine's clock, where `now` is another."""
    with store.read() as session:
        return outbox.entries(session, now=now, wall=wall)


def retry_delivery(store: Store, delivery_id: str, *, now: datetime) -> None:
    """Gives a delivery another try, also in a chat that was gone, or on a platform that stands still. Raises NotFound."""
    with store.write() as session:
        chat_id = outbox.retry(session, delivery_id)
        if chat_id is None:
            raise _nothing_to_do(session, delivery_id)
        people.mark_reachable(session, chat_id, now=now)
        people.drop_values(session, STOPPED)


def dismiss(store: Store, delivery_id: str, *, now: datetime) -> None:
    """A delivery is not to be sent any more. Raises NotFound."""
    with store.write() as session:
        if not outbox.dismiss(session, delivery_id, now=now):
            raise _nothing_to_do(session, delivery_id)


def recent_sends(store: Store, platform: str, *, wall: datetime) -> list[tuple[Lane, datetime]]:
    """Sends of the last minute, for the pace after a restart; one later than the machine's clock holds nothing back."""
    with store.read() as session:
        sends = outbox.recent_sends(session, platform, wall - timedelta(minutes=1))
    return [(lane, at) for lane, at in sends if at <= wall]


def count_as_sent(store: Store, lost_at: datetime, *, now: datetime) -> int:
    """After a restore: what was due before `lost_at` counts as sent. Returns how many deliveries."""
    with store.write() as session:
        return outbox.count_as_sent(session, lost_at, now=now)


def stop_platform(store: Store, platform: str, reason: str, chats: Sequence[int], *, now: datetime) -> None:
    """Too many chats of one run answered "gone" (rule 11): they go on as before, the platform stands still."""
    with store.write() as session:
        people.put_value(session, STOPPED + platform, reason)
        find_again(session, chats, now=now)


def stopped_platforms(store: Store) -> dict[str, str]:
    """Platforms that stand still until a person decides, and why."""
    with store.read() as session:
        return people.values_with_prefix(session, STOPPED)


def free_platforms(store: Store) -> None:
    """A person decided: every platform goes on."""
    with store.write() as session:
        people.drop_values(session, STOPPED)


def _nothing_to_do(session: Transaction, delivery_id: str) -> NotFound:
    hint = Sentence("paperwire outbox lists them.")
    if outbox.is_known(session, delivery_id):
        return NotFound(Sentence("Delivery {id} was sent.", {"id": delivery_id}), hint)
    return NotFound(Sentence("There is no delivery {id}.", {"id": delivery_id}), hint)
