"""How much a chat likes a paper, by its nearness in meaning to papers that the chat liked and disliked.

The score is half the mean of the nearness to all that it liked, and half that to the three nearest of them, less the
nearness to the nearest of what it disliked. The mean tells the field, the nearest tell one of several interests
(bench.ordering).
"""

from collections.abc import Sequence
from heapq import nlargest
from typing import NamedTuple

from subscriptions.meaning import Question, similarity

NEAREST = 3  # liked papers that count as the nearest


class Judged(NamedTuple):
    """Something that a chat liked or disliked."""

    strength: float  # how much
    asked: Question  # what is near to it


class Taste(NamedTuple):
    """What a chat liked and disliked."""

    liked: tuple[Judged, ...]
    disliked: tuple[Judged, ...] = ()

    def score(self, codes: Sequence[int]) -> float:
        """Returns how much the chat likes a paper with these codes, from -2 to 2; 0 without codes."""
        if not codes:
            return 0.0
        return _liked(self.liked, codes[0]) - _disliked(self.disliked, codes[0])


def _liked(judged: Sequence[Judged], code: int) -> float:
    if not judged:
        return 0.0
    near = [similarity(one.asked, code) for one in judged]
    mean = sum(one.strength * value for one, value in zip(judged, near, strict=True))
    nearest = nlargest(NEAREST, near)
    return mean / sum(one.strength for one in judged) / 2 + sum(nearest) / len(nearest) / 2


def _disliked(judged: Sequence[Judged], code: int) -> float:
    """Returns the nearness to the nearest of them, which counts as much as it was disliked."""
    return max((one.strength * similarity(one.asked, code) for one in judged), default=0.0)
