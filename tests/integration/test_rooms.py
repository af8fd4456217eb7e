"""Each room can be removed: nothing else imports it, one line elsewhere names it, and what remains works without it."""

import re
from dataclasses import replace
from itertools import accumulate
from pathlib import Path

import pytest

from tests.programs import rooms

# a few tests of other rooms, which run in a copy without the room; `make rooms` runs all, for every room
SELECTED = {
    "email": ("-n", "0", "tests/contract/test_channels.py", "-k", "apprise"),
}


@pytest.mark.parametrize("name", rooms.ROOMS)
def test_one_line_is_all_that_names_a_room_elsewhere(name: str) -> None:
    assert rooms.links(name) == []


def test_the_page_of_the_architecture_lists_the_rooms_and_their_lines() -> None:
    page = (rooms.ROOT / "docs" / "architecture.md").read_text("utf-8")
    rows = re.findall(r"^\| (\w+) \| (?:`(.+)`|same) \|", page, re.MULTILINE)
    places = list[str](accumulate((place for _, place in rows), lambda above, place: place or above))
    assert dict(zip((name for name, _ in rows), places, strict=True)) == {
        name: room.place for name, room in rooms.ROOMS.items() if not room.place.startswith("bot/digests/")
    }


def test_an_import_from_elsewhere_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(rooms.ROOMS, "plots", replace(rooms.ROOMS["email"], folders=("bot/rendering/plots.py",)))
    assert "bot/pages/status.py" in {link.partition(":")[0] for link in rooms.links("plots")}


@pytest.mark.parametrize("name", SELECTED)
def test_what_remains_works_without_a_room(name: str, tmp_path: Path) -> None:
    rooms.copy_without(name, tmp_path)
    summary, failed = rooms.run_what_remains(name, tmp_path, SELECTED[name])
    assert not failed
    assert " passed" in summary
