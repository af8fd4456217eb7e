"""The fast reader of queries is compared with the full one: it returns the same, or nothing."""

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from subscriptions import portable
from subscriptions.errors import QueryError
from subscriptions.portable import KeptText
from subscriptions.query import FIELDS, Query, Term
from subscriptions.query.parse import parse_query
from subscriptions.query.quick import read_quickly
from tests.unit.strategies import TYPED

Clauses = set[tuple[frozenset[Term], frozenset[Term]]]


def careful(text: str) -> tuple[str, Clauses]:
    query: Query = parse_query(text)
    return query.canonical, {(one.positive, one.negative) for one in query.alternatives}


def quick(text: str) -> tuple[str, Clauses] | None:
    query = read_quickly(text)
    if query is None:
        return None
    clauses = {
        (
            frozenset(piece.term for piece in pieces if not piece.excluded),
            frozenset(piece.term for piece in pieces if piece.excluded),
        )
        for pieces in query.alternatives
    }
    return query.canonical, clauses


@pytest.mark.parametrize(
    "text",
    [
        "diffusion",
        "graphs neural networks",
        "diffusion -survey",
        '"graph neural networks" -"a survey"',
        "few-shot stud*",
        "ti:diffusion abs:video cat:cs.LG",
        'ti:"graph neural" author:"Jane O\'Connor"',
        "=RAG",
        "cs.LG -cs.CV",
        "2601.15529",
        "rlhf OR dpo OR rlhf -survey",
        "a | b",
        "扩散 模型 或 大语言模型",
        "Müller ñandú α",
        "graph graph GRAPH graphs",
        "  blanks \t and\u3000more ",
        "graph -graph",
        "(a OR b) c",
        '-x "few shot" (rlhf | dpo ppo -gym OR dpo) cat:cs.LG',
        "(a OR b)",
        "(b OR a) -c",
        "a (a OR b)",
        "zebra (dog OR cat) ant",
    ],
)
def test_what_most_people_type_is_read_quickly(text: str) -> None:
    assert quick(text) == careful(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "   ",
        "-survey",
        "a OR -b",
        "OR a",
        "a OR",
        "a OR OR b",
        "-(a OR b) c",
        "(a OR b)c",
        "a(b OR c)",
        "(a) b",
        "(a b OR b a) c",
        "((a OR b) c) d",
        "(a OR b) (c OR d)",
        "(a OR b) OR c",
        "(a OR -b) c",
        "(a OR b",
        '"x (a OR b) y"',
        "ti:(a OR b) c",
        "() a",
        "（a OR b） c",
        "rlhf, dpo",
        "a, not b",
        "ti: diffusion",
        "ti:NOT attention graph",
        "title:NOT graph",
        "abs:AND graph",
        "graph -summary:ANDNOT x",
        "ti:OR | a",
        "标题:不含 图",
        "foo:bar baz",
        "doi:10.1234/abc x",
        "https://arxiv.org/abs/2601.15529",
        "arxiv: 2601.15529",
        "a AND b",
        "NOT a b",
        "a & b",
        '"open',
        'a"b c"',
        '""',
        "a; b",
        "a * b",
        "st*",
        "author:J.",
        "search_query=ti:x",
        "%22a%22",
        'H\\"older',
        "cs.LG+cs.CV",
        "word " * 201,
        " OR ".join(f"w{number}" for number in range(65)),
    ],
)
def test_all_else_is_for_the_careful_reader(text: str) -> None:
    assert quick(text) is None


PIECES = st.sampled_from(
    [
        *TYPED.split(),
        *["and", "or", "not", "no", "AND", "OR", "NOT", "ANDNOT", "&", "|", "且", "或", "不含", ",", ";", ":", "-", "--", "!", "*", "**", "=", '""', "()", "(", ")", "(a", "b)", "(a OR b)", "(graph | dog) x", "a,", "b;", "-cat:cs.LG", '-"a', 'b"', "--a", "-=RAG"],
        *['="RAG"', "ti:=RAG", "ti:stud*", "-ti:x", "TI:x", "ti:ti:x", "ti:-x", "cat:cs", "cat:foo", "cat:cs.*", "cs.LG+cs.CV", "cs.*", "cs.", "3.1", "1e3", "x.y."],
        *["author:J.", 'author:"J.', 'Doe"', "author:d*", "author:=Doe", "all:cs.LG", "all:graph", "id:2601.15529v2", "source:daily", "doi:x", "ｄｉｆｆ", "ﬁ", "ß"],
        '"graph neural"', '"graph-neural"', 'ti:"a b c"', '" "', '"a, b"', "a\u0301", "\u200bgraph", "it\u2019s", "a_b", "C++", "c#",
    ]
)  # fmt: skip


OPERATORS = ["AND", "OR", "NOT", "ANDNOT", "&", "|", "且", "或", "不含"]
FIELD_BEFORE_OPERATOR = st.builds(
    "".join,
    st.tuples(
        st.sampled_from(["", "", "-", "!", "="]),
        st.sampled_from([*FIELDS.by_name, *map(str.upper, FIELDS.by_name), "co", "foo"]),
        st.sampled_from([":", ":", ":", ":=", ":-", ": ", ':"']),
        st.sampled_from([*OPERATORS, *map(str.lower, OPERATORS[:4])]),
        st.sampled_from(["", "", "*", '"', ":x"]),
    ),
)


CHOICES = st.lists(PIECES | st.just("OR"), min_size=1, max_size=6).map(lambda parts: f"({' '.join(parts)})")


@given(
    st.lists(
        st.tuples(
            PIECES | CHOICES | FIELD_BEFORE_OPERATOR | st.text(max_size=12),
            st.sampled_from([" ", " ", " ", "  ", "", "\n", "\u3000"]),
        ),
        max_size=6,
    )
)
@settings(max_examples=3 * settings().max_examples)
def test_it_says_what_the_careful_reader_says_or_nothing(parts: list[tuple[str, str]]) -> None:
    text = "".join(piece + blank for piece, blank in parts)
    for _ in range(2):  # the second time, every piece is in the cache
        found = quick(text)
        if found is None:
            return
        try:
            expected = careful(text)
        except QueryError:
            pytest.fail(f"refused by the careful reader: {text}")
        assert found == expected


@given(st.lists(PIECES | CHOICES | st.sampled_from(["\n", " \x07", "  "]), max_size=4).map(" ".join))
def test_imported_and_typed_queries_are_kept_alike(typed: str) -> None:
    assert kept(portable.kept_text, typed) == kept(portable.kept_query, typed)


def kept(reader: Callable[[str], Query | KeptText], typed: str) -> tuple[str, str] | int:
    """Returns (text, canonical text) that a reader keeps of a query, or the column of its error."""
    try:
        found = reader(typed)
    except QueryError as refusal:
        return refusal.column
    return found.text, found.canonical
