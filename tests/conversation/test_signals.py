"""What a chat says of papers: 👍 👎 [save] on cards, /save and /saved."""

import json
from datetime import timedelta

import pytest

from tests.papers import paper
from tests.prepared import prepared
from tests.product import Product, Seen

SWARM, REEF = paper("Swarm one", arxiv_id="2601.90001"), paper("Reef one", arxiv_id="2601.90002")


@prepared
def two(product: Product) -> None:
    """A chat that got two papers."""
    product.says("/sub swarm OR reef now")
    product.brings(SWARM, REEF)
    product.delivers()


def card(product: Product, title: str) -> Seen:
    """Opens the card of a paper of the newest message."""
    for label in ("1", "2"):
        seen = product.presses(label)
        if seen.lines[0].startswith(title):
            return seen
    raise AssertionError(title)


@pytest.mark.usefixtures("meaning")
@pytest.mark.parametrize(
    ("label", "said", "back"),
    [
        ("👍", "Papers like this one come first. Press again to take it back.", "Taken back."),
        ("👎", "Papers like this one come last. Press again to take it back.", "Taken back."),
        ("save", "Saved: /saved shows all. Press again to remove it.", "No longer saved."),
    ],
)
def test_pressed_once_it_is_noted_and_pressed_again_taken_back(two: Product, label: str, said: str, back: str) -> None:
    card(two, "Swarm one")
    assert two.presses(label).toast == said
    assert ("Swarm one" in two.says("/saved").text) is (label == "save")
    card(two, "Swarm one")
    assert two.presses(label).toast == back
    assert "Swarm one" not in two.says("/saved").text


def test_where_meaning_is_off_a_thumb_says_that_it_moves_nothing(two: Product) -> None:
    card(two, "Swarm one")
    said = "Noted, but it moves no paper: meaning is off here. Press again to take it back."
    assert two.presses("👍").toast == said
    assert two.presses("save").toast == "Saved: /saved shows all. Press again to remove it."


@pytest.mark.parametrize("label", ["👍", "👎", "save"])
def test_under_an_alert_of_one_paper_as_well(product: Product, label: str) -> None:
    product.says("/sub reef now")
    product.brings(REEF)
    (alert,) = product.delivers()
    assert label in alert.buttons
    assert product.presses(label).toast.endswith(("Press again to take it back.", "Press again to remove it."))


def test_a_paper_is_saved_by_its_id_listed_and_removed(two: Product) -> None:
    assert two.says("/save 2601.90001").lines == ["✓ Saved: Swarm one (2601.90001)"]
    two.says("/save 2601.90002")
    shown = two.says("/saved")
    assert shown.lines[0] == "2 saved papers"
    assert [line for line in shown.lines[1:] if line[:2] in ("1 ", "2 ")] == [
        "1 Reef one — Ada Example · cs.LG",
        "2 Swarm one — Ada Example · cs.LG",
    ]
    again = two.says("/save https://arxiv.org/abs/2601.90001v2")
    assert again.lines == ["✓ It is saved already: Swarm one (2601.90001)"]
    assert "take out" in again.buttons
    assert two.presses("take out").lines == ["✓ No longer saved: Swarm one (2601.90001)"]
    assert two.says("/saved").lines[0] == "1 saved paper"


def test_several_are_saved_at_once_and_undone_together(two: Product) -> None:
    two.says("/save 2601.90001")
    assert two.says("save 2601.90001 2601.90002 2601.90003").lines == [
        "✓ It is saved already: Swarm one (2601.90001)",
        "Saved: Reef one (2601.90002)",
        "2601.90003 is not known here.",
    ]
    assert two.says("/saved").lines[0] == "2 saved papers"
    assert two.says("/undo").lines == ["✓ Undone.", "No longer saved: Reef one (2601.90002)"]
    assert two.says("/saved").lines[0] == "1 saved paper"


def test_without_an_id_it_is_the_last_paper_that_came(product: Product) -> None:
    product.says("/sub swarm now")
    product.brings(SWARM)
    product.delivers()
    assert product.says("/save").lines == ["✓ Saved: Swarm one (2601.90001)"]


def test_many_are_paged(product: Product) -> None:
    product.brings(*(paper(f"Swarm {n}", arxiv_id=f"2601.8{n:04}") for n in range(10)))
    for n in range(10):
        product.says(f"/save 2601.8{n:04}")
        product.clock.advance(timedelta(minutes=1))
    first = product.says("/saved")
    assert (first.lines[0], first.buttons[-1]) == ("10 saved papers", "older")
    assert any(line.startswith("1 Swarm 9") for line in first.lines)
    older = product.presses("older")
    assert any(line.startswith("9 Swarm 1") for line in older.lines)
    assert older.buttons == ["9", "10", "newer"]
    assert product.presses("newer").text == first.text


def test_they_are_exported_as_bibtex_and_ris(two: Product) -> None:
    two.says("/save 2601.90001")
    bib = two.says("/export saved bib")
    assert "1 saved paper" in bib.lines[0]
    assert "@misc{example2026swarm," in bib.text
    ris = two.says("/export saved ris").text
    assert "TI  - Swarm one\n" in ris
    assert "AU  - Example, Ada\n" in ris
    assert "UR  - https://arxiv.org/abs/2601.90001\n" in ris
    assert "Reef" not in bib.text + ris
    assert two.says("/export saved xml").lines[0] == "✗ I export subscriptions, or papers as BibTeX or RIS."


def test_privacy_counts_and_holds_them(two: Product) -> None:
    card(two, "Swarm one")
    two.presses("👍")
    said = two.says("/privacy")
    file = json.loads(said.text[said.text.index("\n{") :])
    titles = {one["id"]: one["title"] for one in file["paper"]}
    done = {(titles[one["paper"]], one["kind"]) for one in file["signal"]}
    assert done >= {("Swarm one", "liked"), ("Swarm one", "opened")}
