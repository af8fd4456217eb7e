"""Fixtures and hooks of all tests. Tests ignore the machine's settings and reach only loopback addresses."""

import gc
import ipaddress
import os
import socket
import tempfile
import threading
import traceback
from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from functools import cache, partialmethod
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from shutil import copy, disk_usage
from typing import Any

import hypothesis
import pytest
import typer.main
from sqlalchemy import event
from sqlalchemy.engine import Connection, Engine

import bot.cli
import bot.connections  # which declares what addresses there are
import bot.release
from subscriptions.database.store import Store
from tests import compiled
from tests.clock import NOON, FakeClock
from tests.fakes.meaning import FakeEncoder
from tests.fakes.telegram import FakeTelegram
from tests.postgres.server import Server, run_of_tests
from tests.product import Product
from tests.statements import Watch

hypothesis.settings.register_profile(
    "quick", deadline=None, max_examples=30, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("quick")

ALWAYS = os.environ.get("TESTS_OF_PAPERWIRE_DATABASE", "")  # the only kind of database that tests of both kinds use
for _name in [name for name in os.environ if name.startswith("PAPERWIRE_") and name != "PAPERWIRE_SHARED"]:
    del os.environ[_name]


# The product flushes its database to the disk at every commit. On a disk, tests would wait for that a third of their time.
MEMORY = Path("/dev/shm")  # noqa: S108 - pytest and tempfile make folders there that nobody else can enter
if "TMPDIR" not in os.environ and os.access(MEMORY, os.W_OK) and disk_usage(MEMORY).free > 2**32:
    os.environ["TMPDIR"] = str(MEMORY)
    tempfile.tempdir = None  # pytest asked before this module was imported, and the answer is kept

_run = ExitStack()
_freeze = gc.freeze


def pytest_configure(config: pytest.Config) -> None:
    """Prepares a PostgreSQL server for the run.

    The server starts when the first test needs it, and stops with the run.
    """
    if not hasattr(config, "workerinput"):
        _run.enter_context(run_of_tests())


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Collects the tests without looking for garbage, and never looks for it among them: there is none.

    The program freezes and unfreezes what exists, which would include the tests: its functions do nothing here.
    """
    gc.disable()
    try:
        return (yield)
    finally:
        _freeze()
        vars(gc)["freeze"] = vars(gc)["unfreeze"] = lambda: None
        gc.set_threshold(20_000, 10, 10)  # the heap of a run is large, and tests leave little garbage in it
        gc.enable()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Puts the tests that start several processes first, so that one worker runs all of them, one after another.

    At the end of a run, the remaining tests are spread over all workers. A dozen processes would then start at once.
    """
    items.sort(key=lambda item: item.path.parent.name not in {"story", "faults"})


@pytest.hookimpl(tryfirst=True)
def pytest_unconfigure() -> None:
    """Stops the PostgreSQL server of the run.

    Looks for garbage once, so that pytest's ten searches find nothing to do.
    """
    _run.close()
    gc.collect()
    _freeze()


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Runs a test on SQLite and on PostgreSQL if it uses a store and its module has `pytestmark = both_databases`."""
    marked, alone = (
        metafunc.definition.get_closest_marker(name) is not None for name in ("both_databases", "sqlite_alone")
    )
    if "kind_of_database" in metafunc.fixturenames and not alone and (marked or ALWAYS):
        metafunc.parametrize("kind_of_database", [ALWAYS] if ALWAYS else ["sqlite", "postgresql"], indirect=True)


@pytest.fixture(scope="session")
def postgres() -> Iterator[Server]:
    """The PostgreSQL server of this run."""
    server = Server()
    yield server
    server.close()


@pytest.fixture
def kind_of_database(request: pytest.FixtureRequest) -> str:
    """The kind of database that the test runs on: sqlite or postgresql."""
    return str(getattr(request, "param", "sqlite"))


@pytest.fixture
def database_url(kind_of_database: str, request: pytest.FixtureRequest) -> Iterator[str]:
    """The address of an empty database with the newest schema."""
    if kind_of_database == "postgresql":
        with request.getfixturevalue("postgres").lent() as url:
            yield url
    else:
        folder = request.getfixturevalue("tmp_path")
        copy(request.getfixturevalue("empty_database"), folder / "paperwire.db")
        yield f"sqlite:///{folder}/paperwire.db"


def _is_loopback(address: object) -> bool:
    if not isinstance(address, tuple):  # the address is the path of a Unix socket on this machine
        return True
    host = str(address[0])
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host in ("localhost", "")


@pytest.fixture(autouse=True, scope="session")
def _only_loopback() -> Iterator[None]:
    """Fails a test that connects to another machine, and names the address."""

    def guarded(self: socket.socket, connect: Callable[..., Any], address: object) -> Any:
        assert _is_loopback(address), f"a test reached for the network: {address}"
        return connect(self, address)

    with pytest.MonkeyPatch.context() as patch:
        for name in ("connect", "connect_ex"):
            patch.setattr(socket.socket, name, partialmethod(guarded, getattr(socket.socket, name)))
        yield


@pytest.fixture(autouse=True, scope="session")
def _no_encoder() -> Iterator[None]:
    """Lets the program find no encoder of meaning, since it takes seconds to start. A test may give it a fake one."""
    with pytest.MonkeyPatch.context() as patch:
        if find_spec("bot.embeddings"):  # the room may be removed
            patch.setattr("bot.embeddings.process.is_installed", lambda: False)
        yield


compiled.share()

# The command line is built once for each subcommand, and the version is read once. A program does that at its start,
# but in a test hundreds of them start.
vars(bot.cli)["program"] = cache(bot.cli.program)
vars(typer.main)["get_command"] = cache(typer.main.get_command)
vars(bot.release)["version"] = cache(version)

_wrote_in_the_pool: list[str] = []  # where, as tracebacks


@event.listens_for(Engine, "begin")
def _note_thread(connection: Connection) -> None:
    writes = connection.get_execution_options().get("paperwire_write")
    if writes and threading.current_thread().name.startswith("asyncio_"):
        _wrote_in_the_pool.append("".join(traceback.format_stack(limit=25)))


@pytest.fixture(autouse=True)
def _no_shared_thread_writes() -> Iterator[None]:
    """Fails a test if a thread of the event loop's shared pool writes.

    While such a thread waits for the database's lock, it takes the place of a reader, which would not have to wait.
    """
    _wrote_in_the_pool.clear()
    yield
    assert not _wrote_in_the_pool, _wrote_in_the_pool[0]


@pytest.fixture(autouse=True, scope="session")
def statements() -> Iterator[Watch]:
    """Records which statements of the product read a whole table, in all tests of this process."""
    watch = Watch()
    event.listen(Engine, "before_cursor_execute", watch.note)
    yield watch
    event.remove(Engine, "before_cursor_execute", watch.note)


@pytest.fixture(autouse=True)
def _no_scan(statements: Watch) -> Iterator[None]:
    """Fails a test if a statement that `paperwire run` uses reads the whole of a table that grows."""
    statements.taken()
    yield
    found = statements.taken()
    assert not found, f"read a whole table: {found}"


@pytest.fixture
def telegram() -> Iterator[FakeTelegram]:
    """A fake Telegram, on which Ada has a private chat with the bot."""
    with FakeTelegram() as fake:
        fake.knows("42", title="Ada")
        yield fake


@pytest.fixture
def door() -> type[Product]:
    """How a test reaches the program. Another folder of tests may have another door."""
    return Product


@pytest.fixture
def installed(
    tmp_path: Path, telegram: FakeTelegram, door: type[Product], request: pytest.FixtureRequest
) -> Iterator[Product]:
    """The program at noon UTC on Thursday 22 January 2026, which has never run. Anyone may use it."""
    with ExitStack() as stack:
        database = ""
        if ALWAYS == "postgresql" and request.node.get_closest_marker("sqlite_alone") is None:
            database = stack.enter_context(request.getfixturevalue("postgres").lent())
        yield door(tmp_path, telegram=telegram, database=database)


@pytest.fixture(scope="session")
def first_round(tmp_path_factory: pytest.TempPathFactory) -> Product:
    """The program after its first round, in which it makes its database and clears it up.

    `product` begins with a copy.
    """
    with FakeTelegram() as telegram:
        telegram.knows("42", title="Ada")
        made = Product(tmp_path_factory.mktemp("first_round"), telegram=telegram)
        made.runs("run", "--once")
    return made


@pytest.fixture
def product(installed: Product, first_round: Product) -> Product:
    """The program at noon UTC on Thursday 22 January 2026, after a round in which nobody spoke. Anyone may use it."""
    if installed.has_file:
        installed.goes_on_from(first_round)
    return installed


@pytest.fixture
def meaning(product: Product, monkeypatch: pytest.MonkeyPatch) -> None:
    """WriteQueue meaning on for the program in this process, with an encoder for which texts with the same words are near."""
    monkeypatch.setattr(
        "bot.embeddings.process.encoder_of", lambda settings: FakeEncoder() if settings.meaning == "on" else None
    )
    product.sets(MEANING="on")


@pytest.fixture
def clock() -> FakeClock:
    """A clock at noon UTC on Thursday 22 January 2026. It moves only when a test moves it or waits."""
    return FakeClock(NOON)


@pytest.fixture(scope="session")
def empty_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file of an empty SQLite database with the newest schema. Tests copy it, because making one takes long."""
    path = tmp_path_factory.mktemp("empty") / "paperwire.db"
    made = Store(f"sqlite:///{path}")
    made.open(now=datetime(2026, 1, 1, tzinfo=UTC))
    made.close()
    return path


@pytest.fixture
def store(database_url: str) -> Iterator[Store]:
    """An empty store in a real database."""
    opened = Store(database_url)  # need not be opened, because the database has the newest schema
    yield opened
    opened.commits = 0  # the file is deleted, so nothing need be brought into it from SQLite's log
    opened.close()


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of real digests. Tests that need it are skipped if it does not exist."""
    folder = os.environ.get("PAPERWIRE_SHARED")
    if not folder or not Path(folder).is_dir():
        pytest.skip("PAPERWIRE_SHARED does not name the folder of real digests")
    return Path(folder)
