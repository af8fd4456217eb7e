"""Waits until the rate limits let one more message of a lane go."""

from datetime import timedelta

from bot.context.dependencies import Context
from subscriptions.model import Lane
from subscriptions.service.outbox import pause_lane

MAX_INLINE_WAIT = 0.2  # seconds: a lane that has to wait longer gives its place to another lane
MAX_RATE_WAIT = 10.0  # seconds: only the platform asks for a longer wait, and the store keeps that
SLOT_TOLERANCE = 0.03  # seconds; sends that are later than their slots would bunch up beyond the platform's limit
MAX_MISSED_SLOTS = 3  # slots that one send may miss: a machine that is always late still sends


async def wait_for_send(context: Context, lane: Lane, *, stays: bool = False) -> bool:
    """Waits for the limits of the lane, then of its token. Returns False if nothing may be sent in this call.

    The lane comes first, since a slot of the token is lost while its holder waits for the lane. The lane's limit is
    checked again at the end: meanwhile an answer may have been sent there, or the platform asked for a pause.
    """
    while await _wait_for_lane(context, lane, stays=stays):
        await wait_for_slot(context, lane)
        now = context.clock.monotonic()
        if context.rate_limiter.ready_at(lane, now) <= now:
            return not context.is_stopping()
    return False


async def _wait_for_lane(context: Context, lane: Lane, *, stays: bool) -> bool:
    """Waits for the lane's rate limit. Returns False if the lane was rescheduled or we are stopping.

    With `stays` it waits here up to MAX_RATE_WAIT, since this call has posted the message before.
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
    """Whether the platform asked the whole token to pause for longer than MAX_RATE_WAIT."""
    return context.rate_limiter.pause_left(platform, context.clock.monotonic()) > MAX_RATE_WAIT


async def wait_for_slot(context: Context, lane: Lane) -> None:
    """Reserves a slot of the token and waits for it. A slot that a busy machine missed is given up for another one."""
    for _ in range(MAX_MISSED_SLOTS):
        start = await context.engine.reserve(lane.platform)
        wait = start - context.clock.monotonic()
        if wait > 0:
            await context.clock.sleep(wait)
        if context.clock.monotonic() - start <= SLOT_TOLERANCE:
            return
