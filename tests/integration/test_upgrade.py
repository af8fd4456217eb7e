"""The schema: new databases have the declared one, and databases of earlier releases get it, with all that waits in them."""

import json
import re
import shutil
import sqlite3
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path
from threading import Barrier
from typing import Any
from warnings import catch_warnings, filterwarnings

import pytest
import sqlalchemy
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from pydantic import SecretStr

from bot.cli import SUBCOMMANDS
from bot.platforms.email.settings import MailSettings
from bot.platforms.telegram.settings import TelegramSettings
from bot.settings import Settings
from bot.settings.loading import load_settings
from subscriptions.errors import StoreError
from subscriptions.service.exporting import export_all
from subscriptions.service.feeds import sent_papers
from subscriptions.store import rows
from subscriptions.store.database import copying, schema
from subscriptions.store.database.store import Store
from tests import make, releases, stored
from tests.clock import NOON, FakeClock
from tests.fakes.smtp import FakeMailServer, a_mail_server
from tests.fakes.telegram import TOKEN, FakeTelegram
from tests.make import due
from tests.patience import PATIENCE
from tests.story.scenario import Scenario

pytestmark = pytest.mark.both_databases


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


def differences(store: Store) -> list[Any]:
    """Returns the changes by which Alembic would give a database the declared schema; [] if it has this schema."""
    seen = {"compare_type": True, "include_name": _is_ours, "include_object": _is_compared}
    with store.read() as session, catch_warnings():
        filterwarnings("ignore", r"(Skipped unsupported|autogenerate skipping) .*expression-based index")
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


def test_each_revision_has_its_file() -> None:
    scripts = ScriptDirectory(str(schema.MIGRATIONS)).walk_revisions()
    assert tuple(script.revision for script in scripts)[::-1] == schema.REVISIONS


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
            assert connection.execute("SELECT version_num FROM alembic_version").fetchall() == [(schema.REVISIONS[-2],)]


def add_later_revision(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Adds LATER to the revisions of this version."""
    migrations = shutil.copytree(schema.MIGRATIONS, tmp_path / "migrations")
    (migrations / "versions" / "later_release.py").write_text(LATER)
    monkeypatch.setattr("subscriptions.store.database.schema.MIGRATIONS", migrations)
    monkeypatch.setattr("subscriptions.store.database.schema.REVISIONS", (*schema.REVISIONS, "later"))
    monkeypatch.setattr("subscriptions.store.database.schema.HEAD", "later")


OF_R2 = ("DROP TABLE question_of_query", "DROP TABLE question", "DROP TABLE paper_meaning")
OF_R3 = ("ALTER TABLE paper DROP COLUMN venue", "ALTER TABLE paper DROP COLUMN published")
OF_R4 = ("DROP TABLE model_summary", "DROP TABLE model_day")
OF_R5 = ("DROP TABLE chat_key",)


def test_a_database_of_the_first_release_gets_all_later_tables(made: Store, tmp_path: Path) -> None:
    due(made, "telegram:1")
    stored.change(made, *OF_R2, *OF_R3, *OF_R4, *OF_R5, "UPDATE alembic_version SET version_num = 'r1'")
    before = stored.all_rows(made)

    made.open(now=NOON, copies=tmp_path / "copies")

    assert made.revision() == schema.HEAD
    assert differences(made) == with_another_order(made) == []
    assert stored.rows(made, "SELECT DISTINCT venue, published FROM paper") == [("", "")]
    stored.change(made, *OF_R3)
    after = stored.all_rows(made)
    assert {table: after[table] for table in before if table != "alembic_version"} == {
        table: rows for table, rows in before.items() if table != "alembic_version"
    }


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


# ── Releases: what they left goes on with this version, whatever was waiting ──────────────────────────────────────────


@pytest.fixture(params=releases.RELEASES)
def release(request: pytest.FixtureRequest) -> str:
    """The number of a release whose database is kept."""
    return str(request.param)


@pytest.fixture
def left(release: str, new_url: str) -> Iterator[Store]:
    """The database that a release left, not opened yet."""
    releases.load(release, new_url)
    with closing(Store(new_url)) as store:
        yield store


def test_a_database_of_a_release_gets_the_schema_of_a_new_one(
    left: Store, empty_schema: dict[str, set[str]], tmp_path: Path
) -> None:
    """Red: the schema was changed without a revision. CONTRIBUTING.md, "Change the schema", says how to add one."""
    left.open(now=NOON, copies=tmp_path / "copies")
    assert left.revision() == schema.HEAD
    assert {
        kind: found ^ empty_schema[kind] for kind, found in shape(left).items() if found != empty_schema[kind]
    } == {}


@pytest.fixture
def empty_schema(database_url: str) -> dict[str, set[str]]:
    """The shape of a new database."""
    with closing(Store(database_url)) as store:
        return shape(store)


SHAPE = {
    "sqlite": {
        "columns": """
            SELECT m.name || '.' || c.name || ' ' || c.type || ' ' || c."notnull" || ' ' || c.pk
            FROM sqlite_master AS m, pragma_table_info(m.name) AS c WHERE m.type = 'table'
        """,
        "references": """
            SELECT m.name || '.' || f."from" || ' ' || f."table" || ' ' || f.on_delete
            FROM sqlite_master AS m, pragma_foreign_key_list(m.name) AS f WHERE m.type = 'table'
        """,
        "unique": """
            SELECT m.name || ' ' || (SELECT group_concat(name) FROM pragma_index_info(i.name))
            FROM sqlite_master AS m, pragma_index_list(m.name) AS i WHERE m.type = 'table' AND i."unique"
        """,
        "others": "SELECT sql FROM sqlite_master WHERE type IN ('index', 'trigger') AND sql != ''",
    },
    "postgresql": {
        "columns": """
            SELECT concat_ws(' ', attrelid::regclass, attname, format_type(atttypid, atttypmod), attnotnull, collname)
            FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid LEFT JOIN pg_collation ON pg_collation.oid = attcollation
            WHERE relnamespace = current_schema()::regnamespace AND relkind = 'r' AND attnum > 0 AND NOT attisdropped
        """,
        "constraints": """
            SELECT conrelid::regclass || ' ' || pg_get_constraintdef(oid) FROM pg_constraint
            WHERE connamespace = current_schema()::regnamespace
        """,
        "indexes": "SELECT indexdef FROM pg_indexes WHERE schemaname = current_schema()",
        "triggers": "SELECT pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal",
        "functions": """
            SELECT pg_get_functiondef(oid) FROM pg_proc
            WHERE pronamespace = current_schema()::regnamespace AND prokind = 'f'
        """,
    },
}


def shape(store: Store) -> dict[str, set[str]]:
    """Returns all that the schema of a database has, whatever the order in which it was made."""
    with stored.connected(store) as connection:
        found = {
            kind: {_without_casts(text) for (text,) in connection.exec_driver_sql(query)}
            for kind, query in SHAPE[connection.dialect.name].items()
        }
        inspected = sqlalchemy.inspect(connection)
        found["checks"] = {
            _without_casts(f"{table} {check['sqltext']}")
            for table in inspected.get_table_names()
            for check in inspected.get_check_constraints(table)
        }
    return found


def _without_casts(sql: str) -> str:
    """Returns SQL without what a database that was restored from a dump has in other places: casts, brackets, blanks."""
    return re.sub(r"::(character varying|text)(\[\])?|[()\s]", "", sql)


@pytest.mark.parametrize("has_revision", [False, True], ids=["as it is", "with a revision to come"])
async def test_what_waited_while_the_program_was_upgraded_comes_once(
    left: Store, release: str, has_revision: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = json.loads((releases.FOLDER / release / releases.TOLD).read_text("utf-8"))
    if has_revision:
        stored.change(left, *EARLIER)
        add_later_revision(tmp_path, monkeypatch)
    waited = Counter(["On young gulls", "On gulls in harbours"])
    with a_new_program(left) as (scenario, mail):
        assert left.revision() == schema.HEAD
        assert "".join(export_all(left)) == told["export"]
        await scenario.later(hours=2)
        assert titles(scenario) == {"42": waited, "44": waited}
        assert [one["Subject"] for one in mail.mails] == ["Shall papers come to this address?"]
        assert await scenario.later(minutes=30) == []

        # The next papers come to everybody, and those that waited during a pause after it.
        scenario.brings(make.paper("On old gulls", arxiv_id="2601.00004"))
        assert len(await scenario.later(minutes=5)) == 2
        await scenario.says("/resume", "43")
        await scenario.presses("send 3", "43")
        await scenario.later(minutes=5)
        assert titles(scenario)["43"] == Counter(["On young gulls", "On gulls in harbours", "On old gulls"])

        # What people chose, saved and handed out is still there.
        assert "1 entry" in (await scenario.says("/library")).text
        assert "On gulls at sea" in (await scenario.says("/saved")).text
        key = told["feeds"]["sqlite" if left.kind.file else "postgresql"].partition("key=")[2]
        feed = sent_papers(left, key)
        assert feed is not None
        assert len(feed.papers) == 4
        await scenario.app.close()


@contextmanager
def a_new_program(left: Store) -> Iterator[tuple[Scenario, FakeMailServer]]:
    """Starts this version on a database, two hours after a release ended on it."""
    with FakeTelegram() as telegram, a_mail_server() as mail:
        for chat in ("42", "43", "44"):
            telegram.knows(chat, title=f"Person {chat}")
        telegram.queue.renumber(5000)  # as the real one goes on after those that the release got
        settings = Settings(
            database_url=SecretStr(str(left.url)),
            of_rooms=(
                TelegramSettings(token=SecretStr(TOKEN), api_url=telegram.url),
                MailSettings(smtp_url=SecretStr(mail.url), mail_from="papers@example.org"),
            ),
            access="open",
        )
        yield Scenario(telegram, FakeClock(NOON), settings), mail


def titles(scenario: Scenario) -> dict[str, Counter[str]]:
    """Maps chats to how often each title was posted there."""
    found: dict[str, Counter[str]] = {}
    for entry in scenario.telegram.journal:
        shown = re.findall(r"^(?:\d+ )?(On [a-z ]*gulls[a-z ]*)", entry.text, re.MULTILINE)
        found.setdefault(entry.chat, Counter()).update(shown)
    return {chat: counts for chat, counts in found.items() if counts}


def test_settings_and_unit_of_a_release_can_be_used(release: str, tmp_path: Path) -> None:
    folder = shutil.copytree(releases.FOLDER / release, tmp_path / release)
    lines = (folder / "environment").read_text("utf-8").splitlines()
    settings = load_settings(dict(line.split("=", 1) for line in lines), folder)
    assert settings.unknown == ()
    assert [source.name for source in settings.sources] == ["arXiv", "daily", "journal"]
    unit = (folder / "paperwire.service").read_text("utf-8")
    assert re.findall(r"^ExecStart=\S+/paperwire (\w+)", unit, re.MULTILINE) == ["run"]
    assert "run" in {subcommand.name for subcommand in SUBCOMMANDS}
    (tmp_path / "telegram").write_text("1:a")
    (tmp_path / "paperwire.toml").touch()
    variables = (line.split("=", 2)[1:] for line in unit.splitlines() if line.startswith("Environment="))
    placed = {
        name: value.replace("%d", str(tmp_path)).replace("/etc/paperwire", str(tmp_path)) for name, value in variables
    }
    assert load_settings(placed, tmp_path).of(TelegramSettings).is_on
