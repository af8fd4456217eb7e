"""The schema: new databases have the declared one, an earlier one is upgraded, and every other is refused."""

import re
import shutil
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from threading import Barrier
from typing import Any
from warnings import catch_warnings, filterwarnings

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from subscriptions.database import schema, tables
from subscriptions.database.store import Store
from subscriptions.errors import StoreError
from subscriptions.life import PaperFacts, Withdrawal
from subscriptions.maintenance.stored import copying
from subscriptions.papers.stored.papers import stored_papers
from subscriptions.plan.plan import plan_due
from tests import make, stored
from tests.clock import NOON
from tests.make import due, ingested, paper
from tests.patience import PATIENCE

pytestmark = pytest.mark.both_databases


# LATER is the migration of an invented later release, which adds a table and two columns. EARLIER removes such a table and
# such columns from a new database, so that it looks like one of an earlier release.
PAPERS = "SELECT id, key, title, abstract, comment, version, day, sequence, uncoded FROM paper ORDER BY id"
WITHDRAWN = """
    UPDATE paper SET withdrawn_at = '2026-01-20 08:00:00+00', version = 1,
    comment = 'This paper has been withdrawn by the authors due to an error in Lemma 2.' WHERE id = 1
"""
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
    with store.reading() as session, catch_warnings():
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


def made_by_1_0_0(store: Store) -> None:
    """Fill an empty database with what version 1.0.0 made, which no later version may change."""
    script = (Path(__file__).parent / "made_by_1_0_0" / f"{store.url.get_backend_name()}.sql").read_text()
    if store.kind.file is None:
        with stored.connected(store) as connection:
            connection.exec_driver_sql(script.replace("%", "%%"))
        return
    with closing(sqlite3.connect(store.path)) as connection:
        connection.executescript(script)


def ddl(store: Store) -> dict[str, Any]:
    """Return how the database itself writes its tables and indexes, by name."""
    if store.kind.file is not None:
        return {
            name: sorted(part.strip(" \n\t()") for part in sql.split(","))
            for name, sql in stored.rows(store, "SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL")
        }
    columns = """
        SELECT relname || '.' || attname, format_type(atttypid, atttypmod) || attnotnull || attcollation
        || coalesce(pg_get_expr(adbin, adrelid), '')
        FROM pg_class JOIN pg_attribute ON attrelid = oid LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
        WHERE relnamespace = current_schema()::regnamespace AND relkind = 'r' AND attnum > 0 AND NOT attisdropped
        """.replace("= oid", "= pg_class.oid")
    constraints = "SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid > 0"
    indexes = "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = current_schema()"
    return {
        name: re.sub(r"::(text|character varying)|[\[\]() ]", "", sql)  # a dump adds casts to what it means anyway
        for found in (columns, constraints, indexes)
        for name, sql in stored.rows(store, found)
    }


def test_database_of_1_0_0_is_upgraded_to_the_newest_schema(new_url: str, store: Store, tmp_path: Path) -> None:
    """Red: the declared schema was changed without a revision, or a revision makes something else."""
    with closing(Store(new_url)) as old:
        made_by_1_0_0(old)
        stored.change(old, WITHDRAWN)
        before, papers = stored.all_rows(old), stored.rows(old, PAPERS)

        old.open(now=NOON, copies=tmp_path / "copies")

        assert old.revision() == schema.HEAD
        assert ddl(old) == ddl(store)
        assert differences(old) == with_another_order(old) == []
        after = stored.all_rows(old)
        assert len(set(after["key_value"]) - set(before["key_value"])) == 2, "the id, and the version of the words"
        for changed in ("key_value", "alembic_version", "paper"):
            del after[changed], before[changed]
        assert (after, stored.rows(old, PAPERS)) == (before, papers)
        gone = Withdrawal(
            at=datetime(2026, 1, 20, 8, tzinfo=UTC), version=1, by_authors=True, reason="an error in Lemma 2"
        )
        with old.reading() as session:
            facts = {known.id: known.paper.facts for known in stored_papers(session, [1, 2]).values()}
        assert facts == {1: PaperFacts(withdrawn=gone), 2: PaperFacts()}
        ingested(old, paper("Limpets again", key="2601.77777", arxiv_id="2601.77777"))
        plan_due(old, now=NOON)
        assert ("console:lab", "Limpets again") in stored.delivered(old)
        copies = list(tmp_path.glob("copies/before-*.db"))
        assert len(copies) == (old.kind.file is not None)
        for copy in copies:
            with closing(sqlite3.connect(copy)) as connection:
                assert connection.execute("SELECT version_num FROM alembic_version").fetchall() == [(schema.FIRST,)]


def test_a_database_of_an_earlier_release_keeps_its_rows(
    made: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    due(made, "telegram:1")
    newest = schema.HEAD
    with made.reading() as session:
        before = copying.count_rows(session)
    stored.change(made, *EARLIER)
    assert len(differences(made)) == len(EARLIER)
    add_later_revision(tmp_path, monkeypatch)

    made.open(now=NOON, copies=tmp_path / "copies")

    assert made.revision() == "later"
    assert differences(made) == with_another_order(made) == []
    with made.reading() as session:
        assert copying.count_rows(session) == before
    make.subscribes(made, "telegram:2", "graph")
    made.open(now=NOON, copies=tmp_path / "copies")
    copies = list(tmp_path.glob("copies/before-later-*.db"))
    assert len(copies) == (made.kind.file is not None)
    for copy in copies:
        with closing(sqlite3.connect(copy)) as connection:
            assert connection.execute("SELECT version_num FROM alembic_version").fetchall() == [(newest,)]


def add_later_revision(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Adds LATER to the revisions of this version."""
    migrations = shutil.copytree(schema.MIGRATIONS, tmp_path / "migrations")
    (migrations / "versions" / "later_release.py").write_text(LATER)
    monkeypatch.setattr("subscriptions.database.schema.MIGRATIONS", migrations)
    monkeypatch.setattr("subscriptions.database.schema.REVISIONS", (*schema.REVISIONS, "later"))
    monkeypatch.setattr("subscriptions.database.schema.HEAD", "later")


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
