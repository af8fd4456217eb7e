"""the first schema of PostgreSQL.

Migrations before this one were made for files of SQLite, in which this one changes nothing. Later ones run on both.
"""

from pathlib import Path

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

_SCHEMA = Path(__file__).with_suffix(".sql")


def upgrade() -> None:
    """Makes all tables, indexes and triggers in an empty database of PostgreSQL.

    One that was made by 0021 has them already.
    """
    connection = op.get_bind()
    if connection.dialect.name != "postgresql" or sa.inspect(connection).has_table("paper"):
        return
    driver = connection.connection.driver_connection
    assert driver is not None  # noqa: S101 - it is open
    driver.execute(_SCHEMA.read_bytes())
