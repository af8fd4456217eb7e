"""What was typed, as the grammar reads it: plain signs for typographic ones, letters for accent macros of TeX.

Every character remembers the column of the typed one that it came from, so that an error can point at it.
"""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from subscriptions.normalize import accent_macros

_QUOTES = "“”‟„«»「」『』｢｣﹁﹂﹃﹄〝〞〟＂"
_DASHES = "–—−－"
_WIDE_SIGNS = "（）：｜！＆＊＝＃＋．／＿"
_WIDE_WORDS = [*range(0xFF10, 0xFF1A), *range(0xFF21, 0xFF3B), *range(0xFF41, 0xFF5B)]  # full-width 0-9, A-Z, a-z
_PLAIN = (
    dict.fromkeys(map(ord, _QUOTES), '"')
    | dict.fromkeys(map(ord, _DASHES), "-")
    | {wide: chr(wide - 0xFEE0) for wide in (*map(ord, _WIDE_SIGNS), *_WIDE_WORDS)}
)

_INVISIBLE = "\u00ad\u061c\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufe00-\ufe0f\ufeff\U000e0100-\U000e01ef"
# The name of a TeX command ends at an invisible character, which therefore stays behind one.
_UNSEEN = re.compile(rf"(?P<command>\\[A-Za-z]*[{_INVISIBLE}])|[{_INVISIBLE}]+")
_CURLED = re.compile(r"\\[“”„‟’‘]")  # what phones make of \" and \'
_MARKUP = re.compile(rf'["\\{{}}{_INVISIBLE}]+')


@dataclass(frozen=True, slots=True)
class Typed:
    """A text for the grammar, and for each of its characters the column where it was typed; one more for its end."""

    text: str
    columns: Sequence[int]

    def replaced(self, parts: Sequence[tuple[int, int, str]]) -> "Typed":
        """With the characters from `start` to `end` of each part (in order) replaced by its text."""
        if not parts:
            return self
        texts: list[str] = []
        columns: list[int] = []
        done = 0
        for start, end, new in parts:
            texts += (self.text[done:start], new)
            columns += self.columns[done:start]
            typed_at = min(start, len(self.text) - 1)  # what is added at the end came from the last character
            columns += [self.columns[typed_at]] * len(new)
            done = end
        return Typed("".join((*texts, self.text[done:])), [*columns, *self.columns[done:]])

    def cut(self, start: int, end: int) -> "Typed":
        """Only the characters from `start` to `end`."""
        return Typed(self.text[start:end], self.columns[start : end + 1])


def typed(text: str) -> Typed:
    """A text as the grammar reads it."""
    return plain(Typed(text, range(1, len(text) + 2)))


def plain(source: Typed) -> Typed:
    """Undoes accent macros, leaves out invisible characters, and makes quotes, dashes and wide signs plain ones."""
    if "\\" in source.text:
        source = Typed(_CURLED.sub(_uncurled, source.text), source.columns)
        source = source.replaced([_with_bracket(source.text, *macro) for macro in accent_macros(source.text)])
    if source.text.isascii():
        return source
    unseen = [(*match.span(), "") for match in _UNSEEN.finditer(source.text) if not match["command"]]
    source = source.replaced(unseen)
    return Typed(source.text.translate(_PLAIN), source.columns)


def _with_bracket(text: str, start: int, end: int, letters: str) -> tuple[int, int, str]:
    r"""A macro with the bracket that closes its argument, as in `H\"{o}lder`: people read its letters, not its brackets."""
    closes = "{" in text[start:end] and text.startswith("}", end)
    return start, end + closes, letters


def _uncurled(match: re.Match[str]) -> str:
    return r"\'" if match[0][1] in "’‘" else r"\""


def fold_value(text: str) -> str:
    """A name or identifier in the one form in which it is compared: case, width, blanks and markup do not count.

    Folding twice changes nothing, and the form can stand between quotes in a query.
    """
    folded = _fold_once(plain(Typed(text, range(len(text) + 1))).text)
    while (again := _fold_once(folded)) != folded:
        folded = again
    return folded


def fold_source(name: str) -> str:
    """The name of a source as `source:` compares it: the whole name, letter case ignored."""
    return fold_value(name)


def _fold_once(text: str) -> str:
    folded = _without_case(_without_case(unicodedata.normalize("NFD", text)))  # NFKC_Casefold of Unicode, section 3.13
    return " ".join(_MARKUP.sub("", folded.translate(_PLAIN)).split())


def _without_case(text: str) -> str:
    return unicodedata.normalize("NFKC", text.casefold())
