"""Queries longer than the 2,704 bytes that a unique index of PostgreSQL holds: there they are told apart by their hashes."""

from alembic import op

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Makes an exclusion constraint by a hash index of the unique one. SQLite has no such bound."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute("ALTER TABLE query DROP CONSTRAINT query_canonical_key")
        op.execute("ALTER TABLE query ADD EXCLUDE USING hash (canonical WITH =)")
