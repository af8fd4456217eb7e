"""The whole bot in numbers, for `/metrics` and `paperwire status`."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from subscriptions.planning.receipts import Outcome, Receipt
from subscriptions.store import KnownSource, Scope, platforms, sources
from subscriptions.store.figures import OutboxFigures, Room, outbox_figures, room

OVERDUE_AFTER = timedelta(minutes=10)  # after its next poll was due; polls that run move that moment


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceFigures:
    """One source that the settings name."""

    name: str
    last: Receipt | None = None
    settled_at: datetime | None = None  # when it last had brought all that was due
    is_overdue: bool = False  # late, failed, or not polled although it was due


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """The whole bot in numbers, at one moment."""

    outbox: OutboxFigures = field(default_factory=OutboxFigures)
    stopped: Mapping[str, str] = field(default_factory=dict)  # platform -> why it is stopped until a person decides
    sources: tuple[SourceFigures, ...] = ()


def figures(store: Scope, *, now: datetime, wall: datetime) -> Figures:
    """Returns the whole bot in numbers. `wall` is the machine's clock. Raises StoreError."""
    with store.read() as transaction:
        known = sources.known_sources(transaction)
        return Figures(
            outbox=outbox_figures(transaction, wall=wall),
            stopped=platforms.stopped(transaction),
            sources=tuple(_source(one, now) for one in known if one.state.on),
        )


def _source(known: KnownSource, now: datetime) -> SourceFigures:
    due, last = known.state.next_at, known.last
    is_behind = last is not None and last.outcome in (Outcome.LATE, Outcome.FAILED)
    was_passed_over = due is not None and now - due > OVERDUE_AFTER
    return SourceFigures(
        name=known.name, last=last, settled_at=known.settled_at, is_overdue=is_behind or was_passed_over
    )


def room_of(store: Scope, *, now: datetime) -> tuple[Room, ...]:
    """What each kind of rows takes on the disk, the largest first."""
    with store.read() as transaction:
        return room(transaction, now=now)
