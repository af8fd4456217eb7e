"""subscribers."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Who added a subscription, so that it can wait when they leave the channel, and why one waits."""
    op.add_column("subscription", sa.Column("subscriber", sa.String(), nullable=False, server_default=""))
    op.add_column("subscription", sa.Column("state_reason", sa.String(), nullable=False, server_default=""))
