"""Stores the papers of a document, with what arXiv adds and with their codes."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import date
from functools import partial
from hashlib import sha256
from itertools import pairwise
from typing import TypeVar

from bot.app import App
from bot.digests import dated, read_digest
from bot.log import mistake_with
from bot.models import ENCODING, Encoder
from bot.tasks import Rounds
from subscriptions.database.bot_state import ENCODER_FAILS, note_fails
from subscriptions.database.store import Store, Transaction
from subscriptions.errors import EmbeddingError, PaperwireError
from subscriptions.model import Digest, Paper
from subscriptions.papers import similarity as nearness
from subscriptions.papers.ingest import Note, incomplete_papers, ingest_digest, papers_to_encode
from subscriptions.papers.stored import embeddings as meanings
from subscriptions.papers.stored.batch import Codes, Ingest
from subscriptions.papers.stored.digests import Ingested
from subscriptions.papers.stored.embeddings import Texts
from subscriptions.schedule.zones import zone

# bytes of papers in one transaction, which takes a second or a few; others write between two. A day has fewer
MOST_BYTES = 2_000_000

# key in a digest → a paper that lacks values; returns what arXiv knows about some of these papers, under the same keys
Complete = Callable[[Mapping[str, Paper]], Awaitable[Mapping[str, Paper]]]
T = TypeVar("T")

_COMPLETED = ("title", "abstract", "authors", "categories", "primary", "arxiv_id", "doi", "url")  # of a paper

log = logging.getLogger("paperwire")

AT_ONCE = 8  # papers or questions in one call of the encoder, so that a person's question waits for half a second
MAX_ENCODING_SECONDS = 120.0  # seconds that news waits for its codes
LATE_INTERVAL_SECONDS = 60.0  # seconds between two looks for papers without codes


async def ingest(
    app: App,
    data: bytes,
    name: str,
    *,
    source: str,
) -> tuple[Digest, Ingested]:
    """Read a digest and store its papers. Raise UnknownFormat, BrokenDigest, StoreError."""
    digest = await asyncio.to_thread(read_digest, data, name)
    return digest, await store_digest(app, digest, source=source)


def today(app: App) -> date:
    """Return the current day in the operator's time zone."""
    return app.clock.now().astimezone(zone(app.store.zone)).date()


async def store_digest(
    app: App,
    digest: Digest,
    *,
    source: str,
    note: Note | None = None,
    announce: bool = False,
    continues: bool = False,
    of_arxiv: bool = False,
    only_known: bool = False,
    complete: Complete | None = None,
) -> Ingested:
    """Store the papers of a digest. Raise StoreError; any other error while it is stored is a BrokenDigest.

    `note` is called in the transaction that stores the digest, and can write in it. `announce`: the papers are
    announced even if their day is long ago. `continues`: it is a feed that was read before. `of_arxiv`: the source is
    one of arXiv's own (docs/architecture.md, rules 4 and 12). `only_known`: it changes stored papers and adds none; neither
    it nor its source is remembered. `complete` asks arXiv for what papers lack. If there is
    an encoder, news gets its codes before it is stored.
    """
    now, came = app.clock.now(), today(app)
    kept = dated(digest, came)
    ingest = Ingest(
        source=source,
        day=came if continues else kept.day or came,
        now=now,
        announce=announce,
        continues=continues,
        of_arxiv=of_arxiv,
        only_known=only_known,
    )
    try:
        with reading(app.store, source, len(kept.entries)):
            return await _store_whole(app, kept, ingest, note, complete)
    except PaperwireError:
        raise
    except Exception as error:
        raise mistake_with(source, error) from error


@contextmanager
def reading(store: Store, source: str, papers: int = 0) -> Iterator[None]:
    """Let the store know that a source is being read, for those who ask meanwhile."""
    before = store.being_read.get(source)
    store.being_read[source] = (0, papers)
    try:
        yield
    finally:
        del store.being_read[source]
        if before:
            store.being_read[source] = before


async def _store_whole(
    app: App, digest: Digest, ingest: Ingest, note: Note | None, complete: Complete | None
) -> Ingested:
    if complete is not None and (lacking := await app.store.read(incomplete_papers, digest, ingest)):
        found = await complete(lacking)
        entries = (_completed(paper, found.get(paper.key, paper)) for paper in digest.entries)
        digest = replace(digest, entries=tuple(entries))
    *parts, last = _parts(digest)
    before = Ingested()
    for part in parts:
        before = before.plus(await _store(app, part, ingest))

    def note_whole(transaction: Transaction, done: Ingested) -> None:
        if note is not None:
            note(transaction, before.plus(done))

    return before.plus(await _store(app, last, ingest, note_whole))


def _parts(digest: Digest) -> Sequence[Digest]:
    """Divide a digest into digests that are each stored in one transaction, almost always one. The last has its name.

    So a document that was stored in part counts as unknown, and is completed when it is read again.
    """
    starts, whole = [0], 0
    for number, paper in enumerate(digest.entries):
        size = len(repr(paper).encode())
        whole += size
        if whole > MOST_BYTES and number:
            starts.append(number)
            whole = size
    parts = [replace(digest, entries=digest.entries[start:end]) for start, end in pairwise((*starts, None))]
    names = [sha256(f"{digest.content_hash} from {start}".encode()).hexdigest() for start in starts[:-1]]
    return [replace(part, content_hash=name) for part, name in zip(parts, (*names, digest.content_hash), strict=True)]


async def _store(app: App, digest: Digest, ingest: Ingest, note: Note | None = None) -> Ingested:
    if app.encoder is not None:
        news = await app.store.read(papers_to_encode, digest, ingest, app.encoder.name)
        ready = partial(_count_ready, app.store, ingest.source)
        ingest = replace(ingest, codes=await codes_of(app.encoder, news, ready))
    return await app.store.write(ingest_digest, digest, ingest, note)


def _count_ready(store: Store, source: str, papers: int) -> None:
    ready, whole = store.being_read[source]
    store.being_read[source] = (ready + papers, whole)


def _completed(paper: Paper, known: Paper) -> Paper:
    """Return a paper with what arXiv knows in place of the values that it lacks."""
    return replace(paper, **{name: getattr(known, name) for name in _COMPLETED if not getattr(paper, name)})


async def codes_of(encoder: Encoder, papers: Mapping[Texts, Paper], ready: Callable[[int], None]) -> Codes:
    """Return the codes of papers, by their texts. After each slice, calls `ready` with the number of its papers.

    If the encoder fails or is too slow, returns those made until then.
    """
    made: dict[Texts, bytes] = {}
    texts = list(papers)
    try:
        async with asyncio.timeout(MAX_ENCODING_SECONDS):
            for start in range(0, len(texts), AT_ONCE):
                part = texts[start : start + AT_ONCE]
                codes = await _encoded(encoder.papers, [papers[one] for one in part])
                made.update(zip(part, codes, strict=True))
                ready(len(part))
    except (EmbeddingError, TimeoutError) as error:
        log.warning(
            "%d papers get their meaning later: %s", len(texts) - len(made), str(error) or "that takes too long now."
        )
        return Codes(encoder.name, made, fails=True)
    return Codes(encoder.name, made)


async def _encoded(encode: Callable[[Sequence[T]], list[bytes]], items: Sequence[T]) -> list[bytes]:
    return await asyncio.get_running_loop().run_in_executor(ENCODING, encode, items)


class LateEncoding:
    """Makes codes that are missing: the encoder failed, was off or is another one, or the papers came in an archive.

    Works in small steps, newest papers first; in the background half of the time. Questions come before papers.
    """

    def __init__(self, app: App) -> None:
        self._app = app
        self._rounds = Rounds(app.clock, LATE_INTERVAL_SECONDS, "Papers could not be encoded")

    async def begin(self) -> None:
        """Make this encoder the store's, and encodes the questions that lack vectors. Raise StoreError."""
        if (encoder := self._app.encoder) is not None:
            await self._app.store.write(meanings.change_encoder, encoder.name)
            await self._in_time(self._encode_questions(encoder))

    def start(self) -> None:
        """Start to make missing codes in the background, if that is due."""
        if (encoder := self._app.encoder) is not None:
            self._rounds.start(lambda: self._noted(self._encode_all(encoder)))

    async def run(self) -> None:
        """Make missing codes for at most MAX_ENCODING_SECONDS seconds. Raise StoreError."""
        if (encoder := self._app.encoder) is not None:
            await self._in_time(self._encode_papers(encoder))

    async def close(self) -> None:
        """End the work in the background. The rest is made after the next start."""
        await self._rounds.close()

    async def _in_time(self, work: Awaitable[None]) -> None:
        with suppress(TimeoutError):  # the rest is made later
            async with asyncio.timeout(MAX_ENCODING_SECONDS):
                await self._noted(work)

    async def _encode_all(self, encoder: Encoder) -> None:
        await self._encode_questions(encoder)
        await self._encode_papers(encoder, rests=True)

    async def _noted(self, work: Awaitable[None]) -> None:
        try:
            await work
        except EmbeddingError as error:
            if await self._app.store.write(note_fails, ENCODER_FAILS, self._app.clock.now()):
                log.warning("Papers wait for their meaning: %s", error)

    async def _encode_questions(self, encoder: Encoder) -> None:
        store = self._app.store
        while texts := await store.read(meanings.questions_without, encoder.name, AT_ONCE):
            vectors = await _encoded(encoder.questions, texts)
            await store.write(meanings.put_questions, encoder.name, dict(zip(texts, vectors, strict=True)))

    async def _encode_papers(self, encoder: Encoder, *, rests: bool = False) -> None:
        store, clock = self._app.store, self._app.clock
        while found := await store.read(meanings.papers_without, encoder.name, AT_ONCE):
            began = clock.monotonic()
            codes = await _encoded(encoder.papers, [nearness.paper_of(texts) for _, texts in found])
            made = [(paper, texts, code) for (paper, texts), code in zip(found, codes, strict=True)]
            await store.write(meanings.put_late, encoder.name, made)
            if rests:
                await clock.sleep(clock.monotonic() - began)
