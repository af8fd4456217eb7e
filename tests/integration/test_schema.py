"""The schema: new databases and those of earlier releases, of either kind, have what is declared."""

import shutil
import sqlite3
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy.exc import IntegrityError

from subscriptions.errors import StoreError
from subscriptions.store.database.conflicts import count_rows
from subscriptions.store.database.schema import HEAD, MIGRATIONS, REVISIONS
from subscriptions.store.database.store import Store
from subscriptions.store.rows import TABLES
from tests.make import NOON, ingested, paper, subscribes
from tests.patience import PATIENCE
from tests.stored import change, rows

pytestmark = [
    pytest.mark.both_databases,
    pytest.mark.filterwarnings("ignore:Skipped unsupported reflection of expression-based index"),
    pytest.mark.filterwarnings("ignore:autogenerate skipping metadata-specified expression-based index"),
]

# A release after the newest one, that adds a table and two columns. EARLIER takes them from a new database.
EARLIER = ("DROP TABLE taste", "ALTER TABLE worker DROP COLUMN host", "ALTER TABLE message DROP COLUMN unclear_since")
LATER = f"""
import sqlalchemy as sa
from alembic import op

revision, down_revision, branch_labels, depends_on = "later", "{HEAD}", None, None

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
def url(kind_of_database: str, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of a database that has no schema yet."""
    if kind_of_database == "postgresql":
        with request.getfixturevalue("postgres").database(empty=True) as empty:
            yield empty
    else:
        yield f"sqlite:///{tmp_path}/new.db"


@pytest.fixture
def made(url: str) -> Iterator[Store]:
    """A new database."""
    store = Store(url)
    store.open(now=NOON)
    yield store
    store.close()


def differences(store: Store) -> list[Any]:
    """The changes that Alembic would make to give a database the declared schema."""
    seen = {"compare_type": True, "include_name": _is_ours, "include_object": _is_compared}
    with store.read() as session:
        return list(compare_metadata(MigrationContext.configure(session.connection(), opts=seen), TABLES))


def _is_ours(name: str | None, kind: str, _: object) -> bool:
    return kind != "table" or not str(name).startswith(("procrastinate_", "token_rate", "paper_words"))


def _is_compared(item: Any, _name: str | None, kind: str, _reflected: bool, _other: object) -> bool:
    """False for the unique constraint that is declared only for SQLite: Alembic ignores which kind it is for."""
    return kind != "unique_constraint" or item.table.name != "query"


def with_another_order(store: Store) -> list[tuple[str, str]]:
    """(table, column) of our texts that PostgreSQL orders by the language of its server, and not letter by letter."""
    others = """
        SELECT relname, attname FROM pg_attribute JOIN pg_class ON attrelid = pg_class.oid
        WHERE relnamespace = current_schema()::regnamespace AND relkind = 'r' AND attnum > 0
        AND attcollation NOT IN (0, '"C"'::regcollation) AND relname NOT LIKE 'procrastinate%'
    """
    return rows(store, others) if store.kind.file is None else []


def test_a_new_database_has_what_is_declared(made: Store) -> None:
    assert differences(made) == with_another_order(made) == []
    assert made.revision() == HEAD


def test_each_revision_has_its_file() -> None:
    scripts = ScriptDirectory(str(MIGRATIONS))
    assert tuple(script.revision for script in scripts.walk_revisions())[::-1] == REVISIONS


def test_a_database_of_an_earlier_release_keeps_its_rows(
    made: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    subscribes(made, "telegram:1", "graph")
    ingested(made, paper("A Graph"))
    with made.read() as session:
        before = count_rows(session)
    change(made, *EARLIER)
    assert len(differences(made)) == len(EARLIER)
    migrations = shutil.copytree(MIGRATIONS, tmp_path / "migrations")
    (migrations / "versions" / "later_release.py").write_text(LATER)
    monkeypatch.setattr("subscriptions.store.database.schema.MIGRATIONS", migrations)
    monkeypatch.setattr("subscriptions.store.database.schema.REVISIONS", (*REVISIONS, "later"))
    monkeypatch.setattr("subscriptions.store.database.schema.HEAD", "later")

    made.open(now=NOON, copies=tmp_path / "copies")

    assert made.revision() == "later"
    assert differences(made) == with_another_order(made) == []
    with made.read() as session:
        assert count_rows(session) == before
    subscribes(made, "telegram:2", "graph")
    made.open(now=NOON, copies=tmp_path / "copies")
    copies = list(tmp_path.glob("copies/before-later-*.db"))
    assert len(copies) == (made.kind.file is not None)
    for copy in copies:
        with closing(sqlite3.connect(copy)) as connection:
            assert connection.execute("SELECT version_num FROM alembic_version").fetchall() == [(HEAD,)]


@pytest.mark.parametrize(
    ("revision", "sentence"),
    [
        ("0001", r"from before its first release\. With that version: paperwire export --all > all\.txt\."),
        ("0030", r"from before its first release\. .* With this one, and a new database: paperwire import all\.txt"),
        ("r99", r"was written by a newer paperwire\. Install that version again"),
    ],
)
def test_a_schema_that_no_revision_leads_from_is_refused(made: Store, revision: str, sentence: str) -> None:
    change(made, "UPDATE alembic_version SET version_num = :revision", revision=revision)
    for look in (made.known_revision, lambda: made.open(now=NOON)):
        with pytest.raises(StoreError, match=sentence) as refused:
            look()
        assert refused.value.exit_code == 2
    assert made.revision() == revision


def test_processes_that_make_a_database_at_once_make_one(url: str) -> None:
    together = Barrier(4)

    def one(_: int) -> str | None:
        with closing(Store(url)) as store:
            assert store.revision() is None
            together.wait(PATIENCE)
            store.open(now=NOON)
            return store.revision()

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(one, range(4))) == [HEAD] * 4


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
    subscribes(made, "telegram:1", "graph")
    change(
        made,
        "INSERT INTO source (name, kind, location, title, home, schedule, validators, state)"
        " VALUES ('daily', 'file', '', '', '', '', '{}', '{}')",
        "INSERT INTO receipt (source, at, outcome, counts, detail) VALUES ('daily', '2026-01-22 12:00:00', 'new', '{}', '')",
    )
    with pytest.raises(IntegrityError):
        change(made, broken)
