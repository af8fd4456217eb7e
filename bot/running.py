"""`paperwire run`: everything until SIGTERM. Sources, schedule, platforms, web; one process with the sending role."""

import asyncio
import logging
import socket
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, nullcontext
from datetime import datetime, timedelta
from functools import partial

import uvicorn

from bot.app import App
from bot.ear import Ear, place_of_error
from bot.errors import SettingsError
from bot.health import health_app
from bot.inbox import Inbox
from bot.pipeline import deliver, plan
from bot.ports import Clock, Hook, Listener, Receiver
from bot.role import sending_role
from bot.scheduler import Ticker
from bot.settings import Settings
from bot.wire import Run
from subscriptions import (
    PaperwireError,
    Sentence,
    has_operator,
    lanes,
    new_code,
    stopped_platforms,
    take_over,
    tell_new_version,
    tell_operators,
)

log = logging.getLogger("paperwire")

REST_FIRST, REST_LONGEST = 60.0, 900.0  # seconds that a platform whose token fails is left alone
LONGEST_ANSWERS = 60.0  # seconds that the answers of `--once` have to arrive
TIDY_EVERY = timedelta(days=1)
TELL_EVERY = timedelta(minutes=1)  # how often is looked whether the operators should hear of something


class Process:
    """The long-running process: one tick every second, one drain at a time beside it."""

    def __init__(self, app: App, inbox: Inbox) -> None:
        self.app = app
        self.inbox = inbox
        self.problems: dict[str, str] = {"start": "still starting"}
        self._drain: asyncio.Task[None] | None = None
        self._run = Run()
        self._rests: dict[str, tuple[float, float]] = {}  # platform -> (until, length), monotonic seconds
        self._tidied: datetime | None = None
        self._told: datetime | None = None

    async def tick(self) -> None:
        """Looks at the sources, plans what is due, and sees to it that somebody delivers it."""
        try:
            await self.inbox.poll()
            await self._wake_platforms()
            await plan(self.app.wire, self._run)
            await self._tell()
            await self._nudge()
            await self._tidy()
            self.problems.pop("database", None)
            self._report_sources()
            self.problems.pop("start", None)
        except PaperwireError as error:
            self.problems["database"] = str(error)
            log.error("%s", error)

    def _report_sources(self) -> None:
        for source in self.inbox.sources:
            self.problems.pop(f"source {source}", None)
        self.problems.update({f"source {name}": "it cannot be read; the log says why" for name in self.inbox.problems})

    async def finish(self) -> None:
        """Waits until the lanes that were nudged so far have had their turn, or the time to stop is over."""
        if self._drain is not None:
            await asyncio.wait([self._drain])
            self._report(self._drain)

    async def _nudge(self) -> None:
        app = self.app
        if self._drain is not None and self._drain.done():
            if self._drain.exception() is not None:  # what could not be written down is unclear from now on
                await asyncio.to_thread(take_over, app.store)
            self._report(self._drain)
            self._drain, self._run = None, Run(stopped=self._run.stopped)
        platforms = [p for p in app.wire.channels if p not in self._run.stopped]
        found = await asyncio.to_thread(
            lanes, app.store, platforms, now=app.clock.now(), finding=sorted(app.wire.finding)
        )
        if not found:
            return
        self._run.lanes.update(found)
        app.wire.engine.nudge(found)
        if self._drain is None:
            self._drain = asyncio.create_task(app.in_time(app.wire.engine.run(partial(deliver, app.wire, self._run))))

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
        for platform in self.app.wire.channels:
            if platform not in self._run.stopped:
                self.problems.pop(platform, None)

    async def _tell(self) -> None:
        """The operators hear of what is dead, waits for long or stands still: once a day and cause."""
        now = self.app.clock.now()
        if self._told is None or now - self._told >= TELL_EVERY or now < self._told:
            self._told = now
            stopped = dict(self._run.stopped)
            await asyncio.to_thread(tell_operators, self.app.store, self.app.settings.admins, now=now, stopped=stopped)

    async def _tidy(self) -> None:
        now = self.app.clock.now()
        if self._tidied is None or now - self._tidied >= TIDY_EVERY or now < self._tidied:
            self._tidied = now
            await asyncio.to_thread(self.app.tidy)


async def run(
    app: App,
    inbox: Inbox,
    *,
    once: bool,
    new_bot: bool,
    pause_gone: bool,
    say: Callable[[str], None],
) -> int:
    """Runs until `app.stop`; with `once` one round of everything. Returns the exit status. Raises RoleTaken."""
    with sending_role(app.database):
        if pause_gone:
            await asyncio.to_thread(app.pause_gone)
        await app.take_role(new_bot=new_bot)
        process = Process(app, inbox)
        if once:
            await inbox.drain()
            await answer_once(app)
            sent = await app.send_once()
            return 1 if sent.dead else 0
        receivers = [Supervised(receiver, app.clock) for receiver in app.receivers()]
        hooks = [receiver.hook for receiver in receivers if receiver.hook is not None]
        async with serving(app.settings, lambda: process.problems | problems_of(receivers), say, hooks):
            for line in (*what_is_on(app, inbox), *await asyncio.to_thread(first_words, app)):
                say(line)
            await process.tick()  # at once: the first of the ticker comes after its interval
            async with listening(app, receivers):
                await Ticker(app.clock, process.tick).run(app.stop)
            say("Stopping: finishing what is on its way.")
            await process.finish()
    return 0


@asynccontextmanager
async def listening(app: App, receivers: Sequence[Receiver]) -> AsyncIterator[None]:
    """Takes what people say on every platform where they can, while the body runs."""
    ear = Ear(app)
    await ear.finish_replies()
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
        await app.introduce()
    except Exception as error:  # noqa: BLE001 - a mistake of ours; the bot works without menus
        log.error("The menus of commands stay as they were: %s", place_of_error(error))


async def answer_once(app: App) -> None:
    """Answers what waits on every platform, and sees the answers arrive. Raises StoreError."""
    ear = Ear(app)
    await ear.finish_replies()
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
        await ear.close(LONGEST_ANSWERS)


class Supervised:
    """A Receiver that goes on whatever happens inside another one."""

    def __init__(self, receiver: Receiver, clock: Clock) -> None:
        self._receiver = receiver
        self._clock = clock
        self._broken = ""
        self.name, self.hook = receiver.name, receiver.hook

    @property
    def problem(self) -> str:
        """See Receiver."""
        return self._broken or self._receiver.problem

    async def listen(self, listener: Listener) -> None:
        """See Receiver."""
        while True:
            try:
                await self._receiver.listen(listener)
            except Exception as error:  # noqa: BLE001 - a mistake of ours must not make the bot deaf
                self._broken = "it failed by a mistake of the program; the log says where"
                log.error("Listening failed and begins anew: %s", place_of_error(error))
            await self._clock.sleep(REST_FIRST)
            self._broken = ""

    async def drain(self, listener: Listener) -> None:
        """See Receiver."""
        await self._receiver.drain(listener)


def problems_of(receivers: Sequence[Receiver]) -> dict[str, str]:
    """Receivers that do not work, and why."""
    return {receiver.name: receiver.problem for receiver in receivers if receiver.problem}


def what_is_on(app: App, inbox: Inbox) -> list[str]:
    """What the operator should know at the start."""
    on = ", ".join(sorted(app.wire.channels))
    off = ", ".join(sorted({"telegram", "slack"} - set(app.wire.channels)))
    lines = [f"paperwire is on: {on}." + (f" Off, without a token: {off}." if off else "")]
    lines.append(f"Database: {app.database}")
    lines += _not_yet(app.settings)
    lines += [f"Watching {place}" for place in inbox.places] or [
        "No source is watched: see [[source]] in paperwire.toml."
    ]
    return lines


def first_words(app: App) -> list[str]:
    """How to become the operator while there is none; of another version than before those there are hear."""
    talk, admins = app.wire.talk, app.settings.admins
    if talk is None:
        return []
    if talk.house.version:
        tell_new_version(app.store, admins, talk.house.version, now=app.clock.now())
    if not set(talk.venues) - {"console"} or has_operator(app.store, admins):
        return []
    return [f"Nobody runs this bot yet. To do so, send it in private: /admin {new_code(app.store)}"]


def _not_yet(settings: Settings) -> list[str]:
    """Settings that this version reads and does nothing with; silence would look like success."""
    sources = ", ".join(source.name for source in settings.sources if source.path is None)
    lines = [f"Not read by this version, since they are no files: {sources}."] if sources else []
    if len(settings.slack.workspaces) > 1:
        lines.append("Only the first Slack workspace is served by this version.")
    return lines


@asynccontextmanager
async def serving(
    settings: Settings, problems: Callable[[], dict[str, str]], say: Callable[[str], None], hooks: Sequence[Hook]
) -> AsyncIterator[None]:
    """Serves the web address while the body runs."""
    listener = _listener(settings)
    config = uvicorn.Config(health_app(problems, hooks), log_level="warning", access_log=False, lifespan="off")
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
    try:
        listener.bind((settings.web_host, settings.web_port))
    except OSError as error:
        listener.close()
        raise SettingsError(
            Sentence("PAPERWIRE_WEB_HOST and PAPERWIRE_WEB_PORT name an address that cannot be listened on: {why}.", {
                "why": (error.strerror or "unknown").lower()
            }),
            Sentence("Choose another port; 0 takes any that is free."),
        ) from None  # fmt: skip
    return listener
