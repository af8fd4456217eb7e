"""The values that all polls of a process share."""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

from bot.context.writing import write
from bot.ports.channel import Observe, ignore
from bot.sources.http.fetch_request import ARXIV, Sites
from bot.sources.ingest import IngestContext
from bot.sources.schedules import SourceSchedules
from subscriptions.model import ChatAddress
from subscriptions.service.sources import claim_slot
from subscriptions.store import Store
from subscriptions.store.sources import release_slot


@dataclass(frozen=True, slots=True, kw_only=True)
class PollContext:
    """The values that all polls of a process share."""

    ingest_context: IngestContext
    timing: SourceSchedules
    admins: Sequence[ChatAddress] = ()
    sites: Sites = ARXIV
    announced_batches: set[date] = field(default_factory=set)  # batches of arXiv that any feed has shown
    jitter: Callable[[], float] = random.random
    observe: Observe = ignore  # gets a SourceRead for each receipt

    @property
    def store(self) -> Store:
        """The store."""
        return self.ingest_context.store


class StoredHostSlots:
    """The slots of hosts that all processes on one store share. See bot.sources.http.host_limiter.SharedHostSlots."""

    def __init__(self, context: IngestContext) -> None:
        self._context = context

    async def acquire(self, publisher: str, most: timedelta) -> timedelta:
        """See SharedHostSlots. Raises StoreError."""
        return await write(claim_slot, self._context.store, publisher, most, wall=self._context.clock.wall())

    async def release(self, publisher: str, gap: timedelta) -> None:
        """See SharedHostSlots. Raises StoreError."""
        await write(release_slot, self._context.store, publisher, gap, wall=self._context.clock.wall())
