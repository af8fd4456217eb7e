"""Properties of every text: it is parsed or refused with bounded work, and its canonical text has the same meaning."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.rendering import language
from subscriptions.errors import QueryError
from subscriptions.query import Query, parse
from subscriptions.query.lexer import fold_value
from tests.unit.strategies import typed_texts

any_text = st.text(st.characters(exclude_categories=()), max_size=40)


def understood(text: str) -> Query | None:
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


words = st.sampled_from(
    ["graph", "few-shot", "cs.LG", "Schrödinger", "studies", "ti:neural", 'author:"Jane Lee"', "=RAG", "neuro*"]
)
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


@given(st.lists(words, min_size=1, max_size=5), st.randoms(), st.lists(st.sampled_from(WRITINGS), max_size=4))
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


def literals(query: Query) -> set[Literals]:
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
