"""Plans the deliveries that are due, and counts earlier sends against the rate limits."""

import asyncio

from bot.context.dependencies import Context
from bot.delivery.drain_state import DrainState
from subscriptions.service.outbox import recent_sends
from subscriptions.service.planner import plan_due


async def plan(context: Context, drain_state: DrainState) -> None:
    """Plans the deliveries that are due in all chats, and wakes their lanes."""
    lanes = await asyncio.to_thread(plan_due, context.store, now=context.clock.now(), enough=context.is_stopping)
    drain_state.planned += len(lanes)
    context.engine.wake([lane for lane in lanes if lane.platform in context.channels])


def seed_rate_limiter(context: Context) -> None:
    """Counts the sends that earlier processes began in the last minute against the rate limits."""
    now, wall, second = context.clock.now(), context.clock.wall(), context.clock.monotonic()
    for platform in context.channels:
        earlier = recent_sends(context.store, platform, now=now, wall=wall)
        bulk = [(send.lane, second - send.ago.total_seconds()) for send in earlier if not send.is_answer]
        answers = [(send.lane, second - send.ago.total_seconds()) for send in earlier if send.is_answer]
        context.rate_limiter.record_earlier_sends(bulk, answers, second)
