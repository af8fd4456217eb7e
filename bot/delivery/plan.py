"""Plans what is due."""

import asyncio

from bot.context.dependencies import Context
from bot.delivery.drain_state import DrainState
from subscriptions.service.outbox import recent_sends
from subscriptions.service.planner import plan_due


async def plan(wire: Context, run: DrainState) -> None:
    """Writes down what every chat is to get now, and wakes their lanes."""
    lanes = await asyncio.to_thread(plan_due, wire.store, now=wire.clock.now(), enough=wire.is_stopping)
    run.planned += len(lanes)
    wire.engine.wake([lane for lane in lanes if lane.platform in wire.channels])


def seed_pace(wire: Context) -> None:
    """What was sent just before this process started counts against the platform's limits, too."""
    wall, second = wire.clock.wall(), wire.clock.monotonic()
    for platform in wire.channels:
        sends = recent_sends(wire.store, platform, wall=wall)
        wire.rate_limiter.record_earlier_sends(
            [(lane, second - (wall - at).total_seconds()) for lane, at in sends], second
        )
