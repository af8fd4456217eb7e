"""Tables of TeX commands and their letters (LaTeX, amssymb; Comprehensive LaTeX Symbol List)."""


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
