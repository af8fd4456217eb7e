"""The database: how the store opens it, its files, its schema, and what both kinds of database guarantee."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
import sqlmodel
from sqlalchemy.exc import IntegrityError

from bot.settings.values import source_name
from subscriptions.chats.addresses import parse_address
from subscriptions.database import tables
from subscriptions.database.store import Store
from subscriptions.errors import Refused, StoreError
from subscriptions.maintenance.retention import forget
from subscriptions.plan.plan import plan_due
from subscriptions.sources import stored as stored_sources
from subscriptions.sources.poll_results import Outcome, Receipt
from subscriptions.subscribing import subscribe as subscribing
from tests import stored
from tests.clock import NOON
from tests.make import DAY, HOUR, address, ingested, paper, stored_papers, subscribes


def opened(path: Path) -> Store:
    store = Store(f"sqlite:///{path}")
    store.open(now=NOON, copies=path.parent / "copies")
    return store


def test_a_commit_is_on_the_disk_before_it_returns(store: Store) -> None:
    """With synchronous = FULL (2), SQLite flushes its log to the disk at every commit.

    With NORMAL, a power cut could lose

    the last commits.
    """
    for transaction in (store.writing, store.reading):
        with transaction() as session:
            assert (
                session.connection().exec_driver_sql("PRAGMA synchronous").scalar(),
                session.connection().exec_driver_sql("PRAGMA journal_mode").scalar(),
            ) == (2, "wal")


def test_a_copy_is_one_whole_file_that_only_the_owner_can_read(store: Store, tmp_path: Path) -> None:
    ingested(store, "One")
    store.backup(tmp_path / "copy" / "copy.db")
    ingested(store, "Two")
    assert {
        path.name: oct(path.stat().st_mode & 0o777)
        for path in (*tmp_path.glob("paperwire.db*"), *(tmp_path / "copy").iterdir())
    } == dict.fromkeys(["paperwire.db", "paperwire.db-wal", "paperwire.db-shm", "copy.db"], "0o600")
    with closing(sqlite3.connect(tmp_path / "copy" / "copy.db")) as copy:
        assert copy.execute("SELECT title FROM paper").fetchall() == [("One",)]


@pytest.mark.parametrize("url", ["mysql://localhost/paperwire", "nothing", "sqlite://", "sqlite:///:memory:"])
def test_a_database_that_this_version_cannot_use_is_refused(url: str) -> None:
    with pytest.raises(StoreError, match="PAPERWIRE_DATABASE_URL"):
        Store(url)


def test_the_newest_seven_automatic_copies_of_a_kind_are_kept(tmp_path: Path) -> None:
    with closing(opened(tmp_path / "live.db")) as store:
        for day in range(9):
            store.copy_into(tmp_path / "copies", "daily", NOON + day * DAY)
        store.copy_into(tmp_path / "copies", "before-0002", NOON)
    (tmp_path / "copies" / "my-own.db").touch()
    assert sorted(path.name[:14] for path in (tmp_path / "copies").iterdir()) == [
        "before-0002-20",
        *(f"daily-202601{day}" for day in range(24, 31)),
        "my-own.db",
    ]


def test_a_copy_of_a_damaged_database_replaces_no_good_one(tmp_path: Path) -> None:
    path, copies = tmp_path / "live.db", tmp_path / "copies"
    with closing(opened(path)) as store:  # its end moves the write-ahead log into the file
        ingested(store, *(paper(f"Paper {n}", abstract="Text. " * 200) for n in range(50)))
        store.copy_into(copies, "daily", NOON)
    data = path.read_bytes()
    path.write_bytes(data[: 4096 * 3] + b"\xff" * (len(data) - 4096 * 3))
    with closing(Store(f"sqlite:///{path}")) as store:
        for day in range(1, 9):
            with pytest.raises(StoreError, match="damaged"):
                store.copy_into(copies, "daily", NOON + day * DAY)
    assert [copy.name[:14] for copy in copies.iterdir()] == ["daily-20260122"]


def test_permissions_of_an_existing_database_are_tightened(tmp_path: Path) -> None:
    path, copies = tmp_path / "old.db", tmp_path / "copies"
    with closing(opened(path)) as store:
        store.copy_into(copies, "daily", NOON)
    for file in (path, *copies.iterdir()):
        file.chmod(0o644)
    with closing(opened(path)) as store:
        store.copy_into(copies, "daily", NOON + DAY)
    assert {file.stat().st_mode & 0o777 for file in (path, *copies.iterdir())} == {0o600}
    assert copies.stat().st_mode & 0o777 == 0o700


def test_after_a_clean_stop_no_file_holds_a_forgotten_chat(tmp_path: Path) -> None:
    """Another connection is open when the store closes, for example of a person who inspects the file.

    SQLite then does not

    clean up its log itself.
    """
    store = opened(tmp_path / "paperwire.db")
    subscribes(store, "telegram:4242424242", "zirconium")
    with closing(sqlite3.connect(store.path)) as other:
        other.execute("SELECT count(*) FROM chat").fetchall()
        store.write_now(forget, address("telegram:4242424242"))
        store.close()
        left = b"".join(file.read_bytes() for file in store.path.parent.glob(f"{store.path.name}*"))
    assert b"4242424242" not in left
    assert b"zirconium" not in left


@pytest.mark.both_databases
def test_no_character_of_a_text_is_refused(store: Store) -> None:
    """PostgreSQL allows no NUL in texts, so the store writes another character in its place.

    A search with NUL must still

    find the text.
    """
    hostile = "Graphs\0of\x01 '\"; DROP TABLE paper; -- %s %% \\ \U0001f600\u202e"
    ingested(
        store,
        paper(hostile, abstract="\0", authors=["\0"], comment="\0"),
        paper("Tea", key="\0", arxiv_id=None),
    )
    subscribes(store, "telegram:1", "graphs")
    with store.reading() as session:
        known = {known.paper.title.replace("\ufffd", "\0"): known for known in stored_papers(session)}
        assert known.keys() == {hostile, "Tea"}
        assert (
            session.exec(sqlmodel.select(tables.PaperKeyRow.paper).where(tables.PaperKeyRow.key == "\0")).one()
            == known["Tea"].id
        )


@pytest.mark.both_databases
@pytest.mark.parametrize("words", ["".join(chr(0x4E00 + 37 * number % 20_000) for number in range(990)), "graph"])
def test_a_chat_has_a_query_once_however_long_it_is(store: Store, words: str) -> None:
    for chat in ("telegram:1", "telegram:2"):
        subscribes(store, chat, words)
    with store.writing() as session:
        row = session.exec(sqlmodel.select(tables.SubscriptionRow)).first()
        assert row is not None
        again = {**row.model_dump(exclude={"id"}), "number": 9}
        with pytest.raises(IntegrityError), session.begin_nested():
            session.execute(sqlmodel.insert(tables.SubscriptionRow).values(again))


WIDE = "".join(chr(0x20000 + 7919 * number % 40_000) for number in range(200))  # characters of four bytes
LETTERS = "".join("ABCDEFGHIJKLMNOPQRSTUVWXYZ"[7919 * number % 101 % 26] for number in range(40))


@pytest.mark.both_databases
@pytest.mark.parametrize(
    ("form", "name"),
    [
        ("console:{}", WIDE),
        ("slack:C{0}/1234567890.123456", LETTERS),
        ("telegram:@a{}/1", LETTERS[:31]),
    ],
)
def test_chats_and_sources_may_have_the_longest_names(store: Store, form: str, name: str) -> None:
    """The longest names fit into indexes.

    PostgreSQL refuses an index entry of more than 2,704 bytes that it cannot compress.
    """
    with pytest.raises(Refused):
        parse_address(form.format(name + name[0]))
    chat, source = parse_address(form.format(name)), source_name(WIDE)
    store.write_now(subscribing.subscribe, chat, "graph", when="now", now=NOON - DAY)
    ingested(store, "A graph", source=source, now=NOON - HOUR)
    with store.writing() as session:
        stored_sources.note_poll(
            session, Receipt(source=source, at=NOON, outcome=Outcome.NEW), stored_sources.SourceState(), {}
        )
    (lane,) = plan_due(store, now=NOON)
    assert lane.platform == chat.platform
    assert stored.value(store, "SELECT name FROM source") == source


@pytest.mark.both_databases
def test_a_paper_is_found_again_by_a_very_long_title(store: Store) -> None:
    signs = [chr(0x4E00 + 37 * number % 20_000) for number in range(2_000)]
    title, other = "".join(signs), "".join(signs[:-1]) + "末"
    ingested(store, paper(title, arxiv_id=None))
    ingested(store, paper(title, arxiv_id="2601.00001"), paper(other, arxiv_id="2601.00002"))
    with store.reading() as transaction:
        found = {known.paper.arxiv_id: known.paper.title for known in stored_papers(transaction)}
    assert found == {"2601.00001": title, "2601.00002": other}
