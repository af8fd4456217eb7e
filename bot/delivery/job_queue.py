"""The jobs that wake lanes in a cluster, by procrastinate: when a worker loses its jobs to others, how long it may finish them at a stop.

A job is only a wake-up: it names a lane to look at and has no state. The store writes jobs in the transactions that
make lanes ready (subscriptions/store/wakeups.py). This module takes jobs. The library has one worker for each platform
here, so that no platform waits for another, and one for upkeep tasks. Each upkeep task runs in only one process.
"""

import asyncio
import logging
from asyncio import Event
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from functools import partial
from typing import Any

from procrastinate import App, BaseRetryStrategy, PsycopgConnector, RetryDecision
from procrastinate.exceptions import ProcrastinateException
from procrastinate.jobs import Job, Notification, Status
from procrastinate.manager import JobManager, NotificationCallback

from bot.errors import error_location
from subscriptions.model import Lane
from subscriptions.store import wakeups

log = logging.getLogger("paperwire")

_UPKEEP = "upkeep"  # the queue of the tasks that one worker does for all workers
RESTART_AFTER = 1.0  # seconds until the library is started again after an error
_NOT_OURS = "P0001"  # the SQLSTATE of an error: the job is no longer ours, since other workers have taken it
_CONNECTIONS = 1  # jobs are taken and ended one at a time; another connection listens
# A hundred thousand jobs may arrive before the server has analysed their table. Then the server would sort all of them
# for each job that is taken, which takes 200 ms instead of 1 ms. With these options the server uses the index instead.
_BY_INDEX = "-c enable_bitmapscan=off -c enable_sort=off"


@dataclass(frozen=True, slots=True, kw_only=True)
class Times:
    """Intervals and time limits of a cluster, in seconds. Tests shorten them."""

    beat: float = 5.0  # time between two heartbeats
    stalled: float = 20.0  # a worker without a heartbeat for this time loses its jobs to others
    poll: float = 1.0  # time between two checks for delayed jobs, for which no notification comes
    rescue_cron: str = "* * * * * */10"  # six fields; the last one is the seconds
    sweep_cron: str = "* * * * * 7"  # once a minute
    grace: float = 22.0  # time to finish running deliveries after SIGTERM; a call to a platform takes at most 20


class Again(Exception):
    """Raised to end a job that must be repeated after a delay."""

    def __init__(self, after: float) -> None:
        """`after` is the delay in seconds."""
        super().__init__(after)
        self.after = after


class _Retries(BaseRetryStrategy):
    """Retries every failed job, since its lane may still have work."""

    def get_retry_decision(self, *, exception: BaseException, job: Job) -> RetryDecision | None:  # noqa: ARG002 - the library's
        seconds = exception.after if isinstance(exception, Again) else 0.0
        return RetryDecision(retry_in={"milliseconds": int(seconds * 1000)})


class _Jobs(JobManager):
    """Repeats writes that the library tries only once, and uses only one connection to listen.

    The library gives up after one failed write. If the end of a job were not written, the job would lock its lane until
    the worker stops. After one failed heartbeat, the library would send no further ones. The library also listens on
    one connection for each of its workers.
    """

    is_over = False  # whether the workers of the library are ending; then other processes get their jobs
    problem = ""  # why the end of a job cannot be written

    def __init__(self, connector: PsycopgConnector, queues: Sequence[str]) -> None:
        """`queues` are the queues of all workers of the library in this process."""
        super().__init__(connector)
        self._queues = queues
        self._listeners: list[NotificationCallback] = []

    async def listen_for_jobs(
        self,
        *,
        on_notification: NotificationCallback,
        queues: Iterable[str] | None = None,  # noqa: ARG002 - the library's
    ) -> None:
        """See JobManager. The library's first worker here listens for all; each is notified of the others' jobs, too."""
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
        """Makes a job available to all workers again. Tries this only once."""
        with suppress(ProcrastinateException):
            await super().retry_job(job)

    async def update_heartbeat(self, worker_id: int) -> None:
        """See JobManager. Ignores an error, since the next heartbeat follows soon."""
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
    """The jobs of one worker. `deliver` is called with the lane of each job; it raises Again if the job must be repeated."""

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
        """`connect` are the arguments for the database driver. Without `sweep`, this worker does no upkeep tasks."""
        for name in ("procrastinate", "psycopg.pool"):
            logging.getLogger(name).setLevel(logging.CRITICAL)  # they log two lines for each job; we log the errors
        self._concurrency = concurrency
        self._times = times
        self._queues = [f"{wakeups.QUEUE}{platform}" for platform in platforms]
        self._connector = PsycopgConnector(
            kwargs={**connect, "options": f"{connect.get('options', '')} {_BY_INDEX}"},
            min_size=_CONNECTIONS,
            max_size=_CONNECTIONS,
        )
        self._jobs = _Jobs(self._connector, [*self._queues, *([_UPKEEP] if sweep is not None else [])])
        self._lanes = self._app()
        self._upkeep = self._app() if sweep is not None else None
        self._problem = ""  # why no jobs are taken

        @self._lanes.task(name=wakeups.TASK, retry=_Retries())
        async def deliver_lane(platform: str, address: str) -> None:
            await deliver(Lane(platform, address))

        if self._upkeep is not None and sweep is not None:
            self._add_upkeep(self._upkeep, sweep)

    @property
    def problem(self) -> str:
        """Returns why no jobs are taken or ended; "" if they are."""
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
        """Makes the jobs of workers without a heartbeat available to others. An error with one job does not stop the rest."""
        for job in await self._jobs.get_stalled_jobs(seconds_since_heartbeat=self._times.stalled):
            await self._jobs.give_back(job)

    async def work(self) -> None:
        """Takes jobs until it is cancelled; continues after failures of the database. When it ends, it finishes running jobs."""
        while True:
            try:
                await self._work_once()
            except Exception as error:  # noqa: BLE001 - no error of the library may end the worker
                self._problem = "the jobs cannot be read; the log says why"
                log.error("The jobs cannot be read: %s", error_location(error))
            await asyncio.sleep(RESTART_AFTER)

    @asynccontextmanager
    async def _opened(self) -> AsyncIterator[None]:
        """Opens the connections, and closes them also if this is cancelled before they are there.

        The library would then leave its pool open, whose tasks ignore that they are cancelled while they connect. The
        process would never end.
        """
        try:
            await self._lanes.open_async()
            yield
        finally:
            await self._connector.close_async()

    async def _work_once(self) -> None:
        """Takes jobs until one of the library's workers ends."""
        async with self._opened():
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
