"""Unicode's normal forms of texts from any author (Unicode Standard Annex 15)."""

import re
from typing import Literal
from unicodedata import combining, normalize

MOST_MARKS = 30  # on one letter, as in the annex's Stream-Safe Text Format; no language has more than a few
# Marks are neither letters nor spaces. Only the characters in a long run of them are checked one by one.
_NO_LETTERS = re.compile(rf"[^\w\s\x00-\x7f]{{{MOST_MARKS + 1},}}")


def normalized(form: Literal["NFC", "NFD", "NFKC", "NFKD"], text: str) -> str:
    """Returns a text in one of Unicode's normal forms. Each letter keeps at most `MOST_MARKS` combining marks.

    Reason: Python sorts the marks on a letter in quadratic time; 128,000 marks take 12 s.
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
