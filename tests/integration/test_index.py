"""A search with the index of stored papers finds the same papers as the slow matcher, which reads each paper's texts."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from subscriptions import model, normalize
from subscriptions.errors import QueryError
from subscriptions.matching.hits import simple_terms
from subscriptions.query import Query, Term
from subscriptions.query.parse import parse_query
from subscriptions.service.known_papers import Entries, find, number_of
from subscriptions.store import known_papers
from subscriptions.store.database.store import Store
from tests import make
from tests.unit import strategies as slow_matcher
from tests.unit.query_rules import QUESTIONS

pytestmark = pytest.mark.both_databases


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """A store that all examples of Hypothesis share. Each example empties it first."""
    store = Store(f"sqlite:///{tmp_path_factory.mktemp('index')}/paper_index.db")
    store.open(now=make.NOON)
    yield store
    store.close()


def emptied(store: Store) -> None:
    with store.write() as session:
        for table in ("paper", "paper_key", "paper_alias", "digest", "indexed_paper"):
            session.connection().execute(text(f"DELETE FROM {table}"))  # noqa: S608 - the names are above


def found(store: Store, query: Query) -> set[int]:
    with store.read() as session:
        known = Entries.of(known_papers.newest(session, 1000), whole=True)
        return set(map(number_of, known.newest_first(find(session, known, query, most_read=None).bits)))


def found_slowly(store: Store, query: Query) -> set[int]:
    with store.read() as session:
        return {known.id for known in make.stored_papers(session) if slow_matcher.matches(query, known.paper)}


@settings(max_examples=settings().max_examples // 2)
@given(st.lists(slow_matcher.papers, min_size=1, max_size=3), st.lists(slow_matcher.queries, min_size=1, max_size=4))
def test_the_index_finds_what_the_slow_matcher_finds(
    database: Store, batch: Sequence[model.Paper], asked: Sequence[Query]
) -> None:
    emptied(database)
    for at, one in enumerate(batch):
        source = one.sources[0] if one.sources else "daily"
        make.ingested(database, one, source=source, name=str(at), now=make.NOON + timedelta(minutes=at))
    for query in asked:
        assert found(database, query) == found_slowly(database, query), query.alternatives


@settings(max_examples=settings().max_examples // 2)
@given(slow_matcher.papers, st.lists(slow_matcher.terms, min_size=1, max_size=6))
def test_the_index_is_right_when_it_is_sure(database: Store, one: model.Paper, asked: Sequence[Term]) -> None:
    emptied(database)
    make.ingested(database, one, source=one.sources[0] if one.sources else "daily")
    with database.read() as session:
        (known,), entry = make.stored_papers(session), known_papers.state_of_papers(session)[0]
        for part in (part for term in asked for part in simple_terms(term)):
            candidates = known_papers.having(session, part, entry, entry)
            has = slow_matcher.has(known.paper, part)
            assert not candidates.sure or has, part
            assert candidates.maybe is None or candidates.maybe or not has, part


def test_every_rule_of_the_query_language_holds_in_the_index(database: Store) -> None:
    asked: dict[str, tuple[model.Paper, list[tuple[str, bool]]]] = {}
    for typed, of, finds in QUESTIONS:
        asked.setdefault(repr(of), (of, []))[1].append((typed, finds))
    wrong = []
    for of, questions in asked.values():
        emptied(database)
        for source in of.sources or ("another",):
            make.ingested(database, replace(of, announce_type=None), source=source, name=source)
        wrong += [typed for typed, finds in questions if is_read(typed) and bool(found(database, parse_query(typed))) != finds]  # fmt: skip
    assert len(QUESTIONS) > 200
    assert wrong == []


def test_a_new_field_is_found_in_what_is_stored(database: Store) -> None:
    emptied(database)
    make.ingested(
        database,
        replace(make.paper("Graphs"), comment="Accepted at ICML"),
        replace(make.paper("Trees"), comment="Draft"),
    )
    for typed in ("note:accepted", "-note:draft graphs", "speaker:jane OR note:icml", 'note:"at icml"'):
        query = parse_query(typed, slow_matcher.MORE)
        assert len(found(database, query)) == 1
        assert found(database, query) == found_slowly(database, query)


def is_read(typed: str) -> bool:
    try:
        parse_query(typed)
    except QueryError:
        return False
    return True


@given(st.text("abcehiknorstuyxz", min_size=1, max_size=9), st.integers(1, 9))
def test_a_beginning_that_the_plural_step_takes_away_is_known(word: str, length: int) -> None:
    begun = word[:length]
    assert normalize.fold_plural(word).startswith(begun) or word in normalize.written_beginnings(begun)


@pytest.mark.parametrize(
    ("typed", "decided"),
    [
        ("graph neural network", True),
        ('"graph neural network" -survey', True),
        ("ti:graph abs:network summary:graph", True),
        ("cat:cs.LG -primary:cs.CV", True),
        ("neuro*", True),
        ("cache*", True),
        ("few-sho*", True),
        ("author:Doe", True),
        ('author:"Jane Doe"', True),
        ('author:"J. Doe"', True),
        ("author:schm*", True),
        ("扩散 模型", True),
        ("=RAG", True),
        ("=rag", False),
        ("author:=Doe", False),
    ],
)
def test_of_what_people_usually_type_the_index_knows_all(database: Store, typed: str, *, decided: bool) -> None:
    emptied(database)
    words = "Graph neural networks: neurons and caches in few shots of RAG rag, a survey 扩散模型"
    one = make.paper(
        words, "cs.LG", authors=("Jane Doe", "John Schmidt"), abstract=words, summaries=make.summary(words, "en")
    )
    make.ingested(database, one)
    with database.read() as session:
        entry = known_papers.state_of_papers(session)[0]
        candidates = [known_papers.having(session, term, entry, entry) for term in parse_query(typed).terms]
    assert all(list(one.sure) == list(one.maybe or ()) for one in candidates) == decided


# ---------------------------------------------------------------------------------------------------- always up to date


def test_what_changes_in_a_paper_is_known_to_the_index_at_once(store: Store) -> None:
    one = make.paper("A Graph", "cs.LG", arxiv_id="2601.00001", version=1)
    make.ingested(store, one, name="first")
    make.ingested(store, replace(one, summaries=make.summary("关于扩散")), name="summary")
    make.ingested(store, replace(one, categories=("cs.LG", "cs.CV"), announce_type=model.Announce.CROSS), name="cross")
    make.ingested(store, replace(one, title="A Tree", version=2, announce_type=model.Announce.REPLACE), name="newer")
    answers = {typed: len(found(store, parse_query(typed))) for typed in ("graph", "tree", "扩散", "cat:cs.CV")}
    assert answers == {"graph": 0, "tree": 1, "扩散": 1, "cat:cs.CV": 1}


def test_two_papers_that_turn_out_to_be_one_are_counted_once(store: Store) -> None:
    make.ingested(store, make.paper("One Work", arxiv_id=None, abstract="graph"), name="without id")
    make.ingested(store, make.paper("Another Work", arxiv_id="2601.00001", abstract="graph"), name="other")
    make.ingested(store, make.paper("One Work", arxiv_id="2601.00002", abstract="graph", authors=()), name="with id")
    assert len(found(store, parse_query("graph"))) == 2
    assert found(store, parse_query("graph")) == found_slowly(store, parse_query("graph"))


def test_a_source_that_brings_a_known_paper_again_is_known(store: Store) -> None:
    one = make.paper("A Graph", arxiv_id="2601.00001")
    make.ingested(store, one, source="daily")
    make.ingested(store, one, source="Weekly List", name="again")
    assert len(found(store, parse_query('source:"weekly list"'))) == 1
    assert len(found(store, parse_query("source:daily"))) == 1


class EmptiedByAnother(dict[Any, Any]):
    """A cache that is emptied just after each look-up and each insertion, as if another thread did this."""

    def __contains__(self, key: object) -> bool:
        held = super().__contains__(key)
        self.clear()
        return held

    def __setitem__(self, key: object, value: object) -> None:
        super().__setitem__(key, value)
        self.clear()


def test_a_cache_that_another_thread_empties_loses_no_answer(store: Store) -> None:
    make.ingested(store, *(make.paper(f"On {word}") for word in ("graph", "diffusion", "agent")))
    with store.read() as transaction:
        entries = Entries.of(known_papers.newest(transaction, 10), whole=True)
        entries.having, entries.hits = EmptiedByAnother(), EmptiedByAnother()
        for _ in range(2):
            assert find(transaction, entries, parse_query("graph"), most_read=None).bits.bit_count() == 1
