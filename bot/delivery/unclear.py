"""Decides about messages that were perhaps sent: by a look-up on the platform, else by the setting `on_unclear`."""

from datetime import datetime, timedelta

from bot.context.dependencies import Context
from bot.context.writing import write_together
from bot.delivery.claiming import MAX_POSTS
from bot.delivery.drain_state import DrainState, LaneAttempts
from bot.delivery.outcomes import confirm_sent
from subscriptions.errors import RetryLater, SenderStopped
from subscriptions.platforms import sender_of
from subscriptions.service.outbox import give_up_lookup, pause_lane, record_not_found
from subscriptions.store import Claim

FIRST_LOOKUP_DELAY = 2.0  # seconds until a platform's history should hold a message; undocumented, so rather long
SECOND_LOOKUP_DELAY = 5.0  # seconds until the second look-up; a message that neither finds counts as not sent
SHORTEST_PAUSE, LONGEST_PAUSE = timedelta(seconds=1), timedelta(minutes=1)  # after a look-up without an answer


async def must_post_again(context: Context, drain_state: DrainState, step: Claim, attempts: LaneAttempts) -> bool:
    """Returns whether a message that stays unclear must be posted again.

    If the platform can tell, this marks the message as sent or ready, or lets it wait.
    """
    assert step.message is not None  # noqa: S101 - only messages can be unclear
    assert step.unclear_since is not None  # noqa: S101 - the first post that may have arrived began at some moment
    try:
        platform_id = await _look_up(context, step, attempts, after=step.unclear_since)
    except RetryLater as wait:
        wall = context.clock.wall()
        until = wall + _pause(wait.after, wall - step.unclear_since)
        await write_together(pause_lane, context.store, step.address.lane, wall=wall, until=until)
        attempts.posts[step.seq, step.message.number] = MAX_POSTS
        return False
    except SenderStopped as outcome:
        drain_state.stopped[sender_of(step.address.lane)] = outcome.reason
        attempts.posts[step.seq, step.message.number] = MAX_POSTS
        return False
    except LookupError as error:
        return await _follow_policy(context, step, attempts, str(error))
    if platform_id is None:
        await write_together(record_not_found, context.store, step, now=context.clock.now())
    else:
        await confirm_sent(context, drain_state, step, platform_id, attempts)
    return False


def _pause(asked: timedelta, unclear_for: timedelta) -> timedelta:
    """Returns the wait of a lane after a look-up without an answer. It grows with the time without one."""
    return max(asked, SHORTEST_PAUSE, min(unclear_for / 4, LONGEST_PAUSE))


async def _follow_policy(context: Context, step: Claim, attempts: LaneAttempts, reason: str) -> bool:
    """Returns whether `on_unclear` posts a message again, if the platform cannot tell whether it was sent."""
    assert step.message is not None  # noqa: S101 - only messages can be unclear
    if context.on_unclear == "resend" and (step.at_start or not step.waits):
        return True
    # until the next attempt; with `skip` there is none, and only a start looks it up again
    await write_together(give_up_lookup, context.store, step, reason)
    attempts.posts[step.seq, step.message.number] = MAX_POSTS
    return False


async def _look_up(context: Context, step: Claim, attempts: LaneAttempts, *, after: datetime) -> str | None:
    """Returns the platform's id of the message; None if it was not sent. Raises RetryLater, SenderStopped, LookupError.

    `after` is when the first post began that may have arrived. The first look-up comes FIRST_LOOKUP_DELAY after the end
    of the last post, because the platform may have accepted the message at any moment of it; the second one
    SECOND_LOOKUP_DELAY after a miss. A post of an earlier process had ended before this call of `deliver` began.
    """
    assert step.message is not None  # noqa: S101 - only messages can be unclear
    channel = context.channels[step.address.platform]
    for wait in (attempts.last_post_over_at + FIRST_LOOKUP_DELAY - context.clock.monotonic(), SECOND_LOOKUP_DELAY):
        if wait > 0 and channel.platform in context.lookup_platforms:
            await context.clock.sleep(wait)
        found = await channel.find(step.address, step.message, delivery=step.delivery, after=after, thread=step.thread)
        if found is not None:
            return found
    return None
