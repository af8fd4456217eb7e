"""Sends the messages of one lane in order, looks for unclear ones, and stops when too many chats are gone.

If it is unclear whether a message was sent, a look-up on the platform decides what to do. If the platform cannot tell,
the setting `on_unclear` decides.
"""

import asyncio
import logging
import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from bot.delivery.drain import Drain
from bot.dependencies import Dependencies, until_stored
from bot.errors import error_location
from bot.ports import measurements
from subscriptions import errors
from subscriptions.addresses import facts_of
from subscriptions.model import Delivery, Lane
from subscriptions.notices import Notice, paused
from subscriptions.planning.retries import OnUnclear
from subscriptions.service import sending
from subscriptions.service.findings import sending_stopped
from subscriptions.service.notifying import notify_operators
from subscriptions.states import MessageState
from subscriptions.store import claims, stored_deliveries

log = logging.getLogger("paperwire")

RENDER_BATCH = 40  # deliveries rendered together; they are sent within two seconds, so changed settings apply soon
PATIENCE = 10.0  # seconds; if a platform demands a longer pause, the lane ends, and runs again at a later tick
LONGEST_WAIT = 0.2  # seconds; a lane that its own limits make wait longer rests, and another lane runs
REPLY_SECONDS = 0.5  # for which a lane rests while a reply is posted there, which may take minutes
MAX_POSTS = 3  # posts of one message in one call of `deliver`; a message that is still unclear waits for the next call
# seconds from a mark on in which its post must begin, since another process may have the role after that
STANDSTILL = 2.0
MOST_POSTS = 20  # posts in one call of `deliver`
LONGEST_TURN = 10.0  # seconds after which a call of `deliver` begins no further post


@dataclass(slots=True)
class LaneAttempts:
    """The posts that one call of `deliver` has made in its lane."""

    lane: Lane
    last_post_over_at: float  # monotonic second when the last post of this lane had surely ended
    posts: Counter[tuple[int, int]] = field(default_factory=Counter)  # (delivery, message) -> posts in this call


async def deliver(deps: Dependencies, drain: Drain, lane: Lane) -> float:
    """Sends the messages of one lane in their order, until nothing is left to do now.

    Returns after how many seconds the lane can go on, if its limits make it wait; otherwise 0. If this takes long, it
    ends early and wakes the lane again, so that other lanes have their turn.
    """
    if deps.pace.token_pause_left(lane.platform) > PATIENCE:
        return 0.0
    began = deps.clock.monotonic()
    attempts = LaneAttempts(lane, began)
    try:
        step = await next_step(deps, attempts)
        while step is not None and not (deps.is_stopping() or drain.store_failed or drain.is_stopped(lane)):
            if attempts.posts.total() >= MOST_POSTS or deps.clock.monotonic() - began >= LONGEST_TURN:
                drain.wake([lane])
                return 0.0
            if isinstance(step, claims.Unrendered):
                step = await _render(deps, drain, step, attempts)
            elif step.unclear and not await must_post_again(deps, drain, step, attempts):
                step = await next_step(deps, attempts)
            elif deps.pace.pause_left(lane) > PATIENCE:
                return 0.0
            elif deps.pace.posting(lane).locked():
                return REPLY_SECONDS
            elif (wait := deps.pace.wait_of_lane(lane)) > LONGEST_WAIT:
                return wait
            else:
                step = await _post(deps, drain, step, attempts)
    except errors.StoreError:
        drain.store_failed = True
        raise
    return 0.0


async def _post(deps: Dependencies, drain: Drain, step: claims.Claim, attempts: LaneAttempts) -> claims.Step | None:
    """Posts one message, while nothing else is posted in its lane, and writes the outcome.

    Returns the lane's next step.

    The message is marked as sending only after the wait for the limits, because after a crash a marked message counts
    as perhaps sent.
    """
    lane = attempts.lane
    async with deps.pace.posting(lane):
        if not await deps.pace.slot(lane, patience=PATIENCE) or deps.is_stopping():
            return None
        began, wall = deps.clock.monotonic(), deps.clock.wall()
        if not await deps.store.run(claims.mark_sending, step, wall=wall):
            following = await next_step(deps, attempts)
            return None if following == step else following  # a message of this lane is still marked as being sent
        if deps.clock.monotonic() - began > STANDSTILL:
            await deps.store.run(claims.take_mark_back, step, wall=wall)
            return await next_step(deps, attempts)
        attempts.posts[step.seq, step.message.number] += 1
        deps.pace.begins(lane)
        try:
            with measurements.post_counted(lane.platform, "delivery"):
                platform_id = await deps.channels[lane.platform].post(
                    step.address, step.message, delivery=step.delivery, thread=step.thread, plain=step.plain
                )
        except errors.NotDelivered as outcome:
            attempts.last_post_over_at = deps.clock.monotonic()
            await record_failure(deps, drain, step, outcome)
            return await next_step(deps, attempts)
        return await confirm_sent(deps, drain, step, platform_id, attempts)


async def next_step(deps: Dependencies, attempts: LaneAttempts) -> claims.Step | None:
    """Claims and returns the next step of the lane; None if there is nothing to do now."""
    return await deps.store.run(claims.claim, claim_request(deps, attempts))


def claim_request(deps: Dependencies, attempts: LaneAttempts) -> claims.ClaimRequest:
    """Returns the arguments of `claim` for this call."""
    return claims.ClaimRequest(
        lane=attempts.lane,
        now=deps.clock.now(),
        on_unclear=deps.on_unclear,
        can_find=facts_of(attempts.lane.platform).can_look_up,
        posted=frozenset(attempts.posts),
        tried=frozenset(message for message, times in attempts.posts.items() if times >= MAX_POSTS),
    )


async def _render(
    deps: Dependencies, drain: Drain, step: claims.Unrendered, attempts: LaneAttempts
) -> claims.Step | None:
    """Renders the lane's next delivery together with those of other lanes. Returns the lane's next step."""
    if drain.rendering.locked():  # another lane may render this one, too
        async with drain.rendering:
            return await next_step(deps, attempts)
    async with drain.rendering:
        deliveries = await deps.store.run(stored_deliveries.to_render, step, RENDER_BATCH)
        rendered = await asyncio.to_thread(lambda: [_rendered(deps, seq, one) for seq, one in deliveries.items()])
        return await deps.store.run(stored_deliveries.store_rendered, rendered, claim_request(deps, attempts))


def _rendered(deps: Dependencies, seq: int, delivery: Delivery) -> stored_deliveries.Rendered:
    try:
        return stored_deliveries.Rendered(seq=seq, messages=deps.render_delivery(delivery))
    except errors.StoreError:
        raise
    except Exception as error:  # noqa: BLE001 - an error in one delivery must not stop the others
        fields = {"delivery": delivery.id, "chat": str(delivery.chat.address)}
        log.error("Delivery %s cannot be rendered: %s", delivery.id, error_location(error), extra=fields)
        reason = "No message could be made of it; this is a fault of paperwire, and the log says which."
        return stored_deliveries.Rendered(seq=seq, failure=reason)


FIRST_LOOKUP_DELAY = 2.0  # seconds until a platform's history should contain a message; undocumented, so rather long
SECOND_LOOKUP_DELAY = 5.0  # seconds until the second look-up; if both find nothing, the message was not sent
LOOKUP_RETRY = timedelta(seconds=15)  # after a look-up that got no answer


async def must_post_again(deps: Dependencies, drain: Drain, step: claims.Claim, attempts: LaneAttempts) -> bool:
    """Returns whether an unclear message must be posted again because the platform cannot tell whether it was sent.

    If the platform can tell, marks the message as sent or as ready; if it does not answer now, pauses the lane.
    """
    assert step.unclear_since is not None  # noqa: S101 - every unclear message has this time
    try:
        platform_id = await _look_up(deps, step, attempts, after=step.unclear_since)
    except errors.RetryLater as wait:
        await deps.store.run(claims.postpone, step, deps.clock.now() + max(wait.after, LOOKUP_RETRY))
        attempts.posts[step.seq, step.message.number] = MAX_POSTS
        return False
    except errors.SenderStopped as outcome:
        drain.stopped[step.address.lane.platform] = outcome.reason
        attempts.posts[step.seq, step.message.number] = MAX_POSTS
        return False
    except LookupError as error:
        if step.was_repeated and _policy(deps, step) == "once":
            # an earlier process was broken off while it posted the message for the second time
            await record_failure(deps, drain, step, errors.Unclear(str(error)))
            return False
        return await _follow_policy(deps, step, attempts, str(error))
    if platform_id is None:
        await deps.store.run(claims.record_not_found, step, now=deps.clock.now())
    else:
        await confirm_sent(deps, drain, step, platform_id, attempts)
    return False


def _policy(deps: Dependencies, step: claims.Claim) -> OnUnclear:
    """Returns what happens to a message of this platform that may have arrived."""
    if deps.on_unclear == "resend" and deps.channels[step.address.platform].repeats_once:
        return "once"
    return deps.on_unclear


async def _follow_policy(deps: Dependencies, step: claims.Claim, attempts: LaneAttempts, reason: str) -> bool:
    """Returns whether a message must be posted again according to `on_unclear`; if not, lets it wait."""
    if deps.on_unclear != "skip" and not step.waits:
        return True
    # The message waits for its next attempt. With `skip` there is none: only the next start of the program looks it up.
    await deps.store.run(claims.give_up_lookup, step, reason)
    attempts.posts[step.seq, step.message.number] = MAX_POSTS
    return False


async def _look_up(deps: Dependencies, step: claims.Claim, attempts: LaneAttempts, *, after: datetime) -> str | None:
    """Returns the platform's id of the message; None if it was not sent. Raises RetryLater, SenderStopped, LookupError.

    `after` is the moment when the first of the posts that may have arrived began. The first look-up is made
    FIRST_LOOKUP_DELAY after the end of the last post, because the platform may have accepted the message at the last
    moment. If the first look-up finds nothing, a second one is made SECOND_LOOKUP_DELAY later. If an earlier process
    posted the message, the start of this call of `deliver` counts as the end of that post.
    """
    channel = deps.channels[step.address.platform]
    for wait in (attempts.last_post_over_at + FIRST_LOOKUP_DELAY - deps.clock.monotonic(), SECOND_LOOKUP_DELAY):
        if wait > 0 and facts_of(channel.platform).can_look_up:
            await deps.clock.sleep(wait)
        found = await channel.find(step.address, step.message, delivery=step.delivery, after=after, thread=step.thread)
        if found is not None:
            return found
    return None


# A sender stops if more than ten chats, and more than a fifth of its lanes in a drain, are gone (architecture.md, rule 11)
GONE_CHATS, GONE_SHARE = 10, 5


async def confirm_sent(
    deps: Dependencies, drain: Drain, step: claims.Claim, platform_id: str, attempts: LaneAttempts
) -> claims.Step | None:
    """Stores that a message was sent. Returns the next step of the lane."""
    papers, after = await until_stored(deps, claims.confirm, step, platform_id, claim_request(deps, attempts))
    _log(step, "sent", logging.DEBUG)
    if papers is not None:
        drain.sent += 1
        drain.papers += papers
    return after


async def record_failure(deps: Dependencies, drain: Drain, step: claims.Claim, outcome: errors.NotDelivered) -> None:
    """Stores why a message was not delivered.

    Depending on the reason, pauses the lane, stops the sender or wakes a lane.
    """
    lane = step.address.lane
    decision = await until_stored(
        deps, sending.record_outcome, step, outcome, on_unclear=_policy(deps, step), now=deps.clock.now()
    )
    is_usual = isinstance(outcome, errors.RetryLater | errors.SenderStopped)
    level = logging.WARNING if decision.state is MessageState.DEAD else logging.DEBUG if is_usual else logging.INFO
    _log(step, measurements.outcome_name(outcome), level)
    if isinstance(outcome, errors.RetryLater) and outcome.after:
        deps.pace.pause(lane, outcome.after.total_seconds())
    if decision.stops_sender:
        drain.stopped[lane.platform] = outcome.reason
    if isinstance(outcome, errors.ChatMoved):
        drain.wake([Lane(lane.platform, outcome.address)])
    if decision.pause_chat:
        if isinstance(outcome, errors.ChatGone) and outcome.in_doubt:
            drain.wake(await tell_operators(deps, paused(str(step.address), step.address, outcome.pause_reason)))
        await _count_gone(deps, drain, lane.platform, step.chat_id)


def _log(step: claims.Claim, outcome: str, level: int) -> None:
    """Logs the outcome of an attempt, without the platform's error text, which may quote the message.

    Successes, and failures that affect all messages of a platform, are logged only at the level DEBUG.
    """
    said = "A message was sent" if outcome == "sent" else f"A message was not sent ({outcome})"
    fields = {"delivery": step.delivery, "chat": str(step.address)}
    log.log(level, "%s: delivery=%s chat=%s worker=%d", said, *fields.values(), os.getpid(), extra=fields)


async def _count_gone(deps: Dependencies, drain: Drain, platform: str, chat_id: int) -> None:
    """Counts a chat as gone. If so many are gone that the cause must be the bot or the platform, stops the platform."""
    gone = drain.gone_chats.setdefault(platform, set())
    gone.add(chat_id)
    tried = sum(lane.platform == platform for lane in drain.lanes)
    if deps.guard_gone and len(gone) > GONE_CHATS and len(gone) * GONE_SHARE > tried:
        reason = f"{len(gone)} of {tried} chats answered that the bot may not write there."
        await until_stored(deps, sending.stop_platform, platform, reason, sorted(gone), now=deps.clock.now())
        drain.stopped[platform] = reason
        # Operators on the stopped platform are also notified, since the bot may still be able to reach them.
        finding = sending_stopped(platform, reason, gone=len(gone), of=tried)
        told = await tell_operators(deps, finding.notice())
        drain.exempt.update(told)
        drain.wake(told)


async def tell_operators(deps: Dependencies, notice: Notice) -> Sequence[Lane]:
    """Tells the operators. Returns the lanes in which they hear of it."""
    lanes = await deps.store.run(notify_operators, deps.conversation.bot_info.admins, notice, now=deps.clock.now())
    return [lane for lane in lanes if lane.platform in deps.channels]
