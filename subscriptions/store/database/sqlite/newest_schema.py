"""The newest schema as one script: a new file gets it at once. An older one is brought up to date by the migrations."""

from pathlib import Path

from sqlalchemy import Connection

SCRIPT = Path(__file__).parents[2] / "migrations" / "newest_sqlite.sql"
END = "\n;\n"  # of a statement: those of triggers have semicolons of their own
_IS_THERE = "SELECT name FROM sqlite_master WHERE name = 'alembic_version'"


def make_newest(connection: Connection) -> bool:
    """Makes the newest schema, in the transaction of a connection. Returns False if another process was first."""
    if connection.exec_driver_sql(_IS_THERE).first() is not None:
        return False
    for statement in SCRIPT.read_text("utf-8").split(END)[:-1]:
        connection.exec_driver_sql(statement)
    return True
