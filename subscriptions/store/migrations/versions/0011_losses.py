"""losses."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Adds when a paper came that counts as sent after a restore, and up to when it does for a subscription."""
    op.add_column("paper", sa.Column("came_at", sa.DateTime(timezone=True)))
    op.add_column("subscription", sa.Column("counted_until", sa.DateTime(timezone=True)))
