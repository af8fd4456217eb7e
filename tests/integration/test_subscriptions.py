"""Subscriptions: added, found again, changed, listed, removed."""

from datetime import UTC, datetime, timedelta

import pytest

from subscriptions.addresses import parse_address
from subscriptions.errors import NotFound, QueryError, Refused
from subscriptions.model import ChatKind
from subscriptions.service.amendments import set_settings
from subscriptions.service.next_deliveries import get_chat, listed
from subscriptions.service.previews import preview
from subscriptions.service.requests import unsubscribe
from subscriptions.service.undoing import last_change, undo
from subscriptions.store.database.store import Store
from tests.make import NOON, address, ingested, paper, subscribes

pytestmark = pytest.mark.both_databases

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


def due(store: Store, chat: str) -> list[datetime | None]:
    return [entry.subscription.next_due_at for entry in listed(store, address(chat))]


def texts(store: Store, chat: str) -> list[tuple[int, str]]:
    return [(entry.subscription.number, entry.subscription.text) for entry in listed(store, address(chat))]


def test_a_chat_comes_into_being_with_its_first_subscription(store: Store) -> None:
    with pytest.raises(NotFound, match="no such chat"):
        get_chat(store, address("telegram:1"))
    made = subscribes(store, "telegram:1", "graph")
    assert (made.outcome, made.subscription.number, made.chat.kind) == ("added", 1, ChatKind.PRIVATE)


def test_a_number_that_is_no_subscription_is_a_query(store: Store) -> None:
    subscribes(store, "telegram:1", "2026")
    with pytest.raises(NotFound, match="no subscription 7"):
        unsubscribe(store, address("telegram:1"), "7", now=NOON)
    assert [s.text for s in unsubscribe(store, address("telegram:1"), "2026", now=NOON)] == ["2026"]


def test_a_refused_query_makes_no_chat(store: Store) -> None:
    with pytest.raises(QueryError):
        subscribes(store, "telegram:1", "-survey")
    with pytest.raises(NotFound):
        get_chat(store, address("telegram:1"))


class TestZones:
    def test_a_wish_without_a_zone_follows_its_chat(self, store: Store) -> None:
        subscribes(store, "telegram:1", "graph", every="daily", at="09:00", tz="Europe/Berlin")
        subscribes(store, "telegram:1", "tree", every="daily", at="09:00")
        subscribes(store, "telegram:1", "ring", every="daily", at="09:00", tz="Asia/Tokyo")
        berlin, tokyo = datetime(2026, 1, 23, 8, tzinfo=UTC), datetime(2026, 1, 23, 0, tzinfo=UTC)
        assert due(store, "telegram:1") == [berlin, berlin, tokyo]
        set_settings(store, address("telegram:1"), {"timezone": "America/New_York"}, now=NOON)
        new_york = datetime(2026, 1, 22, 14, tzinfo=UTC)
        assert due(store, "telegram:1") == [new_york, new_york, tokyo]

    def test_an_undone_zone_makes_it_due_by_the_operators_clock_again(self, store: Store) -> None:
        subscribes(store, "telegram:1", "graph", every="daily", at="09:00")
        before = due(store, "telegram:1")
        set_settings(store, address("telegram:1"), {"timezone": "Asia/Tokyo"}, now=NOON)
        assert due(store, "telegram:1") != before
        change = last_change(store, address("telegram:1"))
        assert change is not None
        undo(store, address("telegram:1"), change.id, now=NOON)
        assert due(store, "telegram:1") == before

    def test_what_is_overdue_stays_overdue_in_another_zone(self, store: Store) -> None:
        subscribes(store, "telegram:1", "graph", every="daily", at="13:00")
        set_settings(store, address("telegram:1"), {"timezone": "Asia/Tokyo"}, now=NOON + 2 * HOUR)
        assert due(store, "telegram:1") == [NOON + HOUR]

    def test_a_zone_that_nobody_knows_is_refused_with_the_nearest(self, store: Store) -> None:
        with pytest.raises(Refused, match="Europe/Berlin"):
            subscribes(store, "telegram:1", "graph", tz="Europe/Berlni")


class TestEcho:
    def test_it_says_when_the_first_comes(self, store: Store) -> None:
        assert subscribes(store, "telegram:1", "graph", every="daily", at="13:00").first == NOON + HOUR
        assert subscribes(store, "telegram:1", "tree", every="now").first is None


class TestPreview:
    def test_a_query_is_tried_out_over_the_days_asked_for(self, store: Store) -> None:
        subscribes(store, "telegram:1", "graph")
        ingested(store, paper("An old tree"), now=NOON - 5 * DAY)
        ingested(store, paper("A new tree"), now=NOON - HOUR)
        week = preview(store, address("telegram:1"), now=NOON, text="tree")
        day = preview(store, address("telegram:1"), now=NOON, text="tree", days=2)
        assert week.delivery is not None
        assert day.delivery is not None
        assert (len(week.delivery.items), len(day.delivery.items)) == (2, 1)


@pytest.mark.parametrize(
    ("text", "platform", "place", "topic"),
    [
        ("console:me", "console", "me", ""),
        ("telegram:123", "telegram", "123", ""),
        ("telegram:-100123/7", "telegram", "-100123", "7"),
        ("telegram:-100123/1", "telegram", "-100123", ""),  # General is not a topic
        ("telegram:@papers", "telegram", "@papers", ""),
        ("slack:C0123", "slack", "C0123", ""),
        ("slack:T01/C0123/1700000000.000100", "slack", "T01/C0123", "1700000000.000100"),
        ("slack:C0123/1700000000.000100", "slack", "C0123", "1700000000.000100"),
        ("slack:E0ORG/D0123", "slack", "E0ORG/D0123", ""),
        ("slack:W0PERSON", "slack", "W0PERSON", ""),
        ("telegram:4503599627370495", "telegram", "4503599627370495", ""),
        (" console:ada/notes ", "console", "ada/notes", ""),
        ("web:研究", "web", "研究", ""),
    ],
)
def test_a_chat_as_people_write_it(text: str, platform: str, place: str, topic: str) -> None:
    found = parse_address(text)
    assert (found.platform, found.address, found.topic) == (platform, place, topic)


_NO_CHATS = """
    me : :x mail:me Telegram:1 console: web: telegram: slack: telegram:me telegram:abc telegram:0 telegram:-0 telegram:007 telegram:+5
    telegram:1/x telegram:1/0 telegram:1/ telegram:1/2/3 telegram:4503599627370496 telegram:99999999999999999999 telegram:1.5
    telegram:-- telegram:١٢٣ telegram:@ telegram:@1lab telegram:@a-b slack:foo slack:C slack:123 slack:c0123 slack:#general
    slack:C1/ slack:C1/foo slack:C1/C2 slack:C1/C2/C3 slack:T1 slack:T1/ slack:/C1 slack:C1/12 slack:T1/C1/ slack:С1 slack:C１
"""


@pytest.mark.parametrize(
    "text",
    ["", "console:a b", "console:a\x00b", "console:a\u2028b", "console:a\u200bb", "web:\ud800", *_NO_CHATS.split()],
)
def test_what_is_no_chat_is_refused_with_the_ways_to_write_one(text: str) -> None:
    with pytest.raises(Refused):
        parse_address(text)
