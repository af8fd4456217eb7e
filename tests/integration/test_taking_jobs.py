"""To take a job takes as long among many that wait as among few, also before the server has looked at their table."""

from contextlib import closing

from bot.delivery.job_queue import JobQueue, Times
from subscriptions.model import Lane
from subscriptions.store.database.store import Store
from subscriptions.store.workers import wake_lanes
from tests.postgres.reading import read

WAITING, TAKEN = 5000, 20


async def delivers(_lane: Lane) -> None: ...


async def test_the_next_job_is_found_by_an_index(url: str) -> None:
    with closing(Store(url)) as store:
        connect = store.kind.connect_arguments()
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
