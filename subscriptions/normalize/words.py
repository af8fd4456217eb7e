"""Cuts a text into runs of letters and digits (steps 3 and 4): c++ and c#, decimal points, possessives, single Chinese characters."""

import re
import unicodedata
from itertools import chain, pairwise


def _combining_marks() -> str:
    """Returns all combining marks (category M) as ranges for a character class, since `re` has no name for them."""
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
"""Ranges of a character class: each of these characters is a run alone."""
_APOSTROPHE_SIGNS = "'’‘ʼ′`"
_NO_LETTER = "ʼ"  # an apostrophe that Unicode counts as a letter


def run_pattern(single: str) -> re.Pattern[str]:
    """Returns the pattern of a run: letters and digits that belong together. A character of `single` is a run alone."""
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
# finds the same runs in ASCII texts, faster
_ASCII_RUN = re.compile(r"[A-Za-z](?:\+\+|#)|[A-Za-z0-9]+(?:(?<=[0-9])\.(?=[0-9])[A-Za-z0-9]+)*")

# The pattern begins with the point, since `re` searches for a point thirty times as fast as for a digit before a point.
_DECIMAL = re.compile(r"\.(?<=[0-9]\.)(?=[0-9])")
_POINT = "\x01"  # replaces the point of a number
# turns each character between runs into a space, and `_POINT` into a point
_BLANKS = {point: " " for point in range(128) if not chr(point).isalnum()} | {ord(_POINT): "."}

_ONE = f"[{_APOSTROPHE_SIGNS}]"
_LETTER = rf"[^\W_{_NO_LETTER}]"
_POSSESSIVE = re.compile(
    rf"{_ONE}(?<=(?:{_LETTER}|[+#]|{_MARK}){_ONE}){_ONE}*[sS](?![^\W_{_NO_LETTER}{SINGLE_CHARACTERS}]|{_MARK})"
)
_INNER_APOSTROPHE = re.compile(rf"{_ONE}(?<=(?:{_LETTER}|{_MARK}){_ONE}){_ONE}*(?={_LETTER})")


def runs_of(letters: str) -> list[str]:
    """Step 4: returns the runs (letters and digits that belong together) of a text without apostrophes."""
    if not letters.isascii():
        return RUN.findall(letters)
    if "+" in letters or "#" in letters or _POINT in letters:
        return _ASCII_RUN.findall(letters)
    return (_DECIMAL.sub(_POINT, letters) if "." in letters else letters).translate(_BLANKS).split()


def fold_apostrophes(text: str, *, name: bool = False) -> str:
    """Step 3: removes apostrophes. A possessive 's loses its s, too, but in the name of a person the s stays."""
    if not _has_apostrophe(text):
        return text
    return _INNER_APOSTROPHE.sub("", text if name else _POSSESSIVE.sub("", text))


def apostrophe_patterns(text: str) -> tuple[re.Pattern[str], ...]:
    """Returns the patterns that `fold_apostrophes` removes from a text, in order; () for a text without apostrophes."""
    if _has_apostrophe(text):
        return (_POSSESSIVE, _INNER_APOSTROPHE)
    return ()


def _has_apostrophe(text: str) -> bool:
    return any(sign in text for sign in _APOSTROPHE_SIGNS)
