"""Who may do what in a group: a member changes nothing, and where strangers read there is nothing to press."""

from datetime import timedelta

import pytest

from tests.fakes.telegram import NAME
from tests.product import Product

GROUP = "-1001"
ONLY_ADMINS = "Only admins of this chat can change that."
TWELVE = "/sub " + "\n".join(f"word{number}" for number in range(1, 13))


@pytest.fixture
def group(product: Product) -> Product:
    """A group that 7 manages, and in which 8 is a member."""
    product.telegram.knows(GROUP, title="Lab", people={"7": "creator", "8": "member"})
    product.says("/sub diffusion at 8", GROUP, by="7")
    return product


def test_a_member_changes_nothing(group: Product) -> None:
    before = group.runs("export", "--all").out
    for said in (
        "/sub kelp", "/unsub 1", "/edit 1 kelp", "/name 1 D", "/schedule 1 now", "/pause", "/pause 1", "/resume", "/stop",
        "/undo", "/set limit 5", "/set manage members", "/lang zh", "/tz Berlin", "/import now | kelp | ", "/feed new", "/email me@lab.org", "/forget",
    ):  # fmt: skip
        assert group.says(said, GROUP, by="8").text == f"✗ {ONLY_ADMINS}", said
        group.clock.advance(timedelta(minutes=1))
    group.telegram.reads_all()
    assert group.says(f"@{NAME} pause", GROUP, by="8").text == f"✗ {ONLY_ADMINS}"
    library = ("mine.bib", "@article{a, title = {Kelp}}")
    assert group.says(f"/library@{NAME}", GROUP, by="8", file=library).text == f"✗ {ONLY_ADMINS}"
    assert group.says(f"/library@{NAME}", GROUP, by="7").text.startswith("There is no library here.")
    group.says("/list", GROUP, by="8")
    assert "diffusion" in group.presses("1", GROUP, by="8").text, "a member looks"
    group.says("/today kelp", GROUP, by="8")
    for button in ("remove", "pause", "edit", "time", "subscribe"):
        assert group.presses(button, GROUP, by="8").toast == ONLY_ADMINS, button
    group.says("/name 1 D", GROUP, by="7")
    assert group.presses("undo", GROUP, by="8").toast == ONLY_ADMINS
    assert group.presses("undo", GROUP, by="7").lines == [
        "✓ Undone.",
        "1 was: D",
        "1 is: without a name",
        "Changed by @Ada.",
    ]
    assert group.runs("export", "--all").out == before


@pytest.mark.parametrize(
    "said",
    [
        "/sub kelp", "/unsub 1", "/edit 1 kelp", "/name 1 D", "/schedule 1 daily 9", "/pause", "/pause 1", "/stop",
        "/set limit 5", "/set manage members", "/tz Berlin", "/import now | kelp | ", "/unsub all",
    ],
)  # fmt: skip
def test_change_of_a_group_names_the_person_who_made_it(group: Product, said: str) -> None:
    group.telegram.promotes(GROUP, "8", "administrator")
    assert "@Grace Hopper" in group.says(said, GROUP, by="8", name="Grace Hopper").text
    undone = group.presses("undo", GROUP, by="7", name="Ada\nof *Lovelace*")
    assert "Undone" in undone.text
    assert "@Ada of *Lovelace*" in undone.text


def test_press_that_changes_a_group_names_the_person_and_a_look_does_not(group: Product) -> None:
    for button in ("1", "pause", "resume"):
        group.says("/list", GROUP, by="7") if button == "1" else None
        seen = group.presses(button, GROUP, by="7", name="Ada")
        assert ("@Ada" in seen.text) == (button != "1"), seen.text
    for said in ("/list", "/today", "/set", "/status"):
        assert "@Ada" not in group.says(said, GROUP, by="7", name="Ada").text


def test_where_strangers_read_nothing_can_be_pressed_and_what_to_type_is_said(group: Product) -> None:
    group.telegram.knows(GROUP, title="Lab", username="lab", people={"7": "creator"})
    group.brings(*(f"Diffusion {number}" for number in range(13)))
    group.says(TWELVE, GROUP, by="7")
    for said, line in [
        ("/sub time series daily", "✓ 14  time series · daily 09:00 UTC"),  # nobody could press which of two it is
        ("/list", "/list 2 shows the next."),
        ("/unsub", "1  diffusion"),
        ("/search diffusion", "The first 5; in private I show all."),
        ("/today diffusion", "13 papers of Thu 22 Jan"),
        ("/set buttons", "Possible: /set buttons link | off"),
        ("/set buttons full", "Possible: one link, none."),
        ("/set", "To change one: /set text titles"),
        ("/search kelp", "To subscribe: /sub kelp"),
        ("/set limit 5", "✓ Papers shown: 5 papers (was: all papers)"),
        ("/tz Berln", "Did you mean Europe/Berlin?"),
    ]:
        seen = group.says(said, GROUP, by="7")
        assert seen.buttons == [], said
        assert line in seen.lines, said
        group.clock.advance(timedelta(minutes=1))


def test_help_in_a_group_is_two_lines(group: Product) -> None:
    for said in ("/help", "/help all", "/help query", "/help settings", "/help sub", "/help nonsense"):
        assert len(group.says(said, GROUP, by="7").lines) <= 2
