"""The cities from which people choose their clock."""

from zoneinfo import available_timezones

import pytest

from bot.commands import settings
from subscriptions.zones import zone
from tests.clock import NOON


@pytest.mark.parametrize("operator", ["UTC", "Europe/Berlin", "America/New_York", "Asia/Kathmandu", "+05:45"])
@pytest.mark.parametrize("language", ["en", "zh-hans", "de", "pt-br", "", "tlh"])
def test_cities_have_different_clocks_and_the_likeliest_come_first(operator: str, language: str) -> None:
    found = settings.nearest_zones(NOON, operator=operator, language=language)
    assert len(found) >= settings.CITIES
    assert len({NOON.astimezone(zone(name)).utcoffset() for name in found}) == len(found)
    assert {*found} <= available_timezones()
    if "/" in operator:
        assert operator in found[:2]
    if language == "zh-hans":
        assert "Asia/Shanghai" in found[:2]
