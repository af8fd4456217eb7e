"""Advice about a query, and the parts of a query, as typed, that a paper does not match."""

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given

from subscriptions import query as grammar
from subscriptions.errors import QueryError
from subscriptions.matching import paper_index
from subscriptions.matching.hits import unfulfilled_parts
from subscriptions.model import Paper
from subscriptions.query import advice as advising
from subscriptions.query.parse import parse_query
from tests import make
from tests.unit.strategies import Known, typed_texts


def papers(*titles: str, category: str = "cs.LG", times: int = 1, **values: Any) -> list[Paper]:
    return [
        make.paper(title, category, abstract="A", sources=("daily",), **values)
        for title in titles
        for _ in range(times)
    ]


PHRASE = papers("Diffusion models", times=4) + papers("Models of heat diffusion", times=3)
CROSSED = papers("Graphs", times=4) + papers("Graphs", category="stat.ML", times=3)
CROSSED = [
    *CROSSED[:4],
    *(make.paper(p.title, "stat.ML", "cs.LG", abstract="A", sources=("daily",)) for p in CROSSED[4:]),
]
INITIALS = papers("A", authors=("Jane Doe",)) + papers("B", authors=("J. Doe",), times=2)
MANY = papers("Diffusion", times=4) + papers("Something", times=9, summaries=make.summary("by diffusion", "en"))
CHINESE = [
    make.paper("Diffusion", summaries=make.summary("扩散模型")),
    make.paper("Graphs", translations=make.translation(title="图")),
    make.paper("扩散"),
    make.paper("English only"),
]


def advice(query: str, known: Sequence[Paper], **more: Any) -> advising.Advice | None:
    return advising.advise(parse_query(query), Known(known), **{"days": 1, **more})


@pytest.mark.parametrize(
    ("query", "known", "kind", "text", "found"),
    [
        ("diffusion models", PHRASE, "phrase", '"diffusion models"', 4),
        ("diffusion models -survey", PHRASE, "phrase", '"diffusion models" -survey', 4),
        ("rag OR diffusion models", PHRASE, "phrase", 'rag OR "diffusion models"', 4),
        ("graphs cs.LG", CROSSED, "primary", "graphs primary:cs.LG", 4),
        ("cs.LG -cat:cs.CV", CROSSED, "primary", "primary:cs.LG -cat:cs.CV", 4),
        ('author:"Jane Doe"', INITIALS, "initials", 'author:"Jane Doe" OR author:"J. Doe"', 3),
        ("author:Doe, Jane", INITIALS, "initials", 'author:"Jane Doe" OR author:"J. Doe"', 3),
        ("diffusion", MANY, "titles", "ti:diffusion", 4),
        ("cs.LG", papers("Graphs", times=11), "many", "", 11),
    ],
)
def test_variants_with_far_fewer_or_more_papers_are_offered(
    query: str, known: list[Paper], kind: str, text: str, found: int
) -> None:
    given = advice(query, known)
    assert given is not None
    assert (given.kind, given.text, given.found) == (kind, text, found)


@pytest.mark.parametrize(
    ("query", "known", "more"),
    [
        ('"diffusion models"', PHRASE, {}),
        ("diffusion models", papers("Diffusion models", times=7), {}),
        (
            "diffusion models",
            papers("Diffusion models", "Models of heat diffusion"),
            {},
        ),  # to find only one paper fewer is not worth advice
        ("diffusion model*", PHRASE, {}),
        ("graphs cs.LG", CROSSED, {"crosslists": False}),
        ('author:"J. Doe"', INITIALS, {}),
        ("diffusion", MANY, {"days": 7}),
        ("diffusion models", [], {"days": 0}),
        ("nothing here", PHRASE, {}),
        ("source:DAILY diffusion", papers("Diffusion"), {}),
        ("summary:graphs OR diffusion", papers("Diffusion"), {}),  # another way to fit is enough
        ("cs.LG summary:x1", [], {}),  # before the first paper only the settings count
        ("扩散 OR diffusion", CHINESE, {}),
        ("扩散", CHINESE[:3], {}),
    ],
)
def test_a_query_that_is_fine_gets_no_advice(query: str, known: list[Paper], more: dict[str, Any]) -> None:
    assert advice(query, known, **more) is None


LANGUAGE = [
    make.paper(title, *categories, abstract="A", sources=("daily",))
    for title, *categories in [
        *[("Large language models reason", "cs.CL")] * 4,
        *[("Models of language in large corpora that reason", "cs.CL")] * 6,
        *[("Large language models reason", "cs.LG", "cs.CL")] * 2,
        *[("Models of large language that reason", "cs.LG", "cs.CL")] * 9,
    ]
]


@pytest.mark.parametrize(
    ("query", "text", "found"),
    [
        ("large language models", '"large language models"', 6),
        (
            "large language models cat:cs.CL -survey",
            '"large language models" cat:cs.CL -survey',
            6,
        ),  # this advice comes before that about cross-lists
        ("cs.CL large language models", 'cat:cs.CL "large language models"', 6),
        ("graphs OR (large language models cs.CL)", 'graphs OR "large language models" cat:cs.CL', 6),
        ("large language models corpora OR reason large language models", "", 0),
        # only some of the words are next to each other
        ("reason large language models", 'reason "large language models"', 6),
        ("large language models corpora abstract:a", "", 0),
        ('"large language models" reason', '"large language models reason"', 0),
    ],
)
def test_words_are_offered_as_a_phrase_that_finds_far_fewer(query: str, text: str, found: int) -> None:
    given = advice(query, LANGUAGE, days=7, crosslists=True)
    if not found:
        assert given is None or given.kind != "phrase"
        return
    assert given is not None
    assert (given.kind, given.text, given.found) == ("phrase", text, found)


@pytest.mark.parametrize(
    ("query", "kind", "text"),
    [
        ("author: Yann LeCun", "one-author", 'author:"Yann LeCun"'),
        ("author:Jane van", "", ""),  # no author has this name
        ("author:jane doe", "one-author", 'author:"jane doe"'),
        ("author:Jane Q Doe diffusion", "one-author", 'author:"Jane Q Doe" diffusion'),
        ("diffusion author:Yann LeCun -survey", "one-author", 'diffusion author:"Yann LeCun" -survey'),
        ("graphs OR author:Yann LeCun", "one-author", 'graphs OR author:"Yann LeCun"'),
        ("author:Doe GAN", "", ""),
        ("author:Doe diffusion", "", ""),
        ('author:"Jane Doe" Diffusion', "", ""),
        ("cat:machine learning", "named-category", "cat:cs.LG OR cat:stat.ML"),
        ('cat:"machine learning"', "named-category", "cat:cs.LG OR cat:stat.ML"),
        ("primary:Robotics grasping", "named-category", "primary:cs.RO grasping"),
        ("cat:computer vision diffusion", "named-category", "cat:cs.CV diffusion"),
        ("diffusion -cat:robotics", "named-category", "diffusion -cat:cs.RO"),
        ("cat:machine learning diffusion -survey", "named-category", "(cat:cs.LG OR cat:stat.ML) diffusion -survey"),
        ("类别：机器学习 扩散", "named-category", "(cat:cs.LG OR cat:stat.ML) 扩散"),
        ("分类：计算机视觉", "named-category", "cat:cs.CV"),
        ("cat:AI", "named-category", "cat:cs.AI"),
        ("cat:detection", "", ""),
        ("cat:cs.LG machine learning", "", ""),
    ],
)
def test_a_slip_is_mended(query: str, kind: str, text: str) -> None:
    known = [*papers("A", authors=("Jane Doe",)), *papers("B", authors=("J. Q. Roe",)), make.paper("扩散", "cs.LG")]
    given = advice(query, known)
    if kind:
        assert given is not None
        assert (given.kind, given.text) == (kind, text)
    else:
        assert given is None or given.kind not in ("one-author", "named-category")


def test_the_advice_with_most_effect_is_given() -> None:
    known = papers("Diffusion models", times=2) + papers("Models of diffusion", times=6)
    known += [make.paper("Models of diffusion", "stat.ML", "cs.LG", abstract="A") for _ in range(3)]
    given = advice("diffusion models cs.LG", known, days=7)
    assert given is not None
    assert (given.kind, given.found) == ("phrase", 2)


@pytest.mark.parametrize(
    ("query", "kind", "text"),
    [
        ("cs.LG", "category", ""),
        ("cs.LG diffusion", "category", "diffusion"),
        ("primary:cs.LG (diffusion OR graphs)", "category", "(diffusion OR graphs)"),
        ("author:Doe diffusion", "author", "diffusion"),
        ("summary:diffusion", "summary", "diffusion"),
        ("abs:diffusion", "abstract", "diffusion"),
        ("doi:10.1101/2026.01.22.123456", "doi", ""),
        ("source:other diffusion", "source", "diffusion"),
    ],
)
def test_advice_on_what_no_source_brings_comes_first(query: str, kind: str, text: str) -> None:
    known = [make.paper("Diffusion models", authors=(), sources=("daily", "weekly"))] * 3
    given = advice(query, known)
    assert given is not None
    assert (given.kind, given.text and parse_query(given.text).canonical) == (
        kind,
        text and parse_query(text).canonical,
    )
    assert given.names == (("daily", "weekly") if kind == "source" else ())


def test_before_the_first_paper_only_the_settings_count() -> None:
    assert advice("cs.LG", [], categorised=False) is not None


def test_a_query_in_chinese_needs_papers_with_chinese_text() -> None:
    given = advice("扩散 OR 图神经网络", CHINESE)
    assert given is not None
    assert (given.kind, given.found, given.of, given.text) == ("chinese", 3, 4, "")


def test_tokenized_papers_are_tokenized_once() -> None:
    tokenized = paper_index.TokenizedPapers.of(PHRASE[:5])
    longer = paper_index.TokenizedPapers.of(PHRASE[2:], tokenized)
    assert longer.tokenized[0] is tokenized.tokenized[2]
    changed = paper_index.TokenizedPapers.of([make.paper("Other", arxiv_id=PHRASE[0].arxiv_id)], tokenized)
    assert changed.tokenized[0] is not tokenized.tokenized[0]
    for text in ("diffusion models", '"diffusion models" OR -heat models', "ti:heat"):
        query = parse_query(text)
        assert longer.matching(query) == paper_index.matching_papers(query, longer.papers)


@given(typed_texts)
def test_no_query_is_too_odd_for_advice(text: str) -> None:
    try:
        query = parse_query(text)
    except QueryError:
        return
    given = advising.advise(query, Known([*PHRASE[:2], *INITIALS]), days=1)
    if given is not None and given.text:
        parse_query(given.text)


def shape(node: grammar.Node) -> str:
    match node:
        case grammar.Not():
            return f"-{shape(node.node)}"
        case grammar.And():
            return f"({' '.join(map(shape, node.nodes))})"
        case grammar.Or():
            return f"({'|'.join(map(shape, node.nodes))})"
    return node.words


@pytest.mark.parametrize(
    ("query", "fails"),
    [
        ("diffusion", []),
        ("diffusion graph", ["graph"]),
        ("graph trees", ["graph", "trees"]),
        ("diffusion -survey", ["-survey"]),
        ("diffusion (graph OR trees)", ["(graph|trees)"]),
        ("diffusion (graph OR survey)", []),
        ("diffusion -(survey models)", ["-(survey models)"]),
        ("graph OR trees", ["(graph|trees)"]),
    ],
)
def test_the_parts_that_are_not_fulfilled_are_as_typed(query: str, fails: list[str]) -> None:
    of = make.paper("A survey of diffusion models", translations=make.translation(title="扩散模型综述"))
    assert [shape(node) for node in unfulfilled_parts(parse_query(query), of)] == fails
