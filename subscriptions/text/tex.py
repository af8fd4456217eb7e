"""TeX as letters (step 1): commands, accent macros, and the characters of formulas."""

import re
from collections.abc import Iterator

from subscriptions.text.forms import normalized

# The commands are those of LaTeX and amssymb (Comprehensive LaTeX Symbol List).


def _commands(names: str) -> frozenset[str]:
    return frozenset(names.split())


def _signs(pairs: str) -> dict[str, str]:
    """Return name → character for a text of pairs: "alpha:α beta:β"."""
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
# Subscripts and superscripts join their word: CO$_2$, CO$_{\rm 2}$, {\rm CO}_2, CO\textsubscript{2} and CO_2 are CO2. Outside
# a formula, the word is an element or a variable, so that few_shot and layer_2 stay apart.
_SCRIPT = rf"""
    \\text(?:sub|super)script\s*\{{
    | [_^] \{{ (?: \s* \\(?:{"|".join(sorted(STYLES | SWITCHES))}) (?![A-Za-z]) \s* )?
    | (?<=[$}}]) [_^]
    | (?<=\\ell) [_^]
    | [_^] (?=[^\W_] [$}}])
    | (?: (?<=[A-Z]) | (?<=[A-Z][a-z]) | (?<=[_^]\d) ) [_^] (?=\d)
    | (?<=(?<![^\W_]) [^\W\d_]) [_^] (?=\d | [^\W_] (?![^\W_]))
"""
_SIGNS_OF_TEX = "\\$_^{}"
# between a Greek letter and a hyphen, which stay one word: $\beta$-VAE, IFN-{$\gamma$}
_MOST_SIGNS = 4
_AFTER_HYPHEN, _BEFORE_HYPHEN = re.compile(r"[-‐‑][${]*$"), re.compile(r"[}$]*[-‐‑]")
_ACCENT = re.compile(rf"(?:{_ACCENT_MACRO} | {_LETTER_MACRO} | \\(?:[A-Za-z]+|.) )", re.VERBOSE | re.DOTALL)
_TEX = re.compile(
    rf"{_ACCENT_MACRO} | {_LETTER_MACRO} | (?P<script>{_SCRIPT}) | \\(?P<command>[A-Za-z]+|.)? | (?P<vanishing>[{{}}$]+)",
    re.VERBOSE | re.DOTALL,
)


def fold_tex(text: str) -> str:
    r"""Step 1: replaces TeX. Greek commands become names, accent macros letters, other commands spaces.

    Braces and `$` are removed. `\varepsilon` becomes epsilon, `S\o ren` Søren, `$k$NN` kNN, `CO$_2$` CO2.
    """
    if not any(sign in text for sign in _SIGNS_OF_TEX):
        return text
    return _TEX.sub(_replacement, text)


def tex_replacements(text: str) -> Iterator[tuple[int, int, str]]:
    """Yield (start, end, replacement) for each part of a text that `fold_tex` replaces."""
    if any(sign in text for sign in _SIGNS_OF_TEX):
        yield from ((*match.span(), _replacement(match)) for match in _TEX.finditer(text))


def accent_macros(text: str) -> Iterator[tuple[int, int, str]]:
    r"""Yield the accent and letter macros of a text as (start, end, letters): `H\"{o}lder` gives (1, 6, "ö")."""
    for match in _ACCENT.finditer(text):
        if letters := _accented(match):
            yield match.start(), match.end(), letters


def without_accent_macros(text: str) -> str:
    r"""Return a text with letters for its accent and letter macros, without braces around them: `S{\o}ren` → Søren."""
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
    if match["vanishing"] or match["script"]:
        return ""
    if match["command"] == "ell":
        return "l"  # of ℓ-norms, as NFKC has it; unlike a Greek letter, it is no word alone
    name = GREEK_COMMANDS.get(match["command"] or "", "")
    start, end = match.span()
    before = "" if name and _AFTER_HYPHEN.search(match.string[max(0, start - _MOST_SIGNS) : start]) else " "
    behind = "" if name and _BEFORE_HYPHEN.match(match.string, end, end + _MOST_SIGNS) else " "
    return f"{before}{name}{behind}"


def _accented(match: re.Match[str]) -> str:
    """Return the letters that a matched accent or letter macro means; "" if the match is another command."""
    if match["macro"]:
        return LETTER_MACROS[match["macro"]]
    if match["under"]:
        base = match["under"] if match["under"] in "ij" else LETTER_MACROS[match["under"]]
    else:
        base = match["base"]
    if base:
        return normalized("NFC", base + ACCENTS[match["sign"] or match["letter"]])
    return ""
