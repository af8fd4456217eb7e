"""Letters, scripts and runs of characters, as words are cut from them."""

import re
import unicodedata
from collections.abc import Iterator
from itertools import chain, pairwise

from subscriptions.normalize.tex import GREEK_LETTERS
from subscriptions.text import normalized


def _combining_marks() -> str:
    """Returns all characters of category M as ranges of a character class; `re` has no name for them."""
    blocks = chain(range(0x300, 0x3100), range(0xA660, 0xAC00), range(0xFB00, 0xFF00), range(0x10000, 0x1F000))
    marks = [point for point in blocks if unicodedata.category(chr(point))[0] == "M"]
    firsts = [point for before, point in pairwise([0, *marks]) if point != before + 1]
    lasts = [point for point, after in pairwise([*marks, 0]) if after != point + 1]
    return "".join(f"{chr(first)}-{chr(last)}" for first, last in zip(firsts, lasts, strict=True))


_MARK = f"[{_combining_marks()}]"
_HAN = "々〇〡-〩〸-〻\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U000323af"
_KANA = "ぁ-ゖゝ-ゟァ-ヺー-ヿㇰ-ㇿ\U0001aff0-\U0001b16f"
_HANGUL = "가-힣"
SINGLE_CHARACTERS = _HAN + _KANA + _HANGUL
"""Ranges of a character class: characters that are runs by themselves."""
_APOSTROPHE_SIGNS = "'’‘ʼ′`"
_NO_LETTER = "ʼ"  # an apostrophe that Unicode counts as a letter


def run_pattern(single: str) -> re.Pattern[str]:
    """Returns the pattern of a run, where each character of the class `single` is its own run."""
    letter = rf"[^\W_{_NO_LETTER}{single}]"
    return re.compile(
        rf"""
        [{single}]
        | [^\W\d_{_NO_LETTER}{single}] (?: \+\+ | \# )  # c++, c#; a run is matched whole, so the letter has no letter before it
        | {letter}+ (?: (?: {_MARK} | (?<=\d)\.(?=\d) ) {letter}* )*  # a mark that begins a run is left out
        """,
        re.VERBOSE,
    )


RUN = run_pattern(SINGLE_CHARACTERS)
_ASCII_RUN = re.compile(r"[A-Za-z](?:\+\+|#)|[A-Za-z0-9]+(?:(?<=[0-9])\.(?=[0-9])[A-Za-z0-9]+)*")  # the same, faster

# It begins with the point, which `re` looks for thirty times as fast as for any digit before one.
_DECIMAL = re.compile(r"\.(?<=[0-9]\.)(?=[0-9])")
_POINT = "\x01"  # replaces the point of a number
_BLANKS = {point: " " for point in range(128) if not chr(point).isalnum()} | {ord(_POINT): "."}  # between runs

_ONE = f"[{_APOSTROPHE_SIGNS}]"
_LETTER = rf"[^\W_{_NO_LETTER}]"
_POSSESSIVE = re.compile(
    rf"{_ONE}(?<=(?:{_LETTER}|[+#]|{_MARK}){_ONE}){_ONE}*[sS](?![^\W_{_NO_LETTER}{SINGLE_CHARACTERS}]|{_MARK})"
)
_INNER_APOSTROPHE = re.compile(rf"{_ONE}(?<=(?:{_LETTER}|{_MARK}){_ONE}){_ONE}*(?={_LETTER})")


def runs_of(letters: str) -> list[str]:
    """Step 4: returns the runs of a text whose apostrophes were removed."""
    if not letters.isascii():
        return RUN.findall(letters)
    if "+" in letters or "#" in letters or _POINT in letters:
        return _ASCII_RUN.findall(letters)
    return (_DECIMAL.sub(_POINT, letters) if "." in letters else letters).translate(_BLANKS).split()


def fold_apostrophes(text: str, *, name: bool = False) -> str:
    """Step 3: removes apostrophes. A trailing 's is removed with its s, but in a name the s stays."""
    if not _has_apostrophe(text):
        return text
    return _INNER_APOSTROPHE.sub("", text if name else _POSSESSIVE.sub("", text))


def apostrophe_patterns(text: str) -> tuple[re.Pattern[str], ...]:
    """Returns the patterns that `fold_apostrophes` removes from a text, in this order; () if it has no apostrophe."""
    return (_POSSESSIVE, _INNER_APOSTROPHE) if _has_apostrophe(text) else ()


def _has_apostrophe(text: str) -> bool:
    return any(sign in text for sign in _APOSTROPHE_SIGNS)


# ---------------------------------------------------------------------------------------------------------------------
# Step 5, Greek letters: a letter becomes its English name, α and alpha are one token.


_GREEK = re.compile(f"[{''.join(GREEK_LETTERS)}]")
_PART = run_pattern(SINGLE_CHARACTERS + "".join(GREEK_LETTERS))


def has_greek(text: str) -> bool:
    """Whether a text has a Greek letter."""
    return _GREEK.search(text) is not None


def spell_greek(runs: list[str]) -> list[str]:
    """Returns runs with Greek letters spelled out: αβ becomes alpha, beta; μm has a Latin letter and stays."""
    return [token for run in runs for token in (_names(run) if _is_greek(run) else (run,))]


def greek_spans(letters: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Yields (start, end) of the tokens that `spell_greek` makes of the run at `start` to `end`."""
    if _is_greek(letters[start:end]):
        yield from (part.span() for part in _PART.finditer(letters, start, end))
    else:
        yield start, end


def is_latin(char: str) -> bool:
    """Whether a character is a Latin letter."""
    return char.isalpha() if char.isascii() else unicodedata.name(char, "").startswith("LATIN")


def _names(run: str) -> list[str]:
    return [GREEK_LETTERS.get(part, part) for part in _PART.findall(run)]


def _is_greek(run: str) -> bool:
    """Whether a run has Greek letters and no Latin ones."""
    return _GREEK.search(run) is not None and not any(is_latin(char) for char in run)


# ---------------------------------------------------------------------------------------------------------------------
# Step 2, letters: compatibility forms, letter case and accents are folded.


_SIGNS = re.compile("[™®©℠]")  # removed first: their compatibility forms are letters
INVISIBLE_CHARACTERS = "\u00ad\u061c\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufe00-\ufe0f\ufeff\U000e0100-\U000e01ef"
"""Ranges of a character class: characters without width, which count for nothing."""
_INVISIBLE = re.compile(f"[{INVISIBLE_CHARACTERS}]")
_ACCENTABLE = re.compile("[\u00c0-\u1fff]")  # above them only symbols have accents, such as ≠
_ACCENT_MARKS = re.compile("[\u0300-\u036f]+")
_PLAIN_LETTERS = str.maketrans(
    {"ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe", "ħ": "h", "ı": "i", "ŋ": "n"},
)
_CHINESE = re.compile(
    "[\u3400-\u9fff]"
)  # CJK Unified Ideographs with extension A; texts with rarer ones have these, too


def fold_letters(text: str) -> str:
    """Step 2: returns a text in lower case without accents.

    Kana marks and Hangul stay: only the Latin block of accents is removed, and the rest is composed again.
    """
    return fold_case(fold_forms(text))


def exact_letters(text: str) -> str:
    """Step 2 for exact terms: letter case, accents and letters like ø stay."""
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
    """Whether step 2 may merge a character into the one before it: a mark, a Hangul vowel or final, an invisible one."""
    if char.isascii():
        return False
    first = normalized("NFKD", char)[0]
    is_mark = unicodedata.category(first)[0] == "M" or "\u1160" <= first <= "\u11ff"
    return is_mark or _INVISIBLE.match(char) is not None or _SIGNS.match(char) is not None


def has_chinese(text: str) -> bool:
    """Whether a text has Chinese characters."""
    return not text.isascii() and _CHINESE.search(text) is not None
