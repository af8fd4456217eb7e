"""Requests with small mistakes: the bot understands them or refuses them with a hint, and never misreads them silently."""

import pytest

from bot.ports.conversation import Place
from subscriptions.errors import ChatGone
from subscriptions.model import ChatKind
from subscriptions.states import PauseReason
from tests.bot_harness import BotHarness
from tests.conversation.deliverer import Deliverer, texts
from tests.make import address, paper

ME, GROUP, CHANNEL = "telegram:42", "telegram:-1001", "telegram:-1009000002"


def times(bot: BotHarness) -> list[str]:
    return [str(one.subscription.cadence) for one in bot.listed(ME)]


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("/schedule 9", ["✗ This chat has no subscription 9.", "For all subscriptions: /schedule daily 9"]),
        ("/schedule 9 8", ["✗ This chat has no subscription 9.", "For all subscriptions: /schedule daily 8"]),
        ("/schedule 9 robots", ["✗ This chat has no subscription 9.", "For all subscriptions: /schedule daily 9"]),
        ("/schedule 9 now", ["✗ This chat has no subscription 9.", "For all subscriptions: /schedule now"]),
        ("/schedule #9 now", ["✗ This chat has no subscription #9.", "For all subscriptions: /schedule now"]),
    ],
)
async def test_a_number_that_no_subscription_has_does_not_move_all_of_them(
    bot: BotHarness, text: str, lines: list[str]
) -> None:
    await bot.says("/sub diffusion at 8\nrag daily 9")
    assert (await bot.says(text)).lines == lines
    assert times(bot) == ["daily 08:00", "daily 09:00"]


@pytest.mark.parametrize(
    ("command", "line"),
    [
        *((command, "✗ This chat has no subscription 9999") for command in ("/pause", "/resume", "/edit", "/schedule", "/name")),
        ("/unsub", "✗ This is longer than 1,000 characters."),  # the text is read as a query
    ],
)  # fmt: skip
async def test_a_number_of_five_thousand_digits_is_none_of_a_subscription(
    bot: BotHarness, command: str, line: str
) -> None:
    await bot.says("/sub diffusion at 8")
    said = await bot.says(f"{command} {'9' * 5000}")
    assert said.lines[0].startswith(line)
    assert len(said.text) < 500
    await bot.says("/sub rag at 8")
    await bot.says("/edit")
    assert (await bot.says("9" * 5000)).lines == ["✗ There is no subscription 99999999 here."]
    assert texts(bot) == ["diffusion", "rag"]


async def test_a_bare_time_is_one_where_it_cannot_be_a_number(bot: BotHarness) -> None:
    await bot.says("/sub diffusion at 8")
    assert (await bot.says("/schedule 9:30")).text.startswith("✓ Schedule of all subscriptions")
    assert times(bot) == ["daily 09:30"]


async def test_the_time_that_may_be_written_is_that_of_the_one_asked_about(bot: BotHarness) -> None:
    await bot.says("/sub diffusion at 8\nrag daily 9")
    assert "Or write it: /schedule 2 weekdays 8:30" in (await bot.says("/schedule 2")).lines
    assert "Or write it: /schedule weekdays 8:30" in (await bot.says("/schedule")).lines


@pytest.mark.parametrize("text", ["/edit 1\ndiffusion", "/edit 1\tdiffusion", "/edit 1\u3000diffusion"])
async def test_whatever_blank_stands_behind_a_number(bot: BotHarness, text: str) -> None:
    await bot.says("/sub rag")
    await bot.says(text)
    assert texts(bot) == ["diffusion"]


@pytest.mark.parametrize("several", ["1 2", "1, 2", "1、2", "#1 #2", "1-2"])
async def test_several_numbers_are_told_apart_from_a_query(bot: BotHarness, several: str) -> None:
    await bot.says("/sub diffusion\nrag")
    assert (await bot.says(f"/share {several}")).lines == [
        f"✗ “{several}” is more than one number.",
        "Say one at a time; /list shows those that are there.",
    ]
    assert len(texts(bot)) == 2


async def test_a_query_that_nobody_asked_for_is_quoted(bot: BotHarness) -> None:
    await bot.says("/sub diffusion")
    said = await bot.says("/unsub no such thing")
    assert said.lines[0] == "✗ No subscription of this chat asks for “no such thing”."


async def test_a_name_that_was_never_given_cannot_be_taken_away(bot: BotHarness) -> None:
    await bot.says("/sub diffusion")
    assert (await bot.says("/name 1 -")).text == "It has no name."


@pytest.mark.parametrize("text", ["daily " + "1" * 980, "每天" * 490, "at 1 " * 190, "every" + " day" * 240])
async def test_no_words_at_the_end_take_long_to_look_at(bot: BotHarness, text: str) -> None:
    # an algorithm with exponential time would not finish
    assert (await bot.says(f"/sub x {text} y")).text.startswith("✓ 1")


async def test_a_pause_that_ends_in_another_year_says_in_which(bot: BotHarness) -> None:
    await bot.says("/sub diffusion")
    assert (await bot.says("/pause 1 until 3 Jan")).lines[0] == "✓ 1  diffusion is paused until Sun 3 Jan 2027 00:00."
    assert (await bot.says("/list")).lines[1].endswith("paused until Sun 3 Jan 2027 00:00")
    assert "until Tue 3 Mar 00:00." in (await bot.says("/pause 1 until 3 Mar")).text
    await bot.says("/lang zh")
    assert "2027年1月3日 周日 00:00" in (await bot.says("/pause 1 until 3 Jan")).text


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("/set limit ５", "✓ 显示篇数：5 篇论文（原为：20 篇论文）"),
        ("/timezone 纽约", "✓ 时区：纽约（原为：UTC）"),
        ("/pause 1 到3月3日", "✓ 1  diffusion 暂停到 3月3日 周二 00:00。"),
        ("/export bib 7", "最近 7 天没有论文送达这里。"),
    ],
)
async def test_what_people_who_write_chinese_type_is_understood(bot: BotHarness, text: str, line: str) -> None:
    await bot.says("/sub diffusion", language="zh-hans")
    assert (await bot.says(text, language="zh-hans")).lines[0] == line


async def test_all_may_be_said_where_no_number_means_it(bot: BotHarness) -> None:
    await bot.says("/sub diffusion")
    assert (await bot.says("/pause all")).lines[0] == "✓ This chat is paused."
    assert (await bot.says("/resume all")).lines[0] == "✓ Papers come again."


async def test_the_command_may_stand_before_each_line(bot: BotHarness) -> None:
    said = await bot.says("/sub diffusion\n/sub rag now\n/ADD@paperwire_test_bot graphs\n/sub")
    assert said.lines[0] == "✓ 3 of 3 lines are subscriptions now."
    assert texts(bot) == ["diffusion", "rag", "graphs"]


async def test_another_command_among_the_lines_is_no_query(bot: BotHarness) -> None:
    said = await bot.says("/sub diffusion\n/list")
    assert said.lines[:3] == [
        "✓ 1 of 2 lines is a subscription now.",
        "/list",
        "^ This is another command. Send it by itself.",
    ]
    assert texts(bot) == ["diffusion"]


async def test_of_several_commands_the_first_is_done_and_that_is_said(bot: BotHarness) -> None:
    await bot.says("/sub diffusion\nrag")
    said = await bot.sends_request(ME, command="unsub", text="1\n/unsub 2", is_addressed=True, message_id="m")
    assert said.lines[-1] == "I did the first command only; send each by itself."
    assert texts(bot) == ["rag"]
    assert "first command only" not in (await bot.says("/help /sub")).text
    assert "first command only" not in (await bot.says("/search a\n/b")).text


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("subdiffusion", "sub"),
        ("activeall", "resume"),
        ("delete", "unsub"),
        ("version", "about"),
        ("pauseall", "pause"),
    ],
)
async def test_what_other_bots_call_it_leads_to_our_word(bot: BotHarness, typed: str, meant: str) -> None:
    assert (await bot.says(f"/{typed}")).lines == [f"✗ I do not know /{typed}.", f"Did you mean /{meant}?"]


@pytest.mark.parametrize("name", ["set", "tz", "pause", "unsub", "lang", "schedule", "connect", "help", "sub"])
@pytest.mark.parametrize("words", ["z" * 4000, "z" * 990, "@" + "z" * 4000], ids=["long", "as a query", "a name"])
async def test_long_words_are_not_said_back(bot: BotHarness, name: str, words: str) -> None:
    await bot.says("/sub diffusion")
    said = await bot.says(f"/{name} {words}")
    assert len(said.payloads) == 1
    assert len(said.text) < 1400


@pytest.mark.sentences
async def test_to_greet_the_bot_in_a_group_is_answered_as_in_private(bot: BotHarness) -> None:
    said = await bot.sends_request(GROUP, text="hello there", is_addressed=True, by="7", message_id="m")
    assert len(said.lines) == 3
    assert said.markup == (await bot.says("hello there")).markup


async def test_undo_and_redo_are_called_so_however_often(bot: BotHarness) -> None:
    await bot.says("/sub diffusion")
    said = [(await bot.presses("undo")), *[await bot.presses(label) for label in ("redo", "undo", "redo", "undo")]]
    assert [one.lines[0] for one in said] == ["✓ Undone.", "✓ Done again.", "✓ Undone.", "✓ Done again.", "✓ Undone."]
    assert [one.buttons for one in said] == [["redo"], ["undo"], ["redo"], ["undo"], ["redo"]]


@pytest.mark.parametrize(
    "written", ["@lab_papers", "lab_papers", "t.me/lab_papers", "https://t.me/lab_papers", "https://t.me/c/9000002"]
)
async def test_a_channel_is_connected_however_it_is_written(bot: BotHarness, written: str) -> None:
    place = Place(chat=address(CHANNEL), kind=ChatKind.BROADCAST, title="Lab papers", public=True)
    bot.places.update({"@lab_papers": place, "-1009000002": place})
    bot.admins[CHANNEL] = {"42"}
    said = await bot.says(f"/connect {written}")
    assert said.lines[0] == "✓ What you say here is about Lab papers from now on: /sub diffusion, /list, /set."
    assert (await bot.says("/set")).lines[0] == "Settings of Lab papers:"


async def test_answers_about_a_channel_say_its_name_once(bot: BotHarness) -> None:
    place = Place(chat=address(CHANNEL), kind=ChatKind.BROADCAST, title="papers", public=True)
    bot.places.update({"@papers": place, "-1009000002": place})
    bot.admins[CHANNEL] = {"42"}
    bot.brings("Diffusion", "Diffusions")
    await bot.says("/connect @papers")
    await bot.says("/sub diffusion")
    assert (await bot.says("/preview")).lines[0] == "papers: 2 papers in the last 7 days"
    assert (await bot.says("/privacy")).lines[0].startswith("I keep of papers: its id and title")
    assert (await bot.says("/forget")).lines[0].startswith("This erases all I know of papers: 1 subscription")


async def test_a_small_group_is_connected_by_its_number(bot: BotHarness) -> None:
    bot.places["-412345"] = Place(chat=address("telegram:-412345"), kind=ChatKind.GROUP, title="Small")
    bot.admins["telegram:-412345"] = {"42"}
    assert (await bot.says("/connect -412345")).text.startswith("✓ What you say here is about Small")


async def test_what_waits_for_a_channel_is_offered_to_who_lets_the_bot_in_again(bot: BotHarness) -> None:
    bot.admins[CHANNEL] = {"42"}
    place = Place(chat=address(CHANNEL), kind=ChatKind.BROADCAST, title="Lab papers")
    bot.places.update({"@lab_papers": place, "-1009000002": place})
    channel = {"title": "Lab papers", "kind": ChatKind.BROADCAST, "by": "42"}
    await bot.says("/start")
    await bot.receives_event("arrived", CHANNEL, **channel)
    await bot.says("/sub @lab_papers diffusion daily 13:00")
    await bot.receives_event("left", CHANNEL, **channel)
    bot.later(minutes=1)
    bot.brings("Diffusion")
    bot.later(days=1)
    answer = await bot.receives_event("arrived", CHANNEL, **channel)
    assert answer.to == ME
    assert answer.lines[:2] == ["I can write to Lab papers again.", "1 paper waits."]
    assert answer.buttons == ["send 1", "skip"]
    assert "1 paper is on its way." in (await bot.presses("send 1")).text
    (missed,) = await Deliverer(bot).deliver_due()
    assert (missed.to, "Diffusion" in missed.text) == (CHANNEL, True)


async def test_allow_takes_no_name_that_nobody_can_look_up(bot: BotHarness) -> None:
    bot.bot_info = type(bot.bot_info)(admins=(address(ME),))
    assert (await bot.says("/allow @somebody")).lines[0].startswith("✗ Say the chat by its number")
    assert (await bot.says("/allow 77")).text.startswith("✓ telegram:77 may subscribe.")


async def test_who_was_told_no_does_not_wait_any_more(bot: BotHarness) -> None:
    bot.bot_info = type(bot.bot_info)(access="ask", admins=(address(ME),))
    await bot.says("/sub diffusion", "telegram:77")
    assert (await bot.says("/list", "telegram:77")).lines[0] == "1 subscription · waits for the operator of this bot"
    await bot.says("/deny 77")
    assert (await bot.says("/list", "telegram:77")).lines[0].endswith("the operator of this bot said no")
    assert "The operator of this bot has said no to this chat." in (await bot.says("/status", "telegram:77")).text
    assert bot.chat_of("telegram:77").state == "asked"


async def test_long_queries_make_no_long_answers_but_where_they_are_asked_for(bot: BotHarness) -> None:
    words = [" ".join(f"word{number}x{place}" for place in range(80)) for number in range(12)]
    for subscription in words:
        await bot.says(f"/sub {subscription}")
        bot.later(minutes=1)
    for text in ("/list", "/pause 1", "/resume 1", "/unsub all", "/undo"):
        said = await bot.says(text)
        assert (len(said.payloads), len(said.text) < 1600) == (1, True), text
    await bot.says("/list")
    assert words[0].rpartition(" ")[2] in (await bot.presses("1")).text


async def test_a_press_too_many_is_told_over_the_button(bot: BotHarness) -> None:
    await bot.says("/sub diffusion")
    said = [await bot.presses("undo") for _ in range(22)]
    assert [one.toast for one in said[-2:]] == ["That was a lot at once. I listen again in 60 seconds."] * 2
    assert not said[-1].text


@pytest.mark.parametrize(("chat", "by"), [(GROUP, "7"), ("telegram:42", "42")], ids=["group", "private chat"])
async def test_a_topic_that_is_gone_is_not_said_to_come_back(bot: BotHarness, chat: str, by: str) -> None:
    topic, post = f"{chat}/7", Deliverer(bot)
    bot.admins[GROUP] = {"7"}
    await bot.says("/sub diffusion now", topic, by=by)
    words = "Telegram does not let the bot write to this topic: thread not found"
    post.refusals[topic.removeprefix("telegram:")] = ChatGone(words, "topic", PauseReason.TOPIC_DELETED)
    bot.later(minutes=1)
    bot.brings("Diffusion")
    bot.later(minutes=1)
    await post.deliver_due()
    await post.deliver_due()
    in_group = [
        "A topic of this chat is not there any more.",
        "What it subscribed to waits: diffusion.",
        "To have it in another topic, send /sub there.",
    ]
    in_private = ["A topic of this chat is gone; what it subscribed to comes here now: diffusion."]
    assert post.last(chat).lines == (in_group if chat == GROUP else in_private)


async def test_in_chinese_no_blank_stands_behind_a_full_stop_or_a_colon(bot: BotHarness) -> None:
    bot.admins[GROUP] = {"7"}
    bot.brings("Diffusion of light")
    said = await bot.says('/sub "diffusion', GROUP, by="7", language="zh-hans")
    assert said.lines == [
        '✓ 1  "diffusion" · 论文公布后 08:00-20:00 UTC（已补上引号。）',
        "最近 7 天有 1 篇论文。首次：论文一发布就送达。",
    ]
    await bot.says("/sub diffusion", language="zh-hans")
    await bot.says("/today", language="zh-hans")
    await Deliverer(bot).deliver_due()
    await bot.presses("⋯", language="zh-hans")
    assert "标题中：Diffusion of light" in (await bot.presses("为什么", language="zh-hans")).lines


async def test_a_paper_that_is_named_together_with_the_bot_is_shown(bot: BotHarness) -> None:
    bot.brings(paper("Diffusion of light", arxiv_id="2601.01234"))
    for text in ("https://arxiv.org/abs/2601.01234", "look at 2601.01234"):
        said = await bot.sends_request(GROUP, text=text, is_addressed=True, by="7", message_id="m")
        assert said.lines[0] == "Diffusion of light"
    assert not await bot.sends_request(GROUP, text="2601.01234", is_addressed=False, by="7", message_id="m")


async def test_where_no_page_can_be_turned_a_search_says_where_the_rest_is(bot: BotHarness) -> None:
    bot.brings(*(f"Diffusion {number}" for number in range(8)))
    bot.public.add(GROUP)
    said = await bot.says("/search diffusion", GROUP, by="7")
    assert "The first 5; in private I show all." in said.lines
    assert "in private I show all" not in (await bot.says("/search diffusion")).text
