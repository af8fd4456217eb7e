"""The sending rate of several workers together, also after a crash, and the end of their jobs in the queue."""

import asyncio
import contextlib
import threading
from bisect import bisect_right
from collections import abc
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import psycopg
import pytest

from bot import dependencies
from bot.app import App
from bot.conversation.reply_sender import _reserve
from bot.delivery import cluster, job_queue
from bot.delivery.rate_limits import wait_for_send
from bot.delivery.sender_lock import only_sender
from bot.dependencies import system_clock
from bot.errors import SenderLockHeld
from bot.platforms.telegram.adapter import TelegramChannel
from bot.ports.channel import Limits
from bot.ports.rate_limiter import RateLimiter
from subscriptions.errors import StoreError
from subscriptions.model import ChatAddress, Lane
from subscriptions.service.amendments import set_settings
from subscriptions.service.plan import plan_due
from subscriptions.states import ReplyState
from subscriptions.store import workers as stored_workers
from subscriptions.store.claims import mark_sending
from subscriptions.store.conversation_rows import UpdateRow
from subscriptions.store.database.store import Store
from tests import being_sent, make
from tests.clock import NOON, FakeClock
from tests.fakes.telegram import FakeTelegram
from tests.integration import telegram_bot
from tests.patience import PATIENCE
from tests.postgres.server import Server

NOW = 1000.0  # a monotonic second
GROUP = Lane("telegram", "-1001")
LIMITS = {"telegram": Limits(text=4096, per_second=0, per_lane=1, per_group_minute=20, burst=3, reserved=2)}
# makes the server cut all connections to the database except our own
CUT = """
    SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
    WHERE datname = current_database() AND pid != pg_backend_pid()
"""


class Worker:
    def __init__(self, lane_url: str) -> None:
        self.store, self.clock = Store(lane_url), FakeClock(NOON)
        stored_workers.begin_worker(self.store, stored_workers.NewWorker(holds_sender_lock=False))
        self.engine = cluster.ClusterEngine(self.store, self.clock, LIMITS)
        self.deps = cast(dependencies.Dependencies, SimpleNamespace(
            engine=self.engine, rate_limiter=self.engine.rate_limiter, clock=self.clock, store=self.store,
            is_stopping=lambda: False,
        ))  # fmt: skip

    def answers(self, *seconds_ago: float, topic: str = "", state: ReplyState = ReplyState.DONE) -> None:
        """Stores a request of a person for each of `seconds_ago`, which this worker has answered, or must still answer."""
        chat = str(ChatAddress(GROUP.platform, GROUP.address, topic))
        with self.store.write() as session:
            for ago in seconds_ago:
                session.add(
                    UpdateRow(
                        platform="telegram",
                        update_id=f"{chat} {ago}",
                        at=NOON - timedelta(seconds=ago),
                        chat=chat,
                        state=state,
                        worker=self.store.worker,
                    )
                )

    def ready_in(self) -> float:
        now = self.clock.monotonic()
        return self.engine.rate_limiter.ready_at(GROUP, now) - now


def ready_in(*seconds_ago: float, urgent: bool = False) -> float:
    """Returns how many seconds a lane must wait if a single process sent messages to it `seconds_ago`."""
    limiter = RateLimiter(LIMITS)
    for ago in sorted(seconds_ago, reverse=True):
        limiter.record_send(GROUP, NOW - ago)
    return limiter.ready_at(GROUP, NOW, urgent=urgent) - NOW


@pytest.fixture
def lane_url(postgres: Server) -> abc.Iterator[str]:
    with postgres.database() as lane_url, contextlib.closing(Store(lane_url)) as store:
        make.due(store, "telegram:-1001")
        plan_due(store, now=NOON)
        yield lane_url


@pytest.fixture
async def two(lane_url: str) -> abc.AsyncIterator[tuple[Worker, Worker]]:
    workers = Worker(lane_url), Worker(lane_url)
    yield workers
    for one in workers:
        await one.engine.close()
        one.store.close()


async def test_answers_of_one_worker_slow_deliveries_of_another(two: tuple[Worker, Worker]) -> None:
    receives, delivers = two
    receives.answers(9, 6, 3, 1)
    receives.answers(2, topic="5")
    receives.answers(70)  # too long ago for any limit
    assert not await wait_for_send(delivers.deps, GROUP)  # the lane must wait, and its worker wakes it later
    wanted = ready_in(9, 6, 3, 1, 2)
    assert wanted > 1
    assert delivers.ready_in() == pytest.approx(wanted)
    delivers.clock.advance(timedelta(seconds=cluster.COUNTED_FOR))
    before = delivers.ready_in()
    await delivers.engine.count_others(GROUP)  # counts no message a second time
    assert delivers.ready_in() == pytest.approx(before)


async def test_an_answer_waits_for_the_deliveries_of_another_worker(two: tuple[Worker, Worker]) -> None:
    receives, delivers = two
    being_sent.being_sent(delivers.store, being_sent.request(GROUP.address))
    other: Any = receives.clock
    receives.answers(7, 6, 5, 4, 3, 2, 1)
    wanted = ready_in(7, 6, 5, 4, 3, 2, 1, 0, urgent=True)
    assert wanted > 0
    begin = other.monotonic()
    await _reserve(receives.deps, ChatAddress(GROUP.platform, GROUP.address, ""))
    assert other.monotonic() - begin == pytest.approx(wanted)


async def test_an_unposted_answer_counts_for_the_other_workers(two: tuple[Worker, Worker]) -> None:
    receives, delivers = two
    receives.answers(2, 1, 0, state=ReplyState.READY)
    for one in two:
        await one.engine.count_others(GROUP)
    assert receives.ready_in() == 0
    assert delivers.ready_in() == pytest.approx(ready_in(0, 0, 0))


async def test_a_lane_stays_with_its_worker_when_the_server_cuts_all_connections(
    two: tuple[Worker, Worker], lane_url: str
) -> None:
    one, other = two
    async with one.engine.posting(GROUP):
        await executes(lane_url, CUT)
        # `other` first notices that its own connection was cut
        async with other.engine.posting(GROUP, patience=1) as is_free:
            assert not is_free
        async with one.engine.posting(Lane("telegram", "2")) as is_free:
            assert is_free
        await executes(lane_url, CUT)
    async with other.engine.posting(GROUP, patience=1) as is_free:
        assert not is_free  # `one` could not write the end of its lease
    with contextlib.suppress(StoreError):  # the connection for the transactions of `one` is cut too
        await one.engine.recover_failed()
    async with other.engine.posting(GROUP, patience=0) as is_free:
        assert is_free


@pytest.mark.parametrize(
    ("has_heartbeat", "has_session", "is_left"),
    [(True, True, False), (True, False, False), (False, True, False), (False, False, True)],
    ids=["at work", "its session was cut", "stopped", "killed"],
)
async def test_a_lane_is_left_by_a_worker_without_heartbeat_and_session(
    two: tuple[Worker, Worker], lane_url: str, *, has_heartbeat: bool, has_session: bool, is_left: bool
) -> None:
    one, other = two
    assert one.engine._session.hold(f"{GROUP.platform}:{GROUP.address}")
    step = being_sent.to_be_sent(one.store, being_sent.request(GROUP.address))
    if not has_heartbeat:
        stored_workers.end_worker(one.store)
    if not has_session:
        assert one.engine._session._connection is not None
        pid = one.engine._session._connection.info.backend_pid
        await executes(lane_url, f"SELECT pg_terminate_backend({pid}, 5000)")  # returns when the session has ended
    async with other.engine.posting(GROUP, patience=0) as is_free:
        assert is_free == is_left
        assert mark_sending(one.store, step, wall=NOON) == (not is_left), "it posts there although another one does"


@pytest.fixture
async def workers(url: str) -> abc.AsyncIterator[list[cluster.ClusterEngine]]:
    stores = [Store(url) for _ in range(3)]
    limits = {"telegram": Limits(text=4096, per_second=50, per_lane=1)}
    engines = [cluster.ClusterEngine(store, system_clock.SystemClock(), limits) for store in stores]
    yield engines
    for engine, store in zip(engines, stores, strict=True):
        await engine.close()
        store.close()


async def test_three_workers_together_keep_to_the_rate(workers: list[cluster.ClusterEngine]) -> None:
    """The test does not check that they use the whole rate, which depends on the machine."""

    async def sends(worker: cluster.ClusterEngine) -> list[float]:
        return [await worker.reserve("telegram") for _ in range(15)]

    begin = system_clock.SystemClock().monotonic()
    starts = sorted(start for found in await asyncio.gather(*map(sends, workers)) for start in found)
    assert [start - begin >= number / 50 - 0.001 for number, start in enumerate(starts)] == [True] * 45


async def test_a_worker_hears_of_a_rest_that_another_one_was_asked_for(workers: list[cluster.ClusterEngine]) -> None:
    told, other, _ = workers
    clock = system_clock.SystemClock()
    now = clock.monotonic()
    for address in ("1", "2"):
        told.rate_limiter.pause(Lane("telegram", address), now + 60, now)
    await told.wait_for_writes()
    assert other.rate_limiter.pause_left("telegram", clock.monotonic()) == 0
    await other.reserve("telegram")  # learns of the pause, and returns at once without a slot
    heard = clock.monotonic()
    assert heard - now < 60
    assert now + 60 - 0.01 <= heard + other.rate_limiter.pause_left("telegram", heard) <= heard + 60


async def test_one_of_several_workers_is_elected_until_it_resigns(
    workers: list[cluster.ClusterEngine], url: str
) -> None:
    one, other, third = workers
    # as if a worker had been stopped for longer than a lease lasts
    lease_ends = "UPDATE lease SET ends = clock_timestamp() WHERE worker = '{}'"

    async def elected(*asking: cluster.ClusterEngine) -> list[bool]:
        """Asks for each of these workers, in turn, whether it is elected as the receiver."""
        return [await worker.is_elected("receiver") for worker in asking]

    assert await elected(one, one, other) == [True, True, False]
    assert await other.is_elected("another")
    await other.resign("receiver")  # has no effect, because `one` is the receiver
    await one._aside(one._session.close)  # the session of `one` is cut
    assert await elected(other, one) == [False, True]
    await executes(url, lease_ends.format(one._store.worker))
    assert await elected(other, third, one) == [True, False, False]
    await executes(url, lease_ends.format(other._store.worker))
    assert await elected(other) == [True]  # no other worker asked in between
    await other.resign("receiver")
    assert await elected(one) == [True]


async def test_who_sends_alone_is_kept_out_while_a_worker_lives(workers: list[cluster.ClusterEngine], url: str) -> None:
    one, other, _ = workers
    assert await one.is_elected("receiver")  # this opens the session of `one`
    with pytest.raises(SenderLockHeld), contextlib.closing(Store(url)) as alone, only_sender(alone):
        pytest.fail("it sends beside a worker")
    await other.join()  # other workers may join
    assert await other.is_elected("another")


# ── A job whose end could not be written, because the database refused it or cut the connection ───────────────────────

ONE, OTHER = Lane("telegram", "1"), Lane("telegram", "2")
REFUSED = """
    CREATE SEQUENCE tries;
    CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF nextval('tries') <= {times} THEN RAISE EXCEPTION 'no' USING ERRCODE = '{code}'; END IF;
        RETURN coalesce(NEW, OLD);
    END $$;
    CREATE TRIGGER refused_end BEFORE DELETE ON procrastinate_jobs
        FOR EACH ROW EXECUTE FUNCTION refuse();
    CREATE TRIGGER refused_retry BEFORE UPDATE ON procrastinate_jobs
        FOR EACH ROW WHEN (OLD.status = 'doing' AND NEW.status = 'todo') EXECUTE FUNCTION refuse();
"""


@pytest.fixture
def concurrency() -> int:
    """The number of lanes that the worker serves at the same time."""
    return 1


@pytest.fixture
def stops() -> list[bool]:
    """Answers to the question whether the worker is stopping, which it asks for each lane. It takes the last value first."""
    return []


@pytest.fixture
async def engine(
    url: str, concurrency: int, stops: list[bool], monkeypatch: pytest.MonkeyPatch
) -> abc.AsyncIterator[cluster.ClusterEngine]:
    """A worker with short intervals, so that it soon notices a failure."""
    monkeypatch.setattr(job_queue, "RESTART_AFTER", 0.01)
    with contextlib.closing(Store(url)) as store:
        made = cluster.ClusterEngine(
            store,
            system_clock.SystemClock(),
            {"telegram": Limits(text=4096, per_second=28, per_lane=1)},
            stopping=lambda: bool(stops) and stops.pop(),
            concurrency=concurrency,
            times=job_queue.Times(beat=0.05, poll=0.05, sweep_cron="* * * * * *", grace=0.1),
        )
        yield made
        await made.close()


@contextlib.asynccontextmanager
async def serving(engine: cluster.ClusterEngine, *work: Any) -> abc.AsyncIterator[None]:
    """Lets the worker serve its jobs in the background until the end of the block, for at most PATIENCE seconds."""
    task = asyncio.create_task(engine.serve(*work))
    async with asyncio.timeout(PATIENCE):
        yield
        task.cancel()
        await asyncio.wait((task,))


async def executes(url: str, statement: str) -> None:
    """Executes a statement. It does not block the event loop, because it may wait for a transaction that runs there."""
    async with await psycopg.AsyncConnection.connect(url, autocommit=True) as connection:
        await connection.execute(statement)


@pytest.mark.parametrize(("code", "again"), [("57014", False), ("40001", True)])  # cancelled; serialization
async def test_the_end_of_a_job_is_written_until_the_database_takes_it(
    engine: cluster.ClusterEngine, url: str, stops: list[bool], *, code: str, again: bool
) -> None:
    await executes(url, REFUSED.format(times=3, code=code))
    stops.append(again)
    runs: list[Lane] = []

    async def deliver(lane: Lane) -> None:
        runs.append(lane)

    engine.wake([ONE, OTHER])
    async with asyncio.timeout(PATIENCE):
        await engine.run(deliver)
        engine.wake([ONE])
        await engine.run(deliver)
    assert runs == ([ONE, ONE, OTHER, ONE] if again else [ONE, OTHER, ONE])


async def test_of_a_job_that_was_given_to_others_no_end_is_written(engine: cluster.ClusterEngine, url: str) -> None:
    runs: list[Lane] = []

    async def deliver(lane: Lane) -> None:
        if not runs:  # other workers do this with the jobs of a worker whose heartbeat has stopped
            await executes(
                url, "UPDATE procrastinate_jobs SET status = 'todo', worker_id = NULL WHERE status = 'doing'"
            )
            await executes(url, "DELETE FROM procrastinate_jobs WHERE lock = 'lane:telegram:1'")
        runs.append(lane)

    engine.wake([ONE, OTHER])
    async with asyncio.timeout(PATIENCE):
        await engine.run(deliver)
    assert runs == [ONE, OTHER]


async def test_a_job_whose_end_cannot_be_written_is_left_to_others(
    engine: cluster.ClusterEngine, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    await executes(url, REFUSED.format(times=1_000_000, code="57014"))
    has_failed = asyncio.Event()
    monkeypatch.setattr(job_queue.log, "error", lambda *_: has_failed.set())

    async def deliver(_: Lane) -> None:
        return

    engine.wake([ONE])
    async with serving(engine, deliver):
        await has_failed.wait()
        assert engine.problem == "the jobs cannot be written; the log says why"
    with psycopg.connect(url) as connection:
        assert connection.execute("SELECT status, worker_id FROM procrastinate_jobs").fetchall() == [("doing", None)]


async def test_a_heartbeat_or_sweep_that_failed_is_made_again(engine: cluster.ClusterEngine, url: str) -> None:
    """A refused heartbeat and a failed sweep are both tried again. The failed sweep leaves no row in the queue."""
    await executes(
        url,
        REFUSED.format(times=1, code="57014")
        + "CREATE TRIGGER refused_beat BEFORE UPDATE ON procrastinate_workers FOR EACH ROW EXECUTE FUNCTION refuse();",
    )
    sweeps = asyncio.Queue[None]()

    async def deliver(_: Lane) -> None:
        pytest.fail("there is no lane")

    async def sweep() -> None:
        await sweeps.put(None)
        raise StoreError("no")

    async with serving(engine, deliver, sweep):
        for _ in range(2):
            await sweeps.get()
        while await asyncio.to_thread(beats, url) < 3:
            pass
    with psycopg.connect(url) as connection:
        assert not connection.execute(
            "SELECT status FROM procrastinate_jobs WHERE status NOT IN ('todo', 'doing')"
        ).fetchall()


def beats(url: str) -> int:
    with psycopg.connect(url) as connection:
        (found,) = connection.execute("SELECT last_value FROM tries").fetchone() or (0,)
    return int(found)


async def becomes(url: str, what: abc.Callable[[], bool]) -> None:
    """Waits until `what()` is true. Executes a statement between two checks, so that the event loop can go on."""
    while not what():
        await executes(url, "SELECT 1")


@pytest.mark.parametrize("concurrency", [2])
async def test_what_is_being_sent_when_the_library_begins_anew_goes_on(
    engine: cluster.ClusterEngine, url: str, caplog: pytest.LogCaptureFixture
) -> None:
    """The job library restarts after an error of the database, and cancels jobs that run for long.

    A delivery that is being sent at this moment goes on until it ends.
    """
    begun, is_written, runs = asyncio.Event(), asyncio.Event(), list[Lane]()

    async def deliver(lane: Lane) -> None:
        runs.append(lane)
        begun.set()
        await is_written.wait()

    engine.wake([ONE])
    async with serving(engine, deliver):
        await begun.wait()
        await executes(url, "ALTER TABLE procrastinate_jobs RENAME TO out_of_reach")
        await becomes(url, lambda: engine.problem != "")
        await executes(url, "ALTER TABLE out_of_reach RENAME TO procrastinate_jobs")
        # the end of the job is written first; only then, the library begins anew
        await becomes(url, lambda: "The jobs cannot be read" in caplog.text)
        await becomes(url, lambda: engine.problem == "")
        assert engine.lanes_in_hand == 1
        is_written.set()
        await becomes(url, lambda: engine.lanes_in_hand == 0)
    assert set(runs) == {ONE}
    assert not engine._left


async def test_a_worker_that_ends_while_it_connects_leaves_no_task(engine: cluster.ClusterEngine) -> None:
    """A task of the pool that is cancelled while it connects goes on, and the event loop would wait for it for ever."""

    def of_the_pool() -> list[str]:
        return [task.get_name() for task in asyncio.all_tasks() if task.get_name().startswith("pool-")]

    async def deliver(_: Lane) -> None:
        pytest.fail("there is no lane")

    async with serving(engine, deliver):
        while not of_the_pool():  # noqa: ASYNC110 - the pool tells nobody that it begins
            await asyncio.sleep(0)
    assert of_the_pool() == []


async def test_a_lane_whose_lock_came_too_late_is_freed(engine: cluster.ClusterEngine) -> None:
    """A post waits for the lock of its lane while the server hangs. The post is cancelled, and then the lock arrives."""
    server_goes_on = threading.Event()

    async def post() -> None:
        async with engine.posting(ONE):
            pytest.fail("it was cut off before")

    engine._thread.submit(server_goes_on.wait, PATIENCE)
    cut_off = asyncio.create_task(post())
    await asyncio.sleep(0)  # now the post waits for the thread that takes the lock
    assert ONE in engine._posting
    cut_off.cancel()
    await asyncio.sleep(0)
    server_goes_on.set()
    await asyncio.wait((cut_off,))
    async with engine.posting(ONE, patience=0) as is_free:
        assert is_free


# ── The rate after a crash: posts of the earlier process count, even those that the store has not confirmed ───────────

OF_TELEGRAM = TelegramChannel.limits


class Crash(BaseException):
    """Ends the work at once, as if the process were killed. No code of the product catches it."""


def busiest(starts: list[float], seconds: float) -> int:
    """Returns the largest number of starts within any span of this many seconds, both ends included."""
    return max((bisect_right(starts, start + seconds) - i for i, start in enumerate(starts)), default=0)


def wants_many_messages(app: App, chat: str) -> None:
    make.subscribes(app.store, chat, "graph", when="now")
    set_settings(app.store, make.address(chat), {"limit": "all"}, now=app.clock.now())
    make.ingested(app.store, *(make.paper(f"A graph of kind {n}", abstract="Text. " * 60) for n in range(120)))


def crashes_at_posts(app: App, starts: list[float], *, every: int, taken: bool) -> None:
    """Records when each post of the app starts. Every n-th post crashes: with `taken`, after the platform accepted it."""
    channel = app.deps.channels["telegram"]
    post = channel.post

    async def timed(*args: object, **options: object) -> str:
        starts.append(app.clock.monotonic())
        crashes = len(starts) % every == 0
        if crashes and not taken:
            raise Crash
        found = await post(*args, **options)  # type: ignore[arg-type]
        if crashes:
            raise Crash
        return found

    channel.post = timed  # type: ignore[method-assign]


@pytest.mark.parametrize(
    ("chat", "every", "taken"), [("telegram:1", 2, True), ("telegram:-1001", 1, False), ("telegram:-1001", 5, True)]
)
async def test_kills_do_not_raise_the_burst_of_a_chat(
    tmp_path: Path, telegram: FakeTelegram, clock: FakeClock, *, chat: str, every: int, taken: bool
) -> None:
    starts: list[float] = []
    for kill in range(8):
        async with telegram_bot.a_bot(tmp_path, telegram, clock) as app:
            if kill == 0:
                wants_many_messages(app, chat)
            crashes_at_posts(app, starts, every=every, taken=taken)
            try:
                await app.sender.deliver()
            except BaseExceptionGroup as ended:
                assert ended.subgroup(Crash) is not None  # noqa: PT017 - the crash that was wanted
    assert len(starts) >= 6
    assert busiest(starts, 2.9) <= OF_TELEGRAM.burst
    if chat.startswith("telegram:-"):
        assert busiest(starts, 60) <= OF_TELEGRAM.per_group_minute


async def test_answers_of_an_earlier_process_count_to_the_pace(
    tmp_path: Path, telegram: FakeTelegram, clock: FakeClock
) -> None:
    starts: list[float] = []
    async with telegram_bot.a_listening_bot(tmp_path, telegram, clock) as app:
        crashes_at_posts(app, starts, every=1000, taken=True)
        for _ in range(6):
            telegram.user_writes("/help")
        await telegram_bot.confirmed(telegram)
    async with telegram_bot.a_bot(tmp_path, telegram, clock) as app:
        wants_many_messages(app, "telegram:42")
        crashes_at_posts(app, starts, every=1000, taken=True)
        await app.sender.deliver()
    assert len(starts) > 8
    assert busiest(starts, 2.9) <= OF_TELEGRAM.burst
