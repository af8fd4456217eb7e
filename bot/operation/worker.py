"""What `paperwire run` does differently as one of several workers: it takes lanes from jobs, and receives if it is elected."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING

from bot.app import App
from bot.commands.paper_lookup import PENDING_FOR
from bot.context import write
from bot.delivery.planning import DrainState
from bot.ports.channel import Clock
from bot.ports.conversation import Receiver, Request, RequestDispatcher
from subscriptions.errors import StoreError
from subscriptions.model import Lane
from subscriptions.service.sending import lease_of
from subscriptions.store import conversations, workers
from subscriptions.store.database.store import Store
from subscriptions.store.workers import Whereabouts

if TYPE_CHECKING:
    from bot.delivery.cluster import ClusterEngine

log = logging.getLogger("paperwire")

STATE_FOR = 60.0  # seconds after which the counts of a drain begin anew
ELECTION_INTERVAL = 1.0  # seconds between two attempts to become the one that receives, and two renewals of its lease
SURE_FOR = 3.0  # seconds after a look that found it elected, in which its lease has not ended
_AGAIN_AFTER = timedelta(seconds=5)  # after an error of the database in another lane


class WorkerLanes:
    """Delivers the lanes that jobs name, from `start` until `finish`."""

    def __init__(self, app: App, cluster: "ClusterEngine") -> None:
        self._app = app
        self._cluster = cluster
        self._task: asyncio.Task[None] | None = None
        self._state = DrainState()
        self._state_since = app.clock.monotonic()

    def look(self) -> DrainState:
        """Starts the delivering if it does not run. Returns the state of this minute, which every lane shares."""
        second = self._app.clock.monotonic()
        if second - self._state_since >= STATE_FOR or self._state.store_failed:
            self._state, self._state_since = DrainState(stopped=self._state.stopped), second
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._cluster.serve(self._deliver, self._sweep))
        return self._state

    @property
    def problem(self) -> str:
        """Why lanes are not delivered; "" if they are. Errors that were reported are forgotten."""
        errors, self._cluster.errors = self._cluster.errors, []
        return self._cluster.problem or ("a lane failed; the log says why" if errors else "")

    async def recover_failed(self) -> None:
        """Recovers what was being sent in lanes that failed. Raises StoreError."""
        await self._cluster.recover_failed()

    async def finish(self) -> None:
        """Takes no more lanes, and waits until those in hand are finished."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait((self._task,))

    async def _deliver(self, lane: Lane) -> None:
        state = self._state
        await self._app.sender.deliver_lane(state, lane)
        if state.store_failed:  # in another lane; this one may have stopped for that reason
            self._cluster.wake([lane], not_before=self._app.clock.now() + _AGAIN_AFTER)

    async def _sweep(self) -> None:
        """Wakes the lanes whose jobs are lost."""
        woken = await self._app.sender.sweep(self._state)
        if woken:
            log.info("Lanes that had something to do and no job were woken: %d", woken)


class Elected:
    """A Receiver that receives in one worker at a time: two that ask for the updates of one token take them from each other.

    The worker that receives has a lease in the database, and renews it at each look. After its end another worker takes it. A
    worker that was stopped meanwhile asks first whether it still has the lease: a request that comes to it then is left
    to the other one, to whom the platform gives it again, since it was not confirmed. A receiver to which the platform
    sends needs no election.
    """

    def __init__(self, receiver: Receiver, app: App, cluster: "ClusterEngine") -> None:
        self._receiver = receiver
        self._app = app
        self._cluster = cluster
        self._is_receiving = False
        self._unknown = ""  # why it is not known who receives
        self._looked_at = 0.0  # the monotonic second of the last look by which this worker receives
        self.name, self.is_exclusive, self.routes = receiver.name, receiver.is_exclusive, receiver.routes

    @property
    def problem(self) -> str:
        """See Receiver. A worker that is not elected has none, as long as another one receives."""
        return self._receiver.problem if self._is_receiving else self._unknown

    async def listen(self, dispatcher: RequestDispatcher) -> None:
        """See Receiver. Receives whenever this worker is the one that does."""
        name = lease_of(self.name)
        try:
            while True:
                if await self._is_elected(name):
                    log.info("This worker receives: %s", self.name)
                    await self._receive(name, dispatcher)
                await self._app.clock.sleep(ELECTION_INTERVAL)
        finally:
            with suppress(StoreError):
                await self._cluster.resign(name)

    async def _receive(self, name: str, dispatcher: RequestDispatcher) -> None:
        """Receives until this worker is not the one that does any more."""
        self._is_receiving = True
        task = asyncio.create_task(self._receiver.listen(_Sure(dispatcher, partial(self._is_sure, name))))
        try:
            while not task.done() and await self._is_elected(name):
                await asyncio.wait((task,), timeout=ELECTION_INTERVAL)
        finally:
            self._is_receiving = False
            if not task.done():
                log.warning("This worker does not receive any more: %s", self.name)
            task.cancel()
            await asyncio.wait((task,))
        if not task.cancelled():
            task.result()

    async def _is_sure(self, name: str) -> bool:
        """Whether this worker is the one that receives, without a look if the last one was just now."""
        if self._app.clock.monotonic() - self._looked_at <= SURE_FOR:
            return True
        return await self._is_elected(name)

    async def _is_elected(self, name: str) -> bool:
        """Whether this worker is the one that receives."""
        looked_at = self._app.clock.monotonic()
        try:
            is_elected = await self._cluster.is_elected(name)
        except StoreError:
            self._unknown = "this worker does not receive: the database cannot be asked who does"
            return False
        self._unknown = ""
        if is_elected:
            self._looked_at = looked_at
        return is_elected

    async def drain(self, dispatcher: RequestDispatcher) -> None:
        """See Receiver."""
        await self._receiver.drain(dispatcher)


class _Sure:
    """A RequestDispatcher that takes requests only as long as this worker is the one that receives."""

    def __init__(self, dispatcher: RequestDispatcher, is_sure: Callable[[], Awaitable[bool]]) -> None:
        self._dispatcher = dispatcher
        self._is_sure = is_sure

    async def dispatch(self, request: Request) -> Mapping[str, str]:
        """See RequestDispatcher. Ends the receiving where another worker does it by now."""
        if not await self._is_sure():
            raise asyncio.CancelledError
        return await self._dispatcher.dispatch(request)

    async def dispatch_without_retry(self, request: Request) -> Mapping[str, str]:
        """As `dispatch`."""
        if not await self._is_sure():
            raise asyncio.CancelledError
        return await self._dispatcher.dispatch_without_retry(request)


def elected(receivers: Sequence[Receiver], app: App) -> list[Receiver]:
    """Returns receivers; those that fetch their updates do it in one worker at a time."""
    cluster = app.cluster
    if cluster is None:
        return list(receivers)
    return [Elected(one, app, cluster) if one.is_exclusive else one for one in receivers]


# ---------------------------------------------------------------------------------- shows that this process is at work


BEAT_INTERVAL = 10.0  # seconds
STALLED_AFTER = 60.0  # seconds without a heartbeat, while the database took writes

Replies = Sequence[tuple[str, str, str]]  # platform, update id, reply
Lookups = Sequence[str]  # their names


class OwnerWatch:
    """Watches the heartbeats of other workers.

    Their moments are not stored: a heartbeat is a number, and how long it has been the same is measured here, by the
    monotonic clock. So no clock that is set makes a worker seem stalled. While the database takes no writes, no
    worker can send a heartbeat; so a failed look starts the measurement again.
    """

    def __init__(
        self,
        store: Store,
        clock: Clock,
        *,
        recovers: bool = True,
        interval: float = BEAT_INTERVAL,
        stalled_after: float | None = None,
        process: str = "",
        where: Whereabouts = workers.NOWHERE,
    ) -> None:
        """Without `recovers` it only beats, until it knows who posts replies. `interval`: seconds between two beats.

        `process`: which one this is, and `where`, for others that took it for gone.
        """
        self._process = process
        self._where = where
        self._interval = interval
        self._stalled_after = STALLED_AFTER if stalled_after is None else stalled_after
        self._store = store
        self._clock = clock
        self._seen: dict[tuple[str, int], float] = {}  # (worker, heartbeat) -> monotonic second of the first look
        self._recovers = recovers
        self._answers: Callable[[Replies, Lookups], None] | None = None  # None: this process answers for no others

    def recover_answers(self, answer: Callable[[Replies, Lookups], None]) -> None:
        """From now on recovers what stalled workers left; `answer` posts their replies and answers what they looked up."""
        self._recovers, self._answers = True, answer

    async def watch(self) -> None:
        """Looks again and again, until it is cancelled."""
        while True:
            await self._clock.sleep(self._interval)
            try:
                await self.look()
            except StoreError as error:
                log.warning("The heartbeats of other processes cannot be looked at: %s", error)

    async def look(self) -> int:
        """Beats, and recovers what stalled workers left. Returns how many messages. Raises StoreError."""
        seen, self._seen = self._seen, {}
        await write(workers.beat, self._store, process=self._process, where=self._where)
        if not self._recovers:
            return 0
        now = self._clock.monotonic()
        others = await asyncio.to_thread(workers.other_workers, self._store)
        self._seen = {one: seen.get(one, now) for one in others.items()}
        stalled = dict(one for one, since in self._seen.items() if now - since >= self._stalled_after)
        is_left = self._answers is not None and await asyncio.to_thread(
            conversations.has_unfinished_replies, self._store
        )
        return await self._take_over(stalled) if stalled or is_left else 0

    async def _take_over(self, stalled: Mapping[str, int]) -> int:
        answers, now = self._answers, self._clock.now()
        messages, replies, lookups = await write(_recovered, self._store, stalled, now if answers else None)
        if answers:
            answers(replies, lookups)
        return messages


def _recovered(store: Store, stalled: Mapping[str, int], now: datetime | None) -> tuple[int, Replies, Lookups]:
    """Recovers the messages of stalled workers, and at `now`, if it is given, takes their replies and look-ups over.

    Returns all replies and look-ups that this worker has to do with by then: of a transaction that was committed although the
    server did not say so, it does not know otherwise.
    """
    with store.write() as transaction:
        messages = workers.recover_stalled(transaction, stalled)
        if now is None:
            return messages, (), ()
        lookups = conversations.take_over_lookups(transaction, since=now - PENDING_FOR)
        return messages, conversations.unfinished_replies(transaction, now=now), lookups
