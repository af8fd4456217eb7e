"""Stores the papers of a document, which comes from a source of the settings or from a person."""

import asyncio
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date

from bot.digests import dated, read_digest
from bot.errors import mistake_with
from bot.ports import channel
from bot.ports.meaning import Encoder
from bot.sources.encoding import IngestDependencies, codes_of
from bot.sources.fetch_request import ARXIV, Sites
from bot.sources.source_schedules import SourceSchedules
from subscriptions.errors import PaperwireError
from subscriptions.model import ChatAddress, Digest
from subscriptions.planning.counted_as_sent import UNKNOWN, Arrival
from subscriptions.service.ingest import Ingest, ingest_digest, papers_to_encode
from subscriptions.store.database.store import Store, Transaction
from subscriptions.store.digests import Ingested
from subscriptions.zones import zone


async def ingest(
    deps: IngestDependencies,
    data: bytes,
    name: str,
    *,
    source: str,
) -> tuple[Digest, Ingested]:
    """Reads a digest and stores its papers. Raises UnknownFormat, BrokenDigest, StoreError."""
    digest = await asyncio.to_thread(read_digest, data, name)
    return digest, await store_digest(deps, digest, source=source)


def today(deps: IngestDependencies) -> date:
    """Returns the current day in the operator's time zone."""
    return deps.clock.now().astimezone(zone(deps.store.zone)).date()


async def store_digest(
    deps: IngestDependencies,
    digest: Digest,
    *,
    source: str,
    note: Callable[[Transaction, Ingested], None] | None = None,
    announce: bool = False,
    continues: bool = False,
    of_arxiv: bool = False,
    arrival: Arrival = UNKNOWN,
) -> Ingested:
    """Stores the papers of a digest. Raises StoreError; whatever else is raised while it is stored is a BrokenDigest.

    `note` is called in the transaction that stores the digest, and can write in it. `announce`: the papers are announced
    even if their day is long ago. `continues`: it is a feed that was read before. `of_arxiv`: the source is one of arXiv's
    own (docs/architecture.md, rules 4 and 12). `arrival`: when the digest came, as far as this is known. If there is an
    encoder, news gets its codes before it is stored.
    """
    now, came = deps.clock.now(), today(deps)
    kept = dated(digest, came)
    arrival = replace(arrival, day=kept.day if kept.day == digest.day else None)

    ingest = Ingest(
        source=source,
        day=came if continues else kept.day or came,
        now=now,
        announce=announce,
        continues=continues,
        of_arxiv=of_arxiv,
        arrival=arrival,
        note=note,
    )
    try:
        if deps.encoder is not None:
            news = await deps.store.run(papers_to_encode, kept, ingest, deps.encoder.name)
            ingest = replace(ingest, codes=await codes_of(deps.encoder, news))
        return await deps.store.run(ingest_digest, kept, ingest)
    except PaperwireError:
        raise
    except Exception as error:
        raise mistake_with(source, error) from error


@dataclass(frozen=True, slots=True, kw_only=True)
class PollDependencies:
    """The values that all polls of a process share."""

    store: Store
    clock: channel.Clock
    timing: SourceSchedules
    encoder: Encoder | None = None
    admins: Sequence[ChatAddress] = ()
    sites: Sites = ARXIV
    announced_batches: set[date] = field(default_factory=set)  # days of arXiv's announcements that some feed has shown
    jitter: Callable[[], float] = random.random
