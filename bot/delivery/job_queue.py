"""The jobs that wake lanes in the workers of a cluster: the one home of procrastinate, a job queue in PostgreSQL.

A job is a wake-up and carries no state: which lane to look at. The store writes jobs in the transactions that make lanes
ready (subscriptions/store/workers.py). Here they are taken: by one worker of the library for each platform, so that
no platform waits for another, and by one for the work that the workers share.
"""

import asyncio
import logging
from asyncio import Event
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Any

from procrastinate import App, BaseRetryStrategy, PsycopgConnector, RetryDecision
from procrastinate.exceptions import ProcrastinateException
from procrastinate.jobs import Job, Notification, Status
from procrastinate.manager import JobManager, NotificationCallback

from bot.errors import error_location
from subscriptions.model import Lane
from subscriptions.store.workers import QUEUE, TASK

log = logging.getLogger("paperwire")

_UPKEEP = "upkeep"  # the queue of the tasks that one worker does for all
RESTART_AFTER = 1.0  # seconds until the library is started again after an error
_NOT_OURS = "P0001"  # the SQLSTATE of the library's functions if a job does not run: others have it
_CONNECTIONS = 1  # for taking and ending jobs, one at a time; another connection listens
# A hundred thousand jobs may come before the server has analysed their table. Then it would read and sort all of them
# for each job that is taken, in 200 ms instead of 1 ms. These options make it use the index of their order.
_BY_INDEX = "-c enable_bitmapscan=off -c enable_sort=off"


@dataclass(frozen=True, slots=True, kw_only=True)
class Times:
    """How often a cluster looks after its workers, in seconds. Tests shorten them."""

    beat: float = 5.0  # between two heartbeats
    stalled: float = 20.0  # without a heartbeat, after which a worker's jobs are given to others
    poll: float = 1.0  # between two looks for delayed jobs, which come without a notification
    rescue_cron: str = "* * * * * */10"  # six fields: the seconds are the last
    sweep_cron: str = "* * * * * 7"  # each minute
    grace: float = 22.0  # to finish running deliveries after SIGTERM; a call to a platform takes at most 20


class Again(Exception):
    """Ends a job that is to be done again after a delay."""

    def __init__(self, after: float) -> None:
        """`after` in seconds."""
        super().__init__(after)
        self.after = after


class _Retries(BaseRetryStrategy):
    """Retries every failed job: it is only a wake-up, and its lane may still have work."""

    def get_retry_decision(self, *, exception: BaseException, job: Job) -> RetryDecision | None:  # noqa: ARG002 - the library's
        seconds = exception.after if isinstance(exception, Again) else 0.0
        return RetryDecision(retry_in={"milliseconds": int(seconds * 1000)})


class _Jobs(JobManager):
    """Retries writes that the library tries only once, and listens in one connection.

    Without it, a job whose end was not written would keep the lock of its lane as long as its worker lives. After a
    failed heartbeat there would be no other. Each worker of the library would hold a connection to listen.
    """

    is_over = False  # the workers of the library end; others get their jobs
    problem = ""  # why the end of a job is not written

    def __init__(self, connector: PsycopgConnector, queues: Sequence[str]) -> None:
        """`queues`: those of all workers of the library in this process."""
        super().__init__(connector)
        self._queues = queues
        self._listeners: list[NotificationCallback] = []

    async def listen_for_jobs(
        self,
        *,
        on_notification: NotificationCallback,
        queues: Iterable[str] | None = None,  # noqa: ARG002 - the library's
    ) -> None:
        """See JobManager. The first worker that asks listens for all; a worker may hear of a job of another one."""
        is_first = not self._listeners
        self._listeners.append(on_notification)
        try:
            await (
                super().listen_for_jobs(on_notification=self._tell, queues=self._queues) if is_first else Event().wait()
            )
        finally:
            self._listeners.remove(on_notification)

    async def _tell(self, *, channel: str, notification: Notification) -> None:
        for listener in self._listeners:
            await listener(channel=channel, notification=notification)

    async def finish_job(self, job: Job, status: Status, delete_job: bool) -> None:  # noqa: FBT001 - the library's
        """See JobManager."""
        await self._until_written(partial(super().finish_job, job, status, delete_job))

    async def retry_job(self, job: Job, *args: Any, **named: Any) -> None:  # noqa: ANN401 - the library's
        """See JobManager."""
        await self._until_written(partial(super().retry_job, job, *args, **named))

    async def give_back(self, job: Job) -> None:
        """Lets any worker take a job again, if the database takes that at once."""
        with suppress(ProcrastinateException):
            await super().retry_job(job)

    async def update_heartbeat(self, worker_id: int) -> None:
        """See JobManager. One that is not written is followed by the next."""
        with suppress(ProcrastinateException):
            await super().update_heartbeat(worker_id)

    async def _until_written(self, write: Callable[[], Awaitable[None]]) -> None:
        while True:
            try:
                await write()
            except ProcrastinateException as error:
                if self.is_over or getattr(error.__cause__, "sqlstate", None) == _NOT_OURS:
                    return
                if not self.problem:
                    log.error("The jobs cannot be written: %s", error_location(error))
                self.problem = "the jobs cannot be written; the log says why"
            else:
                self.problem = ""
                return
            await asyncio.sleep(RESTART_AFTER)


class JobQueue:
    """The jobs of one worker. `deliver` gets each lane that a job names; it raises Again to get it once more."""

    def __init__(
        self,
        connect: Mapping[str, Any],
        platforms: Sequence[str],
        deliver: Callable[[Lane], Awaitable[None]],
        *,
        sweep: Callable[[], Awaitable[None]] | None = None,
        concurrency: int,
        times: Times,
    ) -> None:
        """`connect`: the arguments of the driver. Without `sweep` this worker takes no part in the upkeep."""
        for name in ("procrastinate", "psycopg.pool"):
            logging.getLogger(name).setLevel(logging.CRITICAL)  # each job is two lines; errors are logged here
        self._concurrency = concurrency
        self._times = times
        self._queues = [f"{QUEUE}{platform}" for platform in platforms]
        self._connector = PsycopgConnector(
            kwargs={**connect, "options": f"{connect.get('options', '')} {_BY_INDEX}"},
            min_size=_CONNECTIONS,
            max_size=_CONNECTIONS,
        )
        self._jobs = _Jobs(self._connector, [*self._queues, *([_UPKEEP] if sweep is not None else [])])
        self._lanes = self._app()
        self._upkeep = self._app() if sweep is not None else None
        self._problem = ""  # why no jobs are taken

        @self._lanes.task(name=TASK, retry=_Retries())
        async def deliver_lane(platform: str, address: str) -> None:
            await deliver(Lane(platform, address))

        if self._upkeep is not None and sweep is not None:
            self._add_upkeep(self._upkeep, sweep)

    @property
    def problem(self) -> str:
        """Why no jobs are taken, or none ends; "" if they are."""
        return self._problem or self._jobs.problem

    def _app(self) -> App:
        app = App(connector=self._connector)
        app.job_manager = self._jobs
        return app

    def _add_upkeep(self, upkeep: App, sweep: Callable[[], Awaitable[None]]) -> None:
        @upkeep.periodic(cron=self._times.rescue_cron)
        @upkeep.task(name="rescue_jobs", queue=_UPKEEP, queueing_lock="rescue_jobs")
        async def rescue_jobs(timestamp: int) -> None:  # noqa: ARG001 - the library's
            await self.rescue()

        @upkeep.periodic(cron=self._times.sweep_cron)
        @upkeep.task(name="sweep_lanes", queue=_UPKEEP, queueing_lock="sweep_lanes")
        async def sweep_lanes(timestamp: int) -> None:  # noqa: ARG001 - as above
            await sweep()

    async def rescue(self) -> None:
        """Gives the jobs of workers without a heartbeat to others; one job that cannot be given holds up no other."""
        for job in await self._jobs.get_stalled_jobs(seconds_since_heartbeat=self._times.stalled):
            await self._jobs.give_back(job)

    async def work(self) -> None:
        """Takes jobs until it is cancelled, also after a failure of the database. Finishes running jobs first."""
        while True:
            try:
                await self._work_once()
            except Exception as error:  # noqa: BLE001 - of the library, its pool, the driver: nothing of it may end the worker
                self._problem = "the jobs cannot be read; the log says why"
                log.error("The jobs cannot be read: %s", error_location(error))
            await asyncio.sleep(RESTART_AFTER)

    async def _work_once(self) -> None:
        """Takes jobs until one of the library's workers ends."""
        async with self._lanes.open_async():
            tasks = [asyncio.create_task(self._worker(self._lanes, queue, self._concurrency)) for queue in self._queues]
            if self._upkeep is not None:
                tasks.append(asyncio.create_task(self._worker(self._upkeep, _UPKEEP, 1)))
            self._problem, self._jobs.problem, self._jobs.is_over = "", "", False
            try:
                done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
                for task in done:
                    task.result()
            finally:
                self._jobs.is_over = True
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)

    async def _worker(self, app: App, queue: str, concurrency: int) -> None:
        times = self._times
        await app.run_worker_async(
            queues=[queue],
            concurrency=concurrency,
            update_heartbeat_interval=times.beat,
            stalled_worker_timeout=times.stalled,
            fetch_job_polling_interval=times.poll,
            shutdown_graceful_timeout=times.grace,
            delete_jobs="always",
            install_signal_handlers=False,
        )
