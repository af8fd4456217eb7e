"""Buttons under old messages work, although Telegram tells little about such messages, or no longer allows edits."""

from tests.fakes.telegram import FakeTelegram
from tests.make import paper
from tests.story.scenario import Scenario, Seen

FORUM, VISION = "-1001", "-1001/5"


async def pressed(scenario: Scenario, what: str, chat: str, **how: object) -> Seen:
    seen = len(scenario.telegram.journal)
    press = scenario.telegram.presses(what, chat, **how)  # type: ignore[arg-type]
    await scenario.listens()
    return Seen(tuple(scenario.telegram.journal)[seen:], scenario.telegram.toasts()[press])


async def test_of_a_message_of_a_topic_only_the_group_is_told(scenario: Scenario, telegram: FakeTelegram) -> None:
    telegram.knows(FORUM, title="Our lab", topics=(5,), people={"7": "creator", "9": "member"})
    await scenario.says("/sub diffusion daily 14:00", VISION, by="7")
    scenario.brings(paper("Diffusion of light"))
    await scenario.later(hours=2)

    card = await pressed(scenario, "1", FORUM, by="9", inaccessible=True)
    assert (card.chats, card.lines[0]) == ([VISION], "Diffusion of light")
    refused = await pressed(scenario, "undo", FORUM, by="9", inaccessible=True)
    assert refused.toast == "Only admins of this chat can change that."
    assert (await pressed(scenario, "undo", FORUM, by="7", inaccessible=True)).text.startswith("✓ Undone.")
    assert scenario.queries(VISION) == []


async def test_a_button_of_another_group_works_in_none_of_its_topics(
    scenario: Scenario, telegram: FakeTelegram
) -> None:
    telegram.knows(FORUM, title="Our lab", topics=(5,), people={"7": "creator"})
    telegram.knows("-1002", title="Theirs", topics=(5,), people={"8": "creator"})
    said = await scenario.says("/sub diffusion daily 14:00", VISION, by="7")
    undo = str(said.keys[-1]["callback_data"])
    foreign = await pressed(scenario, undo, "-1002", by="8", tampered=True, inaccessible=True)
    assert foreign.toast == "This button does not work any more, or not for you."
    assert scenario.queries(VISION) == ["diffusion"]


async def test_an_answer_that_can_replace_nothing_is_a_message_of_its_own(
    scenario: Scenario, telegram: FakeTelegram
) -> None:
    said = await scenario.says("/sub diffusion daily 14:00")
    undo = next(str(key["callback_data"]) for key in said.keys if key["text"] == "undo")
    telegram.deletes_message("42", said.entries[0].id)
    answered = await pressed(scenario, undo, "42", tampered=True)
    assert not answered.changed
    assert answered.lines == ["✓ Undone.", "Removed: 1  diffusion"]
