"""A short run of the year of `make faults` on both databases."""

from datetime import UTC, datetime

import pytest

from tests.programs.faults.year import simulation

# clocks change in Europe on 30 March, in Australia on 6 April
TWO_WEEKS = simulation.Span(start=datetime(2025, 3, 25, tzinfo=UTC), days=14, chats=16)
# on a database server, each statement takes longer
ONE_WEEK = simulation.Span(start=datetime(2025, 3, 28, tzinfo=UTC), days=7, chats=10, seed=3)


@pytest.mark.both_databases
def test_every_paper_reaches_every_chat_once_at_its_hour(database_url: str, kind_of_database: str) -> None:
    span, least = {"sqlite": (TWO_WEEKS, 40), "postgresql": (ONE_WEEK, 12)}[kind_of_database]
    comparison, *_ = simulation.run(span, url=database_url)
    assert comparison.faults == ()
    assert comparison.expected > least, "a story in which little happens proves little"
