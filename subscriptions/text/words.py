"""The words that are matched, in seven steps: TeX, letters, apostrophes, runs, Greek letters, stems, joined words."""

import re
from hashlib import sha256
from itertools import accumulate, chain

from subscriptions.text.folding import (
    exact_letters,
    fold_apostrophes,
    fold_case,
    fold_forms,
    fold_letters,
    has_greek,
    is_latin,
    runs_of,
    runs_with_hyphens,
    spell_greek,
)
from subscriptions.text.forms import normalized
from subscriptions.text.lines import Words
from subscriptions.text.stems import stem
from subscriptions.text.tex import fold_tex

LONGEST_ALIAS = 600  # most characters of an alias, of at most four bytes each

JOINED = "-"
_HYPHEN = re.compile(r"(?<=[^\W\d_][^\W\d_])[-‐‑](?=[^\W\d_][^\W\d_])")  # between parts that are no initials
_INITIALS = re.compile(r"[A-ZÀ-Þ]{2,3}\.?")  # "AB" of `Burt AB`, where other parts have small letters
_UMLAUT = re.compile("(?!^.e+$)([aou])e+")


def tokens(text: str) -> list[str]:
    """Return the tokens by which words and phrases are compared (steps 1-6)."""
    return [stem(token) for token in written_tokens(text)]


def written_tokens(text: str) -> list[str]:
    """Return the tokens before step 6 (steps 1-5). The words before the * of a prefix are compared with these."""
    return _folded_runs(fold_apostrophes(fold_letters(fold_tex(text))))


def exact_tokens(text: str, *, name: bool = False) -> list[str]:
    """Return, with case and accents kept (steps 1-4), the tokens by which `=RAG` is compared, or `author:=Müller`."""
    return runs_of(fold_apostrophes(exact_letters(fold_tex(text)), name=name))


def words_of(text: str) -> Words:
    """Return the words of a text: `written_tokens` and `exact_tokens` in little more than half the time of both calls."""
    letters = fold_forms(fold_tex(text))
    bare = fold_apostrophes(normalized("NFC", letters))
    if letters.isascii() and not has_greek(letters.lower()):
        exact, places = runs_with_hyphens(bare)
        return Words(" ".join(exact).lower().split(), exact, places, range(len(exact) + 1))
    folded = fold_case(letters)
    runs, places = runs_with_hyphens(fold_apostrophes(folded))
    if not has_greek(folded):
        return Words(runs, runs_of(bare), places, range(len(runs) + 1))
    spelled = [spell_greek([run]) for run in runs]
    return Words([*chain(*spelled)], runs_of(bare), places, [*accumulate(map(len, spelled), initial=0)])


def author_tokens(name: str) -> list[str]:
    """Return the parts of one author's name: steps 1-5, then ae, oe, ue become a, o, u (Brueggen = Brüggen = Bruggen).

    The name Oe keeps its e: as a single o, the name would look like an initial.
    """
    parts = _folded_runs(fold_apostrophes(fold_letters(fold_tex(name)), name=True))
    return [_UMLAUT.sub(r"\1", part) if "e" in part else part for part in parts]


def author_spellings(name: str) -> tuple[tuple[str, ...], ...]:
    """Return the parts of one author's name, and once more with hyphens joined, since Xiao-Ming is Xiaoming.

    A joined part begins with a hyphen, so that it is found only by who asks for it, beside another part of the name.
    Initials that are written together are also apart: Burt AB is Burt A B.
    """
    parts = author_tokens(name)
    spellings = [tuple(parts)]
    if (together := _HYPHEN.sub("", name)) != name:
        spellings.append(tuple(part if part in parts else JOINED + part for part in author_tokens(together)))
    if (apart := initials_apart(name)) != name:
        spellings.append(tuple(author_tokens(apart)))
    return tuple(spellings)


def initials_apart(name: str) -> str:
    """Return a name in which initials that are written together are apart, if its other parts show that they are some."""
    words = name.replace(",", " ").split()
    if name.isupper() or not any(map(_INITIALS.fullmatch, words)):
        return name
    return " ".join(" ".join(word) if _INITIALS.fullmatch(word) else word for word in words)


def is_initial(token: str) -> bool:
    """Return whether a part of a name is an initial: one Latin letter. One Chinese character is a whole name."""
    return len(token) == 1 and is_latin(token)


def title_alias(title: str) -> str:
    r"""Return the text by which a title is found again in another digest: equal for $\alpha$-GAN and α-GAN.

    A text of more than LONGEST_ALIAS characters is cut and ends in its SHA-256, since an index of PostgreSQL takes at
    most 2,704 bytes.
    """
    alias = " ".join(written_tokens(title))
    if len(alias) <= LONGEST_ALIAS:
        return alias
    return f"{alias[:LONGEST_ALIAS]} {sha256(alias.encode('utf-8', 'surrogatepass')).hexdigest()}"


def _folded_runs(letters: str) -> list[str]:
    runs = runs_of(letters)
    if has_greek(letters):
        return spell_greek(runs)
    return runs
