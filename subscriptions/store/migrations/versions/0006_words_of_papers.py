"""words of papers."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Adds a full-text index of the papers, by which they are counted, and an index that finds the papers of some days."""
    op.create_table(
        "indexed_paper",
        sa.Column("entry", sa.Integer(), primary_key=True),
        sa.Column("paper", sa.Integer(), sa.ForeignKey("paper.id", ondelete="CASCADE"), nullable=False),
        sa.UniqueConstraint("paper"),
        sqlite_autoincrement=True,
    )
    op.execute(
        "CREATE VIRTUAL TABLE paper_words USING fts5"
        "(title, abstract, summary, author, label, content='', columnsize=0, tokenize='ascii')"
    )
    op.drop_index("ix_paper_day", "paper")
    op.create_index("ix_paper_counted", "paper", ["day", "change", "cross"])
