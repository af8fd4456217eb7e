"""Version 1.1: what became of papers, and what the chats that kept them know of it."""

import sqlalchemy as sa
from alembic import op

from subscriptions.database.columns import Utc, as_stored
from subscriptions.life import PaperFacts, Withdrawal
from subscriptions.text.statements import withdrawal_reason, withdrawn_by

revision = "life"
down_revision = "words"
branch_labels = None
depends_on = None

_JSON = sa.JSON(none_as_null=True)
_P = sa.table(
    "paper",
    sa.column("id", sa.Integer),
    sa.column("version", sa.Integer),
    *(sa.column(name, sa.String) for name in ("comment", "abstract")),
    sa.column("withdrawn_at", Utc),
    sa.column("facts", _JSON),
)


def upgrade() -> None:
    """Add the columns, and say of each withdrawn paper by which words it was withdrawn."""
    op.add_column("paper", sa.Column("facts", _JSON))
    op.add_column("paper", sa.Column("facts_at", sa.DateTime(timezone=True)))
    op.add_column("signal", sa.Column("seen", _JSON))
    gone = sa.select(_P).where(_P.c.withdrawn_at.is_not(None))
    for row in op.get_bind().execute(gone).all():
        words = next(filter(withdrawn_by, (row.comment, row.abstract)), "")
        withdrawn = Withdrawal(
            at=row.withdrawn_at,
            version=row.version,
            by_authors=withdrawn_by(words) == "authors",
            reason=withdrawal_reason(words),
        )
        facts = as_stored(PaperFacts(withdrawn=withdrawn))
        op.execute(sa.update(_P).where(_P.c.id == row.id).values(facts=facts))
    op.drop_column("paper", "withdrawn_at")
    is_set = sa.text("facts_at IS NOT NULL")
    op.create_index("ix_paper_facts_at", "paper", ["facts_at"], postgresql_where=is_set, sqlite_where=is_set)
