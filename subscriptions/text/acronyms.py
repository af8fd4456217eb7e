"""Find what an acronym stands for in a text that defines it: "large language models (LLMs)", "LLM (large language model)"."""

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from itertools import islice
from typing import NamedTuple

FEWEST_LETTERS = 3  # two letters stand for too many things
_MOST_LETTERS = 8
_WINDOW = 120  # characters beside an acronym in which its words are looked for
_ACRONYM = re.compile(rf"[A-Za-z]{{{FEWEST_LETTERS},{_MOST_LETTERS}}}")
_FEWEST_CAPITALS = 2
_MOST_PLACES = 30  # of an acronym in a text that are looked at
_BREAK = re.compile(r"[()\[\]{}.,;:!?\"“”/|\n]")  # no acronym stands for words on both sides of it
_COMPOUND = re.compile(r"[^\W_]+(?:['’‐‑-][^\W_]+)*")  # one word, or several joined by hyphens
_HYPHEN = re.compile("[‐‑-]")
_SMALL = frozenset(
    ("a", "an", "and", "as", "at", "by", "de", "for", "from", "in", "of", "on", "or", "the", "to", "via", "with")
)


class Definition(NamedTuple):
    """An acronym and the words for which it stands, both as a text has them."""

    acronym: str
    words: str


@lru_cache(maxsize=256)
def _pattern(acronym: str) -> re.Pattern[str]:
    return re.compile(rf"(?<![\w-])(?P<acronym>{re.escape(acronym)})(?:['’]?s)?(?![\w-])", re.IGNORECASE)


def acronym_of(word: str) -> str:
    """Return the acronym that a typed word may be, without the s of a plural; "" if it is none. Case does not matter."""
    acronym = word[:-1] if _is_plural(word) else word
    return acronym if _ACRONYM.fullmatch(acronym) else ""


def definition_in(text: str, acronym: str) -> Definition | None:
    """Return the first definition of an acronym in a text; None if it has none. The letter case does not matter."""
    folded, plain = text.lower(), acronym.lower()
    if not (f"({plain}" in folded or f"{plain} (" in folded or f"{plain}s (" in folded):  # as in most texts
        return None
    for found in islice(_pattern(acronym).finditer(text), _MOST_PLACES):
        written = found["acronym"]
        if _capitals(written) < _FEWEST_CAPITALS or _is_plural(written):
            continue
        before, behind = (
            text[max(0, found.start() - _WINDOW) : found.start()].rstrip(),
            text[found.end() : found.end() + _WINDOW].lstrip(),
        )
        words = ""
        if before.endswith("(") and behind.startswith((")", ",", ";")):
            words = _words_before(before[:-1], written)
        elif behind.startswith("("):
            words = _words_in(behind[1:], written)
        if words:
            return Definition(written, words)
    return None


def _capitals(word: str) -> int:
    return sum(map(str.isupper, word))


def _is_plural(written: str) -> bool:
    """Return whether the last letter is the s of a plural, such as that of GANs."""
    return written.endswith("s") and written[:-1].isupper()


def _words_before(text: str, acronym: str) -> str:
    """Return the fewest words at the end of a text for which an acronym stands, by their first letters if possible."""
    text = _BREAK.split(text)[-1].rstrip()
    words = list(_COMPOUND.finditer(text))[-2 * len(acronym) :]
    if words and words[-1].end() == len(text):
        for inner in (False, True):
            for first in reversed(words):
                if _stands_for(acronym, text[first.start() :], inner=inner):
                    return text[first.start() :]
    return ""


def _words_in(text: str, acronym: str) -> str:
    """Return the words at the beginning of a text, up to a break, if an acronym stands for all of them."""
    text = _BREAK.split(text, maxsplit=1)[0].strip()
    return text if _stands_for(acronym, text, inner=True) else ""


def _stands_for(acronym: str, text: str, *, inner: bool) -> bool:
    """Return whether an acronym stands for all words of a text; `inner`: by letters inside of words, too.

    Small words and the later parts of a compound need no letter. Words that are acronyms themselves explain nothing.
    """
    compounds = [_HYPHEN.split(compound) for compound in _COMPOUND.findall(text)]
    parts = [
        (part.lower(), at == 0 and (part.lower() not in _SMALL or compound is compounds[0]))
        for compound in compounds
        for at, part in enumerate(compound)
    ]
    is_explained = all(_capitals(part) < _FEWEST_CAPITALS for compound in compounds for part in compound)
    return bool(parts) and is_explained and compounds[-1][0] not in _SMALL and _fit(acronym.lower(), parts, inner=inner)


def _fit(letters: str, parts: Iterable[tuple[str, bool]], *, inner: bool) -> bool:
    """Return whether letters are those of parts of words, in this order; each part has whether it needs one."""
    counts = {0}  # of letters that the parts so far may have
    for part, is_needed in parts:
        more = {count + taken for count in counts for taken in _letters_of(part, letters[count:], inner=inner)}
        counts = more if is_needed else counts | more
    return len(letters) in counts


def _letters_of(part: str, letters: str, *, inner: bool) -> Iterator[int]:
    """Yield how many of the next letters a part may have, the first of which begins it."""
    at = 0
    for taken, letter in enumerate(letters if inner else letters[:1], 1):
        at = part.find(letter, at) + 1
        if not at or (taken == 1 and at > 1):
            return
        yield taken
