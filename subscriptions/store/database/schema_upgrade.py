"""The schema brought up to date by Alembic, whose import takes a third of a second (`python -X importtime`)."""

from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.ddl.base import AddColumn, add_column, alter_table
from sqlalchemy import Connection, inspect, text
from sqlalchemy.ext.compiler import compiles

from subscriptions.store.database.postgres.columns import declare_columns, declared

_BEFORE_POSTGRES = "0021"  # the last migration that runs on SQLite alone
_NOT_OURS = ("procrastinate_", "token_rate", "paper_words")  # how tables of the engine, and of the text search, begin
_ALONE = text("SELECT pg_advisory_xact_lock(7250012022)")  # a number of ours: one process migrates at a time


def upgrade_schema(connection: Connection) -> None:
    """Runs all migrations in the transaction of a connection that is open: on PostgreSQL those from 0022 on."""
    if connection.dialect.name == "postgresql":
        declare_columns()
        connection.execute(_ALONE)
        if not inspect(connection).has_table("alembic_version"):
            command.stamp(alembic_config(connection), _BEFORE_POSTGRES)
    command.upgrade(alembic_config(connection), "head")


@compiles(AddColumn, "postgresql")
def _add_column(element: AddColumn, compiler: Any, **named: Any) -> str:  # noqa: ANN401 - as Alembic has them
    table = alter_table(compiler, element.table_name, element.schema)
    return f"{table} {declared(add_column(compiler, element.column, if_not_exists=element.if_not_exists, **named))}"


def is_ours(name: str | None, kind: str, _: object) -> bool:
    """Whether a name that Alembic finds in a database is one that the models declare."""
    return not (kind == "table" and name is not None and name.startswith(_NOT_OURS))


def alembic_config(connection: Connection) -> Config:
    """Returns Alembic's configuration for a connection that is open."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parents[1] / "migrations"))
    config.attributes["connection"] = connection
    return config
