"""of each lane one message may be in hand, which a unique index says."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Adds the lane of a message, which is stored when it is marked as sending. No table is made anew.

    What an older version left in hand has no lane and so holds up none; the next start recovers it.
    """
    op.add_column("message", sa.Column("lane", sa.String(), nullable=True))
    op.create_index("ix_message_in_hand", "message", ["lane"], unique=True, sqlite_where=sa.text("state = 'sending'"))
