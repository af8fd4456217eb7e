"""Small plots as SVG. The page's style sheet sets colours, by class."""

from collections.abc import Sequence
from html import escape

_TINY = (8, 20)  # a tiny plot: (width of a bar with its gap, height)
_NOTHING = ' class="none"'


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
