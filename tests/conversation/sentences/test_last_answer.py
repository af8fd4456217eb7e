"""A message may refer to the last answer: to its papers by number, to its button, or to the last subscription."""

from itertools import count

import pytest

from subscriptions.model import Chat, ChatKind
from subscriptions.service.conversation_state import known_or_new
from tests import make
from tests.bot_harness import Answer, BotHarness
from tests.conversation import deliverer
from tests.conversation.deliverer import Deliverer

ME = "telegram:42"
TITLES = ("Diffusion one", "Diffusion two", "Diffusion three")


@pytest.fixture(autouse=True)
def _papers(bot: BotHarness) -> None:
    make.ingested(bot.store, *(make.paper(title, abstract="扩散") for title in TITLES), make.paper("Graphs"))


async def _after(bot: BotHarness, *said: str) -> Answer:
    answer = Answer(stored_reply=None)
    for line in said:
        bot.later(seconds=1)
        answer = await bot.says(line)
    return answer


def _shown(text: str) -> list[str]:
    return [title for title in TITLES if title in text]


class TestNumbers:
    @pytest.mark.parametrize("before", [(), ("/sub trees daily 9", "/sub graphs daily 9")])
    @pytest.mark.parametrize("said", ["not 1, 2", "not 1 and 2", "without 1 and 2", "不要1和2", "1和2不要"])
    async def test_papers_of_a_list_are_not_wanted(self, bot: BotHarness, said: str, before: tuple[str, ...]) -> None:
        first = await _after(bot, *before, "diffusion")
        answer = await _after(bot, said)
        numbered = [line.split(" ", 1)[1].split(" — ")[0] for line in first.lines if line[:2] in ("1 ", "2 ")]
        assert set(numbered) <= set(_shown(answer.text)), answer.text
        assert len(_shown(answer.text)) == 2
        assert answer.text.startswith(("✓ Noted: papers like this one come last.", "✓ 已记下：类似的论文会排在后面。"))
        assert len(deliverer.texts(bot)) == len(before)

    @pytest.mark.parametrize(
        ("said", "begins"),
        [
            ("2 is boring", "✓ Noted: papers like this one come last."),
            ("I like 2", "✓ Noted: papers like this one come first."),
            ("save 2", "✓ Saved: Diffusion"),
            ("save the second one", "✓ Saved: Diffusion"),
            ("收藏第二篇", "✓ 已收藏"),
            ("show me number 2", "Diffusion"),
            ("the second one", "Diffusion"),
            ("tell me more about 2", "Diffusion"),
            ("第二篇讲什么", "Diffusion"),
            ("more like 2", "Nearest to Diffusion"),
        ],
    )
    async def test_a_paper_of_a_list_is_meant(self, bot: BotHarness, said: str, begins: str) -> None:
        second = next(line for line in (await _after(bot, "diffusion")).lines if line.startswith("2 "))
        answer = await _after(bot, said)
        assert answer.text.startswith(begins)
        assert any(title in second for title in _shown(answer.lines[0])), answer.text

    async def test_numbers_of_subscriptions_are_theirs(self, bot: BotHarness) -> None:
        await _after(bot, "/sub trees daily 9", "/sub graphs daily 9", "diffusion")
        assert (await _after(bot, "remove 1")).text.startswith("✓ Removed 1 subscription")
        assert len(deliverer.texts(bot)) == 1

    @pytest.mark.both_databases
    async def test_papers_of_a_delivery_have_numbers(self, bot: BotHarness) -> None:
        await _after(bot, "/sub diffusion now")
        bot.later(hours=20)
        make.ingested(
            bot.store,
            *(make.paper(f"Diffusion of {word}") for word in ("sand", "mud")),
            name="new",
            now=bot.clock.now(),
        )
        await Deliverer(bot).deliver_due()
        bot.later(hours=1)
        answer = await _after(bot, "not 1, 2")
        assert answer.text.count("papers like this one come last") == 2


class TestWithoutNumbers:
    @pytest.mark.parametrize("said", ["more like this", "save it"])
    async def test_several_papers_get_a_button_each(self, bot: BotHarness, said: str) -> None:
        answer = await _after(bot, "diffusion", said)
        assert answer.lines == ["Which one do you mean?"]
        assert len(answer.buttons) == 3
        assert await bot.presses(answer.buttons[1])

    @pytest.mark.parametrize("said", ["show more", "more", "next page", "更多", "还有吗？"])
    async def test_the_next_page_is_shown(self, bot: BotHarness, said: str) -> None:
        make.ingested(bot.store, *(make.paper(f"Mud {number}") for number in range(12)), name="mud")
        pages = [await _after(bot, line) for line in ("mud", said, said)]
        shown = [{line.split()[0] for line in page.lines if " — " in line} for page in pages]
        assert shown == [set("12345"), {"6", "7", "8", "9", "10"}, {"11", "12"}]

    async def test_one_paper_is_meant(self, bot: BotHarness) -> None:
        assert "near to Graphs" in (await _after(bot, "graphs", "more like this")).text

    @pytest.mark.parametrize(
        "said", ["yes", "Yes please!", "subscribe", "subscribe to this", "订阅", "订阅这个", "是的"]
    )
    async def test_the_offered_subscription_is_taken(self, bot: BotHarness, said: str) -> None:
        await _after(bot, "diffusion", said)
        assert deliverer.texts(bot) == ["diffusion"]

    @pytest.mark.parametrize("said", ["yes", "subscribe", "订阅", "save 2", "not 1, 2"])
    async def test_without_an_answer_nothing_is_taken(self, bot: BotHarness, said: str) -> None:
        await _after(bot, said)
        assert not known_or_new(bot.store, make.address(ME), ChatKind.PRIVATE).id

    async def test_an_old_answer_is_not_meant(self, bot: BotHarness) -> None:
        await _after(bot, "diffusion")
        bot.later(minutes=20)
        await _after(bot, "yes")
        assert not known_or_new(bot.store, make.address(ME), ChatKind.PRIVATE).id

    async def test_yes_presses_the_only_button_of_a_question(self, bot: BotHarness) -> None:
        await _after(bot, "/sub diffusion daily 9", "London", "drop diffusion")
        if deliverer.texts(bot):
            await _after(bot, "yes")
        assert deliverer.texts(bot) == []


class TestSubscriptions:
    @pytest.mark.parametrize(
        ("said", "text"),
        [
            ("the same for GANs", "GANs"),
            ("same for graph transformers", "graph transformers"),
            ("也来一个GAN的", "GAN"),
            ("再来一个强化学习的", "强化学习"),
        ],
    )
    async def test_another_one_comes_at_the_same_time(self, bot: BotHarness, said: str, text: str) -> None:
        await _after(bot, "/sub diffusion weekly tue 9", "London", said)
        new = deliverer.subscriptions_of(bot)[1:]
        assert [(one.text, one.cadence.kind) for one in new] == [(text, "weekly")]

    async def test_which_of_several_is_asked_with_a_button_each(self, bot: BotHarness) -> None:
        answer = await _after(bot, "/sub diffusion daily 9", "London", "/sub graphs daily 9", "/list", "make it weekly")
        assert answer.buttons[:2] == ["weekly 1 diffusion", "weekly 2 graphs"]
        await bot.presses(answer.buttons[1])
        assert [one.cadence.kind for one in deliverer.subscriptions_of(bot)] == ["daily", "weekly"]

    async def test_the_last_one_is_removed(self, bot: BotHarness) -> None:
        await _after(bot, "/sub diffusion daily 9", "London", "/sub graphs daily 9", "remove the last one")
        assert deliverer.texts(bot) == ["diffusion"]

    async def test_reviews_are_left_out(self, bot: BotHarness) -> None:
        await _after(bot, "/sub diffusion daily 9", "London", "without reviews please")
        assert deliverer.texts(bot) == ["diffusion -review"]


class TestPlaces:
    async def test_a_name_is_no_place_once_something_else_was_answered(self, bot: BotHarness) -> None:
        await _after(bot, "/sub trees daily 9")
        assert (await _after(bot, "Mambaland")).lines[0].startswith("I know no place “Mambaland”")
        await _after(bot, "/list")
        assert "place" not in (await _after(bot, "Mambaland")).text
        assert (await _after(bot, "Tokyo")).text.startswith("✓ Time zone: Asia/Tokyo")

    async def test_nice_is_no_city(self, bot: BotHarness) -> None:
        assert (await _after(bot, "/sub trees daily 9", "nice")).lines == ["You are welcome."]
        assert (await _after(bot, "Nice")).text.startswith("✓ Time zone: Europe/Paris")


class TestWhatWasSeen:
    """What an answer showed does not come again for that query, and for no other; nothing says that it did not match."""

    async def _first_digest(self, bot: BotHarness, *said: str, press: str = "") -> tuple[str, str]:
        """Returns the confirmation of a subscription, and the chat's first digest."""
        answer = await _after(bot, *said)
        if press:
            answer = await bot.presses(press)
        post = Deliverer(bot)
        bot.later(days=1)
        return answer.text, "\n".join(one.text for one in await post.deliver_due())

    @pytest.mark.both_databases
    @pytest.mark.parametrize(
        ("said", "press", "seen", "comes"),
        [
            (("/search diffusion",), "subscribe", "You have just seen 3 of these; they do not come again.", 0),
            (("/search diffusion", "/sub diffusion daily 9"), "", "You have just seen 3 of these;", 0),
            (("/search diffusion", "/sub diffusion one daily 9"), "", "", 1),
            (("/search graphs", "/sub diffusion daily 9"), "", "", 3),
            (("/search diffusion", "/list", "/sub diffusion OR graphs daily 9"), "", "", 3),
        ],
    )
    async def test_it_counts_for_the_query_that_was_searched(
        self, bot: BotHarness, said: tuple[str, ...], press: str, seen: str, comes: int
    ) -> None:
        confirmed, digest = await self._first_digest(bot, *said, press=press)
        assert seen in confirmed
        assert ("just seen" in confirmed) is bool(seen)
        assert len(_shown(digest)) == comes
        assert "matched" not in digest or "The 3 papers that matched were shown here before." in digest


class TestFrame:
    """What was said last can be amended, replaced or taken, by the same person, also after a button and a new start."""

    @pytest.mark.parametrize(
        ("before", "said", "reading"),
        [
            (("diffusion",), "no, graphs", "graphs"),
            (("diffusion",), "不对，是图", "图"),
            (("diffusion",), "without reviews please", "diffusion, not review"),
            (("diffusion", "/saved", "graphs"), "only in titles", "title:graphs"),
        ],
    )
    async def test_a_search_is_searched_anew(
        self, bot: BotHarness, before: tuple[str, ...], said: str, reading: str
    ) -> None:
        answer = await _after(bot, *before, said)
        assert reading in answer.lines, answer.text
        assert not known_or_new(bot.store, make.address(ME), ChatKind.PRIVATE).id

    @pytest.mark.parametrize(
        ("said", "cadence"),
        [("and also every friday at noon", "weekly fri 12:00"), ("每天早上8点发给我", "daily 08:00")],
    )
    async def test_a_time_subscribes_to_what_was_looked_for(self, bot: BotHarness, said: str, cadence: str) -> None:
        answer = await _after(bot, "diffusion", said)
        assert [(one.text, str(one.cadence)) for one in deliverer.subscriptions_of(bot)] == [("diffusion", cadence)]
        assert "undo" in answer.buttons or "撤销" in answer.buttons

    @pytest.mark.parametrize(
        ("said", "text", "cadence"),
        [
            ("make it weekly", "graphs", "weekly mon 09:00"),
            ("at 8 please", "graphs", "daily 08:00"),
            ("no, I meant trees", "trees", "daily 09:00"),
            ("without reviews please", "graphs -review", "daily 09:00"),
            ("oops wrong one, i meant trees", "trees", "daily 09:00"),
            ("also for trees", "graphs OR trees", "daily 09:00"),
            ("on fridays", "graphs", "weekly fri 09:00"),
        ],
    )
    async def test_the_subscription_that_was_made_last_is_changed(
        self, bot: BotHarness, said: str, text: str, cadence: str
    ) -> None:
        before = ("/sub diffusion daily 9", "London", "/sub graphs daily 9")
        answer = await _after(bot, *before, said)
        assert [one.text for one in deliverer.subscriptions_of(bot)] == ["diffusion", text]
        assert str(deliverer.subscriptions_of(bot)[1].cadence) == cadence
        await bot.presses("undo")
        last = deliverer.subscriptions_of(bot)[1]
        assert (last.text, str(last.cadence)) == ("graphs", "daily 09:00"), answer.text

    async def test_what_was_done_with_one_is_done_with_the_other(self, bot: BotHarness) -> None:
        await _after(bot, "/sub diffusion daily 9", "London", "/sub graphs weekly fri", "change diffusion to 8am")
        await _after(bot, "and the other one as well")
        assert [str(one.cadence) for one in deliverer.subscriptions_of(bot)] == ["daily 08:00", "weekly fri 08:00"]

    async def test_the_setting_that_was_changed_gets_another_value(self, bot: BotHarness) -> None:
        answer = await _after(bot, "/sub diffusion daily 9", "London", "at most 10 papers a day", "make that 5")
        assert "5" in answer.lines[0]
        assert chat_of(bot).settings.limit == 5

    async def test_a_pressed_button_counts_as_well(self, bot: BotHarness) -> None:
        await _after(bot, "/sub trees daily 9", "London", "diffusion")
        await bot.presses("subscribe")
        await _after(bot, "make it weekly")
        assert [one.cadence.kind for one in deliverer.subscriptions_of(bot)] == ["daily", "weekly"]

    @pytest.mark.parametrize("chat", ["web:me", "console:me", "slack:U1"])
    async def test_it_is_the_same_on_every_platform(self, bot: BotHarness, chat: str) -> None:
        for said in ("diffusion", "and also every friday at noon", "no, graphs"):
            bot.later(seconds=1)
            await bot.says(said, chat, kind=ChatKind.PRIVATE)
        found = [(one.text, str(one.cadence)) for one in deliverer.subscriptions_of(bot, chat)]
        assert found == [("graphs", "weekly fri 12:00")]

    async def test_two_readings_get_a_button_each(self, bot: BotHarness) -> None:
        answer = await _after(bot, "/sub trees daily 9", "London", "diffusion", "make it weekly")
        assert answer.buttons == ["subscribe to diffusion weekly", "weekly 1 trees"]
        await _after(bot, "the second one")
        assert [(one.text, one.cadence.kind) for one in deliverer.subscriptions_of(bot)] == [("trees", "weekly")]

    async def test_a_command_between_them_ends_it(self, bot: BotHarness) -> None:
        await _after(bot, "diffusion", "/help", "yes")
        assert not known_or_new(bot.store, make.address(ME), ChatKind.PRIVATE).id

    @pytest.mark.both_databases
    async def test_it_outlives_the_process(self, bot: BotHarness) -> None:
        await _after(bot, "diffusion")
        await _after(BotHarness(bot.store, clock=bot.clock, updates=count(1000)), "yes please")
        assert deliverer.texts(bot) == ["diffusion"]

    async def test_nothing_is_left_of_it(self, bot: BotHarness) -> None:
        await _after(bot, "/sub diffusion daily 9", "London", "graphs", "/forget", "yes")
        assert _frames(bot) == []

    async def test_of_a_pause_of_all_only_that_is_left(self, bot: BotHarness) -> None:
        await _after(bot, "/sub diffusion daily 9", "London", "graphs", "/pause")
        assert len(_frames(bot)) == 1
        await _after(bot, "yes")
        assert deliverer.texts(bot) == ["diffusion"]

    async def test_of_all_that_was_removed_only_that_is_left(self, bot: BotHarness) -> None:
        await _after(bot, "/sub diffusion daily 9", "London", "graphs", "/unsub all")
        with bot.store.read() as transaction:
            found = transaction.connection().exec_driver_sql("SELECT * FROM conversation_state WHERE verb = 'frame'")
            (left,) = map(str, found)
        assert "unsub" in left  # so that "no, keep them" is understood
        assert "graphs" not in left
        assert "diffusion" not in left

    async def test_who_only_looks_at_a_list_leaves_no_trace(self, bot: BotHarness) -> None:
        await _after(bot, "/list", "/help", "hello")
        assert _frames(bot) == []


class TestGroups:
    GROUP = "telegram:-1001"

    async def _says(self, bot: BotHarness, text: str, by: str) -> Answer:
        bot.later(seconds=1)
        return await bot.says(text, self.GROUP, by=by, is_addressed=True, mentions_bot=True)

    async def test_only_who_asked_chooses_and_amends(self, bot: BotHarness) -> None:
        bot.admins[self.GROUP] = {"1", "2"}
        await self._says(bot, "/search diffusion", "1")
        assert not _shown((await self._says(bot, "the second one", "2")).text)
        assert "graphs" not in (await self._says(bot, "without reviews please", "2")).text
        assert len(_shown((await self._says(bot, "the second one", "1")).text)) == 1
        assert "diffusion, not review" in (await self._says(bot, "without reviews please", "1")).text

    async def test_a_change_is_a_button_which_only_managers_may_press(self, bot: BotHarness) -> None:
        bot.admins[self.GROUP] = {"1"}
        await self._says(bot, "/sub diffusion daily 9", "1")
        answer = await self._says(bot, "make it weekly", "1")
        assert answer.buttons == ["weekly 1 diffusion"]
        await bot.presses(answer.buttons[0], self.GROUP, by="2")
        assert [one.cadence.kind for one in deliverer.subscriptions_of(bot, self.GROUP)] == ["daily"]
        await bot.presses(answer.buttons[0], self.GROUP, by="1")
        assert [one.cadence.kind for one in deliverer.subscriptions_of(bot, self.GROUP)] == ["weekly"]


def chat_of(bot: BotHarness) -> Chat:
    return known_or_new(bot.store, make.address(ME), ChatKind.PRIVATE)


def _frames(bot: BotHarness) -> list[str]:
    with bot.store.read() as transaction:
        found = transaction.connection().exec_driver_sql("SELECT name FROM conversation_state WHERE verb = 'frame'")
        return [str(row[0]) for row in found]
