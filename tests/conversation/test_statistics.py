"""stats: the papers of the last 30 days, a bar for each day, and what the chat did with the papers."""

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.commands.stats import DAYS
from bot.rendering.plots import bar_line
from subscriptions.model import Message
from subscriptions.service.plan import plan_due
from subscriptions.store import claims, steps, unrendered
from tests.being_sent import request
from tests.bot_harness import BotHarness
from tests.make import address, paper

pytestmark = pytest.mark.both_databases


def gets(bot: BotHarness, *titles: str) -> None:
    """Delivers these papers to the chat."""
    bot.brings(*(title for title in titles))
    assert len(plan_due(bot.store, now=bot.clock.now())) == 1
    with bot.store.write() as session:
        raw = session.connection()
        number = raw.exec_driver_sql("SELECT max(seq) FROM delivery").scalar_one()
        papers = raw.exec_driver_sql(f"SELECT paper FROM delivery_item WHERE delivery = {number}").scalars().all()  # noqa: S608
        message = Message(number=1, payload="{}", plain="{}", papers=tuple(papers))
        unrendered.store_rendered(session, [unrendered.Rendered(seq=number, messages=[message])], now=bot.clock.now())
        claimed = steps.Claim(
            seq=number, delivery="d", chat_id=1, address=address("telegram:42"), attempts=0, message=message
        )
        asking = replace(request("42"), now=bot.clock.now())
        claims.confirm(session, claimed, str(number), asking)


async def test_a_chat_that_got_nothing_is_told_so(bot: BotHarness) -> None:
    await bot.says("/sub diffusion now")
    assert (await bot.says("/stats")).text == "No paper came in the last 30 days."


async def test_what_came_is_counted_by_day(bot: BotHarness) -> None:
    await bot.says("/sub diffusion now")
    bot.later(minutes=1)
    gets(bot, "Diffusion 1", "Diffusion 2", "Diffusion 3", "Diffusion 4")
    bot.later(days=2)
    gets(bot, "Diffusion 5")
    said = await bot.says("/stats")
    assert said.lines[0] == "In the last 30 days 5 papers came, on 2 days; 4 on the fullest."
    assert said.lines[1:-1] == [
        "came: 5, at most 4 a day", f"{'·' * 27}█·▂", "opened: 0", "·" * 30, "saved: 0", "·" * 30, "12-26                    01-24"
    ]  # fmt: skip
    bot.later(days=DAYS - 1)
    assert (await bot.says("/stats")).lines[0] == "In the last 30 days 1 paper came, on 1 day; 1 on the fullest."


async def test_what_was_done_with_papers_is_counted(bot: BotHarness) -> None:
    await bot.says("/sub diffusion now")
    bot.later(minutes=1)
    gets(bot, "Diffusion 1")
    bot.brings(paper("Kept", arxiv_id="2601.00007"), now=bot.clock.now() - timedelta(days=1))
    await bot.says("/save 2601.00007")
    assert "0 opened · 1 saved · 0 liked" in (await bot.says("/stats")).text


@pytest.mark.parametrize(
    ("amounts", "shown"),
    [([], ""), ([0, 0], "··"), ([1], "█"), ([0, 1, 8], "·▁█"), ([100, 50, 1], "█▄▁"), ([3, 2], "█▆")],
)
def test_bars(amounts: list[int], shown: str) -> None:
    assert bar_line(amounts) == shown
