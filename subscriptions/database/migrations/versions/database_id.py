"""Version 1.1: each database has an id, which its copies bear; a paper without an id is also known by its address."""

import sqlalchemy as sa
from alembic import context, op

from subscriptions.database.schema import FIRST
from subscriptions.identity import keys_of_address

revision = "database_id"
down_revision = FIRST
branch_labels = None
depends_on = None

_KEYS = sa.table("paper_key", sa.column("key", sa.String), sa.column("paper", sa.BigInteger))
_PAPERS = sa.table(
    "paper", *(sa.column(name, sa.String) for name in ("arxiv_id", "doi", "url")), sa.column("id", sa.BigInteger)
)
_VALUES = sa.table("key_value", sa.column("name", sa.String), sa.column("value", sa.String))


def upgrade() -> None:
    """Store the id, unless the database is a copy that was made for an upgrade and has it."""
    known = op.get_bind().execute(sa.select(_VALUES).where(_VALUES.c.name == "database-id")).first()
    if not known:
        op.execute(_VALUES.insert().values(name="database-id", value=context.config.attributes["database_id"]))
    without_id = _PAPERS.c.arxiv_id.is_(None), _PAPERS.c.doi.is_(None), _PAPERS.c.url.is_not(None)
    found: dict[str, int] = {}
    for paper, address in op.get_bind().execute(sa.select(_PAPERS.c.id, _PAPERS.c.url).where(*without_id)):
        found = dict.fromkeys(keys_of_address(address), paper) | found  # the first paper of an address keeps it
    if found:
        op.bulk_insert(_KEYS, [{"key": key, "paper": paper} for key, paper in found.items()])
