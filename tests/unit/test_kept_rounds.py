"""Which kept papers are asked about next: those that come first, and the turns of the others."""

from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from subscriptions.sources.kept_rounds import MOST, MOST_FIRST, following_round, next_round


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        ("2026-12-01T05:59+00:00", "2026-12-01T06:00+00:00"),
        ("2026-12-01T06:00+00:00", "2026-12-02T06:00+00:00"),
        ("2026-12-31T23:00+00:00", "2027-01-01T06:00+00:00"),
    ],
)
def test_round_is_due_once_a_day_after_arxivs_hour(now: str, expected: str) -> None:
    assert following_round(datetime.fromisoformat(now)) == datetime.fromisoformat(expected)


def test_301_papers_are_asked_about_in_two_rounds() -> None:
    kept = range(1, MOST + 2)
    one, upto = next_round(kept, kept, 0)
    other, _ = next_round(kept, (), upto)
    assert (one, other) == ([*range(1, MOST + 1)], [MOST + 1, *range(1, MOST)])


@given(
    kept=st.sets(st.integers(1, 5_000), min_size=1, max_size=1_000),
    first=st.lists(st.lists(st.integers(1, 5_000), max_size=400), min_size=10, max_size=10),
    upto=st.integers(0, 5_000),
)
def test_no_paper_waits_longer_than_is_promised(kept: set[int], first: list[list[int]], upto: int) -> None:
    for urgent, pace in ((first, MOST - MOST_FIRST), ([[]] * len(first), MOST)):
        at, found = upto, set[int]()
        for some in urgent[: -(-len(kept) // pace)]:
            papers, at = next_round(kept, some, at)
            wanted = [one for one in dict.fromkeys(some) if one in kept][:MOST_FIRST]
            assert papers[: len(wanted)] == wanted
            assert len(papers) == len(set(papers)) == min(len(kept), MOST)
            found |= {*papers}
        assert found == kept
