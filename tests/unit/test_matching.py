"""Every field of a query, every row of the rules, and matching: each matcher finds what the slow one finds. Ranking: how well a
paper matches a query, and how near it is to a taste."""

import json
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.rendering.queries_in_words import query_in_words
from subscriptions import model
from subscriptions import query as grammar
from subscriptions.errors import QueryError
from subscriptions.matching import fulfilment, hits, paper_index, profiles, reasons
from subscriptions.matching.batch import QuerySet, match
from subscriptions.matching.fit import fit
from subscriptions.matching.full_text import index_question
from subscriptions.matching.word_weights import Rarity, words_of
from subscriptions.query.advice import advise
from subscriptions.query.parse import parse_canonical, parse_query
from subscriptions.query.rewriting import narrowed
from subscriptions.query.tree import Alternative, Leaf, Query, Term
from tests import tables
from tests.unit import query_rules, strategies

# ---------------------------------------------------------------------------------------- any query against any papers


@given(st.lists(strategies.queries, max_size=4), st.lists(strategies.papers, max_size=4))
def test_the_batch_finds_what_the_slow_matcher_finds(asked: list[Query], batch: list[model.Paper]) -> None:
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
    assert [bool(reasons.why(query, paper)) for paper in batch] == [place in expected for place in range(len(batch))]


@given(st.lists(strategies.queries, max_size=6), st.lists(strategies.papers, max_size=3))
def test_a_set_that_grew_equals_a_new_one(asked: list[Query], batch: list[model.Paper]) -> None:
    grown, index = QuerySet(), paper_index.PaperIndex.of(batch)
    for query in asked:
        grown.add(query)
        match(grown, index)
    assert match(grown, index) == match(QuerySet(asked), index)


def test_equal_queries_share_a_handle() -> None:
    wanted = QuerySet()
    graph, rag = strategies.as_query([alternative("graph")]), strategies.as_query([alternative("rag")])
    first, other = wanted.add(graph), wanted.add(rag)
    assert (wanted.add(graph), len(wanted)) == (first, 2)
    assert first < other


@pytest.mark.parametrize(
    ("typed", "authors", "title", "expected"),
    tables.rows("""
        author:"J. Doe"    → Max Lee; Jane Doe → A paper               → found
        author:"J. Doe"    → Doe, J.           → A paper               → found
        author:"J. Doe"    → Jane Lee; Max Doe → A paper               → not found
        author:"D. Doe"    → Jane Doe          → A paper               → not found
        author:"Doe Doe"   → Jane Doe          → A paper               → not found
        author:"Doe Doe"   → Doe Doe           → A paper               → found
        author:"И. Doe"    → Иван Doe          → A paper               → not found
        author:"Й Doe"     → Й Doe             → A paper               → found
        author:王伟        → 伟王              → A paper               → found
        author:"J. Q. Doe" → Jane Quinn Doe    → A paper               → found
        author:"J. J. Doe" → Jane Quinn Doe    → A paper               → not found
        graph-studie*      →                   → Graph studies         → found
        graph-analyse*     →                   → Graph analyses        → found
        graph-stu*         →                   → Graph states, a study → not found
        graph-t*           →                   → Graph theory          → found
    """),
)
def test_names_and_phrases_that_no_word_decides(typed: str, authors: str, title: str, expected: str) -> None:
    paper = model.Paper(key="1", title=title, authors=tuple(authors.split("; ")))
    queries, index = QuerySet(), paper_index.PaperIndex.of([paper])
    handle = queries.add_text(typed)
    assert match(queries, index).get(handle, 0) == (expected == "found")
    assert bool(paper_index.matching_papers(parse_query(typed), index.papers)) is (expected == "found")


def alternative(*words: str) -> Alternative:
    return Alternative(frozenset(Term(grammar.TEXT, (word,)) for word in words))


# -------------------------------------------------------------------------------------------------- the worked examples


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
    cases = [json.loads(line) for line in (shared / "query_cases.jsonl").read_text(encoding="utf-8").splitlines()]
    wrong = [case for case in cases if examine(case) != (case["match"], case.get("column"))]
    assert len(cases) > 400
    assert wrong == []


def answer(query: Query, asked: model.Paper) -> bool:
    """Returns whether a query finds a paper. The three matchers and `why` must agree."""
    found = strategies.matches(query, asked)
    assert paper_index.matching_papers(query, [asked]) == ((0,) if found else ())
    assert match(QuerySet([query]), paper_index.PaperIndex.of([asked])) == ({0: 1} if found else {})
    assert bool(reasons.why(query, asked)) == (reasons.unfulfilled_parts(query, asked) == ()) == found
    return found


def examine(case: dict[str, Any]) -> tuple[bool | str, int | None]:
    try:
        query = parse_query(case["query"])
    except QueryError as refusal:
        return "refused", refusal.column if "column" in case else None
    return answer(query, example_paper(case["paper"])), None


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
    assert merged[0] == replace(SURVEY, categories=("cs.LG", "stat.ML", "cs.CV"), sources=("daily", "weekly"))
    assert merged[1] is other


def test_a_phrase_of_hundreds_of_words_is_found() -> None:
    words = tuple(f"w{number}" for number in range(900))
    wanted = QuerySet()
    handle = wanted.add(strategies.as_query([Alternative(frozenset({Term(grammar.TEXT, words)}))]))
    index = paper_index.PaperIndex.of(
        [model.Paper(key="1", title=" ".join(words)), model.Paper(key="2", title=" ".join(words[:-1]))]
    )
    assert match(wanted, index) == {handle: 1}


def test_a_phrase_does_not_go_on_in_the_next_text_or_paper() -> None:
    wanted = QuerySet([strategies.as_query([Alternative(frozenset({Term(grammar.TEXT, ("graph", "neural"))}))])])
    index = paper_index.PaperIndex.of(
        [model.Paper(key="1", title="a graph", abstract="neural a graph"), model.Paper(key="2", title="neural")]
    )
    assert match(wanted, index) == {}


def test_a_common_prefix_does_not_check_every_paper() -> None:
    """Each of 2,000 prefixes is checked once, and not in papers that have no such word."""
    asked = [
        strategies.as_query([Alternative(frozenset({Term(grammar.TEXT, (f"con{n}",), prefix=True)}))])
        for n in range(2000)
    ]
    index = paper_index.PaperIndex.of([model.Paper(key=str(n), title=f"con{n} consider") for n in range(50)])
    found = match(QuerySet(asked), index)
    assert len(found) == 50
    assert list(index.positions(found[4])) == [4, *range(40, 50)]


# ----------------------------------------------------------------------------------------------------- why and why not


def one(*wanted: Term) -> Query:
    return strategies.as_query([Alternative(frozenset(wanted))])


@pytest.mark.parametrize(
    ("query", "found"),
    tables.rows(r"""
        study                 → title: studies + abstract: study
        ti:"alpha divergence" → title: \alpha$-divergence
        few-shot              → abstract: few-shot, Few shots
        few-sho*              → abstract: few-shot, Few shots
        =RAG                  → title: RAG
        扩散                  → title: 扩散 + summary: 扩散
        abs:学习              → abstract: 学习
        author:müller         → author: Jörg Müller
        author:"A. Lee"       → author: Ann Lee
        cat:cs                → category: cs.LG
        primary:cs.LG         → primary: cs.LG
        id:2601.15529         → id: 2601.15529
        doi:10.1234/abc       → doi: 10.1234/abc
        source:daily          → source: daily
        all:müller            → author: Jörg Müller
        all:stat.ML           → category: stat.ML
        2601.15529            → id: 2601.15529
        error                 →
    """),
)
def test_why_shows_the_words_of_the_paper(query: str, found: str) -> None:
    hits_found = reasons.why(parse_query(query), SURVEY)
    assert " + ".join(f"{hit.field.name}: {', '.join(hit.terms)}" for hit in hits_found) == found


def test_why_shows_only_the_alternatives_that_fit() -> None:
    assert [
        hit.terms for hit in reasons.why(strategies.as_query([alternative("rag", "doll"), alternative("llm")]), SURVEY)
    ] == [("LLMs",)]


def test_hits_point_into_their_text() -> None:
    asked = one(Term(grammar.TEXT, ("few", "shot")), Term(grammar.TEXT, ("shot",)))
    (hit,) = reasons.why(asked, SURVEY)
    assert [hit.text[start:end] for start, end in reasons.spans(asked, hit.text, grammar.ABSTRACT)] == [
        "few-shot",
        "Few shots",
    ]
    assert hit == reasons.Hit(grammar.ABSTRACT, ("few-shot", "Few shots", "shot", "shots"), SURVEY.abstract)


def test_words_are_found_in_a_text_as_it_is_shown() -> None:
    asked = one(Term(grammar.TEXT, ("alpha", "divergence")), Term(grammar.ABSTRACT, ("study",)))
    shown = "RAG studies of LLMs' α-divergence"
    assert [shown[start:end] for start, end in reasons.spans(asked, shown, grammar.TITLE)] == ["α-divergence"]
    assert [shown[start:end] for start, end in reasons.spans(asked, shown, grammar.ABSTRACT)] == [
        "studies",
        "α-divergence",
    ]


# --------------------------------------------------------------------------------------------------------- every entry


@pytest.mark.parametrize("field", [*grammar.FIELDS, grammar.LEFT_OUT], ids=repr)
def test_an_example_of_a_field_has_no_hint_and_is_read_again(field: grammar.Field) -> None:
    query = parse_query(field.example)
    assert (isinstance(query.tree, Leaf), query.hints) == (True, ())
    if field is not grammar.LEFT_OUT:
        assert {term.field for term in query.terms} == {field}
        assert query.canonical.startswith(field.canonical_prefix)
        assert parse_canonical(query.canonical) == replace(query, text=query.canonical)


def test_names_in_canonical_texts_are_those_that_are_stored() -> None:
    assert [field.canonical_prefix for field in grammar.FIELDS] == [
        "title:", "abstract:", "summary:", "author:", "cat:", "primary:", "id:", "doi:", "source:", "venue:", "has:", "like:", "about:", "all:",
    ]  # fmt: skip


def test_no_two_fields_share_a_name() -> None:
    names = [name for field in (*grammar.FIELDS, grammar.LEFT_OUT) for name in field.names]
    assert len(names) == len(set(names))
    assert all(name == name.lower() for name in names)


def test_words_without_a_field_are_in_columns_of_the_index() -> None:
    assert all(field.column for field in grammar.FIELDS if field.in_any_text)


# ---------------------------------------------------------------------------------- fields that the product does not have


ACCEPTED = model.Paper(key="1", title="Graphs", comment="Accepted at ICML, 12 figures", url="https://arxiv.org/abs/1")
SPOKEN = model.Paper(key="3", title="Talks", comment="by Jane Q. Doe")
JOURNALS = (
    model.Paper(key="1", title="Nature", venue="Nature Chemistry", abstract="Code: https://github.com/kites/tail."),
    model.Paper(key="2", title="Kites", venue="Nature", comment="Data at https://doi.org/10.5281/zenodo.123"),
    model.Paper(
        key="3", title="Tails", abstract="See huggingface.co/datasets/kites and gitlab.harbour.edu/kites/tails."
    ),
    model.Paper(key="4", title="GitHub", abstract="We study GitHub and Zenodo, and https://kites.example/github."),
)
BATCH = (
    ACCEPTED,
    model.Paper(key="2", title="Accepted graphs", comment="Figure skating", url="https://example.org/2"),
    SPOKEN,
)


def found(query: Query, batch: Iterable[model.Paper]) -> list[tuple[int, ...]]:
    """Returns the results of every matcher; the slow one comes first."""
    batch = list(batch)
    index = paper_index.PaperIndex.of(batch, strategies.MORE)
    return [
        tuple(place for place, paper in enumerate(batch) if strategies.matches(query, paper)),
        paper_index.matching_papers(query, batch),
        paper_index.TokenizedPapers.of(batch, fields=strategies.MORE).matching(query),
        tuple(index.positions(match(QuerySet([query]), index).get(0, 0))),
        tuple(place for place, paper in enumerate(batch) if reasons.why(query, paper)),
        tuple(place for place, paper in enumerate(batch) if not reasons.unfulfilled_parts(query, paper)),
    ]


@pytest.mark.parametrize(
    ("typed", "places"),
    tables.rows("""
        comment:accepted                  → 0
        NOTE: figures                     → 0 1
        备注：icml                        → 0
        comment:"accepted at"             → 0
        comment:=Accepted                 → 0
        comment:fig*                      → 0 1
        comment:(icml figures) graphs     → 0
        accepted                          → 1  # a word without a field is not searched for in comments
        graphs -comment:icml              → 1
        speaker:"J. Doe"                  → 2
        speaker:jan*                      → 2
        speaker:=Jane                     → 2
        host:ARXIV.org                    → 0
        host:"example.org" OR speaker:doe → 1 2
        note:icml, host:example.org       → 0 1
        speaker:Doe, Jane                 → 2
    """),
)
def test_a_new_field_works_by_every_name_in_every_matcher(typed: str, places: str) -> None:
    assert found(parse_query(typed, strategies.MORE), BATCH) == [tuple(map(int, places.split()))] * 6


@pytest.mark.parametrize(
    ("typed", "places"),
    tables.rows("""
        venue:"Nature Chemistry"      → 0
        journal:nature                → 0 1
        期刊：nature -venue:chemistry → 1
        nature                        → 0  # a word without a field is not searched for in journals
        has:code                      → 0 2
        has:DATA                      → 1 2
        has:code -has:data            → 0
        has:video                     →
    """),
)
def test_journals_and_addresses_of_code_and_data_are_found_by_every_matcher(typed: str, places: str) -> None:
    assert found(parse_query(typed), JOURNALS) == [tuple(map(int, places.split()))] * 6


@given(
    st.lists(
        st.sampled_from(
            [*strategies.TYPED.split(), "comment:", "note:", "speaker:", "host:", "arxiv.org", "备注：扩散"]
        ),
        min_size=1,
        max_size=5,
    ).map(" ".join),
    st.lists(
        st.builds(
            lambda paper, comment, url: replace(paper, comment=comment, url=url),
            strategies.papers,
            st.one_of(strategies.texts, st.sampled_from(["by Jane Doe", "by J. Müller"])),
            st.sampled_from([None, "https://arxiv.org/abs/1", "https://daily/2"]),
        ),
        max_size=3,
    ),
)
def test_every_matcher_agrees_on_new_fields(typed: str, batch: list[model.Paper]) -> None:
    try:
        query = parse_query(typed, strategies.MORE)
    except QueryError:
        return
    slow, *others = found(query, batch)
    assert others == [slow] * 5
    again = parse_canonical(query.canonical, strategies.MORE)
    assert (again.canonical, set(again.alternatives)) == (query.canonical, set(query.alternatives))
    assert parse_query(query_in_words(query, str), strategies.MORE).canonical == query.canonical


@pytest.mark.parametrize(
    ("typed", "reading"),
    tables.rows("""
        note:Accepted graphs                 → graphs comment:Accepted
        graphs -note:(withdrawn | retracted) → graphs, not (comment:withdrawn OR comment:retracted)
        speaker:Doe, Jane                    → speaker:"Jane Doe"
        host:arxiv.org                       → host:arxiv.org
    """),
)
def test_a_query_with_a_new_field_is_explained(typed: str, reading: str) -> None:
    assert query_in_words(parse_query(typed, strategies.MORE), str) == reading


def test_slips_with_a_new_field_are_told() -> None:
    with pytest.raises(QueryError) as refused:
        parse_query("graphs note:", strategies.MORE)
    assert (refused.value.column, str(refused.value.hint)) == (8, "For example: comment:accepted")
    (unknown,) = parse_query("speeker:doe", strategies.MORE).hints
    assert str(unknown) == "There is no field speeker: so I look for the words. Did you mean speaker:?"
    (half,) = parse_query("speaker:Jane Doe", strategies.MORE).hints
    assert str(half) == 'speaker: holds for Jane only, Doe is a word. For both write speaker:"Jane Doe"'


def test_a_hit_in_a_new_field_names_its_place_and_its_words() -> None:
    (hit,) = reasons.why(parse_query("note:figure", strategies.MORE), ACCEPTED)
    assert (str(hit.field.place), hit.terms, hit.text) == ("in the comment", ("figures",), ACCEPTED.comment)
    (hit,) = reasons.why(parse_query("speaker:doe", strategies.MORE), SPOKEN)
    assert (str(hit.field.place), hit.terms) == ("in the text", ("Jane Q. Doe",))


def test_queries_with_a_new_field_are_rewritten_and_advised_on() -> None:
    query = parse_query("note:accepted graph neural", strategies.MORE)
    assert narrowed(query, "note:withdrawn").text == "note:accepted graph neural -note:withdrawn"
    known = [replace(ACCEPTED, key=str(n), title="graph neural" if n < 2 else "neural graph") for n in range(20)]
    given = advise(query, strategies.Known(known), days=1)
    assert given is not None
    assert given.text == 'comment:accepted "graph neural"'


def test_the_index_leaves_a_new_field_to_the_matcher() -> None:
    asked = [index_question(part) for term in parse_query("note:a speaker:doe host:b", strategies.MORE).terms for part in fulfilment.simple_terms(term)]  # fmt: skip
    assert [(question.sure, question.maybe) for question in asked] == [(None, None)] * 3


def test_a_name_that_is_no_field_stays_a_word() -> None:
    assert found(parse_query("comment:accepted"), BATCH) == [()] * 6


MAX_LENGTH = 1000  # the number of characters that a person may type


@pytest.mark.parametrize("rule", query_rules.FINDS, ids=lambda rule: rule.sentence)
def test_a_query_finds_what_the_rules_say(rule: query_rules.Finds) -> None:
    for query, asked, expected in rule.questions():
        read = parse_query(query)
        assert answer(read, asked) == expected, (query, read.canonical, [str(hint) for hint in read.hints])
        for parse in (parse_canonical, parse_query) if len(read.canonical) <= MAX_LENGTH else (parse_canonical,):
            again = parse(read.canonical)
            assert (again.canonical, set(again.alternatives)) == (read.canonical, set(read.alternatives)), query


# ---------------------------------------------------------------------------------------- spellings of one stored query

EQUAL: list[tuple[str, list[str]]] = [
    *((what, tables.listed(queries)) for what, queries in tables.rows(r"""
        case                                     → graph Neural ≡ GRAPH neural ≡ Graph NEURAL
        hyphen or phrase                         → few-shot ≡ "few shot" ≡ few–shot ≡ few_shot ≡ few/shot ≡ "few-shot" ≡ “few shot” ≡ few,shot
        plural                                   → graph networks ≡ graphs network ≡ graphs networks
        irregular plural                         → analysis ≡ analyses ≡ ANALYSES
        order                                    → graph neural ≡ neural graph ≡ graph AND neural ≡ neural & graph ≡ (graph neural) ≡ (neural) (graph)
        order of OR                              → graph OR neural ≡ neural OR graph ≡ neural | graph ≡ graph|neural ≡ graph, neural ≡ graph、neural ≡ (graph) OR (neural)
        doubled terms                            → graph ≡ graph graph ≡ graph Graphs ≡ graph OR graph ≡ (graph OR graph) graph ≡ -(-graph)
        field alias of title                     → ti:graph ≡ title:graph ≡ intitle:graph ≡ TI: graph ≡ ti:graph title:graphs ≡ ti:ti:graph ≡ abs:ti:graph
        field alias of abstract                  → abs:graph ≡ abstract:graph
        field alias of summary                   → summary:graph ≡ tldr:graph
        field alias of author                    → author:doe ≡ au:doe ≡ author:Doe ≡ AU:DOE
        field alias of category                  → cat:cs.LG ≡ category:cs.LG ≡ cs.LG ≡ #cs.lg ≡ cat:cs.lg ≡ cat:"cs.LG" ≡ cat: CS.LG
        an archive                               → cat:cs ≡ cat:cs.* ≡ cs.* ≡ cat:CS ≡ #cs.*
        categories joined by +                   → cs.AI+cs.CV ≡ cs.CV+cs.AI ≡ cat:cs.AI OR cat:cs.CV ≡ cs.cv OR cs.ai ≡ cs.CV, cs.AI ≡ cat:(cs.AI OR cs.CV)
        author forms                             → author:"Doe, Jane" ≡ author:"Jane Doe" ≡ author:Doe, Jane ≡ au:Doe, Jane ≡ au:"Doe Jane" ≡ author:jane-doe
        umlauts of authors                       → author:Müller ≡ author:Mueller ≡ author:muller
        sign and field                           → graph ti:-survey ≡ graph -ti:survey ≡ -ti:survey graph ≡ graph ti:NOT survey ≡ graph NOT ti:surveys ≡ graph ti:!survey
        signs                                    → graph -foo ≡ graph NOT foo ≡ graph !foo ≡ graph --foo ≡ graph ANDNOT foo ≡ graph AND NOT foo ≡ graph –foo ≡ -foo graph
        two signs of one field                   → ti:x ≡ -ti:-x ≡ -(-ti:x) ≡ ti:-(-x)
        brackets                                 → a b c ≡ (a b) c ≡ a (b c) ≡ ((a)) ((b) c) ≡ c b a
        brackets of OR                           → a OR b OR c ≡ (a OR b) OR c ≡ c|(b|a) ≡ a, b, c
        a field over a bracket                   → ti:(a b) ≡ ti:a ti:b ≡ ti:b ti:a ≡ title:(b a)
        unclosed                                 → "graph neural" ≡ "graph neural ≡ graph-neural
        unclosed bracket                         → (a OR b) c ≡ c (a OR b ≡ c (b | a
        dangling                                 → a OR b ≡ a AND OR b ≡ OR a OR b OR ≡ a NOT OR b ≡ a OR () OR b
        empty parts                              → a ≡ a () ≡ a "" ≡ a -() ≡ () a ≡ a !!! ≡ a NOT ≡ a OR
        links                                    → id:2601.15529 ≡ https://arxiv.org/abs/2601.15529v2 ≡ arxiv.org/pdf/2601.15529 ≡ huggingface.co/papers/2601.15529 ≡ id:2601.15529v1 ≡ id:=2601.15529 ≡ id:https://arxiv.org/abs/2601.15529
        DOI links                                → doi:10.1234/abc ≡ doi.org/10.1234/ABC ≡ https://doi.org/10.1234/abc ≡ DOI:10.1234/ABC
        Greek                                    → α ≡ alpha ≡ \alpha ≡ $\alpha$ ≡ Α
        two Greek letters                        → αβ ≡ \alpha\beta ≡ "alpha beta" ≡ alpha-beta
        variants of epsilon                      → epsilon ≡ \varepsilon ≡ \epsilon ≡ ε ≡ ϵ
        unknown field                            → foo:graph ≡ "foo graph" ≡ foo-graph
        unknown field with a blank               → foo: graph ≡ foo graph ≡ graph foo
        unknown field before a quote             → foo:"a b" ≡ foo "a b" ≡ foo: "a b"
        stars                                    → gr*ph ≡ gr ph ≡ ph gr
        a star before                            → *graph ≡ graph
        a star after CJK                         → 图 ≡ 图* ≡ "图" ≡ 图＊
        prefix                                   → neuro* ≡ NEURO* ≡ neuro＊ ≡ NeurO*
        exact                                    → =RAG ≡ ＝RAG ≡ ="RAG" ≡ =RAG =RAG
        API query                                → ti:"deep learning" author:"lecun y" ≡ ti:%22deep+learning%22+AND+au:lecun_y ≡ search_query=ti:%22deep+learning%22+AND+au:lecun_y ≡ http://export.arxiv.org/api/query?search_query=ti:%22deep+learning%22+AND+au:lecun_y&max_results=3
        API brackets                             → au:doe -(ti:a OR ti:b) ≡ au:doe+ANDNOT+%28ti:a+OR+ti:b%29
        API ids                                  → id:2601.15529 OR id:2601.15530 ≡ http://export.arxiv.org/api/query?id_list=2601.15529,2601.15530 ≡ id:(2601.15530 OR 2601.15529)
        API parts that are dropped               → all:electron ≡ all:electron+AND+jr:nature ≡ search_query=all:electron+AND+rn:5
        apostrophes                              → newton ≡ newton's ≡ Newton’s ≡ newtons
        trade marks                              → bert ≡ BERT™ ≡ BERT®
        source                                   → source:daily ≡ source:DAILY ≡ source:=Daily ≡ source:"daily"
        keywords without blanks                  → (a) OR (b) ≡ (a)OR(b) ≡ (a)|(b) ≡ a OR b
        phrase of a keyword                      → graph or ≡ graph "OR" ≡ graph or OR graph or
        order, case and plurals                  → graph neural ≡ NEURAL Graph ≡ neural  AND graph ≡ graph graph neural ≡ (graph) & neural ≡ graphs neural
        a field beside OR                        → ti:a OR b ≡ b OR title:A ≡ intitle:a | b ≡ b || ti: a
        OR in brackets                           → a (b OR c) ≡ (c OR b) AND a ≡ a ((c) OR (b OR b))
        excluding several                        → x -(a OR b) ≡ x -a -b ≡ x NOT b NOT a
        Greek in a phrase                        → α-divergence ≡ $\alpha$-divergence ≡ "alpha divergence"
        names with signs                         → author:"Jane Smith" ≡ author:Smith, Jane ≡ au:"smith, jane" ≡ author:jane_smith
        CJK phrases                              → 扩散模型 ≡ "扩散模型" ≡ "扩 散 模 型"
    """)),
    ("width", ["graph C++", "ｇｒａｐｈ C++", "graph Ｃ＋＋", "graph　C++"]),
    ("accents", ["poincaré", "poincare", "Poincare\u0301", r"Poincar\'e", r"Poincar{\'e}"]),
    ("blanks", ["graph neural", " graph  neural ", "graph\tneural", "graph\nneural"]),
    ("invisible", ["graph", "gr\u200baph", "\ufeffgraph", "gra\u00adph"]),
    ("width, blanks and dashes", ["few-shot", "few_shot", "Few–Shot", "“few shots”", "ＦＥＷ/ＳＨＯＴ", "few\u200b-shot"]),
    ("accents of every kind", ["Schrödinger", "schrodinger", 'Schr\\"odinger', "SCHRÖDINGER", "schro\u0308dinger"]),
    ("NFC and NFD Hangul", ["그래프", "\u1100\u1173\u1105\u1162\u1111\u1173"]),
]  # fmt: skip


@pytest.mark.parametrize("spellings", [queries for _, queries in EQUAL], ids=[what for what, _ in EQUAL])
def test_other_spellings_share_one_stored_query(spellings: tuple[str, ...]) -> None:
    assert {other: parse_query(other).canonical for other in spellings} == dict.fromkeys(
        spellings, parse_query(spellings[0]).canonical
    )


# ----------------------------------------------------------------------------------------------- a hint for every guess

HINTED: list[tuple[str, list[str]]] = [
    *((what, tables.listed(queries)) for what, queries in tables.rows("""
        lower-case keywords                      → graph or neural ≡ graph and neural ≡ not graph ≡ graph not neural
        Chinese words that look like operators   → 扩散 和 流 ≡ 扩散 或者 流 ≡ 扩散 不要 流 ≡ 扩散 不含综述
        years and dates                          → year:2024 ≡ year:2024 graph ≡ year: 2024 ≡ date:2024-01-02 ≡ 年份：2024 ≡ published:>2023
        wishes with ; between them               → graph; tree ≡ graph ; tree ≡ graph;tree ≡ 图；树 ≡ graph; tree, foo ≡ ti:a; ti:b
        words near each other                    → graph NEAR/5 tree ≡ graph NEAR tree ≡ graph W/3 tree ≡ "graph tree"~5 ≡ graph ADJ2 tree
        unknown categories                       → cs.XX ≡ #cs.xx ≡ math.ZZ ≡ cat:cs.XX ≡ primary:cs.XX ≡ cat:machine learning ≡ cat:"machine learning" ≡ 类别：机器学习
        fields that no digest tells              → conference:neurips ≡ 会议：CVPR
        a word of exclusion without anything     → graph, not ≡ graph, without ≡ "graph", not
        an unclosed quote or bracket             → "graph neural ≡ (graph neural ≡ ti:(graph
        dangling and adjacent operators          → graph AND OR foo ≡ OR graph ≡ graph AND ≡ graph | ≡ | graph ≡ graph || foo ≡ graph & AND foo
        empty parts and NOT before an operator   → graph () ≡ graph "" ≡ graph -() ≡ graph NOT OR foo ≡ graph NOT "" ≡ graph NOT
        an unknown field that looks like a typing error → titel:graph ≡ autor:doe ≡ tilte:graph ≡ catgory:foo ≡ abstarct:foo ≡ auther: doe ≡ titel: graph ≡ sumary:foo ≡ cats:cs.LG ≡ abst:foo ≡ authors:doe ≡ tittle:foo ≡ primry:cs.LG
        commas without blanks                    → rlhf,dpo ≡ rlhf,dpo,ppo ≡ gpt4,gpt5 ≡ 扩散,强化学习
        cat: of no category                      → cat: detection ≡ cat:foo ≡ cat:cs.XX ≡ primary:foo ≡ graph -cat:detection
        stars elsewhere                          → gr*ph ≡ *graph ≡ "a b"* ≡ graph * ≡ foo, * ≡ foo, bar*baz
        punctuation in a list                    → foo, - ≡ foo, ... ≡ foo, =, bar
        parts of an API query that are dropped   → all:electron+AND+co:pages ≡ all:electron+AND+jr:nature ≡ all:electron+AND+rn:5
    """)),
]  # fmt: skip


@pytest.mark.parametrize("queries", [queries for _, queries in HINTED], ids=[what for what, _ in HINTED])
def test_what_was_guessed_is_said_in_a_hint(queries: tuple[str, ...]) -> None:
    for query in queries:
        hints = [str(hint) for hint in parse_query(query).hints]
        assert hints, query
        assert all(hint.strip() for hint in hints), query


@pytest.mark.parametrize(
    "query",
    tables.lines("""
        graph
        graph neural
        graph OR neural
        graph -survey
        "graph neural"
        few-shot
        neuro*
        =RAG
        ti:graph
        cat:cs.LG
        cs.LG
        author:doe
        author:"Jane Doe"
        2601.15529
        扩散模型
        C++
        α-divergence
        (graph OR rag) -survey
        cat:cs.*
        all:doe
        foo:graph
        BERT: pre-training
        call:papers
        12:30
        1,000
        graph, not tree
        扩散 或 流
        graph;
        "a; b"
        near field
        date night
        from:scratch
        from: scratch
        R.NET
        math.
        no-reference
        AT&T
        1,000 Hz
        BERT: graph
        -(-x)
        au:"Smith, Jane"
        cs.AI+cs.LG
        x ti:-y
        graph,
    """),
)
def test_a_plain_query_needs_no_hint(query: str) -> None:
    assert [str(hint) for hint in parse_query(query).hints] == []


# ----------------------------------------------------------------------------------------- the canonical text is stable


@pytest.mark.parametrize(
    "query",
    tables.lines(r"""
        all:cs.
        all:math?
        -all:{math} x
        all:máth
        all:=Math,
        all:math's
        cat:foo，
        cat:'foo.'
        primary:hep-th/9901001，
        cat:"}cs."
        id:}https://arxiv.org/abs/2601.15529
        author:mue*
        all:Müller's
        source:"a, b"
        doi:"10.1234/a,b"
        au:Oe
        # a prefix that folding shortens
        author:Mue*
        ab's*
        \emph{a}b*
        =\emph{a}b*
        all:Mue*
        few-\x{y}*
        # found by fuzzing: the subscription searched only for `c`, and `"或"` was refused
        "且" c
        ™且 c
        $或 c
        "或"
        ="且"
        ti:"或" x
        all:"且" x
        # found by fuzzing: a category after a backslash (no TeX command), and control characters that a link encodes
        all:\hep-th
        all:(n \hep-th
        all:\math x
        search_query=cat:a%11b
        %22 cat:a%C2%85b
    """),
)
def test_a_canonical_text_reads_as_it_was_meant(query: str) -> None:
    read = parse_query(query)
    again = parse_query(read.canonical)
    assert (again.canonical, set(again.alternatives)) == (read.canonical, set(read.alternatives))


# -------------------------------------------------------------------------------------------------------------- ranking


WORDS = Rarity.among([{"result", "loss", "graph", f"rare{number}"} for number in range(50)])
FILLER = "we show it in many places and say so again " * 4


def a_paper(title: str, abstract: str = "") -> model.Paper:
    return model.Paper(key=title, title=title, abstract=abstract)


def written(text: str) -> list[str]:
    """Returns title and abstract of a paper, written with " / " between them. An ellipsis is a long text, "‥" a short one."""
    return text.replace("…", FILLER).replace("‥", FILLER[:60]).split(" / ")


def fits(query: str, paper: model.Paper) -> float:
    asked = parse_query(query)
    return fit(asked, reasons.HitFinder(paper).places(asked), WORDS)


def text_of(paper: model.Paper) -> str:
    return hits.tokenize(paper).folded[grammar.TEXT]


@pytest.mark.parametrize(
    ("query", "better", "worse"),
    tables.rows("""
        # in the title, rather than in the abstract
        swarm                   → Swarm / x               → x / A swarm.
        swarm robot             → Swarm robot             → Swarm / A robot.
        swarm robot             → Swarm / A robot.        → x / A swarm. … A robot.
        # rare words, rather than common ones
        swarm OR result         → A swarm                 → A result
        swarm OR result         → x / A swarm             → x / A result
        # all words, rather than some
        swarm OR robot          → A swarm and a robot     → A swarm
        # words near each other, rather than far apart
        swarm robot             → x / A swarm robot.      → x / A swarm. … A robot.
        swarm robot             → x / A swarm with robot. → x / A swarm ‥ robot.
        swarm robot ant         → x / ant swarm robot.    → x / ant. … swarm robot.
        # every occurrence of a word counts, and not only the first one
        swarm robot             → x / swarm … swarm robot → x / swarm … … robot
        # phrases, prefixes, Chinese
        "swarm robot" OR result → A swarm robot           → A result
        swarm*                  → Swarming                → x / swarming
        扩散                    → 扩散模型                → x / 扩散模型
    """),
)
def test_what_fits_better(query: str, better: str, worse: str) -> None:
    assert fits(query, a_paper(*written(better))) > fits(query, a_paper(*written(worse))) > 0


@pytest.mark.parametrize("query", ["cat:cs.LG", "author:Doe", "swarm", "swarm -robot"])
def test_without_words_in_the_text_the_fit_is_zero(query: str) -> None:
    assert fits(query, model.Paper(key="1", title="x robot", authors=("Jane Doe",), categories=("cs.LG",))) == 0


def test_a_fit_has_a_bound_however_long_the_text() -> None:
    assert 1 < fits("swarm robot", a_paper("swarm robot " * 50, "swarm robot " * 500)) <= 1.2
    assert fits("swarm robot ant bee wasp", a_paper("swarm ant bee robot wasp " * 100)) <= 1.2


def test_words_of_all_liked_papers_count_more_than_of_one() -> None:
    liked = [a_paper("Swarm of ants"), a_paper("Swarm of bees"), a_paper("Swarm of wasps")]
    taste = profiles.profile_of([(1.0, words_of(paper)) for paper in liked], WORDS)
    assert sum(taste.weights.values()) == pytest.approx(1)
    assert max(taste.weights, key=lambda word: taste.weights[word]) == "swarm"
    near = {
        title: profiles.nearness(taste, text_of(a_paper(title))) for title in ("A swarm", "An ant", "A result", "x")
    }
    assert near["A swarm"] > 2 * near["An ant"] > 0
    assert near["x"] == 0
    assert profiles.common_words(taste, text_of(a_paper("Ants in a swarm"))) == ("swarm", "ant")


def test_words_that_most_papers_have_say_nothing_of_a_taste() -> None:
    taste = profiles.profile_of([(1.0, words_of(a_paper("Swarm result loss")))], WORDS)
    assert taste.weights["swarm"] > 50 * taste.weights.get("result", 0.0)


def test_disliked_papers_count_against_what_is_like_them() -> None:
    swarm, survey = words_of(a_paper("Swarm robots")), words_of(a_paper("Survey of swarm"))
    taste = profiles.profile_of([(1.0, swarm), (-1.0, survey)], WORDS)
    assert (
        profiles.nearness(taste, text_of(a_paper("A survey")))
        < 0
        < profiles.nearness(taste, text_of(a_paper("A swarm")))
    )
    assert profiles.common_words(taste, text_of(a_paper("A survey"))) == ()


def test_stronger_signs_count_more() -> None:
    taste = profiles.profile_of([(3.0, words_of(a_paper("Swarm"))), (1.0, words_of(a_paper("Reef")))], WORDS)
    assert profiles.nearness(taste, text_of(a_paper("Swarm"))) > profiles.nearness(taste, text_of(a_paper("Reef"))) > 0


def test_chinese_is_compared_by_pairs_of_signs() -> None:
    taste = profiles.profile_of([(1.0, words_of(a_paper("扩散模型")))], WORDS)
    assert profiles.nearness(taste, text_of(a_paper("基于扩散的方法"))) > 0
    assert profiles.nearness(taste, text_of(a_paper("散步"))) == 0


def test_without_signals_and_without_papers_there_is_no_taste() -> None:
    assert not profiles.profile_of([], WORDS)
    assert not profiles.profile_of([(1.0, words_of(a_paper("")))], WORDS)
    assert profiles.profile_of([(1.0, words_of(a_paper("Swarm")))], Rarity()).weights == {"swarm": pytest.approx(1)}


@pytest.mark.parametrize(
    ("liked", "disliked", "most"), [(2, 2, 20 + 20), (1, 2, 60 + 20), (3, 1, 20 + 60), (1, 1, 60 + 60)]
)
def test_a_taste_has_few_words_so_it_stays_small(liked: int, disliked: int, most: int) -> None:
    def with_words(beginning: str) -> model.Paper:
        return a_paper(" ".join(f"{beginning}{chr(97 + a)}{chr(97 + b)}" for a in range(9) for b in range(9)))

    judged = [(1.0, words_of(with_words(f"good{number}"))) for number in range(liked)]
    judged += [(-1.0, words_of(with_words(f"bad{number}"))) for number in range(disliked)]
    assert len(profiles.profile_of(judged, WORDS).weights) == most


def test_of_one_paper_shared_words_count_beside_unique_names() -> None:
    some_have = Rarity.among([{"swarm", "robot"} if number < 10 else {f"rare{number}"} for number in range(50)])
    alone = profiles.profile_of([(1.0, words_of(a_paper("Xyzzy: swarm robots")))], some_have)
    assert profiles.nearness(alone, text_of(a_paper("Robots of a swarm"))) > 0.35
    two = profiles.profile_of(
        [(1.0, words_of(a_paper(f"{name}: swarm robots"))) for name in ("Xyzzy", "Plugh")], some_have
    )
    assert profiles.nearness(two, text_of(a_paper("Robots of a swarm"))) > profiles.nearness(
        two, text_of(a_paper("Xyzzy"))
    )


def test_the_same_signals_make_the_same_taste_in_any_order() -> None:
    judged = [(1.0, words_of(a_paper(f"Swarm {word}"))) for word in ("ant", "bee", "wasp", "fly")]
    assert profiles.profile_of(judged, WORDS).weights == pytest.approx(
        dict(profiles.profile_of(judged[::-1], WORDS).weights)
    )
