"""How well a paper fits a query, by words in the title and words near each other, and how much a chat likes it.

The score of taste is half the mean of the nearness to all that the chat liked, and half that to the three nearest of
them, less a quarter of the nearness to the nearest of what it disliked. The mean tells the field, the nearest tell one
of several interests. If a dislike counted as much as a like, readers who dislike papers at random would get a worse
order than without (bench.ordering).
"""

from collections.abc import Mapping, Sequence
from heapq import nlargest
from itertools import product
from typing import NamedTuple

from subscriptions.matching import fulfilment
from subscriptions.meaning import alike
from subscriptions.query import TITLE, Field, ValueKind
from subscriptions.query.tree import Query, Term

ELSEWHERE = 0.5  # points of a word outside the title; a word in the title has 1
NEAR = 0.2  # points if all words are side by side; fewer if they are apart
_FAR = 60  # with so many characters between them, the words get half of these points
_MOST_PLACES = 8  # places of a term in one text that are compared, so that finding the nearest ones is fast
DIGITS = 2  # scores are rounded, so that papers with nearly the same score are ordered by their days

# for each text: its field, and term -> (start, end) of its places
Places = Sequence[tuple[Field, Mapping[Term, Sequence[tuple[int, int]]]]]
Judged = Sequence[
    tuple[float, int]
]  # of each paper that a chat liked or disliked: how much, the code of the whole paper
NEAREST = 3  # liked papers that count as the nearest
AGAINST = 0.25  # how much the nearest disliked paper counts


def fit(query: Query, found: Places) -> float:
    """Returns how well a paper fits a query, from 0 to 1.2. `found`: where its texts have the words of the query."""
    wanted = wanted_words(query)
    if not wanted:
        return 0.0
    best: dict[Term, float] = {}
    for name, places in found:
        for term in places:
            best[term] = max(best.get(term, 0.0), 1.0 if name is TITLE else ELSEWHERE)
    words = sum(place for term, place in best.items() if term in wanted)
    near = max((_nearness(places, len(best)) for _, places in found), default=0.0)
    return round(words / len(wanted) + near, DIGITS)


def wanted_words(query: Query) -> set[Term]:
    """Returns the words and phrases that a query asks for."""
    terms = (part for one in query.alternatives for term in one.positive for part in fulfilment.simple_terms(term))
    return {term for term in terms if term.field.kind is ValueKind.WORDS}


def _nearness(places: Mapping[Term, Sequence[tuple[int, int]]], terms: int) -> float:
    """Returns the points for a text that has all terms near each other; 0 for a single term.

    `terms` is their number.
    """
    if terms < 2 or len(places) < terms:  # noqa: PLR2004 - only two can be apart
        return 0.0
    gap = min(_gap(some) for some in _combinations(places))
    return NEAR * _FAR / (_FAR + gap)


def _combinations(places: Mapping[Term, Sequence[tuple[int, int]]]) -> Sequence[Sequence[tuple[int, int]]]:
    """Returns combinations of one place for each term. For two terms, returns all combinations.

    For more terms, each place of the term with the fewest places is combined with the nearest place of each other term.
    """
    fewest, *others = sorted((list(found[:_MOST_PLACES]) for found in places.values()), key=len)
    if len(others) == 1:
        return list(product(fewest, others[0]))
    return [(one, *(min(other, key=lambda place: abs(place[0] - one[0])) for other in others)) for one in fewest]


def _gap(places: Sequence[tuple[int, int]]) -> int:
    """Returns how many characters lie between some places, not counting the places themselves."""
    reach = max(end for _, end in places) - min(start for start, _ in places)
    return max(0, reach - sum(end - start for start, end in places) - len(places) + 1)


class Taste(NamedTuple):
    """What a chat liked and disliked."""

    liked: Judged
    disliked: Judged = ()

    def __bool__(self) -> bool:
        """Returns whether anything is known of it."""
        return bool(self.liked or self.disliked)

    def score(self, codes: Sequence[int]) -> float:
        """Returns how much the chat likes a paper with these codes, from -1.25 to 1.25; 0 without codes."""
        if not codes:
            return 0.0
        against = max((strength * value for strength, value in _near(self.disliked, codes[0])), default=0.0)
        return _liking(self.liked, codes[0]) - AGAINST * max(against, 0.0)


def _liking(liked: Judged, code: int) -> float:
    near = _near(liked, code)
    if not near:
        return 0.0
    mean = sum(strength * value for strength, value in near) / sum(strength for strength, _ in near)
    nearest = nlargest(NEAREST, (value for _, value in near))
    return mean / 2 + sum(nearest) / len(nearest) / 2


def _near(judged: Judged, code: int) -> list[tuple[float, float]]:
    """Returns (how much, how near) for each paper that was judged."""
    near = alike([one for _, one in judged], code)
    return [(strength, value) for (strength, _), value in zip(judged, near, strict=True)]
