"""The rows in simulated time: the fault of each row, and what must still arrive."""

import json
import random
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

from sqlalchemy import event
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.pool import Pool

from tests.digest_pages import PARTS
from tests.fakes.faults import JSON, Fault
from tests.fakes.server import ApiCall
from tests.programs.faults import filled, simulated
from tests.programs.faults.judging import Verdict, judge
from tests.programs.faults.simulated import StormyTelegram, World

AT_A_TIME = 10  # chats that are gone in one round; with more, the bot itself would seem to be gone
MINUTE = 60.0  # seconds for which the database is locked or refuses writes
JUMPS = (-86400 * 30, -86400, -3600, -1, 1, 3600, 86400, 86400 * 30)  # seconds


def token_revoked(folder: Path, tries: int) -> Verdict:
    """The token is refused while messages are being sent, and works again after the round."""

    def revokes(fake: StormyTelegram, call: ApiCall) -> None:
        if not fake._revoked:
            fake.revokes()
            fake.hit(call.chat)

    return simulated.storm(folder, tries, revokes, seed="token", between=_restores)


def _restores(world: World) -> None:
    world.fake.restores()


def much_at_once(folder: Path, tries: int) -> Verdict:
    """All kinds of faults together, and sometimes the token is refused. There are ten chats per try."""
    faults = [*simulated.named("cut before", "cut after", "500", "502"), *simulated.too_many(1, 3, 900, None)]

    def strikes(fake: StormyTelegram, call: ApiCall) -> Fault | None:
        if len(fake.hits) % 5:
            return simulated.Storm(faults)(fake, call)
        fake.revokes()
        fake.hit(call.chat)
        return None

    return simulated.storm(
        folder, tries, strikes, seed="much", share=0.1, chats=filled.telegram_chats(10 * tries), between=_restores
    )


def refused_message(folder: Path, tries: int) -> Verdict:
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

    return simulated.storm(folder, tries, refuses, seed="poison", before=begins, judged=judged)


def _message(call: ApiCall) -> tuple[str, str]:
    found = filled.LINK.search(str(call.arguments))
    return call.chat, found[1] if found else ""


def chats_blocked(folder: Path, tries: int) -> Verdict:
    """People block the bot while it sends them a message. They return and get the waiting papers."""
    blocked: list[str] = []

    def blocks(fake: StormyTelegram, call: ApiCall) -> None:
        if len(blocked) < AT_A_TIME and not call.chat.startswith("-"):
            fake.blocks(call.chat)
            blocked.append(call.chat)
            fake.hit(call.chat)

    def come_back(world: World) -> None:
        share, world.fake.share = world.fake.share, 0  # nobody blocks it meanwhile
        world.product.listens()
        for chat in blocked:
            world.fake.unblocks(chat)
        world.product.listens()
        blocked.clear()
        world.fake.share = share

    return simulated.in_rounds(folder, tries, blocks, after=come_back, seed="blocked")


def chats_migrated(folder: Path, tries: int) -> Verdict:
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

    def hears(world: World) -> None:
        world.product.listens()

    def judged(world: World) -> Verdict:
        old = {new: lane for lane, new in moved.items()}
        taken = [replace(one, lane=old.get(one.lane, one.lane)) for one in filled.arrivals(world.fake.journal)]
        return judge(filled.wanted(world.chats, world.rounds), taken, world.fake.hits)

    return simulated.storm(
        folder,
        tries,
        migrates,
        seed="migrated",
        share=0.7,
        chats=[f"telegram:-{5000 + n}" for n in range(tries + tries // 4 + 5)],
        rounds=4,
        before=begins,
        between=hears,
        judged=judged,
    )


def chats_deleted(folder: Path, tries: int) -> Verdict:
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

    return simulated.in_rounds(
        folder,
        tries,
        deletes,
        after=lambda _: in_this_round.clear(),
        judged=judged,
        seed="deleted",
        chats=filled.telegram_chats(tries * 3 // 2 + min(60, 4 * tries)),
    )


def clocks_that_jump(folder: Path, tries: int) -> Verdict:
    """The machine's clock is set forwards and back, by a second up to a month, while messages are being sent."""
    dice = random.Random("clock")

    def jumps(fake: StormyTelegram, call: ApiCall) -> None:
        fake.clock.step(timedelta(seconds=dice.choice(JUMPS)))
        fake.hit()

    return simulated.in_rounds(folder, tries, jumps, seed="clock")


def poisoned_digests(folder: Path, tries: int) -> Verdict:
    """Damaged, empty, endless and foreign files lie among good ones. Every good file is read and sent."""
    dice = random.Random("poison")
    with simulated.a_world(folder, counts, tries=0, seed="digests", chats=simulated.few(tries)) as world:
        product = world.product
        product.writes("paperwire.toml", '[[source]]\nname = "daily"\npath = "inbox/*"\nannounce = "all"\n')
        filled.subscribe(product, world.chats)
        while len(world.fake.hits) < tries:
            part = PARTS["daily_arxiv_md"].part(world.rounds)
            part = part.replace(f"Kite {world.rounds}]", f"A graph of kind {world.rounds}]")
            for n in range(min(AT_A_TIME, tries - len(world.fake.hits))):
                product.writes(f"inbox/{world.rounds:04}-{'ab'[n % 2]}{n}", _poison(dice))
                world.fake.hit()
            product.writes(f"inbox/{world.rounds:04}-am.md", PARTS["daily_arxiv_md"].page([part]))
            world.rounds += 1
            product.runs("sources", "poll")
            world.delivers()
            world.clock.advance(timedelta(minutes=3))
        while world.delivers():
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


def _for_a_minute(folder: Path, tries: int, begins: Callable[[], object], ends: Callable[[], object]) -> Verdict:
    """Lets a fault begin while a message is being sent, and ends it a minute later, until there are enough tries.

    What is proved: the outcome of that message is tried to be stored until the database takes it (`retry_until_stored`), and
    what else comes in that minute is lost as little. No process ends meanwhile, so these rows do not show that the
    message was marked before its post (tests/story/test_crashes.py does, where Slack is asked for a marked message),
    nor that no other lane begins a post (tests/integration/test_delivery.py).
    """
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

    return simulated.in_rounds(folder, tries, strikes, seed="a minute")


@contextmanager
def _listening(target: type[Engine | Pool], name: str, listener: Callable[..., None]) -> Iterator[None]:
    event.listen(target, name, listener)
    try:
        yield
    finally:
        event.remove(target, name, listener)


def locked(folder: Path, tries: int) -> Verdict:
    """Another program takes the write lock while a message is being sent, and keeps it for a minute."""

    def is_impatient(connection: sqlite3.Connection, *_: object) -> None:
        connection.execute("PRAGMA busy_timeout = 10")  # milliseconds, so that the test need not wait as long as people

    other: list[sqlite3.Connection] = []

    def takes() -> None:
        other.append(
            sqlite3.connect(folder / "paperwire.db", isolation_level=None, check_same_thread=False, timeout=30)
        )
        other[-1].execute("BEGIN IMMEDIATE")

    with _listening(Pool, "checkout", is_impatient):
        return _for_a_minute(folder, tries, takes, lambda: other.pop().close())


def read_only(folder: Path, tries: int) -> Verdict:
    """SQLite says for a minute that the database is read-only."""
    spoilt: list[bool] = []

    def lend(connection: sqlite3.Connection, *_: object) -> None:
        connection.execute(f"PRAGMA query_only = {int(bool(spoilt))}")

    with _listening(Pool, "checkout", lend):
        return _for_a_minute(folder, tries, partial(spoilt.append, True), spoilt.clear)


def full(folder: Path, tries: int) -> Verdict:
    """SQLite says for a minute, at each commit that changed something, that the disk is full."""
    spoilt: list[bool] = []

    def begins(connection: Connection) -> None:
        driver: Any = connection.connection.dbapi_connection
        connection.info["changes"] = driver.total_changes

    def commits(connection: Connection) -> None:
        driver: Any = connection.connection.dbapi_connection
        if spoilt and driver.total_changes != connection.info["changes"]:
            raise sqlite3.OperationalError("database or disk is full")

    with _listening(Engine, "begin", begins), _listening(Engine, "commit", commits):
        return _for_a_minute(folder, tries, partial(spoilt.append, True), spoilt.clear)


def forgets_confirmations(folder: Path, tries: int) -> Verdict:
    """An intentionally broken database: in the first rounds, it is as it was before the round."""
    rounds = iter(range(2))
    database, before = folder / "paperwire.db", folder / "before.db"

    def keeps(_: StormyTelegram, call: ApiCall) -> None:
        counts(_, call)
        if not before.exists():
            shutil.copyfile(database, before)

    def forgets(world: World) -> bool:
        del world
        if next(rounds, None) is None:
            return False
        filled.copy_of(before, database)
        return True

    return simulated.storm(folder, tries, keeps, seed="forgets", between=forgets)


def drops_messages(folder: Path, tries: int) -> Verdict:
    """An intentionally broken platform: it confirms every third message, and nobody sees it."""
    numbers = count(1)
    message = {"message_id": 1, "date": 1769083200, "chat": {"id": 1, "type": "private"}, "text": "x"}
    confirmed = Fault(status=200, body=json.dumps({"ok": True, "result": message}), content_type=JSON)

    def drops(fake: StormyTelegram, call: ApiCall) -> Fault | None:
        counts(fake, call)
        return None if next(numbers) % 3 else confirmed

    return simulated.storm(folder, tries, drops, seed="drops", share=1)


def counts(fake: StormyTelegram, call: ApiCall) -> None:
    """Causes no fault: the tries are ordinary messages."""
    fake.hit(call.chat)
