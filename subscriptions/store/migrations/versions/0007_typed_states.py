"""typed states, and names of the field."""

import json
from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_GONE = "gone: "  # how the reason of a chat began that the platform did not let the bot write to
_SKIPPED = "skipped: "  # how the reason of a message began whose look-up was given up
_MOVED = "moved to "
_APP_REMOVED = "The app was removed from the workspace."
_NO_RIGHTS = ("rights", "restricted", "forbidden_", "_forbidden")
_TOPIC_DELETED = ("thread not found", "topic_deleted")

_CHOICES = (  # table, column, its values; the first is the default
    ("chat", "kind", ("private", "group", "broadcast", "team")),
    ("chat", "state", ("active", "asked", "paused", "moved")),
    ("subscription", "state", ("active", "paused")),
    ("delivery", "kind", ("alert", "bulletin", "notice")),
    ("message", "state", ("ready", "sending", "waiting", "unclear", "sent", "dead")),
    ("update", "state", ("done", "ready", "again")),
    ("installation", "state", ("active", "uninstalled")),
    ("receipt", "outcome", ("new", "quiet", "stale", "late", "failed")),
)
_PAUSES = (
    "person",
    "gone",
    "no-rights",
    "archived",
    "not-a-member",
    "app-removed",
    "topic-closed",
    "topic-deleted",
    "other",
)
_RENAMED = (  # table, column, its new name
    ("paper", "change", "sequence"),
    ("paper", "changed_at", "sequenced_at"),
    ("subscription", "seen", "cursor"),
    ("chat", "spoken", "first_delivery_planned"),
    ("chat", "dry", "no_match_streak"),
)
_RENAMED_VALUES = (
    ("change", "sequence"),
    ("now", "shared-cursor"),
    ("filling", "enrichment"),
    ("told:dead", "notified:dead"),
)


def upgrade() -> None:
    """States are enumerations, with a reason and a detail where they had a sentence; tables and columns get other names.

    No table is made anew: with foreign keys on, SQLite would empty those that refer to it.
    """
    op.drop_index("ix_message_state", "message")
    op.drop_index("ix_message_edit", "message")
    _add_choice("chat", "admission", ("admitted", "denied"))
    _add_choice("chat", "pause_reason", _PAUSES)
    _add_choice("subscription", "pause_reason", ("subscriber-left",))
    op.add_column("chat", sa.Column("state_detail", sa.String(), nullable=False, server_default=""))
    op.add_column("message", sa.Column("lookup_given_up", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("message", sa.Column("edit_requested_at", sa.DateTime(timezone=True), nullable=True))
    _read_chats()
    _read_messages()
    _read_sources()
    op.execute("UPDATE subscription SET pause_reason = 'subscriber-left' WHERE state_reason != ''")
    for table, column in (
        ("chat", "state_reason"),
        ("subscription", "state_reason"),
        ("message", "edit_state"),
        ("message", "edit_payload"),
    ):
        op.drop_column(table, column)
    for table, column, values in _CHOICES:
        _restrict(table, column, values)
    _rename()
    op.create_index("ix_message_state", "message", ["state"])
    op.create_index("ix_message_edit", "message", ["edit_requested_at"])


def _rename() -> None:
    for table, column, name in _RENAMED:
        op.execute(f"ALTER TABLE {table} RENAME COLUMN {column} TO {name}")
    for index, table in (
        ("ix_paper_change", "paper"),
        ("ix_paper_changed_at", "paper"),
        ("ix_link_chat", "link"),
        ("ix_link_place", "link"),
    ):
        op.drop_index(index, table)
    op.rename_table("mark", "key_value")
    op.rename_table("link", "callback")
    op.create_index("ix_paper_sequence", "paper", ["sequence"])
    op.create_index("ix_paper_sequenced_at", "paper", ["sequenced_at"])
    op.create_index("ix_callback_chat", "callback", ["chat"])
    op.create_index("ix_callback_place", "callback", ["place"])
    for before, after in _RENAMED_VALUES:
        op.get_bind().execute(
            sa.text("UPDATE key_value SET name = :after WHERE name = :before"), {"before": before, "after": after}
        )


def _quoted(values: tuple[str, ...]) -> str:
    return ", ".join(f"'{value}'" for value in values)


def _add_choice(table: str, column: str, values: tuple[str, ...]) -> None:
    """Adds a column that is NULL or one of these values."""
    op.execute(f"ALTER TABLE {table} ADD COLUMN {column} VARCHAR CHECK ({column} IN ({_quoted(values)}))")


def _restrict(table: str, column: str, values: tuple[str, ...]) -> None:
    """Lets a column hold these values alone; SQLite adds a check only together with a column."""
    op.execute(
        f"ALTER TABLE \"{table}\" ADD COLUMN checked VARCHAR NOT NULL DEFAULT '{values[0]}'"
        f" CHECK (checked IN ({_quoted(values)}))"
    )
    op.execute(f'UPDATE "{table}" SET checked = {column} WHERE {column} IN ({_quoted(values)})')  # noqa: S608 - the names stand above
    op.execute(f'ALTER TABLE "{table}" DROP COLUMN {column}')
    op.execute(f'ALTER TABLE "{table}" RENAME COLUMN checked TO {column}')


def _read_chats() -> None:
    connection = op.get_bind()
    wanted = sa.text("SELECT id, state, topic, state_reason FROM chat WHERE state_reason != ''")
    stored = sa.text(
        "UPDATE chat SET admission = :admission, pause_reason = :pause_reason, state_detail = :detail WHERE id = :id"
    )
    for row in connection.execute(wanted).all():
        values = read_reason(row.state, row.state_reason, in_topic=row.topic != "")
        connection.execute(stored, {"id": row.id, **values})


def read_reason(state: str, reason: str, *, in_topic: bool) -> dict[str, str | None]:
    """What the sentence that was stored with a chat's state says: admission, reason of a pause, detail."""
    words, admission, pause = reason, None, None
    unreachable = reason.startswith(_GONE)
    if unreachable:
        words = reason.removeprefix(_GONE)
    if state == "asked":
        pause = "gone" if unreachable else None
        admission, words = ("denied", "") if words == "denied" else (None, words)
    elif state == "active":
        admission, words = ("admitted", "") if words == "let in" else (None, words)
    elif state == "moved":
        words = words.removeprefix(_MOVED)
    elif unreachable:
        pause = _why_unreachable(words, in_topic=in_topic)
    elif words == "paused in the chat":
        pause, words = "person", ""
    else:
        pause = "other"
    return {"admission": admission, "pause_reason": pause, "detail": words}


def _why_unreachable(words: str, *, in_topic: bool) -> str:
    said = words.lower()
    if words == _APP_REMOVED:
        return "app-removed"
    if in_topic and any(text in said for text in _TOPIC_DELETED):
        return "topic-deleted"
    if in_topic and ("topic" in said or "thread" in said):
        return "topic-closed"
    if "archived" in said:
        return "archived"
    if "not_in_channel" in said:
        return "not-a-member"
    return "no-rights" if any(text in said for text in _NO_RIGHTS) else "gone"


def _read_messages() -> None:
    connection = op.get_bind()
    connection.execute(
        sa.text(
            "UPDATE message SET lookup_given_up = 1, reason = substr(reason, :length)"
            " WHERE substr(reason, 1, :length - 1) = :skipped"
        ),
        {"skipped": _SKIPPED, "length": len(_SKIPPED) + 1},
    )
    edits = sa.text("SELECT delivery, number, edit_state FROM message WHERE edit_state > ''")
    stored = sa.text(
        "UPDATE message SET edit_requested_at = :at WHERE delivery = :delivery AND number = :number"
    ).bindparams(sa.bindparam("at", type_=sa.DateTime()))
    for row in connection.execute(edits).all():
        moment = datetime.fromisoformat(row.edit_state.partition(" ")[2]).astimezone(UTC)  # "due <when>"
        connection.execute(stored, {"at": moment, "delivery": row.delivery, "number": row.number})


def _read_sources() -> None:
    connection = op.get_bind()
    for row in connection.execute(sa.text("SELECT name, state FROM source")).all():
        state = json.loads(row.state)
        if "owed" in state:
            renamed = {"missed_days" if key == "owed" else key: value for key, value in state.items()}
            connection.execute(
                sa.text("UPDATE source SET state = :state WHERE name = :name"),
                {"name": row.name, "state": json.dumps(renamed)},
            )
