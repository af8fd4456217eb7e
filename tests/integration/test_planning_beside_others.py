"""Planning reads and decides while others can write, survives a kill at any step, and keeps papers and queries in memory."""

import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager, suppress
from datetime import timedelta
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
from subscriptions.planning import decision
from subscriptions.service import plan as _plan
from subscriptions.service import plan_inputs as _plan_inputs
from subscriptions.service.listing import get_chat
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
    calls = count(1)

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
        window = _plan_inputs.Window
        for owner, function in ((window, "cover"), (window, "fits"), (hits.HitFinder, "why"), (decision, "decide")):
            monkeypatch.setattr(owner, function, called(note, getattr(owner, function)))
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


def state_of(store: Store) -> tuple[list[tuple[str, str]], list[int]]:
    """Returns (chat, title) of each planned paper, and the cursor of each chat's subscription."""
    with store.read() as transaction:
        delivered = transaction.exec(
            select(rows.ChatRow.address, rows.PaperRow.title)
            .join(rows.DeliveryItemRow, rows.DeliveryItemRow.chat == rows.ChatRow.id)  # type: ignore[arg-type]
            .join(rows.PaperRow, rows.PaperRow.id == rows.DeliveryItemRow.paper)  # type: ignore[arg-type]
        ).all()
        subscriptions = subscriptions_of(transaction, range(1, len(WISHES) + 1))
        return sorted(delivered), [one.cursor for of_chat in subscriptions.values() for one in of_chat]


def test_a_plan_killed_at_any_step_is_finished_by_the_next(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
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

    killed: list[str] = []
    for step in count():
        path = shutil.copy(prepared.path, tmp_path / f"at {step}.db")
        with suppress(Killed), closing(Store(f"sqlite:///{path}")) as store, killed_at(store, step) as steps:
            _plan.plan_due(store, now=make.NOON + make.HOUR)
            break
        killed += steps[-1:]
        with closing(Store(f"sqlite:///{path}")) as store:  # the next process
            _plan.plan_due(store, now=make.NOON + make.HOUR)
            delivered, cursors = state_of(store)
            assert _plan.plan_due(store, now=make.NOON + make.HOUR) == ()
        news = [(chat, title) for chat, title in delivered if "first" not in title]
        assert (len(news), set(news)) == (len(OWED), OWED), f"killed after {steps[-3:]}"
        assert cursors == [4] * 4, "the one without a match has looked, too"
    assert killed.count("COMMIT") >= 3, "both slices were committed, and the shared cursor"


# ── What a process keeps in memory: the set of all queries ───────────────────────────────────────────────────────

WORDS = ("graph", "tree", "leaf", "root", "branch")
PAPERS = PaperIndex.of([make.paper(f"On {word}") for word in WORDS])


def matching(kept: _plan_inputs.KeptQueries, store: Store) -> set[str]:
    """Reads changed queries from the store into the set. Returns the canonical texts of those that find a paper."""
    with store.read() as transaction:
        kept.follow(transaction)
        ids = kept.matching(PAPERS)
        found = planner.queries_by_id(transaction, ids)
    assert len(found) == len(ids), "each is known, and once"
    return set(found.values())


def test_a_set_older_than_the_log_is_read_again(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = _plan_inputs.KeptQueries()
    make.subscribes(store, "telegram:1", "graph")
    assert matching(kept, store) == {"graph"}
    monkeypatch.setattr(planner, "KEPT", 2)
    for word in WORDS[1:]:
        make.subscribes(store, "telegram:1", word)
    make.clean_up(store, now=make.NOON + timedelta(days=1))
    with store.read() as transaction:
        assert list(transaction.exec(select(rows.QueryChangeRow.sequence))) == [4, 5], "the newest stay"
    assert matching(kept, store) == set(WORDS)


def test_what_came_and_went_is_forgotten(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """This also holds if another query gets the id of a removed one."""
    monkeypatch.setattr(_plan_inputs, "PAGE", 5)
    kept = _plan_inputs.KeptQueries()
    make.subscribes(store, "telegram:2", "root")
    for number in range(1, 30):
        word = WORDS[number % 3]
        make.subscribes(store, "telegram:1", word)
        assert matching(kept, store) == {"root", word}
        unsubscribe(store, make.address("telegram:1"), str(number), now=make.NOON)
    assert len(kept._ids) < 20, "handles that nobody has any more take no room for ever"
