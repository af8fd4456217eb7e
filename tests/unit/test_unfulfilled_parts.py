"""The parts of a query, as typed, that a paper does not match."""

import pytest

from subscriptions.errors import QueryError
from subscriptions.matching.hits import unfulfilled_parts
from subscriptions.matching.paper_index import matching_papers
from subscriptions.query.parse import parse_query
from subscriptions.query.syntax import And, Node, Not, Or
from tests.make import paper, translation
from tests.unit.query_rules import QUESTIONS


def test_a_paper_fits_a_query_if_it_fulfils_all_parts() -> None:
    for query, of, _ in QUESTIONS:
        try:
            parsed = parse_query(query)
        except QueryError:
            continue
        assert bool(matching_papers(parsed, [of])) == (unfulfilled_parts(parsed, of) == ()), query


def shape(node: Node) -> str:
    match node:
        case Not():
            return f"-{shape(node.node)}"
        case And():
            return f"({' '.join(map(shape, node.nodes))})"
        case Or():
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
    of = paper("A survey of diffusion models", translations=translation(title="扩散模型综述"))
    assert [shape(node) for node in unfulfilled_parts(parse_query(query), of)] == fails
