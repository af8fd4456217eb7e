"""The tables of conversations: updates, changes, callback tokens, and what names whom. `rows` has the others."""

from datetime import datetime

from sqlalchemy import ForeignKey
from sqlmodel import Field, SQLModel

from subscriptions.states import InstallationState, ReplyState
from subscriptions.store.columns import Big, Json, Utc, choice, index, json_column, reference

UNFINISHED = "state != 'done'"  # of an update, as the index of unfinished replies has it


class UpdateRow(SQLModel, table=True):
    """An update of a platform, whose effect happens once (docs/architecture.md, rule 8)."""

    __tablename__ = "update"
    __table_args__ = (
        index("ix_update_chat", "chat", "at"),
        index("ix_update_at", "at"),
        index("ix_update_unfinished", "at", where=UNFINISHED),
    )
    platform: str = Field(primary_key=True)
    update_id: str = Field(primary_key=True)
    at: datetime = Field(sa_type=Utc)
    chat: str = ""
    reply: str = ""
    state: ReplyState = choice(ReplyState, ReplyState.DONE)
    worker: str = ""  # who posts the reply


class UndoRow(SQLModel, table=True):
    """The state of a chat before a change, for `undo`."""

    __tablename__ = "undo"
    __table_args__ = (index("ix_undo_at", "at"), index("ix_undo_who", "who"))
    id: int | None = Field(default=None, primary_key=True)
    chat: int = reference("chat.id", index=True)
    who: str = ""
    at: datetime = Field(sa_type=Utc)
    before: Json = json_column(dict)


class CallbackRow(SQLModel, table=True):
    """A callback token: what an opaque id in a button or link stands for. See model.CallbackToken."""

    __tablename__ = "callback"
    __table_args__ = (index("ix_callback_at", "at"), index("ix_callback_verb", "verb"))
    id: str = Field(primary_key=True)
    chat: int | None = Field(default=None, sa_column_args=[ForeignKey("chat.id", ondelete="CASCADE")], index=True)
    place: str = Field(default="", index=True)  # address of the chat where it works; "": in every chat
    person: str = Field(default="", index=True)
    at: datetime | None = Field(default=None, sa_type=Utc)
    verb: str
    arguments: Json = json_column(dict)


class MentionRow(SQLModel, table=True):
    """A word by which a callback, a notice or a change names a chat or a person; see mentions.py."""

    __tablename__ = "mention"
    __table_args__ = (
        index("ix_mention_callback", "callback", where="callback IS NOT NULL"),
        index("ix_mention_delivery", "delivery", where="delivery IS NOT NULL"),
        index("ix_mention_change", "change", where="change IS NOT NULL"),
    )
    id: int | None = Field(default=None, primary_key=True, sa_type=Big)
    word: str = Field(index=True)
    callback: str | None = Field(default=None, sa_column_args=[ForeignKey("callback.id", ondelete="CASCADE")])
    delivery: int | None = Field(default=None, sa_type=Big, sa_column_args=[ForeignKey("delivery.seq", ondelete="CASCADE")])
    change: int | None = Field(default=None, sa_column_args=[ForeignKey("undo.id", ondelete="CASCADE")])


class InstallationRow(SQLModel, table=True):
    """A workspace that installed the app."""

    __tablename__ = "installation"
    team: str = Field(primary_key=True)
    tokens: str = ""
    state: InstallationState = choice(InstallationState, InstallationState.ACTIVE)
    since: datetime = Field(sa_type=Utc)
