"""The schema of the first release. The program makes it from the declaration (database/schema.py), not with Alembic."""

revision = "r1"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Does nothing, since a database without a schema gets the newest schema directly."""
