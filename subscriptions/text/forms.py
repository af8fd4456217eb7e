"""Texts as they are compared: Unicode's normal forms (Annex 15), letter case, traditional characters."""

import re
from pathlib import Path
from typing import Literal
from unicodedata import combining, normalize

MOST_MARKS = 30  # on one letter, as in the annex's Stream-Safe Text Format; no language has more than a few
# Marks are neither letters nor spaces. Only the characters in a long run of them are checked one by one.
_NO_LETTERS = re.compile(rf"[^\w\s\x00-\x7f]{{{MOST_MARKS + 1},}}")
# Each character is replaced by exactly one character, so that positions in the folded text and the typed text agree.
_TRADITIONAL, _SIMPLIFIED = (Path(__file__).parent / "traditional.txt").read_text("utf-8").split()
_FOLDED = str.maketrans(_TRADITIONAL + "’‘`，；：！？。", _SIMPLIFIED + "''',;:!?.")
_SENTENCES = dict.fromkeys(map(ord, "\ufdfa\ufdfb"), " ")
_INVISIBLE = re.compile("[\u00ad\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff]")


def normalized(form: Literal["NFC", "NFD", "NFKC", "NFKD"], text: str) -> str:
    """Return a text in one of Unicode's normal forms. Each letter keeps at most `MOST_MARKS` combining marks.

    Reason: Python sorts the marks on a letter in quadratic time; 128,000 marks take 12 s. And the two ligatures that are
    whole sentences, of up to 18 letters, are blanks in NFKC and NFKD, so that a text does not become many times as long.
    """
    if text.isascii():
        return text
    if form.startswith("NFK"):
        text = text.translate(_SENTENCES)
    return normalize(form, _NO_LETTERS.sub(_with_fewer_marks, text))


def _with_fewer_marks(run: re.Match[str]) -> str:
    kept: list[str] = []
    marks = 0
    for sign in run[0]:
        marks = marks + 1 if combining(sign) else 0
        if marks <= MOST_MARKS:
            kept.append(sign)
    return "".join(kept)


def visible(text: str) -> str:
    """Return a text without invisible characters, except those that join letters or symbols.

    They come with what is pasted.
    """
    return _INVISIBLE.sub("", text)


def folded(text: str) -> str:
    """Return the text in lower case, with simplified characters and plain punctuation.

    Each character stays in its place.
    """
    plain = text.translate(_FOLDED)
    lower = plain.lower()
    return lower if len(lower) == len(plain) else plain
