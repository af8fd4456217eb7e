"""The quick look before a search reads a paper: it may let too many pass, never too few."""

from itertools import chain
from pathlib import Path

import pytest

from subscriptions.errors import QueryError
from subscriptions.matching import Glance, Sieve, failing, matching_papers
from subscriptions.model import Paper
from subscriptions.normalize import fold_plural, sieve_root, sieved, tokens, written_tokens
from subscriptions.query import And, Node, Not, Or, parse_query
from tests.make import paper, summary, translation
from tests.unit import test_contract_queries as contract
from tests.unit.test_matching import example_paper, worked_examples

QUESTIONS = [
    question
    for table in vars(contract).values()
    if isinstance(table, tuple)
    for rule in table
    if isinstance(rule, contract.Finds)
    for question in rule.questions()
]


def glance(of: Paper) -> Glance:
    fields = chain.from_iterable(one.fields.values() for one in of.summaries)
    translated = chain.from_iterable((one.title, one.abstract) for one in of.translations)
    return Glance(
        texts="\n".join((of.title, of.abstract, *fields, *translated)),
        authors="\n".join(of.authors),
        categories=of.categories,
        primary=of.primary,
        ids=(of.arxiv_id or of.key, of.doi or ""),
    )


def test_every_paper_of_the_rules_that_a_query_finds_passes() -> None:
    found = [(query, of) for query, of, finds in QUESTIONS if finds]
    kept_back = [(query, of) for query, of in found if not Sieve(parse_query(query)).passes(glance(of))]
    assert len(found) > 200
    assert kept_back == []


def test_every_paper_of_the_worked_examples_that_a_query_finds_passes(shared: Path) -> None:
    cases = [(case["query"], example_paper(case["paper"])) for case in worked_examples(shared) if case["match"] is True]
    assert [query for query, of in cases if not Sieve(parse_query(query)).passes(glance(of))] == []


@pytest.mark.parametrize(
    "query", ["quantum", "ti:quantum*", "author:Hinton", "cat:cs.CV", "primary:stat.ML", "id:2601.99999"]
)
def test_what_a_paper_does_not_hold_at_all_is_not_read(query: str) -> None:
    of = paper("Graph networks", "cs.LG", "stat.ML", abstract="We sample.", summaries=summary("图网络"))
    assert not Sieve(parse_query(query)).passes(glance(of))


@pytest.mark.parametrize(
    "text",
    [
        "Studies of matrices, analyses and hypotheses; the axes' criteria",
        "Schrödinger's caf\u00e9 and Erd\\H{o}s–Rényi",
        "$\\alpha$-divergence, β-VAE and μm scales",
        "O’Connor doesn't re\u00adlate ﬁnite ＫＡＮＡ カナ 扩散模型",
        "boxes, caches, classes, sizes, skies, bias, biases, lenses",
    ],
)
def test_every_word_stands_in_the_letters_of_its_text(text: str) -> None:
    letters = sieved(text)
    assert [token for token in tokens(text) if sieve_root(token) not in letters] == []
    beginnings = {
        form[:end] for token in written_tokens(text) for form in (token, fold_plural(token)) for end in (3, 4, 6)
    }
    assert [start for start in beginnings if sieve_root(start, prefix=True) not in letters] == []


# ---------------------------------------------------------------------------------------- what keeps a paper from fitting


def test_a_query_fits_where_no_part_of_it_fails() -> None:
    for query, of, _ in QUESTIONS:
        try:
            parsed = parse_query(query)
        except QueryError:
            continue
        assert bool(matching_papers(parsed, [of])) == (failing(parsed, of) == ()), query


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
def test_the_parts_that_fail_are_those_that_were_typed(query: str, fails: list[str]) -> None:
    of = paper("A survey of diffusion models", translations=translation(title="扩散模型综述"))
    assert [shape(node) for node in failing(parse_query(query), of)] == fails
