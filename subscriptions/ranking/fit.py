"""How well a paper fits a query: words in the title before others, rare words before common ones, all words near each other."""

from collections.abc import Mapping, Sequence
from itertools import product

from subscriptions.matching import simple_terms
from subscriptions.query import Query, Term
from subscriptions.query.fields import TITLE, Field, ValueKind
from subscriptions.ranking.rarity import Rarity

ELSEWHERE = 0.5  # the points of a word that is not in the title
NEAR = 0.2  # the points for all words side by side; the farther apart, the fewer
_FAR = 60  # characters between the words that halve these points
_DIGITS = 2  # papers that fit nearly equally come in the order of their days
_MOST_PLACES = 8  # of a term in one text: to look for the nearest ones stays quick

Places = Sequence[tuple[Field, Mapping[Term, Sequence[tuple[int, int]]]]]  # of each text: term -> (start, end) in it


def fit(query: Query, found: Places, rarity: Rarity) -> float:
    """Returns how well a paper fits, from 0 to 1.2. `found`: where its texts have the words that the query wants."""
    wanted = {term: _rarity_of(term, rarity) for term in wanted_words(query)}
    whole = sum(wanted.values())
    if not whole:
        return 0.0
    best: dict[Term, float] = {}
    for field, places in found:
        for term in places:
            best[term] = max(best.get(term, 0.0), 1.0 if field is TITLE else ELSEWHERE)
    words = sum(wanted.get(term, 0.0) * place for term, place in best.items())
    near = max((_nearness(places, len(best)) for _, places in found), default=0.0)
    return round(words / whole + near, _DIGITS)


def wanted_words(query: Query) -> set[Term]:
    """Returns the words and phrases that a query asks for."""
    terms = (part for one in query.alternatives for term in one.positive for part in simple_terms(term))
    return {term for term in terms if term.field.kind is ValueKind.WORDS}


def _rarity_of(term: Term, rarity: Rarity) -> float:
    """Returns the rarity of the rarest word of a phrase. A beginning of a word is as rare as a rare word."""
    return max(map(rarity.of, term.tokens), default=0.0) + 0.1


def _nearness(places: Mapping[Term, Sequence[tuple[int, int]]], terms: int) -> float:
    """Returns the points of a text for having all `terms` near each other; none for a single term."""
    if terms < 2 or len(places) < terms:  # noqa: PLR2004 - only two can be apart
        return 0.0
    gap = min(_gap(some) for some in _combinations(places))
    return NEAR * _FAR / (_FAR + gap)


def _combinations(places: Mapping[Term, Sequence[tuple[int, int]]]) -> Sequence[Sequence[tuple[int, int]]]:
    """Returns a place of each term; for each place of the rarest one, the places of the others that are nearest to it."""
    fewest, *others = sorted((list(found[:_MOST_PLACES]) for found in places.values()), key=len)
    if len(others) == 1:
        return list(product(fewest, others[0]))
    return [(one, *(min(other, key=lambda place: abs(place[0] - one[0])) for other in others)) for one in fewest]


def _gap(places: Sequence[tuple[int, int]]) -> int:
    """Returns how many characters are between some places, without their own."""
    reach = max(end for _, end in places) - min(start for start, _ in places)
    return max(0, reach - sum(end - start for start, end in places) - len(places) + 1)
