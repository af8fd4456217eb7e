"""One step of a lane at a time: render, post, look up, edit. Each is stored before the next one is taken.

What is asked of the store goes through the scribe. `pipeline.deliver` says in which order the steps come.
"""

import asyncio
import logging
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TypeVar

from bot.context.dependencies import Context
from bot.delivery.drain_state import DrainState
from subscriptions.errors import ChatMoved, NotDelivered, Rejected, RetryLater, StoreError
from subscriptions.model import Delivery, Lane
from subscriptions.notices.sending import SenderStopped
from subscriptions.platforms import sender_of
from subscriptions.service.notices import notify_operators
from subscriptions.service.outbox import (
    Asking,
    Step,
    claim,
    confirm,
    edit_done,
    mark_sending,
    pause_lane,
    record_edit_outcome,
    record_outcome,
    skip_unclear,
    stop_platform,
    store_rendered,
    to_render,
)
from subscriptions.store import Claim, Edit, Rendered

log = logging.getLogger("paperwire")

T = TypeVar("T")

RENDER_BATCH = (
    40  # deliveries that are rendered together: less than two seconds of a fan-out, so what was just set counts
)
RENDER_MORE_BELOW = 10  # of them left: more are rendered, so that no lane has to wait for it
FIRST_LOOKUP_DELAY = 2.0  # seconds: how soon a message that was perhaps sent can be seen in Slack's history (nobody tells; it errs on the long side)
SECOND_LOOKUP_DELAY = 5.0  # a miss is only proof after a second look
MAX_INLINE_WAIT = 0.2  # seconds: a lane that has to wait longer for its pace leaves its place to another
MAX_RATE_WAIT = 10.0  # seconds: a longer wait is one that the platform asked for, and is left to the store
SLOT_TOLERANCE = 0.03  # seconds; sends that go later than their slots would bunch up beyond the platform's limit
MAX_MISSED_SLOTS = 3  # slots that one send lets pass: a machine that is always late still sends
MAX_WRITE_RETRY = 30.0  # seconds that a database is asked again to take what became of a try: else it comes twice
WRITE_RETRY_INTERVAL = 0.5
MAX_POSTS = 3  # posts of one message in one call; what is unclear after that stays for the next
GONE_CHATS, GONE_SHARE = 10, 5  # more than ten, and more than a fifth of a run (docs/architecture.md, rule 11)


@dataclass(slots=True)
class LaneAttempts:
    """One call of `deliver` in one lane."""

    lane: Lane
    last_post_over_at: float  # monotonic second at which the last post of this lane was over, at the latest
    posts: Counter[tuple[int, int]] = field(default_factory=Counter)  # (delivery, message) -> posts in this call

    def has_posted(self, step: Claim) -> bool:
        """Whether this call has posted the message already."""
        assert step.message is not None  # noqa: S101 - only messages are posted
        return self.posts[step.seq, step.message.number] > 0


async def first_step(context: Context, drain_state: DrainState, attempts: LaneAttempts) -> Step | None:
    """What a lane begins with. Who takes one of the last that are rendered renders more, while others post theirs."""
    if attempts.lane not in drain_state.rendered_ahead and drain_state.render_lock.locked():
        async with drain_state.render_lock:  # it may be among those that are rendered now
            pass
    step = drain_state.rendered_ahead.pop(attempts.lane, None)
    if (
        step is not None
        and drain_state.may_render_more
        and len(drain_state.rendered_ahead) < RENDER_MORE_BELOW
        and not drain_state.render_lock.locked()
    ):
        async with drain_state.render_lock:
            await _render_more(context, drain_state, step)
    return step or await next_step(context, attempts)


async def next_step(context: Context, attempts: LaneAttempts) -> Step | None:
    """What is to be done next in the lane; None: nothing now."""
    return await context.group_commit(claim, context.store, _claim_request(context, attempts))


def _claim_request(context: Context, attempts: LaneAttempts) -> Asking:
    return Asking(
        lane=attempts.lane,
        now=context.clock.now(),
        wall=context.clock.wall(),
        on_unclear=context.on_unclear,
        can_find=attempts.lane.platform in context.lookup_platforms,
        tried=frozenset(message for message, times in attempts.posts.items() if times >= MAX_POSTS),
    )


# -------------------------------------------------------------------------------------------------------------- render


async def render(context: Context, drain_state: DrainState, attempts: LaneAttempts) -> Step | None:
    """Renders the delivery that is next, and with it those that come soon in other lanes; the next step."""
    async with drain_state.render_lock:  # whoever waits here mostly finds theirs rendered with another's
        step = drain_state.rendered_ahead.pop(attempts.lane, None) or await next_step(context, attempts)
        if isinstance(step, Claim) and step.message is None:
            await _render_more(context, drain_state, step)
            step = drain_state.rendered_ahead.pop(attempts.lane, None) or await next_step(context, attempts)
    return step


async def _render_more(context: Context, drain_state: DrainState, step: Claim) -> None:
    found = await asyncio.to_thread(_render_ahead, context, step)
    drain_state.rendered_ahead |= found
    drain_state.may_render_more = bool(found)


def _render_ahead(context: Context, step: Claim) -> dict[Lane, Claim]:
    """Each lane's first message, which `begin` looks at once more."""
    deliveries = to_render(context.store, step, RENDER_BATCH, wall=context.clock.wall())
    rendered = [_rendered(context, seq, delivery) for seq, delivery in deliveries.items()]
    store_rendered(context.store, rendered, now=context.clock.now())
    return {
        (delivery := deliveries[one.seq]).chat.address.lane: Claim(
            seq=one.seq,
            delivery=delivery.id,
            chat_id=delivery.chat.id,
            address=delivery.chat.address,
            attempts=0,
            message=one.messages[0],
        )
        for one in rendered
        if one.messages
    }


def _rendered(context: Context, seq: int, delivery: Delivery) -> Rendered:
    try:
        return Rendered(seq=seq, messages=context.render_delivery(delivery, ()))
    except Exception as error:  # noqa: BLE001 - whatever is wrong with one delivery must not hold up the others
        log.error("Delivery %s cannot be rendered: %s: %s", delivery.id, type(error).__name__, error)
        reason = "No message could be made of it; this is a fault of paperwire, and the log says which."
        return Rendered(seq=seq, failure=reason)


# ---------------------------------------------------------------------------------------------------------------- post


async def post(context: Context, drain_state: DrainState, step: Claim, attempts: LaneAttempts) -> Step | None:
    """Posts one message and writes down at once what became of it; the next step of the lane.

    It is marked as begun only after the wait for its turn: what a crash finds begun may have been sent.
    """
    assert step.message is not None  # noqa: S101 - the caller looked
    lane = attempts.lane
    if not await _wait_for_send(context, lane, stays=attempts.has_posted(step)):
        return None
    slot = context.clock.monotonic()
    context.rate_limiter.record_send(lane, slot)
    if not await context.group_commit(mark_sending, context.store, step, wall=context.clock.wall()):
        return await next_step(context, attempts)
    if context.clock.monotonic() - slot > SLOT_TOLERANCE:
        await _wait_for_slot(context, lane)
        context.rate_limiter.record_send(lane, context.clock.monotonic())
    attempts.posts[step.seq, step.message.number] += 1
    channel = context.channels[lane.platform]
    try:
        platform_id = await channel.post(
            step.address, step.message, delivery=step.delivery, thread=step.thread, plain=step.plain
        )
    except NotDelivered as outcome:
        attempts.last_post_over_at = context.clock.monotonic()
        await _record_outcome(context, drain_state, step, outcome)
        return await next_step(context, attempts)
    return await _confirm(context, drain_state, step, platform_id, attempts)


async def _wait_for_send(context: Context, lane: Lane, *, stays: bool = False) -> bool:
    """Waits until one more message of the lane may go, first for the lane, then for the token. False: not in this call.

    The lane comes first: a slot of the token that waits for a lane would be gone when others need it. It is asked once
    more in the end, since an answer to a person may have gone there meanwhile, or the platform asked for silence.
    """
    while await _wait_for_lane(context, lane, stays=stays):
        await _wait_for_slot(context, lane)
        now = context.clock.monotonic()
        if context.rate_limiter.ready_at(lane, now) <= now:
            return not context.is_stopping()
    return False


async def _wait_for_lane(context: Context, lane: Lane, *, stays: bool) -> bool:
    """Waits for the lane's own pace. False: so long a wait that the lane is called again then, or that we are to stop.

    One that `stays` is looked after by this very call, which has posted before.
    """
    while (wait := context.rate_limiter.ready_at(lane, now := context.clock.monotonic()) - now) > 0:
        if token_is_paused(context, lane.platform):
            return False
        if wait > MAX_RATE_WAIT:
            wall = context.clock.wall()
            await context.group_commit(pause_lane, context.store, lane, wall=wall, until=wall + timedelta(seconds=wait))
            return False
        if wait > MAX_INLINE_WAIT and not stays:
            context.engine.wake([lane], not_before=context.clock.now() + timedelta(seconds=wait))
            return False
        await context.clock.sleep(wait)
    return not context.is_stopping()


def token_is_paused(context: Context, platform: str) -> bool:
    """Whether the platform wants nothing at all for so long that its lanes are better called again then."""
    return context.rate_limiter.pause_left(platform, context.clock.monotonic()) > MAX_RATE_WAIT


async def _wait_for_slot(context: Context, lane: Lane) -> None:
    """Takes a slot of the token and waits for it; one that a busy machine let pass is left, and another taken."""
    for _ in range(MAX_MISSED_SLOTS):
        start = await context.engine.reserve(lane.platform)
        wait = start - context.clock.monotonic()
        if wait > 0:
            await context.clock.sleep(wait)
        if context.clock.monotonic() - start <= SLOT_TOLERANCE:
            return


async def _confirm(
    context: Context, drain_state: DrainState, step: Claim, platform_id: str, attempts: LaneAttempts
) -> Step | None:
    papers, after = await _write_with_retry(
        context,
        lambda: context.group_commit(confirm, context.store, step, platform_id, _claim_request(context, attempts)),
    )
    if papers is not None:
        drain_state.sent += 1
        drain_state.papers += papers
    return after


async def _record_outcome(context: Context, drain_state: DrainState, step: Claim, outcome: NotDelivered) -> None:
    lane = step.address.lane
    now, wall = context.clock.now(), context.clock.wall()
    verdict = await _write_with_retry(
        context,
        lambda: context.group_commit(
            record_outcome, context.store, step, outcome, on_unclear=context.on_unclear, now=now, wall=wall
        ),
    )
    if isinstance(outcome, RetryLater) and outcome.after:
        second = context.clock.monotonic()
        context.rate_limiter.pause(lane, second + outcome.after.total_seconds(), second)
    if verdict.stop is not None:
        drain_state.stopped[sender_of(lane)] = outcome.reason
    if isinstance(outcome, ChatMoved):
        context.engine.wake([Lane(lane.platform, outcome.address)])
    if verdict.pause_chat:
        await _count_gone(context, drain_state, sender_of(lane), step.chat_id)


async def _write_with_retry(context: Context, write: Callable[[], Awaitable[T]]) -> T:
    """Stores what became of a try, and asks a database that is busy again: what is not stored comes twice."""
    began = context.clock.monotonic()
    said = False
    while True:
        try:
            return await write()
        except StoreError as error:
            if context.is_stopping() or context.clock.monotonic() - began > MAX_WRITE_RETRY:
                raise
            if not said:
                log.warning("What was sent cannot be written down yet: %s", error)
            said = True
        await context.clock.sleep(WRITE_RETRY_INTERVAL)


async def _count_gone(context: Context, drain_state: DrainState, sender: str, chat_id: int) -> None:
    """Many chats that are gone at once are a fault of ours or of the platform, not of the people in them."""
    gone = drain_state.gone_chats.setdefault(sender, set())
    gone.add(chat_id)
    tried = sum(sender_of(lane) == sender for lane in drain_state.lanes)
    if context.guard_gone and len(gone) > GONE_CHATS and len(gone) * GONE_SHARE > tried:
        reason = f"{len(gone)} of {tried} chats answered that the bot may not write there."
        await context.group_commit(stop_platform, context.store, sender, reason, sorted(gone), now=context.clock.now())
        drain_state.stopped[sender] = reason
        notice = SenderStopped(platform=sender, gone=len(gone), of=tried)
        told = await asyncio.to_thread(_notify_stopped, context, notice)
        drain_state.exempt.update(told)
        context.engine.wake([lane for lane in told if lane.platform in context.channels])


def _notify_stopped(context: Context, notice: SenderStopped) -> tuple[Lane, ...]:
    """Who runs the bot hears it on the very platform that stands still: that we may not write to them is not said."""
    admins = context.conversation.bot_info.admins if context.conversation else ()
    return notify_operators(context.store, admins, notice, now=context.clock.now())


# ------------------------------------------------------------------------------------------------ what was perhaps sent


async def must_post_again(context: Context, drain_state: DrainState, step: Claim, attempts: LaneAttempts) -> bool:
    """Settles a message that was perhaps sent, where the platform can be asked; True: it is to be posted again."""
    assert step.message is not None  # noqa: S101 - only messages can be unclear
    try:
        platform_id = await _look_up(context, step, attempts)
    except RetryLater as wait:
        wall = context.clock.wall()
        until = wall + max(wait.after, timedelta(seconds=1))
        await context.group_commit(pause_lane, context.store, step.address.lane, wall=wall, until=until)
        attempts.posts[step.seq, step.message.number] = MAX_POSTS
        return False
    except LookupError as error:
        return await _follow_policy(context, step, attempts, str(error))
    if platform_id is None:
        return True
    await _confirm(context, drain_state, step, platform_id, attempts)
    return False


async def _follow_policy(context: Context, step: Claim, attempts: LaneAttempts, reason: str) -> bool:
    """Nobody can tell whether it was sent: the operator's `on_unclear` decides."""
    assert step.message is not None  # noqa: S101 - only messages can be unclear
    key = (step.seq, step.message.number)
    if context.on_unclear == "skip":
        await context.group_commit(skip_unclear, context.store, step, reason)
        attempts.posts[key] = MAX_POSTS
        return False
    if attempts.posts[key] and not step.at_start:
        attempts.posts[key] = MAX_POSTS  # it had its try in this call; the wait of RetryLater comes first
        return False
    return True


async def _look_up(context: Context, step: Claim, attempts: LaneAttempts) -> str | None:
    """Asks the platform, no earlier than 2 s after the try was over, and once more 5 s after a miss.

    Nobody knows when within the try the platform took the message. A try of an earlier process was over before this
    call began.
    """
    assert step.message is not None  # noqa: S101 - only messages can be unclear
    channel = context.channels[step.address.platform]
    attempted = step.attempted_at or context.clock.wall()
    for wait in (attempts.last_post_over_at + FIRST_LOOKUP_DELAY - context.clock.monotonic(), SECOND_LOOKUP_DELAY):
        if wait > 0 and channel.platform in context.lookup_platforms:
            await context.clock.sleep(wait)
        found = await channel.find(
            step.address, step.message, delivery=step.delivery, after=attempted, thread=step.thread
        )
        if found is not None:
            return found
    return None


# ----------------------------------------------------------------------------------------------------------------- edit


async def edit(context: Context, drain_state: DrainState, step: Edit, attempts: LaneAttempts) -> Step | None:
    """Edits a message that should say something else by now; the next step. To edit twice changes nothing."""
    try:
        if not await _edit_message(context, step, attempts.lane):
            return None
    except NotDelivered as outcome:
        now, wall = context.clock.now(), context.clock.wall()
        if await context.group_commit(record_edit_outcome, context.store, step, outcome, now=now, wall=wall):
            drain_state.stopped[sender_of(attempts.lane)] = outcome.reason
        if not isinstance(outcome, Rejected):
            return None
    else:
        await context.group_commit(edit_done, context.store, step)
    return await next_step(context, attempts)


async def _edit_message(context: Context, step: Edit, lane: Lane) -> bool:
    """False: there is no turn for it in this call. Raises NotDelivered."""
    messages = await asyncio.to_thread(context.render_delivery, step.delivery, step.layout)
    if not 1 <= step.number <= len(messages):
        raise Rejected("The delivery has no such message any more.")
    if not await _wait_for_send(context, lane):
        return False
    context.rate_limiter.record_send(lane, context.clock.monotonic())
    channel, message = context.channels[lane.platform], messages[step.number - 1]
    await channel.edit(step.chat.address, step.platform_id, message, plain=step.plain)
    return True


async def deliver(wire: Context, run: DrainState, lane: Lane) -> None:
    """Sends what waits in one lane, in order, until there is nothing to do in it now; then edits what is out."""
    run.lanes.add(lane)
    if token_is_paused(wire, lane.platform):
        return
    turn = LaneAttempts(lane, wire.clock.monotonic())
    try:
        step = await first_step(wire, run, turn)
        while step is not None and not (wire.is_stopping() or run.store_failed or run.is_stopped(lane)):
            if isinstance(step, Edit):
                step = await edit(wire, run, step, turn)
            elif step.message is None:
                step = await render(wire, run, turn)
            elif step.unclear and not await must_post_again(wire, run, step, turn):
                step = await next_step(wire, turn)
            else:
                step = await post(wire, run, step, turn)
    except StoreError:
        run.store_failed = True
        raise
