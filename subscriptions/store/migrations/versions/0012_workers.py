"""messages and replies in hand have an owner; indexes by the moments of attempts and updates."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
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
    op.create_index("ix_message_attempted_at", "message", ["attempted_at"])
    op.create_index("ix_update_at", "update", ["platform", "at"])
    op.create_index("ix_update_state", "update", ["state"])
