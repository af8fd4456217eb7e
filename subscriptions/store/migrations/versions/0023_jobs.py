"""the tables of the engine of several workers, on PostgreSQL.

0023_jobs.sql is the schema of procrastinate 3.10.0, as it is (MIT licence, copyright PeopleDoc, Joachim Jablon and others).
A later version of procrastinate may need a migration of its own after this one; tests/integration/test_schema_of_jobs.py
compares, and says which.
"""

from pathlib import Path

from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None

_SCHEMA = Path(__file__).with_suffix(".sql")


def upgrade() -> None:
    """Makes the tables of jobs. On SQLite, which has one process, there are none.

    The index finds the jobs of a lane; without it, or without statistics, each look for a job sorts all that wait.
    """
    connection = op.get_bind()
    if connection.dialect.name != "postgresql":
        return
    driver = connection.connection.driver_connection
    assert driver is not None  # noqa: S101 - it is open
    driver.execute(_SCHEMA.read_bytes())
    op.execute(
        "CREATE INDEX procrastinate_jobs_of_lock ON procrastinate_jobs (lock, priority DESC, id)"
        " WHERE status IN ('todo', 'doing') AND lock IS NOT NULL"
    )
    op.execute("ANALYZE procrastinate_jobs")
