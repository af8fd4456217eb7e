"""The brand of paperwire: name, mark, colours and fonts.

Pages, gallery, mails, badges and the manifest of an app take them from here.
"""

from base64 import b64encode

NAME = "paperwire"
LIGHT = {
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
}
DARK = {
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
}
_CJK = '"PingFang SC", "Hiragino Sans GB", "Microsoft YaHei", "Noto Sans CJK SC", "Source Han Sans SC", "WenQuanYi Zen Hei"'
# The faces of the pages, for titles and texts of papers, and for everything else; where they are missing, what comes next.
SERIF = f'"Serif", "Source Serif 4", Georgia, {_CJK}, serif'
SANS = f'"Sans", "Source Sans 3", Arial, {_CJK}, sans-serif'
# A mail repeats these in every element, and cannot load a font. Georgia has no Chinese, which is then shown without serifs, as on the page.
MAIL_SERIF = "font-family:Georgia,sans-serif"
MAIL_SANS = "font-family:Arial,sans-serif"
MARK = '<span class="mark" aria-hidden="true"></span>'  # a sheet with three lines, drawn by `style`
_ICON = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16"><rect width="16" height="16" rx="3" fill="{accent}"/>'
    '<path d="M4 5h8M4 8h8M4 11h5" stroke="{lines}" stroke-width="1.5"/></svg>'
)


def icon() -> str:
    """Return the mark as the address of an image."""
    image = _ICON.format(accent=LIGHT["accent"], lines=LIGHT["on-accent"])
    return f"data:image/svg+xml;base64,{b64encode(image.encode()).decode()}"


def style() -> str:
    """Return the colours and fonts as variables of CSS, by day and by night, and how the mark is drawn."""
    light, dark = (" ".join(f"--{name}: {value};" for name, value in colours.items()) for colours in (LIGHT, DARK))
    lines = ", ".join(
        f"linear-gradient(var(--on-accent) 0 0) {across} {down} / {wide} 9.4% no-repeat"
        for across, down, wide in (("50%", "29.3%", "50%"), ("50%", "50%", "50%"), ("36.4%", "70.7%", "31.2%"))
    )
    return (
        f":root {{ color-scheme: light dark; {light} --cjk: {_CJK}; --serif: {SERIF}; --sans: {SANS}; }}\n"
        f"@media (prefers-color-scheme: dark) {{ :root {{ {dark} }} }}\n"
        ".mark { display: inline-block; width: 1.25em; height: 1.25em; vertical-align: -.25em; border-radius: 19%; "
        f"background: {lines}, var(--accent); }}\n"
    )
