"""Subscriptions that follow a shared cursor get the same papers as if each one had its own cursor."""

import re
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlmodel import col, select

from subscriptions.errors import PaperwireError
from subscriptions.service import look
from subscriptions.service import plan as _plan
from subscriptions.service.amendments import edit, set_settings
from subscriptions.service.pausing import pause, resume
from subscriptions.service.requests import unsubscribe
from subscriptions.store import rows as stored_rows
from subscriptions.store import subscriptions as stored_subscriptions
from subscriptions.store.database.store import Store
from tests.make import NOON, address, ingested, paper, planned_slices, subscribes
from tests.statements import recording

pytestmark = pytest.mark.both_databases

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
CHATS = ("telegram:1", "telegram:2", "telegram:3")
WORDS = ("graph", "tree", "leaf")
QUERIES = ("graph", "tree", "leaf", "graph -tree", "tree OR leaf", "graph tree")
_TOKEN = re.compile(r"(?<='button )(\w+)': '[^']+'")  # the random token of a button in a notice
SCHEDULES = ("now", "now", "now", "daily 13:00", "when-out 08:00-20:00")


@pytest.fixture
def followed(store: Store) -> Store:
    """A store in which a chat with quiet hours and a chat without them follow shared cursors."""
    for chat, quiet in (("telegram:1", "off"), ("telegram:2", "22:00-08:00")):
        subscribes(store, chat, "graph", every="now")
        set_settings(store, address(chat), {"quiet": quiet}, now=NOON)
    ingested(store, paper("A first graph"), now=NOON + MINUTE)
    assert len(_plan.plan_due(store, now=NOON + MINUTE)) == 2
    assert all(follows(store).values())
    return store


def follows(store: Store) -> dict[int, int | None]:
    """Returns the shared cursor that the last subscription of each chat follows."""
    with store.read() as transaction:
        found = transaction.exec(
            select(stored_rows.SubscriptionRow.chat, stored_rows.SubscriptionRow.shared_cursor).order_by(
                col(stored_rows.SubscriptionRow.id)
            )
        )
        return dict(found.all())


def looked(store: Store) -> dict[int, int]:
    """Returns the sequence up to which the last subscription of each chat has looked."""
    with store.read() as transaction:
        found = stored_subscriptions.subscriptions_of(transaction, [1, 2, 3])
    return {chat: of_chat[-1].cursor for chat, of_chat in found.items() if of_chat}


def looked_by(store: Store, chat: int) -> list[int]:
    """Returns the sequences up to which the subscriptions of a chat have looked."""
    with store.read() as transaction:
        return [one.cursor for one in stored_subscriptions.subscriptions_of(transaction, [chat])[chat]]


def own_cursors(store: Store) -> dict[int, dict[int, int]]:
    """Returns chat → number → the cursor that is stored with the subscription."""
    with store.read() as transaction:
        rows = transaction.exec(
            select(
                stored_rows.SubscriptionRow.chat, stored_rows.SubscriptionRow.number, stored_rows.SubscriptionRow.cursor
            )
        ).all()
    return {chat: {number: cursor for of, number, cursor in rows if of == chat} for chat, _, _ in rows}


def brought(store: Store) -> list[tuple[str, str]]:
    """Returns (chat, title) of each paper in a delivery."""
    with store.read() as transaction:
        rows = transaction.exec(
            select(stored_rows.ChatRow.address, stored_rows.PaperRow.title)
            .join(stored_rows.DeliveryItemRow, stored_rows.DeliveryItemRow.chat == stored_rows.ChatRow.id)  # type: ignore[arg-type]
            .join(stored_rows.PaperRow, stored_rows.PaperRow.id == stored_rows.DeliveryItemRow.paper)  # type: ignore[arg-type]
        ).all()
    return sorted((f"telegram:{where}", title) for where, title in rows)


class TestWhoMatchesNothing:
    @pytest.mark.sqlite_alone("it counts the steps of SQLite's machine")
    def test_is_neither_read_nor_written(self, followed: Store) -> None:
        ingested(followed, paper("A tree"), now=NOON + HOUR)
        with recording(followed) as recorded:
            assert _plan.plan_due(followed, now=NOON + HOUR) == ()
        assert not [one for one in recorded.statements if one.startswith("UPDATE subscription")]
        assert not [one for one in recorded.statements if "WHERE chat.id IN" in one]
        assert looked(followed) == {1: 2, 2: 2}

    def test_a_look_is_one_step_however_many_follow(self, followed: Store) -> None:
        ingested(followed, paper("A tree"), now=NOON + HOUR)
        assert [len(one) for one in planned_slices(followed, now=NOON + HOUR)] == [0]
        assert list(planned_slices(followed, now=NOON + HOUR)) == []

    def test_who_matches_is_planned_alone(self, followed: Store) -> None:
        subscribes(followed, "telegram:3", "tree", every="now", now=NOON + MINUTE)
        ingested(followed, paper("A tree"), now=NOON + HOUR)
        assert [lane.address for lane in _plan.plan_due(followed, now=NOON + HOUR)] == ["3"]
        ingested(followed, paper("Another tree"), now=NOON + 2 * HOUR)
        assert [lane.address for lane in _plan.plan_due(followed, now=NOON + 2 * HOUR)] == ["3"]
        assert looked(followed) == {1: 3, 2: 3, 3: 3}

    def test_is_not_written_beside_one_that_matches_in_the_same_chat(self, followed: Store) -> None:
        for word in ("tree", "leaf"):
            subscribes(followed, "telegram:1", word, every="now", now=NOON + MINUTE)
        ingested(followed, paper("A tree, a leaf and a graph"), now=NOON + HOUR)
        _plan.plan_due(followed, now=NOON + HOUR)
        assert own_cursors(followed) == {1: {1: 2, 2: 2, 3: 2}, 2: {1: 2}}
        ingested(followed, paper("Another tree"), now=NOON + 2 * HOUR)
        slices = planned_slices(followed, now=NOON + 2 * HOUR)
        assert [lane.address for lane in next(slices)] == ["1"]
        assert own_cursors(followed) == {1: {1: 2, 2: 3, 3: 2}, 2: {1: 2}}
        assert looked_by(followed, 1) == [2, 3, 2], "the shared cursor has not moved yet"
        assert [len(one) for one in slices] == [0]
        assert own_cursors(followed) == {1: {1: 2, 2: 3, 3: 2}, 2: {1: 2}}
        assert looked_by(followed, 1) == [3, 3, 3]

    def test_is_looked_at_again_after_a_crash_of_the_planner(self, followed: Store) -> None:
        """Papers that matched are planned once, and matches among later papers are also planned."""
        subscribes(followed, "telegram:1", "tree", every="now", now=NOON + MINUTE)
        ingested(followed, paper("A tree and a graph"), now=NOON + HOUR)
        _plan.plan_due(followed, now=NOON + HOUR)
        ingested(followed, paper("Another tree"), now=NOON + 2 * HOUR)
        next(planned_slices(followed, now=NOON + 2 * HOUR))
        before = brought(followed)
        assert ("telegram:1", "Another tree") in before
        _plan.plan_due(followed, now=NOON + 2 * HOUR + MINUTE)
        assert brought(followed) == before
        ingested(followed, paper("One more graph"), now=NOON + 3 * HOUR)
        _plan.plan_due(followed, now=NOON + 3 * HOUR)
        assert sorted(brought(followed)) == sorted(
            [*before, ("telegram:1", "One more graph"), ("telegram:2", "One more graph")]
        )


NIGHT = NOON + 11 * HOUR
CHANGES: Mapping[str, Callable[[Store], object]] = {
    "edited": lambda store: edit(store, address("telegram:1"), 1, "tree", now=NOON + 2 * HOUR),
    "paused": lambda store: pause(store, address("telegram:1"), 1, until=None, now=NOON + 2 * HOUR),
    "of a paused chat": lambda store: pause(store, address("telegram:1"), None, until=None, now=NOON + 2 * HOUR),
    "with another time": lambda store: edit(
        store, address("telegram:1"), 1, "graph", when="daily 13:00", now=NOON + 2 * HOUR
    ),
    "with quiet hours": lambda store: set_settings(
        store, address("telegram:1"), {"quiet": "10:00-20:00"}, now=NOON + 2 * HOUR
    ),
    "on another clock": lambda store: set_settings(
        store, address("telegram:1"), {"timezone": "Asia/Shanghai"}, now=NOON + 2 * HOUR
    ),
}


class TestWhoChanges:
    @pytest.mark.parametrize("change", CHANGES)
    def test_a_changed_subscription_stops_following(self, followed: Store, change: str) -> None:
        ingested(followed, paper("A tree"), now=NOON + HOUR)
        _plan.plan_due(followed, now=NOON + HOUR)
        ingested(followed, paper("A second graph"), now=NOON + 2 * HOUR)  # no subscription has looked at this paper
        CHANGES[change](followed)
        assert (looked(followed)[1], follows(followed)[1]) == (2, None)
        with followed.read() as transaction:
            assert (
                transaction.exec(
                    select(stored_rows.SubscriptionRow.cursor).where(stored_rows.SubscriptionRow.chat == 1)
                ).one()
                == 2
            )

    def test_an_edit_brings_nothing_that_came_before_it(self, followed: Store) -> None:
        ingested(followed, paper("A tree"), now=NOON + HOUR)
        _plan.plan_due(followed, now=NOON + HOUR)
        CHANGES["edited"](followed)
        ingested(followed, paper("Another tree"), now=NOON + 3 * HOUR)
        _plan.plan_due(followed, now=NOON + 3 * HOUR)
        assert [title for chat, title in brought(followed) if chat == "telegram:1"] == ["A first graph", "Another tree"]

    def test_an_edit_at_night_counts_in_the_morning(self, followed: Store) -> None:
        ingested(followed, paper("A tree"), now=NIGHT)
        _plan.plan_due(followed, now=NIGHT)
        assert looked(followed) == {1: 2, 2: 1}, "it is quiet for the second one"
        edit(followed, address("telegram:2"), 1, "tree", now=NIGHT + HOUR)
        _plan.plan_due(followed, now=NIGHT + 2 * HOUR)
        assert _plan.plan_due(followed, now=NIGHT + 9 * HOUR)
        assert ("telegram:2", "A tree") in brought(followed)

    def test_what_came_at_night_comes_in_the_morning(self, followed: Store) -> None:
        ingested(followed, paper("A graph of the night"), now=NIGHT)
        assert [lane.address for lane in _plan.plan_due(followed, now=NIGHT)] == ["1"]
        assert _plan.plan_due(followed, now=NIGHT + 9 * HOUR - MINUTE) == ()
        assert [lane.address for lane in _plan.plan_due(followed, now=NIGHT + 9 * HOUR)] == ["2"]


def test_when_the_operator_changes_the_zone_nothing_is_late(followed: Store) -> None:
    """A chat that chose no zone uses the operator's: when it is night in London, it is morning in Shanghai."""
    moved = Store(str(followed.url), zone="Asia/Shanghai")
    ingested(moved, paper("A graph of the night"), now=NIGHT + 3 * HOUR)
    assert [lane.address for lane in _plan.plan_due(moved, now=NIGHT + 3 * HOUR)] == ["1", "2"]
    moved.close()


def test_what_waits_for_its_minute_is_not_passed_over(store: Store) -> None:
    """When the shared cursor moves, the chat has already had its delivery of this minute."""
    subscribes(store, "telegram:1", "graph", every="now")
    set_settings(store, address("telegram:1"), {"quiet": "off"}, now=NOON)
    ingested(store, paper("A first graph"), now=NOON)
    _plan.plan_due(store, now=NOON)
    subscribes(store, "telegram:1", "tree", every="daily", at="13:00")
    ingested(store, paper("A tree"), now=NOON + HOUR)
    _plan.plan_due(store, now=NOON + HOUR)
    subscribes(store, "telegram:1", "leaf", every="daily", at="13:00", now=NOON + HOUR - MINUTE)
    ingested(store, paper("A second graph"), now=NOON + HOUR)
    _plan.plan_due(store, now=NOON + HOUR + timedelta(seconds=10))
    assert follows(store)[1] is None or ("telegram:1", "A second graph") in brought(store)
    _plan.plan_due(store, now=NOON + HOUR + MINUTE)
    assert ("telegram:1", "A second graph") in brought(store)


def test_a_chat_without_matches_is_told_once_after_five_days(followed: Store) -> None:
    heard = []
    for day in range(1, 12):
        ingested(followed, paper(f"A tree of day {day}"), now=NOON + day * DAY)
        heard += sorted((day, lane.address) for lane in _plan.plan_due(followed, now=NOON + day * DAY))
    assert heard == [(5, "1"), (5, "2")]


def test_too_many_kinds_of_quiet_hours_share_nothing(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("subscriptions.store.subscriptions.MOST", 1)
    for number, quiet in (("1", "off"), ("2", "22:00-08:00"), ("3", "off")):
        subscribes(store, f"telegram:{number}", "graph", every="now")
        set_settings(store, address(f"telegram:{number}"), {"quiet": quiet}, now=NOON)
    ingested(store, paper("A graph"), now=NOON)
    _plan.plan_due(store, now=NOON)
    assert list(follows(store).values()) == [1, None, 1]
    ingested(store, paper("Another graph"), now=NOON + HOUR)
    assert len(_plan.plan_due(store, now=NOON + HOUR)) == 3


def test_nobody_follows_while_another_process_may_be_looking(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """A plan that began before newer papers came stores separate cursors: no search for papers has covered these
    subscriptions.
    """
    subscribes(store, "telegram:1", "graph", every="now")
    ingested(store, paper("A graph"), now=NOON)
    decide_all = _plan._decide_all

    def newer(*arguments: Any) -> Any:
        monkeypatch.setattr(_plan, "_decide_all", decide_all)
        with ThreadPoolExecutor(1) as other:
            other.submit(ingested, store, paper("Another graph"), now=NOON).result()
        return decide_all(*arguments)

    monkeypatch.setattr(_plan, "_decide_all", newer)
    _plan.plan_due(store, now=NOON)
    assert follows(store) == {1: None}
    _plan.plan_due(store, now=NOON + MINUTE)
    assert brought(store) == [("telegram:1", "A graph"), ("telegram:1", "Another graph")]


# ---------------------------------------------------------------------- the same events with and without shared cursors


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Returns the path of an empty database, to be copied."""
    path = tmp_path_factory.mktemp("empty") / "empty.db"
    store = Store(f"sqlite:///{path}")
    store.open(now=NOON)
    store.close()
    return path


@pytest.fixture
def fresh(empty: Path, tmp_path: Path) -> Iterator[Callable[[], Path]]:
    """Returns a function that makes an empty database and returns its path."""
    made: list[Path] = []

    def make() -> Path:
        path = tmp_path / f"{len(made)}.db"
        shutil.copy(empty, path)
        made.append(path)
        return path

    yield make
    for path in made:
        path.unlink()


def all_deliveries(store: Store) -> list[tuple[Any, ...]]:
    """Returns everything of deliveries and notices that people see."""
    with store.read() as transaction:
        rows = transaction.exec(select(stored_rows.DeliveryRow).order_by(col(stored_rows.DeliveryRow.seq))).all()
        items = transaction.exec(select(stored_rows.DeliveryItemRow)).all()
    of: dict[int | None, list[Any]] = {}
    for item in items:
        of.setdefault(item.delivery, []).append((item.position, item.paper, item.shown, item.because))
    return sorted(
        (
            (
                row.chat,
                row.created_at,
                row.kind.value,
                _TOKEN.sub("", repr(row.facts)),
                repr(sorted(of.get(row.seq, []))),
            )
            for row in rows
        ),
    )


@settings(
    max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(
    days=st.lists(
        st.lists(
            st.tuples(
                st.sampled_from(["papers", "subscribe", "unsubscribe", "edit", "setting", "pause", "resume"]),
                st.integers(0, 10**6),
            ),
            max_size=4,
        ),
        min_size=3,
        max_size=12,
    )
)
def test_deliveries_are_the_same_as_without_shared_cursors(
    fresh: Callable[[], Path], days: Sequence[Sequence[tuple[str, int]]]
) -> None:
    """Their words, counts and times are also the same, with other cadences in the chats and two processes that plan in
    turn.
    """
    paths = fresh(), fresh()
    one, other, second = (Store(f"sqlite:///{path}") for path in (*paths, paths[0]))
    following = look.following
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(look, "following", lambda t, *rest: following(t, *rest) if t.store.path == one.path else {})
        try:
            for store in (one, other):
                for chat in CHATS:
                    subscribes(store, chat, "graph", every="now")
            for number, acts in enumerate(days):
                for hour in (0, 4, 13):
                    now = NOON + number * DAY + hour * HOUR
                    for name, dice in acts:
                        if dice % 3 == (0, 4, 13).index(hour):
                            for store in (one, other):
                                with suppress(PaperwireError):
                                    _act(store, name, dice // 3, now, number)
                    for store in (second if number % 2 else one, other):
                        _plan.plan_due(store, now=now + MINUTE)
                    assert all_deliveries(one) == all_deliveries(other)
        finally:
            for store in (one, other, second):
                store.close()


def _act(store: Store, name: str, dice: int, now: datetime, day: int) -> None:
    chat = address(CHATS[dice % 3])
    query, schedule = QUERIES[dice // 3 % len(QUERIES)], SCHEDULES[dice // 20 % len(SCHEDULES)]
    match name:
        case "papers":
            word = WORDS[dice % 3]
            ingested(store, paper(f"A {word} of {now:%d %H}", arxiv_id=f"2601.{day:03}{now.hour:02}"), now=now)
        case "subscribe":
            subscribes(store, str(chat), query, when=schedule, now=now)
        case "unsubscribe":
            unsubscribe(store, chat, str(1 + dice // 3 % 3), now=now)
        case "edit":
            edit(store, chat, 1, query, now=now)
        case "setting":
            name, value = [("quiet", "off"), ("quiet", "11:00-17:00"), ("limit", "1"), ("timezone", "Asia/Tokyo")][
                dice % 4
            ]
            set_settings(store, chat, {name: value}, now=now)
        case "pause":
            pause(store, chat, None if dice % 2 else 1, until=now + DAY, now=now)
        case "resume":
            resume(store, chat, None, now=now)


def test_shared_cursors_of_the_store_never_move_back(followed: Store) -> None:
    with followed.write() as transaction:
        stored_subscriptions.move(transaction, [1, 2], 0)
    with followed.read() as transaction:
        assert set(transaction.exec(select(stored_rows.SharedCursorRow.sequence))) == {1}
