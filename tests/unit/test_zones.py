"""Time zones by their names and by the places that people type."""

from datetime import timedelta, timezone
from zoneinfo import available_timezones

import pytest
from hypothesis import given
from hypothesis import strategies as st

from subscriptions.errors import Refused
from subscriptions.zones import AMBIGUOUS, AMBIGUOUS_TOO, CITIES, near_places, zone, zone_name, zone_of_place


@pytest.mark.parametrize(
    ("typed", "stored"),
    [
        ("Europe/Berlin", "Europe/Berlin"),
        ("europe/berlin", "Europe/Berlin"),
        ("AMERICA/NEW YORK", "America/New_York"),
        ("utc", "UTC"),
        ("+08:00", "+08:00"),
        ("UTC+8", "+08:00"),
        ("GMT-3", "-03:00"),
        ("utc+5:30", "+05:30"),
        ("+0545", "+05:45"),
        ("−3", "-03:00"),
        ("UTC+0", "UTC"),
        ("Etc/GMT+8", "Etc/GMT+8"),
    ],
)
def test_a_zone_has_one_stored_name(typed: str, stored: str) -> None:
    assert zone_name(typed) == stored
    assert zone_name(stored) == stored
    assert zone(typed) == zone(stored)


def test_an_offset_is_a_zone_without_summer_time() -> None:
    assert zone("UTC+5:30") == timezone(timedelta(hours=5, minutes=30))
    assert zone("-03:30") == timezone(-timedelta(hours=3, minutes=30))


@pytest.mark.parametrize(
    ("typed", "hint"),
    [
        ("Berlin", "Did you mean Europe/Berlin?"),
        ("new york", "Did you mean America/New_York?"),
        ("Europe/Berln", "Did you mean Europe/Berlin?"),
        ("Asia/Beijing", "Did you mean Asia/Shanghai?"),
        ("nowhere at all", "For example: Europe/Berlin"),
        ("../../etc/passwd", "For example: Europe/Berlin"),
        ("localtime", "not a time zone that I know"),
        ("+15:00", "For example: +08:00"),
        ("UTC+5:75", "For example: +08:00"),
        ("", "For example: Europe/Berlin"),
    ],
)
def test_an_unknown_zone_is_refused_with_the_nearest(typed: str, hint: str) -> None:
    with pytest.raises(Refused) as refused:
        zone(typed)
    assert hint in str(refused.value)


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("berlin", "Europe/Berlin"),
        ("New  York", "America/New_York"),
        ("new_york", "America/New_York"),
        ("in New York", "America/New_York"),
        ("Berlin time", "Europe/Berlin"),
        ("NYC", "America/New_York"),
        ("Munich", "Europe/Berlin"),
        ("München", "Europe/Berlin"),
        ("munchen", "Europe/Berlin"),
        ("São Paulo", "America/Sao_Paulo"),
        ("København", "Europe/Copenhagen"),
        ("St. Louis", "America/Chicago"),
        ("Xi'an", "Asia/Shanghai"),
        ("Germany", "Europe/Berlin"),
        ("Paris, France", "Europe/Paris"),
        ("Boston, USA", "America/New_York"),
        ("Shenzhen", "Asia/Shanghai"),
        ("Europe/Berlin", "Europe/Berlin"),
        ("asia/ho chi minh", "Asia/Ho_Chi_Minh"),
        ("CET", "CET"),
        ("EST", "America/New_York"),
        ("Pacific time", "America/Los_Angeles"),
        ("utc", "UTC"),
        ("UTC+8", "+08:00"),
        ("gmt -3", "-03:00"),
        ("+5:30", "+05:30"),
        ("＋08：00", "+08:00"),
        ("北京", "Asia/Shanghai"),
        ("北京时间", "Asia/Shanghai"),
        ("北京市", "Asia/Shanghai"),
        ("深圳", "Asia/Shanghai"),
        ("纽约", "America/New_York"),
        ("紐約", "America/New_York"),
        ("纽约时间", "America/New_York"),
        ("伦敦当地时间", "Europe/London"),
        ("柏林", "Europe/Berlin"),
        ("慕尼黑", "Europe/Berlin"),
        ("在东京", "Asia/Tokyo"),
        ("東京", "Asia/Tokyo"),
        ("美东时间", "America/New_York"),
        ("东八区", "+08:00"),
        ("西五区", "-05:00"),
        ("서울", "Asia/Seoul"),
        ("Киев", ""),
        ("Gotham", ""),
        ("Godthab", "America/Godthab"),
        ("Shangai", ""),
        ("CST", ""),
        ("Cambridge", ""),
        ("London, Ontario", ""),
        ("south", ""),
        ("UTC+25", ""),
        ("8", ""),
        ("localtime", ""),
        ("🎉", ""),
        ("", ""),
    ],
)
def test_only_the_exact_name_of_a_place_stands_for_its_zone(typed: str, found: str) -> None:
    assert zone_of_place(typed) == found


@pytest.mark.parametrize(
    ("typed", "near"),
    [
        ("Shangai", [("Shanghai", "Asia/Shanghai")]),
        ("Frnakfurt", [("Frankfurt", "Europe/Berlin")]),
        ("Europe/Berln", [("Europe/Berlin", "Europe/Berlin")]),
        ("Asia/Beijing", [("Beijing", "Asia/Shanghai")]),
        ("London, Ontario", [("London", "Europe/London")]),
        ("旧金三", [("旧金山", "America/Los_Angeles")]),
        ("CST", [("Chicago", "America/Chicago"), ("Shanghai", "Asia/Shanghai")]),
        ("Cambridge", [("Cambridge, UK", "Europe/London"), ("Cambridge, MA", "America/New_York")]),
        ("berlin", [("Berlin", "Europe/Berlin")]),
        ("Gotham", []),
        ("nowhere at all", []),
        ("🎉", []),
        ("", []),
    ],
)
def test_places_that_may_be_meant_are_offered(typed: str, near: list[tuple[str, str]]) -> None:
    assert list(near_places(typed)) == near


def test_every_place_has_a_zone_that_exists() -> None:
    of_several = {zone for places in AMBIGUOUS.values() for _, zone in places}
    assert set(CITIES) | of_several <= available_timezones()
    assert set(AMBIGUOUS_TOO.values()) <= set(AMBIGUOUS)


def test_every_city_of_the_table_is_found_by_its_own_name() -> None:
    astray = {
        name: zone_of_place(name)
        for expected, names in CITIES.items()
        for name in names.split(", ")
        if zone_of_place(name) != expected
    }
    assert astray == {}


@given(st.text(max_size=50))
def test_any_text_is_a_place_or_none(text: str) -> None:
    found = zone_of_place(text)
    assert not found or zone(found)
    assert all(zone(name) for _, name in near_places(text))
