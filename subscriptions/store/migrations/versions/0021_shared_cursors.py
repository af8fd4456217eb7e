"""cursors that many `now` subscriptions share, and a log of the queries that came and went."""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

_BECOMES_DUE = "state = 'active' AND chat_active IS 1 AND shared_cursor IS NULL"
_INDEXES = {  # name → columns, and which rows beside those that become due
    "ix_subscription_due": (["next_due_at", "cursor"], ""),
    "ix_subscription_put_off": (["next_due_at"], "next_due_at IS NOT NULL AND latest_due_at IS NULL AND "),
    "ix_subscription_latest_due": (["latest_due_at"], "latest_due_at IS NOT NULL AND "),
}
_GIVEN_BACK = """
    cursor = max(cursor, (SELECT sequence FROM shared_cursor WHERE id = subscription.shared_cursor)), shared_cursor = NULL
"""
_TRIGGERS = (
    f"""
    CREATE TRIGGER subscription_changed
    AFTER UPDATE OF chat, "query", cadence, state, next_due_at, latest_due_at, chat_active ON subscription
    WHEN OLD.shared_cursor IS NOT NULL AND NEW.shared_cursor IS NOT NULL AND (
        NEW.chat != OLD.chat OR NEW."query" != OLD."query" OR NEW.cadence != OLD.cadence OR NEW.state != 'active'
        OR NEW.chat_active IS NOT 1 OR NEW.next_due_at IS NOT NULL OR NEW.latest_due_at IS NOT NULL
    )
    BEGIN UPDATE subscription SET {_GIVEN_BACK} WHERE id = NEW.id AND shared_cursor IS NOT NULL; END
    """,  # noqa: S608 - no input
    f"""
    CREATE TRIGGER chat_clock_changed AFTER UPDATE OF settings, timezone, kind ON chat
    WHEN NEW.settings IS NOT OLD.settings OR NEW.timezone IS NOT OLD.timezone OR NEW.kind IS NOT OLD.kind
    BEGIN UPDATE subscription SET {_GIVEN_BACK} WHERE chat = NEW.id AND shared_cursor IS NOT NULL; END
    """,  # noqa: S608 - as above
    """
    CREATE TRIGGER query_added AFTER INSERT ON "query"
    BEGIN INSERT INTO query_change ("query", token) VALUES (NEW.id, random()); END
    """,
    """
    CREATE TRIGGER query_removed AFTER DELETE ON "query"
    BEGIN INSERT INTO query_change ("query", token) VALUES (OLD.id, random()); END
    """,
)


def upgrade() -> None:
    """Adds the tables, columns and triggers. No table is made anew, and nobody follows a shared cursor yet."""
    op.create_table(
        "shared_cursor",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("quiet", sa.String(), nullable=False),
        sa.Column("zone", sa.String(), nullable=False),
        sa.Column("operator_zone", sa.String(), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.UniqueConstraint("quiet", "zone", "operator_zone"),
    )
    op.create_index("ix_shared_cursor_sequence", "shared_cursor", ["sequence"])
    op.create_table(
        "query_change",
        sa.Column("sequence", sa.Integer(), primary_key=True),
        sa.Column("query", sa.Integer(), nullable=False),
        sa.Column("token", sa.BigInteger(), nullable=False),
        sqlite_autoincrement=True,
    )
    op.add_column("subscription", sa.Column("shared_cursor", sa.Integer(), nullable=True))
    for name, (columns, others) in _INDEXES.items():
        op.drop_index(name, "subscription")
        op.create_index(name, "subscription", columns, sqlite_where=sa.text(f"{others}{_BECOMES_DUE}"))
    op.add_column("chat", sa.Column("streak_after", sa.Integer(), nullable=True))
    op.execute(
        "UPDATE chat SET streak_after = json_extract(no_match_streak, '$.after')"
        " WHERE json_extract(no_match_streak, '$.said') = 0"
    )
    op.create_index("ix_chat_streak", "chat", ["streak_after"], sqlite_where=sa.text("streak_after IS NOT NULL"))
    for trigger in _TRIGGERS:
        op.execute(trigger)
