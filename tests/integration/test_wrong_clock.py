"""A clock was wrong for a minute: work that it put off to another year is due on time again, and this is reported."""

import logging
from collections.abc import Iterable
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from bot.operation.process import Process
from subscriptions.service.access import new_code, redeem_code
from subscriptions.service.plan import chats_due_too_far, move_far_moments, plan_due
from subscriptions.store import subscriptions as stored_subscriptions
from subscriptions.store.database.store import Store
from subscriptions.store.database.writer import done
from tests.integration.telegram_bot import running
from tests.make import NOON, FakeClock, address, ingested, paper, subscribes
from tests.source_harness import NoSources
from tests.stored import value

pytestmark = pytest.mark.both_databases

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
EVERY = {  # a schedule → when it is due next, by a clock that says NOON, a Thursday, before and after it was wrong
    "daily 09:00": NOON + 21 * HOUR,
    "weekdays 09:00": NOON + 21 * HOUR,
    "weekly mon 09:00": NOON + 3 * DAY + 21 * HOUR,
    "when-out 08:00-20:00": NOON - 4 * HOUR,
    "when-out 08:00-10:00 weekdays": NOON + 20 * HOUR,
}


def due(store: Store) -> dict[str, datetime | None]:
    """Name of each subscription → when it is due."""
    with store.read() as transaction:
        found = stored_subscriptions.subscriptions_of(transaction, range(1, 10))
    return {one.name: one.next_due_at for of_chat in found.values() for one in of_chat}


def filled(store: Store, schedules: Iterable[str] = EVERY) -> None:
    """A chat for each schedule, with papers for all of them."""
    for number, schedule in enumerate(schedules):
        subscribes(store, f"telegram:{number}", "graph", when=schedule, name=schedule)
    ingested(store, paper("A graph"), now=NOON)


@pytest.mark.parametrize("wrong_by", [3 * DAY, 400 * DAY])
async def test_after_a_wrong_minute_all_is_due_at_its_time(
    tmp_path: Path, clock: FakeClock, caplog: pytest.LogCaptureFixture, wrong_by: timedelta
) -> None:
    async with running(tmp_path, clock) as app:
        filled(app.store)
        redeem_code(app.store, address("telegram:0"), new_code(app.store), admins=(), now=NOON)
        process = Process(app, NoSources())  # type: ignore[arg-type]
        await process.tick()
        clock.step(wrong_by)
        await process.tick()
        ingested(app.store, paper("Another graph"), now=clock.now())
        await process.tick()
        clock.step(-wrong_by)
        with caplog.at_level(logging.WARNING):
            await process.tick()
        assert due(app.store) == EVERY
        assert value(app.store, "SELECT count(*) FROM delivery WHERE kind = 'notice'") == 1
    assert "The clock was wrong" in caplog.text


def test_a_later_process_mends_what_a_wrong_clock_left(store: Store) -> None:
    filled(store)
    plan_due(store, now=NOON + 400 * DAY)
    assert all(moment and moment > NOON + 399 * DAY for moment in due(store).values())
    assert chats_due_too_far(store, now=NOON) == len(EVERY)  # what `paperwire check` says
    assert done(move_far_moments(store, now=NOON)) == len(EVERY)
    assert due(store) == EVERY
    assert done(move_far_moments(store, now=NOON)) == 0


def test_quiet_hours_of_another_year_hold_nothing_back(store: Store) -> None:
    filled(store, ["now"])
    plan_due(store, now=NOON + 400 * DAY + 11 * HOUR)
    assert due(store) == {"now": NOON + 400 * DAY + 20 * HOUR}
    done(move_far_moments(store, now=NOON))
    assert due(store) == {"now": None}
    assert len(plan_due(store, now=NOON)) == 1
