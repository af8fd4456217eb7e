"""Finds what is wrong in the outbox, on platforms, with sources, meaning and the clock, and from when on it is more than a warning."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta

from subscriptions.notices import findings
from subscriptions.notices.findings import Finding, Level
from subscriptions.states import SourceTrouble
from subscriptions.store import bot_state, delivery_trouble, planner, platform_states, sources
from subscriptions.store.database.store import Transaction, reads
from subscriptions.store.sources import KnownSource

LONG = timedelta(days=1)  # a delivery that has waited for longer is wrong
RECENTLY = timedelta(days=3)  # a failed poll that is older says little about the source
_USUAL = {  # whether the days of a source are those of arXiv's announcements → the usual reason why it is late
    True: "arXiv put its announcement off, as on a holiday; status.arxiv.org says so",
    False: "who makes it is late, or has stopped",
}


@reads
def stored_findings(
    transaction: Transaction,
    *,
    now: datetime,
    wall: datetime,
    stopped: Mapping[str, str] | None = None,
    is_gone: Callable[[str], bool] = lambda _: False,
) -> tuple[Finding, ...]:
    """Returns what is wrong now. `wall` is the machine's time, `now` may differ from it.

    `stopped`: platform -> why nothing is sent there; None: as the store knows. `is_gone`: whether a file is gone, so that
    nothing is wrong with it any more.
    """
    if stopped is None:
        stopped = platform_states.stopped_platforms(transaction)
    present = (one.without(is_gone) for one in sources.known_sources(transaction))
    known = (source_finding(one, one.trouble_at(now), now) for one in present)
    return (
        *_in_outbox(transaction, now, stopped),
        *(findings.SendingStopped(platform=platform, reason=reason) for platform, reason in sorted(stopped.items())),
        *filter(None, known),
        *_elsewhere(transaction, wall),
    )


def _in_outbox(transaction: Transaction, now: datetime, stopped: Mapping[str, str]) -> Iterator[Finding]:
    """Yields dead deliveries, and those that have waited for long on a platform that is not stopped."""
    dead = delivery_trouble.dead_since(transaction, None)
    if dead.count:
        yield dead_deliveries(dead)
    for platform, late in sorted(delivery_trouble.waiting_since(transaction, now - delivery_trouble.LONG).items()):
        if platform not in stopped:
            yield waiting_deliveries(platform, late, now)


def dead_deliveries(dead: delivery_trouble.Trouble) -> Finding:
    """Returns the finding about these dead deliveries."""
    return findings.MessagesDead(
        count=dead.count, reason=dead.reason, ids=" ".join(dead.ids), chat=dead.chat, since=dead.since
    )


def waiting_deliveries(platform: str, late: delivery_trouble.Trouble, now: datetime) -> Finding:
    """Returns the finding about these deliveries that wait."""
    level = Level.ATTENTION
    if late.since is not None and now - late.since > LONG:
        level = Level.WRONG
    return findings.DeliveriesWaiting(
        platform=platform, count=late.count, reason=late.reason, level=level, since=late.since
    )


def source_finding(
    known: KnownSource, trouble: SourceTrouble | None, now: datetime, parts: Sequence[str] = ()
) -> Finding | None:
    """Returns the finding about the trouble of a source. `parts`: its late units, if other units have come."""
    receipt, since = known.last, known.settled_at
    if trouble is SourceTrouble.NOT_POLLED:
        return findings.SourceNotPolled(source=known.name, since=known.state.next_at)
    if trouble is None or receipt is None:
        return None
    match trouble:
        case SourceTrouble.FAILED:
            level = Level.ATTENTION if now - receipt.at > RECENTLY else Level.WRONG
            reason = " ".join(known.state.unread.values()) or receipt.detail
            return findings.SourceFailed(source=known.name, since=since, reason=reason, level=level)
        case SourceTrouble.LATE:
            usual, late = _USUAL[known.is_arxivs], ", ".join(parts)
            return findings.SourceOverdue(source=known.name, since=since, reason=usual, what=receipt.detail, parts=late)
        case SourceTrouble.SUMMARIES:
            failed, papers = receipt.counts.get("failed_summaries", 0), receipt.counts.get("papers", 0)
            return findings.SummariesFailed(source=known.name, failed_summaries=failed, papers=papers)


def _elsewhere(transaction: Transaction, wall: datetime) -> Iterator[Finding]:
    """Yields what is wrong with the meaning of papers, with the language model and with the clock."""
    if transaction.store.encoder and (since := bot_state.get_moment(transaction, bot_state.ENCODER_FAILS)):
        yield findings.MeaningFailing(since=since)
    if transaction.store.has_model and (since := bot_state.get_moment(transaction, bot_state.MODEL_FAILS)):
        yield findings.ModelFailing(since=since)
    if count := len(planner.chats_due_too_far(transaction, wall)):
        yield findings.SubscriptionsPutOff(count=count)
