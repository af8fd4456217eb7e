"""preview, search, why and whynot."""

from datetime import timedelta

import pytest

from subscriptions.model import Announce, ChatKind
from subscriptions.query.parse import parse_query
from subscriptions.service import known_papers as index
from subscriptions.service.amendments import edit
from subscriptions.service.listing import get_chat
from subscriptions.service.paper_search import search
from subscriptions.service.pausing import pause
from subscriptions.service.sending import outbox_entries
from subscriptions.states import ChatState, PauseReason
from subscriptions.store import admitted_chats, chats
from tests.bot_harness import BotHarness
from tests.clock import NOON
from tests.conversation.deliverer import Deliverer
from tests.make import DAY, address, paper, summary

ME, OTHER, GROUP = "telegram:42", "telegram:43", "telegram:-1001"


class TestPreview:
    async def test_it_counts_what_it_looked_at_and_marks_nothing_as_told(self, bot: BotHarness) -> None:
        bot.brings("Diffusion of Tuesday", "Graphs", now=NOON - 2 * DAY)
        bot.brings("Diffusion of today", now=NOON - timedelta(minutes=1))
        said = await bot.says("/preview diffusion")
        assert said.lines[0] == "2 papers in the last 7 days"
        assert "Diffusion of Tuesday" in said.text
        await bot.says("/sub diffusion daily 13:00")
        await bot.says("/preview")
        assert not list(outbox_entries(bot.store, now=NOON))
        bot.later(hours=1)
        assert "Diffusion of today" in (await Deliverer(bot).deliver_due())[0].text

    @pytest.mark.parametrize(
        ("then", "line"),
        [
            ("", "1 paper is still to come. Next: Thu 22 Jan 13:00."),
            ("/pause", "1 paper is still to come. This chat is paused; /resume ends that."),
            ("/today", "Nothing of it is still to come."),
        ],
    )
    async def test_it_says_what_of_it_is_still_to_come_and_when(self, bot: BotHarness, then: str, line: str) -> None:
        bot.brings("Diffusion of Tuesday", "Graphs", now=NOON - 2 * DAY)
        bot.brings("Diffusion of today", now=NOON - timedelta(minutes=1))
        await bot.says("/sub diffusion daily 13:00")
        if then:
            await bot.says(then)
        assert line in (await bot.says("/preview")).lines

    async def test_only_what_was_counted_is_told(self, bot: BotHarness, monkeypatch: pytest.MonkeyPatch) -> None:
        """If papers have to be read to count matches, the preview counts only the newest papers, and says so."""
        monkeypatch.setattr(index, "MOST_READ", 5)
        bot.brings(*(f"Diffusion {n}" for n in range(8)))
        newest = "(of the newest 5 papers)"
        said = await bot.says("/sub =Diffusion")
        assert f"5 papers in the last 7 days {newest}, for example:" in said.lines
        assert (await bot.says("/preview 1")).lines[0] == f"5 papers in the last 7 days {newest}"
        assert f"5 in 1 day {newest}" in (await bot.says("/list")).text
        assert (await bot.says("/preview diffusion")).lines[0] == "8 papers in the last 7 days"

    async def test_of_too_many_papers_the_newest_are_counted(
        self, bot: BotHarness, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(index, "MOST_COUNTED", 5)
        bot.brings(*(f"Diffusion {n}" for n in range(8)))
        said = await bot.says("/sub diffusion")
        assert "5 papers in the last 7 days (of the newest 5 papers), for example:" in said.lines

    async def test_its_button_subscribes_exactly_that_text(self, bot: BotHarness) -> None:
        bot.brings("Diffusion")
        said = await bot.says("/test diffusion -survey at 8")
        assert said.lines[1] == "diffusion, not survey · daily 08:00"
        done = await bot.presses("subscribe")
        assert done.lines[0].startswith("✓ 1  diffusion, not survey · daily 08:00")

    async def test_what_came_before_is_shown_and_counted(self, bot: BotHarness) -> None:
        bot.brings("Diffusion one", "Diffusion two")
        await bot.says("/today one")
        said = await bot.says("/preview diffusion")
        assert said.lines[1] == "This chat has had 1 of them."
        assert "Diffusion one" in said.text
        await bot.says("/today diffusion")
        assert (await bot.says("/preview diffusion")).lines[1] == "This chat has had all of them."

    async def test_a_number_is_a_subscription_if_the_chat_has_it_else_a_query(self, bot: BotHarness) -> None:
        bot.brings("Diffusion", "Chapter 2")
        await bot.says("/sub diffusion")
        first, second = await bot.says("/preview 1"), await bot.says("/preview 2")
        assert "Diffusion" in first.text
        assert "Chapter 2" not in first.text
        assert "Chapter 2" in second.text
        assert second.buttons == ["subscribe"]

    async def test_a_long_preview_ends(self, bot: BotHarness) -> None:
        bot.brings(*(f"Diffusion {n}" for n in range(50)))
        said = await bot.says("/preview diffusion")
        assert said.lines[0] == "50 papers in the last 7 days"
        assert "and 30 more" in said.text

    @pytest.mark.parametrize(
        ("text", "lines"),
        [
            ("/preview", ["No subscription is active here. With a query I look for that: /preview diffusion"]),
            ("/preview quantum", ["Nothing fits among the 2 papers of the last 7 days.", "quantum"]),
            ("/check ti:graphs", ["1 paper in the last 7 days", "title:graphs"]),
            ('/preview "graph', ["1 paper in the last 7 days", '"graph"', "(I closed the quotation mark.)"]),
            ("/preview a b (c", ["Nothing fits among the 2 papers of the last 7 days.", "a b c"]),
            ("/preview -graph", ["✗ This only excludes. Say what you want, too.", "-graph", "^"]),
            ("/preview diffusion cat:", ["✗ cat: has nothing after it to look for.", "diffusion cat:", "          ^"]),
        ],
    )
    async def test_what_it_says(self, bot: BotHarness, text: str, lines: list[str]) -> None:
        bot.brings("Diffusion", "Graphs")
        assert (await bot.says(text)).lines[: len(lines)] == lines

    async def test_in_groups_it_is_short_and_in_public_without_buttons(self, bot: BotHarness) -> None:
        bot.brings("Graphs")
        said = await bot.says('/preview "graph', GROUP)
        assert said.lines[:2] == ["1 paper in the last 7 days", '"graph"']
        assert said.lines[2] != "(I closed the quotation mark.)"
        assert said.buttons == ["subscribe"]
        assert not (await bot.says("/preview graph", "telegram:-1002", kind=ChatKind.BROADCAST)).buttons
        bot.admins[GROUP] = {"7"}
        assert (await bot.presses("subscribe", GROUP, by="8")).toast == "Only admins of this chat can change that."


class TestSearch:
    async def test_it_counts_all_and_turns_pages_in_place(self, bot: BotHarness) -> None:
        bot.brings(*(f"Diffusion {n}" for n in range(13)), "Graphs")
        first = await bot.says("/search diffusion")
        assert first.lines[0] == "13 papers in the last 7 days"
        assert "Diffusion 12" in first.text
        assert first.buttons == ["1", "2", "3", "4", "5", "subscribe", "show more"]
        second = await bot.presses("show more")
        assert second.replaces
        assert second.buttons == ["6", "7", "8", "9", "10", "subscribe", "newer", "show more"]
        third = await bot.presses("show more")
        assert third.buttons == ["11", "12", "13", "subscribe", "newer"]
        assert "Diffusion 0" in third.text
        assert (await bot.presses("newer")).markup == second.markup

    async def test_papers_that_come_meanwhile_move_no_page(self, bot: BotHarness) -> None:
        bot.brings(*(f"Diffusion {n}" for n in range(8)))
        await bot.says("/search diffusion")
        bot.brings("Diffusion 8", "Diffusion 9", name="later")
        second = await bot.presses("show more")
        assert "7 Diffusion 1" in second.text
        assert "8 Diffusion 0" in second.text

    async def test_a_number_opens_the_card(self, bot: BotHarness) -> None:
        bot.brings(paper("Diffusion", arxiv_id="2601.00007"))
        await bot.says("/search diffusion")
        card = await bot.presses("1")
        assert "2601.00007" in card.text
        assert "more" in card.buttons

    async def test_how_far_it_looked_is_said_and_older_papers_are_a_press_away(
        self, bot: BotHarness, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(index, "MOST_COUNTED", 10)
        for day in range(3):
            moment = NOON - (3 - day) * DAY
            bot.brings(*(f"{'Graphs' if n else 'Diffusion'} {day}.{n}" for n in range(8)), now=moment)
        said = await bot.says("/search diffusion")
        assert said.lines[0] == "1 of the newest 10 papers, back to Tue 20 Jan; there are 24 papers"
        further = await bot.presses("show more")
        assert further.lines[0] == "1 more in 10 papers before them, back to Mon 19 Jan"
        assert "2 Diffusion 1.0" in further.text
        last = await bot.presses("show more")
        assert last.lines[0] == "1 more in 4 papers before them, back to Mon 19 Jan"
        assert last.buttons == ["3", "subscribe", "newer"]
        assert (await bot.presses("newer")).markup == further.markup

    async def test_what_only_reading_can_tell_of_many_papers_ends_a_look_early(
        self, bot: BotHarness, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(index, "MOST_READ", 5)
        bot.brings(*(f"Diffusion {n}" for n in range(8)))
        assert (
            (await bot.says("/search =Diffusion")).lines[0].startswith("5 of the newest 5 papers, back to Thu 22 Jan")
        )
        assert (await bot.presses("show more")).lines[0].startswith("3 more in 3 papers before them")

    def test_all_that_it_looks_at_is_found_whatever_stands_where(self, bot: BotHarness) -> None:
        """Search finds words in all parts of a paper: titles, summaries, authors, categories and ids."""
        bot.brings(
            paper(
                "图", "cs.LG", arxiv_id="2601.00001", authors=("Jörg Müller",), abstract="On $\\alpha$-stable studies"
            ),
            paper("Other", "stat.ML", arxiv_id=None, doi="10.1234/abc", summaries=summary("扩散模型")),
        )
        for text, found in [
            ("author:mueller", ["图"]),
            ("alpha study", ["图"]),
            ("cat:cs", ["图"]),
            ("id:2601.00001", ["图"]),
            ("扩散", ["Other"]),
            ("doi:10.1234/ABC", ["Other"]),
            ("primary:stat.ML", ["Other"]),
            ("source:daily", ["Other", "图"]),
            ("quantum", []),
        ]:
            known = search(bot.store, parse_query(text), most=9).papers
            assert [one.paper.title for one in known] == found, text

    async def test_papers_known_only_by_a_replacement_are_found(self, bot: BotHarness) -> None:
        bot.brings(paper("Diffusion, revised", kind=Announce.REPLACE))
        assert (await bot.says("/search diffusion")).lines[0] == "1 of 1 paper"

    @pytest.mark.parametrize(
        ("text", "first"),
        [
            ("/search", "✗ Say what to look for."),
            ("/search quantum", "No paper that I know has “quantum”."),
            ("/search -survey", "✗ This only excludes. Say what you want, too."),
            ("/search 2601.00001", "Diffusion"),
            ("/search https://arxiv.org/abs/2601.09999", "✗ 2601.09999 is not known here."),
        ],
    )
    async def test_what_it_says(self, bot: BotHarness, text: str, first: str) -> None:
        bot.brings(paper("Diffusion", arxiv_id="2601.00001"))
        assert (await bot.says(text)).lines[0] == first

    async def test_in_public_there_are_no_buttons(self, bot: BotHarness) -> None:
        bot.brings(*(f"Diffusion {n}" for n in range(13)))
        said = await bot.says("/search diffusion", "telegram:-1002", kind=ChatKind.BROADCAST)
        assert said.lines[0] == "13 papers in the last 7 days"
        assert not said.buttons


class TestWhy:
    async def test_it_names_the_subscriptions_and_quotes_the_words(self, bot: BotHarness) -> None:
        bot.brings(paper("Diffusion", arxiv_id="2601.00001", abstract="It learns on graphs."))
        await bot.says("/sub diffusion daily 13:00")
        await bot.says("/sub graph daily 13:00")
        assert (await bot.says("/why")).text == (
            "This chat was not sent a paper yet. With the id of a paper I tell which words match: /why 2601.11087"
        )
        bot.later(hours=1)
        await Deliverer(bot).deliver_due()
        said = await bot.says("/why 2601.00001")
        assert said.lines[0] == "It came Thu 22 Jan 13:00."
        assert "1  diffusion" in said.text
        assert "2  graph" in said.text
        assert "It learns on graphs." in said.text
        assert (await bot.says("/why https://arxiv.org/abs/2601.00001v2")).markup == said.markup
        assert (await bot.says("/whynot 2601.00001")).markup == said.markup

    async def test_without_an_id_it_is_the_last_paper_or_that_of_the_message_that_is_answered(
        self, bot: BotHarness
    ) -> None:
        post = Deliverer(bot)
        bot.brings("Diffusion one")
        await bot.says("/sub diffusion now")
        await bot.says("/today")
        await post.deliver_due()
        bot.brings("Diffusion two", now=bot.later(minutes=5))
        await post.deliver_due()
        assert "Diffusion two" in (await bot.says("/why")).text
        with bot.store.read() as session:
            first = session.connection().exec_driver_sql("SELECT platform_id FROM message ORDER BY delivery").scalar()
        assert "Diffusion one" in (await bot.says("/why", reply_to=first)).text

    async def test_what_is_on_its_way_is_no_lie(self, bot: BotHarness) -> None:
        bot.brings(paper("Diffusion", arxiv_id="2601.00001"))
        await bot.says("/today diffusion")
        assert (await bot.says("/why 2601.00001")).lines[0] == "It was planned Thu 22 Jan 12:00 and is on its way."

    async def test_what_another_chat_was_told_is_nobody_elses_business(self, bot: BotHarness) -> None:
        bot.brings(paper("Diffusion", arxiv_id="2601.00001"))
        await bot.says("/sub diffusion -secret", OTHER)
        await bot.says("/today", OTHER)
        await Deliverer(bot).deliver_due()
        for text in ("/why", "/why 2601.00001", "/whynot 2601.00001"):
            said = await bot.says(text)
            assert "secret" not in said.text
            assert "It came" not in said.text

    @pytest.mark.parametrize(
        ("text", "lines"),
        [
            ("/why diffusion", ["✗ Say which paper, by its arXiv id, DOI or link.", "For example: /why 2601.11087"]),
            ("/whynot", ["✗ Say which paper, by its arXiv id, DOI or link.", "For example: /whynot 2601.11087"]),
            (
                "/why 2601.09999",
                ["✗ 2601.09999 is not known here.", "I know the papers that came since Thu 22 Jan 12:00."],
            ),
        ],
    )
    async def test_what_it_cannot_answer(self, bot: BotHarness, text: str, lines: list[str]) -> None:
        bot.brings(paper("Diffusion", arxiv_id="2601.00001"))
        assert (await bot.says(text)).lines == lines


class TestWhynot:
    """whynot tells why a subscription does not match a paper."""

    ID = "2601.00001"

    async def answer(self, bot: BotHarness) -> str:
        said = await bot.says(f"/whynot {self.ID}")
        assert said.lines[0] == f"Diffusion on graphs ({self.ID})"
        return said.lines[2]

    def comes(self, bot: BotHarness, kind: Announce | None = None) -> None:
        of = paper(
            "Diffusion on graphs", "cs.LG", arxiv_id=self.ID, abstract="A survey.", authors=("Jane Doe",), kind=kind
        )
        bot.brings(of)

    @pytest.mark.parametrize(
        ("query", "sentence"),
        [
            ("quantum", "lacks quantum"),
            ("Quantums walks", "lacks Quantums; walks"),
            ("diffusion -survey", "has survey, which this excludes"),
            ("graph quantum -survey", "lacks quantum, and has survey"),
            ("diffusion cat:cs.CV", "lacks category:cs.CV"),
            ('"graph diffusion"', 'lacks "graph diffusion"'),
            ("author:Hinton graph", "lacks author:Hinton"),
            ("diffusion (quantum OR walk)", "lacks quantum OR walk"),
            ("diffusion -(survey graph)", "has (survey graph), which this excludes"),
        ],
    )
    async def test_the_parts_that_fail_in_the_words_of_who_typed_them(
        self, bot: BotHarness, query: str, sentence: str
    ) -> None:
        self.comes(bot)
        await bot.says(f"/sub {query}")
        assert await self.answer(bot) == f"1  {query}: {sentence}"

    @pytest.mark.parametrize(
        ("when", "sentence"),
        [
            ("daily 13:00", "fits, and comes Thu 22 Jan 13:00"),
            ("when-out 18:00-20:00", "fits, and comes Thu 22 Jan about 18:00"),
        ],
    )
    async def test_what_is_still_to_come(self, bot: BotHarness, when: str, sentence: str) -> None:
        self.comes(bot)
        await bot.says(f"/sub diffusion {when}")
        assert await self.answer(bot) == f"1  diffusion: {sentence}"

    async def test_what_came_after_a_subscription_with_now(self, bot: BotHarness) -> None:
        await bot.says("/sub diffusion now")
        self.comes(bot)
        assert await self.answer(bot) == "1  diffusion: fits, and is about to come"

    async def test_what_came_before_the_subscription(self, bot: BotHarness) -> None:
        self.comes(bot)
        bot.later(minutes=5)
        await bot.says("/sub diffusion now")
        assert await self.answer(bot) == "1  diffusion: fits, but begins with what came since Thu 22 Jan 12:05"

    async def test_what_came_before_the_query_was_changed(self, bot: BotHarness) -> None:
        await bot.says("/sub quantum daily 13:00")
        self.comes(bot)
        bot.later(hours=2)
        await Deliverer(bot).deliver_due()
        edit(bot.store, address(ME), 1, "diffusion", now=bot.clock.now())
        wanted = "1  diffusion: fits now; when the paper came, it did not, or the chat was set otherwise"
        assert await self.answer(bot) == wanted

    async def test_what_came_only_as_a_replacement(self, bot: BotHarness) -> None:
        self.comes(bot, Announce.REPLACE)
        await bot.says("/sub diffusion")
        wanted = "1  diffusion: fits, but only a new version of it came here, and those are not announced"
        assert await self.answer(bot) == wanted

    async def test_a_cross_list_where_none_are_wanted(self, bot: BotHarness) -> None:
        self.comes(bot, Announce.CROSS)
        await bot.says("/sub diffusion")
        await bot.says("/set crosslists out")
        wanted = "1  diffusion: fits, but it is a cross-list, and this chat wants none: /set crosslists in"
        assert await self.answer(bot) == wanted

    async def test_a_subscription_that_is_paused(self, bot: BotHarness) -> None:
        self.comes(bot)
        await bot.says("/sub diffusion")
        pause(bot.store, address(ME), 1, until=None, now=NOON)
        assert await self.answer(bot) == "1  diffusion: fits; it is paused: /resume 1"
        pause(bot.store, address(ME), 1, until=NOON + DAY, now=NOON)
        assert await self.answer(bot) == "1  diffusion: fits; it is paused until Fri 23 Jan 12:00: /resume 1"

    @pytest.mark.parametrize(
        ("state", "sentence"),
        [
            (ChatState.PAUSED, "fits; this chat is paused: /resume"),
            (ChatState.ASKED, "fits; this chat waits until an admin lets it in"),
        ],
    )
    async def test_a_chat_that_gets_nothing(self, bot: BotHarness, state: ChatState, sentence: str) -> None:
        self.comes(bot)
        await bot.says("/sub diffusion")
        with bot.store.write() as session:
            chat = get_chat(session, address(ME))
            if state is ChatState.ASKED:
                admitted_chats.require_admission(session, chat.id, now=NOON)
            else:
                chats.pause_chat(session, chat.id, PauseReason.PERSON, now=NOON)
        assert await self.answer(bot) == f"1  diffusion: {sentence}"

    async def test_the_nearest_subscriptions_come_first_and_the_far_ones_are_counted(self, bot: BotHarness) -> None:
        self.comes(bot)
        for query in ("u v w", "diffusion u v", "diffusion u", "diffusion", "x", "y", "z"):
            await bot.says(f"/sub {query}")
        said = await bot.says(f"/whynot {self.ID}")
        assert [line.split(":")[0] for line in said.lines[2:]] == [
            "4  diffusion",
            "3  diffusion u",
            "5  x",
            "6  y",
            "7  z",
            "2 more subscriptions are further from it.",
        ]

    async def test_without_subscriptions_it_says_so(self, bot: BotHarness) -> None:
        self.comes(bot)
        assert await self.answer(bot) == "There are no subscriptions yet."
