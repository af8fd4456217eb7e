"""How much a chat likes a paper, by its nearness in meaning to papers that the chat liked and disliked.

The score is half the mean of the nearness to all that it liked, and half that to the three nearest of them, less a quarter of
the nearness to the nearest of what it disliked. The mean tells the field, the nearest tell one of several interests. If a
dislike counted as much as a like, readers who dislike papers at random would get a worse order than without (bench.ordering).
"""

from collections.abc import Iterable, Sequence
from heapq import nlargest
from typing import NamedTuple

from subscriptions.meaning import alike

NEAREST = 3  # liked papers that count as the nearest
AGAINST = 0.25  # how much the nearest disliked paper counts


class Judged(NamedTuple):
    """What a chat liked, or what it disliked."""

    strengths: tuple[float, ...] = ()  # how much
    codes: tuple[int, ...] = ()  # of the whole papers, in the same order

    @classmethod
    def of(cls, judged: Iterable[tuple[float, int]]) -> "Judged":
        """Returns it for some (strength, code)."""
        found = tuple(judged)
        return cls(tuple(strength for strength, _ in found), tuple(code for _, code in found))


class Taste(NamedTuple):
    """What a chat liked and disliked."""

    liked: Judged
    disliked: Judged = Judged()

    def __bool__(self) -> bool:
        """Returns whether anything is known of it."""
        return bool(self.liked.codes or self.disliked.codes)

    def score(self, codes: Sequence[int]) -> float:
        """Returns how much the chat likes a paper with these codes, from -1.25 to 1.25; 0 without codes."""
        if not codes:
            return 0.0
        return _liking(self.liked, codes[0]) - AGAINST * _disliking(self.disliked, codes[0])


def _liking(liked: Judged, code: int) -> float:
    near = alike(liked.codes, code)
    if not near:
        return 0.0
    mean = sum(strength * value for strength, value in zip(liked.strengths, near, strict=True)) / sum(liked.strengths)
    nearest = nlargest(NEAREST, near)
    return mean / 2 + sum(nearest) / len(nearest) / 2


def _disliking(disliked: Judged, code: int) -> float:
    """Returns the nearness to the nearest, which counts as much as it was disliked; 0 if nothing is near."""
    near = alike(disliked.codes, code)
    return max([0.0, *(strength * value for strength, value in zip(disliked.strengths, near, strict=True))])
