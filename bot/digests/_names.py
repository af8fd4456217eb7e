"""Names of authors: how a list is split, and TeX accents as Unicode."""

import re
import unicodedata

from bot.digests._plain import collapse

# Combining marks of TeX's accent macros (The TeXbook, chapter 9).
_MARKS = {
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
}
_LETTERS = {
    "aa": "å", "AA": "Å", "ae": "æ", "AE": "Æ", "oe": "œ", "OE": "Œ", "o": "ø", "O": "Ø", "l": "ł", "L": "Ł",
    "ss": "ß", "i": "ı", "j": "ȷ", "dh": "ð", "DH": "Ð", "th": "þ", "TH": "Þ", "dj": "đ", "DJ": "Đ", "ng": "ŋ",
    "NG": "Ŋ",
}  # fmt: skip
_LETTER = re.compile(r"\\(" + "|".join(sorted(_LETTERS, key=len, reverse=True)) + r")(?![A-Za-z])(?:\{\}|\s+)?")
_ACCENT = re.compile(
    r"\\(?:(?P<sign>[`'^~=.\"])\s*|(?P<macro>[urHvdckb])(?:\s+|(?=\{)))(?:\{\s*(?P<braced>[^\W\d_])\s*\}|(?P<bare>[^\W\d_]))"
)
_DOTLESS = {"ı": "i", "ȷ": "j"}


def split_authors(text: str) -> tuple[str, ...]:
    """The names in a list with commas, TeX accents decoded. The bare colon after a collaboration is no name."""
    names = map(decode_accents, text.split(","))
    return tuple(name for name in names if name not in ("", ":"))


def without_affiliations(text: str) -> str:
    """The text without what stands in parentheses, nested ones too. A parenthesis that has no partner stays."""
    if "(" not in text:
        return text
    kept: list[str] = []
    opened: list[int] = []
    for sign in text:
        if sign == "(":
            opened.append(len(kept))
        elif sign == ")" and opened:
            del kept[opened.pop() :]
            continue
        kept.append(sign)
    return "".join(kept)


def decode_accents(name: str) -> str:
    r"""A name as people write it: `Jovan\v{c}evi\'c` is Jovančević, `S{\o}gaard` is Søgaard."""
    if "\\" in name or "{" in name or "~" in name:
        name = _LETTER.sub(lambda match: _LETTERS[match[1]], name)
        name = _ACCENT.sub(_accented, name)
        name = name.replace("{", "").replace("}", "").replace("~", " ")
        name = unicodedata.normalize("NFC", name)
    return collapse(name)


def _accented(match: re.Match[str]) -> str:
    letter = match["braced"] or match["bare"]
    return _DOTLESS.get(letter, letter) + _MARKS[match["sign"] or match["macro"]]
