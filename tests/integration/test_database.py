"""The database: how the store opens it, its files, its schema, and what both kinds of database guarantee."""

import shutil
import sqlite3
from collections import abc
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from importlib.metadata import version
from pathlib import Path
from threading import Barrier
from typing import Any

import psycopg
import pytest
import sqlalchemy
import sqlmodel
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from procrastinate.schema import SchemaManager
from sqlalchemy.exc import IntegrityError

from bot.settings.loading import source_name
from subscriptions import errors
from subscriptions.addresses import parse_address
from subscriptions.planning import receipts
from subscriptions.service import requests
from subscriptions.service.plan import plan_due
from subscriptions.service.retention import forget
from subscriptions.store import rows, sources
from subscriptions.store.database import conflicts, postgres, schema
from subscriptions.store.database.sqlite import SqliteFile
from subscriptions.store.database.store import Store
from tests import make, stored
from tests.integration import cli
from tests.patience import PATIENCE


def opened(path: Path) -> Store:
    store = Store(f"sqlite:///{path}")
    store.open(now=make.NOON, copies=path.parent / "copies")
    return store


def test_opening_twice_does_nothing_the_second_time(tmp_path: Path) -> None:
    opened(tmp_path / "new.db").close()
    before = (tmp_path / "new.db").read_bytes()
    opened(tmp_path / "new.db").close()
    assert (tmp_path / "new.db").read_bytes() == before


def test_a_commit_is_on_the_disk_before_it_returns(store: Store) -> None:
    """With synchronous = FULL (2), SQLite flushes its log to the disk at every commit. With NORMAL, a power cut could lose
    the last commits.
    """
    for transaction in (store.write, store.read):
        with transaction() as session:
            assert (
                session.connection().exec_driver_sql("PRAGMA synchronous").scalar(),
                session.connection().exec_driver_sql("PRAGMA journal_mode").scalar(),
            ) == (2, "wal")


def test_a_copy_is_one_whole_file_that_only_the_owner_can_read(store: Store, tmp_path: Path) -> None:
    make.ingested(store, make.paper("One"))
    store.backup(tmp_path / "copy" / "copy.db")
    make.ingested(store, make.paper("Two"))
    assert {
        path.name: oct(path.stat().st_mode & 0o777)
        for path in (*tmp_path.glob("paperwire.db*"), *(tmp_path / "copy").iterdir())
    } == dict.fromkeys(["paperwire.db", "paperwire.db-wal", "paperwire.db-shm", "copy.db"], "0o600")
    with closing(sqlite3.connect(tmp_path / "copy" / "copy.db")) as copy:
        assert copy.execute("SELECT title FROM paper").fetchall() == [("One",)]


def test_a_file_that_is_no_database_is_named(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("These are my notes. " * 100)
    with pytest.raises(errors.StoreError, match=r"notes\.txt is not a paperwire database"):
        opened(tmp_path / "notes.txt")


@pytest.mark.parametrize("url", ["mysql://localhost/paperwire", "nothing", "sqlite://", "sqlite:///:memory:"])
def test_a_database_that_this_version_cannot_use_is_refused(url: str) -> None:
    with pytest.raises(errors.StoreError, match="PAPERWIRE_DATABASE_URL"):
        Store(url)


def test_the_newest_seven_automatic_copies_of_a_kind_are_kept(tmp_path: Path) -> None:
    with closing(opened(tmp_path / "live.db")) as store:
        for day in range(9):
            store.copy_into(tmp_path / "copies", "daily", make.NOON + day * make.DAY)
        store.copy_into(tmp_path / "copies", "before-0002", make.NOON)
    (tmp_path / "copies" / "my-own.db").touch()
    assert sorted(path.name[:14] for path in (tmp_path / "copies").iterdir()) == [
        "before-0002-20",
        *(f"daily-202601{day}" for day in range(24, 31)),
        "my-own.db",
    ]


def test_a_copy_of_a_damaged_database_replaces_no_good_one(tmp_path: Path) -> None:
    path, copies = tmp_path / "live.db", tmp_path / "copies"
    with closing(opened(path)) as store:  # its end moves the write-ahead log into the file
        make.ingested(store, *(make.paper(f"Paper {n}", abstract="Text. " * 200) for n in range(50)))
        store.copy_into(copies, "daily", make.NOON)
    data = path.read_bytes()
    path.write_bytes(data[: 4096 * 3] + b"\xff" * (len(data) - 4096 * 3))
    with closing(Store(f"sqlite:///{path}")) as store:
        for day in range(1, 9):
            with pytest.raises(errors.StoreError, match="damaged"):
                store.copy_into(copies, "daily", make.NOON + day * make.DAY)
    assert [copy.name[:14] for copy in copies.iterdir()] == ["daily-20260122"]


def test_a_python_without_full_text_search_is_told_so(store: Store) -> None:
    with (
        pytest.raises(errors.StoreError, match=r"no full-text search.*Use a Python whose SQLite has FTS5"),
        store.read(),
    ):
        raise sqlite3.OperationalError("no such module: fts5")


def test_all_threads_of_a_process_use_the_database_at_once(store: Store) -> None:
    threads = 32  # the largest size of asyncio's shared pool, on a machine with many cores
    all_read = Barrier(threads)

    def reads() -> int:
        with store.read() as transaction:
            all_read.wait(PATIENCE)
            return int(transaction.connection().exec_driver_sql("SELECT count(*) FROM paper").scalar_one())

    with ThreadPoolExecutor(threads) as pool:
        assert [read.result() for read in [pool.submit(reads) for _ in range(threads)]] == [0] * threads


def test_permissions_of_an_existing_database_are_tightened(tmp_path: Path) -> None:
    path, copies = tmp_path / "old.db", tmp_path / "copies"
    with closing(opened(path)) as store:
        store.copy_into(copies, "daily", make.NOON)
    for file in (path, *copies.iterdir()):
        file.chmod(0o644)
    with closing(opened(path)) as store:
        store.copy_into(copies, "daily", make.NOON + make.DAY)
    assert {file.stat().st_mode & 0o777 for file in (path, *copies.iterdir())} == {0o600}
    assert copies.stat().st_mode & 0o777 == 0o700


def test_processes_with_one_number_do_not_share_their_files(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Containers share a volume, and each of their processes has the number 1. One process was killed while it wrote a
    copy. Another process must not use its unfinished file.
    """
    monkeypatch.setattr("os.getpid", lambda: 1)
    killed = tmp_path / "copies" / f"daily-{make.NOON:%Y%m%dT%H%M%SZ}.db.1.part"
    killed.parent.mkdir()
    killed.write_bytes(b"half of a copy that another process writes now")
    store.copy_into(tmp_path / "copies", "daily", make.NOON)
    assert killed.read_bytes() == b"half of a copy that another process writes now"
    store.copy_into(tmp_path / "copies", "daily", make.NOON + 2 * make.DAY)
    assert [path.name for path in (tmp_path / "copies").glob("*.part*")] == []


def test_after_a_clean_stop_no_file_holds_a_forgotten_chat(tmp_path: Path) -> None:
    """Another connection is open when the store closes, for example of a person who inspects the file. SQLite then does not
    clean up its log itself.
    """
    store = opened(tmp_path / "paperwire.db")
    make.subscribes(store, "telegram:4242424242", "zirconium")
    with closing(sqlite3.connect(store.path)) as other:
        other.execute("SELECT count(*) FROM chat").fetchall()
        forget(store, make.address("telegram:4242424242"))
        store.close()
        left = b"".join(file.read_bytes() for file in store.path.parent.glob(f"{store.path.name}*"))
    assert b"4242424242" not in left
    assert b"zirconium" not in left


# --------------------------------------------------------------------------- the disk fills up while a digest is stored


NOW = ("--now", "2026-01-22T07:30:00Z")
MANY = 900  # papers: more than one transaction stores


@pytest.fixture
def caps(monkeypatch: pytest.MonkeyPatch, terminal: cli.Terminal) -> abc.Callable[[int], None]:
    """Returns a function that lets the database grow by this number of pages only. Then SQLite reports a full disk."""
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


def selected(terminal: cli.Terminal, what: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(terminal.database)) as raw:
        return raw.execute(what).fetchall()


@pytest.mark.parametrize("pages", [0, 330], ids=lambda pages: f"{pages} pages are left")
def test_a_digest_that_met_a_full_disk_is_stored_afterwards(
    terminal: cli.Terminal, caps: abc.Callable[[int], None], pages: int
) -> None:
    terminal.file("first.md", cli.page(("2601.00001", "A graph", "Words.")))
    terminal.file("second.md", cli.page(*[(f"2601.{n:05d}", f"Net {n}", "Words. " * 90) for n in range(2, MANY + 2)]))
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


# ── The schema: new databases, and databases of earlier releases, have the declared schema ────────────────────────────

# LATER is the migration of an invented later release, which adds a table and two columns. EARLIER removes such a table and
# such columns from a new database, so that it looks like one of an earlier release.
EARLIER = ("DROP TABLE taste", "ALTER TABLE worker DROP COLUMN host", "ALTER TABLE message DROP COLUMN unclear_since")
LATER = f"""
import sqlalchemy as sa
from alembic import op

revision, down_revision, branch_labels, depends_on = "later", "{schema.HEAD}", None, None

def upgrade():
    op.create_table(
        "taste",
        sa.Column("chat", sa.Integer(), sa.ForeignKey("chat.id", ondelete="CASCADE"), primary_key=True, nullable=False),
        sa.Column("words", sa.JSON(), nullable=False),
    )
    op.add_column("worker", sa.Column("host", sa.String(), nullable=False, server_default=""))
    op.add_column("message", sa.Column("unclear_since", sa.DateTime(timezone=True), nullable=True))
"""


@pytest.fixture
def new_url(kind_of_database: str, request: pytest.FixtureRequest, tmp_path: Path) -> abc.Iterator[str]:
    """The address of a database without a schema."""
    if kind_of_database == "postgresql":
        with request.getfixturevalue("postgres").database(empty=True) as empty:
            yield empty
    else:
        yield f"sqlite:///{tmp_path}/new.db"


@pytest.fixture
def made(new_url: str) -> abc.Iterator[Store]:
    """A store that has just made its database."""
    with closing(Store(new_url)) as store:
        store.open(now=make.NOON)
        yield store


def differences(store: Store) -> list[Any]:
    """Returns the changes by which Alembic would give a database the declared schema; [] if it has this schema."""
    seen = {"compare_type": True, "include_name": _is_ours, "include_object": _is_compared}
    with store.read() as session:
        return list(compare_metadata(MigrationContext.configure(session.connection(), opts=seen), rows.TABLES))


def _is_ours(name: str | None, kind: str, _: object) -> bool:
    return kind != "table" or not str(name).startswith(("procrastinate_", "token_rate", "paper_words"))


def _is_compared(item: Any, _name: str | None, kind: str, _reflected: bool, _other: object) -> bool:
    """Returns False for the unique constraints of texts, which only SQLite has. Alembic would miss them on PostgreSQL."""
    return kind != "unique_constraint" or item.table.name not in ("query", "question")


def with_another_order(store: Store) -> list[tuple[str, str]]:
    """Returns (table, column) of our text columns that PostgreSQL sorts by its server's language, not by character."""
    others = """
        SELECT relname, attname FROM pg_attribute JOIN pg_class ON attrelid = pg_class.oid
        WHERE relnamespace = current_schema()::regnamespace AND relkind = 'r' AND attnum > 0
        AND attcollation NOT IN (0, '"C"'::regcollation) AND relname NOT LIKE 'procrastinate%'
    """
    return stored.rows(store, others) if store.kind.file is None else []


@pytest.mark.both_databases
@pytest.mark.filterwarnings("ignore:Skipped unsupported reflection of expression-based index")
@pytest.mark.filterwarnings("ignore:autogenerate skipping metadata-specified expression-based index")
def test_a_new_database_has_what_is_declared(made: Store) -> None:
    assert differences(made) == with_another_order(made) == []
    assert made.revision() == schema.HEAD


@pytest.mark.both_databases
@pytest.mark.parametrize("table", ["paper", "bookmarks"])
def test_tables_of_somebody_else_are_left_alone(new_url: str, table: str) -> None:
    with closing(Store(new_url)) as store:
        stored.change(store, f"CREATE TABLE {table} (doi TEXT)")
        with pytest.raises(errors.StoreError, match="not paperwire's"):
            store.open(now=make.NOON)
        assert stored.all_rows(store) == {table: []}


def test_each_revision_has_its_file() -> None:
    scripts = ScriptDirectory(str(schema.MIGRATIONS)).walk_revisions()
    assert tuple(script.revision for script in scripts)[::-1] == schema.REVISIONS


@pytest.mark.both_databases
@pytest.mark.filterwarnings("ignore:Skipped unsupported reflection of expression-based index")
@pytest.mark.filterwarnings("ignore:autogenerate skipping metadata-specified expression-based index")
def test_a_database_of_an_earlier_release_keeps_its_rows(
    made: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make.due(made, "telegram:1")
    with made.read() as session:
        before = conflicts.count_rows(session)
    stored.change(made, *EARLIER)
    assert len(differences(made)) == len(EARLIER)
    migrations = shutil.copytree(schema.MIGRATIONS, tmp_path / "migrations")
    (migrations / "versions" / "later_release.py").write_text(LATER)
    monkeypatch.setattr("subscriptions.store.database.schema.MIGRATIONS", migrations)
    monkeypatch.setattr("subscriptions.store.database.schema.REVISIONS", (*schema.REVISIONS, "later"))
    monkeypatch.setattr("subscriptions.store.database.schema.HEAD", "later")

    made.open(now=make.NOON, copies=tmp_path / "copies")

    assert made.revision() == "later"
    assert differences(made) == with_another_order(made) == []
    with made.read() as session:
        assert conflicts.count_rows(session) == before
    make.subscribes(made, "telegram:2", "graph")
    made.open(now=make.NOON, copies=tmp_path / "copies")
    copies = list(tmp_path.glob("copies/before-later-*.db"))
    assert len(copies) == (made.kind.file is not None)
    for copy in copies:
        with closing(sqlite3.connect(copy)) as connection:
            assert connection.execute("SELECT version_num FROM alembic_version").fetchall() == [(schema.REVISIONS[-2],)]


OF_R2 = ("DROP TABLE question_of_query", "DROP TABLE question", "DROP TABLE paper_meaning")
OF_R3 = ("ALTER TABLE paper DROP COLUMN venue", "ALTER TABLE paper DROP COLUMN published")
OF_R4 = ("DROP TABLE model_summary", "DROP TABLE model_day")
OF_R5 = ("DROP TABLE chat_key",)


@pytest.mark.both_databases
@pytest.mark.filterwarnings("ignore:Skipped unsupported reflection of expression-based index")
@pytest.mark.filterwarnings("ignore:autogenerate skipping metadata-specified expression-based index")
def test_a_database_of_the_first_release_gets_all_later_tables(made: Store, tmp_path: Path) -> None:
    make.due(made, "telegram:1")
    stored.change(made, *OF_R2, *OF_R3, *OF_R4, *OF_R5, "UPDATE alembic_version SET version_num = 'r1'")
    before = stored.all_rows(made)

    made.open(now=make.NOON, copies=tmp_path / "copies")

    assert made.revision() == schema.HEAD
    assert differences(made) == with_another_order(made) == []
    assert stored.rows(made, "SELECT DISTINCT venue, published FROM paper") == [("", "")]
    stored.change(made, *OF_R3)
    after = stored.all_rows(made)
    assert {table: after[table] for table in before if table != "alembic_version"} == {
        table: rows for table, rows in before.items() if table != "alembic_version"
    }


@pytest.mark.both_databases
@pytest.mark.parametrize(
    ("revision", "sentence"),
    [
        ("0001", r"from before its first release\. With that version: paperwire export --all > all\.txt\."),
        ("0030", r"from before its first release\. .* With this one, and a new database: paperwire import all\.txt"),
        ("r99", r"was written by a newer paperwire\. Install that version again"),
    ],
)
def test_a_schema_that_no_revision_leads_from_is_refused(made: Store, revision: str, sentence: str) -> None:
    stored.change(made, "UPDATE alembic_version SET version_num = :revision", revision=revision)
    for look in (made.known_revision, lambda: made.open(now=make.NOON)):
        with pytest.raises(errors.StoreError, match=sentence) as refused:
            look()
        assert refused.value.exit_code == 2
    assert made.revision() == revision


@pytest.mark.both_databases
def test_processes_that_make_a_database_at_once_make_one(new_url: str) -> None:
    together = Barrier(4)

    def one(_: int) -> str | None:
        with closing(Store(new_url)) as store:
            assert store.revision() is None
            together.wait(PATIENCE)
            store.open(now=make.NOON)
            return store.revision()

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(one, range(4))) == [schema.HEAD] * 4


@pytest.mark.both_databases
@pytest.mark.parametrize(
    "broken",
    [
        "UPDATE chat SET state = 'sleep'",
        "UPDATE chat SET pause_reason = 'gone: x'",
        "UPDATE subscription SET state = ''",
        "UPDATE receipt SET outcome = 'odd'",
    ],
)
def test_the_database_refuses_a_state_that_is_none(made: Store, broken: str) -> None:
    make.subscribes(made, "telegram:1", "graph")
    stored.change(
        made,
        "INSERT INTO source (name, kind, location, title, home, schedule, validators, state)"
        " VALUES ('daily', 'file', '', '', '', '', '{}', '{}')",
        "INSERT INTO receipt (source, at, outcome, counts, detail) VALUES ('daily', '2026-01-22 12:00:00', 'new', '{}', '')",
    )
    with pytest.raises(IntegrityError):
        stored.change(made, broken)


# ── The schema of jobs: a new database gets that of the installed procrastinate ───────────────────────────────────────


def test_the_schema_of_jobs_is_that_of_the_installed_library() -> None:
    assert Path(postgres.__file__).with_name("jobs.sql").read_text(encoding="utf-8") == SchemaManager.get_schema(), (
        f"procrastinate {version('procrastinate')} has another schema than 3.10.0, whose copy jobs.sql is. Put the new one in its"
        " place, and add a revision that runs the newer scripts of procrastinate.sql.migrations in the order of their names."
    )


# ── What both kinds of database promise: a morning from start to end, and the triggers ────────────────────────────────


@pytest.mark.both_databases
def test_no_character_of_a_text_is_refused(store: Store) -> None:
    """PostgreSQL allows no NUL in texts, so the store writes another character in its place. A search with NUL must still
    find the text.
    """
    hostile = "Graphs\0of\x01 '\"; DROP TABLE paper; -- %s %% \\ \U0001f600\u202e"
    make.ingested(
        store,
        make.paper(hostile, abstract="\0", authors=["\0"], comment="\0"),
        make.paper("Tea", key="\0", arxiv_id=None),
    )
    make.subscribes(store, "telegram:1", "graphs")
    with store.read() as session:
        known = {known.paper.title.replace("\ufffd", "\0"): known for known in make.stored_papers(session)}
        assert known.keys() == {hostile, "Tea"}
        assert (
            session.exec(sqlmodel.select(rows.PaperKeyRow.paper).where(rows.PaperKeyRow.key == "\0")).one()
            == known["Tea"].id
        )


@pytest.mark.both_databases
def test_a_transaction_that_outlives_its_store_closes_cleanly(store: Store) -> None:
    closed = Store(str(store.url))
    for closes in (closed.close, lambda: None):  # the second transaction begins after the store was closed
        with closed.read() as session:
            driver = session.connection().connection.dbapi_connection
            assert driver is not None
            closes()
            assert session.execute(sqlmodel.select(rows.PaperKeyRow)).all() == []
        with pytest.raises((sqlite3.ProgrammingError, psycopg.OperationalError), match="closed"):
            driver.cursor().execute("SELECT 1")


@pytest.mark.both_databases
@pytest.mark.parametrize("words", ["".join(chr(0x4E00 + 37 * number % 20_000) for number in range(990)), "graph"])
def test_a_query_is_stored_once_however_long_it_is(store: Store, words: str) -> None:
    for chat in ("telegram:1", "telegram:2"):
        make.subscribes(store, chat, words)
    with store.write() as session:
        (known,) = session.execute(sqlmodel.select(rows.QueryRow.canonical)).scalars()
        with pytest.raises(IntegrityError), session.begin_nested():
            session.execute(sqlmodel.insert(rows.QueryRow).values(canonical=known))


@pytest.mark.both_databases
def test_a_paper_is_found_again_by_a_very_long_title(store: Store) -> None:
    signs = [chr(0x4E00 + 37 * number % 20_000) for number in range(2_000)]
    title, other = "".join(signs), "".join(signs[:-1]) + "末"
    make.ingested(store, make.paper(title, arxiv_id=None))
    make.ingested(store, make.paper(title, arxiv_id="2601.00001"), make.paper(other, arxiv_id="2601.00002"))
    with store.read() as transaction:
        found = {known.paper.arxiv_id: known.paper.title for known in make.stored_papers(transaction)}
    assert found == {"2601.00001": title, "2601.00002": other}


WIDE = "".join(chr(0x20000 + 7919 * number % 40_000) for number in range(200))  # characters of four bytes
LETTERS = "".join("ABCDEFGHIJKLMNOPQRSTUVWXYZ"[7919 * number % 101 % 26] for number in range(40))


@pytest.mark.both_databases
@pytest.mark.parametrize(
    ("form", "name"),
    [
        ("console:{}", WIDE),
        ("slack:T{0}/C{0}/1234567890.123456", LETTERS),
        ("telegram:@a{}/1", LETTERS[:31]),
    ],
)
def test_chats_and_sources_may_have_the_longest_names(store: Store, form: str, name: str) -> None:
    """The longest names fit into indexes. PostgreSQL refuses an index entry of more than 2,704 bytes that it cannot compress."""
    with pytest.raises(errors.Refused):
        parse_address(form.format(name + name[0]))
    chat, source = parse_address(form.format(name)), source_name("--source", WIDE)
    requests.subscribe(store, chat, requests.SubscriptionRequest(text="graph", every="now", since="1d"), now=make.NOON)
    make.ingested(store, make.paper("A graph"), source=source, now=make.NOON - make.HOUR)
    with store.write() as session:
        sources.put_receipt(session, receipts.Receipt(source=source, at=make.NOON, outcome=receipts.Outcome.NEW))
    (lane,) = plan_due(store, now=make.NOON)
    assert lane.platform == chat.platform
    with store.read() as session:
        assert sources.latest(session).keys() == {source}


# ── Rows that one statement inserts are stored like rows that are inserted one by one ─────────────────────────────────

_INSERT = sqlalchemy.insert(rows.TABLES.tables["key_value"]).values(
    name=sqlalchemy.bindparam("name"), value=sqlalchemy.bindparam("value")
)
ODD = (
    "", "\\N", "\\.", "\\", "\\\\", "a\tb", "a\nb", "a\r\nb", "\x01\x7f", "'", '"', "{}", "%s", "%", "$1", ",", "NULL",
    "扩散 🧪", "\u2028", " lead", "trail ", "\\x41", "\b\f\v",
)  # fmt: skip


def inserted(store: Store, values: list[tuple[str, str]]) -> None:
    with store.write() as transaction:
        conflicts.execute_rows(transaction, _INSERT, ("name", "value"), values)


@pytest.mark.both_databases
def test_every_character_comes_back_as_it_was(store: Store) -> None:
    inserted(store, [(f"odd {number:02}{odd}", odd) for number, odd in enumerate(ODD)])
    assert stored.rows(store, "SELECT name, value FROM key_value WHERE name LIKE 'odd%' ORDER BY name") == [
        (f"odd {number:02}{odd}", odd) for number, odd in enumerate(ODD)
    ]


@pytest.mark.both_databases
def test_a_row_that_is_refused_leaves_none_of_them(store: Store) -> None:
    values = [(f"new {number}", "") for number in range(30)]
    inserted(store, values[20:21])
    with pytest.raises((errors.StoreError, Exception), match=r"(?i)unique|duplicate"):
        inserted(store, values)
    assert stored.value(store, "SELECT count(*) FROM key_value WHERE name LIKE 'new%'") == 1
    inserted(store, [("another", "")])  # the connection still works


@pytest.mark.both_databases
def test_rows_that_may_be_there_already_are_left_as_they_are(store: Store) -> None:
    inserted(store, [("known", "first")])
    with store.write() as transaction:
        for name in ("known", "unknown"):
            conflicts.insert_new(transaction, "key_value", ("name",), {"name": name, "value": "second"})
    assert stored.rows(store, "SELECT name, value FROM key_value WHERE name LIKE '%known' ORDER BY name") == [
        ("known", "first"),
        ("unknown", "second"),
    ]
