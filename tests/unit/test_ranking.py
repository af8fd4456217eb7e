"""Ranking: how well a paper matches a query, and how near it is to a taste."""

import pytest
from subscriptions.matching.word_weights import Rarity, words_of

from subscriptions import query as grammar
from subscriptions.matching import hits, profiles, reasons
from subscriptions.matching.fit import fit
from subscriptions.model import Paper
from subscriptions.query.parse import parse_query
from tests import tables

WORDS = Rarity.among([{"result", "loss", "graph", f"rare{number}"} for number in range(50)])
FILLER = "we show it in many places and say so again " * 4


def a_paper(title: str, abstract: str = "") -> Paper:
    return Paper(key=title, title=title, abstract=abstract)


def written(text: str) -> list[str]:
    """Returns title and abstract of a paper, written with " / " between them. An ellipsis is a long text, "‥" a short one."""
    return text.replace("…", FILLER).replace("‥", FILLER[:60]).split(" / ")


def fits(query: str, paper: Paper) -> float:
    asked = parse_query(query)
    return fit(asked, reasons.HitFinder(paper).places(asked), WORDS)


def text_of(paper: Paper) -> str:
    return hits.tokenize(paper).folded[grammar.TEXT]


@pytest.mark.parametrize(
    ("query", "better", "worse"),
    tables.rows("""
        # in the title, rather than in the abstract
        swarm                   → Swarm / x               → x / A swarm.
        swarm robot             → Swarm robot             → Swarm / A robot.
        swarm robot             → Swarm / A robot.        → x / A swarm. … A robot.
        # rare words, rather than common ones
        swarm OR result         → A swarm                 → A result
        swarm OR result         → x / A swarm             → x / A result
        # all words, rather than some
        swarm OR robot          → A swarm and a robot     → A swarm
        # words near each other, rather than far apart
        swarm robot             → x / A swarm robot.      → x / A swarm. … A robot.
        swarm robot             → x / A swarm with robot. → x / A swarm ‥ robot.
        swarm robot ant         → x / ant swarm robot.    → x / ant. … swarm robot.
        # every occurrence of a word counts, and not only the first one
        swarm robot             → x / swarm … swarm robot → x / swarm … … robot
        # phrases, prefixes, Chinese
        "swarm robot" OR result → A swarm robot           → A result
        swarm*                  → Swarming                → x / swarming
        扩散                    → 扩散模型                → x / 扩散模型
    """),
)
def test_what_fits_better(query: str, better: str, worse: str) -> None:
    assert fits(query, a_paper(*written(better))) > fits(query, a_paper(*written(worse))) > 0


@pytest.mark.parametrize("query", ["cat:cs.LG", "author:Doe", "swarm", "swarm -robot"])
def test_without_words_in_the_text_the_fit_is_zero(query: str) -> None:
    assert fits(query, Paper(key="1", title="x robot", authors=("Jane Doe",), categories=("cs.LG",))) == 0


def test_a_fit_has_a_bound_however_long_the_text() -> None:
    assert 1 < fits("swarm robot", a_paper("swarm robot " * 50, "swarm robot " * 500)) <= 1.2
    assert fits("swarm robot ant bee wasp", a_paper("swarm ant bee robot wasp " * 100)) <= 1.2


def test_words_of_all_liked_papers_count_more_than_of_one() -> None:
    liked = [a_paper("Swarm of ants"), a_paper("Swarm of bees"), a_paper("Swarm of wasps")]
    taste = profiles.profile_of([(1.0, words_of(paper)) for paper in liked], WORDS)
    assert sum(taste.weights.values()) == pytest.approx(1)
    assert max(taste.weights, key=lambda word: taste.weights[word]) == "swarm"
    near = {
        title: profiles.nearness(taste, text_of(a_paper(title))) for title in ("A swarm", "An ant", "A result", "x")
    }
    assert near["A swarm"] > 2 * near["An ant"] > 0
    assert near["x"] == 0
    assert profiles.common_words(taste, text_of(a_paper("Ants in a swarm"))) == ("swarm", "ant")


def test_words_that_most_papers_have_say_nothing_of_a_taste() -> None:
    taste = profiles.profile_of([(1.0, words_of(a_paper("Swarm result loss")))], WORDS)
    assert taste.weights["swarm"] > 50 * taste.weights.get("result", 0.0)


def test_disliked_papers_count_against_what_is_like_them() -> None:
    swarm, survey = words_of(a_paper("Swarm robots")), words_of(a_paper("Survey of swarm"))
    taste = profiles.profile_of([(1.0, swarm), (-1.0, survey)], WORDS)
    assert (
        profiles.nearness(taste, text_of(a_paper("A survey")))
        < 0
        < profiles.nearness(taste, text_of(a_paper("A swarm")))
    )
    assert profiles.common_words(taste, text_of(a_paper("A survey"))) == ()


def test_stronger_signs_count_more() -> None:
    taste = profiles.profile_of([(3.0, words_of(a_paper("Swarm"))), (1.0, words_of(a_paper("Reef")))], WORDS)
    assert profiles.nearness(taste, text_of(a_paper("Swarm"))) > profiles.nearness(taste, text_of(a_paper("Reef"))) > 0


def test_chinese_is_compared_by_pairs_of_signs() -> None:
    taste = profiles.profile_of([(1.0, words_of(a_paper("扩散模型")))], WORDS)
    assert profiles.nearness(taste, text_of(a_paper("基于扩散的方法"))) > 0
    assert profiles.nearness(taste, text_of(a_paper("散步"))) == 0


def test_without_signals_and_without_papers_there_is_no_taste() -> None:
    assert not profiles.profile_of([], WORDS)
    assert not profiles.profile_of([(1.0, words_of(a_paper("")))], WORDS)
    assert profiles.profile_of([(1.0, words_of(a_paper("Swarm")))], Rarity()).weights == {"swarm": pytest.approx(1)}


@pytest.mark.parametrize(
    ("liked", "disliked", "most"), [(2, 2, 20 + 20), (1, 2, 60 + 20), (3, 1, 20 + 60), (1, 1, 60 + 60)]
)
def test_a_taste_has_few_words_so_it_stays_small(liked: int, disliked: int, most: int) -> None:
    def with_words(beginning: str) -> Paper:
        return a_paper(" ".join(f"{beginning}{chr(97 + a)}{chr(97 + b)}" for a in range(9) for b in range(9)))

    judged = [(1.0, words_of(with_words(f"good{number}"))) for number in range(liked)]
    judged += [(-1.0, words_of(with_words(f"bad{number}"))) for number in range(disliked)]
    assert len(profiles.profile_of(judged, WORDS).weights) == most


def test_of_one_paper_shared_words_count_beside_unique_names() -> None:
    some_have = Rarity.among([{"swarm", "robot"} if number < 10 else {f"rare{number}"} for number in range(50)])
    alone = profiles.profile_of([(1.0, words_of(a_paper("Xyzzy: swarm robots")))], some_have)
    assert profiles.nearness(alone, text_of(a_paper("Robots of a swarm"))) > 0.35
    two = profiles.profile_of(
        [(1.0, words_of(a_paper(f"{name}: swarm robots"))) for name in ("Xyzzy", "Plugh")], some_have
    )
    assert profiles.nearness(two, text_of(a_paper("Robots of a swarm"))) > profiles.nearness(
        two, text_of(a_paper("Xyzzy"))
    )


def test_the_same_signals_make_the_same_taste_in_any_order() -> None:
    judged = [(1.0, words_of(a_paper(f"Swarm {word}"))) for word in ("ant", "bee", "wasp", "fly")]
    assert profiles.profile_of(judged, WORDS).weights == pytest.approx(
        dict(profiles.profile_of(judged[::-1], WORDS).weights)
    )
