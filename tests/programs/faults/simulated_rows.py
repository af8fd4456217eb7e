"""The rows in simulated time: the fault of each row, and what must still arrive."""

import asyncio
import json
import random
import re
import sqlite3
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import timedelta
from functools import partial
from pathlib import Path
from unittest.mock import patch

from sqlalchemy import Connection, event

from bot.operation.worker import answer_once
from bot.settings import SourceSettings
from subscriptions.errors import StoreUnavailable
from subscriptions.model import ChatAddress, Message
from subscriptions.store.database.store import Store
from tests.digest_pages import PARTS
from tests.fakes.faults import JSON, Fault
from tests.fakes.server import ApiCall
from tests.programs.faults import filled, simulated
from tests.programs.faults.judging import Verdict, judge
from tests.programs.faults.simulated import StormyTelegram, World

AT_A_TIME = 10  # chats that are gone in one round; with more, the bot itself would seem to be gone
MINUTE = 60.0  # seconds for which the database is locked or refuses writes
JUMPS = (-86400 * 30, -86400, -3600, -1, 1, 3600, 86400, 86400 * 30)  # seconds


async def token_revoked(folder: Path, tries: int) -> Verdict:
    """The token is refused while messages are being sent, and works again after the round."""

    def revokes(fake: StormyTelegram, call: ApiCall) -> None:
        if not fake._revoked:
            fake.revokes()
            fake.hit(call.chat)

    return await simulated.storm(folder, tries, revokes, seed="token", between=_restores)


async def _restores(world: World) -> None:
    world.fake.restores()


async def much_at_once(folder: Path, tries: int) -> Verdict:
    """All kinds of faults together, and sometimes the token is refused. There are ten chats per try."""
    faults = [*simulated.named("cut before", "cut after", "500", "502"), *simulated.too_many(1, 3, 900, None)]

    def strikes(fake: StormyTelegram, call: ApiCall) -> Fault | None:
        if len(fake.hits) % 5:
            return simulated.Storm(faults)(fake, call)
        fake.revokes()
        fake.hit(call.chat)
        return None

    return await simulated.storm(
        folder, tries, strikes, seed="much", share=0.1, chats=filled.telegram_chats(10 * tries), between=_restores
    )


async def refused_message(folder: Path, tries: int) -> Verdict:
    """The platform refuses some messages permanently, with markup and without it. All others must arrive."""
    refused: set[tuple[str, str]] = set()
    body = {"ok": False, "error_code": 400, "description": "Bad Request: can't parse entities: unsupported start tag"}
    fault = Fault(status=400, body=json.dumps(body), content_type=JSON)

    def refuses(fake: StormyTelegram, call: ApiCall) -> Fault:
        if (key := _message(call)) not in refused:
            refused.add(key)
            fake.hit(call.chat)
        return fault

    def ever(call: ApiCall) -> Fault | None:
        return fault if call.method == StormyTelegram.send and _message(call) in refused else None

    def begins(world: World) -> None:
        world.fake.always = ever

    def judged(world: World) -> Verdict:
        return judge(
            {
                lane: [paper for paper in papers if (lane, paper) not in refused]
                for lane, papers in filled.wanted(world.chats, world.rounds).items()
            },
            filled.arrivals(world.fake.journal),
            world.fake.hits,
        )

    return await simulated.storm(folder, tries, refuses, seed="poison", before=begins, judged=judged)


def _message(call: ApiCall) -> tuple[str, str]:
    found = filled.LINK.search(str(call.arguments))
    return call.chat, found[1] if found else ""


async def chats_blocked(folder: Path, tries: int) -> Verdict:
    """People block the bot while it sends them a message. They return and request the waiting papers."""
    blocked: list[str] = []

    def blocks(fake: StormyTelegram, call: ApiCall) -> None:
        if len(blocked) < AT_A_TIME and not call.chat.startswith("-"):
            fake.blocks(call.chat)
            blocked.append(call.chat)
            fake.hit(call.chat)

    async def come_back(world: World) -> None:
        await _hears(world)
        for chat in blocked:
            world.fake.unblocks(chat)
        await _hears(world)
        for chat in blocked:
            world.fake.presses(_offer(world, chat), chat)
        await _hears(world)
        blocked.clear()

    return await in_rounds(folder, tries, blocks, after=come_back, seed="blocked")


def _offer(world: World, chat: str) -> str:
    """Returns the label of the button that offers the waiting papers."""
    found = re.search(r"send \d+", str(world.fake.posted_to(chat)[-1].payload.get("reply_markup")))
    return found[0] if found else "no offer"


async def _hears(world: World) -> None:
    """Lets the bot receive the platform's updates."""
    world.fake.sets_time(world.clock.now().timestamp())
    await answer_once(world.app)


async def in_rounds(
    folder: Path,
    tries: int,
    strike: simulated.Strike,
    *,
    seed: str,
    after: Callable[[World], object] = lambda _: None,
    before: Callable[[World], None] = lambda _: None,
    judged: Callable[[World], Verdict] = World.judged,
    chats: list[str] | None = None,
) -> Verdict:
    """Ingests one paper per round until there are enough tries. Calls (or awaits) `after` after each.

    Returns the verdict of `judged`.
    """
    async with simulated.a_world(folder, strike, tries=tries, seed=seed, chats=chats or simulated.few(tries)) as world:
        before(world)
        # with quiet hours, papers that come at night would wait for the morning
        filled.subscribe(world.app.store, world.chats, quiet="off")
        while len(world.fake.hits) < tries:
            with suppress(StoreUnavailable):  # the next round tries again
                filled.brings(world.app.store, world.rounds, now=world.clock.now())
                world.rounds += 1
            await world.delivers()
            if asyncio.iscoroutine(done := after(world)):
                await done
            world.clock.advance(timedelta(minutes=3))
        for _ in range(50):
            if not await world.delivers():
                break
            world.clock.advance(timedelta(minutes=3))
        return judged(world)


async def chats_migrated(folder: Path, tries: int) -> Verdict:
    """Groups become supergroups with another address while messages to them are being sent."""
    moved: dict[str, str] = {}

    def migrates(fake: StormyTelegram, call: ApiCall) -> None:
        if call.chat.startswith("-") and call.chat not in moved and call.chat not in moved.values():
            moved[call.chat] = f"-100{call.chat[1:]}"
            fake.migrates(call.chat, moved[call.chat])
            fake.hit(call.chat)

    def begins(world: World) -> None:
        for chat in world.chats:
            world.fake.knows(filled.lane_of(chat), "group")

    def judged(world: World) -> Verdict:
        old = {new: lane for lane, new in moved.items()}
        taken = [replace(one, lane=old.get(one.lane, one.lane)) for one in filled.arrivals(world.fake.journal)]
        return judge(filled.wanted(world.chats, world.rounds), taken, world.fake.hits)

    return await simulated.storm(
        folder,
        tries,
        migrates,
        seed="migrated",
        share=0.7,
        chats=[f"telegram:-{5000 + n}" for n in range(tries + tries // 4 + 5)],
        rounds=4,
        before=begins,
        between=_hears,
        judged=judged,
    )


async def chats_deleted(folder: Path, tries: int) -> Verdict:
    """Accounts are deleted while messages to them are being sent. No other chat misses anything."""
    gone: dict[str, int] = {}  # chat → messages that it got before
    in_this_round: list[str] = []

    def deletes(fake: StormyTelegram, call: ApiCall) -> None:
        if len(in_this_round) < AT_A_TIME and not call.chat.startswith("-") and call.chat not in gone:
            in_this_round.append(call.chat)
            gone[call.chat] = len(fake.posted_to(call.chat))
            fake.deactivates(call.chat)
            fake.hit()

    def judged(world: World) -> Verdict:
        return judge(
            {
                lane: papers[: gone.get(lane, len(papers))]
                for lane, papers in filled.wanted(world.chats, world.rounds).items()
            },
            filled.arrivals(world.fake.journal),
            world.fake.hits,
        )

    return await in_rounds(
        folder,
        tries,
        deletes,
        after=lambda _: in_this_round.clear(),
        judged=judged,
        seed="deleted",
        chats=filled.telegram_chats(tries * 3 // 2 + 60),
    )


# ── the clock, the digests ────────────────────────────────────────────────────


async def clocks_that_jump(folder: Path, tries: int) -> Verdict:
    """The machine's clock is set forwards and back, by a second up to a month, while messages are being sent."""
    dice = random.Random("clock")

    def jumps(fake: StormyTelegram, call: ApiCall) -> None:
        fake.clock.step(timedelta(seconds=dice.choice(JUMPS)))
        fake.hit()

    return await in_rounds(folder, tries, jumps, seed="clock")


async def poisoned_digests(folder: Path, tries: int) -> Verdict:
    """Damaged, empty, endless and foreign files lie among good ones. Every good file is read and sent."""
    dice = random.Random("poison")
    inbox = folder / "inbox"
    inbox.mkdir()
    source = SourceSettings(name="daily", path=inbox, announce="all")
    async with simulated.a_world(
        folder, counts, tries=0, seed="digests", chats=simulated.few(tries), sources=(source,)
    ) as world:
        filled.subscribe(world.app.store, world.chats)
        scheduler = world.app.source_scheduler()
        while len(world.fake.hits) < tries:
            part = PARTS["daily_arxiv_md"].part(world.rounds)
            part = part.replace(f"Kite {world.rounds}]", f"A graph of kind {world.rounds}]")
            for n in range(min(AT_A_TIME, tries - len(world.fake.hits))):
                (inbox / f"{world.rounds:04}-{'ab'[n % 2]}{n}").write_bytes(_poison(dice))
                world.fake.hit()
            (inbox / f"{world.rounds:04}-am.md").write_text(PARTS["daily_arxiv_md"].page([part]), "utf-8")
            world.rounds += 1
            await scheduler.drain()
            await world.delivers()
            world.clock.advance(timedelta(minutes=3))
        await scheduler.close()
        while await world.delivers():
            world.clock.advance(timedelta(minutes=3))
        return world.judged()


def _poison(dice: random.Random) -> bytes:
    """Returns a bad document: a page that is cut, joined to another page, filled with noise, or empty."""
    name = dice.choice(sorted(PARTS))
    page = PARTS[name].page(PARTS[name].part(n) for n in range(90000, 90005)).encode()
    place = dice.randrange(len(page))
    noise = dice.randbytes(dice.choice((1, 16, 4096)))
    return dice.choice(
        (
            page[:place],
            page[place:],
            page[:place] + noise + page[place:],
            noise,
            b"",
            b"\x1f\x8b" + noise,
            b"[" * 100_000,
            page.replace(b"2601.", b"\xff\x00"),
            page[:place] + b"\n" * 100_000 + page[place:],
            b"<" * 50_000 + page,
        )
    )


# ── the database ──────────────────────────────────────────────────────────────


CODE = """
import sqlite3, sys
database = sqlite3.connect(sys.argv[1], isolation_level=None, timeout=30)
for line in sys.stdin:
    database.execute(line)
    print("done", flush=True)
"""


@contextmanager
def foreign_program(database: Path) -> Iterator[Callable[[str], None]]:
    """Runs another process on the database. Yields a function that executes a statement in that process."""
    command = [sys.executable, "-c", CODE, str(database)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603 - our own code

        def executes(statement: str) -> None:
            print(statement, file=process.stdin, flush=True)
            assert process.stdout is not None
            assert process.stdout.readline() == "done\n"

        yield executes


async def _for_a_minute(
    folder: Path,
    tries: int,
    begins: Callable[[], object],
    ends: Callable[[], object],
    *,
    before: Callable[[World], None] = lambda _: None,
) -> Verdict:
    """Lets a fault begin while a message is being sent, and ends it a minute later, until there are enough tries."""
    going: list[bool] = []

    def strikes(fake: StormyTelegram, _: ApiCall) -> None:
        if going:
            return
        going.append(True)
        begins()

        def over() -> None:
            ends()
            fake.hit()
            going.clear()

        fake.clock.rings_after(MINUTE, over)

    return await in_rounds(folder, tries, strikes, seed="a minute", before=before)


async def locked(folder: Path, tries: int) -> Verdict:
    """Another process takes the write lock while a message is being sent, and keeps it for a minute."""
    with (
        patch("subscriptions.store.database.store.BUSY_SECONDS", 0.01),
        foreign_program(folder / "paperwire.db") as executes,
    ):
        return await _for_a_minute(folder, tries, partial(executes, "BEGIN IMMEDIATE"), partial(executes, "ROLLBACK"))


async def unwritable(folder: Path, tries: int, *, spoil: Callable[[Store, list[bool]], None]) -> Verdict:
    """The database refuses writes for a minute, beginning while messages are being sent."""
    spoilt: list[bool] = []
    return await _for_a_minute(
        folder, tries, partial(spoilt.append, True), spoilt.clear, before=lambda world: spoil(world.app.store, spoilt)
    )


def as_read_only(store: Store, spoilt: list[bool]) -> None:
    """Makes the database read-only in each transaction, so that SQLite reports this."""

    @event.listens_for(store._engine, "checkout")
    def _lend(connection: sqlite3.Connection, *_: object) -> None:
        connection.execute(f"PRAGMA query_only = {int(bool(spoilt))}")


def as_full(store: Store, spoilt: list[bool]) -> None:
    """Makes every commit of a writing transaction fail with SQLite's error for a full disk."""

    @event.listens_for(store._engine, "commit")
    def _commit(connection: Connection) -> None:
        if spoilt and connection.get_execution_options().get("paperwire_write"):
            raise sqlite3.OperationalError("database or disk is full")


async def two_senders(folder: Path, tries: int) -> Verdict:
    """Two programs send from one database at once. Only the database keeps them from sending the same messages."""
    return await simulated.storm(folder, tries, counts, seed="two", programs=2)


# ── the judge itself ──────────────────────────────────────────────────────────


async def forgets_confirmations(folder: Path, tries: int) -> Verdict:
    """An intentionally broken outbox: in the first rounds, it forgets every tenth confirmed delivery."""
    rounds = iter(range(2))

    async def forgets(world: World) -> bool:
        if next(rounds, None) is None:
            return False
        with world.app.store.write() as transaction:
            connection = transaction.connection()
            connection.exec_driver_sql("UPDATE message SET state = 'ready' WHERE state = 'sent' AND delivery % 10 = 0")
            connection.exec_driver_sql("UPDATE delivery SET settled_at = NULL WHERE seq % 10 = 0")
        return True

    return await simulated.storm(folder, tries, counts, seed="forgets", between=forgets)


async def drops_messages(folder: Path, tries: int) -> Verdict:
    """An intentionally broken sender: it confirms every tenth message without posting it."""
    numbers = Counter[str]()

    def breaks(world: World) -> None:
        channel = world.app.deps.channels["telegram"]
        post = channel.post

        async def drops(chat: ChatAddress, message: Message, **more: object) -> str:
            numbers["posts"] += 1
            return "1" if numbers["posts"] % 10 == 0 else await post(chat, message, **more)  # type: ignore[arg-type]

        channel.post = drops  # type: ignore[method-assign]

    return await simulated.storm(folder, tries, counts, seed="drops", before=breaks)


def counts(fake: StormyTelegram, call: ApiCall) -> None:
    """Causes no fault: the tries are ordinary messages."""
    fake.hit(call.chat)
