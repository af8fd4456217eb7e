"""Plans the deliveries that are due, and counts earlier sends against the rate limits."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager

from bot.context.dependencies import Context
from bot.context.writing import do_steps, write
from bot.delivery.drain_state import DrainState
from bot.ports.clock import Clock
from bot.ports.measurements import PlanMade
from subscriptions.notices.operations import ClockWasWrong
from subscriptions.service.notices import notify_operators
from subscriptions.service.outbox import recent_sends
from subscriptions.service.planner import move_far_moments, plan_slices

log = logging.getLogger("paperwire")


async def plan(
    context: Context, drain_state: DrainState, *, planned: Callable[[], Awaitable[None]] | None = None
) -> None:
    """Plans the deliveries that are due in all chats, a slice after the other, and wakes the lanes of each.

    `planned` is awaited after each slice, so that the first messages go out while the last are planned: of a hundred thousand
    chats that is half a minute later.
    """
    await _move_far_moments(context)
    watch, began, deliveries = _Stopwatch(context.clock), context.clock.monotonic(), 0
    slices = plan_slices(context.store, now=context.clock.now(), enough=context.is_stopping, matching=watch.running)
    while (one := await asyncio.to_thread(next, slices, None)) is not None:
        lanes = await do_steps(one, context.store)
        deliveries += len(lanes)
        drain_state.planned += len(lanes)
        context.engine.deliveries_stored([lane for lane in lanes if lane.platform in context.channels])
        if lanes and planned is not None:
            await planned()
    seconds = context.clock.monotonic() - began
    context.observe(PlanMade(deliveries=deliveries, seconds=seconds, matching_seconds=watch.seconds))


async def _move_far_moments(context: Context) -> None:
    """Computes due moments again that a wrong clock put off too far, and reports it to the log and the operators."""
    now = context.clock.now()
    if moved := await do_steps(move_far_moments(context.store, now=now), context.store):
        log.warning("The clock was wrong: %d subscriptions were due too late, and are due at their times again.", moved)
        admins = context.conversation.bot_info.admins if context.conversation else ()
        lanes = await write(notify_operators, context.store, admins, ClockWasWrong(count=moved), now=now)
        context.engine.deliveries_stored([lane for lane in lanes if lane.platform in context.channels])


def seed_rate_limiter(context: Context) -> None:
    """Counts the sends that earlier processes began in the last minute against the rate limits."""
    now, wall, second = context.clock.now(), context.clock.wall(), context.clock.monotonic()
    for platform in context.channels:
        earlier = recent_sends(context.store, platform, now=now, wall=wall)
        bulk = [(send.lane, second - send.ago.total_seconds()) for send in earlier if not send.is_answer]
        answers = [(send.lane, second - send.ago.total_seconds()) for send in earlier if send.is_answer]
        context.rate_limiter.record_earlier_sends(bulk, answers, second)


class _Stopwatch:
    """Adds up the seconds that pass within `running`."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.seconds = 0.0

    @contextmanager
    def running(self) -> Iterator[None]:
        began = self._clock.monotonic()
        try:
            yield
        finally:
            self.seconds += self._clock.monotonic() - began
