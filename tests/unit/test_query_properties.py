"""Properties of every text: it is parsed or refused with bounded work, its canonical text has the same meaning, and the quick
reader agrees with the careful one."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.rendering import language
from subscriptions import portable
from subscriptions import query as grammar
from subscriptions.errors import QueryError
from subscriptions.portable import KeptText
from subscriptions.query import parse
from subscriptions.query.lexer import fold_value
from subscriptions.query.parse import parse_query
from subscriptions.query.quick import read_quickly
from tests.unit.strategies import TYPED, typed_texts

any_text = st.text(st.characters(exclude_categories=()), max_size=40)


def understood(text: str) -> grammar.Query | None:
    try:
        return parse.parse_query(text)
    except QueryError as refused:
        error = refused
    assert 1 <= error.column <= max(1, len(text) + 1)
    assert str(error.sentence)
    return None


@given(typed_texts | any_text)
def test_any_text_is_understood_or_refused_with_its_column(text: str) -> None:
    query = understood(text)
    document = language.explain(text, lambda template: template)
    assert list(document) == ["query", "text", "canonical", "words", "hints", "error"]
    assert bool(query) == bool(document["words"]) == (document["error"] is None)
    if query:
        assert 1 <= len(query.alternatives) <= 64
        assert all(alternative.positive for alternative in query.alternatives)
        assert len({str(hint) for hint in query.hints}) == len(query.hints)


@given(typed_texts | any_text)
def test_a_canonical_text_means_what_the_query_meant(text: str) -> None:
    query = understood(text)
    if query:
        again = parse.parse_canonical(query.canonical)
        assert again.canonical == query.canonical
        assert set(again.alternatives) == set(query.alternatives)
        if len(query.canonical) <= 1000:
            assert parse.parse_query(query.canonical).canonical == query.canonical


@given(any_text)
def test_folding_the_name_of_a_source_twice_changes_nothing(name: str) -> None:
    folded = fold_value(name)
    assert fold_value(folded) == folded


WRITINGS: tuple[Callable[[str], str], ...] = (
    lambda text: f" {text} ",
    lambda text: f"({text})",
    lambda text: text.replace(" ", "  "),
    lambda text: text.replace('"', "“"),
    lambda text: text.replace(":", "： "),
    lambda text: text.replace("-", "－"),
    lambda text: text.replace("studies", "STUDY"),
    lambda text: text.replace("ö", '\\"o'),
    lambda text: text.replace("ö", "o\u0308"),
    lambda text: text.replace("few-shot", '"Few  Shots"'),
    lambda text: text.replace("cs.LG", "#CS.lg"),
    lambda text: text.replace("ti:", "Title:"),
    lambda text: text if "\\" in text else "\u200b".join(text),  # a TeX macro is no longer one after it is cut
)


@given(
    st.lists(
        st.sampled_from(
            ["graph", "few-shot", "cs.LG", "Schrödinger", "studies", "ti:neural", 'author:"Jane Lee"', "=RAG", "neuro*"]
        ),
        min_size=1,
        max_size=5,
    ),
    st.randoms(),
    st.lists(st.sampled_from(WRITINGS), max_size=4),
)
def test_other_spellings_have_the_same_canonical_text(found, random, writings) -> None:  # type: ignore[no-untyped-def] # noqa: ANN001 - hypothesis
    other = [*found, random.choice(found)]
    random.shuffle(other)
    text = " ".join(other)
    for write in writings:
        text = write(text)
    assert parse.parse_query(text).canonical == parse.parse_query(" AND ".join(found)).canonical


@given(typed_texts | any_text, st.integers(1, 1001))
def test_the_caret_stays_below_the_line(text: str, column: int) -> None:
    line, below = language.caret(text, column)
    assert below.strip(" ") == "^"
    assert not {"\n", "\r", "\t"} & set(line)
    assert len(below) <= 61


# ----------------------------------------------------------------------------------------------------- boolean meaning

Expression = str | tuple[str, list["Expression"]]  # a letter, or ("not" | "and" | "or", parts)
Literals = frozenset[str]  # "a", "-b"

expressions: st.SearchStrategy[Expression] = st.recursive(
    st.sampled_from("abcd"),
    lambda inner: st.one_of(
        st.tuples(st.just("not"), st.lists(inner, min_size=1, max_size=1)),
        st.tuples(st.sampled_from(["and", "or"]), st.lists(inner, min_size=1, max_size=3)),
    ),
    max_leaves=12,
)


def written(expression: Expression) -> str:
    if isinstance(expression, str):
        return expression
    kind, parts = expression
    if kind == "not":
        return f"-({written(parts[0])})"
    return (" OR " if kind == "or" else " ").join(f"({written(part)})" for part in parts)


def alternatives_of(expression: Expression, *, excluded: bool = False) -> set[Literals]:
    """Returns the disjunctive normal form, computed by its definition."""
    if isinstance(expression, str):
        return {frozenset({f"-{expression}" if excluded else expression})}
    kind, parts = expression
    if kind == "not":
        return alternatives_of(parts[0], excluded=not excluded)
    found = [alternatives_of(part, excluded=excluded) for part in parts]
    if (kind == "or") != excluded:
        return set().union(*found)
    return {frozenset().union(*choice) for choice in product(*found)}


def smallest(alternatives: set[Literals]) -> set[Literals]:
    """Returns the alternatives that no other alternative absorbs."""
    return {one for one in alternatives if not any(other < one for other in alternatives)}


def literals(query: grammar.Query) -> set[Literals]:
    return {
        frozenset(term.tokens[0] for term in alternative.positive)
        | frozenset(f"-{term.tokens[0]}" for term in alternative.negative)
        for alternative in query.alternatives
    }


@given(expressions)
def test_the_normal_form_is_that_of_the_definition(expression: Expression) -> None:
    expected = alternatives_of(expression)
    try:
        query = parse.parse_query(written(expression))
    except QueryError as error:
        refusal = str(error.sentence)
        only_excludes = any(all(literal.startswith("-") for literal in literals) for literals in expected)
        assert only_excludes if "only excludes" in refusal else "more than 64" in refusal
    else:
        assert literals(query) <= expected  # the parser merges equal parts before it expands them
        assert smallest(literals(query)) == smallest(expected)


# ------------------------------------------------------------------------------------------------------- bounded work

EVIL = [
    "(" * 1000,
    "(" * 499 + "a" + ")" * 499,
    "-(" * 499 + "a",
    "-(-" * 333,
    "(a|(b " * 166,
    "(a|(a " * 166,
    "-(a -(a " * 125,
    "-(a|-(b " * 125,
    "-(a|(b -(c|(d " * 70,
    "a -(b|-(c -(d|-(e " * 55,
    "(x|-(y -(z|w) " * 70,
    "(a|b)" * 200,
    "(-a|b)(c|-d)" * 80,
    "(a b|" * 200,
    "a|" * 500,
    "a " * 500,
    "ti:" * 333,
    '"' * 1000,
    "*" * 1000,
    "a*" * 500,
    "-" * 1000,
    ":" * 1000,
    "a:" * 500,
    "a:-" * 333,
    "，" * 999 + "a",
    "a，" * 500,
    "a, " * 333,
    "α" * 1000,
    '\\"o' * 333,
    "\\" * 1000,
    "{" * 1000,
    "%22" * 333,
    "%25" * 332 + "%22",
    "+AND+" * 200,
    "search_query=" * 76,
    "http://" * 142,
    "arxiv.org/abs/" * 71,
    "doi:10.1234/" + "(" * 988,
    "doi:10.1234/" + "(a)" * 329,
    "cs.AI+" * 166,
    "cs.*+" * 200,
    "x-" * 499 + "*",
    "NOT " * 250,
    "a AND NOT OR " * 76,
    "a'" * 500,
    "\u200b" * 1000,
    "\U0001f468\u200d" * 500,
    "'" + "a " * 499,
    "' " * 500,
    "arxiv.org/abs/2601.15529?" + "." * 970 + "x",
    "10.1101/" + "." * 990,
    "a.-" * 333 + "/",
    "submittedDate:[" * 66 + "%20",
    ", not" * 199,
    "(a, not b " * 99,
    "a, not (" * 124,
    "a -(" * 126,
    ", not (a" * 124,
    '", not "' * 124,
    "a, not b c d" * 83,
    "，不含" * 333,
    "a， 不含（" * 142,
    "或 " * 500,
    "不含 " * 333,
    "作者：" * 333,
    "a;" * 500,
    "cat:x " * 166,
    "cat:machine " + "learning " * 109,
]


class Work:
    calls = 0


@contextmanager
def counted() -> Iterator[Work]:
    """Counts calls of Python functions, which measure work equally on every machine."""
    work = Work()

    def count(_frame: object, event: str, _argument: object) -> None:
        work.calls += event == "call"

    before = sys.getprofile()
    sys.setprofile(count)
    try:
        yield work
    finally:
        sys.setprofile(before)


@pytest.mark.parametrize("text", EVIL, ids=range(len(EVIL)))
def test_no_text_makes_much_work_or_needs_a_deep_stack(text: str) -> None:
    understood(text[:1000])
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(len(list(_frames())) + 400)
    try:
        with counted() as work:
            language.explain(text[:1000], str)
    finally:
        sys.setrecursionlimit(limit)
    assert work.calls < 300_000  # about 0.1 s; most texts need a hundredth of this


def _frames() -> Iterator[object]:
    frame = sys._getframe()
    while frame:
        yield frame
        frame = frame.f_back  # type: ignore[assignment]


# ----------------------------------------------------------------------------------------------------- the quick reader


Clauses = set[tuple[frozenset[grammar.Term], frozenset[grammar.Term]]]


def careful(text: str) -> tuple[str, Clauses]:
    query: grammar.Query = parse_query(text)
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
        st.sampled_from([*grammar.FIELDS.by_name, *map(str.upper, grammar.FIELDS.by_name), "co", "foo"]),
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


def kept(reader: Callable[[str], grammar.Query | KeptText], typed: str) -> tuple[str, str] | int:
    """Returns (text, canonical text) that a reader keeps of a query, or the column of its error."""
    try:
        found = reader(typed)
    except QueryError as refusal:
        return refusal.column
    return found.text, found.canonical
