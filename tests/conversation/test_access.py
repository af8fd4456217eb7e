"""Who may use the bot: access that is open, on request or closed, the first operator's code, and the status of access."""

from dataclasses import replace
from datetime import timedelta
from hashlib import sha256

import pytest
from sqlmodel import select

from bot.commands.context import BotInfo
from subscriptions.service.operators import new_code
from subscriptions.service.retention import forget
from subscriptions.store.moving import chat_moved
from subscriptions.store.rows import DenialRow
from tests.bot_harness import BOT, BotHarness
from tests.clock import NOON
from tests.conversation.deliverer import Deliverer
from tests.make import address, clean_up, paper
from tests.stored import all_rows

OPERATOR, STRANGER, GROUP = "telegram:1", "telegram:42", "telegram:-1001"


def set_access(bot: BotHarness, access: str, *admins: str) -> None:
    bot.bot_info = BotInfo(bot_names={"telegram": BOT}, access=access, admins=tuple(address(a) for a in admins))  # type: ignore[arg-type]


@pytest.fixture
def post(bot: BotHarness) -> Deliverer:
    set_access(bot, "ask", OPERATOR)
    return Deliverer(bot)


async def denied(bot: BotHarness, post: Deliverer) -> None:
    """Lets the stranger subscribe, and the operator deny access."""
    await bot.says("/sub diffusion now", STRANGER)
    await post.deliver_due()
    await bot.presses("deny", OPERATOR)
    await post.deliver_due()


async def forgets(bot: BotHarness) -> None:
    """Lets the stranger erase their data."""
    await bot.says("/forget", STRANGER)
    assert (await bot.presses("erase everything", STRANGER)).text.startswith("✓ Erased")


async def erases_all_but_the_no(bot: BotHarness) -> None:
    """Lets the stranger erase their data, and checks the message about the denial, which stays."""
    await bot.says("/forget", STRANGER)
    said = await bot.presses("erase everything", STRANGER)
    assert said.lines[1] == "What stays is a hash of its id, since the operator of this bot has said no to it."


class TestAsk:
    async def test_a_stranger_waits_and_loses_nothing(self, bot: BotHarness, post: Deliverer) -> None:
        asked = await bot.says("/sub diffusion now", STRANGER)
        assert asked.text.startswith("✓ 1")
        assert asked.lines[-1].startswith("It waits until the operator of this bot lets this chat in")

        (notice,) = await post.deliver_due()
        assert notice.to == OPERATOR
        assert notice.lines[0] == "Ada Example asks to be let in."
        assert "It wants: diffusion" in notice.lines
        assert notice.buttons == ["allow", "deny"]

        bot.later(hours=1)
        bot.brings("Diffusion on graphs")
        assert not await post.deliver_due()  # a chat that waits for access gets nothing
        assert "waits for the operator of this bot" in (await bot.says("/status", STRANGER)).text

        bot.later(days=3)
        done = await bot.presses("allow", OPERATOR)
        assert done.replaces
        assert done.text == "✓ telegram:42 is let in.\nUndo: /deny telegram:42"
        answer, brought = await post.deliver_due()
        assert answer.lines[0] == "This chat is let in."
        assert "Diffusion on graphs" in brought.text
        assert (answer.to, brought.to) == (STRANGER, STRANGER)

    async def test_a_no_is_said_once_and_stays(self, bot: BotHarness, post: Deliverer) -> None:
        await bot.says("/sub diffusion now", STRANGER)
        await post.deliver_due()
        await bot.presses("deny", OPERATOR)
        (answer,) = await post.deliver_due()
        assert (answer.to, answer.lines[0]) == (STRANGER, "The operator of this bot has said no to this chat.")
        again = await bot.says("/sub graphs", STRANGER)
        assert again.text.startswith("✗ The operator of this bot has said no to this chat.")
        bot.brings("Diffusion on graphs")
        bot.later(days=2)
        assert not await post.deliver_due()
        assert (await bot.says("/deny telegram:42", OPERATOR)).lines[0] == "✓ That was said before."
        assert (await bot.says("/allow 42", OPERATOR)).lines[0] == "✓ telegram:42 is let in."
        assert "Diffusion on graphs" in (await post.deliver_due())[-1].text

    async def test_pausing_blocking_and_coming_back_are_no_way_around(self, bot: BotHarness, post: Deliverer) -> None:
        await bot.says("/sub diffusion now", STRANGER)
        await post.deliver_due()
        await bot.says("/pause", STRANGER)
        await bot.says("/resume", STRANGER)
        await bot.receives_event("left", STRANGER, by="42")
        await bot.receives_event("back", STRANGER, by="42")
        bot.brings("Diffusion on graphs")
        bot.later(hours=1)
        assert not await post.deliver_due()
        await bot.presses("allow", OPERATOR)
        assert "Diffusion on graphs" in (await post.deliver_due())[-1].text

    async def test_a_second_wish_asks_nobody_again_that_day(self, bot: BotHarness, post: Deliverer) -> None:
        await bot.says("/sub diffusion", STRANGER)
        second = await bot.says("/sub graphs", STRANGER)
        assert "It waits" in second.text
        assert len(await post.deliver_due()) == 1
        await bot.presses("allow", OPERATOR)
        assert "It waits" not in (await bot.says("/sub trees", STRANGER)).text

    @pytest.mark.parametrize("chat", [OPERATOR, GROUP], ids=["their own chat", "a group where they say it"])
    async def test_what_an_operator_asks_for_waits_for_nobody(
        self, bot: BotHarness, post: Deliverer, chat: str
    ) -> None:
        bot.admins[GROUP] = {"1"}
        said = await bot.says("/sub diffusion", chat, by="1")
        assert said.text.startswith("✓ 1")
        assert "waits" not in said.text
        assert not await post.deliver_due()

    async def test_a_group_that_an_operator_administers_is_let_in(self, bot: BotHarness, post: Deliverer) -> None:
        bot.admins[GROUP] = {"1", "7"}
        assert "waits" not in (await bot.says("/sub diffusion", GROUP, by="7")).text
        bot.admins["telegram:-1002"] = {"7"}
        assert "It waits" in (await bot.says("/sub diffusion", "telegram:-1002", by="7")).text
        assert "Chat: telegram:-1002." in (await post.deliver_due())[0].text

    async def test_a_group_that_waits_has_one_header_that_says_for_whom(self, bot: BotHarness, post: Deliverer) -> None:
        bot.admins[GROUP] = {"7"}
        await bot.says("/sub diffusion\ngraphs", GROUP, by="7")
        head, first, second = (await bot.says("/list", GROUP, by="7")).lines
        assert head == "2 subscriptions · waits for the operator of this bot"
        assert "waits" not in first + second
        await bot.says("/lang zh", GROUP, by="7")
        assert (await bot.says("/list", GROUP, by="7")).lines[0] == "2 个订阅 · 等待机器人管理员放行"

    async def test_a_second_topic_of_a_group_that_is_in_need_not_ask(self, bot: BotHarness, post: Deliverer) -> None:
        bot.admins[GROUP] = {"7"}
        assert "It waits" in (await bot.says("/sub diffusion", f"{GROUP}/3", by="7")).text
        await bot.says(f"/allow {GROUP}", OPERATOR)
        assert "It waits" not in (await bot.says("/sub diffusion", f"{GROUP}/4", by="7")).text

    async def test_a_chat_of_the_command_line_is_let_in(self, bot: BotHarness, post: Deliverer) -> None:
        bot.subscribes(STRANGER, "diffusion")
        assert "waits" not in (await bot.says("/sub graphs", STRANGER)).text

    async def test_a_chat_may_be_let_in_before_it_asks(self, bot: BotHarness, post: Deliverer) -> None:
        assert (await bot.says("/allow telegram:42", OPERATOR)).lines[0] == "✓ telegram:42 may subscribe."
        assert "waits" not in (await bot.says("/sub graphs", STRANGER)).text
        assert not await post.deliver_due()

    async def test_without_an_operator_the_answer_says_how_to_become_one(self, bot: BotHarness) -> None:
        set_access(bot, "ask")
        assert (await bot.says("/sub diffusion", STRANGER)).lines[-1].endswith("/admin CODE")

    async def test_nobody_else_lets_in(self, bot: BotHarness, post: Deliverer) -> None:
        await bot.says("/sub diffusion", STRANGER)
        await post.deliver_due()
        assert (await bot.says("/allow 42", STRANGER)).text == "✗ Only the operator of this bot can do that."
        stolen = bot.last[OPERATOR][-1].keys[0]["data"]
        assert (
            "does not work any more" in (await bot.sends_request(STRANGER, callback_data=stolen, callback_id="p")).toast
        )
        assert "waits for the operator of this bot" in (await bot.says("/status", STRANGER)).text

    async def test_an_operator_is_not_denied(self, bot: BotHarness, post: Deliverer) -> None:
        await bot.says("/sub diffusion", OPERATOR)
        assert (await bot.says("/deny 1", OPERATOR)).text == "✗ telegram:1 runs this bot."

    async def test_allow_without_a_chat_names_who_asks(self, bot: BotHarness, post: Deliverer) -> None:
        assert (await bot.says("/allow", OPERATOR)).text == "No chat asks to be let in."
        await bot.says("/sub diffusion", STRANGER)
        assert "/allow telegram:42" in (await bot.says("/allow", OPERATOR)).text
        assert (await bot.says("/deny 999", OPERATOR)).text == "✗ I know no chat telegram:999."

    @pytest.mark.parametrize("again", ["/sub diffusion", "/sub diffusion daily 9", "/edit 1 graphs"])
    async def test_a_no_is_said_to_who_asks_for_the_same_again(
        self, bot: BotHarness, post: Deliverer, again: str
    ) -> None:
        await denied(bot, post)
        assert (await bot.says(again, STRANGER)).lines == ["✗ The operator of this bot has said no to this chat."]

    async def test_who_asks_for_the_same_again_still_waits(self, bot: BotHarness, post: Deliverer) -> None:
        await bot.says("/sub diffusion now", STRANGER)
        assert (
            (await bot.says("/sub diffusion", STRANGER)).lines[-1].startswith("It waits until the operator of this bot")
        )
        await bot.says(f"/allow {STRANGER}", OPERATOR)
        assert "waits" not in (await bot.says("/sub diffusion", STRANGER)).text

    async def test_a_no_outlives_forgetting(self, bot: BotHarness, post: Deliverer) -> None:
        await denied(bot, post)
        await erases_all_but_the_no(bot)
        refused = await bot.says("/sub graphs now", STRANGER)
        assert refused.text.startswith("✗ The operator of this bot has said no to this chat.")
        await bot.says("/tz Europe/Berlin", STRANGER)  # the chat is stored again
        await erases_all_but_the_no(bot)
        assert (await bot.says("/sub graphs now", STRANGER)).text.startswith("✗ The operator of this bot has said no")

        assert (await bot.says("/allow telegram:42", OPERATOR)).text.startswith("✓ telegram:42 may subscribe.")
        assert "waits" not in (await bot.says("/sub graphs now", STRANGER)).text
        await forgets(bot)
        # the chat needs permission again
        assert "It waits until the operator" in (await bot.says("/sub graphs now", STRANGER)).text

    async def test_a_no_that_outlives_forgetting_names_nobody(self, bot: BotHarness, post: Deliverer) -> None:
        await denied(bot, post)
        await forgets(bot)
        with bot.store.read() as session:
            (stored,) = session.exec(select(DenialRow)).all()
        assert len(stored.address_hash) == 64
        # a plain hash would not hide the id, because anyone can hash all possible ids
        assert stored.address_hash != sha256(STRANGER.encode()).hexdigest()

    async def test_a_no_that_outlives_forgetting_moves_with_the_group(self, bot: BotHarness, post: Deliverer) -> None:
        bot.admins = {GROUP: {"7"}, "telegram:-1002": {"7"}}
        await bot.says("/sub diffusion", GROUP, by="7")
        await bot.says(f"/deny {GROUP}", OPERATOR)
        with bot.store.write() as transaction:
            forget(transaction, address(GROUP))
        chat_moved(bot.store, address(GROUP), "-1002", now=bot.clock.now())
        assert "has said no" in (await bot.says("/sub diffusion", "telegram:-1002", by="7")).text

    async def test_a_no_outlives_the_year_after_which_a_chat_is_erased(self, bot: BotHarness, post: Deliverer) -> None:
        await denied(bot, post)
        await bot.receives_event("left", STRANGER, by="42")
        bot.later(days=366)
        clean_up(bot.store, now=bot.clock.now())
        assert "Of this chat only a hash of its id is stored" in (await bot.says("/privacy", STRANGER)).text
        assert "has said no" in (await bot.says("/sub graphs now", STRANGER)).text

    async def test_an_operator_who_subscribes_such_a_chat_lets_it_in(self, bot: BotHarness, post: Deliverer) -> None:
        bot.admins[GROUP] = {"7"}
        await bot.says("/sub diffusion", GROUP, by="7")
        await bot.says(f"/deny {GROUP}", OPERATOR)
        with bot.store.write() as transaction:
            forget(transaction, address(GROUP))
        bot.admins[GROUP] = {"1", "7"}
        assert (await bot.says("/sub diffusion", GROUP, by="1")).text.startswith("✓ 1")
        assert (await bot.says("/sub graphs", GROUP, by="7")).text.startswith("✓ 2")

    @pytest.mark.parametrize("verb", ["allow", "deny"])
    @pytest.mark.parametrize(
        ("chat", "said"),
        [
            ("slack:foo", "✗ “slack:foo” is not a Slack chat."),
            ("telegram:0", "✗ “telegram:0” is not a Telegram chat."),
            ("0", "✗ “telegram:0” is not a Telegram chat."),
            ("console:", "✗ “console:” is not a chat."),
        ],
    )
    async def test_a_chat_that_cannot_be_is_refused_and_named(
        self, bot: BotHarness, post: Deliverer, verb: str, chat: str, said: str
    ) -> None:
        assert (await bot.says(f"/{verb} {chat}", OPERATOR)).lines[0] == said


class TestClosed:
    async def test_a_stranger_gets_one_friendly_line_and_nothing_is_kept(self, bot: BotHarness) -> None:
        set_access(bot, "closed", OPERATOR)
        said = await bot.says("/sub diffusion", STRANGER)
        assert said.text.startswith("✗ This bot is private: only its operator adds subscriptions.")
        assert "1" not in (await bot.says("/list", STRANGER)).text
        assert (await bot.says("/sub diffusion", OPERATOR)).text.startswith("✓ 1")

    async def test_who_was_let_in_subscribes(self, bot: BotHarness) -> None:
        set_access(bot, "closed", OPERATOR)
        assert "may subscribe" in (await bot.says(f"/allow {STRANGER}", OPERATOR)).text
        assert (await bot.says("/sub diffusion", STRANGER)).text.startswith("✓ 1")

    async def test_the_way_to_reach_the_operator_is_named(self, bot: BotHarness) -> None:
        set_access(bot, "closed", OPERATOR)
        bot.bot_info = replace(bot.bot_info, contact="ada@example.org")
        assert "ada@example.org" in (await bot.says("/sub diffusion", STRANGER)).text


async def test_open_asks_nobody(bot: BotHarness) -> None:
    set_access(bot, "open")
    assert "waits" not in (await bot.says("/sub diffusion", STRANGER)).text


class TestTheFirstOperator:
    async def test_the_code_makes_its_sender_the_operator_once(self, bot: BotHarness) -> None:
        set_access(bot, "ask")
        await bot.says("/sub diffusion now", "telegram:43")
        code = new_code(bot.store)
        made = await bot.says(f"/admin {code.lower().replace('-', ' ')}", STRANGER)
        assert made.text.startswith("✓ You run this bot from now on.")
        assert "1 chat asks to be let in." in made.text
        (notice,) = await Deliverer(bot).deliver_due()
        assert (notice.to, notice.buttons) == (STRANGER, ["allow", "deny"])
        late = await bot.says(f"/admin {code}", "telegram:44")
        assert late.text.startswith("✗ This bot has an operator already")
        assert "The whole bot" in (await bot.says("/health", STRANGER)).text

    async def test_a_code_printed_before_a_restart_still_works(self, bot: BotHarness) -> None:
        first = new_code(bot.store)
        new_code(bot.store)
        assert (await bot.says(f"/admin {first}")).text.startswith("✓")

    async def test_wrong_codes_are_five_an_hour_and_then_not_even_the_right_one(self, bot: BotHarness) -> None:
        code = new_code(bot.store)
        for _ in range(5):
            assert (await bot.says("/admin ABCD-EFGH-JKMN")).text == "✗ That is not the code."
        assert (await bot.says(f"/admin {code}")).text == "✗ Too many wrong codes. Try again in an hour."
        assert (await bot.says(f"/admin {code}", "telegram:43")).text.startswith("✓")

    async def test_after_an_hour_the_code_may_be_tried_again(self, bot: BotHarness) -> None:
        code = new_code(bot.store)
        for _ in range(5):
            await bot.says("/admin ABCD-EFGH-JKMN")
        bot.later(minutes=61)
        assert (await bot.says(f"/admin {code}")).text.startswith("✓")

    async def test_a_code_is_taken_in_private_only(self, bot: BotHarness) -> None:
        code = new_code(bot.store)
        bot.admins[GROUP] = {"7"}
        assert "write to me in private" in (await bot.says(f"/admin {code}", GROUP, by="7")).text
        assert (await bot.says(f"/admin {code}", "telegram:7")).text.startswith("✓")

    async def test_no_chat_is_an_operators_where_its_name_can_be_chosen(self, bot: BotHarness) -> None:
        """The chat became an operator's on a page without a password. Then the page got one."""
        code = new_code(bot.store)
        await bot.says(f"/admin {code}", "web:ada")
        assert "The whole bot" in (await bot.says("/health", "web:ada")).text
        bot.bot_info = replace(bot.bot_info, platforms_of_open_names=frozenset({"web"}))
        assert "The whole bot" not in (await bot.says("/health", "web:ada")).text
        assert (await bot.says("/admin", "web:bea")).text.startswith(
            "✗ Not here, where everyone who knows the password"
        )
        assert (await bot.says("/allow telegram:43", "web:ada")).text.startswith("✗ Only the operator of this bot")

    async def test_the_code_itself_is_not_stored(self, bot: BotHarness) -> None:
        code = new_code(bot.store)
        stored = all_rows(bot.store)
        assert len(stored["operator_code"]) == 1
        assert not [row for held in stored.values() for row in held if code in row or code.replace("-", "") in row]


class TestStatus:
    async def test_what_came_last_what_comes_next_and_what_waits(self, bot: BotHarness) -> None:
        bot.brings("Diffusion on graphs", "Trees")
        await bot.says("/sub diffusion daily 9", STRANGER)
        said = await bot.says("/status", STRANGER)
        assert "daily, Thu 22 Jan: 2 papers." in said.lines
        assert any(line.startswith("Next: Fri 23 Jan") for line in said.lines)
        assert "whole bot" not in said.text

    async def test_the_papers_of_a_day_are_those_of_all_its_digests(self, bot: BotHarness) -> None:
        again, yesterday = paper("In both"), NOON - timedelta(days=1)
        bot.brings("Of yesterday", now=yesterday, name="yesterday")
        bot.brings(again, "Trees", name="morning")
        bot.brings(again, "Rings", name="noon")
        assert (await bot.says("/status", STRANGER)).lines[0] == "daily, Thu 22 Jan: 3 papers."
        bot.brings(again, "Roots", source="weekly", name="other")
        assert (await bot.says("/status", STRANGER)).lines[:3] == [
            "weekly, Thu 22 Jan: 2 papers.",
            "daily, Thu 22 Jan: 3 papers.",
            "All together, Thu 22 Jan: 4 papers.",
        ]

    async def test_an_operator_sees_the_whole_bot_but_not_where_others_read(self, bot: BotHarness) -> None:
        set_access(bot, "ask", OPERATOR)
        bot.subscribes(STRANGER, "diffusion", every="now")
        bot.brings("Diffusion on graphs")
        said = await bot.says("/health", OPERATOR)
        assert "The whole bot: 1 chat, 1 subscription." in said.lines
        assert "Outbox: 0 waiting, 0 unclear, 0 dead." in said.lines
        assert "whole bot" not in (await bot.says("/status", GROUP, by="1")).text

    async def test_before_anything_came(self, bot: BotHarness) -> None:
        said = await bot.says("/status")
        assert said.lines == ["No digest has come yet.", "This chat has no subscriptions."]
