"""Step 1, LaTeX: Greek commands become their names, accent macros their letters."""

import re
from collections.abc import Iterator

from subscriptions.normalize.greek import GREEK_LETTERS
from subscriptions.unicode_forms import normalized

GREEK_COMMANDS = {
    variant + spelled: spelled
    for name in GREEK_LETTERS.values()
    for spelled in (name, name.capitalize())
    for variant in ("", "var")
}
ACCENTS = {
    "`": "\u0300",
    "'": "\u0301",
    "^": "\u0302",
    "~": "\u0303",
    "=": "\u0304",
    "u": "\u0306",
    ".": "\u0307",
    '"': "\u0308",
    "r": "\u030a",
    "H": "\u030b",
    "v": "\u030c",
    "d": "\u0323",
    "c": "\u0327",
    "k": "\u0328",
    "b": "\u0331",
    "t": "\u0361",
}
LETTER_MACROS = {
    "ss": "ß",
    "SS": "SS",
    "o": "ø",
    "O": "Ø",
    "l": "ł",
    "L": "Ł",
    "ae": "æ",
    "AE": "Æ",
    "oe": "œ",
    "OE": "Œ",
    "aa": "å",
    "AA": "Å",
    "dj": "đ",
    "DJ": "Đ",
    "dh": "ð",
    "DH": "Ð",
    "th": "þ",
    "TH": "Þ",
    "ng": "ŋ",
    "NG": "Ŋ",
    "i": "ı",
    "j": "j",
}
_MACRO_NAME = "(?:" + "|".join(LETTER_MACROS) + ")(?![A-Za-z])"  # TeX reads the longest name and eats spaces after it
_ACCENT_MACRO = rf"""
    \\(?: (?P<sign>["'`^~=.])\{{? | (?P<letter>[uvHtcdbrk]) (?: \s*\{{ | \s+ | (?=\\) ) )
      (?: \\(?P<under>{_MACRO_NAME})\s* | (?P<base>[^\W\d_]) )
"""
_LETTER_MACRO = rf"\\(?P<macro>{_MACRO_NAME})\s*"
_ACCENT = re.compile(rf"(?:{_ACCENT_MACRO} | {_LETTER_MACRO} | \\(?:[A-Za-z]+|.) )", re.VERBOSE | re.DOTALL)
_TEX = re.compile(
    rf"{_ACCENT_MACRO} | {_LETTER_MACRO} | \\(?P<command>[A-Za-z]+|.)? | (?P<vanishing>[{{}}$]+)",
    re.VERBOSE | re.DOTALL,
)


def fold_tex(text: str) -> str:
    r"""Step 1: returns a text with Greek commands as names, accent macros as letters, other commands as spaces.

    Braces and `$` are removed. `\varepsilon` is epsilon, `S\o ren` is Søren, `$k$NN` is kNN.
    """
    if "\\" not in text and "$" not in text and "{" not in text and "}" not in text:
        return text
    return _TEX.sub(_replacement, text)


def tex_replacements(text: str) -> Iterator[tuple[int, int, str]]:
    """Yields what `fold_tex` replaces in a text, as (start, end, replacement)."""
    return ((*match.span(), _replacement(match)) for match in _TEX.finditer(text))


def accent_macros(text: str) -> Iterator[tuple[int, int, str]]:
    r"""Yields the accent and letter macros of a text as (start, end, letters): `H\"older` gives (1, 4, "ö")."""
    for match in _ACCENT.finditer(text):
        if letters := _accented(match):
            yield match.start(), match.end(), letters


def _replacement(match: re.Match[str]) -> str:
    if letters := _accented(match):
        return letters
    if match["vanishing"]:
        return ""
    name = GREEK_COMMANDS.get(match["command"] or "", "")
    return f" {name} "


def _accented(match: re.Match[str]) -> str:
    """Returns the letters that an accent or letter macro means; "" if the match is neither."""
    if match["macro"]:
        return LETTER_MACROS[match["macro"]]
    if match["under"]:
        base = match["under"] if match["under"] in "ij" else LETTER_MACROS[match["under"]]
    else:
        base = match["base"]
    return normalized("NFC", base + ACCENTS[match["sign"] or match["letter"]]) if base else ""
