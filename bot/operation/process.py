"""`paperwire run`: everything until SIGTERM. Sources, schedule, platforms, web; one process with the sending role."""

import asyncio
import gc
import logging
import socket
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping, Sequence
from contextlib import asynccontextmanager, nullcontext
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import uvicorn

from bot.app import App
from bot.conversation.dispatcher import Dispatcher
from bot.delivery.drain_state import DrainState
from bot.delivery.lane_sender import deliver
from bot.delivery.plan import plan
from bot.delivery.sender_lock import sender_lock
from bot.errors import SettingsError, error_location
from bot.operation.ticks import Ticker
from bot.operation.web_address import LimitedProtocol, health_app
from bot.ports.clock import Clock
from bot.ports.receiver import Receiver, RequestDispatcher
from bot.ports.web_route import Webhook, WebRoute
from bot.settings import Settings
from bot.sources.lookup import PaperLookup
from bot.sources.source_scheduler import SourceScheduler
from subscriptions.errors import PaperwireError, Sentence
from subscriptions.service.chats import has_operator, new_code
from subscriptions.service.notices import notify_new_version, notify_operators_of_trouble
from subscriptions.service.outbox import recover_in_flight, stopped_platforms
from subscriptions.service.papers import keep_recent

log = logging.getLogger("paperwire")

REST_FIRST, REST_LONGEST = 60.0, 900.0  # seconds that a platform whose token fails is left alone
WAKE_EVERY = (
    5.0  # seconds between two looks at all lanes while some are served: what is new was nudged when it was planned
)
LONGEST_ANSWERS = 60.0  # seconds that the answers of `--once` have to arrive
TIDY_EVERY = timedelta(days=1)
NOTIFY_EVERY = timedelta(minutes=1)  # how often is looked whether the operators should hear of something


class Process:
    """The long-running process: one tick every second, one drain at a time beside it."""

    def __init__(self, app: App, feeder: SourceScheduler) -> None:
        self.app = app
        self.feeder = feeder
        self.problems: dict[str, str] = {"start": "still starting"}
        self._drain: asyncio.Task[None] | None = None
        self._run = DrainState()
        self._woken = float("-inf")  # monotonic second of the last look at all lanes
        self._rests: dict[str, tuple[float, float]] = {}  # sender_of(lane) -> (until, length), monotonic seconds
        self._look_at = app.clock.monotonic() + REST_LONGEST  # when workspaces without the app are looked at again
        self._reported: set[str] = set()  # those that /health/ready names
        self._tidied: datetime | None = None
        self._told: datetime | None = None

    async def tick(self) -> None:
        """Looks at the sources, plans what is due, and sees to it that somebody delivers it.

        After an outage it is planned once the sources were asked: what was due is one delivery, with what was missed.
        """
        try:
            await self.feeder.poll()
            await self._wake_platforms()
            await self._check_workspaces()
            if not self.feeder.is_catching_up:
                await plan(self.app.wire, self._run)
            await asyncio.to_thread(keep_recent, self.app.store, now=self.app.clock.now())
            await self._notify_operators()
            await self._wake_lanes()
            await self.tidy()
            self.problems.pop("database", None)
            self._report_sources()
            self.problems.pop("start", None)
        except PaperwireError as error:
            self.problems["database"] = "it cannot be used; the log says why"  # a page shows no path
            log.error("%s", error)

    def _report_sources(self) -> None:
        for source in self.feeder.inbox.sources:
            self.problems.pop(f"source {source}", None)
        unread = self.feeder.problems
        self.problems.update({f"source {name}": "it cannot be read; the log says why" for name in unread})

    async def finish(self) -> None:
        """Waits until the lanes that were nudged so far have had their turn, or the time to stop is over."""
        if self._drain is not None:
            await asyncio.wait([self._drain])
            self._report(self._drain)

    async def _wake_lanes(self) -> None:
        app = self.app
        if self._drain is not None and self._drain.done():
            if self._drain.exception() is not None:  # what could not be written down is unclear from now on
                await asyncio.to_thread(recover_in_flight, app.store)
            self._report(self._drain)
            self._drain, self._run = None, DrainState(stopped=self._run.stopped)
        second = app.clock.monotonic()
        if self._drain is not None and second - self._woken < WAKE_EVERY:
            return
        self._woken = second
        if await app.wake_lanes(self._run) and self._drain is None:
            self._drain = asyncio.create_task(
                app.run_until_stopped(app.wire.engine.run(partial(deliver, app.wire, self._run)))
            )

    def _report(self, drain: asyncio.Task[None]) -> None:
        """Says what went wrong in the lanes."""
        error = drain.exception()
        if error is None:
            self.problems.pop("deliver", None)
            return
        self.problems["deliver"] = "a lane failed; the log says why"
        for one in error.exceptions if isinstance(error, ExceptionGroup) else (error,):
            log.error("Delivering failed: %s", one, exc_info=one)

    async def _wake_platforms(self) -> None:
        """A platform whose token failed is tried again after a while; one that stands still waits for a person."""
        second = self.app.clock.monotonic()
        held = await asyncio.to_thread(stopped_platforms, self.app.store)
        for platform, reason in list(self._run.stopped.items()):
            until, length = self._rests.get(platform, (0.0, 0.0))
            if not until:
                length = REST_FIRST
                self._rests[platform] = (second + length, length)
                log.error("%s stands still: %s", platform, reason)
            elif second >= until and platform not in held:
                del self._run.stopped[platform]
                longer = min(length * 2, REST_LONGEST)
                self._rests[platform] = (0.0, longer)
            self.problems[platform] = reason
        self._run.stopped.update(held)
        for platform in self._reported - set(self._run.stopped):
            self.problems.pop(platform, None)
        self._reported = set(self._run.stopped)

    async def _check_workspaces(self) -> None:
        """One that took the app away may have it again, by the same token."""
        second = self.app.clock.monotonic()
        if second >= self._look_at:
            self._look_at = second + REST_LONGEST
            await self.app.resume_reinstalled_workspaces()

    async def _notify_operators(self) -> None:
        """The operators hear of what is dead, waits for long or stands still: once a day and cause."""
        now = self.app.clock.now()
        if self._told is None or now - self._told >= NOTIFY_EVERY or now < self._told:
            self._told = now
            await self.notify_operators(dict(self._run.stopped))

    async def notify_operators(self, stopped: Mapping[str, str]) -> bool:
        """Tells the operators what they should know; `stopped` says which platforms stand still. True: notices are planned."""
        app = self.app
        planned = await asyncio.to_thread(
            notify_operators_of_trouble, app.store, app.settings.admins, now=app.clock.now(), stopped=stopped
        )
        return bool(planned)

    async def tidy(self) -> None:
        """Does the work of a day, if it was not done today."""
        now = self.app.clock.now()
        if self._tidied is None or now - self._tidied >= TIDY_EVERY or now < self._tidied:
            self._tidied = now
            await asyncio.to_thread(self.app.run_daily_maintenance)


async def run(
    app: App,
    feeder: SourceScheduler,
    *,
    once: bool,
    new_bot: bool,
    pause_gone: bool,
    say: Callable[[str], None],
) -> int:
    """Runs until `app.stop`; with `once` one round of everything. Returns the exit status. Raises RoleTaken."""
    with sender_lock(app.database):
        if pause_gone:
            await asyncio.to_thread(app.allow_pausing_gone)
        await app.prepare_sender(new_bot=new_bot)
        process = Process(app, feeder)
        if once:
            await until_stopped(app, feeder.drain())
            await answer_once(app, feeder.lookup)
            sent = await app.send_once()
            if await process.notify_operators(sent.stopped):
                sent = await app.send_once()
            await process.tidy()
            unread = {} if app.stop.is_set() else await feeder.unreadable_if_all()
            for line in nothing_read(unread):
                say(line)
            return 1 if sent.dead or unread else 0
        found = app.receivers()
        await app.check_app_tokens(found)
        receivers = [Supervised(receiver, app.clock) for receiver in found]
        hooks = [receiver.webhook for receiver in receivers if receiver.webhook is not None]
        doors = [door for receiver in receivers for door in receiver.routes]
        async with serving(app.settings, lambda: process.problems | problems_of(receivers), say, hooks, doors):
            for line in (*startup_lines(app, feeder), *await asyncio.to_thread(operator_lines, app)):
                say(line)
            await process.tick()  # at once: the first of the ticker comes after its interval
            gc.collect()  # what is loaded by now stays: to look through all of it again and again,
            gc.freeze()  # a tenth of a second each time, would keep people waiting
            async with listening(app, receivers, feeder.lookup):
                await Ticker(app.clock, process.tick).run(app.stop)
            say("Stopping: finishing what is on its way.")
            await feeder.close()
            await process.finish()
    return 0


def nothing_read(unread: Mapping[str, str]) -> list[str]:
    """What is said when every source failed, each with its reason."""
    told = "; ".join(f"{name}: {why.rstrip('.')}" for name, why in unread.items())
    return [f"No source could be read. {told}. paperwire check says what to do."] if unread else []


async def until_stopped(app: App, work: Coroutine[Any, Any, None]) -> None:
    """Waits for `work`, which is broken off when the process is to stop."""
    task, stop = asyncio.create_task(work), asyncio.create_task(app.stop.wait())
    await asyncio.wait((task, stop), return_when=asyncio.FIRST_COMPLETED)
    stop.cancel()
    if not task.done():
        task.cancel()
        await asyncio.wait((task,))
    if not task.cancelled():
        task.result()


@asynccontextmanager
async def listening(app: App, receivers: Sequence[Receiver], lookup: PaperLookup | None = None) -> AsyncIterator[None]:
    """Takes what people say on every platform where they can, while the body runs."""
    ear = Dispatcher(app, lookup)
    await ear.resume_replies()
    tasks = [asyncio.create_task(receiver.listen(ear)) for receiver in receivers]
    tasks.append(asyncio.create_task(introducing(app)))
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await ear.close()


async def introducing(app: App) -> None:
    """Has the platforms show what can be said; that they do not is no reason to stop."""
    try:
        await app.publish_commands()
    except Exception as error:  # noqa: BLE001 - a mistake of ours; the bot works without menus
        log.error("The menus of commands stay as they were: %s", error_location(error))


async def answer_once(app: App, lookup: PaperLookup | None = None) -> None:
    """Answers what waits on every platform, and sees the answers arrive. Raises StoreError."""
    ear = Dispatcher(app, lookup)
    await ear.resume_replies()
    drains = [asyncio.create_task(receiver.drain(ear)) for receiver in app.receivers()]
    stop = asyncio.create_task(app.stop.wait())
    try:
        for drain in drains:
            await asyncio.wait((drain, stop), return_when=asyncio.FIRST_COMPLETED)
        for drain in drains:
            if drain.done():
                drain.result()
    finally:
        for task in (stop, *drains):
            task.cancel()
        await asyncio.gather(stop, *drains, return_exceptions=True)
        await ear.wait_for_lookups(LONGEST_ANSWERS)
        await ear.close(LONGEST_ANSWERS)


class Supervised:
    """A Receiver that goes on whatever happens inside another one."""

    def __init__(self, receiver: Receiver, clock: Clock) -> None:
        self._receiver = receiver
        self._clock = clock
        self._broken = ""
        self.name, self.webhook, self.routes = receiver.name, receiver.webhook, receiver.routes

    @property
    def problem(self) -> str:
        """See Receiver."""
        return self._broken or self._receiver.problem

    async def listen(self, dispatcher: RequestDispatcher) -> None:
        """See Receiver."""
        while True:
            try:
                await self._receiver.listen(dispatcher)
            except Exception as error:  # noqa: BLE001 - a mistake of ours must not make the bot deaf
                self._broken = "it failed by a mistake of the program; the log says where"
                log.error("Listening failed and begins anew: %s", error_location(error))
            await self._clock.sleep(REST_FIRST)
            self._broken = ""

    async def drain(self, dispatcher: RequestDispatcher) -> None:
        """See Receiver."""
        await self._receiver.drain(dispatcher)


def problems_of(receivers: Sequence[Receiver]) -> dict[str, str]:
    """Receivers that do not work, and why."""
    return {receiver.name: receiver.problem for receiver in receivers if receiver.problem}


def startup_lines(app: App, feeder: SourceScheduler) -> list[str]:
    """What the operator should know at the start."""
    on = ", ".join(sorted(app.wire.channels))
    workspaces = len(app.settings.slack.workspaces)
    off = ", ".join(sorted({"telegram", "slack"} - set(app.wire.channels)))
    lines = [f"paperwire is on: {on}." + (f" Off, without a token: {off}." if off else "")]
    if workspaces > 1:
        lines.append(f"Slack: {workspaces} workspaces.")
    lines += _silent(app)
    lines.append(f"Database: {app.database}")
    return lines + feeder.descriptions


def _silent(app: App) -> list[str]:
    """A platform that carries messages and brings no words; silence would look like a broken bot."""
    slack = app.settings.slack
    if "slack" not in app.wire.channels or slack.signing_secret or any(one.app_token for one in slack.workspaces):
        return []
    return ["Slack only carries messages: nobody can talk to the bot there without PAPERWIRE_SLACK_APP_TOKEN."]


def operator_lines(app: App) -> list[str]:
    """How to become the operator while there is none; of another version than before those there are hear."""
    talk, admins = app.wire.conversation, app.settings.admins
    if talk is None:
        return []
    if talk.bot_info.version:
        notify_new_version(app.store, admins, talk.bot_info.version, now=app.clock.now())
    if not set(talk.platform_apis) - {"console"} or has_operator(app.store, admins):
        return []
    return [f"Nobody runs this bot yet. To do so, send it in private: /admin {new_code(app.store)}"]


@asynccontextmanager
async def serving(
    settings: Settings,
    problems: Callable[[], dict[str, str]],
    say: Callable[[str], None],
    hooks: Sequence[Webhook],
    doors: Sequence[WebRoute] = (),
) -> AsyncIterator[None]:
    """Serves the web address while the body runs."""
    listener = _listener(settings)
    config = uvicorn.Config(
        health_app(problems, hooks, doors),
        http=LimitedProtocol,
        ws="none",
        log_config=None,  # its own would write beside ours, secrets and all
        log_level="error",  # at "warning" each connection that is no HTTP is a line
        access_log=False,
        lifespan="off",
    )
    server = uvicorn.Server(config)
    server.capture_signals = nullcontext  # type: ignore[method-assign, assignment]  # the process has its own way to stop
    task = asyncio.create_task(server.serve(sockets=[listener]))
    host, port = listener.getsockname()[:2]
    say(f"Health: http://{host}:{port}/health/ready")
    try:
        yield
    finally:
        server.should_exit = True
        await task


def _listener(settings: Settings) -> socket.socket:
    """The socket of the web address, bound here so that a port in use is a sentence."""
    family = socket.AF_INET6 if ":" in settings.web_host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    host, port = settings.web_host, settings.web_port
    try:
        listener.bind((host, port))
        listener.listen()  # from here on nobody is turned away who reads that we are there
    except OSError as error:
        listener.close()
        raise SettingsError(
            Sentence(
                "{address} cannot be listened on: {why}.",
                {"address": f"{host}:{port}", "why": (error.strerror or "unknown").lower()},
            ),
            Sentence("Choose another in PAPERWIRE_WEB_HOST and PAPERWIRE_WEB_PORT; port 0 takes any that is free."),
        ) from None
    return listener
