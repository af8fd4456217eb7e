"""The process ends during a conversation, properly or not, and another process continues."""

from tests.fakes.telegram import FakeTelegram
from tests.papers import paper
from tests.product import Product


def test_buttons_and_questions_of_before_a_restart_still_work(product: Product) -> None:
    """Each action of the door is a process of its own, so nothing may be remembered outside of the database."""
    product.says("/sub diffusion now")
    product.brings(paper("Diffusion for tides"))
    product.later(minutes=5)
    question = product.says("/edit 1")
    assert question.lines[-1] == "Write what it shall be instead."

    # A process that is asked for nothing says nothing.
    assert not product.listens()
    assert "in the title: Diffusion for tides" in product.presses("why").text
    assert product.says("diffusion -survey").lines[0] == "✓ 1  diffusion, not survey · now"
    assert product.presses("12:00 London").lines[0] == "✓ Time zone: Europe/London (was: UTC)"
    assert product.presses("undo").lines == ["✓ Undone.", "Time zone: UTC (was: Europe/London)"]


def test_who_was_not_answered_is_told_once_and_what_was_done_is_not_done_again(
    product: Product, telegram: FakeTelegram
) -> None:
    product.says("/sub diffusion now")

    # Telegram has taken the reply but not answered when the process is killed.
    telegram.answers("hang after")
    telegram.user_writes("/sub graphs now", "42")
    process = product.starts("run", "--once", moved=True)
    telegram.waits_hanging()
    process.kill()
    telegram.releases(drop=True)
    assert product.queries() == ["diffusion", "graphs"]

    # The next process says one thing about it, and no later one anything.
    before = len(telegram.posted_to("42"))
    product.listens()
    assert len(telegram.posted_to("42")) == before + 1
    assert not product.listens()
    assert product.queries() == ["diffusion", "graphs"]
