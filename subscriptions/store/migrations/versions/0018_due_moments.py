"""indexes of the `now` subscriptions that quiet hours put off, and of those for which a loss counts."""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Adds the indexes. No table is made anew."""
    op.create_index(
        "ix_subscription_put_off",
        "subscription",
        ["next_due_at"],
        sqlite_where=sa.text(
            "next_due_at IS NOT NULL AND latest_due_at IS NULL AND state = 'active' AND chat_active IS 1"
        ),
    )
    op.create_index(
        "ix_subscription_counted",
        "subscription",
        ["counted_until", "chat"],
        sqlite_where=sa.text("counted_until IS NOT NULL"),
    )
