"""/feed: the secret address of a chat's feed, and the token of the API."""

import logging
import re
from dataclasses import replace

import pytest

from bot.commands.context import Access
from bot.ports.conversation import Place
from subscriptions.model import ChatKind
from subscriptions.service.retention import stored_chat_data
from subscriptions.states import Opens
from subscriptions.store.chat_keys import chat_of_key
from tests.bot_harness import Answer, BotHarness
from tests.conversation.slack_harness import ANN, CHANNEL, SlackHarness
from tests.make import address

ME, GROUP, NEW_GROUP = "telegram:42", "telegram:-1009000001", "telegram:-1009000002"
ROOT = "https://papers.example.org"


@pytest.fixture
async def bot(bot: BotHarness) -> BotHarness:
    """A bot with public pages, and a chat that has a subscription."""
    bot.bot_info = replace(bot.bot_info, pages_url=ROOT)
    await bot.says("/sub diffusion")
    return bot


def key_in(answer: Answer, opens: Opens = Opens.FEED) -> str:
    """Returns the key that an answer shows."""
    first, *others = re.findall(rf"{opens}_[\w-]+", answer.text)
    assert {*others} <= {first}, answer.text
    return str(first)


def opened(bot: BotHarness, key: str, opens: Opens = Opens.FEED) -> str:
    """Returns the chat that a key opens; "" for none."""
    chat = chat_of_key(bot.store, key, opens)
    return str(chat.address) if chat else ""


async def test_a_chat_gets_an_address_a_new_one_and_stops(bot: BotHarness) -> None:
    first = await bot.says("/feed")
    key = key_in(first)
    assert f"{ROOT}/feed.atom?key={key}\n" in first.text
    assert first.buttons == ["new address", "stop"]
    assert opened(bot, key) == ME
    assert opened(bot, key, Opens.API) == ""
    again = await bot.says("/feed")
    assert "feed_" not in again.text
    assert "since Thu 22 Jan" in again.text
    other = await bot.presses("new address")
    assert other.replaces
    assert (opened(bot, key), opened(bot, key_in(other))) == ("", ME)
    stopped = await bot.presses("stop")
    assert (stopped.replaces, stopped.buttons) == (True, ["new address"])
    assert opened(bot, key_in(other)) == ""
    assert opened(bot, key_in(await bot.presses("new address"))) == ME


async def test_a_chat_gets_a_token_beside_its_address(bot: BotHarness) -> None:
    key, answer = key_in(await bot.says("/rss")), await bot.says("/feed token")
    token = key_in(answer, Opens.API)
    assert f'curl -H "Authorization: Bearer {token}" {ROOT}/api/subscriptions' in answer.text
    assert (opened(bot, token, Opens.API), opened(bot, key), opened(bot, token)) == (ME, ME, "")
    await bot.presses("stop")
    assert (opened(bot, token, Opens.API), opened(bot, key)) == ("", ME)


async def test_without_a_public_address_the_answer_says_who_reaches_it(bot: BotHarness) -> None:
    bot.bot_info = replace(bot.bot_info, pages_url="http://127.0.0.1:8420", has_public_pages=False)
    assert "PAPERWIRE_WEB_URL" in (await bot.says("/feed")).text


@pytest.mark.parametrize(
    ("words", "renews"),
    [
        ("/feed stop", False),
        ("stop the feed", False),
        ("turn off my RSS feed please", False),
        ("关闭订阅源", False),
        ("/feed new", True),
        ("give me a new feed address", True),
        ("换一个新的订阅源地址", True),
    ],
)
@pytest.mark.sentences
async def test_a_feed_is_ended_and_renewed_by_typing(bot: BotHarness, words: str, renews: bool) -> None:
    key = key_in(await bot.says("/feed"))
    answer = await bot.says(words)
    assert answer.text.startswith("✓")
    assert opened(bot, key) == ""
    if renews:
        assert opened(bot, key_in(answer)) == ME
    else:
        assert len(answer.buttons) == 1
        assert (await bot.says("/feed stop")).text.endswith("/stop")
    assert (await bot.says("/list")).text.count("diffusion") == 1


async def test_a_token_is_ended_and_renewed_by_typing(bot: BotHarness) -> None:
    key, token = key_in(await bot.says("/feed")), key_in(await bot.says("/feed token"), Opens.API)
    other = key_in(await bot.says("/feed token new"), Opens.API)
    assert (opened(bot, token, Opens.API), opened(bot, other, Opens.API)) == ("", ME)
    await bot.says("/feed stop token")
    assert (opened(bot, other, Opens.API), opened(bot, key)) == ("", ME)
    assert (await bot.says("/feed token stop")).text == "This chat has no token."


@pytest.mark.parametrize("words", ["don't stop the feed", "feed conversion in pigs", "a new feed for pigs"])
async def test_a_sentence_with_other_words_is_no_order_about_the_feed(bot: BotHarness, words: str) -> None:
    key = key_in(await bot.says("/feed"))
    await bot.says(words)
    assert opened(bot, key) == ME


async def test_what_is_no_feed_is_refused_with_an_example(bot: BotHarness) -> None:
    answer = await bot.says("/feed of cats")
    assert answer.text.startswith("✗")
    assert "/feed token" in answer.text


async def key_of_group(bot: BotHarness, group: str = GROUP) -> str:
    """Returns the key of a group that the person 7 manages, for which they ask in their private chat."""
    chat = address(group)
    bot.places[chat.address] = Place(chat=chat, kind=ChatKind.GROUP, title="Readers")
    return key_in(await bot.says(f"/feed {chat.address}", "telegram:7"))


async def test_in_a_group_only_admins_may_ask(bot: BotHarness) -> None:
    bot.admins[GROUP] = {"7"}
    await bot.says("/sub diffusion", GROUP, by="7")
    refused = await bot.says("/feed", GROUP, by="8")
    assert "Only admins" in refused.text


@pytest.mark.parametrize("is_public", [False, True])
async def test_who_reads_a_group_never_sees_its_address(bot: BotHarness, is_public: bool) -> None:
    bot.admins[GROUP] = {"7"}
    if is_public:
        bot.public.add(GROUP)
    await bot.says("/sub diffusion", GROUP, by="7")
    for text in ("/feed", "/feed token"):
        answer = await bot.says(text, GROUP, by="7")
        assert answer.text.startswith("✗")
        assert answer.text.endswith("/feed -1009000001")
        assert not re.search("feed_|api_", answer.text)
    key = await key_of_group(bot)
    assert opened(bot, key) == GROUP
    await bot.presses("stop", "telegram:7")
    assert opened(bot, key) == ""


async def test_the_operator_at_the_machine_sees_it_and_a_button_shows_nobody_else_a_new_one(bot: BotHarness) -> None:
    bot.admins[GROUP] = {"7"}
    await bot.says("/sub diffusion", GROUP, by="7")
    key = key_in(await bot.says("/feed", GROUP, by="7", is_operator=True))
    answer = await bot.presses("new address", GROUP, by="7")
    assert "feed_" not in answer.text
    assert opened(bot, key) == GROUP


@pytest.mark.parametrize("access", ["ask", "closed"])
async def test_who_is_not_let_in_gets_no_key(bot: BotHarness, access: Access) -> None:
    bot.bot_info = replace(bot.bot_info, access=access, admins=(address("telegram:1"),))
    answer = await bot.says("/feed", "telegram:43")
    assert answer.text.startswith("✗"), answer.text
    assert "feed_" not in answer.text


async def test_a_key_moves_with_its_chat_and_is_erased_with_it(bot: BotHarness) -> None:
    bot.admins[GROUP] = bot.admins[NEW_GROUP] = {"7"}
    await bot.says("/sub diffusion", GROUP, by="7")
    await bot.says("/sub graphs", NEW_GROUP, by="7")  # the group was there under its new id before it moved
    key = await key_of_group(bot)
    await bot.receives_event("moved", GROUP, details={"to": address(NEW_GROUP).address})
    assert opened(bot, key) == NEW_GROUP
    await bot.says("/forget", NEW_GROUP, by="7")
    await bot.presses("erase everything", NEW_GROUP, by="7")
    assert opened(bot, key) == ""


async def test_what_is_stored_of_a_chat_names_the_key_and_not_its_hash(bot: BotHarness) -> None:
    key_in(await bot.says("/feed"))
    with bot.store.read() as transaction:
        text = stored_chat_data(transaction, address(ME))
    assert '"opens": "feed"' in text
    assert "hash" not in text


async def test_the_log_says_that_there_is_a_key_and_not_which(
    bot: BotHarness, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "paperwire")
    key = key_in(await bot.says("/feed"))
    await bot.presses("stop")
    assert caplog.messages == [f"{ME} has a new key for its feed.", f"The feed of {ME} is off."]
    assert key not in caplog.text


async def test_on_slack_only_the_sender_sees_it(slack: SlackHarness) -> None:
    await slack.slash("sub diffusion")
    answer = await slack.slash("feed")
    new_address = answer.payloads[0]["blocks"][1]["elements"][0]["value"]
    kind = ChatKind.TEAM
    again = await slack.sends_request(
        CHANNEL, by=ANN, kind=kind, callback_data=new_address, callback_id="p", message_id="m"
    )
    for shown in (answer, again):
        assert shown.stored_reply is not None
        assert shown.stored_reply.is_ephemeral
        assert "feed_" in str(shown.payloads)


async def test_an_unstored_chat_has_no_key_yet(bot: BotHarness) -> None:
    answer = await bot.says("/feed", "telegram:77")
    assert opened(bot, key_in(answer)) == str(bot.chat_of("telegram:77").address)
