"""The terms of a title that are offered for exclusion: topics that other papers share, and no terms of the query."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from subscriptions.matching.features import distinctive_terms
from subscriptions.matching.paper_index import matching_papers
from subscriptions.model import Paper
from subscriptions.query.parse import parse_query
from subscriptions.query.rewriting import narrowed, words_rule

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
    return distinctive_terms(title, parse_query(query), others=others, known=[*KNOWN, title], most=most)


@pytest.mark.parametrize(
    ("title", "query", "expected"),
    [
        # phrases that other papers write, too, come first
        ("Diffusion for Swift Video Generation", "diffusion", ("Video Generation", "Swift")),
        ("Gaussian Splatting with Diffusion Priors", "diffusion", ("Gaussian Splatting", "Diffusion Priors")),
        # what is asked for, or is a part of it, is not offered; what holds it is
        ("Latent Diffusion Models", "diffusion models", ("Latent Diffusion",)),
        ("Diffusion", "diffusion", ()),
        ("Video Generation", '"video generation"', ()),
        ("Video Generation", "rlhf, video generation", ()),
        # compounds stay whole, and words that say nothing neither begin nor end a phrase
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
        # without spaces between words only known ones are offered
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


WORDS = [
    "video", "Video-Generation", "Zero-shot", "$\\alpha$-GAN", "GPT-4", "C++", "of", "the", ":", ",", "Müller's", "扩散模型",
    "AND", "OR", "cs.LG", "2601.15529", '"quoted"', "(x)", "x_2", "don't", "日本語", "α", "*", "-x", "ti:x", "\\emph{y}",
]  # fmt: skip


@given(
    st.lists(st.sampled_from(WORDS) | st.text(max_size=8), max_size=9).map(" ".join),
    st.sampled_from(["video", "gpt-4", "zero*", "扩散", "x OR y", 'ti:"video generation"']),
)
def test_what_is_offered_excludes_the_paper_it_stands_in(title: str, asked: str) -> None:
    query = parse_query(asked)
    paper = Paper(key="1", title=title, abstract="video gpt-4 zero-shot 扩散 x y")
    for words in distinctive_terms(title, query, others=[], known=[title, title]):
        assert words in title
        less = narrowed(query, words_rule(words))
        assert not matching_papers(less, [paper])
        assert not any(alternative.positive & alternative.negative for alternative in less.alternatives)
