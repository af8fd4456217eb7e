"""chats on our own pages: their messages, in the order in which they were written and changed."""

import sqlalchemy as sa
from alembic import op

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Makes two tables; no other is touched."""
    op.create_table(
        "page_log",
        sa.Column("chat", sa.String(), primary_key=True, nullable=False),
        sa.Column("changes", sa.Integer(), nullable=False),
    )
    op.create_table(
        "page_message",
        sa.Column(
            "chat", sa.String(), sa.ForeignKey("page_log.chat", ondelete="CASCADE"), primary_key=True, nullable=False
        ),
        sa.Column("number", sa.Integer(), primary_key=True, nullable=False, autoincrement=False),
        sa.Column("change", sa.Integer(), nullable=False),
        sa.Column("delivery", sa.String(), nullable=False),
        sa.Column("part", sa.Integer(), nullable=False),
        sa.Column("is_own", sa.Boolean(), nullable=False),
        sa.Column("payload", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("is_edited", sa.Boolean(), nullable=False),
        sa.UniqueConstraint("chat", "delivery", "part"),
    )
    op.create_index("ix_page_message_change", "page_message", ["chat", "change"])
    op.create_index("ix_page_message_at", "page_message", ["at"])
