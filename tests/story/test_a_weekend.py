"""From Friday evening to Tuesday, deliveries come at the announced times, and no delivery comes at night."""

from datetime import timedelta

from tests.expected_sources import BATCH, ExpectedSources
from tests.make import NOON, paper
from tests.story.scenario import Scenario

MIDNIGHT = NOON - timedelta(hours=12)
FRIDAY, SATURDAY, MONDAY, TUESDAY = (MIDNIGHT + timedelta(days=days) for days in (1, 2, 4, 5))


async def test_a_weekend_and_a_late_monday(scenario: Scenario) -> None:
    arxiv = ExpectedSources(scenario.app.store)
    arxiv.reports("new", at=FRIDAY + BATCH)
    scenario.clock.set_now(FRIDAY + timedelta(hours=21))
    said = await scenario.says("/sub diffusion")
    assert "First: Mon 26 Jan about 08:00 (arXiv is quiet at the weekend)." in said.text
    await scenario.says("/sub trees now")

    # Nothing comes at the weekend, nor on a Monday morning when arXiv is late.
    for _ in range(58):
        assert await scenario.later(hours=1) == []
    scenario.clock.set_now(MONDAY + timedelta(hours=9))
    assert await scenario.later(minutes=1) == []
    assert "arXiv has not come yet: due since Mon 26 Jan 05:05." in (await scenario.says("/status")).lines

    # The batch comes at noon. One delivery has the papers for "now" and those for the subscription that waited for it.
    scenario.clock.set_now(MONDAY + timedelta(hours=12))
    scenario.brings(paper("Diffusion on maps"), paper("Trees"), paper("Stars"))
    arxiv.reports("new", at=scenario.clock.now())
    (came,) = await scenario.later(minutes=1)
    assert all(title in came.text for title in ("Diffusion on maps", "Trees"))
    assert "Stars" not in came.text
    assert (await scenario.says("/status")).lines[-1] == "Next: Tue 27 Jan about 08:00."

    # Papers that come at night wait for the morning, together with the batch of the day.
    scenario.clock.set_now(MONDAY + timedelta(hours=23))
    scenario.brings(paper("Trees at night"))
    assert await scenario.later(minutes=1) == []
    scenario.clock.set_now(TUESDAY + BATCH)
    scenario.brings(paper("Diffusion of Tuesday"))
    arxiv.reports("new", at=scenario.clock.now())
    assert await scenario.later(minutes=1) == []
    scenario.clock.set_now(TUESDAY + timedelta(hours=8))
    (came,) = await scenario.later(minutes=0)
    assert all(title in came.text for title in ("Trees at night", "Diffusion of Tuesday"))
    assert await scenario.later(hours=11) == []
