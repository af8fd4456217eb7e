"""The outbox as its senders use it, what of it needs a person, and the workers that send.

For `paperwire workers` and `/metrics`: what each worker of the database holds, and since when work waits.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from subscriptions.addresses import parse_address
from subscriptions.errors import (
    ChatGone,
    ChatMoved,
    NotDelivered,
    NotFound,
    Refused,
    RetryLater,
    SenderStopped,
    Sentence,
    Unclear,
)
from subscriptions.model import Delivery, Lane
from subscriptions.planning.decision import OnUnclear, RetryDecision, decide_not_found, decide_retry
from subscriptions.service.notices import pause_unreachable, reactivate_found
from subscriptions.states import PauseReason
from subscriptions.store import chats as stored_chats
from subscriptions.store import (
    claims,
    conversations,
    deliveries,
    entries,
    figures,
    key_value,
    moving,
    platforms,
    workers,
)
from subscriptions.store.claims import Claim
from subscriptions.store.database.postgres import OpenSession, open_sessions
from subscriptions.store.database.store import Scope, Store, Transaction, reads, writes
from subscriptions.store.deliveries import Edit
from subscriptions.store.workers import Whereabouts

_PACED = timedelta(minutes=1)  # no budget of a platform looks further back
SILENT_AFTER = timedelta(seconds=20)  # without a heartbeat, after which others take over what a worker had


def sends_of_lane(store: Store, lane: Lane, *, now: datetime, wall: datetime) -> list[timedelta]:
    """How long ago the sending of each message and answer of a lane began, in the last minute, the oldest first.

    By any worker. An answer counts from when its request came; one that another worker must still post counts as
    sent now.
    """
    with store.read() as transaction:
        ago = [wall - at for at in claims.sends_of_lane(transaction, lane, wall - _PACED)]
        answers = conversations.answers_in(transaction, lane, now - _PACED, store.worker)
    ago += [now - at if finished else timedelta(0) for at, finished in answers]
    return sorted((one for one in ago if one >= timedelta(0)), reverse=True)


# ----------------------------------------------------------------------------- what of the outbox needs a person's eye

# messages that are dead, and deliveries that wait for long.


_DEAD_LOGGED = "logged:dead"  # a key: the moment up to which dead messages are in the log


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboxTrouble:
    """Dead messages, and by platform the deliveries that have waited for long."""

    dead: entries.Trouble = field(default_factory=lambda: entries.Trouble(count=0))
    waiting: Mapping[str, entries.Trouble] = field(default_factory=dict)


def outbox_trouble(store: Scope, *, now: datetime) -> OutboxTrouble:
    """Returns what is dead and not dismissed, and what has waited for long."""
    with store.read() as transaction:
        return OutboxTrouble(
            dead=entries.dead_since(transaction, None), waiting=entries.waiting_since(transaction, now - entries.LONG)
        )


def claim_unlogged_trouble(store: Scope, *, now: datetime) -> OutboxTrouble:
    """Returns what the log has not named yet, and counts it as named: each dead message once, a long wait once a day.

    The day is in UTC. Of several processes, or rounds under cron, one gets it. A crash after it loses a line of the
    log; notices to operators, `check` and the health page read the outbox itself.
    """
    with store.read() as transaction:
        known = key_value.get_value(transaction, _DEAD_LOGGED)
        dead = entries.dead_since(transaction, datetime.fromisoformat(known) if known else None)
        logged = platforms.waiting_logged(transaction)
        waiting = entries.waiting_since(transaction, now - entries.LONG)
    new = {platform: one for platform, one in waiting.items() if logged.get(platform) != now.date()}
    if not dead.count and not new:
        return OutboxTrouble()
    with store.write() as transaction:
        if key_value.get_value(transaction, _DEAD_LOGGED) != known:
            dead = replace(dead, count=0)  # another process was faster
        elif dead.count:
            key_value.put_value(transaction, _DEAD_LOGGED, now.isoformat())
        for platform in new:
            platforms.put(transaction, platform, waiting_logged_on=now.date())
    return OutboxTrouble(dead=dead, waiting=new)


# -------------------------------------------------------------------------- the outbox as senders and operators use it


_NO_TIME = timedelta(0)
_POSTED_WITHIN = timedelta(seconds=10)  # of its request an answer is posted: the pace of its chat holds it back


@dataclass(frozen=True, slots=True)
class EarlierSend:
    """A send that an earlier process began."""

    lane: Lane
    ago: timedelta
    is_answer: bool = False


@reads
def lanes(
    transaction: Transaction,
    platforms: Sequence[str],
    *,
    now: datetime,
    wall: datetime | None = None,
    finding: Sequence[str],
) -> list[Lane]:
    """The lanes of these platforms with something to do now, the oldest first; those with edits alone come last.

    On the platforms of `finding` messages can be looked up. `wall` is the machine's clock, where `now` is another.
    """
    wall = wall or now
    found = claims.open_lanes(transaction, platforms, now=now, wall=wall, finding=finding)
    return list(dict.fromkeys((*found, *deliveries.lanes_with_edits(transaction, platforms, now=now, wall=wall))))


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimRequest:
    """A request for the next step of a lane."""

    lane: Lane
    now: datetime
    wall: datetime
    on_unclear: OnUnclear
    can_find: bool
    tried: frozenset[tuple[int, int]]  # messages that this call of `deliver` has tried


Step = Claim | Edit


@reads
def claim(transaction: Transaction, asking: ClaimRequest) -> Step | None:
    """The next step of a lane: a delivery to render, a message to post or look up, else an edit; None: nothing to do."""
    step = claims.claim(
        transaction,
        asking.lane,
        now=asking.now,
        wall=asking.wall,
        skip_unclear=asking.on_unclear == "skip",
        can_find=asking.can_find,
        tried=asking.tried,
    )
    return step or deliveries.next_edit(
        transaction, asking.lane, now=asking.now, wall=asking.wall, zone=transaction.zone
    )


@reads
def to_render(transaction: Transaction, claimed: Claim, most: int, *, wall: datetime) -> dict[int, Delivery]:
    """A claimed delivery and others soon after it that are the next of their lanes, at most `most`, by seq."""
    return deliveries.delivery_values(
        transaction, deliveries.unrendered(transaction, claimed, most, wall=wall), zone=transaction.zone
    )


@writes
def record_not_found(transaction: Transaction, claimed: Claim, *, now: datetime) -> None:
    """Stores that the platform does not have an unclear message, which is then posted again, at once or after a wait."""
    assert claimed.message is not None  # noqa: S101 - only messages can be unclear
    decision = decide_not_found(claimed.attempts, now)
    claims.record_not_found(transaction, claimed.address.lane, claimed.seq, claimed.message.number, decision, now=now)


@writes
def confirm(
    transaction: Transaction, claimed: Claim, platform_id: str, asking: ClaimRequest
) -> tuple[int | None, Step | None]:
    """Stores that the platform has a message, under its id there.

    Returns how many papers the delivery shows when this was its last message, else None; and the next step of the lane.
    """
    assert claimed.message is not None  # noqa: S101 - only messages are confirmed
    shown, goes_on = claims.confirm(transaction, claimed, claimed.message.number, platform_id, now=asking.now)
    return shown, claim(transaction, asking) if goes_on else None


@writes
def record_outcome(
    transaction: Transaction,
    claimed: Claim,
    outcome: NotDelivered,
    *,
    on_unclear: OnUnclear,
    now: datetime,
    wall: datetime,
) -> RetryDecision:
    """Stores the outcome of an attempt that failed, and applies the retry decision: wait, pause, move or give up."""
    decision = decide_retry(
        outcome,
        failures=claimed.attempts,
        plain_tried=claimed.plain,
        was_unclear=claimed.unclear,
        on_unclear=on_unclear,
        now=now,
    )
    address = claimed.address
    claims.record_outcome(transaction, claimed, decision, outcome.reason, now=now, wall=wall)
    if decision.pause_topic or decision.pause_chat:
        reason = outcome.pause_reason if isinstance(outcome, ChatGone) else PauseReason.GONE
        pause_unreachable(transaction, address, outcome.reason, topic=decision.pause_topic, reason=reason, now=now)
    if decision.moved_to is not None:
        moving.chat_moved(transaction, address, decision.moved_to, now=now)
    return decision


def outbox_entries(
    store: Scope, *, now: datetime, wall: datetime | None = None, over: bool = True
) -> Iterator[entries.OutboxEntry]:
    """Yields every delivery that is still stored, oldest first, read a page at a time, each in its own transaction.

    Without `over` those that are sent or dismissed are left out. `wall` is the machine's clock, where `now` is another.
    """
    after = 0
    while True:
        page, after = entries.entries(store, after, over=over, now=now, wall=wall or now)
        if not page:
            return
        yield from page


@writes
def retry_delivery(transaction: Transaction, delivery_id: str, *, now: datetime) -> None:
    """Makes a delivery be tried again, also in a chat that was gone; frees all stopped platforms. Raises NotFound."""
    chat_id = entries.retry(transaction, delivery_id)
    if chat_id is None:
        raise _nothing_to_do(transaction, delivery_id)
    stored_chats.mark_reachable(transaction, chat_id, now=now)
    platforms.free_platforms(transaction)


@writes
def dismiss(transaction: Transaction, delivery_id: str, *, now: datetime) -> None:
    """Marks a delivery as not to be sent. Raises NotFound."""
    if not entries.dismiss(transaction, delivery_id, now=now):
        raise _nothing_to_do(transaction, delivery_id)


@reads
def recent_sends(transaction: Transaction, platform: str, *, now: datetime, wall: datetime) -> list[EarlierSend]:
    """The sends that earlier processes began in the last minute, for the rate limiter; none in the future of the clocks.

    A confirmed message counts from when its sending began, an answer from when its request came. An unconfirmed message, and
    an answer that is unfinished or was posted perhaps seconds after its request, count as sent now.
    """
    sends = claims.begun_sends(transaction, platform, wall - _PACED)
    answered = conversations.recent_updates(transaction, platform, now - _PACED)
    found = [EarlierSend(lane, wall - at if confirmed else _NO_TIME) for lane, at, confirmed in sends]
    for chat, at, finished in answered:
        with suppress(Refused):  # an address that this version does not know
            ago = now - at if finished and now - at > _POSTED_WITHIN else min(_NO_TIME, now - at)
            found.append(EarlierSend(parse_address(chat).lane, ago, is_answer=True))
    return [send for send in found if send.ago >= _NO_TIME]


@writes
def stop_platform(transaction: Transaction, platform: str, reason: str, chats: Sequence[int], *, now: datetime) -> None:
    """Stops a platform after too many of its chats answered "gone" in one run (rule 11), and reactivates these chats."""
    platforms.put(transaction, platform, stopped=reason)
    reactivate_found(transaction, chats, now=now)


def _nothing_to_do(transaction: Transaction, delivery_id: str) -> NotFound:
    hint = Sentence("paperwire outbox lists them.")
    if entries.is_known(transaction, delivery_id):
        return NotFound(Sentence("Delivery {id} was sent.", {"id": delivery_id}), hint)
    return NotFound(Sentence("There is no delivery {id}.", {"id": delivery_id}), hint)


# --------------------------------------------------------------- edits of messages that were sent, as senders use them


@writes
def record_edit_outcome(
    transaction: Transaction, edit: Edit, outcome: NotDelivered, *, now: datetime, wall: datetime
) -> bool:
    """Stores the outcome of an edit that was not made, and what follows from it. True: the sender stops.

    After an error that may pass, the edit is tried again: two edits are as good as one. After another it is dropped,
    since the message itself has arrived.
    """
    match outcome:
        case RetryLater() | Unclear():
            asked = outcome.after if isinstance(outcome, RetryLater) else timedelta(0)
            waiting = RetryLater(outcome.reason, asked)
            decision = decide_retry(
                waiting,
                failures=edit.attempts,
                plain_tried=False,
                was_unclear=False,
                on_unclear="skip",
                now=now,
            )
            if decision.pauses_lane:
                claims.pause_lane(transaction, edit.chat.address.lane, wall=wall, until=wall + decision.pauses_lane)
            elif decision.not_before is not None:
                workers.wake_lanes(transaction, [edit.chat.address.lane], after=decision.not_before - now)
            deliveries.postpone_edit(transaction, edit, next_at=decision.not_before)
        case SenderStopped():
            deliveries.postpone_edit(transaction, edit, next_at=None)
            return True
        case ChatMoved():
            deliveries.postpone_edit(transaction, edit, next_at=None)
            moving.chat_moved(transaction, edit.chat.address, outcome.address, now=now)
        case _:
            deliveries.finish_edit(transaction, edit)
    return False


# -------------------------------------------------------------------------------------------------------------- workers


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerAtWork:
    """A worker. One that others took for gone, and whose session is still there, may hold lanes: it was stopped."""

    id: str
    host: str  # "" if it is not known
    number: int  # of the process; 0 if it is not known
    since: datetime | None
    silent_for: timedelta | None  # since its last heartbeat; None: none is known
    is_alive: bool
    lanes: int  # that it has claimed
    receives: tuple[str, ...]  # names of receivers


@dataclass(frozen=True, slots=True, kw_only=True)
class Backlog:
    """Since when the oldest work waits that could be done now; None: none waits."""

    planning_since: datetime | None
    sending_since: datetime | None
    jobs: int | None  # wake-ups that wait for a worker; None: one process works without them


@reads
def backlog(transaction: Transaction, *, now: datetime, wall: datetime) -> Backlog:
    """Returns since when work waits. `wall` is the machine's clock. Raises StoreError."""
    return Backlog(
        planning_since=figures.to_be_planned_since(transaction, now=now),
        sending_since=figures.to_be_sent_since(transaction, now=now, wall=wall),
        jobs=workers.jobs_waiting(transaction),
    )


def workers_at_work(store: Scope, *, is_running: Callable[[str], bool]) -> tuple[WorkerAtWork, ...]:
    """Returns the workers of a database. Raises StoreError.

    A file has one process, which writes no heartbeats down: there `is_running` tells whether that process runs.
    """
    with store.read() as transaction:
        known, kind = workers.known_workers(transaction), transaction.store.kind
        if kind.file is not None:
            return tuple(_at_work(one, one.sending, (), is_alive=True) for one in known if is_running(one.process))
        held, sessions = workers.held_names(transaction), open_sessions(transaction.connection())
    left = [_left(one, held) for one in sessions if not any(other.id.startswith(one.worker) for other in known)]
    return tuple(_one_of_several(one, held.get(one.id, ())) for one in (*known, *left))


def lease_of(receiver: str) -> str:
    """The name of the lease of a receiver."""
    return f"receiver {receiver}"


def _one_of_several(known: workers.KnownWorker, names: Sequence[str]) -> WorkerAtWork:
    receives = tuple(name.removeprefix(lease_of("")) for name in names if name.startswith(lease_of("")))
    is_alive = known.silent_for is not None and known.silent_for < SILENT_AFTER
    return _at_work(known, len(names) - len(receives), receives, is_alive=is_alive)


def _at_work(known: workers.KnownWorker, lanes: int, receives: tuple[str, ...], *, is_alive: bool) -> WorkerAtWork:
    where = known.where
    return WorkerAtWork(
        id=known.id,
        host=where.host,
        number=where.number,
        since=where.since,
        silent_for=known.silent_for,
        is_alive=is_alive,
        lanes=lanes,
        receives=receives,
    )


def _left(session: OpenSession, held: Iterable[str]) -> workers.KnownWorker:
    """A worker that has only its session, and perhaps leases, left."""
    number, _, host = session.process.partition(" on ")
    where = Whereabouts(host=host, number=int(number) if number.isdecimal() else 0, since=session.since)
    name = next((worker for worker in held if worker.startswith(session.worker)), session.worker)
    return workers.KnownWorker(id=name, process="", where=where, silent_for=None, sending=0)
