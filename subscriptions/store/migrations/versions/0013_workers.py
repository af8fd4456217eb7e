"""messages and replies in hand have an owner."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Adds workers with their heartbeats, and the worker of each message and update. No table is made anew.

    What an older version left in hand belongs to no worker, so the next start recovers it.
    """
    op.create_table(
        "worker",
        sa.Column("id", sa.String(), primary_key=True),
        sa.Column("beat", sa.Integer(), nullable=False),
        sa.Column("holds_sender_lock", sa.Boolean(), nullable=False),
    )
    op.add_column("message", sa.Column("worker", sa.String(), nullable=False, server_default=""))
    op.add_column("update", sa.Column("worker", sa.String(), nullable=False, server_default=""))
