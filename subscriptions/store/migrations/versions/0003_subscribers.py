"""subscribers."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Adds who added a subscription, so that it is paused when that person leaves the channel, and why it is paused."""
    op.add_column("subscription", sa.Column("subscriber", sa.String(), nullable=False, server_default=""))
    op.add_column("subscription", sa.Column("state_reason", sa.String(), nullable=False, server_default=""))
