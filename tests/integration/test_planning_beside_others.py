"""Planning while other threads and processes write: they need not wait, and a kill loses nothing."""

import contextlib
import shutil
from collections import abc
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event

from bot.digests import read_digest
from bot.sources import ingest
from subscriptions.matching import fulfilment, paper_index
from subscriptions.service import plan, subscribing
from subscriptions.store import known_papers, planner, stored_subscriptions
from subscriptions.store.database.store import Store
from subscriptions.store.outbox import outbox_entries
from tests import make, stored
from tests.bot_harness import BotHarness
from tests.clock import NOON, FakeClock
from tests.conversation.deliverer import Deliverer
from tests.make import HOUR, MINUTE, address, paper, subscribes

DIGEST = Path(__file__).parents[2] / "bot" / "samples" / "daily_arxiv.md"


def called(before: abc.Callable[[], None], function: abc.Callable[..., Any]) -> abc.Callable[..., Any]:
    """Returns a function that first calls `before` and then `function`."""

    def call(*args: Any, **named: Any) -> Any:
        before()
        return function(*args, **named)

    return call


def sent_to(store: Store) -> list[tuple[str, int]]:
    return [(entry.chat, entry.papers) for entry in outbox_entries(store, now=NOON + HOUR)]


def on_call(number: int, work: abc.Callable[[], object]) -> abc.Callable[[], None]:
    """Returns a function of which call `number` runs `work` in a separate thread. Other calls do nothing."""
    calls = count(1)

    def call() -> None:
        if next(calls) == number:
            with ThreadPoolExecutor(1) as other:
                other.submit(work).result()

    return call


@pytest.fixture
def due(store: Store) -> Store:
    """A store with one chat, to which a paper is due."""
    make.due(store, "telegram:1")
    return store


def is_written_to(store: Store) -> bool:
    return any(lock.locked() for lock in store._turns._locks.values())


def test_papers_are_matched_before_the_writing(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    turns: list[bool] = []
    subscribes(store, "telegram:1", "graph", when="now")
    make.ingested(store, "A graph of trees", now=NOON + MINUTE)
    for owner, function in ((known_papers, "window"), (paper_index.TokenizedPapers, "matching")):
        noted = called(lambda: turns.append(is_written_to(store)), getattr(owner, function))
        monkeypatch.setattr(owner, function, noted)
    plan.plan_due(store, now=NOON + HOUR)
    assert turns == [False, False]
    assert sent_to(store) == [("telegram:1", 1)]


def test_what_was_planned_meanwhile_is_not_planned_again(due: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    now_already = on_call(1, lambda: plan.plan_due(due, now=NOON + HOUR))
    monkeypatch.setattr(planner, "due_queries", called(now_already, planner.due_queries))
    plan.plan_due(due, now=NOON + HOUR)
    assert sent_to(due) == [("telegram:1", 1)]


async def test_deliveries_are_rendered_before_the_writing(store: Store) -> None:
    turns: list[bool] = []
    make.due(store, "telegram:42")
    post = Deliverer(BotHarness(store, clock=FakeClock(NOON + HOUR)))
    post.render_delivery = called(lambda: turns.append(is_written_to(store)), post.render_delivery)
    assert len(await post.deliver_due()) == 1
    assert turns == [False]


async def test_a_digest_is_read_before_the_writing(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    turns: list[bool] = []
    matched: list[str] = []
    monkeypatch.setattr(ingest, "read_digest", called(lambda: turns.append(is_written_to(store)), read_digest))
    monkeypatch.setattr(fulfilment, "tokenize", called(lambda: matched.append("a paper"), fulfilment.tokenize))
    subscribes(store, "telegram:42", "graph", when="now")
    bot = BotHarness(store, clock=FakeClock(NOON + HOUR))
    _, ingested = await ingest.ingest(bot.deps, DIGEST.read_bytes(), DIGEST.name, source="daily")
    assert ingested.new > 0
    assert (turns, matched) == ([False], [])


WISHES = {"telegram:1": "graph", "telegram:2": "tree", "telegram:3": "graph OR tree", "telegram:4": "leaf"}
OWED = {  # (chat, title), each of which must be delivered once
    ("telegram:1", "A graph"), ("telegram:1", "A graph of trees"), ("telegram:2", "A tree"), ("telegram:2", "A graph of trees"),
    ("telegram:3", "A graph"), ("telegram:3", "A tree"), ("telegram:3", "A graph of trees"),
}  # fmt: skip


class Killed(BaseException):
    """Ends the work at once, as if the process were killed. No code of the product catches it."""


@contextlib.contextmanager
def killed_at(store: Store, step: int) -> abc.Iterator[list[str]]:
    """Raises Killed at the statement or commit number `step`. Yields a list of the statements and commits before it."""
    steps: list[str] = []

    def reached(name: str) -> None:
        if len(steps) == step:
            raise Killed
        steps.append(name)

    listeners: dict[str, abc.Callable[..., None]] = {
        "before_cursor_execute": lambda _connection, _cursor, statement, *_: reached(statement.split(maxsplit=1)[0]),
        "commit": lambda _connection: reached("COMMIT"),
    }
    for name, listener in listeners.items():
        event.listen(store._engine, name, listener)
    try:
        yield steps
    finally:
        for name, listener in listeners.items():
            event.remove(store._engine, name, listener)


def test_a_plan_killed_at_any_step_is_finished_by_the_next(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A process is killed while it plans, at each step in turn. Another process plans again.

    Some of the subscriptions match new papers. Each chat must get each of its papers once.
    """
    monkeypatch.setattr(plan, "SLICE", 2)
    with contextlib.closing(Store(f"sqlite:///{tmp_path / 'prepared.db'}")) as prepared:
        prepared.open(now=NOON)
        for where, query in WISHES.items():
            subscribes(prepared, where, query, when="now")
        make.ingested(prepared, "A first leaf, graph and tree", now=NOON)
        plan.plan_due(prepared, now=NOON)
        make.ingested(prepared, *map(paper, ("A graph", "A tree", "A graph of trees")), now=NOON + HOUR / 2)

    killed: list[str] = []
    for step in count():
        path = shutil.copy(prepared.path, tmp_path / f"at {step}.db")
        with (
            contextlib.suppress(Killed),
            contextlib.closing(Store(f"sqlite:///{path}")) as store,
            killed_at(store, step) as steps,
        ):
            plan.plan_due(store, now=NOON + HOUR)
            break
        killed += steps[-1:]
        with contextlib.closing(Store(f"sqlite:///{path}")) as store:  # the next process
            plan.plan_due(store, now=NOON + HOUR)
            delivered, cursors = stored.delivered(store), looked(store)
            assert plan.plan_due(store, now=NOON + HOUR) == ()
        news = [(chat, title) for chat, title in delivered if "first" not in title]
        assert (len(news), set(news)) == (len(OWED), OWED), f"killed after {steps[-3:]}"
        assert cursors == dict.fromkeys((1, 2, 3, 4), 4), "the one without a match has looked, too"
    assert killed.count("COMMIT") >= 2, "both slices were committed"


def looked(store: Store) -> dict[int, int]:
    """Returns for each chat the sequence number up to which its last subscription was compared with papers."""
    with store.read() as transaction:
        found = stored_subscriptions.subscriptions_of(transaction, range(1, 5))
    return {chat: of_chat[-1].cursor for chat, of_chat in found.items() if of_chat}


@pytest.mark.both_databases
def test_when_the_operator_changes_the_zone_nothing_is_late(store: Store) -> None:
    """A chat that chose no time zone uses the operator's. When the operator moves from UTC to Shanghai, the night has passed."""
    morning = NOON + 14 * HOUR
    for chat, quiet in (("telegram:1", "off"), ("telegram:2", "22:00-08:00")):
        subscribes(store, chat, "graph", when="now")
        subscribing.set_settings(store, address(chat), {"quiet": quiet}, now=NOON)
    make.ingested(store, "A first graph", now=NOON + MINUTE)
    assert len(plan.plan_due(store, now=NOON + MINUTE)) == 2
    with contextlib.closing(Store(str(store.url), zone="Asia/Shanghai")) as moved:
        make.ingested(moved, "A graph of the night", now=morning)
        assert [lane.address for lane in plan.plan_due(moved, now=morning)] == ["1", "2"]


@pytest.mark.both_databases
def test_what_waits_for_its_minute_is_not_passed_over(store: Store) -> None:
    """A chat has got its only delivery of this minute when another paper for it comes. The next minute's plan delivers it."""
    subscribes(store, "telegram:1", "graph", when="now")
    subscribing.set_settings(store, address("telegram:1"), {"quiet": "off"}, now=NOON)
    make.ingested(store, "A first graph", now=NOON)
    plan.plan_due(store, now=NOON)
    subscribes(store, "telegram:1", "tree", when="daily 13:00")
    make.ingested(store, "A tree", now=NOON + HOUR)
    plan.plan_due(store, now=NOON + HOUR)
    subscribes(store, "telegram:1", "leaf", when="daily 13:00", now=NOON + HOUR - MINUTE)
    make.ingested(store, "A second graph", now=NOON + HOUR)
    plan.plan_due(store, now=NOON + HOUR + MINUTE / 6)
    plan.plan_due(store, now=NOON + HOUR + MINUTE)
    assert ("telegram:1", "A second graph") in stored.delivered(store)
