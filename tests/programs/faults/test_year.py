"""A short run of the year of `make faults` on both databases. It must detect deliberate mistakes in the product."""

import pytest

from tests.programs.faults.year import simulation

THIRTY_DAYS = simulation.Span(start=simulation.SPRING, days=30, chats=16)
# on a database server, each statement takes longer
TWENTY_DAYS = simulation.Span(start=simulation.SPRING, days=20, chats=12, seed=2)
FEW = simulation.Span(start=simulation.SPRING, days=14, chats=4, seed=3)


@pytest.mark.both_databases
def test_every_paper_reaches_every_chat_once_at_its_hour(database_url: str, kind_of_database: str) -> None:
    span, least = {"sqlite": (THIRTY_DAYS, 100), "postgresql": (TWENTY_DAYS, 50)}[kind_of_database]
    comparison, *_ = simulation.run(span, url=database_url)
    assert comparison.faults == ()
    assert comparison.expected > least, "a story in which little happens proves little"


@pytest.mark.parametrize(
    ("mistake", "span"),
    [
        ("a clean-up that forgets what was told", simulation.Span(start=simulation.SPRING, days=30, chats=6, seed=3)),
        ("a planner that forgets how far it has looked", FEW),
        ("clocks without summer time", FEW),
    ],
)
def test_the_judge_sees_a_product_that_has(mistake: str, span: simulation.Span) -> None:
    assert simulation.run(span, mistake)[0].faults
