"""Export of subscriptions as text and their import, papers as BibTeX, and one subscription as a link."""

import re

import pytest

from subscriptions.service import listing
from subscriptions.service.link_payloads import link_payload
from subscriptions.store.database.store import Store
from tests.bot_harness import BOT, Answer, BotHarness
from tests.conversation.deliverer import Deliverer
from tests.make import address, paper

ME = "telegram:42"
GROUP = "telegram:-1001"


def subscriptions(store: Store, chat: str = ME) -> list[str]:
    return [one.subscription.text for one in listing.listed(store, address(chat))]


@pytest.mark.both_databases
async def test_an_export_is_read_back_elsewhere(bot: BotHarness) -> None:
    await bot.says("/tz berlin")
    bot.subscribes(ME, "diffusion -survey", every="daily", at="9", name="Diffusion")
    bot.subscribes(ME, 'author:"Jane Doe"', every="now")
    said = await bot.says("/export")
    assert said.lines == [
        "2 subscriptions; /import reads them back.",
        "daily 09:00 Europe/Berlin | diffusion -survey | Diffusion",
        'now | author:"Jane Doe" |',
    ]
    text = "\n".join(said.lines[1:])
    await bot.says(f"/import {text}", "telegram:43")
    await bot.presses("import", "telegram:43")
    again = await bot.says("/export", "telegram:43")
    assert again.lines[1:] == said.lines[1:]


async def test_a_long_export_comes_as_a_file(bot: BotHarness) -> None:
    for number in range(80):
        bot.subscribes(ME, f"topic{number} and some more words")
    said = await bot.says("/export")
    assert said.text == "80 subscriptions; /import reads them back."
    assert said.file is not None
    assert said.file.name == "paperwire.txt"
    assert said.file.text.count("\n") == 80


async def test_nothing_to_export_is_said(bot: BotHarness) -> None:
    assert (await bot.says("/export")).text == "There are no subscriptions yet."
    assert "no paper was delivered here" in (await bot.says("/export bib")).text
    refused = (await bot.says("/export ris")).text
    assert refused.startswith("✗ I export subscriptions, or papers as BibTeX or RIS.\nFor example: ")


@pytest.mark.both_databases
async def test_what_was_delivered_comes_as_bibtex(bot: BotHarness) -> None:
    bot.subscribes(ME, "diffusion", every="now")
    bot.subscribes("telegram:43", "diffusion", every="now")
    bot.brings(paper("Diffusion on graphs", "cs.LG", arxiv_id="2601.00001", authors=["Jane Doe"]))
    assert "no paper" in (await bot.says("/export bib 30d")).text
    await Deliverer(bot).deliver_due()
    said = await bot.says("/export bib 30d")
    assert said.lines[0] == "1 paper of the last 30 days."
    assert "@misc{doe2026diffusion," in said.text
    bot.later(days=3)
    assert "no paper" in (await bot.says("/export bib 2d")).text
    assert "@misc{" in (await bot.says("/export BibTeX 1w")).text


@pytest.mark.parametrize("typed", ["yesterday", "0d", "-3d", "12345d", "🎉"])
async def test_a_length_that_is_none_is_refused(bot: BotHarness, typed: str) -> None:
    said = await bot.says(f"/export bib {typed}")
    assert said.text == f"✗ “{typed}” is not a length of time.\nFor example: /export bib 30d"


LINES = "daily 09:00 | diffusion -survey | Diffusion\n# a comment\nset limit 5\nnow | graph* | "


async def test_an_import_shows_the_difference_and_waits(bot: BotHarness) -> None:
    bot.subscribes(ME, "graph*", every="now")
    shown = await bot.says(f"/import {LINES}")
    assert shown.lines == [
        "This would change: 1 new · 1 changed · 1 there already.",
        "+ daily 09:00 | diffusion -survey | Diffusion",
        "~ set limit 5",
    ]
    assert subscriptions(bot.store) == ["graph*"]
    done = await bot.presses("import")
    assert done.replaces
    assert done.text == "✓ Imported: 1 new · 1 changed · 1 there already."
    assert done.buttons == ["undo"]
    assert subscriptions(bot.store) == ["graph*", "diffusion -survey"]
    assert bot.chat_of(ME).settings.limit == 5


@pytest.mark.both_databases
async def test_an_import_can_be_undone_as_a_whole(bot: BotHarness) -> None:
    await bot.says(f"/import {LINES}")
    await bot.presses("import")
    await bot.presses("undo")
    assert subscriptions(bot.store) == []
    assert bot.chat_of(ME).settings.limit == 20


async def test_no_means_no(bot: BotHarness) -> None:
    await bot.says(f"/import {LINES}")
    assert (await bot.presses("no")).text == "✓ Nothing is imported."
    assert subscriptions(bot.store) == []
    assert (await bot.presses("import")).text.startswith("✗ No import waits here any more.")


async def test_an_import_waits_an_hour(bot: BotHarness) -> None:
    await bot.says(f"/import {LINES}")
    bot.later(minutes=61)
    assert (await bot.presses("import")).text.startswith("✗ No import waits here any more.")
    assert subscriptions(bot.store) == []


@pytest.mark.parametrize("wrong", ["nonsense", "daily 25:00 | diffusion | ", "daily | -survey | ", "set limit many"])
async def test_one_wrong_line_imports_nothing_and_is_named(bot: BotHarness, wrong: str) -> None:
    said = await bot.says(f"/import now | graph | \n{wrong}")
    assert said.text.startswith("✗ Line 2 cannot be imported: ")
    assert said.buttons == []


@pytest.mark.parametrize(
    ("line", "exported"),
    [
        ("daily 09:00 | diffusion", "daily 09:00 UTC | diffusion |"),
        ("daily 09:00|diffusion|Name", "daily 09:00 UTC | diffusion | Name"),
        ("daily 09:00｜扩散模型｜名字", "daily 09:00 UTC | 扩散模型 | 名字"),
        ("\ufeffdaily 09:00 Japan | a | b | \r", "daily 09:00 Japan | a | b |"),
    ],
)
async def test_lines_are_read_as_people_write_them(bot: BotHarness, line: str, exported: str) -> None:
    await bot.says(f"/import {line}")
    await bot.presses("import")
    assert (await bot.says("/export")).lines[1:] == [exported]


async def test_a_bad_line_is_quoted_in_both_languages(bot: BotHarness) -> None:
    said = await bot.says("/import now | graph | \nnow | flow | a\x07b")
    assert said.lines[0] == (
        "✗ Line 2 cannot be imported: A name is one line, without control characters. It says: “now | flow | a b”."
    )
    await bot.says("/lang zh")
    said = await bot.says("/import now | graph | \nnonsense")
    assert said.lines[0].startswith("✗ 第 2 行无法导入：")
    assert "这一行是：“nonsense”。" in said.lines[0]


@pytest.mark.parametrize(
    "foreign", ["[telegram:43]\nset limit 5", "[telegram:43]\nnow | diffusion | ", "[slack:C1]\nnow | x | "]
)
async def test_another_chat_cannot_be_reached_by_an_import(bot: BotHarness, foreign: str) -> None:
    bot.subscribes("telegram:43", "private matters")
    said = await bot.says(f"/import {foreign}")
    assert "it is for another chat" in said.text
    assert "private" not in said.text
    assert subscriptions(bot.store, "telegram:43") == ["private matters"]


async def test_an_import_may_name_this_chat(bot: BotHarness) -> None:
    await bot.says(f"/import [{ME}]\nset limit 5\nnow | graph | ")
    assert (await bot.presses("import")).text == "✓ Imported: 1 new · 1 changed."


@pytest.mark.both_databases
async def test_an_import_keeps_to_two_hundred_subscriptions(bot: BotHarness) -> None:
    lines = "\n".join(f"now | topic{number} | " for number in range(201))
    bot.files["big"] = lines.encode()
    said = await bot.says("/import", file_id="big")
    assert said.text.startswith("✗ Line 201 cannot be imported: A chat can have 200 subscriptions.")
    bot.files["big"] = "\n".join(lines.split("\n")[:200]).encode()
    shown = await bot.says("/import", file_id="big")
    assert shown.lines[0] == "This would change: 200 new."
    assert "and 170 more lines" in shown.text
    await bot.presses("import")
    assert len(subscriptions(bot.store)) == 200


@pytest.mark.parametrize(
    ("content", "answer"),
    [
        (b"\x89PNG\r\n\x1a\n\x00\x00", "✗ This file is not text in UTF-8."),
        ("now | 扩散模型 | ".encode("gb18030"), "✗ This file is not text in UTF-8."),
        (b"now | a\x00b | ", "✗ This file is not text in UTF-8."),
        (b"x" * (256 * 1024 + 1), "✗ The file is larger than 256 KB."),
        (b"now | topic | \n" * 2000, "✗ That is 2000 lines, and 500 is what I take at once."),
        (b"", "Send /import with lines after it"),
        (b"\n# nothing\n\n", "There is no line to import."),
        ("\ufeffnow | 扩散模型 | 名字\r\n".encode(), "This would change: 1 new."),
        ("now | 扩散模型 | ".encode("utf-16"), "This would change: 1 new."),
        ("now | אלגוריתם 🎉 | ".encode(), "This would change: 1 new."),
    ],
)
async def test_whatever_file_is_dropped_gets_one_answer(bot: BotHarness, content: bytes, answer: str) -> None:
    bot.files["f1"] = content
    said = await bot.says("/import", file_id="f1")
    assert said.text.startswith(answer)
    assert len(said.payloads) == 1


async def test_a_file_without_a_word_is_an_import_too(bot: BotHarness) -> None:
    bot.files["f1"] = b"now | diffusion | "
    said = await bot.says("", file_id="f1")
    assert said.buttons == ["import", "no"]


async def test_the_same_again_is_there_already(bot: BotHarness) -> None:
    bot.subscribes(ME, "graph", every="now")
    assert (await bot.says("/import now | graph | ")).text == "All of it is there already."


async def test_in_a_group_an_import_is_short_and_for_the_one_who_asked(bot: BotHarness) -> None:
    bot.admins[GROUP] = {"7", "8"}
    assert (
        await bot.says("/import now | graph | ", GROUP, by="9")
    ).text == "✗ Only admins of this chat can change that."
    shown = await bot.says("/import now | graph | ", GROUP, by="7")
    assert shown.lines == ["This would change: 1 new."]
    assert (await bot.presses("import", GROUP, by="8")).toast == "This button does not work any more, or not for you."
    bot.admins[GROUP] = {"8"}
    assert (await bot.presses("import", GROUP, by="7")).toast == "Only admins of this chat can change that."
    bot.admins[GROUP] = {"7"}
    assert (await bot.presses("import", GROUP, by="7")).text == "✓ Imported: 1 new."


async def test_in_a_public_group_the_word_yes_does_it(bot: BotHarness) -> None:
    bot.admins[GROUP] = {"7", "8"}
    bot.public.add(GROUP)
    shown = await bot.says("/import now | graph | ", GROUP, by="7")
    assert shown.buttons == []
    assert shown.lines[-1] == "To do it, send /import yes within an hour."
    assert "No import waits" in (await bot.says("/import yes", GROUP, by="8")).text
    assert (await bot.says("/import yes", GROUP, by="7")).text == "✓ Imported: 1 new."
    assert subscriptions(bot.store, GROUP) == ["graph"]


def payload(answer: Answer) -> str:
    match = re.search(rf"https://t\.me/{BOT}\?start=([A-Za-z0-9_-]{{1,64}})$", answer.lines[-1])
    assert match is not None, answer.text
    return match[1]


async def test_a_shared_subscription_is_offered_and_confirmed(bot: BotHarness) -> None:
    bot.brings(paper("Diffusion on graphs", "cs.LG"), "A survey of diffusion")
    bot.subscribes(ME, "diffusion -survey", every="weekly", on="mon", at="9")
    link = payload(await bot.says("/share 1"))
    offered = await bot.says(f"/start {link}", "telegram:43")
    assert "diffusion, not survey · weekly mon 09:00" in offered.text
    assert "Diffusion on graphs" in offered.text
    assert offered.buttons == ["subscribe"]
    accepted = await bot.presses("subscribe", "telegram:43")
    assert accepted.text.startswith("✓ 1  diffusion, not survey · weekly mon 09:00 UTC")
    assert subscriptions(bot.store, "telegram:43") == ["diffusion -survey"]


@pytest.mark.parametrize(
    ("typed", "shown", "echo"),
    [
        (
            "diffusion -survey weekly mon 9",
            "diffusion, not survey · weekly mon 9",
            "✓ 1  diffusion, not survey · weekly mon 09:00 UTC",
        ),
        ("diffusion", "diffusion · when-out 08:00-20:00", "✓ 1  diffusion · when-out 08:00-20:00"),
        ("扩散模型 每天8点", "扩散模型 · 每天8点", "✓ 1  扩散模型 · daily 08:00 UTC"),
    ],
)
async def test_a_link_that_holds_the_query_is_offered_and_confirmed(
    bot: BotHarness, typed: str, shown: str, echo: str
) -> None:
    offered = await bot.says(f"/start {link_payload(typed)}", "telegram:43")
    assert shown in offered.text
    assert offered.buttons == ["subscribe"]
    assert (await bot.presses("subscribe", "telegram:43")).text.startswith(echo)


@pytest.mark.parametrize("typed", ["title:", "daily 9", "diffusion hourly", "-survey"])
async def test_a_link_made_by_hand_that_holds_no_query_leads_nowhere(bot: BotHarness, typed: str) -> None:
    answer = await bot.says(f"/start {link_payload(typed)}", "telegram:43")
    assert answer.lines[0] == "What that link led to is not there any more."


async def test_a_subscription_has_one_link_that_says_what_it_says_now(bot: BotHarness) -> None:
    bot.subscribes(ME, "diffusion")
    bot.subscribes(ME, "graph")
    links = [payload(await bot.says(f"/share {number}")) for number in (1, 2, 1)]
    assert links[0] == links[2] != links[1]
    bot.subscribes(ME, "diffusion", every="now")
    assert payload(await bot.says("/share 1")) == links[0]
    assert "· now" in (await bot.says(f"/start {links[0]}", "telegram:43")).text


async def test_what_to_share_can_be_picked(bot: BotHarness) -> None:
    assert "There are no subscriptions yet." in (await bot.says("/share")).text
    bot.subscribes(ME, "diffusion")
    payload(await bot.says("/share"))
    bot.subscribes(ME, "graph")
    asked = await bot.says("/share")
    assert [label[:1] for label in asked.buttons] == ["1", "2"]
    assert payload(await bot.presses(asked.buttons[1]))
    assert (await bot.says("/share 9")).text.startswith("✗ This chat has no subscription 9.")


@pytest.mark.parametrize("typed", ["nonsense", "../../etc", "🎉", "x" * 64, "offer", "ask:telegram:42:42"])
async def test_a_link_that_leads_nowhere_is_a_plain_start_with_one_line(bot: BotHarness, typed: str) -> None:
    said = await bot.says(f"/start {typed}")
    assert said.lines[0] == "What that link led to is not there any more."
    assert said.lines[1].startswith("I tell you")
    assert "diffusion models" in said.buttons


async def test_a_button_is_no_link_to_be_passed_on(bot: BotHarness) -> None:
    button = (await bot.says("/set")).keys[0]["data"]
    said = await bot.says(f"/start {button}", "telegram:43")
    assert said.lines[0] == "What that link led to is not there any more."


@pytest.mark.both_databases
async def test_a_shared_link_goes_with_the_chat_that_shared_it(bot: BotHarness) -> None:
    bot.subscribes(ME, "diffusion")
    link = payload(await bot.says("/share 1"))
    await bot.says(f"/start {link}", "telegram:43")
    await bot.says("/forget")
    await bot.presses("erase everything")
    assert (await bot.presses("subscribe", "telegram:43")).toast == "What that link led to is not there any more."


async def test_where_no_link_opens_a_bot_the_words_are_shared(bot: BotHarness) -> None:
    bot.subscribes("console:me", "diffusion", every="daily", at="9")
    said = await bot.says("/share 1", "console:me")
    assert "/sub diffusion daily 09:00" in said.text


async def test_a_line_that_a_message_would_break_in_two_comes_as_a_file(bot: BotHarness) -> None:
    bot.subscribes(ME, " ".join(["word"] * 190))
    said = await bot.says("/export")
    assert said.file is not None
