"""Rows in simulated time.

The program in this process, with a real database and real HTTP, and a platform that fails on demand.
"""

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from tests.clock import NOON, SharedClock
from tests.fakes.faults import FAULTS, Fault
from tests.fakes.journal import Entry
from tests.fakes.server import ApiCall
from tests.fakes.telegram import FakeTelegram
from tests.product import Product
from tests.programs.faults import filled, judging

SHARE = 0.3  # of the posts are hit, until there are enough tries
CHATS = 60
ROUNDS = 3000  # most rounds of sending before the run is given up
BETWEEN = timedelta(seconds=31)

Strike = Callable[["StormyTelegram", ApiCall], Fault | None]


class AlarmClock(SharedClock):
    """A clock that can run one action at a given second."""

    def __init__(self) -> None:
        super().__init__(NOON)
        self._alarm: tuple[float, Callable[[], None]] | None = None

    def rings_after(self, seconds: float, what: Callable[[], None]) -> None:
        self._alarm = (self.monotonic() + seconds, what)

    def advance(self, by: timedelta) -> None:
        super().advance(by)
        if self._alarm and self.monotonic() >= self._alarm[0]:
            _, what = self._alarm
            self._alarm = None
            what()


class StormyTelegram(FakeTelegram):
    """A Telegram that fails as `strike` says, for `tries` posts of papers. Its journal has simulated times."""

    def __init__(self, clock: AlarmClock, strike: Strike, *, tries: int, seed: str, share: float = SHARE) -> None:
        super().__init__()
        self.clock, self.strike, self.tries = clock, strike, tries
        self.share, self.dice = share, random.Random(seed)
        self.hits: list[judging.Hit] = []
        # returns a fault for calls that must fail in any case
        self.always: Callable[[ApiCall], Fault | None] = lambda _: None

    def hit(self, lane: str = "", *, may_double: int = 0) -> None:
        self.hits.append(judging.Hit(at=self.clock.monotonic(), lane=lane, may_double=may_double))

    def _fault(self, call: ApiCall) -> Fault | None:
        if fault := self.always(call):
            return fault
        if (
            call.method != self.send
            or len(self.hits) >= self.tries
            or not filled.LINK.search(str(call.arguments))
            or self.dice.random() >= self.share
        ):
            return super()._fault(call)
        return self.strike(self, call)

    def _note(self, call: ApiCall, **known: Any) -> None:
        self.journal.write(Entry(at=self.clock.monotonic(), payload=call.arguments, **known))


@dataclass(frozen=True, slots=True)
class Storm:
    """Answers each post that is hit with the next of several faults."""

    faults: list[Callable[[FakeTelegram], Fault]]

    def __call__(self, fake: StormyTelegram, call: ApiCall) -> Fault:
        fault = self.faults[len(fake.hits) % len(self.faults)](fake)
        fake.hit(call.chat, may_double=int(fault.taken))
        return fault


def named(*names: str, taken: bool | None = None) -> list[Callable[[FakeTelegram], Fault]]:
    """Returns these faults of tests.fakes.faults. `taken` overrides whether the platform accepts the message."""
    faults = [FAULTS[name] if taken is None else replace(FAULTS[name], taken=taken) for name in names]
    return [lambda _, fault=fault: fault for fault in faults]  # type: ignore[misc]


def too_many(*waits: int | None) -> list[Callable[[FakeTelegram], Fault]]:
    """Returns 429 faults with these waits in seconds. None means a 429 that does not say how long to wait."""
    return [lambda fake, wait=wait: fake.too_many(wait) for wait in waits]  # type: ignore[misc]


@dataclass(slots=True)
class World:
    """The program with many chats, and the platform that it writes to."""

    product: Product
    fake: StormyTelegram
    clock: AlarmClock
    chats: list[str]
    rounds: int = 0

    def delivers(self) -> bool:
        """Sends what may be sent now. Returns whether anything is left, or nobody knows since the database refused."""
        done = self.product.runs("deliver", "--json")
        if not done.out:
            return True
        return bool(done.json["waiting"] or done.json["unclear"])

    def judged(self) -> judging.Verdict:
        return judging.judge(filled.wanted(self.chats, self.rounds), filled.arrivals(self.fake.journal), self.fake.hits)


@contextmanager
def a_world(
    folder: Path, strike: Strike, *, tries: int, seed: str, chats: list[str], share: float = SHARE
) -> Iterator[World]:
    """A program that has nothing to send."""
    clock = AlarmClock()
    with StormyTelegram(clock, strike, tries=tries, seed=seed, share=share) as fake:
        for chat in chats:
            fake.knows(filled.lane_of(chat), topics=(filled.TOPIC,) if "/" in chat else ())
        yield World(Product(folder, telegram=fake, clock=clock), fake, clock, chats)


def no_fault(fake: StormyTelegram, call: ApiCall) -> None:
    """Causes no fault, and counts no try."""
    del fake, call


def few(tries: int) -> list[str]:
    """Returns the chats of most rows: up to 60, and fewer in a short run."""
    return filled.telegram_chats(min(CHATS, max(12, 2 * tries)))


def storm(
    folder: Path,
    tries: int,
    strike: Strike,
    *,
    seed: str,
    share: float = SHARE,
    chats: list[str] | None = None,
    rounds: int = 0,
    before: Callable[[World], object] = lambda _: None,
    between: Callable[[World], bool | None] = lambda _: None,
    judged: Callable[[World], judging.Verdict] = World.judged,
) -> judging.Verdict:
    """Plans `rounds` messages for each chat, delivers everything during a storm, and returns the verdict of `judged`.

    Without `rounds`, there are enough for the tries. `before` runs first. `between` runs after each round and returns
    True for another round.
    """
    chats = chats or few(tries)
    with a_world(folder, strike, tries=tries, seed=seed, chats=chats, share=share) as world:
        world.rounds = rounds or max(2, round(1.3 * tries / (len(chats) * share)) + 1)
        before(world)
        filled.fill(world.product, chats, world.rounds)
        for _ in range(ROUNDS):
            left = world.delivers()
            goes_on = between(world)
            if not (left or goes_on):
                break
            world.clock.advance(BETWEEN)
        return judged(world)


def in_rounds(
    folder: Path,
    tries: int,
    strike: Strike,
    *,
    seed: str,
    after: Callable[[World], object] = lambda _: None,
    judged: Callable[[World], judging.Verdict] = World.judged,
    chats: list[str] | None = None,
) -> judging.Verdict:
    """Ingests one paper per round until there are enough tries. Calls `after` after each.

    Returns the verdict of `judged`.
    """
    with a_world(folder, strike, tries=tries, seed=seed, chats=chats or few(tries)) as world:
        # with quiet hours, papers that come at night would wait for the morning
        filled.subscribe(world.product, world.chats, quiet="off")
        while len(world.fake.hits) < tries:
            world.product.tries_to_bring(filled.nth_paper(world.rounds))
            world.rounds += 1
            world.delivers()
            after(world)
            world.clock.advance(timedelta(minutes=3))
        for _ in range(50):
            if not world.delivers():
                break
            world.clock.advance(timedelta(minutes=3))
        return judged(world)
