"""Planning reads and matches without blocking writers; only its decisions are written in a write transaction."""

import itertools
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.digests import read_digest
from bot.sources import ingest
from subscriptions.errors import StoreError
from subscriptions.matching import hits
from subscriptions.matching.hits import HitFinder, tokenize
from subscriptions.matching.paper_index import PaperIndex, TokenizedPapers
from subscriptions.model import KnownPaper
from subscriptions.planning.decision import decide
from subscriptions.service import plan as _plan
from subscriptions.service import plan_inputs as _plan_inputs
from subscriptions.service.next_deliveries import get_chat
from subscriptions.service.plan import plan_due
from subscriptions.service.previews import newest_batch
from subscriptions.service.requests import unsubscribe
from subscriptions.service.sending import outbox_entries
from subscriptions.store import known_papers, planner
from subscriptions.store.database.store import Store
from tests.bot_harness import BotHarness
from tests.conversation.deliverer import Deliverer
from tests.make import NOON, FakeClock, address, ingested, paper, subscribes

HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)
DIGEST = Path(__file__).parents[2] / "bot" / "samples" / "daily_arxiv.md"


def called(before: Callable[[], None], function: Callable[..., Any]) -> Callable[..., Any]:
    """Wraps a function so that `before` is called before each call."""

    def call(*args: Any, **named: Any) -> Any:
        before()
        return function(*args, **named)

    return call


def sent_to(store: Store) -> list[tuple[str, int]]:
    return [(entry.chat, entry.papers) for entry in outbox_entries(store, now=NOON + HOUR)]


def at_first(work: Callable[[], object]) -> Callable[[], None]:
    """Wraps a function so that it runs once, in its own thread, however often it is called."""
    left = [work]

    def once() -> None:
        if left:
            with ThreadPoolExecutor(1) as other:
                other.submit(left.pop()).result()

    return once


def on_third(work: Callable[[], object]) -> Callable[[], None]:
    """Wraps a function so that it runs at the third call."""
    calls = itertools.count(1)

    def third() -> None:
        if next(calls) == 3:
            with ThreadPoolExecutor(1) as other:
                other.submit(work).result()

    return third


@pytest.fixture
def due(store: Store) -> Store:
    """A store with a paper that is due in one chat."""
    subscribes(store, "telegram:1", "graph", every="now")
    ingested(store, paper("A graph"), now=NOON + MINUTE)
    return store


class TestWhileOthersWrite:
    def test_papers_are_read_and_matched_before_the_writing(self, due: Store, monkeypatch: pytest.MonkeyPatch) -> None:
        turns: list[bool] = []

        def note() -> None:
            turns.append(due._turn.locked())

        monkeypatch.setattr(known_papers, "window", called(note, known_papers.window))
        monkeypatch.setattr(TokenizedPapers, "matching", called(note, TokenizedPapers.matching))
        assert len(plan_due(due, now=NOON + HOUR)) == 1
        assert turns == [False, False]

    def test_a_subscription_that_is_removed_meanwhile_brings_nothing(
        self, store: Store, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        subscribes(store, "telegram:1", "graph", every="now")
        subscribes(store, "telegram:2", "graph", every="now")
        ingested(store, paper("A graph"), now=NOON + MINUTE)
        remove = at_first(lambda: unsubscribe(store, address("telegram:1"), "1", now=NOON))
        monkeypatch.setattr(known_papers, "window", called(remove, known_papers.window))
        plan_due(store, now=NOON + HOUR)
        assert sent_to(store) == [("telegram:2", 1)]

    def test_a_subscription_added_meanwhile_gets_the_next_plan(
        self, due: Store, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        add = at_first(lambda: subscribes(due, "telegram:2", "graph", every="now", since="1d", now=NOON + HOUR))
        monkeypatch.setattr(known_papers, "window", called(add, known_papers.window))
        plan_due(due, now=NOON + HOUR)
        assert sent_to(due) == [("telegram:1", 1)]
        plan_due(due, now=NOON + HOUR)
        assert sent_to(due) == [("telegram:1", 1), ("telegram:2", 1)]

    def test_papers_that_come_meanwhile_come_with_the_next_plan(
        self, due: Store, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        bring = at_first(lambda: ingested(due, paper("Another graph"), now=NOON + HOUR))
        monkeypatch.setattr(known_papers, "window", called(bring, known_papers.window))
        plan_due(due, now=NOON + HOUR)
        assert sent_to(due) == [("telegram:1", 1)]
        plan_due(due, now=NOON + HOUR + MINUTE)
        assert sent_to(due) == [("telegram:1", 1), ("telegram:1", 1)]

    def test_a_query_added_meanwhile_is_matched_before_the_writing(
        self, store: Store, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        turns: list[bool] = []

        def note() -> None:
            turns.append(store._turn.locked())

        subscribes(store, "telegram:1", "graph", every="now")
        ingested(store, paper("A graph of trees"), now=NOON + MINUTE)
        another = at_first(lambda: subscribes(store, "telegram:1", "trees", every="now", since="1d", now=NOON + HOUR))
        monkeypatch.setattr(known_papers, "window", called(another, known_papers.window))
        for function in ("fits", "cover"):
            monkeypatch.setattr(_plan_inputs.Window, function, called(note, getattr(_plan_inputs.Window, function)))
        monkeypatch.setattr(HitFinder, "why", called(note, HitFinder.why))
        monkeypatch.setattr(_plan, "decide", called(note, decide))
        plan_due(store, now=NOON + HOUR)
        assert len(turns) == 2 * len(("cover", "fits", "decide")) + len(("graph", "trees"))
        assert not any(turns)
        assert sent_to(store) == [("telegram:1", 1)]

    def test_what_was_delivered_meanwhile_is_not_planned_again(
        self, due: Store, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        chat = get_chat(due, address("telegram:1"))
        now_already = at_first(lambda: newest_batch(due, chat, now=NOON + HOUR, key="asked"))
        monkeypatch.setattr(_plan, "decide", called(now_already, decide))
        plan_due(due, now=NOON + HOUR)
        assert sent_to(due) == [("telegram:1", 1)]

    def test_what_others_wrote_of_other_chats_repeats_no_decision(
        self, due: Store, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        decisions: list[str] = []
        other = at_first(lambda: subscribes(due, "telegram:2", "tree", every="now", now=NOON + HOUR))
        monkeypatch.setattr(known_papers, "window", called(other, known_papers.window))
        monkeypatch.setattr(_plan, "decide", called(lambda: decisions.append("made"), decide))
        assert len(plan_due(due, now=NOON + HOUR)) == 1
        assert decisions == ["made"]

    async def test_deliveries_are_rendered_before_the_writing(self, store: Store) -> None:
        turns: list[bool] = []
        subscribes(store, "telegram:42", "graph", every="now")
        ingested(store, paper("A graph"), now=NOON + MINUTE)
        bot = BotHarness(store, clock=FakeClock(NOON + HOUR))
        post = Deliverer(bot)
        post.render_delivery = called(lambda: turns.append(store._turn.locked()), post.render_delivery)
        assert len(await post.deliver_due()) == 1
        assert turns == [False]

    async def test_a_digest_is_read_before_the_writing(self, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
        turns: list[bool] = []
        matched: list[str] = []
        monkeypatch.setattr(ingest, "read_digest", called(lambda: turns.append(store._turn.locked()), read_digest))
        monkeypatch.setattr(hits, "tokenize", called(lambda: matched.append("a paper"), tokenize))
        subscribes(store, "telegram:42", "graph", every="now")
        bot = BotHarness(store, clock=FakeClock(NOON + HOUR))
        data = DIGEST.read_bytes()
        _, stored = await ingest.ingest(bot.context, data, DIGEST.name, source="daily")
        assert stored.new > 0
        assert (turns, matched) == ([False], [])


class TestAfterAFailure:
    def test_a_plan_that_fails_keeps_the_papers_that_it_read(self, due: Store, monkeypatch: pytest.MonkeyPatch) -> None:
        with monkeypatch.context() as broken:
            broken.setattr(planner, "add_deliveries", called(_fails, planner.add_deliveries))
            with pytest.raises(StoreError):
                plan_due(due, now=NOON + HOUR)
        reads: list[str] = []
        monkeypatch.setattr(known_papers, "window", called(lambda: reads.append("read"), known_papers.window))
        assert len(plan_due(due, now=NOON + HOUR)) == 1
        assert reads == []
        assert sent_to(due) == [("telegram:1", 1)]

    @pytest.mark.parametrize("few", [100, 0])  # one query after the other, or all by an index
    def test_a_plan_that_fails_while_matching_is_made_by_the_next(
        self, store: Store, few: int, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(_plan_inputs, "FEW", few)
        for n, query in enumerate(("graph", "tree", "forest", "leaf"), 1):
            subscribes(store, f"telegram:{n}", query, every="now")
        ingested(store, *(paper(f"A {word}") for word in ("graph", "tree", "forest", "leaf")), now=NOON + MINUTE)
        with monkeypatch.context() as broken:
            broken.setattr(TokenizedPapers, "matching", called(on_third(_fails), TokenizedPapers.matching))
            broken.setattr(PaperIndex, "positions", staticmethod(called(on_third(_fails), PaperIndex.positions)))
            with pytest.raises(StoreError):
                plan_due(store, now=NOON + HOUR)
        assert sent_to(store) == []
        assert len(plan_due(store, now=NOON + HOUR)) == 4
        assert sorted(sent_to(store)) == [(f"telegram:{n}", 1) for n in range(1, 5)]
        assert plan_due(store, now=NOON + HOUR) == ()

    def test_a_plan_that_fails_after_some_chats_continues(self, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(_plan, "SLICE", 1)
        for n in range(1, 5):
            subscribes(store, f"telegram:{n}", "graph", every="now")
        ingested(store, paper("A graph"), now=NOON + MINUTE)
        with monkeypatch.context() as broken:
            broken.setattr(_plan, "_decide_all", called(on_third(_fails), _plan._decide_all))
            with pytest.raises(StoreError):
                plan_due(store, now=NOON + HOUR)
        assert len(sent_to(store)) == 2
        assert len(plan_due(store, now=NOON + HOUR)) == 2
        assert sorted(sent_to(store)) == [(f"telegram:{n}", 1) for n in range(1, 5)]

    def test_papers_that_could_not_be_read_are_read_by_the_next_plan(
        self, due: Store, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        assert len(plan_due(due, now=NOON + HOUR)) == 1
        ingested(due, paper("Another graph"), now=NOON + HOUR)
        with monkeypatch.context() as broken:
            broken.setattr(known_papers, "window", called(_fails, known_papers.window))
            with pytest.raises(StoreError):
                plan_due(due, now=NOON + 2 * HOUR)
        assert len(plan_due(due, now=NOON + 2 * HOUR)) == 1
        assert sent_to(due) == [("telegram:1", 1), ("telegram:1", 1)]

    def test_a_window_that_could_not_be_read_is_what_it_was(self, store: Store) -> None:
        ingested(store, paper("A graph"), now=NOON + MINUTE)
        window = _plan_inputs.Window(last_sequence=1)
        with store.read() as transaction:
            window.cover(transaction, 0)
        before: Sequence[KnownPaper] = window.papers.known
        ingested(store, paper("Another graph"), now=NOON + HOUR)
        with pytest.MonkeyPatch.context() as broken, store.read() as transaction:
            broken.setattr(known_papers, "window", called(_fails, known_papers.window))
            with pytest.raises(StoreError):
                window.cover(transaction, 0)
            assert (window.papers.known, window.is_current(transaction)) == (before, False)


def _fails() -> None:
    raise StoreError("The disk does not answer.")
