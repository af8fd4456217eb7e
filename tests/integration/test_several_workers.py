"""Several workers on PostgreSQL: a change wakes lanes in its own transaction, and one elected worker receives updates."""

import asyncio
import contextlib
from collections import Counter, abc
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from functools import partial
from types import SimpleNamespace
from typing import Any, cast

import psycopg
import pytest

from bot.delivery.cluster import ClusterEngine
from bot.delivery.lane_sender import DrainState
from bot.dependencies.system_clock import SystemClock
from bot.operation import worker
from bot.operation.health import Health
from bot.ports.channel import Limits
from bot.ports.conversation import Request, RequestDispatcher, WebRoute
from subscriptions.errors import RetryLater, Sentence, StoreError
from subscriptions.model import Delivery, DeliveryKind, Lane
from subscriptions.service import sending
from subscriptions.service.listing import get_chat
from subscriptions.service.plan import plan_due
from subscriptions.store import claims, planned_deliveries, steps, wakeups, workers
from subscriptions.store.database.store import Store, Transaction
from tests import being_sent, make
from tests.clock import NOON, FakeClock
from tests.make import due, subscribes
from tests.patience import PATIENCE
from tests.postgres.server import OwnServer, own_server
from tests.stored import change


@pytest.fixture
def database_url(url: str) -> str:
    """The address of the database of the fixture `store`."""
    return url


@pytest.fixture
def outside(url: str) -> abc.Iterator[psycopg.Connection]:
    with psycopg.connect(url, autocommit=True) as connection:
        yield connection


def jobs(outside: psycopg.Connection) -> list[tuple[Any, ...]]:
    """Returns (queue, task, priority, lock, arguments) of each job, in order."""
    return outside.execute(
        "SELECT queue_name, task_name, priority, lock, args FROM procrastinate_jobs ORDER BY id"
    ).fetchall()


def test_each_planned_lane_gets_one_job_of_its_kind(store: Store, outside: psycopg.Connection) -> None:
    # telegram:2/7 is a topic, which belongs to the lane of its group, telegram:2
    due(store, "telegram:1", "telegram:2", "telegram:3", "telegram:2/7")
    assert len(plan_due(store, now=NOON + timedelta(minutes=1))) == 4
    found = jobs(outside)
    assert Counter(lock for _, _, _, lock, _ in found) == {f"lane:telegram:{n}": 1 for n in (1, 2, 3)}
    assert {(queue, task) for queue, task, *_ in found} == {("lanes:telegram", "deliver_lane")}
    assert found[0][4] == {"platform": "telegram", "address": "1"}
    assert {priority for _, _, priority, _, _ in found} <= {wakeups.ALERT, wakeups.BULLETIN}
    assert outside.execute("SELECT count(*) FROM procrastinate_jobs WHERE queueing_lock IS NOT NULL").fetchone() == (0,)


class BrokenOff(Exception):
    """An error with which a test rolls a transaction back."""


def store_delivery(transaction: Transaction) -> None:
    """Stores a delivery for the chat telegram:1."""
    planned_deliveries.add_deliveries(
        transaction,
        {
            "k": Delivery(
                id="d1",
                chat=get_chat(transaction, make.address("telegram:1")),
                kind=DeliveryKind.ALERT,
                due=NOON,
            )
        },
        now=NOON,
    )


@contextlib.contextmanager
def broken_off(store: Store | Transaction) -> abc.Iterator[Transaction]:
    """Yields a transaction of the store, or a savepoint of the given transaction, and rolls it back at the end."""
    with (
        contextlib.suppress(BrokenOff),
        store.write() if isinstance(store, Store) else store.savepoint() as transaction,
    ):
        yield transaction
        raise BrokenOff


def test_t1_a_rollback_leaves_nothing_a_commit_rows_and_jobs(store: Store, outside: psycopg.Connection) -> None:
    """T1: rows and their jobs are committed or rolled back together, because one connection writes both."""
    subscribes(store, "telegram:1", "graph")
    with broken_off(store) as transaction:
        store_delivery(transaction)
    assert rows(outside) == (0, 0)
    with store.write() as transaction:
        with broken_off(transaction) as part:
            store_delivery(part)
        assert wakeups.wake_lanes(transaction, [Lane("telegram", "9")]) == 1
    assert rows(outside) == (0, 1)
    with store.write() as transaction, transaction.savepoint() as part:
        store_delivery(part)
    assert rows(outside) == (1, 2)


def test_t1_an_enqueue_that_fails_takes_the_row_with_it(store: Store, outside: psycopg.Connection) -> None:
    due(store, "telegram:1")
    outside.execute("ALTER TABLE procrastinate_jobs ADD CONSTRAINT refused CHECK (priority < 0)")
    with pytest.raises(Exception, match="refused"):
        plan_due(store, now=NOON)
    assert rows(outside) == (0, 0)


def test_t2_a_job_that_waits_already_takes_no_wake_away(store: Store, outside: psycopg.Connection) -> None:
    """T2: a new delivery makes a job even if its lane has one. A worker may take the old job before the delivery is
    committed, and would not see it.
    """
    subscribes(store, "telegram:1", "graph")
    with store.write() as transaction:
        wakeups.wake_lanes(transaction, [Lane("telegram", "1")])
    with store.write() as transaction:
        store_delivery(transaction)
        # another worker takes the old job
        assert outside.execute("DELETE FROM procrastinate_jobs RETURNING lock").fetchall() == [("lane:telegram:1",)]
    assert rows(outside) == (1, 1)


def rows(outside: psycopg.Connection) -> tuple[int, int] | None:
    """Returns (number of deliveries, number of jobs) that are committed."""
    return outside.execute(
        "SELECT (SELECT count(*) FROM delivery), (SELECT count(*) FROM procrastinate_jobs)"
    ).fetchone()


def waits(store: Store, step: steps.Claim, outcome: RetryLater) -> None:
    sending.record_outcome(store, step, outcome, on_unclear="resend", now=NOON, wall=NOON)


MAKES_READY: dict[str, tuple[abc.Callable[[Store, steps.Claim], object], int, float]] = {
    # what happens → (the function that does it, the priority of the job, seconds until a worker may take the job)
    "the platform is down": (lambda store, step: waits(store, step, RetryLater("down")), wakeups.BULLETIN, 30),
    "the platform asks for a wait": (
        lambda store, step: waits(store, step, RetryLater("slow", timedelta(seconds=7))), wakeups.BULLETIN, 7,
    ),
    "a look-up has to wait": (
        lambda store, step: claims.pause_lane(store, step.address.lane, wall=NOON, until=NOON + timedelta(seconds=4)),
        wakeups.BULLETIN, 4,
    ),
    "the post failed in the program": (lambda store, _: workers.recover_own(store), wakeups.AT_ONCE, 0),
    "an operator has it tried again": (lambda store, step: sending.retry_delivery(store, step.delivery, now=NOON), wakeups.AT_ONCE, 0),
    "an operator dismisses it": (lambda store, step: sending.dismiss(store, step.delivery, now=NOON), wakeups.AT_ONCE, 0),
}  # fmt: skip


@pytest.mark.parametrize("happens", MAKES_READY)
def test_what_makes_a_lane_ready_wakes_it(store: Store, outside: psycopg.Connection, happens: str) -> None:
    makes_ready, priority, seconds = MAKES_READY[happens]
    workers.begin_worker(store, workers.NewWorker(holds_sender_lock=False))
    due(store, "telegram:1")
    plan_due(store, now=NOON)
    step = being_sent.being_sent(store)
    outside.execute("DELETE FROM procrastinate_jobs")
    makes_ready(store, step)
    ((lock, found, wait),) = outside.execute("""
        SELECT lock, priority, extract(epoch FROM job.scheduled_at - event.at)::float
        FROM procrastinate_jobs AS job JOIN procrastinate_events AS event ON event.job_id = job.id
        WHERE event.type = 'deferred'
    """).fetchall()
    assert (lock, found) == ("lane:telegram:1", priority)
    assert wait == pytest.approx(seconds, abs=2)


def test_only_lanes_without_a_job_are_woken_by_the_sweep(store: Store, outside: psycopg.Connection) -> None:
    lanes = [Lane("telegram", str(number)) for number in range(5)]
    with store.write() as transaction:
        assert wakeups.wake_lanes(transaction, lanes[:2], after=timedelta(minutes=5)) == 2
        assert wakeups.wake_lanes(transaction, lanes, only_idle=True) == 3
        assert wakeups.wake_lanes(transaction, lanes, only_idle=True) == 0
    assert len(jobs(outside)) == 5


class Polling:
    """A Receiver that gets the requests that a test puts into `requests`, instead of polling a platform."""

    name = "telegram updates"
    problem = ""
    is_exclusive = True
    routes: abc.Sequence[WebRoute] = ()
    is_receiving = False

    def __init__(self) -> None:
        self.requests: asyncio.Queue[Request] = asyncio.Queue()  # what the platform returns

    async def listen(self, dispatcher: RequestDispatcher) -> None:
        self.is_receiving = True
        try:
            while True:
                await dispatcher.dispatch(await self.requests.get())
        finally:
            self.is_receiving = False

    async def drain(self, dispatcher: RequestDispatcher) -> None:
        raise NotImplementedError


class Worker:
    """A worker that receives updates while it is elected, and does nothing else."""

    def __init__(self, url: str) -> None:
        self.store, self.clock, self.polling = Store(url), FakeClock(NOON), Polling()
        workers.begin_worker(self.store, workers.NewWorker(holds_sender_lock=False))
        self.cluster = ClusterEngine(
            self.store, SystemClock(), {"telegram": Limits(text=4096, per_second=50, per_lane=1)}
        )
        self._goes_on, self._looks, self._is_held = asyncio.Event(), asyncio.Event(), False
        self.go_on()
        self._asks, vars(self.cluster)["is_elected"] = self.cluster.is_elected, self._is_elected
        self.handled: list[Request] = []
        receivers = [worker.Supervised(self.polling, self.clock, self.cluster)]
        self.health = Health(self.store, self.clock, lambda: worker.problems_of(receivers))
        self.task = asyncio.create_task(receivers[0].listen(cast(RequestDispatcher, self)))

    async def dispatch(self, request: Request) -> None:
        self.handled.append(request)

    async def stop(self) -> None:
        """Stops the worker when it next asks whether it is elected, as SIGSTOP would. Then its lease ends. `go_on` continues it."""
        self._goes_on.clear()
        await self.becomes(lambda: self._is_held)
        change(self.store, "UPDATE lease SET ends = clock_timestamp()")

    def go_on(self) -> None:
        self._goes_on.set()

    async def _is_elected(self, name: str) -> bool:
        self._is_held = not self._goes_on.is_set()
        self._looks.set()
        await self._goes_on.wait()
        return await self._asks(name)

    async def becomes(self, what: abc.Callable[[], bool]) -> None:
        """Waits until `what()` is true. Checks this each time that the worker asks whether it is elected."""
        async with asyncio.timeout(PATIENCE):
            while not what():
                self._looks.clear()
                await self._looks.wait()

    async def looks(self) -> None:
        with ThreadPoolExecutor(1, "of this test") as thread:
            await self.health.look(thread)

    def says(self, why: str) -> bool:
        problem = self.health.problems().get(Polling.name)
        return (problem.why if problem else "") == why

    async def end(self) -> None:
        self.task.cancel()
        await asyncio.wait((self.task,))
        await self.cluster.close()
        self.store.close()


@pytest.fixture(autouse=True)
def _short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.operation.worker.ELECTION_INTERVAL", 0.01)


@pytest.fixture(scope="module")
def own() -> abc.Iterator[OwnServer]:
    with own_server() as server:
        yield server


@pytest.fixture
async def two(own: OwnServer) -> abc.AsyncIterator[tuple[Worker, Worker]]:
    """Two workers, of which the first one is elected and receives."""
    url = own.database()
    async with contextlib.AsyncExitStack() as stack:
        first = Worker(url)
        stack.push_async_callback(first.end)
        await first.becomes(lambda: first.polling.is_receiving)
        second = Worker(url)
        stack.push_async_callback(second.end)
        yield first, second


async def test_updates_of_a_stopped_worker_go_to_its_successor(
    two: tuple[Worker, Worker],
) -> None:
    """A worker is stopped until its lease has ended, and another worker receives. When the first one goes on, it gets an
    update that waited for it. It must not handle this update.
    """
    first, second = two
    earlier, later = (cast(Request, SimpleNamespace(number=number)) for number in (1, 2))
    await first.polling.requests.put(earlier)
    await first.becomes(lambda: first.handled == [earlier])
    await first.stop()
    await second.becomes(lambda: second.polling.is_receiving)
    first.clock.advance(timedelta(seconds=60))
    await first.polling.requests.put(later)
    await first.becomes(first.polling.requests.empty)
    first.go_on()
    await first.becomes(lambda: not first.polling.is_receiving)
    assert first.handled == [earlier]


async def test_a_worker_that_ends_leaves_receiving_to_another_one_at_once(two: tuple[Worker, Worker]) -> None:
    first, second = two
    first.task.cancel()
    await asyncio.wait((first.task,))
    assert await second.cluster.is_elected(f"receiver {Polling.name}"), "it need not wait for the end of the lease"


async def test_a_worker_without_database_says_that_it_is_not_ready(own: OwnServer, two: tuple[Worker, Worker]) -> None:
    first, second = two
    own.goes_down()
    for one in two:
        await one.becomes(partial(one.says, "this worker does not receive: the database cannot be asked who does"))
        await one.looks()
        one.clock.advance(timedelta(seconds=90))
        found = one.health.problems()
        assert found["database"].why.startswith("nothing can be written: ")
        assert min(found["database"].seconds, found[Polling.name].seconds) >= 90
    assert not first.polling.is_receiving
    own.comes_back()
    await first.becomes(lambda: first.polling.is_receiving != second.polling.is_receiving)
    for one in two:
        await one.becomes(partial(one.says, ""))
        await one.looks()
        assert one.health.problems() == {}
    assert first.polling.is_receiving != second.polling.is_receiving


async def test_after_an_error_of_the_database_each_lane_is_delivered_again() -> None:
    """The job of the lane with the error fails, and runs again. The error stopped the other lanes too, so they are woken."""
    lanes = [Lane("telegram", chat) for chat in ("1", "2")]
    woken: list[tuple[list[Lane], timedelta]] = []
    clock, may_end = FakeClock(NOON), asyncio.Event()

    async def deliver_lane(state: DrainState, lane: Lane) -> None:
        if lane == lanes[0]:
            state.store_failed = True
            may_end.set()
            raise StoreError(Sentence("the disk is full"))
        await may_end.wait()

    async def serve(deliver: abc.Callable[[Lane], abc.Awaitable[None]], _: object) -> None:
        stopped, failed = await asyncio.gather(*map(deliver, reversed(lanes)), return_exceptions=True)
        assert (stopped, type(failed)) == (None, StoreError)

    def wake(lanes: list[Lane], not_before: datetime) -> None:
        woken.append((lanes, not_before - NOON))

    app = SimpleNamespace(clock=clock, sender=SimpleNamespace(deliver_lane=deliver_lane))
    lanes_at_work = worker.WorkerLanes(cast(Any, app), cast(Any, SimpleNamespace(serve=serve, wake=wake)))
    state = lanes_at_work.look()
    assert lanes_at_work._task is not None
    await lanes_at_work._task
    assert woken == [([lanes[1]], timedelta(seconds=5))]
    assert lanes_at_work.look() is not state, "a state that says that the store failed would stop every lane"
