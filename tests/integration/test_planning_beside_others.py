"""Planning while other threads and processes write: they need not wait, a kill loses nothing, and cursors are shared."""

import contextlib
import re
import shutil
from collections import abc
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import hypothesis
import pytest
import sqlmodel
from hypothesis import strategies as st
from sqlalchemy import event

from bot.digests import read_digest
from bot.sources import ingest
from subscriptions.errors import PaperwireError, StoreError
from subscriptions.matching import hits, paper_index, reasons
from subscriptions.planning import decision
from subscriptions.service import amendments, look, pausing
from subscriptions.service import plan as _plan
from subscriptions.service import plan_inputs as _plan_inputs
from subscriptions.service.requests import unsubscribe
from subscriptions.service.sending import outbox_entries
from subscriptions.store import known_papers, rows
from subscriptions.store import subscriptions as stored_subscriptions
from subscriptions.store.database.store import Store
from tests import make, stored
from tests.bot_harness import BotHarness
from tests.clock import NOON, FakeClock
from tests.conversation.deliverer import Deliverer
from tests.make import DAY, HOUR, MINUTE, address, paper, subscribes
from tests.statements import recording

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


# ── While others write ────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_query_added_meanwhile_is_matched_before_the_writing(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    turns: list[bool] = []

    def note() -> None:
        turns.append(store._turn.locked())

    subscribes(store, "telegram:1", "graph", when="now")
    make.ingested(store, "A graph of trees", now=NOON + MINUTE)
    another = on_call(1, lambda: subscribes(store, "telegram:1", "trees", when="now", now=NOON))
    monkeypatch.setattr(known_papers, "window", called(another, known_papers.window))
    window = _plan_inputs.Window
    for owner, function in ((window, "cover"), (window, "fits"), (reasons.HitFinder, "why"), (decision, "decide")):
        monkeypatch.setattr(owner, function, called(note, getattr(owner, function)))
    _plan.plan_due(store, now=NOON + HOUR)
    assert len(turns) == 2 * len(("cover", "fits", "decide")) + len(("graph", "trees"))
    assert not any(turns)
    assert sent_to(store) == [("telegram:1", 1)]


def test_what_was_delivered_meanwhile_is_not_planned_again(due: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    now_already = on_call(1, lambda: _plan.plan_due(due, now=NOON + HOUR))
    monkeypatch.setattr(decision, "decide", called(now_already, decision.decide))
    _plan.plan_due(due, now=NOON + HOUR)
    assert sent_to(due) == [("telegram:1", 1)]


def test_what_others_wrote_of_other_chats_repeats_no_decision(due: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    decisions: list[str] = []
    other = on_call(1, lambda: subscribes(due, "telegram:2", "tree", when="now", now=NOON + HOUR))
    monkeypatch.setattr(known_papers, "window", called(other, known_papers.window))
    monkeypatch.setattr(decision, "decide", called(lambda: decisions.append("made"), decision.decide))
    assert len(_plan.plan_due(due, now=NOON + HOUR)) == 1
    assert decisions == ["made"]


async def test_deliveries_are_rendered_before_the_writing(store: Store) -> None:
    turns: list[bool] = []
    make.due(store, "telegram:42")
    post = Deliverer(BotHarness(store, clock=FakeClock(NOON + HOUR)))
    post.render_delivery = called(lambda: turns.append(store._turn.locked()), post.render_delivery)
    assert len(await post.deliver_due()) == 1
    assert turns == [False]


async def test_a_digest_is_read_before_the_writing(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    turns: list[bool] = []
    matched: list[str] = []
    monkeypatch.setattr(ingest, "read_digest", called(lambda: turns.append(store._turn.locked()), read_digest))
    monkeypatch.setattr(hits, "tokenize", called(lambda: matched.append("a paper"), hits.tokenize))
    subscribes(store, "telegram:42", "graph", when="now")
    bot = BotHarness(store, clock=FakeClock(NOON + HOUR))
    _, ingested = await ingest.ingest(bot.deps, DIGEST.read_bytes(), DIGEST.name, source="daily")
    assert ingested.new > 0
    assert (turns, matched) == ([False], [])


# ── After a failure ───────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("few", [100, 0])  # planning matches each query separately, or all queries by an index
def test_a_plan_that_fails_while_matching_is_made_by_the_next(
    store: Store, few: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("subscriptions.service.plan_inputs.FEW", few)
    for n, query in enumerate(("graph", "tree", "forest", "leaf"), 1):
        subscribes(store, f"telegram:{n}", query, when="now")
    make.ingested(
        store,
        *(f"A {word}" for word in ("graph", "tree", "forest", "leaf")),
        now=NOON + MINUTE,
    )
    with monkeypatch.context() as broken:
        broken.setattr(
            paper_index.TokenizedPapers, "matching", called(on_call(3, _fails), paper_index.TokenizedPapers.matching)
        )
        broken.setattr(
            paper_index.PaperIndex,
            "positions",
            staticmethod(called(on_call(3, _fails), paper_index.PaperIndex.positions)),
        )
        with pytest.raises(StoreError):
            _plan.plan_due(store, now=NOON + HOUR)
    assert sent_to(store) == []
    assert len(_plan.plan_due(store, now=NOON + HOUR)) == 4
    assert sorted(sent_to(store)) == [(f"telegram:{n}", 1) for n in range(1, 5)]
    assert _plan.plan_due(store, now=NOON + HOUR) == ()


def test_papers_that_could_not_be_read_are_read_by_the_next_plan(due: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    assert len(_plan.plan_due(due, now=NOON + HOUR)) == 1
    make.ingested(due, "Another graph", now=NOON + HOUR)
    with monkeypatch.context() as broken:
        broken.setattr(known_papers, "window", called(_fails, known_papers.window))
        with pytest.raises(StoreError):
            _plan.plan_due(due, now=NOON + 2 * HOUR)
    assert len(_plan.plan_due(due, now=NOON + 2 * HOUR)) == 1
    assert sent_to(due) == [("telegram:1", 1), ("telegram:1", 1)]


def _fails() -> None:
    raise StoreError("The disk does not answer.")


# ── If a plan is killed at any statement or commit, the next plan loses and repeats nothing ───────────────────────────

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
    """A process is killed while it plans subscriptions that share a cursor, at each step in turn. Another process plans again.

    Some of the subscriptions match new papers. Each chat must get each of its papers once.
    """
    monkeypatch.setattr(_plan, "SLICE", 2)
    with contextlib.closing(Store(f"sqlite:///{tmp_path / 'prepared.db'}")) as prepared:
        prepared.open(now=NOON)
        for where, query in WISHES.items():
            subscribes(prepared, where, query, when="now")
        make.ingested(prepared, "A first leaf, graph and tree", now=NOON)
        _plan.plan_due(prepared, now=NOON)
        make.ingested(prepared, *map(paper, ("A graph", "A tree", "A graph of trees")), now=NOON + HOUR / 2)
        with prepared.read() as transaction:
            assert set(transaction.exec(sqlmodel.select(rows.SubscriptionRow.shared_cursor))) == {1}

    killed: list[str] = []
    for step in count():
        path = shutil.copy(prepared.path, tmp_path / f"at {step}.db")
        with (
            contextlib.suppress(Killed),
            contextlib.closing(Store(f"sqlite:///{path}")) as store,
            killed_at(store, step) as steps,
        ):
            _plan.plan_due(store, now=NOON + HOUR)
            break
        killed += steps[-1:]
        with contextlib.closing(Store(f"sqlite:///{path}")) as store:  # the next process
            _plan.plan_due(store, now=NOON + HOUR)
            delivered, cursors = stored.delivered(store), looked(store)
            assert _plan.plan_due(store, now=NOON + HOUR) == ()
        news = [(chat, title) for chat, title in delivered if "first" not in title]
        assert (len(news), set(news)) == (len(OWED), OWED), f"killed after {steps[-3:]}"
        assert cursors == dict.fromkeys((1, 2, 3, 4), 4), "the one without a match has looked, too"
    assert killed.count("COMMIT") >= 3, "both slices were committed, and the shared cursor"


# ── Subscriptions that follow a shared cursor get the same papers as if each one had its own cursor ───────────────────

WORDS = ("graph", "tree", "leaf", "root", "branch")
CHATS = ("telegram:1", "telegram:2", "telegram:3")
QUERIES = ("graph", "tree", "leaf", "graph -tree", "tree OR leaf", "graph tree")
_TOKEN = re.compile(r"(?<='button )(\w+)': '[^']+'")  # the random token of a button in a notice
SCHEDULES = ("now", "now", "now", "daily 13:00", "when-out 08:00-20:00")


@pytest.fixture
def followed(store: Store) -> Store:
    """A store with two subscriptions that follow shared cursors: of a chat with quiet hours and of a chat without them."""
    for chat, quiet in (("telegram:1", "off"), ("telegram:2", "22:00-08:00")):
        subscribes(store, chat, "graph", when="now")
        amendments.set_settings(store, address(chat), {"quiet": quiet}, now=NOON)
    make.ingested(store, "A first graph", now=NOON + MINUTE)
    assert len(_plan.plan_due(store, now=NOON + MINUTE)) == 2
    assert all(follows(store).values())
    return store


def follows(store: Store) -> dict[int, int | None]:
    """Returns the shared cursor that the last subscription of each chat follows."""
    with store.read() as transaction:
        wanted = sqlmodel.select(rows.SubscriptionRow.chat, rows.SubscriptionRow.shared_cursor)
        return dict(transaction.exec(wanted.order_by(sqlmodel.col(rows.SubscriptionRow.id))).all())


def looked(store: Store) -> dict[int, int]:
    """Returns for each chat the sequence number up to which its last subscription was compared with papers."""
    with store.read() as transaction:
        found = stored_subscriptions.subscriptions_of(transaction, range(1, 5))
    return {chat: of_chat[-1].cursor for chat, of_chat in found.items() if of_chat}


@pytest.mark.sqlite_alone("it counts the steps of SQLite's machine")
@pytest.mark.both_databases
def test_who_matches_nothing_is_neither_read_nor_written(followed: Store) -> None:
    make.ingested(followed, "A tree", now=NOON + HOUR)
    with recording(followed) as recorded:
        assert _plan.plan_due(followed, now=NOON + HOUR) == ()
    assert not [one for one in recorded.statements if one.startswith("UPDATE subscription")]
    assert not [one for one in recorded.statements if "WHERE chat.id IN" in one]
    assert looked(followed) == {1: 2, 2: 2}


CHANGES: abc.Mapping[str, abc.Callable[[Store], object]] = {
    "edited": lambda store: amendments.edit(store, address("telegram:1"), 1, "tree", now=NOON + 2 * HOUR),
    "paused": lambda store: pausing.pause(store, address("telegram:1"), 1, until=None, now=NOON + 2 * HOUR),
    "of a paused chat": lambda store: pausing.pause(
        store, address("telegram:1"), None, until=None, now=NOON + 2 * HOUR
    ),
    "with another time": lambda store: amendments.edit(
        store, address("telegram:1"), 1, "graph", when="daily 13:00", now=NOON + 2 * HOUR
    ),
    "with quiet hours": lambda store: amendments.set_settings(
        store, address("telegram:1"), {"quiet": "10:00-20:00"}, now=NOON + 2 * HOUR
    ),
    "on another clock": lambda store: amendments.set_settings(
        store, address("telegram:1"), {"timezone": "Asia/Shanghai"}, now=NOON + 2 * HOUR
    ),
}


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.both_databases
def test_a_changed_subscription_stops_following(followed: Store, change: str) -> None:
    make.ingested(followed, "A tree", now=NOON + HOUR)
    _plan.plan_due(followed, now=NOON + HOUR)
    # no plan has compared this paper with a subscription
    make.ingested(followed, "A second graph", now=NOON + 2 * HOUR)
    CHANGES[change](followed)
    assert (looked(followed)[1], follows(followed)[1]) == (2, None)
    with followed.read() as transaction:
        assert (
            transaction.exec(sqlmodel.select(rows.SubscriptionRow.cursor).where(rows.SubscriptionRow.chat == 1)).one()
            == 2
        )


@pytest.mark.both_databases
def test_when_the_operator_changes_the_zone_nothing_is_late(followed: Store) -> None:
    """A chat that chose no time zone uses the operator's. When the operator moves from UTC to Shanghai, the night has passed."""
    morning = NOON + 14 * HOUR
    with contextlib.closing(Store(str(followed.url), zone="Asia/Shanghai")) as moved:
        make.ingested(moved, "A graph of the night", now=morning)
        assert [lane.address for lane in _plan.plan_due(moved, now=morning)] == ["1", "2"]


@pytest.mark.both_databases
def test_what_waits_for_its_minute_is_not_passed_over(store: Store) -> None:
    """A chat has got its only delivery of this minute when another paper for it comes. The next minute's plan delivers it,
    even if the shared cursor has moved on.
    """
    subscribes(store, "telegram:1", "graph", when="now")
    amendments.set_settings(store, address("telegram:1"), {"quiet": "off"}, now=NOON)
    make.ingested(store, "A first graph", now=NOON)
    _plan.plan_due(store, now=NOON)
    subscribes(store, "telegram:1", "tree", when="daily 13:00")
    make.ingested(store, "A tree", now=NOON + HOUR)
    _plan.plan_due(store, now=NOON + HOUR)
    subscribes(store, "telegram:1", "leaf", when="daily 13:00", now=NOON + HOUR - MINUTE)
    make.ingested(store, "A second graph", now=NOON + HOUR)
    _plan.plan_due(store, now=NOON + HOUR + MINUTE / 6)
    assert follows(store)[1] is None or ("telegram:1", "A second graph") in stored.delivered(store)
    _plan.plan_due(store, now=NOON + HOUR + MINUTE)
    assert ("telegram:1", "A second graph") in stored.delivered(store)


@pytest.mark.both_databases
def test_too_many_kinds_of_quiet_hours_share_nothing(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("subscriptions.store.subscriptions.MOST", 1)
    for number, quiet in (("1", "off"), ("2", "22:00-08:00"), ("3", "off")):
        subscribes(store, f"telegram:{number}", "graph", when="now")
        amendments.set_settings(store, address(f"telegram:{number}"), {"quiet": quiet}, now=NOON)
    make.ingested(store, "A graph", now=NOON)
    _plan.plan_due(store, now=NOON)
    assert list(follows(store).values()) == [1, None, 1]
    make.ingested(store, "Another graph", now=NOON + HOUR)
    assert len(_plan.plan_due(store, now=NOON + HOUR)) == 3


@pytest.mark.both_databases
def test_nobody_follows_while_another_process_may_be_looking(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """A paper comes while a plan runs. The plan has not compared it with the subscriptions, so they follow no shared cursor."""
    make.due(store, "telegram:1")
    newer = on_call(1, lambda: make.ingested(store, "Another graph", now=NOON))
    monkeypatch.setattr(_plan, "_decide_all", called(newer, _plan._decide_all))
    _plan.plan_due(store, now=NOON)
    assert follows(store) == {1: None}
    _plan.plan_due(store, now=NOON + MINUTE)
    assert stored.delivered(store) == [("telegram:1", "A graph"), ("telegram:1", "Another graph")]


# the same events with and without shared cursors


def all_deliveries(store: Store) -> list[tuple[Any, ...]]:
    """Returns the parts of all deliveries and notices that people see, sorted."""
    with store.read() as transaction:
        found = transaction.exec(sqlmodel.select(rows.DeliveryRow).order_by(sqlmodel.col(rows.DeliveryRow.seq))).all()
        items = transaction.exec(sqlmodel.select(rows.DeliveryItemRow)).all()
    of: dict[int | None, list[Any]] = {}
    for item in items:
        of.setdefault(item.delivery, []).append((item.position, item.paper, item.shown, item.because))
    return sorted(
        (
            (
                row.chat,
                row.created_at,
                row.kind.value,
                _TOKEN.sub("", repr(row.facts)),
                repr(sorted(of.get(row.seq, []))),
            )
            for row in found
        ),
    )


@hypothesis.settings(max_examples=8)
@hypothesis.given(
    days=st.lists(
        st.lists(
            st.tuples(
                st.sampled_from(["papers", "subscribe", "unsubscribe", "edit", "setting", "pause", "resume"]),
                st.integers(0, 10**6),
            ),
            max_size=4,
        ),
        min_size=3,
        max_size=12,
    )
)
# how many papers are known does not depend on what a subscription fits that has looked at them already
@hypothesis.example(
    days=[
        [],
        [("setting", 105), ("setting", 333381), ("setting", 147)],
        [("papers", 0), ("papers", 241), ("subscribe", 16455)],
    ]
)
def test_deliveries_are_the_same_as_without_shared_cursors(
    empty_database: Path, days: abc.Sequence[abc.Sequence[tuple[str, int]]]
) -> None:
    """The same random events happen in two stores. In one store, subscriptions follow shared cursors and two processes
    plan in turn. People see the same deliveries: their words, counts and times.
    """
    following = look.following
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory()))
        paths = [shutil.copy(empty_database, folder / name) for name in ("one.db", "other.db")]
        one, other, second = (
            stack.enter_context(contextlib.closing(Store(f"sqlite:///{path}"))) for path in (*paths, paths[0])
        )
        patched = stack.enter_context(pytest.MonkeyPatch.context())
        patched.setattr(look, "following", lambda t, *rest: following(t, *rest) if t.store.path == one.path else {})
        for store in (one, other):
            for chat in CHATS:
                subscribes(store, chat, "graph", when="now")
        for number, acts in enumerate(days):
            for hour in (0, 4, 13):
                now = NOON + number * DAY + hour * HOUR
                for name, dice in acts:
                    if dice % 3 == (0, 4, 13).index(hour):
                        for store in (one, other):
                            with contextlib.suppress(PaperwireError):
                                _act(store, name, dice // 3, now, number)
                for store in (second if number % 2 else one, other):
                    _plan.plan_due(store, now=now + MINUTE)
                assert all_deliveries(one) == all_deliveries(other)


def _act(store: Store, name: str, dice: int, now: datetime, day: int) -> None:
    chat = address(CHATS[dice % 3])
    query, schedule = QUERIES[dice // 3 % len(QUERIES)], SCHEDULES[dice // 20 % len(SCHEDULES)]
    match name:
        case "papers":
            make.ingested(
                store,
                paper(f"A {WORDS[dice % 3]} of {now:%d %H}", arxiv_id=f"2601.{day:03}{now.hour:02}"),
                now=now,
            )
        case "subscribe":
            subscribes(store, str(chat), query, when=schedule, now=now)
        case "unsubscribe":
            unsubscribe(store, chat, str(1 + dice // 3 % 3), now=now)
        case "edit":
            amendments.edit(store, chat, 1, query, now=now)
        case "setting":
            name, value = [("quiet", "off"), ("quiet", "11:00-17:00"), ("limit", "1"), ("timezone", "Asia/Tokyo")][
                dice % 4
            ]
            amendments.set_settings(store, chat, {name: value}, now=now)
        case "pause":
            pausing.pause(store, chat, None if dice % 2 else 1, until=now + DAY, now=now)
        case "resume":
            pausing.resume(store, chat, None, now=now)


@pytest.mark.both_databases
def test_shared_cursors_of_the_store_never_move_back(followed: Store) -> None:
    with followed.write() as transaction:
        stored_subscriptions.move(transaction, [1, 2], 0)
    with followed.read() as transaction:
        assert set(transaction.exec(sqlmodel.select(rows.SharedCursorRow.sequence))) == {1}
