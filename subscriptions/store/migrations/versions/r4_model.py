"""Adds the summaries that a language model makes, and what it costs each day."""

import sqlalchemy as sa
from alembic import op

revision = "r4"
down_revision = "r3"
branch_labels = None
depends_on = None

_STATES = ("wanted", "asked", "made", "failed", "wrong")


def upgrade() -> None:
    """Adds two tables."""
    state = sa.Enum(*_STATES, name="modelsummarystate", native_enum=False, create_constraint=True)
    op.create_table(
        "model_summary",
        sa.Column("paper", sa.Integer(), sa.ForeignKey("paper.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("language", sa.String(), primary_key=True),
        sa.Column("state", state, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("chats", sa.Integer(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True)),
        sa.Column("fields", sa.JSON(), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("model", sa.String(), nullable=False),
    )
    op.create_index("ix_model_summary_state", "model_summary", ["state", "language", "at"])
    op.create_table(
        "model_day",
        sa.Column("day", sa.Date(), primary_key=True),
        sa.Column("requests", sa.Integer(), nullable=False),
        sa.Column("tokens", sa.Integer(), nullable=False),
        sa.Column("made", sa.Integer(), nullable=False),
        sa.Column("failed", sa.Integer(), nullable=False),
    )
