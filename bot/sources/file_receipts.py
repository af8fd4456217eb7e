"""Writes the receipts of looks at files and folders: at new files, at files that cannot be read, and at what is late."""

import logging
from collections.abc import Mapping
from itertools import islice

from bot.settings import SourceSettings
from bot.sources.ingest import PollDependencies
from bot.sources.look import Look
from subscriptions.model import Digest
from subscriptions.planning.receipts import Observation, Outcome
from subscriptions.store.database.store import Scope, Transaction, writes
from subscriptions.store.digests import Ingested
from subscriptions.store.sources import KnownSource, SourceState, known_sources

log = logging.getLogger("paperwire")

MOST_UNREAD = 50  # places that are stored; a scan sees the others again


class FileReceipts:
    """Writes one receipt for the files of a scan that were read, and one for those that cannot be read.

    Its methods raise StoreError.
    """

    def __init__(self, deps: PollDependencies) -> None:
        self.deps = deps
        self._looks: dict[str, Look] = {}  # of the scans that have begun, by source

    def record_stored(self, source: SourceSettings, digest: Digest, transaction: Transaction, done: Ingested) -> None:
        """Records a stored file, in the transaction that stored it.

        Writes no receipt if the file was known and announces nothing.
        """
        if done.already_known and not done.announced:
            return
        if source.name not in self._looks:
            self._looks[source.name] = self._look(transaction, source)
        look = self._looks[source.name]
        look.observe(transaction, digest, done)
        look.tell_of_trouble(transaction, look.write(transaction))

    async def finish_scan(
        self, source: SourceSettings, unread: Mapping[str, str] | None = None, sentences: str = ""
    ) -> None:
        """Ends a scan. The next file of the source begins a new scan.

        `unread`: the places that cannot be read, with the reasons; None: the same as before. `sentences`: the reasons that
        are new. If there are none, what could not be read before is gone, or was read.
        """
        look = self._looks.pop(source.name, None)
        was_read = look is not None and look.receipt is not None
        if look is not None and was_read:
            if unread is not None and not sentences:
                look.unread = _stored(unread)
            if sentence := look.filed.as_sentence(source.name):
                log.info("%s: %s", source.name, sentence, extra={"source": source.name})
            await self._close(look)
        if unread is not None and (sentences or not was_read):
            look = self._look(self.deps.store, source)
            look.unread = _stored(unread)
            look.observations[""].append(Observation(problem=sentences, absent=not sentences))
            await self._close(look)

    def unread(self, source: SourceSettings) -> dict[str, str]:
        """Returns the places of a source that could not be read at the last scan, with the reasons."""
        return dict(self._look(self.deps.store, source).unread)

    async def record_late(self, source: SourceSettings, known: KnownSource) -> None:
        """Records that the file that is due in a folder is late. Further calls for the same file change nothing."""
        look, since, last = Look(self.deps, source, known), known.state.since, known.last
        look.observations[""].append(Observation(absent=True))
        _, due, _ = look.due("")
        if due is None or (since is not None and due.at < since):
            return
        is_recorded = last is not None and last.outcome is Outcome.LATE and last.at >= due.at
        verdict = look.verdict_of("")
        if verdict is not None and verdict.outcome is Outcome.LATE and not is_recorded:
            await self._close(look)

    async def _close(self, look: Look) -> None:
        await self.deps.store.run(writes(look.close))

    def _look(self, store: Scope, source: SourceSettings) -> Look:
        known = next((one for one in known_sources(store) if one.name == source.name), None)
        state = SourceState(since=self.deps.clock.now())
        return Look(self.deps, source, known or KnownSource(name=source.name, kind="file", location="", state=state))


def _stored(unread: Mapping[str, str]) -> dict[str, str]:
    return dict(islice(unread.items(), MOST_UNREAD))
