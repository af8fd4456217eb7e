"""The schema: new databases have the declared one, an earlier one is upgraded, and every other is refused."""

import shutil
import sqlite3
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from hashlib import sha256
from pathlib import Path
from threading import Barrier
from typing import Any
from warnings import catch_warnings, filterwarnings

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Dialect
from sqlalchemy.schema import CreateIndex, CreateTable

from subscriptions.errors import StoreError
from subscriptions.store import copying, tables
from subscriptions.store.database import schema
from subscriptions.store.database.store import Store
from tests import make, stored
from tests.clock import NOON
from tests.make import due
from tests.patience import PATIENCE

pytestmark = pytest.mark.both_databases


# LATER is the migration of an invented later release, which adds a table and two columns. EARLIER removes such a table and
# such columns from a new database, so that it looks like one of an earlier release.
EARLIER = (
    "DROP TABLE denial",
    "ALTER TABLE message DROP COLUMN reason",
    "ALTER TABLE message DROP COLUMN unclear_since",
)
LATER = f"""
import sqlalchemy as sa
from alembic import op

revision, down_revision, branch_labels, depends_on = "later", "{schema.HEAD}", None, None

def upgrade():
    op.create_table(
        "denial",
        sa.Column("address_hash", sa.String(), primary_key=True, nullable=False),
    )
    op.add_column("message", sa.Column("reason", sa.String(), nullable=False, server_default=""))
    op.add_column("message", sa.Column("unclear_since", sa.DateTime(timezone=True), nullable=True))
"""


def differences(store: Store) -> list[Any]:
    """Returns the changes by which Alembic would give a database the declared schema; [] if it has this schema."""
    seen = {"compare_type": True, "include_name": _is_ours, "include_object": _is_compared}
    with store.read() as session, catch_warnings():
        filterwarnings("ignore", r"(Skipped unsupported|autogenerate skipping) .*expression-based index")
        return list(compare_metadata(MigrationContext.configure(session.connection(), opts=seen), tables.TABLES))


def _is_ours(name: str | None, kind: str, _: object) -> bool:
    return kind != "table" or not str(name).startswith("paper_words")


def _is_compared(item: Any, name: str | None, kind: str, _reflected: bool, _other: object) -> bool:
    """Returns False for what makes long texts unique: a constraint that only SQLite has, an index of PostgreSQL."""
    return name != "ix_subscription_query" and (kind != "unique_constraint" or item.table.name != "subscription")


def with_another_order(store: Store) -> list[tuple[str, str]]:
    """Returns (table, column) of our text columns that PostgreSQL sorts by its server's language, not by character."""
    others = """
        SELECT relname, attname FROM pg_attribute JOIN pg_class ON attrelid = pg_class.oid
        WHERE relnamespace = current_schema()::regnamespace AND relkind = 'r' AND attnum > 0
        AND attcollation NOT IN (0, '"C"'::regcollation)
    """
    return stored.rows(store, others) if store.kind.file is None else []


def test_a_new_database_has_what_is_declared(made: Store) -> None:
    assert differences(made) == with_another_order(made) == []
    assert made.revision() == schema.HEAD


@pytest.mark.parametrize("table", ["paper", "bookmarks"])
def test_tables_of_somebody_else_are_left_alone(new_url: str, table: str) -> None:
    with closing(Store(new_url)) as store:
        stored.change(store, f"CREATE TABLE {table} (doi TEXT)")
        with pytest.raises(StoreError, match="not paperwire's"):
            store.open(now=NOON)
        assert stored.all_rows(store) == {table: []}


def test_the_first_revision_is_named_after_its_ddl() -> None:
    """Red: the schema was changed. Until the first release, give FIRST the name that this test computes."""
    statements = [*_ddl(sqlite.dialect()), *_ddl(postgresql.dialect())]  # type: ignore[no-untyped-call]
    written = "\n".join(" ".join(one.split()) for one in statements)
    assert f"first_{sha256(written.encode()).hexdigest()[:12]}" == schema.FIRST


def _ddl(dialect: Dialect) -> Iterator[str]:
    """Yields the statements that make the schema, on one kind of database."""
    for table in tables.TABLES.sorted_tables:
        yield str(CreateTable(table).compile(dialect=dialect))
        for index in sorted(table.indexes, key=lambda index: str(index.name)):
            yield str(CreateIndex(index).compile(dialect=dialect))
    yield from schema.BESIDE_TABLES[dialect.name]


def test_a_database_of_an_earlier_release_keeps_its_rows(
    made: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    due(made, "telegram:1")
    with made.read() as session:
        before = copying.count_rows(session)
    stored.change(made, *EARLIER)
    assert len(differences(made)) == len(EARLIER)
    add_later_revision(tmp_path, monkeypatch)

    made.open(now=NOON, copies=tmp_path / "copies")

    assert made.revision() == "later"
    assert differences(made) == with_another_order(made) == []
    with made.read() as session:
        assert copying.count_rows(session) == before
    make.subscribes(made, "telegram:2", "graph")
    made.open(now=NOON, copies=tmp_path / "copies")
    copies = list(tmp_path.glob("copies/before-later-*.db"))
    assert len(copies) == (made.kind.file is not None)
    for copy in copies:
        with closing(sqlite3.connect(copy)) as connection:
            assert connection.execute("SELECT version_num FROM alembic_version").fetchall() == [(schema.FIRST,)]


def add_later_revision(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Adds LATER to the revisions of this version."""
    migrations = shutil.copytree(schema.MIGRATIONS, tmp_path / "migrations")
    (migrations / "versions" / "later_release.py").write_text(LATER)
    monkeypatch.setattr("subscriptions.store.database.schema.MIGRATIONS", migrations)
    monkeypatch.setattr("subscriptions.store.database.schema.REVISIONS", (*schema.REVISIONS, "later"))
    monkeypatch.setattr("subscriptions.store.database.schema.HEAD", "later")


@pytest.mark.parametrize("revision", ["0030", "r5", "first_0123456789ab", "later"])
def test_a_schema_that_no_revision_leads_from_is_refused(made: Store, revision: str) -> None:
    stored.change(made, "UPDATE alembic_version SET version_num = :revision", revision=revision)
    sentence = (
        r"was written by another version of paperwire\. With that version: paperwire export --all > all\.txt\. "
        r"With this one, and a new database: paperwire import all\.txt"
    )
    for look in (made.known_revision, lambda: made.open(now=NOON)):
        with pytest.raises(StoreError, match=sentence) as refused:
            look()
        assert refused.value.exit_code == 2
    assert made.revision() == revision


def test_processes_that_make_a_database_at_once_make_one(new_url: str) -> None:
    together = Barrier(4)

    def one(_: int) -> str | None:
        with closing(Store(new_url)) as store:
            assert store.revision() is None
            together.wait(PATIENCE)
            store.open(now=NOON)
            return store.revision()

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(one, range(4))) == [schema.HEAD] * 4
