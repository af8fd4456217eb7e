"""Watches the sources that are files or folders, and reads each file as soon as it is complete."""

import asyncio
import logging
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

from bot.digests import files, read_digest
from bot.digests.sandbox import ReaderRunner
from bot.settings import SourceSettings
from bot.sources.poll import Poll, PollDependencies
from subscriptions.database.store import Transaction
from subscriptions.errors import PaperwireError, Sentence, StoreError, UnreadableInput, brief
from subscriptions.model import Digest
from subscriptions.papers.stored.digests import Ingested
from subscriptions.sources.poll_results import Answer, Outcome
from subscriptions.sources.stored import KnownSource, known_sources

log = logging.getLogger("paperwire")

STABLE_FOR = timedelta(seconds=1)
"""How long a file must stay unchanged before it counts as complete."""


@dataclass(slots=True)
class FolderWatch:
    """The state of a watched folder. A file is reported once, and again only after it has changed.

    The state is lost when the program ends. The next run reports all files again; the store knows the hashes of files
    that were ingested before.
    """

    # files that are not complete yet, and since when they are unchanged
    waiting: dict[str, tuple[files.Stamp, datetime]] = field(default_factory=dict)
    reported: dict[str, files.Stamp] = field(default_factory=dict)

    def check(self, listing: Mapping[str, files.Stamp], now: datetime) -> tuple[str, ...]:
        """Return the names of the files that are complete, sorted. `now` is aware UTC.

        A file is complete if two checks, at least STABLE_FOR apart, found it unchanged. A file that was renamed,
        replaced or extended counts as new. Files that no longer exist are forgotten.
        """
        before, self.waiting = self.waiting, {}
        self.reported = {name: stamp for name, stamp in self.reported.items() if name in listing}
        complete = []
        for name, stamp in listing.items():
            if self.reported.get(name) == stamp:
                continue
            seen, since = before.get(name, (stamp, now))
            if seen != stamp or since > now:  # the clock was set back: start again
                since = now
            if now - since >= STABLE_FOR:
                complete.append(name)
                self.reported[name] = stamp
            else:
                self.waiting[name] = (stamp, since)
        return tuple(sorted(complete))


class WatchedFolder:
    """A source that is a file or folder, as one process has seen it. Its methods raise StoreError.

    If a file was ingested before, the store recognises its hash, and nothing changes.
    """

    def __init__(
        self, deps: PollDependencies, source: SourceSettings, *, stopping: Callable[[], bool] = lambda: False
    ) -> None:
        self._deps = deps
        self._stopping = stopping
        self.source = source
        self._place = str(source.path)
        self._watch = FolderWatch()
        self._began = False
        self._unread: dict[str, str] = {}  # path that cannot be read (in UTF-8; "": the folder) → why
        self._logged: dict[str, str] = {}  # place → what this process has logged
        self._folder: Path | None = None  # the folder from which it was last read
        self._was_read = False  # whether any file was read

    @property
    def problem(self) -> str:
        """Why it cannot be watched; "" if it can."""
        return self._unread.get("", "")

    @property
    def description(self) -> str:
        """The watched path as the operator wrote it, with a remark if nothing exists there yet."""
        folder = files.folder_of(self._place)
        if files.barred_at(folder):
            return f"{self._place} (it cannot be read)"
        is_there = files.is_there(folder) and not files.is_missing(self._place)
        return self._place if is_there else f"{self._place} (nothing is there yet)"

    @property
    def waits(self) -> bool:
        """Whether a file was still being written at the last poll."""
        return bool(self._watch.waiting)

    @property
    def why_nothing(self) -> str:
        """Why nothing of it could be read; "" if something was, or if it is an empty folder."""
        if files.is_missing(self._place):
            return f"there is nothing at {self._place}"
        refused = "" if self._was_read else next(reversed(self._unread.values()), "")
        return self.problem or refused

    async def poll(self) -> None:
        """Read every file that is complete now. One that cannot be read is reported once and holds up no other.

        Leaves a receipt of the files that were read, and one of those that cannot be read, if that is new. Files that
        were not stored are read again at the next poll.
        """
        if not self._began:
            self._unread, self._began = dict((await started(self._deps, self.source)).unread), True
        before, poll = dict(self._unread), None
        try:
            for path in await self._complete():
                if self._stopping():
                    self._watch.reported.pop(path, None)
                else:
                    poll = poll or await started(self._deps, self.source)
                    await self._ingest(poll, path)
        except Exception:
            poll = None  # what it has counted of the last file was taken back
            raise
        finally:
            new = " ".join(why for path, why in self._unread.items() if before.get(path) != why)
            await self._leave_receipts(poll, new, is_changed=self._unread != before)

    async def _leave_receipts(self, poll: Poll | None, new: str, *, is_changed: bool) -> None:
        """Log `new`, the reasons that are new. If there are none, what could not be read before is gone, or was read."""
        was_read = poll is not None and poll.receipt is not None
        if poll is not None and was_read:
            if is_changed and not new:
                poll.unread = dict(self._unread)
            if detail := (await poll.finish()).detail:
                log.info("%s: %s", self.source.name, detail, extra={"source": self.source.name})
        if is_changed and (new or not was_read):
            poll = await started(self._deps, self.source)
            poll.unread = dict(self._unread)
            poll.answers[""].append(Answer(problem=new, absent=not new))
            await poll.finish()

    async def record_late(self, known: KnownSource) -> None:
        """Leave a receipt if the file that is due is late. Further calls for the same file change nothing."""
        poll = Poll(self._deps, self.source, known)
        due, last = poll.due, known.last
        if due is None or (known.since is not None and due.at < known.since):
            return
        poll.answers[""].append(Answer(absent=True))
        is_recorded = last is not None and last.outcome is Outcome.LATE and last.at >= due.at
        if not is_recorded and await self._deps.app.store.read(_is_late, poll):
            await poll.finish()

    async def _complete(self) -> tuple[str, ...]:
        try:
            listing = await asyncio.to_thread(self._listing)
        except PaperwireError as error:
            self._note("", error)
            return ()
        there = set(map(files.in_utf8, listing))
        self._unread = {path: why for path, why in self._unread.items() if path in there}
        self._logged = {path: why for path, why in self._logged.items() if path in there}
        return self._watch.check(listing, self._deps.app.clock.wall())

    def _listing(self) -> dict[str, files.Stamp]:
        """Return the files, each with its stamp. Raise UnreadableInput, also if the folder has disappeared."""
        last = self._folder
        if last is not None and not files.is_there(last) and not files.barred_at(last):
            raise UnreadableInput(f"{last}: the folder is gone.")
        if files.is_there(folder := files.folder_of(self._place)):
            self._folder = folder
        return files.list_folder(self._place)

    async def _ingest(self, poll: Poll, path: str) -> None:
        try:
            digest = await _read_apart(self._deps.app.sandbox, self.source, path)
            done = await poll.store(digest, noted(poll, digest))
        except OSError as error:
            self._watch.reported.pop(path, None)
            self._note(path, files.unreadable(path, error))
        except StoreError:
            self._watch.reported.pop(path, None)
            raise
        except PaperwireError as error:
            self._note(path, error)
        else:
            self._was_read = True
            self._unread.pop(files.in_utf8(path), None)
            self._logged.pop(files.in_utf8(path), None)
            # so that a folder with years of old digests does not fill the log
            if not done.already_known and not done.archive:
                counts, fields = (len(digest.entries), path, done.new), {"source": self.source.name}
                log.info("%s: %d papers in %s, %d of them new.", self.source.name, *counts, extra=fields)

    def _note(self, path: str, error: PaperwireError) -> None:
        """Note that a file or the folder ("") cannot be read.

        Each process logs why, once until something else is wrong.
        """
        place = files.in_utf8(path)
        self._unread[place] = brief(error)
        if self._logged.get(place) != str(error):
            self._logged[place] = str(error)
            log.error("%s", error, extra={"source": self.source.name})


async def started(deps: PollDependencies, source: SourceSettings) -> Poll:
    """Return a poll of a source that begins now. Raise StoreError."""
    known = await deps.app.store.read(known_sources)
    return Poll(deps, source, next(one for one in known if one.name == source.name))


def noted(poll: Poll, digest: Digest) -> Callable[[Transaction, Ingested], None]:
    """Return what is written when a file is stored: the receipt, unless the file was known and announces nothing."""

    def note(transaction: Transaction, done: Ingested) -> None:
        if done.announced or not done.already_known:
            poll.observe(transaction, digest, done)
            poll.write(transaction)

    return note


def _bytes_of(source: SourceSettings, path: str) -> bytes:
    """Return the bytes of a file of a source. Raise OSError, UnreadableInput.

    A symbolic link that leads out of the folder of the source is refused. Otherwise a person who may write into that
    folder could make paperwire read any file of this machine. It is followed if it is the path of the source itself.
    """
    if _leads_out(source, path) and path != str(source.path):
        raise UnreadableInput(
            Sentence("{name}: a symbolic link that leads out of its folder; it is not read.", {"name": path}),
            Sentence("If it is yours, name the folder where it is in paperwire.toml."),
        )
    return files.bytes_of(os.path.realpath(path))


def _leads_out(source: SourceSettings, path: str) -> bool:
    """Return whether a path is a symbolic link out of the folder of its source."""
    return not Path(os.path.realpath(path)).is_relative_to(os.path.realpath(files.folder_of(str(source.path))))


def read_watched_digest(source: SourceSettings, path: str) -> Digest:
    """Return the digest in a file of a source. Raise OSError, UnreadableInput, UnknownFormat, BrokenDigest."""
    with _quoting_nothing_elsewhere(source, path):
        return _reader(source)(_bytes_of(source, path), path)


async def _read_apart(sandbox: ReaderRunner, source: SourceSettings, path: str) -> Digest:
    data = await asyncio.to_thread(_bytes_of, source, path)
    with _quoting_nothing_elsewhere(source, path):
        return await sandbox.read(path, _reader(source), data, path)


def _reader(source: SourceSettings) -> Callable[[bytes, str], Digest]:
    return partial(read_digest, format=source.format, language=source.language)


@contextmanager
def _quoting_nothing_elsewhere(source: SourceSettings, path: str) -> Iterator[None]:
    """Quote nothing of a file in errors to which only the source's own path, a link, leads."""
    try:
        yield
    except PaperwireError as error:
        if _leads_out(source, path) and path == str(source.path):
            raise type(error)(Sentence("{name}: it is no digest that can be read.", {"name": path})) from None
        raise


def _is_late(transaction: Transaction, poll: Poll) -> bool:
    return any(outcome is Outcome.LATE for outcome, _ in poll.outcomes(transaction).values())
