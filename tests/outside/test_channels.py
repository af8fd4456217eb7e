"""A person manages groups and channels from a private chat: commands for another chat, and what the others learn of it."""

from datetime import timedelta

import pytest

from tests.fakes.telegram import NAME, FakeTelegram
from tests.product import Product

CHANNEL, FORUM, ME, OTHER = "-1009000001", "-1009000002", "42", "43"


@pytest.fixture(autouse=True)
def _places(telegram: FakeTelegram) -> None:
    """A public channel and a forum, which the bot and Ada administer."""
    people = {ME: "administrator", "7": "creator"}
    telegram.knows(CHANNEL, "channel", title="Lab papers", username="lab_papers", people=people)
    telegram.knows(FORUM, title="Forum", topics=(7,), people=people)
    telegram.knows(OTHER, title="Bo")


def test_a_topic_is_named_behind_its_group(product: Product) -> None:
    product.says(f"/sub {FORUM}/7 diffusion")
    assert product.queries(f"{FORUM}/7") == ["diffusion"]
    # its own name directs a command nowhere else
    assert product.says(f"/sub@{NAME} {FORUM} graphs", FORUM, by=ME).text.startswith("✓ 1  graphs")


def test_buttons_stay_about_the_channel_and_rights_are_asked_at_each_press(
    product: Product, telegram: FakeTelegram
) -> None:
    said = product.says("/sub @lab_papers diffusion")
    undo = next(str(key["callback_data"]) for key in said.keys if key["text"] == "undo")
    product.says("/sub graphs")  # subscription 1 of the private chat
    telegram.promotes(CHANNEL, ME, "member")
    product.clock.advance(timedelta(hours=1))
    refused = product.presses(undo, ME)
    assert refused.toast == f"I know no chat {CHANNEL} that you administer and I am in. Add me to it first."
    assert product.queries(CHANNEL) == ["diffusion"]
    telegram.promotes(CHANNEL, ME)
    product.clock.advance(timedelta(hours=1))
    assert product.presses(undo, ME).text.startswith("✓ Lab papers: ")
    assert (product.queries(CHANNEL), product.queries(ME)) == ([], ["graphs"])


def test_what_a_person_saw_in_private_still_comes_to_the_channel(product: Product) -> None:
    product.brings("Diffusion on graphs")
    product.says("diffusion")
    product.says("/sub @lab_papers diffusion daily 13")
    assert product.later(hours=2)[0].chats == [CHANNEL]


def test_a_stranger_learns_nothing_of_a_chat(product: Product) -> None:
    product.says("/sub @lab_papers diffusion")
    for command in ("/sub {} diffusion", "/list {}", "/status {}", "/unsub {} all", "/set {} text titles"):
        known = product.says(command.format("@lab_papers"), OTHER).text
        unknown = product.says(command.format("@nowhere_at_all"), OTHER).text
        assert known == unknown.replace("@nowhere_at_all", "@lab_papers")
        assert known.startswith("✗ I know no chat @lab_papers that you administer and I am in.")
    assert product.queries(CHANNEL) == ["diffusion"]


def test_nor_does_somebody_whose_standing_cannot_be_seen_or_who_has_no_name(
    product: Product, telegram: FakeTelegram
) -> None:
    hidden = product.says(f"/list@{NAME} @lab_papers", FORUM, anonymous_admin=True)
    assert "I know no chat" in hidden.text
    telegram.hides_members(FORUM)
    assert "I know no chat" in product.says(f"/list {FORUM}").text


def test_a_person_is_no_chat_to_manage(product: Product) -> None:
    product.says("/sub secret wish", OTHER)
    assert "secret" not in product.says(f"/list {OTHER}").text


def test_a_topic_where_there_can_be_none(product: Product, telegram: FakeTelegram) -> None:
    telegram.knows("-1009000003", title="Plain", people={ME: "creator"})
    assert product.says("/sub -1009000003/7 diffusion").text == "✗ Plain has no topics."
    assert product.says(f"/sub {CHANNEL}/7 diffusion").text == "✗ Lab papers has no topics."


def test_who_adds_it_again_to_a_channel_hears_nothing(product: Product, telegram: FakeTelegram) -> None:
    product.says("/start")
    telegram.adds(CHANNEL, by=ME)
    assert product.listens().chats == [ME]
    telegram.kicks(CHANNEL, by=ME)
    product.listens()
    telegram.adds(CHANNEL, by=ME)
    assert not product.listens()


def test_whom_the_bot_may_not_write_to_it_does_not(product: Product, telegram: FakeTelegram) -> None:
    telegram.adds(CHANNEL, by="77")
    assert not product.listens()


def test_its_owner_hears_what_it_lacks_and_then_goes_on(product: Product, telegram: FakeTelegram) -> None:
    product.says("/start")
    telegram.adds(CHANNEL, by=ME)
    product.listens()
    product.says("/sub @lab_papers graphs now")
    telegram.forbids(CHANNEL)
    said = product.listens()
    assert (said.chats, said.lines[:2]) == ([ME], ["Lab papers is paused.", "The bot may not write there."])
    assert product.queries(CHANNEL) == ["graphs"]
    product.brings("Graphs of sand")
    assert product.later(minutes=1) == []
    telegram.unblocks(CHANNEL)
    came = product.listens()
    assert [one.chat for one in came.entries if "Graphs of sand" in one.text] == [CHANNEL]
    assert product.later(days=1) == []


def test_who_adds_it_without_the_right_to_post_hears_that(product: Product, telegram: FakeTelegram) -> None:
    product.says("/start")
    telegram.adds(CHANNEL, by=ME, mute=True)
    said = product.listens()
    assert said.chats == [ME]
    assert said.text == "✗ I am in the channel Lab papers now, but may not post there. Give me the right to post."
    product.says("/sub @lab_papers graphs now")
    product.brings("Graphs of sand")
    assert product.later(hours=1) == []


def test_person_who_lets_it_write_again_hears_what_waited(product: Product, telegram: FakeTelegram) -> None:
    for person in (ME, "7"):
        telegram.knows(person)
        product.says("/start", person)
    product.says("/sub @lab_papers graphs now")
    telegram.forbids(CHANNEL)
    product.listens()
    product.brings("Graphs of sand")
    product.delivers()
    telegram.unblocks(CHANNEL)  # by 7
    seen = product.listens()
    told = next(one for one in seen.entries if one.chat == "7")
    assert told.text.splitlines()[:2] == ["I can write to Lab papers again.", "1 paper waits."]
    assert [one.chat for one in seen.entries if "Graphs of sand" in one.text] == [CHANNEL]
    assert product.later(days=1) == []


def test_a_post_of_an_admin_in_the_channel_counts_and_carries_no_button(product: Product) -> None:
    said = product.says("/sub diffusion", CHANNEL)
    assert said.text.startswith("✓ 1  diffusion")
    assert not said.keys


def test_a_new_name_and_a_new_title_are_noticed(product: Product, telegram: FakeTelegram) -> None:
    product.says(f"/sub {FORUM} diffusion daily 14:00")
    telegram.knows(FORUM, title="New name", username="the_forum", topics=(7,), people={ME: "creator"})
    product.says(f"/list@{NAME}", FORUM, by=ME)
    product.brings("Diffusion of sand")
    product.clock.advance(timedelta(hours=2))
    assert product.listens().buttons == ["get your own"]
    assert product.says(f"/list {FORUM}").text.startswith("New name: ")
