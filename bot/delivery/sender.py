"""The engine and sender of one process, which plans and sends: lanes at once, how long they may take after SIGTERM, whose bot the store is.

The process that holds the sender lock plans deliveries and sends them. The engine runs woken lanes concurrently in
asyncio tasks.
"""

import asyncio
import heapq
import logging
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from itertools import count
from typing import Any
from weakref import WeakValueDictionary

from bot.delivery import rate_limits, sender_lock
from bot.delivery.lane_sender import DrainState, deliver
from bot.dependencies import Dependencies
from bot.platform import Platform
from bot.ports import channel, engine, measurements
from bot.ports.rate_limiter import RateLimiter
from subscriptions.errors import NotDelivered, StoreError
from subscriptions.model import Lane
from subscriptions.service import retention, sending
from subscriptions.service.plan import plan_slices
from subscriptions.store.database.store import Store
from subscriptions.store.open_lanes import lanes
from subscriptions.store.outbox import outbox_counts
from subscriptions.store.platform_states import stopped_platforms

# most lanes of one platform that run at the same time; a limit per platform, so that none waits for another
CONCURRENCY = 10
MAX_SLEEP = 0.2  # seconds until `run` checks again whether rests have ended
log = logging.getLogger("paperwire")
SHUTDOWN_GRACE = 22.0  # seconds to finish running calls after SIGTERM; a call to a platform takes at most 20


class EmbeddedEngine:
    """See Engine. Lanes of a platform run in the order of their wakes. A lane woken with `not_before` rests until then.

    A lane keeps its place in that order during a rest.
    """

    def __init__(
        self,
        clock: channel.Clock,
        rate_limiter: RateLimiter,
        *,
        concurrency: int = CONCURRENCY,
        stopping: Callable[[], bool] = lambda: False,
    ) -> None:
        self._clock = clock
        self._rate_limiter = rate_limiter
        self._concurrency = concurrency
        self._stopping = stopping
        self._order = count()
        self._places: dict[Lane, int] = {}  # lane that waits, runs or rests -> its place; the lowest place runs first
        # platform -> a heap of (place, lane)
        self._waiting: defaultdict[str, list[tuple[int, Lane]]] = defaultdict(list)
        self._resting: list[tuple[float, int, Lane]] = []  # a heap of (monotonic end of the rest, place, lane)
        self._running: set[Lane] = set()
        self._rerun_at: dict[Lane, float] = {}  # running lane that must run again -> from which monotonic second
        self._changed = asyncio.Event()
        self._posting: WeakValueDictionary[Lane, asyncio.Lock] = WeakValueDictionary()

    def wake(self, lanes: Sequence[Lane], *, not_before: datetime | None = None) -> None:
        """See Engine. With `not_before`, the lanes rest until then; a further wake does not shorten the rest."""
        now = second = self._clock.monotonic()
        if not_before is not None:
            second += max(0.0, (not_before - self._clock.now()).total_seconds())
        for lane in lanes:
            if lane in self._running:
                self._rerun_at[lane] = max(second, self._rerun_at.get(lane, second))
            elif lane not in self._places:
                self._queue(lane, next(self._order), second, now)
        self._changed.set()

    def _queue(self, lane: Lane, place: int, second: float, now: float) -> None:
        self._places[lane] = place
        if second > now:
            heapq.heappush(self._resting, (second, place, lane))
        else:
            heapq.heappush(self._waiting[lane.platform], (place, lane))

    async def run(self, deliver: engine.Deliver) -> None:
        """See Engine. Returns when no lane waits, runs or rests. If the process is stopping, does not wait for resting lanes.

        An error in one lane does not cancel the others, since the messages that they are sending would become unclear.
        """
        errors: list[Exception] = []
        self._changed = asyncio.Event()
        async with asyncio.TaskGroup() as group:
            alarm: asyncio.Task[None] | None = None
            while self._running or any(self._waiting.values()) or (self._resting and not self._stopping()):
                self._end_rests()
                for lane in self._next_lanes():
                    self._running.add(lane)
                    group.create_task(self._deliver_lane(lane, deliver, errors))
                if self._resting and (alarm is None or alarm.done()):
                    alarm = asyncio.create_task(self._wait_for_rest(self._resting[0][0]))
                self._changed.clear()
                await self._changed.wait()
            if alarm is not None:
                alarm.cancel()
        if errors:
            raise ExceptionGroup("lanes that failed", errors)

    def _next_lanes(self) -> list[Lane]:
        """Removes from the waiting lanes those that can run now, and returns them: the first ones of each platform."""
        running = Counter(lane.platform for lane in self._running)
        return [
            heapq.heappop(waiting)[1]
            for platform, waiting in self._waiting.items()
            for _ in range(min(len(waiting), self._concurrency - running[platform]))
        ]

    def _end_rests(self) -> None:
        """Moves lanes whose rest has ended to the waiting lanes. They keep their places in the order."""
        now = self._clock.monotonic()
        while self._resting and self._resting[0][0] <= now:
            _, place, lane = heapq.heappop(self._resting)
            heapq.heappush(self._waiting[lane.platform], (place, lane))

    async def _wait_for_rest(self, second: float) -> None:
        """Sets `_changed` when a rest ends; at the latest after MAX_SLEEP, since a shorter rest may have begun meanwhile."""
        await self._clock.sleep(min(second - self._clock.monotonic(), MAX_SLEEP))
        self._changed.set()

    async def _deliver_lane(self, lane: Lane, deliver: engine.Deliver, errors: list[Exception]) -> None:
        try:
            await deliver(lane)
        except Exception as error:  # noqa: BLE001 - the other lanes must go on
            errors.append(error)
        finally:
            self._running.discard(lane)
            place = self._places.pop(lane)
            now, second = self._clock.monotonic(), self._rerun_at.pop(lane, None)
            if second is not None:
                rests = second > now
                self._queue(lane, place if rests else next(self._order), second, now)
            self._changed.set()

    @asynccontextmanager
    async def posting(self, lane: Lane) -> AsyncIterator[None]:
        """See Engine."""
        async with self._posting.setdefault(lane, asyncio.Lock()):
            yield

    async def reserve(self, token: str, *, urgent: bool = False) -> float:
        """See Engine. Waits until the send may start."""
        while True:
            start = self._rate_limiter.reserve(token, self._clock.monotonic(), urgent=urgent)
            if (wait := start - self._clock.monotonic()) > 0:
                await self._clock.sleep(wait)
            if urgent or not self._rate_limiter.was_preempted(token):
                return start


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """The result of one round of the command `deliver` (docs/commands.md)."""

    planned: int = 0
    sent: int = 0
    papers: int = 0
    waiting: int = 0
    unclear: int = 0
    dead: int = 0
    waiting_on: frozenset[str] = frozenset()  # platforms on which deliveries wait
    stopped: dict[str, str] = field(default_factory=dict)  # platform -> why nothing is sent


class Sender:
    """Plans and sends deliveries. Callers of all methods but `deliver` must hold the sender lock."""

    def __init__(self, deps: Dependencies, platforms: Mapping[str, Platform], stop: asyncio.Event) -> None:
        self._deps = deps
        self._platforms = platforms
        self._stop = stop
        # platform that did not answer which bot the token is for → the argument `new_bot` of that call
        self._unclaimed: dict[str, bool] = {}

    async def deliver(self) -> Sent:
        """Plans and sends everything that is due, until nothing more may be sent now. Raises SenderLockHeld, StoreError."""
        with sender_lock.only_sender(self._deps.store):
            await self.prepare()
            return await self.send_once()

    async def prepare(self, *, new_bot: bool = False) -> None:
        """Prepares the store for the first message.

        Recovers messages that an earlier process was sending, checks that the database belongs to the bot of each token,
        and counts recent sends against the rate limits. `new_bot` makes the database belong to the bot of the token.
        """
        clock = self._deps.clock
        tokens = {name: platform.token_identity for name, platform in self._platforms.items()}
        begun = await self._deps.store.run(
            sending.begin,
            tokens,
            new_bot=new_bot,
            now=clock.now(),
            wall=clock.wall(),
        )
        seed_rate_limiter(self._deps, begun.sends)
        await self._claim(begun.unclaimed, new_bot=new_bot)

    async def _claim(self, names: Sequence[str], *, new_bot: bool = False) -> None:
        """Asks platforms which bot the token is for, and makes these bots the owners of the database.

        Raises StoreError if the database belongs to another bot. If a platform does not answer, `claim_again` asks later.
        """
        bots: dict[str, str] = {}
        for name in names:
            try:
                bots[name] = await self._platforms[name].channel.identity()
            except NotDelivered:
                self._unclaimed[name] = new_bot
            else:
                self._unclaimed.pop(name, None)
        bots = {name: bot for name, bot in bots.items() if bot}
        if bots:
            await self._deps.store.run(retention.claim_database, bots, new_bot=new_bot)

    async def claim_again(self) -> None:
        """Asks again the platforms that did not answer in `prepare`. Stops a platform whose token is another bot's."""
        for name, new_bot in list(self._unclaimed.items()):
            try:
                await self._claim([name], new_bot=new_bot)
            except StoreError as error:
                await self._deps.store.run(sending.stop_platform, name, str(error), (), now=self._deps.clock.now())

    async def send_once(self) -> Sent:
        """Plans once, drains every lane that has something to do now, and returns the counts."""
        deps = self._deps
        drain_state = DrainState(stopped=await deps.store.run(stopped_platforms))
        await plan(deps, drain_state)
        await self.drain(drain_state)
        counts = await deps.store.run(outbox_counts)
        return Sent(
            planned=drain_state.planned,
            sent=drain_state.sent,
            papers=drain_state.papers,
            waiting=counts.waiting,
            unclear=counts.unclear,
            dead=counts.dead,
            waiting_on=counts.platforms,
            stopped=dict(drain_state.stopped),
        )

    async def drain(self, drain_state: DrainState) -> None:
        """Wakes all lanes that have something to do now, and delivers in them."""
        await self.wake_lanes(drain_state)
        await self.drain_woken(drain_state)

    async def drain_woken(self, drain_state: DrainState) -> None:
        """Delivers in the lanes that were woken, until nothing is left to do or the process has to stop."""
        await self._run_until_stopped(self._deps.engine.run(partial(deliver, self._deps, drain_state)))

    async def wake_lanes(self, drain_state: DrainState) -> bool:
        """Wakes every lane that has something to do now and is not stopped. Returns whether there is one."""
        deps = self._deps
        found = await deps.store.run(
            lanes,
            [platform for platform in deps.channels if not rate_limits.token_is_paused(deps, platform)],
            now=deps.clock.now(),
            wall=deps.clock.wall(),
            finding=sorted(deps.lookup_platforms),
        )
        waiting = [lane for lane in found if not drain_state.is_stopped(lane)]
        drain_state.lanes.update(waiting)
        deps.engine.wake(waiting)
        return bool(waiting)

    async def _run_until_stopped(self, work: Coroutine[Any, Any, None]) -> None:
        """Waits for `work` to end. Cancels it SHUTDOWN_GRACE seconds after `stop` is set.

        The messages that were being sent at that moment stay marked as sending, and are unclear at the next start.
        """
        task, stop = asyncio.create_task(work), asyncio.create_task(self._stop.wait())
        await asyncio.wait((task, stop), return_when=asyncio.FIRST_COMPLETED)
        stop.cancel()
        await asyncio.wait((task,), timeout=SHUTDOWN_GRACE)
        if task.done():
            task.result()
        else:
            task.cancel()
            log.warning("Broken off after %.0f s; the next start asks what became of it.", SHUTDOWN_GRACE)


async def plan(
    deps: Dependencies, drain_state: DrainState, *, planned: Callable[[], Awaitable[None]] | None = None
) -> None:
    """Plans the deliveries that are due in all chats, slice by slice, and wakes the lanes of each slice.

    `planned` is awaited after each slice, so that the first messages are sent while later slices are planned. With a
    hundred thousand chats, planning takes half a minute.
    """
    began, deliveries = deps.clock.monotonic(), 0
    slices = plan_slices(deps.store, now=deps.clock.now(), enough=deps.is_stopping)
    while (lanes := await deps.store.run(_next_of, slices)) is not None:
        deliveries += len(lanes)
        drain_state.planned += len(lanes)
        deps.engine.wake([lane for lane in lanes if lane.platform in deps.channels])
        if lanes and planned is not None:
            await planned()
    seconds = deps.clock.monotonic() - began
    deps.observe(measurements.PlanMade(deliveries=deliveries, seconds=seconds))


def _next_of(_: Store, slices: Iterator[Sequence[Lane]]) -> Sequence[Lane] | None:
    return next(slices, None)


def seed_rate_limiter(deps: Dependencies, sends: Sequence[sending.EarlierSend]) -> None:
    """Counts the sends that earlier processes began in the last minute against the rate limits."""
    second = deps.clock.monotonic()
    bulk = [(send.lane, second - send.ago.total_seconds()) for send in sends if not send.is_answer]
    answers = [(send.lane, second - send.ago.total_seconds()) for send in sends if send.is_answer]
    deps.rate_limiter.record_earlier_sends(bulk, answers, second)
