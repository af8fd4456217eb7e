"""Queries that are refused: the column, the sentence and the hint."""

import json
from collections.abc import Container
from pathlib import Path
from typing import Any

import pytest

from subscriptions.errors import QueryError
from subscriptions.query.parse import parse_query

EMPTY = "There is no word in this to look for."
ONLY_EXCLUDES = "This only excludes. Say also what you want."
ONE_ONLY_EXCLUDES = "One alternative of this only excludes. Say in it also what you want."
STRAY = "This ) closes nothing."
INITIALS = "Initials alone fit too many authors."
STAR = "A * cannot cut a category short; it stands only for all of an archive."
TOO_MANY = "This stands for more than 64 alternatives."
TOO_LONG = "This is longer than 1,000 characters."


def refusal(typed: str) -> QueryError:
    with pytest.raises(QueryError) as caught:
        parse_query(typed)
    return caught.value


def no_value(field: str) -> str:
    return f"{field}: has nothing to look for behind it."


def too_short(word: str) -> str:
    return f"{word}* begins too many words: at least 3 letters or digits must stand before the *."


REFUSED = [
    # empty or only punctuation
    ("", 1, EMPTY),
    ("   ", 1, EMPTY),
    ("\u3000\u200b", 1, EMPTY),
    ("()", 1, EMPTY),
    ("（）", 1, EMPTY),
    ('""', 1, EMPTY),
    ('"', 1, EMPTY),
    ('(("")', 1, EMPTY),
    ("...", 1, EMPTY),
    ("*", 1, EMPTY),
    ("!!!", 1, EMPTY),
    ("=", 1, EMPTY),
    ("AND OR", 1, EMPTY),
    ("NOT", 1, EMPTY),
    (", ,", 1, EMPTY),
    ("…，！", 1, EMPTY),
    ("http://export.arxiv.org/api/query?max_results=5", 1, EMPTY),
    ("search_query=jr:nature", 1, EMPTY),
    # a field without a value
    ("ti:", 1, no_value("ti")),
    ("id:", 1, no_value("id")),
    ('doi:"doi:"', 1, no_value("doi")),
    ("source:", 1, no_value("source")),
    ("primary: ", 1, no_value("primary")),
    ("graph ti:", 7, no_value("ti")),
    ("(ti:)", 2, no_value("ti")),
    ("ti:()", 1, no_value("ti")),
    ("ti: (())", 1, no_value("ti")),
    ('graph ti:""', 7, no_value("ti")),
    ('graph -ti:""', 8, no_value("ti")),
    ('author:"."', 1, no_value("author")),
    ("ti:... graph", 1, no_value("ti")),
    ("graph Title:- x", 7, no_value("Title")),
    ("ti:OR graph", 1, no_value("ti")),
    ("ti: AND graph", 1, no_value("ti")),
    ("ti:| graph", 1, no_value("ti")),
    ("ti:NOT", 1, no_value("ti")),
    ("ti:NOT OR a", 1, no_value("ti")),
    ("ti:abs:", 4, no_value("abs")),
    ("ti:(a abs:)", 7, no_value("abs")),
    ("ti:(", 1, no_value("ti")),
    ("cat:()", 1, no_value("cat")),
    ("foo, ti:", 6, no_value("ti")),
    ("ti:, foo", 1, no_value("ti")),
    ("author:..., !", 1, no_value("author")),
    # an alternative that only excludes
    ("-survey", 1, ONLY_EXCLUDES),
    ("-diffusion", 1, ONLY_EXCLUDES),
    ("–survey", 1, ONLY_EXCLUDES),
    ("NOT graph", 1, ONLY_EXCLUDES),
    ("-graph -foo", 1, ONLY_EXCLUDES),
    ("  -graph", 3, ONLY_EXCLUDES),
    ("-cs.CV", 1, ONLY_EXCLUDES),
    ("-(a b)", 1, ONLY_EXCLUDES),
    ("-(-(-x))", 1, ONLY_EXCLUDES),
    ("-ti:x", 1, ONLY_EXCLUDES),
    ("ti:-survey", 4, ONLY_EXCLUDES),
    ("ANDNOT graph", 1, ONLY_EXCLUDES),
    ("a OR -b", 6, ONE_ONLY_EXCLUDES),
    ("a OR NOT b", 6, ONE_ONLY_EXCLUDES),
    ("a|-b", 3, ONE_ONLY_EXCLUDES),
    ("-graph | foo", 1, ONE_ONLY_EXCLUDES),
    ("(graph OR -foo)", 11, ONE_ONLY_EXCLUDES),
    ("(graph OR -foo) (neural OR -bar)", 11, ONE_ONLY_EXCLUDES),
    ("x OR -(-y z)", 6, ONE_ONLY_EXCLUDES),
    ("a -(b) OR -c -d", 11, ONE_ONLY_EXCLUDES),
    ('graph OR H\\"older OR -x', 22, ONE_ONLY_EXCLUDES),
    # a stray )
    (")", 1, STRAY),
    ("graph )", 7, STRAY),
    ("(graph))", 8, STRAY),
    ("graph ) neural", 7, STRAY),
    ("“graph” )", 9, STRAY),
    ("（a））", 4, STRAY),
    ('H\\"older )', 10, STRAY),
    ("\u200bgraph)", 7, STRAY),
    # a beginning of fewer than three characters
    ("ai*", 1, too_short("ai")),
    ("neuro* ai*", 8, too_short("ai")),
    ("graph OR ne*", 10, too_short("ne")),
    ("ti:ai*", 4, too_short("ai")),
    ("author:do*", 8, too_short("do")),
    ("all:ai*", 5, too_short("ai")),
    ("a-b*", 1, too_short("a-b")),
    ('\\"o\\"u*', 1, too_short("öü")),
    ("扩a*", 1, too_short("扩a")),
    ("foo, ai*", 6, too_short("ai")),
    # initials only
    ("author:j", 8, INITIALS),
    ("au:J.", 4, INITIALS),
    ("author:J. D.", 8, INITIALS),
    ("author:(J. D. Roe)", 9, INITIALS),
    ('author:"J. D."', 8, INITIALS),
    ("author:(J. Roberts)", 9, INITIALS),
    ("author:J., D.", 8, INITIALS),
    ("author:=J", 8, INITIALS),
    # a category that is cut short
    ("cat:*", 5, STAR),
    ("cat:* detection", 5, STAR),
    ("cat: *", 6, STAR),
    ("cat:cs.L*", 5, STAR),
    ("primary:cs.C*", 9, STAR),
    ("cat:c*", 5, STAR),
    ("cat:cs*", 5, STAR),
    ("cat:cs.*G", 5, STAR),
    ("cat:(x OR cs.L*)", 11, STAR),
    ("foo, cat:cs.L*", 10, STAR),
    ("foo, cat:cs.*G", 10, STAR),
    # too long, too many
    ("x" * 1001, 1001, TOO_LONG),
    (" " * 5000, 1001, TOO_LONG),
    (" OR ".join(f"c{n}" for n in range(65)), 1, TOO_MANY),
    (" ".join(f"(a{n} OR b{n})" for n in range(7)), 1, TOO_MANY),
    ("x -(" + " ".join(f"c{n}" for n in range(65)) + ")", 1, TOO_MANY),
    ("(a|(b " * 166, 1, TOO_MANY),
]


@pytest.mark.parametrize(("typed", "column", "sentence"), REFUSED)
def test_a_refusal_says_what_is_wrong_and_where(typed: str, column: int, sentence: str) -> None:
    error = refusal(typed)
    assert (error.column, str(error.sentence)) == (column, sentence)


@pytest.mark.parametrize("typed", [*sorted({typed for typed, *_ in REFUSED}), "author:" + "J." * 400, "." * 900 + "a*"])
def test_the_hint_of_a_refusal_works(typed: str) -> None:
    values = refusal(typed).hint.values
    assert str(values["example"]) in str(refusal(typed).hint)
    hints = parse_query(str(values["example"])).hints
    assert "This wants and excludes the same, so it finds nothing." not in map(str, hints)


@pytest.mark.parametrize(
    ("typed", "example"),
    [
        ("-survey", "diffusion -survey"),
        ("-cat:cs.CV -(a b)", "diffusion -cat:cs.CV -(a b)"),
        ("graph)", '"graph)"'),
        ('author:"J. D."', 'author:"J. D. Doe"'),
        ("author:J. D.", 'author:"J. Doe"'),
        ("author:J. Roe", 'author:"J. Roe"'),
        ("-diffusion", "graph -diffusion"),
        ('-(survey OR "Diffusion model")', 'graph -(survey OR "Diffusion model")'),
        ("cat:math.L*", "cat:cs.LG"),
    ],
)
def test_the_hint_takes_up_what_was_typed(typed: str, example: str) -> None:
    assert refusal(typed).hint.values["example"] == example


@pytest.mark.parametrize(
    "typed",
    [
        "(a OR -b) c",
        "-(-x)",
        "-ti:-x",
        "GPT-4*",
        "扩*",
        "扩散*",
        "ab扩*",
        "cat:cs.*",
        "author:Ю",
        "author:李",
        'author:"J. Doe"',
        "all:j",
        "x" * 1000,
        "(" * 499 + "foo" + ")" * 498,
        "-(" * 399 + "-foo",
        "(a|(a " * 166,
        "a -(b|-(c -(d|-(e " * 55,
    ],
)
def test_queries_similar_to_a_refused_one_are_accepted(typed: str) -> None:
    assert parse_query(typed).alternatives


def test_the_worked_examples_are_refused_where_they_should_be(shared: Path) -> None:
    lines = (shared / "query_cases.jsonl").read_text(encoding="utf-8").splitlines()
    cases: list[dict[str, Any]] = [json.loads(line) for line in lines]
    wrong = [case for case in cases if outcome(case["query"]) not in expected(case)]
    assert len(cases) > 400
    assert wrong == []


def outcome(typed: str) -> int | None:
    """Returns the column of a refusal; None if the query is accepted."""
    try:
        parse_query(typed)
    except QueryError as error:
        return error.column
    return None


def expected(case: dict[str, Any]) -> Container[int | None]:
    if case["match"] != "refused":
        return (None,)
    return (case["column"],) if "column" in case else range(1, 1002)
