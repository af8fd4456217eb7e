"""Shows that this process is at work, and recovers what a stalled one left."""

import asyncio
import logging

from bot.context.writing import write
from bot.ports.clock import Clock
from subscriptions.errors import StoreError
from subscriptions.service.outbox import beat, others_in_hand, recover_stalled
from subscriptions.store import Store

log = logging.getLogger("paperwire")

BEAT_INTERVAL = 10.0  # seconds
STALLED_AFTER = 60.0  # seconds without a heartbeat, while the database took writes


class OwnerWatch:
    """Watches the heartbeats of other workers that have something in hand.

    Their moments are not stored: a heartbeat is a number, and how long it has been the same is measured here, by the
    monotonic clock. So no clock that is set makes a worker seem stalled. While the database takes no writes nobody can
    beat, and a look that fails begins the measurement anew.
    """

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._seen: dict[tuple[str, int], float] = {}  # (worker, heartbeat) -> monotonic second of the first look

    async def watch(self) -> None:
        """Looks again and again, until it is cancelled."""
        while True:
            try:
                await self.look()
            except StoreError as error:
                log.warning("The heartbeats of other processes cannot be looked at: %s", error)
            await self._clock.sleep(BEAT_INTERVAL)

    async def look(self) -> int:
        """Beats, and recovers what stalled workers left. Returns how many messages. Raises StoreError."""
        seen, self._seen = self._seen, {}
        await write(beat, self._store)
        now = self._clock.monotonic()
        others = await asyncio.to_thread(others_in_hand, self._store)
        self._seen = {one: seen.get(one, now) for one in others.items()}
        stalled = dict(one for one, since in self._seen.items() if now - since >= STALLED_AFTER)
        return await write(recover_stalled, self._store, stalled) if stalled else 0
