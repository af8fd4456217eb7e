"""undo takes back the newest of the chat's last five changes exactly, even another person's, and repeats no paper."""

from datetime import timedelta
from typing import Any

import pytest

from tests.papers import paper
from tests.product import Product, Seen

GROUP = "-1001"


def state(product: Product) -> tuple[Any, ...]:
    """Returns everything that a person sees of the chat: its subscriptions and its settings."""
    subscriptions = [
        (one["number"], one["text"], one["name"], one["cadence"], one["zone"], one["state"])
        for one in product.subscriptions()
    ]
    return subscriptions, product.tells("settings", "--as", "telegram:42")


def numbers(product: Product, chat: str = "telegram:42") -> list[int]:
    return [one["number"] for one in product.subscriptions(chat)]


@pytest.fixture
def group(product: Product) -> Product:
    """A group that Ada (7) and Ben (8) manage."""
    product.telegram.knows(GROUP, title="Lab", people={"7": "creator", "8": "administrator", "9": "member"})
    by(product, "7", "/sub diffusion")
    return product


def by(product: Product, person: str, text: str) -> Seen:
    return product.says(text, GROUP, by=person, name={"7": "Ada", "8": "Ben", "9": "Cem"}[person])


def test_every_change_is_taken_back(product: Product) -> None:
    product.says("/sub diffusion at 8\nrag daily 9")
    before = state(product)
    for text in (
        "/sub graphs",
        "/sub diffusion at 9",
        "/sub a1\nb2\nc3",
        "/unsub 1",
        "/unsub all",
        "/edit 1 graphs",
        "/edit 1 graphs daily 9",
        "/name 1 D",
        "/schedule 1 weekly fri 7",
        "/schedule now",
        "/pause 1 7d",
        "/pause 2",
        "/timezone Asia/Tokyo",
        "/set limit 5",
        "/set lang zh",
    ):
        product.says(text)
        assert state(product) != before, text
        assert product.says("/undo").text.startswith("✓")
        assert state(product) == before, text
    for text in ("/pause", "/pause until mon"):
        assert "paused" in product.says(text).text
        product.says("/undo")
        assert product.says("/resume").text == "Nothing is paused here."


def test_the_last_five_changes_can_be_undone_the_newest_first(product: Product) -> None:
    assert product.says("/undo").text == "There is nothing to undo."
    for number in range(1, 8):
        product.says(f"/sub word{number}")
    for number in range(7, 2, -1):
        assert product.says("/undo").lines == ["✓ Undone.", f"Removed: {number}  word{number}"]
    assert product.says("/undo").text == "There is nothing to undo."
    assert numbers(product) == [1, 2]
    assert product.says("/sub graphs").text.startswith("✓ 8  graphs"), "numbers are not given again"


def test_what_was_undone_is_told(product: Product) -> None:
    product.says("/sub diffusion")
    product.says("/edit 1 graphs at 9")
    assert product.says("/undo").lines == [
        "✓ Undone.",
        "1 was: graphs · daily 09:00",
        "1 is: diffusion · when-out 08:00-20:00",
    ]
    product.says("/set limit 5")
    assert product.says("/undo").lines == ["✓ Undone.", "Papers shown: 20 papers (was: 5 papers)"]


def test_a_save_is_taken_back_alone_when_later_changes_are_not_kept_any_more(product: Product) -> None:
    product.brings(paper("Swarm one", arxiv_id="2601.90001"))
    product.says("/save 2601.90001")
    for number in range(1, 7):
        product.says(f"/sub word{number}")
    for _ in range(5):
        assert product.says("/undo").lines[1].startswith("Removed: ")
    assert product.says("/undo").lines == ["✓ Undone.", "No longer saved: Swarm one (2601.90001)"]
    assert numbers(product) == [1]
    assert product.says("/undo").text == "There is nothing to undo."


def test_a_paper_that_was_saved_by_a_button_is_a_change_as_well(product: Product) -> None:
    product.brings(paper("Swarm one", arxiv_id="2601.90001"))
    product.says("/sub diffusion")
    product.says("2601.90001")
    product.presses("save")
    assert product.says("/undo").lines == ["✓ Undone.", "No longer saved: Swarm one (2601.90001)"]
    assert product.says("/saved").text.startswith("Nothing is saved here.")
    assert product.says("/undo").lines[1].startswith("Removed: ")


def test_what_came_meanwhile_does_not_come_again(product: Product) -> None:
    product.says("/sub diffusion now")
    product.says("/edit 1 graphs")
    product.brings("Diffusion on graphs")
    assert len(product.later(minutes=1)) == 1
    assert product.says("/undo").lines[0] == "✓ Undone."
    assert product.later(minutes=1) == []


def test_what_came_while_it_was_gone_still_comes(product: Product) -> None:
    product.says("/sub diffusion now")
    product.says("/unsub 1")
    product.brings("Diffusion on graphs")
    assert product.later(minutes=1) == []
    product.says("/undo")
    assert "Diffusion on graphs" in product.delivers()[0].text


def test_a_moment_that_stayed_is_not_moved(product: Product) -> None:
    product.says("/sub diffusion at 13")
    product.says("/name 1 D")
    product.later(hours=2)
    (before,) = product.subscriptions()
    product.says("/undo")
    (after,) = product.subscriptions()
    assert after["next_due_at"] == before["next_due_at"]


def test_a_button_undoes_only_the_newest_change_and_only_once(product: Product) -> None:
    said = product.says("/sub diffusion")
    first = next(str(key["callback_data"]) for key in said.keys if key["text"] == "undo")
    product.says("/sub graphs")
    later = "Something was changed since. /undo takes back the newest change first."
    assert product.presses(first, tampered=True).toast == later
    assert product.presses("undo").lines == ["✓ Undone.", "Removed: 2  graphs"]
    assert product.presses(first, tampered=True).lines == ["✓ Undone.", "Removed: 1  diffusion"]
    assert product.presses(first, tampered=True).toast == "That is undone already."
    product.says("/sub kelp")
    assert product.presses(first, tampered=True).toast == later


def test_a_pause_that_ended_by_itself_stands_in_nobodys_way(product: Product) -> None:
    product.says("/sub diffusion at 8")
    product.says("/pause 1 1d")
    product.clock.advance(timedelta(days=2))
    product.delivers()
    assert product.says("/undo").lines == ["✓ Undone.", "Removed: 1  diffusion"]


def test_an_undo_brings_no_pause_back_that_has_ended_since(product: Product) -> None:
    product.says("/sub diffusion at 8")
    for paused in ("/pause 1 1d", "/pause 1d"):
        product.says(paused)
        product.says("/name 1 Sea")
        product.clock.advance(timedelta(days=2))
        product.delivers()
        assert product.says("/undo").lines == ["✓ Undone.", "1 was: Sea", "1 is: without a name"]
        assert product.subscriptions()[0]["state"] == "active"


def test_an_undo_in_the_moment_in_which_a_pause_ends_moves_nothing(product: Product) -> None:
    product.says("/sub diffusion daily 8")
    product.says("/pause 1 1d")
    product.clock.advance(timedelta(days=1))
    product.says("/name 1 Sea")
    assert product.says("/undo").lines == ["✓ Undone.", "1 was: Sea", "1 is: without a name"]
    product.delivers()
    (one,) = product.subscriptions()
    assert (one["state"], one["next_due_at"]) == ("active", "2026-01-24T08:00:00Z")


def test_a_pause_that_is_undone_at_once_is_as_if_it_had_not_been(product: Product) -> None:
    product.says("/sub diffusion when-out 12:00-20:00")
    (before,) = product.subscriptions()
    product.says("/pause")
    product.says("/undo")
    assert product.subscriptions() == [before]
    product.brings("Diffusion on graphs")
    assert "Diffusion on graphs" in product.later(minutes=1)[0].text


def test_papers_that_members_save_push_no_change_of_an_admin_out(group: Product) -> None:
    group.brings(*(paper(f"Swarm {number}", arxiv_id=f"2601.9000{number}") for number in range(1, 7)))
    by(group, "7", "/unsub 1")
    for number in range(1, 7):
        assert by(group, "9", f"/save 2601.9000{number}").text.startswith("✓ Saved")
    for number in range(6, 1, -1):
        assert by(group, "8", "/undo").lines[1] == f"No longer saved: Swarm {number} (2601.9000{number})"
    assert by(group, "8", "/undo").lines[1].startswith("Back: 1  diffusion")
