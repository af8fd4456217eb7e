"""Spells Greek letters (step 5): αβ is found as alpha and beta, but μm stays, since it has a Latin letter."""

import re
import unicodedata
from collections.abc import Iterator

from subscriptions.normalize.tex import GREEK_LETTERS
from subscriptions.normalize.words import SINGLE_CHARACTERS, run_pattern

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
    if char.isascii():
        return char.isalpha()
    return unicodedata.name(char, "").startswith("LATIN")


def _names(run: str) -> list[str]:
    return [GREEK_LETTERS.get(part, part) for part in _PART.findall(run)]


def _is_greek(run: str) -> bool:
    """Returns whether a run has Greek letters and no Latin ones."""
    return _GREEK.search(run) is not None and not any(is_latin(char) for char in run)
