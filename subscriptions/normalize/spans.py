"""Tables of TeX commands and their letters (LaTeX, amssymb; Comprehensive LaTeX Symbol List)."""

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from typing import NamedTuple

from subscriptions.normalize.scripts import (
    GREEK_LETTERS,
    RUN,
    apostrophe_patterns,
    exact_letters,
    fold_letters,
    greek_spans,
    has_greek,
    joins_letter_before,
)
from subscriptions.text import normalized


def _names(names: str) -> frozenset[str]:
    return frozenset(names.split())


def _signs(pairs: str) -> dict[str, str]:
    """Returns a table from pairs "name:character"."""
    return dict(pair.split(":") for pair in pairs.split())


_GREEK = (
    "alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi omicron pi rho varsigma sigma tau upsilon "
    "phi chi psi omega"
)
_SMALL_GREEK = {name: chr(0x3B1 + place) for place, name in enumerate(_GREEK.split())}
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
_WORDS = _names(
    "log ln lg exp min max sup inf lim limsup liminf sin cos tan cot sec csc arcsin arccos arctan sinh cosh tanh det dim "
    "ker hom deg gcd arg Pr bmod mod"
)

# Commands for letters.
SYMBOLS: dict[str, str] = (
    _SMALL_GREEK | {name.capitalize(): letter.upper() for name, letter in _SMALL_GREEK.items()} | _SYMBOLS
)
IN_FORMULAS: dict[str, str] = SYMBOLS | _SPACING | {word: word for word in (*_WORDS, *"%&_#${}")} | {"|": "‖"}

# Commands that only change the look: `STYLES` take a group, which stays; `SWITCHES` take none and vanish.
STYLES = _names(
    "text textrm textit textbf textsc texttt textsf textsl textnormal textup emph underline mathrm mathbf mathit mathsf "
    "mathtt mathcal mathscr mathfrak mathnormal boldsymbol bm pmb operatorname mbox hbox ensuremath mathbb Bbb uppercase "
    "mathop mathord mathbin mathrel smash protect url path"
)
SWITCHES = _names(
    "rm bf it sl sc sf tt em cal frak boldmath unboldmath displaystyle textstyle scriptstyle left right middle big Big "
    "bigl bigr Bigl Bigr bigg Bigg biggl biggr limits nolimits nonumber xspace relax small large normalsize"
)
FRACTIONS = _names("frac tfrac dfrac nicefrac")
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


# ---------------------------------------------------------------------------------------------------------------------
# Step 1, LaTeX: Greek commands become their names, accent macros their letters.


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
_MACRO_NAME = "(?:" + "|".join(LETTER_MACROS) + ")(?![A-Za-z])"  # TeX reads the longest name and eats spaces after it
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
    r"""Step 1: returns a text with Greek commands as names, accent macros as letters, other commands as spaces.

    Braces and `$` are removed. `\varepsilon` is epsilon, `S\o ren` is Søren, `$k$NN` is kNN.
    """
    if "\\" not in text and "$" not in text and "{" not in text and "}" not in text:
        return text
    return _TEX.sub(_replacement, text)


def tex_replacements(text: str) -> Iterator[tuple[int, int, str]]:
    """Yields what `fold_tex` replaces in a text, as (start, end, replacement)."""
    return ((*match.span(), _replacement(match)) for match in _TEX.finditer(text))


def accent_macros(text: str) -> Iterator[tuple[int, int, str]]:
    r"""Yields the accent and letter macros of a text as (start, end, letters): `H\"older` gives (1, 4, "ö")."""
    for match in _ACCENT.finditer(text):
        if letters := _accented(match):
            yield match.start(), match.end(), letters


def _replacement(match: re.Match[str]) -> str:
    if letters := _accented(match):
        return letters
    if match["vanishing"]:
        return ""
    name = GREEK_COMMANDS.get(match["command"] or "", "")
    return f" {name} "


def _accented(match: re.Match[str]) -> str:
    """Returns the letters that an accent or letter macro means; "" if the match is neither."""
    if match["macro"]:
        return LETTER_MACROS[match["macro"]]
    if match["under"]:
        base = match["under"] if match["under"] in "ij" else LETTER_MACROS[match["under"]]
    else:
        base = match["base"]
    return normalized("NFC", base + ACCENTS[match["sign"] or match["letter"]]) if base else ""


# ---------------------------------------------------------------------------------------------------------------------
# Where the tokens of a text are in that text as written.


class _TracedText(NamedTuple):
    """A text after some of the steps, with the start and end of each of its letters in the text as written."""

    letters: str
    starts: Sequence[int]
    ends: Sequence[int]

    def replaced(self, parts: Iterable[tuple[int, int, str]]) -> "_TracedText":
        """Returns the text with the letters from `start` to `end` of each part, in order, replaced by its text."""
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
    """Returns (start, end) in the text as written for each of its `tokens`, or of its `exact_tokens`."""
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
    """Step 2: letter by letter where each becomes one letter, else each letter with the marks on it."""
    folded = {char: _folded_alone(char, exact=exact) for char in set(traced.letters)}
    if all(folded.values()):
        return traced._replace(letters="".join(map(folded.__getitem__, traced.letters)))
    fold = exact_letters if exact else fold_letters
    return traced.replaced((start, end, fold(traced.letters[start:end])) for start, end in _clusters(traced.letters))


@lru_cache(maxsize=1 << 14)
def _folded_alone(char: str, *, exact: bool) -> str:
    """Returns the one letter that a character becomes in every text; "" if it becomes none or several, or if texts differ."""
    folded = exact_letters(char) if exact else fold_letters(char)
    return folded if len(folded) == 1 and not joins_letter_before(char) else ""


def _clusters(letters: str) -> Iterator[tuple[int, int]]:
    """Yields (start, end) of each letter together with the characters that join it."""
    start = 0
    for place in range(1, len(letters)):
        if not joins_letter_before(letters[place]):
            yield start, place
            start = place
    if letters:
        yield start, len(letters)
