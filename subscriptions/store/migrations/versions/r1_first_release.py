"""The schema of the first release. It is made from the declaration (database/schema.py), not by Alembic."""

revision = "r1"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Does nothing: a database without a schema gets the newest one."""
