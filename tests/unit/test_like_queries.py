"""Queries for papers like a given one, and the terms of its title that are offered for exclusion."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bot.rendering.language import query_in_words
from subscriptions import model
from subscriptions import query as grammar
from subscriptions.errors import QueryError
from subscriptions.matching import hits, ranking
from subscriptions.matching.paper_index import matching_papers
from subscriptions.query import advice, parse, rewriting
from tests.make import paper
from tests.unit.strategies import Known, papers

ID, OTHER = "2601.15529", "2601.15530"
WORDS: grammar.WordsOfPapers = (("swarm", 600), ("扩 散", 310), ("robot", 70), ("c++", 20))


def asking(text: str, words: grammar.WordsOfPapers = WORDS) -> grammar.Query:
    named = parse.papers_named_in(parse.parse_query(text))
    return parse.parse_query(text, grammar.FIELDS.knowing(dict.fromkeys(named, words)))


def ids(amount: int) -> str:
    return ",".join(f"2601.{number:05d}" for number in range(amount))


@pytest.mark.parametrize(
    ("typed", "column"),
    [
        (f"like:{ids(11)}", 6),
        (f"graph like:{ids(11)}", 12),
        (" OR ".join(f"like:2601.{number:05d}" for number in range(6)), 101),
    ],
)
def test_more_than_ten_papers_or_five_wishes_are_refused(typed: str, column: int) -> None:
    with pytest.raises(QueryError, match="at most 10 papers, and a query at most 5") as refused:
        parse.parse_query(typed)
    assert refused.value.column == column


@pytest.mark.parametrize(
    ("typed", "groups"),
    [
        (f"like:{ID},", 1),
        (f"like:{ids(10)}", 1),
        (f"like:{ids(3)},{ids(10)}", 1),
        (" OR ".join(f"like:2601.{number:05d}" for number in (1, 2, 3, 4, 5, 5, 1)), 5),
    ],
)
def test_as_many_are_taken(typed: str, groups: int) -> None:
    assert len(parse.papers_named_in(parse.parse_query(typed))) == groups


@pytest.mark.parametrize(
    ("typed", "canonical"),
    [
        (f"like:{ID}", f'like:"{ID} swarm:600 扩_散:310 robot:70 c++:20"'),
        (f"like:{OTHER},{ID} graphs", f'graph like:"{ID},{OTHER} swarm:600 扩_散:310 robot:70 c++:20"'),
        (f"graph -like:{ID}", f'graph -like:"{ID} swarm:600 扩_散:310 robot:70 c++:20"'),
    ],
)
def test_a_canonical_text_holds_the_words_and_is_read_again(typed: str, canonical: str) -> None:
    query = asking(typed)
    assert query.canonical == canonical
    again = parse.parse_canonical(canonical)
    assert (again.canonical, set(again.alternatives)) == (canonical, set(query.alternatives))
    assert set(parse.words_kept([canonical, "graph", 'source:"like:1"']).values()) == {WORDS}
    assert parse.asked_beside(typed, [canonical]).canonical == canonical


@pytest.mark.parametrize("typed", [f'like:"{ID} swarm:600"', f'like:"{ID} swarm"', f"like:({ID} swarm)"])
def test_nobody_types_the_words(typed: str) -> None:
    with pytest.raises(QueryError):
        parse.parse_query(typed)


@pytest.mark.parametrize(
    "canonical", [f'like:"{ID} swarm"', f'like:"{ID} swarm:0"', f'like:"{ID} :6"', f'like:"{ID} a:12345"']
)
def test_other_words_in_a_canonical_text_are_refused(canonical: str) -> None:
    with pytest.raises(QueryError):
        parse.parse_canonical(canonical)


@example([paper("", abstract="graph " + "graph" * 20)])  # the second word is longer than a query allows
@given(st.lists(papers, min_size=1, max_size=4))
def test_the_words_of_any_papers_are_kept_as_they_are(batch: list[model.Paper]) -> None:
    words = ranking.words_of_papers(
        map(ranking.words_of, batch[:2]), ranking.Rarity.among(map(ranking.words_of, batch))
    )
    query = asking(f"like:{ID}", words)
    assert [term.near for term in parse.parse_canonical(query.canonical).terms] == [words]
    assert abs(sum(weight for _, weight in words) - 1000) <= len(words) / 2 or not words  # each weight is rounded


def test_a_reading_names_the_papers_and_never_the_words() -> None:
    query = asking(f"like:{OTHER},{ID} graph -like:{OTHER}")
    assert query_in_words(query, str) == f"graph like:{ID},{OTHER} -like:{OTHER}"
    assert isinstance(leaf := parse.parse_canonical(asking(f"like:{ID}").canonical).tree, grammar.Leaf)
    assert parse.written_value(leaf) == ID


def test_a_query_is_changed_with_its_words() -> None:
    query = asking(f"like:{ID} swarm fish")
    assert rewriting.narrowed(query, "survey").canonical == asking(f"like:{ID} swarm fish -survey").canonical
    assert f'like:{ID} "swarm fish"' in {one.text for one in advice.variants(query)}


@pytest.mark.parametrize(("typed", "kind"), [(f"like:{ID}", None), ("swarm", "many")])
def test_a_nearest_query_is_not_called_too_wide(typed: str, kind: str | None) -> None:
    many = [model.Paper(key=str(number), title="Swarms") for number in range(30)]
    given = advice.advise(asking(typed), Known(many), days=1)
    assert (given.kind if given else None) == kind


SWARM = model.Paper(key="1", title="Swarms", abstract="In C++.")


@pytest.mark.parametrize(
    ("paper", "is_near"),
    [
        (SWARM, True),
        (
            model.Paper(key="1", title="A robot in C++"),
            False,
        ),  # its words have a weight of 90, and 100 (of 1,000) are needed
        (model.Paper(key="1", title="Robots", abstract="扩散"), True),
        (model.Paper(key="1", title="Robots", abstract="扩大散步"), False),
        (model.Paper(key="1", title="x", translations=(model.Translation(language="zh", title="扩散"),)), True),
        (model.Paper(key="1", title="Swarms", arxiv_id=ID), False),
        (model.Paper(key=OTHER, title="Swarms", arxiv_id=OTHER), True),
        (model.Paper(key="1", title="Swarms", doi="10.1234/ABC"), True),
    ],
)
def test_a_paper_is_near_by_a_tenth_of_the_weights(paper: model.Paper, is_near: bool) -> None:
    query = asking(f"like:{ID}")
    assert matching_papers(query, [paper]) == ((0,) if is_near else ())
    assert bool(hits.unfulfilled_parts(query, paper)) is not is_near


def test_a_paper_known_by_its_doi_is_not_near_to_itself() -> None:
    query = asking("like:10.1234/ABC")
    assert matching_papers(query, [model.Paper(key="1", title="Swarms", doi="10.1234/abc"), SWARM]) == (1,)


def test_without_known_words_nothing_is_near() -> None:
    assert matching_papers(parse.parse_query(f"like:{ID}"), [SWARM]) == ()
    assert matching_papers(parse.parse_query(f"swarm -like:{ID}"), [SWARM]) == (0,)


def test_a_hit_has_the_words_by_weight_and_marks_none() -> None:
    assert hits.why(asking(f"like:{ID}"), SWARM) == (hits.Hit(grammar.LIKE, ("swarms", "c++")),)
    assert hits.spans(asking(f"like:{ID}"), SWARM.title, grammar.TITLE) == ()


def test_words_are_taken_where_all_papers_are_there() -> None:
    given = [
        model.Paper(key=ID, title="Swarm robots", arxiv_id=ID),
        model.Paper(key="2", title="Swarm fish", doi="10.1234/abc"),
    ]
    others = [model.Paper(key=str(n), title=f"Fish {n}") for n in range(9)]
    found = ranking.PapersAtHand([*given, *others]).words([ID, f"10.1234/abc,{ID}", OTHER])
    assert set(found) == {ID, f"10.1234/abc,{ID}"}
    assert found[f"10.1234/abc,{ID}"][0][0] == "swarm", "which both have, and few others"


KNOWN = [
    "Video generation made easy",
    "A survey of video generation",
    "Gaussian splatting for all",
    "Fast Gaussian Splatting",
    "Zero-shot everything",
    "More zero shot things",
    "视频生成综述",
    "关于视频生成",
]


def offered(title: str, query: str, *others: str, most: int = 4) -> tuple[str, ...]:
    return ranking.distinctive_terms(title, parse.parse_query(query), others=others, known=[*KNOWN, title], most=most)


@pytest.mark.parametrize(
    ("title", "query", "expected"),
    [
        # phrases that other papers also use come first
        ("Diffusion for Swift Video Generation", "diffusion", ("Video Generation", "Swift")),
        ("Gaussian Splatting with Diffusion Priors", "diffusion", ("Gaussian Splatting", "Diffusion Priors")),
        # the query's own words, or parts of them, are not offered; phrases that contain them are
        ("Latent Diffusion Models", "diffusion models", ("Latent Diffusion",)),
        ("Diffusion", "diffusion", ()),
        ("Video Generation", '"video generation"', ()),
        ("Video Generation", "rlhf, video generation", ()),
        # compounds stay whole; words without much meaning neither begin nor end a phrase
        (
            "Zero-shot Text-to-Image by Low-Rank Tuning",
            "diffusion",
            ("Zero-shot", "Low-Rank", "Tuning", "Text-to-Image"),
        ),
        ("A Study of the Case for Large Models", "diffusion", ()),
        ("Learning in 2026", "diffusion", ()),
        # a phrase does not run across punctuation
        ("MyNet: Proteins, Folded", "diffusion", ("MyNet", "Proteins", "Folded")),
        ("", "diffusion", ()),
        ("$\\alpha$", "diffusion", ()),
        # in text without spaces between words, only known words are offered
        ("基于扩散的视频生成方法", "扩散", ("视频生成",)),
    ],
)
def test_words_that_distinguish_a_paper(title: str, query: str, expected: tuple[str, ...]) -> None:
    assert offered(title, query) == expected


def test_what_many_of_the_other_papers_have_comes_last() -> None:
    others = [f"Video generation number {n}" for n in range(5)]
    assert offered("Video Generation of Proteins", "diffusion") == ("Video Generation", "Proteins")
    assert offered("Video Generation of Proteins", "diffusion", *others) == ("Proteins", "Video Generation")


def test_no_word_is_offered_twice_and_no_more_than_are_wanted() -> None:
    title = "Tooling or not Tooling, that is Tooling; Walking, Running, Swimming, Flying"
    assert offered(title, "x", most=3) == ("Tooling", "Walking", "Running")


MARKED_WORDS = [
    "video", "Video-Generation", "Zero-shot", "$\\alpha$-GAN", "GPT-4", "C++", "of", "the", ":", ",", "Müller's", "扩散模型",
    "AND", "OR", "cs.LG", "2601.15529", '"quoted"', "(x)", "x_2", "don't", "日本語", "α", "*", "-x", "ti:x", "\\emph{y}",
]  # fmt: skip


@given(
    st.lists(st.sampled_from(MARKED_WORDS) | st.text(max_size=8), max_size=9).map(" ".join),
    st.sampled_from(["video", "gpt-4", "zero*", "扩散", "x OR y", 'ti:"video generation"']),
)
def test_what_is_offered_excludes_the_paper_it_stands_in(title: str, asked: str) -> None:
    query = parse.parse_query(asked)
    paper = model.Paper(key="1", title=title, abstract="video gpt-4 zero-shot 扩散 x y")
    for words in ranking.distinctive_terms(title, query, others=[], known=[title, title]):
        assert words in title
        less = rewriting.narrowed(query, rewriting.words_rule(words))
        assert not matching_papers(less, [paper])
        assert not any(alternative.positive & alternative.negative for alternative in less.alternatives)
