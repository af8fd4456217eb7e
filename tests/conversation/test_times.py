"""Times wherever people write them: what is read, what is offered instead, and what is refused with the nearest."""

import pytest

from subscriptions.planning.cadence import cadence_text
from subscriptions.service.subscriptions import get_chat, listed
from tests.conversation.desk import CHANNEL, SlackHarness
from tests.make import address, ingested, paper
from tests.talking import BotHarness

ME, GROUP = "telegram:42", "telegram:-1001"


def wishes(talk: BotHarness | SlackHarness, chat: str = ME) -> list[str]:
    """Each subscription as "WHEN ZONE | QUERY", without a zone where it follows the chat's."""
    found = [one.subscription for one in listed(talk.store, address(chat))]
    return [f"{cadence_text(one.cadence)} {one.zone or ''}".rstrip() + f" | {one.text}" for one in found]


# ----------------------------------------------------------------------------------------------------------------- sub


@pytest.mark.parametrize(
    ("typed", "head", "wish"),
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
        ("attention at scale", "✓ 1  attention AND at AND scale", "when-out 08:00-20:00 | attention at scale"),
        ("daily at 9 UTC rag", "✓ 1  daily AND at AND 9 AND UTC AND rag", "when-out 08:00-20:00 | daily at 9 UTC rag"),
    ],
)
async def test_the_time_behind_a_query_is_read_and_shown(talk: BotHarness, typed: str, head: str, wish: str) -> None:
    assert (await talk.says(f"/sub {typed}")).lines[0].startswith(head)
    assert wishes(talk) == [wish]


async def test_the_first_time_is_told_by_the_clock_that_was_said(talk: BotHarness) -> None:
    said = await talk.says("/sub diffusion daily 9 Tokyo")  # at noon UTC it is nine in the evening there
    assert any(line.startswith("First: Fri 23 Jan 09:00.") for line in said.lines)
    assert said.lines[-1] == "All other times are those of UTC. Which clock is yours?"


async def test_what_may_be_words_is_a_time_and_words_by_one_press(talk: BotHarness) -> None:
    said = await talk.says("/sub time series daily")
    assert said.lines[:2] == [
        "✓ 1  time AND series · daily 09:00 UTC",
        "(I read “daily” as the time; in quotes it is words.)",
    ]
    words = await talk.presses("as words")
    assert words.replaces
    assert words.lines[0] == '✓ 1  time AND series AND "daily" · when-out 08:00-20:00 UTC'
    assert wishes(talk) == ['when-out 08:00-20:00 | time series "daily"']
    await talk.presses("undo")
    assert wishes(talk) == ["daily 09:00 | time series"]


async def test_a_press_comes_too_late_for_what_is_gone(talk: BotHarness) -> None:
    await talk.says("/sub time series daily")
    await talk.says("/unsub 1")
    assert "is gone" in (await talk.presses("as words")).toast
    await talk.says("/sub diffusion daily")
    await talk.says("/undo")
    assert (await talk.presses("as words")).toast == "That is undone already."
    assert wishes(talk) == []


async def test_what_was_there_already_keeps_its_time_when_words_were_meant(talk: BotHarness) -> None:
    await talk.says("/sub time series every friday at 7")
    assert "its schedule is changed" in (await talk.says("/sub time series daily")).text
    await talk.presses("as words")
    assert wishes(talk) == ["weekly fri 07:00 | time series", 'when-out 08:00-20:00 | time series "daily"']
    await talk.presses("undo")
    assert wishes(talk) == ["daily 09:00 | time series"]


async def test_the_other_reading_is_offered_in_chinese(talk: BotHarness) -> None:
    await talk.says("/lang zh")
    said = await talk.says("/sub 时间序列 每天")
    assert said.lines[:2] == ["✓ 1  时间序列 · 每天 09:00 UTC", "（“每天”读作时间；加引号则是词语。）"]
    await talk.presses("作为词语")
    assert wishes(talk) == ['when-out 08:00-20:00 | 时间序列 "每天"']


async def test_in_a_group_it_stays_two_lines(talk: BotHarness) -> None:
    talk.admins[GROUP] = {"7"}
    said = await talk.says("/sub time series daily", GROUP, by="7")
    assert said.lines[0].endswith("(I read “daily” as the time; in quotes it is words.)")
    assert len(said.lines) == 2
    await talk.presses("as words", GROUP, by="7")
    assert wishes(talk, GROUP) == ['when-out 08:00-20:00 | time series "daily"']


async def test_a_public_group_gets_no_button_but_the_words(talk: BotHarness) -> None:
    talk.admins[GROUP], talk.public = {"7"}, {GROUP}
    said = await talk.says("/sub time series daily", GROUP, by="7")
    assert said.buttons == []
    assert "in quotes it is words" in said.text


@pytest.mark.parametrize(
    ("typed", "refused", "nearest", "wish"),
    [
        ("diffusion hourly", "hourly", "now", "now | diffusion"),
        ("diffusion twice a day", "twice a day", "daily 09:00", "daily 09:00 | diffusion"),
        ("diffusion monthly", "monthly", "weekly mon 09:00", "weekly mon 09:00 | diffusion"),
        ("diffusion mon, wed at 8", "mon, wed at 8", "weekdays 08:00", "weekdays 08:00 | diffusion"),
        ("diffusion every monday 25:00", "every monday 25:00", "weekly mon 09:00", "weekly mon 09:00 | diffusion"),
        ("扩散 每小时", "每小时", "now", "now | 扩散"),
        ("扩散 每两天 早上8点", "每两天 早上8点", "daily 08:00", "daily 08:00 | 扩散"),
    ],
)
async def test_a_time_that_there_is_not_is_refused_and_the_nearest_is_a_button(
    talk: BotHarness, typed: str, refused: str, nearest: str, wish: str
) -> None:
    said = await talk.says(f"/sub {typed}")
    assert said.lines == [f"✗ “{refused}” is not a schedule.", f"The nearest is: {nearest}."]
    assert said.buttons == [nearest, "as words"]
    assert listed_or_none(talk) == []
    assert (await talk.presses(nearest)).text.startswith("✓ 1")
    assert wishes(talk) == [wish]


@pytest.mark.parametrize("typed", ["every day at 8", "daily", "每天8点", "13:00"])
async def test_a_time_that_is_said_alone_is_no_query(talk: BotHarness, typed: str) -> None:
    said = await talk.says(typed)
    assert said.lines == [
        "✗ That is a time. Say also what papers should hold.",
        f"For example: /sub diffusion {typed}",
    ]
    assert said.buttons == ["as words"]
    assert (await talk.presses("as words")).buttons == ["subscribe"]
    await talk.says("/sub diffusion")
    await talk.says("London")
    assert (await talk.says(typed)).lines[2] == f"For all subscriptions: /schedule {typed}"
    assert (await talk.says(f"/schedule {typed}")).text.startswith("✓")
    assert len((await talk.says("hourly")).lines) == 2


@pytest.mark.parametrize(
    ("typed", "nearest", "wish"),
    [
        ("/sub 扩散 每小时", "立即", "now | 扩散"),
        ("每小时给我发扩散的论文", "立即", "now | 扩散"),
        ("/sub 扩散 每两天", "每天 09:00", "daily 09:00 | 扩散"),
        ("每月给我发扩散的论文", "每周一 09:00", "weekly mon 09:00 | 扩散"),
    ],
)
async def test_in_chinese_the_nearest_time_is_named_as_it_is_typed_there(
    talk: BotHarness, typed: str, nearest: str, wish: str
) -> None:
    said = await talk.says(typed, language="zh-hans")
    assert said.lines[1] == f"最接近的是：{nearest}。"
    assert said.buttons[0] == nearest
    assert listed_or_none(talk) == []
    await talk.presses(nearest, language="zh-hans")
    assert wishes(talk) == [wish]


async def test_words_that_look_like_no_time_that_there_is_are_words_by_one_press(talk: BotHarness) -> None:
    await talk.says("/sub precipitation monthly")
    assert (await talk.presses("as words")).lines[0].startswith('✓ 1  precipitation AND "monthly" · when-out')
    assert wishes(talk) == ['when-out 08:00-20:00 | precipitation "monthly"']


async def test_a_place_that_nobody_knows_is_asked_back_and_never_searched_for(talk: BotHarness) -> None:
    said = await talk.says("/sub diffusion daily at 9am Shangai")
    assert said.lines == ["✗ “Shangai” is no place whose clock I know.", "Did you mean Shanghai?"]
    assert said.buttons == ["daily 09:00 Asia/Shanghai", "as words"]
    await talk.presses("daily 09:00 Asia/Shanghai")
    assert wishes(talk) == ["daily 09:00 Asia/Shanghai | diffusion"]
    gotham = await talk.says("/sub rag 9am Gotham")
    assert gotham.buttons == ["daily 09:00", "as words"]


@pytest.mark.parametrize("typed", ["daily at 9", "every monday", "每天8点", "hourly"])
async def test_a_time_alone_is_no_query(talk: BotHarness, typed: str) -> None:
    said = await talk.says(f"/sub {typed}")
    assert said.lines[0] == "✗ That is a time. Say also what papers should hold."
    assert listed_or_none(talk) == []


async def test_each_line_of_many_has_its_own_time(talk: BotHarness) -> None:
    said = await talk.says("/sub diffusion daily\nrag hourly\n扩散 每周一")
    assert said.lines[0] == "✓ 2 of 3 lines are subscriptions now."
    assert wishes(talk) == ["daily 09:00 | diffusion", "weekly mon 09:00 | 扩散"]
    assert "“hourly” is not a schedule." in said.text


async def test_an_edited_sub_is_read_anew(talk: BotHarness) -> None:
    await talk.says("/sub diffusion daily at 9", message_id="m9")
    await talk.says("/sub diffusion every friday at 8", message_id="m9", is_edit=True)
    assert wishes(talk) == ["weekly fri 08:00 | diffusion"]


def listed_or_none(talk: BotHarness) -> list[str]:
    from subscriptions.errors import NotFound  # noqa: PLC0415

    try:
        return wishes(talk)
    except NotFound:
        return []


# ------------------------------------------------------------------------------------------------- words without a command


async def test_words_alone_show_their_time_and_keep_it(talk: BotHarness) -> None:
    ingested(talk.store, paper("Diffusion on graphs"), now=talk.clock.now())
    said = await talk.says("diffusion every monday at 10")
    assert "diffusion · weekly mon 10:00" in said.lines
    await talk.presses("subscribe")
    assert wishes(talk) == ["weekly mon 10:00 | diffusion"]


async def test_words_alone_offer_the_other_reading(talk: BotHarness) -> None:
    ingested(talk.store, paper("A daily time series"), now=talk.clock.now())
    said = await talk.says("time series daily")
    assert "(I read “daily” as the time; in quotes it is words.)" in said.lines
    assert 'time AND series AND "daily"' in (await talk.presses("as words")).text
    await talk.presses("subscribe")
    assert wishes(talk) == ['when-out 08:00-20:00 | time series "daily"']


@pytest.mark.parametrize("command", ["", "/preview "])
async def test_words_alone_with_a_time_that_there_is_not(talk: BotHarness, command: str) -> None:
    ingested(talk.store, paper("Diffusion on graphs"), now=talk.clock.now())
    said = await talk.says(f"{command}diffusion hourly")
    assert said.lines[0] == "✗ “hourly” is not a schedule."
    await talk.presses("now")
    assert wishes(talk) == ["now | diffusion"]


# ---------------------------------------------------------------------------------------------- edit, schedule, settings


async def test_edit_reads_the_time_and_a_time_alone_changes_only_it(talk: BotHarness) -> None:
    await talk.says("/sub diffusion daily 9 Berlin")
    await talk.says("/edit 1 graph neural networks every monday at 10")
    assert wishes(talk) == ["weekly mon 10:00 Europe/Berlin | graph neural networks"]
    assert (await talk.says("/edit 1 每天8点")).lines[0] == "✓ Schedule of 1: daily 08:00 Europe/Berlin"
    assert wishes(talk) == ["daily 08:00 Europe/Berlin | graph neural networks"]


async def test_an_edit_can_be_meant_in_words(talk: BotHarness) -> None:
    await talk.says("/sub diffusion at 7")
    await talk.says("/edit 1 time series daily")
    assert wishes(talk) == ["daily 09:00 | time series"]
    await talk.presses("as words")
    assert wishes(talk) == ['daily 07:00 | time series "daily"']


async def test_an_edit_with_a_time_that_there_is_not(talk: BotHarness) -> None:
    await talk.says("/sub diffusion at 7")
    said = await talk.says("/edit 1 rag monthly")
    assert said.buttons == ["weekly mon 09:00", "as words"]
    assert wishes(talk) == ["daily 07:00 | diffusion"]
    await talk.presses("weekly mon 09:00")
    assert wishes(talk) == ["weekly mon 09:00 | rag"]
    await talk.says("/edit 1 rag monthly")
    await talk.presses("as words")
    assert wishes(talk) == ['weekly mon 09:00 | rag "monthly"']


@pytest.mark.parametrize(
    ("typed", "wish"),
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
async def test_schedule_reads_every_time(talk: BotHarness, typed: str, wish: str) -> None:
    await talk.says("/sub diffusion")
    if typed == "8":  # a number that no subscription has is no hour
        assert not (await talk.says("/schedule 8")).text.startswith("✓")
        typed = "at 8"
    assert (await talk.says(f"/schedule {typed}")).text.startswith("✓")
    assert wishes(talk) == [wish]


async def test_schedule_offers_the_nearest(talk: BotHarness) -> None:
    await talk.says("/sub diffusion\nrag")
    assert (await talk.says("/schedule 2 twice a day")).buttons == ["daily 09:00"]
    await talk.presses("daily 09:00")
    assert wishes(talk) == ["when-out 08:00-20:00 | diffusion", "daily 09:00 | rag"]
    await talk.says("/schedule 每月")
    await talk.presses("weekly mon 09:00")
    assert wishes(talk) == ["weekly mon 09:00 | diffusion", "weekly mon 09:00 | rag"]


async def test_the_schedule_of_all_takes_no_place(talk: BotHarness) -> None:
    await talk.says("/sub diffusion")
    said = await talk.says("/schedule every day at 9 Berlin")
    assert said.lines == [
        "✗ The schedule of a chat goes by the chat's clock, so it takes no place.",
        "Set the clock by itself: timezone Europe/Berlin.",
    ]
    assert wishes(talk) == ["when-out 08:00-20:00 | diffusion"]


async def test_the_settings_read_times_too(talk: BotHarness) -> None:
    await talk.says("/sub diffusion")
    assert (await talk.says("/set schedule every day at 8am")).text.startswith("✓ Schedule: every day 08:00")
    assert (await talk.says("/set schedule 每周一9点")).text.startswith("✓ Schedule: every Monday 09:00")
    assert (await talk.says("/set schedule hourly")).buttons == ["now"]
    await talk.presses("now")
    assert get_chat(talk.store, address(ME)).settings.schedule == "now"
    for typed, stored in (
        ("10pm to 7am", "22:00-07:00"),
        ("晚上11点到早上6点", "23:00-06:00"),
        ("21-8.30", "21:00-08:30"),
    ):
        await talk.says(f"/set quiet {typed}")
        assert get_chat(talk.store, address(ME)).settings.quiet == stored


async def test_daily_alone_is_at_the_time_of_the_chat(talk: BotHarness) -> None:
    await talk.says("/sub diffusion")
    await talk.says("/set schedule weekdays 7:30")
    for typed, wish in (("rag daily", "daily 07:30 | rag"), ("扩散 每周一", "weekly mon 07:30 | 扩散")):
        await talk.says(f"/sub {typed}")
        assert wishes(talk)[-1] == wish


@pytest.mark.parametrize(
    ("typed", "until"),
    [
        ("until noon", "Fri 23 Jan 12:00"),
        ("until monday 9", "Mon 26 Jan 09:00"),
        ("1 until tomorrow 8 in the evening", "Fri 23 Jan 20:00"),
        ("到周一早上9点", "Mon 26 Jan 09:00"),
    ],
)
async def test_pause_reads_times_of_day(talk: BotHarness, typed: str, until: str) -> None:
    await talk.says("/sub diffusion")
    assert f"paused until {until}" in (await talk.says(f"/pause {typed}")).text


# --------------------------------------------------------------------------------------------------- shared, imported, forms


async def test_import_reads_times_as_people_write_them(talk: BotHarness) -> None:
    await talk.says("/sub rag")
    lines = "every monday at 10 Berlin | diffusion | \n每天早上8点 北京时间 | 扩散 | K\nnow | graphs | "
    await talk.says(f"/import {lines}")
    await talk.presses("import")
    assert wishes(talk)[1:] == [
        "weekly mon 10:00 Europe/Berlin | diffusion",
        "daily 08:00 Asia/Shanghai | 扩散",
        "now | graphs",
    ]
    assert (
        "“hourly UTC” is not a schedule. It says: “hourly UTC | cloud |”.\nThe nearest is: now."
        in (await talk.says("/import hourly UTC | cloud | ")).text
    )


async def test_a_form_refuses_a_time_within_the_query(desk: SlackHarness) -> None:
    form = await desk.opens_form("sub")
    told = await form.sends(query="diffusion daily at 9", when="weekdays", clock="08:00")
    assert told.stored_reply
    problem = told.stored_reply.problems["query"]
    assert "“daily at 9” looks like a time." in problem
    await (await desk.opens_form("sub")).sends(query='diffusion daily at "9"', when="weekdays", clock="08:00")
    assert wishes(desk, CHANNEL) == ['weekdays 08:00 | diffusion daily at "9"']
