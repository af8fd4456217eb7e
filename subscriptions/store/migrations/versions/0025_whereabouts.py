"""a worker says where it is, and when it was last at work."""

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Adds machine, number, start and last heartbeat of a worker. No table is made anew; of workers from before they are not known."""
    op.add_column("worker", sa.Column("host", sa.String(), nullable=False, server_default=""))
    op.add_column("worker", sa.Column("number", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("worker", sa.Column("since", sa.DateTime(timezone=True), nullable=True))
    op.add_column("worker", sa.Column("beat_at", sa.DateTime(timezone=True), nullable=True))
