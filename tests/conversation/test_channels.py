"""A person manages groups and channels from a private chat: /connect, commands for another chat, and privacy."""

from dataclasses import replace

import pytest

from bot.delivery.subscribe_links import subscribe_link
from bot.dependencies import Layout
from bot.ports.conversation import Place
from subscriptions.errors import RetryLater
from subscriptions.model import ChatKind, Delivery, Message
from subscriptions.store import platform_states
from tests.bot_harness import BotHarness, FakePlatformApi
from tests.conversation.deliverer import Deliverer, texts
from tests.make import address, paper
from tests.rendered import render_delivery

CHANNEL, ME, OTHER = "telegram:-1009000001", "telegram:42", "telegram:43"
GROUP = "telegram:-1009000002"


@pytest.fixture
def talk_in_channel(bot: BotHarness) -> BotHarness:
    """A bot with a public channel @lab, which the bot and person 42 administer, and a forum -1009000002."""
    lab = Place(chat=address(CHANNEL), kind=ChatKind.BROADCAST, title="Lab papers", public=True)
    forum = Place(chat=address(GROUP), kind=ChatKind.GROUP, title="Forum", is_forum=True)
    bot.places |= {"@lab_papers": lab, lab.chat.address: lab, forum.chat.address: forum}
    bot.admins |= {CHANNEL: {"42"}, GROUP: {"42"}}
    return bot


class TestConnect:
    async def test_a_public_channel_is_managed_from_a_private_chat(self, talk_in_channel: BotHarness) -> None:
        bot = talk_in_channel
        begun = await bot.says("/connect @lab_papers")
        assert begun.lines[0] == "✓ What you say here is about Lab papers from now on: /sub diffusion, /list, /set."
        assert begun.to == ME

        said = await bot.says("/sub diffusion now")
        assert said.text.startswith("✓ Lab papers: 1  diffusion")
        assert texts(bot, CHANNEL) == ["diffusion"]
        assert (await bot.says("/list")).lines[0].startswith("Lab papers: ")
        assert (await bot.says("/help")).text == (await bot.says("/help", OTHER)).text

        post = Deliverer(bot)
        bot.brings(paper("Diffusion on graphs", authors=["Bo Writer"]))
        bot.later(minutes=1)
        (brought,) = await post.deliver_due()
        assert brought.to == CHANNEL
        assert "Diffusion on graphs" in brought.text
        assert "Ada" not in brought.text  # the channel does not see who sent the command
        assert all("data" not in key for key in brought.keys)

        over = await bot.says("/connect off")
        assert over.text == "✓ What you say here is about this chat again."
        assert (await bot.says("/sub graphs")).text.startswith("✓ 1")
        assert texts(bot, CHANNEL) == ["diffusion"]

    async def test_buttons_stay_about_the_channel_and_rights_are_asked_at_each_press(
        self, talk_in_channel: BotHarness
    ) -> None:
        bot = talk_in_channel
        await bot.says("/connect @lab_papers")
        await bot.says("/sub diffusion")
        await bot.says("/connect off")
        await bot.says("/sub graphs")  # subscription 1 of the private chat
        bot.admins[CHANNEL] = set()
        channel_undo = next(t for t in bot.last[ME] if t.text.startswith("✓ Lab papers: 1"))
        data = next(key["data"] for key in channel_undo.keys if key["text"] == "undo")
        refused = await bot.sends_request(ME, callback_data=data, callback_id="p", message_id="m0")
        assert refused.toast == "I know no chat -1009000001 that you administer and I am in. Add me to it first."
        assert texts(bot, CHANNEL) == ["diffusion"]
        bot.admins[CHANNEL] = {"42"}
        done = await bot.sends_request(ME, callback_data=data, callback_id="p", message_id="m0")
        assert done.text.startswith("✓ Lab papers: ")
        assert (texts(bot, CHANNEL), texts(bot, ME)) == ([], ["graphs"])

    async def test_without_words_it_offers_the_chats_of_that_person(self, talk_in_channel: BotHarness) -> None:
        bot = talk_in_channel
        first = await bot.says("/connect")
        assert first.buttons == ["add to group", "add to channel"]
        assert {key["url"] for key in first.keys} == {
            "https://t.me/paperwire_test_bot?startgroup=added",
            "https://t.me/paperwire_test_bot?startchannel=added&admin=post_messages",
        }
        await bot.says("/connect @lab_papers")
        await bot.says("/connect off")
        assert "Lab papers" in (await bot.says("/connect")).buttons
        assert (await bot.presses("Lab papers")).text.startswith("✓ What you say here is about Lab papers")
        assert "about Lab papers now" in (await bot.says("/connect")).text
        assert (await bot.says("/connect", OTHER)).buttons == ["add to group", "add to channel"]

    async def test_losing_the_right_ends_it_kindly(self, talk_in_channel: BotHarness) -> None:
        bot = talk_in_channel
        await bot.says("/connect @lab_papers")
        bot.admins[CHANNEL] = {"7"}
        refused = await bot.says("/sub diffusion")
        assert refused.text == (
            "✗ You do not administer Lab papers any more, or I am not in it, so nothing is changed there.\n"
            "What you say here is about this chat again."
        )
        assert texts(bot, CHANNEL) == []
        assert (await bot.says("/sub diffusion")).text.startswith("✓ 1")
        assert texts(bot, ME) == ["diffusion"]

    async def test_a_platform_that_cannot_be_asked_changes_and_ends_nothing(
        self, talk_in_channel: BotHarness, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        bot = talk_in_channel
        await bot.says("/connect @lab_papers")

        async def down(*_: object, **__: object) -> bool:
            raise RetryLater("no line")

        with monkeypatch.context() as patch:
            patch.setattr(FakePlatformApi, "is_admin", down)
            assert "nothing is changed" in (await bot.says("/sub diffusion")).text
        assert (await bot.says("/sub diffusion")).text.startswith("✓ Lab papers: 1")

    async def test_back_by_its_button(self, talk_in_channel: BotHarness) -> None:
        bot = talk_in_channel
        await bot.says("/connect @lab_papers")
        bot.admins[CHANNEL] = set()
        assert (await bot.presses("back to this chat")).text == "✓ What you say here is about this chat again."
        assert (await bot.says("/connect off")).text == "✓ What you say here is about this chat already."

    async def test_in_a_group_it_points_to_the_private_chat(self, talk_in_channel: BotHarness) -> None:
        said = await talk_in_channel.says("/connect", GROUP, by="42")
        assert said.text == "Write /connect to me in private: there this chat can be managed."
        assert said.keys[0]["url"] == "https://t.me/paperwire_test_bot"


class TestLink:
    @pytest.mark.parametrize(
        ("named", "stored", "begins"),
        [
            ("a_bot", "", "https://t.me/a_bot?start="),
            ("", "a_bot", "https://t.me/a_bot?start="),  # `paperwire deliver` has not asked Telegram
            ("new_bot", "old_bot", "https://t.me/new_bot?start="),
            ("", "", ""),
        ],
    )
    async def test_readers_get_a_link_as_soon_as_any_process_knows_the_name_of_the_bot(
        self, talk_in_channel: BotHarness, named: str, stored: str, begins: str
    ) -> None:
        bot, links = talk_in_channel, list[str]()
        await bot.says("/sub @lab_papers diffusion now")
        with bot.store.write() as transaction:
            platform_states.put_platform(transaction, "telegram", bot_name=stored)
        bot.bot_info = replace(bot.bot_info, bot_names={"telegram": named})
        post = Deliverer(bot)

        def rendered(delivery: Delivery, layout: Layout) -> tuple[Message, ...]:
            links.append(subscribe_link(bot.store, bot.bot_info.bot_names, delivery))
            return render_delivery(delivery, layout)

        post.render_delivery = rendered
        bot.brings("Diffusion on graphs")
        assert [one.to for one in await post.deliver_due()] == [CHANNEL]
        assert [link.startswith(begins) and bool(link) == bool(begins) for link in links] == [True]


class TestDirected:
    @pytest.mark.parametrize("name", ["@lab_papers", "-1009000001"])
    async def test_the_first_word_sends_one_command_elsewhere(self, talk_in_channel: BotHarness, name: str) -> None:
        said = await talk_in_channel.says(f"/sub {name} diffusion")
        assert said.text.startswith("✓ Lab papers: 1  diffusion")
        assert (await talk_in_channel.says("/sub graphs")).text.startswith("✓ 1  graphs")

    async def test_what_a_person_saw_in_private_still_comes_to_the_channel(self, talk_in_channel: BotHarness) -> None:
        bot = talk_in_channel
        post = Deliverer(bot)
        bot.brings(paper("Diffusion on graphs", arxiv_id="2601.00001"))
        assert "Diffusion on graphs" in (await bot.says("diffusion")).text
        await bot.says("/sub @lab_papers diffusion daily 13")
        await bot.says("diffusion")
        await bot.says("/sub diffusion daily 13")  # subscribes the private chat, whose person has seen the paper
        bot.later(hours=2)
        assert [one.to for one in await post.deliver_due()] == [CHANNEL]
        assert (await bot.says("/whynot 2601.00001")).text.startswith("It came here before.")

    async def test_a_topic_is_named_behind_its_group(self, talk_in_channel: BotHarness) -> None:
        await talk_in_channel.says("/sub -1009000002/7 diffusion")
        assert texts(talk_in_channel, f"{GROUP}/7") == ["diffusion"]

    @pytest.mark.parametrize(
        "command",
        ["/sub {} diffusion", "/list {}", "/connect {}", "/status {}", "/unsub {} all", "/set {} text titles"],
    )
    async def test_a_stranger_learns_nothing_of_a_chat(self, talk_in_channel: BotHarness, command: str) -> None:
        bot = talk_in_channel
        bot.subscribes(CHANNEL, "diffusion")
        known = (await bot.says(command.format("@lab_papers"), OTHER)).text
        unknown = (await bot.says(command.format("@nowhere_at_all"), OTHER)).text
        assert known == unknown.replace("@nowhere_at_all", "@lab_papers")
        assert known.startswith("✗ I know no chat @lab_papers that you administer and I am in.")
        assert texts(bot, CHANNEL) == ["diffusion"]
        assert bot.chat_of(CHANNEL).settings.text == "summary"

    async def test_nor_does_somebody_whose_standing_cannot_be_seen_or_who_has_no_name(
        self, talk_in_channel: BotHarness
    ) -> None:
        bot = talk_in_channel
        bot.admins[CHANNEL] = None
        assert "I know no chat" in (await bot.says("/list @lab_papers", ME)).text
        bot.admins[CHANNEL] = {"42"}
        # an anonymous admin of another group
        hidden = await bot.says("/list @lab_papers", GROUP, by="", sender_is_admin=True)
        assert "I know no chat" in hidden.text

    async def test_a_person_is_no_chat_to_manage(self, talk_in_channel: BotHarness) -> None:
        bot = talk_in_channel
        bot.places["@somebody"] = Place(chat=address(OTHER), kind=ChatKind.PRIVATE)
        bot.admins[OTHER] = {"42"}
        bot.subscribes(OTHER, "secret wish")
        assert "I know no chat" in (await bot.says("/list @somebody")).text

    @pytest.mark.parametrize(
        ("place", "words"),
        [
            (
                Place(chat=address(GROUP), kind=ChatKind.GROUP, title="Comments", is_linked=True),
                "✗ Comments is linked to a channel, and such a group can have no topics.",
            ),
            (Place(chat=address(GROUP), kind=ChatKind.GROUP, title="Plain"), "✗ Plain has no topics."),
            (Place(chat=address(GROUP), kind=ChatKind.BROADCAST, title="News"), "✗ A channel has no topics."),
        ],
        ids=["linked", "plain", "channel"],
    )
    async def test_a_topic_where_there_can_be_none(self, talk_in_channel: BotHarness, place: Place, words: str) -> None:
        talk_in_channel.places[place.chat.address] = place
        assert (await talk_in_channel.says("/connect -1009000002/7")).text == words

    async def test_its_own_name_directs_a_command_nowhere_else(self, talk_in_channel: BotHarness) -> None:
        bot = talk_in_channel
        said = await bot.says("/sub -1009000002 diffusion", GROUP, by="42")
        assert said.text.startswith("✓ 1  diffusion")


class TestAddedToAChannel:
    async def test_who_adds_it_gets_a_card_in_private_and_the_channel_nothing(
        self, talk_in_channel: BotHarness
    ) -> None:
        bot = talk_in_channel
        await bot.says("/start")
        card = await bot.receives_event("arrived", CHANNEL, by="42", title="Lab papers", kind=ChatKind.BROADCAST)
        assert card.to == ME
        assert card.lines[0].startswith("I am in the channel Lab papers now.")
        assert card.buttons == ["manage it from here"]
        assert (await bot.presses("manage it from here")).text.startswith("✓ What you say here is about Lab papers")
        assert (await bot.says("/sub diffusion")).text.startswith("✓ Lab papers: 1")

    async def test_the_card_is_in_the_language_of_the_person(self, talk_in_channel: BotHarness) -> None:
        bot = talk_in_channel
        await bot.says("/lang zh")
        card = await bot.receives_event("arrived", CHANNEL, by="42", title="Lab", kind=ChatKind.BROADCAST)
        assert card.to == ME
        assert bot.chat_of(ME).settings.lang == "zh"

    async def test_whom_the_bot_may_not_write_to_it_does_not(self, talk_in_channel: BotHarness) -> None:
        bot = talk_in_channel
        assert not await bot.receives_event("arrived", CHANNEL, by="77", title="Lab papers", kind=ChatKind.BROADCAST)

    async def test_not_again_within_thirty_days(self, talk_in_channel: BotHarness) -> None:
        bot = talk_in_channel
        await bot.says("/sub graphs")
        channel = {"title": "Lab papers", "kind": ChatKind.BROADCAST, "by": "42"}
        assert await bot.receives_event("arrived", CHANNEL, **channel)
        await bot.receives_event("left", CHANNEL, **channel)
        bot.later(days=29)
        assert not await bot.receives_event("arrived", CHANNEL, **channel)
        bot.later(days=2)
        await bot.receives_event("left", CHANNEL, **channel)
        assert await bot.receives_event("arrived", CHANNEL, **channel)

    async def test_without_the_right_to_post_it_says_what_it_lacks_and_then_goes_on(
        self, talk_in_channel: BotHarness
    ) -> None:
        bot = talk_in_channel
        await bot.says("/sub graphs")
        channel = {"title": "Lab papers", "kind": ChatKind.BROADCAST, "by": "42"}
        said = await bot.receives_event(
            "muted", CHANNEL, details={"before": "left", "status": "administrator"}, **channel
        )
        assert (said.to, said.text) == (
            ME,
            "✗ I am in the channel Lab papers now, but may not post there. Give me the right to post.",
        )
        card = await bot.receives_event("back", CHANNEL, details={"before": "administrator"}, **channel)
        assert card.lines[0].startswith("I am in the channel Lab papers now. It is managed")

    async def test_its_owner_hears_when_somebody_removes_it_and_when_it_is_back(
        self, talk_in_channel: BotHarness
    ) -> None:
        bot, post = talk_in_channel, Deliverer(talk_in_channel)
        await bot.says("/sub graphs")
        channel = {"title": "Lab papers", "kind": ChatKind.BROADCAST}
        await bot.receives_event("arrived", CHANNEL, by="42", **channel)
        await bot.receives_event("left", CHANNEL, by="7", **channel)
        (gone,) = await post.deliver_due()
        assert (gone.to, gone.lines[0]) == (ME, "Lab papers is paused.")
        await bot.receives_event("arrived", CHANNEL, by="7", **channel)
        assert bot.chat_of(CHANNEL).state == "active"


class TestInTheChannelItself:
    async def test_a_post_of_an_admin_counts_and_carries_no_button(self, talk_in_channel: BotHarness) -> None:
        said = await talk_in_channel.says("/sub diffusion", CHANNEL, kind=ChatKind.BROADCAST, sender_is_admin=True)
        assert said.text.startswith("✓ 1  diffusion")
        assert not said.keys

    async def test_a_new_name_and_a_new_title_are_noticed(self, talk_in_channel: BotHarness) -> None:
        bot = talk_in_channel
        bot.subscribes(GROUP, "diffusion")
        await bot.says("/list", GROUP, by="42", title="Old name")
        bot.public.add(GROUP)
        await bot.says("/list", GROUP, by="42", title="New name")
        chat = bot.chat_of(GROUP)
        assert (chat.title, chat.public, chat.settings.buttons) == ("New name", True, "link")
