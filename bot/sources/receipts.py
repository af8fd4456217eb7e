"""The content of a poll's receipt, and the notices to operators that follow from it."""

from collections.abc import Sequence
from datetime import datetime

from bot.ports.channel import SourceRead
from bot.settings import SourceSettings
from bot.sources.missed_days import runs
from bot.sources.poll_context import PollContext
from subscriptions.model import Digest
from subscriptions.planning.losses import Filed
from subscriptions.planning.receipts import Observation, Outcome, Receipt
from subscriptions.service.sources import notify_filed_days, notify_source
from subscriptions.states import SourceTrouble
from subscriptions.store import Ingested, Scope

BATCH_FORMATS = frozenset(
    {"arxiv_rss", "arxiv_atom", "arxiv_listing_html"}
)  # in these formats the day of a digest is that of its batch
COUNT_NAMES = ("digests", "papers", "new", "updated", "unchanged", "archived", "failed_summaries")
ZERO_COUNTS = dict.fromkeys(COUNT_NAMES, 0)
LOSS_WARNINGS = frozenset({  # warnings that papers, or parts of them, could not be read
    "bad_json_line", "declared_mismatch", "entry_without_text", "entry_without_title", "incomplete_group",
    "possibly_capped", "unparsed_heading",
})  # fmt: skip
LONGEST_DETAIL = 500  # characters
MIN_SUMMARIES = 4  # with fewer papers the share of failed summaries is ignored


def read_of(receipt: Receipt) -> SourceRead:
    """Returns the measurement of a receipt."""
    papers, new = receipt.counts.get("papers", 0), receipt.counts.get("new", 0)
    return SourceRead(source=receipt.source, outcome=receipt.outcome.value, papers=papers, new=new)


def notify_of_filed(store: Scope, context: PollContext, source: SourceSettings, filed: Filed, now: datetime) -> None:
    """Notifies operators of papers that came too late to be announced. Raises StoreError."""
    if filed.papers:
        notify_filed_days(store, context.admins, source.name, runs(filed.days), papers=filed.papers, now=now)


def observation_of(digest: Digest, done: Ingested, *, changed: bool) -> Observation:
    """Returns the observation of a digest that was stored."""
    cut = next((warning.message for warning in digest.warnings if warning.code == "xml_truncated"), "")
    return Observation(
        day=digest.day,
        papers=len(digest.entries),
        fresh=0 if done.archive else done.new + done.updated + done.announced,
        filed=_filed_now(done),
        changed=changed and not done.archive,
        batch=digest.format in BATCH_FORMATS,
        problem=f"{cut[:1].upper()}{cut[1:]}." if cut else "",
    )


def counts_of(digest: Digest, done: Ingested) -> dict[str, int]:
    """Returns the counts of a receipt for one stored digest, by COUNT_NAMES."""
    failed = {paper.key for paper in digest.entries if paper.failed}
    papers = len({paper.key for paper in digest.entries})
    failures = 0 if done.already_known or done.archive else len(failed)
    counts = (1, papers, done.new, done.updated, done.unchanged, _filed_now(done), failures)
    return dict(zip(COUNT_NAMES, counts, strict=True))


def filed_with(filed: Filed, digest: Digest, done: Ingested) -> Filed:
    """Returns the filed papers so far together with those of one more stored digest."""
    return filed.with_papers(_filed_now(done), digest.day, announced=done.announced)


def _filed_now(done: Ingested) -> int:
    """Returns how many papers a digest filed. 0 for a digest that was known before, since an earlier receipt counted them."""
    return 0 if done.already_known else done.archived


def remarks_of(digest: Digest, done: Ingested) -> tuple[str, ...]:
    """Sentences about unreadable parts of a digest, one per kind of problem, and about papers that count as sent."""
    counted = (
        (f"{done.counted:,} papers came before the database was lost, and count as sent.",) if done.counted else ()
    )
    lost = [warning for warning in digest.warnings if warning.code in LOSS_WARNINGS]
    unread = tuple(f"{one.message[:1].upper()}{one.message[1:]}{_examples(one.examples)}." for one in lost)
    return (*counted, *unread)


def _examples(examples: Sequence[str]) -> str:
    return f" ({'; '.join(examples[:2])})" if examples else ""


def trouble_after(before: SourceTrouble | None, receipt: Receipt, *, quietly: bool = False) -> SourceTrouble | None:
    """Returns the trouble of a source after a receipt; None if there is none. `quietly`: a failure does not count as trouble yet."""
    match receipt.outcome:
        case Outcome.FAILED:
            return before if quietly else SourceTrouble.FAILED
        case Outcome.LATE:
            return SourceTrouble.LATE
        case Outcome.STALE | Outcome.QUIET if before is SourceTrouble.LATE:
            return before  # nothing new is due, but the document that was late has still not come
        case Outcome.STALE:
            return None
    failed = receipt.counts.get("failed_summaries", 0)
    most = failed * 2 > receipt.counts.get("papers", 0) >= MIN_SUMMARIES
    return SourceTrouble.SUMMARIES if most else None


def notify_of_trouble(
    store: Scope,
    context: PollContext,
    before: SourceTrouble | None,
    trouble: SourceTrouble | None,
    receipt: Receipt,
    *,
    batch: bool,
    parts: Sequence[str] = (),
    now: datetime,
) -> None:
    """Notifies operators of trouble with a source, and of the end of trouble. Raises StoreError.

    `before` is the trouble before this receipt. `parts`: see notify_source.
    """
    if trouble is not None:
        if trouble is SourceTrouble.SUMMARIES or trouble.value == receipt.outcome.value:
            notify_source(store, context.admins, trouble, receipt, batch=batch, parts=parts, now=now)
    elif before in (SourceTrouble.FAILED, SourceTrouble.LATE):
        notify_source(store, context.admins, None, receipt, batch=batch, now=now)
