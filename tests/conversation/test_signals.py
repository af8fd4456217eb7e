"""A chat's signals for papers: 👍 👎 [save] on cards, /save and /saved, reactions, and their effect on the order of papers."""

import json
from collections.abc import Iterator
from datetime import timedelta

import pytest

from subscriptions.service import scorers
from subscriptions.states import Signal
from tests.bot_harness import Answer, BotHarness
from tests.conversation.deliverer import comes, delivered, subscribe_to
from tests.make import paper, signals_of_paper, stored_papers

ME, GROUP, CHANNEL = "telegram:42", "telegram:-1001", "telegram:-1002"


def signals(bot: BotHarness, title: str, chat: str = ME) -> set[str]:
    with bot.store.read() as transaction:
        known = next(one for one in stored_papers(transaction) if one.paper.title == title)
    return {str(one) for one in signals_of_paper(bot.store, bot.chat_of(chat), known.id)}


async def two_come(bot: BotHarness) -> Answer:
    await subscribe_to(bot, "swarm OR reef")
    bot.brings(paper("Swarm one", arxiv_id="2601.90001"), paper("Reef one", arxiv_id="2601.90002"))
    return await comes(bot)


def newest_message(bot: BotHarness) -> str:
    """Returns the platform's id of the newest message."""
    with bot.store.read() as transaction:
        found = transaction.connection().exec_driver_sql("SELECT platform_id FROM message ORDER BY delivery DESC")
        return str(found.scalar())


async def card_of(bot: BotHarness, title: str) -> Answer:
    for label in ("1", "2"):
        card = await bot.presses(label)
        if card.lines[0].startswith(title):
            return card
    raise AssertionError(title)


class TestButtons:
    async def test_a_card_that_is_shown_is_opened(self, bot: BotHarness) -> None:
        await two_come(bot)
        card = await bot.presses("1")
        title = card.lines[0]
        assert signals(bot, title) == {"opened"}

    @pytest.mark.parametrize("words", ["2601.90001", "look: https://arxiv.org/abs/2601.90001v2", "/search 2601.90001"])
    async def test_a_paper_that_is_asked_for_alone_is_opened(self, bot: BotHarness, words: str) -> None:
        await two_come(bot)
        card = await bot.says(words)
        assert card.lines[0].startswith("Swarm one")
        assert signals(bot, "Swarm one") == {"opened"}
        assert signals(bot, "Reef one") == set()

    async def test_a_list_opens_none_of_its_papers(self, bot: BotHarness) -> None:
        await subscribe_to(bot, "swarm OR reef")
        await bot.says("/set limit 1")
        bot.brings(paper("Swarm one", arxiv_id="2601.90001"), paper("Reef one", arxiv_id="2601.90002"))
        await comes(bot)
        assert (await bot.presses("show 1 more")).text
        await bot.says("2601.90001 2601.90002")
        await bot.says("/search swarm")
        await bot.says("/why 2601.90001")
        assert signals(bot, "Swarm one") == signals(bot, "Reef one") == set()

    @pytest.mark.both_databases
    async def test_what_strangers_ask_for_in_public_is_not_what_the_group_opened(self, bot: BotHarness) -> None:
        bot.admins[GROUP] = {"7"}
        await bot.says("/sub swarm now", chat=GROUP, by="7")
        bot.public.add(GROUP)
        bot.brings(paper("Swarm one", arxiv_id="2601.90001"))
        assert (await bot.says("/search 2601.90001", chat=GROUP, by="8", title="Reading group")).lines[0] == "Swarm one"
        assert signals(bot, "Swarm one", GROUP) == set()

    @pytest.mark.both_databases
    @pytest.mark.parametrize(
        ("label", "kind", "said"),
        [
            ("👍", "liked", "Papers like this one come first. Press again to take it back."),
            ("👎", "disliked", "Papers like this one come last. Press again to take it back."),
            ("save", "saved", "Saved: /saved shows all. Press again to remove it."),
        ],
    )
    async def test_pressed_once_it_is_noted_and_pressed_again_taken_back(
        self, bot: BotHarness, label: str, kind: str, said: str
    ) -> None:
        await two_come(bot)
        await card_of(bot, "Swarm one")
        assert (await bot.presses(label)).toast == said
        assert kind in signals(bot, "Swarm one")
        assert (await bot.presses(label)).toast in ("Taken back.", "No longer saved.")
        assert kind not in signals(bot, "Swarm one")

    @pytest.mark.parametrize(("label", "kind"), [("👍", "liked"), ("👎", "disliked"), ("save", "saved")])
    async def test_under_an_alert_of_one_paper_as_well(self, bot: BotHarness, label: str, kind: str) -> None:
        alert = await delivered(bot, paper("Swarm one", arxiv_id="2601.90001"), of=["swarm"])
        for expected in ({kind}, set()):
            (pressed,) = [key["data"] for key in alert.keys if key["text"] == label]
            assert (await bot.sends_request(ME, callback_data=pressed, callback_id="p1", message_id="m0")).toast
            assert signals(bot, "Swarm one") == expected

    async def test_an_alert_of_one_paper_leads_to_papers_near_to_it(self, bot: BotHarness) -> None:
        await delivered(bot, paper("Swarm one", arxiv_id="2601.90001"), of=["swarm"])
        await bot.presses("⋯")
        assert "Swarm one" in (await bot.presses("more like this")).text

    @pytest.mark.both_databases
    async def test_what_was_liked_comes_first_from_then_on_and_why_says_so(self, bot: BotHarness) -> None:
        await two_come(bot)
        await card_of(bot, "Swarm one")
        await bot.presses("👍")
        bot.later(days=1)
        bot.brings(*(title for title in ("Swarm two", "Reef two", "Reef three")))
        sent = await comes(bot)
        assert sent.lines[0].startswith("1 Swarm two")
        why = await bot.says("/why")
        assert "Further up" not in (await bot.says("/why 2601.90002")).text
        await bot.presses("1")
        await bot.presses("⋯")
        why = await bot.presses("why")
        assert why.lines[0] == "Further up, because you liked “Swarm one (2601.90001)”: swarm"
        bot.sets(ME, order="newest")
        assert "Further up" not in (await bot.presses("why")).text

    @pytest.mark.both_databases
    async def test_what_is_excluded_muted_and_followed_is_noted_too(self, bot: BotHarness) -> None:
        await delivered(bot, paper("Swarm of termites", authors=["Jane Doe"]), paper("Swarm of bees"), of=["swarm"])
        await card_of(bot, "Swarm of termites")
        await bot.presses("⋯")
        await bot.presses("follow authors")
        await bot.presses("Jane Doe")
        assert signals(bot, "Swarm of termites") == {"opened", "followed"}
        await bot.presses("mute ▾")
        await bot.presses("1 for a week")
        assert "muted" in signals(bot, "Swarm of termites")
        await bot.presses("exclude")
        await bot.presses("termites")
        assert "excluded" in signals(bot, "Swarm of termites")

    @pytest.mark.parametrize(
        ("label", "kind", "lines"),
        [
            ("👍", "liked", ("No longer liked: Swarm one (2601.90001)", "Liked: Swarm one (2601.90001)")),
            ("👎", "disliked", ("No longer disliked: Swarm one (2601.90001)", "Disliked: Swarm one (2601.90001)")),
            ("save", "saved", ("No longer saved: Swarm one (2601.90001)", "Saved: Swarm one (2601.90001)")),
        ],
    )
    async def test_what_was_pressed_last_is_what_undo_takes_back(
        self, bot: BotHarness, label: str, kind: str, lines: tuple[str, str]
    ) -> None:
        await two_come(bot)
        await card_of(bot, "Swarm one")
        await bot.presses(label)
        assert (await bot.says("/undo")).lines == ["✓ Undone.", lines[0]]
        assert kind not in signals(bot, "Swarm one")
        assert (await bot.presses("redo")).lines == ["✓ Done again.", lines[1]]
        assert kind in signals(bot, "Swarm one")
        await bot.presses("undo")
        assert (await bot.says("/undo")).lines == ["✓ Undone.", "Removed: 1  swarm OR reef"]

    async def test_undo_of_a_like_brings_back_the_dislike_before_it(self, bot: BotHarness) -> None:
        await two_come(bot)
        await card_of(bot, "Swarm one")
        await bot.presses("👎")
        await bot.presses("👍")
        undone = await bot.says("/undo")
        assert set(undone.lines[1:]) == {
            "No longer liked: Swarm one (2601.90001)",
            "Disliked: Swarm one (2601.90001)",
        }
        assert {"liked", "disliked"} & signals(bot, "Swarm one") == {"disliked"}
        assert (await bot.says("/why 2601.90001")).text

    async def test_ratings_push_no_other_change_out_of_reach(self, bot: BotHarness) -> None:
        echo = await bot.says("/sub coral")
        (undo,) = [key["data"] for key in echo.keys if key["text"] == "undo"]
        await two_come(bot)
        await card_of(bot, "Swarm one")
        for label in ("👍", "👎", "save") * 3:
            await bot.presses(label)
        gone = await bot.sends_request(ME, callback_data=undo, callback_id="p1", message_id="m0")
        assert gone.lines == ["✓ Undone.", "Removed: 1  coral"]

    async def test_what_another_one_pressed_is_not_undone_unasked(self, bot: BotHarness) -> None:
        bot.admins[GROUP] = {"7"}
        await subscribe_to(bot, "swarm", chat=GROUP)
        bot.brings(paper("Swarm one", arxiv_id="2601.90001"))
        await bot.says("/save 2601.90001", GROUP, by="8", sender_name="Ben")
        asked = await bot.says("/undo", GROUP, by="7")
        assert asked.lines == ["Ben did the last change here:", "Saved: Swarm one (2601.90001)"]
        await bot.presses("undo it", GROUP, by="7")
        assert "saved" not in signals(bot, "Swarm one", GROUP)

    async def test_where_strangers_read_there_are_none(self, bot: BotHarness) -> None:
        bot.brings(paper("Swarm one", arxiv_id="2601.90001"))
        bot.public.add(CHANNEL)
        said = await bot.says("/search 2601.90001", CHANNEL, by="")
        assert not {"👍", "👎", "save"} & set(said.buttons)

    @pytest.mark.parametrize(("label", "kind"), [("👍", "liked"), ("👎", "disliked"), ("save", "saved")])
    async def test_a_chat_without_subscriptions_says_what_it_thinks_too(
        self, bot: BotHarness, label: str, kind: str
    ) -> None:
        bot.brings(paper("Swarm one", arxiv_id="2601.90001"))
        await bot.says("2601.90001")
        assert (await bot.presses(label)).toast
        assert signals(bot, "Swarm one") == {kind}


class TestReactions:
    @pytest.mark.both_databases
    async def test_a_reaction_to_the_only_paper_of_a_message_is_noted_and_taken_back(self, bot: BotHarness) -> None:
        await delivered(bot, paper("Swarm one"), of=["swarm"])
        message = newest_message(bot)

        async def reacts(before: str, after: str) -> None:
            details = {"message": message, "before": before, "after": after}
            assert not await bot.receives_event("reaction", ME, details=details)

        await reacts("", "liked")
        assert signals(bot, "Swarm one") == {"liked"}
        await reacts("liked", "disliked")
        assert signals(bot, "Swarm one") == {"disliked"}
        await reacts("disliked", "")
        assert signals(bot, "Swarm one") == set()

    async def test_a_reaction_to_several_papers_or_to_another_message_says_nothing(self, bot: BotHarness) -> None:
        await delivered(bot, paper("Swarm one"), paper("Reef one"), of=["swarm OR reef"])
        for message in (newest_message(bot), "999", ""):
            details = {"message": message, "before": "", "after": "liked"}
            assert not await bot.receives_event("reaction", ME, details=details)
        assert signals(bot, "Swarm one") | signals(bot, "Reef one") == set()


class TestSaved:
    @pytest.mark.both_databases
    async def test_a_paper_is_saved_by_its_id_listed_and_removed(self, bot: BotHarness) -> None:
        await two_come(bot)
        assert (await bot.says("/save 2601.90001")).lines == ["✓ Saved: Swarm one (2601.90001)"]
        assert (await bot.says("/save https://arxiv.org/abs/2601.90001v2")).lines == [
            "✓ It is saved already: Swarm one (2601.90001)"
        ]
        bot.later(minutes=1)
        await bot.says("/save 2601.90002")
        shown = await bot.says("/saved")
        assert shown.lines[0] == "2 saved papers"
        assert [line for line in shown.lines[1:] if line[:2] in ("1 ", "2 ")] == [
            "1 Reef one — Ada Example",
            "2 Swarm one — Ada Example",
        ]
        assert (await bot.says("/save 2601.90001")).buttons == ["all saved", "remove"]
        assert (await bot.presses("remove")).lines == ["✓ No longer saved: Swarm one (2601.90001)"]
        assert (await bot.says("/saved")).lines[0] == "1 saved paper"

    async def test_without_an_id_it_is_the_last_paper_that_came(self, bot: BotHarness) -> None:
        await delivered(bot, paper("Swarm one", arxiv_id="2601.90001"), of=["swarm"])
        assert (await bot.says("/save")).lines == ["✓ Saved: Swarm one (2601.90001)"]

    async def test_many_are_paged(self, bot: BotHarness) -> None:
        await delivered(bot, *(paper(f"Swarm {n}", arxiv_id=f"2601.8{n:04}") for n in range(10)), of=["swarm"])
        for n in range(10):
            bot.later(seconds=1)
            await bot.says(f"/save 2601.8{n:04}")
        first = await bot.says("/saved")
        assert (first.lines[0], first.buttons[-1]) == ("10 saved papers", "older")
        assert any(line.startswith("1 Swarm 9") for line in first.lines)
        older = await bot.presses("older")
        assert older.replaces
        assert any(line.startswith("9 Swarm 1") for line in older.lines)
        assert older.buttons == ["9", "10", "newer"]
        assert any(line.startswith("1 Swarm 9") for line in (await bot.presses("newer")).lines)

    async def test_they_are_exported_as_bibtex_and_ris(self, bot: BotHarness) -> None:
        await two_come(bot)
        await bot.says("/save 2601.90001")
        bib = await bot.says("/export saved bib")
        assert "1 saved paper" in bib.lines[0]
        assert "@misc{example2026swarm," in bib.text
        ris = (await bot.says("/export saved ris")).text
        assert "TI  - Swarm one\n" in ris
        assert "AU  - Example, Ada\n" in ris
        assert "UR  - https://arxiv.org/abs/2601.90001\n" in ris
        refused = await bot.says("/export saved xml")
        assert refused.lines[0] == "✗ I export saved papers as BibTeX or RIS, not as “xml”."

    @pytest.mark.parametrize(
        ("typed", "said"),
        [
            ("/save", "✗ Say which paper, by its arXiv id, DOI or link."),
            ("/save nothing of it", "✗ Say which paper, by its arXiv id, DOI or link."),
            ("/saved", "Nothing is saved here. /save 2601.11087 saves a paper, and so does [save] on its card."),
            ("/export saved", "Nothing is saved here."),
        ],
    )
    async def test_where_there_is_nothing(self, bot: BotHarness, typed: str, said: str) -> None:
        await subscribe_to(bot, "swarm")
        assert (await bot.says(typed)).lines[0] == said

    async def test_a_chat_without_a_subscription_keeps_papers_too(self, bot: BotHarness) -> None:
        bot.brings(paper("Swarm one", arxiv_id="2601.90001"))
        assert (await bot.says("/save 2601.90001")).lines == ["✓ Saved: Swarm one (2601.90001)"]
        assert (await bot.says("/saved")).lines[0] == "1 saved paper"

    async def test_in_chinese(self, bot: BotHarness) -> None:
        await two_come(bot)
        await bot.says("/lang zh")
        assert (await bot.says("/save 2601.90001")).lines == ["✓ 已收藏：Swarm one (2601.90001)"]
        assert (await bot.says("/saved")).lines[0] == "1 篇收藏的论文"


class TestPrivacy:
    @pytest.mark.both_databases
    async def test_privacy_counts_and_holds_them_and_forget_erases_them(self, bot: BotHarness) -> None:
        await two_come(bot)
        await card_of(bot, "Swarm one")
        await bot.presses("👍")
        said = await bot.says("/privacy")
        assert "times it told by a button or an answer which papers it wants" in said.text
        assert said.file is not None
        stored = json.loads(said.file.text)
        assert {(one["title"], one["kind"]) for one in stored["signals"]} >= {
            ("Swarm one", "liked"),
            ("Swarm one", "opened"),
        }
        assert "swarm" in stored["taste"]
        await bot.says("/forget")
        await bot.presses("erase everything")
        with bot.store.read() as transaction:
            run = transaction.connection().exec_driver_sql
            assert run("SELECT count(*) FROM signal").scalar() == run("SELECT count(*) FROM taste").scalar() == 0

    @pytest.mark.both_databases
    async def test_they_move_with_a_group(self, bot: BotHarness) -> None:
        bot.admins[GROUP] = {"7"}
        await delivered(bot, paper("Swarm one", arxiv_id="2601.90001"), of=["swarm"], chat=GROUP)
        await bot.says("/save 2601.90001", GROUP, by="7")
        await bot.receives_event("moved", GROUP, details={"to": "-1007"})
        assert signals(bot, "Swarm one", "telegram:-1007") == {"saved"}

    @pytest.mark.both_databases
    async def test_both_chats_signals_stay_when_two_become_one(self, bot: BotHarness) -> None:
        new = "telegram:-1007"
        for chat in (GROUP, new):
            await subscribe_to(bot, "swarm", chat=chat)
        bot.brings(paper("Swarm one", arxiv_id="2601.90001"), paper("Swarm two", arxiv_id="2601.90002"))
        bot.later(seconds=timedelta(minutes=1).total_seconds())
        for chat, paper_id in ((GROUP, "2601.90001"), (GROUP, "2601.90002"), (new, "2601.90002")):
            await bot.says(f"/save {paper_id}", chat, by="7")
        await bot.receives_event("moved", GROUP, details={"to": "-1007"})
        assert signals(bot, "Swarm one", new) == signals(bot, "Swarm two", new) == {Signal.SAVED}


@pytest.fixture
def no_scorer() -> Iterator[None]:
    registered = scorers.SCORERS.copy()
    scorers.SCORERS.clear()
    yield
    scorers.SCORERS.extend(registered)


@pytest.mark.usefixtures("no_scorer")
@pytest.mark.sentences
async def test_without_a_scorer_papers_come_and_none_can_be_rated(bot: BotHarness) -> None:
    await two_come(bot)
    assert "👍" not in (await bot.presses("1")).buttons
    assert (await bot.says("not 1")).text.startswith("✗ Ratings do not change the order of papers here.")
    assert (await bot.says("/save 2601.90001")).text.startswith("✓ Saved: Swarm one")
    bot.brings("Swarm two", "Reef two")
    assert "Swarm two" in (await comes(bot)).text
    assert "Further up" not in (await bot.says("/why")).text
