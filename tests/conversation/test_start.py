"""start and help, and messages that the bot does not understand."""

import re

import pytest

from bot.commands import help_pages, intent
from bot.commands.context import BotInfo
from subscriptions.errors import ChatGone
from subscriptions.planning.times import read_when, split_when
from subscriptions.query.parse import parse_query
from tests.bot_harness import BOT, BotHarness
from tests.conversation.deliverer import Deliverer
from tests.make import address, paper

ME = "telegram:42"
GROUP = "telegram:-1001"


async def test_the_first_words_are_two_sentences_three_examples_the_other_language_and_two_links(
    bot: BotHarness,
) -> None:
    said = await bot.says("/start")
    assert len(said.lines) == 2
    assert said.buttons[3:] == ["中文", "add to group", "add to channel"]
    links = [key["url"] for key in said.keys if "url" in key]
    assert links == [
        f"https://t.me/{BOT}?startgroup=added",
        f"https://t.me/{BOT}?startchannel=added&admin=post_messages",
    ]


async def test_each_example_works(bot: BotHarness) -> None:
    examples = (await bot.says("/start")).buttons[:3]
    for number, example in enumerate(examples, start=1):
        assert (await bot.presses(example)).text.startswith(f"✓ {number}  ")
    assert [one.subscription.text for one in bot.listed(ME)] == examples


async def test_without_a_source_of_categories_no_example_asks_for_one(bot: BotHarness) -> None:
    bot.bot_info = BotInfo(categorised=False)
    said = await bot.says("/start")
    assert len(said.buttons) == 4
    assert not any(re.search(r"\bcs\.", label) for label in said.buttons)


async def test_the_other_language_is_one_press_away_and_back(bot: BotHarness) -> None:
    await bot.says("/start")
    chinese = await bot.presses("中文")
    assert chinese.replaces
    assert bot.chat_of(ME).settings.lang == "zh"
    assert "English" in chinese.buttons
    assert "中文" in (await bot.presses("English")).buttons


async def test_a_chinese_client_is_met_in_chinese(bot: BotHarness) -> None:
    assert "English" in (await bot.says("/start", language="zh-hans")).buttons


async def test_start_alone_stores_nothing_of_a_person(bot: BotHarness) -> None:
    await bot.says("/start")
    with bot.store.read() as session:
        assert session.connection().exec_driver_sql("SELECT count(*) FROM chat").scalar() == 0


async def test_in_a_group_start_is_two_lines_and_silent_after_our_own_link(bot: BotHarness) -> None:
    said = await bot.says("/start", GROUP, by="7")
    assert said.lines == [
        "I tell this chat when papers appear that it asks for.",
        f"Admins: /sub@{BOT} diffusion. I am quiet otherwise.",
    ]
    assert said.buttons == []
    assert not await bot.says("/start added", GROUP, by="7")


async def test_whoever_blocked_the_bot_comes_back_by_start_and_is_offered_what_waits(bot: BotHarness) -> None:
    post = Deliverer(bot)
    bot.subscribes(ME, "diffusion", every="now")
    bot.brings("Diffusion one")
    post.refusals["42"] = ChatGone("blocked")
    await post.deliver_due()
    bot.later(hours=1)
    bot.brings("Diffusion two")
    assert await post.deliver_due() == []
    post.refusals.clear()
    back = await bot.says("/start")
    assert back.lines[2:4] == ["I can write to you again.", "2 papers wait."]
    assert back.buttons[-2:] == ["send 2", "skip"]
    assert await post.deliver_due() == []
    await bot.presses("send 2")
    came = "\n".join([answer.text for answer in await post.deliver_due()])
    assert "Diffusion one" in came
    assert "Diffusion two" in came
    assert len((await bot.says("/start")).lines) == 2


async def test_what_waits_may_be_skipped(bot: BotHarness) -> None:
    post = Deliverer(bot)
    bot.subscribes(ME, "diffusion", every="now")
    bot.brings("Diffusion one")
    post.refusals["42"] = ChatGone("blocked")
    await post.deliver_due()
    post.refusals.clear()
    assert (await bot.says("/start")).buttons[-2:] == ["send 1", "skip"]
    await bot.presses("skip")
    bot.later(hours=1)
    assert await post.deliver_due() == []


async def test_who_comes_back_and_missed_nothing_is_met_as_ever(bot: BotHarness) -> None:
    post = Deliverer(bot)
    bot.subscribes(ME, "diffusion", every="daily", at="9")
    await bot.receives_event("left", ME)
    assert bot.chat_of(ME).state == "paused"
    assert await post.deliver_due() == []
    assert len((await bot.says("/start")).lines) == 2
    assert bot.chat_of(ME).state == "active"


@pytest.mark.parametrize("lang", ["en", "zh"])
async def test_help_is_five_lines_with_an_example_each_that_works(bot: BotHarness, lang: str) -> None:
    bot.brings(paper("Diffusion on graphs", "cs.LG"))
    await bot.says(f"/lang {lang}")
    said = await bot.says("/help")
    assert len(said.lines) == 5
    examples = [line[line.index("/") :] for line in said.lines]
    assert [example.split()[0] for example in examples] == ["/sub", "/preview", "/today", "/list", "/set"]
    for example in examples:
        bot.later(seconds=20)
        answer = await bot.says(example)
        assert answer
        assert not answer.text.startswith("✗"), answer.text


@pytest.mark.parametrize(("lang", "more"), [("en", "all commands"), ("zh", "全部命令")])
async def test_a_button_lists_all_commands_in_place_of_the_first_few(bot: BotHarness, lang: str, more: str) -> None:
    await bot.says(f"/lang {lang}")
    await bot.says("/help")
    pressed = await bot.presses(more)
    assert pressed.replaces
    for said in ("/help all", "/help more", "/help 全部"):
        assert (await bot.says(said)).text == pressed.text


@pytest.mark.parametrize(
    ("topic", "alias"), [("query", "查询"), ("when", "时间"), ("settings", "设置"), ("when", "times")]
)
async def test_topics_have_their_words_in_both_languages(bot: BotHarness, topic: str, alias: str) -> None:
    assert (await bot.says(f"/help {alias}")).text == (await bot.says(f"/help {topic}")).text


async def test_help_names_every_listed_command_once(bot: BotHarness) -> None:
    bot.bot_info = BotInfo(admins=(address(ME),))
    named = re.findall(r"/(\w+)", "\n".join((await bot.says("/help all")).lines[:-1]))
    listed_ones = {command.name for command in intent.REGISTRY.commands if command.listed} - {"help"}
    assert len(named) == len(set(named))
    assert listed_ones <= set(named)
    assert all(intent.REGISTRY.command_named(name) for name in named)


async def test_help_does_not_show_what_only_operators_can_do(bot: BotHarness) -> None:
    said = (await bot.says("/help all")).text
    assert "/allow" not in said
    assert len(said) < 500


@pytest.mark.parametrize("command", [command.name for command in intent.REGISTRY.commands])
async def test_help_on_a_command_shows_how_it_is_said(bot: BotHarness, command: str) -> None:
    said = await bot.says(f"/help {command}")
    if command == "set":
        assert "/set limit 12" in said.text
        return
    assert said.lines[0].startswith(f"/{command}")
    for alias in set(intent.REGISTRY.command_named(command).aliases) - set(help_pages.TOPICS):  # type: ignore[union-attr]
        assert (await bot.says(f"/help /{alias.upper()}")).lines[0] == said.lines[0]


@pytest.mark.parametrize("topic", list(help_pages.TOPICS))
async def test_help_on_a_topic_is_also_a_button(bot: BotHarness, topic: str) -> None:
    by_word = await bot.says(f"/help {topic}")
    assert len(by_word.lines) > 5
    await bot.says("/help all")
    label = next(label for label in bot.last[ME][-1].buttons if label == help_pages.TOPICS[topic].template)
    assert (await bot.presses(label)).text == by_word.text


async def test_help_in_a_group_is_two_lines(bot: BotHarness) -> None:
    for said in ("/help", "/help all", "/help query", "/help when", "/help settings", "/help sub", "/help nonsense"):
        assert len((await bot.says(said, GROUP, by="7")).lines) <= 2


async def test_help_on_nothing_known_offers_the_nearest(bot: BotHarness) -> None:
    assert (await bot.says("/help quary")).text == "✗ There is no help on “quary”.\nDid you mean /help query?"
    assert (await bot.says("/help 🎉🎉")).lines[1] == "/help lists what I know."


@pytest.mark.parametrize(
    "example",
    [example for command in intent.REGISTRY.commands for example in command.examples if "@mychannel" not in example],
)
async def test_every_example_of_the_help_works(bot: BotHarness, example: str) -> None:
    bot.brings(paper("Diffusion on graphs", "cs.LG", arxiv_id="2601.15529"))
    bot.subscribes(ME, "diffusion")
    await bot.says("/set limit 5")
    said = await bot.says(example)
    assert said
    assert not said.text.startswith("✗")


def test_every_command_that_people_see_has_examples_of_itself() -> None:
    for command in intent.REGISTRY.commands:
        assert command.examples or not command.listed or command.needs_operator, command.name
        for example in command.examples:
            assert intent.REGISTRY.command_named(example.split()[0].removeprefix("/")) is command


def test_the_queries_and_times_of_the_help_are_read_as_they_stand() -> None:
    for query, _ in help_pages.QUERIES:
        assert parse_query(query).hints == ()
    for when, _ in help_pages.WHENS:
        read_when(when)
        ending = split_when(f"diffusion {when}")
        assert (ending.query, ending.when) == ("diffusion", when)


async def test_about_thanks_arxiv_in_its_own_words_and_names_whom_to_ask(bot: BotHarness) -> None:
    bot.bot_info = BotInfo(contact="me@example.org", version="1.2.3")
    for language in ("en", "zh"):
        said = await bot.says("/about", f"telegram:{language == 'zh'}7", language=language)
        assert help_pages.THANKS == "Thank you to arXiv for use of its open access interoperability."
        assert help_pages.THANKS in said.lines
        assert "me@example.org" in said.text
        assert "1.2.3" in said.text
        assert "MIT" in said.text
        assert "/privacy" in said.text


@pytest.mark.parametrize(("typed", "meant"), [("/subs", "sub"), ("/timezon", "timezone"), ("/privcy", "privacy")])
async def test_an_unknown_command_gets_the_nearest(bot: BotHarness, typed: str, meant: str) -> None:
    assert (await bot.says(typed)).text == f"✗ I do not know {typed}.\nDid you mean /{meant}?"


@pytest.mark.sentences
async def test_a_slash_before_a_command_in_chinese_is_no_hindrance(bot: BotHarness) -> None:
    assert (await bot.says("/订阅 扩散")).text.startswith("✓ 1  扩散")
    assert (await bot.says("/列表")).text.startswith("1 subscription")
    assert (await bot.says("/取消订阅 1")).text.startswith("✓ Removed 1 subscription")
    assert (await bot.says("/扩散")).text.startswith("✗ I do not know /扩散.")


async def test_an_unknown_command_without_a_near_one_gets_help(bot: BotHarness) -> None:
    assert (await bot.says("/xyzzyq")).text == "✗ I do not know /xyzzyq.\n/help lists what I know."
    assert not await bot.says("/xyzzyq", GROUP, by="7")


def test_no_two_commands_share_a_name_and_no_two_buttons_a_verb() -> None:
    names = [name for command in intent.REGISTRY.commands for name in (command.name, *command.aliases)]
    assert len(names) == len(set(names))
    verbs = [verb for module in intent._MODULES for verb in getattr(module, "CALLBACKS", {})]
    assert len(verbs) == len(set(verbs))
