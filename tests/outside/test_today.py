"""today shows the newest batch at once. In a private chat its papers count as delivered, in other chats they do not."""

from datetime import UTC, datetime, timedelta

from tests.product import Product, Seen

GROUP = "-1001"
TEN = datetime(2026, 1, 22, 10, tzinfo=UTC)


def text(came: list[Seen]) -> str:
    return "\n".join(one.text for one in came)


def test_after_today_nothing_is_repeated_in_the_morning_and_nothing_lost(product: Product) -> None:
    """A person subscribes for 08:00 and gets today's papers at once. The next morning brings only the others."""
    product.at(TEN - timedelta(hours=16))
    product.brings("Diffusion of yesterday")
    product.at(TEN)
    product.brings("Diffusion of today")
    product.says("/sub diffusion daily 08:00")
    said = product.presses("today's now")
    assert said.lines[0] == "1 paper of Thu 22 Jan is on its way."
    assert "Diffusion of today" in said.text
    assert "yesterday" not in said.text
    product.at(TEN + timedelta(hours=15))
    product.brings("Diffusion of the night")
    in_the_morning = text(product.at(TEN + timedelta(hours=22, minutes=1)))
    assert "Diffusion of yesterday" in in_the_morning
    assert "Diffusion of the night" in in_the_morning
    assert "Diffusion of today" not in in_the_morning
    assert product.later(days=1) == []


def test_the_first_digest_after_today_does_not_say_that_none_matched_when_all_came(product: Product) -> None:
    product.brings("Diffusion of today", "Graphs")
    product.says("/sub diffusion daily 13:00")
    product.says("/today")
    assert "The only paper that matched was shown here before." in text(product.later(hours=1))


def test_the_first_digest_waits_where_today_brought_all_that_came(product: Product) -> None:
    product.brings("Diffusion of today")
    product.says("/sub diffusion daily 13:00")
    product.says("/today")
    assert product.later(hours=1) == []
    product.later(hours=20)
    product.brings("Graphs")
    assert "The only paper of Fri 23 Jan did not match." in text(product.later(hours=4))


def test_papers_that_came_before_are_counted_and_shown_only_when_asked_for(product: Product) -> None:
    product.brings("Diffusion one", "Diffusion two")
    product.says("/today one")
    said = product.says("/today diffusion")
    assert said.lines[:2] == ["1 paper of Thu 22 Jan is on its way.", "1 more came before."]
    assert "Diffusion one" not in said.text
    again = product.says("/today diffusion")
    assert again.text == "All 2 papers of Thu 22 Jan that fit came before."
    shown = product.presses("show all of that day")
    assert shown.lines[0] == "2 papers of Thu 22 Jan"
    assert all(title in shown.text for title in ("Diffusion one", "Diffusion two"))
    assert len(product.outbox()) == 2, "an answer is no delivery"


def test_the_newest_batch_is_that_of_the_newest_day_of_digests_whatever_the_clock_of_the_chat(
    product: Product,
) -> None:
    product.telegram.knows(GROUP, people={"7": "member"})
    for hour in (3, 7):  # at three it is Wednesday in New York
        product.at(TEN.replace(hour=hour))
        product.brings(f"Diffusion at {hour}")
    assert product.says("/today diffusion", GROUP, by="7").lines[0] == "2 papers of Thu 22 Jan"
    product.says("/set timezone America/New_York")
    assert product.says("/today diffusion").lines[0] == "2 papers of Thu 22 Jan are on their way."


def test_days_without_papers_do_not_count(product: Product) -> None:
    assert product.says("/today diffusion").text == "No papers are known yet."
    product.brings("Diffusion")
    product.clock.advance(timedelta(days=9))
    assert product.says("/today diffusion").lines[0] == "1 paper of Thu 22 Jan is on its way."


def test_in_a_group_it_is_an_answer_that_tells_nobody_for_good(product: Product) -> None:
    product.telegram.knows(GROUP, people={"7": "creator", "8": "member"})
    product.brings("Diffusion")
    product.says("/sub diffusion daily 13:00", GROUP, by="7")
    for _ in range(2):
        said = product.says("/today", GROUP, by="8")
        assert said.lines[0] == "1 paper of Thu 22 Jan"
        assert "Diffusion" in said.lines[-1]
    assert product.outbox() == []
    assert "Diffusion" in text(product.later(hours=1))


def test_a_chat_that_is_paused_gets_an_answer_since_a_delivery_would_be_held(product: Product) -> None:
    product.brings("Diffusion")
    product.says("/sub diffusion at 8")
    product.says("/pause")
    said = product.says("/today")
    assert said.lines[0] == "1 paper of Thu 22 Jan"
    assert "Diffusion" in said.text
    assert product.outbox() == []


def test_a_subscription_that_is_gone_brings_nothing(product: Product) -> None:
    product.brings("Diffusion, chapter 1")
    product.says("/sub diffusion at 8")
    product.says("/unsub 1")
    assert product.presses("today's now").toast == "This subscription is gone."
    assert product.outbox() == []


def test_what_is_said_to_somebody_new(product: Product) -> None:
    product.brings("Diffusion", "Graphs")
    for typed, answer in [
        ("/today", "No subscription is active here. With a query I look for that: /today diffusion"),
        ("/today quantum", "Nothing fits among the 2 papers of Thu 22 Jan."),
        ("/today -survey", "✗ This only excludes. Say what you want, too."),
        ("/today diffusion at 8", "1 paper of Thu 22 Jan is on its way."),
    ]:
        assert product.says(typed).lines[0] == answer
