"""The database: its schema, and the sentence for everything that can be wrong with it."""

import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from threading import Barrier

import pytest

from subscriptions.errors import StoreError
from subscriptions.service.retention import forget
from subscriptions.store.database.sqlite import SqliteFile
from subscriptions.store.database.store import Store
from subscriptions.store.known_papers import sequence_before
from tests.integration.cli import Terminal, page
from tests.make import NOON, address, ingested, paper, subscribes
from tests.patience import PATIENCE


def opened(path: Path) -> Store:
    store = Store(f"sqlite:///{path}")
    store.open(now=NOON, copies=path.parent / "copies")
    return store


def test_opening_twice_does_nothing_the_second_time(tmp_path: Path) -> None:
    opened(tmp_path / "new.db").close()
    before = (tmp_path / "new.db").read_bytes()
    opened(tmp_path / "new.db").close()
    assert (tmp_path / "new.db").read_bytes() == before


@pytest.mark.parametrize("table", ["paper", "bookmarks"])
def test_tables_of_somebody_else_are_left_alone(tmp_path: Path, table: str) -> None:
    path = tmp_path / "other.db"
    with sqlite3.connect(path) as connection:
        connection.execute(f"CREATE TABLE {table} (doi TEXT)")
    connection.close()
    with pytest.raises(StoreError, match="not paperwire's"):
        opened(path)
    with sqlite3.connect(path) as connection:
        assert connection.execute("SELECT name FROM sqlite_master").fetchall() == [(table,)]
    connection.close()


def test_a_commit_is_on_the_disk_before_it_returns(store: Store) -> None:
    """With FULL, SQLite flushes its log at every commit; with NORMAL a power cut takes the last ones with it."""
    for transaction in (store.write, store.read):
        with transaction() as session:
            full = session.connection().exec_driver_sql("PRAGMA synchronous").scalar()
            assert (full, session.connection().exec_driver_sql("PRAGMA journal_mode").scalar()) == (2, "wal")


def test_where_a_subscription_begins_is_found_by_an_index(store: Store) -> None:
    for day in range(3):
        ingested(store, paper(f"Paper of day {day}"), now=NOON + timedelta(days=day))
    asked: list[str] = []
    with store.read() as session:
        raw = session.connection().connection.driver_connection
        assert isinstance(raw, sqlite3.Connection)
        raw.set_trace_callback(asked.append)
        assert [sequence_before(session, NOON + timedelta(days=day)) for day in range(4)] == [0, 1, 2, 3]
        raw.set_trace_callback(None)
        plans = [raw.execute(f"EXPLAIN QUERY PLAN {sql}").fetchall()[0][3] for sql in asked if "sequenced_at" in sql]
    assert plans == ["SEARCH paper USING COVERING INDEX ix_paper_sequenced_at (sequenced_at>?)"] * 4


def test_only_the_owner_can_read_the_database_and_its_copies(store: Store, tmp_path: Path) -> None:
    ingested(store, paper("One"))
    store.backup(tmp_path / "copies" / "copy.db")
    files = [*tmp_path.glob("paperwire.db*"), tmp_path / "copies" / "copy.db"]
    assert {path.name: oct(path.stat().st_mode & 0o777) for path in files} == dict.fromkeys(
        ["paperwire.db", "paperwire.db-wal", "paperwire.db-shm", "copy.db"], "0o600"
    )


def test_a_file_that_is_no_database_is_named(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("These are my notes. " * 100)
    with pytest.raises(StoreError, match=r"notes\.txt is not a paperwire database"):
        opened(path)


def test_a_damaged_database_is_named(tmp_path: Path) -> None:
    path = tmp_path / "damaged.db"
    store = opened(path)
    ingested(store, *(paper(f"Paper {n}", abstract="Text. " * 200) for n in range(50)))
    store.close()
    damage(path)
    with pytest.raises(StoreError, match="damaged"):
        use(path)


def damage(path: Path) -> None:
    """Overwrites all but the first pages of a database that is not open."""
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    data = bytearray(path.read_bytes())
    data[4096 * 3 :] = b"\xff" * (len(data) - 4096 * 3)
    path.write_bytes(bytes(data))


def use(path: Path) -> None:
    store = opened(path)
    subscribes(store, "telegram:1", "graph")
    ingested(store, paper("Another"))


def test_a_database_that_another_program_locks_is_a_sentence(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("subscriptions.store.database.store.BUSY_SECONDS", 0.05)
    other = sqlite3.connect(store.path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreError, match="locked by another program"):
        ingested(store, paper("One"))
    other.execute("ROLLBACK")
    other.close()
    ingested(store, paper("One"))


def test_a_folder_that_cannot_be_made_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(StoreError):
        opened(tmp_path / "file" / "paperwire.db")


@pytest.mark.parametrize("url", ["mysql://localhost/paperwire", "nothing", "sqlite://", "sqlite:///:memory:"])
def test_a_database_that_this_version_cannot_use_is_refused(url: str) -> None:
    with pytest.raises(StoreError, match="PAPERWIRE_DATABASE_URL"):
        Store(url)


def test_the_newest_seven_automatic_copies_of_a_kind_are_kept(tmp_path: Path) -> None:
    store = opened(tmp_path / "live.db")
    for day in range(9):
        store.copy_into(tmp_path / "copies", "daily", NOON + timedelta(days=day))
    store.copy_into(tmp_path / "copies", "before-0002", NOON)
    (tmp_path / "copies" / "my-own.db").touch()
    store.close()
    kept = sorted(path.name[:14] for path in (tmp_path / "copies").iterdir())
    assert kept == ["before-0002-20", *(f"daily-202601{day}" for day in range(24, 31)), "my-own.db"]


def test_a_copy_of_a_damaged_database_replaces_no_good_one(tmp_path: Path) -> None:
    path, copies = tmp_path / "live.db", tmp_path / "copies"
    store = opened(path)
    ingested(store, *(paper(f"Paper {n}", abstract="Text. " * 200) for n in range(50)))
    store.copy_into(copies, "daily", NOON)
    store.close()
    damage(path)
    store = Store(f"sqlite:///{path}")
    for day in range(1, 9):
        with pytest.raises(StoreError, match="damaged"):
            store.copy_into(copies, "daily", NOON + timedelta(days=day))
    store.close()
    assert [copy.name[:14] for copy in copies.iterdir()] == ["daily-20260122"]


def test_a_copy_is_one_whole_file_while_others_write(store: Store, tmp_path: Path) -> None:
    ingested(store, paper("One"))
    store.backup(tmp_path / "copy" / "copy.db")
    ingested(store, paper("Two"))
    with closing(sqlite3.connect(tmp_path / "copy" / "copy.db")) as copy:
        assert copy.execute("SELECT title FROM paper").fetchall() == [("One",)]
    assert [path.name for path in (tmp_path / "copy").iterdir()] == ["copy.db"]


def test_a_python_without_full_text_search_is_told_so(store: Store) -> None:
    with pytest.raises(StoreError, match=r"no full-text search.*Use a Python whose SQLite has FTS5"), store.read():
        raise sqlite3.OperationalError("no such module: fts5")


def test_all_threads_of_a_process_use_the_database_at_once(store: Store) -> None:
    threads = 32  # the most of asyncio's shared pool, on a machine with many cores
    all_read = Barrier(threads)

    def reads() -> int:
        with store.read() as transaction:
            all_read.wait(PATIENCE)
            return int(transaction.connection().exec_driver_sql("SELECT count(*) FROM paper").scalar_one())

    with ThreadPoolExecutor(threads) as pool:
        assert [read.result() for read in [pool.submit(reads) for _ in range(threads)]] == [0] * threads


def test_permissions_of_an_existing_database_are_tightened(tmp_path: Path) -> None:
    path, copies = tmp_path / "old.db", tmp_path / "copies"
    store = opened(path)
    store.copy_into(copies, "daily", NOON)
    store.close()
    for file in (path, *copies.iterdir()):
        file.chmod(0o644)
    store = opened(path)
    store.copy_into(copies, "daily", NOON + timedelta(days=1))
    store.close()
    assert {file.stat().st_mode & 0o777 for file in (path, *copies.iterdir())} == {0o600}
    assert copies.stat().st_mode & 0o777 == 0o700


def test_processes_with_one_number_do_not_share_their_files(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In containers on one volume every process may be number 1; one was killed while it wrote."""
    monkeypatch.setattr("os.getpid", lambda: 1)
    killed = tmp_path / "copies" / f"daily-{NOON:%Y%m%dT%H%M%SZ}.db.1.part"
    killed.parent.mkdir()
    killed.write_bytes(b"half of a copy that another process writes now")
    store.copy_into(tmp_path / "copies", "daily", NOON)
    assert killed.read_bytes() == b"half of a copy that another process writes now"
    store.copy_into(tmp_path / "copies", "daily", NOON + timedelta(days=2))
    assert [path.name for path in (tmp_path / "copies").glob("*.part*")] == []


def test_after_a_clean_stop_no_file_holds_a_forgotten_chat(tmp_path: Path) -> None:
    """Another connection, as of a person who looks into the file, keeps SQLite from doing so on its own."""
    store = opened(tmp_path / "paperwire.db")
    subscribes(store, "telegram:4242424242", "zirconium")
    with closing(sqlite3.connect(store.path)) as other:
        other.execute("SELECT count(*) FROM chat").fetchall()
        forget(store, address("telegram:4242424242"))
        store.close()
        left = b"".join(file.read_bytes() for file in store.path.parent.glob(f"{store.path.name}*"))
    assert b"4242424242" not in left
    assert b"zirconium" not in left


# --------------------------------------------------------------------------- the disk fills up while a digest is stored


NOW = ("--now", "2026-01-22T07:30:00Z")
MANY = 900  # more than are stored in one transaction


@pytest.fixture
def caps(monkeypatch: pytest.MonkeyPatch, terminal: Terminal) -> Callable[[int], None]:
    """Returns a function that lets the database grow by so many pages: SQLite then says itself that its disk is full."""
    prepare = SqliteFile.prepare
    most: list[int] = []

    def prepare_capped(self: SqliteFile, connection: sqlite3.Connection) -> None:
        prepare(self, connection)
        if most:
            connection.execute(f"PRAGMA max_page_count = {most[0]}")

    monkeypatch.setattr(SqliteFile, "prepare", prepare_capped)

    def cap(pages: int) -> None:
        with closing(sqlite3.connect(terminal.database)) as raw:
            most[:] = [raw.execute("PRAGMA page_count").fetchone()[0] + pages]

    return cap


def selected(terminal: Terminal, what: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(terminal.database)) as raw:
        return raw.execute(what).fetchall()


@pytest.mark.parametrize("pages", [0, 5, 200, 330], ids=lambda pages: f"{pages} pages are left")
def test_a_digest_that_met_a_full_disk_is_stored_afterwards(
    terminal: Terminal, caps: Callable[[int], None], pages: int
) -> None:
    terminal.file("first.md", page(("2601.00001", "A graph", "Words.")))
    nets = [(f"2601.{n:05d}", f"Net {n}", "Words. " * 90) for n in range(2, MANY + 2)]
    terminal.file("second.md", page(*nets))
    assert terminal("ingest", "first.md", *NOW).status == 0
    before = selected(terminal, "SELECT sequence, title FROM paper WHERE sequence IS NOT NULL")
    caps(pages)
    ended = terminal("ingest", "second.md", *NOW)
    assert ended.status == 1
    assert f"The disk that holds {terminal.database} is full. Free some space, then try again." in ended.err
    assert "Traceback" not in ended.err
    assert selected(terminal, "PRAGMA integrity_check") == [("ok",)]
    assert selected(terminal, "SELECT sequence, title FROM paper WHERE sequence IS NOT NULL") == before
    assert selected(terminal, "SELECT count(*) FROM digest") == [(1,)]
    caps(100_000)
    assert terminal("ingest", "second.md", *NOW).status == 0
    assert selected(terminal, "SELECT count(*), count(DISTINCT sequence), max(sequence) FROM paper") == [
        (MANY + 1,) * 3
    ]
    assert selected(terminal, "SELECT count(*) FROM appearance") == [(MANY + 1,)]
