"""Sends the due messages of one lane, in order and as fast as the platform allows. Also defines the sender lock."""

import os
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from datetime import datetime, timedelta
from pathlib import Path

from filelock import FileLock, Timeout

from bot.context import Context, do_steps, write_together
from bot.delivery import outcomes
from bot.errors import SenderLockHeld
from bot.ports.channel import MessageTried, outcome_name
from subscriptions import errors
from subscriptions.addresses import sender_of
from subscriptions.errors import NotDelivered, Rejected, Sentence, StoreError
from subscriptions.model import Lane, Message
from subscriptions.service.sending import Step, record_edit_outcome
from subscriptions.store import claims
from subscriptions.store.database.store import Store
from subscriptions.store.database.writer import Steps
from subscriptions.store.deliveries import Edit, finish_edit
from subscriptions.store.workers import Whereabouts

MOST_POSTS = 20  # posts in one call of `deliver`
BUSY_FOR = 2.0  # seconds to wait for the post of another worker in a lane; a worker that hangs may keep the lane longer
LONGEST_TURN = 10.0  # seconds after which a call of `deliver` begins no further post


async def deliver(context: Context, drain_state: outcomes.DrainState, lane: Lane) -> None:
    """Sends the messages of one lane in their order, then edits older ones, until nothing is left to do now.

    If this takes long, it ends early and wakes the lane again, so that other lanes have their turn.
    """
    drain_state.lanes.add(lane)
    if token_is_paused(context, lane.platform):
        return
    began = context.clock.monotonic()
    attempts = outcomes.LaneAttempts(lane, began)
    try:
        step = await outcomes.first_step(context, drain_state, attempts)
        while step is not None and not (
            context.is_stopping() or drain_state.store_failed or drain_state.is_stopped(lane)
        ):
            if attempts.posts.total() >= MOST_POSTS or context.clock.monotonic() - began >= LONGEST_TURN:
                context.engine.wake([lane])
                return
            if isinstance(step, Edit):
                step = await _edit(context, drain_state, step, attempts)
            elif step.message is None:
                step = await outcomes.render(context, drain_state, attempts)
            elif step.unclear and not await outcomes.must_post_again(context, drain_state, step, attempts):
                step = await outcomes.next_step(context, attempts)
            else:
                step = await _post(context, drain_state, step, attempts)
    except StoreError:
        drain_state.store_failed = True
        raise


async def _post(
    context: Context, drain_state: outcomes.DrainState, step: claims.Claim, attempts: outcomes.LaneAttempts
) -> Step | None:
    """Posts one message while nothing else is posted in its lane. Returns the next step of the lane."""
    lane = attempts.lane
    if not await wait_for_send(context, lane, stays=attempts.has_posted(step)):
        return None
    async with context.engine.posting(lane, patience=BUSY_FOR) as is_free:
        if is_free:
            return await _post_now(context, drain_state, step, attempts)
    context.engine.wake([lane], not_before=context.clock.now() + timedelta(seconds=BUSY_FOR))
    return None


async def _post_now(
    context: Context, drain_state: outcomes.DrainState, step: claims.Claim, attempts: outcomes.LaneAttempts
) -> Step | None:
    """Posts one message and writes the outcome. Returns the next step of the lane.

    The message is marked as sending only after the wait for the rate limit, because after a crash a marked message counts
    as perhaps sent.
    """
    assert step.message is not None  # noqa: S101 - the caller has checked
    lane, slot = attempts.lane, context.clock.monotonic()
    if not await write_together(claims.mark_sending, context.store, step, wall=context.clock.wall()):
        following = await outcomes.next_step(context, attempts)
        return None if following == step else following  # another process is sending a message of this lane
    if (now := context.clock.monotonic()) - slot > SLOT_TOLERANCE or context.rate_limiter.ready_at(lane, now) > now:
        await wait_for_send(context, lane, stays=True)
    context.rate_limiter.record_send(lane, context.clock.monotonic())
    attempts.posts[step.seq, step.message.number] += 1
    channel, began = context.channels[lane.platform], context.clock.monotonic()
    try:
        platform_id = await channel.post(
            step.address, step.message, delivery=step.delivery, thread=step.thread, plain=step.plain
        )
    except NotDelivered as outcome:
        attempts.last_post_over_at = context.clock.monotonic()
        await outcomes.record_failure(context, drain_state, step, outcome)
        _observe(context, lane, outcome, attempts.last_post_over_at - began)
        return await outcomes.next_step(context, attempts)
    seconds = context.clock.monotonic() - began
    following = await outcomes.confirm_sent(context, drain_state, step, platform_id, attempts)
    _observe(context, lane, None, seconds)
    return following


def _observe(context: Context, lane: Lane, outcome: NotDelivered | None, seconds: float) -> None:
    context.observe(
        MessageTried(platform=lane.platform, kind="delivery", outcome=outcome_name(outcome), seconds=seconds)
    )


async def _edit(
    context: Context, drain_state: outcomes.DrainState, step: Edit, attempts: outcomes.LaneAttempts
) -> Step | None:
    """Edits a sent message whose text has changed. Returns the next step. A second edit would change nothing."""
    try:
        if not await _edit_message(context, step, attempts.lane):
            return None
    except NotDelivered as outcome:
        now, wall = context.clock.now(), context.clock.wall()
        if await write_together(record_edit_outcome, context.store, step, outcome, now=now, wall=wall):
            drain_state.stopped[sender_of(attempts.lane)] = outcome.reason
        if not isinstance(outcome, Rejected):
            return None
    else:
        await write_together(finish_edit, context.store, step)
    return await outcomes.next_step(context, attempts)


async def _edit_message(context: Context, step: Edit, lane: Lane) -> bool:
    """Edits the message on the platform. Returns False if the edit has to wait for a later call. Raises NotDelivered."""
    messages = await do_steps(_render(context, step), context.store)
    if not 1 <= step.number <= len(messages):
        raise Rejected("The delivery has no such message any more.")
    if not await wait_for_send(context, lane):
        return False
    context.rate_limiter.record_send(lane, context.clock.monotonic())
    channel, message = context.channels[lane.platform], messages[step.number - 1]
    await channel.edit(step.chat.address, step.platform_id, message, plain=step.plain)
    return True


def _render(context: Context, step: Edit) -> Steps[tuple[Message, ...]]:
    """Renders the delivery of the message again; the result is all its messages."""
    yield from outcomes.store_offers(context, (step.delivery,))
    return context.render_delivery(step.delivery, step.layout)


# ----------------------------------------------------------------------------------------------- which process this is


_SYSTEM = Path("/proc")
_STARTED = 19  # in /proc/PID/stat, the start time is the 19th field after the state that follows the program's name


def this_process() -> str:
    """Returns the identity of this process: boot id, PID namespace, PID, start time; "" if they are unknown.

    A PID alone is not enough: PIDs are reused, also after a restart of the machine, and each container has its own
    PIDs.
    """
    return _identity(os.getpid())


def whereabouts(since: datetime) -> Whereabouts:
    """Returns the machine and the PID of this process; `since` is when it began to work."""
    return Whereabouts(host=socket.gethostname(), number=os.getpid(), since=since)


def is_running(process: str) -> bool:
    """Returns whether the process with this identity runs here; False also if that is unknown, as in another container."""
    number = process.rpartition(" ")[0].rpartition(" ")[2]
    return number.isdecimal() and _identity(int(number)) == process


def _identity(number: int) -> str:
    try:
        boot = (_SYSTEM / "sys/kernel/random/boot_id").read_text().strip()
        numbering = (_SYSTEM / "self/ns/pid").readlink().name
        stat = (_SYSTEM / str(number) / "stat").read_text()
    except OSError:
        return ""
    state, *others = stat.rpartition(")")[2].split()  # the program's name may contain spaces and brackets
    return "" if state in "ZX" else f"{boot} {numbering} {number} {others[_STARTED - 1]}"


# ----------------------------------------------------------------------------------------------------- the sender lock

# Only the process that holds the sender lock of a database sends its messages. On PostgreSQL, a session holds the lock,
# and the lock ends with the session. On SQLite, the lock is a separate file next to the database, because to open and
# close the database file itself would release SQLite's own locks.


@contextmanager
def only_sender(store: Store) -> Iterator[None]:
    """Holds the sender lock of a store while the body runs. Raises SenderLockHeld, StoreError."""
    with ExitStack() as stack:
        if store.kind.file is not None:
            stack.enter_context(sender_lock(store.kind.file))
        else:
            with store.translated_errors():
                name = f"{os.getpid()} on {socket.gethostname()}"
                holder = stack.enter_context(store.server.sending(name))
            if holder:
                raise lock_held(holder)
        yield


@contextmanager
def sender_lock(database: Path) -> Iterator[None]:
    """Holds the sender lock of an SQLite database while the body runs. Raises SenderLockHeld, StoreError."""
    lock = FileLock(database.with_name(database.name + ".sender.lock"), timeout=0)
    holder = database.with_name(database.name + ".sender")
    try:
        database.parent.mkdir(parents=True, exist_ok=True)
        lock.acquire()
        holder.write_text(str(os.getpid()))
    except Timeout:
        raise lock_held(_read(holder)) from None
    except OSError as error:
        lock.release()
        raise _unusable(database, error) from error
    try:
        yield
    finally:
        holder.unlink(missing_ok=True)
        lock.release()


def lock_held(by: str) -> SenderLockHeld:
    """Returns the error that names the process that sends: its PID, or PID and machine."""
    return SenderLockHeld(
        Sentence("Process {pid} sends for this database already.", {"pid": by}),
        Sentence("It delivers what is due by itself; stop it first if this one is to send."),
    )


def _unusable(database: Path, error: OSError) -> StoreError:
    if errors.is_disk_full(error):
        return StoreError(*errors.disk_full(database.absolute()))
    return StoreError(
        Sentence(
            "The folder of the database {path} cannot be written to: {why}.",
            {"path": database.absolute(), "why": (error.strerror or "unknown").lower()},
        ),
        Sentence("Check its rights, or name another one in PAPERWIRE_DATABASE_URL."),
    )


def _read(holder: Path) -> str:
    try:
        return holder.read_text() or "?"
    except OSError:
        return "?"


# ------------------------------------------------------------------------------------------------------- the rate limits


MAX_INLINE_WAIT = 0.2  # seconds; a lane that has to wait longer is rescheduled, and another lane runs
MAX_RATE_WAIT = 10.0  # seconds; a longer wait, which only a platform demands, is written to the store
SLOT_TOLERANCE = 0.03  # seconds after its slot in which a send may start; later sends could together exceed the limit
MAX_MISSED_SLOTS = 3  # slots that one send may miss; after that it is sent anyway, since the machine is slow


async def wait_for_send(context: Context, lane: Lane, *, stays: bool = False) -> bool:
    """Waits for the rate limits of the lane, then of its token. Returns False if nothing may be sent in this call.

    This waits for the lane first, because a slot of the token would be lost during a wait for the lane. The lane's
    limit is checked again at the end, because meanwhile a reply may have been sent there or the lane may have been
    paused.
    """
    while await _wait_for_lane(context, lane, stays=stays):
        await wait_for_slot(context, lane)
        now = context.clock.monotonic()
        if context.rate_limiter.ready_at(lane, now) <= now:
            return not context.is_stopping()
    return False


async def _wait_for_lane(context: Context, lane: Lane, *, stays: bool) -> bool:
    """Waits for the lane's rate limit. Returns False if the lane was rescheduled or paused, or the process stops.

    With `stays`, waits up to MAX_RATE_WAIT here instead of rescheduling the lane.
    """
    with suppress(StoreError):  # then the last count is good enough
        await context.engine.count_others(lane)
    while (wait := context.rate_limiter.ready_at(lane, now := context.clock.monotonic()) - now) > 0:
        if token_is_paused(context, lane.platform):
            return False
        if wait > MAX_RATE_WAIT:
            wall = context.clock.wall()
            await write_together(
                claims.pause_lane, context.store, lane, wall=wall, until=wall + timedelta(seconds=wait)
            )
            return False
        if wait > MAX_INLINE_WAIT and not stays:
            context.engine.wake([lane], not_before=context.clock.now() + timedelta(seconds=wait))
            return False
        await context.clock.sleep(wait)
    return not context.is_stopping()


def token_is_paused(context: Context, platform: str) -> bool:
    """Returns whether the whole token is paused for more than MAX_RATE_WAIT from now."""
    return context.rate_limiter.pause_left(platform, context.clock.monotonic()) > MAX_RATE_WAIT


async def wait_for_slot(context: Context, lane: Lane) -> None:
    """Reserves a slot of the token and waits until it begins. If the slot was missed, reserves another one."""
    for _ in range(MAX_MISSED_SLOTS):
        start = await context.engine.reserve(lane.platform)
        if token_is_paused(context, lane.platform):
            return
        wait = start - context.clock.monotonic()
        if wait > 0:
            await context.clock.sleep(wait)
        if context.clock.monotonic() - start <= SLOT_TOLERANCE:
            return
