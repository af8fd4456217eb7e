"""conversations."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Adds what conversations need: public chats, the place of links, an index of a chat's commands by time."""
    op.add_column("chat", sa.Column("public", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("link", sa.Column("place", sa.String(), nullable=False, server_default=""))
    op.add_column("link", sa.Column("person", sa.String(), nullable=False, server_default=""))
    op.add_column("link", sa.Column("at", sa.DateTime(timezone=True), nullable=True))
    op.create_index("ix_link_place", "link", ["place"])
    op.create_index("ix_update_chat", "update", ["chat", "at"])
    op.create_index("ix_message_edit", "message", ["edit_state"])
