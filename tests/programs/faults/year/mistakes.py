"""Deliberate mistakes that are patched into the product in memory. The comparison must detect every one."""

import datetime as dt
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from unittest.mock import patch

from sqlmodel import col, delete, select

from subscriptions.planning import decision as planning
from subscriptions.planning import forecast, next_deliveries
from subscriptions.service.retention import clean_up_steps
from subscriptions.store import planner as plans
from subscriptions.store import rows
from subscriptions.store.database.store import Store, Transaction

JANUARY = dt.datetime(2025, 1, 15, tzinfo=dt.UTC)
KEPT = dt.timedelta(days=5)
ADVANCE, LIMITED = plans.advance, planning._limited


@contextmanager
def forgets_deliveries() -> Iterator[None]:
    """A clean-up that deletes, after some days, the record of delivered papers together with the payloads."""

    def forgetful(store: Store, *, now: dt.datetime, papers: dt.timedelta | None = None) -> Iterator[int]:
        yield from clean_up_steps(store, now=now, papers=papers)
        with store.write() as session:
            old = select(rows.DeliveryRow.seq).where(col(rows.DeliveryRow.settled_at) < now - KEPT)
            session.exec(delete(rows.DeliveryItemRow).where(col(rows.DeliveryItemRow.delivery).in_(old)))

    with patch("subscriptions.service.retention.clean_up_steps", forgetful):
        yield


def advance_nowhere(session: Transaction, moves: list[forecast.Move], _follow: object) -> None:
    """Does not store the cursor, up to which a subscription has seen papers."""
    ADVANCE(session, [(subscription, 0, due) for subscription, _, due in moves], {})


@contextmanager
def knows_no_summer_time() -> Iterator[None]:
    """Computes local times with the winter offset all year."""

    def by_winter(day: dt.date, at: dt.time, zone: dt.tzinfo) -> dt.datetime:
        offset = JANUARY.astimezone(zone).utcoffset() or dt.timedelta(0)
        return dt.datetime.combine(day, at, dt.timezone(offset)).astimezone(dt.UTC)

    forecast.next_moment.cache_clear()
    with patch("subscriptions.planning.cadence.local_moment", by_winter):
        yield
    forecast.next_moment.cache_clear()


MISTAKES: dict[str, Callable[[], AbstractContextManager[object]]] = {
    "a clean-up that forgets what was told": forgets_deliveries,
    "a planner that forgets how far it has looked": lambda: patch.object(plans, "advance", advance_nowhere),
    "clocks without summer time": knows_no_summer_time,
    "a when-out that waits for no source": lambda: patch.object(next_deliveries.Forecast, "all_reported", None),
    "no limit": lambda: patch.object(planning, "_limited", lambda ordered, _: LIMITED(ordered, None)),
}
