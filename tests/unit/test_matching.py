"""Matching: the batch matcher and the slow matcher agree for any queries and papers."""

import json
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from subscriptions import model
from subscriptions import query as grammar
from subscriptions.errors import QueryError
from subscriptions.matching import hits, paper_index
from subscriptions.matching.batch import QuerySet, match
from subscriptions.matching.hits import Hit
from subscriptions.query.parse import parse_query
from tests.unit import strategies
from tests.unit.strategies import queries

# ---------------------------------------------------------------------------------------- any query against any papers


@given(st.lists(queries, max_size=4), st.lists(strategies.papers, max_size=4))
def test_the_batch_finds_what_the_slow_matcher_finds(asked: list[grammar.Query], batch: list[model.Paper]) -> None:
    everything = QuerySet()
    handles = [everything.add(query) for query in asked]
    index = paper_index.PaperIndex.of(batch)
    found = match(everything, index)
    for query, handle in zip(asked, handles, strict=True):
        expected = tuple(place for place, paper in enumerate(batch) if strategies.matches(query, paper))
        assert tuple(index.positions(found.get(handle, 0))) == expected
        assert paper_index.matching_papers(query, batch) == expected
        assert paper_index.TokenizedPapers.of(batch).matching(query) == expected
        assert match(QuerySet([query]), index) == ({0: found[handle]} if expected else {})
    assert all(found.values())
    assert match(everything, index, many=0) == found


typed = st.lists(st.sampled_from(strategies.TYPED.split()), min_size=1, max_size=5).map(" ".join)


@given(typed, st.lists(strategies.papers, max_size=3))
def test_what_is_typed_finds_what_the_slow_matcher_finds(text: str, batch: list[model.Paper]) -> None:
    try:
        query = parse_query(text)
    except QueryError:
        return
    expected = tuple(place for place, paper in enumerate(batch) if strategies.matches(query, paper))
    assert (
        paper_index.matching_papers(query, batch) == paper_index.TokenizedPapers.of(batch).matching(query) == expected
    )
    index, wanted = paper_index.PaperIndex.of(batch), QuerySet()
    handle = wanted.add_text(text)
    assert wanted.add(query) == wanted.add_canonical(query.canonical) == handle
    assert tuple(index.positions(match(wanted, index).get(handle, 0))) == expected
    assert [bool(hits.why(query, paper)) for paper in batch] == [place in expected for place in range(len(batch))]


@given(st.lists(st.tuples(queries, st.booleans()), max_size=6), st.lists(strategies.papers, max_size=3))
def test_adding_and_removing_equals_building_anew(
    asked: list[tuple[grammar.Query, bool]], batch: list[model.Paper]
) -> None:
    changed, index = QuerySet(), paper_index.PaperIndex.of(batch)
    handles = {query.canonical: changed.add(query) for query, _ in asked}
    for query, stays in asked:
        if not stays:
            changed.remove(handles[query.canonical])
    kept = [query for query, stays in asked if stays]
    anew = QuerySet(kept)
    found, expected = match(changed, index), match(anew, index)
    assert match(changed, index, many=0) == found
    assert len(changed) == len(anew) == len({query.canonical for query in kept})
    assert len(found) == len(expected)
    for query in kept:
        assert found.get(handles[query.canonical]) == expected.get(anew.add(query))


def test_equal_queries_share_a_handle_until_the_last_is_removed() -> None:
    wanted = QuerySet()
    graph, rag = strategies.as_query([alternative("graph")]), strategies.as_query([alternative("rag")])
    first, second, other = wanted.add(graph), wanted.add(graph), wanted.add(rag)
    assert first == second != other
    wanted.remove(first)
    assert len(wanted) == 2
    wanted.remove(first)
    assert len(wanted) == 1
    with pytest.raises(KeyError):
        wanted.remove(first)
    assert wanted.add(graph) not in (first, other)


@pytest.mark.parametrize(
    ("typed", "paper", "is_found"),
    [
        ('author:"J. Doe"', {"authors": ("Max Lee", "Jane Doe")}, True),
        ('author:"J. Doe"', {"authors": ("Doe, J.",)}, True),
        ('author:"J. Doe"', {"authors": ("Jane Lee", "Max Doe")}, False),
        ('author:"D. Doe"', {"authors": ("Jane Doe",)}, False),
        ('author:"Doe Doe"', {"authors": ("Jane Doe",)}, False),
        ('author:"Doe Doe"', {"authors": ("Doe Doe",)}, True),
        ('author:"И. Doe"', {"authors": ("Иван Doe",)}, False),
        ('author:"Й Doe"', {"authors": ("Й Doe",)}, True),
        ("author:王伟", {"authors": ("伟王",)}, True),
        ('author:"J. Q. Doe"', {"authors": ("Jane Quinn Doe",)}, True),
        ('author:"J. J. Doe"', {"authors": ("Jane Quinn Doe",)}, False),
        ("graph-studie*", {"title": "Graph studies"}, True),
        ("graph-analyse*", {"title": "Graph analyses"}, True),
        ("graph-stu*", {"title": "Graph states, a study"}, False),
        ("graph-t*", {"title": "Graph theory"}, True),
    ],
)
def test_names_and_phrases_that_no_word_decides(typed: str, paper: dict[str, Any], is_found: bool) -> None:
    queries, index = QuerySet(), paper_index.PaperIndex.of([model.Paper(key="1", **{"title": "A paper", **paper})])
    handle = queries.add_text(typed)
    for many in (0, 1000):
        assert match(queries, index, many=many).get(handle, 0) == is_found
    assert bool(paper_index.matching_papers(parse_query(typed), index.papers)) is is_found
    queries.remove(handle)
    assert queries.slots.used == 0


def alternative(*words: str) -> grammar.Alternative:
    return grammar.Alternative(frozenset(grammar.Term(grammar.TEXT, (word,)) for word in words))


# -------------------------------------------------------------------------------------------------- the worked examples


def worked_examples(shared: Path) -> list[dict[str, Any]]:
    lines = (shared / "query_cases.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


def example_paper(fields: dict[str, Any]) -> model.Paper:
    key = fields.get("key", "title:0")
    translation = model.Translation(
        language="zh", title=fields.get("title_translation", ""), abstract=fields.get("translation", "")
    )
    return model.Paper(
        key=key,
        arxiv_id=None if ":" in key else key,
        title=fields["title"],
        abstract=fields.get("abstract", ""),
        authors=tuple(fields.get("authors", ())),
        categories=tuple(fields.get("categories", ())),
        doi=fields.get("doi"),
        summaries=(
            model.Summary(
                language="zh", fields={f"field {n}": text for n, text in enumerate(fields.get("others", ()))}
            ),
        ),
        translations=(translation,),
        sources=(fields["source"],) if "source" in fields else (),
    )


def test_the_worked_examples_hold(shared: Path) -> None:
    cases = worked_examples(shared)
    wrong = [case for case in cases if examine(case) != (case["match"], case.get("column"))]
    assert len(cases) > 400
    assert wrong == []


def examine(case: dict[str, Any]) -> tuple[bool | str, int | None]:
    paper = example_paper(case["paper"])
    try:
        query = parse_query(case["query"])
    except QueryError as refusal:
        return "refused", refusal.column if "column" in case else None
    found = paper_index.matching_papers(query, [paper]) == (0,)
    assert match(QuerySet([query]), paper_index.PaperIndex.of([paper])) == ({0: 1} if found else {}), case
    assert strategies.matches(query, paper) == found, case
    assert bool(hits.why(query, paper)) == found, case
    return found, None


# ----------------------------------------------------------------------------------------------- a window of papers


SURVEY = model.Paper(
    key="2601.15529",
    arxiv_id="2601.15529",
    title="RAG studies of LLMs' $\\alpha$-divergence",
    abstract="A few-shot study. Few shots suffice for retrieval-augmented generation.",
    authors=("Jörg Müller", "Ann Lee"),
    categories=("cs.LG", "stat.ML"),
    doi="10.1234/abc",
    sources=("daily",),
    summaries=(model.Summary(language="zh", fields={"tldr": "提出扩散模型。", "method": "Error"}),),
    translations=(model.Translation(language="zh", title="扩散的研究", abstract="少样本学习"),),
)


def test_copies_of_a_paper_become_one_with_all_categories() -> None:
    again = model.Paper(key="2601.15529", title="Other", categories=("cs.CV", "cs.LG"), sources=("weekly", "daily"))
    other = model.Paper(key="2601.15530", title="Other", categories=("cs.CV",))
    merged = paper_index.merge_copies([SURVEY, other, again, again])
    assert [paper.key for paper in merged] == ["2601.15529", "2601.15530"]
    assert merged[0].title == SURVEY.title
    assert merged[0].categories == ("cs.LG", "stat.ML", "cs.CV")
    assert merged[0].sources == ("daily", "weekly")
    assert merged[1] is other


def test_a_phrase_of_hundreds_of_words_is_found_and_forgotten() -> None:
    words = tuple(f"w{number}" for number in range(900))
    wanted = QuerySet()
    handle = wanted.add(strategies.as_query([grammar.Alternative(frozenset({grammar.Term(grammar.TEXT, words)}))]))
    index = paper_index.PaperIndex.of(
        [model.Paper(key="1", title=" ".join(words)), model.Paper(key="2", title=" ".join(words[:-1]))]
    )
    assert match(wanted, index) == match(wanted, index, many=0) == {handle: 1}
    wanted.remove(handle)
    assert wanted.slots.used == 0


def test_a_phrase_does_not_go_on_in_the_next_text_or_paper() -> None:
    wanted = QuerySet(
        [strategies.as_query([grammar.Alternative(frozenset({grammar.Term(grammar.TEXT, ("graph", "neural"))}))])]
    )
    index = paper_index.PaperIndex.of(
        [model.Paper(key="1", title="a graph", abstract="neural a graph"), model.Paper(key="2", title="neural")]
    )
    assert match(wanted, index) == match(wanted, index, many=0) == {}


def test_a_common_prefix_does_not_check_every_paper() -> None:
    """Each of 2,000 prefixes is checked once, and not in papers that have no such word."""
    asked = [
        strategies.as_query([grammar.Alternative(frozenset({grammar.Term(grammar.TEXT, (f"con{n}",), prefix=True)}))])
        for n in range(2000)
    ]
    index = paper_index.PaperIndex.of([model.Paper(key=str(n), title=f"con{n} consider") for n in range(50)])
    found = match(QuerySet(asked), index)
    assert len(found) == 50
    assert list(index.positions(found[4])) == [4, *range(40, 50)]


# ----------------------------------------------------------------------------------------------------- why and why not


def one(*wanted: grammar.Term) -> grammar.Query:
    return strategies.as_query([grammar.Alternative(frozenset(wanted))])


@pytest.mark.parametrize(
    ("term", "found"),
    [
        (grammar.Term(grammar.TEXT, ("study",)), [("title", ("studies",)), ("abstract", ("study",))]),
        (grammar.Term(grammar.TITLE, ("alpha", "divergence")), [("title", (r"\alpha$-divergence",))]),
        (grammar.Term(grammar.TEXT, ("few", "shot")), [("abstract", ("few-shot", "Few shots"))]),
        (grammar.Term(grammar.TEXT, ("few", "sho"), prefix=True), [("abstract", ("few-shot", "Few shots"))]),
        (grammar.Term(grammar.TEXT, ("RAG",), exact=True), [("title", ("RAG",))]),
        (grammar.Term(grammar.TEXT, ("扩", "散")), [("title", ("扩散",)), ("summary", ("扩散",))]),
        (grammar.Term(grammar.ABSTRACT, ("学", "习")), [("abstract", ("学习",))]),
        (grammar.Term(grammar.AUTHOR, ("muller",)), [("author", ("Jörg Müller",))]),
        (grammar.Term(grammar.AUTHOR, ("l",)), [("author", ("Ann Lee",))]),
        (grammar.Term(grammar.CATEGORY, value="cs"), [("category", ("cs.LG",))]),
        (grammar.Term(grammar.PRIMARY, value="cs.lg"), [("primary", ("cs.LG",))]),
        (grammar.Term(grammar.ID, value="2601.15529"), [("id", ("2601.15529",))]),
        (grammar.Term(grammar.DOI, value="10.1234/abc"), [("doi", ("10.1234/abc",))]),
        (grammar.Term(grammar.SOURCE, value="daily"), [("source", ("daily",))]),
        (grammar.Term(grammar.ALL, ("muller",), names=("muller",)), [("author", ("Jörg Müller",))]),
        (
            grammar.Term(grammar.ALL, ("stat", "ml"), value="stat.ml", names=("ml", "stat")),
            [("category", ("stat.ML",))],
        ),
        (grammar.Term(grammar.TEXT_OR_ID, ("2601.15529",), value="2601.15529"), [("id", ("2601.15529",))]),
        (grammar.Term(grammar.TEXT, ("error",)), []),
    ],
)
def test_why_shows_the_words_of_the_paper(term: grammar.Term, found: list[tuple[str, tuple[str, ...]]]) -> None:
    assert [(hit.field.name, hit.terms) for hit in hits.why(one(term), SURVEY)] == found


def test_why_shows_only_the_alternatives_that_fit() -> None:
    asked = strategies.as_query([alternative("rag", "doll"), alternative("llm")])
    assert [hit.terms for hit in hits.why(asked, SURVEY)] == [("LLMs",)]


def test_hits_point_into_their_text() -> None:
    asked = one(grammar.Term(grammar.TEXT, ("few", "shot")), grammar.Term(grammar.TEXT, ("shot",)))
    (hit,) = hits.why(asked, SURVEY)
    assert [hit.text[start:end] for start, end in hits.spans(asked, hit.text, grammar.ABSTRACT)] == [
        "few-shot",
        "Few shots",
    ]
    assert hit == Hit(grammar.ABSTRACT, ("few-shot", "Few shots", "shot", "shots"), SURVEY.abstract)


def test_words_are_found_in_a_text_as_it_is_shown() -> None:
    asked = one(grammar.Term(grammar.TEXT, ("alpha", "divergence")), grammar.Term(grammar.ABSTRACT, ("study",)))
    shown = "RAG studies of LLMs' α-divergence"
    assert [shown[start:end] for start, end in hits.spans(asked, shown, grammar.TITLE)] == ["α-divergence"]
    assert [shown[start:end] for start, end in hits.spans(asked, shown, grammar.ABSTRACT)] == [
        "studies",
        "α-divergence",
    ]


VOCABULARY = [f"w{number}" for number in range(100, 130)]
MORE_SHAPES = (
    *strategies.SHAPES,
    "au:{}",
    'author:"{}, J."',
    "cat:cs.LG {}",
    "all:{}",
    "2601.15529 {}",
    "={}",
    "大语言模型 {}",
)


@given(st.lists(queries, max_size=5))
def test_any_queries_are_forgotten(asked: list[grammar.Query]) -> None:
    everything = QuerySet(asked)
    for query in asked:
        handle = everything.find(query.canonical)
        assert handle is not None
        everything.remove(handle)
    assert (len(everything), everything.slots.used) == (0, 0)


def test_thousands_of_changes_leave_what_a_new_set_has() -> None:
    """Free slots and rows are used again."""
    random = Random(20261121)
    batch = [model.Paper(key=str(n), title=" ".join(random.choices(VOCABULARY, k=12))) for n in range(70)]
    changed, index = QuerySet(), paper_index.PaperIndex.of(batch)
    kept: list[tuple[str, int]] = []
    for _ in range(4000):
        if random.random() < 0.55 or not kept:
            text = random.choice(MORE_SHAPES).format(*random.choices(VOCABULARY, k=3))
            kept.append((text, changed.add_text(text)))
        else:
            _, handle = kept.pop(random.randrange(len(kept)))
            changed.remove(handle)
    anew = QuerySet(parse_query(text) for text, _ in kept)
    found, expected = match(changed, index), match(anew, index)
    assert match(changed, index, many=0) == found
    assert (len(changed), changed.slots.used) == (len(anew), anew.slots.used)
    assert len(found) == len(expected) > 100
    for text, handle in kept:
        assert found.get(handle) == expected.get(anew.add_text(text)), text


def test_nobody_can_know_the_digests_of_a_set() -> None:
    asked = [parse_query("graph neural")]
    assert vars(QuerySet(asked))["_digests"] != vars(QuerySet(asked))["_digests"]
