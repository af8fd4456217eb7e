"""The explanation of a query: how it is read, in words that can be typed again; the hints; the caret."""

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from bot.rendering import language
from bot.rendering.language import Language, query_in_words
from subscriptions.errors import QueryError
from subscriptions.query import Query
from subscriptions.query.parse import parse_query
from tests.unit.strategies import typed_texts


def english(template: str) -> str:
    return template


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("diffusion models -survey", "diffusion models -survey"),
        ("-survey Diffusion", "Diffusion, not survey"),
        ('"graph neural', '"graph neural"'),
        ("studies OR few-shot", "studies OR few-shot"),  # shows words as typed, and never stems
        ("a b OR c", "(a b) OR c"),
        ("(a OR b) c", "(a OR b) c"),
        ("(a OR -b) c", "(a OR NOT b) c"),
        ("a b -c -d", "a b -c -d"),
        ("a b -c | d", "(a b -c) OR d"),
        ("(a OR (-b -c)) d", "(a OR (NOT b NOT c)) d"),
        ("graph -(survey review)", "graph, not (survey review)"),
        ("graph -(survey OR review)", "graph, not (survey OR review)"),
        ("x -(a | -(b c))", "x b c -a"),
        ("-(-x)", "x"),
        ("graph GRAPH graphs", "graph"),
        ("author:Jane Doe", "Doe author:Jane"),
        ('author:Jane "deep learning"', '"deep learning" author:Jane'),
        ("ti:graph attention", "attention title:graph"),
        ("attention ti:graph", "attention title:graph"),
        ("ti:graph attention neural", "attention neural title:graph"),
        ('author:"Jane Doe"', 'author:"Jane Doe"'),
        ("author:Doe, Jane", 'author:"Jane Doe"'),
        ("author:(jane doe)", "author:jane author:doe"),
        ("author:=Müller", "author:=Müller"),
        ("abs:study", "abstract:study"),
        ('tldr:"many layers"', 'summary:"many layers"'),
        ("all:graph x", "x all:graph"),
        ("cs.lg", "category:cs.LG"),
        ("graph cs.* -hep-th", "graph category:cs.* -category:hep-th"),
        ("cs.AI+q-bio.NC", "category:cs.AI OR category:q-bio.NC"),
        ("primary:CS.lg", "primary:cs.LG"),
        ("primary:cs", "primary:cs.*"),
        ("cat:detection", "category:detection"),
        ("2601.15529", "2601.15529"),
        ("https://arxiv.org/abs/2601.15529v2", "id:2601.15529"),
        ("doi:10.1101/ABC.5", "doi:10.1101/abc.5"),
        ("source:Daily", "source:Daily"),
        ('source:"Daily arXiv"', 'source:"Daily arXiv"'),
        ("=RAG", "=RAG"),
        ('ti:="Rag doll"', 'title:="Rag doll"'),
        ("neuro* few-sho*", "neuro* few-sho*"),
        ("author:schm*", "author:schm*"),
        ("rlhf, dpo, reward mod*", "rlhf OR dpo OR reward-mod*"),
        ("AT&T", '"AT&T"'),
        ("rlhf,dpo", '"rlhf,dpo"'),
        ("foo:graph", '"foo:graph"'),
        ("BERT: graph!", "BERT graph"),
        (r"H\"older", "Hölder"),
        ("GPT -4", "GPT, not 4"),
        ("扩散模型 –综述", "扩散模型, not 综述"),
        ("ti:%22quantum+dots%22+AND+cat:cs.LG", 'title:"quantum dots" category:cs.LG'),
        ("Graphs Studies", "Graphs Studies"),
        ("rlhf, dpo, reward model", 'rlhf OR dpo OR "reward model"'),
        ('H\\"{o}lder \\c{c}a', "Hölder ça"),
        ("cs.ai", "category:cs.AI"),
        ("ti:-Survey graph", "graph, not title:Survey"),
        ("foo: Graph", "foo Graph"),
        ("{braces} {0}", '"{braces}" "{0}"'),
    ],
)
def test_the_reading_says_how_a_query_was_understood(typed: str, said: str) -> None:
    assert language.query_in_words(parse_query(typed), english) == said


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("diffusion models -survey", "diffusion models -survey"),
        ("扩散模型 -综述", "扩散模型，不含 综述"),
        ('ti:b c =f -(d OR "e', 'c =f 标题：b -（d 或 "e"）'),
        ("(a OR -b) c", "（a 或 不含 b） c"),
        ("au:何恺明 abs:扩散 tldr:流", "作者：何恺明 摘要：扩散 总结：流"),
        ("cs.LG primary:cs -cat:cs.CV", "类别：cs.LG 主类别：cs.* -类别：cs.CV"),
        (
            "id:2601.15529 | doi:10.1/a | source:daily | all:x",
            "编号：2601.15529 或 doi:10.1/a 或 来源：daily 或 全部：x",
        ),
    ],
)
def test_the_reading_speaks_the_language_of_the_chat(typed: str, said: str) -> None:
    assert language.query_in_words(parse_query(typed), Language("zh", "UTC").translate) == said


def test_hints_speak_the_language_of_the_chat() -> None:
    assert language.explain('"e', Language("zh", "UTC").translate)["hints"] == ["已补上引号。"]


def test_explain_is_one_document() -> None:
    assert language.explain('author:Jane "deep', english) == {
        "query": 'author:Jane "deep',
        "text": 'author:Jane "deep',
        "canonical": "author:jane deep",
        "words": '"deep" author:Jane',
        "hints": ["I closed the quotation mark."],
        "error": None,
    }
    assert language.explain("-survey", english) == {
        "query": "-survey",
        "text": "-survey",
        "canonical": None,
        "words": None,
        "hints": [],
        "error": {
            "column": 1,
            "message": "This only excludes. Say what you want, too.",
            "hint": "For example: diffusion -survey",
        },
    }
    json.dumps(language.explain("\ud800 =扩散", english))


@pytest.mark.parametrize(
    ("text", "column", "lines"),
    [
        ("-survey", 1, ("-survey", "^")),
        ("graph )", 7, ("graph )", "      ^")),
        ("", 1, ("", "^")),
        ("ti:", 4, ("ti:", "   ^")),
        ("ti:", 99, ("ti:", "   ^")),
        ("扩散 ai*", 4, ("扩散 ai*", "     ^")),  # wide characters take two cells
        ("ｔｉ： x", 4, ("ｔｉ： x", "      ^")),
        ("e\u0301e\u0301 )", 6, ("e\u0301e\u0301 )", "   ^")),  # combining marks take none
        ("a\u200bb )", 5, ("ab )", "   ^")),  # invisible characters do not count; they are removed
        ("a\tb\nc )", 7, ("a b c )", "      ^")),
        ("\x1b[31m )", 7, ("[31m )", "     ^")),
        ("हिन्दी )", 8, ("हिन्दी )", " " * cell_len("हिन्दी ") + "^")),
    ],
)
def test_the_caret_points_by_what_is_displayed(text: str, column: int, lines: tuple[str, str]) -> None:
    assert language.caret(text, column) == lines


@pytest.mark.parametrize("column", [1, 5, 30, 59, 60, 61, 500, 970, 999, 1000, 1001])
@pytest.mark.parametrize("letter", ["x", "扩", "e\u0301", "🙂"])
def test_a_long_query_is_cut_around_the_caret(letter: str, column: int) -> None:
    text = (letter * 1000)[: column - 1] + "#" + (letter * 1000)[column:1000]
    line, below = language.caret(text, column)
    assert cell_len(line) <= 60
    assert cell_len(line[: line.index("#")]) == len(below) - 1
    kept = line.strip("…")
    assert kept in text
    assert line.startswith("…") != text.startswith(kept)
    assert line.endswith("…") != text.endswith(kept)


def test_a_query_that_is_too_long_shows_its_end() -> None:
    line, below = language.caret("x" * 1500, 1001)
    assert line.startswith("…xxx")
    assert line.endswith("xxx…")
    assert below.endswith("^")


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
