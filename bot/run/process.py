"""`paperwire run`: one process that polls, plans, delivers and answers until SIGTERM, and how work ends by a signal."""

import asyncio
import logging
import os
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any, TypeVar

from starlette.applications import Starlette

from bot.app import App, Stop
from bot.delivery.sender import Sender, plan
from bot.log import error_location, log_text
from bot.models import Summarizer
from bot.platforms.base import Listener, Operated, Receiver
from bot.run import followed_files as subscription_files
from bot.run import listeners as worker
from bot.run.maintenance import MaintenanceJobs
from bot.settings import Settings, service_variables, unknown_variables
from bot.settings.opening import RenewalLines
from bot.sources.ingest import LateEncoding
from bot.sources.source_scheduler import SourceScheduler
from bot.tasks import end_tasks
from bot.web.feeds import feed_routes
from bot.web.health import Health, Problem, findings_of, for_strangers, log_finding, part_fails
from bot.web.metrics import Metrics
from bot.web.server import Door, Lock, create_app, health_routes, metrics_routes, serving
from bot.web.site import pages_of
from subscriptions.database import bot_state
from subscriptions.database import leader as role
from subscriptions.database.store import Transaction
from subscriptions.errors import LeadershipLost, PaperwireError, StoreError, StoreUnavailable
from subscriptions.maintenance import word_renewal
from subscriptions.model import ChatAddress
from subscriptions.outbox.notices import STOPPED, WORDS, Finding
from subscriptions.outbox.notify import notify_operators_of_trouble
from subscriptions.outbox.stored import claims
from subscriptions.outbox.stored import entries as outbox
from subscriptions.subscribing import access
from subscriptions.subscribing.export_format import PortableLine

T = TypeVar("T")

log = logging.getLogger("paperwire")

TICK_SECONDS = 1.0  # a changed file must be read within five seconds, and reading it takes two ticks
BAD_TOKEN_RETRY_SECONDS = 60.0  # seconds during which nothing is sent on a platform whose token fails
LEADER_POLL_SECONDS = 1.0  # seconds between two attempts to take the role of another process
RESTART_DELAY_SECONDS = 3.0  # seconds until the start is tried again, if the database could not be reached
WAKE_INTERVAL = 5.0  # seconds between two checks of all lanes during a drain; planning wakes its lanes without this
LOG_INTERVAL = timedelta(days=1)  # between two lines of the log about the same finding
OUTAGE_INTERVAL = timedelta(minutes=10)  # between two lines of the log about the same error of the database
CLAIM_INTERVAL = timedelta(minutes=15)  # between two questions whose bot a token is for, if there was no answer
NOTIFY_INTERVAL = timedelta(minutes=1)  # between two checks whether operators must be notified


class Process:
    """The long-running process: one tick every second, and at most one drain of the lanes at a time."""

    def __init__(self, app: App, sources: SourceScheduler, follow: Callable[[], Awaitable[bool]] | None = None) -> None:
        """`follow` makes the files of the settings what is subscribed, see `subscription_files`.

        None: there are none.
        """
        self.app = app
        self.sender = Sender(app)
        self.sources = sources
        self._follow = follow
        self.receivers: Sequence[Receiver] = ()
        self.problems: dict[str, str] = {"start": "still starting"}  # of its parts
        self.health = Health(app.store, app.clock, self._problems)
        kept = sources.kept if app.settings.kept.ask else None
        self.upkeep = MaintenanceJobs(app, is_well=lambda: not self.health.problems(), kept=kept)
        self.findings: tuple[Finding, ...] = ()  # at the last look into the store; it is ready in spite of these
        self._draining: asyncio.Task[None] | None = None
        self._drain = self.sender.new_round({})
        self._woken_at = float("-inf")  # monotonic second of the last check of all lanes
        self._rests: dict[str, float] = {}  # platform → monotonic second of the end of its rest
        self.late_encoding = LateEncoding(app)
        # what may be done late, beside the ticks
        self.late_work: list[LateEncoding | Summarizer] = [
            self.late_encoding,
            *([app.summarizer] if app.summarizer else []),
        ]
        self._done_at = {"owners": app.clock.now()}  # work that is done at intervals -> when it was last done

    def _problems(self) -> dict[str, str]:
        """Return what is wrong with its parts, platforms and receivers, by name."""
        return self.problems | self._drain.stopped | worker.problems_of(self.receivers)

    @property
    def attention(self) -> dict[str, Problem]:
        """What strangers may read of the findings, except the platforms that are problems."""
        new = [one for one in self.findings if not (one.cause == STOPPED and one.of in self._drain.stopped)]
        return for_strangers(new, self.app.clock.now())

    @property
    def known(self) -> tuple[Finding, ...]:
        """What only the process knows to be wrong, and the store does not."""
        now, wrong = self.app.clock.now(), self.health.problems()
        return tuple(part_fails(name, one, now) for name, one in wrong.items())

    async def run_ticks(self) -> None:
        """Call `tick` every second until `app.stop` is set."""
        while not self.app.stop.is_set():
            await self.tick()
            with suppress(TimeoutError):
                await asyncio.wait_for(self.app.stop.wait(), TICK_SECONDS)

    async def tick(self) -> None:
        """Read the sources, plan what is due, and start a drain of the outbox if a lane has something to send.

        After an outage, planning waits until the sources have been polled, so that one delivery contains all missed
        papers.
        """
        self.upkeep.follow_clock()
        try:
            await self.sources.poll()
            await self._update_stopped_platforms()
            if self._is_due("owners", CLAIM_INTERVAL):
                await self.sender.retry_bot_check()
            if not self.sources.is_catching_up:
                await self.follow_files()
                await plan(self.app, self._drain, planned=self._wake_lanes)
            if self._is_due("notices", NOTIFY_INTERVAL):
                await self.notify_operators(dict(self._drain.stopped))
            await self._wake_lanes()
            for work in self.late_work:
                work.start()
            for name in ("start", "work", "database", "sources"):
                self.problems.pop(name, None)
            if unread := self.sources.problems:  # anyone may read this, so the sources are not named
                self.problems["sources"] = f"{len(unread)} cannot be read; paperwire sources says which"
        except PaperwireError as error:
            self.problems["database"] = "it cannot be used; the log says why"  # no path is shown to the public
            self._log_outage(error)
        except Exception as error:
            self.problems["work"] = "a part of it failed by a mistake of the program; the log says where"
            log.error("A tick failed: %s", error_location(error), exc_info=error)

    async def follow_files(self) -> bool:
        """Make the files of the settings what is subscribed, once in a start. Return False if that failed."""
        follow, self._follow = self._follow, None
        return follow is None or await follow()

    async def finish(self) -> None:
        """Wait until the running drain has ended: at most SHUTDOWN_GRACE seconds of bot.delivery.sender."""
        if self._draining is not None:
            await asyncio.wait([self._draining])
            self._report(self._draining)
        for work in self.late_work:
            await work.close()

    async def _wake_lanes(self) -> None:
        app = self.app
        if self._draining is not None and self._draining.done():
            await app.store.share(claims.recover)  # messages without a stored outcome become unclear
            self._report(self._draining)
            self._draining, self._drain = None, self.sender.new_round(self._drain.stopped, self._drain.exempt)
        second = app.clock.monotonic()
        if self._draining is not None and second - self._woken_at < WAKE_INTERVAL:
            return
        self._woken_at = second
        if await self.sender.wake_lanes(self._drain) and self._draining is None:
            self._draining = asyncio.create_task(self.sender.send_pending(self._drain))

    def _report(self, drain: asyncio.Task[None]) -> None:
        """Log the errors of a drain's lanes, and set or clear the problem "deliver"."""
        error = drain.exception()
        if error is None:
            self.problems.pop("deliver", None)
            return
        self.problems["deliver"] = "a lane failed; the log says why"
        for one in error.exceptions if isinstance(error, ExceptionGroup) else (error,):
            if isinstance(one, StoreError):
                self._log_outage(one)
            else:
                log.error("Delivering failed: %s", log_text(one), exc_info=one)

    def _log_outage(self, error: PaperwireError) -> None:
        if self._is_due(f"log of {error}", OUTAGE_INTERVAL):
            log.error("%s", error)

    async def _update_stopped_platforms(self) -> None:
        """Let platforms whose token failed try again after a rest.

        Platforms that an operator must free stay stopped.
        """
        second, stopped = self.app.clock.monotonic(), self._drain.stopped
        held = await self.app.store.read(bot_state.stopped_platforms)
        for platform, reason in list(stopped.items()):
            if platform not in self._rests:
                self._rests[platform] = second + BAD_TOKEN_RETRY_SECONDS
                log.error("%s has stopped: %s", platform, reason)
            elif second >= self._rests[platform] and platform not in held:
                del stopped[platform], self._rests[platform]
        stopped.update(held)

    async def notify_operators(self, stopped: Mapping[str, str]) -> bool:
        """Look at what is wrong, and notifies operators of it, once a day per cause. Log it as often.

        `stopped`: stopped platforms and their reasons. Return whether notices were planned.
        """
        app, now, wall = self.app, self.app.clock.now(), self.app.clock.wall()
        self.findings = await asyncio.to_thread(
            findings_of, app.settings, app.store, now=now, wall=wall, stopped=stopped
        )
        for one in self.findings:
            if not one.is_of_source and self._is_due(f"log of {one.name}", LOG_INTERVAL):  # polls log those of sources
                log_finding(one)
        told = await app.store.write(notify_operators_of_trouble, app.settings.admins, self.findings, now=now)
        self._drain.exempt = {*told} or self._drain.exempt
        return bool(told)

    def _is_due(self, what: str, every: timedelta) -> bool:
        """Return whether `every` has passed since `what` was done, or the clock was set back.

        If so, notes it as done now.
        """
        now, last = self.app.clock.now(), self._done_at.get(what)
        if last is not None and timedelta(0) <= now - last < every:
            return False
        self._done_at[what] = now
        return True


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How to run."""

    once: bool  # one round of everything
    new_bot: bool  # the database is given to the bot of the token
    pause_gone: bool  # chats that may be gone are tried at once, and paused if they refuse
    look_back: bool  # see `subscription_files.follow`
    say: Callable[[str], None]  # prints a line for the operator


async def run(app: App, sources: SourceScheduler, options: Options) -> int:
    """Run until `app.stop` is set, or one round of everything. Return the exit status.

    While the database cannot be used, the start is tried again; with `once`, StoreUnavailable is raised. Raise
    LeaderExists, LeadershipLost, SettingsError, StoreError.
    """
    while not app.stop.is_set():
        try:
            return await _run(app, sources, options)
        except StoreUnavailable as error:
            if options.once or not error.passes:  # such as no access to the file: do not wait
                raise
            log.error("%s", error)
        await _unless_stopped(app, app.clock.sleep(RESTART_DELAY_SECONDS))
    return 0


async def _run(app: App, sources: SourceScheduler, options: Options) -> int:
    """Try to start once, and run if that succeeds. Raise what `run` raises, and StoreUnavailable."""
    once, say = options.once, options.say
    lines = subscription_files.read(app.settings)
    app.open(words=False)
    ours = role.role_of(app.store)
    try:
        if not await _take(ours, app, waits=not once and app.store.kind.file is None, say=say):
            return 0
        async with AsyncExitStack() as doors:
            door = None
            # not before: the process that had the role writes old words
            if progress := await app.store.read(word_renewal.progress):
                problems = {WORDS: str(progress)}
                if not once:
                    door = await doors.enter_async_context(_door(app, problems, say))
                async with _beside(_keep(ours, app)):
                    await _renew_words(app, problems, say)
                if app.stop.is_set():
                    return _ended(app)
            if options.pause_gone:
                await app.store.write(outbox.try_doubted_now)
            follow = partial(subscription_files.follow, app, lines, look_back=options.look_back, say=say)
            process = Process(app, sources, follow if app.settings.subscription_files else None)
            await process.sender.prepare(new_bot=options.new_bot)
            await process.late_encoding.begin()
            if once:
                return await _run_once(process, lines, say)
            async with _beside(_keep(ours, app)):
                await _run_until_stopped(process, say, door)
    finally:
        ours.release()
    return _ended(app)


def _ended(app: App) -> int:
    """Return the exit status of a process that was asked to stop. Raise LeadershipLost if another one has taken the role."""
    if app.stop.lost_role:
        raise LeadershipLost("Another process works on this database now; this one waits.")
    return 0


@asynccontextmanager
async def _door(app: App, problems: Mapping[str, str], say: Callable[[str], None]) -> AsyncIterator[Door]:
    """Answer /health while the body runs, at first with these problems."""
    door = Door(Health(app.store, app.clock, lambda: problems).problems)
    async with serving(app.settings, door) as door.address:
        say(f"Health: {door.address}/health/ready")
        yield door


async def _renew_words(app: App, problems: dict[str, str], say: Callable[[str], None]) -> None:
    """Renew the words of another version, slice after slice, until the end or until `app.stop` is set."""
    renewal, lines = word_renewal.Renewal(app.clock.now()), RenewalLines(say)
    while not app.stop.is_set():
        progress = await app.store.step(renewal.next_step)
        if progress is None:
            lines.end()
            return
        lines.say(progress)
        problems[WORDS] = str(progress)


async def _take(ours: role.Role, app: App, *, waits: bool, say: Callable[[str], None]) -> bool:
    """Take the role, on a server as soon as the process that has it ends or stands still.

    Return False if `app.stop` is set.

    Raise LeaderExists if another process has it and this one does not wait.
    """
    told = ""
    while not app.stop.is_set():
        holder = await asyncio.to_thread(ours.take, beats=True)
        if not holder:
            return True
        if not waits:
            raise role.taken_by(holder)
        if holder != told:
            say(f"Waiting: process {holder} works on this database. This one takes over when it ends or stands still.")
            told = holder
        await _unless_stopped(app, app.clock.sleep(LEADER_POLL_SECONDS))
    return False


async def _keep(ours: role.Role, app: App) -> None:
    """Say that this process works, until it is cancelled. Stop it if another process has taken the role.

    Uses its own thread: others may wait for the database in all threads of the shared pool.
    """
    thread, loop = ThreadPoolExecutor(1, "paperwire-role"), asyncio.get_running_loop()
    try:
        while not app.stop.lost_role:
            await app.clock.sleep(role.BEAT_SECONDS)
            try:
                app.stop.lost_role = not await loop.run_in_executor(thread, ours.beat)
            except StoreError as error:
                log.warning("%s", error)
        app.stop.set()
    finally:
        thread.shutdown(wait=False)


async def _run_once(process: Process, lines: Sequence[PortableLine], say: Callable[[str], None]) -> int:
    app, sources = process.app, process.sources
    process.problems.clear()  # it is not waited for
    app.store.ends_soon = True
    await _unless_stopped(app, sources.drain())
    is_followed = app.stop.is_set() or await process.follow_files()  # a new database has to have asked all sources
    await worker.answer_once(app, sources.lookup)
    sent = await process.sender.send_once()
    has_changed = await _unless_stopped(app, process.upkeep.ask())
    if await process.notify_operators(sent.stopped) or has_changed:
        sent = await process.sender.send_once()
    for work in process.late_work:
        await _unless_stopped(app, work.run())
        await work.close()
    await process.upkeep.clean_up()
    await process.upkeep.copy()
    unread = {} if app.stop.is_set() else await sources.unreadable_if_all()
    if unread:
        reasons = "; ".join(f"{name}: {why.rstrip('.')}" for name, why in unread.items())
        say(f"No source could be read. {reasons}. paperwire check says what to do.")
    unreached = await subscription_files.unreached(app, lines)
    for sentence in unreached:
        say(sentence)
    status = 1 if sent.dead or sent.stopped or unread or unreached or not is_followed else 0
    if not (status or app.stop.is_set()):
        await process.upkeep.heartbeat()
    return status


async def _run_until_stopped(process: Process, say: Callable[[str], None], door: Door | None) -> None:
    app, sources = process.app, process.sources
    for platform in app.platforms.values():
        if isinstance(platform, Operated):
            await platform.check_tokens()
    metrics = Metrics(app, process.health.problems, known=lambda: process.known)
    password = app.settings.web_password
    pages = await pages_of(app)
    process.receivers = [*app.receivers(), *pages.receivers]
    # A proxy may forward requests with a prefix before the path. The routes of receivers and feeds also answer with such a
    # prefix, but metrics and pages do not, so such a proxy does not publish them. The pages take all paths that are left.
    web = create_app(
        [
            *health_routes(process.health.problems, lambda: process.attention, process=app.store.process),
            *metrics_routes(metrics.page, Lock(app.clock, password.get_secret_value()) if password else None),
            *(route for receiver in process.receivers for route in receiver.routes),
            *feed_routes(app),
            *pages.routes,
        ]
    )
    async with _served(app.settings, web, door) as address, _beside(process.health.watch()):
        lines = (
            *([f"Pages: {address}/"] if pages.receivers else []),  # first, since people open the first address they see
            *pages.lines,
            f"Health: {address}/health/ready",
            *startup_lines(app, sources),
            *await app.store.write(operator_lines, app),
        )
        for line in lines:
            say(line)
        await process.tick()
        process.upkeep.start()
        async with worker.listening(app, process.receivers, sources.lookup):
            await process.run_ticks()
        say("Stopping: finishing what is on its way.")
        await sources.close()
        await process.finish()
        await process.upkeep.close()


@asynccontextmanager
async def _served(settings: Settings, web: Starlette, door: Door | None) -> AsyncIterator[str]:
    """Serve an application while the body runs, at a door that is open already if there is one. Yield its address."""
    if door is None:
        async with serving(settings, web) as address:
            yield address
        return
    door.app = web
    yield door.address


def startup_lines(app: App, sources: SourceScheduler) -> list[str]:
    """Return the lines about platforms, database and sources that `paperwire run` prints at the start."""
    on = ", ".join(sorted(app.platforms))
    off = ", ".join(app.platforms_off)
    lines = [f"paperwire is on: {on}." + (f" Off, without a token: {off}." if off else "")]
    for platform in app.platforms.values():
        lines += platform.startup_lines if isinstance(platform, Operated) else ()
    lines.append(f"Database: {app.store.where}")
    if services := service_variables():
        lines.append(f"Left out, since Kubernetes set it for a service: {', '.join(services)}.")
    lines += [f"{name} means nothing to paperwire. {cure}" for name, cure in unknown_variables(app.settings).items()]
    return lines + sources.descriptions


def operator_lines(transaction: Transaction, app: App) -> list[str]:
    """Return a line that says how to become the operator, if there is none."""
    # nobody must be let in if only users of this machine can talk to the bot
    may_come = app.settings.web_password is not None
    strangers = any(
        isinstance(platform, Listener) and (may_come or not platform.facts.keeps_messages)
        for platform in app.platforms.values()
    )
    if not strangers or access.has_operator(transaction, app.settings.admins):
        return []
    code = access.new_code(transaction)
    line = f"This bot has no operator yet. To become it, send in private: /admin {code}"
    for platform in app.platforms.values():
        prefix = platform.facts.command_prefix(ChatAddress(platform.facts.name, ""))
        if isinstance(platform, Listener) and prefix != "/":
            line += f" (in {platform.facts.title}: {prefix}admin {code})"
    return [line]


def stop_on_signals(stop: Stop, leave_terminal: Callable[[], None]) -> None:
    """Set handlers of SIGTERM, SIGINT and SIGHUP.

    The first signal sets `stop`: running work is finished, no new work begins.

    A second SIGTERM or SIGINT ends the process at once, with status 130 if one of the two was SIGINT, else 1. SIGHUP
    never does: a terminal that is closed may send it twice, and systemd sends it together with SIGTERM. It says that
    the terminal is gone (`leave_terminal`), and stays ignored where it was, as under nohup. Unlike the event loop's own
    handlers, these stay in place after the loop has ended.
    """
    loop = asyncio.get_running_loop()
    is_second = False

    def on_signal(number: int, _: object) -> None:
        nonlocal is_second
        stop.was_asked = True
        stop.was_interrupted = stop.was_interrupted or number == signal.SIGINT
        if number == signal.SIGHUP:
            leave_terminal()
        elif is_second:
            os._exit(130 if stop.was_interrupted else 1)  # SystemExit would wait for running threads
        else:
            is_second = True
        with suppress(RuntimeError):  # the loop is closed, so all work is done
            loop.call_soon_threadsafe(stop.set)

    for name in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        if name != signal.SIGHUP or signal.getsignal(name) is not signal.SIG_IGN:
            signal.signal(name, on_signal)


def raise_if_interrupted(stop: Stop) -> None:
    """Raise KeyboardInterrupt if Ctrl-C was pressed while the program worked. Call it after running work is finished."""
    if stop.was_interrupted:
        raise KeyboardInterrupt


@asynccontextmanager
async def _beside(work: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    """Run `work` while the body runs."""
    task = asyncio.create_task(work)
    try:
        yield
    finally:
        await end_tasks(task)


async def _unless_stopped(app: App, work: Coroutine[Any, Any, T]) -> T | None:
    """Wait for `work`, and return its result. Cancel it if `app.stop` is set."""
    task, stop = asyncio.create_task(work), asyncio.create_task(app.stop.wait())
    await asyncio.wait((task, stop), return_when=asyncio.FIRST_COMPLETED)
    is_done = task.done()
    await end_tasks(task, stop)
    return task.result() if is_done else None
