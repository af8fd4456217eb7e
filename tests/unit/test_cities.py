"""The pages of cities from which people choose their clock."""

from zoneinfo import available_timezones

import pytest

from bot.commands import cities
from subscriptions.zones import zone
from tests.clock import NOON


@pytest.mark.parametrize("operator", ["UTC", "Europe/Berlin", "America/New_York", "Asia/Kathmandu", "+05:45"])
@pytest.mark.parametrize("language", ["en", "zh-hans", "de", "pt-br", "", "tlh"])
def test_a_page_of_cities_has_eight_to_twelve_different_clocks(operator: str, language: str) -> None:
    pages = cities.city_pages(NOON, operator=operator, language=language)
    assert 8 <= len(pages[0]) <= 12
    for page in pages:
        assert len(page) <= cities.CITIES_OF_A_PAGE
        clocks = [NOON.astimezone(zone(name)).utcoffset() for name in page]
        assert clocks == sorted(set(clocks))  # type: ignore[type-var]
    assert {name for page in pages for name in page} <= available_timezones()
    if "/" in operator:
        assert operator in pages[0]
    if language == "zh-hans":
        assert "Asia/Shanghai" in pages[0]
