"""undo: what was changed is taken back exactly, whoever changed it, and nothing is sent twice for it."""

from datetime import timedelta

import pytest

from subscriptions.model import Subscription
from subscriptions.service.chats import forget
from subscriptions.service.planner import plan_due
from subscriptions.service.subscriptions import get_chat, last_change, listed
from subscriptions.store.chat import subscriptions
from tests.make import address, ingested, paper
from tests.talking import Answer, BotHarness

ME, GROUP = "telegram:42", "telegram:-1001"


def wishes(talk: BotHarness, chat: str = ME) -> dict[int, Subscription]:
    return {one.subscription.number: one.subscription for one in listed(talk.store, address(chat))}


def known_of(wish: Subscription) -> tuple[object, ...]:
    """What a person knows of a subscription, and its place."""
    return wish.number, wish.text, wish.name, wish.cadence, wish.zone, wish.state, wish.paused_until, wish.added_by, wish.cursor  # fmt: skip


async def by(talk: BotHarness, person: str, text: str) -> Answer:
    talk.admins[GROUP] = {"7", "8"}
    return await talk.says(text, GROUP, by=person, sender_name={"7": "Ada", "8": "Ben"}[person])


# ------------------------------------------------------------------------------------------------------ each change


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
async def test_every_change_is_taken_back_and_done_again(talk: BotHarness, text: str) -> None:
    await talk.says("/sub diffusion at 8\nrag daily 9")
    before = {number: known_of(wish) for number, wish in wishes(talk).items()}
    chat = get_chat(talk.store, address(ME))
    await talk.says(text)
    changed = {number: known_of(wish) for number, wish in wishes(talk).items()}
    assert (changed, get_chat(talk.store, address(ME))) != (before, chat)
    assert (await talk.says("/undo")).text.startswith("✓")
    assert {number: known_of(wish) for number, wish in wishes(talk).items()} == before
    assert get_chat(talk.store, address(ME)).settings == chat.settings
    assert get_chat(talk.store, address(ME)).state == chat.state
    await talk.sends_request(ME, callback_data=talk.last[ME][-1].keys[-1]["data"], callback_id="p")
    assert {number: known_of(wish) for number, wish in wishes(talk).items()} == changed


async def test_the_last_five_changes_can_be_undone_the_newest_first(talk: BotHarness) -> None:
    for number in range(1, 8):
        await talk.says(f"/sub word{number}")
    for number in range(7, 2, -1):
        assert (await talk.says("/undo")).lines == ["✓ Undone.", f"Removed: {number}  word{number}"]
    assert (await talk.says("/undo")).text == "There is nothing to undo."
    assert list(wishes(talk)) == [1, 2]


async def test_nothing_was_changed_yet(talk: BotHarness) -> None:
    assert (await talk.says("/undo")).text == "There is nothing to undo."


async def test_numbers_are_not_given_again(talk: BotHarness) -> None:
    await talk.says("/sub diffusion")
    await talk.says("/undo")
    assert (await talk.says("/sub graphs")).text.startswith("✓ 2  graphs")


async def test_what_was_undone_is_told(talk: BotHarness) -> None:
    await talk.says("/sub diffusion")
    await talk.says("/edit 1 graphs at 9")
    assert (await talk.says("/undo")).lines == [
        "✓ Undone.",
        "1 was: graphs · daily 09:00",
        "1 is: diffusion · when-out 08:00-20:00",
    ]
    await talk.says("/set limit 5")
    assert (await talk.says("/undo")).lines == ["✓ Undone.", "Papers shown: 20 papers (was: 5 papers)"]


# ------------------------------------------------------------------------------------------------- nothing comes twice


async def test_what_came_meanwhile_does_not_come_again(talk: BotHarness) -> None:
    await talk.says("/sub diffusion now")
    await talk.says("/edit 1 graphs")
    talk.later(minutes=1)
    ingested(talk.store, paper("Diffusion on graphs"), now=talk.clock.now())
    plan_due(talk.store, now=talk.clock.now())
    seen = _seen(talk, 1)
    await talk.says("/undo")
    assert _seen(talk, 1) == seen
    talk.later(minutes=1)
    assert plan_due(talk.store, now=talk.clock.now()) == ()


async def test_what_came_while_it_was_gone_still_comes(talk: BotHarness) -> None:
    await talk.says("/sub diffusion now")
    await talk.says("/unsub 1")
    talk.later(minutes=1)
    ingested(talk.store, paper("Diffusion on graphs"), now=talk.clock.now())
    assert plan_due(talk.store, now=talk.clock.now()) == ()
    await talk.says("/undo")
    assert len(plan_due(talk.store, now=talk.clock.now())) == 1


async def test_a_moment_that_stayed_is_not_moved(talk: BotHarness) -> None:
    await talk.says("/sub diffusion at 13")
    await talk.says("/name 1 D")
    talk.later(hours=2)
    plan_due(talk.store, now=talk.clock.now())
    due = wishes(talk)[1].next_due_at
    await talk.says("/undo")
    assert wishes(talk)[1].next_due_at == due


def _seen(talk: BotHarness, number: int) -> int:
    with talk.store.read() as session:
        mark = subscriptions.shared_cursor(session)
    seen = wishes(talk)[number].cursor
    return mark if seen is None else seen


# ------------------------------------------------------------------------------------------------------------- buttons


async def test_the_button_undoes_its_own_change_also_when_others_followed(talk: BotHarness) -> None:
    first = await talk.says("/sub diffusion")
    await talk.says("/sub graphs")
    done = await _press(talk, first, "undo")
    assert done.replaces
    assert done.lines == ["✓ Undone.", "Removed: 1  diffusion"]
    assert list(wishes(talk)) == [2]


async def test_the_button_refuses_when_something_newer_stands_on_the_change(talk: BotHarness) -> None:
    first = await talk.says("/sub diffusion")
    await talk.says("/edit 1 graphs")
    done = await _press(talk, first, "undo")
    assert done.toast == "A newer change stands on that one. /undo takes back the newest change first."
    assert not done.payloads
    assert wishes(talk)[1].text == "graphs"


async def test_a_subscription_that_was_made_anew_is_not_doubled(talk: BotHarness) -> None:
    await talk.says("/sub diffusion")
    removed = await talk.says("/unsub 1")
    await talk.says("/sub diffusion")
    assert (await _press(talk, removed, "undo")).toast.startswith("A newer change stands on that one.")
    assert list(wishes(talk)) == [2]


async def test_a_button_works_once(talk: BotHarness) -> None:
    first = await talk.says("/sub diffusion")
    await _press(talk, first, "undo")
    assert (await _press(talk, first, "undo")).toast == "That is undone already."


async def test_a_button_that_is_too_old_says_so(talk: BotHarness) -> None:
    first = await talk.says("/sub word0")
    for number in range(1, 6):
        await talk.says(f"/sub word{number}")
    said = await _press(talk, first, "undo")
    assert said.toast == "That was too long ago to be undone. I keep the last five changes."


async def test_a_change_that_never_was_gets_no_button(talk: BotHarness) -> None:
    await talk.says("/sub diffusion")
    assert "undo" not in (await talk.says("/sub diffusion")).buttons
    assert "undo" not in (await talk.says("/name 9 x")).buttons


# ------------------------------------------------------------------------------------------------- somebody else's


async def test_somebody_elses_change_is_named_and_asked_about(talk: BotHarness) -> None:
    await by(talk, "7", "/sub diffusion")
    asked = await by(talk, "8", "/undo")
    assert asked.lines == ["Ada did the last change here:", "Added: 1  diffusion"]
    assert list(wishes(talk, GROUP)) == [1]
    assert (await talk.presses("undo it", GROUP, by="8")).lines == ["✓ Undone.", "Removed: 1  diffusion"]


async def test_ones_own_change_is_not_asked_about(talk: BotHarness) -> None:
    await by(talk, "7", "/sub diffusion")
    assert (await by(talk, "7", "/undo")).text.startswith("✓ Undone.")


async def test_the_button_under_somebody_elses_change_asks_too(talk: BotHarness) -> None:
    await by(talk, "7", "/sub diffusion")
    assert (await talk.presses("undo", GROUP, by="8")).lines[0] == "Ada did the last change here:"
    assert list(wishes(talk, GROUP)) == [1]


async def test_who_is_no_manager_undoes_nothing(talk: BotHarness) -> None:
    await by(talk, "7", "/sub diffusion")
    assert (await talk.says("/undo", GROUP, by="9")).text == "✗ Only admins of this chat can change that."


# ------------------------------------------------------------------------------------------------------- what is kept


async def test_a_pause_that_ended_by_itself_stands_in_nobodys_way(talk: BotHarness) -> None:
    await talk.says("/sub diffusion at 8")
    await talk.says("/pause 1 1d")
    talk.clock.advance(timedelta(days=2))
    plan_due(talk.store, now=talk.clock.now())
    assert (await talk.says("/undo")).lines == ["✓ Undone.", "Removed: 1  diffusion"]


async def test_forgetting_a_chat_forgets_its_changes(talk: BotHarness) -> None:
    await talk.says("/sub diffusion")
    forget(talk.store, address(ME))
    assert last_change(talk.store, address(ME)) is None


async def _press(talk: BotHarness, said: Answer, label: str) -> Answer:
    key = next(key for key in said.keys if key["text"] == label)
    return await talk.sends_request(said.to, callback_data=key["data"], callback_id="p", message_id="m0")
