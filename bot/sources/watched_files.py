"""Watches the sources that are files or folders, and ingests files once they are complete."""

import asyncio
import logging
from collections.abc import Callable, Collection, Sequence
from datetime import timedelta
from functools import partial
from pathlib import Path

from bot.digests import files
from bot.digests.files import FileStamp, FolderWatch
from bot.errors import UnreadableInput, brief
from bot.settings import SourceSettings
from bot.sources import documents
from bot.sources.file_receipts import FileReceipts
from bot.sources.ingest import store_digest
from subscriptions.errors import PaperwireError, StoreError

log = logging.getLogger("paperwire")

LONGEST_WAIT = timedelta(seconds=5)  # how long `drain` waits for files that are still being written


def _has_no_place(path: str) -> bool:
    return files.is_missing(path) or not files.folder_of(path).is_dir()


class WatchedFiles:
    """The file sources of one process.

    If a file was ingested before, the store recognises its hash, and nothing changes.
    """

    def __init__(
        self,
        receipts: FileReceipts,
        sources: Sequence[SourceSettings],
        *,
        stopping: Callable[[], bool] = lambda: False,
    ) -> None:
        self._deps = receipts.deps
        self._receipts = receipts
        self._stopping = stopping
        self._sources = tuple(source for source in sources if source.path is not None)
        self._watches = {source.name: FolderWatch() for source in self._sources}
        self._unread: dict[
            str, dict[str, str]
        ] = {}  # source -> path that cannot be read (in UTF-8; "": the folder) -> why
        self._logged: dict[tuple[str, str], str] = {}  # source and path -> last error, so that each is logged once
        self._folders: dict[str, Path] = {}  # source -> the folder from which it was last read
        self._read: set[str] = set()  # sources with a file that was read
        self.problems: dict[str, str] = {}  # source -> why it cannot be watched

    @property
    def places(self) -> tuple[str, ...]:
        """The watched paths as the operator wrote them, each with a remark if nothing exists there yet."""
        return tuple(
            f"{source.path} (nothing is there yet)" if _has_no_place(str(source.path)) else str(source.path)
            for source in self._sources
        )

    @property
    def unread(self) -> dict[str, str]:
        """The sources of which nothing could be read, each with the reason.

        A source with an empty folder is not included.
        """
        absent = {
            source.name: f"there is nothing at {source.path}"
            for source in self._sources
            if files.is_missing(str(source.path))
        }
        refused = {name: [*why.values()][-1] for name, why in self._unread.items() if why and name not in self._read}
        return refused | absent | self.problems

    async def poll(self, only: Collection[str] | None = None) -> None:
        """Ingests every file that is complete now. An unreadable file is reported once and does not stop the others.

        `only`: the names of the sources to poll. Raises StoreError; files that were not stored are read again at the next
        poll.
        """
        for source in self._sources:
            if only is None or source.name in only:
                await self._scan(source)

    async def _scan(self, source: SourceSettings) -> None:
        """Ingests the complete files of one source, with one receipt for those that were read, and one for the others."""
        if source.name not in self._unread:
            self._unread[source.name] = await asyncio.to_thread(self._receipts.unread, source)
        before = dict(self._unread[source.name])
        try:
            for path in await self._complete_files(source):
                if self._stopping():
                    self._read_again(source, path)
                else:
                    await self._ingest(source, path)
        finally:
            unread = self._unread[source.name]
            new = " ".join(why for path, why in unread.items() if before.get(path) != why)
            await self._receipts.finish_scan(source, None if unread == before else unread, new)

    async def drain(self, only: Collection[str] | None = None) -> None:
        """Like `poll`, but waits up to LONGEST_WAIT for files that have just been written."""
        began = self._deps.clock.wall()
        await self.poll(only)
        while any(watch.waiting for watch in self._watches.values()):
            if self._deps.clock.wall() - began > LONGEST_WAIT:
                return
            await self._deps.clock.sleep(files.STABLE_FOR.total_seconds())
            await self.poll(only)

    async def _complete_files(self, source: SourceSettings) -> tuple[str, ...]:
        try:
            listing = await asyncio.to_thread(self._listing, source)
        except PaperwireError as error:
            self.problems[source.name] = str(error)
            self._report(source, "", error)
            return ()
        self.problems.pop(source.name, None)
        self._logged.pop((source.name, ""), None)
        there = set(map(files.in_utf8, listing))
        self._unread[source.name] = {path: why for path, why in self._unread[source.name].items() if path in there}
        return self._watches[source.name].check(listing, self._deps.clock.wall())

    def _listing(self, source: SourceSettings) -> dict[str, FileStamp]:
        """Returns the files of a source, each with its stamp. Raises UnreadableInput, also if a folder has disappeared."""
        place = str(source.path or Path())
        known = self._folders.get(source.name)
        if known is not None and not known.is_dir():
            raise UnreadableInput(f"{known}: the folder is gone.")
        if (folder := files.folder_of(place)).is_dir():
            self._folders[source.name] = folder
        return files.list_folder(place)

    async def _ingest(self, source: SourceSettings, path: str) -> None:
        try:
            digest = await asyncio.to_thread(documents.read_watched_digest, source, path)
            done = await store_digest(
                self._deps,
                digest,
                source=source.name,
                note=partial(self._receipts.record_stored, source, digest),
                announce=source.announce == "all",
                of_arxiv=source.is_arxivs_own,
                complete=self._deps.complete,
            )
        except OSError as error:
            self._read_again(source, path)
            self._report(source, path, files.unreadable(path, error))
        except StoreError:
            self._read_again(source, path)
            raise
        except PaperwireError as error:
            self._report(source, path, error)
        else:
            self._read.add(source.name)
            self._unread[source.name].pop(files.in_utf8(path), None)
            self._logged.pop((source.name, path), None)
            # so that a folder with years of old digests does not fill the log
            if not done.already_known and not done.archive:
                counts, fields = (len(digest.entries), path, done.new), {"source": source.name}
                log.info("%s: %d papers in %s, %d of them new.", source.name, *counts, extra=fields)

    def _read_again(self, source: SourceSettings, path: str) -> None:
        self._watches[source.name].reported.pop(path, None)

    def _report(self, source: SourceSettings, path: str, error: PaperwireError) -> None:
        """Notes that a file or folder cannot be read, and logs why, unless that was the last error there."""
        self._unread[source.name][files.in_utf8(path)] = brief(error)
        if self._logged.get((source.name, path)) != str(error):
            self._logged[source.name, path] = str(error)
            log.error("%s", error, extra={"source": source.name})
