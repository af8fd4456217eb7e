"""Small plots as SVG: bars by hour, a row of days. The page's style sheet sets colours, by class."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from html import escape

_WIDTH, _HEIGHT = 720, 140  # size of the plot of bars, in units of the picture
_LEFT, _BOTTOM, _TOP = 40, 20, 12  # space for the labels
_GAP = 0.2  # part of a bar's width that is left empty
_CELL = 20  # size of a day in the calendar
_TINY = (8, 20)  # a tiny plot: (width of a bar with its gap, height)
_NOTHING = ' class="none"'


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
