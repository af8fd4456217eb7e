"""A badge for a web page: a small picture that links to a subscription."""

from html import escape

from rich.cells import cell_len

_NAME = "paperwire"
_CELL, _SIDE, _HIGH = 7.2, 9, 22  # units: a cell of 11-pixel sans-serif, the room beside words, the height
_LONGEST = 40  # cells of a query


def badge(words: str) -> str:
    """Returns the badge as SVG: the name, and what the subscription is about."""
    shown = _cut(words)
    left, right = (cell_len(text) * _CELL + 2 * _SIDE for text in (_NAME, shown))
    wide, said = left + right, escape(f"{_NAME}: {words}")
    return "\n".join(
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{wide:.0f}" height="{_HIGH}" role="img" aria-label="{said}">',
            f"<title>{said}</title>",
            f'<clipPath id="r"><rect width="{wide:.0f}" height="{_HIGH}" rx="4"/></clipPath>',
            (
                f'<g clip-path="url(#r)"><rect width="{left:.0f}" height="{_HIGH}" fill="#3a3835"/>'
                f'<rect x="{left:.0f}" width="{right:.0f}" height="{_HIGH}" fill="#a33b0f"/></g>'
            ),
            '<g fill="#fff" font-family="Verdana,DejaVu Sans,sans-serif" font-size="11" text-anchor="middle">',
            f'<text x="{left / 2:.0f}" y="15">{_NAME}</text>',
            f'<text x="{left + right / 2:.0f}" y="15">{escape(shown)}</text>',
            "</g></svg>\n",
        )
    )


def button(url: str, words: str) -> str:
    """Returns a button in HTML that leads to `url`."""
    style = (
        "display:inline-block;padding:.4em .9em;border-radius:8px;background:#a33b0f;color:#fff;text-decoration:none"
    )
    return f'<a href="{escape(url)}" style="{style}">{escape(words)}</a>'


def _cut(words: str) -> str:
    if cell_len(words) <= _LONGEST:
        return words
    kept = ""
    for sign in words:
        if cell_len(kept + sign) >= _LONGEST:
            break
        kept += sign
    return f"{kept}…"
