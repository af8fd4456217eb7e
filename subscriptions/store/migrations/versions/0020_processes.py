"""a worker says which process it is."""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Adds the process of a worker. No table is made anew; of workers from before it is not known."""
    op.add_column("worker", sa.Column("process", sa.String(), nullable=False, server_default=""))
