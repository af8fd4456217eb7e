"""Planning runs in slices, so that others can write in between. Also: the state after a kill between two slices."""

import itertools
import shutil
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import datetime
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event
from sqlmodel import select

from bot.digests import read_digest
from bot.sources import ingest
from subscriptions.errors import StoreError
from subscriptions.matching import hits
from subscriptions.matching.paper_index import PaperIndex, TokenizedPapers
from subscriptions.model import KnownPaper
from subscriptions.planning import decision
from subscriptions.service import plan as _plan
from subscriptions.service import plan_inputs as _plan_inputs
from subscriptions.service.next_deliveries import get_chat
from subscriptions.service.previews import newest_batch
from subscriptions.service.requests import unsubscribe
from subscriptions.service.sending import outbox_entries
from subscriptions.store import known_papers, planner, rows
from subscriptions.store.database.store import Store
from subscriptions.store.subscriptions import subscriptions_of
from tests import make
from tests.bot_harness import BotHarness
from tests.conversation.deliverer import Deliverer

DIGEST = Path(__file__).parents[2] / "bot" / "samples" / "daily_arxiv.md"


def called(before: Callable[[], None], function: Callable[..., Any]) -> Callable[..., Any]:
    """Wraps `function`: each call first calls `before`."""

    def call(*args: Any, **named: Any) -> Any:
        before()
        return function(*args, **named)

    return call


def sent_to(store: Store) -> list[tuple[str, int]]:
    return [(entry.chat, entry.papers) for entry in outbox_entries(store, now=make.NOON + make.HOUR)]


def at_first(work: Callable[[], object]) -> Callable[[], None]:
    """Returns a function that runs `work` at its first call only, in a separate thread."""
    left = [work]

    def once() -> None:
        if left:
            with ThreadPoolExecutor(1) as other:
                other.submit(left.pop()).result()

    return once


def on_third(work: Callable[[], object]) -> Callable[[], None]:
    """Returns a function that runs `work` at its third call."""
    calls = itertools.count(1)

    def third() -> None:
        if next(calls) == 3:
            with ThreadPoolExecutor(1) as other:
                other.submit(work).result()

    return third


@pytest.fixture
def due(store: Store) -> Store:
    """A store with a paper that is due in one chat."""
    make.subscribes(store, "telegram:1", "graph", every="now")
    make.ingested(store, make.paper("A graph"), now=make.NOON + make.MINUTE)
    return store


class TestWhileOthersWrite:
    def test_papers_are_read_and_matched_before_the_writing(self, due: Store, monkeypatch: pytest.MonkeyPatch) -> None:
        turns: list[bool] = []

        def note() -> None:
            turns.append(due._turn.locked())

        monkeypatch.setattr(known_papers, "window", called(note, known_papers.window))
        monkeypatch.setattr(TokenizedPapers, "matching", called(note, TokenizedPapers.matching))
        assert len(_plan.plan_due(due, now=make.NOON + make.HOUR)) == 1
        assert turns == [False, False]

    def test_a_subscription_that_is_removed_meanwhile_brings_nothing(
        self, store: Store, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        make.subscribes(store, "telegram:1", "graph", every="now")
        make.subscribes(store, "telegram:2", "graph", every="now")
        make.ingested(store, make.paper("A graph"), now=make.NOON + make.MINUTE)
        remove = at_first(lambda: unsubscribe(store, make.address("telegram:1"), "1", now=make.NOON))
        monkeypatch.setattr(known_papers, "window", called(remove, known_papers.window))
        _plan.plan_due(store, now=make.NOON + make.HOUR)
        assert sent_to(store) == [("telegram:2", 1)]

    def test_a_subscription_added_meanwhile_gets_the_next_plan(
        self, due: Store, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        add = at_first(
            lambda: make.subscribes(due, "telegram:2", "graph", every="now", since="1d", now=make.NOON + make.HOUR)
        )
        monkeypatch.setattr(known_papers, "window", called(add, known_papers.window))
        _plan.plan_due(due, now=make.NOON + make.HOUR)
        assert sent_to(due) == [("telegram:1", 1)]
        _plan.plan_due(due, now=make.NOON + make.HOUR)
        assert sent_to(due) == [("telegram:1", 1), ("telegram:2", 1)]

    def test_papers_that_come_meanwhile_come_with_the_next_plan(
        self, due: Store, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        bring = at_first(lambda: make.ingested(due, make.paper("Another graph"), now=make.NOON + make.HOUR))
        monkeypatch.setattr(known_papers, "window", called(bring, known_papers.window))
        _plan.plan_due(due, now=make.NOON + make.HOUR)
        assert sent_to(due) == [("telegram:1", 1)]
        _plan.plan_due(due, now=make.NOON + make.HOUR + make.MINUTE)
        assert sent_to(due) == [("telegram:1", 1), ("telegram:1", 1)]

    def test_a_query_added_meanwhile_is_matched_before_the_writing(
        self, store: Store, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        turns: list[bool] = []

        def note() -> None:
            turns.append(store._turn.locked())

        make.subscribes(store, "telegram:1", "graph", every="now")
        make.ingested(store, make.paper("A graph of trees"), now=make.NOON + make.MINUTE)
        another = at_first(
            lambda: make.subscribes(store, "telegram:1", "trees", every="now", since="1d", now=make.NOON + make.HOUR)
        )
        monkeypatch.setattr(known_papers, "window", called(another, known_papers.window))
        for function in ("fits", "cover"):
            monkeypatch.setattr(_plan_inputs.Window, function, called(note, getattr(_plan_inputs.Window, function)))
        monkeypatch.setattr(hits.HitFinder, "why", called(note, hits.HitFinder.why))
        monkeypatch.setattr(decision, "decide", called(note, decision.decide))
        _plan.plan_due(store, now=make.NOON + make.HOUR)
        assert len(turns) == 2 * len(("cover", "fits", "decide")) + len(("graph", "trees"))
        assert not any(turns)
        assert sent_to(store) == [("telegram:1", 1)]

    def test_what_was_delivered_meanwhile_is_not_planned_again(
        self, due: Store, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        chat = get_chat(due, make.address("telegram:1"))
        now_already = at_first(lambda: newest_batch(due, chat, now=make.NOON + make.HOUR, key="asked"))
        monkeypatch.setattr(decision, "decide", called(now_already, decision.decide))
        _plan.plan_due(due, now=make.NOON + make.HOUR)
        assert sent_to(due) == [("telegram:1", 1)]

    def test_what_others_wrote_of_other_chats_repeats_no_decision(
        self, due: Store, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        decisions: list[str] = []
        other = at_first(lambda: make.subscribes(due, "telegram:2", "tree", every="now", now=make.NOON + make.HOUR))
        monkeypatch.setattr(known_papers, "window", called(other, known_papers.window))
        monkeypatch.setattr(decision, "decide", called(lambda: decisions.append("made"), decision.decide))
        assert len(_plan.plan_due(due, now=make.NOON + make.HOUR)) == 1
        assert decisions == ["made"]

    async def test_deliveries_are_rendered_before_the_writing(self, store: Store) -> None:
        turns: list[bool] = []
        make.subscribes(store, "telegram:42", "graph", every="now")
        make.ingested(store, make.paper("A graph"), now=make.NOON + make.MINUTE)
        bot = BotHarness(store, clock=make.FakeClock(make.NOON + make.HOUR))
        post = Deliverer(bot)
        post.render_delivery = called(lambda: turns.append(store._turn.locked()), post.render_delivery)
        assert len(await post.deliver_due()) == 1
        assert turns == [False]

    async def test_a_digest_is_read_before_the_writing(self, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
        turns: list[bool] = []
        matched: list[str] = []
        monkeypatch.setattr(ingest, "read_digest", called(lambda: turns.append(store._turn.locked()), read_digest))
        monkeypatch.setattr(hits, "tokenize", called(lambda: matched.append("a paper"), hits.tokenize))
        make.subscribes(store, "telegram:42", "graph", every="now")
        bot = BotHarness(store, clock=make.FakeClock(make.NOON + make.HOUR))
        data = DIGEST.read_bytes()
        _, stored = await ingest.ingest(bot.context, data, DIGEST.name, source="daily")
        assert stored.new > 0
        assert (turns, matched) == ([False], [])


class TestAfterAFailure:
    def test_a_plan_that_fails_keeps_the_papers_that_it_read(self, due: Store, monkeypatch: pytest.MonkeyPatch) -> None:
        with monkeypatch.context() as broken:
            broken.setattr(planner, "add_deliveries", called(_fails, planner.add_deliveries))
            with pytest.raises(StoreError):
                _plan.plan_due(due, now=make.NOON + make.HOUR)
        reads: list[str] = []
        monkeypatch.setattr(known_papers, "window", called(lambda: reads.append("read"), known_papers.window))
        assert len(_plan.plan_due(due, now=make.NOON + make.HOUR)) == 1
        assert reads == []
        assert sent_to(due) == [("telegram:1", 1)]

    @pytest.mark.parametrize("few", [100, 0])  # each query separately, or all of them by an index
    def test_a_plan_that_fails_while_matching_is_made_by_the_next(
        self, store: Store, few: int, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(_plan_inputs, "FEW", few)
        for n, query in enumerate(("graph", "tree", "forest", "leaf"), 1):
            make.subscribes(store, f"telegram:{n}", query, every="now")
        make.ingested(
            store,
            *(make.paper(f"A {word}") for word in ("graph", "tree", "forest", "leaf")),
            now=make.NOON + make.MINUTE,
        )
        with monkeypatch.context() as broken:
            broken.setattr(TokenizedPapers, "matching", called(on_third(_fails), TokenizedPapers.matching))
            broken.setattr(PaperIndex, "positions", staticmethod(called(on_third(_fails), PaperIndex.positions)))
            with pytest.raises(StoreError):
                _plan.plan_due(store, now=make.NOON + make.HOUR)
        assert sent_to(store) == []
        assert len(_plan.plan_due(store, now=make.NOON + make.HOUR)) == 4
        assert sorted(sent_to(store)) == [(f"telegram:{n}", 1) for n in range(1, 5)]
        assert _plan.plan_due(store, now=make.NOON + make.HOUR) == ()

    def test_a_plan_that_fails_after_some_chats_continues(self, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(_plan, "SLICE", 1)
        for n in range(1, 5):
            make.subscribes(store, f"telegram:{n}", "graph", every="now")
        make.ingested(store, make.paper("A graph"), now=make.NOON + make.MINUTE)
        with monkeypatch.context() as broken:
            broken.setattr(_plan, "_decide_all", called(on_third(_fails), _plan._decide_all))
            with pytest.raises(StoreError):
                _plan.plan_due(store, now=make.NOON + make.HOUR)
        assert len(sent_to(store)) == 2
        assert len(_plan.plan_due(store, now=make.NOON + make.HOUR)) == 2
        assert sorted(sent_to(store)) == [(f"telegram:{n}", 1) for n in range(1, 5)]

    def test_papers_that_could_not_be_read_are_read_by_the_next_plan(
        self, due: Store, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        assert len(_plan.plan_due(due, now=make.NOON + make.HOUR)) == 1
        make.ingested(due, make.paper("Another graph"), now=make.NOON + make.HOUR)
        with monkeypatch.context() as broken:
            broken.setattr(known_papers, "window", called(_fails, known_papers.window))
            with pytest.raises(StoreError):
                _plan.plan_due(due, now=make.NOON + 2 * make.HOUR)
        assert len(_plan.plan_due(due, now=make.NOON + 2 * make.HOUR)) == 1
        assert sent_to(due) == [("telegram:1", 1), ("telegram:1", 1)]

    def test_a_window_that_could_not_be_read_is_what_it_was(self, store: Store) -> None:
        make.ingested(store, make.paper("A graph"), now=make.NOON + make.MINUTE)
        window = _plan_inputs.Window(last_sequence=1)
        with store.read() as transaction:
            window.cover(transaction, 0)
        before: Sequence[KnownPaper] = window.papers.known
        make.ingested(store, make.paper("Another graph"), now=make.NOON + make.HOUR)
        with pytest.MonkeyPatch.context() as broken, store.read() as transaction:
            broken.setattr(known_papers, "window", called(_fails, known_papers.window))
            with pytest.raises(StoreError):
                window.cover(transaction, 0)
            assert (window.papers.known, window.is_current(transaction)) == (before, False)


def _fails() -> None:
    raise StoreError("The disk does not answer.")


# ── If a plan is killed at any statement or commit, the next plan loses and repeats nothing ───────────────────────────

WISHES = {"telegram:1": "graph", "telegram:2": "tree", "telegram:3": "graph OR tree", "telegram:4": "leaf"}
TITLES = ("A graph", "A tree", "A graph of trees")
OWED = {  # (chat, title), each of which must be delivered once
    ("1", "A graph"), ("1", "A graph of trees"), ("2", "A tree"), ("2", "A graph of trees"),
    ("3", "A graph"), ("3", "A tree"), ("3", "A graph of trees"),
}  # fmt: skip


class Killed(BaseException):
    """An exception that ends a process; no code catches it."""


@contextmanager
def killed_at(store: Store, step: int) -> Iterator[list[str]]:
    """Raises Killed at the statement or commit number `step`. Yields the list of those that came before it."""
    steps: list[str] = []

    def reached(name: str) -> None:
        if len(steps) == step:
            raise Killed
        steps.append(name)

    def at_statement(_connection: Any, _cursor: Any, statement: str, *_more: Any) -> None:
        reached(statement.split(maxsplit=1)[0])

    def at_commit(_connection: Any) -> None:
        reached("COMMIT")

    listeners = (("before_cursor_execute", at_statement), ("commit", at_commit))
    for name, listener in listeners:
        event.listen(store._engine, name, listener)
    try:
        yield steps
    finally:
        for name, listener in listeners:
            event.remove(store._engine, name, listener)


def state_of(store: Store) -> tuple[list[tuple[str, str]], list[tuple[object, ...]], list[bool], int]:
    """Returns (chat, title) of each planned paper; cursors and due times; which chats had a first delivery; number of
    deliveries.
    """
    with store.read() as transaction:
        delivered = transaction.exec(
            select(rows.ChatRow.address, rows.PaperRow.title)
            .join(rows.DeliveryItemRow, rows.DeliveryItemRow.chat == rows.ChatRow.id)  # type: ignore[arg-type]
            .join(rows.PaperRow, rows.PaperRow.id == rows.DeliveryItemRow.paper)  # type: ignore[arg-type]
        ).all()
        chats = transaction.exec(select(rows.ChatRow)).all()
        subscriptions = subscriptions_of(transaction, [chat.id or 0 for chat in chats])
        stands = sorted((one.chat_id, one.cursor, one.next_due_at) for of in subscriptions.values() for one in of)
        spoken = [chat.first_delivery_planned for chat in chats]
        deliveries = len(transaction.exec(select(rows.DeliveryRow.seq)).all())
    return sorted(delivered), list(stands), spoken, deliveries


def _killed_everywhere(folder: Path, now: datetime) -> tuple[list[Any], list[str]]:
    """Kills a plan at each step, then plans again. Returns the states after that, and the steps after which it was
    killed.
    """
    found: list[Any] = []
    killed: list[str] = []
    for step in count():
        path = folder / f"at {step}.db"
        shutil.copy(folder / "prepared.db", path)
        store = Store(f"sqlite:///{path}")
        try:
            with killed_at(store, step) as steps:
                _plan.plan_due(store, now=now)
        except Killed:
            killed.append(steps[-1] if steps else "")
            store.close()
            store = Store(f"sqlite:///{path}")  # the next process
            _plan.plan_due(store, now=now)
            found.append(state_of(store))
            assert _plan.plan_due(store, now=now) == ()
            store.close()
            path.unlink()
            assert found[-1] == found[0], f"killed at step {step}, after {steps[-3:]}"
        else:
            assert state_of(store) == found[0]
            store.close()
            break
    return found, killed


def test_a_plan_killed_at_any_step_is_finished_by_the_next(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_plan, "SLICE", 2)
    prepared = Store(f"sqlite:///{tmp_path / 'prepared.db'}")
    prepared.open(now=make.NOON)
    for where, query in WISHES.items():
        make.subscribes(prepared, where, query, every="daily", at="13:00")
    make.ingested(prepared, *map(make.paper, TITLES), now=make.NOON + make.HOUR / 2)
    prepared.close()

    found, killed = _killed_everywhere(tmp_path, make.NOON + make.HOUR)
    delivered, stands, spoken, deliveries = found[0]
    assert (len(delivered), set(delivered)) == (len(OWED), OWED)
    assert (len(stands), spoken, deliveries) == (4, [True] * 4, 4)
    assert killed.count("COMMIT") >= 2, "both slices were committed"
    assert killed.count("INSERT") >= 4, "deliveries and items of both"


def test_a_look_killed_at_any_step_is_finished_by_the_next(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of the subscriptions that follow a shared cursor, some match. One process is killed, and another one looks again."""
    monkeypatch.setattr(_plan, "SLICE", 2)
    prepared = Store(f"sqlite:///{tmp_path / 'prepared.db'}")
    prepared.open(now=make.NOON)
    for where, query in WISHES.items():
        make.subscribes(prepared, where, query, every="now")
    make.ingested(prepared, make.paper("A first leaf, graph and tree"), now=make.NOON)
    _plan.plan_due(prepared, now=make.NOON)
    make.ingested(prepared, *map(make.paper, TITLES), now=make.NOON + make.HOUR / 2)
    with prepared.read() as transaction:
        assert set(transaction.exec(select(rows.SubscriptionRow.shared_cursor))) == {1}
    prepared.close()

    found, killed = _killed_everywhere(tmp_path, make.NOON + make.HOUR)
    delivered, stands, _, deliveries = found[0]
    news = [(chat, title) for chat, title in delivered if "first" not in title]
    assert (len(news), set(news)) == (len(OWED), OWED)
    assert [cursor for _, cursor, *_ in stands] == [4] * 4, "the one without a match has looked, too"
    assert deliveries == 4 + 3
    assert killed.count("COMMIT") >= 3, "both slices were committed, and the shared cursor"
