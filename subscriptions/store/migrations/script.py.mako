"""${message}."""

import sqlalchemy as sa
from alembic import op
import sqlmodel
import subscriptions.store._rows
${imports if imports else ""}

revision = ${repr(up_revision)}
down_revision = ${repr(down_revision)}
branch_labels = None
depends_on = None


def upgrade() -> None:
    """${message}."""
    ${upgrades if upgrades else "pass"}
