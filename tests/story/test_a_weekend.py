"""From a Friday evening to a Tuesday: what is promised comes when it was promised, and the nights are quiet."""

from datetime import timedelta

from tests.expected_sources import BATCH, ExpectedSources
from tests.make import NOON, paper
from tests.story.scenario import Life

MIDNIGHT = NOON - timedelta(hours=12)
FRIDAY, SATURDAY, MONDAY, TUESDAY = (MIDNIGHT + timedelta(days=days) for days in (1, 2, 4, 5))


async def test_a_weekend_and_a_late_monday(life: Life) -> None:
    arxiv = ExpectedSources(life.app.store)
    arxiv.reports("new", at=FRIDAY + BATCH)
    life.clock.set_now(FRIDAY + timedelta(hours=21))
    said = await life.says("/sub diffusion")
    assert "First: Mon 26 Jan about 08:00 (arXiv is quiet at the weekend)." in said.text
    await life.says("/sub trees now")

    # The weekend is silent, and so is a Monday morning on which arXiv is late.
    for _ in range(58):
        assert await life.later(hours=1) == []
    life.clock.set_now(MONDAY + timedelta(hours=9))
    assert await life.later(minutes=1) == []
    assert "arXiv has not come yet: due since Mon 26 Jan 05:05." in (await life.says("/status")).lines

    # It comes at noon; what was asked for at once and what waited for it go in one delivery.
    life.clock.set_now(MONDAY + timedelta(hours=12))
    life.brings(paper("Diffusion on maps"), paper("Trees"), paper("Stars"))
    arxiv.reports("new", at=life.clock.now())
    (came,) = await life.later(minutes=1)
    assert all(title in came.text for title in ("Diffusion on maps", "Trees"))
    assert "Stars" not in came.text
    assert (await life.says("/status")).lines[-1] == "Next: Tue 27 Jan about 08:00."

    # What comes in the night waits for the morning, with the batch of the day.
    life.clock.set_now(MONDAY + timedelta(hours=23))
    life.brings(paper("Trees at night"))
    assert await life.later(minutes=1) == []
    life.clock.set_now(TUESDAY + BATCH)
    life.brings(paper("Diffusion of Tuesday"))
    arxiv.reports("new", at=life.clock.now())
    assert await life.later(minutes=1) == []
    life.clock.set_now(TUESDAY + timedelta(hours=8))
    (came,) = await life.later(minutes=0)
    assert all(title in came.text for title in ("Trees at night", "Diffusion of Tuesday"))
    assert await life.later(hours=11) == []
