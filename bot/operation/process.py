"""`paperwire run`: sources, schedule, platforms and web address until SIGTERM, in one process with the sender lock."""

import asyncio
import gc
import logging
from collections.abc import Callable, Mapping
from contextlib import nullcontext, suppress
from datetime import datetime, timedelta

from bot.app import App
from bot.context import UnderWay, do_steps, write
from bot.delivery import lane_sender
from bot.delivery.planning import DrainState, plan
from bot.errors import SettingsError, error_location
from bot.operation import ticks
from bot.operation.health import Health, Problem
from bot.operation.listening import Supervised, answer_once, listening, problems_of
from bot.operation.metrics import Metrics, attention, log_new_trouble, operator_lines, startup_lines, unread_lines
from bot.operation.sign_in import lock_of_metrics
from bot.operation.site import entry_lines, make_site
from bot.operation.ticks import Ticker
from bot.operation.web_server import ClosedConnections, serving
from bot.operation.worker import OwnerWatch, WorkerLanes, elected
from bot.sources.source_scheduler import SourceScheduler
from subscriptions.errors import PaperwireError, StoreError, StoreUnavailable
from subscriptions.service.notices import notify_operators_of_trouble
from subscriptions.service.paper_search import keep_recent, keep_searched
from subscriptions.store.platforms import free_platforms, stopped_platforms
from subscriptions.store.workers import end_worker, recover_own

log = logging.getLogger("paperwire")

FIRST_REST, LONGEST_REST = 60.0, 900.0  # seconds during which nothing is sent on a platform whose token fails
START_AGAIN = 3.0  # seconds until a start is tried again that did not reach the database
LOOK_INTERVAL = 5.0  # seconds between two looks into a store that nobody changes
CALM = 30.0  # seconds after a drain in which lanes may still wait for their platform
WAKE_INTERVAL = 5.0  # seconds between two checks of all lanes during a drain; planning wakes its lanes by itself
MAINTENANCE_INTERVAL = timedelta(hours=1)  # between two looks whether the day's clean-up or copy is due
NOTIFY_INTERVAL = timedelta(minutes=1)  # between two checks whether operators are to be notified


class Process:
    """The long-running process: one tick every second, and at most one drain of the lanes at a time."""

    def __init__(self, app: App, sources: SourceScheduler) -> None:
        self.app = app
        self.sources = sources
        self.problems: dict[str, str] = {"start": "still starting"}  # shown by /health/ready
        self._outbox_trouble: dict[str, str] = {}
        self.maintenance_trouble: dict[str, str] = {}
        self._drain: asyncio.Task[None] | None = None
        self._lanes = WorkerLanes(app, app.cluster) if app.cluster is not None else None
        self._drain_state = DrainState()
        self._seen: tuple[object, datetime] | None = None  # the mark of the store at the last look, and its minute
        self._looked_at = float("-inf")  # monotonic second of the last look
        self._drained_at = float("-inf")  # monotonic second at which a drain was seen last
        self._woken_at = float("-inf")  # monotonic second of the last check of all lanes
        self._rests: dict[str, tuple[float, float]] = {}  # sender_of(lane) -> (monotonic second of the end, seconds)
        self._workspaces_due = app.clock.monotonic() + LONGEST_REST  # monotonic second of the next `Platform.recheck`
        self._reported: set[str] = set()  # stopped platforms that `problems` names
        self._maintained_at: datetime | None = None
        self._maintenance: UnderWay[None] | None = None  # the steps that are left
        self._notified_at: datetime | None = None

    @property
    def attention(self) -> dict[str, str]:
        """What an operator must look at, by its cause: shown beside `problems`, and no reason to be not ready."""
        return self._outbox_trouble | self.maintenance_trouble

    async def tick(self) -> None:
        """Reads the sources, plans what is due, and starts a drain if a lane has something to do.

        After an outage, planning waits until the sources were polled, so that one delivery contains all papers that were
        missed.
        """
        try:
            await self.sources.poll()
            looks = self._must_look()
            if looks:
                await self._update_stopped_platforms()
            await self._check_workspaces()
            if looks:
                if not self.sources.is_catching_up:
                    await plan(self.app.context, self._drain_state, planned=self._wake_lanes)
                await asyncio.to_thread(keep_recent, self.app.store, now=self.app.clock.now())
                await asyncio.to_thread(keep_searched, self.app.store)
            await self._notify_operators()
            if looks:
                await self._wake_lanes()
            await self.run_maintenance()
            self.problems.pop("database", None)
            self._report_sources()
            self.problems.pop("start", None)
        except PaperwireError as error:
            self.problems["database"] = "it cannot be used; the log says why"  # no path is shown to the public
            log.error("%s", error)

    def _must_look(self) -> bool:
        """Returns whether there may be something to plan or to send.

        A calm store is looked at when somebody changed it, at each full minute, since deliveries are due then, and every
        LOOK_INTERVAL. With 100,000 subscriptions at rest these looks are most of what the process does.
        """
        second, minute = self.app.clock.monotonic(), self.app.clock.now().replace(second=0, microsecond=0)
        if self._drain is not None:
            self._drained_at = second
        mark = self.app.store.mark()  # before the look, which may itself write
        is_calm = mark is not None and second - self._drained_at >= CALM
        if is_calm and (mark, minute) == self._seen and second - self._looked_at < LOOK_INTERVAL:
            return False
        self._seen, self._looked_at = (mark, minute), second
        return True

    def _report_sources(self) -> None:
        self.problems.pop("sources", None)
        unread = self.sources.problems
        if unread:  # strangers may ask, so sources have no names here
            self.problems["sources"] = f"{len(unread)} cannot be read; paperwire sources says which"

    async def finish(self) -> None:
        """Waits until the running drain has ended, at most SHUTDOWN_GRACE seconds of bot.delivery.sender."""
        if self._lanes is not None:
            await self._lanes.finish()
        if self._drain is not None:
            await asyncio.wait([self._drain])
            self._report(self._drain)

    async def _wake_lanes(self) -> None:
        app = self.app
        if self._lanes is not None:
            await self._take_lanes(self._lanes)
            return
        if self._drain is not None and self._drain.done():
            await write(recover_own, app.store)  # messages without a written outcome become unclear
            self._report(self._drain)
            self._drain, self._drain_state = None, DrainState(stopped=self._drain_state.stopped)
        second = app.clock.monotonic()
        if self._drain is not None and second - self._woken_at < WAKE_INTERVAL:
            return
        self._woken_at = second
        if await app.sender.wake_lanes(self._drain_state) and self._drain is None:
            self._drain = asyncio.create_task(app.sender.drain_woken(self._drain_state))

    async def _take_lanes(self, lanes: WorkerLanes) -> None:
        """Has lanes delivered as one of several workers, and sets or clears the problem "deliver"."""
        self._drain_state = lanes.look()
        self.problems.pop("deliver", None)
        if problem := lanes.problem:
            self.problems["deliver"] = problem
        await lanes.recover_failed()

    def _report(self, drain: asyncio.Task[None]) -> None:
        """Logs the errors of a drain's lanes, and sets or clears the problem "deliver"."""
        error = drain.exception()
        if error is None:
            self.problems.pop("deliver", None)
            return
        self.problems["deliver"] = "a lane failed; the log says why"
        for one in error.exceptions if isinstance(error, ExceptionGroup) else (error,):
            said = one if isinstance(one, PaperwireError) else error_location(one)
            log.error("Delivering failed: %s", said, exc_info=one)

    async def _update_stopped_platforms(self) -> None:
        """Lets platforms whose token failed try again after a rest. Platforms that an operator must free stay stopped."""
        second = self.app.clock.monotonic()
        held = await asyncio.to_thread(stopped_platforms, self.app.store)
        stopped = self._drain_state.stopped
        for platform, reason in list(stopped.items()):
            until, length = self._rests.get(platform, (0.0, 0.0))
            if not until:
                length = FIRST_REST
                self._rests[platform] = (second + length, length)
                log.error("%s stands still: %s", platform, reason)
            elif second >= until and platform not in held:
                del stopped[platform]
                longer = min(length * 2, LONGEST_REST)
                self._rests[platform] = (0.0, longer)
            self.problems[platform] = reason
        stopped.update(held)
        for platform in self._reported - set(stopped):
            self.problems.pop(platform, None)
        self._reported = set(stopped)

    async def _check_workspaces(self) -> None:
        """Calls `recheck` of the platforms, and `claim_again`, every LONGEST_REST seconds."""
        second = self.app.clock.monotonic()
        if second >= self._workspaces_due:
            self._workspaces_due = second + LONGEST_REST
            for platform in self.app.platforms.values():
                await platform.recheck()
            await self.app.sender.claim_again()

    async def _notify_operators(self) -> None:
        now = self.app.clock.now()
        if self._notified_at is None or now - self._notified_at >= NOTIFY_INTERVAL or now < self._notified_at:
            self._notified_at = now
            await self.notify_operators(dict(self._drain_state.stopped))

    async def notify_operators(self, stopped: Mapping[str, str]) -> bool:
        """Notifies operators of dead letters, long waits and stopped platforms, once a day per cause; logs the first two.

        `stopped`: stopped platforms with their reasons. Returns whether notices were planned.
        """
        app, now = self.app, self.app.clock.now()
        await write(log_new_trouble, app.store, now=now)
        self._outbox_trouble = await asyncio.to_thread(attention, app.store, now=now)
        planned = await write(notify_operators_of_trouble, app.store, app.settings.admins, now=now, stopped=stopped)
        return bool(planned)

    async def run_maintenance(self) -> None:
        """Goes on with the daily maintenance, which begins once a day, for a tenth of a second."""
        now = self.app.clock.now()
        if (
            self._maintained_at is None
            or now - self._maintained_at >= MAINTENANCE_INTERVAL
            or now < self._maintained_at
        ):
            self._maintained_at = now
            steps = ticks.daily_maintenance(self.app.store, self.app.settings, now=now)
            self._maintenance = UnderWay(steps, self.app.store)
        if self._maintenance is None:
            return
        try:
            if not await ticks.proceed(self._maintenance, self.app.clock):
                self._maintenance, self.maintenance_trouble = None, {}
        except PaperwireError as error:
            self._maintenance = None
            self.maintenance_trouble = {"daily work": "the clean-up or the copy failed; the log says why"}
            log.error("The daily clean-up or copy failed: %s", error)


async def run(
    app: App,
    sources: SourceScheduler,
    *,
    once: bool,
    new_bot: bool,
    pause_gone: bool,
    say: Callable[[str], None],
) -> int:
    """Runs until `app.stop` is set, or with `once` one round of everything. Returns the exit status.

    While the database cannot be used the start waits and begins again; `once` raises StoreUnavailable. `new_bot` gives the
    database to the bot of the token. `pause_gone` lets stopped platforms send again. `say` prints a line for the operator.
    Raises SenderLockHeld, SettingsError, StoreError.
    """
    while not app.stop.is_set():
        try:
            return await _run(app, sources, once=once, new_bot=new_bot, pause_gone=pause_gone, say=say)
        except StoreUnavailable as error:
            if once or error.exit_code == SettingsError.exit_code:  # a file without rights, say: waiting mends nothing
                raise
            log.error("%s", error)
        await ticks.unless_stopped(app, app.clock.sleep(START_AGAIN))
    return 0


async def _run(
    app: App, sources: SourceScheduler, *, once: bool, new_bot: bool, pause_gone: bool, say: Callable[[str], None]
) -> int:
    """Makes one attempt to start, and runs if it succeeds. Raises as `run`, and StoreUnavailable."""
    app.open()
    with lane_sender.only_sender(app.store) if app.cluster is None else nullcontext():
        if app.cluster is not None:
            await app.cluster.join()
        if pause_gone:
            await write(free_platforms, app.store)
        await app.sender.prepare(new_bot=new_bot)
        process, owners = Process(app, sources), _owner_watch(app, recovers=once)
        async with ticks.beside(owners.watch()):
            if once:
                return await _run_once(process, say)
            await _run_until_stopped(process, owners, say)
        if app.cluster is not None:
            with suppress(StoreError):  # the others find out that it is gone
                await write(end_worker, app.store)
    return 0


def _owner_watch(app: App, *, recovers: bool) -> OwnerWatch:
    process, where = lane_sender.this_process(), lane_sender.whereabouts(app.clock.wall())
    if app.cluster is None:
        return OwnerWatch(app.store, app.clock, recovers=recovers, process=process, where=where)
    times = app.cluster.times
    return OwnerWatch(
        app.store,
        app.clock,
        recovers=recovers,
        interval=times.beat,
        stalled_after=times.stalled,
        process=process,
        where=where,
    )


async def _run_once(process: Process, say: Callable[[str], None]) -> int:
    app, sources = process.app, process.sources
    await ticks.unless_stopped(app, sources.drain())
    await answer_once(app, sources.lookup)
    sent = await app.sender.send_once()
    if await process.notify_operators(sent.stopped):
        sent = await app.sender.send_once()
    await do_steps(ticks.daily_maintenance(app.store, app.settings, now=app.clock.now()), app.store)
    unread = {} if app.stop.is_set() else await sources.unreadable_if_all()
    for line in unread_lines(unread):
        say(line)
    status = 1 if sent.dead or unread else 0
    if not (status or sent.stopped or app.stop.is_set()):
        await ticks.make_heartbeat(app).ask()
    return status


async def _run_until_stopped(process: Process, owners: OwnerWatch, say: Callable[[str], None]) -> None:
    app, sources = process.app, process.sources
    found = app.receivers()
    for platform in app.platforms.values():
        await platform.check_tokens(found)
    receivers = [Supervised(receiver, app.clock) for receiver in elected(found, app)]
    routes = [route for receiver in receivers for route in receiver.routes]
    health = Health(app.store, app.clock, lambda: process.problems | problems_of(receivers))
    metrics, heartbeat, closed = Metrics(app, health.whys), ticks.make_heartbeat(app), ClosedConnections(app.clock)
    app.context.observe.listeners += [metrics.observe, closed.observe]

    async def tick() -> None:
        await process.tick()
        heartbeat.beat(well=not health.problems())

    site = make_site(
        app, lambda: health.problems() | {of: Problem(why, 0) for of, why in process.maintenance_trouble.items()}
    )
    server = serving(
        app.settings,
        health.problems,
        say,
        routes,
        worker=app.store.worker,
        metrics=metrics.page,
        attention=lambda: process.attention,
        pages=site.routes if site else (),
        metrics_lock=lock_of_metrics(app.settings, app.clock),
        observe=app.context.observe,
    )
    async with server, ticks.beside(health.watch()), ticks.beside(closed.watch()):
        lines = (*entry_lines(app.settings), *startup_lines(app, sources), *await write(operator_lines, app.store, app))
        for line in lines:
            say(line)
        await process.tick()  # the ticker's own first tick comes only after a wait
        gc.collect()  # objects that exist now mostly stay; without freeze, each later collection
        gc.freeze()  # would examine them for a tenth of a second, and answers would wait for it
        async with listening(app, receivers, sources.lookup) as dispatcher:
            owners.recover_answers(dispatcher.take_over)
            with site.taking(dispatcher) if site else nullcontext():
                await Ticker(app.clock, tick).run(app.stop)
        say("Stopping: finishing what is on its way.")
        await heartbeat.close()
        await sources.close()
        await process.finish()
