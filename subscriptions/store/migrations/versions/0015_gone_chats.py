"""chats that are gone leave the indexes of due moments and of open deliveries; an index of unfinished replies."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

_IS_ACTIVE = "(SELECT state = 'active' FROM chat WHERE id = NEW.chat)"
_GETS_IT = """(
    SELECT state = 'active' OR (state = 'asked' AND pause_reason IS NULL AND NEW.kind = 'notice')
    FROM chat WHERE id = NEW.chat
)"""
_TRIGGERS = (
    """
    CREATE TRIGGER subscription_added AFTER INSERT ON subscription
    WHEN NEW.chat_active IS NOT IS_ACTIVE
    BEGIN UPDATE subscription SET chat_active = IS_ACTIVE WHERE id = NEW.id; END
    """,
    """
    CREATE TRIGGER subscription_moved AFTER UPDATE OF chat ON subscription
    WHEN NEW.chat_active IS NOT IS_ACTIVE
    BEGIN UPDATE subscription SET chat_active = IS_ACTIVE WHERE id = NEW.id; END
    """,
    """
    CREATE TRIGGER delivery_added AFTER INSERT ON delivery
    WHEN NEW.sendable IS NOT GETS_IT
    BEGIN UPDATE delivery SET sendable = GETS_IT WHERE seq = NEW.seq; END
    """,
    """
    CREATE TRIGGER delivery_opened_or_moved AFTER UPDATE OF settled_at, chat ON delivery
    WHEN NEW.settled_at IS NULL AND NEW.sendable IS NOT GETS_IT
    BEGIN UPDATE delivery SET sendable = GETS_IT WHERE seq = NEW.seq; END
    """,
    """
    CREATE TRIGGER chat_state_changed AFTER UPDATE OF state, pause_reason ON chat
    WHEN OLD.state IS NOT NEW.state OR OLD.pause_reason IS NOT NEW.pause_reason
    BEGIN
        UPDATE subscription SET chat_active = (NEW.state = 'active') WHERE chat = NEW.id;
        UPDATE delivery
        SET sendable = NEW.state = 'active' OR (NEW.state = 'asked' AND NEW.pause_reason IS NULL AND kind = 'notice')
        WHERE settled_at IS NULL AND chat = NEW.id;
    END
    """,
)


def upgrade() -> None:
    """Repeats the state of a chat in its subscriptions and open deliveries, and has triggers keep it. No table is made anew."""
    op.add_column("subscription", sa.Column("chat_active", sa.Boolean(), nullable=False, server_default=sa.true()))
    op.add_column("delivery", sa.Column("sendable", sa.Boolean(), nullable=False, server_default=sa.true()))
    for trigger in _TRIGGERS:
        op.execute(trigger.replace("IS_ACTIVE", _IS_ACTIVE).replace("GETS_IT", _GETS_IT))
    for table in ("subscription", "delivery"):
        op.execute(f"UPDATE {table} SET chat = chat")  # as if each had just come to its chat  # noqa: S608
    op.drop_index("ix_subscription_due", "subscription")
    op.drop_index("ix_subscription_latest_due", "subscription")
    becomes_due = "state = 'active' AND chat_active IS 1"
    op.create_index("ix_subscription_due", "subscription", ["next_due_at", "cursor"], sqlite_where=sa.text(becomes_due))
    op.create_index(
        "ix_subscription_latest_due",
        "subscription",
        ["latest_due_at"],
        sqlite_where=sa.text(f"latest_due_at IS NOT NULL AND {becomes_due}"),
    )
    op.create_index(
        "ix_delivery_sendable", "delivery", ["chat"], sqlite_where=sa.text("settled_at IS NULL AND sendable IS 1")
    )
    op.create_index("ix_update_unfinished", "update", ["at"], sqlite_where=sa.text("state != 'done'"))
