"""Cuts text into the words that are matched, in six steps: TeX, letters, apostrophes, runs, Greek letters, plurals."""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from hashlib import sha256
from itertools import chain, pairwise
from typing import NamedTuple

from subscriptions.texts import normalized

# ------------------------------------------------------------ TeX as letters: commands and accent macros

# The commands are those of LaTeX and amssymb (Comprehensive LaTeX Symbol List).


def _commands(names: str) -> frozenset[str]:
    return frozenset(names.split())


def _signs(pairs: str) -> dict[str, str]:
    """Returns name → character for a text of pairs: "alpha:α beta:β"."""
    return dict(pair.split(":") for pair in pairs.split())


_GREEK_NAMES = (
    "alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi omicron pi rho varsigma sigma tau upsilon "
    "phi chi psi omega"
)
_SMALL_GREEK_NAMES = {name: chr(0x3B1 + place) for place, name in enumerate(_GREEK_NAMES.split())}
GREEK_LETTERS = {letter: name for name, letter in _SMALL_GREEK_NAMES.items() if name != "varsigma"} | {"ϝ": "digamma"}
"""The names by which Greek letters are compared. A final sigma was folded to a sigma before."""
_SYMBOLS = _signs(
    "varepsilon:ε vartheta:ϑ varphi:φ varrho:ϱ varpi:ϖ varkappa:ϰ hbar:ℏ ell:ℓ Re:ℜ Im:ℑ aleph:ℵ wp:℘ partial:∂ "
    "nabla:∇ infty:∞ emptyset:∅ varnothing:∅ times:× cdot:· div:÷ pm:± mp:∓ ast:∗ star:⋆ circ:∘ bullet:• "
    "oplus:⊕ otimes:⊗ odot:⊙ ominus:⊖ wedge:∧ land:∧ vee:∨ lor:∨ neg:¬ lnot:¬ cap:∩ cup:∪ sqcup:⊔ setminus:∖ "
    "leq:≤ le:≤ leqslant:≤ geq:≥ ge:≥ geqslant:≥ ll:≪ gg:≫ neq:≠ ne:≠ approx:≈ sim:∼ simeq:≃ cong:≅ equiv:≡ "
    "propto:∝ lesssim:≲ gtrsim:≳ prec:≺ succ:≻ preceq:⪯ succeq:⪰ in:∈ notin:∉ ni:∋ subset:⊂ subseteq:⊆ "
    "supset:⊃ supseteq:⊇ subsetneq:⊊ forall:∀ exists:∃ nexists:∄ perp:⊥ bot:⊥ top:⊤ parallel:∥ mid:| models:⊨ "
    "vdash:⊢ angle:∠ triangle:△ square:□ Box:□ diamond:⋄ diamondsuit:♢ heartsuit:♡ sharp:♯ flat:♭ natural:♮ "
    "to:→ rightarrow:→ longrightarrow:⟶ leftarrow:← gets:← leftrightarrow:↔ Rightarrow:⇒ Longrightarrow:⟹ "
    "implies:⇒ Leftarrow:⇐ Leftrightarrow:⇔ iff:⇔ mapsto:↦ hookrightarrow:↪ twoheadrightarrow:↠ uparrow:↑ "
    "downarrow:↓ nearrow:↗ searrow:↘ rightharpoonup:⇀ rightleftharpoons:⇌ rightsquigarrow:⇝ leadsto:⇝ "
    "sum:∑ prod:∏ coprod:∐ int:∫ iint:∬ oint:∮ bigcup:⋃ bigcap:⋂ bigoplus:⨁ bigotimes:⨂ prime:′ dagger:† "
    "ddagger:‡ dag:† ddag:‡ langle:⟨ rangle:⟩ lceil:⌈ rceil:⌉ lfloor:⌊ rfloor:⌋ lvert:| rvert:| vert:| "
    "lVert:‖ rVert:‖ Vert:‖ ldots:… dots:… cdots:⋯ dotsc:… vdots:⋮ degree:° textdegree:° checkmark:✓ S:§ P:¶ "
    "copyright:© pounds:£ euro:€ textendash:– textemdash:— textquoteright:’ textquoteleft:‘ textbackslash:\\ "
    "textasciitilde:~ textasciicircum:^ textunderscore:_ lbrace:{ rbrace:} backslash:\\ AA:Å sun:☉ ltimes:⋉ "
    "rtimes:⋊ bowtie:⋈ lhd:⊲ rhd:⊳ trianglelefteq:⊴ complement:∁ therefore:∴ because:∵ surd:√ amalg:⨿ "
    "ohm:Ω micro:µ textmu:µ textregistered:® texttrademark:™ LaTeX:LaTeX TeX:TeX "
)
_SPACING = {
    "quad": " ",
    "qquad": " ",
    "space": " ",
    ",": " ",
    ":": " ",
    ";": " ",
    " ": " ",
    "!": "",
    "/": "",
    "@": "",
    "-": "",
}
_WORDS = _commands(
    "log ln lg exp min max sup inf lim limsup liminf sin cos tan cot sec csc arcsin arccos arctan sinh cosh tanh det dim "
    "ker hom deg gcd arg Pr bmod mod"
)

# Commands for letters.
SYMBOLS: dict[str, str] = (
    _SMALL_GREEK_NAMES | {name.capitalize(): letter.upper() for name, letter in _SMALL_GREEK_NAMES.items()} | _SYMBOLS
)
IN_FORMULAS: dict[str, str] = SYMBOLS | _SPACING | {word: word for word in (*_WORDS, *"%&_#${}")} | {"|": "‖"}

# Commands that only change the look. `STYLES` have a group; its content stays. `SWITCHES` have none and are removed.
STYLES = _commands(
    "text textrm textit textbf textsc texttt textsf textsl textnormal textup emph underline mathrm mathbf mathit mathsf "
    "mathtt mathcal mathscr mathfrak mathnormal boldsymbol bm pmb operatorname mbox hbox ensuremath mathbb Bbb uppercase "
    "mathop mathord mathbin mathrel smash protect url path"
)
SWITCHES = _commands(
    "rm bf it sl sc sf tt em cal frak boldmath unboldmath displaystyle textstyle scriptstyle left right middle big Big "
    "bigl bigr Bigl Bigr bigg Bigg biggl biggr limits nolimits nonumber xspace relax small large normalsize"
)
FRACTIONS = _commands("frac tfrac dfrac nicefrac")
DOUBLE_STRUCK = dict(zip("CHNPQRZ", "ℂℍℕℙℚℝℤ", strict=True))
OVER = {
    "hat": "\u0302", "widehat": "\u0302", "tilde": "\u0303", "widetilde": "\u0303", "bar": "\u0304",
    "overline": "\u0305", "vec": "\u20d7", "dot": "\u0307", "ddot": "\u0308", "check": "\u030c", "breve": "\u0306",
    "acute": "\u0301", "grave": "\u0300", "mathring": "\u030a",
}  # fmt: skip
SUPERSCRIPT = str.maketrans(
    "0123456789+-=()abcdefghijklmnoprstuvwxyzABDEGHIJKLMNOPRTUVWαβγδεθφχ∘∗*′",
    "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁼⁽⁾ᵃᵇᶜᵈᵉᶠᵍʰⁱʲᵏˡᵐⁿᵒᵖʳˢᵗᵘᵛʷˣʸᶻᴬᴮᴰᴱᴳᴴᴵᴶᴷᴸᴹᴺᴼᴾᴿᵀᵁⱽᵂᵅᵝᵞᵟᵋᶿᵠᵡ°**′",
)
SUBSCRIPT = str.maketrans("0123456789+-=()aehijklmnoprstuvxβγρφχ", "₀₁₂₃₄₅₆₇₈₉₊₋₌₍₎ₐₑₕᵢⱼₖₗₘₙₒₚᵣₛₜᵤᵥₓᵦᵧᵨᵩᵪ")


# ------------------------------------------------------------------------------------------------------- step 1, LaTeX

# Greek commands become their names, accent macros their letters.


GREEK_COMMANDS = {
    variant + spelled: spelled
    for name in GREEK_LETTERS.values()
    for spelled in (name, name.capitalize())
    for variant in ("", "var")
}
ACCENTS = {
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
LETTER_MACROS = {
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
# As in TeX, the name of a command ends before the first character that is no letter.
_MACRO_NAME = "(?:" + "|".join(LETTER_MACROS) + ")(?![A-Za-z])"
_ACCENT_MACRO = rf"""
    \\(?: (?P<sign>["'`^~=.]) | (?P<letter>[uvHtcdbrk])(?=[\s{{\\])\s* ) (?P<bracket>\{{)?
      (?: \\(?P<under>{_MACRO_NAME})\s* | (?P<base>[^\W\d_]) ) (?(bracket)\}}?)
"""
_LETTER_MACRO = rf"\\(?P<macro>{_MACRO_NAME})\s*"
_ACCENT = re.compile(rf"(?:{_ACCENT_MACRO} | {_LETTER_MACRO} | \\(?:[A-Za-z]+|.) )", re.VERBOSE | re.DOTALL)
_TEX = re.compile(
    rf"{_ACCENT_MACRO} | {_LETTER_MACRO} | \\(?P<command>[A-Za-z]+|.)? | (?P<vanishing>[{{}}$]+)",
    re.VERBOSE | re.DOTALL,
)


def fold_tex(text: str) -> str:
    r"""Step 1: replaces TeX. Greek commands become names, accent macros letters, other commands spaces.

    Braces and `$` are removed. `\varepsilon` becomes epsilon, `S\o ren` Søren, `$k$NN` kNN.
    """
    if "\\" not in text and "$" not in text and "{" not in text and "}" not in text:
        return text
    return _TEX.sub(_replacement, text)


def tex_replacements(text: str) -> Iterator[tuple[int, int, str]]:
    """Yields (start, end, replacement) for each part of a text that `fold_tex` replaces."""
    return ((*match.span(), _replacement(match)) for match in _TEX.finditer(text))


def accent_macros(text: str) -> Iterator[tuple[int, int, str]]:
    r"""Yields the accent and letter macros of a text as (start, end, letters): `H\"{o}lder` gives (1, 6, "ö")."""
    for match in _ACCENT.finditer(text):
        if letters := _accented(match):
            yield match.start(), match.end(), letters


def without_accent_macros(text: str) -> str:
    r"""Returns a text with letters for its accent and letter macros, without braces around them: `S{\o}ren` → Søren."""
    parts: list[str] = []
    done = 0
    for start, end, letters in accent_macros(text):
        wrapped = start > done and text[start - 1] == "{" and text.startswith("}", end)
        parts += [text[done : start - wrapped], letters]
        done = end + wrapped
    return "".join(parts) + text[done:]


def _replacement(match: re.Match[str]) -> str:
    if letters := _accented(match):
        return letters
    if match["vanishing"]:
        return ""
    name = GREEK_COMMANDS.get(match["command"] or "", "")
    return f" {name} "


def _accented(match: re.Match[str]) -> str:
    """Returns the letters that a matched accent or letter macro means; "" if the match is another command."""
    if match["macro"]:
        return LETTER_MACROS[match["macro"]]
    if match["under"]:
        base = match["under"] if match["under"] in "ij" else LETTER_MACROS[match["under"]]
    else:
        base = match["base"]
    return normalized("NFC", base + ACCENTS[match["sign"] or match["letter"]]) if base else ""


# ------------------------------------------------------------ words


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
    return (_POSSESSIVE, _INNER_APOSTROPHE) if _has_apostrophe(text) else ()


def _has_apostrophe(text: str) -> bool:
    return any(sign in text for sign in _APOSTROPHE_SIGNS)


# ----------------------------------------------------------------------------------------------- step 5, Greek letters

# A Greek letter becomes its English name, so α and alpha are one token.


_GREEK = re.compile(f"[{''.join(GREEK_LETTERS)}]")
_PART = run_pattern(SINGLE_CHARACTERS + "".join(GREEK_LETTERS))


def has_greek(text: str) -> bool:
    """Returns whether a text has a Greek letter."""
    return _GREEK.search(text) is not None


def spell_greek(runs: list[str]) -> list[str]:
    """Step 5: spells Greek letters out. αβ becomes alpha and beta; μm stays, since it has a Latin letter."""
    return [token for run in runs for token in (_names(run) if _is_greek(run) else (run,))]


def greek_spans(letters: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Yields (start, end) of the tokens that `spell_greek` makes of the run at `start` to `end`."""
    if _is_greek(letters[start:end]):
        yield from (part.span() for part in _PART.finditer(letters, start, end))
    else:
        yield start, end


def is_latin(char: str) -> bool:
    """Returns whether a character is a Latin letter."""
    return char.isalpha() if char.isascii() else unicodedata.name(char, "").startswith("LATIN")


def _names(run: str) -> list[str]:
    return [GREEK_LETTERS.get(part, part) for part in _PART.findall(run)]


def _is_greek(run: str) -> bool:
    """Returns whether a run has Greek letters and no Latin ones."""
    return _GREEK.search(run) is not None and not any(is_latin(char) for char in run)


# ----------------------------------------------------------------------------------------------------- step 2, letters

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


# -------------------------------------------------------------- where the tokens of a text are in that text as written


class _TracedText(NamedTuple):
    """A text after some steps. `starts` and `ends` say where each of its letters was in the original text."""

    letters: str
    starts: Sequence[int]
    ends: Sequence[int]

    def replaced(self, parts: Iterable[tuple[int, int, str]]) -> "_TracedText":
        """Returns the text after replacing parts. Each part is (start, end, new letters); they are in ascending order."""
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
        return _TracedText("".join(letters), [*starts, *self.starts[done:]], [*ends, *self.ends[done:]])


def token_spans(text: str, *, exact: bool = False) -> list[tuple[int, int]]:
    """Returns where each token is in the original text, as (start, end).

    The tokens are those that `tokens` returns, or `exact_tokens` if `exact`.
    """
    traced = _TracedText(text, range(len(text)), range(1, len(text) + 1))
    traced = traced.replaced(tex_replacements(text))
    traced = _with_folded_letters(traced, exact=exact)
    for pattern in apostrophe_patterns(traced.letters):
        traced = traced.replaced([(*match.span(), "") for match in pattern.finditer(traced.letters)])
    found = (run.span() for run in RUN.finditer(traced.letters))
    if not exact and has_greek(traced.letters):
        found = (span for start, end in found for span in greek_spans(traced.letters, start, end))
    return [(traced.starts[start], traced.ends[end - 1]) for start, end in found]


def _with_folded_letters(traced: _TracedText, *, exact: bool) -> _TracedText:
    """Step 2: folds each character alone if each becomes one letter. Otherwise folds each together with its marks."""
    folded = {char: _folded_alone(char, exact=exact) for char in set(traced.letters)}
    if all(folded.values()):
        return traced._replace(letters="".join(map(folded.__getitem__, traced.letters)))
    fold = exact_letters if exact else fold_letters
    return traced.replaced((start, end, fold(traced.letters[start:end])) for start, end in _clusters(traced.letters))


@lru_cache(maxsize=1 << 14)
def _folded_alone(char: str, *, exact: bool) -> str:
    """Returns the one letter that step 2 makes of a character in every text.

    Returns "" if the character becomes no letter or several, or if the result depends on the text around it.
    """
    folded = exact_letters(char) if exact else fold_letters(char)
    return folded if len(folded) == 1 and not joins_letter_before(char) else ""


def _clusters(letters: str) -> Iterator[tuple[int, int]]:
    """Yields (start, end) of each character together with the marks after it."""
    start = 0
    for place in range(1, len(letters)):
        if not joins_letter_before(letters[place]):
            yield start, place
            start = place
    if letters:
        yield start, len(letters)


# ----------------------------------------------------------------------------------------------------- step 6, plurals


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
    """Step 6: returns the common stem of a word's singular and plural.

    A stem need not be a word: analyses and analysis both become "analysi". The stem of a stem is the same stem.
    """
    if not _WORD.fullmatch(token):
        return token
    stem = _without_s(_IRREGULAR.get(token, token))
    stem = _without_s(_IRREGULAR.get(stem, stem))  # again, for criterias and corporas
    if stem.endswith("ie") and len(stem) >= len("skie"):
        return stem[:-2] + "y"
    return stem[:-1] if stem.endswith(_SILENT_E) else stem


def written_beginnings(beginning: str) -> tuple[str, ...]:
    """Returns the words that `beginning*` has to find although their stems may not begin with `beginning`.

    Example: "criteria" begins with "criteria", but its stem "criterion" does not.
    """
    regular = [beginning + end for end in ("", "s", "es", "e")]
    irregular = [form + end for form in _IRREGULAR for end in ("", "s") if (form + end).startswith(beginning)]
    return tuple(dict.fromkeys((*regular, *irregular)))


def _without_s(word: str) -> str:
    keeps = word in _NOT_PLURAL or word.endswith("ss") or not word.endswith("s")
    return word if keeps else word[:-1]


# -------------------------------------------------------------------------------------- the tokens of a text or a name


LONGEST_ALIAS = 600  # most characters of an alias, of at most four bytes each

_UMLAUT = re.compile("(?!^.e+$)([aou])e+")


def tokens(text: str) -> list[str]:
    """Steps 1-6: returns the tokens by which words and phrases are compared."""
    return [fold_plural(token) for token in written_tokens(text)]


def written_tokens(text: str) -> list[str]:
    """Steps 1-5: like `tokens`, but plurals stay. The words before the * of a prefix are compared with these."""
    return _folded_runs(fold_apostrophes(fold_letters(fold_tex(text))))


def as_written(stems: Iterable[str], texts: Iterable[str]) -> tuple[str, ...]:
    """Returns readable words for stems: for each the first word in `texts` with this stem, such as "series" for "sery".

    A pair of Chinese characters is counted as a stem with a space inside; it is returned without the space.
    """
    words: dict[str, str] = {}
    for text in texts:
        for word in written_tokens(text):
            words.setdefault(fold_plural(word), word)
    return tuple(words.get(stem) or stem.replace(" ", "") for stem in stems)


def exact_tokens(text: str) -> list[str]:
    """Steps 1-4 with case and accents kept: returns the tokens by which `=RAG` is compared."""
    return runs_of(fold_apostrophes(exact_letters(fold_tex(text))))


def written_and_exact_tokens(text: str) -> tuple[list[str], list[str]]:
    """Returns `written_tokens` and `exact_tokens`, in little more than half the time of both calls."""
    letters = fold_forms(fold_tex(text))
    exact = runs_of(fold_apostrophes(normalized("NFC", letters)))
    if letters.isascii():
        return " ".join(exact).lower().split(), exact
    return _folded_runs(fold_apostrophes(fold_case(letters))), exact


def author_tokens(name: str) -> list[str]:
    """Returns the parts of one author's name: steps 1-5, then ae, oe, ue become a, o, u (Brueggen = Brüggen = Bruggen).

    The name Oe keeps its e: as a single o, the name would look like an initial.
    """
    parts = _folded_runs(fold_apostrophes(fold_letters(fold_tex(name)), name=True))
    return [_UMLAUT.sub(r"\1", part) if "e" in part else part for part in parts]


def exact_author_tokens(name: str) -> list[str]:
    """Returns the parts of one author's name for `author:=Müller`: steps 1-4, case and accents kept."""
    return runs_of(fold_apostrophes(exact_letters(fold_tex(name)), name=True))


def is_initial(token: str) -> bool:
    """Returns whether a part of a name is an initial: one Latin letter. One Chinese character is a whole name."""
    return len(token) == 1 and is_latin(token)


def title_alias(title: str) -> str:
    r"""Returns the text by which a title is found again in another digest: equal for $\alpha$-GAN and α-GAN.

    A text of more than LONGEST_ALIAS characters is cut and ends in its SHA-256, since an index of PostgreSQL takes at
    most 2,704 bytes.
    """
    alias = " ".join(written_tokens(title))
    if len(alias) <= LONGEST_ALIAS:
        return alias
    return f"{alias[:LONGEST_ALIAS]} {sha256(alias.encode('utf-8', 'surrogatepass')).hexdigest()}"


def _folded_runs(letters: str) -> list[str]:
    runs = runs_of(letters)
    return spell_greek(runs) if has_greek(letters) else runs
