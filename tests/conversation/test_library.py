"""`/library`: a person's own papers from a file change the order of new papers, and are not sent again."""

import json
from itertools import pairwise

import pytest

from subscriptions.model import Chat
from subscriptions.store import chat_data as stored_chat_data
from subscriptions.store.libraries import library_of
from tests.bot_harness import Answer, BotHarness
from tests.conversation.deliverer import OTHERS, comes, texts
from tests.make import paper

ME, GROUP = "telegram:42", "telegram:-1001"
BIBTEX = b"""
@article{a, title = {{Swarm} Robots Learn to Fly}, eprint = {2601.80001}, archivePrefix = {arXiv}}
@inproceedings{b, title = {Control of a Robot Swarm}, doi = {10.1000/SWARM.2}}
@article{c, title = {A Swarm of Small Robots}}
"""
BROKEN = BIBTEX + b"@article{d, title = {No end\n@misc{e, year = 2020}\n"


def ours(bot: BotHarness, chat: str = ME) -> Chat:
    return bot.chat_of(chat)


async def sends(bot: BotHarness, data: bytes = BIBTEX, caption: str = "/library", chat: str = ME) -> Answer:
    bot.files["mine"] = data
    return await bot.says(caption, chat, file_id="mine")


def shown(said: Answer) -> list[str]:
    """Returns the titles in a delivery. Each title is in the line before its authors."""
    return [title.lstrip("123456789 ") for title, authors in pairwise(said.lines) if authors.startswith("Ada Example")]


def known(bot: BotHarness) -> None:
    bot.brings(*(title for title in OTHERS))


@pytest.mark.both_databases
async def test_a_file_is_stored_shown_replaced_and_removed(bot: BotHarness) -> None:
    assert (await bot.says("/library")).text.startswith("There is no library here.\nExport yours as BibTeX")
    said = await sends(bot)
    assert said.lines == [
        "✓ The library is stored: 3 entries. Papers like these come first, and papers that are in it are left out."
    ]
    assert said.buttons == ["bring such papers", "remove"]
    assert (await bot.says("/library")).lines == [
        "The library here has 3 entries; it was stored Thu 22 Jan 12:00. A new file replaces it."
    ]
    await sends(bot, b"TY  - JOUR\nTI  - Reef fish\nER  - \n", caption="")
    assert (await bot.says("/library")).text.startswith("The library here has 1 entry")
    assert (await bot.presses("remove")).text == "✓ The library is removed."
    assert (await bot.says("/library remove")).text == "There is no library here."
    assert library_of(bot.store, ours(bot).id) is None


async def test_broken_entries_are_counted_and_named(bot: BotHarness) -> None:
    said = await sends(bot, BROKEN)
    assert said.lines[1] == "2 entries cannot be read, the first: @article{d, title = {No end · @misc{e, year = 2020}"


@pytest.mark.parametrize(
    ("data", "look"),
    [
        (b"PK\x03\x04\x14\0", "a ZIP archive or an office document"),
        (b"<!doctype html><style>\n@media (x) {}</style>", "an HTML page"),
        (b"now | diffusion | ", 'text that begins "now | diffusion |"'),
        (b"", "an empty file"),
    ],
)
async def test_what_is_no_library_is_refused_in_a_sentence(bot: BotHarness, data: bytes, look: str) -> None:
    said = await sends(bot, data)
    assert said.lines[0] == f"✗ This file is no library: it looks like {look}."


@pytest.mark.both_databases
async def test_papers_of_the_library_do_not_come_and_whynot_tells(bot: BotHarness) -> None:
    await sends(bot)
    bot.subscribes(ME, "swarm", every="now")
    bot.brings(
        paper("Swarm robots learn to fly, again", arxiv_id="2601.80001"),
        paper("Another title of a swarm", doi="10.1000/swarm.2"),
        "A swarm of small robots",
        "A swarm of drones",
    )
    assert shown(await comes(bot)) == ["A swarm of drones"]
    said = await bot.says("/whynot 2601.80001")
    assert said.lines[-1] == "1  swarm: fits, but it is in the library of this chat, so it is left out: /library"
    preview = await bot.says("/preview 1")
    assert "A swarm of drones" in preview.text


async def test_what_the_library_has_is_marked_where_it_is_found(bot: BotHarness) -> None:
    await sends(bot)
    bot.brings("A swarm of small robots", "A swarm of drones")
    marked = [line.endswith("in the library") for line in (await bot.says("swarm")).lines if "Ada Example" in line]
    assert sorted(marked) == [False, True]


async def test_the_order_follows_the_library_and_why_names_the_entry(bot: BotHarness) -> None:
    known(bot)
    await sends(bot)
    bot.subscribes(ME, "system", every="now")
    bot.brings(paper("A system of robots in a swarm", arxiv_id="2601.80005"), "A system", "A system of reefs")
    said = await comes(bot)
    assert shown(said)[0] == "A system of robots in a swarm"
    why = await bot.says("/why 2601.80005")
    assert "Further up, because your library has “Swarm Robots Learn to Fly”: robots, swarm" in why.text


@pytest.mark.both_databases
async def test_such_papers_are_brought_by_a_subscription_that_follows_the_file(bot: BotHarness) -> None:
    known(bot)
    await sends(bot)
    await bot.presses("bring such papers")
    assert texts(bot) == ["like:library"]
    bot.brings(*(f"Robot swarms {number}" for number in range(7)), "Reef fish eat")
    await bot.says("/schedule 1 now")
    said = await comes(bot)
    assert len(shown(said)) == 5
    assert "near to the library: robot, swarms" in said.text
    assert "because your library has “Swarm Robots Learn to Fly”: robot, swarms" in (await bot.says("/why")).text
    await bot.says("/set order newest")
    assert "Near to Swarm Robots Learn to Fly." in (await bot.says("/why")).text
    await sends(bot, b"@article{a, title={Reef fish}}\n@article{b, title={The fish of a reef}}\n")
    bot.brings("A fish in its reef", "Robot swarms 8")
    assert shown(await comes(bot)) == ["A fish in its reef"]


@pytest.mark.parametrize(
    ("title", "entry"), [("A fish in its reef", "Reef fish sing"), ("Robot swarms again", "Robots in a swarm")]
)
async def test_why_names_the_entry_that_the_paper_is_like(bot: BotHarness, title: str, entry: str) -> None:
    known(bot)
    await sends(bot, b"@misc{a, title={Reef fish sing}}\n@misc{b, title={Robots in a swarm}}\n")
    await bot.presses("bring such papers")
    await bot.says("/schedule 1 now")
    await bot.says("/set order newest")
    bot.brings(paper(title, arxiv_id="2601.80007"))
    await comes(bot)
    assert f"Near to {entry}." in (await bot.says("/why 2601.80007")).text


async def test_a_removed_library_leaves_its_subscription_which_is_named(bot: BotHarness) -> None:
    await sends(bot)
    await bot.presses("bring such papers")
    assert (await bot.says("/library remove")).lines == [
        "✓ The library is removed.",
        "Subscription 1 still finds papers near to it; /unsub 1 ends it.",
    ]


async def test_a_library_without_titles_is_left_out_but_nothing_is_near_to_it(bot: BotHarness) -> None:
    await sends(bot, b"@article{a, eprint = {2601.80001}}")
    assert "Nothing can be near to library" in (await bot.presses("bring such papers")).text


async def test_without_a_library_nothing_can_be_near_to_it(bot: BotHarness) -> None:
    assert (await bot.says("/sub like:library")).lines[0] == "✗ There is no library here."


async def test_only_who_manages_a_group_changes_its_library(bot: BotHarness) -> None:
    bot.admins[GROUP] = {"7"}
    await sends(bot, chat=GROUP)
    assert library_of(bot.store, 1) is None


@pytest.mark.both_databases
async def test_it_is_exported_and_erased_with_the_chat(bot: BotHarness) -> None:
    await sends(bot)
    chat = ours(bot)
    with bot.store.read() as transaction:
        stored = json.loads(stored_chat_data.json_text(stored_chat_data.chat_data(transaction, chat.id)))
        assert [one["entries"] for one in stored["library"]] == [3]
        assert {one["title"] for one in stored["library_entries"]} > {"A Swarm of Small Robots"}
    await bot.says("/forget")
    await bot.presses("erase everything")
    assert (await bot.says("/library")).lines[0] == "There is no library here."
