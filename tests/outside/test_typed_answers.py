"""The question for the clock can be answered by typing, within a quarter of an hour and by the person who was asked."""

from datetime import timedelta

import pytest

from tests.product import Product


def setting(product: Product, name: str) -> str:
    return str(product.tells("settings", "--as", "telegram:42")["settings"][name])


@pytest.fixture
def asked(product: Product) -> Product:
    """A chat whose first subscription asked for its clock."""
    product.says("/sub diffusion")
    return product


def test_a_city_a_zone_or_an_offset_is_the_answer(asked: Product) -> None:
    for text, name in [
        ("Berlin", "Europe/Berlin"),
        ("berlin.", "Europe/Berlin"),
        ("Oslo please!", "Europe/Oslo"),
        ("13:00 Berlin", "Europe/Berlin"),  # the label of a button
        ("09:00 Sao Paulo", "America/Sao_Paulo"),
        ("柏林", "Europe/Berlin"),
        ("in Tokyo", "Asia/Tokyo"),
        ("New York", "America/New_York"),
        ("Europe/Berlin", "Europe/Berlin"),
        ("UTC+2", "+02:00"),
        ("+08:00", "+08:00"),
    ]:
        assert asked.says(text).text.startswith("✓")
        assert setting(asked, "timezone") == name
        asked.says("/timezone")
    assert asked.queries() == ["diffusion"]


def test_a_near_miss_is_asked_back_with_buttons(asked: Product) -> None:
    said = asked.says("Berln")
    assert said.lines[0] in ("Did you mean Berlin?", "Did you mean one of these?")
    assert setting(asked, "timezone") == "UTC"
    assert asked.presses("Berlin").text.startswith("✓")
    assert setting(asked, "timezone") == "Europe/Berlin"


@pytest.mark.parametrize(("text", "city"), [("13:00", "Berlin"), ("8pm", "Shanghai")])
def test_what_the_clock_shows_is_answered_by_the_cities_where_it_does(asked: Product, text: str, city: str) -> None:
    assert asked.says(text).buttons == [city, "another city"]
    assert asked.presses(city).text.startswith("✓")


def test_after_a_quarter_of_an_hour_it_is_a_query(asked: Product) -> None:
    asked.clock.advance(timedelta(minutes=16))
    assert "Berlin" in asked.says("Berlin").lines
    assert setting(asked, "timezone") == "UTC"


def test_once_answered_by_a_button_it_is_not_asked_any_more(asked: Product) -> None:
    asked.presses("12:00 London")
    asked.says("Oslo")
    assert setting(asked, "timezone") == "Europe/London"


def test_nobody_answers_for_another(product: Product) -> None:
    group = "-1001"
    product.telegram.knows(group, people={"7": "creator", "8": "administrator"})
    product.telegram.reads_all()
    product.says("/sub graphs\ntrees", group, by="7")
    product.says("/unsub", group, by="7")
    product.says("2", group, by="8")
    assert product.queries(group) == ["graphs", "trees"]
