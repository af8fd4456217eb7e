"""Folds letters (step 2): case, accents, forms, invisible characters."""

import re
import unicodedata

from subscriptions.texts.normal_forms import normalized

# Compatibility forms, letter case and accents are folded.


_SIGNS = re.compile("[™®©℠]")  # removed before NFKC, which would turn ™ into the letters TM
INVISIBLE_CHARACTERS = "\u00ad\u061c\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufe00-\ufe0f\ufeff\U000e0100-\U000e01ef"
"""Ranges of a character class: characters without width, which are ignored."""
_INVISIBLE = re.compile(f"[{INVISIBLE_CHARACTERS}]")
_ACCENTABLE = re.compile("[\u00c0-\u1fff]")  # beyond this range only symbols such as ≠ have accents
_ACCENT_MARKS = re.compile("[\u0300-\u036f]+")
_PLAIN_LETTERS = str.maketrans(
    {"ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe", "ħ": "h", "ı": "i", "ŋ": "n"},
)
# CJK Unified Ideographs with extension A; a Chinese text has some of these even if it also has rarer characters
_CHINESE = re.compile("[\u3400-\u9fff]")


def fold_letters(text: str) -> str:
    """Step 2: returns a text in lower case without accents.

    Only Latin accents (U+0300 to U+036F) are removed. Marks of kana stay, and decomposed Hangul is composed again.
    """
    return fold_case(fold_forms(text))


def exact_letters(text: str) -> str:
    """Step 2 for exact terms: returns a text that keeps its letter case, accents and letters like ø."""
    return normalized("NFC", fold_forms(text))


def fold_forms(text: str) -> str:
    """Returns a text with compatibility forms replaced and invisible characters removed."""
    if text.isascii():
        return text
    return _INVISIBLE.sub("", normalized("NFKC", _SIGNS.sub("", text)))


def fold_case(text: str) -> str:
    """Returns the result of `fold_forms` in lower case without accents."""
    if text.isascii():
        return text.lower()
    folded = text.casefold()
    if not _ACCENTABLE.search(folded):
        return normalized("NFC", folded)
    bare = _ACCENT_MARKS.sub("", normalized("NFD", folded))
    return normalized("NFC", bare).translate(_PLAIN_LETTERS)


def joins_letter_before(char: str) -> bool:
    """Returns whether step 2 may merge a character into the one before it, or remove it.

    True for combining marks, Hangul vowels and finals, invisible characters, and ™, ®, © and ℠.
    """
    if char.isascii():
        return False
    first = normalized("NFKD", char)[0]
    is_mark = unicodedata.category(first)[0] == "M" or "\u1160" <= first <= "\u11ff"
    return is_mark or _INVISIBLE.match(char) is not None or _SIGNS.match(char) is not None


def has_chinese(text: str) -> bool:
    """Returns whether a text has Chinese characters."""
    return not text.isascii() and _CHINESE.search(text) is not None
