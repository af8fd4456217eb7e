"""Whether a source is late, failing or behind, was not polled some minutes after it was due, or lacks most of its summaries."""

from datetime import datetime, timedelta

from subscriptions.planning.receipts import Outcome, Receipt
from subscriptions.states import SourceTrouble

OVERDUE_AFTER = timedelta(minutes=10)  # if a poll has been due for longer, no process ran when it became due
MIN_SUMMARIES = 4  # with fewer papers the share of failed summaries is ignored
BEHIND = frozenset({SourceTrouble.FAILED, SourceTrouble.LATE, SourceTrouble.NOT_POLLED})


def trouble_after(before: SourceTrouble | None, receipt: Receipt) -> SourceTrouble | None:
    """Returns the trouble of a source after a receipt; None if there is none. `before`: the trouble before it."""
    match receipt.outcome:
        case Outcome.FAILED:
            return SourceTrouble.FAILED
        case Outcome.LATE:
            return SourceTrouble.LATE
        case Outcome.STALE | Outcome.QUIET if before is SourceTrouble.LATE:
            return before  # nothing new is due, but the document that was late has still not come
        case Outcome.STALE:
            return None
    failed = receipt.counts.get("failed_summaries", 0)
    most = failed * 2 > receipt.counts.get("papers", 0) >= MIN_SUMMARIES
    return SourceTrouble.SUMMARIES if most else None


def is_passed_over(next_at: datetime | None, now: datetime) -> bool:
    """Returns whether no process polled a source when that was due. When a poll begins, it moves its due moment."""
    return next_at is not None and now - next_at > OVERDUE_AFTER
