"""Writes the receipts of files and folders."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from bot.context.writing import write
from bot.settings import SourceSettings
from bot.sources.poll_context import PollContext
from bot.sources.receipts import (
    LONGEST_DETAIL,
    ZERO_COUNTS,
    counts_of,
    filed_with,
    notify_of_filed,
    notify_of_trouble,
    observation_of,
    read_of,
    remarks_of,
    trouble_after,
)
from subscriptions.model import Digest
from subscriptions.planning.losses import Filed
from subscriptions.planning.receipts import Observation, Outcome, PollVerdict, Receipt, joined, poll_verdict
from subscriptions.planning.source_calendar import (
    LATE_AFTER,
    Overdue,
)
from subscriptions.service.sources import note_poll
from subscriptions.store import Ingested, KnownSource, Scope, SourceState, Transaction
from subscriptions.store.sources import known_sources

log = logging.getLogger("paperwire")


@dataclass(frozen=True, slots=True, kw_only=True)
class _FolderScan:
    """The results of one scan of a source's files. The whole scan gets one receipt."""

    is_first: bool = True  # no poll of the source had a receipt before
    observations: tuple[Observation, ...] = ()
    counts: Mapping[str, int] = field(default_factory=lambda: ZERO_COUNTS)
    filed: Filed = field(default_factory=Filed)
    remarks: tuple[str, ...] = ()
    receipt: Receipt | None = None

    def with_digest(self, digest: Digest, done: Ingested) -> "_FolderScan":
        more = counts_of(digest, done)
        return replace(
            self,
            observations=(*self.observations, observation_of(digest, done, changed=True)),
            counts={name: number + more[name] for name, number in self.counts.items()},
            filed=filed_with(self.filed, digest, done),
            remarks=(*self.remarks, *remarks_of(digest, done)),
        )


class FileReceiptWriter:
    """Writes receipts for scans of files, for files that cannot be read, and for files that are late.

    Its methods raise StoreError.
    """

    def __init__(self, context: PollContext) -> None:
        self.context = context
        self._scans: dict[str, _FolderScan] = {}

    def record_stored(self, source: SourceSettings, digest: Digest, transaction: Transaction, done: Ingested) -> None:
        """Records a stored file, in the transaction that stored it. A file that was known before gets no receipt."""
        if done.already_known and not done.announced:
            return
        now, known = self.context.ingest_context.clock.now(), self._known(transaction, source)
        state = known.state if known else SourceState(since=now)
        begun = self._scans.get(source.name) or _FolderScan(is_first=known is None or known.last is None)
        scan = begun.with_digest(digest, done)
        observation = joined(scan.observations)
        due, resting = self.context.timing.due(source, observation, now)
        had = due is not None and state.came.get("") == due.at
        awaited = self.context.timing.is_awaited(source)
        verdict = poll_verdict(observation, due, now, had=had, resting=resting, awaited=awaited)
        if verdict.is_final and due is not None:
            state = replace(state, came={"": due.at})
        detail = " ".join(filter(None, (verdict.detail, scan.filed.as_sentence(source.name), *scan.remarks)))
        verdict = replace(verdict, detail=detail[:LONGEST_DETAIL])
        receipt = replace(_receipt(source, verdict, now, scan.counts), id=scan.receipt.id if scan.receipt else None)
        number = self._write_receipt(transaction, source, state, receipt)
        self._scans[source.name] = replace(scan, receipt=replace(receipt, id=number))

    async def finish_scan(self, source: SourceSettings) -> None:
        """Ends a scan. The next file of the source begins a new scan."""
        scan = self._scans.pop(source.name, _FolderScan())
        if scan.receipt:
            self.context.observe(read_of(scan.receipt))
        if filed := scan.filed.as_sentence(source.name):
            log.info("%s: %s", source.name, filed, extra={"source": source.name})
        if not scan.is_first:
            await write(
                notify_of_filed,
                self.context.store,
                self.context,
                source,
                scan.filed,
                self.context.ingest_context.clock.now(),
            )

    async def record_failed(self, source: SourceSettings, sentence: str) -> None:
        """Records that a file or folder cannot be read."""
        verdict = PollVerdict(outcome=Outcome.FAILED, is_final=False, detail=sentence)
        now = self.context.ingest_context.clock.now()
        receipt = _receipt(source, verdict, now, ZERO_COUNTS)
        known = self._known(self.context.store, source)
        state = known.state if known else SourceState(since=now)
        self.context.observe(read_of(receipt))
        await write(self._write_receipt, self.context.store, source, state, receipt)
        if source.name in self._scans:  # later files of this scan get a new receipt
            before = self._scans[source.name]
            if before.receipt:
                self.context.observe(read_of(before.receipt))
            self._scans[source.name] = _FolderScan(is_first=before.is_first, filed=before.filed)

    async def record_late(self, source: SourceSettings, known: KnownSource) -> None:
        """Records that the file that is due in a folder is late. Further calls for the same file change nothing."""
        now = self.context.ingest_context.clock.now()
        schedule = self.context.timing.schedule(source)
        due = schedule.due_now(now) if schedule else None
        if due is None or now - due.at < LATE_AFTER or _is_accounted_for(known, due):
            return
        verdict = PollVerdict(outcome=Outcome.LATE, is_final=False, detail=f"Due since {due.at:%Y-%m-%d %H:%M} UTC.")
        receipt = _receipt(source, verdict, now, ZERO_COUNTS)
        await write(self._write_receipt, self.context.store, source, known.state, receipt)

    def _known(self, store: Scope, source: SourceSettings) -> KnownSource | None:
        return next((one for one in known_sources(store) if one.name == source.name), None)

    def _write_receipt(self, store: Scope, source: SourceSettings, state: SourceState, receipt: Receipt) -> int:
        """Writes a receipt, or replaces it if it has a number already. Returns its number."""
        after = replace(state, trouble=trouble_after(state.trouble, receipt))
        with store.write() as transaction:
            number = note_poll(transaction, receipt, after, {})
            notify_of_trouble(
                transaction,
                self.context,
                state.trouble,
                after.trouble,
                receipt,
                batch=source.schedule == "arxiv",
                now=receipt.at,
            )
        return number


def _receipt(source: SourceSettings, verdict: PollVerdict, at: datetime, counts: Mapping[str, int]) -> Receipt:
    return Receipt(source=source.name, at=at, outcome=verdict.outcome, counts=counts, detail=verdict.detail)


def _is_accounted_for(known: KnownSource, due: Overdue) -> bool:
    """Returns whether a receipt written since `due` says that a file came or is late, or the source was added after `due`."""
    since, settled, last = known.state.since, known.settled_at, known.last
    return (
        (since is None or due.at < since)
        or (settled is not None and settled >= due.at)
        or (last is not None and last.outcome is Outcome.LATE and last.at >= due.at)
    )
