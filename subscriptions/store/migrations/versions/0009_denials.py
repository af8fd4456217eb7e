"""denials outlive the chat."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Adds a table for the hashes of addresses that an operator denied and whose chats were erased since.

    It is empty at first: of chats that were erased before, nothing is known any more.
    """
    op.create_table("denial", sa.Column("address_hash", sa.String(), primary_key=True))
