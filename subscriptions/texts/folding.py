"""Folds texts of people, so that they are compared as they are read: letter case, traditional characters, punctuation."""

import re
from pathlib import Path

# Each character is replaced by exactly one character, so that positions in the folded text and the typed text agree.
_TRADITIONAL, _SIMPLIFIED = (Path(__file__).parent / "traditional.txt").read_text("utf-8").split()
_FOLDED = str.maketrans(_TRADITIONAL + "’‘`，；：！？。", _SIMPLIFIED + "''',;:!?.")
_INVISIBLE = re.compile("[\u00ad\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff]")


def visible(text: str) -> str:
    """Returns a text without invisible characters, except those that join letters or signs; they come with what is pasted."""
    return _INVISIBLE.sub("", text)


def folded(text: str) -> str:
    """Returns the text in lower case, with simplified characters and plain punctuation; each character stays in its place."""
    plain = text.translate(_FOLDED)
    lower = plain.lower()
    return lower if len(lower) == len(plain) else plain
