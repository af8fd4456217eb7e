"""Subscriptions as text and back, papers as BibTeX, one subscription as a link."""

import re

import pytest

from subscriptions.service.subscriptions import get_chat, listed
from subscriptions.store import Store
from tests.conversation.delivering import Deliverer
from tests.make import address, ingested, paper, subscribes
from tests.talking import BOT, Answer, BotHarness

ME = "telegram:42"
GROUP = "telegram:-1001"


def wishes(store: Store, chat: str = ME) -> list[str]:
    return [one.subscription.text for one in listed(store, address(chat))]


# -------------------------------------------------------------------------------------------------------------- export


async def test_an_export_is_read_back_elsewhere(talk: BotHarness) -> None:
    await talk.says("/tz berlin")
    subscribes(talk.store, ME, "diffusion -survey", every="daily", at="9", name="Diffusion")
    subscribes(talk.store, ME, 'author:"Jane Doe"', every="now")
    said = await talk.says("/export")
    assert said.lines == [
        "2 subscriptions; /import reads them back.",
        "daily 09:00 Europe/Berlin | diffusion -survey | Diffusion",
        'now | author:"Jane Doe" |',
    ]
    text = "\n".join(said.lines[1:])
    await talk.says(f"/import {text}", "telegram:43")
    await talk.presses("import", "telegram:43")
    again = await talk.says("/export", "telegram:43")
    assert again.lines[1:] == said.lines[1:]


async def test_a_long_export_comes_as_a_file(talk: BotHarness) -> None:
    for number in range(80):
        subscribes(talk.store, ME, f"topic{number} and some more words")
    said = await talk.says("/export")
    assert said.text == "80 subscriptions; /import reads them back."
    assert said.file is not None
    assert said.file.name == "paperwire.txt"
    assert said.file.text.count("\n") == 80


async def test_nothing_to_export_is_said(talk: BotHarness) -> None:
    assert (await talk.says("/export")).text == "There are no subscriptions yet."
    assert "no paper was delivered here" in (await talk.says("/export bib")).text
    assert (await talk.says("/export pdf")).text.startswith("✗ I export subscriptions")


async def test_what_was_delivered_comes_as_bibtex(talk: BotHarness) -> None:
    subscribes(talk.store, ME, "diffusion", every="now")
    subscribes(talk.store, "telegram:43", "diffusion", every="now")
    ingested(talk.store, paper("Diffusion on graphs", "cs.LG", arxiv_id="2601.00001", authors=["Jane Doe"]))
    assert "no paper" in (await talk.says("/export bib 30d")).text
    await Deliverer(talk).deliver_due()
    said = await talk.says("/export bib 30d")
    assert said.lines[0] == "1 paper of the last 30 days."
    assert "@misc{doe2026diffusion," in said.text
    talk.later(days=3)
    assert "no paper" in (await talk.says("/export bib 2d")).text
    assert "@misc{" in (await talk.says("/export BibTeX 1w")).text


@pytest.mark.parametrize("typed", ["yesterday", "0d", "-3d", "12345d", "🎉"])
async def test_a_length_that_is_none_is_refused(talk: BotHarness, typed: str) -> None:
    said = await talk.says(f"/export bib {typed}")
    assert said.text == f"✗ “{typed}” is not a length of time.\nFor example: /export bib 30d"


# -------------------------------------------------------------------------------------------------------------- import

LINES = "daily 09:00 | diffusion -survey | Diffusion\n# a comment\nset limit 5\nnow | graph* | "


async def test_an_import_shows_the_difference_and_waits(talk: BotHarness) -> None:
    subscribes(talk.store, ME, "graph*", every="now")
    shown = await talk.says(f"/import {LINES}")
    assert shown.lines == [
        "This would change: 1 new · 1 changed · 1 there already.",
        "+ daily 09:00 | diffusion -survey | Diffusion",
        "~ set limit 5",
    ]
    assert wishes(talk.store) == ["graph*"]
    done = await talk.presses("import")
    assert done.replaces
    assert done.text == "✓ Imported: 1 new · 1 changed · 1 there already."
    assert done.buttons == ["undo"]
    assert wishes(talk.store) == ["graph*", "diffusion -survey"]
    assert get_chat(talk.store, address(ME)).settings.limit == 5


async def test_an_import_can_be_undone_as_a_whole(talk: BotHarness) -> None:
    await talk.says(f"/import {LINES}")
    await talk.presses("import")
    await talk.presses("undo")
    assert wishes(talk.store) == []
    assert get_chat(talk.store, address(ME)).settings.limit == 20


async def test_no_means_no(talk: BotHarness) -> None:
    await talk.says(f"/import {LINES}")
    assert (await talk.presses("no")).text == "✓ Nothing is imported."
    assert wishes(talk.store) == []
    assert (await talk.presses("import")).text.startswith("✗ No import waits here any more.")


async def test_an_import_waits_an_hour(talk: BotHarness) -> None:
    await talk.says(f"/import {LINES}")
    talk.later(minutes=61)
    assert (await talk.presses("import")).text.startswith("✗ No import waits here any more.")
    assert wishes(talk.store) == []


@pytest.mark.parametrize("wrong", ["nonsense", "daily 25:00 | diffusion | ", "daily | -survey | ", "set limit many"])
async def test_one_wrong_line_imports_nothing_and_is_named(talk: BotHarness, wrong: str) -> None:
    said = await talk.says(f"/import now | graph | \n{wrong}")
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
async def test_lines_are_read_as_people_write_them(talk: BotHarness, line: str, exported: str) -> None:
    await talk.says(f"/import {line}")
    await talk.presses("import")
    assert (await talk.says("/export")).lines[1:] == [exported]


async def test_a_bad_line_is_quoted_in_both_languages(talk: BotHarness) -> None:
    said = await talk.says("/import now | graph | \nnow | flow | a\x07b")
    assert said.lines[0] == (
        "✗ Line 2 cannot be imported: A name is one line, without control characters. It says: “now | flow | a b”."
    )
    await talk.says("/lang zh")
    said = await talk.says("/import now | graph | \nnonsense")
    assert said.lines[0].startswith("✗ 第 2 行无法导入：")
    assert "这一行是：“nonsense”。" in said.lines[0]


@pytest.mark.parametrize(
    "foreign", ["[telegram:43]\nset limit 5", "[telegram:43]\nnow | diffusion | ", "[slack:C1]\nnow | x | "]
)
async def test_another_chat_cannot_be_reached_by_an_import(talk: BotHarness, foreign: str) -> None:
    subscribes(talk.store, "telegram:43", "private matters")
    said = await talk.says(f"/import {foreign}")
    assert "it is for another chat" in said.text
    assert "private" not in said.text
    assert wishes(talk.store, "telegram:43") == ["private matters"]


async def test_an_import_may_name_this_chat(talk: BotHarness) -> None:
    await talk.says(f"/import [{ME}]\nset limit 5\nnow | graph | ")
    assert (await talk.presses("import")).text == "✓ Imported: 1 new · 1 changed."


async def test_an_import_keeps_to_two_hundred_subscriptions(talk: BotHarness) -> None:
    lines = "\n".join(f"now | topic{number} | " for number in range(201))
    talk.files["big"] = lines.encode()
    said = await talk.says("/import", file_id="big")
    assert said.text.startswith("✗ Line 201 cannot be imported: A chat can have 200 subscriptions.")
    talk.files["big"] = "\n".join(lines.split("\n")[:200]).encode()
    shown = await talk.says("/import", file_id="big")
    assert shown.lines[0] == "This would change: 200 new."
    assert "and 170 more lines" in shown.text
    await talk.presses("import")
    assert len(wishes(talk.store)) == 200


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
async def test_whatever_file_is_dropped_gets_one_answer(talk: BotHarness, content: bytes, answer: str) -> None:
    talk.files["f1"] = content
    said = await talk.says("/import", file_id="f1", file_size=len(content))
    assert said.text.startswith(answer)
    assert len(said.payloads) == 1


async def test_a_file_without_a_word_is_an_import_too(talk: BotHarness) -> None:
    talk.files["f1"] = b"now | diffusion | "
    said = await talk.says("", file_id="f1", file_size=18)
    assert said.buttons == ["import", "no"]


async def test_the_same_again_is_there_already(talk: BotHarness) -> None:
    subscribes(talk.store, ME, "graph", every="now")
    assert (await talk.says("/import now | graph | ")).text == "All of it is there already."


async def test_in_a_group_an_import_is_short_and_for_the_one_who_asked(talk: BotHarness) -> None:
    talk.admins[GROUP] = {"7", "8"}
    assert (
        await talk.says("/import now | graph | ", GROUP, by="9")
    ).text == "✗ Only admins of this chat can change that."
    shown = await talk.says("/import now | graph | ", GROUP, by="7")
    assert shown.lines == ["This would change: 1 new."]
    assert (await talk.presses("import", GROUP, by="8")).toast == "This button does not work any more, or not for you."
    talk.admins[GROUP] = {"8"}
    assert (await talk.presses("import", GROUP, by="7")).toast == "Only admins of this chat can change that."
    talk.admins[GROUP] = {"7"}
    assert (await talk.presses("import", GROUP, by="7")).text == "✓ Imported: 1 new."


async def test_in_a_public_group_the_word_yes_does_it(talk: BotHarness) -> None:
    talk.admins[GROUP] = {"7", "8"}
    talk.public.add(GROUP)
    shown = await talk.says("/import now | graph | ", GROUP, by="7")
    assert shown.buttons == []
    assert shown.lines[-1] == "To do it, send /import yes within an hour."
    assert "No import waits" in (await talk.says("/import yes", GROUP, by="8")).text
    assert (await talk.says("/import yes", GROUP, by="7")).text == "✓ Imported: 1 new."
    assert wishes(talk.store, GROUP) == ["graph"]


# --------------------------------------------------------------------------------------------------------------- share


def payload(answer: Answer) -> str:
    match = re.search(rf"https://t\.me/{BOT}\?start=([A-Za-z0-9_-]{{1,64}})$", answer.lines[-1])
    assert match is not None, answer.text
    return match[1]


async def test_a_shared_subscription_is_offered_and_confirmed(talk: BotHarness) -> None:
    ingested(talk.store, paper("Diffusion on graphs", "cs.LG"), paper("A survey of diffusion"))
    subscribes(talk.store, ME, "diffusion -survey", every="weekly", on="mon", at="9")
    link = payload(await talk.says("/share 1"))
    offered = await talk.says(f"/start {link}", "telegram:43")
    assert "diffusion, not survey · weekly mon 09:00" in offered.text
    assert "Diffusion on graphs" in offered.text
    assert offered.buttons == ["subscribe"]
    accepted = await talk.presses("subscribe", "telegram:43")
    assert accepted.text.startswith("✓ 1  diffusion, not survey · weekly mon 09:00 UTC")
    assert wishes(talk.store, "telegram:43") == ["diffusion -survey"]


async def test_a_subscription_has_one_link_that_says_what_it_says_now(talk: BotHarness) -> None:
    subscribes(talk.store, ME, "diffusion")
    subscribes(talk.store, ME, "graph")
    links = [payload(await talk.says(f"/share {number}")) for number in (1, 2, 1)]
    assert links[0] == links[2] != links[1]
    subscribes(talk.store, ME, "diffusion", every="now")
    assert payload(await talk.says("/share 1")) == links[0]
    assert "· now" in (await talk.says(f"/start {links[0]}", "telegram:43")).text


async def test_what_to_share_can_be_picked(talk: BotHarness) -> None:
    assert "There are no subscriptions yet." in (await talk.says("/share")).text
    subscribes(talk.store, ME, "diffusion")
    payload(await talk.says("/share"))
    subscribes(talk.store, ME, "graph")
    asked = await talk.says("/share")
    assert [label[:1] for label in asked.buttons] == ["1", "2"]
    assert payload(await talk.presses(asked.buttons[1]))
    assert (await talk.says("/share 9")).text.startswith("✗ This chat has no subscription 9.")


@pytest.mark.parametrize("typed", ["nonsense", "../../etc", "🎉", "x" * 64, "offer", "ask:telegram:42:42"])
async def test_a_link_that_leads_nowhere_is_a_plain_start_with_one_line(talk: BotHarness, typed: str) -> None:
    said = await talk.says(f"/start {typed}")
    assert said.lines[0] == "What that link led to is not there any more."
    assert said.lines[1].startswith("I tell you")
    assert "diffusion models" in said.buttons


async def test_a_button_is_no_link_to_be_passed_on(talk: BotHarness) -> None:
    button = (await talk.says("/set")).keys[0]["data"]
    said = await talk.says(f"/start {button}", "telegram:43")
    assert said.lines[0] == "What that link led to is not there any more."


async def test_a_shared_link_goes_with_the_chat_that_shared_it(talk: BotHarness) -> None:
    subscribes(talk.store, ME, "diffusion")
    link = payload(await talk.says("/share 1"))
    await talk.says(f"/start {link}", "telegram:43")
    await talk.says("/forget")
    await talk.presses("erase everything")
    assert (await talk.presses("subscribe", "telegram:43")).toast == "What that link led to is not there any more."


async def test_where_no_link_opens_a_bot_the_words_are_shared(talk: BotHarness) -> None:
    subscribes(talk.store, "console:me", "diffusion", every="daily", at="9")
    said = await talk.says("/share 1", "console:me")
    assert "/sub diffusion daily 09:00" in said.text


async def test_a_line_that_a_message_would_break_in_two_comes_as_a_file(talk: BotHarness) -> None:
    subscribes(talk.store, ME, " ".join(["word"] * 190))
    said = await talk.says("/export")
    assert said.file is not None
