"""A plot as text: a bar of block characters for each amount, in a font of fixed width, where no picture can be shown."""

from collections.abc import Sequence

from bot.ports.reply import Plot

_BARS = "▁▂▃▄▅▆▇█"
_NONE = "·"


def plot_text(plot: Plot) -> str:
    """Returns the rows of a plot, each below its name, and the first and last label below all of them."""
    rows = [line for row in plot.rows for line in (row.name, bar_line(row.amounts))]
    begins, ends = plot.labels[0], plot.labels[-1]
    return "\n".join((*rows, f"{begins}{ends:>{max(len(plot.labels) - len(begins), 0)}}"))


def bar_line(amounts: Sequence[int]) -> str:
    """Returns a bar for each amount, the highest for the largest; a dot for none."""
    most = max(amounts, default=0)
    return "".join(_BARS[-(-amount * len(_BARS) // most) - 1] if amount else _NONE for amount in amounts)
