"""Papers by mail: the commands in a chat, and the confirmation that is sent to the address."""

import pytest

from bot.commands.context import BotInfo
from subscriptions.service.listing import get_chat
from subscriptions.service.sending import outbox_entries
from subscriptions.states import ChatState
from tests.bot_harness import BotHarness
from tests.make import address

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
    assert get_chat(bot.store, address(MAIL)).state is ChatState.UNCONFIRMED
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


async def test_without_a_mail_server_the_answer_says_who_can_change_that(bot: BotHarness) -> None:
    bot.bot_info = BotInfo()
    answer = await bot.says("/email me@lab.org")
    assert "e-mail is off here" in answer.text
    assert "PAPERWIRE_SMTP_URL" in answer.text


@pytest.mark.parametrize("said", ["author:a.b@c", "papers that cite foo@bar", "https://lab.org/@me/paper"])
async def test_a_query_with_a_sign_of_mail_stays_one(bot: BotHarness, said: str) -> None:
    await bot.says(said)
    assert asked(bot) == 0
