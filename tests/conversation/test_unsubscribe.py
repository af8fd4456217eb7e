"""unsubscribe with several numbers gives one reply and one undo."""

import pytest

from tests.bot_harness import BotHarness

ME = "telegram:42"


@pytest.fixture
def seven(bot: BotHarness) -> BotHarness:
    """A chat with the subscriptions 1 to 8."""
    for number in range(1, 8):
        bot.subscribes(ME, f"topic{number}x")
    bot.subscribes(ME, "1984 2001")
    return bot


def left(bot: BotHarness) -> list[int]:
    return [one.subscription.number for one in bot.listed(ME)]


@pytest.mark.parametrize(
    ("said", "removed", "missing"),
    [
        ("/unsub 1 2", [1, 2], ""),
        ("/unsub #1", [1], ""),
        ("/unsub 1-2, 4, 6-7", [1, 2, 4, 6, 7], ""),
        ("/unsub 2, 40, 41-43, 7", [2, 7], "40, 41–43"),
        ("/remove 1 2", [1, 2], ""),
        ("/unsub all", [1, 2, 3, 4, 5, 6, 7, 8], ""),
        ("/unsub 全部", [1, 2, 3, 4, 5, 6, 7, 8], ""),
        ("/unsub topic3x", [3], ""),
        ("/unsub 1984 2001", [8], ""),
        ("/unsub 2001 1984", [8], ""),
    ],
)  # fmt: skip
async def test_what_is_named_goes_and_comes_back_with_one_undo(
    seven: BotHarness, said: str, removed: list[int], missing: str
) -> None:
    gone = await seven.says(said)
    assert gone.lines[0] == f"✓ Removed {len(removed)} subscription{'s' if len(removed) > 1 else ''}:"
    assert [int(line.split()[0]) for line in gone.lines[1 : len(removed) + 1]] == removed
    assert gone.lines[len(removed) + 1 :] == ([f"There is no {missing} here."] if missing else [])
    assert set(left(seven)).isdisjoint(removed)
    assert gone.buttons == ["undo"]
    await seven.presses("undo")
    assert left(seven) == list(range(1, 9))


@pytest.mark.parametrize(
    ("said", "answer"),
    [
        ("/unsub 90 91", "✗ This chat has no subscription 90, 91."),
        ("/unsub 90-95", "✗ This chat has no subscription 90–95."),
        ("/unsub 1 or", "✗ No subscription of this chat asks for “1 or”."),
        (f"/unsub {'1, ' * 300}x", "✗ No subscription of this chat asks for “1, 1"),
    ],
)
async def test_what_names_none_removes_none(seven: BotHarness, said: str, answer: str) -> None:
    assert (await seven.says(said)).text.startswith(answer)
    assert left(seven) == list(range(1, 9))


async def test_numbers_are_named_in_chinese_too(seven: BotHarness) -> None:
    await seven.says("/lang zh")
    gone = await seven.says("/unsub 1、2和77")
    assert gone.lines[0].startswith("✓ 已")
    assert "77" in gone.lines[-1]
    assert left(seven) == [3, 4, 5, 6, 7, 8]
