"""Settles messages that were perhaps sent: by asking the platform, else by the operator's `on_unclear`."""

from datetime import timedelta

from bot.context.dependencies import Context
from bot.delivery.claiming import MAX_POSTS
from bot.delivery.drain_state import DrainState, LaneAttempts
from bot.delivery.outcomes import confirm_sent
from subscriptions.errors import RetryLater
from subscriptions.service.outbox import pause_lane, skip_unclear
from subscriptions.store import Claim

FIRST_LOOKUP_DELAY = 2.0  # seconds after which a platform's history should hold a message; undocumented, so rather long
SECOND_LOOKUP_DELAY = 5.0  # only a second miss proves that the message was not sent


async def must_post_again(context: Context, drain_state: DrainState, step: Claim, attempts: LaneAttempts) -> bool:
    """Whether an unclear message is to be posted again. If the platform has the message, confirms it."""
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
    await confirm_sent(context, drain_state, step, platform_id, attempts)
    return False


async def _follow_policy(context: Context, step: Claim, attempts: LaneAttempts, reason: str) -> bool:
    """Whether `on_unclear` has a message posted again of which nobody can tell whether it was sent."""
    assert step.message is not None  # noqa: S101 - only messages can be unclear
    key = (step.seq, step.message.number)
    if context.on_unclear == "skip":
        await context.group_commit(skip_unclear, context.store, step, reason)
        attempts.posts[key] = MAX_POSTS
        return False
    if attempts.posts[key] and not step.at_start:
        attempts.posts[key] = MAX_POSTS  # it was posted in this call; the wait of RetryLater comes first
        return False
    return True


async def _look_up(context: Context, step: Claim, attempts: LaneAttempts) -> str | None:
    """The platform's id of the message; None if it was not sent. Raises RetryLater, LookupError.

    Asks no earlier than FIRST_LOOKUP_DELAY after the post had ended, because the platform may have accepted the message
    at any moment of the post, and again SECOND_LOOKUP_DELAY after a miss. A post of an earlier process had ended before
    this call began.
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
