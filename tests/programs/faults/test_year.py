"""A short run of the year of `make faults` on both databases. It must detect deliberate mistakes in the product."""

import pytest

from tests.programs.faults.year.simulation import SPRING, Span, run

FORTY_DAYS = Span(start=SPRING, days=40, chats=20)
TWENTY_DAYS = Span(start=SPRING, days=20, chats=12, seed=2)  # on a database server, each statement takes longer
FEW = Span(start=SPRING, days=30, chats=6, seed=3)


@pytest.mark.both_databases
def test_every_paper_reaches_every_chat_once_at_its_hour(database_url: str, kind_of_database: str) -> None:
    span, least = {"sqlite": (FORTY_DAYS, 200), "postgresql": (TWENTY_DAYS, 50)}[kind_of_database]
    result = run(span, url=database_url)
    assert result.comparison.faults == ()
    assert result.comparison.expected > least, "a story in which little happens proves little"


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
