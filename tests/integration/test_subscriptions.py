"""Subscriptions: added, found again, changed, listed, removed."""

from datetime import UTC, datetime, timedelta

import pytest

from subscriptions.addresses import parse_address
from subscriptions.errors import NotFound, QueryError, Refused
from subscriptions.model import ChatKind
from subscriptions.service.amendments import set_settings
from subscriptions.service.next_deliveries import get_chat, listed
from subscriptions.service.plan import plan_due
from subscriptions.service.previews import preview
from subscriptions.service.requests import unsubscribe
from subscriptions.store import deliveries
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


def test_the_same_wish_in_other_words_is_known(store: Store) -> None:
    subscribes(store, "telegram:1", "graph networks")
    again = subscribes(store, "telegram:1", "  Networks   GRAPH ")
    assert (again.outcome, again.subscription.number) == ("known", 1)
    assert len(texts(store, "telegram:1")) == 1


def test_the_same_wish_with_another_time_changes_its_schedule(store: Store) -> None:
    subscribes(store, "telegram:1", "graph", every="daily", at="09:00")
    again = subscribes(store, "telegram:1", "graphs", every="weekly", on="fri", at="10:00")
    assert (again.outcome, again.first) == ("rescheduled", datetime(2026, 1, 23, 10, tzinfo=UTC))


def test_numbers_are_not_used_again(store: Store) -> None:
    for word in ("one", "two", "three"):
        subscribes(store, "telegram:1", word)
    unsubscribe(store, address("telegram:1"), "3", now=NOON)
    unsubscribe(store, address("telegram:1"), "two", now=NOON)
    subscribes(store, "telegram:1", "four")
    assert texts(store, "telegram:1") == [(1, "one"), (4, "four")]


def test_a_number_that_is_no_subscription_is_a_query(store: Store) -> None:
    subscribes(store, "telegram:1", "2026")
    with pytest.raises(NotFound, match="no subscription 7"):
        unsubscribe(store, address("telegram:1"), "7", now=NOON)
    assert [s.text for s in unsubscribe(store, address("telegram:1"), "2026", now=NOON)] == ["2026"]


def test_all_removes_all(store: Store) -> None:
    subscribes(store, "telegram:1", "one")
    subscribes(store, "telegram:1", "two")
    assert len(unsubscribe(store, address("telegram:1"), "all", now=NOON)) == 2
    assert texts(store, "telegram:1") == []


def test_a_refused_query_makes_no_chat(store: Store) -> None:
    with pytest.raises(QueryError):
        subscribes(store, "telegram:1", "-survey")
    with pytest.raises(NotFound):
        get_chat(store, address("telegram:1"))


@pytest.mark.sqlite_alone("many like those that run on both: it takes long")
def test_a_chat_can_have_two_hundred(store: Store) -> None:
    for n in range(200):
        subscribes(store, "telegram:1", f"word{n}")
    with pytest.raises(Refused, match="200 subscriptions"):
        subscribes(store, "telegram:1", "another")
    assert subscribes(store, "telegram:1", "word7").outcome == "known"


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

    def test_what_is_overdue_stays_overdue_in_another_zone(self, store: Store) -> None:
        subscribes(store, "telegram:1", "graph", every="daily", at="13:00")
        set_settings(store, address("telegram:1"), {"timezone": "Asia/Tokyo"}, now=NOON + 2 * HOUR)
        assert due(store, "telegram:1") == [NOON + HOUR]

    def test_a_zone_that_nobody_knows_is_refused_with_the_nearest(self, store: Store) -> None:
        with pytest.raises(Refused, match="Europe/Berlin"):
            subscribes(store, "telegram:1", "graph", tz="Europe/Berlni")


class TestEcho:
    def test_it_counts_what_the_days_known_would_have_brought(self, store: Store) -> None:
        ingested(store, paper("A graph"), now=NOON - 9 * DAY)
        for n in (4, 3, 2, 1, 0):
            ingested(store, paper(f"Graph {n}"), paper(f"Tree {n}"), now=NOON - n * DAY - HOUR)
        made = subscribes(store, "telegram:1", "graph")
        assert (made.found, made.base.days, made.base.week) == (5, 5, True)
        assert [p.paper.title for p in made.examples] == ["Graph 0", "Graph 1", "Graph 2"]

    def test_it_says_when_the_first_comes(self, store: Store) -> None:
        assert subscribes(store, "telegram:1", "graph", every="daily", at="13:00").first == NOON + HOUR
        assert subscribes(store, "telegram:1", "tree", every="now").first is None


class TestPreview:
    def test_it_shows_what_would_be_sent_and_marks_nothing(self, store: Store) -> None:
        subscribes(store, "telegram:1", "graph", every="daily", at="13:00")
        ingested(store, paper("A graph"), paper("A tree"))
        for _ in range(2):
            shown = preview(store, address("telegram:1"), now=NOON)
            assert shown.delivery is None
            assert shown.later is not None
            assert [item.paper.paper.title for item in shown.later.items] == ["A graph"]
            assert [(one.subscription.number, one.next_delivery.at) for one in shown.not_due] == [(1, NOON + HOUR)]
        assert len(plan_due(store, now=NOON + HOUR)) == 1

    def test_it_shows_exactly_what_is_then_sent(self, store: Store) -> None:
        subscribes(store, "telegram:1", "graph", every="daily", at="13:00")
        subscribes(store, "telegram:1", "tree OR ring", every="daily", at="13:00")
        ingested(store, *(paper(f"{word} {n}") for n in range(4) for word in ("Graph", "Tree", "Ring", "Tree graph")))
        shown = preview(store, address("telegram:1"), now=NOON + HOUR)
        plan_due(store, now=NOON + HOUR)
        with store.read() as session:
            sent = deliveries.delivery_value(session, 1, zone="UTC")
        assert shown.delivery is not None
        assert shown.delivery.items == sent.items

    def test_a_query_is_tried_out_over_the_days_asked_for(self, store: Store) -> None:
        subscribes(store, "telegram:1", "graph")
        ingested(store, paper("An old tree"), now=NOON - 5 * DAY)
        ingested(store, paper("A new tree"), now=NOON - HOUR)
        week = preview(store, address("telegram:1"), now=NOON, text="tree")
        day = preview(store, address("telegram:1"), now=NOON, text="tree", days=2)
        assert week.delivery is not None
        assert day.delivery is not None
        assert (len(week.delivery.items), len(day.delivery.items)) == (2, 1)

    def test_nothing_is_nothing_with_its_base(self, store: Store) -> None:
        subscribes(store, "telegram:1", "graph")
        ingested(store, paper("A tree"))
        assert preview(store, address("telegram:1"), now=NOON, text="ring") == type(
            preview(store, address("telegram:1"), now=NOON)
        )(delivery=None, known=1)


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
