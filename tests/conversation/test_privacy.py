"""privacy shows the stored data of a chat, and forget erases them."""

import json
from typing import Any

import pytest

from bot.commands.context import BotInfo
from subscriptions.errors import ChatGone, NotFound
from subscriptions.store.database.store import Store
from subscriptions.store.updates import finish_reply
from tests import make
from tests.bot_harness import BOT, Answer, BotHarness
from tests.conversation.deliverer import Deliverer
from tests.stored import all_rows

ME = "telegram:4242424242"
OTHER = "telegram:4242424243"
GROUP = "telegram:-1001999888777"
WORD = "zirconium"


def everywhere(store: Store, *words: str) -> list[str]:
    """Returns the rows that contain one of these words, from all tables except the tables of papers."""
    return [
        f"{table}: {row}"
        for table, held in all_rows(store).items()
        if not table.startswith("paper") and table != "digest"
        for row in held
        for word in words
        if word in row
    ]


def arrived(bot: BotHarness, answer: Answer) -> None:
    """Records the reply as posted, so that none of its text is kept."""
    assert answer.stored_reply is not None
    finish_reply(bot.store, "telegram", answer.stored_reply.update)


async def lives(bot: BotHarness, chat: str, by: str = "") -> Deliverer:
    """Uses every feature in a chat, so that data of all kinds are stored. Returns the deliverer."""
    post = Deliverer(bot)
    await bot.says(f"/sub {WORD} -survey now", chat, by=by, title="Zirconium fans")
    bot.brings(f"{WORD} on graphs")
    await post.deliver_due()
    await bot.says("/share 1", chat, by=by)
    await bot.says("/set limit 5", chat, by=by)
    await bot.says(f"/import now | {WORD} ceramics | ", chat, by=by)
    await bot.says("/edit 1", chat, by=by)
    await bot.says("/today", chat, by=by)
    bot.later(minutes=2)
    await bot.says(f"/search {WORD}", chat, by=by)
    await bot.says("/list", chat, by=by)
    bot.brings(f"{WORD} again")
    post.refusals[make.address(chat).address] = ChatGone("blocked")
    await post.deliver_due()
    return post


async def test_privacy_says_what_how_long_by_whom_and_how_to_end_it(bot: BotHarness) -> None:
    bot.bot_info = BotInfo(contact="me@example.org")
    said = await bot.says("/privacy", ME)
    for words in ("subscriptions", "30 days", "a year", "me@example.org", "/forget"):
        assert words in said.text
    assert said.lines[-1] == "Nothing is stored about this chat yet."
    assert said.file is None


@pytest.mark.parametrize(("kept", "words"), [(7, "until Thu 29 Jan"), (0, "has made")])
async def test_the_copies_that_still_hold_it_are_named(bot: BotHarness, kept: int, words: str) -> None:
    bot.bot_info = BotInfo(kept_copies=kept)
    await bot.says("/sub diffusion", ME)
    asked = await bot.says("/forget", ME)
    for said in (await bot.says("/privacy", ME), asked, await bot.presses("erase everything", ME)):
        assert words in said.text
        assert "copies of the database" in said.text


@pytest.mark.both_databases
async def test_privacy_brings_exactly_this_chats_rows(bot: BotHarness) -> None:
    await lives(bot, ME)
    bot.subscribes(OTHER, "secret matters")
    said = await bot.says("/privacy", ME)
    assert said.file is not None
    assert said.file.name.endswith(".json")
    rows: dict[str, Any] = json.loads(said.file.text)
    assert rows["chat"]["address"] == "4242424242"
    assert [subscription["text"] for subscription in rows["subscriptions"]] == [f"{WORD} -survey"]
    titles = [paper["title"] for delivery in rows["deliveries"] for paper in delivery["papers"]]
    assert f"{WORD} on graphs" in titles
    assert rows["deliveries"][0]["messages"][0]["sent_at"].startswith("2026-01-22T12:00")
    assert len(rows["changes"]) >= 2
    assert [offer["number"] for offer in rows["offers"]] == [1]
    assert "import" in {state["verb"] for state in rows["conversation_states"]}
    assert "secret" not in said.file.text
    assert OTHER not in said.file.text


async def test_in_a_group_only_those_who_manage_it_get_the_file(bot: BotHarness) -> None:
    bot.admins[GROUP] = {"7"}
    await bot.says("/sub graphs", GROUP, by="7")
    said = await bot.says("/privacy", GROUP, by="8")
    assert (len(said.lines), said.file) == (2, None)
    assert (await bot.presses("as a file", GROUP, by="8")).toast == "Only admins of this chat can change that."
    assert (await bot.presses("as a file", GROUP, by="7")).file is not None


async def test_in_a_public_group_nothing_can_be_pressed(bot: BotHarness) -> None:
    bot.public.add(GROUP)
    bot.admins[GROUP] = {"7"}
    await bot.says("/sub graphs", GROUP, by="7")
    said = await bot.says("/privacy", GROUP, by="7")
    assert (said.buttons, said.file) == ([], None)


@pytest.mark.both_databases
async def test_forget_asks_once_and_then_nothing_is_left(bot: BotHarness) -> None:
    await lives(bot, ME)
    bot.subscribes(OTHER, "graphs")
    assert everywhere(bot.store, "4242424242", WORD)
    asked = await bot.says("/forget", ME)
    assert asked.lines[0].startswith("This erases all I know of this chat: 1 subscription, its settings")
    assert asked.buttons[:2] == ["keep it", "erase everything"]
    assert bot.chat_of(ME)
    done = await bot.presses("erase everything", ME)
    assert done.replaces
    assert done.lines[0].startswith("✓ Erased: 1 subscription, the memory of ")
    arrived(bot, done)
    assert everywhere(bot.store, "4242424242", WORD, WORD.title()) == []
    assert [one for one in everywhere(bot.store, "4242424243") if one.startswith("chat: ")]
    with pytest.raises(NotFound):
        bot.chat_of(ME)


@pytest.mark.both_databases
async def test_what_was_on_its_way_to_a_forgotten_chat_is_not_sent(bot: BotHarness) -> None:
    post = await lives(bot, ME)
    post.refusals.clear()
    await bot.says("/forget", ME)
    await bot.presses("erase everything", ME)
    bot.later(days=1)
    assert await post.deliver_due() == []


async def test_a_forgotten_chat_begins_anew(bot: BotHarness) -> None:
    await lives(bot, ME)
    await bot.says("/forget", ME)
    await bot.presses("erase everything", ME)
    bot.later(minutes=2)
    assert (await bot.says("/sub graphs", ME)).text.startswith("✓ 1  graphs")
    assert (await bot.presses("undo", ME)).text


async def test_keeping_it_keeps_it(bot: BotHarness) -> None:
    bot.subscribes(ME, "graphs")
    await bot.says("/forget", ME)
    assert (await bot.presses("keep it", ME)).text == "✓ Nothing is erased."
    assert bot.chat_of(ME)


async def test_the_question_stands_for_ten_minutes(bot: BotHarness) -> None:
    bot.subscribes(ME, "graphs")
    await bot.says("/forget", ME)
    bot.later(minutes=11)
    assert "too long ago" in (await bot.presses("erase everything", ME)).toast
    assert bot.chat_of(ME)


async def test_who_is_not_known_has_nothing_to_be_erased_and_is_not_met_by_asking(bot: BotHarness) -> None:
    said = await bot.says("/forget", ME)
    assert said.text == "✗ I know nothing of this chat, so there is nothing to erase."
    arrived(bot, said)
    assert everywhere(bot.store, "chat: ") == []
    with pytest.raises(NotFound):
        bot.chat_of(ME)


async def test_a_group_is_forgotten_by_the_manager_who_asked(bot: BotHarness) -> None:
    bot.admins[GROUP] = {"7", "9"}
    await lives(bot, GROUP, by="7")
    bot.later(minutes=2)
    assert (await bot.says("/forget", GROUP, by="8")).text == "✗ Only admins of this chat can change that."
    asked = await bot.says("/forget", GROUP, by="7")
    assert len(asked.lines) == 2
    foreign = "This button does not work any more, or not for you."
    assert (await bot.presses("erase everything", GROUP, by="9")).toast == foreign
    bot.admins[GROUP] = {"9"}
    assert (await bot.presses("erase everything", GROUP, by="7")).toast == "Only admins of this chat can change that."
    bot.admins[GROUP] = {"7"}
    arrived(bot, await bot.presses("erase everything", GROUP, by="7"))
    assert everywhere(bot.store, "-1001999888777", WORD, "Zirconium") == []


async def test_an_anonymous_admin_asks_and_any_manager_presses(bot: BotHarness) -> None:
    bot.admins[GROUP] = {"7"}
    await bot.says("/sub graphs", GROUP, by="1087968824", sender_is_admin=True)
    await bot.says("/forget", GROUP, by="1087968824", sender_is_admin=True)
    assert (await bot.presses("erase everything", GROUP, by="8")).toast == "Only admins of this chat can change that."
    assert (await bot.presses("erase everything", GROUP, by="7")).text.startswith("✓ Erased")


async def test_in_a_public_group_the_word_yes_erases(bot: BotHarness) -> None:
    bot.public.add(GROUP)
    bot.admins[GROUP] = {"7", "9"}
    await bot.says("/sub graphs", GROUP, by="7")
    assert "asks first" in (await bot.says("/forget yes", GROUP, by="7")).text
    asked = await bot.says("/forget", GROUP, by="7")
    assert asked.buttons == []
    assert "/forget yes" in asked.text
    assert "asks first" in (await bot.says("/forget yes", GROUP, by="9")).text
    assert (await bot.says("/forget no", GROUP, by="7")).text == "✓ Nothing is erased."
    assert "asks first" in (await bot.says("/forget yes", GROUP, by="7")).text
    await bot.says("/forget", GROUP, by="7")
    assert (await bot.says("/forget yes", GROUP, by="7")).text.startswith("✓ Erased")


@pytest.mark.both_databases
async def test_a_person_is_forgotten_where_they_set_things_up_too(bot: BotHarness) -> None:
    bot.admins[GROUP] = {"4242424242"}
    await bot.receives_event("arrived", GROUP, by="4242424242", title="Lab")
    await bot.says("/sub graphs", GROUP, by="4242424242")
    await bot.says("/pause 1", GROUP, by="4242424242")
    bot.subscribes(ME, WORD)
    await bot.says("/forget", ME)
    arrived(bot, await bot.presses("erase everything", ME))
    assert everywhere(bot.store, "4242424242") == []
    assert bot.chat_of(GROUP)


async def test_who_has_the_same_name_elsewhere_is_not_forgotten(bot: BotHarness) -> None:
    bot.admins["slack:C1"] = {"4242424242"}
    for said in ("/sub graphs", "/pause 1"):
        await bot.says(said, "slack:C1", by="4242424242")

    def named() -> list[str]:
        return [row for row in everywhere(bot.store, "4242424242") if row.startswith(("subscription", "undo"))]

    before = named()
    assert len(before) == 3, "the subscription, its making and its pause"
    bot.subscribes(ME, WORD)
    await bot.says("/forget", ME)
    arrived(bot, await bot.presses("erase everything", ME))
    assert named() == before


@pytest.mark.both_databases
async def test_what_operators_were_told_of_a_chat_goes_with_it(bot: BotHarness) -> None:
    bot.bot_info = BotInfo(access="ask", admins=(make.address("telegram:1"),), bot_names={"telegram": BOT})
    await bot.says(f"/sub {WORD}", ME, title="Zirconium fans")
    assert [row for row in everywhere(bot.store, WORD) if row.startswith("delivery")]
    await bot.says("/forget", ME)
    arrived(bot, await bot.presses("erase everything", ME))
    assert everywhere(bot.store, "4242424242", WORD, "Zirconium") == []


async def test_what_operators_were_told_of_others_stays(bot: BotHarness) -> None:
    bot.bot_info = BotInfo(access="ask", admins=(make.address("telegram:1"),), bot_names={"telegram": BOT})
    longer = f"{ME}7"
    await bot.says(f"/sub {WORD}", ME, title="Lab")
    await bot.says("/sub graphs", longer, title="Lab")
    await bot.says("/forget", ME)
    await bot.presses("erase everything", ME)
    assert [row for row in everywhere(bot.store, longer) if row.startswith("delivery")]
    assert [row for row in everywhere(bot.store, longer) if row.startswith("callback")]
