"""What the schema has on PostgreSQL beside the declared tables, and how their columns differ.

Texts are ordered and folded letter by letter (collation "C"), as SQLite does, in any language of the server.
"""

import re
from pathlib import Path
from typing import Any

from sqlalchemy.ext.compiler import compiles
from sqlalchemy.schema import CreateColumn

from subscriptions.store.database.postgres.side_session import RATES
from subscriptions.store.database.postgres.words import PAPER_WORDS

_TEXT = re.compile(r"\bVARCHAR(\(\d+\))?")
_JOBS = (  # of the engine of several workers
    # The schema of procrastinate 3.10.0, as it is (MIT licence, copyright PeopleDoc, Joachim Jablon and others). A later
    # version may need a revision of ours; tests/integration/test_schema_of_jobs.py compares, and says which.
    Path(__file__).with_name("jobs.sql").read_text("utf-8"),
    # Finds the jobs of a lane; without it, or without statistics, each look for a job sorts all that wait.
    """
    CREATE INDEX procrastinate_jobs_of_lock ON procrastinate_jobs (lock, priority DESC, id)
    WHERE status IN ('todo', 'doing') AND lock IS NOT NULL
    """,
    "ANALYZE procrastinate_jobs",
)
BESIDE_TABLES = (*PAPER_WORDS, *_JOBS, RATES)


def collated(column: str) -> str:
    """The declaration of a column as SQLAlchemy writes it → as we have it."""
    return _TEXT.sub(r'VARCHAR\1 COLLATE "C"', column)


@compiles(CreateColumn, "postgresql")
def _column(element: CreateColumn, compiler: Any, **named: Any) -> str | None:  # noqa: ANN401 - as SQLAlchemy has them
    found: str | None = compiler.visit_create_column(element, **named)
    return None if found is None else collated(found)
