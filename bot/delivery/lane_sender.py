"""Sends what is due of one lane: claims it, keeps the order, and holds the lane."""

import os
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime, timedelta
from pathlib import Path

from filelock import FileLock, Timeout

from bot.context import Context, do_steps, write_together
from bot.delivery import outcomes, rate_limiter
from bot.delivery.planning import DrainState, LaneAttempts, store_offers
from bot.errors import SenderLockHeld
from bot.ports.channel import MessageTried, outcome_name
from subscriptions.addresses import sender_of
from subscriptions.errors import NotDelivered, Rejected, Sentence, StoreError, disk_full, is_disk_full
from subscriptions.model import Lane, Message
from subscriptions.service.sending import Step, record_edit_outcome
from subscriptions.store.claims import Claim, mark_sending
from subscriptions.store.database.store import Store
from subscriptions.store.database.writer import Steps
from subscriptions.store.deliveries import Edit, finish_edit
from subscriptions.store.workers import Whereabouts

MOST_POSTS = 20  # in one call
BUSY_FOR = (
    2.0  # seconds that a lane waits for a post of another worker; a worker that is stopped may keep it for longer
)
LONGEST_TURN = 10.0  # seconds after which a call begins no further post


async def deliver(context: Context, drain_state: DrainState, lane: Lane) -> None:
    """Sends the messages of one lane in their order, then edits older ones, until nothing is left to do now.

    A lane that takes long is woken again, so that others have their turn.
    """
    drain_state.lanes.add(lane)
    if rate_limiter.token_is_paused(context, lane.platform):
        return
    began = context.clock.monotonic()
    attempts = LaneAttempts(lane, began)
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


async def _post(context: Context, drain_state: DrainState, step: Claim, attempts: LaneAttempts) -> Step | None:
    """Posts one message while nothing else is posted in its lane. Returns the next step of the lane."""
    lane = attempts.lane
    if not await rate_limiter.wait_for_send(context, lane, stays=attempts.has_posted(step)):
        return None
    async with context.engine.posting(lane, patience=BUSY_FOR) as is_free:
        if is_free:
            return await _post_now(context, drain_state, step, attempts)
    context.engine.wake([lane], not_before=context.clock.now() + timedelta(seconds=BUSY_FOR))
    return None


async def _post_now(context: Context, drain_state: DrainState, step: Claim, attempts: LaneAttempts) -> Step | None:
    """Posts one message and writes the outcome. Returns the next step of the lane.

    The message is marked as sending only after the wait for the rate limit, because after a crash a marked message counts
    as perhaps sent.
    """
    assert step.message is not None  # noqa: S101 - the caller has checked
    lane, slot = attempts.lane, context.clock.monotonic()
    if not await write_together(mark_sending, context.store, step, wall=context.clock.wall()):
        following = await outcomes.next_step(context, attempts)
        return None if following == step else following  # another process is sending a message of this lane
    if (now := context.clock.monotonic()) - slot > rate_limiter.SLOT_TOLERANCE or context.rate_limiter.ready_at(
        lane, now
    ) > now:
        await rate_limiter.wait_for_send(context, lane, stays=True)
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


async def _edit(context: Context, drain_state: DrainState, step: Edit, attempts: LaneAttempts) -> Step | None:
    """Edits a sent message whose text has changed. Returns the next step. Editing twice has no further effect."""
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
    """Edits the message on the platform. Returns False if it has to wait for a later call. Raises NotDelivered."""
    messages = await do_steps(_render(context, step), context.store)
    if not 1 <= step.number <= len(messages):
        raise Rejected("The delivery has no such message any more.")
    if not await rate_limiter.wait_for_send(context, lane):
        return False
    context.rate_limiter.record_send(lane, context.clock.monotonic())
    channel, message = context.channels[lane.platform], messages[step.number - 1]
    await channel.edit(step.chat.address, step.platform_id, message, plain=step.plain)
    return True


def _render(context: Context, step: Edit) -> Steps[tuple[Message, ...]]:
    """Renders the delivery of a message again."""
    yield from store_offers(context, (step.delivery,))
    return context.render_delivery(step.delivery, step.layout)


# ----------------------------------------------------------------------------------------------- which process this is


_SYSTEM = Path("/proc")
_STARTED = 19  # the place of the start time after the name of the program in /proc/PID/stat


def this_process() -> str:
    """The boot id of this machine, and PID namespace, PID and start time of this process; "" if they are unknown.

    PIDs are reused, also after a restart of the machine, and each container counts its own processes.
    """
    return _identity(os.getpid())


def whereabouts(since: datetime) -> Whereabouts:
    """Machine and number of this process, which began its work at a moment."""
    return Whereabouts(host=socket.gethostname(), number=os.getpid(), since=since)


def is_running(process: str) -> bool:
    """Whether the process with this identity runs here. False also where that cannot be told: "", another container's."""
    number = process.rpartition(" ")[0].rpartition(" ")[2]
    return number.isdecimal() and _identity(int(number)) == process


def _identity(number: int) -> str:
    try:
        boot = (_SYSTEM / "sys/kernel/random/boot_id").read_text().strip()
        numbering = (_SYSTEM / "self/ns/pid").readlink().name
        stat = (_SYSTEM / str(number) / "stat").read_text()
    except OSError:
        return ""
    state, *others = stat.rpartition(")")[2].split()  # the name may have spaces and brackets
    return "" if state in "ZX" else f"{boot} {numbering} {number} {others[_STARTED - 1]}"


# ----------------------------------------------------------------------------------------------------- the sender lock

# Only the process that holds it sends for a database. On PostgreSQL a session holds the lock, which ends with the
# session. On SQLite it is a separate file beside the database: to open and close the database file itself would release
# SQLite's own locks.


@contextmanager
def only_sender(store: Store) -> Iterator[None]:
    """Holds the sender lock of a store while the body runs. Raises as `sender_lock`."""
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
    """Holds the sender lock while the body runs. Raises SenderLockHeld, which names the holder's process, and StoreError."""
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
    """The error that names the sender: the number of a process, or also its machine."""
    return SenderLockHeld(
        Sentence("Process {pid} sends for this database already.", {"pid": by}),
        Sentence("It delivers what is due by itself; stop it first if this one is to send."),
    )


def _unusable(database: Path, error: OSError) -> StoreError:
    if is_disk_full(error):
        return StoreError(*disk_full(database.absolute()))
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
