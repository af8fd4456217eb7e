"""Folds plurals (step 6): irregular ones such as matrices; words such as news are none; what a beginning with a star has to find."""

import re
from functools import lru_cache

_NOT_PLURAL = frozenset({"news", "aids", "mars", "does", "this", "less", "sars", "mips", "lens"})
_IRREGULAR = {
    "analyses": "analysis",
    "hypotheses": "hypothesis",
    "syntheses": "synthesis",
    "theses": "thesis",
    "biases": "bias",
    "lenses": "lens",
    "indices": "index",
    "matrices": "matrix",
    "vertices": "vertex",
    "criteria": "criterion",
    "phenomena": "phenomenon",
    "corpora": "corpus",
    "axes": "axis",
}
_WORD = re.compile("[a-z]{4,}")
_SILENT_E = ("che", "she", "xe", "sse", "ze")  # caches, crashes, boxes, classes, sizes


@lru_cache(maxsize=1 << 16)
def fold_plural(token: str) -> str:
    """Step 6: returns the common stem of a word's singular and plural.

    A stem need not be a word: analyses and analysis both become "analysi". The stem of a stem is the same stem.
    """
    if not _WORD.fullmatch(token):
        return token
    stem = _without_s(_IRREGULAR.get(token, token))
    stem = _without_s(_IRREGULAR.get(stem, stem))  # again, for criterias and corporas
    if stem.endswith("ie") and len(stem) >= len("skie"):
        return stem[:-2] + "y"
    if stem.endswith(_SILENT_E):
        return stem[:-1]
    return stem


def written_beginnings(beginning: str) -> tuple[str, ...]:
    """Returns the words that `beginning*` has to find although their stems may not begin with `beginning`.

    Example: "criteria" begins with "criteria", but its stem "criterion" does not.
    """
    regular = [beginning + end for end in ("", "s", "es", "e")]
    irregular = [form + end for form in _IRREGULAR for end in ("", "s") if (form + end).startswith(beginning)]
    return tuple(dict.fromkeys((*regular, *irregular)))


def _without_s(word: str) -> str:
    keeps = word in _NOT_PLURAL or word.endswith("ss") or not word.endswith("s")
    return word if keeps else word[:-1]
