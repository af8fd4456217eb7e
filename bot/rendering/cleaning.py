r"""Prepares foreign text for a message: TeX as letters; `subscriptions.text.cutting` removes what platforms reject.

TeX becomes plain letters: `$\alpha$` becomes α, `x^2` becomes x², `H\"older` becomes Hölder. Formulas that letters
cannot show stay TeX. A formula is converted completely or not at all. Dollar signs delimit formulas by pandoc's rules,
so that prices stay.
"""

import re
from unicodedata import category

from subscriptions.text import forms as normal_forms
from subscriptions.text.tex import (
    DOUBLE_STRUCK,
    FRACTIONS,
    IN_FORMULAS,
    OVER,
    STYLES,
    SUBSCRIPT,
    SUPERSCRIPT,
    SWITCHES,
    SYMBOLS,
    without_accent_macros,
)

# without modifier letters, which look like subscripts or superscripts already
_WORD_LETTERS = frozenset({"Lu", "Ll", "Nd"})
_RAISED = "*′⋆∗†‡°"  # characters that are superscript already
_DEEPEST = 8  # nested groups; titles of papers have up to three
_DEEPEST_PROSE = 3
_HINTS = ("\\", "$", "^", "``", "--")

_FORMULA = re.compile(
    r"\$\$(?P<double>[^$]+)\$\$|\\\((?P<round>.{1,400}?)\\\)|\\\[(?P<square>.{1,400}?)\\\]"
    r"|(?<![\\$])\$(?=[^\s$])(?P<single>[^$]*[^\s$\\])\$(?P<digit>(?=\d))?",
)
_SIGN = re.compile(r"\\[A-Za-z]+|\\.|.", re.DOTALL)
_ASIDE = re.compile(r"\x01(\d+)\x02")
_CLEARLY_TEX = re.compile(r"[\\^_{]|[^\x00-\x7f]")  # shows a formula, not a price, even before a digit: $\geq$5
_PROSE_COMMAND = re.compile(r"\\(?P<name>[A-Za-z]+)(?:(?P<space>\s*)\{(?P<group>[^{}\\]*)\})?|\\(?P<sign>[%&_#${}])")
_PROSE_POWER = re.compile(r"(?<=[\w)\]])(?<!\^.)\^(?:\{([^{}^]{1,12})\}|([-+]?\d+|[A-Za-z](?![A-Za-z])))(?![\w^])")
_DASH = re.compile(r"(?<=[^\W_])---?(?=[^\W_])|(?<=\S )---?(?= \S)")  # not the dashes in --option
_OF_TWO_GROUPS = re.compile(r"\\(href|textcolor|texorpdfstring)\{([^{}\\]*)\}\{([^{}\\]*)\}")
_SWITCHED = re.compile(r"\{\\(?:rm|bf|it|sl|sc|sf|tt|em)\s+([^{}\\]*)\}")


class _Unreadable(Exception):
    """Raised for a formula with something that letters cannot show."""


def readable(text: str) -> str:
    """Return the text with its TeX as plain letters; unchanged if it has none."""
    if not any(hint in text for hint in _HINTS):
        return text
    formulas: list[str] = []

    def set_aside(match: re.Match[str]) -> str:
        formulas.append(_formula(match))
        return f"\x01{len(formulas) - 1}\x02"

    # Formulas are replaced by placeholders first, so that the rules for prose do not change formulas that stay TeX.
    prose = _prose(_FORMULA.sub(set_aside, text.replace("\x01", "")))
    return _ASIDE.sub(lambda match: formulas[int(match[1])], prose)


def _formula(match: re.Match[str]) -> str:
    text = next(match[name] for name in ("double", "round", "square", "single") if match[name])
    if match["digit"] is not None and not _CLEARLY_TEX.search(text):
        return match[0]
    try:
        return normal_forms.normalized("NFC", _Formula(text).read().strip())
    except _Unreadable:
        return match[0]


class _Formula:
    """Reads one formula, from left to right."""

    def __init__(self, text: str) -> None:
        self._signs: list[str] = _SIGN.findall(text)[::-1]  # commands and characters; the next one is the last
        self._depth = 0

    def read(self, until: str = "") -> str:
        """Return the text up to the character `until`, which is consumed; without it, up to the end.

        Raise _Unreadable.
        """
        parts: list[str] = []
        while self._signs:
            sign = self._signs[-1]
            if sign == until:
                self._signs.pop()
                return "".join(parts)
            if sign in ("}", "&"):
                raise _Unreadable
            parts.append(self._script() if sign in ("^", "_") else self._atom())
        if until:
            raise _Unreadable
        return "".join(parts)

    def _atom(self) -> str:
        """Return the next character, command or group as text. Raise _Unreadable."""
        if not self._signs:
            raise _Unreadable
        sign = self._signs.pop()
        if sign == "{":
            if self._depth == _DEEPEST:
                raise _Unreadable
            self._depth += 1
            inner = self.read("}")
            self._depth -= 1
            return inner
        return self._command(sign[1:]) if sign[0] == "\\" else {"~": " ", "'": "′"}.get(sign, sign)

    def _command(self, name: str) -> str:
        """Return a command with its arguments as text. Fractions and square roots stay on one line.

        Raise _Unreadable.
        """
        if (letters := IN_FORMULAS.get(name)) is not None:
            return letters
        if name in SWITCHES:
            self._skip_spaces()
            return ""
        if name in FRACTIONS:
            return f"{_bracketed(self._argument())}/{_bracketed(self._argument())}"
        if name == "sqrt" and self._signs[-1:] != ["["]:
            return "√" + _bracketed(self._argument())
        if name in STYLES:
            inner = self._argument()
            return DOUBLE_STRUCK.get(inner, inner) if name in {"mathbb", "Bbb"} else inner
        if name in OVER and len(inner := self._argument()) == 1:
            return inner + OVER[name]
        raise _Unreadable

    def _argument(self) -> str:
        self._skip_spaces()
        return self._atom()

    def _skip_spaces(self) -> None:
        while self._signs[-1:] == [" "]:
            self._signs.pop()

    def _script(self) -> str:
        """Return a subscript or superscript in small characters.

        If a character has no small form, the script stays TeX, as in T_eff or n^{4/3}.
        """
        sign = self._signs.pop()
        inner = self._argument().strip()
        small = inner.translate(SUPERSCRIPT if sign == "^" else SUBSCRIPT)
        if all(ours != theirs for ours, theirs in zip(inner, small, strict=True) if ours not in _RAISED):
            return small
        runs_on = "".join(self._signs[-1:]).isalnum()
        if len(inner) == 1 or (not runs_on and all(category(char) in _WORD_LETTERS for char in inner)):
            return sign + inner
        return f"{sign}{{{inner}}}"


def _bracketed(inner: str) -> str:
    """Return a part of a fraction or root, in brackets unless it is one word."""
    if inner.isalnum():
        return inner
    return f"({inner})"


def _prose(text: str) -> str:
    """Return text outside formulas with its TeX converted: accents, commands, quotation marks, dashes, powers."""
    if "\\" in text:
        text = without_accent_macros(text)
        for _ in range(_DEEPEST_PROSE):
            text = _PROSE_COMMAND.sub(_prose_command, _OF_TWO_GROUPS.sub(_shown, _SWITCHED.sub(r"\1", text)))
    if "``" in text:
        text = re.sub(r"``(.{1,400}?)''", r"“\1”", text)
    if "--" in text:
        text = _DASH.sub(lambda dash: "–" if dash[0] == "--" else "—", text)
    if "^" in text:
        return _PROSE_POWER.sub(_power, text)
    return text


def _prose_command(match: re.Match[str]) -> str:
    if match["sign"]:
        return match["sign"]
    name, group = match["name"], match["group"]
    if name in STYLES and group is not None:
        return group
    if name in SYMBOLS and not group:
        return SYMBOLS[name] + (match["space"] or "" if group is not None else "")
    return match[0]


def _shown(match: re.Match[str]) -> str:
    r"""Return the visible one of two groups: for \href and \textcolor the text, for \texorpdfstring the TeX."""
    return str(match[2] if match[1] == "texorpdfstring" else match[3])


def _power(match: re.Match[str]) -> str:
    inner = match[1] or match[2]
    raised = inner.translate(SUPERSCRIPT)
    if all(ours != theirs for ours, theirs in zip(inner, raised, strict=True)):
        return raised
    return match[0]
