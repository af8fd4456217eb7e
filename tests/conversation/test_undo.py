"""undo reverts the last change exactly, even if another person made it, and causes no paper to be sent twice."""

from datetime import timedelta

import pytest

from subscriptions.model import Subscription
from subscriptions.service.plan import plan_due
from subscriptions.service.retention import forget
from subscriptions.service.undoing import last_change
from tests.bot_harness import Answer, BotHarness
from tests.make import address

ME, GROUP = "telegram:42", "telegram:-1001"


def subscriptions_here(bot: BotHarness, chat: str = ME) -> dict[int, Subscription]:
    return {one.subscription.number: one.subscription for one in bot.listed(chat)}


def known_of(subscription: Subscription) -> tuple[object, ...]:
    """Returns everything that a person sees of a subscription, and its cursor."""
    return subscription.number, subscription.text, subscription.name, subscription.cadence, subscription.zone, subscription.state, subscription.paused_until, subscription.added_by, subscription.cursor  # fmt: skip


async def by(bot: BotHarness, person: str, text: str) -> Answer:
    bot.admins[GROUP] = {"7", "8"}
    return await bot.says(text, GROUP, by=person, sender_name={"7": "Ada", "8": "Ben"}[person])


@pytest.mark.both_databases
@pytest.mark.parametrize(
    "text",
    [
        "/sub graphs",
        "/sub diffusion at 9",
        "/sub a1\nb2\nc3",
        "/unsub 1",
        "/unsub all",
        "/edit 1 graphs",
        "/edit 1 graphs daily 9",
        "/name 1 D",
        "/schedule 1 weekly fri 7",
        "/schedule now",
        "/pause 1 7d",
        "/pause 2",
        "/pause",
        "/pause until mon",
        "/timezone Asia/Tokyo",
        "/set limit 5",
        "/set lang zh",
    ],
)
async def test_every_change_is_taken_back_and_done_again(bot: BotHarness, text: str) -> None:
    await bot.says("/sub diffusion at 8\nrag daily 9")
    before = {number: known_of(subscription) for number, subscription in subscriptions_here(bot).items()}
    chat = bot.chat_of(ME)
    await bot.says(text)
    changed = {number: known_of(subscription) for number, subscription in subscriptions_here(bot).items()}
    assert (changed, bot.chat_of(ME)) != (before, chat)
    assert (await bot.says("/undo")).text.startswith("✓")
    assert {number: known_of(subscription) for number, subscription in subscriptions_here(bot).items()} == before
    assert bot.chat_of(ME).settings == chat.settings
    assert bot.chat_of(ME).state == chat.state
    await bot.sends_request(ME, callback_data=bot.last[ME][-1].keys[-1]["data"], callback_id="p")
    assert {number: known_of(subscription) for number, subscription in subscriptions_here(bot).items()} == changed


async def test_the_last_five_changes_can_be_undone_the_newest_first(bot: BotHarness) -> None:
    for number in range(1, 8):
        await bot.says(f"/sub word{number}")
    for number in range(7, 2, -1):
        assert (await bot.says("/undo")).lines == ["✓ Undone.", f"Removed: {number}  word{number}"]
    assert (await bot.says("/undo")).text == "There is nothing to undo."
    assert list(subscriptions_here(bot)) == [1, 2]


async def test_what_was_undone_done_again_and_undone_is_undone(bot: BotHarness) -> None:
    await bot.says("/sub diffusion")
    await bot.says("/sub graphs")
    await bot.says("/undo")
    for label in ("redo", "undo") * 2:
        await bot.presses(label)
    assert (await bot.says("/undo")).lines == ["✓ Undone.", "Removed: 1  diffusion"]


LATER = ("/set limit 5", "/pause 2", "/name 2 R", "/set quietday on", "/schedule daily 7", "/sub zeta", "/sub eta")


@pytest.mark.parametrize("later", [LATER[:2], LATER[:4], LATER])
async def test_three_undos_bring_back_what_later_changes_lie_above(bot: BotHarness, later: tuple[str, ...]) -> None:
    await bot.says("/sub diffusion at 8\nrag daily 9")
    before = known_of(subscriptions_here(bot)[1])
    for said in ("/unsub 1", *later):
        await bot.says(said)
    for _ in range(3):
        assert (await bot.says("/undo")).text.startswith("✓ Undone.")
    assert known_of(subscriptions_here(bot)[1]) == before


@pytest.mark.both_databases
async def test_a_removal_below_later_changes_has_a_button(bot: BotHarness) -> None:
    await bot.says("/sub diffusion at 8\nrag daily 9")
    for said in ("/unsub 1", *LATER):
        await bot.says(said)
    limit = bot.chat_of(ME).settings.limit
    assert "bring back 1 diffusion" in (await bot.says("/undo")).buttons
    assert (await bot.presses("bring back 1 diffusion")).lines == ["✓ Undone.", "Back: 1  diffusion"]
    assert bot.chat_of(ME).settings.limit == limit  # nothing else is taken back


async def test_nothing_was_changed_yet(bot: BotHarness) -> None:
    assert (await bot.says("/undo")).text == "There is nothing to undo."


async def test_numbers_are_not_given_again(bot: BotHarness) -> None:
    await bot.says("/sub diffusion")
    await bot.says("/undo")
    assert (await bot.says("/sub graphs")).text.startswith("✓ 2  graphs")


async def test_what_was_undone_is_told(bot: BotHarness) -> None:
    await bot.says("/sub diffusion")
    await bot.says("/edit 1 graphs at 9")
    assert (await bot.says("/undo")).lines == [
        "✓ Undone.",
        "1 was: graphs · daily 09:00",
        "1 is: diffusion · when-out 08:00-20:00",
    ]
    await bot.says("/set limit 5")
    assert (await bot.says("/undo")).lines == ["✓ Undone.", "Papers shown: 20 papers (was: 5 papers)"]


@pytest.mark.both_databases
async def test_what_came_meanwhile_does_not_come_again(bot: BotHarness) -> None:
    await bot.says("/sub diffusion now")
    await bot.says("/edit 1 graphs")
    bot.later(minutes=1)
    bot.brings("Diffusion on graphs")
    plan_due(bot.store, now=bot.clock.now())
    seen = _seen(bot, 1)
    await bot.says("/undo")
    assert _seen(bot, 1) == seen
    bot.later(minutes=1)
    assert plan_due(bot.store, now=bot.clock.now()) == ()


async def test_what_came_while_it_was_gone_still_comes(bot: BotHarness) -> None:
    await bot.says("/sub diffusion now")
    await bot.says("/unsub 1")
    bot.later(minutes=1)
    bot.brings("Diffusion on graphs")
    assert plan_due(bot.store, now=bot.clock.now()) == ()
    await bot.says("/undo")
    assert len(plan_due(bot.store, now=bot.clock.now())) == 1


async def test_a_moment_that_stayed_is_not_moved(bot: BotHarness) -> None:
    await bot.says("/sub diffusion at 13")
    await bot.says("/name 1 D")
    bot.later(hours=2)
    plan_due(bot.store, now=bot.clock.now())
    due = subscriptions_here(bot)[1].next_due_at
    await bot.says("/undo")
    assert subscriptions_here(bot)[1].next_due_at == due


def _seen(bot: BotHarness, number: int) -> int:
    return subscriptions_here(bot)[number].cursor


async def test_the_button_undoes_its_own_change_also_when_others_followed(bot: BotHarness) -> None:
    first = await bot.says("/sub diffusion")
    await bot.says("/sub graphs")
    done = await _press(bot, first, "undo")
    assert done.replaces
    assert done.lines == ["✓ Undone.", "Removed: 1  diffusion"]
    assert list(subscriptions_here(bot)) == [2]


async def test_the_button_refuses_when_something_newer_stands_on_the_change(bot: BotHarness) -> None:
    first = await bot.says("/sub diffusion")
    await bot.says("/edit 1 graphs")
    done = await _press(bot, first, "undo")
    assert done.toast == "A newer change depends on that one. /undo takes back the newest change first."
    assert not done.payloads
    assert subscriptions_here(bot)[1].text == "graphs"


async def test_a_subscription_that_was_made_anew_is_not_doubled(bot: BotHarness) -> None:
    await bot.says("/sub diffusion")
    removed = await bot.says("/unsub 1")
    await bot.says("/sub diffusion")
    assert (await _press(bot, removed, "undo")).toast.startswith("A newer change depends on that one.")
    assert list(subscriptions_here(bot)) == [2]


async def test_a_button_works_once(bot: BotHarness) -> None:
    first = await bot.says("/sub diffusion")
    await _press(bot, first, "undo")
    assert (await _press(bot, first, "undo")).toast == "That is undone already."


async def test_a_button_that_is_too_old_says_so(bot: BotHarness) -> None:
    first = await bot.says("/sub word0")
    for number in range(1, 6):
        await bot.says(f"/sub word{number}")
    said = await _press(bot, first, "undo")
    assert said.toast == "That was too long ago to be undone. I keep the last five changes."


async def test_a_change_that_never_was_gets_no_button(bot: BotHarness) -> None:
    await bot.says("/sub diffusion")
    assert "undo" not in (await bot.says("/sub diffusion")).buttons
    assert "undo" not in (await bot.says("/name 9 x")).buttons


async def test_somebody_elses_change_is_named_and_asked_about(bot: BotHarness) -> None:
    await by(bot, "7", "/sub diffusion")
    asked = await by(bot, "8", "/undo")
    assert asked.lines == ["Ada did the last change here:", "Added: 1  diffusion"]
    assert list(subscriptions_here(bot, GROUP)) == [1]
    assert (await bot.presses("undo it", GROUP, by="8")).lines == ["✓ Undone.", "Removed: 1  diffusion"]


async def test_ones_own_change_is_not_asked_about(bot: BotHarness) -> None:
    await by(bot, "7", "/sub diffusion")
    assert (await by(bot, "7", "/undo")).text.startswith("✓ Undone.")


async def test_the_button_under_somebody_elses_change_asks_too(bot: BotHarness) -> None:
    await by(bot, "7", "/sub diffusion")
    assert (await bot.presses("undo", GROUP, by="8")).lines[0] == "Ada did the last change here:"
    assert list(subscriptions_here(bot, GROUP)) == [1]


async def test_who_is_no_manager_undoes_nothing(bot: BotHarness) -> None:
    await by(bot, "7", "/sub diffusion")
    assert (await bot.says("/undo", GROUP, by="9")).text == "✗ Only admins of this chat can change that."


@pytest.mark.both_databases
async def test_a_pause_that_ended_by_itself_stands_in_nobodys_way(bot: BotHarness) -> None:
    await bot.says("/sub diffusion at 8")
    await bot.says("/pause 1 1d")
    bot.clock.advance(timedelta(days=2))
    plan_due(bot.store, now=bot.clock.now())
    assert (await bot.says("/undo")).lines == ["✓ Undone.", "Removed: 1  diffusion"]


@pytest.mark.both_databases
async def test_forgetting_a_chat_forgets_its_changes(bot: BotHarness) -> None:
    await bot.says("/sub diffusion")
    forget(bot.store, address(ME))
    assert last_change(bot.store, address(ME)) is None


async def _press(bot: BotHarness, said: Answer, label: str) -> Answer:
    key = next(key for key in said.keys if key["text"] == label)
    return await bot.sends_request(said.to, callback_data=key["data"], callback_id="p", message_id="m0")
