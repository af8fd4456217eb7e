"""Every field of a query, every row of the rules, and matching: each matcher finds what one paper after another would."""

import json
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from subscriptions import query as grammar
from subscriptions.errors import QueryError
from subscriptions.matching import paper_index, reasons
from subscriptions.model import Paper, Summary, Translation
from subscriptions.query.parse import parse_canonical, parse_query
from subscriptions.query.tree import Alternative, Query, Term
from tests import tables
from tests.unit import query_rules, strategies


def index_of(papers: Iterable[Paper]) -> paper_index.PaperIndex:
    return paper_index.PaperIndex(paper_index.TokenizedPapers.of(papers))


def found(query: Query, batch: Iterable[Paper]) -> list[tuple[int, ...]]:
    """Returns the results of every matcher; that of one paper after another comes first."""
    batch = list(batch)
    index = index_of(batch)
    return [
        paper_index.matching_papers(query, batch),
        paper_index.TokenizedPapers.of(batch).matching(query),
        tuple(index.positions(index.found_by(query))),
        tuple(place for place, paper in enumerate(batch) if reasons.why(query, paper)),
        tuple(place for place, paper in enumerate(batch) if not reasons.unfulfilled_parts(query, paper)),
    ]


@given(strategies.queries, st.lists(strategies.papers, max_size=3))
def test_every_matcher_finds_the_same(query: Query, batch: list[Paper]) -> None:
    results = {*found(query, batch), *found(parse_canonical(query.canonical), batch)}
    assert len(results) == 1


def alternative(*words: str) -> Alternative:
    return Alternative(frozenset(Term(grammar.TEXT, (word,)) for word in words))


def example_paper(fields: dict[str, Any]) -> Paper:
    key, source = fields.get("key", ""), fields.get("source")
    texts = {name: value for name, value in fields.items() if name not in ("key", "source")}
    return query_rules.paper(**texts, arxiv="" if ":" in key else key, sources=(source,) if source is not None else ())


def test_the_worked_examples_hold(shared: Path) -> None:
    changed = cases_in(shared / "cases" / "words" / "changed.jsonl")
    cases = {asked(case): case for case in (*cases_in(shared / "query_cases.jsonl"), *changed)}.values()
    wrong = [case for case in cases if examine(case) != (case["match"], case.get("column"))]
    assert len(cases) > 400
    assert wrong == []


def test_words_of_people_find_their_papers(shared: Path) -> None:
    cases = cases_in(shared / "cases" / "words" / "cases.jsonl")
    for table in ("hyphens.tsv", "plurals.tsv"):
        rows = (line.split("\t") for line in (shared / "cases" / "digests" / table).read_text("utf-8").splitlines())
        cases += [{"query": query, "paper": {"title": title}, "match": found == "1"} for query, title, found in rows]
    wrong = [case for case in cases if examine(case) != (case["match"], None)]
    assert len(cases) > 60
    assert wrong == []


def cases_in(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def asked(case: dict[str, Any]) -> str:
    return json.dumps([case["query"], case["paper"]], sort_keys=True)


def answer(query: Query, asked: Paper) -> bool:
    """Returns whether a query finds a paper. All matchers must agree."""
    (places,) = set(found(query, [asked]))
    return bool(places)


def examine(case: dict[str, Any]) -> tuple[bool | str, int | None]:
    try:
        query = parse_query(case["query"])
    except QueryError as refusal:
        return "refused", refusal.column if "column" in case else None
    return answer(query, example_paper(case["paper"])), None


SURVEY = Paper(
    key="2601.15529",
    arxiv_id="2601.15529",
    title="RAG studies of LLMs' $\\alpha$-divergence",
    abstract="A few-shot study. Few shots suffice for retrieval-augmented generation.",
    authors=("Jörg Müller", "Ann Lee"),
    categories=("cs.LG", "stat.ML"),
    doi="10.1234/abc",
    sources=("daily",),
    summaries=(Summary(language="zh", fields={"tldr": "提出扩散模型。", "method": "Error"}),),
    translations=(Translation(language="zh", title="扩散的研究", abstract="少样本学习"),),
)


def test_copies_of_a_paper_become_one_with_all_categories() -> None:
    again = Paper(key="2601.15529", title="Other", categories=("cs.CV", "cs.LG"), sources=("weekly", "daily"))
    other = Paper(key="2601.15530", title="Other", categories=("cs.CV",))
    merged = paper_index.merge_copies([SURVEY, other, again, again])
    assert [paper.key for paper in merged] == ["2601.15529", "2601.15530"]
    assert merged[0] == replace(SURVEY, categories=("cs.LG", "stat.ML", "cs.CV"), sources=("daily", "weekly"))
    assert merged[1] is other


def test_a_phrase_does_not_go_on_in_the_next_text_or_paper() -> None:
    query = strategies.as_query([Alternative(frozenset({Term(grammar.TEXT, ("graph", "neural"))}))])
    index = index_of([Paper(key="1", title="a graph", abstract="neural a graph"), Paper(key="2", title="neural")])
    assert index.found_by(query) == 0


def one(*wanted: Term) -> Query:
    return strategies.as_query([Alternative(frozenset(wanted))])


@pytest.mark.parametrize(
    ("query", "found"),
    tables.rows(r"""
        study                 → title: studies + abstract: study
        ti:"alpha divergence" → title: \alpha$-divergence
        few-sho*              → abstract: few-shot, Few shots
        =RAG                  → title: RAG
        扩散                  → title: 扩散 + summary: 扩散
        abs:学习              → abstract: 学习
        author:"A. Lee"       → author: Ann Lee
        cat:cs                → category: cs.LG
        id:2601.15529         → id: 2601.15529
        error                 →
    """),
)
def test_why_shows_the_words_of_the_paper(query: str, found: str) -> None:
    hits_found = reasons.why(parse_query(query), SURVEY)
    assert " + ".join(f"{hit.field.name}: {', '.join(hit.terms)}" for hit in hits_found) == found


def test_hits_point_into_their_text() -> None:
    asked = one(Term(grammar.TEXT, ("few", "shot")), Term(grammar.TEXT, ("shot",)))
    (hit,) = reasons.why(asked, SURVEY)
    assert [hit.text[start:end] for start, end in reasons.spans(asked, hit.text, grammar.ABSTRACT)] == [
        "few-shot",
        "Few shots",
    ]
    assert hit == reasons.Hit(grammar.ABSTRACT, ("few-shot", "Few shots", "shot", "shots"), SURVEY.abstract)


def test_names_in_canonical_texts_are_those_that_are_stored() -> None:
    assert [field.canonical_prefix for field in grammar.FIELDS] == [
        "title:", "abstract:", "summary:", "author:", "cat:", "primary:", "id:", "doi:", "source:", "venue:", "has:", "like:", "about:", "all:",
    ]  # fmt: skip


JOURNALS = (
    Paper(key="1", title="Nature", venue="Nature Chemistry", abstract="Code: https://github.com/kites/tail."),
    Paper(key="2", title="Kites", venue="Nature", comment="Data at https://doi.org/10.5281/zenodo.123"),
    Paper(key="3", title="Tails", abstract="See huggingface.co/datasets/kites and gitlab.harbour.edu/kites/tails."),
    Paper(key="4", title="GitHub", abstract="We study GitHub and Zenodo, and https://kites.example/github."),
)


@pytest.mark.parametrize(
    ("typed", "places"),
    tables.rows("""
        journal:nature                → 0 1
        期刊：nature -venue:chemistry → 1
        nature                        → 0  # a word without a field is not searched for in journals
        has:code                      → 0 2
        has:code -has:data            → 0
        has:video                     →
    """),
)
def test_journals_and_addresses_of_code_and_data_are_found_by_every_matcher(typed: str, places: str) -> None:
    assert found(parse_query(typed), JOURNALS) == [tuple(map(int, places.split()))] * 5


MAX_LENGTH = 1000  # the number of characters that a person may type


@pytest.mark.parametrize("rule", query_rules.FINDS, ids=lambda rule: rule.sentence)
def test_a_query_finds_what_the_rules_say(rule: query_rules.Finds) -> None:
    for query, asked, expected in rule.questions():
        read = parse_query(query)
        assert answer(read, asked) == expected, (query, read.canonical, [str(hint) for hint in read.hints])
        for parse in (parse_canonical, parse_query) if len(read.canonical) <= MAX_LENGTH else (parse_canonical,):
            again = parse(read.canonical)
            assert (again.canonical, set(again.alternatives)) == (read.canonical, set(read.alternatives)), query
