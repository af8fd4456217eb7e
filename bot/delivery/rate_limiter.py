"""Waits until the rate limits allow one more message of a lane."""

from contextlib import suppress
from datetime import timedelta

from bot.context import Context, write_together
from subscriptions.errors import StoreError
from subscriptions.model import Lane
from subscriptions.store.claims import pause_lane

MAX_INLINE_WAIT = 0.2  # seconds; a lane that has to wait longer is rescheduled, and another lane runs
MAX_RATE_WAIT = 10.0  # seconds; only a platform asks for a longer wait, which is written to the store
SLOT_TOLERANCE = 0.03  # seconds; sends later than this after their slots could add up to more than the limit
MAX_MISSED_SLOTS = 3  # most slots that one send gives up, so that a machine that is always late still sends


async def wait_for_send(context: Context, lane: Lane, *, stays: bool = False) -> bool:
    """Waits for the rate limits of the lane, then of its token. Returns False if nothing may be sent in this call.

    The lane comes first, because a slot of the token would be lost during a wait for the lane. The lane's limit is checked
    again at the end, because an answer may have been sent there or the lane may have been paused meanwhile.
    """
    while await _wait_for_lane(context, lane, stays=stays):
        await wait_for_slot(context, lane)
        now = context.clock.monotonic()
        if context.rate_limiter.ready_at(lane, now) <= now:
            return not context.is_stopping()
    return False


async def _wait_for_lane(context: Context, lane: Lane, *, stays: bool) -> bool:
    """Waits for the lane's rate limit. Returns False if the lane was rescheduled or paused, or the process stops.

    `stays`: waits up to MAX_RATE_WAIT instead of rescheduling the lane.
    """
    with suppress(StoreError):  # the last count is good enough
        await context.engine.count_others(lane)
    while (wait := context.rate_limiter.ready_at(lane, now := context.clock.monotonic()) - now) > 0:
        if token_is_paused(context, lane.platform):
            return False
        if wait > MAX_RATE_WAIT:
            wall = context.clock.wall()
            await write_together(pause_lane, context.store, lane, wall=wall, until=wall + timedelta(seconds=wait))
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
    """Reserves a slot of the token and waits for it. If the slot was missed, reserves another one."""
    for _ in range(MAX_MISSED_SLOTS):
        start = await context.engine.reserve(lane.platform)
        if token_is_paused(context, lane.platform):
            return
        wait = start - context.clock.monotonic()
        if wait > 0:
            await context.clock.sleep(wait)
        if context.clock.monotonic() - start <= SLOT_TOLERANCE:
            return
