"""pause and resume: a held delivery stays held, and resume offers the papers that were not delivered."""

from datetime import datetime, timedelta

import pytest

from tests.product import Product, Seen

EXAMPLES = "For example: 7d, 2 weeks, until mon, until 3 Mar."


def states(product: Product) -> list[str]:
    return [one["state"] for one in product.subscriptions()]


def titles(came: list[Seen] | Seen) -> list[str]:
    """Returns which of the papers of these tests are in messages."""
    text = came.text if isinstance(came, Seen) else "".join(one.text for one in came)
    return [title for title in ("Diffusion one", "Diffusion two", "Diffusion three", "Graphs one") if title in text]


def test_a_chat_or_one_subscription_is_held(product: Product) -> None:
    product.says("/sub diffusion\ngraphs")
    for text, line in [
        ("/pause 7d", "✓ This chat is paused until Thu 29 Jan 12:00."),
        ("/pause 2 2 weeks", "✓ 2  graphs is paused until Thu 5 Feb 12:00."),
        ("/pause", "✓ This chat is paused."),
        ("/pause all", "✓ This chat is paused."),
        ("/pause until mon", "✓ This chat is paused until Mon 26 Jan 00:00."),
        ("/pause 1", "✓ 1  diffusion is paused."),
        ("/pause 1 until 3 Jan", "✓ 1  diffusion is paused until Sun 3 Jan 2027 00:00."),
    ]:
        assert product.says(text).lines[0] == line
        product.says("/resume all")


def test_a_time_that_is_none_is_refused(product: Product) -> None:
    product.says("/sub diffusion")
    for text, lines in [
        ("/pause 9 3d", ["✗ This chat has no subscription 9.", "/list shows those that are there."]),
        ("/pause until then", ["✗ “until then” is not a time to pause until.", EXAMPLES]),
        ("/pause 1 foo", ["✗ “foo” is not a time to pause until.", EXAMPLES]),
    ]:
        assert product.says(text).lines == lines
        assert states(product) == ["active"]


def test_times_are_those_of_the_chat(product: Product) -> None:
    product.says("/sub diffusion now")
    product.says("/timezone Asia/Tokyo")
    product.says("/set quiet off")
    product.says("/pause until mon")
    product.brings("Diffusion one")
    monday = datetime.fromisoformat("2026-01-25T15:00:00+00:00")  # midnight in Tokyo
    assert product.at(monday - timedelta(minutes=1)) == []
    assert titles(product.at(monday)) == ["Diffusion one"]


@pytest.mark.parametrize(
    ("when", "pause", "comes"),
    [
        ("now", "/pause 2d", "2026-01-24T12:00"),
        ("at 8", "/pause until mon", "2026-01-26T08:00"),  # the pause ends at midnight; the next due moment is at 8
        ("at 8", "/pause 1 until mon", "2026-01-26T08:00"),
        ("at 8", "/pause 92h", "2026-01-26T08:00"),
        ("weekly tue at 8", "/pause 139h", "2026-02-03T08:00"),
        ("when-out 8-20", "/pause 93h", "2026-01-26T09:00"),  # the window is open when the pause ends
        ("when-out 8-20", "/pause 105h", "2026-01-27T08:00"),
    ],
)
def test_after_a_pause_what_passed_comes_with_the_next_moment(
    product: Product, when: str, pause: str, comes: str
) -> None:
    product.says(f"/sub diffusion {when}")
    product.says(pause)
    product.brings("Diffusion one")
    moment = datetime.fromisoformat(f"{comes}+00:00")
    for early in (timedelta(hours=8), timedelta(hours=1), timedelta(minutes=1)):
        assert product.at(moment - early) == []
    assert titles(product.at(moment + timedelta(minutes=1))) == ["Diffusion one"]


def resumed(product: Product, when: str) -> Seen:
    """Returns what `resume` says after a pause in which two papers came."""
    product.says(f"/sub diffusion {when}")
    product.says("/pause")
    product.brings("Diffusion one", "Diffusion two", "Graphs one")
    return product.says("/resume")


def test_resume_says_what_waits_and_sends_it_when_asked(product: Product) -> None:
    said = resumed(product, "at 8")
    assert said.lines == [
        "✓ Papers come again.",
        "2 papers wait.",
        "They come Fri 23 Jan 08:00.",
    ]
    assert said.buttons == ["send now", "skip", "undo"]
    assert product.later(hours=1) == []
    sent = product.presses("send now")
    assert sent.lines == ["✓ 2 papers are on their way."]
    assert titles(product.delivers()) == ["Diffusion one", "Diffusion two"]


@pytest.mark.parametrize("pause", ["/pause", "/pause 1"])
def test_what_passed_in_a_pause_that_is_undone_comes_at_the_next_moment(product: Product, pause: str) -> None:
    product.says("/sub diffusion daily 14")
    product.says(pause)
    product.brings("Diffusion one")
    product.later(hours=4)
    product.says("/undo")
    assert product.later(hours=1) == []
    (came,) = product.later(hours=21, minutes=1)
    assert titles([came]) == ["Diffusion one"]
    assert "late" not in came.text


def test_resume_says_when_the_first_of_several_deliveries_comes(product: Product) -> None:
    product.says("/sub graphs daily 20")
    assert resumed(product, "at 8").lines[1:3] == ["3 papers wait.", "The first come Thu 22 Jan 20:00."]
    assert titles(product.later(hours=9)) == ["Graphs one"]


def test_without_an_answer_it_comes_with_the_next_due_delivery(product: Product) -> None:
    resumed(product, "at 8")
    assert titles(product.later(hours=20, minutes=1)) == ["Diffusion one", "Diffusion two"]


def test_what_would_come_at_once_waits_ten_minutes_for_a_word(product: Product) -> None:
    assert resumed(product, "now").lines[2] == "They come Thu 22 Jan 12:10."
    assert product.later(minutes=9) == []
    assert titles(product.later(minutes=2)) == ["Diffusion one", "Diffusion two"]


def test_what_is_skipped_never_comes_but_what_follows_does(product: Product) -> None:
    resumed(product, "now")
    product.clock.advance(timedelta(minutes=1))
    product.brings("Diffusion three")
    skipped = product.presses("skip")
    assert skipped.lines[:2] == ["✓ 2 papers are skipped.", "/search still finds what was skipped."]
    assert titles(product.later(minutes=10)) == ["Diffusion three"]


def test_resume_skip_leaves_them_out(product: Product) -> None:
    product.says("/sub diffusion now")
    product.says("/pause")
    product.brings("Diffusion one")
    skipped = product.says("/resume skip")
    assert skipped.lines[:2] == ["✓ Papers come again.", "1 paper is skipped."]
    product.brings("Diffusion two")
    assert titles(product.later(minutes=30)) == ["Diffusion two"]


def test_a_delivery_of_which_all_was_skipped_says_that_nothing_new_came(product: Product) -> None:
    resumed(product, "daily 8")
    product.presses("skip")
    (delivery,) = product.later(hours=20, minutes=1)
    assert delivery.text == "No new papers have come. Next: Sat 24 Jan 08:00."


def test_what_was_planned_before_the_pause_waits_too(product: Product) -> None:
    product.says("/sub diffusion now")
    product.brings("Diffusion one")
    product.telegram.refuses("Too Many Requests: retry after 600", status=429)
    product.later(minutes=1)
    assert [entry["state"] for entry in product.tells("outbox")] == ["waiting"]
    product.says("/pause")
    product.brings("Diffusion two")
    assert product.later(hours=1) == []
    assert product.says("/resume").buttons[:2] == ["send now", "skip"]
    product.presses("skip")
    assert product.later(hours=1) == []


def test_one_subscription_comes_back_alone(product: Product) -> None:
    product.says("/sub diffusion at 8\ngraphs at 8")
    product.says("/pause 1")
    product.says("/pause 2")
    product.brings("Diffusion one", "Graphs one")
    said = product.says("/resume 2")
    assert said.lines[:2] == ["✓ 2  graphs is active again.", "1 paper waits."]
    assert states(product) == ["paused", "active"]
    product.presses("send now")
    assert titles(product.delivers()) == ["Graphs one"]


def test_resume_without_a_number_ends_the_pause_of_the_chat_then_those_of_its_subscriptions(product: Product) -> None:
    product.says("/sub diffusion\ngraphs")
    product.says("/pause 1")
    product.says("/pause")
    assert "This chat is paused; /resume ends that." in product.says("/sub kelp").text
    product.says("/pause 1")
    assert product.says("/resume 1").lines[1] == "This chat is paused; /resume ends that."
    assert product.says("/resume 1").text == "This chat is paused; /resume ends that."
    product.says("/pause 1")
    assert product.says("/resume").lines[0] == "✓ Papers come again. 1 subscription stays paused; /list shows it."
    assert states(product) == ["paused", "active", "active"]
    product.says("/resume")
    assert states(product) == ["active"] * 3
    assert "paused" not in product.says("/status").text


def test_what_was_told_already_does_not_wait(product: Product) -> None:
    product.says("/sub diffusion now\ngraphs at 8")
    product.brings("Diffusion on graphs")
    product.delivers()
    product.says("/pause 2")
    assert product.says("/resume 2").lines == ["✓ 2  graphs is active again."]


def test_buttons_of_a_subscription_that_is_gone(product: Product) -> None:
    product.says("/sub diffusion at 8")
    product.says("/pause 1")
    product.brings("Diffusion one")
    product.says("/resume 1")
    product.says("/unsub 1")
    for label in ("send now", "skip", "resume"):
        assert product.presses(label).toast.startswith("That subscription is gone.")


def test_the_undo_of_an_end_pauses_until_the_same_day(product: Product) -> None:
    product.says("/sub diffusion daily 9")
    product.says("/pause 7d")
    product.says("/resume")
    until = "This chat is paused until Thu 29 Jan 12:00; /resume ends that."
    assert product.says("/undo").lines == ["✓ Undone.", until]
    assert "paused until Thu 29 Jan 12:00" in product.says("/list").lines[0]
