"""Step 6, plurals: the singular and the plural of an English word become one stem."""

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
    """Step 6: returns the stem of a token of step 5. Studies and study become "study", analyses and analysis "analysi".

    A stem is not always a word. The stem of a stem is the same stem.
    """
    if not _WORD.fullmatch(token):
        return token
    stem = _without_s(_IRREGULAR.get(token, token))
    stem = _without_s(_IRREGULAR.get(stem, stem))  # criterias, corporas
    if stem.endswith("ie") and len(stem) >= len("skie"):
        return stem[:-2] + "y"
    return stem[:-1] if stem.endswith(_SILENT_E) else stem


def written_beginnings(beginning: str) -> tuple[str, ...]:
    """Returns every word that begins with `beginning` but whose stem may not."""
    regular = [beginning + end for end in ("", "s", "es", "e")]
    irregular = [form + end for form in _IRREGULAR for end in ("", "s") if (form + end).startswith(beginning)]
    return tuple(dict.fromkeys((*regular, *irregular)))


def _without_s(word: str) -> str:
    keeps = word in _NOT_PLURAL or word.endswith("ss") or not word.endswith("s")
    return word if keeps else word[:-1]
