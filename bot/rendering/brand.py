"""The brand of paperwire: name, mark, colours and fonts. Pages, gallery, mails, badges and the manifest of an app take them from here."""

from base64 import b64encode
from typing import Final

NAME: Final = "paperwire"
LIGHT: Final = {
    "page": "#fbfaf6",
    "raised": "#ffffff",
    "ink": "#1c1b19",
    "soft": "#635f57",
    "line": "#e5e1d7",
    "edge": "#918b7f",
    "accent": "#14595f",
    "on-accent": "#ffffff",
    "tint": "#e6efee",
    "hit": "#cfe6e0",
    "bad": "#a3210f",
    "wait": "#765200",
    "good": "#2c6a3c",
}
DARK: Final = {
    "page": "#151614",
    "raised": "#1d1f1c",
    "ink": "#e8e6df",
    "soft": "#a5a297",
    "line": "#31322e",
    "edge": "#77766c",
    "accent": "#86c9c6",
    "on-accent": "#08201f",
    "tint": "#1d302f",
    "hit": "#2a4f49",
    "bad": "#ff9d90",
    "wait": "#e3bd66",
    "good": "#93cf9f",
}
_CJK = '"PingFang SC", "Hiragino Sans GB", "Microsoft YaHei", "Noto Sans CJK SC", "Source Han Sans SC", "WenQuanYi Zen Hei"'
# The faces of the pages, for titles and texts of papers, and for everything else; where they are missing, what comes next.
SERIF: Final = f'"Serif", "Source Serif 4", Georgia, {_CJK}, serif'
SANS: Final = f'"Sans", "Source Sans 3", Arial, {_CJK}, sans-serif'
MAIL_SERIF: Final = "font-family:Georgia,serif"  # a mail repeats it in every element, and cannot load a font
MAIL_SANS: Final = "font-family:Arial,sans-serif"
_SHEET = '<path d="M3 0h10a3 3 0 0 1 3 3v10a3 3 0 0 1-3 3H3a3 3 0 0 1-3-3V3a3 3 0 0 1 3-3z"'
_LINES = '<path d="M4 5h8M4 8h8M4 11h5" fill="none" stroke-width="1.5"'
MARK: Final = f'<svg class="mark" viewBox="0 0 16 16" aria-hidden="true">{_SHEET}/>{_LINES}/></svg>'


def icon() -> str:
    """Returns the mark as the address of an image."""
    sheet, lines = f'{_SHEET} fill="{LIGHT["accent"]}"/>', f'{_LINES} stroke="{LIGHT["on-accent"]}"/>'
    image = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16">{sheet}{lines}</svg>'
    return f"data:image/svg+xml;base64,{b64encode(image.encode()).decode()}"


def style() -> str:
    """Returns the colours and fonts as variables of CSS, by day and by night, and how the mark is drawn."""
    light, dark = (" ".join(f"--{name}: {value};" for name, value in colours.items()) for colours in (LIGHT, DARK))
    return (
        f":root {{ color-scheme: light dark; {light} --cjk: {_CJK}; --serif: {SERIF}; --sans: {SANS}; }}\n"
        f"@media (prefers-color-scheme: dark) {{ :root {{ {dark} }} }}\n"
        ".mark { width: 1.25em; height: 1.25em; vertical-align: -.2em; fill: var(--accent); stroke: var(--on-accent); }\n"
        ".mark path:first-child { stroke: none; }\n"
    )
