"""Ranking: how well a paper matches a query, and how near it is to a taste."""

import pytest

from subscriptions.matching.reasons import HitFinder
from subscriptions.matching.similarity import Judged, Taste
from subscriptions.model import Paper
from subscriptions.query.parse import parse_query
from tests import tables

FILLER = "we show it in many places and say so again " * 4


def a_paper(title: str, abstract: str = "") -> Paper:
    return Paper(key=title, title=title, abstract=abstract)


def written(text: str) -> list[str]:
    """Returns title and abstract of a paper, written with " / " between them.

    An ellipsis is a long text, "‥" a short one.
    """
    return text.replace("…", FILLER).replace("‥", FILLER[:60]).split(" / ")


def fits(query: str, paper: Paper) -> float:
    return HitFinder(paper).fit(parse_query(query))


@pytest.mark.parametrize(
    ("query", "better", "worse"),
    tables.rows("""
        # in the title, rather than in the abstract
        swarm                   → Swarm / x               → x / A swarm.
        swarm robot             → Swarm robot             → Swarm / A robot.
        swarm robot             → Swarm / A robot.        → x / A swarm. … A robot.
        # all words, rather than some
        swarm OR robot          → A swarm and a robot     → A swarm
        # words near each other, rather than far apart
        swarm robot             → x / A swarm robot.      → x / A swarm. … A robot.
        swarm robot             → x / A swarm with robot. → x / A swarm ‥ robot.
        swarm robot ant         → x / ant swarm robot.    → x / ant. … swarm robot.
        # every occurrence of a word counts, and not only the first one
        swarm robot             → x / swarm … swarm robot → x / swarm … … robot
        # phrases, prefixes, Chinese
        "swarm robot"           → A swarm robot           → x / A swarm robot
        swarm*                  → Swarming                → x / swarming
        扩散                    → 扩散模型                → x / 扩散模型
    """),
)
def test_what_fits_better(query: str, better: str, worse: str) -> None:
    assert fits(query, a_paper(*written(better))) > fits(query, a_paper(*written(worse))) > 0


def code(*ones: int) -> int:
    """Returns a code in which the bits of these eighths are set.

    Codes that differ in one eighth have the cosine 0.75.
    """
    return sum(((1 << 64) - 1) << 64 * one for one in ones)


def judged(*codes: int, strengths: tuple[float, ...] = (1.0, 1.0, 1.0, 1.0)) -> Judged:
    return tuple(zip(strengths, codes, strict=False))


SWARM, REEF = code(0, 1, 2, 3), code(4, 5, 6, 7)  # the opposite of each other


@pytest.mark.parametrize(
    ("taste", "paper", "score"),
    [
        (Taste(judged(SWARM)), SWARM, 1.0),
        (Taste(judged(SWARM)), code(0, 1, 2, 3, 4), 0.75),
        (Taste(judged(SWARM, SWARM, SWARM, REEF)), SWARM, 0.5 / 2 + 1 / 2),  # the mean, and the three nearest
        (Taste(judged(SWARM, SWARM, SWARM, REEF)), REEF, -0.5 / 2 + (1 - 1 - 1) / 3 / 2),
        (
            Taste(judged(SWARM, REEF, strengths=(3.0, 1.0))),
            SWARM,
            0.5 / 2,
        ),  # a like counts more than an opened card
        (Taste(judged(SWARM), judged(SWARM)), SWARM, 0.75),
        (Taste((), judged(SWARM, REEF)), SWARM, -0.25),  # the nearest dislike
        (Taste((), judged(SWARM, strengths=(0.5,))), SWARM, -0.125),
    ],
)
def test_a_taste_counts_the_mean_the_nearest_and_the_nearest_dislike(taste: Taste, paper: int, score: float) -> None:
    assert taste.score((paper,)) == pytest.approx(score)
    assert taste.score(()) == 0
