"""the rate of a token that several workers share, on PostgreSQL."""

from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Makes the table of token rates. On SQLite, which has one process, they are kept in memory."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            'CREATE TABLE token_rate (token VARCHAR COLLATE "C" PRIMARY KEY,'
            " full_at TIMESTAMPTZ NOT NULL DEFAULT '-infinity', rests_until TIMESTAMPTZ NOT NULL DEFAULT '-infinity')"
            " WITH (fillfactor = 10)"  # a row is written many times each second, and stays in its page
        )
