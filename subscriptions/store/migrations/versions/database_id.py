"""Version 1.1: each database has an id, which its copies bear."""

import sqlalchemy as sa
from alembic import context, op

from subscriptions.store.database.schema import FIRST

revision = "database_id"
down_revision = FIRST
branch_labels = None
depends_on = None

_VALUES = sa.table("key_value", sa.column("name", sa.String), sa.column("value", sa.String))


def upgrade() -> None:
    """Store the id, unless the database is a copy that was made for an upgrade and has it."""
    known = op.get_bind().execute(sa.select(_VALUES).where(_VALUES.c.name == "database-id")).first()
    if not known:
        op.execute(_VALUES.insert().values(name="database-id", value=context.config.attributes["database_id"]))
