"""Deliberate mistakes that are patched into the product in memory. The comparison must detect every one."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo
from unittest.mock import patch

from sqlmodel import col, delete, select

from subscriptions.planning import decision as planning
from subscriptions.planning import forecast
from subscriptions.service.retention import clean_up_steps
from subscriptions.store import planner as plans
from subscriptions.store import rows
from subscriptions.store.database.store import Store, Transaction

JANUARY = datetime(2025, 1, 15, tzinfo=UTC)
KEPT = timedelta(days=5)


@contextmanager
def forgets_deliveries() -> Iterator[None]:
    """A clean-up that deletes, after some days, the record of delivered papers together with the payloads."""

    def forgetful(store: Store, *, now: datetime, papers: timedelta | None = None) -> Iterator[int]:
        yield from clean_up_steps(store, now=now, papers=papers)
        with store.write() as session:
            old = select(rows.DeliveryRow.seq).where(col(rows.DeliveryRow.settled_at) < now - KEPT)
            session.exec(delete(rows.DeliveryItemRow).where(col(rows.DeliveryItemRow.delivery).in_(old)))

    with patch("subscriptions.service.retention.clean_up_steps", forgetful):
        yield


@contextmanager
def forgets_its_place() -> Iterator[None]:
    """A planner that does not store the cursor, up to which a subscription has seen papers."""
    advance = plans.advance

    def forgetful(session: Transaction, moves: list[forecast.Move], _follow: object) -> None:
        advance(session, [(subscription, 0, due) for subscription, _, due in moves], {})

    with patch.object(plans, "advance", forgetful):
        yield


@contextmanager
def knows_no_summer_time() -> Iterator[None]:
    """Computes local times with the winter offset all year."""

    def by_winter(day: date, at: time, zone: tzinfo) -> datetime:
        offset = JANUARY.astimezone(zone).utcoffset() or timedelta(0)
        return datetime.combine(day, at, timezone(offset)).astimezone(UTC)

    forecast.next_moment.cache_clear()
    with patch("subscriptions.planning.cadence.local_moment", by_winter):
        yield
    forecast.next_moment.cache_clear()


@contextmanager
def ignores_the_limit() -> Iterator[None]:
    """Shows all papers, whatever the limit."""

    limited = planning._limited

    with patch.object(planning, "_limited", lambda ordered, _: limited(ordered, None)):
        yield


@contextmanager
def waits_for_nothing() -> Iterator[None]:
    """A when-out that is due as soon as there are papers, even if other sources are still expected."""
    with patch("subscriptions.planning.forecast.Forecast.all_reported", None):
        yield


MISTAKES: dict[str, Callable[[], AbstractContextManager[None]]] = {
    "a clean-up that forgets what was told": forgets_deliveries,
    "a planner that forgets how far it has looked": forgets_its_place,
    "clocks without summer time": knows_no_summer_time,
    "a when-out that waits for no source": waits_for_nothing,
    "no limit": ignores_the_limit,
}
