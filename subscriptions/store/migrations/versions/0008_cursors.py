"""every subscription has a cursor of its own."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

_SHARED = "(SELECT CAST(value AS INTEGER) FROM key_value WHERE name = 'shared-cursor')"


def upgrade() -> None:
    """Gives subscriptions that shared one cursor its sequence as their own. The table is not made anew, and keeps every row."""
    op.add_column("subscription", sa.Column("own_cursor", sa.Integer(), nullable=False, server_default="0"))
    op.execute(f"UPDATE subscription SET own_cursor = COALESCE(cursor, {_SHARED}, 0)")  # noqa: S608 - no input
    op.drop_column("subscription", "cursor")
    op.execute("ALTER TABLE subscription RENAME COLUMN own_cursor TO cursor")
    op.execute("DELETE FROM key_value WHERE name = 'shared-cursor'")
