"""Version 1.1: a database knows which version of the words is on disk; this one has those of version 1.0.0."""

import sqlalchemy as sa
from alembic import op

revision = "words"
down_revision = "database_id"
branch_labels = None
depends_on = None

_VALUES = sa.table("key_value", sa.column("name", sa.String), sa.column("value", sa.String))


def upgrade() -> None:
    """Store the version. The words themselves are renewed afterwards, in slices (service/word_renewal.py)."""
    op.execute(_VALUES.insert().values(name="words", value="1"))
