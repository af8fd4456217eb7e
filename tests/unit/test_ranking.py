"""How well a paper matches a query, and how near it is to a taste."""

import pytest

from subscriptions.matching import hits, ranking
from subscriptions.model import Paper
from subscriptions.query import TEXT
from subscriptions.query.parse import parse_query

WORDS = ranking.Rarity.among([{"result", "loss", "graph", f"rare{number}"} for number in range(50)])
FILLER = "we show it in many places and say so again " * 4


def a_paper(title: str, abstract: str = "") -> Paper:
    return Paper(key=title, title=title, abstract=abstract)


def fits(query: str, paper: Paper) -> float:
    asked = parse_query(query)
    return ranking.fit(asked, hits.HitFinder(paper).places(asked), WORDS)


def text_of(paper: Paper) -> str:
    return hits.tokenize(paper).folded[TEXT]


@pytest.mark.parametrize(
    ("query", "better", "worse"),
    [
        # in the title, rather than in the abstract
        ("swarm", a_paper("Swarm", "x"), a_paper("x", "A swarm.")),
        ("swarm robot", a_paper("Swarm robot"), a_paper("Swarm", "A robot.")),
        ("swarm robot", a_paper("Swarm", "A robot."), a_paper("x", f"A swarm. {FILLER} A robot.")),
        # rare words, rather than common ones
        ("swarm OR result", a_paper("A swarm"), a_paper("A result")),
        ("swarm OR result", a_paper("x", "A swarm"), a_paper("x", "A result")),
        # all words, rather than some
        ("swarm OR robot", a_paper("A swarm and a robot"), a_paper("A swarm")),
        # words near each other, rather than far apart
        ("swarm robot", a_paper("x", "A swarm robot."), a_paper("x", f"A swarm. {FILLER} A robot.")),
        ("swarm robot", a_paper("x", "A swarm with robot."), a_paper("x", f"A swarm {FILLER[:60]} robot.")),
        ("swarm robot ant", a_paper("x", "ant swarm robot."), a_paper("x", f"ant. {FILLER} swarm robot.")),
        # every occurrence of a word counts, and not only the first one
        ("swarm robot", a_paper("x", f"swarm {FILLER} swarm robot"), a_paper("x", f"swarm {FILLER} {FILLER} robot")),
        # phrases, prefixes, Chinese
        ('"swarm robot" OR result', a_paper("A swarm robot"), a_paper("A result")),
        ("swarm*", a_paper("Swarming"), a_paper("x", "swarming")),
        ("扩散", a_paper("扩散模型"), a_paper("x", "扩散模型")),
    ],
)  # fmt: skip
def test_what_fits_better(query: str, better: Paper, worse: Paper) -> None:
    assert fits(query, better) > fits(query, worse) > 0


@pytest.mark.parametrize("query", ["cat:cs.LG", "author:Doe", "swarm", "swarm -robot"])
def test_without_words_in_the_text_the_fit_is_zero(query: str) -> None:
    assert fits(query, Paper(key="1", title="x robot", authors=("Jane Doe",), categories=("cs.LG",))) == 0


def test_a_fit_has_a_bound_however_long_the_text() -> None:
    assert 1 < fits("swarm robot", a_paper("swarm robot " * 50, "swarm robot " * 500)) <= 1.2
    assert fits("swarm robot ant bee wasp", a_paper("swarm ant bee robot wasp " * 100)) <= 1.2


def test_words_of_all_liked_papers_count_more_than_of_one() -> None:
    liked = [a_paper("Swarm of ants"), a_paper("Swarm of bees"), a_paper("Swarm of wasps")]
    taste = ranking.taste_of([(1.0, ranking.words_of(paper)) for paper in liked], WORDS)
    assert sum(taste.weights.values()) == pytest.approx(1)
    assert max(taste.weights, key=lambda word: taste.weights[word]) == "swarm"
    near = {title: ranking.nearness(taste, text_of(a_paper(title))) for title in ("A swarm", "An ant", "A result", "x")}
    assert near["A swarm"] > 2 * near["An ant"] > 0
    assert near["x"] == 0
    assert ranking.common_words(taste, text_of(a_paper("Ants in a swarm"))) == ("swarm", "ant")


def test_words_that_most_papers_have_say_nothing_of_a_taste() -> None:
    taste = ranking.taste_of([(1.0, ranking.words_of(a_paper("Swarm result loss")))], WORDS)
    assert taste.weights["swarm"] > 50 * taste.weights.get("result", 0.0)


def test_disliked_papers_count_against_what_is_like_them() -> None:
    swarm, survey = ranking.words_of(a_paper("Swarm robots")), ranking.words_of(a_paper("Survey of swarm"))
    taste = ranking.taste_of([(1.0, swarm), (-1.0, survey)], WORDS)
    assert (
        ranking.nearness(taste, text_of(a_paper("A survey"))) < 0 < ranking.nearness(taste, text_of(a_paper("A swarm")))
    )
    assert ranking.common_words(taste, text_of(a_paper("A survey"))) == ()


def test_stronger_signs_count_more() -> None:
    taste = ranking.taste_of(
        [(3.0, ranking.words_of(a_paper("Swarm"))), (1.0, ranking.words_of(a_paper("Reef")))], WORDS
    )
    assert ranking.nearness(taste, text_of(a_paper("Swarm"))) > ranking.nearness(taste, text_of(a_paper("Reef"))) > 0


def test_chinese_is_compared_by_pairs_of_signs() -> None:
    taste = ranking.taste_of([(1.0, ranking.words_of(a_paper("扩散模型")))], WORDS)
    assert ranking.nearness(taste, text_of(a_paper("基于扩散的方法"))) > 0
    assert ranking.nearness(taste, text_of(a_paper("散步"))) == 0


def test_without_signals_and_without_papers_there_is_no_taste() -> None:
    assert not ranking.taste_of([], WORDS)
    assert not ranking.taste_of([(1.0, ranking.words_of(a_paper("")))], WORDS)
    assert ranking.taste_of([(1.0, ranking.words_of(a_paper("Swarm")))], ranking.Rarity()).weights == {
        "swarm": pytest.approx(1)
    }


@pytest.mark.parametrize(
    ("liked", "disliked", "most"), [(2, 2, 20 + 20), (1, 2, 60 + 20), (3, 1, 20 + 60), (1, 1, 60 + 60)]
)
def test_a_taste_has_few_words_so_it_stays_small(liked: int, disliked: int, most: int) -> None:
    def with_words(beginning: str) -> Paper:
        return a_paper(" ".join(f"{beginning}{chr(97 + a)}{chr(97 + b)}" for a in range(9) for b in range(9)))

    judged = [(1.0, ranking.words_of(with_words(f"good{number}"))) for number in range(liked)]
    judged += [(-1.0, ranking.words_of(with_words(f"bad{number}"))) for number in range(disliked)]
    assert len(ranking.taste_of(judged, WORDS).weights) == most


def test_of_one_paper_shared_words_count_beside_unique_names() -> None:
    some_have = ranking.Rarity.among([{"swarm", "robot"} if number < 10 else {f"rare{number}"} for number in range(50)])
    alone = ranking.taste_of([(1.0, ranking.words_of(a_paper("Xyzzy: swarm robots")))], some_have)
    assert ranking.nearness(alone, text_of(a_paper("Robots of a swarm"))) > 0.35
    two = ranking.taste_of(
        [(1.0, ranking.words_of(a_paper(f"{name}: swarm robots"))) for name in ("Xyzzy", "Plugh")], some_have
    )
    assert ranking.nearness(two, text_of(a_paper("Robots of a swarm"))) > ranking.nearness(
        two, text_of(a_paper("Xyzzy"))
    )


def test_what_a_chat_likes_counts_more_than_the_fit() -> None:
    assert (
        ranking.score(0.5, 0.4)
        > ranking.score(1.0, 0.1)
        > ranking.score(1.0, 0.0)
        > ranking.score(0.5, 0.0)
        > ranking.score(1.2, -0.7)
    )


def test_the_same_signals_make_the_same_taste_in_any_order() -> None:
    judged = [(1.0, ranking.words_of(a_paper(f"Swarm {word}"))) for word in ("ant", "bee", "wasp", "fly")]
    assert ranking.taste_of(judged, WORDS).weights == pytest.approx(dict(ranking.taste_of(judged[::-1], WORDS).weights))
