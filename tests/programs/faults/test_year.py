"""A short run of the year of `make faults` on both databases."""

import pytest

from tests.programs.faults.year import simulation

THIRTY_DAYS = simulation.Span(start=simulation.SPRING, days=30, chats=16)
# on a database server, each statement takes longer
TWO_WEEKS = simulation.Span(start=simulation.SPRING, days=14, chats=12, seed=2)


@pytest.mark.both_databases
def test_every_paper_reaches_every_chat_once_at_its_hour(database_url: str, kind_of_database: str) -> None:
    span, least = {"sqlite": (THIRTY_DAYS, 100), "postgresql": (TWO_WEEKS, 20)}[kind_of_database]
    comparison, *_ = simulation.run(span, url=database_url)
    assert comparison.faults == ()
    assert comparison.expected > least, "a story in which little happens proves little"
