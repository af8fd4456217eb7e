"""The first schema. The program makes it from the declaration (database/schema.py), not with Alembic."""

from subscriptions.database.schema import FIRST

revision = FIRST
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Do nothing, since a database without a schema gets the newest schema directly."""
