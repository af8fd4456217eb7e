"""Sentences about days of the week: which come, which are left out, and until which day nothing comes."""

import pytest

from bot.sentences.words import days, intents
from tests.conversation.deliverer import subscriptions_of
from tests.conversation.sentences.test_sentences import a_bot

KELP, MOSS = "/sub kelp daily 9", "/sub moss weekly wed 8"
ALL_BUT_FRIDAY = "mon,tue,wed,thu,sat,sun 09:00"
EN_FRAMES = (
    "{when}",
    "{when}, please",
    "only {when}",
    "send it {when}",
    "move kelp to {when}",
    "switch 1 to {when}",
    "actually {when}",
)
EN_TIMES = {
    "on weekdays": "weekdays 09:00", "every weekend": "sat,sun 09:00", "every friday": "weekly fri 09:00", "fridays": "weekly fri 09:00",
    "on mondays and thursdays": "mon,thu 09:00", "weekly": "weekly mon 09:00", "saturdays at 11": "weekly sat 11:00", "daily at 7": "daily 07:00",
}  # fmt: skip
ZH_FRAMES = (
    "{when}",
    "{when}吧",
    "只{when}发",
    "{when}发就行",
    "把海带改到{when}吧",
    "能不能{when}发？",
    "要不{when}发吧",
)
ZH_TIMES = {
    "工作日": "weekdays 09:00", "周末": "sat,sun 09:00", "每周五": "weekly fri 09:00", "周五": "weekly fri 09:00",
    "周一和周四": "mon,thu 09:00", "每周一次": "weekly mon 09:00", "周六上午11点": "weekly sat 11:00", "每天7点": "daily 07:00",
}  # fmt: skip


async def times_after(before: tuple[str, ...], said: str) -> list[str]:
    """Returns the times of all subscriptions, and "paused" for those that are, after something is said."""
    with a_bot() as bot:
        for line in before:
            await bot.says(line)
        await bot.says(said)
        return [
            f"paused {one.paused_until:%a %d %b}" if one.paused_until else str(one.cadence)
            for one in subscriptions_of(bot)
        ]


@pytest.mark.parametrize(
    ("before", "frame", "times"),
    [
        *((KELP, frame, EN_TIMES) for frame in EN_FRAMES),
        *(("/sub 海带 daily 9", frame, ZH_TIMES) for frame in ZH_FRAMES),
    ],
)
async def test_a_named_day_replaces_the_days_before(before: str, frame: str, times: dict[str, str]) -> None:
    for when, wanted in times.items():
        assert (when, await times_after((before,), frame.format(when=when))) == (when, [wanted])


@pytest.mark.parametrize(
    ("said", "wanted"),
    [
        ("not on fridays", [ALL_BUT_FRIDAY]),
        ("nothing on fridays please", [ALL_BUT_FRIDAY]),
        ("don't send it on fridays", [ALL_BUT_FRIDAY]),
        ("fridays off please", [ALL_BUT_FRIDAY]),
        ("skip fridays", [ALL_BUT_FRIDAY]),
        ("every day but fridays", [ALL_BUT_FRIDAY]),
        ("please don't send kelp on weekends", ["weekdays 09:00"]),
        ("pause kelp on weekends", ["weekdays 09:00"]),
        ("周五不要发", [ALL_BUT_FRIDAY]),
        ("别周五发", [ALL_BUT_FRIDAY]),
        ("周三周四休息", ["mon,tue,fri,sat,sun 09:00"]),
        ("除周五外每天发", [ALL_BUT_FRIDAY]),
        ("没必要天天发，改成每周一", ["weekly mon 09:00"]),
    ],
)
async def test_a_denied_day_is_left_out(said: str, wanted: list[str]) -> None:
    assert await times_after((KELP,), said) == wanted


@pytest.mark.parametrize(
    ("said", "wanted"),
    [
        ("no moss on wednesdays", ["daily 09:00", "weekly wed 08:00"]),  # no day would be left
        ("no papers on sundays", ["mon,tue,wed,thu,fri,sat 09:00", "weekly wed 08:00"]),
        ("周末不要发", ["weekdays 09:00", "weekly wed 08:00"]),
        ("move kelp to the same time as moss", ["weekly wed 08:00", "weekly wed 08:00"]),
        ("sub ferns at the same time as moss", ["daily 09:00", "weekly wed 08:00", "weekly wed 08:00"]),
        ("kelp 跟 moss 同一时间发", ["weekly wed 08:00", "weekly wed 08:00"]),
    ],
)
async def test_of_several_only_those_that_come_then_are_changed(said: str, wanted: list[str]) -> None:
    assert await times_after((MOSS, KELP)[::-1], said) == wanted


@pytest.mark.parametrize(
    ("said", "wanted"),
    [
        ("move 2 to 10am", ["daily 09:00", "weekly wed 10:00"]),
        ("2改到10点", ["daily 09:00", "weekly wed 10:00"]),
        ("everything at 10am", ["daily 10:00", "weekly wed 10:00"]),
        ("the second one at 7", ["daily 09:00", "weekly wed 07:00"]),
        ("the first one at 7", ["daily 07:00", "weekly wed 08:00"]),  # not the first spelling that was offered
        ("please don't send me papers on weekends", ["weekdays 09:00", "weekly wed 08:00"]),
        ("call that Weeds and send it at 10am", ["daily 09:00", "weekly wed 10:00"]),
    ],
)
async def test_a_time_of_day_leaves_the_days_as_they_are(said: str, wanted: list[str]) -> None:
    assert await times_after((KELP, MOSS), said) == wanted


@pytest.mark.parametrize(
    ("said", "wanted"),
    [
        ("don't send it before monday", ["paused Mon 26 Jan"]),
        ("nothing before wednesday please", ["paused Wed 28 Jan"]),
        ("周一之前别发", ["paused Mon 26 Jan"]),
        ("周一再发吧", ["paused Mon 26 Jan"]),
        ("not before noon", ["daily 12:00"]),
        ("glaciers every friday, please", ["daily 09:00", "weekly fri 09:00"]),
    ],
)
async def test_a_day_until_which_nothing_comes_is_no_new_time(said: str, wanted: list[str]) -> None:
    assert await times_after((KELP,), said) == wanted


async def test_the_bot_says_why_a_day_cannot_be_left_out() -> None:
    with a_bot() as bot:
        await bot.says(MOSS)
        said = (await bot.says("not on wednesdays")).text
        assert said.startswith("✗ moss comes every Wednesday 08:00. These days cannot be left out.")


@pytest.mark.parametrize(
    ("text", "named", "denied"),
    [
        ("mondays instead of fridays", {0}, {4}),
        ("fridays, no surveys", {4}, set()),
        ("特别是周五", {4}, set()),
        ("周五要不要发", {4}, set()),
        ("send me stop signal papers on mondays", {0}, set()),
        ("every friday at 8", set(), set()),  # a time of its own, which needs no days
        ("until friday", set(), set()),
    ],
)
def test_a_denial_counts_for_the_days_beside_it(text: str, named: set[int], denied: set[int]) -> None:
    found = days.days_in(intents.meaning(text))
    assert ({*found.named}, {*found.denied}) == (named, denied)
