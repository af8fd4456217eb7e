"""indexes, so that no statement reads a whole table; the day of an item whose delivery is not stored any more."""

import json

import sqlalchemy as sa
from alembic import op

from subscriptions.store import mentions

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

_REPLACED = (
    ("ix_receipt_source", "receipt"),
    ("ix_digest_source", "digest"),
    ("ix_paper_sequenced_at", "paper"),
    ("ix_subscription_chat", "subscription"),  # the two unique ones begin with the chat
    ("ix_subscription_next_due_at", "subscription"),
    ("ix_delivery_item_delivery", "delivery_item"),
    ("ix_message_edit", "message"),
)
_INDEXES = (  # name, table, columns, the rows that it holds ("": all)
    ("ix_receipt_source", "receipt", ("source", "outcome"), ""),
    ("ix_receipt_at", "receipt", ("at",), ""),
    ("ix_digest_source", "digest", ("source", "date"), ""),
    ("ix_digest_date", "digest", ("date",), ""),
    ("ix_digest_warned", "digest", ("received_at",), "warnings != '[]'"),
    ("ix_paper_sequenced_at", "paper", ("sequenced_at", "sequence"), ""),
    ("ix_paper_alias_paper", "paper_alias", ("paper",), ""),
    ("ix_chat_asked", "chat", ("state_since",), "state = 'asked'"),
    ("ix_chat_paused_until", "chat", ("paused_until",), "paused_until IS NOT NULL"),
    ("ix_chat_unreachable", "chat", ("state_since",), "pause_reason IS NOT NULL"),
    ("ix_chat_moved_to", "chat", ("moved_to",), "moved_to IS NOT NULL"),
    ("ix_chat_owner", "chat", ("owner",), ""),
    ("ix_chat_admin", "chat", ("admin",), "admin IS 1"),
    ("ix_subscription_due", "subscription", ("next_due_at", "cursor"), ""),
    ("ix_subscription_latest_due", "subscription", ("latest_due_at",), "latest_due_at IS NOT NULL"),
    ("ix_subscription_paused_until", "subscription", ("paused_until",), "paused_until IS NOT NULL"),
    ("ix_subscription_subscriber", "subscription", ("subscriber",), ""),
    ("ix_delivery_notice", "delivery", ("settled_at",), "kind = 'notice'"),
    ("ix_delivery_item_delivery", "delivery_item", ("delivery",), "delivery IS NOT NULL"),
    ("ix_delivery_item_paper", "delivery_item", ("paper",), ""),
    ("ix_message_attempted_at", "message", ("attempted_at",), ""),
    ("ix_message_edit", "message", ("edit_requested_at",), "edit_requested_at IS NOT NULL"),
    ("ix_update_at", "update", ("at",), ""),
    ("ix_undo_at", "undo", ("at",), ""),
    ("ix_undo_who", "undo", ("who",), ""),
    ("ix_callback_at", "callback", ("at",), ""),
    ("ix_callback_verb", "callback", ("verb",), ""),
    ("ix_callback_person", "callback", ("person",), ""),
)


def upgrade() -> None:
    """Adds the indexes, and the column that keeps the day on which a paper was delivered."""
    op.add_column("delivery_item", sa.Column("delivered_on", sa.Date(), nullable=True))
    for name, table in _REPLACED:
        op.drop_index(name, table)
    for name, table, columns, where in _INDEXES:
        op.create_index(name, table, list(columns), sqlite_where=sa.text(where) if where else None)
    op.create_index("ix_paper_key_folded", "paper_key", [sa.text("lower(key)")])
    op.create_table(
        "mention",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("word", sa.String(), nullable=False),
        sa.Column("callback", sa.String(), sa.ForeignKey("callback.id", ondelete="CASCADE"), nullable=True),
        sa.Column("delivery", sa.Integer(), sa.ForeignKey("delivery.seq", ondelete="CASCADE"), nullable=True),
        sa.Column("change", sa.Integer(), sa.ForeignKey("undo.id", ondelete="CASCADE"), nullable=True),
    )
    _read_mentions()
    op.create_index("ix_mention_word", "mention", ["word"])
    for column in ("callback", "delivery", "change"):
        op.create_index(f"ix_mention_{column}", "mention", [column], sqlite_where=sa.text(f"{column} IS NOT NULL"))


def _read_mentions() -> None:
    """Stores by which words the callbacks, notices and changes that are there name chats and people."""
    connection = op.get_bind()
    for row in connection.execute(sa.text("SELECT id, place, arguments FROM callback")):
        _note("callback", row.id, mentions.words_of_callback(row.id, json.loads(row.arguments), row.place))
    for row in connection.execute(sa.text("SELECT seq, dedupe_key, facts FROM delivery WHERE kind = 'notice'")):
        detail = json.loads(row.facts).get("detail") or {}
        _note("delivery", row.seq, mentions.words_of_notice(row.dedupe_key, detail))
    changes = "SELECT undo.id, undo.before, chat.address FROM undo JOIN chat ON chat.id = undo.chat"
    for row in connection.execute(sa.text(changes)):
        _note("change", row.id, mentions.words_of_change(json.loads(row.before), row.address))


def _note(column: str, of: object, words: set[str]) -> None:
    stored = sa.text(f"INSERT INTO mention (word, {column}) VALUES (:word, :of)")  # noqa: S608 - a name of ours
    for word in sorted(words):
        op.get_bind().execute(stored, {"word": word, "of": of})
