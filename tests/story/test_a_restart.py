"""The process ends during a conversation, properly or not, and another process continues."""

from datetime import timedelta

import pytest

from tests.fakes.telegram import FakeTelegram
from tests.product import Product


@pytest.mark.parametrize(
    ("said", "line"),
    [
        ("/sub graphs now", "I was started again before I could answer. What you asked for is done: /list shows it."),
        ("/list", "I was started again before I could answer. Please ask again."),
        ("/sub (", "I was started again before I could answer. Please ask again."),
    ],
)
@pytest.mark.parametrize("moment", ["hang before", "hang after"])
def test_who_was_not_answered_is_told_once_and_what_was_done_is_not_done_again(
    product: Product, telegram: FakeTelegram, said: str, line: str, moment: str
) -> None:
    product.says("/sub diffusion now")
    queries = ["diffusion", "graphs"] if "graphs" in said else ["diffusion"]

    # Telegram has the reply in hand when the process is killed.
    telegram.answers(moment)
    telegram.user_writes(said, "42")
    process = product.starts("run", "--once", moved=True)
    telegram.waits_hanging()
    process.kill()
    telegram.releases(drop=True)
    assert product.queries() == queries

    # The next process says one thing about it, and no later one anything.
    assert product.listens().lines == [line]
    assert not product.listens()
    assert product.queries() == queries


def test_what_was_said_long_before_a_restart_is_passed_over(product: Product, telegram: FakeTelegram) -> None:
    telegram.answers("hang before")
    telegram.user_writes("/help", "42")
    process = product.starts("run", "--once", moved=True)
    telegram.waits_hanging()
    process.kill()
    telegram.releases(drop=True)
    product.clock.advance(timedelta(minutes=11))
    assert not product.listens()
