"""The plot: bytes become papers, papers become deliveries, deliveries become messages in a chat.

    ingest    a digest's bytes -> papers in the store
    plan      what is due now  -> deliveries in the outbox
    deliver   one lane of it   -> messages on the platform, each confirmed by itself
    answer    a person's words -> their effect and a reply, which `speak` posts ahead of all else

Each step can be cut off anywhere and run again: what was done is in the store, what was not is done then.
The domain is synchronous; this module, `answering` and `delivering` cross over to it, in threads.
"""

import asyncio
from collections.abc import Callable
from datetime import date
from typing import Protocol

from bot.digests import dated, read_digest
from bot.ports.clock import Clock
from subscriptions.model import Digest
from subscriptions.service.papers import ingest_digest
from subscriptions.store import Ingested, Store, Transaction
from subscriptions.zones import zone


class IngestContext(Protocol):
    """What `ingest` needs of the world; a Wire has it."""

    @property
    def store(self) -> Store:
        """Where papers go."""

    @property
    def clock(self) -> Clock:
        """When they came."""


async def ingest(
    wire: IngestContext,
    data: bytes,
    name: str,
    *,
    source: str,
    format: str | None = None,  # noqa: A002 - the word of the docs
    day: date | None = None,
    language: str | None = None,
) -> tuple[Digest, Ingested]:
    """Reads a digest and stores its papers. Raises UnknownFormat, BrokenDigest, StoreError."""
    digest = await asyncio.to_thread(read_digest, data, name, format=format, day=day, language=language)
    return digest, await store_digest(wire, digest, source=source)


def today(wire: IngestContext) -> date:
    """The day on which a digest comes: that of the operator's zone."""
    return wire.clock.now().astimezone(zone(wire.store.zone)).date()


async def store_digest(
    wire: IngestContext,
    digest: Digest,
    *,
    source: str,
    note: Callable[[Transaction, Ingested], None] | None = None,
    announce: bool = False,
) -> Ingested:
    """Stores the papers of a digest; what `note` writes of it into the store is a part of the same transaction.

    With `announce` they are news whatever day they are of. Raises StoreError.
    """
    now, came = wire.clock.now(), today(wire)
    kept = dated(digest, came)

    def stored() -> Ingested:
        with wire.store.write(savepoints=False) as transaction:
            done = ingest_digest(transaction, kept, source=source, day=kept.day or came, now=now, announce=announce)
            if note is not None:
                note(transaction, done)
            return done

    return await asyncio.to_thread(stored)
