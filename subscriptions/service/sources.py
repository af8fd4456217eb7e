"""Sources: those of the settings, their polls and slots, and notices to operators about them."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta

from subscriptions.model import ChatAddress, Lane
from subscriptions.notices.notice import DayRuns
from subscriptions.notices.operations import (
    DaysMissed,
    PapersFiled,
    SourceFailed,
    SourceNotice,
    SourceOverdue,
    SourceRecovered,
    SummariesFailed,
)
from subscriptions.planning.receipts import Receipt
from subscriptions.service.notices import notify_operators
from subscriptions.states import SourceTrouble
from subscriptions.store import sources
from subscriptions.store.database.store import Scope, Transaction, writes
from subscriptions.store.papers import enrichment
from subscriptions.store.papers.enrichment import IncompletePaper
from subscriptions.store.sources import DocumentSeen, SourceState, known_sources

_TRUSTED = timedelta(minutes=5)  # a slot that ends further ahead is ignored: the clock was set back
_MOST_RUNS = 6  # runs of consecutive days that a notice names one by one
_USUAL = {  # the usual reason for a late source, by `batch`
    True: "arXiv put its announcement off, as on a holiday; status.arxiv.org says so",
    False: "who makes it is late, or has stopped",
}


@writes
def note_poll(transaction: Transaction, receipt: Receipt, state: SourceState, seen: Mapping[str, DocumentSeen]) -> int:
    """Stores the receipt of a poll so far, and the state of its source; returns the receipt's id."""
    sources.store_state(transaction, receipt.source, state, seen)
    return sources.put_receipt(transaction, receipt)


@writes
def claim_slot(transaction: Transaction, publisher: str, most: timedelta, *, wall: datetime) -> timedelta:
    """Takes the slot to ask a publisher, for `most` at the longest. Zero: the caller has it; else how long to wait."""
    while True:
        until = sources.slot_of(transaction, publisher)
        wait = (until or wall) - wall
        if timedelta(0) < wait <= _TRUSTED:
            return wait
        if sources.swap_slot(transaction, publisher, until, wall + most):
            return timedelta(0)


def notify_source(
    store: Scope,
    admins: Sequence[ChatAddress],
    trouble: SourceTrouble | None,
    receipt: Receipt,
    *,
    batch: bool,
    parts: Sequence[str] = (),
    now: datetime,
) -> tuple[Lane, ...]:
    """Notifies the operators of trouble with a source, or with None of its recovery; once a day.

    `batch`: its days are those of arXiv's announcements. `parts` are the units that have not come, where others have.
    Returns the lanes of the notices that were stored.
    """
    return notify_operators(store, admins, _source_notice(store, trouble, receipt, batch, parts), now=now)


def _source_notice(
    store: Scope,
    trouble: SourceTrouble | None,
    receipt: Receipt,
    batch: bool,  # noqa: FBT001 - as in `notify_source`
    parts: Sequence[str],
) -> SourceNotice:
    source = receipt.source
    if trouble is None:
        return SourceRecovered(source=source)
    if trouble is SourceTrouble.SUMMARIES:
        failed, papers = receipt.counts.get("failed_summaries", 0), receipt.counts.get("papers", 0)
        return SummariesFailed(source=source, failed_summaries=failed, papers=papers)
    known = {one.name: one for one in known_sources(store)}.get(source)
    settled_at = known.settled_at if known else None  # when it last had brought all that was due
    since = f"{settled_at:%Y-%m-%d %H:%M} UTC" if settled_at else ""
    if trouble is SourceTrouble.LATE:
        usual, late = _USUAL[batch], ", ".join(parts)
        return SourceOverdue(source=source, since=since, reason=usual, what=receipt.detail, parts=late)
    return SourceFailed(source=source, since=since, reason=receipt.detail)


def notify_missed_days(
    store: Scope,
    admins: Sequence[ChatAddress],
    source: str,
    days: Sequence[tuple[date, date]],
    *,
    given_up: bool,
    now: datetime,
) -> tuple[Lane, ...]:
    """Notifies the operators of days of a source, as (first, last), that could not be fetched afterwards.

    `given_up`: its server was asked for them, or they lie too far back; else the source shows only its newest day.
    Returns the lanes of the notices that were stored.
    """
    return notify_operators(store, admins, DaysMissed(source=source, days=_runs(days), given_up=given_up), now=now)


def notify_filed_days(
    store: Scope,
    admins: Sequence[ChatAddress],
    source: str,
    days: Sequence[tuple[date, date]],
    *,
    papers: int,
    now: datetime,
) -> tuple[Lane, ...]:
    """Notifies the operators of days of a source, as (first, last), that were fetched too late for news.

    Their papers were filed. Returns the lanes of the notices that were stored.
    """
    return notify_operators(store, admins, PapersFiled(source=source, days=_runs(days), papers=papers), now=now)


def _runs(days: Sequence[tuple[date, date]]) -> DayRuns:
    """(first, last) days as a notice holds them; too many are joined into one."""
    return tuple(days) if len(days) <= _MOST_RUNS else ((days[0][0], days[-1][1]),)


# --------------------------------------------------------------- papers that came incomplete, for which arXiv is asked


def claim_incomplete(store: Scope, *, now: datetime, ids: int, titles: int) -> tuple[IncompletePaper, ...]:
    """Claims papers to ask arXiv about: at most `ids` with an arXiv id and `titles` without one.

    They count as asked about from then on, so that no other process asks about them, and none is asked about without
    end.
    """
    if not enrichment.may_be_asked(store, now=now):
        return ()
    with store.write() as transaction:
        enrichment.hold_asked(transaction)
        may = enrichment.may_be_asked(transaction, now=now)
        taken = [paper for paper in may if paper.arxiv_id][:ids] + [paper for paper in may if not paper.arxiv_id][
            :titles
        ]
        enrichment.note_asked(transaction, [paper.id for paper in taken], now=now)
    return tuple(taken)
