"""One member's commands do not block other members or admins. Refused commands do not count."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.dependencies.command_limits import CommandLimits
from bot.ports.conversation import Place
from subscriptions.errors import NotDelivered
from subscriptions.model import ChatKind
from tests import bot_harness
from tests.make import address

GROUP = "telegram:-1001"
TOLD = re.compile(
    r"That was a lot at once\. I did not read “(?P<first>.*)”, nor what comes in the next (?P<seconds>\d+) seconds?\."
)


async def asks(bot: bot_harness.BotHarness, person: str, times: int, text: str = "/list") -> list[bot_harness.Answer]:
    return [await bot.says(text, GROUP, by=person) for _ in range(times)]


def answered(answers: list[bot_harness.Answer]) -> int:
    """Returns the number of answers that are not notices about the limit of commands."""
    return sum(bool(one) and not TOLD.fullmatch(one.text) for one in answers)


def notices(answers: list[bot_harness.Answer]) -> list[tuple[str, int]]:
    """Returns (first message that was not read, seconds to wait) for each notice about the limit."""
    found = [TOLD.fullmatch(one.text) for one in answers if one]
    return [(one["first"], int(one["seconds"])) for one in found if one]


@pytest.fixture
def group(bot: bot_harness.BotHarness) -> bot_harness.BotHarness:
    bot.admins[GROUP] = {"7"}
    return bot


async def test_one_member_locks_out_neither_another_nor_an_admin(group: bot_harness.BotHarness) -> None:
    said = await asks(group, "66", 25)
    assert answered(said) == 10
    assert len(notices(said)) == 1  # the notice comes only once
    assert answered(await asks(group, "5", 1)) == 1
    assert (await group.says("/sub diffusion", GROUP, by="7")).text.startswith("✓ 1")


async def test_many_members_lock_no_admin_out(group: bot_harness.BotHarness) -> None:
    said = [one for person in ("61", "62", "63", "64") for one in await asks(group, person, 8)]
    assert answered(said) == 20
    assert answered(await asks(group, "5", 1)) == 0
    assert answered(await asks(group, "7", 12)) == 10  # for each person, only the person's own commands count


async def test_an_admin_who_cannot_be_seen_now_waits(
    group: bot_harness.BotHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    for person in ("61", "62"):
        await asks(group, person, 10)

    async def unreachable(*_: object, **__: object) -> bool:
        raise NotDelivered("Telegram does not answer.")

    monkeypatch.setattr(bot_harness.FakePlatformApi, "is_admin", unreachable)
    assert len(notices(await asks(group, "7", 1))) == 1


async def test_refused_commands_do_not_prolong_the_minute(group: bot_harness.BotHarness) -> None:
    await asks(group, "66", 10)
    for _ in range(5):
        group.later(seconds=11)
        assert answered(await asks(group, "66", 3)) == 0
    group.later(seconds=5)
    assert answered(await asks(group, "66", 11)) == 10


async def test_who_is_told_of_the_limit_is_told_again_after_a_minute(group: bot_harness.BotHarness) -> None:
    await asks(group, "66", 11)
    group.later(seconds=61)
    assert len(notices(await asks(group, "66", 13))) == 1


async def test_one_chat_does_not_count_for_another(group: bot_harness.BotHarness) -> None:
    await asks(group, "66", 11)
    assert "subscriptions" in (await group.says("/list", "telegram:66")).text


async def test_alone_with_the_bot_twenty_a_minute_are_answered(bot: bot_harness.BotHarness) -> None:
    said = [await bot.says("/list") for _ in range(25)]
    assert answered(said) == 20
    bot.later(seconds=60)
    assert answered([await bot.says("/list")]) == 1


async def test_a_clock_that_is_set_back_locks_nobody_out(bot: bot_harness.BotHarness) -> None:
    said = [await bot.says("/list") for _ in range(25)]
    bot.later(minutes=1)
    bot.clock.set_now(bot.clock.now().replace(year=2020))
    assert answered(said) == 20
    assert answered([await bot.says("/list")]) == 1


async def test_nothing_of_the_counts_is_left_over(bot: bot_harness.BotHarness) -> None:
    for person in range(100):
        await bot.says("/list", f"telegram:{person + 1}")
    bot.later(minutes=2)
    await bot.says("/list")
    limits = bot.command_limits
    assert (len(limits._given), len(limits._told)) == (1, 0)


async def test_the_notice_names_the_first_that_was_not_read(bot: bot_harness.BotHarness) -> None:
    await bot.says("/lang en")
    bot.later(seconds=20)
    said = [await bot.says(f"/sub word{number}") for number in range(30)]
    assert notices(said) == [("/sub word19", 40)]
    bot.later(seconds=40)
    assert notices([await bot.says("/list")]) == []


@given(st.lists(st.tuples(st.floats(0, 200), st.sampled_from(["1", "2", "3"])), min_size=30, max_size=150))
def test_what_is_not_read_is_what_a_notice_says(said: list[tuple[float, str]]) -> None:
    limits = CommandLimits()
    place = Place(chat=address(GROUP), kind=ChatKind.GROUP)
    silent_until: dict[str, float] = {}
    for second, person in sorted(said):
        request = bot_harness.make_request(place=place, update_id="u", sender=person, text="/list")
        if not limits.is_person_over(request, second) and not limits.is_chat_over(request, second):
            limits.count(request, second)
            assert second >= silent_until.get(person, 0)
        elif limits.tells(request, second):
            silent_until[person] = second + limits.seconds_left(request, second)
        else:
            assert second < silent_until[person]


async def test_who_sits_at_the_machine_has_no_limit(bot: bot_harness.BotHarness) -> None:
    assert answered([await bot.says("/list", "web:me", is_local=True) for _ in range(100)]) == 100
    assert answered([await bot.says("/list", "web:ann") for _ in range(100)]) == 20
