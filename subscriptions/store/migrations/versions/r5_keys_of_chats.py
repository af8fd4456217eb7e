"""Adds the keys of chats, which open feeds and the API."""

import sqlalchemy as sa
from alembic import op

revision = "r5"
down_revision = "r4"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Adds a table."""
    op.create_table(
        "chat_key",
        sa.Column("chat", sa.Integer(), sa.ForeignKey("chat.id", ondelete="CASCADE"), primary_key=True),
        sa.Column(
            "opens", sa.Enum("feed", "api", name="opens", native_enum=False, create_constraint=True), primary_key=True
        ),
        sa.Column("key_hash", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.UniqueConstraint("key_hash"),
    )
