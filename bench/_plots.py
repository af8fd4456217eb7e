"""Draws the tables of docs/benchmarks.md as SVG files in docs/images. Each picture has the figures of its table.

python -m bench._plots        bench._page also does this after each run

The description in each picture contains its figures, and a test compares them with the page.
"""

import re
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

from bench._page import PAGE, printed_by

IMAGES = PAGE.parent / "images"
PLANNING = IMAGES / "planning.svg"
_GREY, _BLUE, _RED = "#808080", "#2a6fdb", "#c8452f"


Cost = tuple[str, float, float, str]  # what was measured, the result, its limit, the unit
# (name, pattern whose group is the figure in the output of bench.planning, limit from the issue, unit)
_COSTS = (
    (
        "a tick with nothing due, 1,000,000 subscriptions",
        r"a tick with nothing due, 1,000,000 .*?: ([\d.]+) ms",
        5,
        "ms",
    ),
    ("a morning of 100,000 chats, beside a bare insert", r"planning / bare insert = ([\d.]+)", 3, "times"),
    ("the memory of that", r"100,000 chats x 10 papers .*, ([\d,]+) MB at the peak", 1024, "MB"),
    ("1,000 papers, until the first deliveries", r"the first deliveries planned ([\d.]+) s after that", 3, "s"),
    ("a /sub beside these, p99", r"p99 ([\d.]+) ms  \(aim", 100, "ms"),
)


def planning_costs() -> list[Cost]:
    """Returns the costs of planning as the page has them. Raises ValueError if the page lacks one."""
    printed, found = printed_by("planning"), list[Cost]()
    for name, pattern, allowed, unit in _COSTS:
        match = re.search(pattern, printed)
        if match is None:
            raise ValueError(f"bench.planning printed nothing of {name!r}.")
        found.append((name, float(match[1].replace(",", "")), allowed, unit))
    return found


def _spread(ends: dict[str, float], apart: float = 1.9) -> dict[str, float]:
    """Returns the height of each line's name: the height of the line's end, or more if two names would overlap."""
    placed: dict[str, float] = {}
    lowest = 0.0
    for name, end in sorted(ends.items(), key=lambda pair: pair[1]):
        lowest = placed[name] = max(end, lowest * apart)
    return placed


def _draw_planning(costs: list[Cost], path: Path) -> None:
    figure, axes = _axes((7.2, 2.6))
    shares = [100 * measured / allowed for _, measured, allowed, _ in costs]
    axes.barh([name for name, *_ in costs], shares, color=[_RED if share > 100 else _BLUE for share in shares])
    axes.invert_yaxis()
    axes.axvline(100, color=_GREY, linewidth=1)
    longest = max(100, *shares)
    axes.set(xlim=(0, 1.4 * longest), xlabel="percent of what is allowed")
    axes.set_xticks(range(0, int(longest) + 1, 20 if longest < 200 else 100))
    for row, ((_, measured, allowed, unit), share) in enumerate(zip(costs, shares, strict=True)):
        axes.text(max(share, 100) + 2, row, f"{measured:,g} of {allowed:,g} {unit}", va="center", color=_GREY)
    _write(figure.savefig, path, "What planning costs beside what is allowed", costs)


def _axes(size: tuple[float, float]) -> tuple[Any, Any]:
    """Returns a figure of `size` inches and its axes.

    They are grey on a transparent background, which can be read on white and on black pages.
    """
    import_module("matplotlib").rcParams.update(
        {"svg.fonttype": "none", "svg.hashsalt": "paperwire", "font.size": 10, "text.color": _GREY}
        | {f"{part}.color": _GREY for part in ("xtick", "ytick")}
        | {f"axes.{part}": _GREY for part in ("edgecolor", "labelcolor")}
    )
    figure: Any = import_module("matplotlib.figure").Figure(size, layout="constrained")
    axes = figure.add_subplot()
    axes.spines[["top", "right"]].set_visible(False)
    return figure, axes


def _write(save: Callable[..., None], path: Path, title: str, figures: object) -> None:
    save(path, transparent=True, metadata={"Title": title, "Description": repr(figures), "Date": None, "Creator": None})


if __name__ == "__main__":
    _draw_planning(planning_costs(), PLANNING)
