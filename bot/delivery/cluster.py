"""The engine for several workers: takes jobs from PostgreSQL; how many lanes at once, leases of lanes and receivers, shared rate limits."""

import asyncio
import logging
import os
import socket
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from datetime import datetime, timedelta
from functools import partial
from math import inf
from typing import ParamSpec, TypeVar
from weakref import WeakValueDictionary

from bot.delivery import job_queue, rate_limits, sender_lock
from bot.errors import said_of
from bot.ports import channel, engine, tasks
from bot.ports.rate_limiter import RateLimiter
from subscriptions import errors
from subscriptions.model import Lane
from subscriptions.service.sending import sends_of_lane
from subscriptions.store import wakeups, workers
from subscriptions.store.database.store import Store

P = ParamSpec("P")
T = TypeVar("T")

log = logging.getLogger("paperwire")

CONCURRENCY = 10  # lanes of one platform that run at the same time in one worker
BUSY_AFTER = 2.0  # seconds until a job is repeated if this worker is still delivering its lane
FIRST_LOOK, LAST_LOOK = 0.02, 1.0  # shortest and longest wait, in seconds, between two checks for a lane's lease
FAILED_AFTER = 15.0  # seconds until a failed lane is tried again
SLOTS_AHEAD = 0.1  # seconds; a delivery takes a slot at most this long before its time, so that replies find free slots
COUNTED_FOR = 1.0  # seconds until the sends of other workers in a lane are counted again
LEASED_FOR = 4.0  # seconds for which a receiver's lease is valid; after that, another worker may take over
_MOST_COUNTED = 4096  # entries of `_counted` before old ones are removed
LOOK_INTERVAL = 0.05  # seconds between two checks of `run` whether there are jobs left


class ClusterEngine:
    """The Engine of a worker that shares its database with other workers."""

    def __init__(
        self,
        store: Store,
        clock: channel.Clock,
        limits: Mapping[str, channel.Limits],
        *,
        stopping: Callable[[], bool] = lambda: False,
        concurrency: int = CONCURRENCY,
        times: job_queue.Times = job_queue.Times(),  # noqa: B008 - frozen
    ) -> None:
        self._store = store
        self._clock = clock
        self.rate_limiter = RateLimiter(limits, on_token_pause=self._store_rest)
        self._limits = limits
        self._stopping = stopping
        self._concurrency = concurrency
        self.times = times
        self._session = store.server.side_session(store.worker, f"{os.getpid()} on {socket.gethostname()}")
        self._thread = ThreadPoolExecutor(1, "paperwire-lanes")  # the only thread that uses the side session
        self._woken: dict[Lane, float] = {}  # lane to be woken → the monotonic second from which it may run
        self._running: set[Lane] = set()
        self._deliveries: set[asyncio.Task[float | None]] = set()  # the tasks of the running lanes
        self._posting: WeakValueDictionary[Lane, asyncio.Lock] = WeakValueDictionary()
        self._left: set[Lane] = set()  # failed lanes, perhaps with a message that is marked as sending
        self._slot_locks: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)  # token → lock of its deliveries
        self._counted: dict[Lane, float] = {}  # lane → monotonic second at which the sends of others were counted
        self._writes: set[asyncio.Task[None]] = set()
        self._queue: job_queue.JobQueue | None = None
        self.errors: list[Exception] = []  # errors of failed lanes; the code that reports them empties the list

    @property
    def problem(self) -> str:
        """Returns why no lanes are delivered; "" if they are."""
        if self._queue is not None:
            return self._queue.problem
        return ""

    @property
    def lanes_in_hand(self) -> int:
        """See Engine."""
        return len(self._running)

    async def join(self) -> None:
        """Registers this worker, so that no process may send alone from now on. Raises SenderLockHeld, StoreError."""
        if alone := await self._aside(self._session.sends_alone):
            raise sender_lock.lock_held(alone)

    def wake(self, lanes: Sequence[Lane], *, not_before: datetime | None = None) -> None:
        """See Engine. Begins to write the jobs at once. A running job waits for this before it ends."""
        now = second = self._clock.monotonic()
        if not_before is not None:
            second += max(0.0, (not_before - self._clock.now()).total_seconds())
        for lane in lanes:
            self._woken[lane] = max(second, self._woken.get(lane, now))
        if self._woken:
            self._keep(self._write_wakes())

    def deliveries_stored(self, lanes: Sequence[Lane]) -> None:
        """See Engine. Does nothing, since the transaction that stored the deliveries has also woken their lanes."""

    def _keep(self, work: Awaitable[None]) -> None:
        task = asyncio.ensure_future(work)
        self._writes.add(task)
        task.add_done_callback(self._writes.discard)

    async def _write_wakes(self) -> None:
        """Writes the jobs for woken lanes. If the database refuses a job, the sweep will find its lane."""
        woken, self._woken = self._woken, {}
        now = self._clock.monotonic()
        by_delay: defaultdict[float, list[Lane]] = defaultdict(list)
        for lane, second in woken.items():
            by_delay[max(0.0, second - now)].append(lane)
        for delay, lanes in by_delay.items():
            with suppress(errors.StoreError):
                await self._store.run(wakeups.wake_lanes, lanes, after=timedelta(seconds=delay))

    async def run(self, deliver: engine.Deliver) -> None:
        """See Engine. Returns when no lane has a job that is due within ten seconds."""
        self.errors = []
        async with AsyncExitStack() as stack:
            work = asyncio.create_task(self.serve(deliver))
            stack.push_async_callback(_end, work)
            while True:
                await self.wait_for_writes()
                if work.done() or (not self._running and await self._store.run(wakeups.count_jobs) == 0):
                    break
                await asyncio.sleep(LOOK_INTERVAL)
        if self.errors:
            raise ExceptionGroup("lanes that failed", self.errors)

    async def serve(self, deliver: engine.Deliver, sweep: Callable[[], Awaitable[None]] | None = None) -> None:
        """Delivers the lanes that jobs name until it is cancelled. Then running deliveries have `Times.grace` seconds to end.

        `sweep` wakes lanes that have work but no job; one of the workers calls it every minute.
        """
        self._queue = job_queue.JobQueue(
            self._store.server.connect_arguments(),
            list(self._limits),
            partial(self._deliver_lane, deliver),
            sweep=sweep,
            concurrency=self._concurrency,
            times=self.times,
        )
        try:
            await self._queue.work()
        finally:
            await tasks.end(*self._deliveries)

    async def _deliver_lane(self, deliver: engine.Deliver, lane: Lane) -> None:
        """Delivers a lane for a job. Raises Again if the job must be repeated.

        When the queue restarts, it cancels its jobs. But the delivery continues, because the outcome of a post must be
        stored.
        """
        if lane in self._running:
            raise job_queue.Again(BUSY_AFTER)
        self._running.add(lane)
        task = asyncio.create_task(self._deliver(deliver, lane))
        self._deliveries.add(task)
        task.add_done_callback(self._deliveries.discard)
        if (again := await asyncio.shield(task)) is not None:
            raise job_queue.Again(again)

    async def _deliver(self, deliver: engine.Deliver, lane: Lane) -> float | None:
        """Delivers a lane, then waits for pending writes.

        Returns the seconds until the job must be repeated, or None.
        """
        try:
            await deliver(lane)
        except Exception as error:  # noqa: BLE001 - the other lanes must go on
            self._failed(lane, error)
            return FAILED_AFTER
        finally:
            await self.wait_for_writes()
            self._running.discard(lane)
        return 0.0 if self._stopping() else None  # if this worker stops, another one does the rest

    @asynccontextmanager
    async def posting(self, lane: Lane, *, patience: float = inf) -> AsyncIterator[bool]:
        """See Engine. Takes a lease of the lane, which ends when the process of this worker ends.

        A worker that hangs keeps the lease, because its post may still arrive.
        """
        name = f"{lane.platform}:{lane.address}"
        async with self._posting.setdefault(lane, asyncio.Lock()):
            try:
                yield await self._holds(name, patience)
            finally:  # also needed after a cancellation, since the lease may be granted later
                try:
                    await self._aside(self._session.release, name)
                except errors.StoreError:
                    self._left.add(lane)

    async def _holds(self, name: str, patience: float) -> bool:
        """Takes a lease as soon as it is free. Returns False if this is impossible for `patience` seconds."""
        end, wait = self._clock.monotonic() + patience, FIRST_LOOK
        while True:
            with suppress(errors.StoreError):
                if await self._aside(self._session.hold, name):
                    return True
            if self._clock.monotonic() >= end:
                return False
            await self._clock.sleep(wait)
            wait = min(2 * wait, LAST_LOOK)

    def _failed(self, lane: Lane, error: Exception) -> None:
        """Logs why a lane failed.

        Messages that were being sent in the lane are recovered as soon as the database accepts writes again.
        """
        self.errors.append(error)
        log.error("Delivering failed: %s", said_of(error))
        self._left.add(lane)

    async def recover_failed(self) -> None:
        """Recovers the messages that were being sent in failed lanes, wakes the lanes, ends their leases. Raises StoreError.

        The outcome of these sends is unknown. Until the messages are recovered, nothing is sent in the lane: its
        message and lease belong to this worker, so no other worker takes them.
        """
        for lane in self._left - self._running - set(self._posting):
            async with self.posting(lane, patience=0):
                await self._store.run(workers.recover_own, lane)
                self._left.discard(lane)

    async def _aside(self, work: Callable[P, T], *args: P.args, **named: P.kwargs) -> T:
        """Calls `work`, which uses the side session, in the thread of that session. Raises StoreError."""

        def translated() -> T:
            with self._store.translated_errors():
                return work(*args, **named)

        return await asyncio.shield(asyncio.wrap_future(self._thread.submit(translated)))

    async def reserve(self, token: str, *, urgent: bool = False) -> float:
        """See Engine. All workers share the slots of a token: a row in the database counts them by the server's clock.

        The deliveries of a worker take slots one after another, and only slots in the near future. So a reply soon
        finds a free slot. If the token is paused for long, this returns at once; the caller must ask the rate limiter
        whether there is a pause.
        """
        limit = self._limits.get(token)
        if limit is None or not limit.per_second:
            return self._clock.monotonic()
        async with AsyncExitStack() as stack:
            if not urgent:
                await stack.enter_async_context(self._slot_locks[token])
            while True:
                now = self._clock.monotonic()
                if rest := self.rate_limiter.pause_left(token, now):
                    if rest > rate_limits.MAX_RATE_WAIT and not urgent:
                        return now
                    await self._clock.sleep(rest)
                found = await self._aside(self._session.reserve, token, 1 / limit.per_second, SLOTS_AHEAD)
                now = self._clock.monotonic()
                if found.start_in is not None:
                    return now + found.start_in
                if found.rest_left:
                    self.rate_limiter.pause_token(token, now + found.rest_left)
                else:
                    await self._clock.sleep(found.again_in)

    async def count_others(self, lane: Lane, *, anew: bool = False) -> None:
        """See Engine.

        Counts at most once a second unless `anew`: within a second, a lane cannot send more than its burst.
        """
        second = self._clock.monotonic()
        if not anew and second - self._counted.get(lane, -COUNTED_FOR) < COUNTED_FOR:
            return
        if len(self._counted) >= _MOST_COUNTED:
            self._counted = {one: at for one, at in self._counted.items() if second - at < COUNTED_FOR}
        self._counted[lane] = second
        now, wall = self._clock.now(), self._clock.wall()
        ago = await self._store.run(sends_of_lane, lane, now=now, wall=wall)
        self.rate_limiter.count_sends(lane, [second - one.total_seconds() for one in ago])

    def _store_rest(self, token: str, seconds: float) -> None:
        """Stores for all workers that the platform demanded a pause of the whole token."""

        async def store() -> None:
            with suppress(errors.StoreError):  # at least the rate limiter of this worker knows the pause
                await self._aside(self._session.rest, token, seconds)

        self._keep(store())

    async def is_elected(self, name: str) -> bool:
        """Takes or renews a lease for LEASED_FOR seconds. Returns whether this worker has the lease. Raises StoreError."""
        return await self._aside(self._session.hold, name, LEASED_FOR)

    async def resign(self, name: str) -> None:
        """Ends a lease, so that another worker may take it at once. Raises StoreError."""
        await self._aside(self._session.release, name)

    async def close(self) -> None:
        """Ends the side session."""
        await self.wait_for_writes()
        with suppress(RuntimeError):  # raised if it was closed before
            await self._aside(self._session.close)
        self._thread.shutdown()

    async def wait_for_writes(self) -> None:
        """Waits until the database writes that have begun are done."""
        if self._writes:
            await asyncio.wait(self._writes)


async def _end(task: "asyncio.Task[None]") -> None:
    task.cancel()
    await asyncio.wait((task,))
    if not task.cancelled():
        task.result()
