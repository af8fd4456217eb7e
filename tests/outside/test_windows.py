"""A window of when-out that passed while nothing ran does not cost the window that is open now."""

from datetime import timedelta

import pytest

from tests.clock import NOON
from tests.product import Product

MIDNIGHT = NOON - timedelta(hours=12)


@pytest.fixture
def chat(product: Product) -> Product:
    """A chat that got its first paper on Thursday, and nothing on Friday, when the program ran for the last time at 20:00."""
    product.runs("subscribe", "kites", "--as", "telegram:42", "--when", "when-out 09:00-21:00")
    product.brings("Kites of Thursday")
    assert len(product.later(minutes=1)) == 1
    assert product.at(MIDNIGHT + timedelta(days=1, hours=20)) == []
    return product


@pytest.mark.parametrize("again", [9, 10, 12, 20])
def test_papers_come_on_the_day_after_an_outage(chat: Product, again: int) -> None:
    assert chat.at(MIDNIGHT + timedelta(days=2, hours=again)) == []
    chat.brings("Kites of Saturday")
    (came,) = chat.later(minutes=30)
    assert "Kites of Saturday" in came.text


@pytest.mark.parametrize("again", [5, 8])
def test_the_window_opens_at_its_time_after_an_outage(chat: Product, again: int) -> None:
    assert chat.at(MIDNIGHT + timedelta(days=2, hours=again)) == []
    chat.brings("Kites of Saturday")
    assert chat.later(minutes=30) == []
    (came,) = chat.at(MIDNIGHT + timedelta(days=2, hours=9))
    assert "Kites of Saturday" in came.text


def test_a_day_has_one_delivery_after_an_outage(chat: Product) -> None:
    chat.brings("Kites of Friday night")
    assert len(chat.at(MIDNIGHT + timedelta(days=2, hours=10))) == 1
    chat.brings("Kites of Saturday")
    assert chat.later(hours=5) == []
    assert len(chat.at(MIDNIGHT + timedelta(days=3, hours=9))) == 1


def test_an_open_window_is_that_of_the_new_zone(product: Product) -> None:
    product.says("/sub kites when-out 4:00-22:00")
    product.says("/timezone Auckland")  # where it is one in the night
    product.brings("Kites")
    assert product.later(hours=2) == []
    assert ["Kites" in one.text for one in product.later(hours=1, minutes=10)] == [True]
