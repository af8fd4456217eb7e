"""what chats did with papers, and the words of their taste."""

import sqlalchemy as sa
from alembic import op

revision = "0027"
down_revision = "0025"
branch_labels = None
depends_on = None

_KINDS = "kind IN ('opened', 'followed', 'saved', 'liked', 'disliked', 'excluded', 'muted')"


def upgrade() -> None:
    """Adds two tables. Nothing is changed; no chat has a signal yet."""
    op.create_table(
        "signal",
        sa.Column("chat", sa.Integer(), nullable=False),
        sa.Column("paper", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(8), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["chat"], ["chat.id"], ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["paper"], ["paper.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("chat", "paper", "kind"),
        *([sa.CheckConstraint(_KINDS)] if op.get_bind().dialect.name == "sqlite" else []),  # as all states there
    )
    op.create_index("ix_signal_paper", "signal", ["paper"])
    op.create_table(
        "taste",
        sa.Column("chat", sa.Integer(), nullable=False),
        sa.Column("words", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["chat"], ["chat.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("chat"),
    )
