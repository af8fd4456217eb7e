"""list, and the commands that need the number of a subscription: edit, name, schedule."""

from dataclasses import replace
from datetime import timedelta

import pytest

from subscriptions.model import Message, Subscription
from subscriptions.service.plan import plan_due
from subscriptions.store import claims, steps, unrendered
from tests.being_sent import request
from tests.bot_harness import BotHarness
from tests.make import address, paper

ME, GROUP = "telegram:42", "telegram:-1001"


def subscription(bot: BotHarness, number: int = 1, chat: str = ME) -> Subscription:
    return next(
        one.subscription for one in bot.listed(chat) if one.subscription.number == number
    )  # fmt: skip


async def test_a_list_says_of_each_what_it_is_when_it_comes_and_how_often(bot: BotHarness) -> None:
    bot.brings(paper("Diffusion", "cs.LG"), now=bot.clock.now() - timedelta(days=2))
    await bot.says("/sub diffusion -survey at 8\nstat.ML now")
    await bot.says("/name 2 Statistics")
    await bot.says("/pause 2 until mon")
    assert (await bot.says("/list")).lines == [
        "2 subscriptions",
        "1  diffusion, not survey · daily 08:00 UTC · 1 in 1 day",
        "2  Statistics · now · 0 in 1 day · paused until Mon 26 Jan 00:00",
    ]


async def test_a_list_says_when_papers_came_last(bot: BotHarness) -> None:
    await bot.says("/sub diffusion now\ngraphs now")
    bot.later(minutes=1)
    bot.brings("Diffusion")
    plan_due(bot.store, now=bot.clock.now())
    with bot.store.write() as session:
        message = Message(number=1, payload="{}", plain="{}")
        unrendered.store_rendered(session, [unrendered.Rendered(seq=1, messages=[message])], now=bot.clock.now())
        claimed = steps.Claim(
            seq=1, delivery="d", chat_id=1, address=address("telegram:42"), attempts=0, message=message
        )
        claims.confirm(session, claimed, "77", replace(request("42"), now=bot.clock.now()))
    said = await bot.says("/ls")
    assert said.lines[1] == "1  diffusion · now · 1 in 1 day · last Thu 22 Jan 12:01"
    assert said.lines[2] == "2  graphs · now · 0 in 1 day"


async def test_an_empty_list_gives_an_example(bot: BotHarness) -> None:
    assert (await bot.says("/list")).text == "There are no subscriptions yet. For example: /sub diffusion -survey"


async def test_a_long_list_has_pages_that_change_in_place(bot: BotHarness) -> None:
    await bot.says("/sub " + "\n".join(f"word{number}" for number in range(1, 13)))
    first = await bot.says("/subscriptions")
    assert first.lines[0] == "12 subscriptions · page 1 of 2"
    assert first.buttons == [*map(str, range(1, 11)), "next page"]
    second = await bot.presses("next page")
    assert second.replaces
    assert second.lines[0] == "12 subscriptions · page 2 of 2"
    assert second.buttons == ["11", "12", "previous page"]
    opened = await bot.presses("12")
    assert (opened.buttons, opened.replaces) == (["edit", "pause", "remove", "list"], True)
    assert (await bot.presses("list")).lines[0] == "12 subscriptions · page 2 of 2"
    assert (await bot.says("/list 2")).lines[1].startswith("11  word11")


async def test_numbers_are_not_given_again(bot: BotHarness) -> None:
    await bot.says("/sub one\ntwo")
    await bot.says("/unsub 2")
    await bot.says("/sub three")
    assert [line[:1] for line in (await bot.says("/list")).lines[1:]] == ["1", "3"]


async def test_in_public_places_a_list_has_no_buttons(bot: BotHarness) -> None:
    bot.public.add(GROUP)
    bot.admins[GROUP] = {"7"}
    await bot.says("/sub " + "\n".join(f"word{number}" for number in range(1, 13)), GROUP, by="7")
    said = await bot.says("/list", GROUP, by="9")
    assert said.buttons == []
    assert said.lines[-1] == "/list 2 shows the next."


async def test_a_number_opens_its_verbs(bot: BotHarness) -> None:
    await bot.says("/sub diffusion")
    await bot.says("/name 1 D")
    await bot.says("/list")
    opened = await bot.presses("1")
    assert opened.lines == ["1  D · when-out 08:00-20:00 UTC", "diffusion", "Next: as soon as papers are out."]
    paused = await bot.presses("pause")
    assert (paused.lines[0], paused.buttons) == ("✓ 1  D is paused.", ["resume", "undo"])
    await bot.presses("resume")
    assert subscription(bot).state == "active"
    assert (await bot.presses("remove")).lines[1] == "1  D"
    for label in ("1", "pause", "remove", "edit"):
        assert (await bot.presses(label)).toast == "That subscription is gone. /list shows those that are there."


async def test_a_member_looks_but_changes_nothing(bot: BotHarness) -> None:
    bot.admins[GROUP] = {"7"}
    await bot.says("/sub diffusion", GROUP, by="7")
    assert (await bot.says("/list", GROUP, by="8")).text.startswith("1 subscription")
    assert (await bot.presses("1", GROUP, by="8")).payloads
    assert (await bot.presses("remove", GROUP, by="8")).toast == "Only admins of this chat can change that."


async def test_an_edit_keeps_number_and_place(bot: BotHarness) -> None:
    await bot.says("/sub diffusion at 8")
    seen = subscription(bot).cursor
    said = await bot.says("/edit 1 graphs -survey")
    assert said.lines[:2] == ["✓ 1  graphs, not survey · daily 08:00 UTC", "Instead of: diffusion"]
    assert (subscription(bot).text, subscription(bot).cursor) == ("graphs -survey", seen)


async def test_an_edit_may_change_the_time_too(bot: BotHarness) -> None:
    await bot.says("/sub diffusion at 8")
    await bot.says("/edit #1 diffusion weekly fri 7")
    assert str(subscription(bot).cadence) == "weekly fri 07:00"


async def test_an_edit_without_words_asks_and_the_next_text_is_it(bot: BotHarness) -> None:
    await bot.says("/sub diffusion")
    asked = await bot.says("/edit 1")
    assert asked.lines == ["1 asks for: diffusion", "Write what it shall be instead."]
    refused = await bot.says("-survey")
    assert refused.text.startswith("✗ This only excludes.")
    assert (await bot.says("graphs")).lines[0].startswith("✓ 1  graphs")
    assert subscription(bot).text == "graphs"


async def test_cancel_stops_the_question(bot: BotHarness) -> None:
    await bot.says("/sub diffusion")
    await bot.says("/list")
    await bot.presses("1")
    await bot.presses("edit")
    await bot.says("/cancel")
    await bot.says("graphs")
    assert subscription(bot).text == "diffusion"


async def test_in_a_group_an_edit_is_said_in_one_line(bot: BotHarness) -> None:
    bot.admins[GROUP] = {"7"}
    await bot.says("/sub diffusion", GROUP, by="7")
    said = await bot.says("/edit 1", GROUP, by="7")
    assert said.lines[1] == "Say it in one line: /edit 1 diffusion -survey"


async def test_edit_alone_offers_the_subscriptions(bot: BotHarness) -> None:
    await bot.says("/sub diffusion")
    assert (await bot.says("/edit")).buttons == ["1 diffusion"]
    assert (await bot.presses("1 diffusion")).lines[0] == "1 asks for: diffusion"


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("/edit 9 x1", ["✗ This chat has no subscription 9.", "/list shows those that are there."]),
        ("/edit graphs", ["✗ Say the number of a subscription first.", "For example: /edit 4 diffusion -survey"]),
        ("/edit 1 graphs", ["✗ Subscription 2 asks for that already.", "Remove one of them: /unsub 1"]),
        ("/edit 1 -survey", ["✗ This only excludes. Say what you want, too.", "1 -survey", "  ^", "For example: diffusion -survey"]),
        ("/name 1 a | b", ["✗ A name has at most 60 characters, and no |.", "For example: /name 1 diffusion"]),
        ("/name 1 " + "x" * 61, ["✗ A name has at most 60 characters, and no |.", "For example: /name 1 diffusion"]),
        ("/name 1 a\x07b", ["✗ A name is one line, without control characters.", "For example: /name 1 diffusion"]),
        ("/name", ["✗ Say the number and the name.", "For example: /name 4 diffusion"]),
        ("/name x", ["✗ Say the number of a subscription first.", "For example: /name 4 diffusion"]),
        ("/schedule soon", ["✗ “soon” is not a schedule.", "For example: now, when-out 08:00-20:00, when-out 09:00-18:00 weekdays, daily 09:00, weekdays 8:30, weekly mon 09:00, tue,thu 10:00."]),
    ],
)  # fmt: skip
async def test_what_cannot_be_changed_is_said_with_an_example(bot: BotHarness, text: str, lines: list[str]) -> None:
    await bot.says("/sub diffusion\ngraph")
    assert (await bot.says(text)).lines == lines
    assert [subscription(bot).text, subscription(bot, 2).text] == ["diffusion", "graph"]


async def test_a_name_is_given_and_taken_away(bot: BotHarness) -> None:
    await bot.says("/sub diffusion")
    assert (await bot.says("/name 1  My   topic")).text == "✓ 1 is called My topic now."
    assert (await bot.says("/name 1 My topic")).text == "It is called that already."
    assert (await bot.says("/name 1 -")).text == "✓ 1 has no name any more: diffusion"
    await bot.says("/name 1")
    assert (await bot.says("Asked for")).text == "✓ 1 is called Asked for now."


async def test_the_time_of_one(bot: BotHarness) -> None:
    await bot.says("/sub diffusion\ngraphs")
    said = await bot.says("/time 2 weekdays 8:30")
    assert said.lines == ["✓ Schedule of 2: weekdays 08:30", "Next: Fri 23 Jan 08:30."]
    assert [str(subscription(bot, n).cadence) for n in (1, 2)] == ["when-out 08:00-20:00", "weekdays 08:30"]


async def test_the_time_of_all_and_of_new_ones(bot: BotHarness) -> None:
    await bot.says("/sub diffusion\ngraphs at 9")
    said = await bot.says("/when 18:30")
    assert said.lines[0] == "✓ Schedule of all subscriptions, new ones too: daily 18:30"
    await bot.says("/sub rag")
    assert {str(subscription(bot, n).cadence) for n in (1, 2, 3)} == {"daily 18:30"}
    await bot.says("/undo")
    await bot.says("/undo")
    assert bot.chat_of(ME).settings.schedule == "when-out 08:00-20:00"
    assert [str(subscription(bot, n).cadence) for n in (1, 2)] == ["when-out 08:00-20:00", "daily 09:00"]


async def test_without_a_time_some_are_offered(bot: BotHarness) -> None:
    await bot.says("/sub diffusion at 8")
    assert (await bot.says("/schedule 1")).lines[0] == "1 comes: daily 08:00"
    done = await bot.presses("weekdays 09:00")
    assert (done.lines[0], done.replaces) == ("✓ Schedule of 1: weekdays 09:00", True)
    assert (await bot.says("/schedule")).lines[0] == "New subscriptions come: when-out 08:00-20:00"
    await bot.presses("now")
    assert str(subscription(bot).cadence) == "now"


async def overlapping(bot: BotHarness, typed: str) -> None:
    """Makes two subscriptions and seven papers: five papers fit both, one fits one of them, one fits neither."""
    shared = [paper(f"Diffusion models {n}", "cs.LG", arxiv_id=f"2601.1000{n}") for n in range(5)]
    bot.brings(*shared, "Diffusion alone", "Graphs", now=bot.clock.now() - timedelta(days=1))
    await bot.says(typed)


async def test_two_that_bring_nearly_the_same_are_merged_and_taken_apart_again(bot: BotHarness) -> None:
    await overlapping(bot, "/sub diffusion daily 9\ndiffusion models daily 9")
    before = [subscription(bot, number) for number in (1, 2)]
    said = await bot.says("/list")
    assert said.lines[-1] == "1 and 2 bring nearly the same: 5 of 6 papers."
    merged = await bot.presses("merge 1 and 2")
    assert merged.lines[0].startswith("✓ 3  diffusion OR (diffusion models) · daily 09:00 UTC")
    one = subscription(bot, 3)
    assert (one.cadence, one.cursor, one.next_due_at, one.since) == (
        before[0].cadence, before[0].cursor, before[0].next_due_at, min(s.since for s in before),
    )  # fmt: skip
    assert "merge" not in " ".join((await bot.says("/list")).buttons)
    await bot.says("/undo")
    assert [subscription(bot, number)._replace(id=0) for number in (1, 2)] == [s._replace(id=0) for s in before]


async def test_what_is_merged_loses_no_paper_and_repeats_none(bot: BotHarness) -> None:
    await overlapping(bot, "/sub diffusion now\ndiffusion models now")
    plan_due(bot.store, now=bot.clock.now())
    await bot.says("/list")
    await bot.presses("merge 1 and 2")
    bot.later(minutes=1)
    bot.brings(paper("Diffusion at last", arxiv_id="2601.20000"))
    plan_due(bot.store, now=bot.clock.now())
    with bot.store.read() as transaction:
        raw = transaction.connection()
        told = raw.exec_driver_sql(
            "SELECT title, count(*) FROM delivery_item JOIN paper ON paper.id = paper GROUP BY title"
        ).all()
    assert sorted(tuple(row) for row in told) == [("Diffusion at last", 1)]


@pytest.mark.parametrize(
    "typed",
    [
        "/sub diffusion daily 9\ndiffusion models daily 10",  # they have different times
        "/sub diffusion daily 9\ngraphs daily 9",  # they find different papers
        "/sub diffusion daily 9\ndiffusion -models daily 9",
    ],
)
async def test_others_are_not_merged(bot: BotHarness, typed: str) -> None:
    await overlapping(bot, typed)
    said = await bot.says("/list")
    assert "nearly the same" not in said.text
    assert "merge" not in " ".join(said.buttons)


async def test_a_pause_keeps_two_from_being_merged(bot: BotHarness) -> None:
    await overlapping(bot, "/sub diffusion daily 9\ndiffusion models daily 9")
    await bot.says("/list")
    await bot.says("/pause 2")
    assert (await bot.presses("merge 1 and 2")).text.startswith("✗ These two cannot be merged any more.")
    assert "nearly the same" not in (await bot.says("/list")).text
