"""dry_spells."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Adds for how many days nothing has matched the subscriptions of a chat."""
    op.add_column("chat", sa.Column("dry", sa.JSON(), nullable=False, server_default="{}"))
