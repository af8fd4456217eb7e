"""Papers by mail: the commands in a chat, and the confirmation that is sent to the address."""

import logging
from dataclasses import replace
from datetime import timedelta

import pytest

from bot.commands.context import Access, BotInfo
from subscriptions.service.confirmations import confirm
from subscriptions.service.operators import new_code
from subscriptions.service.retention import clean_up_steps
from subscriptions.service.sending import outbox_entries
from subscriptions.states import ChatState
from tests.bot_harness import BotHarness
from tests.make import address
from tests.stored import rows

ME, MAIL = "telegram:42", "email:me@lab.org"


def asked(bot: BotHarness) -> int:
    return sum(one.chat == MAIL for one in outbox_entries(bot.store, now=bot.clock.now()))


@pytest.mark.parametrize(
    "said",
    [
        "/email me@lab.org",
        "/email  <Me@Lab.org>",
        "send my papers to me@lab.org",
        "please mail everything to me@lab.org.",
        "me@lab.org",
        "把论文发到 me@lab.org",
        "请把论文也发到我的邮箱me@lab.org",
    ],
)
async def test_a_chat_sends_its_papers_to_an_address(bot: BotHarness, said: str) -> None:
    await bot.says("/sub diffusion daily 8")
    answer = await bot.says(said)
    assert answer.text.startswith("✓"), answer.text
    assert "me@lab.org" in answer.text
    assert bot.chat_of(MAIL).state is ChatState.UNCONFIRMED
    assert asked(bot) == 1


@pytest.mark.parametrize("said", ["/email", "/email somewhere", "/email a@b", "/email @lab", "/email a b@lab.org"])
async def test_what_is_no_address_is_refused_with_an_example(bot: BotHarness, said: str) -> None:
    answer = await bot.says(said)
    assert answer.text.startswith("✗")
    assert "/email me@lab.org" in answer.text
    assert asked(bot) == 0


async def test_a_fourth_question_within_an_hour_is_refused(bot: BotHarness) -> None:
    for _ in range(3):
        assert (await bot.says("/email me@lab.org")).text.startswith("✓")
        bot.later(minutes=2)
    assert "3 times within an hour" in (await bot.says("/email me@lab.org", "telegram:43")).text
    assert asked(bot) == 3


@pytest.mark.parametrize("access", ["closed", "ask"])
async def test_a_stranger_reaches_no_address(bot: BotHarness, access: Access) -> None:
    bot.bot_info = replace(bot.bot_info, access=access, admins=(address("telegram:1"),))
    for number in range(6):
        answer = await bot.says(f"/email victim{number}@lab.org", f"telegram:{number % 2 + 7}")
        assert answer.text.startswith("✗"), answer.text
    assert questions(bot) == set()
    notices = {one.chat for one in outbox_entries(bot.store, now=bot.clock.now()) if one.kind == "notice"}
    assert notices == ({"telegram:1"} if access == "ask" else set())


@pytest.mark.parametrize("access", ["closed", "ask"])
async def test_who_is_let_in_brings_their_own_address(bot: BotHarness, access: Access) -> None:
    bot.bot_info = replace(bot.bot_info, access=access, admins=(address("telegram:1"),))
    allowed = await bot.says("/allow 42 web:ada", "telegram:1")
    assert "telegram:42" in allowed.text
    assert bot.chat_of("web:ada").is_admitted
    assert (await bot.says("/email me@lab.org")).text.startswith("✓")
    until = bot.clock.now() + timedelta(days=1)
    confirm(bot.store, address(MAIL), source=address(ME), until=until, now=bot.clock.now())
    assert bot.chat_of(MAIL).is_admitted
    assert (await bot.says("/deny telegram:42", "telegram:1")).text.startswith("✓")
    assert (await bot.says("/email me2@lab.org")).text.startswith("✗")
    assert questions(bot) == {MAIL}


async def test_a_person_has_five_new_addresses_a_day_and_the_bot_thirty(
    bot: BotHarness, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "paperwire")

    async def asks(name: str, person: int = 42) -> str:
        bot.later(minutes=1)
        return (await bot.says(f"/email {name}@lab.org", f"telegram:{person}")).text

    for name in ("a", "a+1", "A+2", "b", "c", "d", "e"):
        assert (await asks(name)).startswith("✓"), name
    assert "3 times within an hour" in await asks("a+3", person=43), "it is the same mailbox"
    assert "asked 5 addresses within a day" in await asks("f")
    await bot.says("/forget")
    await bot.presses("erase everything")
    assert "asked 5 addresses within a day" in await asks("f"), "to be forgotten does not help"
    assert (await asks("e")).startswith("✓"), "it is not new"
    for number in range(25):
        assert (await asks(f"reader{number}", person=100 + number // 5)).startswith("✓")
    assert "asked 30 addresses within a day" in await asks("f", person=200)
    assert (
        caplog.messages.count("telegram:42 wants papers to be mailed to one more address, which is asked first.") == 8
    )
    assert any("telegram:200 wants" in line and "is not asked" in line for line in caplog.messages)
    assert not any("@lab.org" in line for line in caplog.messages)
    bot.later(days=1)
    assert [*clean_up_steps(bot.store, now=bot.clock.now())]
    assert rows(bot.store, "SELECT value FROM key_value WHERE name = 'questions'") == [("[]",)]
    assert (await asks("f")).startswith("✓")


async def test_each_new_subscription_and_operator_is_in_the_log(
    bot: BotHarness, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "paperwire")
    for said in ("/sub diffusion daily 8", "/sub diffusion daily 9", "/sub", f"/admin {new_code(bot.store)}"):
        await bot.says(said)
    assert caplog.messages == [f"{ME} has a new subscription.", f"{ME} is an operator of this bot from now on."]


def questions(bot: BotHarness) -> set[str]:
    return {one.chat for one in outbox_entries(bot.store, now=bot.clock.now()) if one.chat.startswith("email:")}


async def test_without_a_mail_server_the_answer_says_who_can_change_that(bot: BotHarness) -> None:
    bot.bot_info = BotInfo()
    answer = await bot.says("/email me@lab.org")
    assert "e-mail is off here" in answer.text
    assert "PAPERWIRE_SMTP_URL" in answer.text


@pytest.mark.parametrize("said", ["author:a.b@c", "papers that cite foo@bar", "https://lab.org/@me/paper"])
async def test_a_query_with_a_sign_of_mail_stays_one(bot: BotHarness, said: str) -> None:
    await bot.says(said)
    assert asked(bot) == 0
