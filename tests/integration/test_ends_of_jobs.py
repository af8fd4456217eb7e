"""What happens to a lane if the database refuses or cuts off the end of its job while its worker lives.

A trigger refuses the library's write at the end of a job. A sequence counts, since no rollback takes its numbers back.
"""

import asyncio
import threading
from collections.abc import AsyncIterator

import psycopg
import pytest

from bot.clock import SystemClock
from bot.delivery import job_queue
from bot.delivery.cluster import ClusterEngine
from bot.delivery.job_queue import Times
from bot.ports.channel import Limits
from subscriptions.errors import StoreError
from subscriptions.model import Lane
from subscriptions.store.database.store import Store
from tests.patience import PATIENCE

LIMITS = {"telegram": Limits(text=4096, per_second=28, per_lane=1)}
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
    """How many lanes the worker takes at once."""
    return 1


@pytest.fixture
def stops() -> list[bool]:
    """After which of the next lanes the worker is stopping, the next one last."""
    return []


@pytest.fixture
async def engine(
    url: str, concurrency: int, stops: list[bool], monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[ClusterEngine]:
    """A worker that quickly sees what is wrong."""
    monkeypatch.setattr(job_queue, "RESTART_AFTER", 0.01)
    store = Store(url)
    made = ClusterEngine(
        store,
        SystemClock(),
        LIMITS,
        stopping=lambda: bool(stops) and stops.pop(),
        concurrency=concurrency,
        times=Times(beat=0.05, poll=0.05, sweep_cron="* * * * * *", grace=0.1),
    )
    yield made
    await made.close()
    store.close()


async def executes(url: str, statement: str) -> None:
    """Executes it without blocking the loop, since it may have to wait for a transaction that the loop has open."""
    async with await psycopg.AsyncConnection.connect(url, autocommit=True) as connection:
        await connection.execute(statement)


@pytest.mark.parametrize("code", ["57014", "25006", "53100", "40001"])  # cancelled, read-only, disk full, serialization
@pytest.mark.parametrize("again", [False, True], ids=["the job is over", "the job is to be done again"])
async def test_the_end_of_a_job_is_written_until_the_database_takes_it(
    engine: ClusterEngine, url: str, stops: list[bool], code: str, again: bool
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


async def test_of_a_job_that_was_given_to_others_no_end_is_written(engine: ClusterEngine, url: str) -> None:
    runs: list[Lane] = []

    async def deliver(lane: Lane) -> None:
        if not runs:  # as others do with the jobs of a worker whose heartbeat stopped
            await executes(
                url, "UPDATE procrastinate_jobs SET status = 'todo', worker_id = NULL WHERE status = 'doing'"
            )
            await executes(url, "DELETE FROM procrastinate_jobs WHERE lock = 'lane:telegram:1'")
        runs.append(lane)

    engine.wake([ONE, OTHER])
    async with asyncio.timeout(PATIENCE):
        await engine.run(deliver)
    assert runs == [ONE, OTHER]


async def test_a_job_whose_end_cannot_be_written_is_left_to_others(engine: ClusterEngine, url: str) -> None:
    await executes(url, REFUSED.format(times=1_000_000, code="57014"))
    has_run = asyncio.Event()

    async def deliver(_: Lane) -> None:
        has_run.set()

    engine.wake([ONE])
    work = asyncio.create_task(engine.serve(deliver))
    async with asyncio.timeout(PATIENCE):
        await has_run.wait()
        while engine.problem != "the jobs cannot be written; the log says why":  # noqa: ASYNC110 - there is no event
            await asyncio.sleep(0.002)
        work.cancel()
        await asyncio.wait((work,))
    with psycopg.connect(url) as connection:
        left = connection.execute("SELECT status, worker_id FROM procrastinate_jobs").fetchall()
    assert left == [("doing", None)]


async def test_heartbeats_go_on_after_one_that_failed(engine: ClusterEngine, url: str) -> None:
    await executes(
        url,
        REFUSED.format(times=1, code="57014")
        + "CREATE TRIGGER refused_beat BEFORE UPDATE ON procrastinate_workers FOR EACH ROW EXECUTE FUNCTION refuse();",
    )

    async def deliver(_: Lane) -> None:
        pytest.fail("there is no lane")

    work = asyncio.create_task(engine.serve(deliver))
    async with asyncio.timeout(PATIENCE):
        while await asyncio.to_thread(beats, url) < 3:
            pass
        work.cancel()
        await asyncio.wait((work,))


async def test_a_sweep_that_failed_leaves_no_row(engine: ClusterEngine, url: str) -> None:
    sweeps = 0

    async def deliver(_: Lane) -> None:
        pytest.fail("there is no lane")

    async def sweep() -> None:
        nonlocal sweeps
        sweeps += 1
        raise StoreError("no")

    work = asyncio.create_task(engine.serve(deliver, sweep))
    async with asyncio.timeout(PATIENCE):
        while sweeps < 2:  # noqa: ASYNC110 - there is no event to wait for
            await asyncio.sleep(0.002)
        work.cancel()
        await asyncio.wait((work,))
    with psycopg.connect(url) as connection:
        assert (
            connection.execute("SELECT status FROM procrastinate_jobs WHERE status NOT IN ('todo', 'doing')").fetchall()
            == []
        )


def beats(url: str) -> int:
    with psycopg.connect(url) as connection:
        (found,) = connection.execute("SELECT last_value FROM tries").fetchone() or (0,)
    return int(found)


@pytest.mark.parametrize("concurrency", [2])
async def test_what_is_being_sent_when_the_library_begins_anew_goes_on(engine: ClusterEngine, url: str) -> None:
    """The library waits for what is on its way, and cuts off what takes longer. A confirmation that waits for the database does."""
    begun, is_written, runs = asyncio.Event(), asyncio.Event(), list[Lane]()

    async def deliver(lane: Lane) -> None:
        runs.append(lane)
        begun.set()
        await is_written.wait()

    engine.wake([ONE])
    work = asyncio.create_task(engine.serve(deliver))
    async with asyncio.timeout(PATIENCE):
        await begun.wait()
        await executes(url, "ALTER TABLE procrastinate_jobs RENAME TO out_of_reach")
        while not engine.problem:  # noqa: ASYNC110 - there is no event to wait for
            await asyncio.sleep(0.002)
        await executes(url, "ALTER TABLE out_of_reach RENAME TO procrastinate_jobs")
        while engine.problem:  # noqa: ASYNC110 - as above
            await asyncio.sleep(0.002)
        assert engine.lanes_in_hand == 1
        is_written.set()
        while engine.lanes_in_hand:  # noqa: ASYNC110 - as above
            await asyncio.sleep(0.002)
        work.cancel()
        await asyncio.wait((work,))
    assert set(runs) == {ONE}
    assert not engine._left


async def test_a_lane_whose_lock_came_too_late_is_freed(engine: ClusterEngine) -> None:
    """As when the server hangs for longer than a stop waits, and then goes on."""
    server_goes_on = threading.Event()

    async def post() -> None:
        async with engine.posting(ONE):
            pytest.fail("it was cut off before")

    engine._thread.submit(server_goes_on.wait, PATIENCE)
    cut_off = asyncio.create_task(post())
    while ONE not in engine._posting:  # noqa: ASYNC110 - there is no event to wait for
        await asyncio.sleep(0.002)
    await asyncio.sleep(0)
    cut_off.cancel()
    await asyncio.sleep(0)
    server_goes_on.set()
    await asyncio.wait((cut_off,))
    async with engine.posting(ONE, patience=0) as is_free:
        assert is_free
