"""The sender of one process, which plans and drains the outbox."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

from bot import counters as measurements
from bot.app import App
from bot.delivery.chat_queue import MAX_PAUSE_SECONDS, deliver
from bot.delivery.send_round import SendRound
from subscriptions.database import bot_state
from subscriptions.database import leader as role
from subscriptions.errors import StoreError
from subscriptions.maintenance import start
from subscriptions.maintenance.findings import tell_of_doubts
from subscriptions.model import Lane
from subscriptions.outbox import sending
from subscriptions.outbox.stored import claims
from subscriptions.outbox.stored.entries import outbox_counts
from subscriptions.outcomes import NotDelivered
from subscriptions.plan import plan as plans

log = logging.getLogger("paperwire")
SHUTDOWN_GRACE = 22.0  # seconds to finish running calls after SIGTERM; a call to a platform takes at most 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """The result of one round of the command `deliver` (docs/commands.md)."""

    planned: int = 0
    sent: int = 0
    papers: int = 0
    waiting: int = 0
    unclear: int = 0
    dead: int = 0
    waiting_on: frozenset[str] = frozenset()  # platforms on which deliveries wait
    stopped: dict[str, str] = field(default_factory=dict)  # platform -> why nothing is sent


class Sender:
    """Plans and sends deliveries. Callers of all methods but `deliver` must have the role."""

    def __init__(self, app: App) -> None:
        self._app = app
        # platform that did not answer which bot the token is for → the argument `new_bot` of that call
        self._unclaimed: dict[str, bool] = {}

    async def deliver(self) -> Sent:
        """Plan and send everything that is due, until nothing more may be sent now. Raise LeaderExists, StoreError."""
        with role.held(self._app.store):
            return await self.send_once(await self.prepare())

    async def prepare(self, *, new_bot: bool = False) -> Mapping[str, str]:
        """Prepare the store for the first message. Return platform → why nothing is sent there.

        Recovers messages that an earlier process was sending, and checks that the database belongs to the bot of each
        token. `new_bot` makes the database belong to the bot of the token.
        """
        tokens = {name: platform.token_identity for name, platform in self._app.platforms.items()}
        now = self._app.clock.now()
        unclaimed, stopped = await self._app.store.write(start.begin, tokens, new_bot=new_bot, now=now)
        await self._claim(unclaimed, new_bot=new_bot)
        return stopped

    async def _claim(self, names: Sequence[str], *, new_bot: bool = False) -> None:
        """Ask platforms which bot the token is for, and make these bots the owners of the database.

        Raise StoreError if the database belongs to another bot. If a platform does not answer, `retry_bot_check` asks
        later.
        """
        bots: dict[str, str] = {}
        for name in names:
            try:
                bots[name] = await self._app.platforms[name].identity()
            except NotDelivered:
                self._unclaimed[name] = new_bot
            else:
                self._unclaimed.pop(name, None)
        bots = {name: bot for name, bot in bots.items() if bot}
        if bots:
            await self._app.store.write(bot_state.claim_database, bots, new_bot=new_bot)

    async def retry_bot_check(self) -> None:
        """Ask again the platforms that did not answer in `prepare`. Stop a platform whose token is another bot's."""
        for name, new_bot in list(self._unclaimed.items()):
            try:
                await self._claim([name], new_bot=new_bot)
            except StoreError as error:
                await self._app.store.share(sending.stop_platform, name, str(error))

    async def send_once(self, stopped: Mapping[str, str] | None = None) -> Sent:
        """Plan once, drain every lane that has something to do now, and return the counts.

        `stopped`: platform → why nothing is sent there; None: as the store knows.
        """
        app = self._app
        drain = self.new_round(await app.store.read(bot_state.stopped_platforms) if stopped is None else stopped)
        await plan(app, drain)
        await self.wake_lanes(drain)
        await self.send_pending(drain)
        if drain.has_doubts:
            admins, now = app.settings.admins, app.clock.now()
            drain.exempt.update(await app.store.write(tell_of_doubts, admins, now=now))
            await self.wake_lanes(drain)
            await self.send_pending(drain)
        counts = await app.store.read(outbox_counts)
        return Sent(
            planned=drain.planned,
            sent=drain.sent,
            papers=drain.papers,
            waiting=counts.waiting,
            unclear=counts.unclear,
            dead=counts.dead,
            waiting_on=frozenset(counts.oldest),
            stopped=dict(drain.stopped),
        )

    def new_round(self, stopped: Mapping[str, str], exempt: Iterable[Lane] = ()) -> SendRound:
        """Begin a drain of the outbox. `stopped`: platform → why nothing is sent there, but in the `exempt` lanes."""
        return SendRound(self._app.clock, self._app.stop.is_set, dict(stopped), exempt={*exempt})

    async def send_pending(self, drain: SendRound) -> None:
        """Deliver in the lanes that were woken, until nothing is left to do or the process has to stop.

        Breaks off SHUTDOWN_GRACE seconds after `stop` is set. The messages that were being sent at that moment stay
        marked as sending, and are unclear at the next start.
        """
        task = asyncio.create_task(drain.run(partial(deliver, self._app, drain)))
        stop = asyncio.create_task(self._app.stop.wait())
        await asyncio.wait((task, stop), return_when=asyncio.FIRST_COMPLETED)
        stop.cancel()
        await asyncio.wait((task,), timeout=SHUTDOWN_GRACE)
        if task.done():
            task.result()
        else:
            task.cancel()
            log.warning("Broken off after %.0f s; the next start asks what became of it.", SHUTDOWN_GRACE)

    async def wake_lanes(self, drain: SendRound) -> bool:
        """Wake every lane that has something to do now and is not stopped. Return whether there is one."""
        app = self._app
        found, probes = await app.store.read(
            claims.lanes_and_probes,
            [platform for platform in app.platforms if app.pace.token_pause_left(platform) <= MAX_PAUSE_SECONDS],
            now=app.clock.now(),
        )
        waiting = [lane for lane in found if not drain.is_stopped(lane)]
        for platform, probe in probes.items() if app.guard_gone else ():
            if platform not in drain.stopped:
                drain.doubt(platform, probe)
        drain.wake([lane for lane in waiting if not drain.is_stopped(lane)])
        return bool(waiting)


async def plan(app: App, drain: SendRound, *, planned: Callable[[], Awaitable[None]] | None = None) -> None:
    """Plan the deliveries that are due in all chats, slice by slice, and wakes the lanes of each slice.

    `planned` is awaited after each slice, so that the first messages are sent while later slices are planned. With a
    hundred thousand chats, planning takes half a minute.
    """
    began, now = app.clock.monotonic(), app.clock.now()
    for step in await app.store.read(plans.steps, now=now):
        if app.stop.is_set():
            break
        lanes = await app.store.step(step)
        drain.planned += len(lanes)
        drain.wake([lane for lane in lanes if lane.platform in app.platforms])
        if lanes and planned is not None:
            await planned()
    measurements.PLANNING.observe(app.clock.monotonic() - began)
