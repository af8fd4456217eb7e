"""What is stored of a chat, shown and erased."""

import json
from typing import Any

import pytest

from bot.commands.core.context import BotInfo
from subscriptions.errors import ChatGone, NotFound
from subscriptions.service.chats import reply_is_over
from subscriptions.service.subscriptions import get_chat
from subscriptions.store import Store
from tests.conversation.delivering import Deliverer
from tests.make import address, ingested, paper, subscribes
from tests.talking import BOT, Answer, BotHarness

ME = "telegram:4242424242"
OTHER = "telegram:4242424243"
GROUP = "telegram:-1001999888777"
WORD = "zirconium"


def everywhere(store: Store, *words: str) -> list[str]:
    """The rows of any table, papers apart, that hold one of these words."""
    found = []
    with store.read() as session:
        connection = session.connection()
        tables = connection.exec_driver_sql("SELECT name FROM sqlite_master WHERE type = 'table'").scalars().all()
        for table in tables:
            if table.startswith("paper") or table == "digest":
                continue
            for row in connection.exec_driver_sql(f'SELECT * FROM "{table}"'):  # noqa: S608 - the database's own names
                found += [f"{table}: {row}" for word in words if word in str(tuple(row))]
    return found


def arrived(talk: BotHarness, answer: Answer) -> None:
    """The answer was posted, so nothing of it need be kept."""
    assert answer.stored_reply is not None
    reply_is_over(talk.store, "telegram", answer.stored_reply.update)


async def lives(talk: BotHarness, chat: str, by: str = "") -> Deliverer:
    """A chat that has used everything."""
    post = Deliverer(talk)
    await talk.says(f"/sub {WORD} -survey now", chat, by=by, title="Zirconium fans")
    ingested(talk.store, paper(f"{WORD} on graphs"), now=talk.clock.now())
    await post.deliver_due()
    await talk.says("/share 1", chat, by=by)
    await talk.says("/set limit 5", chat, by=by)
    await talk.says(f"/import now | {WORD} ceramics | ", chat, by=by)
    await talk.says("/edit 1", chat, by=by)
    await talk.says("/today", chat, by=by)
    talk.later(minutes=2)
    await talk.says(f"/search {WORD}", chat, by=by)
    await talk.says("/list", chat, by=by)
    ingested(talk.store, paper(f"{WORD} again"), now=talk.clock.now())
    post.refusals[address(chat).address] = ChatGone("blocked")
    await post.deliver_due()
    return post


# ------------------------------------------------------------------------------------------------------------- privacy


async def test_privacy_says_what_how_long_by_whom_and_how_to_end_it(talk: BotHarness) -> None:
    talk.bot_info = BotInfo(contact="me@example.org")
    said = await talk.says("/privacy", ME)
    for words in ("subscriptions", "30 days", "a year", "me@example.org", "/forget"):
        assert words in said.text
    assert said.lines[-1] == "Of this chat nothing is stored yet."
    assert said.file is None


async def test_privacy_brings_exactly_this_chats_rows(talk: BotHarness) -> None:
    await lives(talk, ME)
    subscribes(talk.store, OTHER, "secret matters")
    said = await talk.says("/privacy", ME)
    assert said.file is not None
    assert said.file.name.endswith(".json")
    rows: dict[str, Any] = json.loads(said.file.text)
    assert rows["chat"]["address"] == "4242424242"
    assert [wish["text"] for wish in rows["subscriptions"]] == [f"{WORD} -survey"]
    told = [paper["title"] for delivery in rows["deliveries"] for paper in delivery["papers"]]
    assert f"{WORD} on graphs" in told
    assert rows["deliveries"][0]["messages"][0]["sent_at"].startswith("2026-01-22T12:00")
    assert len(rows["changes"]) >= 2
    assert {"offer", "import"} <= {link["verb"] for link in rows["links"]}
    assert "secret" not in said.file.text
    assert OTHER not in said.file.text


async def test_in_a_group_only_those_who_manage_it_get_the_file(talk: BotHarness) -> None:
    talk.admins[GROUP] = {"7"}
    await talk.says("/sub graphs", GROUP, by="7")
    said = await talk.says("/privacy", GROUP, by="8")
    assert (len(said.lines), said.file) == (2, None)
    assert (await talk.presses("as a file", GROUP, by="8")).toast == "Only admins of this chat can change that."
    assert (await talk.presses("as a file", GROUP, by="7")).file is not None


async def test_in_a_public_group_nothing_can_be_pressed(talk: BotHarness) -> None:
    talk.public.add(GROUP)
    talk.admins[GROUP] = {"7"}
    await talk.says("/sub graphs", GROUP, by="7")
    said = await talk.says("/privacy", GROUP, by="7")
    assert (said.buttons, said.file) == ([], None)


# -------------------------------------------------------------------------------------------------------------- forget


async def test_forget_asks_once_and_then_nothing_is_left(talk: BotHarness) -> None:
    await lives(talk, ME)
    subscribes(talk.store, OTHER, "graphs")
    assert everywhere(talk.store, "4242424242", WORD)
    asked = await talk.says("/forget", ME)
    assert asked.lines[0].startswith("This erases all I know of this chat: 1 subscription, its settings")
    assert asked.buttons[:2] == ["keep it", "erase everything"]
    assert get_chat(talk.store, address(ME))
    done = await talk.presses("erase everything", ME)
    assert done.replaces
    assert done.lines[0].startswith("✓ Erased: 1 subscription, the memory of ")
    arrived(talk, done)
    assert everywhere(talk.store, "4242424242", WORD, WORD.title()) == []
    assert [one for one in everywhere(talk.store, "4242424243") if one.startswith("chat: ")]
    with pytest.raises(NotFound):
        get_chat(talk.store, address(ME))


async def test_what_was_on_its_way_to_a_forgotten_chat_is_not_sent(talk: BotHarness) -> None:
    post = await lives(talk, ME)
    post.refusals.clear()
    await talk.says("/forget", ME)
    await talk.presses("erase everything", ME)
    talk.later(days=1)
    assert await post.deliver_due() == []


async def test_a_forgotten_chat_begins_anew(talk: BotHarness) -> None:
    await lives(talk, ME)
    await talk.says("/forget", ME)
    await talk.presses("erase everything", ME)
    talk.later(minutes=2)
    assert (await talk.says("/sub graphs", ME)).text.startswith("✓ 1  graphs")
    assert (await talk.presses("undo", ME)).text


async def test_keeping_it_keeps_it(talk: BotHarness) -> None:
    subscribes(talk.store, ME, "graphs")
    await talk.says("/forget", ME)
    assert (await talk.presses("keep it", ME)).text == "✓ Nothing is erased."
    assert get_chat(talk.store, address(ME))


async def test_the_question_stands_for_ten_minutes(talk: BotHarness) -> None:
    subscribes(talk.store, ME, "graphs")
    await talk.says("/forget", ME)
    talk.later(minutes=11)
    assert "too long ago" in (await talk.presses("erase everything", ME)).toast
    assert get_chat(talk.store, address(ME))


async def test_who_is_not_known_has_nothing_to_be_erased_and_is_not_met_by_asking(talk: BotHarness) -> None:
    said = await talk.says("/forget", ME)
    assert said.text == "✗ I know nothing of this chat, so there is nothing to erase."
    arrived(talk, said)
    assert everywhere(talk.store, "chat: ") == []
    with pytest.raises(NotFound):
        get_chat(talk.store, address(ME))


async def test_a_group_is_forgotten_by_the_manager_who_asked(talk: BotHarness) -> None:
    talk.admins[GROUP] = {"7", "9"}
    await lives(talk, GROUP, by="7")
    talk.later(minutes=2)
    assert (await talk.says("/forget", GROUP, by="8")).text == "✗ Only admins of this chat can change that."
    asked = await talk.says("/forget", GROUP, by="7")
    assert len(asked.lines) == 2
    foreign = "This button does not work any more, or not for you."
    assert (await talk.presses("erase everything", GROUP, by="9")).toast == foreign
    talk.admins[GROUP] = {"9"}
    assert (await talk.presses("erase everything", GROUP, by="7")).toast == "Only admins of this chat can change that."
    talk.admins[GROUP] = {"7"}
    arrived(talk, await talk.presses("erase everything", GROUP, by="7"))
    assert everywhere(talk.store, "-1001999888777", WORD, "Zirconium") == []


async def test_an_anonymous_admin_asks_and_any_manager_presses(talk: BotHarness) -> None:
    talk.admins[GROUP] = {"7"}
    await talk.says("/sub graphs", GROUP, by="1087968824", sender_is_admin=True)
    await talk.says("/forget", GROUP, by="1087968824", sender_is_admin=True)
    assert (await talk.presses("erase everything", GROUP, by="8")).toast == "Only admins of this chat can change that."
    assert (await talk.presses("erase everything", GROUP, by="7")).text.startswith("✓ Erased")


async def test_in_a_public_group_the_word_yes_erases(talk: BotHarness) -> None:
    talk.public.add(GROUP)
    talk.admins[GROUP] = {"7", "9"}
    await talk.says("/sub graphs", GROUP, by="7")
    assert "asks first" in (await talk.says("/forget yes", GROUP, by="7")).text
    asked = await talk.says("/forget", GROUP, by="7")
    assert asked.buttons == []
    assert "/forget yes" in asked.text
    assert "asks first" in (await talk.says("/forget yes", GROUP, by="9")).text
    assert (await talk.says("/forget no", GROUP, by="7")).text == "✓ Nothing is erased."
    assert "asks first" in (await talk.says("/forget yes", GROUP, by="7")).text
    await talk.says("/forget", GROUP, by="7")
    assert (await talk.says("/forget yes", GROUP, by="7")).text.startswith("✓ Erased")


async def test_a_person_is_forgotten_where_they_set_things_up_too(talk: BotHarness) -> None:
    talk.admins[GROUP] = {"4242424242"}
    await talk.receives_event("arrived", GROUP, by="4242424242", title="Lab")
    await talk.says("/sub graphs", GROUP, by="4242424242")
    await talk.says("/pause 1", GROUP, by="4242424242")
    subscribes(talk.store, ME, WORD)
    await talk.says("/forget", ME)
    arrived(talk, await talk.presses("erase everything", ME))
    assert everywhere(talk.store, "4242424242") == []
    assert get_chat(talk.store, address(GROUP))


async def test_what_operators_were_told_of_a_chat_goes_with_it(talk: BotHarness) -> None:
    talk.bot_info = BotInfo(access="ask", admins=(address("telegram:1"),), bot_names={"telegram": BOT})
    await talk.says(f"/sub {WORD}", ME, title="Zirconium fans")
    assert [row for row in everywhere(talk.store, WORD) if row.startswith("delivery")]
    await talk.says("/forget", ME)
    arrived(talk, await talk.presses("erase everything", ME))
    assert everywhere(talk.store, "4242424242", WORD, "Zirconium") == []


async def test_what_operators_were_told_of_others_stays(talk: BotHarness) -> None:
    talk.bot_info = BotInfo(access="ask", admins=(address("telegram:1"),), bot_names={"telegram": BOT})
    longer = f"{ME}7"
    await talk.says(f"/sub {WORD}", ME)
    await talk.says("/sub graphs", longer)
    await talk.says("/forget", ME)
    await talk.presses("erase everything", ME)
    assert [row for row in everywhere(talk.store, longer) if row.startswith("delivery")]
    assert [row for row in everywhere(talk.store, longer) if row.startswith("callback")]
