"""Groups, forums and topics: who may change what, what the bot sends on its own, closed topics, groups that move."""

import pytest

from bot.ports.conversation import Place
from subscriptions.errors import ChatGone, ChatMoved
from subscriptions.model import ChatKind
from subscriptions.service.sending import outbox_entries
from subscriptions.store.callbacks import get_conversation_state
from tests.bot_harness import BotHarness
from tests.conversation.deliverer import Deliverer, texts
from tests.make import address

FORUM, VISION, GRAPHS = "telegram:-1001", "telegram:-1001/3", "telegram:-1001/4"
GROUP, SUPERGROUP = "telegram:-5", "telegram:-1005"


class TestWhoMay:
    @pytest.mark.sentences
    async def test_several_wishes_need_the_rights_of_each(self, bot: BotHarness) -> None:
        bot.admins[FORUM] = {"7"}
        wishes = "subscribe to kelp and subscribe to sea ice"
        refused = await bot.says(wishes, FORUM, by="9", is_addressed=True)
        assert refused.lines == ["✗ Only admins of this chat can change that."]
        assert (await bot.says(wishes, FORUM, by="7", is_addressed=True)).buttons.count("undo") == 1
        assert texts(bot, FORUM) == ["kelp", "sea ice"]
        looks = await bot.says("show me your settings and list my subscriptions", FORUM, by="9", is_addressed=True)
        assert "“list my subscriptions”:" in looks.lines

    async def test_a_member_is_refused_in_one_line_and_changes_nothing(self, bot: BotHarness) -> None:
        bot.admins[FORUM] = {"7"}
        refused = await bot.says("/sub diffusion", FORUM, by="9")
        assert refused.lines == ["✗ Only admins of this chat can change that."]
        assert not list(outbox_entries(bot.store, now=bot.clock.now()))

    async def test_members_may_where_the_admins_say_so(self, bot: BotHarness) -> None:
        bot.admins[FORUM] = {"7"}
        assert (await bot.says("/set manage members", FORUM, by="9")).text.startswith("✗ Only admins")
        await bot.says("/set manage members", FORUM, by="7")
        assert (await bot.says("/sub diffusion", FORUM, by="9")).text.startswith("✓ 1")

    async def test_everybody_may_look(self, bot: BotHarness) -> None:
        bot.admins[FORUM] = {"7"}
        await bot.says("/sub diffusion", FORUM, by="7")
        assert "diffusion" in (await bot.says("/list", FORUM, by="9")).text

    async def test_who_cannot_be_seen_is_shown_the_private_way(self, bot: BotHarness) -> None:
        bot.admins[FORUM] = None
        assert (await bot.says("/sub diffusion", FORUM, by="7")).text == (
            "✗ I cannot see who is an admin here. Make me an admin, or write to me in private: /connect."
        )


class TestWhatIsMeantForIt:
    @pytest.mark.parametrize(
        ("text", "more"),
        [
            ("good morning", {}),
            ("/weather", {}),
            ("interesting, but see the appendix", {"is_addressed": True, "reply_to": "m1"}),
            ("", {"is_addressed": True, "reply_to": "m1"}),
        ],
        ids=["chatter", "a command of another bot", "people talk under a paper", "a sticker under a paper"],
    )
    async def test_silence(self, bot: BotHarness, text: str, more: dict[str, object]) -> None:
        assert not await bot.says(text, FORUM, by="9", **more)

    @pytest.mark.parametrize(
        ("text", "more"),
        [
            ("/list", {}),
            ("list", {"is_addressed": True}),
            ("list", {"is_addressed": True, "reply_to": "m1"}),
            ("/lits@paperwire_test_bot", {}),
            ("hello", {"is_addressed": True}),
            ("", {"is_addressed": True}),
        ],
        ids=["a command", "a mention", "an answer", "nearly a command of it", "a mention of nothing", "a bare mention"],
    )
    @pytest.mark.sentences
    async def test_an_answer(self, bot: BotHarness, text: str, more: dict[str, object]) -> None:
        assert (await bot.says(text, FORUM, by="9", **more)).text


class TestAddedToAGroup:
    async def test_one_silent_line_and_not_again_within_thirty_days(self, bot: BotHarness) -> None:
        said = await bot.receives_event("arrived", FORUM, by="7", title="Reading group")
        assert (said.to, said.text) == (FORUM, "Admins: /sub@paperwire_test_bot diffusion. I am quiet otherwise.")
        assert said.payloads[0]["silent"] is True
        await bot.receives_event("left", FORUM, by="7")
        bot.later(days=29)
        assert not await bot.receives_event("arrived", FORUM, by="7")
        bot.later(days=2)
        await bot.receives_event("left", FORUM, by="7")
        assert await bot.receives_event("arrived", FORUM, by="7")

    async def test_a_right_that_changes_is_no_arrival(self, bot: BotHarness) -> None:
        await bot.receives_event("arrived", FORUM, by="7")
        assert not await bot.receives_event(
            "back", FORUM, by="7", details={"before": "member", "status": "administrator"}
        )


class TestWhoSetsItUp:
    async def test_the_first_answer_goes_by_their_clock_and_in_their_language(self, bot: BotHarness) -> None:
        bot.admins[GROUP] = {"7"}
        await bot.says("/timezone Shanghai", "telegram:7")
        await bot.says("/lang zh", "telegram:7")
        said = await bot.says("/sub diffusion -survey daily 9", GROUP, by="7")
        assert said.lines[0] == "✓ 1  diffusion，不含 survey · 每天 09:00 上海"
        assert "1月23日 周五 09:00" in said.lines[1]

    async def test_also_where_they_do_it_from_their_private_chat(self, bot: BotHarness) -> None:
        there = "telegram:-1009000001"
        bot.admins[there] = {"7"}
        bot.places["-1009000001"] = Place(chat=address(there), kind=ChatKind.GROUP, title="Lab")
        await bot.says("/timezone Shanghai", "telegram:7")
        said = await bot.says("/sub -1009000001 diffusion daily 9", "telegram:7")
        assert "First: Fri 23 Jan 09:00." in said.text


class TestGoneAndBack:
    async def test_a_person_blocks_and_lets_it_in_again(self, bot: BotHarness) -> None:
        post = Deliverer(bot)
        await bot.says("/sub diffusion now")
        assert not await bot.receives_event("left", "telegram:42", by="42")
        bot.brings("Diffusion on graphs")
        bot.later(minutes=1)
        assert not await post.deliver_due()
        assert bot.chat_of("telegram:42").state == "paused"
        await bot.receives_event("back", "telegram:42", by="42")
        assert bot.chat_of("telegram:42").state == "active"
        bot.later(hours=1)
        assert "Diffusion on graphs" in (await post.deliver_due())[-1].text

    @pytest.mark.both_databases
    async def test_writing_in_private_is_coming_back_and_what_waits_is_offered_below(self, bot: BotHarness) -> None:
        await bot.says("/sub diffusion now")
        await bot.receives_event("left", "telegram:42", by="42")
        bot.brings("Diffusion on graphs")
        bot.later(minutes=1)
        said = await bot.says("/list")
        assert said.text.startswith("1 subscription")
        assert "1 paper waits." in said.text
        assert said.buttons[-2:] == ["send 1", "skip"]
        assert bot.chat_of("telegram:42").state == "active"
        await bot.presses("send 1")
        assert "Diffusion on graphs" in (await Deliverer(bot).deliver_due())[-1].text

    async def test_what_a_person_paused_stays_paused(self, bot: BotHarness) -> None:
        await bot.says("/sub diffusion now")
        await bot.says("/pause")
        before = bot.chat_of("telegram:42")
        await bot.receives_event("left", "telegram:42", by="42")
        await bot.receives_event("back", "telegram:42", by="42")
        assert bot.chat_of("telegram:42") == before

    @pytest.mark.both_databases
    async def test_a_group_that_forbids_writing_waits_with_all_its_topics(self, bot: BotHarness) -> None:
        for topic in (FORUM, VISION):
            bot.subscribes(topic, "diffusion", every="now")
        await bot.receives_event("muted", FORUM, by="7", details={"before": "member", "status": "restricted"})
        assert {bot.chat_of(topic).state for topic in (FORUM, VISION)} == {"paused"}
        await bot.receives_event("back", FORUM, by="7")
        assert {bot.chat_of(topic).state for topic in (FORUM, VISION)} == {"active"}


class TestClosedTopics:
    async def close(self, bot: BotHarness, how: str) -> None:
        if how == "service message":
            await bot.receives_event("topic-closed", VISION)
            return
        post = Deliverer(bot)
        post.refusals["-1001/3"] = ChatGone("Telegram does not let the bot write: TOPIC_CLOSED", "topic")
        await post.deliver_due()

    @pytest.mark.both_databases
    @pytest.mark.parametrize("first", ["service message", "refusal"])
    @pytest.mark.parametrize("then", ["service message", "refusal"])
    async def test_one_pauses_and_the_general_topic_hears_of_it_once(
        self, bot: BotHarness, first: str, then: str
    ) -> None:
        post = Deliverer(bot)
        bot.subscribes(VISION, "diffusion", every="now", name="vision")
        bot.subscribes(GRAPHS, "graphs", every="now")
        bot.brings("Diffusion on graphs")
        for how in (first, then):
            await self.close(bot, how)
        assert bot.chat_of(VISION).state == "paused"
        assert bot.chat_of(GRAPHS).state == "active"
        sent = [answer for answer in [*await post.deliver_due(), *bot.last.get(FORUM, [])] if answer.to == FORUM]
        assert len({answer.text for answer in sent}) == 1
        assert sent[0].lines[:2] == ["A topic of this chat was closed.", "What it subscribes to waits: vision."]

        await bot.receives_event("topic-open", VISION)
        assert bot.chat_of(VISION).state == "active"
        bot.later(hours=1)
        assert "Diffusion on graphs" in (await post.deliver_due())[-1].text

    async def test_a_topic_that_wants_nothing_is_closed_without_a_word(self, bot: BotHarness) -> None:
        await bot.receives_event("topic-closed", VISION)
        assert not list(outbox_entries(bot.store, now=bot.clock.now()))


async def signal(name: str, bot: BotHarness, post: Deliverer) -> None:
    """Sends one of the platform's signals that the group has a new id."""
    if name == "in the old":
        await bot.receives_event("moved", GROUP, details={"to": "-1005"})
    elif name == "it is taken from the old":
        await bot.receives_event("left", GROUP)
    elif name == "in the new":
        await bot.receives_event("moved", SUPERGROUP, details={"from": "-5"})
    else:
        await post.deliver_due()


class TestAGroupThatMoves:
    """A group becomes a supergroup.

    The platform reports the move in both groups, and refuses messages to the old one.
    """

    ORDERS = (
        ("in the old", "in the new", "by a refusal"),
        ("by a refusal", "in the old", "in the new"),
        ("in the new", "by a refusal", "in the old"),
        ("in the old", "in the old", "in the new", "in the new"),
        ("it is taken from the old", "in the old", "by a refusal"),
        ("in the old", "it is taken from the old", "in the new"),
    )

    @pytest.mark.both_databases
    @pytest.mark.parametrize("order", ORDERS, ids=[", ".join(order) for order in ORDERS])
    async def test_while_papers_wait_nothing_is_lost_and_nothing_comes_twice(
        self, bot: BotHarness, order: tuple[str, ...]
    ) -> None:
        post = Deliverer(bot)
        post.refusals["-5"] = ChatMoved("moved", "-1005")
        bot.admins |= {GROUP: {"7"}, SUPERGROUP: {"7"}}
        await bot.says("/sub diffusion now", GROUP, by="7")
        bot.brings("Diffusion on graphs")
        bot.later(minutes=1)
        for name in order:
            await signal(name, bot, post)
        await post.deliver_due()
        assert [answer.text.count("Diffusion on graphs") for answer in post.to(SUPERGROUP)] == [1]
        assert not post.to(GROUP)
        assert texts(bot, SUPERGROUP) == texts(bot, GROUP) == ["diffusion"]

    async def test_buttons_and_questions_go_along(self, bot: BotHarness) -> None:
        bot.admins |= {GROUP: {"7"}, SUPERGROUP: {"7"}}
        said = await bot.says("/sub diffusion", GROUP, by="7")
        await bot.receives_event("moved", GROUP, details={"to": "-1005"})
        undo = next(key["data"] for key in said.keys if key["text"] == "undo")
        done = await bot.sends_request(SUPERGROUP, by="7", callback_data=undo, callback_id="p", message_id="m0")
        assert done.text.startswith("✓")
        assert texts(bot, SUPERGROUP) == []

    async def test_an_old_button_under_the_old_group_still_works(self, bot: BotHarness) -> None:
        bot.admins |= {GROUP: {"7"}, SUPERGROUP: {"7"}}
        said = await bot.says("/sub diffusion", GROUP, by="7")
        await bot.receives_event("moved", GROUP, details={"to": "-1005"})
        undo = next(key["data"] for key in said.keys if key["text"] == "undo")
        assert (
            await bot.sends_request(GROUP, by="7", callback_data=undo, callback_id="p", message_id="m0")
        ).to == SUPERGROUP

    @pytest.mark.both_databases
    async def test_what_is_managed_from_a_private_chat_is_followed(self, bot: BotHarness) -> None:
        bot.admins |= {GROUP: {"7"}, SUPERGROUP: {"7"}}
        await bot.receives_event("arrived", GROUP, by="7", title="Reading group")
        await bot.says("/connect", "telegram:7")
        group = next(key for key in bot.last["telegram:7"][-1].keys if key["text"] == "Reading group")
        assert group
        await bot.receives_event("moved", GROUP, details={"to": "-1005"})
        assert get_conversation_state(bot.store, "greeted:telegram:-1005", now=bot.clock.now())

    async def test_it_greets_nobody_again(self, bot: BotHarness) -> None:
        assert await bot.receives_event("arrived", GROUP, by="7")
        await bot.receives_event("moved", GROUP, details={"to": "-1005"})
        assert not await bot.receives_event("arrived", SUPERGROUP, by="7")
