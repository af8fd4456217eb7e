"""Words as queries and papers both see them (docs/queries.md).

A text becomes tokens in six steps:

1. LaTeX            `fold_tex`
2. letters          compatibility forms, case, accents
3. apostrophes      Newton's = newton, don't = dont
4. tokens           each Han character, kana and Hangul syllable by itself, else runs of letters and digits
5. Greek letters    α = alpha
6. plurals          `fold_plural`, never in names

`tokens` takes all of them; the other functions leave some out, as the kinds of terms of a query want it.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import chain, pairwise
from typing import NamedTuple

# ------------------------------------------------------------------------------------------------------------ 1: LaTeX

_GREEK_LETTERS = {
    "α": "alpha",
    "β": "beta",
    "γ": "gamma",
    "δ": "delta",
    "ε": "epsilon",
    "ζ": "zeta",
    "η": "eta",
    "θ": "theta",
    "ι": "iota",
    "κ": "kappa",
    "λ": "lambda",
    "μ": "mu",
    "ν": "nu",
    "ξ": "xi",
    "ο": "omicron",
    "π": "pi",
    "ρ": "rho",
    "σ": "sigma",
    "τ": "tau",
    "υ": "upsilon",
    "φ": "phi",
    "χ": "chi",
    "ψ": "psi",
    "ω": "omega",
    "ϝ": "digamma",
}
_GREEK_COMMANDS = {
    variant + spelled: spelled
    for name in _GREEK_LETTERS.values()
    for spelled in (name, name.capitalize())
    for variant in ("", "var")
}
_ACCENTS = {
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
_LETTER_MACROS = {
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
_MACRO_NAME = "(?:" + "|".join(_LETTER_MACROS) + ")(?![A-Za-z])"  # TeX reads the longest name and eats blanks after it
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
    r"""Step 1: Greek commands become their names, accent macros their letters, other commands blanks; `{ } $` vanish.

    `\varepsilon` is epsilon, `S\o ren` is Søren, `$k$NN` is kNN.
    """
    if "\\" not in text and "$" not in text and "{" not in text and "}" not in text:
        return text
    return _TEX.sub(_tex_replacement, text)


def accent_macros(text: str) -> Iterator[tuple[int, int, str]]:
    r"""The accent and letter macros of TeX in a text, as (start, end, letters): `H\"older` gives (1, 4, "ö")."""
    for match in _ACCENT.finditer(text):
        if letters := _accented(match):
            yield match.start(), match.end(), letters


def _tex_replacement(match: re.Match[str]) -> str:
    if letters := _accented(match):
        return letters
    if match["vanishing"]:
        return ""
    name = _GREEK_COMMANDS.get(match["command"] or "", "")
    return f" {name} "


def _accented(match: re.Match[str]) -> str:
    """The letters that an accent or letter macro stands for, "" when the match is neither."""
    if match["macro"]:
        return _LETTER_MACROS[match["macro"]]
    if match["under"]:
        base = match["under"] if match["under"] in "ij" else _LETTER_MACROS[match["under"]]
    else:
        base = match["base"]
    return unicodedata.normalize("NFC", base + _ACCENTS[match["sign"] or match["letter"]]) if base else ""


# ----------------------------------------------------------------------------------------------------------- 2: letters

_SIGNS = re.compile("[™®©℠]")  # compatibility forms would make letters of them
_INVISIBLE = re.compile("[\u00ad\u061c\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufe00-\ufe0f\ufeff\U000e0100-\U000e01ef]")
_ACCENTABLE = re.compile("[\u00c0-\u1fff]")  # beyond are only symbols that have an accent, ≠ and the like
_ACCENT_MARKS = re.compile("[\u0300-\u036f]+")
_PLAIN_LETTERS = str.maketrans(
    {"ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe", "ħ": "h", "ı": "i", "ŋ": "n"},
)


def _fold_letters(text: str) -> str:
    """Step 2. Kana marks and Hangul survive, since only the Latin block of accents goes and the rest is composed again."""
    return _fold_case(_fold_forms(text))


def _exact_letters(text: str) -> str:
    """Step 2 for exact terms: case, accents and letters like ø stay."""
    return unicodedata.normalize("NFC", _fold_forms(text))


def _fold_forms(text: str) -> str:
    if text.isascii():
        return text
    return _INVISIBLE.sub("", unicodedata.normalize("NFKC", _SIGNS.sub("", text)))


def _fold_case(text: str) -> str:
    if text.isascii():
        return text.lower()
    folded = text.casefold()
    if not _ACCENTABLE.search(folded):
        return unicodedata.normalize("NFC", folded)
    bare = _ACCENT_MARKS.sub("", unicodedata.normalize("NFD", folded))
    return unicodedata.normalize("NFC", bare).translate(_PLAIN_LETTERS)


# ---------------------------------------------------------------------------------------------- 3, 4: apostrophes, runs


def _combining_marks() -> str:
    """All characters of category M, as ranges of a character class; `re` has no name for them."""
    blocks = chain(range(0x300, 0x3100), range(0xA660, 0xAC00), range(0xFB00, 0xFF00), range(0x10000, 0x1F000))
    marks = [point for point in blocks if unicodedata.category(chr(point))[0] == "M"]
    firsts = [point for before, point in pairwise([0, *marks]) if point != before + 1]
    lasts = [point for point, after in pairwise([*marks, 0]) if after != point + 1]
    return "".join(f"{chr(first)}-{chr(last)}" for first, last in zip(firsts, lasts, strict=True))


_MARK = f"[{_combining_marks()}]"
_HAN = "々〇〡-〩〸-〻\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U000323af"
_KANA = "ぁ-ゖゝ-ゟァ-ヺー-ヿㇰ-ㇿ\U0001aff0-\U0001b16f"
_HANGUL = "가-힣"
_ALONE = _HAN + _KANA + _HANGUL  # characters that are tokens by themselves
_APOSTROPHES = "'’‘ʼ′`"
_NO_LETTER = "ʼ"  # an apostrophe that Unicode counts among the letters


def _token_pattern(alone: str) -> re.Pattern[str]:
    """Step 4, where each character of `alone` is a token by itself."""
    letter = rf"[^\W_{_NO_LETTER}{alone}]"
    return re.compile(
        rf"""
        [{alone}]
        | [^\W\d_{_NO_LETTER}{alone}] (?: \+\+ | \# )  # c++, c#: a run is taken whole, so this letter stands alone
        | {letter}+ (?: (?: {_MARK} | (?<=\d)\.(?=\d) ) {letter}* )*  # a mark at its start separates
        """,
        re.VERBOSE,
    )


_TOKEN = _token_pattern(_ALONE)
_ASCII_TOKEN = re.compile(r"[A-Za-z](?:\+\+|#)|[A-Za-z0-9]+(?:(?<=[0-9])\.(?=[0-9])[A-Za-z0-9]+)*")  # the same, faster

_ONE = f"[{_APOSTROPHES}]"
_APOSTROPHE = re.compile(_ONE)
_LETTER = rf"[^\W_{_NO_LETTER}]"
_POSSESSIVE = re.compile(
    rf"{_ONE}(?<=(?:{_LETTER}|[+#]|{_MARK}){_ONE}){_ONE}*[sS](?![^\W_{_NO_LETTER}{_ALONE}]|{_MARK})"
)
_INNER_APOSTROPHE = re.compile(rf"{_ONE}(?<=(?:{_LETTER}|{_MARK}){_ONE}){_ONE}*(?={_LETTER})")


def _runs(letters: str) -> list[str]:
    return (_ASCII_TOKEN if letters.isascii() else _TOKEN).findall(letters)


def _fold_apostrophes(text: str, *, name: bool = False) -> str:
    """Step 3. In a name a trailing 's stays: its apostrophe vanishes like any other."""
    if not _APOSTROPHE.search(text):
        return text
    return _INNER_APOSTROPHE.sub("", text if name else _POSSESSIVE.sub("", text))


# ---------------------------------------------------------------------------------------------------- 5: Greek letters

_GREEK = re.compile(f"[{''.join(_GREEK_LETTERS)}]")
_GREEK_PART = _token_pattern(_ALONE + "".join(_GREEK_LETTERS))


def _spell_greek(runs: list[str]) -> list[str]:
    """Step 5: αβ becomes alpha, beta; μm has a Latin letter and stays."""
    return [token for run in runs for token in (_greek_names(run) if _is_greek(run) else (run,))]


def _greek_names(run: str) -> list[str]:
    return [_GREEK_LETTERS.get(part, part) for part in _GREEK_PART.findall(run)]


def _is_greek(run: str) -> bool:
    """Does the run hold Greek letters and no Latin ones?"""
    return _GREEK.search(run) is not None and not any(_is_latin(char) for char in run)


def _is_latin(char: str) -> bool:
    return char.isalpha() if char.isascii() else unicodedata.name(char, "").startswith("LATIN")


# ---------------------------------------------------------------------------------------------------------- 6: plurals

_NOT_PLURAL = frozenset({"news", "aids", "mars", "does", "this", "less", "sars", "mips", "lens"})
_IRREGULAR = {
    "analyses": "analysis",
    "hypotheses": "hypothesis",
    "syntheses": "synthesis",
    "theses": "thesis",
    "biases": "bias",
    "lenses": "lens",
    "indices": "index",
    "matrices": "matrix",
    "vertices": "vertex",
    "criteria": "criterion",
    "phenomena": "phenomenon",
    "corpora": "corpus",
    "axes": "axis",
}
_WORD = re.compile("[a-z]{4,}")
_SILENT_E = ("che", "she", "xe", "sse", "ze")  # caches, crashes, boxes, classes, sizes


@lru_cache(maxsize=1 << 16)
def fold_plural(token: str) -> str:
    """Step 6, for one token of step 5: studies and study become "study", analyses and analysis "analysi".

    What comes out is a stem, not always a word; folding it again changes nothing.
    """
    if not _WORD.fullmatch(token):
        return token
    stem = _without_s(_IRREGULAR.get(token, token))
    stem = _without_s(_IRREGULAR.get(stem, stem))  # criterias, corporas
    if stem.endswith("ie") and len(stem) >= len("skie"):
        return stem[:-2] + "y"
    return stem[:-1] if stem.endswith(_SILENT_E) else stem


def _without_s(word: str) -> str:
    keeps = word in _NOT_PLURAL or word.endswith("ss") or not word.endswith("s")
    return word if keeps else word[:-1]


# ------------------------------------------------------------------------------------------------- what callers ask for

_UMLAUT = re.compile("(?!^.e+$)([aou])e+")


def tokens(text: str) -> list[str]:
    """Steps 1-6: what a bare word, a phrase and a text are compared by."""
    return [fold_plural(token) for token in written_tokens(text)]


def written_tokens(text: str) -> list[str]:
    """Steps 1-5, before the plural step: what a prefix may begin. As long as `tokens` of the same text."""
    return _folded_runs(_fold_apostrophes(_fold_letters(fold_tex(text))))


def exact_tokens(text: str) -> list[str]:
    """Steps 1-4 with case and accents left alone: what `=RAG` is compared by."""
    return _runs(_fold_apostrophes(_exact_letters(fold_tex(text))))


def written_and_exact_tokens(text: str) -> tuple[list[str], list[str]]:
    """`written_tokens` and `exact_tokens` at once, in little more than half the time."""
    letters = _fold_forms(fold_tex(text))
    exact = _runs(_fold_apostrophes(unicodedata.normalize("NFC", letters)))
    if letters.isascii():
        return [token.lower() for token in exact], exact
    return _folded_runs(_fold_apostrophes(_fold_case(letters))), exact


def author_tokens(name: str) -> list[str]:
    """The parts of one author's name: steps 1-5 for names, and ae, oe, ue are a, o, u (Brueggen = Brüggen = Bruggen).

    A name of two letters keeps its e: Oe is a name, o an initial.
    """
    parts = _folded_runs(_fold_apostrophes(_fold_letters(fold_tex(name)), name=True))
    return [_UMLAUT.sub(r"\1", part) for part in parts]


def exact_author_tokens(name: str) -> list[str]:
    """The parts of one author's name for `author:=Müller`: steps 1-4, case and accents left alone."""
    return _runs(_fold_apostrophes(_exact_letters(fold_tex(name)), name=True))


def is_initial(token: str) -> bool:
    """In a name, one Latin letter stands for every part that begins with it; one Han character is a name."""
    return len(token) == 1 and _is_latin(token)


def written_beginnings(beginning: str) -> tuple[str, ...]:
    """Words that begin so as written, though what the plural step makes of them need not: all that there can be."""
    regular = [beginning + end for end in ("", "s", "es", "e")]
    irregular = [form + end for form in _IRREGULAR for end in ("", "s") if (form + end).startswith(beginning)]
    return tuple(dict.fromkeys((*regular, *irregular)))


def title_alias(title: str) -> str:
    r"""By what a title is found again in another digest: $\alpha$-GAN and α-GAN are one title (design, rules of data)."""
    return " ".join(written_tokens(title))


def _folded_runs(letters: str) -> list[str]:
    runs = _runs(letters)
    return _spell_greek(runs) if _GREEK.search(letters) else runs


# ----------------------------------------------------------------------------------------- where tokens stand in a text


class _Trace(NamedTuple):
    """A text on its way through the steps, and from where to where each of its letters comes in the text as written."""

    letters: str
    starts: Sequence[int]
    ends: Sequence[int]

    def with_parts(self, parts: Iterable[tuple[int, int, str]]) -> "_Trace":
        """With the letters from `start` to `end` of each part, in order, replaced by its text."""
        letters, starts, ends = [], [], []
        done = 0
        for start, end, new in parts:
            letters += [self.letters[done:start], new]
            starts += [*self.starts[done:start], *[self.starts[start]] * len(new)]
            ends += [*self.ends[done:start], *[self.ends[end - 1]] * len(new)]
            done = end
        if not done:
            return self
        letters.append(self.letters[done:])
        return _Trace("".join(letters), [*starts, *self.starts[done:]], [*ends, *self.ends[done:]])


def token_spans(text: str, *, exact: bool = False) -> list[tuple[int, int]]:
    """Where the tokens stand in the text as written: (start, end) for each of `tokens`, or of `exact_tokens`."""
    trace = _Trace(text, range(len(text)), range(1, len(text) + 1))
    trace = trace.with_parts((*match.span(), _tex_replacement(match)) for match in _TEX.finditer(text))
    trace = _traced_letters(trace, exact=exact)
    for pattern in (_POSSESSIVE, _INNER_APOSTROPHE) if _APOSTROPHE.search(trace.letters) else ():
        trace = trace.with_parts([(*match.span(), "") for match in pattern.finditer(trace.letters)])
    spell = not exact and _GREEK.search(trace.letters) is not None
    found = _greek_spans(trace.letters) if spell else (run.span() for run in _TOKEN.finditer(trace.letters))
    return [(trace.starts[start], trace.ends[end - 1]) for start, end in found]


def _greek_spans(letters: str) -> Iterator[tuple[int, int]]:
    for run in _TOKEN.finditer(letters):
        parts = _GREEK_PART.finditer(letters, *run.span()) if _is_greek(run[0]) else (run,)
        yield from (part.span() for part in parts)


def _traced_letters(trace: _Trace, *, exact: bool) -> _Trace:
    """Step 2, letter by letter where each becomes one, else each together with the marks that stand on it."""
    folded = {char: _folded_alone(char, exact=exact) for char in set(trace.letters)}
    if all(folded.values()):
        return trace._replace(letters="".join(map(folded.__getitem__, trace.letters)))
    fold = _exact_letters if exact else _fold_letters
    return trace.with_parts((start, end, fold(trace.letters[start:end])) for start, end in _clusters(trace.letters))


@lru_cache(maxsize=1 << 14)
def _folded_alone(char: str, *, exact: bool) -> str:
    """The one letter that a character becomes whatever stands around it, "" where there is no such one."""
    folded = _exact_letters(char) if exact else _fold_letters(char)
    return folded if len(folded) == 1 and not _joins(char) else ""


def _clusters(letters: str) -> Iterator[tuple[int, int]]:
    start = 0
    for place in range(1, len(letters)):
        if not _joins(letters[place]):
            yield start, place
            start = place
    if letters:
        yield start, len(letters)


def _joins(char: str) -> bool:
    """May the character become one with what stands before it: a mark, a Hangul vowel or final, an invisible one?"""
    if char.isascii():
        return False
    first = unicodedata.normalize("NFKD", char)[0]
    is_mark = unicodedata.category(first)[0] == "M" or "\u1160" <= first <= "\u11ff"
    return is_mark or _INVISIBLE.match(char) is not None or _SIGNS.match(char) is not None
