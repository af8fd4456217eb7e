"""A tick with nothing due reads a few rows, however many subscriptions wait, and however long ago papers came."""

from datetime import datetime, timedelta

import pytest
from sqlalchemy import insert

from subscriptions.service.plan import plan_due
from subscriptions.store import planner as plans
from subscriptions.store.database.store import Store
from subscriptions.store.known_papers import last_sequence
from subscriptions.store.rows import TABLES
from tests.make import NOON, ingested, paper, subscribes
from tests.statements import recording

HOUR = timedelta(hours=1)
OPEN = ("when-out 08:00-20:00", NOON - 4 * HOUR, NOON + 8 * HOUR)
TOMORROW = ("daily 09:00", NOON + 21 * HOUR, NOON + 21 * HOUR)
AT_ONCE = ("now", None, None)
PUT_OFF = ("now", NOON + HOUR, None)


def waiting_subscriptions(store: Store, cadence: tuple[str, datetime | None, datetime | None], how_many: int, cursor: int) -> None:  # fmt: skip
    """Adds so many subscriptions of one chat, which have looked at the papers up to `cursor`."""
    text, next_due_at, latest_due_at = cadence
    with store.write() as session:
        connection = session.connection()
        first = connection.exec_driver_sql("SELECT max(id) FROM query").scalar_one() + 1
        queries = [{"id": first + n, "canonical": f"word{first + n}"} for n in range(how_many)]
        connection.execute(insert(TABLES.tables["query"]), queries)
        connection.execute(
            insert(TABLES.tables["subscription"]),
            [
                {
                    "chat": 1, "query": first + n, "number": first + n + 10, "name": "", "text": "x", "cadence": text, "state": "active",
                    "added_by": "", "subscriber": "", "since": NOON - 24 * HOUR, "cursor": cursor, "next_due_at": next_due_at,
                    "latest_due_at": latest_due_at,
                }
                for n in range(how_many)
            ],
        )  # fmt: skip


def steps_of(store: Store, waiting: bool) -> int:
    """The steps of SQLite to find that nothing is due."""
    with recording(store) as recorded, store.read() as transaction:
        assert plans.due_chats(transaction, NOON, last_sequence(transaction), waiting=waiting) == []
    return recorded.steps


@pytest.mark.parametrize(
    ("cadence", "behind", "waiting"),
    [
        (OPEN, 0, False),  # its window is open, and it has looked at all papers
        (OPEN, 5, True),  # papers came, and others are awaited
        (TOMORROW, 5, False),
        (TOMORROW, 5, True),
        (AT_ONCE, 0, False),
        (PUT_OFF, 5, False),
        (PUT_OFF, 5, True),
    ],
)
def test_many_subscriptions_that_wait_take_no_longer_than_few(
    store: Store,
    cadence: tuple[str, datetime | None, datetime | None],
    behind: int,
    waiting: bool,
) -> None:
    subscribes(store, "telegram:1", "graph", every="now", now=NOON - HOUR)
    ingested(store, *(paper(f"A tree {n}") for n in range(10)), now=NOON - HOUR)
    plan_due(store, now=NOON - HOUR)
    waiting_subscriptions(store, cadence, 20, 10 - behind)
    few = steps_of(store, waiting)
    waiting_subscriptions(store, cadence, 2000, 10 - behind)
    assert steps_of(store, waiting) <= few + 2


def test_of_many_windows_those_with_news_are_found(store: Store) -> None:
    """The moments of windows are looked up one after the other: none is passed over, also the first and the last."""
    openings = {f"telegram:{hour}": f"when-out {hour:02}:00-23:00" for hour in (0, 3, 8, 12)}
    openings["telegram:90"] = "when-out 13:00-23:00"  # it opens later
    for where, schedule in openings.items():
        subscribes(store, where, "graph", when=schedule, now=NOON - HOUR)
    ingested(store, paper("A graph"), now=NOON)
    got = {f"{lane.platform}:{lane.address}" for lane in plan_due(store, now=NOON + timedelta(minutes=1))}
    assert got == {where for where in openings if where != "telegram:90"}
