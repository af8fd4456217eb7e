"""Jobs of several schedulers: each is done once, also if one of them is killed; the next one is found among many."""

import asyncio
import random
import threading
from collections import Counter
from contextlib import closing
from datetime import datetime, timedelta

import psycopg
from procrastinate.periodic import PeriodicDeferrer

from bot.delivery.job_queue import JobQueue, Times
from subscriptions.model import Lane
from subscriptions.store.database.store import Store
from subscriptions.store.sources import SourceFact, claim_poll, known_sources, sync_sources
from subscriptions.store.workers import wake_lanes
from tests.make import NOON
from tests.postgres.reading import read

SCHEDULERS, TICKS, KILLED_AT = 3, 60, 23
MINUTE = timedelta(minutes=1)


async def delivers(_lane: Lane) -> None: ...


async def sweeps() -> None: ...


def jobs(connection: "psycopg.Connection[tuple[str, int]]") -> Counter[tuple[str, int]]:
    """What was asked for, with the tick that it is for; it is taken away, as a worker does."""
    found = connection.execute("DELETE FROM procrastinate_jobs RETURNING task_name, (args->>'timestamp')::integer")
    return Counter((task, tick) for task, tick in found)


async def test_the_upkeep_of_each_tick_is_asked_for_once(url: str) -> None:
    times = Times(rescue_cron="* * * * * 0", sweep_cron="* * * * * 0")
    with closing(Store(url)) as store:
        connect = store.server.connect_arguments()
    queues = [
        JobQueue(connect, ["telegram"], delivers, sweep=sweeps, concurrency=1, times=times) for _ in range(SCHEDULERS)
    ]
    asked: Counter[tuple[str, int]] = Counter()
    apps = [queue._upkeep for queue in queues]
    deferrers = [PeriodicDeferrer(registry=app.periodic_registry) for app in apps if app is not None]
    for queue in queues:
        await queue._connector.open_async()
    with psycopg.connect(url, autocommit=True) as connection:
        for number in range(TICKS):
            if number == KILLED_AT:
                deferrers.pop()
                await queues.pop()._connector.close_async()
            at = (NOON + number * MINUTE).timestamp() + 0.5
            await asyncio.gather(*(one.defer_jobs(one.get_previous_tasks(at=at)) for one in deferrers))
            asked += jobs(connection)
    for queue in queues:
        await queue._connector.close_async()
    ticks = [int((NOON + number * MINUTE).timestamp()) for number in range(TICKS)]
    assert asked == Counter({(task, tick): 1 for task in ("rescue_jobs", "sweep_lanes") for tick in ticks})


def test_each_poll_is_made_once(url: str) -> None:
    """Each scheduler has read when the source is due, and claims it at the same moment as the others; one ends without a word."""
    stores = [Store(url) for _ in range(SCHEDULERS)]
    sync_sources(stores[0], [SourceFact(name="daily", kind="url", location="")], now=NOON)
    assert claim_poll(stores[0], "daily", None, NOON)
    polled: Counter[datetime] = Counter()
    begin = threading.Barrier(SCHEDULERS)
    chance = random.Random(8)

    def schedule(store: Store, until: int) -> None:
        for number in range(TICKS):
            (known,) = known_sources(store)
            begin.wait()
            due = known.state.next_at
            assert due == NOON + number * MINUTE
            if number < until and claim_poll(store, "daily", due, due + MINUTE):
                polled[due] += 1
            begin.wait()

    ends = [TICKS, TICKS, KILLED_AT]
    chance.shuffle(ends)
    threads = [threading.Thread(target=schedule, args=one) for one in zip(stores, ends, strict=True)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for store in stores:
        store.close()
    assert polled == Counter({NOON + number * MINUTE: 1 for number in range(TICKS)})


WAITING, TAKEN = 5000, 20


async def test_the_next_job_is_found_by_an_index(url: str) -> None:
    with closing(Store(url)) as store:
        connect = store.server.connect_arguments()
        with store.write() as transaction:
            wake_lanes(transaction, [Lane("telegram", str(number)) for number in range(WAITING)])
    before = sum(read(url, "procrastinate_jobs"))
    queue = JobQueue(connect, ["telegram"], delivers, concurrency=1, times=Times())
    await queue._connector.open_async()
    jobs = queue._lanes.job_manager
    worker = await jobs.register_worker()
    taken = [await jobs.fetch_job(queues=queue._queues, worker_id=worker) for _ in range(TAKEN)]
    await queue._connector.close_async()
    assert [job.task_kwargs["address"] for job in taken if job is not None] == [str(number) for number in range(TAKEN)]
    assert sum(read(url, "procrastinate_jobs")) - before < WAITING
