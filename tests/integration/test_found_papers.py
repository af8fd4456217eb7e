"""Which stored papers a search finds, and the order of papers in deliveries and in previews.

A search with the index finds the same papers as matching, which reads each paper's texts. Papers near to those
that the chat liked, opened or saved come first; of the papers that `like:` brings, the nearest come first.
"""

import contextlib
from collections import abc
from dataclasses import replace
from typing import Any

import hypothesis
import pytest
from hypothesis import strategies as st
from sqlalchemy import Engine, event, text

from subscriptions.chats import known as known_chats
from subscriptions.database.store import Store
from subscriptions.errors import QueryError
from subscriptions.matching.paper_index import matching_papers
from subscriptions.model import Announce, Chat, Paper, Signal, StoredPaper
from subscriptions.outbox.stored import deliveries as stored_deliveries
from subscriptions.papers import search as paper_search
from subscriptions.papers.stored import feedback as interests
from subscriptions.papers.stored import words as paper_words
from subscriptions.plan import previews
from subscriptions.plan.plan import plan_due
from subscriptions.query.parse import parse_query
from subscriptions.query.tree import Query
from subscriptions.subscribing import widening
from subscriptions.subscribing.subscribe import Subscribed
from tests import make, stored
from tests.clock import NOON
from tests.fakes.meaning import FakeEncoder
from tests.make import HOUR, MINUTE, address, ingested, paper, stored_papers, subscribes
from tests.unit import strategies
from tests.unit.query_rules import QUESTIONS

pytestmark = pytest.mark.both_databases


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> abc.Iterator[Store]:
    """A store that all examples of Hypothesis share. Each example empties it first."""
    with contextlib.closing(Store(f"sqlite:///{tmp_path_factory.mktemp('index')}/paper_index.db")) as store:
        store.open(now=NOON)
        yield store


def emptied(store: Store) -> None:
    with store.writing() as session:
        for table in ("paper", "paper_key", "paper_alias", "digest", "indexed_paper"):
            session.connection().execute(text(f"DELETE FROM {table}"))  # noqa: S608 - the names are above


def found(store: Store, query: Query) -> set[int]:
    with store.reading() as session:
        return set(paper_search.find(session, query, paper_words.Among(), whole=True).papers)


def found_slowly(store: Store, query: Query) -> set[int]:
    with store.reading() as session:
        known = stored_papers(session)
    return {known[place].id for place in matching_papers(query, [one.paper for one in known])}


@hypothesis.settings(max_examples=hypothesis.settings().max_examples // 3)
@hypothesis.given(
    st.lists(strategies.papers, min_size=1, max_size=3), st.lists(strategies.queries, min_size=1, max_size=4)
)
def test_the_index_finds_what_matching_finds(
    database: Store, batch: abc.Sequence[Paper], asked: abc.Sequence[Query]
) -> None:
    emptied(database)
    for at, one in enumerate(batch):
        ingested(
            database,
            one,
            source=one.sources[0] if one.sources else "daily",
            name=str(at),
            now=NOON + at * MINUTE,
        )
    for query in asked:
        assert found(database, query) == found_slowly(database, query), query.alternatives


def test_every_rule_of_the_query_language_holds_in_the_index(database: Store) -> None:
    asked: dict[str, tuple[Paper, list[tuple[str, bool]]]] = {}
    for typed, of, finds in QUESTIONS[::2]:  # the other matchers are asked all of them
        asked.setdefault(repr(of), (of, []))[1].append((typed, finds))
    wrong = []
    for of, questions in asked.values():
        emptied(database)
        for source in of.sources or ("another",):
            ingested(database, replace(of, announce_type=None), source=source, name=source)
        for typed, finds in questions:
            with contextlib.suppress(QueryError):  # the query cannot be read
                if bool(found(database, parse_query(typed))) != finds:
                    wrong.append(typed)
    assert sum(len(questions) for _, questions in asked.values()) > 400
    assert wrong == []


def test_the_index_is_asked_twice_for_a_term_that_is_in_many_alternatives(store: Store) -> None:
    for title in ("Kelp reefs and sand", "Moss corals and mud", "Kelp corals and mud on Ice", "Kelp alone"):
        ingested(store, paper(title), name=title)
    query = parse_query("(kelp OR moss) (reef OR coral) (sand OR mud) -=Ice")
    statements: list[str] = []

    def note(*executed: Any) -> None:
        statements.append(executed[2])

    event.listen(Engine, "before_cursor_execute", note)
    papers = found(store, query)
    event.remove(Engine, "before_cursor_execute", note)
    assert papers == found_slowly(store, query)
    assert len(papers) == 2
    assert (
        max(one.count("FROM indexed_paper") for one in statements) <= 2 * len([*query.terms]) + 1
    )  # and one that is read


def test_acronym_is_spelled_out_by_the_papers_written_last(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(widening, "_MOST_READ", 11)
    words = ["long-lived mesons"] * 4 + ["large language models"] * 11
    for number, one in enumerate(words):
        ingested(
            store, paper(f"LLM {number}", abstract=f"Of {one} (LLM)."), name=str(number), now=NOON + number * MINUTE
        )
    with store.reading() as session:
        known = widening.spelled_out(session, "LLM")
        assert known == widening.Acronym("LLM", "large language models", agreeing=11, defining=11)
        monkeypatch.setattr(widening, "_MOST_READ", 12)
        assert widening.spelled_out(session, "LLM") is None


def test_what_changes_in_a_paper_is_known_to_the_index_at_once(store: Store) -> None:
    one = paper("A Graph", "cs.LG", arxiv_id="2601.00001", version=1)
    ingested(store, one, name="first")
    ingested(store, replace(one, summaries=make.summary("关于扩散")), name="summary")
    ingested(store, replace(one, categories=("cs.LG", "cs.CV"), announce_type=Announce.CROSS), name="cross")
    ingested(store, replace(one, title="A Tree", version=2, announce_type=Announce.REPLACE), name="newer")
    assert {typed: len(found(store, parse_query(typed))) for typed in ("graph", "tree", "扩散", "cat:cs.CV")} == {
        "graph": 0,
        "tree": 1,
        "扩散": 1,
        "cat:cs.CV": 1,
    }


ME = address("telegram:42")
LATER = NOON + HOUR
OTHERS = [f"Graph {word}" for word in ("tree", "ring", "path", "walk", "cut", "clique")]


def paper_of(store: Store, title: str) -> StoredPaper:
    with store.reading() as transaction:
        return next(one for one in stored_papers(transaction) if one.paper.title == title)


def chat_of(store: Store) -> Chat:
    return store.read_now(known_chats.get_chat, ME)


def did(store: Store, kind: Signal, *titles: str) -> None:
    store.write_now(
        interests.note_signal, chat_of(store), [paper_of(store, title).id for title in titles], kind, now=NOON
    )


def delivered(store: Store) -> list[tuple[str, bool]]:
    """Plans the due deliveries. Returns (title, is the paper shown) for the papers of the newest delivery, in order.

    Checks that a preview of the same moment has the same papers.
    """
    shown = store.read_now(previews.preview, ME, now=LATER).delivery
    assert shown is not None
    plan_due(store, now=LATER)
    newest = stored.value(store, "SELECT max(seq) FROM delivery")
    with store.reading() as transaction:
        (delivery,) = stored_deliveries.delivery_values(transaction, [newest]).values()
    assert delivery.chat.address == ME
    found = [(one.paper.paper.title, one.shown) for one in delivery.items]
    assert [(one.paper.paper.title, one.shown) for one in shown.items] == found
    return found


ENCODER = FakeEncoder(same={"蜂群": "honey bees dance"})


def brings(store: Store, *papers: Paper | str, **more: Any) -> None:
    """Ingests papers with their codes."""
    store.encoder = ENCODER.name
    ingested(store, *papers, encoder=ENCODER, **more)


def first_day(store: Store, *titles: str) -> None:
    subscribes(store, str(ME), "graph", when="now")
    brings(store, *(paper(title, abstract="A graph.") for title in (*titles, *OTHERS)))
    plan_due(store, now=NOON)


@pytest.mark.parametrize(
    ("kind", "place"),
    [(Signal.LIKED, 0), (Signal.OPENED, 0), (Signal.SAVED, 0), (Signal.DISLIKED, -1), (Signal.MUTED, -1)],
)
def test_near_in_meaning_to_what_the_chat_cared_about_is_first_to_the_rest_last(
    store: Store, kind: Signal, place: int
) -> None:
    """Also without a common word."""
    first_day(store, "蜂群")
    did(store, kind, "蜂群")
    brings(store, "Graph of ants", "Graph swarm", "Graph of honey bees", now=LATER)
    assert delivered(store)[place][0] == "Graph of honey bees"


def test_the_oldest_signals_go_and_saved_papers_stay(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(interests, "MOST_SIGNALS", 3)
    first_day(store, "Swarm graph one")
    did(store, Signal.SAVED, "Swarm graph one")
    for step, title in enumerate(OTHERS):
        store.write_now(
            interests.note_signal, chat_of(store), [paper_of(store, title).id], Signal.OPENED, now=NOON + step * HOUR
        )
    with store.reading() as transaction:
        (kept,) = interests.newest_signals(transaction, [known_chats.get_chat(transaction, ME).id], 99).values()
    assert [one.paper for one in kept] == [
        *[paper_of(store, title).id for title in OTHERS[:-4:-1]],
        paper_of(store, "Swarm graph one").id,
    ]
    assert [one.paper.title for one in store.read_now(interests.saved_papers, chat_of(store))] == ["Swarm graph one"]


GIVEN = "2601.90001"


@pytest.fixture
def stocked(store: Store) -> Store:
    """A store with the paper GIVEN and eight others."""
    brings(
        store,
        paper("Swarm robots", "cs.RO", arxiv_id=GIVEN),
        *(f"{word} theory" for word in ["Graph", "Ring", "Path", "Walk", "Cut", "Clique", "Tree", "Plane"]),
    )
    return store


def asks(store: Store, query: str) -> Subscribed:
    return subscribes(store, str(ME), query, when="now")


@pytest.mark.parametrize("few", [0, 100], ids=["matched with all queries", "matched alone"])
def test_the_nearest_come_first_and_five_are_shown(stocked: Store, few: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("subscriptions.plan.plan.INDEX_THRESHOLD", few)
    asks(stocked, f"like:{GIVEN}")
    brings(
        stocked,
        *[f"Swarm {word}" for word in ("one", "two", "three", "four")],
        "Reef fish",
        *[paper("Swarm robots fly", abstract=f"Number {number}.") for number in range(2)],
        name="next",
    )
    found = delivered(stocked)
    assert [title for title, _ in found[:2]] == ["Swarm robots fly"] * 2
    assert sorted(title for title, _ in found[2:]) == ["Swarm four", "Swarm one", "Swarm three", "Swarm two"]
    assert [is_shown for _, is_shown in found] == [True] * 5 + [False]
