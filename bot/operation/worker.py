"""The work of one worker: sending, receiving (which worker is elected, when a receiver restarts), heartbeats and when others are dead.

If there are several workers, each delivers lanes for which it claims jobs, receives updates only while it is elected, and
sends heartbeats, which show the others that it is at work.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING

from bot.app import App
from bot.commands.paper_lookup import PENDING_FOR
from bot.conversation.dispatcher import Dispatcher
from bot.delivery import process_identity
from bot.delivery.lane_sender import DrainState
from bot.errors import error_location
from bot.ports import tasks
from bot.ports.channel import Clock
from bot.ports.conversation import Receiver, Request, RequestDispatcher
from bot.rendering.language import Language
from bot.sources.arxiv_lookup import PaperLookup
from subscriptions.errors import Sentence, StoreError
from subscriptions.model import Lane
from subscriptions.store import callbacks, updates, workers
from subscriptions.store.database.store import Store, Transaction, writes

if TYPE_CHECKING:
    from bot.delivery.cluster import ClusterEngine

log = logging.getLogger("paperwire")

STATE_FOR = 60.0  # seconds after which a new DrainState, with new counts, replaces the old one
ELECTION_INTERVAL = 1.0  # seconds between two attempts to be elected, or to renew the lease
SURE_FOR = 3.0  # seconds for which a successful check is trusted; the lease lasts longer
_AGAIN_AFTER = timedelta(seconds=5)  # when a lane runs again that stopped because of a database error in another lane


class WorkerLanes:
    """Delivers the lanes that jobs name, from the first `look` until `finish`."""

    def __init__(self, app: App, cluster: "ClusterEngine") -> None:
        self._app = app
        self.cluster = cluster
        self._task: asyncio.Task[None] | None = None
        self._state = DrainState()
        self._state_since = app.clock.monotonic()

    def look(self) -> DrainState:
        """Starts delivering if that does not run yet. Returns the current DrainState, which all lanes share."""
        second = self._app.clock.monotonic()
        if second - self._state_since >= STATE_FOR or self._state.store_failed:
            self._state, self._state_since = DrainState(stopped=self._state.stopped), second
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self.cluster.serve(self._deliver, self._sweep))
        return self._state

    @property
    def problem(self) -> str:
        """Why lanes are not delivered; "" if they are. Reading it clears the reported errors."""
        errors, self.cluster.errors = self.cluster.errors, []
        return self.cluster.problem or ("a lane failed; the log says why" if errors else "")

    async def finish(self) -> None:
        """Takes no more lanes, and waits until the lanes in progress are finished."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait((self._task,))

    async def _deliver(self, lane: Lane) -> None:
        state = self._state
        await self._app.sender.deliver_lane(state, lane)
        if state.store_failed:  # the error was in another lane, and may have stopped this one
            self.cluster.wake([lane], not_before=self._app.clock.now() + _AGAIN_AFTER)

    async def _sweep(self) -> None:
        """Wakes the lanes whose jobs are lost."""
        woken = await self._app.sender.sweep(self._state)
        if woken:
            log.info("Lanes that had something to do and no job were woken: %d", woken)


class Supervised:
    """Runs a receiver, and restarts it when it ends or raises an error.

    With several workers, a receiver that fetches updates runs in one worker at a time, because two workers would take
    the updates of a token from each other. The worker that receives has a lease in the database, and renews it at each
    check. When the lease has ended, another worker takes it. After a pause, a worker first checks that it still has the
    lease. If not, it drops the request that it fetched. The worker did not confirm that request, so the platform gives
    it to the new worker.
    """

    def __init__(self, receiver: Receiver, clock: Clock, cluster: "ClusterEngine | None" = None) -> None:
        self._receiver = receiver
        self._clock = clock
        self._cluster = cluster if receiver.is_exclusive else None
        self._lease = f"receiver {receiver.name}"  # which a worker holds while it runs this receiver
        self._is_receiving = self._cluster is None
        self._failure = ""
        self._unknown = ""  # why this worker does not know who receives
        self._looked_at = 0.0  # monotonic second of the last check that found this worker elected
        self.name, self.routes = receiver.name, receiver.routes

    @property
    def problem(self) -> str:
        """Why the receiver does not work; "" if it does, or another worker receives."""
        return self._failure or (self._receiver.problem if self._is_receiving else self._unknown)

    async def listen(self, dispatcher: RequestDispatcher) -> None:
        """Receives while this worker is elected, until it is cancelled."""
        listen = self._receiver.listen
        if self._cluster is not None:
            listen = partial(self._listen_in_turn, self._cluster)
        while True:
            self._failure = ""
            try:
                await listen(dispatcher)
            except Exception as error:  # noqa: BLE001 - one receiver that fails must not end the others
                self._failure = "it failed by a mistake of the program; the log says where"
                log.error("Listening failed and begins again: %s", error_location(error))
            await self._clock.sleep(RESTART_INTERVAL)

    async def _listen_in_turn(self, cluster: "ClusterEngine", dispatcher: RequestDispatcher) -> None:
        try:
            while True:
                if await self._is_elected(cluster):
                    log.info("This worker receives: %s", self.name)
                    await self._receive(cluster, dispatcher)
                await self._clock.sleep(ELECTION_INTERVAL)
        finally:
            with suppress(StoreError):
                await cluster.resign(self._lease)

    async def _receive(self, cluster: "ClusterEngine", dispatcher: RequestDispatcher) -> None:
        """Receives until this worker is no longer elected."""
        self._is_receiving = True
        sure = _Sure(dispatcher, partial(self._is_sure, cluster))
        task = asyncio.create_task(self._receiver.listen(sure))
        try:
            while not task.done() and await self._is_elected(cluster):
                await asyncio.wait((task,), timeout=ELECTION_INTERVAL)
        finally:
            self._is_receiving = False
            if not task.done():
                log.warning("This worker does not receive any more: %s", self.name)
            task.cancel()
            await asyncio.wait((task,))
        if not task.cancelled():
            task.result()

    async def _is_sure(self, cluster: "ClusterEngine") -> bool:
        """Returns whether this worker is elected. Trusts the last successful check for SURE_FOR seconds."""
        return self._clock.monotonic() - self._looked_at <= SURE_FOR or await self._is_elected(cluster)

    async def _is_elected(self, cluster: "ClusterEngine") -> bool:
        """Asks the database whether this worker is elected, and takes or renews the lease. False if that fails."""
        looked_at = self._clock.monotonic()
        try:
            is_elected = await cluster.is_elected(self._lease)
        except StoreError:
            self._unknown = "this worker does not receive: the database cannot be asked who does"
            return False
        self._unknown = ""
        if is_elected:
            self._looked_at = looked_at
        return is_elected


@dataclass(frozen=True, slots=True)
class _Sure:
    """A RequestDispatcher that accepts requests only while this worker is elected; otherwise it ends the receiving."""

    dispatcher: RequestDispatcher
    is_sure: Callable[[], Awaitable[bool]]

    async def dispatch(self, request: Request) -> None:
        """See RequestDispatcher."""
        await self._ask()
        await self.dispatcher.dispatch(request)

    async def dispatch_without_retry(self, request: Request) -> None:
        """See RequestDispatcher."""
        await self._ask()
        await self.dispatcher.dispatch_without_retry(request)

    async def _ask(self) -> None:
        if not await self.is_sure():
            raise asyncio.CancelledError


BEAT_INTERVAL = 10.0  # seconds
STALLED_AFTER = 60.0  # seconds without a heartbeat, while the database accepted writes

Replies = Sequence[tuple[str, str, str]]  # (platform, update id, reply)
Lookups = Sequence[str]  # the names of look-ups


class OwnerWatch:
    """Sends the heartbeats of this worker, and watches those of other workers.

    A heartbeat is a number in the database, not a time. Each worker measures with its own monotonic clock how long the
    number of another worker has not changed. So a clock that is set never makes a worker seem stalled. While the database
    accepts no writes, no worker can send a heartbeat, so after a failed look the measurement begins again.
    """

    def __init__(
        self,
        store: Store,
        clock: Clock,
        *,
        recovers: bool = True,
        interval: float = BEAT_INTERVAL,
        stalled_after: float | None = None,
    ) -> None:
        """Without `recovers`, only sends heartbeats until `recover_answers` is called.

        `interval`: seconds between two heartbeats.
        """
        self._where = process_identity.whereabouts(clock.wall())
        self._interval = interval
        self._stalled_after = STALLED_AFTER if stalled_after is None else stalled_after
        self._store = store
        self._clock = clock
        self._seen: dict[tuple[str, int], float] = {}  # (worker, heartbeat) -> monotonic second of the first look
        self._recovers = recovers
        self._answers: Callable[[Replies, Lookups], None] | None = None  # None: replies of others are not recovered

    def recover_answers(self, answer: Callable[[Replies, Lookups], None]) -> None:
        """Starts to recover the unfinished work of stalled workers.

        `answer` posts their replies and does their look-ups.
        """
        self._recovers, self._answers = True, answer

    async def watch(self) -> None:
        """Calls `look` repeatedly, until it is cancelled."""
        while True:
            await asyncio.sleep(self._interval)  # by the machine's clock, whatever the clock of the subcommand is
            try:
                await self.look()
            except StoreError as error:
                log.warning("The heartbeats of other processes cannot be looked at: %s", error)

    async def look(self) -> int:
        """Sends a heartbeat. If set to recover, takes over work of stalled workers.

        Returns how many messages it took over. Raises StoreError.
        """
        seen, self._seen = self._seen, {}
        await self._store.run(workers.beat, process=process_identity.this_process(), where=self._where)
        if not self._recovers:
            return 0
        now = self._clock.monotonic()
        others = await self._store.run(workers.other_workers)
        self._seen = {one: seen.get(one, now) for one in others.items()}
        stalled = dict(one for one, since in self._seen.items() if now - since >= self._stalled_after)
        answers = self._answers
        messages, replies, lookups = await self._store.run(_recovered, stalled, self._clock.now() if answers else None)
        if answers:
            answers(replies, lookups)
        return messages


@writes
def _recovered(
    transaction: Transaction, stalled: Mapping[str, int], now: datetime | None
) -> tuple[int, Replies, Lookups]:
    """Recovers the messages of stalled workers. If `now` is given, also takes over their replies and look-ups.

    Returns (number of messages, replies, look-ups). Replies and look-ups are all that this worker must handle now, even
    if it knows some already: if the server did not confirm an earlier commit that succeeded, the worker does not know
    them.
    """
    messages = workers.recover_stalled(transaction, stalled)
    if now is None:
        return messages, (), ()
    lookups = callbacks.take_over_lookups(transaction, since=now - PENDING_FOR)
    return messages, updates.unfinished_replies(transaction, now=now), lookups


RESTART_INTERVAL = 60.0  # seconds after which a receiver that ended or failed is started again
_MENU_LANGUAGES = {"": "en", "zh": "zh"}  # language of a client, "" for all others → language of its menus
LONGEST_ANSWERS = 60.0  # seconds that `answer_once` waits for look-ups, and after that for replies


@asynccontextmanager
async def listening(
    app: App, receivers: Sequence[Receiver | Supervised], lookup: PaperLookup | None = None
) -> AsyncIterator[Dispatcher]:
    """Receives and answers requests on every platform while the body runs. Yields the dispatcher."""
    dispatcher = Dispatcher(app.deps, lookup)
    with suppress(StoreError):  # OwnerWatch tries again later
        await dispatcher.resume_replies()
    listeners = [asyncio.create_task(receiver.listen(dispatcher)) for receiver in receivers]
    publishing = asyncio.create_task(_publish_commands(app))
    try:
        yield dispatcher
    finally:
        await tasks.end(*listeners, publishing)
        await dispatcher.close()


async def _publish_commands(app: App) -> None:
    """Publishes the commands in the menus of the platforms. Logs errors instead of raising them."""
    try:
        conversation = app.deps.conversation
        speakers = {code: _speaker(Language(lang, "UTC")) for code, lang in _MENU_LANGUAGES.items()}
        for platform in app.platforms.values():
            await platform.publish_commands(conversation.registry.commands, speakers)
    except Exception as error:  # noqa: BLE001 - the bot also works without menus
        log.error("The menus of commands stay as they were: %s", error_location(error))


def _speaker(localizer: Language) -> Callable[[Sentence], str]:
    return lambda sentence: sentence.say(localizer.translate)


async def answer_once(app: App, lookup: PaperLookup | None = None) -> None:
    """Answers the waiting requests of every platform. Returns when the replies are sent. Raises StoreError."""
    dispatcher = Dispatcher(app.deps, lookup)
    await dispatcher.resume_replies()
    drains = [asyncio.create_task(receiver.drain(dispatcher)) for receiver in app.receivers()]
    stop = asyncio.create_task(app.stop.wait())
    try:
        for drain in drains:
            await asyncio.wait((drain, stop), return_when=asyncio.FIRST_COMPLETED)
        for drain in drains:
            if drain.done():
                drain.result()
    finally:
        await tasks.end(stop, *drains)
        await dispatcher.wait_for_lookups(LONGEST_ANSWERS)
        await dispatcher.close(LONGEST_ANSWERS)


def problems_of(receivers: Sequence[Receiver | Supervised]) -> dict[str, str]:
    """Returns why receivers do not work, by their names."""
    return {receiver.name: receiver.problem for receiver in receivers if receiver.problem}
