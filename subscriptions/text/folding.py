"""Letters and runs (steps 2 to 5), and where each token is in the text as written.

Compatibility forms, letter case and accents are folded. A possessive 's is left out, and a decimal point stays. A Greek
letter becomes its English name, so α and alpha are one token, beside Latin letters, too: αβ is alpha and beta, ΛCDM
lambda and cdm. A unit stays one word, such as μm.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import chain, pairwise
from typing import NamedTuple

from subscriptions.text.forms import normalized
from subscriptions.text.stems import Span
from subscriptions.text.tex import GREEK_LETTERS, tex_replacements

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


def _combining_marks() -> str:
    """Return all combining marks (category M) as ranges for a character class, since `re` has no name for them."""
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


def _run_pattern(single: str) -> re.Pattern[str]:
    """Return the pattern of a run: letters and digits that belong together. A character of `single` is a run alone."""
    letter = rf"[^\W_{_NO_LETTER}{single}]"
    return re.compile(
        rf"""
        [{single}]
        | [^\W\d_{_NO_LETTER}{single}] (?: \+\+ | \# )  # c++, c#; a run is matched whole, so the letter has no letter before it
        | {letter}+ (?: (?: {_MARK} | (?<=\d)\.(?=\d) ) {letter}* )*  # a mark that begins a run is left out
        """,
        re.VERBOSE,
    )


_HYPHENS = "-‐"  # after NFKC, which makes the hyphen without a break a plain one
RUN = _run_pattern(SINGLE_CHARACTERS)
# a run, and the hyphen before it if that stands between two letters or digits
_RUN_AFTER_HYPHEN = re.compile(rf"(?:[{_HYPHENS}](?<=[^\W_][{_HYPHENS}])(?=[^\W_]))?(?:{RUN.pattern})", re.VERBOSE)
# finds the same runs in ASCII texts, faster
_ASCII_RUN = re.compile(r"[A-Za-z](?:\+\+|#)|[A-Za-z0-9]+(?:(?<=[0-9])\.(?=[0-9])[A-Za-z0-9]+)*")

# The pattern begins with the point, since `re` searches for a point thirty times as fast as for a digit before a point.
_DECIMAL = re.compile(r"\.(?<=[0-9]\.)(?=[0-9])")
_ASCII_HYPHEN = re.compile("-(?<=[0-9A-Za-z]-)(?=[0-9A-Za-z])")
_POINT, _JOINT = "\x01", "\x02"  # replace the point of a number, and the hyphen in a word
# turns each character between runs into a space, `_POINT` into a point, and `_JOINT` into a hyphen
_BLANKS = {point: " " for point in range(128) if not chr(point).isalnum()} | {ord(_POINT): ".", ord(_JOINT): "-"}

_ONE = f"[{_APOSTROPHE_SIGNS}]"
_LETTER = rf"[^\W_{_NO_LETTER}]"
_POSSESSIVE = re.compile(
    rf"{_ONE}(?<=(?:{_LETTER}|[+#]|{_MARK}){_ONE}){_ONE}*[sS](?![^\W_{_NO_LETTER}{SINGLE_CHARACTERS}]|{_MARK})"
)
_INNER_APOSTROPHE = re.compile(rf"{_ONE}(?<=(?:{_LETTER}|{_MARK}){_ONE}){_ONE}*(?={_LETTER})")

_GREEK = re.compile(f"[{''.join(GREEK_LETTERS)}]")
_PART = _run_pattern(SINGLE_CHARACTERS + "".join(GREEK_LETTERS))
_UNIT = re.compile(r"[\d.]*μ(?:[mslgavwfkjtcu]|hz|mol|as|ev|sv|gal|rad|pa|bar|bq|ci|arcsec)")  # of SI, and used with it
_SPELLED = re.compile("(kappa)(b)|(lambda)(cdm)")  # words that mostly have the letter: κB, ΛCDM


def fold_letters(text: str) -> str:
    """Step 2: returns a text in lower case without accents.

    Only Latin accents (U+0300 to U+036F) are removed. Marks of kana stay, and decomposed Hangul is composed again.
    """
    return fold_case(fold_forms(text))


def exact_letters(text: str) -> str:
    """Step 2 for exact terms: returns a text that keeps its letter case, accents and letters like ø."""
    return normalized("NFC", fold_forms(text))


def fold_forms(text: str) -> str:
    """Return a text with compatibility forms replaced and invisible characters removed."""
    if text.isascii():
        return text
    return _INVISIBLE.sub("", normalized("NFKC", _SIGNS.sub("", text)))


def fold_case(text: str) -> str:
    """Return the result of `fold_forms` in lower case without accents."""
    if text.isascii():
        return text.lower()
    folded = text.casefold()
    if not _ACCENTABLE.search(folded):
        return normalized("NFC", folded)
    bare = _ACCENT_MARKS.sub("", normalized("NFD", folded))
    return normalized("NFC", bare).translate(_PLAIN_LETTERS)


def joins_letter_before(char: str) -> bool:
    """Return whether step 2 may merge a character into the one before it, or remove it.

    True for combining marks, Hangul vowels and finals, invisible characters, and ™, ®, © and ℠.
    """
    if char.isascii():
        return False
    first = normalized("NFKD", char)[0]
    is_mark = unicodedata.category(first)[0] == "M" or "\u1160" <= first <= "\u11ff"
    return is_mark or _INVISIBLE.match(char) is not None or _SIGNS.match(char) is not None


def has_chinese(text: str) -> bool:
    """Return whether a text has Chinese characters."""
    return not text.isascii() and _CHINESE.search(text) is not None


def runs_of(letters: str) -> list[str]:
    """Step 4: returns the runs (letters and digits that belong together) of a text without apostrophes."""
    if not letters.isascii():
        return RUN.findall(letters)
    return _ASCII_RUN.findall(letters) if _is_odd(letters) else _plain_runs(letters)


def runs_with_hyphens(letters: str) -> tuple[list[str], list[Span]]:
    """Step 4: return (the runs of a text without apostrophes, the place of each hyphenated word among them)."""
    if "-" not in letters and (letters.isascii() or "‐" not in letters):
        return runs_of(letters), []
    if not letters.isascii() or _is_odd(letters):
        runs: list[str] = _RUN_AFTER_HYPHEN.findall(letters)
    else:
        runs = _plain_runs(_ASCII_HYPHEN.sub(f" {_JOINT}", letters))
    places: list[Span] = []
    for place, run in enumerate(runs):
        if run[0] in _HYPHENS:
            runs[place] = run[1:]
            first = places.pop()[0] if places and places[-1][1] == place else place - 1
            places.append((first, place + 1))
    return runs, places


def _is_odd(letters: str) -> bool:
    """Whether an ASCII text has signs that cannot be replaced one by one."""
    return "+" in letters or "#" in letters or _POINT in letters or _JOINT in letters


def _plain_runs(letters: str) -> list[str]:
    return (_DECIMAL.sub(_POINT, letters) if "." in letters else letters).translate(_BLANKS).split()


def fold_apostrophes(text: str, *, name: bool = False) -> str:
    """Step 3: removes apostrophes. A possessive 's loses its s, too, but in the name of a person the s stays."""
    if not _has_apostrophe(text):
        return text
    return _INNER_APOSTROPHE.sub("", text if name else _POSSESSIVE.sub("", text))


def _has_apostrophe(text: str) -> bool:
    return any(sign in text for sign in _APOSTROPHE_SIGNS)


def has_greek(letters: str) -> bool:
    """Return whether a text in lower case has a word with a Greek letter as a part of its own."""
    return "kappab" in letters or "lambdacdm" in letters or _GREEK.search(letters) is not None


def spell_greek(runs: list[str]) -> list[str]:
    """Step 5: spells Greek letters out, each apart. `runs` are in lower case."""
    return [GREEK_LETTERS.get(run[start:end], run[start:end]) for run in runs for start, end in greek_spans(run)]


def greek_spans(run: str) -> Iterator[tuple[int, int]]:
    """Yield (start, end) of the tokens that `spell_greek` makes of a run."""
    if _GREEK.search(run) and not _UNIT.fullmatch(run):
        yield from (part.span() for part in _PART.finditer(run))
    elif spelled := _SPELLED.fullmatch(run):
        yield from (spelled.span(group) for group in (1, 2, 3, 4) if spelled[group])
    else:
        yield 0, len(run)


def is_latin(char: str) -> bool:
    """Return whether a character is a Latin letter."""
    if char.isascii():
        return char.isalpha()
    return unicodedata.name(char, "").startswith("LATIN")


class Traced(NamedTuple):
    """A text after some steps. `starts` and `ends` say where each of its letters was in the original text."""

    text: str
    starts: Sequence[int]
    ends: Sequence[int]

    @classmethod
    def of(cls, text: str, first: int = 0) -> "Traced":
        """Return a text before any step, whose letters are counted from `first` on."""
        return cls(text, range(first, first + len(text)), range(first + 1, first + len(text) + 1))

    def replaced(self, parts: Iterable[tuple[int, int, str]]) -> "Traced":
        """Return the text after replacing parts. Each part is (start, end, new text); they are in ascending order."""
        texts, starts, ends = list[str](), list[int](), list[int]()
        done = 0
        for start, end, new in parts:
            texts += [self.text[done:start], new]
            starts += self.starts[done:start]
            ends += self.ends[done:start]
            if new:
                starts += [self.starts[start]] * len(new)
                ends += [self.ends[end - 1]] * len(new)
            done = end
        if not done:
            return self
        texts.append(self.text[done:])
        return Traced("".join(texts), [*starts, *self.starts[done:]], [*ends, *self.ends[done:]])


def token_spans(text: str, *, exact: bool = False) -> list[tuple[int, int]]:
    """Return where each token is in the original text, as (start, end).

    The tokens are those that `tokens` returns, or `exact_tokens` if `exact`.
    """
    traced = Traced.of(text).replaced(tex_replacements(text))
    traced = _with_folded_letters(traced, exact=exact)
    for pattern in (_POSSESSIVE, _INNER_APOSTROPHE) if _has_apostrophe(traced.text) else ():
        traced = traced.replaced([(*match.span(), "") for match in pattern.finditer(traced.text)])
    run = _ASCII_RUN if traced.text.isascii() else RUN
    found = (match.span() for match in run.finditer(traced.text))
    if not exact and has_greek(traced.text):
        found = (
            (start + first, start + last) for start, end in found for first, last in greek_spans(traced.text[start:end])
        )
    return [(traced.starts[start], traced.ends[end - 1]) for start, end in found]


def _with_folded_letters(traced: Traced, *, exact: bool) -> Traced:
    """Step 2: folds each character alone if each becomes one letter. Otherwise folds each together with its marks."""
    if traced.text.isascii():
        return traced if exact else traced._replace(text=traced.text.lower())
    folded = {char: _folded_alone(char, exact=exact) for char in set(traced.text)}
    if all(folded.values()):
        return traced._replace(text="".join(map(folded.__getitem__, traced.text)))
    fold = exact_letters if exact else fold_letters
    return traced.replaced((start, end, fold(traced.text[start:end])) for start, end in _clusters(traced.text))


@lru_cache(maxsize=1 << 14)
def _folded_alone(char: str, *, exact: bool) -> str:
    """Return the one letter that step 2 makes of a character in every text.

    Return "" if the character becomes no letter or several, or if the result depends on the text around it.
    """
    folded = exact_letters(char) if exact else fold_letters(char)
    if len(folded) == 1 and not joins_letter_before(char):
        return folded
    return ""


def _clusters(letters: str) -> Iterator[tuple[int, int]]:
    """Yield (start, end) of each character together with the marks after it."""
    start = 0
    for place in range(1, len(letters)):
        if not joins_letter_before(letters[place]):
            yield start, place
            start = place
    if letters:
        yield start, len(letters)
