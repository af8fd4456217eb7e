"""The database cannot be used: the bot loses nothing and sends nothing twice.

Each cause is one sentence, without a password.
"""

import asyncio
import contextlib
import os
import re
from collections import Counter, abc
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from shutil import copy
from typing import cast
from urllib.parse import quote

import psycopg
import pytest
from sqlalchemy import Engine, event

from bot.app import App
from bot.build import build_app
from bot.delivery.sender import Sender, plan
from bot.run.process import Options, Process, run
from bot.sources.source_scheduler import SourceScheduler
from subscriptions.chats.known import listed
from subscriptions.database.store import Store
from subscriptions.errors import StoreError, StoreUnavailable
from subscriptions.model import DeliveryState
from subscriptions.outbox.stored.entries import outbox_entries
from tests.clock import NOON
from tests.fakes.telegram import FakeTelegram
from tests.integration import locked, program, telegram_bot
from tests.integration.cli import Terminal
from tests.integration.telegram_bot import a_listening_bot, confirmed, posts
from tests.make import MINUTE, address, ingested, subscribes
from tests.postgres.server import OwnServer, Server, own_server
from tests.source_harness import NoSources

CHATS = ("1", "2", "3")
EACH_ONCE = {chat: ["A graph", "A tree"] for chat in CHATS}


@pytest.fixture(autouse=True)
def _short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("subscriptions.database.store.BUSY_SECONDS", 0.01)


@pytest.fixture
def clock() -> locked.AlarmClock:
    return locked.AlarmClock()


@pytest.fixture(scope="module")
def server() -> abc.Iterator[OwnServer]:
    with own_server() as own:
        yield own


@dataclass(frozen=True, slots=True)
class Outage:
    """The address of a database, and a lock or a server that can make it unusable. At first, it can be used."""

    database: str
    lock: locked.ForeignLock | locked.ServerDown


@pytest.fixture(params=["locked file", "server down"])
def outage(request: pytest.FixtureRequest, empty_database: Path, tmp_path: Path) -> abc.Iterator[Outage]:
    if request.param == "server down":
        server = request.getfixturevalue("server")
        found = Outage(server.database(), locked.ServerDown(server))
    else:
        copy(empty_database, tmp_path / "paperwire.db")
        found = Outage(f"sqlite:///{tmp_path}/paperwire.db", locked.ForeignLock(tmp_path / "paperwire.db"))
    yield found
    found.lock.close()


@contextlib.asynccontextmanager
async def with_deliveries(
    tmp_path: Path, telegram: FakeTelegram, clock: locked.AlarmClock, outage: Outage
) -> abc.AsyncIterator[tuple[App, locked.ForeignLock | locked.ServerDown]]:
    """Yields an app with two waiting deliveries in each of three chats, and the lock or server of the outage."""
    async with telegram_bot.a_bot(tmp_path, telegram, clock, database=outage.database) as app:
        for chat in CHATS:
            for word in ("graph", "tree"):
                subscribes(app.store, f"telegram:{chat}", word, when="now")
        for title in ("A graph", "A tree"):
            ingested(app.store, title, now=clock.now())
            await plan(app, Sender(app).new_round({}))
            clock.advance(MINUTE)
        yield app, outage.lock


async def locked_while_a_message_is_in_hand(
    telegram: FakeTelegram, clock: locked.AlarmClock, lock: locked.ForeignLock | locked.ServerDown
) -> None:
    """Takes the lock while Telegram has accepted a message but has not answered. Then Telegram answers, and the lock is
    released three minutes later.
    """
    await asyncio.to_thread(telegram.waits_hanging)
    lock.take()
    clock.rings_after(180, lock.release)
    telegram.releases()


def texts(store: Store, chat: str = "telegram:1") -> list[str]:
    return [entry.subscription.text for entry in store.read_now(listed, address(chat))]


def told(telegram: FakeTelegram) -> dict[str, list[str]]:
    """Maps each chat to the titles of the papers that it got, in order."""
    return {
        chat: [re.findall(r"A (?:graph|tree)", entry.text)[0] for entry in telegram.posted_to(chat)] for chat in CHATS
    }


async def test_a_confirmation_outlives_a_lock_and_a_stop(
    tmp_path: Path, telegram: FakeTelegram, clock: locked.AlarmClock, outage: Outage
) -> None:
    async with with_deliveries(tmp_path, telegram, clock, outage) as (app, lock):
        telegram.answers("hang after", chat="2")
        delivering = asyncio.create_task(Sender(app).deliver())
        await locked_while_a_message_is_in_hand(telegram, clock, lock)
        app.stop.set()
        await asyncio.wait([delivering])
        with contextlib.suppress(ExceptionGroup):  # a lane may fail because it could not begin its next message
            delivering.result()
        app.stop.clear()
        await Sender(app).deliver()
        assert {entry.state for entry in outbox_entries(app.store, now=clock.now())} == {DeliveryState.SENT}
    assert told(telegram) == EACH_ONCE


async def test_a_lock_of_three_minutes_makes_no_second_post_and_fills_no_log(
    tmp_path: Path,
    telegram: FakeTelegram,
    clock: locked.AlarmClock,
    outage: Outage,
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with with_deliveries(tmp_path, telegram, clock, outage) as (app, lock):
        process = Process(app, NoSources())  # type: ignore[arg-type]
        telegram.answers("hang after", chat="2")
        await process.tick()
        await locked_while_a_message_is_in_hand(telegram, clock, lock)
        while lock.is_held:
            await process.tick()
            await clock.sleep(1)
        for _ in range(3):
            await process.tick()
            await process.finish()
        assert {entry.state for entry in outbox_entries(app.store, now=clock.now())} == {DeliveryState.SENT}
    assert told(telegram) == EACH_ONCE
    said = Counter(record.message for record in caplog.records if record.levelname == "ERROR")
    assert set(said.values()) == {1}


@pytest.mark.parametrize("seconds", [0, 60])
async def test_a_subscription_waits_for_a_locked_database(
    seconds: int, tmp_path: Path, telegram: FakeTelegram, clock: locked.AlarmClock, outage: Outage
) -> None:
    async with a_listening_bot(tmp_path, telegram, clock, outage.database) as app:
        outage.lock.take()
        clock.rings_after(seconds, outage.lock.release)
        for word in ("graph", "tree", "kernel"):
            telegram.user_writes(f"/sub {word}")
        await confirmed(telegram)
        await posts(telegram, 3)
        assert texts(app.store, "telegram:42") == ["graph", "tree", "kernel"]
    assert [entry.text[:3] for entry in telegram.posted_to("42")] == ["✓ 1", "✓ 2", "✓ 3"]


def goes_down_after(statements: int, store: Store, server: OwnServer, clock: locked.AlarmClock) -> None:
    """Makes the server crash after this number of statements of the store, and start again two seconds later."""
    left = count(statements, -1)

    @event.listens_for(store._engine, "after_cursor_execute")
    def _count(*_: object) -> None:
        if next(left) == 1:
            # the alarm is set afterwards, because the clock may move by more than two seconds while the server goes down
            server.goes_down()
            clock.rings_after(2, server.comes_back)


class SlowClock(locked.AlarmClock):
    """An AlarmClock on which days do not pass while the server starts: after a day, the bot answers no message."""

    async def sleep(self, seconds: float) -> None:
        await super().sleep(seconds)
        await asyncio.sleep(min(seconds, 0.05))


async def test_run_starts_after_whichever_statement_the_server_crashes(
    tmp_path: Path, telegram: FakeTelegram, server: OwnServer
) -> None:
    clock = SlowClock()
    settings = telegram_bot.telegram_settings(tmp_path, telegram, database=server.database())
    for number, statements in enumerate(range(1, 29, 9), start=1):
        app = build_app(settings, clock=clock)
        goes_down_after(statements, app.store, server, clock)
        running = asyncio.create_task(
            run(
                app,
                cast(SourceScheduler, program.Quiet()),
                Options(once=False, new_bot=False, pause_gone=False, look_back=False, say=lambda _: None),
            )
        )
        telegram.user_writes("/help")
        answered = asyncio.create_task(posts(telegram, number))
        await asyncio.wait((running, answered), return_when=asyncio.FIRST_COMPLETED)
        assert not running.done(), f"it ended after statement {statements}: {running.exception()!r}"
        answered.result()
        app.stop.set()
        assert await running == 0
        await app.close()
        server.comes_back()  # the server may have crashed late, during the stop


PASSWORD = "correct-horse-battery"


def name_of(url: str) -> str:
    """Returns the name of the database at an address."""
    return url.partition("@/")[2].partition("?")[0]


def refused(url: str) -> StoreError:
    with contextlib.closing(Store(url)) as store, pytest.raises(StoreError) as found:
        store.open(now=NOON)
    assert PASSWORD not in f"{found.value} {found.value!r} {store.where} {store.url!r}"
    return found.value


@pytest.fixture
def person(postgres: Server) -> abc.Iterator[str]:
    """The name of a database user who needs a password."""
    with psycopg.connect(postgres.info("postgres"), autocommit=True) as control:
        name = f"person{os.getpid()}"  # all test processes share the server
        control.execute(f"CREATE ROLE {name} LOGIN PASSWORD '{PASSWORD}'")
        yield name
        control.execute(f"DROP ROLE {name}")


def test_a_server_that_is_down_is_asked_again(tmp_path: Path) -> None:
    error = refused(f"postgresql://person:{PASSWORD}@/paperwire?host={tmp_path}")
    assert isinstance(error, StoreUnavailable)
    assert f"The server of the database paperwire on {tmp_path} gives no connection" in str(error)
    # the driver adds a question after this sentence, which must not be shown
    assert "gives no connection: No such file or directory. " in str(error)
    assert "give any other subcommand again" in str(error)  # of the subcommands, only `run` tries again itself
    assert "PAPERWIRE_DATABASE_URL" in str(error)
    assert (error.exit_code, error.cause, error.passes) == (2, "its server gives no connection", True)


@pytest.mark.parametrize(
    ("database", "password", "sentence"),
    [
        ("postgres", PASSWORD + "x", "password authentication failed for user"),
        ("nowhere", PASSWORD, 'database "nowhere" does not exist'),
        ("postgres?sslmode=nonsense", PASSWORD, "invalid sslmode value"),
    ],
)
def test_a_wrong_password_or_name_is_a_wrong_setting(
    postgres: Server, person: str, database: str, password: str, sentence: str
) -> None:
    error = refused(postgres.url(database, person, password))
    assert sentence in str(error)
    assert (error.exit_code, error.cause) == (2, "it cannot be opened")


def test_a_server_without_a_connection_left_is_unavailable(postgres: Server, person: str) -> None:
    with postgres.database() as url:
        with psycopg.connect(postgres.info("postgres"), autocommit=True) as control:
            control.execute(f"ALTER DATABASE {name_of(url)} CONNECTION LIMIT 0")
        assert "gives no connection: FATAL:  too many connections" in str(
            refused(postgres.url(name_of(url), person, PASSWORD))
        )


@pytest.mark.parametrize(("empty", "grant"), [(True, ""), (False, ""), (False, "SELECT, INSERT")])
def test_check_names_a_user_without_rights(
    postgres: Server, person: str, terminal: Terminal, empty: bool, grant: str
) -> None:
    with postgres.database(empty=empty) as url:
        with psycopg.connect(url) as owner:
            owner.execute("REVOKE CREATE ON SCHEMA public FROM PUBLIC")  # the default of PostgreSQL since version 15
            if grant:
                owner.execute(f"GRANT {grant} ON ALL TABLES IN SCHEMA public TO {person}")
        terminal.set("DATABASE_URL", postgres.url(name_of(url), person, PASSWORD))
        ended = terminal("check", "--offline")
        assert ended.status == 1
        (line,) = [line for line in ended.out.splitlines() if line.startswith("✗")]
        assert "cannot be used: " in line
        if grant:
            with psycopg.connect(url) as owner:
                owner.execute(f"GRANT ALL ON ALL TABLES IN SCHEMA public TO {person}")
            assert terminal("check", "--offline").status == 0


@pytest.mark.parametrize("ignores_options", [True, False])
def test_a_pooler_in_transaction_mode_is_refused(postgres: Server, ignores_options: bool) -> None:
    """It does not pass on the options of a session, or refuses a client that has some, as PgBouncer does."""

    def connect(_dialect: object, _record: object, _arguments: object, named: dict[str, object]) -> None:
        if not ignores_options:
            raise psycopg.OperationalError("FATAL:  unsupported startup parameter: options")
        del named["options"]

    with postgres.database(empty=True) as url:
        event.listen(Engine, "do_connect", connect)
        try:
            error = refused(url)
        finally:
            event.remove(Engine, "do_connect", connect)
        assert f"A connection pooler is in front of the database {name_of(url)} on" in str(error)
        assert "Name PostgreSQL itself" in str(error)
        assert (error.exit_code, error.cause) == (2, "it cannot be opened")
        with contextlib.closing(Store(url)) as untouched:
            assert untouched.revision() is None


def test_a_standby_is_read_only_until_it_is_promoted(server: OwnServer) -> None:
    with contextlib.closing(Store(server.database())) as store:
        subscribes(store, "telegram:1", "graph")
        server.becomes_standby()
        with contextlib.suppress(StoreUnavailable):  # the first statement notices that its connection is gone
            texts(store)
        assert texts(store) == ["graph"]
        with pytest.raises(StoreUnavailable, match=r"cannot be written to\. Name the primary server") as found:
            subscribes(store, "telegram:1", "bread")
        assert (found.value.exit_code, found.value.cause) == (1, "it cannot be written to")
        server.becomes_primary()
        subscribes(store, "telegram:1", "bread")
        assert texts(store) == ["graph", "bread"]


@pytest.mark.parametrize(
    "place", ["{name}:{password}@/postgres?host={host}", "/postgres?host={host}&user={name}&password={password}"]
)
@pytest.mark.parametrize("words", [("check",), ("run", "--once"), ("db", "copy", "x.db")])
def test_a_wrong_password_is_never_shown(
    terminal: Terminal, postgres: Server, person: str, place: str, words: tuple[str, ...]
) -> None:
    # an address must encode some characters of this password
    url = f"postgresql://{place.format(name=person, password=quote('corréct horse/b@ttery:100%', safe=''), host=postgres.sockets)}"
    terminal.set("LOG_LEVEL", "debug")
    if words[-1] == "x.db":
        words = (*words, url)
    else:
        terminal.set("DATABASE_URL", url)
    ended = terminal(*words)
    said = ended.out + ended.err
    assert ended.status in (1, 2)
    assert "authentication failed" in said or "A password on the command line" in said
    assert "corr" not in said
    assert "b%40ttery" not in said
    assert "b@ttery" not in said


def test_the_password_of_a_bot_is_in_no_list_of_processes(postgres: Server, person: str) -> None:
    with (
        contextlib.closing(Store(postgres.url("postgres", person, PASSWORD))) as store,
        store.translated_errors(),
        store._engine.connect() as connection,
    ):
        seen = connection.exec_driver_sql(
            "SELECT coalesce(string_agg(application_name || query, ' '), '') FROM pg_stat_activity"
        ).scalar_one()
        listed_here = b" ".join(path.read_bytes() for path in Path("/proc").glob("[0-9]*/cmdline") if path.exists())
    assert "paperwire" in seen
    assert PASSWORD not in seen + listed_here.decode(errors="replace")
    assert PASSWORD not in f"{store.url!r} {store.where} {store._engine!r} {store._engine.url}"
