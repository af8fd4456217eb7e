"""A short run of the year of `make faults`; deliberate mistakes in the product are detected."""

import pytest

from tests.faults.year.simulation import SPRING, Span, run

FORTY_DAYS = Span(start=SPRING, days=40, chats=20)
FEW = Span(start=SPRING, days=30, chats=6, seed=3)


def test_in_forty_days_every_paper_reaches_every_chat_once_at_its_hour() -> None:
    result = run(FORTY_DAYS)
    assert result.comparison.faults == ()
    assert result.comparison.expected > 200, "a story in which little happens proves little"


@pytest.mark.parametrize(
    "mistake",
    [
        "a clean-up that forgets what was told",
        "a planner that forgets how far it has looked",
        "clocks without summer time",
    ],
)
def test_the_judge_sees_a_product_that_has(mistake: str) -> None:
    assert not run(FEW, mistake).comparison.green
