"""Sources that are files: watched, read once they are complete, and ingested."""

import asyncio
import logging
from datetime import timedelta
from pathlib import Path

from bot.digests.sources import QUIET, FolderWatch, give_again, list_folder, look
from bot.pipeline import ingest
from bot.settings import SourceSettings
from bot.wire import Wire
from subscriptions import PaperwireError, StoreError

log = logging.getLogger("paperwire")

LONGEST_WAIT = timedelta(seconds=5)  # for a file that somebody keeps writing to


class Inbox:
    """The file sources of one process. A file that was ingested before is known by its hash and changes nothing."""

    def __init__(self, wire: Wire, sources: tuple[SourceSettings, ...]) -> None:
        self._wire = wire
        self._sources = tuple(source for source in sources if source.path is not None)
        self._watches = {source.name: FolderWatch() for source in self._sources}
        self._said: dict[str, str] = {}  # place -> what was said of it last, so that it is said once
        self.problems: dict[str, str] = {}  # source -> why it cannot be watched

    @property
    def sources(self) -> tuple[str, ...]:
        """The names of what is watched."""
        return tuple(self._watches)

    @property
    def places(self) -> tuple[str, ...]:
        """What is watched, as the operator wrote it."""
        return tuple(str(source.path) for source in self._sources)

    async def poll(self) -> None:
        """Ingests every file that is complete now. One that cannot be read is named once and holds up no other.

        Raises StoreError; the files that it stopped come again at the next poll.
        """
        for source in self._sources:
            for path in await self._complete_files(source):
                if self._wire.stopping():
                    self._again(source, path)
                else:
                    await self._ingest(source, path)

    async def drain(self) -> None:
        """As `poll`, but waits a moment for files that have just been written."""
        began = self._wire.clock.wall()
        await self.poll()
        while any(watch.waiting for watch in self._watches.values()):
            if self._wire.clock.wall() - began > LONGEST_WAIT:
                return
            await self._wire.clock.sleep(QUIET.total_seconds())
            await self.poll()

    async def _complete_files(self, source: SourceSettings) -> tuple[str, ...]:
        try:
            listing = await asyncio.to_thread(list_folder, str(source.path), Path())
        except PaperwireError as error:
            self.problems[source.name] = str(error)
            self._say(source.name, str(error))
            return ()
        self.problems.pop(source.name, None)
        self._said.pop(source.name, None)
        self._watches[source.name], paths = look(self._watches[source.name], listing, self._wire.clock.wall())
        return paths

    async def _ingest(self, source: SourceSettings, path: str) -> None:
        try:
            data = await asyncio.to_thread(Path(path).read_bytes)
            digest, done = await ingest(
                self._wire, data, path, source=source.name, format=source.format, language=source.language
            )
        except OSError as error:
            self._again(source, path)
            self._say(path, f"{path} cannot be read: {(error.strerror or 'unknown').lower()}.")
        except StoreError:
            self._again(source, path)
            raise
        except PaperwireError as error:
            self._say(path, str(error))
        else:
            if not done.already_known:
                log.info("%s: %d papers in %s, %d of them new.", source.name, len(digest.entries), path, done.new)

    def _again(self, source: SourceSettings, path: str) -> None:
        self._watches[source.name] = give_again(self._watches[source.name], path)

    def _say(self, place: str, sentence: str) -> None:
        if self._said.get(place) != sentence:
            self._said[place] = sentence
            log.error("%s", sentence)
