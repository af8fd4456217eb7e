"""Shows characters of foreign texts that a terminal or a log would obey: control characters, line ends, text direction.

The characters are those of Unicode's categories Cc, Cs, Zl and Zp, and the marks of direction of its annex 9. All others stay
as they are, even if `str.isprintable` is false for them: joined emoji, private characters, spaces of other scripts.
"""

import re
from typing import Literal
from unicodedata import combining, normalize

_DIRECTIONS = "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"
_HIDDEN = re.compile(f"[\x00-\x1f\x7f-\x9f\u2028\u2029{_DIRECTIONS}\ud800-\udfff]")
# Our own texts may contain an isolated part: it ends on its line and does not affect the text around it.
_IN_LINES = re.compile(
    f"\u2068[^\x00-\x1f\x7f-\x9f\u2028\u2029{_DIRECTIONS}\ud800-\udfff]*\u2069|(?![\n\t]){_HIDDEN.pattern}"
)


def escaped(value: str) -> str:
    r"""Returns a foreign text on one line, with \uXXXX for each character that a terminal would obey."""
    if value.isprintable():  # most texts are, and this check is fast
        return value
    return _HIDDEN.sub(_as_code, value)


def escaped_lines(text: str) -> str:
    r"""Escapes a text of our own, except its line ends, tabs and isolated parts. JSON stays valid JSON."""
    if text.isprintable():  # most texts are, and this check is fast; characters of direction are not printable
        return text
    return _IN_LINES.sub(lambda found: _as_code(found) if len(found[0]) == 1 else found[0], text)


def _as_code(found: re.Match[str]) -> str:
    return f"\\u{ord(found[0]):04x}"


# ----------------------------------------- unicode's normal forms of texts from any author (Unicode Standard Annex 15)


MOST_MARKS = 30  # on one letter, as in the annex's Stream-Safe Text Format; no language has more than a few
# Marks are neither letters nor spaces. Only the characters in a long run of them are checked one by one.
_NO_LETTERS = re.compile(rf"[^\w\s\x00-\x7f]{{{MOST_MARKS + 1},}}")


def normalized(form: Literal["NFC", "NFD", "NFKC", "NFKD"], text: str) -> str:
    """Returns a text in a normal form, without the marks on a letter beyond `MOST_MARKS`.

    Python sorts the marks on a letter, in time that grows with the square of their number: 12 s for 128,000 of them.
    """
    return normalize(form, text if text.isascii() else _NO_LETTERS.sub(_with_fewer_marks, text))


def _with_fewer_marks(run: re.Match[str]) -> str:
    kept: list[str] = []
    marks = 0
    for sign in run[0]:
        marks = marks + 1 if combining(sign) else 0
        if marks <= MOST_MARKS:
            kept.append(sign)
    return "".join(kept)
