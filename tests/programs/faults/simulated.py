"""Rows in simulated time: the real pipeline, database and HTTP client with a fake platform that fails on demand."""

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from bot.app import App, build_app
from bot.delivery.sender import Sent
from bot.platforms.telegram.adapter import TelegramChannel
from bot.platforms.telegram.client import Client
from bot.platforms.telegram.settings import TelegramSettings
from bot.settings import Settings, SourceSettings
from subscriptions.errors import StoreError
from subscriptions.store.workers import recover_own
from tests.clock import NOON, FakeClock
from tests.fakes.faults import FAULTS, Fault
from tests.fakes.journal import Entry
from tests.fakes.server import ApiCall
from tests.fakes.telegram import TOKEN, FakeTelegram
from tests.programs.faults import filled, judging

SHARE = 0.3  # of the posts are hit, until there are enough tries
CHATS = 60
ROUNDS = 3000  # most rounds of sending before the run is given up
BETWEEN = timedelta(seconds=31)

Strike = Callable[["StormyTelegram", ApiCall], Fault | None]


class SharedClock(FakeClock):
    """A clock on which waits that begin together end together. It can run one action at a given second."""

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

    async def sleep(self, seconds: float) -> None:
        end = self.monotonic() + seconds
        await asyncio.sleep(0)  # other tasks begin their waits first
        if self.monotonic() < end:
            self.advance(timedelta(seconds=end - self.monotonic()))
            self._second = max(self._second, end)  # a timedelta is rounded to microseconds


class StormyTelegram(FakeTelegram):
    """A Telegram that fails as `strike` says, for `tries` posts of papers. Its journal has simulated times."""

    def __init__(self, clock: SharedClock, strike: Strike, *, tries: int, seed: str, share: float = SHARE) -> None:
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
    """A bot with many chats, and the platform that it writes to."""

    apps: list[App]  # programs on one database; most worlds have one
    fake: StormyTelegram
    clock: SharedClock
    chats: list[str]
    rounds: int = 0

    @property
    def app(self) -> App:
        return self.apps[0]

    async def delivers(self) -> bool:
        """Sends what may be sent now, from all programs at once. Returns whether anything is left."""
        return any(await asyncio.gather(*map(_delivers, self.apps)))

    def judged(self) -> judging.Verdict:
        return judging.judge(filled.wanted(self.chats, self.rounds), filled.arrivals(self.fake.journal), self.fake.hits)


async def _delivers(app: App) -> bool:
    sent: Sent | None = None
    try:
        sent = await app.sender.send_once()
    except* StoreError:  # planning failed, or a lane could not begin its next message
        with suppress(StoreError):
            recover_own(app.store)  # the process does the same after such a round
    return sent is None or bool(sent.waiting or sent.unclear or sent.stopped)


@asynccontextmanager
async def a_world(
    folder: Path,
    strike: Strike,
    *,
    tries: int,
    seed: str,
    chats: list[str],
    read: float = 10,
    share: float = SHARE,
    sources: tuple[SourceSettings, ...] = (),
    programs: int = 1,
) -> AsyncIterator[World]:
    """A bot, or several on one database, that has nothing to send."""
    clock = SharedClock()
    with StormyTelegram(clock, strike, tries=tries, seed=seed, share=share) as fake:
        for chat in chats:
            fake.knows(filled.lane_of(chat), topics=(filled.TOPIC,) if "/" in chat else ())
        async with AsyncExitStack() as stack:
            apps = [
                await stack.enter_async_context(_an_app(folder, fake, clock, read, sources)) for _ in range(programs)
            ]
            yield World(apps, fake, clock, chats)


@asynccontextmanager
async def _an_app(
    folder: Path, fake: StormyTelegram, clock: SharedClock, read: float, sources: tuple[SourceSettings, ...]
) -> AsyncIterator[App]:
    settings = Settings(
        database_url=SecretStr(f"sqlite:///{folder}/paperwire.db"),
        of_rooms=(TelegramSettings(token=SecretStr(TOKEN), api_url=fake.url),),
        access="open",
        sources=sources,
    )
    channel = TelegramChannel(Client(TOKEN, fake.url, connect=5, read=read))
    app = build_app(settings, clock=clock, channels={"telegram": channel})
    app.open()
    await app.sender.prepare()
    try:
        yield app
    finally:
        await app.close()


def few(tries: int) -> list[str]:
    """Returns the chats of most rows: up to 60, and fewer in a short run."""
    return filled.telegram_chats(min(CHATS, max(20, 4 * tries)))


async def storm(
    folder: Path,
    tries: int,
    strike: Strike,
    *,
    seed: str,
    read: float = 10,
    share: float = SHARE,
    chats: list[str] | None = None,
    rounds: int = 0,
    programs: int = 1,
    before: Callable[[World], object] = lambda _: None,
    between: Callable[[World], Awaitable[object]] | None = None,
    judged: Callable[[World], judging.Verdict] = World.judged,
) -> judging.Verdict:
    """Plans `rounds` messages for each chat, delivers everything during a storm, and returns the verdict of `judged`.

    Without `rounds`, there are enough for the tries. `before` runs first. `between` runs after each round and returns
    True for another round.
    """
    chats = chats or few(tries)
    async with a_world(
        folder, strike, tries=tries, seed=seed, chats=chats, read=read, share=share, programs=programs
    ) as world:
        world.rounds = rounds or max(2, round(1.3 * tries / (len(chats) * share)) + 1)
        before(world)
        after = filled.fill(world.app.store, chats, world.rounds, now=world.clock.now())
        world.clock.advance(after - world.clock.now())
        for _ in range(ROUNDS):
            left = await world.delivers()
            goes_on = between and await between(world)
            if not (left or goes_on):
                break
            world.clock.advance(BETWEEN)
        return judged(world)
