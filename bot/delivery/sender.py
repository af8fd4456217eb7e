"""The sender: what the one process that holds the sender lock does with the outbox."""

import asyncio
import gc
import logging
from collections.abc import Coroutine, Mapping
from contextlib import suppress
from functools import partial
from typing import Any

from bot.context.dependencies import Context
from bot.delivery.drain_state import DrainState, Sent
from bot.delivery.lane_sender import deliver
from bot.delivery.plan import plan, seed_pace
from bot.delivery.rate_wait import token_is_paused
from bot.delivery.sender_lock import sender_lock
from bot.platform import Platform
from subscriptions.errors import NotDelivered
from subscriptions.service.chats import belongs_to
from subscriptions.service.outbox import lanes, progress, recover_in_flight, stopped_platforms

log = logging.getLogger("paperwire")

SHUTDOWN_GRACE = 22.0  # seconds to finish what is in flight after SIGTERM; a platform that hangs is given up after 20


class Sender:
    """Plans and sends. One at a time per database: its caller holds the sender lock, or calls `deliver`."""

    def __init__(self, context: Context, platforms: Mapping[str, Platform], stop: asyncio.Event) -> None:
        self._context = context
        self._platforms = platforms
        self._stop = stop

    async def deliver(self) -> Sent:
        """Plans what is due now and sends it; ends when all that may go now has gone. Raises SenderLockHeld, StoreError."""
        with sender_lock(self._context.store.path):
            await self.prepare()
            return await self.send_once()

    async def prepare(self, *, new_bot: bool = False) -> None:
        """Does what comes before the first message: unclear messages, whose bot the database is, the pace so far."""
        store = self._context.store
        await asyncio.to_thread(recover_in_flight, store)
        for name, platform in self._platforms.items():
            with suppress(NotDelivered):  # a platform that does not answer now is found out by the first message
                if identity := platform.identity or await platform.channel.identity():
                    await asyncio.to_thread(belongs_to, store, name, identity, new_bot=new_bot)
                    await asyncio.to_thread(platform.on_identity, identity)
        for platform in self._platforms.values():
            await platform.prepare()
        await asyncio.to_thread(seed_pace, self._context)

    async def send_once(self) -> Sent:
        """Does one round: plans, then drains every lane with something to do now."""
        context = self._context
        drain_state = DrainState(stopped=await asyncio.to_thread(stopped_platforms, context.store))
        await plan(context, drain_state)
        await self.drain(drain_state)
        stands = await asyncio.to_thread(progress, context.store)
        return Sent(
            planned=drain_state.planned,
            sent=drain_state.sent,
            papers=drain_state.papers,
            waiting=stands.waiting,
            unclear=stands.unclear,
            dead=stands.dead,
            stopped=dict(drain_state.stopped),
        )

    async def drain(self, drain_state: DrainState) -> None:
        """Delivers in every lane that has something to do now."""
        gc.freeze()  # what is loaded by now stays, and is not looked through again and again for what may go
        await self.wake_lanes(drain_state)
        await self.drain_woken(drain_state)

    async def drain_woken(self, drain_state: DrainState) -> None:
        """Delivers in the lanes that were woken, until nothing is left to do or the process is to stop."""
        await self._run_until_stopped(self._context.engine.run(partial(deliver, self._context, drain_state)))

    async def wake_lanes(self, drain_state: DrainState) -> bool:
        """Wakes every lane that has something to do now; returns whether there is one."""
        context = self._context
        found = await asyncio.to_thread(
            lanes,
            context.store,
            [platform for platform in context.channels if not token_is_paused(context, platform)],
            now=context.clock.now(),
            wall=context.clock.wall(),
            finding=sorted(context.lookup_platforms),
        )
        waiting = [lane for lane in found if not drain_state.is_stopped(lane)]
        drain_state.lanes.update(waiting)
        context.engine.wake(waiting)
        return bool(waiting)

    async def _run_until_stopped(self, work: Coroutine[Any, Any, None]) -> None:
        """Waits for `work` to end. Once `stop` is set it has SHUTDOWN_GRACE seconds; then what is in flight stays marked."""
        task, stop = asyncio.create_task(work), asyncio.create_task(self._stop.wait())
        await asyncio.wait((task, stop), return_when=asyncio.FIRST_COMPLETED)
        stop.cancel()
        await asyncio.wait((task,), timeout=SHUTDOWN_GRACE)
        if task.done():
            task.result()
        else:
            task.cancel()
            log.warning("Broken off after %.0f s; the next start asks what became of it.", SHUTDOWN_GRACE)
