"""Small plots as SVG: bars by hour, rows of bars, a row of days. The page's style sheet sets colours, by class."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from html import escape

from bot.ports.channel import Plot

_WIDTH, _HEIGHT = 720, 140  # size of the plot of bars, in units of the picture
_LEFT, _BOTTOM, _TOP = 40, 20, 12  # space for the labels
_GAP = 0.2  # part of a bar's width that is left empty
_CELL = 20  # size of a day in the calendar
_NARROW, _HIGH, _HEAD = 320, 30, 22  # rows of bars, for phones: width, height of a bar, space above it
_TINY = (8, 20)  # a tiny plot: (width of a bar with its gap, height)
_NOTHING = ' class="none"'
_EACH = 7  # a label below every seventh bar


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """One bar: its label, its tooltip, and its parts from bottom to top, each (CSS class, amount)."""

    label: str  # "" for no label
    title: str
    parts: Sequence[tuple[str, int]]

    @property
    def amount(self) -> int:
        """The sum of the parts."""
        return sum(amount for _, amount in self.parts)


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """One day of a calendar: its CSS class and its tooltip."""

    kind: str
    title: str


def few_bars(title: str, amounts: Sequence[int]) -> str:
    """Returns a tiny plot without labels. Screen readers read it as one picture with the name `title`."""
    most, (wide, high) = max(1, *amounts), _TINY
    shown = "".join(
        f'<rect{"" if amount else _NOTHING} x="{place * wide}" y="{high - tall:.1f}" width="{wide - 2}" height="{tall:.1f}"/>'
        for place, amount in enumerate(amounts)
        for tall in (max(1.5, high * amount / most),)
    )
    size = f"0 0 {wide * len(amounts) - 2} {high}"
    return f'<svg class="bars" viewBox="{size}" role="img" aria-label="{escape(title)}"><title>{escape(title)}</title>{shown}</svg>'


def bars(title: str, shown: Sequence[Bar]) -> str:
    """Returns bars side by side. The axis is labelled with the largest amount."""
    most = max((bar.amount for bar in shown), default=0)
    width = (_WIDTH - _LEFT) / max(1, len(shown))
    high = _HEIGHT - _BOTTOM - _TOP
    lines = [
        _text(_LEFT - 6, _TOP + 4, f"{most:,}", "end"),
        _text(_LEFT - 6, _HEIGHT - _BOTTOM, "0", "end"),
        f'<path class="axis" d="M{_LEFT} {_TOP}H{_WIDTH}M{_LEFT} {_HEIGHT - _BOTTOM}H{_WIDTH}"/>',
    ]
    for place, bar in enumerate(shown):
        left, level = _LEFT + place * width, float(_HEIGHT - _BOTTOM)
        lines.append(f"<g><title>{escape(bar.title)}</title>")
        lines.append(f'<rect class="touch" x="{left:.1f}" y="{_TOP}" width="{width:.1f}" height="{high}"/>')
        for kind, amount in bar.parts:
            tall = high * amount / most if most else 0
            level -= tall
            inner = width * (1 - _GAP)
            lines.append(
                f'<rect class="{escape(kind)}" x="{left + width * _GAP / 2:.1f}" y="{level:.1f}" width="{inner:.1f}" height="{tall:.1f}"/>'
                if amount
                else ""
            )
        lines.append("</g>")
        if bar.label:
            x, anchor = (left + width / 2, "middle") if place < len(shown) - 1 else (float(_WIDTH), "end")
            lines.append(_text(x, _HEIGHT - 5, bar.label, anchor))
    return _picture(title, _WIDTH, _HEIGHT, lines)


def rows_of_bars(plot: Plot) -> str:
    """Returns a row of bars for each row of the plot, below the row's name. Each row has its own scale."""
    width, row_height = _NARROW / len(plot.labels), _HEAD + _HIGH
    lines = []
    for number, row in enumerate(plot.rows):
        most, level = max(row.amounts, default=0), (number + 1) * row_height
        lines.append(_text(0, level - _HIGH - 7, row.name, "start"))
        lines.append(f'<path class="axis" d="M0 {level}H{_NARROW}"/>')
        for place, (label, amount) in enumerate(zip(plot.labels, row.amounts, strict=True)):
            if amount:
                tall, left = _HIGH * amount / most, place * width + width * _GAP / 2
                lines.append(
                    f'<rect class="row{number}" x="{left:.1f}" y="{level - tall:.1f}" width="{width * (1 - _GAP):.1f}" '
                    f'height="{tall:.1f}"><title>{escape(f"{label}: {amount:,}")}</title></rect>'
                )
    height = len(plot.rows) * row_height + _BOTTOM
    last = len(plot.labels) - 1
    for place in range(last, -1, -_EACH):
        x, anchor = (float(_NARROW), "end") if place == last else ((place + 0.5) * width, "middle")
        lines.append(_text(x, height - 5, plot.labels[place], anchor))
    return _picture(plot.title, _NARROW, height, lines).replace('class="plot"', 'class="plot narrow"', 1)


def calendar(title: str, days: Sequence[date], cells: Sequence[Day]) -> str:
    """Returns a row of days. Below each Monday is its day of the month."""
    lines = []
    for column, (day, cell) in enumerate(zip(days, cells, strict=True)):
        left = column * _CELL
        lines.append(
            f'<rect class="{escape(cell.kind)}" x="{left + 1}" y="2" width="{_CELL - 3}" height="{_CELL - 3}" rx="3">'
            f"<title>{escape(cell.title)}</title></rect>"
        )
        if not day.weekday():
            lines.append(_text(left + _CELL / 2, _CELL + 14, str(day.day), "middle"))
    picture = _picture(title, len(days) * _CELL, _CELL + _BOTTOM, lines)
    return picture.replace('class="plot"', 'class="plot days"', 1)


def _picture(title: str, width: float, height: float, lines: Sequence[str]) -> str:
    inner = "\n".join(filter(None, lines))
    return f'<svg class="plot" viewBox="0 0 {width:g} {height:g}" role="img" aria-label="{escape(title)}">\n{inner}\n</svg>'


def _text(x: float, y: float, text: str, anchor: str) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(text)}</text>'


# A block character for each amount, in a font of fixed width. Used where no picture can be shown.
_BARS = "▁▂▃▄▅▆▇█"
_NONE = "·"


def plot_text(plot: Plot) -> str:
    """Returns each row of a plot below its name, and below all rows the first and the last label."""
    rows = [line for row in plot.rows for line in (row.name, bar_line(row.amounts))]
    begins, ends = plot.labels[0], plot.labels[-1]
    return "\n".join((*rows, f"{begins}{ends:>{max(len(plot.labels) - len(begins), 0)}}"))


def bar_line(amounts: Sequence[int]) -> str:
    """Returns a bar for each amount, the highest for the largest amount, and a dot for zero."""
    most = max(amounts, default=0)
    return "".join(_BARS[-(-amount * len(_BARS) // most) - 1] if amount else _NONE for amount in amounts)
