"""The explanation of a query can be typed: in every language it is the same query again."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.rendering.language import Language
from bot.rendering.query_text import query_in_words
from subscriptions.errors import QueryError
from subscriptions.query.parse import parse_query
from subscriptions.query.syntax import Query
from tests.unit.strategies import typed_texts

WORDS = re.split(
    " ",
    "graph Graphs few-shot GPT-4 C++ c# =RAG =Poincaré neuro* few-sho* 扩散 扩散模型 图* α-GAN \\varepsilon O'Connor don't "
    "cs.LG hep-th cs.* #cs.lg cs.AI+q-bio.NC 2601.15529 2601.15529v2 math/0309136 10.1234/abc AT&T rlhf,dpo foo:graph 3.1 "
    "and or not no without except 且 或 不含 不要 和 title author 标题 作者 AND, , ， NEAR/5 year:2024 a;b {x} {0} %s",
)
PHRASES = (
    "graph neural",
    "a, not b",
    "扩散 或 流",
    "OR",
    "不含 综述",
    "title:graph",
    "cs.LG",
    "x' y",
    "3.1 (beta)",
    "a|b",
)
VALUES = {
    "ti intitle Title abs summary tldr 标题 摘要 总结": ("graph", '"graph neural"', '="Deep Sets"', "trans*", "扩散", "not"),
    "author au 作者": ("Doe", '"Jane Doe"', '"Doe, Jane"', "schm*", "=Müller", '"J. Doe"', "何恺明", "O'Connor", "Kwo's"),
    "cat category 类别 分类 primary 主类别": ("cs.LG", "cs", "cs.*", "hep-th", "detection", '"machine learning"', "CS.cv", "cs.XX"),
    "id 编号": ("2601.15529", "arXiv:2601.15529v2", "hep-th/9901001", "nonsense", "https://arxiv.org/abs/2601.15529"),
    "doi": ("10.1234/abc", "10.1101/a(b)c", '"10.1234/a,b"', "https://doi.org/10.1234/x"),
    "source 来源": ("daily", '"Daily arXiv"', "每日"),
    "all 全部": ("graph", "cs.LG", '"Jane Doe"', "Müller's", "neuro*", "=x", "cs.*"),
}  # fmt: skip
in_fields = st.sampled_from(sorted(VALUES)).flatmap(
    lambda names: st.tuples(
        st.sampled_from(names.split()), st.sampled_from([":", "：", ": "]), st.sampled_from(VALUES[names])
    )
)
values = st.one_of(
    st.sampled_from(WORDS),
    st.sampled_from(PHRASES).map('"{}"'.format),
    in_fields.map("".join),
    st.tuples(st.sampled_from(WORDS), st.sampled_from(WORDS)).map(" ".join),
)
OPERATORS = (
    " ",
    " ",
    " AND ",
    " OR ",
    " | ",
    " & ",
    " -",
    " NOT ",
    " 且 ",
    " 或 ",
    " 不含 ",
    ", ",
    "，",
    ", not ",
    "，不含",
    ", but no ",
    "; ",
)
queries = st.recursive(
    values,
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from(OPERATORS), inner).map("".join),
        st.tuples(st.sampled_from(["", "-", "ti:", "author:", "作者："]), inner).map("{0[0]}({0[1]})".format),
        st.lists(inner, min_size=2, max_size=4).map(", ".join),
        inner.map("（{}）".format),
    ),
    max_leaves=8,
)


def understood(text: str) -> Query | None:
    try:
        return parse_query(text)
    except QueryError:
        return None


@pytest.mark.parametrize("language", ["en", "zh"])
@given(queries | typed_texts)
def test_the_words_of_a_reading_are_the_same_query_again(language: str, text: str) -> None:
    query = understood(text)
    if query is None:
        return
    said = query_in_words(query, Language(language, "UTC").translate)
    assert parse_query(said).canonical == query.canonical, said


LONG = (
    "ti:(" + "a b " * 240 + ")",
    "graph" + " x y" * 240,
    "author:(" + " ".join(f"name{n}" for n in range(100)) + ")",
    "-(" + " OR ".join(f"word{n}" for n in range(60)) + ") graph",
    " ".join(f"word{n}" for n in range(120)),
    "sand, " + ", ".join(f"reward model {n}" for n in range(50)),
    "a\n b" + " c-d" * 200,
)


@pytest.mark.parametrize("text", LONG)
@pytest.mark.parametrize("language", ["en", "zh"])
def test_so_are_those_of_a_long_query(language: str, text: str) -> None:
    query = parse_query(text)
    said = query_in_words(query, Language(language, "UTC").translate)
    assert parse_query(said).canonical == query.canonical
