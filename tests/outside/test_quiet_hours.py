"""Quiet hours delay immediate deliveries, but neither replies nor scheduled deliveries."""

from datetime import timedelta

import pytest

from tests.clock import NOON
from tests.prepared import prepared
from tests.product import Product, Seen

EVENING = NOON.replace(hour=21)
NIGHT = NOON.replace(hour=23)
MORNING = NOON.replace(hour=8) + timedelta(days=1)


@prepared
def begun(product: Product) -> None:
    """A chat that gets diffusion at once, and has had its first paper. It is nine in the evening."""
    product.says("/sub diffusion now")
    assert papers_come(product, "Diffusion at noon")
    product.at(EVENING)


def papers_come(product: Product, *titles: str) -> list[Seen]:
    """Ingests papers and delivers what is due. Returns the messages."""
    product.brings(*titles)
    return product.delivers()


def text(came: list[Seen]) -> str:
    return "\n".join(one.text for one in came)


def test_what_came_in_the_night_comes_in_the_morning_as_one(begun: Product) -> None:
    assert len(papers_come(begun, "Diffusion in the evening")) == 1
    for hours in range(1, 11):
        begun.at(EVENING + timedelta(hours=hours))
        assert papers_come(begun, f"Diffusion {hours}") == []
    assert begun.at(MORNING - timedelta(minutes=1)) == []
    came = text(begun.at(MORNING))
    assert [f"Diffusion {hours}" in came for hours in range(1, 11)] == [True] * 10
    assert begun.at(MORNING + timedelta(minutes=1)) == []
    assert len(papers_come(begun, "Diffusion at last")) == 1


def test_a_console_wakes_nobody(begun: Product) -> None:
    begun.runs("subscribe", "trees", "--as", "console:me", "--when", "now")
    begun.at(NIGHT)
    for title in ("Diffusion one", "Trees one", "Diffusion two", "Trees two"):
        assert papers_come(begun, title) == []
        assert (title in begun.delivered.err) is title.startswith("Trees")
    came = text(begun.at(MORNING))
    assert all(title in came for title in ("Diffusion one", "Diffusion two"))


def test_other_schedules_are_not_held_and_bring_what_fits_them(begun: Product) -> None:
    begun.says("/sub graphs daily 23:00")
    begun.at(NIGHT - timedelta(hours=1))
    assert papers_come(begun, "Diffusion of nothing", "Diffusion on graphs") == []
    (came,) = begun.at(NIGHT)
    assert "Diffusion on graphs" in came.text
    (came,) = begun.at(MORNING)
    assert ("Diffusion of nothing" in came.text, "Diffusion on graphs" in came.text) == (True, False)


@pytest.mark.parametrize(("setting", "goes"), [("off", True), ("03:00-08:00", True), ("20:00-23:30", False)])
def test_other_hours_count_at_once(begun: Product, setting: str, goes: bool) -> None:
    begun.at(NIGHT)
    assert papers_come(begun, "Diffusion at night") == []
    assert ("Diffusion at night" in begun.says(f"/set quiet {setting}").text) is goes
    assert bool(begun.at(NIGHT + timedelta(minutes=30))) is not goes


def test_another_clock_counts_at_once(begun: Product) -> None:
    begun.at(NIGHT)
    assert papers_come(begun, "Diffusion at night") == []
    assert "Diffusion at night" in begun.says("/tz Asia/Tokyo").text  # in Tokyo it is eight in the morning


def test_what_a_person_asks_for_is_not_held(begun: Product) -> None:
    begun.says("/pause")
    assert papers_come(begun, "Diffusion at last") == []
    begun.at(NIGHT)
    assert begun.says("/resume").lines[2] == "It comes Fri 23 Jan 08:00."
    assert begun.later(hours=1) == []
    assert "Diffusion at last" in begun.presses("send now").text
    assert papers_come(begun, "Diffusion at night") == []  # later papers are delayed too


def test_what_a_person_does_not_answer_waits_for_the_morning(begun: Product) -> None:
    begun.says("/pause")
    papers_come(begun, "Diffusion at last")
    begun.at(NIGHT)
    begun.says("/resume")
    assert begun.later(hours=2) == []
    assert len(begun.at(MORNING)) == 1


def test_round_that_ends_a_pause_brings_what_waited(product: Product) -> None:
    product.says("/sub diffusion now")
    papers_come(product, "Diffusion at noon")
    product.telegram.knows("43")
    product.says("/sub diffusion now", "43")
    product.says("/pause")
    papers_come(product, "Diffusion in a pause")
    back = product.says("/resume")
    assert back.lines[:3] == ["✓ Papers come again.", "1 paper waits.", "It comes now."]
    assert "Diffusion in a pause" in back.text
    assert [one.chats for one in papers_come(product, "Diffusion in between")] == [["42"], ["43"]]


def test_a_process_that_was_down_all_day_keeps_quiet_at_night(begun: Product) -> None:
    begun.at(NIGHT)
    assert papers_come(begun, "Diffusion at night") == []
    assert begun.at(NIGHT + timedelta(hours=24)) == []
    assert len(begun.at(MORNING + timedelta(days=1))) == 1
