"""Where the tokens of a text are in that text as written."""

from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from typing import NamedTuple

from subscriptions.normalize.folding import (
    RUN,
    apostrophe_patterns,
    exact_letters,
    fold_letters,
    greek_spans,
    has_greek,
    joins_letter_before,
)
from subscriptions.normalize.tex import tex_replacements


class _TracedText(NamedTuple):
    """A text after some steps. `starts` and `ends` say where each of its letters was in the original text."""

    letters: str
    starts: Sequence[int]
    ends: Sequence[int]

    def replaced(self, parts: Iterable[tuple[int, int, str]]) -> "_TracedText":
        """Returns the text after replacing parts. Each part is (start, end, new letters); they are in ascending order."""
        letters, starts, ends = [], [], []
        done = 0
        for start, end, new in parts:
            letters += [self.letters[done:start], new]
            starts += [*self.starts[done:start], *[self.starts[start]] * len(new)]
            ends += [*self.ends[done:start], *[self.ends[end - 1]] * len(new)]
            done = end
        if not done:
            return self
        letters.append(self.letters[done:])
        return _TracedText("".join(letters), [*starts, *self.starts[done:]], [*ends, *self.ends[done:]])


def token_spans(text: str, *, exact: bool = False) -> list[tuple[int, int]]:
    """Returns where each token is in the original text, as (start, end).

    The tokens are those that `tokens` returns, or `exact_tokens` if `exact`.
    """
    traced = _TracedText(text, range(len(text)), range(1, len(text) + 1))
    traced = traced.replaced(tex_replacements(text))
    traced = _with_folded_letters(traced, exact=exact)
    for pattern in apostrophe_patterns(traced.letters):
        traced = traced.replaced([(*match.span(), "") for match in pattern.finditer(traced.letters)])
    found = (run.span() for run in RUN.finditer(traced.letters))
    if not exact and has_greek(traced.letters):
        found = (
            (start + first, start + last)
            for start, end in found
            for first, last in greek_spans(traced.letters[start:end])
        )
    return [(traced.starts[start], traced.ends[end - 1]) for start, end in found]


def _with_folded_letters(traced: _TracedText, *, exact: bool) -> _TracedText:
    """Step 2: folds each character alone if each becomes one letter. Otherwise folds each together with its marks."""
    folded = {char: _folded_alone(char, exact=exact) for char in set(traced.letters)}
    if all(folded.values()):
        return traced._replace(letters="".join(map(folded.__getitem__, traced.letters)))
    fold = exact_letters if exact else fold_letters
    return traced.replaced((start, end, fold(traced.letters[start:end])) for start, end in _clusters(traced.letters))


@lru_cache(maxsize=1 << 14)
def _folded_alone(char: str, *, exact: bool) -> str:
    """Returns the one letter that step 2 makes of a character in every text.

    Returns "" if the character becomes no letter or several, or if the result depends on the text around it.
    """
    folded = exact_letters(char) if exact else fold_letters(char)
    if len(folded) == 1 and not joins_letter_before(char):
        return folded
    return ""


def _clusters(letters: str) -> Iterator[tuple[int, int]]:
    """Yields (start, end) of each character together with the marks after it."""
    start = 0
    for place in range(1, len(letters)):
        if not joins_letter_before(letters[place]):
            yield start, place
            start = place
    if letters:
        yield start, len(letters)
