"""Codes of papers and vectors of questions: made before a paper is announced, or later; of one encoder.

Removed in time.
"""

import asyncio
import threading
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta

import pytest

from bot.app import App
from bot.sources import ingest
from bot.sources.ingest import LateEncoding, store_digest
from subscriptions.database.store import Store
from subscriptions.errors import EmbeddingError, Sentence
from subscriptions.maintenance.findings import stored_findings
from subscriptions.matching import similarity as vectors
from subscriptions.model import Announce, Paper
from subscriptions.papers import similarity as nearness
from subscriptions.papers.stored import embeddings as meanings
from subscriptions.papers.stored.digests import Ingested
from subscriptions.plan.plan import plan_due
from subscriptions.query.parse import parse_query
from tests import make, stored
from tests.clock import NOON, FakeClock
from tests.fakes.meaning import FakeEncoder
from tests.make import HOUR, digest, stored_papers
from tests.patience import PATIENCE

pytestmark = pytest.mark.both_databases

FAILS = EmbeddingError(Sentence("It is broken."))
HOT, COLD = "Heat in stars", "Ice in comets"


@dataclass
class Worker:
    """A process with an encoder."""

    store: Store
    encoder: FakeEncoder = field(default_factory=FakeEncoder)
    clock: FakeClock = field(default_factory=lambda: FakeClock(NOON))

    @property
    def app(self) -> App:
        return make.app(self.store, self.clock, encoder=self.encoder)

    def reads(self, *papers: Paper, days: int = 0) -> Ingested:
        """Reads a digest that is `days` old."""
        day = (NOON - timedelta(days=days)).date()
        return asyncio.run(store_digest(self.app, digest(*papers, day=day), source="daily"))

    def starts(self) -> LateEncoding:
        late = LateEncoding(self.app)
        asyncio.run(late.begin())
        return late

    def subscribes(self, chat: str, query: str) -> None:
        """Subscribes a chat. The texts of the query are encoded before."""
        self.store.encoder = self.encoder.name
        texts = parse_query(query).asked
        meanings.keep_questions(self.store, dict(zip(texts, self.encoder.questions(texts), strict=True)))
        make.subscribes(self.store, chat, query, when="now")

    def catches_up(self) -> None:
        asyncio.run(LateEncoding(self.app).run())

    def plans(self) -> list[tuple[str, str]]:
        """Plans what is due. Returns (chat, title) of all that was ever planned."""
        plan_due(self.store, now=NOON)
        return stored.delivered(self.store)

    @property
    def asked(self) -> list[str]:
        """What the encoder was asked since the last call."""
        asked, self.encoder.asked = self.encoder.asked, []
        return asked


@pytest.fixture
def worker(store: Store) -> Worker:
    return Worker(store)


def codes(store: Store) -> dict[str, bytes]:
    """Maps the title of each paper to its codes."""
    with store.reading() as transaction:
        return {one.paper.title: one.paper.meaning for one in stored_papers(transaction)}


def having(store: Store) -> set[str]:
    return {title for title, found in codes(store).items() if found}


def near(store: Store, text: str, encoder: FakeEncoder) -> list[str]:
    """Returns the titles of the papers that are near to a text, nearest first."""
    with store.reading() as transaction:
        found = nearness.near_papers(transaction, encoder.questions([text])[0], encoder.name)
        titles = {one.id: one.paper.title for one in stored_papers(transaction)}
    assert [near for _, near in found] == sorted((near for _, near in found), reverse=True)
    return [titles[paper] for paper, near in found if near >= vectors.NEAR]


def test_news_has_its_codes_in_the_transaction_that_gives_it_a_number(worker: Worker) -> None:
    hot, cold, third = make.paper(HOT, abstract="It is hot."), make.paper(COLD), make.paper("Third")
    worker.reads(hot, cold, hot)
    assert codes(worker.store) == dict(zip((HOT, COLD), FakeEncoder().papers([hot, cold]), strict=True))
    worker.encoder.asked.clear()
    worker.reads(hot, third)
    assert worker.asked == [third.key]
    worker.reads(third, hot)
    assert worker.asked == []


def test_texts_that_change_get_new_codes_or_none(worker: Worker) -> None:
    first = make.paper(HOT, arxiv_id="2601.00001", version=1, abstract="It is hot.")
    worker.reads(first)
    second = replace(first, version=2, abstract="It is cold.", announce_type=Announce.REPLACE)
    worker.reads(second)
    assert codes(worker.store)[HOT] == FakeEncoder().papers([second])[0]
    worker.encoder.fails = FAILS
    worker.reads(replace(second, version=3, abstract="It is warm."))
    assert codes(worker.store) == {HOT: b""}
    worker.encoder.fails = None
    worker.catches_up()
    assert codes(worker.store)[HOT] == FakeEncoder().papers([replace(first, abstract="It is warm.")])[0]


@pytest.mark.parametrize("slow", [False, True])
def test_news_does_not_wait_for_an_encoder_that_fails(
    worker: Worker, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, *, slow: bool
) -> None:
    worker.store.encoder = worker.encoder.name
    going_on = threading.Event()
    if slow:
        monkeypatch.setattr(ingest, "MAX_ENCODING_SECONDS", 0.01)
        monkeypatch.setattr(worker.encoder, "papers", lambda _: going_on.wait(PATIENCE) and [])
    else:
        worker.encoder.fails = FAILS
    make.subscribes(worker.store, "telegram:1", "heat", when="now")
    try:
        assert worker.reads(make.paper(HOT), make.paper(COLD)).new == 2
    finally:
        going_on.set()
    assert "2 papers get their meaning later" in caplog.text
    assert having(worker.store) == set()
    late = worker.clock.now() + 2 * HOUR
    assert [one.name for one in worker.store.read_now(stored_findings, now=late)] == ["meaning"]
    plan_due(worker.store, now=NOON)
    monkeypatch.undo()
    worker.encoder.fails = None
    worker.catches_up()
    assert having(worker.store) == {HOT, COLD}
    assert worker.store.read_now(stored_findings, now=late) == ()
    assert worker.plans() == [("telegram:1", HOT)]


def test_codes_that_come_later_count_for_a_subscription_that_has_not_looked_yet(worker: Worker) -> None:
    worker.subscribes("telegram:1", 'about:"heat in stars"')
    worker.encoder.fails = FAILS
    worker.reads(make.paper(HOT))
    worker.encoder.fails = None
    worker.starts()
    worker.catches_up()
    assert worker.plans() == [("telegram:1", HOT)]


def test_archives_do_not_wait_and_get_their_codes_later_newest_first(
    worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ingest, "AT_ONCE", 2)
    papers = [make.paper(f"Paper {number}", key=f"{number}") for number in range(5)]
    worker.reads(*papers, days=30)
    assert worker.asked == []
    encode = worker.encoder.papers
    made: list[str] = []

    def noted(papers: Sequence[Paper]) -> list[bytes]:
        made.extend(paper.title for paper in papers)
        return encode(papers)

    monkeypatch.setattr(worker.encoder, "papers", noted)
    worker.starts()
    worker.catches_up()
    worker.catches_up()
    assert made == [f"Paper {number}" for number in (4, 3, 2, 1, 0)]
    assert having(worker.store) == set(made)


def test_after_a_change_of_the_encoder_everything_is_encoded_again(worker: Worker) -> None:
    worker.subscribes("telegram:1", 'about:"heat"')
    worker.starts()
    worker.reads(make.paper(HOT))
    assert worker.store.read_now(meanings.questions_of, ["heat"]) == {"heat": FakeEncoder().questions(["heat"])[0]}

    newer = Worker(worker.store, FakeEncoder(name="fake 2"))
    late = newer.starts()

    assert newer.asked == ["heat"]  # at once
    assert worker.store.read_now(meanings.questions_of, ["heat"]).keys() == {"heat"}
    assert having(worker.store) == set()
    assert near(worker.store, "heat", worker.encoder) == near(worker.store, "heat", newer.encoder) == []
    worker.encoder.asked.clear()
    worker.reads(make.paper(COLD))  # of the worker that still has the older encoder
    worker.catches_up()
    assert worker.asked == []
    assert having(worker.store) == set()
    asyncio.run(late.run())
    assert having(worker.store) == {HOT, COLD}
    assert near(worker.store, "heat", newer.encoder) == [HOT]
    assert near(worker.store, "heat", worker.encoder) == []


def questions(store: Store) -> Iterable[str]:
    return sorted(text for (text,) in stored.rows(store, "SELECT DISTINCT text FROM question"))


@pytest.mark.parametrize("few", [100, 0])  # planning matches each query separately, or all queries together
def test_a_plan_brings_what_is_near_and_says_how_near(
    worker: Worker, few: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("subscriptions.plan.plan.INDEX_THRESHOLD", few)
    for chat, query in enumerate(('about:"heat"', '-about:"heat" cat:cs.LG', 'about:"ice" OR about:"whales"'), 1):
        worker.subscribes(f"telegram:{chat}", query)
    for paper, found in ((HOT, [(1, HOT)]), (COLD, [(2, COLD), (3, COLD)])):
        worker.starts()  # makes the vectors of questions, and of another encoder those that lack now
        worker.reads(make.paper(paper, "cs.LG"))
        before = stored.delivered(worker.store)
        plan_due(worker.store, now=NOON + timedelta(minutes=len(before) + 1))
        new = [one for one in stored.delivered(worker.store) if one not in before]
        assert new == [(f"telegram:{chat}", title) for chat, title in found]
        worker.encoder = FakeEncoder(name="fake 2")
