"""list, and the commands that need the number of a subscription: edit, name, schedule."""

from datetime import timedelta

from tests.papers import paper
from tests.product import Product

TWELVE = "/sub " + "\n".join(f"word{number}" for number in range(1, 13))


def cadences(product: Product) -> list[str]:
    return [one["cadence"] for one in product.subscriptions()]


def test_a_list_says_of_each_what_it_is_when_it_comes_and_how_often(product: Product) -> None:
    product.clock.advance(timedelta(days=-2))
    product.brings(paper("Diffusion", "cs.LG"))
    product.clock.advance(timedelta(days=2))
    assert product.says("/list").text == "There are no subscriptions yet. For example: /sub diffusion -survey"
    product.says("/sub diffusion -survey at 8\nstat.ML now\ngraphs now")
    product.says("/name 2 Statistics")
    product.says("/pause 2 until mon")
    product.brings("Graphs")
    product.later(minutes=1)
    product.says("/pause 3 until 3 Jan")
    assert product.says("/list").lines == [
        "3 subscriptions",
        "1  diffusion, not survey · daily 08:00 UTC · 1 in 2 days",
        "2  Statistics · now · 0 in 2 days · paused until Mon 26 Jan 00:00",
        "3  graphs · now · 1 in 2 days · last Thu 22 Jan 12:01 · paused until Sun 3 Jan 2027 00:00",
    ]
    product.says("/pause 1 7d")
    product.says("/pause until mon")  # each is held by the chat's pause, whatever its own is
    assert product.says("/list").lines[0] == "3 subscriptions · paused until Mon 26 Jan 00:00"
    assert product.says("/status").lines[-1] == "This chat is paused until Mon 26 Jan 00:00; /resume ends that."


def test_the_moments_of_a_subscription_are_told_by_its_own_clock(product: Product) -> None:
    said = product.says("/sub kites daily 9 Tokyo")  # at noon UTC, it is nine in the evening in Tokyo
    assert any(line.startswith("First: Fri 23 Jan 09:00.") for line in said.lines)
    assert product.subscriptions()[0]["next_due_at"].startswith("2026-01-23T00:00")
    said = product.says("/schedule 1 daily 14:00 Berlin")
    assert said.lines == ["✓ Schedule of 1: daily 14:00 Europe/Berlin", "Next: Thu 22 Jan 14:00."]
    assert product.says("/schedule 1").lines[0] == "1 comes: daily 14:00 Europe/Berlin"
    product.brings("Kites")
    product.later(hours=1)
    assert product.says("/list").lines[1] == "1  kites · daily 14:00 Europe/Berlin · 1 in 1 day · last Thu 22 Jan 14:00"
    assert product.presses("1").lines[-1] == "Next: Fri 23 Jan 14:00."


def test_a_long_list_has_pages_that_change_in_place(product: Product) -> None:
    product.says(TWELVE)
    first = product.says("/subscriptions")
    assert first.lines[0] == "12 subscriptions · page 1 of 2"
    assert first.buttons == [*map(str, range(1, 11)), "next page"]
    second = product.presses("next page")
    assert second.changed
    assert second.lines[0] == "12 subscriptions · page 2 of 2"
    assert second.buttons == ["11", "12", "previous page"]
    opened = product.presses("12")
    assert (opened.buttons, opened.changed) == (["edit", "time", "pause", "remove", "list"], True)
    assert product.presses("list").lines[0] == "12 subscriptions · page 2 of 2"
    assert product.says("/list 2").lines[1].startswith("11  word11")


def test_a_number_opens_its_verbs(product: Product) -> None:
    product.says("/sub diffusion")
    product.says("/name 1 D")
    product.says("/list")
    opened = product.presses("1")
    assert opened.lines == ["1  D · when-out 08:00-20:00 UTC", "diffusion", "Next: as soon as papers are out."]
    assert product.presses("edit").lines[1] == "Write what it shall be instead."
    assert product.says("cancel").text == "✓ Nothing is changed."
    paused = product.presses("pause")
    assert (paused.lines[0], paused.buttons) == ("✓ 1  D is paused.", ["resume", "undo"])
    assert "active again" in product.presses("resume").text
    product.says("/list")
    product.presses("1")
    assert product.presses("remove").lines[1] == "1  D"
    product.says("/list")
    assert product.queries() == []


def test_an_edit_keeps_number_and_place(product: Product) -> None:
    product.says("/sub diffusion at 8")
    said = product.says("/edit 1 graphs -survey")
    assert said.lines[:2] == ["✓ 1  graphs, not survey · daily 08:00 UTC", "Instead of: diffusion"]
    assert said.lines[3] == "Next: Fri 23 Jan 08:00."
    product.says("/edit #1 to diffusion weekly fri 7")
    assert product.queries() == ["diffusion"]
    assert cadences(product) == ["weekly fri 07:00"]
    for blank in ("\n", "\t", "\u3000"):
        product.says(f"/edit 1{blank}tides")
        assert product.queries() == ["tides"]
        product.says("/edit 1 kelp")


def test_an_edit_without_words_asks_and_the_next_text_is_it(product: Product) -> None:
    product.says("/sub diffusion")
    assert product.says("/edit").buttons == ["1 diffusion"]
    assert product.presses("1 diffusion").lines[0] == "1 asks for: diffusion"
    asked = product.says("/edit 1")
    assert asked.lines == ["1 asks for: diffusion", "Write what it shall be instead."]
    assert product.says("graphs").lines[0].startswith("✓ 1  graphs")
    assert product.queries() == ["graphs"]


def test_what_cannot_be_changed_is_said_with_an_example(product: Product) -> None:
    product.says("/sub diffusion\ngraph")
    for text, lines in [
        ("/edit graphs", ["✗ Say the number of a subscription first.", "For example: /edit 4 diffusion -survey"]),
        ("/edit 1 graphs", ["✗ Subscription 2 asks for that already.", "Remove one of them: /unsub 1"]),
        ("/name 1 a | b", ["✗ A name has at most 60 characters, and no |.", "For example: /name 1 diffusion"]),
        ("/name", ["Which one do you want to name?"]),
        ("/name x", ["✗ Say the number of a subscription first.", "For example: /name 4 diffusion"]),
        ("/name 1 -", ["It has no name."]),
        ("/schedule 9 kelp", ["✗ This chat has no subscription 9.", "For all subscriptions: /schedule daily 9"]),
        ("/schedule #9 now", ["✗ This chat has no subscription #9.", "For all subscriptions: /schedule now"]),
        ("/schedule ² daily", ["✗ This chat has no subscription ².", "For all subscriptions: /schedule daily"]),
    ]:
        assert product.says(text).lines == lines
    assert product.says("/schedule soon").lines[0] == "✗ “soon” is not a schedule."
    assert product.queries() == ["diffusion", "graph"]
    assert cadences(product) == ["when-out 08:00-20:00"] * 2


def test_a_number_of_four_thousand_digits_is_none_of_a_subscription(product: Product) -> None:
    product.says("/sub diffusion at 8")
    for command in ("/pause", "/resume", "/edit", "/schedule", "/name"):
        said = product.says(f"{command} {'9' * 4000}")
        assert said.lines[0].startswith("✗ This chat has no subscription 9999")
        assert len(said.text) < 500
    assert product.says(f"/unsub {'9' * 4000}").lines[0] == "✗ This is longer than 1,000 characters."
    assert product.queries() == ["diffusion"]


def test_a_name_is_given_and_taken_away(product: Product) -> None:
    product.says("/sub diffusion")
    assert product.says("/name 1  My   topic").text == "✓ 1 is called My topic now."
    assert product.says("/name 1 My topic").text == "It is called that already."
    assert product.says("/name 1 -").text == "✓ 1 has no name any more: diffusion"
    product.says("/name 1")
    assert product.says("Asked for").text == "✓ 1 is called Asked for now."


def test_the_time_of_all_and_of_new_ones(product: Product) -> None:
    product.says("/sub diffusion\ngraphs at 9")
    said = product.says("/time 18:30")
    assert said.lines[0] == "✓ Schedule of all subscriptions, new ones too: daily 18:30"
    product.says("/sub rag")
    assert cadences(product) == ["daily 18:30"] * 3
    product.says("/undo")
    product.says("/undo")
    assert cadences(product) == ["when-out 08:00-20:00", "daily 09:00"]
    product.says("/sub rag")
    assert cadences(product)[-1] == "when-out 08:00-20:00"


def test_without_a_time_some_are_offered(product: Product) -> None:
    product.says("/sub diffusion at 8\ngraphs at 8")
    asked = product.says("/schedule 1")
    assert asked.lines[0] == "1 comes: daily 08:00"
    assert "Or write it: weekdays 8:30" in asked.lines
    done = product.presses("weekdays 09:00")
    assert (done.lines[0], done.changed) == ("✓ Schedule of 1: weekdays 09:00", True)
    assert product.says("/schedule").lines[0] == "New subscriptions come: when-out 08:00-20:00"
    product.presses("now")
    assert cadences(product) == ["now", "now"]
