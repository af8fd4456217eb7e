"""Adds the journal of a paper and its day of publication. Papers of today get them when a source brings them again."""

import sqlalchemy as sa
from alembic import op

revision = "r3"
down_revision = "r2"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Adds two columns."""
    op.add_column("paper", sa.Column("venue", sa.String(), nullable=False, server_default=""))
    op.add_column("paper", sa.Column("published", sa.String(), nullable=False, server_default=""))
