"""Sources that are files: watched, read once they are complete, and ingested."""

import asyncio
import logging
from collections.abc import Callable, Collection
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Protocol

from bot.digests import read_digest
from bot.digests.files import STABLE_FOR, FileStamp, FolderWatch, check_folder, is_missing, list_folder, report_again
from bot.errors import UnreadableInput, brief
from bot.settings import SourceSettings
from bot.sources.ingest import IngestContext, store_digest
from subscriptions.errors import PaperwireError, Sentence, StoreError
from subscriptions.model import Digest
from subscriptions.store import Ingested, Transaction

log = logging.getLogger("paperwire")

LONGEST_WAIT = timedelta(seconds=5)  # for a file that somebody keeps writing to


class ReceiptWriter(Protocol):
    """Where is written down what files brought."""

    def record_stored(self, source: SourceSettings, digest: Digest, transaction: Transaction, done: Ingested) -> None:
        """A file was stored; within its transaction. Raises StoreError."""

    async def finish_scan(self, source: SourceSettings) -> None:
        """All files of a source that are complete were read. Raises StoreError."""

    async def record_failed(self, source: SourceSettings, sentence: str) -> None:
        """A file or folder cannot be read, which was not said before. Raises StoreError."""


class WatchedFiles:
    """The file sources of one process. A file that was ingested before is known by its hash and changes nothing."""

    def __init__(
        self,
        wire: IngestContext,
        sources: tuple[SourceSettings, ...],
        *,
        receipts: ReceiptWriter | None = None,
        stopping: Callable[[], bool] = lambda: False,
    ) -> None:
        self._wire = wire
        self._receipts = receipts
        self._stopping = stopping
        self._sources = tuple(source for source in sources if source.path is not None)
        self._watches = {source.name: FolderWatch() for source in self._sources}
        self._said: dict[str, str] = {}  # place -> what was said of it last, so that it is said once
        self._folders: set[str] = set()  # sources that were seen to be a folder
        self._read: set[str] = set()  # sources of which a file was read
        self._refused: dict[str, str] = {}  # source -> what was wrong with a file of it
        self.problems: dict[str, str] = {}  # source -> why it cannot be watched

    @property
    def sources(self) -> tuple[str, ...]:
        """The names of what is watched."""
        return tuple(self._watches)

    @property
    def places(self) -> tuple[str, ...]:
        """What is watched, as the operator wrote it, and where nothing is yet."""
        return tuple(
            f"{source.path} (nothing is there yet)" if is_missing(str(source.path)) else str(source.path)
            for source in self._sources
        )

    @property
    def unread(self) -> dict[str, str]:
        """Sources of which nothing could be read, and why. A folder in which nothing stands yet is none of them."""
        absent = {
            source.name: f"there is nothing at {source.path}"
            for source in self._sources
            if is_missing(str(source.path))
        }
        refused = {name: why for name, why in self._refused.items() if name not in self._read}
        return refused | absent | self.problems

    async def poll(self, only: Collection[str] | None = None) -> None:
        """Ingests every file that is complete now. One that cannot be read is named once and holds up no other.

        `only` names sources. Raises StoreError; the files that it stopped come again at the next poll.
        """
        for source in self._sources:
            if only is not None and source.name not in only:
                continue
            await self._scan(source)

    async def _scan(self, source: SourceSettings) -> None:
        """Ingests the files of a source that are complete; what they brought is one look."""
        try:
            for path in await self._complete_files(source):
                if self._stopping():
                    self._again(source, path)
                else:
                    await self._ingest(source, path)
        finally:
            if self._receipts is not None:
                await self._receipts.finish_scan(source)

    async def drain(self, only: Collection[str] | None = None) -> None:
        """As `poll`, but waits a moment for files that have just been written."""
        began = self._wire.clock.wall()
        await self.poll(only)
        while any(watch.waiting for watch in self._watches.values()):
            if self._wire.clock.wall() - began > LONGEST_WAIT:
                return
            await self._wire.clock.sleep(STABLE_FOR.total_seconds())
            await self.poll(only)

    async def _complete_files(self, source: SourceSettings) -> tuple[str, ...]:
        try:
            listing = await asyncio.to_thread(self._listing, source)
        except PaperwireError as error:
            self.problems[source.name] = str(error)
            await self._say(source, source.name, error)
            return ()
        self.problems.pop(source.name, None)
        self._said.pop(source.name, None)
        self._watches[source.name], paths = check_folder(self._watches[source.name], listing, self._wire.clock.wall())
        return paths

    def _listing(self, source: SourceSettings) -> dict[str, FileStamp]:
        """The files of a source. Raises Unreadable also when a folder that was there is gone."""
        place = source.path or Path()
        if place.is_dir():
            self._folders.add(source.name)
        elif source.name in self._folders and not place.exists():
            raise UnreadableInput(Sentence("{name}: the folder is gone.", {"name": str(place)}))
        return list_folder(str(place), Path())

    async def _ingest(self, source: SourceSettings, path: str) -> None:
        try:
            data = await asyncio.to_thread(Path(path).read_bytes)
            digest = await asyncio.to_thread(read_digest, data, path, format=source.format, language=source.language)
            note = partial(self._receipts.record_stored, source, digest) if self._receipts else None
            announce = source.announce == "all"
            done = await store_digest(self._wire, digest, source=source.name, note=note, announce=announce)
        except OSError as error:
            self._again(source, path)
            reason = (error.strerror or "unknown").lower()
            await self._say(
                source,
                path,
                UnreadableInput(Sentence("{name}: cannot be read ({reason}).", {"name": path, "reason": reason})),
            )
        except StoreError:
            self._again(source, path)
            raise
        except PaperwireError as error:
            await self._say(source, path, error)
        else:
            self._read.add(source.name)
            if not done.already_known and not done.archive:  # a folder may hold years of archives
                log.info("%s: %d papers in %s, %d of them new.", source.name, len(digest.entries), path, done.new)

    def _again(self, source: SourceSettings, path: str) -> None:
        self._watches[source.name] = report_again(self._watches[source.name], path)

    async def _say(self, source: SourceSettings, place: str, error: PaperwireError) -> None:
        """Says what is wrong with a place, unless it was said last."""
        if self._said.get(place) == str(error):
            return
        self._said[place] = str(error)
        log.error("%s", error)
        self._refused[source.name] = brief(error)
        if self._receipts is not None:
            await self._receipts.record_failed(source, brief(error))
