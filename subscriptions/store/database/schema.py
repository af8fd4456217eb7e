"""The schema. A new database gets it from the declaration, a database of an earlier release from Alembic's revisions.

`rows` declares tables and indexes, this module triggers, and `sqlite` and `postgres` what only one of them has.
"""

from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.schema import CreateIndex, CreateTable

from subscriptions.errors import Sentence
from subscriptions.store.database import wrong_setting
from subscriptions.store.database.postgres import BESIDE_TABLES
from subscriptions.store.database.sqlite_words import PAPER_WORDS
from subscriptions.store.rows import TABLES

# ruff: noqa: S608 - the SQL is built only from texts of this file

# Subscriptions and open deliveries have a copy of their chat's state, because the condition of an index can use only
# columns of its own table. Only these triggers write the two columns, `chat_active` and `sendable`.
_IS_ACTIVE = "(SELECT state = 'active' FROM chat WHERE id = NEW.chat)"
_IS_SENDABLE = """(
    SELECT state = 'active' OR (state IN ('asked', 'unconfirmed') AND pause_reason IS NULL AND NEW.kind = 'notice')
    FROM chat WHERE id = NEW.chat
)"""
_HAND_STATE_ON = """
    UPDATE subscription SET chat_active = (NEW.state = 'active') WHERE chat = NEW.id;
    UPDATE delivery
    SET sendable = NEW.state = 'active'
        OR (NEW.state IN ('asked', 'unconfirmed') AND NEW.pause_reason IS NULL AND kind = 'notice')
    WHERE settled_at IS NULL AND chat = NEW.id;
"""
_STATE_OF_CHAT = (
    f"""
    CREATE TRIGGER subscription_added AFTER INSERT ON subscription WHEN NEW.chat_active IS NOT {_IS_ACTIVE}
    BEGIN UPDATE subscription SET chat_active = {_IS_ACTIVE} WHERE id = NEW.id; END
    """,
    f"""
    CREATE TRIGGER subscription_moved AFTER UPDATE OF chat ON subscription WHEN NEW.chat_active IS NOT {_IS_ACTIVE}
    BEGIN UPDATE subscription SET chat_active = {_IS_ACTIVE} WHERE id = NEW.id; END
    """,
    f"""
    CREATE TRIGGER delivery_added AFTER INSERT ON delivery WHEN NEW.sendable IS NOT {_IS_SENDABLE}
    BEGIN UPDATE delivery SET sendable = {_IS_SENDABLE} WHERE seq = NEW.seq; END
    """,
    f"""
    CREATE TRIGGER delivery_opened_or_moved AFTER UPDATE OF settled_at, chat ON delivery
    WHEN NEW.settled_at IS NULL AND NEW.sendable IS NOT {_IS_SENDABLE}
    BEGIN UPDATE delivery SET sendable = {_IS_SENDABLE} WHERE seq = NEW.seq; END
    """,
    f"""
    CREATE TRIGGER chat_state_changed AFTER UPDATE OF state, pause_reason ON chat
    WHEN OLD.state IS NOT NEW.state OR OLD.pause_reason IS NOT NEW.pause_reason
    BEGIN {_HAND_STATE_ON} END
    """,
)
# On PostgreSQL, these triggers lock the chat first. Otherwise another transaction that does not see the new row could
# change the chat's state at the same time.
_STATE_OF_CHAT_POSTGRES = (
    """
    CREATE FUNCTION keep_chat_active() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        SELECT chat.state = 'active' INTO NEW.chat_active FROM chat WHERE chat.id = NEW.chat FOR NO KEY UPDATE;
        RETURN NEW;
    END $$
    """,
    """
    CREATE FUNCTION keep_sendable() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        SELECT chat.state = 'active'
            OR (chat.state IN ('asked', 'unconfirmed') AND chat.pause_reason IS NULL AND NEW.kind = 'notice')
        INTO NEW.sendable FROM chat WHERE chat.id = NEW.chat FOR NO KEY UPDATE;
        RETURN NEW;
    END $$
    """,
    f"""
    CREATE FUNCTION pass_state_of_chat_on() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN {_HAND_STATE_ON} RETURN NULL; END $$
    """,
    """
    CREATE TRIGGER subscription_added_or_moved BEFORE INSERT OR UPDATE OF chat ON subscription
    FOR EACH ROW EXECUTE FUNCTION keep_chat_active()
    """,
    """
    CREATE TRIGGER delivery_added BEFORE INSERT ON delivery
    FOR EACH ROW EXECUTE FUNCTION keep_sendable()
    """,
    """
    CREATE TRIGGER delivery_opened_or_moved BEFORE UPDATE OF settled_at, chat ON delivery
    FOR EACH ROW WHEN (NEW.settled_at IS NULL) EXECUTE FUNCTION keep_sendable()
    """,
    """
    CREATE TRIGGER chat_state_changed AFTER UPDATE OF state, pause_reason ON chat
    FOR EACH ROW WHEN (OLD.state IS DISTINCT FROM NEW.state OR OLD.pause_reason IS DISTINCT FROM NEW.pause_reason)
    EXECUTE FUNCTION pass_state_of_chat_on()
    """,
)

TRIGGERS = {"sqlite": _STATE_OF_CHAT, "postgresql": _STATE_OF_CHAT_POSTGRES}


FIRST = "first_ba287651510c"  # ends in a hash of the DDL until the first release; tests/integration/test_schema.py computes it
REVISIONS = (FIRST,)  # oldest first; each has its file in migrations/versions
HEAD = REVISIONS[-1]
MIGRATIONS = Path(__file__).parents[1] / "migrations"
_BESIDE_TABLES = {"sqlite": (PAPER_WORDS,), "postgresql": BESIDE_TABLES}
_REVISION = sa.Table("alembic_version", sa.MetaData(), sa.Column("version_num", sa.String(32), primary_key=True))
# the lock of a process that makes or changes the schema
_ALONE = sa.text("SELECT pg_advisory_xact_lock(7250012022)")


def make_schema(connection: sa.Connection) -> bool:
    """Makes the newest schema in the transaction of `connection`.

    Returns False if another process has made the schema.
    """
    _take_turn(connection)
    if connection.dialect.has_table(connection, _REVISION.name):
        return False
    for table in TABLES.sorted_tables:
        connection.execute(CreateTable(table))
        # In one order, not that of SQLAlchemy's set: among indexes that fit alike, SQLite takes one by its age.
        for index in sorted(table.indexes, key=lambda one: str(one.name)):
            connection.execute(CreateIndex(index))
    for statement in beside_tables(connection.dialect.name):
        connection.exec_driver_sql(statement, execution_options={"no_parameters": True})  # "%" is no parameter here
    _REVISION.create(connection)
    connection.execute(sa.insert(_REVISION).values(version_num=HEAD))
    return True


def beside_tables(kind: str) -> tuple[str, ...]:
    """Returns the statements for what is no table or index, on SQLite or PostgreSQL."""
    return (*_BESIDE_TABLES[kind], *TRIGGERS[kind])


def upgrade_schema(connection: sa.Connection) -> None:
    """Runs the revisions that the schema lacks, in the transaction of `connection`."""
    from alembic import command, config  # noqa: PLC0415 - takes 300 ms, and only a database of an earlier release needs it

    _take_turn(connection)
    script = config.Config()
    script.set_main_option("script_location", str(MIGRATIONS))
    script.attributes["connection"] = connection
    command.upgrade(script, "head")


def refuse_unknown(revision: str, where: str) -> None:
    """Raises StoreError for a database that this version cannot upgrade."""
    if revision in REVISIONS:
        return
    raise wrong_setting(
        Sentence("The database {where} was written by another version of paperwire.", {"where": where}),
        Sentence(
            "With that version: paperwire export --all > all.txt. With this one, and a new database: paperwire import all.txt"
        ),
    )


def _take_turn(connection: sa.Connection) -> None:
    """Waits until no other process makes or changes the schema.

    On SQLite does nothing, since the writing transaction already waited when it began.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(_ALONE)
