"""How columns are declared on PostgreSQL, so that they hold and compare what they do on SQLite.

Texts are ordered and folded letter by letter (collation "C"), whatever the server's language is.
"""

import re
from typing import Any

from sqlalchemy.ext.compiler import compiles
from sqlalchemy.schema import CreateColumn

_TEXT = re.compile(r"\bVARCHAR(\(\d+\))?")


def declared(column: str) -> str:
    """The declaration of a column as SQLAlchemy writes it → as we have it."""
    return _TEXT.sub(r'VARCHAR\1 COLLATE "C"', column)


def declare_columns() -> None:
    """Has SQLAlchemy declare columns of new tables as we have them, in this process."""
    compiles(CreateColumn, "postgresql")(_column)


def _column(element: CreateColumn, compiler: Any, **named: Any) -> str | None:  # noqa: ANN401 - as SQLAlchemy has them
    found: str | None = compiler.visit_create_column(element, **named)
    return None if found is None else declared(found)
