"""Plans what is due."""

import asyncio

from bot.context.dependencies import Wire
from bot.delivery.drain_state import Run
from subscriptions import plan_due, recent_sends


async def plan(wire: Wire, run: Run) -> None:
    """Writes down what every chat is to get now, and wakes their lanes."""
    lanes = await asyncio.to_thread(plan_due, wire.store, now=wire.clock.now(), enough=wire.stopping)
    run.planned += len(lanes)
    wire.engine.nudge([lane for lane in lanes if lane.platform in wire.channels])


def seed_pace(wire: Wire) -> None:
    """What was sent just before this process started counts against the platform's limits, too."""
    wall, second = wire.clock.wall(), wire.clock.monotonic()
    for platform in wire.channels:
        sends = recent_sends(wire.store, platform, wall=wall)
        wire.pace.seed([(lane, second - (wall - at).total_seconds()) for lane, at in sends], second)
