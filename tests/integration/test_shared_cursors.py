"""Subscriptions that follow a shared cursor get the same papers as if each one had its own cursor."""

import re
import shutil
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, suppress
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlmodel import col, select

from subscriptions.errors import PaperwireError
from subscriptions.service import amendments, look, pausing
from subscriptions.service import plan as _plan
from subscriptions.service.requests import unsubscribe
from subscriptions.store import rows as stored_rows
from subscriptions.store import subscriptions as stored_subscriptions
from subscriptions.store.database.store import Store
from tests import make
from tests.statements import recording

pytestmark = pytest.mark.both_databases

CHATS = ("telegram:1", "telegram:2", "telegram:3")
WORDS = ("graph", "tree", "leaf")
QUERIES = ("graph", "tree", "leaf", "graph -tree", "tree OR leaf", "graph tree")
_TOKEN = re.compile(r"(?<='button )(\w+)': '[^']+'")  # the random token of a button in a notice
SCHEDULES = ("now", "now", "now", "daily 13:00", "when-out 08:00-20:00")


@pytest.fixture
def followed(store: Store) -> Store:
    """A store in which a chat with quiet hours and a chat without them follow shared cursors."""
    for chat, quiet in (("telegram:1", "off"), ("telegram:2", "22:00-08:00")):
        make.subscribes(store, chat, "graph", every="now")
        amendments.set_settings(store, make.address(chat), {"quiet": quiet}, now=make.NOON)
    make.ingested(store, make.paper("A first graph"), now=make.NOON + make.MINUTE)
    assert len(_plan.plan_due(store, now=make.NOON + make.MINUTE)) == 2
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
        make.ingested(followed, make.paper("A tree"), now=make.NOON + make.HOUR)
        with recording(followed) as recorded:
            assert _plan.plan_due(followed, now=make.NOON + make.HOUR) == ()
        assert not [one for one in recorded.statements if one.startswith("UPDATE subscription")]
        assert not [one for one in recorded.statements if "WHERE chat.id IN" in one]
        assert looked(followed) == {1: 2, 2: 2}


NIGHT = make.NOON + 11 * make.HOUR
CHANGES: Mapping[str, Callable[[Store], object]] = {
    "edited": lambda store: amendments.edit(
        store, make.address("telegram:1"), 1, "tree", now=make.NOON + 2 * make.HOUR
    ),
    "paused": lambda store: pausing.pause(
        store, make.address("telegram:1"), 1, until=None, now=make.NOON + 2 * make.HOUR
    ),
    "of a paused chat": lambda store: pausing.pause(
        store, make.address("telegram:1"), None, until=None, now=make.NOON + 2 * make.HOUR
    ),
    "with another time": lambda store: amendments.edit(
        store, make.address("telegram:1"), 1, "graph", when="daily 13:00", now=make.NOON + 2 * make.HOUR
    ),
    "with quiet hours": lambda store: amendments.set_settings(
        store, make.address("telegram:1"), {"quiet": "10:00-20:00"}, now=make.NOON + 2 * make.HOUR
    ),
    "on another clock": lambda store: amendments.set_settings(
        store, make.address("telegram:1"), {"timezone": "Asia/Shanghai"}, now=make.NOON + 2 * make.HOUR
    ),
}


class TestWhoChanges:
    @pytest.mark.parametrize("change", CHANGES)
    def test_a_changed_subscription_stops_following(self, followed: Store, change: str) -> None:
        make.ingested(followed, make.paper("A tree"), now=make.NOON + make.HOUR)
        _plan.plan_due(followed, now=make.NOON + make.HOUR)
        make.ingested(
            followed, make.paper("A second graph"), now=make.NOON + 2 * make.HOUR
        )  # no subscription has looked at this paper
        CHANGES[change](followed)
        assert (looked(followed)[1], follows(followed)[1]) == (2, None)
        with followed.read() as transaction:
            assert (
                transaction.exec(
                    select(stored_rows.SubscriptionRow.cursor).where(stored_rows.SubscriptionRow.chat == 1)
                ).one()
                == 2
            )


def test_when_the_operator_changes_the_zone_nothing_is_late(followed: Store) -> None:
    """A chat that chose no zone uses the operator's: when it is night in London, it is morning in Shanghai."""
    moved = Store(str(followed.url), zone="Asia/Shanghai")
    make.ingested(moved, make.paper("A graph of the night"), now=NIGHT + 3 * make.HOUR)
    assert [lane.address for lane in _plan.plan_due(moved, now=NIGHT + 3 * make.HOUR)] == ["1", "2"]
    moved.close()


def test_what_waits_for_its_minute_is_not_passed_over(store: Store) -> None:
    """When the shared cursor moves, the chat has already had its delivery of this minute."""
    make.subscribes(store, "telegram:1", "graph", every="now")
    amendments.set_settings(store, make.address("telegram:1"), {"quiet": "off"}, now=make.NOON)
    make.ingested(store, make.paper("A first graph"), now=make.NOON)
    _plan.plan_due(store, now=make.NOON)
    make.subscribes(store, "telegram:1", "tree", every="daily", at="13:00")
    make.ingested(store, make.paper("A tree"), now=make.NOON + make.HOUR)
    _plan.plan_due(store, now=make.NOON + make.HOUR)
    make.subscribes(store, "telegram:1", "leaf", every="daily", at="13:00", now=make.NOON + make.HOUR - make.MINUTE)
    make.ingested(store, make.paper("A second graph"), now=make.NOON + make.HOUR)
    _plan.plan_due(store, now=make.NOON + make.HOUR + timedelta(seconds=10))
    assert follows(store)[1] is None or ("telegram:1", "A second graph") in brought(store)
    _plan.plan_due(store, now=make.NOON + make.HOUR + make.MINUTE)
    assert ("telegram:1", "A second graph") in brought(store)


def test_too_many_kinds_of_quiet_hours_share_nothing(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("subscriptions.store.subscriptions.MOST", 1)
    for number, quiet in (("1", "off"), ("2", "22:00-08:00"), ("3", "off")):
        make.subscribes(store, f"telegram:{number}", "graph", every="now")
        amendments.set_settings(store, make.address(f"telegram:{number}"), {"quiet": quiet}, now=make.NOON)
    make.ingested(store, make.paper("A graph"), now=make.NOON)
    _plan.plan_due(store, now=make.NOON)
    assert list(follows(store).values()) == [1, None, 1]
    make.ingested(store, make.paper("Another graph"), now=make.NOON + make.HOUR)
    assert len(_plan.plan_due(store, now=make.NOON + make.HOUR)) == 3


def test_nobody_follows_while_another_process_may_be_looking(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """A plan that began before newer papers came stores separate cursors: no search for papers has covered these
    subscriptions.
    """
    make.subscribes(store, "telegram:1", "graph", every="now")
    make.ingested(store, make.paper("A graph"), now=make.NOON)
    decide_all = _plan._decide_all

    def newer(*arguments: Any) -> Any:
        monkeypatch.setattr(_plan, "_decide_all", decide_all)
        with ThreadPoolExecutor(1) as other:
            other.submit(make.ingested, store, make.paper("Another graph"), now=make.NOON).result()
        return decide_all(*arguments)

    monkeypatch.setattr(_plan, "_decide_all", newer)
    _plan.plan_due(store, now=make.NOON)
    assert follows(store) == {1: None}
    _plan.plan_due(store, now=make.NOON + make.MINUTE)
    assert brought(store) == [("telegram:1", "A graph"), ("telegram:1", "Another graph")]


# ---------------------------------------------------------------------- the same events with and without shared cursors


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


@settings(max_examples=8)
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
    empty_database: Path, days: Sequence[Sequence[tuple[str, int]]]
) -> None:
    """Their words, counts and times are also the same, with other cadences in the chats and two processes that plan in
    turn.
    """
    following = look.following
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory()))
        paths = [shutil.copy(empty_database, folder / name) for name in ("one.db", "other.db")]
        one, other, second = (stack.enter_context(closing(Store(f"sqlite:///{path}"))) for path in (*paths, paths[0]))
        patched = stack.enter_context(pytest.MonkeyPatch.context())
        patched.setattr(look, "following", lambda t, *rest: following(t, *rest) if t.store.path == one.path else {})
        for store in (one, other):
            for chat in CHATS:
                make.subscribes(store, chat, "graph", every="now")
        for number, acts in enumerate(days):
            for hour in (0, 4, 13):
                now = make.NOON + number * make.DAY + hour * make.HOUR
                for name, dice in acts:
                    if dice % 3 == (0, 4, 13).index(hour):
                        for store in (one, other):
                            with suppress(PaperwireError):
                                _act(store, name, dice // 3, now, number)
                for store in (second if number % 2 else one, other):
                    _plan.plan_due(store, now=now + make.MINUTE)
                assert all_deliveries(one) == all_deliveries(other)


def _act(store: Store, name: str, dice: int, now: datetime, day: int) -> None:
    chat = make.address(CHATS[dice % 3])
    query, schedule = QUERIES[dice // 3 % len(QUERIES)], SCHEDULES[dice // 20 % len(SCHEDULES)]
    match name:
        case "papers":
            word = WORDS[dice % 3]
            make.ingested(
                store, make.paper(f"A {word} of {now:%d %H}", arxiv_id=f"2601.{day:03}{now.hour:02}"), now=now
            )
        case "subscribe":
            make.subscribes(store, str(chat), query, when=schedule, now=now)
        case "unsubscribe":
            unsubscribe(store, chat, str(1 + dice // 3 % 3), now=now)
        case "edit":
            amendments.edit(store, chat, 1, query, now=now)
        case "setting":
            name, value = [("quiet", "off"), ("quiet", "11:00-17:00"), ("limit", "1"), ("timezone", "Asia/Tokyo")][
                dice % 4
            ]
            amendments.set_settings(store, chat, {name: value}, now=now)
        case "pause":
            pausing.pause(store, chat, None if dice % 2 else 1, until=now + make.DAY, now=now)
        case "resume":
            pausing.resume(store, chat, None, now=now)


def test_shared_cursors_of_the_store_never_move_back(followed: Store) -> None:
    with followed.write() as transaction:
        stored_subscriptions.move(transaction, [1, 2], 0)
    with followed.read() as transaction:
        assert set(transaction.exec(select(stored_rows.SharedCursorRow.sequence))) == {1}
