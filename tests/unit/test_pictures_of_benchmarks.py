"""The pictures of docs/benchmarks.md show all figures of its tables."""

from html import unescape
from pathlib import Path

import pytest

from bench import _plots as plots
from bench.matching.__main__ import ENGINES


def test_each_engine_is_drawn_with_each_number_of_lines() -> None:
    """If the pattern could not read a row, the row would be missing in the picture."""
    times = plots.match_times()
    assert times.keys() == ENGINES.keys()
    assert {tuple(points) for points in times.values()} == {tuple(times["paperwire"])}
    assert times["paperwire"].keys() >= {10_000, 1_000_000}


@pytest.mark.parametrize(
    ("picture", "figures"),
    [
        pytest.param(plots.MATCHING, plots.match_times(), id="matching"),
        pytest.param(plots.PLANNING, plots.planning_costs(), id="planning"),
    ],
)
def test_a_picture_was_drawn_from_the_page_as_it_is(picture: Path, figures: object) -> None:
    """If this fails, `python -m bench._plots` draws the pictures again."""
    assert repr(figures) in unescape(picture.read_text("utf-8"))
