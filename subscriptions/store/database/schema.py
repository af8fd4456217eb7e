"""The schema: a new database gets it from the declaration, and one of an earlier release by Alembic's revisions.

It is declared in `rows` (tables and indexes), in `triggers`, and, for one kind of database, in that kind's package.
"""

from pathlib import Path

from sqlalchemy import Column, Connection, MetaData, String, Table, insert, text

from subscriptions.errors import Sentence
from subscriptions.store.database.kind import wrong_setting
from subscriptions.store.database.postgres.schema import BESIDE_TABLES
from subscriptions.store.database.sqlite import PAPER_WORDS
from subscriptions.store.rows import TABLES
from subscriptions.store.triggers import TRIGGERS

REVISIONS = ("r1",)  # oldest first; each has its file in migrations/versions
HEAD = REVISIONS[-1]
MIGRATIONS = Path(__file__).parents[1] / "migrations"
_BESIDE_TABLES = {"sqlite": (PAPER_WORDS,), "postgresql": BESIDE_TABLES}
_REVISION = Table("alembic_version", MetaData(), Column("version_num", String(32), primary_key=True))
_ALONE = text("SELECT pg_advisory_xact_lock(7250012022)")  # a number of ours: one process makes or changes the schema


def make_schema(connection: Connection) -> bool:
    """Makes the newest schema, in the transaction of a connection. Returns False if another process was first."""
    _take_turn(connection)
    if connection.dialect.has_table(connection, _REVISION.name):
        return False
    TABLES.create_all(connection, checkfirst=False)
    kind = connection.dialect.name
    for statement in (*_BESIDE_TABLES[kind], *TRIGGERS[kind]):
        connection.exec_driver_sql(statement, execution_options={"no_parameters": True})  # a % is itself
    _REVISION.create(connection)
    connection.execute(insert(_REVISION).values(version_num=HEAD))
    return True


def upgrade_schema(connection: Connection) -> None:
    """Runs the revisions that the schema lacks, in the transaction of a connection."""
    from alembic import command, config  # noqa: PLC0415 - takes 300 ms, which only a database of an earlier release has to pay

    _take_turn(connection)
    script = config.Config()
    script.set_main_option("script_location", str(MIGRATIONS))
    script.attributes["connection"] = connection
    command.upgrade(script, "head")


def refuse_unknown(revision: str, where: str) -> None:
    """Raises StoreError for a database that this version cannot bring up to date."""
    if revision in REVISIONS:
        return
    if revision.isdigit():  # as before the first release
        raise wrong_setting(
            Sentence(
                "The database {where} was written by a paperwire from before its first release.", {"where": where}
            ),
            Sentence(
                "With that version: paperwire export --all > all.txt. With this one, and a new database: paperwire import all.txt"
            ),
        )
    raise wrong_setting(
        Sentence("The database {where} was written by a newer paperwire.", {"where": where}),
        Sentence("Install that version again, or name another database in PAPERWIRE_DATABASE_URL."),
    )


def _take_turn(connection: Connection) -> None:
    """Waits until no other process makes or changes the schema; a writing transaction of SQLite has waited already."""
    if connection.dialect.name == "postgresql":
        connection.execute(_ALONE)
