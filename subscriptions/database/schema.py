"""The schema. A new database gets it from the declaration, a database of an earlier release from Alembic's revisions.

`tables` declares tables and indexes, `sqlite` and `postgres` what only one of them has.
"""

from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.schema import CreateIndex, CreateTable

from subscriptions.database import copies
from subscriptions.database.refusals import wrong_setting
from subscriptions.database.tables import TABLES, KeyValueRow
from subscriptions.database.word_index import ON_POSTGRESQL, ON_SQLITE
from subscriptions.errors import Sentence
from subscriptions.text import stems as words

FIRST = "first_438489b20d2a"  # version 1.0.0
REVISIONS = (FIRST, "database_id", "words", "life")  # oldest first; each has its file in migrations/versions
HEAD = REVISIONS[-1]
WORDS = "words"  # name of the stored version of the words on disk (normalize/words.py)
MIGRATIONS = Path(__file__).parent / "migrations"
# A canonical text may have any length, and PostgreSQL allows at most 2,704 bytes in an index: it has only their hashes.
_ONE_QUERY = "CREATE UNIQUE INDEX ix_subscription_query ON subscription (chat, md5(canonical))"
BESIDE_TABLES = {"sqlite": (ON_SQLITE,), "postgresql": (_ONE_QUERY, *ON_POSTGRESQL)}  # what is no table or index
_REVISION = sa.Table("alembic_version", sa.MetaData(), sa.Column("version_num", sa.String(32), primary_key=True))


def make_schema(connection: sa.Connection) -> bool:
    """Make the newest schema in the transaction of `connection`.

    Return False if another process has made the schema.
    """
    if connection.dialect.has_table(connection, _REVISION.name):
        return False
    for table in TABLES.sorted_tables:
        connection.execute(CreateTable(table))
        # In one order, not that of SQLAlchemy's set: among indexes that fit alike, SQLite takes one by its age.
        for index in sorted(table.indexes, key=lambda one: str(one.name)):
            connection.execute(CreateIndex(index))
    for statement in BESIDE_TABLES[connection.dialect.name]:
        connection.exec_driver_sql(statement, execution_options={"no_parameters": True})  # "%" is no parameter here
    _REVISION.create(connection)
    connection.execute(sa.insert(_REVISION).values(version_num=HEAD))
    return True


def put_first_values(connection: sa.Connection, identity: str) -> None:
    """Store the id of a new database, and the version of the words that it will have."""
    first = {copies.ID: identity, WORDS: str(words.VERSION)}
    connection.execute(sa.insert(KeyValueRow), [{"name": name, "value": value} for name, value in first.items()])


def upgrade_schema(connection: sa.Connection, identity: str) -> None:
    """Run the revisions that the schema lacks, in the transaction of `connection`. A database without an id gets this one."""
    from alembic import command, config  # noqa: PLC0415 - takes 300 ms, and only a database of an earlier release needs it

    script = config.Config()
    script.set_main_option("script_location", str(MIGRATIONS))
    script.attributes |= {"connection": connection, "database_id": identity}
    command.upgrade(script, "head")


def refuse_unknown(revision: str, where: str) -> None:
    """Raise StoreError for a database that this version cannot upgrade."""
    if revision in REVISIONS:
        return
    raise wrong_setting(
        Sentence("The database {where} was written by another version of paperwire.", {"where": where}),
        Sentence(
            "With that version: paperwire export --all > all.txt. With this one, and a new database: paperwire import all.txt"
        ),
    )
