"""Spells Greek letters (step 5): αβ is alpha and beta, ΛCDM lambda and cdm; a unit stays one word, such as μm."""

import re
import unicodedata
from collections.abc import Iterator

from subscriptions.normalize.tex import GREEK_LETTERS
from subscriptions.normalize.words import SINGLE_CHARACTERS, run_pattern

# A Greek letter becomes its English name, so α and alpha are one token, beside Latin letters, too.

_GREEK = re.compile(f"[{''.join(GREEK_LETTERS)}]")
_PART = run_pattern(SINGLE_CHARACTERS + "".join(GREEK_LETTERS))
_UNIT = re.compile(r"[\d.]*μ(?:[mslgavwfkjtcu]|hz|mol|as|ev|sv|gal|rad|pa|bar|bq|ci|arcsec)")  # of SI, and used with it
_SPELLED = re.compile("(kappa)(b)|(lambda)(cdm)")  # words that mostly have the letter: κB, ΛCDM


def has_greek(letters: str) -> bool:
    """Returns whether a text in lower case has a word in which a Greek letter stands apart."""
    return "kappab" in letters or "lambdacdm" in letters or _GREEK.search(letters) is not None


def spell_greek(runs: list[str]) -> list[str]:
    """Step 5: spells Greek letters out, each apart. `runs` are in lower case."""
    return [GREEK_LETTERS.get(run[start:end], run[start:end]) for run in runs for start, end in greek_spans(run)]


def greek_spans(run: str) -> Iterator[tuple[int, int]]:
    """Yields (start, end) of the tokens that `spell_greek` makes of a run."""
    if _GREEK.search(run) and not _UNIT.fullmatch(run):
        yield from (part.span() for part in _PART.finditer(run))
    elif spelled := _SPELLED.fullmatch(run):
        yield from (spelled.span(group) for group in (1, 2, 3, 4) if spelled[group])
    else:
        yield 0, len(run)


def is_latin(char: str) -> bool:
    """Returns whether a character is a Latin letter."""
    if char.isascii():
        return char.isalpha()
    return unicodedata.name(char, "").startswith("LATIN")
