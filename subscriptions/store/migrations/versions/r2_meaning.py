"""Adds the codes of papers and the vectors of questions. The papers of today get their codes later, newest first."""

import sqlalchemy as sa
from alembic import op

revision = "r2"
down_revision = "r1"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Adds three tables."""
    op.create_table(
        "paper_meaning",
        sa.Column("entry", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), primary_key=True),
        sa.Column("paper", sa.Integer(), sa.ForeignKey("paper.id", ondelete="CASCADE"), nullable=False),
        sa.Column("encoder", sa.String(), nullable=False),
        sa.Column("overall", sa.LargeBinary(), nullable=False),
        sa.Column("parts", sa.LargeBinary(), nullable=False),
        sa.UniqueConstraint("paper"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "question",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("encoder", sa.String(), nullable=False),
        sa.Column("vector", sa.LargeBinary(), nullable=False),
        sa.UniqueConstraint("text").ddl_if(dialect="sqlite"),
    )
    if op.get_bind().dialect.name == "postgresql":
        op.execute("ALTER TABLE question ADD EXCLUDE USING hash (text WITH =)")
    op.create_index("ix_question_encoder", "question", ["encoder"])
    op.create_table(
        "question_of_query",
        sa.Column("query", sa.Integer(), sa.ForeignKey("query.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("question", sa.Integer(), sa.ForeignKey("question.id"), primary_key=True),
    )
    op.create_index("ix_question_of_query_question", "question_of_query", ["question"])
