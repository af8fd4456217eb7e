"""Several planners plan at the same time, on SQLite and on PostgreSQL. Each paper comes once to each chat that wants it."""

import contextlib
import dataclasses
import os
import random
import re
from collections import abc
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy import event

from subscriptions.errors import StoreUnavailable
from subscriptions.model import ChatAddress, Lane
from subscriptions.service import pausing
from subscriptions.service import plan as _plan
from subscriptions.service.amendments import set_settings
from subscriptions.service.listing import listed
from subscriptions.service.look import apart
from subscriptions.service.requests import unsubscribe
from subscriptions.states import SubscriptionState
from subscriptions.store import claims, paper_sequence, planned_deliveries
from subscriptions.store import planner as _plans
from subscriptions.store.database.store import Store
from tests import being_sent, stored
from tests.clock import NOON
from tests.filling import fill
from tests.make import MINUTE, address, due, ingested, paper, planned_slices, subscribes
from tests.postgres.reading import read
from tests.postgres.server import Server
from tests.statements import in_one_line, is_plain

SEEDS = (1, 4, 6, 8)
DAYS = 250 if os.environ.get("HYPOTHESIS_PROFILE") == "long" else 15  # how many days each seed runs
WORDS = ("graph", "tree", "leaf")


class Killed(BaseException):
    """Ends the work at once, as if the process were killed. No code of the product catches it."""


@dataclasses.dataclass(slots=True)
class Wish:
    """A subscription, with what its person expects: papers about `word` since `since`, except those that were skipped."""

    chat: ChatAddress
    number: int
    word: str
    since: datetime
    dropped: set[str] = dataclasses.field(default_factory=set)  # titles that the person skipped


@dataclasses.dataclass(slots=True)
class Planner:
    """A process that plans."""

    store: Store
    slices: abc.Iterator[abc.Sequence[Lane]] | None = None
    steps: bool = False  # True between the reading and the writing of a slice; then it can begin no other step


class World:
    """A database with two planners and three chats. It knows which papers each chat must get."""

    def __init__(self, stores: abc.Sequence[Store], rng: random.Random) -> None:
        self.people, *planning = stores
        self.planners = [Planner(store) for store in planning]
        self.rng = rng
        self.now = NOON
        self.came: dict[str, datetime] = {}  # titles of the papers of this day, and when they came
        self.wishes: list[Wish] = []
        self.ended: list[Wish] = []
        self.restless: set[ChatAddress] = set()  # chats where a person paused something or set quiet hours
        self.killed = 0
        self.papers = 0

    def act(self) -> None:
        """Advances the time, and does one random thing that changes which papers must be planned."""
        self.now += timedelta(seconds=self.rng.choice((1, 1, 20, 61, 400, 1500)))
        self.rng.choice(
            (
                self.bring,
                self.bring,
                self.ask,
                self.ask,
                self.rest,
                self.wake,
                self.skip,
                self.send,
                self.quiet,
                self.end,
            )
        )()

    def bring(self) -> None:
        """Ingests a digest with one paper."""
        self.papers += 1
        title = f"On {' and '.join(self.rng.sample(WORDS, self.rng.choice((1, 1, 2))))}, part {self.papers}"
        ingested(self.people, title, now=self.now)
        self.came[title] = self.now

    def ask(self) -> None:
        """A person subscribes, perhaps to papers of the past days as well."""
        chat = address(f"telegram:{self.rng.randint(1, 3)}")
        word, every = (
            self.rng.choice(WORDS),
            self.rng.choice(["now"] * 4 + ["daily 13:00", "daily 14:30", "when-out 08:00-20:00"]),
        )
        if any((wish.chat, wish.word) == (chat, word) for wish in self.wishes):
            return
        back = timedelta(hours=self.rng.choice((0, 1, 3)))
        done = subscribes(self.people, str(chat), word, when=every, now=self.now - back)
        self.wishes.append(Wish(chat, done.subscription.number, word, done.subscription.since))

    def rest(self) -> None:
        """A person pauses a subscription or the chat."""
        if wish := self._one():
            self.restless.add(wish.chat)
            pausing.pause(
                self.people,
                wish.chat,
                self.rng.choice((None, wish.number)),
                until=self.rng.choice((None, self.now + 30 * MINUTE)),
                now=self.now,
            )

    def wake(self) -> None:
        """A person resumes a subscription, or the chat with all of them."""
        if wish := self._one():
            pausing.resume(self.people, wish.chat, self.rng.choice((None, wish.number)), now=self.now)

    def skip(self) -> None:
        """A person skips the papers that wait. Papers that are already in a delivery still come."""
        if wish := self._one():
            waiting = pausing.get_waiting_papers(self.people, wish.chat, now=self.now, number=wish.number)
            had = self.delivered()
            pausing.skip_waiting(
                self.people, wish.chat, upto=waiting.upto, by=self.now, now=self.now, number=wish.number
            )
            known = {one.subscription.number: one.subscription for one in listed(self.people, wish.chat)}
            if known[wish.number].state is SubscriptionState.ACTIVE:
                wish.dropped |= {title for title in self.came if (str(wish.chat), title) not in had}

    def send(self) -> None:
        """A person asks for the waiting papers at once."""
        if wish := self._one():
            pausing.send_waiting(self.people, wish.chat, now=self.now, number=self.rng.choice((None, wish.number)))

    def quiet(self) -> None:
        """A person sets quiet hours around this moment, or ends them."""
        if wish := self._one():
            self.restless.add(wish.chat)
            hours = f"{self.now - 30 * MINUTE:%H:%M}-{self.now + 30 * MINUTE:%H:%M}"
            set_settings(self.people, wish.chat, {"quiet": self.rng.choice((hours, "off"))}, now=self.now)

    def end(self) -> None:
        """A person unsubscribes."""
        if (wish := self._one()) and self.rng.random() < 0.3:
            unsubscribe(self.people, wish.chat, str(wish.number), now=self.now)
            self.wishes.remove(wish)
            self.ended.append(wish)

    def _one(self) -> Wish | None:
        return self.rng.choice(self.wishes) if self.wishes else None

    def step(self) -> None:
        """One planner begins a plan, plans a slice, or is killed between two slices."""
        planner = self.rng.choice([one for one in self.planners if not one.steps] or [None])
        if planner is None:
            return
        if planner.slices is None:
            planner.slices = planned_slices(planner.store, now=self.now)
        elif self.rng.random() < 0.05:
            planner.slices = None
            self.killed += 1
            return
        planner.steps = True
        try:
            if next(planner.slices, None) is None:
                planner.slices = None
        except Killed:
            planner.slices = None
            self.killed += 1
        finally:
            planner.steps = False

    def meanwhile(self) -> None:
        """Does random things while a planner is between its reading and its writing."""
        for _ in range(self.rng.choice((0, 0, 1, 2))):
            self.rng.choice((self.act, self.step))()

    def perhaps_killed(self) -> None:
        if self.rng.random() < 0.03:
            raise Killed

    def live(self) -> None:
        """Runs a day: twelve random steps of people and planners."""
        self.bring()
        for _ in range(12):
            self.rng.choice((self.act, self.step, self.step))()

    def end_of_day(self) -> None:
        """Ends both planners, all pauses and all quiet hours. Then a third planner plans alone, on the next two days."""
        for planner in self.planners:
            planner.slices = None
        for chat in self.restless:
            pausing.resume(self.people, chat, None, now=self.now)
            set_settings(self.people, chat, {"quiet": "off"}, now=self.now)
        for _ in range(2):
            self.now = self.now.replace(hour=12, minute=0) + timedelta(days=1)
            _plan.plan_due(self.people, now=self.now)

    def next_day(self) -> None:
        """Forgets the papers of the day, and the subscriptions that ended."""
        self.came, self.ended = {}, []
        self.restless.clear()
        for wish in self.wishes:
            wish.dropped.clear()

    def delivered(self) -> set[tuple[str, str]]:
        """Returns (chat, title) of each paper of this day that is in a delivery."""
        return {(chat, title) for chat, title in stored.delivered(self.people) if title in self.came}

    def wanted(self, *wishes: Wish) -> set[tuple[str, str]]:
        """Returns (chat, title) of each paper of this day that one of these subscriptions must bring."""
        return {
            (str(wish.chat), title)
            for wish in wishes
            for title, at in self.came.items()
            if wish.word in title and at >= wish.since and title not in wish.dropped
        }


@contextlib.contextmanager
def three_on(url: str) -> abc.Iterator[list[Store]]:
    """Yields three stores on one database, as if three processes had opened it."""
    stores = [Store(url) for _ in range(3)]
    if stores[0].kind.file is not None:
        for store in stores:  # commits need not wait for the disk, because tests need not survive a power failure
            event.listen(store._engine, "connect", lambda made, _: made.execute("PRAGMA synchronous=OFF"))
    stores[0].open(now=NOON)
    yield stores
    for store in stores:
        store.close()


@pytest.mark.parametrize("seed", SEEDS)
def test_two_planners_lose_nothing_and_double_nothing(
    seed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with three_on(f"sqlite:///{tmp_path / 'shared.db'}") as stores:
        _lives(DAYS, World(stores, random.Random(seed)), monkeypatch)


def test_nor_do_they_on_postgresql(postgres: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    with postgres.database() as url, three_on(url) as stores:
        _lives(20, World(stores, random.Random(SEEDS[1])), monkeypatch)


def _lives(days: int, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    for day in range(days):
        with monkeypatch.context() as at_steps:
            at_steps.setattr(_plan, "SLICE", 1)
            at_steps.setattr(_plan, "_decide_all", _and_then(world.meanwhile, _plan._decide_all))
            for module, name in ((planned_deliveries, "add_deliveries"), (_plans, "advance")):
                at_steps.setattr(module, name, _and_then(world.perhaps_killed, getattr(module, name)))
            world.live()
        world.end_of_day()
        delivered = world.delivered()
        assert world.wanted(*world.wishes) - delivered == set(), f"lost on day {day}"
        assert delivered - world.wanted(*world.wishes, *world.ended) == set(), f"came on day {day}, and nobody asked"
        world.next_day()
    assert world.killed > days / 10


def _and_then(what: abc.Callable[[], None], function: abc.Callable[..., Any]) -> abc.Callable[..., Any]:
    def call(*args: Any, **named: Any) -> Any:
        done = function(*args, **named)
        what()
        return done

    return call


# ── On PostgreSQL, planners divide the chats among them, write many rows by one statement, and read no whole table ────

CHATS = 6
LATER = NOON + timedelta(minutes=5)


@pytest.fixture
def due_url(postgres: Server, monkeypatch: pytest.MonkeyPatch) -> abc.Iterator[str]:
    """The address of a database in which six chats are due. A slice plans two chats."""
    monkeypatch.setattr(_plan, "SLICE", 2)
    with postgres.database() as due_url, contextlib.closing(Store(due_url)) as store:
        due(store, *(f"telegram:{number + 1}" for number in range(CHATS)))
        # from now on the subscriptions follow a shared cursor
        _plan.plan_due(store, now=NOON + timedelta(minutes=2))
        ingested(store, "Another graph", now=NOON + timedelta(minutes=3))
        yield due_url


def test_what_another_one_planned_meanwhile_is_passed_over(due_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[abc.Sequence[int]] = []
    planned: list[object] = []
    decide = _plan._decide_slice

    def decided(store: Store, chat_ids: abc.Sequence[int], context: Any) -> Any:
        plan = decide(store, chat_ids, context)
        if store is first:
            read.append(chat_ids)
            if not planned:  # the first planner has not stored this slice, so the second one plans these chats too
                planned.extend(_plan.plan_due(second, now=LATER))
        return plan

    with contextlib.closing(Store(due_url)) as first, contextlib.closing(Store(due_url)) as second:
        monkeypatch.setattr(_plan, "_decide_slice", decided)
        assert _plan.plan_due(first, now=LATER) == ()
    assert len(planned) == CHATS
    assert {len(chats) for chats in read} == {2}
    assert len({tuple(chats) for chats in read}) == 1, "the others are not even read"


def test_two_planners_seldom_begin_with_the_same_chats(due_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(random, "shuffle", list.reverse)
    assert apart([1, 2, 3, 4, 5], Store(due_url), 2) == [5, 3, 4, 1, 2]
    assert apart([1, 2, 3], Store("sqlite:///one.db"), 2) == [1, 2, 3], "a file has one planner"


def test_while_a_plan_is_written_no_paper_comes_and_no_chat_changes(
    due_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    refused: list[str] = []
    write = _plan._write

    def write_beside(*arguments: Any) -> list[Lane]:
        """Another process tries to write after the plan has read, and before it writes."""
        with pytest.raises(StoreUnavailable):
            ingested(other, "A second graph", now=LATER)
        with other.write() as transaction:
            paper_sequence.share_sequence(transaction)  # another planner need not wait
        for number in range(CHATS):
            try:
                set_settings(other, address(f"telegram:{number + 1}"), {"limit": "3"}, now=LATER)
            except StoreUnavailable:
                refused.append(str(number))
        return write(*arguments)

    monkeypatch.setattr("subscriptions.store.database.store.BUSY_SECONDS", 0.2)
    with contextlib.closing(Store(due_url)) as store, contextlib.closing(Store(due_url)) as other:
        other.revision()  # connects now, while no lock is held
        monkeypatch.setattr(_plan, "_write", write_beside)
        assert len(_plan.plan_due(store, now=LATER)) == CHATS
    assert len(refused) == len(set(refused)) == CHATS


PAPERS, OTHERS, NEW = 10, 100, 50


def planned(url: str, first: int, count: int) -> int:
    """Subscribes `count` chats, and plans. Returns the number of planned deliveries."""
    with contextlib.closing(Store(url)) as store:
        asks(store, first, count)
        return len(_plan.plan_due(store, now=NOON))


def asks(store: Store, first: int, count: int) -> None:
    with store.write() as transaction:
        for chat in range(first, first + count):
            subscribes(transaction, f"telegram:{chat}", "graph", when="now", now=NOON - timedelta(days=1))


@pytest.fixture
def stocked(url: str) -> str:
    """The address of a database with papers that match the query of every chat that `asks` subscribes."""
    with contextlib.closing(Store(url)) as store:
        ingested(store, *map(paper, (f"A graph of kind {n}" for n in range(PAPERS))), now=NOON - timedelta(hours=1))
    return url


def test_what_others_got_is_not_read(stocked: str) -> None:
    assert planned(stocked, 1, OTHERS) == OTHERS
    before = sum(read(stocked, "delivery_item"))
    assert planned(stocked, 1 + OTHERS, NEW) == NEW
    assert sum(read(stocked, "delivery_item")) - before < PAPERS * OTHERS / 4


def test_what_many_chats_get_takes_no_statement_each(stocked: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A plan inserts many rows by one statement. With `executemany`, ten papers for a hundred thousand chats would be a
    million statements.
    """
    with contextlib.closing(Store(stocked)) as store, store.read() as transaction:
        cursor: Any = type(transaction.connection().connection.cursor())
    monkeypatch.delattr(cursor, "executemany")
    assert planned(stocked, 1, 20) == 20


def test_a_plan_cached_for_small_tables_does_not_scan_large_ones(stocked: str) -> None:
    """PostgreSQL plans the check of a foreign key once in a session, perhaps while the tables are small. This plan must not
    read the whole table for each row when the tables are large.
    """
    with contextlib.closing(Store(stocked)) as store:
        for first, count in ((1, 20), (100, NEW), (1000, OTHERS)):
            asks(store, first, count)
            assert len(_plan.plan_due(store, now=NOON)) == count
    whole, _ = read(stocked, "procrastinate_jobs", "delivery", "delivery_item", "chat", "subscription")
    assert whole < OTHERS * 10


LARGE = frozenset({"chat", "delivery", "delivery_item", "message", "paper", "subscription"})  # large tables of `filled`


@pytest.fixture
def filled(postgres: Server) -> abc.Iterator[Store]:
    """The store of a bot that has run for some time. Twenty more chats subscribe to papers about zebras."""
    with postgres.database() as url, contextlib.closing(Store(url)) as store:
        fill(store, 500)
        for number in range(20):
            subscribes(store, f"telegram:-{number}", "zebra", when="now", now=NOON - timedelta(days=1))
        yield store


@contextlib.contextmanager
def executed(store: Store) -> abc.Iterator[dict[str, Any]]:
    """Yields a mapping to which each statement that the store executes is added, with the parameters of its first run."""
    found: dict[str, Any] = {}

    def note(_connection: Any, _cursor: Any, statement: str, values: Any, _context: Any, many: bool) -> None:
        if is_plain(statement) and not many:
            found.setdefault(statement, values)

    event.listen(store._engine, "before_cursor_execute", note)
    yield found
    event.remove(store._engine, "before_cursor_execute", note)


def scanned(store: Store, statements: dict[str, Any], *, analyzed: bool) -> dict[str, frozenset[str]]:
    """Returns the statements that would read a large table as a whole, with the names of these tables."""
    found: dict[str, frozenset[str]] = {}
    with psycopg.connect(str(store.url).replace("+psycopg", "")) as connection:
        if analyzed:
            connection.execute("ANALYZE")
        for statement, values in statements.items():
            plan = connection.execute(f"EXPLAIN {statement}".encode(), values).fetchall()
            # of a small table, PostgreSQL rightly reads the whole
            if whole := LARGE.intersection(re.findall(r"Seq Scan on (\w+)", str(plan))):
                found[in_one_line(statement)] = whole
        connection.rollback()
    return found


def test_a_sender_reads_no_whole_table(filled: Store) -> None:
    ingested(filled, "A zebra", now=NOON - timedelta(hours=1))
    assert len(_plan.plan_due(filled, now=NOON)) == 20
    with executed(filled) as sending:
        for chat in ("-3", "-7"):
            assert claims.confirm(
                filled, being_sent.being_sent(filled, being_sent.request(chat)), "m1", being_sent.request(chat)
            ) == (1, None)
        assert claims.claim(filled, being_sent.request("-3")) is None
    assert len(sending) > 5
    assert scanned(filled, sending, analyzed=False) == scanned(filled, sending, analyzed=True) == {}
