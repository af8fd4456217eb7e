"""Prepares a typed text for the grammar: typographic quotes and dashes, full-width and invisible characters, accent macros.

Typographic characters become plain ones, and TeX accent macros become letters. Each character keeps the column where it
was typed, for error messages.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from subscriptions.normalize import letters, tex
from subscriptions.texts.normal_forms import normalized

_QUOTES = "“”‟„«»「」『』｢｣﹁﹂﹃﹄〝〞〟＂"
_DASHES = "–—−－"
_WIDE_SIGNS = "（）：｜！＆＊＝＃＋．／＿"
_WIDE_WORDS = [*range(0xFF10, 0xFF1A), *range(0xFF21, 0xFF3B), *range(0xFF41, 0xFF5B)]  # full-width 0-9, A-Z, a-z
_PLAIN = (
    dict.fromkeys(map(ord, _QUOTES), '"')
    | dict.fromkeys(map(ord, _DASHES), "-")
    | {wide: chr(wide - 0xFEE0) for wide in (*map(ord, _WIDE_SIGNS), *_WIDE_WORDS)}
)

# Control characters, lone surrogates and line separators. `subscriptions.portable` stores a query with spaces in their
# place. So they are read as spaces, too, and the stored query means the same as the typed one.
_CONTROLS = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
# An invisible character after a TeX command stays, since it ends the name of the command.
_INVISIBLE = re.compile(rf"(?P<command>\\[A-Za-z]*[{letters.INVISIBLE_CHARACTERS}])|[{letters.INVISIBLE_CHARACTERS}]+")
_CURLED = re.compile(r"\\[“”„‟’‘]")  # phones write \" and \' like this
_MARKUP = re.compile(rf'["\\{{}}{letters.INVISIBLE_CHARACTERS}]+')


@dataclass(frozen=True, slots=True)
class Typed:
    """A text for the grammar, with the columns where its characters were typed."""

    text: str
    columns: Sequence[int]  # for each character the column where it was typed, and one more for the end of the text

    def replaced(self, parts: Sequence[tuple[int, int, str]]) -> "Typed":
        """Returns this text after replacing parts. Each part is (start, end, new text); they are in ascending order."""
        if not parts:
            return self
        texts: list[str] = []
        columns: list[int] = []
        done = 0
        for start, end, new in parts:
            texts += (self.text[done:start], new)
            columns += self.columns[done:start]
            # text that is added at the end has the column of the last character
            typed_at = min(start, len(self.text) - 1)
            columns += [self.columns[typed_at]] * len(new)
            done = end
        return Typed("".join((*texts, self.text[done:])), [*columns, *self.columns[done:]])


def typed(text: str) -> Typed:
    """Returns a typed text as the grammar reads it, without spaces at its end, which are not stored either."""
    return plain(Typed(without_controls(text).rstrip(), range(1, len(text) + 2)))


def without_controls(text: str) -> str:
    """Returns a text with spaces for control characters."""
    return _CONTROLS.sub(" ", text)


def plain(source: Typed) -> Typed:
    """Returns a text with letters for accent macros, plain quotes, dashes and operators, without invisible characters."""
    if "\\" in source.text:
        source = Typed(_CURLED.sub(_uncurled, source.text), source.columns)
        source = source.replaced(list(tex.accent_macros(source.text)))
    if source.text.isascii():
        return source
    unseen = [(*match.span(), "") for match in _INVISIBLE.finditer(source.text) if not match["command"]]
    source = source.replaced(unseen)
    return Typed(source.text.translate(_PLAIN), source.columns)


def _uncurled(match: re.Match[str]) -> str:
    return r"\'" if match[0][1] in "’‘" else r"\""


def fold_value(text: str) -> str:
    """Returns the form in which names and identifiers are compared, without letter case, width, spaces and markup.

    Folding the result again does not change it. In a query, the result can be put into quotes.
    """
    folded = _fold_once(plain(Typed(text, range(len(text) + 1))).text)
    while (again := _fold_once(folded)) != folded:
        folded = again
    return folded


def _fold_once(text: str) -> str:
    folded = _without_case(_without_case(normalized("NFD", text)))  # NFKC_Casefold of Unicode, section 3.13
    return " ".join(_MARKUP.sub("", folded.translate(_PLAIN)).split())


def _without_case(text: str) -> str:
    return normalized("NFKC", text.casefold())
