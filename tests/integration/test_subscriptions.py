"""Subscriptions are added, found again, changed, listed and removed."""

from datetime import UTC, datetime

import pytest

from subscriptions import errors
from subscriptions.addresses import parse_address
from subscriptions.service import amendments
from subscriptions.service.listing import listed
from subscriptions.service.previews import preview
from subscriptions.service.requests import unsubscribe
from subscriptions.store.database.store import Store
from tests import make

pytestmark = pytest.mark.both_databases


def due(store: Store, chat: str) -> list[datetime | None]:
    return [entry.subscription.next_due_at for entry in listed(store, make.address(chat))]


def test_a_number_that_is_no_subscription_is_a_query(store: Store) -> None:
    make.subscribes(store, "telegram:1", "2026")
    with pytest.raises(errors.NotFound, match="no subscription 7"):
        unsubscribe(store, make.address("telegram:1"), "7", now=make.NOON)
    assert [s.text for s in unsubscribe(store, make.address("telegram:1"), "2026", now=make.NOON)] == ["2026"]


class TestZones:
    def test_a_wish_without_a_zone_follows_its_chat(self, store: Store) -> None:
        make.subscribes(store, "telegram:1", "graph", every="daily", at="09:00", tz="Europe/Berlin")
        make.subscribes(store, "telegram:1", "tree", every="daily", at="09:00")
        make.subscribes(store, "telegram:1", "ring", every="daily", at="09:00", tz="Asia/Tokyo")
        berlin, tokyo = datetime(2026, 1, 23, 8, tzinfo=UTC), datetime(2026, 1, 23, 0, tzinfo=UTC)
        assert due(store, "telegram:1") == [berlin, berlin, tokyo]
        amendments.set_settings(store, make.address("telegram:1"), {"timezone": "America/New_York"}, now=make.NOON)
        new_york = datetime(2026, 1, 22, 14, tzinfo=UTC)
        assert due(store, "telegram:1") == [new_york, new_york, tokyo]

    def test_what_is_overdue_stays_overdue_in_another_zone(self, store: Store) -> None:
        make.subscribes(store, "telegram:1", "graph", every="daily", at="13:00")
        amendments.set_settings(
            store, make.address("telegram:1"), {"timezone": "Asia/Tokyo"}, now=make.NOON + 2 * make.HOUR
        )
        assert due(store, "telegram:1") == [make.NOON + make.HOUR]


class TestPreview:
    def test_a_query_is_tried_out_over_the_days_asked_for(self, store: Store) -> None:
        make.subscribes(store, "telegram:1", "graph")
        make.ingested(store, make.paper("An old tree"), now=make.NOON - 5 * make.DAY)
        make.ingested(store, make.paper("A new tree"), now=make.NOON - make.HOUR)
        week = preview(store, make.address("telegram:1"), now=make.NOON, text="tree")
        day = preview(store, make.address("telegram:1"), now=make.NOON, text="tree", days=2)
        assert week.delivery is not None
        assert day.delivery is not None
        assert (len(week.delivery.items), len(day.delivery.items)) == (2, 1)


@pytest.mark.parametrize(
    ("text", "platform", "place", "topic"),
    [
        ("console:me", "console", "me", ""),
        ("telegram:123", "telegram", "123", ""),
        ("telegram:-100123/7", "telegram", "-100123", "7"),
        # the topic General has number 1, and counts as the group itself
        ("telegram:-100123/1", "telegram", "-100123", ""),
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
    with pytest.raises(errors.Refused):
        parse_address(text)
