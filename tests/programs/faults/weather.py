"""Simulates thousands of chats and a failing platform: counts what is lost, doubled, out of order, too fast.

It runs the real pipeline over a real database; the platform is a double that keeps the contract of `Channel`, and only
its journal is the judge. `make faults` has a row of it, with all kinds of weather at once.
"""

import asyncio
import random
import tempfile
from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path

from pydantic import SecretStr

from bot.app import App, build_app
from bot.conversation.reply_sender import StoredReply, send_reply
from bot.delivery.planning import DrainState, Sent, plan
from bot.platforms.telegram.outgoing import TelegramChannel
from bot.ports.channel import Channel
from bot.settings import Settings
from subscriptions.errors import RetryLater, SenderStopped, Unclear
from subscriptions.model import ChatAddress, Message
from subscriptions.service.sending import outbox_entries
from subscriptions.store.entries import OutboxEntry
from subscriptions.store.rows import MessageRow
from tests.make import NOON, FakeClock, address, ingested, paper, subscribes
from tests.programs.faults.judging import Arrival, Hit, Verdict, recoveries

ROUNDS = 2  # deliveries of each chat
CHATS_OF_A_TRY = 10  # of the row with all of it; each meets a fault in one of four
LONGEST = 4000  # times that the outbox is drained before it is given up: a pause of the whole token may be fifteen minutes long
GROUP_EVERY, TOPIC_EVERY, ANSWER_EVERY = 10, 20, 40

TAKEN = ("cut after", "5xx taken")  # faults after which the platform has the message

Weather = Callable[[random.Random], str]


def calm(_: random.Random) -> str:
    return "fine"


def mixed(*kinds: str, share: float) -> Weather:
    """Fails so large a share of the posts with one of these faults."""
    return lambda dice: dice.choice(kinds) if dice.random() < share else "fine"


def first_of(*weathers: Weather) -> Weather:
    """The first of these weathers in which something fails."""

    def kind(dice: random.Random) -> str:
        return next((found for weather in weathers if (found := weather(dice)) != "fine"), "fine")

    return kind


ALL = "all of it"
WEATHERS: dict[str, Weather] = {
    "fine": calm,
    "429, small, large and without a number": mixed("429 small", "429 large", "429 bare", share=0.05),
    "429 storms of the whole token": mixed("429 token", share=0.01),
    "cut before the message was taken": mixed("cut before", share=0.05),
    "cut after the message was taken": mixed("cut after", share=0.05),
    "5xx, taken or not": mixed("5xx taken", "5xx", share=0.05),
    "token refused for a while": mixed("revoked", share=0.001),
    ALL: first_of(
        mixed("revoked", share=0.001),  # ends the whole round, as in its own weather
        mixed("429 small", "429 large", "429 token", "cut before", "cut after", "5xx", share=0.05),
    ),
}


@dataclass(slots=True)
class Sky(Channel):
    """A platform that fails as its weather says. It takes messages at the clock's second."""

    clock: FakeClock
    weather: Weather
    dice: random.Random
    platform: str = "telegram"
    limits = TelegramChannel.limits
    taken: list[tuple[float, ChatAddress, str]] = field(default_factory=list)
    tries: int = 0
    unclear: int = 0
    hits: list[Hit] = field(default_factory=list)
    shut_until: float = 0.0

    async def post(
        self, chat: ChatAddress, message: Message, *, delivery: str, thread: str | None = None, plain: bool = False
    ) -> str:
        del thread, plain
        self.tries += 1
        now = self.clock.monotonic()
        kind = self.weather(self.dice)
        if now < self.shut_until:
            kind = "429 token"
        await asyncio.sleep(0)
        if kind != "fine":
            self.hits.append(Hit(at=now, lane=chat.address, may_double=int(kind in TAKEN)))
        match kind:
            case "429 small":
                raise RetryLater("slow down", timedelta(seconds=self.dice.choice((1, 3))))
            case "429 large":
                raise RetryLater("slow down", timedelta(seconds=900))
            case "429 bare" | "cut before":
                raise RetryLater("not now")
            case "429 token":
                self.shut_until = max(self.shut_until, now + 20)
                raise RetryLater("slow down", timedelta(seconds=self.shut_until - now))
            case "revoked":
                raise SenderStopped("no such token")
            case "5xx":
                self.unclear += 1
                raise Unclear("in trouble")
        self.taken.append((now, chat, f"{delivery}/{message.number}"))
        if kind in TAKEN:
            self.unclear += 1
            raise Unclear("the line broke")
        return str(len(self.taken))

    async def edit(self, chat: ChatAddress, message_id: str, message: Message, *, plain: bool = False) -> None:
        raise AssertionError("nothing was to be edited")

    async def identity(self) -> str:
        return "4242"

    async def close(self) -> None:
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """The results under one kind of weather."""

    weather: str
    messages: int
    tries: int
    lost: int
    doubled: int
    allowed: int  # doubles that Telegram cannot help: one for each unclear answer
    disorder: int
    too_fast: int
    faults: int
    recoveries: tuple[float, ...]  # seconds from each fault to the next message of its lane

    @property
    def green(self) -> bool:
        return self.lost == self.disorder == self.too_fast == 0 and self.doubled <= self.allowed


def chats_of(count: int) -> list[str]:
    """Returns addresses: private chats; every tenth a group, every twentieth of those a forum's topic."""
    names = []
    for n in range(1, count + 1):
        if n % TOPIC_EVERY == 0:
            names.append(f"telegram:-{1000 + n}/7")
        elif n % GROUP_EVERY == 0:
            names.append(f"telegram:-{1000 + n}")
        else:
            names.append(f"telegram:{n}")
    return names


async def under(name: str, weather: Weather, count: int, folder: Path, *, forgetful: bool = False) -> Row:
    """Delivers everything that is due to so many chats under this weather."""
    clock = FakeClock(NOON)
    sky = Sky(clock, weather, random.Random(name))
    app = build_app(
        Settings(database_url=SecretStr(f"sqlite:///{folder}/weather.db")), clock=clock, channels={"telegram": sky}
    )
    app.open()
    chats = chats_of(count)
    with app.store.write() as transaction:
        for chat in chats:
            subscribes(transaction, chat, "graph", every="now")
    for n in range(ROUNDS):
        ingested(app.store, paper(f"A graph of kind {n}"), now=clock.now())
        await plan(app.context, DrainState())
        clock.advance(timedelta(minutes=1))
    if forgetful:
        _forgets(app)
    rounds = 0
    while rounds < LONGEST and (await _drained(app, sky, clock)):
        rounds += 1
        clock.advance(timedelta(seconds=31))
    entries = tuple(outbox_entries(app.store, now=clock.now()))
    row = judged(name, sky, entries)
    await app.close()
    return row


async def _drained(app: App, sky: Sky, clock: FakeClock) -> bool:
    """Runs one round. Returns whether anything is left. Requests of people in between are answered first."""
    answers = [send_reply(app.context, _answer(app, n)) for n in range(max(1, sky.tries // ANSWER_EVERY) % 50)]
    stands, *_ = await asyncio.gather(app.sender.send_once(), *answers)
    assert stands is not None
    return bool(stands.waiting or stands.unclear)


def _answer(app: App, n: int) -> StoredReply:
    message = Message(number=1, payload='{"text": "an answer"}', plain='{"text": "an answer"}')
    return StoredReply(update=f"u{n}", chat=address(f"telegram:{n + 1}"), messages=(message,))


def _forgets(app: App) -> None:
    """A broken outbox that drops every tenth confirmation, so that the message goes out again."""
    from sqlmodel import col, update  # noqa: PLC0415 - only the fault writes past the store's doors

    send = app.sender.send_once

    async def forgetful() -> Sent:
        done = await send()
        with app.store.write() as session:
            session.connection().execute(
                update(MessageRow)
                .where(col(MessageRow.delivery) % 10 == 0, col(MessageRow.state) == "sent")
                .values(state="ready")
            )
            session.connection().exec_driver_sql("UPDATE delivery SET settled_at = NULL WHERE seq % 10 = 0")
        return replace(done, waiting=1)

    remaining = iter(range(2))

    async def at_most_twice() -> Sent:
        return await (forgetful() if next(remaining, None) is not None else send())

    app.sender.send_once = at_most_twice  # type: ignore[method-assign]


def judged(name: str, sky: Sky, entries: Sequence[OutboxEntry]) -> Row:
    """Returns the results: the journal compared with what was planned."""
    planned = {entry.id for entry in entries}
    posts = [(at, chat, key) for at, chat, key in sky.taken if not key.startswith("reply")]
    arrived = Counter(key for _, _, key in posts)
    lost = len(planned - {key.partition("/")[0] for key in arrived})
    order = [entry.id for entry in entries]
    place = {delivery: n for n, delivery in enumerate(order)}
    return Row(
        weather=name,
        messages=len(arrived),
        tries=sky.tries,
        lost=lost,
        doubled=sum(times - 1 for times in arrived.values()),
        allowed=sky.unclear,
        disorder=_disorder(posts, place),
        too_fast=_too_fast(sky.taken),
        faults=len(sky.hits),
        recoveries=recoveries([Arrival(at=at, lane=chat.address, paper=key) for at, chat, key in posts], sky.hits),
    )


def _disorder(posts: Sequence[tuple[float, ChatAddress, str]], place: dict[str, int]) -> int:
    """Counts first arrivals of a lane that came after a later one."""
    latest: dict[str, int] = {}
    seen: set[str] = set()
    wrong = 0
    for _, chat, key in posts:
        if key in seen:
            continue
        seen.add(key)
        at = place[key.partition("/")[0]]
        wrong += at < latest.get(chat.address, -1)
        latest[chat.address] = max(at, latest.get(chat.address, -1))
    return wrong


def _too_fast(taken: Sequence[tuple[float, ChatAddress, str]]) -> int:
    """Counts windows above the platform's limit: 30 a second, 20 a minute in a group, three in 2.9 seconds in a chat."""
    limits = TelegramChannel.limits
    lanes: dict[str, list[float]] = {}
    for at, chat, _ in taken:
        lanes.setdefault(chat.address, []).append(at)
    over = _windows([at for at, _, _ in taken], 1.0, 30)
    for lane, times in lanes.items():
        over += _windows(times, 2.9, limits.burst)
        if lane.startswith("-"):
            over += _windows(times, 60.0, limits.per_group_minute)
    return over


def _windows(times: list[float], seconds: float, most: int) -> int:
    times = sorted(times)
    return sum(bisect_right(times, start + seconds - 1e-6) - n > most for n, start in enumerate(times))


def run(count: int, weathers: Sequence[str] = tuple(WEATHERS)) -> list[Row]:
    rows = []
    for name in weathers:
        with tempfile.TemporaryDirectory() as folder:
            rows.append(asyncio.run(under(name, WEATHERS[name], count, Path(folder))))
    return rows


def broken(count: int) -> Row:
    """Returns the row that must be red."""
    with tempfile.TemporaryDirectory() as folder:
        row = asyncio.run(under("fine", calm, count, Path(folder), forgetful=True))
    return replace(row, weather="fine, with an outbox that forgets confirmations")


def all_of_it(folder: Path, tries: int) -> Verdict:
    """All of it at once: three thousand chats for three hundred tries, fewer for fewer."""
    row = asyncio.run(under(ALL, WEATHERS[ALL], CHATS_OF_A_TRY * tries, folder))
    return Verdict(
        tries=row.faults,
        lost=row.lost,
        doubled=row.doubled,
        allowed=row.allowed,
        disorder=row.disorder,
        strange=row.too_fast,
        recoveries=row.recoveries,
    )
