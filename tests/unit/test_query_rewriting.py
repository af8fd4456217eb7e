"""Exclusions that are added to a typed query: its words stay, and the new query has exactly the expected meaning."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from subscriptions import errors, model
from subscriptions.matching.paper_index import matching_papers
from subscriptions.query import Query, parse, rewriting

API = "http://export.arxiv.org/api/query?search_query=ti:%22deep+learning%22+AND+au:lecun_y&start=0&max_results=9"

NARROWED = [
    # typed, and the query after -"video generation" is added
    ("diffusion", 'diffusion -"video generation"'),
    ("  diffusion  ", 'diffusion -"video generation"'),
    ("diffusion -survey", 'diffusion -survey -"video generation"'),
    ("a OR b", '(a OR b) -"video generation"'),
    ("a -b OR c", '(a -b OR c) -"video generation"'),
    ("(a OR b) c", '(a OR b) c -"video generation"'),
    ("(a OR b", '(a OR b) -"video generation"'),
    ("ti:(a (b OR c", 'ti:(a (b OR c)) -"video generation"'),
    ('"graph neural', '"graph neural" -"video generation"'),
    ("“graph neural", '“graph neural" -"video generation"'),
    ('(a "b c', '(a "b c") -"video generation"'),
    ("a OR", 'a -"video generation"'),
    ("(a NOT", '(a) -"video generation"'),
    ("rlhf, dpo", '(rlhf OR dpo) -"video generation"'),
    ("rlhf, reward model, cs.LG", '(rlhf OR "reward model" OR cat:cs.LG) -"video generation"'),
    ("rlhf, reward mod*", '(rlhf OR reward-mod*) -"video generation"'),
    ("强化学习、扩散", '(强化学习 OR 扩散) -"video generation"'),
    ("author:Doe, Jane", 'author:"Jane Doe" -"video generation"'),
    ("author:Jane Doe", 'author:Jane Doe -"video generation"'),
    ("cs.LG", 'cs.LG -"video generation"'),
    ("cs.AI+q-bio.NC", 'cs.AI+q-bio.NC -"video generation"'),
    ("=RAG", '=RAG -"video generation"'),
    ("GPT -4", 'GPT -4 -"video generation"'),
    ("doi:10.1101/2026(01)2", 'doi:10.1101/2026(01)2 -"video generation"'),
    (API, 'ti:"deep learning" author:lecun_y -"video generation"'),
]


@pytest.mark.parametrize(("typed", "expected"), NARROWED)
def test_an_exclusion_is_added_to_the_words_as_they_were_typed(typed: str, expected: str) -> None:
    assert rewriting.narrowed(parse.parse_query(typed), '"video generation"').text == expected


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("diffusion", 'diffusion -author:"Jane Doe"'),
        ("diffusion -survey", 'diffusion -survey -author:"Jane Doe"'),
        ("(a OR b", '(a OR b) -author:"Jane Doe"'),
        ("rlhf, dpo", '(rlhf OR dpo) -author:"Jane Doe"'),
        ("a OR b", '(a OR b) -author:"Jane Doe"'),
        ("(a OR -b) c", '(a OR -b) c -author:"Jane Doe"'),
    ],
)
def test_an_author_is_excluded_from_a_query_as_it_was_typed(typed: str, expected: str) -> None:
    assert rewriting.narrowed(parse.parse_query(typed), rewriting.author_rule("Jane Doe")).text == expected


def test_what_is_excluded_already_changes_nothing() -> None:
    assert rewriting.narrowed(parse.parse_query("diffusion -surveys"), "survey").text == "diffusion -surveys"


@pytest.mark.parametrize(
    ("words", "rule"),
    [
        ("survey", "survey"),
        ("video generation", '"video generation"'),
        ("few-shot", "few-shot"),
        ("OR", '"OR"'),
        ("cs.LG", '"cs.LG"'),
        ('a "b', '"a b"'),
        ("扩散", "扩散"),
        ("2601.15529", '"2601.15529"'),
        ("-x", '"-x"'),
        ("ti:x", '"ti:x"'),
    ],
)
def test_words_of_a_title_as_a_rule(words: str, rule: str) -> None:
    assert rewriting.words_rule(words) == rule
    assert (
        parse.parse_query(rewriting.words_rule(words)).canonical
        == parse.parse_canonical(f'"{words.replace(chr(34), "")}"').canonical
    )


def test_a_query_that_would_be_too_long_is_refused_kindly() -> None:
    long = parse.parse_query(" ".join(f"word{number}" for number in range(120)))
    with pytest.raises(errors.Refused) as refused:
        rewriting.narrowed(long, rewriting.words_rule("x" * 150))
    assert "1,000" in str(refused.value.sentence)
    assert str(refused.value.hint)


# ------------------------------------------------------------------------------------------------------- any text

PIECES = """
graph graphs -graph "few shot" stud* few-sho* =RAG ti: abs: author: "Doe, J." müller Anna cat: cs.LG cs.AI+q-bio.NC
source: id: 2601.15529 doi: 10.1234/abc ( ) OR AND NOT - & | 扩散 "大语言模型 C++ α H\\"older 3.1 , ， 、 “ ” neural* {API}
'few shot' foo: don't search_query= %22 +AND+ : * = ! # arXiv:2601.15529 https://arxiv.org/abs/2601.15529 studies,rag
""".replace("{API}", API).split()
typed_texts = st.lists(st.sampled_from(PIECES), min_size=1, max_size=7).flatmap(
    lambda pieces: st.sampled_from([" ", ", ", ""]).map(lambda gap: gap.join(pieces))
)
RULES = [
    rewriting.words_rule("survey"), rewriting.words_rule("few shot"), rewriting.words_rule("graph"), rewriting.author_rule("Anna Müller"), rewriting.words_rule("大语言"),
    "cs.LG", "=RAG", "stud*", "id:2601.15529",
]  # fmt: skip
WORDS = [
    "graph",
    "graphs",
    "few",
    "shot",
    "study",
    "rag",
    "RAG",
    "大语言模型",
    "survey",
    "neural",
    "don't",
    "C++",
    "3.1",
    "α",
]
some_words = st.lists(st.sampled_from(WORDS), max_size=5).map(" ".join)
papers = st.builds(
    model.Paper,
    key=st.just("2601.15529"),
    arxiv_id=st.sampled_from([None, "2601.15529"]),
    title=some_words,
    abstract=some_words,
    authors=st.lists(st.sampled_from(["Anna Müller", "J. Doe", "Jane Doe", "Jürgen Hölder"]), max_size=2).map(tuple),
    categories=st.lists(st.sampled_from(["cs.LG", "cs.AI", "q-bio.NC"]), max_size=2).map(tuple),
    summaries=st.lists(st.builds(lambda text: model.Summary(language="en", fields={"tldr": text}), some_words), max_size=1).map(tuple),
)  # fmt: skip


def understood(text: str) -> Query | None:
    try:
        return parse.parse_query(text)
    except errors.QueryError:
        return None


@given(typed_texts, st.sampled_from(RULES), st.lists(papers, max_size=4))
@settings(max_examples=3 * settings().max_examples)
def test_a_narrowed_query_finds_all_but_the_papers_of_the_rule(text: str, rule: str, batch: list[model.Paper]) -> None:
    query = understood(text)
    if query is None:
        return
    less = rewriting.narrowed(query, rule)
    excluded = set(matching_papers(parse.parse_query(rule), batch))
    assert set(matching_papers(less, batch)) == set(matching_papers(query, batch)) - excluded
    assert parse.parse_query(less.text).canonical == less.canonical
    assert (
        less.canonical == parse.parse_canonical(f"({query.canonical}) -({parse.parse_query(rule).canonical})").canonical
    )


@given(st.lists(st.sampled_from(RULES), max_size=6))
def test_rules_can_be_added_one_after_the_other(rules: list[str]) -> None:
    query = parse.parse_query("rlhf, dpo")
    for rule in rules:
        query = rewriting.narrowed(query, rule)
        assert query.text.startswith("rlhf, dpo") or query.text.startswith("(rlhf OR dpo)")
