"""Shows that this process is at work, and recovers what a stalled one left."""

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from bot.commands.papers.paper_lookup import PENDING_FOR
from bot.context.dependencies import write
from bot.ports.channel import Clock
from subscriptions.errors import StoreError
from subscriptions.service.sending import beat, other_workers, recover_stalled
from subscriptions.store.conversations import take_over_lookups
from subscriptions.store.database.store import Store
from subscriptions.store.updates import has_unfinished_replies, unfinished_replies
from subscriptions.store.workers import NOWHERE, Whereabouts

log = logging.getLogger("paperwire")

BEAT_INTERVAL = 10.0  # seconds
STALLED_AFTER = 60.0  # seconds without a heartbeat, while the database took writes

Replies = Sequence[tuple[str, str, str]]  # platform, update id, reply
Lookups = Sequence[str]  # their names


class OwnerWatch:
    """Watches the heartbeats of other workers.

    Their moments are not stored: a heartbeat is a number, and how long it has been the same is measured here, by the
    monotonic clock. So no clock that is set makes a worker seem stalled. While the database takes no writes nobody can
    beat, and a look that fails begins the measurement anew.
    """

    def __init__(
        self,
        store: Store,
        clock: Clock,
        *,
        recovers: bool = True,
        interval: float = BEAT_INTERVAL,
        stalled_after: float | None = None,
        process: str = "",
        where: Whereabouts = NOWHERE,
    ) -> None:
        """Without `recovers` it only beats, until it knows who posts replies. `interval`: seconds between two beats.

        `process`: which one this is, and `where`, for others that took it for gone.
        """
        self._process = process
        self._where = where
        self._interval = interval
        self._stalled_after = STALLED_AFTER if stalled_after is None else stalled_after
        self._store = store
        self._clock = clock
        self._seen: dict[tuple[str, int], float] = {}  # (worker, heartbeat) -> monotonic second of the first look
        self._recovers = recovers
        self._answers: Callable[[Replies, Lookups], None] | None = None  # None: this process answers for no others

    def recover_answers(self, answer: Callable[[Replies, Lookups], None]) -> None:
        """From now on recovers what stalled workers left; `answer` posts their replies and answers what they looked up."""
        self._recovers, self._answers = True, answer

    async def watch(self) -> None:
        """Looks again and again, until it is cancelled."""
        while True:
            await self._clock.sleep(self._interval)
            try:
                await self.look()
            except StoreError as error:
                log.warning("The heartbeats of other processes cannot be looked at: %s", error)

    async def look(self) -> int:
        """Beats, and recovers what stalled workers left. Returns how many messages. Raises StoreError."""
        seen, self._seen = self._seen, {}
        await write(beat, self._store, process=self._process, where=self._where)
        if not self._recovers:
            return 0
        now = self._clock.monotonic()
        others = await asyncio.to_thread(other_workers, self._store)
        self._seen = {one: seen.get(one, now) for one in others.items()}
        stalled = dict(one for one, since in self._seen.items() if now - since >= self._stalled_after)
        is_left = self._answers is not None and await asyncio.to_thread(has_unfinished_replies, self._store)
        return await self._take_over(stalled) if stalled or is_left else 0

    async def _take_over(self, stalled: Mapping[str, int]) -> int:
        answers, now = self._answers, self._clock.now()
        messages, replies, lookups = await write(_recovered, self._store, stalled, now if answers else None)
        if answers:
            answers(replies, lookups)
        return messages


def _recovered(store: Store, stalled: Mapping[str, int], now: datetime | None) -> tuple[int, Replies, Lookups]:
    """Recovers the messages of stalled workers, and at `now`, if it is given, takes their replies and look-ups over.

    Returns all replies and look-ups that this worker has to do with by then: of a transaction that was committed although the
    server did not say so, it does not know otherwise.
    """
    with store.write() as transaction:
        messages = recover_stalled(transaction, stalled)
        if now is None:
            return messages, (), ()
        lookups = take_over_lookups(transaction, since=now - PENDING_FOR)
        return messages, unfinished_replies(transaction, now=now), lookups
