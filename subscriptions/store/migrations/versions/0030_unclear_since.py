"""When the first of the posts of a message began that may have arrived: from then on it is looked up."""

import sqlalchemy as sa
from alembic import op

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Adds the moment. Of an earlier message only its last attempt is known."""
    op.add_column("message", sa.Column("unclear_since", sa.DateTime(timezone=True), nullable=True))
    op.execute("UPDATE message SET unclear_since = attempted_at WHERE state IN ('sending', 'unclear')")
