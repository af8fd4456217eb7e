"""Step 5, Greek letters: a letter becomes its English name, α and alpha are one token."""

import re
import unicodedata
from collections.abc import Iterator

from subscriptions.normalize.runs import SINGLE_CHARACTERS, run_pattern

GREEK_LETTERS = {
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
_GREEK = re.compile(f"[{''.join(GREEK_LETTERS)}]")
_PART = run_pattern(SINGLE_CHARACTERS + "".join(GREEK_LETTERS))


def has_greek(text: str) -> bool:
    """Whether a text has a Greek letter."""
    return _GREEK.search(text) is not None


def spell_greek(runs: list[str]) -> list[str]:
    """Returns runs with Greek letters spelled out: αβ becomes alpha, beta; μm has a Latin letter and stays."""
    return [token for run in runs for token in (_names(run) if _is_greek(run) else (run,))]


def greek_spans(letters: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Yields (start, end) of the tokens that `spell_greek` makes of the run at `start` to `end`."""
    if _is_greek(letters[start:end]):
        yield from (part.span() for part in _PART.finditer(letters, start, end))
    else:
        yield start, end


def is_latin(char: str) -> bool:
    """Whether a character is a Latin letter."""
    return char.isalpha() if char.isascii() else unicodedata.name(char, "").startswith("LATIN")


def _names(run: str) -> list[str]:
    return [GREEK_LETTERS.get(part, part) for part in _PART.findall(run)]


def _is_greek(run: str) -> bool:
    """Whether a run has Greek letters and no Latin ones."""
    return _GREEK.search(run) is not None and not any(is_latin(char) for char in run)
