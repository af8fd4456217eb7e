"""The process ends during a conversation, properly or not, and another process continues."""

import asyncio

from tests.fakes.telegram import FakeTelegram
from tests.papers import paper
from tests.product import Product


def test_buttons_and_questions_of_before_a_restart_still_work(product: Product) -> None:
    product.says("/sub diffusion now")
    product.brings(paper("Diffusion for tides"))
    product.later(minutes=5)
    question = product.says("/edit 1")
    assert question.lines[-1] == "Write what it shall be instead."

    # The other process answers as if nothing had happened. Without a request, it sends nothing.
    assert not product.restarts()
    product.presses("⋯")
    assert "in the title: Diffusion for tides" in (product.presses("why")).text
    product.presses("mute ▾")
    assert (product.presses("1 for a week")).lines[0].startswith("✓ 1  diffusion is quiet until")
    assert (product.presses("undo")).lines[0] == "✓ Undone."
    assert (product.says("diffusion -survey")).lines[0] == "✓ 1  diffusion, not survey · now"
    assert (product.presses("12:00 London")).lines[0] == "✓ Time zone: Europe/London (was: UTC)"

    # A third process also knows what an undo must revert.
    assert not product.restarts()
    assert (product.presses("undo")).lines == ["✓ Undone.", "Time zone: UTC (was: Europe/London)"]


def test_a_reply_that_nobody_saw_arrive_is_posted_once_more_and_what_it_did_is_not_done_again(
    product: Product, telegram: FakeTelegram
) -> None:
    product.says("/sub diffusion now")

    # Telegram has accepted the reply but not answered when the process is killed.
    telegram.answers("hang after")
    saying = asyncio.create_task(product.says("/sub graphs now"))
    asyncio.to_thread(telegram.waits_hanging)
    product.is_killed(saying)
    telegram.releases(drop=True)

    again = product.begins()
    assert again.lines[0] == "✓ 2  graphs · now"
    assert [entry.text.split("\n")[0] for entry in telegram.posted_to("42")][-2:] == ["✓ 2  graphs · now"] * 2
    assert product.queries() == ["diffusion", "graphs"]

    # The next process sends the reply once more, but later processes do not.
    assert not product.restarts()
    assert product.queries() == ["diffusion", "graphs"]
