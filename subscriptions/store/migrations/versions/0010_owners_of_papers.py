"""which source brought a paper first, and which of its values arXiv vouches for (papers/standing.py)."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

_ARXIV = """
    SELECT 1 FROM appearance JOIN digest ON digest.id = appearance.digest JOIN source ON source.name = digest.source
    WHERE appearance.paper = paper.id AND (
        source.kind = 'arxiv' OR source.location LIKE '%://arxiv.org/%' OR source.location LIKE '%://%.arxiv.org/%')
"""


def upgrade() -> None:
    """The owner of a known paper is the source of its first digest; where arXiv's own brought it, all values are arXiv's."""
    op.add_column("paper", sa.Column("owner", sa.String(), nullable=False, server_default=""))
    op.add_column("paper", sa.Column("vouched", sa.Integer(), nullable=False, server_default="0"))
    op.execute(
        """UPDATE paper SET owner = coalesce((
            SELECT digest.source FROM appearance JOIN digest ON digest.id = appearance.digest
            WHERE appearance.paper = paper.id ORDER BY digest.id LIMIT 1), '')"""
    )
    # The bits of Vouched: TITLE is 1, ABSTRACT 2, AUTHORS 4, CATEGORIES 8, PRIMARY 16, DOI 32, URL 64, COMMENT 128, VERSION 256,
    # WITHDRAWN 512. A value that is missing is nobody's.
    op.execute(
        f"""UPDATE paper SET vouched = (title != '') + 2 * (abstract != '') + 4 * (authors != '[]')
            + 8 * (categories != '[]') + 16 * ("primary" IS NOT NULL) + 32 * (doi IS NOT NULL) + 64 * (url IS NOT NULL)
            + 128 * (comment != '') + 256 * (version IS NOT NULL) + 512 * (withdrawn_at IS NOT NULL)
            WHERE arxiv_id IS NOT NULL AND EXISTS ({_ARXIV})"""  # noqa: S608 - the words stand above
    )
