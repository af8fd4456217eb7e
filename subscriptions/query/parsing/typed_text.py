"""A typed text as the grammar reads it: with plain characters for typographic ones, and letters for TeX accent macros.

Each character keeps the column of the typed character that it was made of, for errors.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from subscriptions.normalize import INVISIBLE_CHARACTERS, accent_macros
from subscriptions.unicode_forms import normalized

_QUOTES = "“”‟„«»「」『』｢｣﹁﹂﹃﹄〝〞〟＂"
_DASHES = "–—−－"
_WIDE_SIGNS = "（）：｜！＆＊＝＃＋．／＿"
_WIDE_WORDS = [*range(0xFF10, 0xFF1A), *range(0xFF21, 0xFF3B), *range(0xFF41, 0xFF5B)]  # full-width 0-9, A-Z, a-z
_PLAIN = (
    dict.fromkeys(map(ord, _QUOTES), '"')
    | dict.fromkeys(map(ord, _DASHES), "-")
    | {wide: chr(wide - 0xFEE0) for wide in (*map(ord, _WIDE_SIGNS), *_WIDE_WORDS)}
)

# Control characters, half characters and the separators of lines: a stored query has spaces for them
# (subscriptions.wording), so a typed one is read with spaces, too, and means the same.
_CONTROLS = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
# An invisible character after a TeX command stays, since it ends the name of the command.
_INVISIBLE = re.compile(rf"(?P<command>\\[A-Za-z]*[{INVISIBLE_CHARACTERS}])|[{INVISIBLE_CHARACTERS}]+")
_CURLED = re.compile(r"\\[“”„‟’‘]")  # phones write \" and \' so
_MARKUP = re.compile(rf'["\\{{}}{INVISIBLE_CHARACTERS}]+')


@dataclass(frozen=True, slots=True)
class Typed:
    """A text for the grammar."""

    text: str
    columns: Sequence[int]  # the column where each character was typed, and one more for the end of the text

    def replaced(self, parts: Sequence[tuple[int, int, str]]) -> "Typed":
        """Returns this text with the characters from `start` to `end` of each part, in order, replaced by its text."""
        if not parts:
            return self
        texts: list[str] = []
        columns: list[int] = []
        done = 0
        for start, end, new in parts:
            texts += (self.text[done:start], new)
            columns += self.columns[done:start]
            typed_at = min(
                start, len(self.text) - 1
            )  # text that is added at the end has the column of the last character
            columns += [self.columns[typed_at]] * len(new)
            done = end
        return Typed("".join((*texts, self.text[done:])), [*columns, *self.columns[done:]])


def typed(text: str) -> Typed:
    """Returns a typed text as the grammar reads it, without spaces at its end, as it is stored."""
    return plain(Typed(without_controls(text).rstrip(), range(1, len(text) + 2)))


def without_controls(text: str) -> str:
    """Returns a text with spaces for control characters."""
    return _CONTROLS.sub(" ", text)


def plain(source: Typed) -> Typed:
    """Returns a text with accent macros as letters, plain quotes, dashes and operators, and no invisible characters."""
    if "\\" in source.text:
        source = Typed(_CURLED.sub(_uncurled, source.text), source.columns)
        source = source.replaced([_with_bracket(source.text, *macro) for macro in accent_macros(source.text)])
    if source.text.isascii():
        return source
    unseen = [(*match.span(), "") for match in _INVISIBLE.finditer(source.text) if not match["command"]]
    source = source.replaced(unseen)
    return Typed(source.text.translate(_PLAIN), source.columns)


def _with_bracket(text: str, start: int, end: int, letters: str) -> tuple[int, int, str]:
    r"""Returns a macro together with the bracket that closes its argument, as in `H\"{o}lder`."""
    closes = "{" in text[start:end] and text.startswith("}", end)
    return start, end + closes, letters


def _uncurled(match: re.Match[str]) -> str:
    return r"\'" if match[0][1] in "’‘" else r"\""


def fold_value(text: str) -> str:
    """Returns the form by which a name or identifier is compared: case, width, spaces and markup do not count.

    The form of a form is the same form. A query can have it in quotes.
    """
    folded = _fold_once(plain(Typed(text, range(len(text) + 1))).text)
    while (again := _fold_once(folded)) != folded:
        folded = again
    return folded


def fold_source(name: str) -> str:
    """Returns the form by which `source:` compares the name of a source: the whole name, letter case ignored."""
    return fold_value(name)


def _fold_once(text: str) -> str:
    folded = _without_case(_without_case(normalized("NFD", text)))  # NFKC_Casefold of Unicode, section 3.13
    return " ".join(_MARKUP.sub("", folded.translate(_PLAIN)).split())


def _without_case(text: str) -> str:
    return normalized("NFKC", text.casefold())
