"""The declared fields of the query language: what each entry must hold, and that a new field needs no other change."""

from collections.abc import Iterable
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.rendering.query_text import query_in_words
from subscriptions.errors import QueryError
from subscriptions.matching.batch import match
from subscriptions.matching.full_text import index_question
from subscriptions.matching.hits import unfulfilled_parts, why
from subscriptions.matching.paper_index import PaperIndex, TokenizedPapers, matching_papers
from subscriptions.matching.query_set import QuerySet
from subscriptions.matching.terms import simple_terms
from subscriptions.model import Paper
from subscriptions.query.advice import advise
from subscriptions.query.parse import parse_canonical, parse_query
from subscriptions.query.rewriting import narrowed
from subscriptions.query.syntax import FIELDS, LEFT_OUT, Field, Leaf, Query
from tests.unit.slow_matcher import Known, matches
from tests.unit.strategies import MORE, TYPED, papers, texts

# --------------------------------------------------------------------------------------------------------- every entry


@pytest.mark.parametrize("field", [*FIELDS, LEFT_OUT], ids=repr)
def test_an_example_of_a_field_is_a_query_without_a_hint(field: Field) -> None:
    query = parse_query(field.example)
    assert (isinstance(query.tree, Leaf), query.hints) == (True, ())
    if field is not LEFT_OUT:
        assert {term.field for term in query.terms} == {field}


@pytest.mark.parametrize("field", [*FIELDS], ids=repr)
def test_a_canonical_text_of_a_field_is_read_again(field: Field) -> None:
    query = parse_query(field.example)
    assert query.canonical.startswith(field.canonical_prefix)
    assert parse_canonical(query.canonical) == replace(query, text=query.canonical)


def test_names_in_canonical_texts_are_those_that_are_stored() -> None:
    assert [field.canonical_prefix for field in FIELDS] == [
        "title:", "abstract:", "summary:", "author:", "cat:", "primary:", "id:", "doi:", "source:", "like:", "all:",
    ]  # fmt: skip


def test_no_two_fields_share_a_name() -> None:
    names = [name for field in (*FIELDS, LEFT_OUT) for name in field.names]
    assert len(names) == len(set(names))
    assert all(name == name.lower() for name in names)


def test_words_without_a_field_are_in_columns_of_the_index() -> None:
    assert all(field.column for field in FIELDS if field.in_any_text)


# ---------------------------------------------------------------------------------- fields that the product does not have


ACCEPTED = Paper(key="1", title="Graphs", comment="Accepted at ICML, 12 figures", url="https://arxiv.org/abs/1")
REJECTED = Paper(key="2", title="Accepted graphs", comment="Figure skating", url="https://example.org/2")
SPOKEN = Paper(key="3", title="Talks", comment="by Jane Q. Doe")
BATCH = (ACCEPTED, REJECTED, SPOKEN)


def found(query: Query, batch: Iterable[Paper]) -> list[tuple[int, ...]]:
    """Returns the results of every matcher, the slow one first."""
    batch = list(batch)
    index = PaperIndex.of(batch, MORE)
    return [
        tuple(place for place, paper in enumerate(batch) if matches(query, paper)),
        matching_papers(query, batch),
        TokenizedPapers.of(batch, fields=MORE).matching(query),
        tuple(index.positions(match(QuerySet([query]), index).get(0, 0))),
        tuple(place for place, paper in enumerate(batch) if why(query, paper)),
        tuple(place for place, paper in enumerate(batch) if not unfulfilled_parts(query, paper)),
    ]


@pytest.mark.parametrize(
    ("typed", "places"),
    [
        ("comment:accepted", (0,)),
        ("NOTE: figures", (0, 1)),
        ("备注：icml", (0,)),
        ('comment:"accepted at"', (0,)),
        ("comment:=Accepted", (0,)),
        ("comment:fig*", (0, 1)),
        ("comment:(icml figures) graphs", (0,)),
        ("accepted", (1,)),  # a word without a field is not looked for there
        ("graphs -comment:icml", (1,)),
        ('speaker:"J. Doe"', (2,)),
        ("speaker:jan*", (2,)),
        ("speaker:=Jane", (2,)),
        ("host:ARXIV.org", (0,)),
        ('host:"example.org" OR speaker:doe', (1, 2)),
        ("note:icml, host:example.org", (0, 1)),
        ("speaker:Doe, Jane", (2,)),
    ],
)
def test_a_new_field_works_by_every_name_in_every_matcher(typed: str, places: tuple[int, ...]) -> None:
    query = parse_query(typed, MORE)
    assert found(query, BATCH) == [places] * 6


typed_with_more = st.lists(
    st.sampled_from([*TYPED.split(), "comment:", "note:", "speaker:", "host:", "arxiv.org", "备注：扩散"]),
    min_size=1,
    max_size=5,
).map(" ".join)
commented = st.builds(
    lambda paper, comment, url: replace(paper, comment=comment, url=url),
    papers,
    st.one_of(texts, st.sampled_from(["by Jane Doe", "by J. Müller"])),
    st.sampled_from([None, "https://arxiv.org/abs/1", "https://daily/2"]),
)


@given(typed_with_more, st.lists(commented, max_size=3))
@settings(max_examples=2 * settings().max_examples)
def test_every_matcher_agrees_on_new_fields(typed: str, batch: list[Paper]) -> None:
    try:
        query = parse_query(typed, MORE)
    except QueryError:
        return
    slow, *others = found(query, batch)
    assert others == [slow] * 5
    again = parse_canonical(query.canonical, MORE)
    assert (again.canonical, set(again.alternatives)) == (query.canonical, set(query.alternatives))
    assert parse_query(query_in_words(query, str), MORE).canonical == query.canonical


@pytest.mark.parametrize(
    ("typed", "reading"),
    [
        ("note:Accepted graphs", "graphs comment:Accepted"),
        (
            "graphs -note:(withdrawn | retracted)",
            "graphs, not (comment:withdrawn OR comment:retracted)",
        ),
        ("speaker:Doe, Jane", 'speaker:"Jane Doe"'),
        ("host:arxiv.org", "host:arxiv.org"),
    ],
)
def test_a_query_with_a_new_field_is_explained(typed: str, reading: str) -> None:
    assert query_in_words(parse_query(typed, MORE), str) == reading


def test_slips_with_a_new_field_are_told() -> None:
    with pytest.raises(QueryError) as refused:
        parse_query("graphs note:", MORE)
    assert (refused.value.column, str(refused.value.hint)) == (8, "For example: comment:accepted")
    (unknown,) = parse_query("speeker:doe", MORE).hints
    assert str(unknown) == "There is no field speeker: so I look for the words. Did you mean speaker:?"
    (half,) = parse_query("speaker:Jane Doe", MORE).hints
    assert str(half) == 'speaker: holds for Jane only, Doe is a word. For both write speaker:"Jane Doe"'


def test_a_hit_in_a_new_field_names_its_place_and_its_words() -> None:
    (hit,) = why(parse_query("note:figure", MORE), ACCEPTED)
    assert (str(hit.field.place), hit.terms, hit.text) == ("in the comment", ("figures",), ACCEPTED.comment)
    (hit,) = why(parse_query("speaker:doe", MORE), SPOKEN)
    assert (str(hit.field.place), hit.terms) == ("in the text", ("Jane Q. Doe",))


def test_queries_with_a_new_field_are_rewritten_and_advised_on() -> None:
    query = parse_query("note:accepted graph neural", MORE)
    assert narrowed(query, "note:withdrawn").text == "note:accepted graph neural -note:withdrawn"
    known = [replace(ACCEPTED, key=str(n), title="graph neural" if n < 2 else "neural graph") for n in range(20)]
    given = advise(query, Known(known), days=1)
    assert given is not None
    assert given.text == 'comment:accepted "graph neural"'


def test_the_index_leaves_a_new_field_to_the_matcher() -> None:
    asked = [index_question(part) for term in parse_query("note:a speaker:doe host:b", MORE).terms for part in simple_terms(term)]  # fmt: skip
    assert [(question.sure, question.maybe) for question in asked] == [(None, None)] * 3


def test_a_name_that_is_no_field_stays_a_word() -> None:
    assert found(parse_query("comment:accepted"), BATCH) == [()] * 6
