"""Sources: what the settings say, what polls leave behind, and what operators hear of it."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta

from subscriptions.model import ChatAddress, Lane
from subscriptions.notices.notice import DayRuns
from subscriptions.notices.sources import (
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
from subscriptions.store import Store, sources
from subscriptions.store import chats as people
from subscriptions.store.sources import DocumentSeen, KnownSource, SourceFact, SourceState

_TURN = "turn:"  # a mark per publisher: when its next request may start
_TRUSTED = timedelta(minutes=5)  # a turn that ends further ahead was taken by a clock that has been set since
_MOST_RUNS = 6  # of days that follow on each other, that a notice names one by one
_USUAL = {  # the usual reason of what is late, by whether its day is arXiv's
    True: "arXiv put its announcement off, as on a holiday; status.arxiv.org says so",
    False: "who makes it is late, or has stopped",
}


def sync_sources(store: Store, facts: Sequence[SourceFact], *, now: datetime, are_all: bool = True) -> None:
    """Makes the store know the sources of the settings; where these `are_all`, it keeps others, switched off."""
    with store.write() as session:
        sources.sync(session, facts, now=now, are_all=are_all)


def unknown_sources(store: Store, schedules: Mapping[str, str]) -> frozenset[str]:
    """Of these sources, name → schedule ("" for what is only watched), those that the store has not, or otherwise."""
    with store.read() as session:
        return sources.unknown(session, schedules)


def known_sources(store: Store) -> tuple[KnownSource, ...]:
    """All sources that the settings name or named, by name, with how they stand."""
    with store.read() as session:
        return sources.known_sources(session)


def receipts_of(store: Store, source: str, *, most: int = 20) -> tuple[Receipt, ...]:
    """The newest receipts of a source, newest first."""
    with store.read() as session:
        return sources.receipts(session, source, most=most)


def receipts_since(store: Store, since: datetime) -> tuple[Receipt, ...]:
    """All receipts from an instant on, oldest first."""
    with store.read() as session:
        return sources.receipts_since(session, since)


def add_receipt(store: Store, receipt: Receipt) -> int:
    """Stores a receipt, or replaces by its id what it said so far; its id. Within a write it is a part of that one."""
    with store.write() as session:
        return sources.put_receipt(session, receipt)


def note_poll(store: Store, receipt: Receipt, state: SourceState, seen: Mapping[str, DocumentSeen]) -> int:
    """Stores what a poll has led to so far: its one receipt, and how the source stands; the receipt's id."""
    with store.write() as session:
        sources.store_state(session, receipt.source, state, seen)
        return sources.put_receipt(session, receipt)


def take_poll(store: Store, name: str, before: datetime | None, until: datetime | None) -> bool:
    """Whether a source that is due since `before` is ours to ask: of several processes one may, until `until`."""
    with store.write() as session:
        return sources.claim_poll(session, name, before, until)


def take_slot(store: Store, publisher: str, most: timedelta, *, wall: datetime) -> timedelta:
    """Zero: the turn to ask a publisher is the caller's, for `most` at the longest; else how long it is not."""
    with store.write() as session:
        told = people.get_value(session, _TURN + publisher)
        wait = (datetime.fromisoformat(told) if told else wall) - wall
        if timedelta(0) < wait <= _TRUSTED:
            return wait
        people.put_value(session, _TURN + publisher, (wall + most).isoformat())
    return timedelta(0)


def release_slot(store: Store, publisher: str, gap: timedelta, *, wall: datetime) -> None:
    """The turn is over; the next one is `gap` later."""
    with store.write() as session:
        people.put_value(session, _TURN + publisher, (wall + gap).isoformat())


def notify_source(
    store: Store,
    admins: Sequence[ChatAddress],
    trouble: SourceTrouble | None,
    receipt: Receipt,
    *,
    batch: bool,
    parts: Sequence[str] = (),
    now: datetime,
) -> tuple[Lane, ...]:
    """Tells the operators what is wrong with a source, or with None that all is well again, once a day.

    `batch`: its day is arXiv's. `parts` are those of it that have not come, where others have. Returns the lanes of the notices that were written down.
    """
    return notify_operators(store, admins, _source_notice(store, trouble, receipt, batch, parts), now=now)


def _source_notice(
    store: Store,
    trouble: SourceTrouble | None,
    receipt: Receipt,
    batch: bool,  # noqa: FBT001 - as in `notify_source`
    parts: Sequence[str],
) -> SourceNotice:
