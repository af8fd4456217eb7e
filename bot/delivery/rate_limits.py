"""Waits for the rate limits of a lane and of its token: how long here, and from when on the lane is put off."""

from datetime import timedelta

from bot.dependencies import Dependencies
from subscriptions.model import Lane
from subscriptions.store import claims

MAX_INLINE_WAIT = 0.2  # seconds; a lane that has to wait longer is rescheduled, and another lane runs
MAX_RATE_WAIT = 10.0  # seconds; a longer wait, which only a platform demands, is written to the store
SLOT_TOLERANCE = 0.03  # seconds that a send may start after its slot; if many were later, they could exceed the limit
MAX_MISSED_SLOTS = 3  # slots that one send may miss; after that it is sent anyway, since the machine is slow


async def wait_for_send(deps: Dependencies, lane: Lane, *, stays: bool = False) -> bool:
    """Waits for the rate limits of the lane, then of its token. Returns False if nothing may be sent in this call.

    This waits for the lane first, because a slot of the token would be lost during a wait for the lane. At the end it
    checks the lane's limit again, because meanwhile a reply may have been sent in the lane, or the platform may have
    demanded a pause.
    """
    while await _wait_for_lane(deps, lane, stays=stays):
        await wait_for_slot(deps, lane)
        now = deps.clock.monotonic()
        if deps.rate_limiter.ready_at(lane, now) <= now:
            return not deps.is_stopping()
    return False


async def _wait_for_lane(deps: Dependencies, lane: Lane, *, stays: bool) -> bool:
    """Waits for the lane's rate limit. Returns False if the lane was rescheduled or paused, or the process stops.

    With `stays`, waits up to MAX_RATE_WAIT here instead of rescheduling the lane.
    """
    while (wait := deps.rate_limiter.ready_at(lane, now := deps.clock.monotonic()) - now) > 0:
        if token_is_paused(deps, lane.platform):
            return False
        if wait > MAX_RATE_WAIT:
            wall = deps.clock.wall()
            await deps.store.run(claims.pause_lane, lane, wall=wall, until=wall + timedelta(seconds=wait))
            return False
        if wait > MAX_INLINE_WAIT and not stays:
            deps.engine.wake([lane], not_before=deps.clock.now() + timedelta(seconds=wait))
            return False
        await deps.clock.sleep(wait)
    return not deps.is_stopping()


def token_is_paused(deps: Dependencies, platform: str) -> bool:
    """Returns whether the whole token is paused for more than MAX_RATE_WAIT from now."""
    return deps.rate_limiter.pause_left(platform, deps.clock.monotonic()) > MAX_RATE_WAIT


async def wait_for_slot(deps: Dependencies, lane: Lane) -> None:
    """Reserves a slot of the token and waits until it begins. If the slot was missed, reserves another one."""
    for _ in range(MAX_MISSED_SLOTS):
        start = await deps.engine.reserve(lane.platform)
        if token_is_paused(deps, lane.platform):
            return
        wait = start - deps.clock.monotonic()
        if wait > 0:
            await deps.clock.sleep(wait)
        if deps.clock.monotonic() - start <= SLOT_TOLERANCE:
            return
