"""Times in every command that takes them: the bot reads them, offers alternatives, or refuses them."""

import pytest

from bot.rendering.language import translator
from subscriptions.query.parse import parse_query
from tests.bot_harness import BotHarness
from tests.conversation.deliverer import subscriptions_of
from tests.conversation.slack_harness import CHANNEL, SlackHarness

ME, GROUP = "telegram:42", "telegram:-1001"


def subscriptions(bot: BotHarness | SlackHarness, chat: str = ME) -> list[str]:
    """Returns each subscription as "WHEN ZONE | QUERY". The zone is left out if it is the chat's zone."""
    found = subscriptions_of(bot, chat)
    return [f"{one.cadence} {one.zone or ''}".rstrip() + f" | {one.text}" for one in found]


@pytest.mark.parametrize(
    ("typed", "head", "subscription"),
    [
        ("diffusion every monday at 10", "✓ 1  diffusion · weekly mon 10:00 UTC", "weekly mon 10:00 | diffusion"),
        ("diffusion mon-fri 9", "✓ 1  diffusion · weekdays 09:00 UTC", "weekdays 09:00 | diffusion"),
        (
            "diffusion daily at 9am Berlin",
            "✓ 1  diffusion · daily 09:00 Europe/Berlin",
            "daily 09:00 Europe/Berlin | diffusion",
        ),
        ("扩散 每天早上8点", "✓ 1  扩散 · daily 08:00 UTC", "daily 08:00 | 扩散"),
        ("扩散模型，每周五下午3点", "✓ 1  扩散模型 · weekly fri 15:00 UTC", "weekly fri 15:00 | 扩散模型"),
        ("扩散 每天8点 北京时间", "✓ 1  扩散 · daily 08:00 Asia/Shanghai", "daily 08:00 Asia/Shanghai | 扩散"),
        ('"diffusion daily"', '✓ 1  "diffusion daily" · when-out', 'when-out 08:00-20:00 | "diffusion daily"'),
        ("attention at scale", "✓ 1  attention at scale", "when-out 08:00-20:00 | attention at scale"),
        ("daily at 9 UTC rag", "✓ 1  daily at 9 UTC rag", "when-out 08:00-20:00 | daily at 9 UTC rag"),
    ],
)
async def test_the_time_behind_a_query_is_read_and_shown(
    bot: BotHarness, typed: str, head: str, subscription: str
) -> None:
    assert (await bot.says(f"/sub {typed}")).lines[0].startswith(head)
    assert subscriptions(bot) == [subscription]


async def test_the_first_time_is_told_by_the_clock_that_was_said(bot: BotHarness) -> None:
    said = await bot.says("/sub diffusion daily 9 Tokyo")  # at noon UTC, it is nine in the evening in Tokyo
    assert any(line.startswith("First: Fri 23 Jan 09:00.") for line in said.lines)
    assert said.lines[-1] == "All other times are those of UTC. Which clock is yours?"


async def test_what_may_be_words_is_a_time_and_words_by_one_press(bot: BotHarness) -> None:
    said = await bot.says("/sub time series daily")
    assert said.lines[:2] == [
        "✓ 1  time series · daily 09:00 UTC",
        "(I read “daily” as the time; in quotes it is words.)",
    ]
    words = await bot.presses("as words")
    assert words.replaces
    assert words.lines[0] == '✓ 1  time series "daily" · when-out 08:00-20:00 UTC'
    assert subscriptions(bot) == ['when-out 08:00-20:00 | time series "daily"']
    await bot.presses("undo")
    assert subscriptions(bot) == ["daily 09:00 | time series"]


async def test_a_press_comes_too_late_for_what_is_gone(bot: BotHarness) -> None:
    await bot.says("/sub time series daily")
    await bot.says("/unsub 1")
    assert "is gone" in (await bot.presses("as words")).toast
    await bot.says("/sub diffusion daily")
    await bot.says("/undo")
    assert (await bot.presses("as words")).toast == "That is undone already."
    assert subscriptions(bot) == []


async def test_what_was_there_already_keeps_its_time_when_words_were_meant(bot: BotHarness) -> None:
    await bot.says("/sub time series every friday at 7")
    assert "its schedule is changed" in (await bot.says("/sub time series daily")).text
    await bot.presses("as words")
    assert subscriptions(bot) == ["weekly fri 07:00 | time series", 'when-out 08:00-20:00 | time series "daily"']
    await bot.presses("undo")
    assert subscriptions(bot) == ["daily 09:00 | time series"]


async def test_the_other_reading_is_offered_in_chinese(bot: BotHarness) -> None:
    await bot.says("/lang zh")
    said = await bot.says("/sub 时间序列 每天")
    assert said.lines[:2] == ["✓ 1  时间序列 · 每天 09:00 UTC", "（“每天”读作时间；加引号则是词语。）"]
    await bot.presses("作为词语")
    assert subscriptions(bot) == ['when-out 08:00-20:00 | 时间序列 "每天"']


async def test_in_a_group_it_stays_two_lines(bot: BotHarness) -> None:
    bot.admins[GROUP] = {"7"}
    said = await bot.says("/sub time series daily", GROUP, by="7")
    assert said.lines[0].endswith("(I read “daily” as the time; in quotes it is words.)")
    assert len(said.lines) == 2
    await bot.presses("as words", GROUP, by="7")
    assert subscriptions(bot, GROUP) == ['when-out 08:00-20:00 | time series "daily"']


async def test_a_public_group_gets_no_button_but_the_words(bot: BotHarness) -> None:
    bot.admins[GROUP], bot.public = {"7"}, {GROUP}
    said = await bot.says("/sub time series daily", GROUP, by="7")
    assert said.buttons == []
    assert "in quotes it is words" in said.text


@pytest.mark.parametrize(
    ("typed", "refused", "nearest", "subscription"),
    [
        ("diffusion hourly", "hourly", "now", "now | diffusion"),
        ("diffusion twice a day", "twice a day", "daily 09:00", "daily 09:00 | diffusion"),
        ("diffusion monthly", "monthly", "weekly mon 09:00", "weekly mon 09:00 | diffusion"),
        ("diffusion every 2nd day at 8", "every 2nd day at 8", "daily 08:00", "daily 08:00 | diffusion"),
        ("diffusion every monday 25:00", "every monday 25:00", "weekly mon 09:00", "weekly mon 09:00 | diffusion"),
        ("扩散 每小时", "每小时", "now", "now | 扩散"),
        ("扩散 每两天 早上8点", "每两天 早上8点", "daily 08:00", "daily 08:00 | 扩散"),
    ],
)
async def test_a_time_that_there_is_not_is_refused_and_the_nearest_is_a_button(
    bot: BotHarness, typed: str, refused: str, nearest: str, subscription: str
) -> None:
    said = await bot.says(f"/sub {typed}")
    assert said.lines == [f"✗ “{refused}” is not a schedule.", f"The nearest is: {nearest}."]
    assert said.buttons == [nearest, "as words"]
    assert subscriptions(bot) == []
    assert (await bot.presses(nearest)).text.startswith("✓ 1")
    assert subscriptions(bot) == [subscription]


@pytest.mark.parametrize("typed", ["daily 9 diffusion", "/sub daily 9 diffusion", "/preview daily 9 diffusion"])
async def test_a_time_before_the_query_is_words_and_the_answer_says_where_it_is_one(
    bot: BotHarness, typed: str
) -> None:
    said = await bot.says(typed)
    assert "daily 9 diffusion" in said.text
    assert "(A time counts only at the end: diffusion daily 9)" in said.lines
    ahead = await bot.says("/sub 每天8点 扩散", "telegram:43", language="zh-hans")
    assert "（时间写在末尾才算时间：扩散 每天8点）" in ahead.lines


@pytest.mark.parametrize("typed", ["every day at 8", "daily", "每天8点", "13:00"])
@pytest.mark.sentences
async def test_a_time_that_is_said_alone_is_no_query(bot: BotHarness, typed: str) -> None:
    said, say = await bot.says(typed), translator("en" if typed.isascii() else "zh")
    assert said.lines == [
        f"✗ {say('That is a time. Say what papers should contain, too.')}",
        say("For example: {example}").format(example=f"/sub diffusion {typed}"),
    ]
    assert said.buttons == [say("as words")]
    assert (await bot.presses(say("as words"))).buttons == [say("subscribe")]
    await bot.says("/sub diffusion")
    await bot.says("London")
    assert (await bot.says(typed)).lines[0].startswith(("✓ Schedule of 1: daily ", "✓ 订阅 1 的时间安排：每天 "))
    assert (await bot.says(f"/schedule {typed}")).text.startswith("✓")
    assert len((await bot.says("hourly")).lines) == 2


@pytest.mark.parametrize(
    ("typed", "nearest", "subscription"),
    [
        ("/sub 扩散 每小时", "立即", "now | 扩散"),
        ("每小时给我发扩散的论文", "立即", "now | 扩散"),
        ("/sub 扩散 每两天", "每天 09:00", "daily 09:00 | 扩散"),
        ("每月给我发扩散的论文", "每周一 09:00", "weekly mon 09:00 | 扩散"),
    ],
)
@pytest.mark.sentences
async def test_in_chinese_the_nearest_time_is_named_as_it_is_typed_there(
    bot: BotHarness, typed: str, nearest: str, subscription: str
) -> None:
    said = await bot.says(typed, language="zh-hans")
    assert said.lines[1] == f"最接近的是：{nearest}。"
    assert said.buttons[0] == nearest
    assert subscriptions(bot) == []
    await bot.presses(nearest, language="zh-hans")
    assert subscriptions(bot) == [subscription]


async def test_words_that_look_like_no_time_that_there_is_are_words_by_one_press(bot: BotHarness) -> None:
    await bot.says("/sub precipitation monthly")
    assert (await bot.presses("as words")).lines[0].startswith('✓ 1  precipitation "monthly" · when-out')
    assert subscriptions(bot) == ['when-out 08:00-20:00 | precipitation "monthly"']


async def test_a_place_that_nobody_knows_is_asked_back_and_never_searched_for(bot: BotHarness) -> None:
    said = await bot.says("/sub diffusion daily at 9am Shangai")
    assert said.lines == ["✗ “Shangai” is no place whose clock I know.", "Did you mean Shanghai?"]
    assert said.buttons == ["daily 09:00 Asia/Shanghai", "as words"]
    await bot.presses("daily 09:00 Asia/Shanghai")
    assert subscriptions(bot) == ["daily 09:00 Asia/Shanghai | diffusion"]
    gotham = await bot.says("/sub rag 9am Gotham")
    assert gotham.buttons == ["daily 09:00", "as words"]


@pytest.mark.parametrize("typed", ["daily at 9", "every monday", "每天8点", "hourly"])
async def test_a_time_alone_is_no_query(bot: BotHarness, typed: str) -> None:
    said = await bot.says(f"/sub {typed}")
    assert said.lines[0] == "✗ That is a time. Say what papers should contain, too."
    assert subscriptions(bot) == []


async def test_each_line_of_many_has_its_own_time(bot: BotHarness) -> None:
    said = await bot.says("/sub diffusion daily\nrag hourly\n扩散 每周一")
    assert said.lines[0] == "✓ 2 of 3 lines are subscriptions now."
    assert subscriptions(bot) == ["daily 09:00 | diffusion", "weekly mon 09:00 | 扩散"]
    assert "“hourly” is not a schedule." in said.text


async def test_an_edited_sub_is_read_anew(bot: BotHarness) -> None:
    await bot.says("/sub diffusion daily at 9", message_id="m9")
    await bot.says("/sub diffusion every friday at 8", message_id="m9", is_edit=True)
    assert subscriptions(bot) == ["weekly fri 08:00 | diffusion"]


async def test_words_alone_show_their_time_and_keep_it(bot: BotHarness) -> None:
    bot.brings("Diffusion on graphs")
    said = await bot.says("diffusion every monday at 10")
    assert "diffusion · weekly mon 10:00" in said.lines
    await bot.presses("subscribe")
    assert subscriptions(bot) == ["weekly mon 10:00 | diffusion"]


async def test_words_alone_offer_the_other_reading(bot: BotHarness) -> None:
    bot.brings("A daily time series")
    said = await bot.says("time series daily")
    assert "(I read “daily” as the time; in quotes it is words.)" in said.lines
    assert 'time series "daily"' in (await bot.presses("as words")).text
    await bot.presses("subscribe")
    assert subscriptions(bot) == ['when-out 08:00-20:00 | time series "daily"']


@pytest.mark.parametrize("command", ["", "/preview "])
async def test_words_alone_with_a_time_that_there_is_not(bot: BotHarness, command: str) -> None:
    bot.brings("Diffusion on graphs")
    said = await bot.says(f"{command}diffusion hourly")
    assert said.lines[0] == "✗ “hourly” is not a schedule."
    await bot.presses("now")
    assert subscriptions(bot) == ["now | diffusion"]


async def test_edit_reads_the_time_and_a_time_alone_changes_only_it(bot: BotHarness) -> None:
    await bot.says("/sub diffusion daily 9 Berlin")
    await bot.says("/edit 1 graph neural networks every monday at 10")
    assert subscriptions(bot) == ["weekly mon 10:00 Europe/Berlin | graph neural networks"]
    assert (await bot.says("/edit 1 每天8点")).lines[0] == "✓ Schedule of 1: daily 08:00 Europe/Berlin"
    assert subscriptions(bot) == ["daily 08:00 Europe/Berlin | graph neural networks"]


async def test_a_time_behind_the_words_of_a_subscription_is_not_lost(bot: BotHarness) -> None:
    await bot.says("/sub graph daily 9")
    await bot.says("London")
    said = await bot.says("graph at 8")
    assert said.lines[1:3] == ["This is subscription 1: graph", "graph · daily 08:00"]
    assert "its schedule is changed" in (await bot.presses("subscribe")).text
    assert subscriptions(bot) == ["daily 08:00 | graph"]
    said = await bot.says("1 at 7")
    assert said.lines[1:] == ["This is subscription 1: graph", "To change its schedule: /schedule 1 at 7"]
    assert "subscribe" not in said.buttons
    assert "subscribe" not in (await bot.says("graph")).buttons


@pytest.mark.parametrize("typed", ["1 monthly", "#1 monthly", "/preview 1 monthly"])
async def test_the_nearest_time_behind_a_number_is_for_that_subscription(bot: BotHarness, typed: str) -> None:
    await bot.says("/sub graph daily 9")
    await bot.says("London")
    said = await bot.says(typed)
    assert (said.lines[-1], said.buttons) == ("This is subscription 1: graph", ["weekly mon 09:00"])
    assert (await bot.presses("weekly mon 09:00")).lines[0] == "✓ Schedule of 1: weekly mon 09:00"
    assert subscriptions(bot) == ["weekly mon 09:00 | graph"]
    # there is no subscription 2, so the bot reads this as words
    assert (await bot.says("2 monthly")).buttons == ["weekly mon 09:00", "as words"]


@pytest.mark.parametrize("behind", ["please", "thanks!!", "🙏", "👍🏽 ", "please ❤️"])
async def test_thanks_and_emoji_behind_a_time_are_no_words(bot: BotHarness, behind: str) -> None:
    assert (await bot.says(f"/sub graph daily 9 {behind}")).lines[0].startswith("✓ 1  graph · daily 09:00 UTC")


async def test_the_schedule_of_one_is_told_by_its_own_clock(bot: BotHarness) -> None:
    await bot.says("/sub diffusion")
    await bot.says("London")
    said = await bot.says("/schedule 1 weekdays 8:30 Tokyo")
    assert said.lines == ["✓ Schedule of 1: weekdays 08:30 Asia/Tokyo", "Next: Fri 23 Jan 08:30."]
    assert (await bot.says("/schedule 1")).lines[0] == "1 comes: weekdays 08:30 Asia/Tokyo"


@pytest.mark.parametrize(
    ("said", "line", "left"),
    [
        ("change 1 to weekly", "✓ Schedule of 1: weekly mon 09:00", ["weekly mon 09:00 | graph", "daily 07:00 | rag"]),
        (
            "/schedule 1 to weekly",
            "✓ Schedule of 1: weekly mon 09:00",
            ["weekly mon 09:00 | graph", "daily 07:00 | rag"],
        ),
        ("把2改成每天8点", "✓ 订阅 2 的时间安排：每天 08:00", ["daily 09:00 | graph", "daily 08:00 | rag"]),
        (
            "send everything at 6pm instead",
            "✓ Schedule of 1: daily 18:00",
            ["daily 18:00 | graph", "daily 18:00 | rag"],
        ),
        ("change 3 to weekly", "✗ This chat has no subscription 3.", ["daily 09:00 | graph", "daily 07:00 | rag"]),
        ("change 1 to trees", "✓ 1  trees · daily 09:00 UTC", ["daily 09:00 | trees", "daily 07:00 | rag"]),
    ],
)
@pytest.mark.sentences
async def test_a_change_needs_no_slash_even_where_a_question_waits(
    bot: BotHarness, said: str, line: str, left: list[str]
) -> None:
    await bot.says("/sub graph daily 9")
    await bot.says("/sub rag daily 7")  # after this, the bot asks for the time zone
    assert (await bot.says(said)).lines[0] == line
    assert subscriptions(bot) == left


async def test_an_edit_can_be_meant_in_words(bot: BotHarness) -> None:
    await bot.says("/sub diffusion at 7")
    await bot.says("/edit 1 time series daily")
    assert subscriptions(bot) == ["daily 09:00 | time series"]
    await bot.presses("as words")
    assert subscriptions(bot) == ['daily 07:00 | time series "daily"']


async def test_an_edit_with_a_time_that_there_is_not(bot: BotHarness) -> None:
    await bot.says("/sub diffusion at 7")
    said = await bot.says("/edit 1 rag monthly")
    assert said.buttons == ["weekly mon 09:00", "as words"]
    assert subscriptions(bot) == ["daily 07:00 | diffusion"]
    await bot.presses("weekly mon 09:00")
    assert subscriptions(bot) == ["weekly mon 09:00 | rag"]
    await bot.says("/edit 1 rag monthly")
    await bot.presses("as words")
    assert subscriptions(bot) == ['weekly mon 09:00 | rag "monthly"']


@pytest.mark.parametrize(
    ("typed", "subscription"),
    [
        ("1 every monday at 10", "weekly mon 10:00 | diffusion"),
        ("1 9", "daily 09:00 | diffusion"),
        ("1 noon", "daily 12:00 | diffusion"),
        ("1 每周五下午3点", "weekly fri 15:00 | diffusion"),
        ("1 8am in New York", "daily 08:00 America/New_York | diffusion"),
        ("1 8am UTC", "daily 08:00 UTC | diffusion"),
        ("every weekday at 9", "weekdays 09:00 | diffusion"),
        ("工作日 9点半", "weekdays 09:30 | diffusion"),
        ("8", "daily 08:00 | diffusion"),
    ],
)
async def test_schedule_reads_every_time(bot: BotHarness, typed: str, subscription: str) -> None:
    await bot.says("/sub diffusion")
    if typed == "8":  # the bot reads it as the number of a subscription, and there is no subscription 8
        assert not (await bot.says("/schedule 8")).text.startswith("✓")
        typed = "at 8"
    assert (await bot.says(f"/schedule {typed}")).text.startswith("✓")
    assert subscriptions(bot) == [subscription]


async def test_schedule_offers_the_nearest(bot: BotHarness) -> None:
    await bot.says("/sub diffusion\nrag")
    assert (await bot.says("/schedule 2 twice a day")).buttons == ["daily 09:00"]
    await bot.presses("daily 09:00")
    assert subscriptions(bot) == ["when-out 08:00-20:00 | diffusion", "daily 09:00 | rag"]
    await bot.says("/schedule 每月")
    await bot.presses("weekly mon 09:00")
    assert subscriptions(bot) == ["weekly mon 09:00 | diffusion", "weekly mon 09:00 | rag"]


async def test_the_schedule_of_all_takes_no_place(bot: BotHarness) -> None:
    await bot.says("/sub diffusion")
    said = await bot.says("/schedule every day at 9 Berlin")
    assert said.lines == [
        "✗ The schedule of a chat goes by the chat's clock, so it takes no place.",
        "Set the clock by itself: timezone Europe/Berlin.",
    ]
    assert subscriptions(bot) == ["when-out 08:00-20:00 | diffusion"]


async def test_the_settings_read_times_too(bot: BotHarness) -> None:
    await bot.says("/sub diffusion")
    assert (await bot.says("/set schedule every day at 8am")).text.startswith("✓ Schedule: every day 08:00")
    assert (await bot.says("/set schedule 每周一9点")).text.startswith("✓ Schedule: every Monday 09:00")
    assert (await bot.says("/set schedule hourly")).buttons == ["now"]
    await bot.presses("now")
    assert bot.chat_of(ME).settings.schedule == "now"
    for typed, stored in (
        ("10pm to 7am", "22:00-07:00"),
        ("晚上11点到早上6点", "23:00-06:00"),
        ("21-8.30", "21:00-08:30"),
    ):
        await bot.says(f"/set quiet {typed}")
        assert bot.chat_of(ME).settings.quiet == stored


async def test_daily_alone_is_at_the_time_of_the_chat(bot: BotHarness) -> None:
    await bot.says("/sub diffusion")
    await bot.says("/set schedule weekdays 7:30")
    for typed, subscription in (("rag daily", "daily 07:30 | rag"), ("扩散 每周一", "weekly mon 07:30 | 扩散")):
        await bot.says(f"/sub {typed}")
        assert subscriptions(bot)[-1] == subscription


@pytest.mark.parametrize(
    ("typed", "until"),
    [
        ("until noon", "Fri 23 Jan 12:00"),
        ("until monday 9", "Mon 26 Jan 09:00"),
        ("1 until tomorrow 8 in the evening", "Fri 23 Jan 20:00"),
        ("到周一早上9点", "Mon 26 Jan 09:00"),
    ],
)
async def test_pause_reads_times_of_day(bot: BotHarness, typed: str, until: str) -> None:
    await bot.says("/sub diffusion")
    assert f"paused until {until}" in (await bot.says(f"/pause {typed}")).text


async def test_import_reads_times_as_people_write_them(bot: BotHarness) -> None:
    await bot.says("/sub rag")
    lines = "every monday at 10 Berlin | diffusion | \n每天早上8点 北京时间 | 扩散 | K\nnow | graphs | "
    await bot.says(f"/import {lines}")
    await bot.presses("import")
    assert subscriptions(bot)[1:] == [
        "weekly mon 10:00 Europe/Berlin | diffusion",
        "daily 08:00 Asia/Shanghai | 扩散",
        "now | graphs",
    ]
    assert (
        "“hourly UTC” is not a schedule. It says: “hourly UTC | cloud |”.\nThe nearest is: now."
        in (await bot.says("/import hourly UTC | cloud | ")).text
    )


async def test_a_form_refuses_a_time_within_the_query(slack: SlackHarness) -> None:
    form = await slack.opens_form("sub")
    answer = await form.sends(query="diffusion daily at 9", when="weekdays", clock="08:00")
    assert answer.stored_reply
    problem = answer.stored_reply.problems["query"]
    assert "“daily at 9” looks like a time." in problem
    await (await slack.opens_form("sub")).sends(query='diffusion daily at "9"', when="weekdays", clock="08:00")
    assert subscriptions(slack, CHANNEL) == ['weekdays 08:00 | diffusion daily at "9"']


@pytest.mark.parametrize(
    ("command", "typed", "nearest", "as_words"),
    [
        ("/sub ", "hourly owls", "now", '"hourly" owls'),
        ("/sub ", "twice a day: owls", "daily 09:00", '"twice a day" owls'),
        ("/sub ", "every 3 days owls at sea", "daily 09:00", '"every 3 days" owls at sea'),
        ("/sub ", "monthly owls -survey", "weekly mon 09:00", '"monthly" owls -survey'),
        ("/sub ", "每两小时 猫头鹰", "now", '"每两小时" 猫头鹰'),
        ("/edit 1 ", "hourly owls", "now", '"hourly" owls'),
        ("subscribe to ", "hourly owls", "now", '"hourly" owls'),
    ],
)
@pytest.mark.sentences
async def test_a_schedule_that_does_not_exist_is_refused_at_the_beginning_too(
    bot: BotHarness, command: str, typed: str, nearest: str, as_words: str
) -> None:
    await bot.says("/sub trees daily 9")
    await bot.says("/lang en")
    said = await bot.says(f"{command}{typed}")
    assert (said.buttons[0], said.lines[0].endswith("is not a schedule.")) == (nearest, True)
    assert len(subscriptions_of(bot)) == 1
    await bot.presses("as words")
    assert as_words in [one.text for one in subscriptions_of(bot)]


@pytest.mark.parametrize("typed", ["hourly load forecasting", "monthly rainfall"])
async def test_a_topic_that_begins_like_a_schedule_is_searched_and_subscribed_to_as_words(
    bot: BotHarness, typed: str
) -> None:
    assert typed in (await bot.says(typed)).lines
    await bot.presses("subscribe")
    assert [parse_query(one.text).canonical for one in subscriptions_of(bot)] == [parse_query(typed).canonical]


@pytest.mark.parametrize("typed", ["today show", "tomorrow never dies", "weekly supervision", '"hourly" owls'])
async def test_other_words_at_the_beginning_are_words(bot: BotHarness, typed: str) -> None:
    await bot.says(f"/sub {typed}")
    assert [one.text for one in subscriptions_of(bot)] == [typed]
