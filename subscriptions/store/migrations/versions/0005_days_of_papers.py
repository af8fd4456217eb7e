"""days of papers."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_FILLED = """
UPDATE paper SET day = COALESCE(
    (SELECT MIN(digest.date) FROM appearance JOIN digest ON digest.id = appearance.digest
     WHERE appearance.paper = paper.id AND digest.received_at = paper.changed_at),
    (SELECT digest.date FROM appearance JOIN digest ON digest.id = appearance.digest
     WHERE appearance.paper = paper.id ORDER BY digest.id LIMIT 1),
    date(first_seen_at))
"""


def upgrade() -> None:
    """Adds the day under which a paper counts: of the digest that gave it its sequence, else of its first digest."""
    op.add_column("paper", sa.Column("day", sa.Date(), nullable=False, server_default="1970-01-01"))
    op.execute(_FILLED)
    op.create_index("ix_paper_day", "paper", ["day"])
    op.create_index("ix_appearance_digest", "appearance", ["digest"])
