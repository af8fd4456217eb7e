"""Step 7: a hyphenated word of a text is also one word, so a text has lines in which such words are joined.

A multi-modal map of pre-trained boats has four:

- a multi modal map of pre trained boat: the text word by word
- a multimodal map of pre trained boat: a joined word, and its neighbours as they are
- a multi modal map of pretrained boat
- a multimodal map of pretrained boat: joined words that are near each other
"""

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

from subscriptions.text.stems import Span, joinable, stem

_REACH = 4  # words on each side of a joined word in its line: a phrase of five words is found wherever it begins
_MOST_PARTS = 8  # of a hyphenated word; what has more is a sequence
_SHORT = 30  # words of a text whose lines are whole, such as a title


class Line(NamedTuple):
    """Words that follow each other. A phrase is looked for in each line of a text."""

    folded: list[str]  # the words as they are compared
    written: list[str]  # the same words before step 6
    spans: list[Span]  # the tokens of the text that each word is made of


class Words(NamedTuple):
    """The words of a text."""

    written: list[str]  # steps 1-5
    exact: list[str]  # steps 1-4 with case and accents kept
    hyphenated: list[Span]  # the runs of each hyphenated word
    starts: Sequence[int]  # where the tokens of each run begin in `written`, and where those of the last one end


def lines_of(words: Words) -> Iterator[Line]:
    """Yield the text word by word, then the lines in which words are joined."""
    folded = [stem(word) for word in words.written]
    plain = Line(folded, words.written, [*pairwise(range(len(folded) + 1))])
    yield plain
    reach, near = len(folded) if len(folded) <= _SHORT else _REACH, list[Span]()
    for runs in words.hyphenated:
        if runs[1] - runs[0] > _MOST_PARTS:
            continue
        starts = words.starts[runs[0] : runs[1] + 1]
        for first, behind in joinable(tuple("".join(words.written[start:end]) for start, end in pairwise(starts))):
            span = starts[first], starts[behind]
            yield _with_joined(plain, [span], reach)
            if behind - first == len(starts) - 1:
                if near and span[0] > near[-1][1] + reach:
                    yield from _all_joined(plain, near, reach)
                    near = []
                near.append(span)
    yield from _all_joined(plain, near, reach)


def _all_joined(plain: Line, spans: list[Span], reach: int) -> Iterator[Line]:
    if len(spans) > 1:
        yield _with_joined(plain, spans, reach)


def _with_joined(plain: Line, joined: list[Span], reach: int) -> Line:
    """Return the line of joined words with the words before, between and behind them."""
    line, place = Line([], [], []), max(0, joined[0][0] - reach)
    for first, behind in joined:
        _extend(line, plain, place, first)
        word = "".join(plain.written[first:behind])
        line.folded.append(stem(word))
        line.written.append(word)
        line.spans.append((first, behind))
        place = behind
    _extend(line, plain, place, place + reach)
    return line


def _extend(line: Line, plain: Line, start: int, end: int) -> None:
    line.folded.extend(plain.folded[start:end])
    line.written.extend(plain.written[start:end])
    line.spans.extend(plain.spans[start:end])
