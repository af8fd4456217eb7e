"""What the program tells and offers about a query: explanations, exclusions, and papers like others."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from bot.rendering import queries_in_words
from subscriptions.errors import QueryError
from subscriptions.language import Language
from subscriptions.matching import paper_index
from subscriptions.model import Paper
from subscriptions.query import links, parse, rewriting, tree
from tests import tables
from tests.unit import strategies


def english(template: str) -> str:
    return template


@pytest.mark.parametrize(
    ("typed", "said"),
    tables.rows(r"""
        diffusion models -survey            → diffusion models -survey
        -survey Diffusion                   → Diffusion, not survey
        studies OR few-shot                 → studies OR few-shot  # shows words as typed, and never stems
        (a OR (-b -c)) d                    → (a OR (NOT b NOT c)) d
        graph -(survey OR review)           → graph, not (survey OR review)
        x -(a | -(b c))                     → x b c -a
        author:=Müller                      → author:=Müller
        graph cs.* -hep-th                  → graph category:cs.* -category:hep-th
        cs.AI+q-bio.NC                      → category:cs.AI OR category:q-bio.NC
        AT&T                                → "AT&T"
        H\"older                            → Hölder
        ti:-Survey graph                    → graph, not title:Survey
        {braces} {0}                        → "{braces}" "{0}"
    """),
)
def test_the_reading_says_how_a_query_was_understood(typed: str, said: str) -> None:
    assert queries_in_words.query_in_words(parse.parse_query(typed), english) == said


@pytest.mark.parametrize(
    ("typed", "said"),
    tables.rows("""
        ti:b c =f -(d OR "e                               → c =f 标题：b -（d 或 "e"）
        au:何恺明 abs:扩散 tldr:流                        → 作者：何恺明 摘要：扩散 总结：流
        cs.LG primary:cs -cat:cs.CV                       → 类别：cs.LG 主类别：cs.* -类别：cs.CV
        id:2601.15529 | doi:10.1/a | source:daily | all:x → 编号：2601.15529 或 doi:10.1/a 或 来源：daily 或 全部：x
    """),
)
def test_the_reading_speaks_the_language_of_the_chat(typed: str, said: str) -> None:
    assert queries_in_words.query_in_words(parse.parse_query(typed), Language("zh", "UTC").translate) == said


@pytest.mark.parametrize(
    ("text", "column", "line", "cell"),
    [
        *tables.rows("""
            -survey  → 1  → -survey  → 1
                     → 1  →          → 1
            扩散 ai* → 4  → 扩散 ai* → 6  # wide characters take two cells
        """),
        ("e\u0301e\u0301 )", "6", "e\u0301e\u0301 )", "4"),  # combining marks take none
        ("a\u200bb )", "5", "ab )", "4"),  # invisible characters do not count; they are removed
        ("\x1b[31m )", "7", "[31m )", "6"),
        ("हिन्दी )", "8", "हिन्दी )", str(cell_len("हिन्दी ") + 1)),
    ],
)
def test_the_caret_points_by_what_is_displayed(text: str, column: str, line: str, cell: str) -> None:
    assert queries_in_words.caret(text, int(column)) == (line, "^".rjust(int(cell)))


@pytest.mark.parametrize("column", [1, 5, 30, 59, 60, 61, 500, 970, 999, 1000, 1001])
@pytest.mark.parametrize("letter", ["x", "扩", "e\u0301", "🙂"])
def test_a_long_query_is_cut_around_the_caret(letter: str, column: int) -> None:
    text = (letter * 1000)[: column - 1] + "#" + (letter * 1000)[column:1000]
    line, below = queries_in_words.caret(text, column)
    assert cell_len(line) <= 60
    assert cell_len(line[: line.index("#")]) == len(below) - 1
    kept = line.strip("…")
    assert kept in text
    assert line.startswith("…") != text.startswith(kept)
    assert line.endswith("…") != text.endswith(kept)


WRITTEN = re.split(
    " ",
    "graph Graphs few-shot GPT-4 C++ c# =RAG =Poincaré neuro* few-sho* 扩散 扩散模型 图* α-GAN \\varepsilon O'Connor don't "
    "cs.LG hep-th cs.* #cs.lg cs.AI+q-bio.NC 2601.15529 2601.15529v2 math/0309136 10.1234/abc AT&T rlhf,dpo foo:graph 3.1 "
    "and or not no without except 且 或 不含 不要 和 title author 标题 作者 AND, , ， {x} {0} %s",
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
    st.sampled_from(WRITTEN),
    st.sampled_from(
        (
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
    ).map('"{}"'.format),
    in_fields.map("".join),
    st.tuples(st.sampled_from(WRITTEN), st.sampled_from(WRITTEN)).map(" ".join),
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


@pytest.mark.parametrize("lang", ["en", "zh"])
@given(queries | strategies.typed_texts)
def test_the_words_of_a_reading_are_the_same_query_again(lang: str, text: str) -> None:
    query = strategies.understood(text)
    if query is None:
        return
    said = queries_in_words.query_in_words(query, Language(lang, "UTC").translate)
    assert parse.parse_query(said).canonical == query.canonical, said


@pytest.mark.parametrize("rule", ['"video generation"', rewriting.author_rule("Jane Doe")])
@pytest.mark.parametrize(
    ("typed", "before"),  # what is typed, and what stands before the exclusion
    [
        *tables.rows("""
            diffusion                 → diffusion
            a OR b                    → (a OR b)
            ti:(a (b OR c             → ti:a (ti:b OR ti:c)
            rlhf, reward model, cs.LG → (rlhf OR "reward model" OR cat:cs.LG)
            author:Doe, Jane          → author:"Jane Doe"
            doi:10.1101/2026(01)2     → doi:10.1101/2026(01)2
        """),
        ("  diffusion  ", "diffusion"),
    ],
)
def test_an_exclusion_is_added_to_the_words_as_they_were_typed(typed: str, rule: str, before: str) -> None:
    assert rewriting.narrowed(parse.parse_query(typed), rule).text == f"{before} -{rule}"


RULES = [
    rewriting.words_rule("survey"), rewriting.words_rule("few shot"), rewriting.words_rule("graph"), rewriting.author_rule("Anna Müller"), rewriting.words_rule("大语言"),
    "cs.LG", "=RAG", "stud*", "id:2601.15529",
]  # fmt: skip


@given(strategies.queries, st.sampled_from(RULES), st.lists(strategies.papers, max_size=4))
def test_a_narrowed_query_finds_all_but_the_papers_of_the_rule(
    query: tree.Query, rule: str, batch: list[Paper]
) -> None:
    less = rewriting.narrowed(query, rule)
    excluded = set(paper_index.matching_papers(parse.parse_query(rule), batch))
    assert set(paper_index.matching_papers(less, batch)) == set(paper_index.matching_papers(query, batch)) - excluded
    assert parse.parse_query(less.text).canonical == less.canonical
    assert (
        less.canonical == parse.parse_canonical(f"({query.canonical}) -({parse.parse_query(rule).canonical})").canonical
    )


ID, OTHER = "2601.15529", "2601.15530"
OF_CHAT = 17


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
    ("typed", "canonical"),
    [
        (f"like:{ID}v2", f"like:{ID}"),
        (f"like:https://arxiv.org/abs/{OTHER},{ID} graphs", f"graph like:{ID},{OTHER}"),
        (f"graph -like:{ID}", f"graph -like:{ID}"),
        ("like:10.1234/ABC", "like:10.1234/abc"),
        ("like:library", "like:library/17"),
        (f"graph like:Library,{ID}", f"graph like:{ID},library/17"),
    ],
)
def test_a_canonical_text_has_the_papers_and_whose_library_it_is(typed: str, canonical: str) -> None:
    query = parse.parse_query(typed, OF_CHAT)
    assert query.canonical == canonical
    again = parse.parse_canonical(canonical)
    assert (again.canonical, set(again.alternatives)) == (canonical, set(query.alternatives))
    assert links.owned_by(5, canonical) == canonical.replace("library/17", "library/5")


def test_nobody_types_the_library_of_another_chat() -> None:
    with pytest.raises(QueryError, match="does not name a paper"):
        parse.parse_query("like:library/17")
    assert parse.parse_query('about:"library/17"').canonical == links.owned_by(5, 'about:"library/17"')


def test_a_reading_names_the_papers_and_never_the_owner() -> None:
    asked = parse.parse_query(f"like:{OTHER},{ID} graph -like:library", OF_CHAT)
    assert queries_in_words.query_in_words(asked, str) == f"graph like:{ID},{OTHER} -like:library"
    assert isinstance(leaf := parse.parse_query("like:library", OF_CHAT).tree, tree.Leaf)
    assert rewriting.written_value(leaf) == "library"
