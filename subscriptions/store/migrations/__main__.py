"""Writes the script of the newest schema from what the migrations make of an empty file.

python -m subscriptions.store.migrations        (make schema)
"""

import sqlite3
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from subscriptions.store.database.sqlite.newest_schema import END, SCRIPT
from subscriptions.store.database.store import Store

_MADE = """
    SELECT sql FROM sqlite_master AS made
    WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' AND NOT EXISTS (
        SELECT 1 FROM sqlite_master AS virtual  -- whose own tables are made with it
        WHERE virtual.sql LIKE 'CREATE VIRTUAL TABLE%'
        AND made.name LIKE replace(virtual.name, '_', '\\_') || '\\_%' ESCAPE '\\'
    )
    ORDER BY CASE type WHEN 'table' THEN 0 WHEN 'index' THEN 1 ELSE 2 END, rowid
"""


def migrated() -> str:
    """Returns the script of the newest schema."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "made.db"
        with closing(Store(f"sqlite:///{path}")) as store:
            store.upgrade()
        with closing(sqlite3.connect(path)) as connection:
            return "".join(f"{statement}{END}" for statement in _statements(connection))


def _statements(connection: sqlite3.Connection) -> Iterator[str]:
    for (statement,) in connection.execute(_MADE):
        lines = statement.strip().split("\n")
        yield "\n".join(line.replace("\t", "    ").rstrip() for line in lines if line.strip())
    ((revision,),) = connection.execute("SELECT version_num FROM alembic_version")
    yield f"INSERT INTO alembic_version VALUES ('{revision}')"  # noqa: S608 - a number of ours


if __name__ == "__main__":
    SCRIPT.write_text(migrated(), "utf-8")
    sys.exit(0)
