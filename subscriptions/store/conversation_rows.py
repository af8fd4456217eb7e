"""The tables of conversations: updates, changes, buttons, states, signals, pages. `rows` has the others."""

from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Field

from subscriptions.states import Signal
from subscriptions.store import columns
from subscriptions.store.columns import NEVER_AGAIN, Json, Numbered, Row, moment

UNANSWERED = "NOT answered"  # condition on updates, in exactly the words of the index of those that wait for an answer


class UpdateRow(Row, table=True):
    """An update from a platform, stored so that it takes effect only once (docs/architecture.md, rule 8)."""

    __table_args__ = (
        columns.index("ix_update_chat", "chat", "at"),
        columns.index("ix_update_at", "at"),
        columns.index("ix_update_unanswered", "at", where=UNANSWERED),
    )
    platform: str = Field(primary_key=True)
    update_id: str = Field(primary_key=True)
    at: datetime = moment()
    # None: the chat is not stored, or was erased. The id stays, so that what it did is not done again.
    chat: int | None = columns.reference("chat.id", when_deleted="SET NULL", default=None)
    changed: bool = False  # it changed something; otherwise it only asked
    answered: bool = False  # its reply was posted or given up, or it gets none


class UndoRow(Numbered, table=True):
    """The state of a chat before a change, for `undo`."""

    __table_args__ = (
        columns.index("ix_undo_at", "at"),
        columns.index("ix_undo_who", "who"),
        NEVER_AGAIN,  # buttons name the id
    )
    chat: int = columns.reference("chat.id", index=True)
    who: str = ""
    at: datetime = moment()
    before: Json = columns.json_column(dict)


class CallbackRow(Row, table=True):
    """A callback token: the meaning of the opaque id in a button, see model.CallbackToken."""

    __table_args__ = (
        columns.index("ix_callback_at", "at"),
        columns.index("ix_callback_about", "about", where="about IS NOT NULL"),
    )
    id: str = Field(primary_key=True)
    chat: int = columns.reference("chat.id", index=True)  # the only chat in which the token works
    about: int | None = columns.reference("chat.id", default=None)  # another chat on which it acts
    person: str = Field(default="", index=True)
    verb: str
    arguments: Json = columns.json_column(dict)
    at: datetime = moment()


class ConversationStateRow(Row, table=True):
    """What a conversation must remember, under a name: an open question, or that the chat was greeted."""

    __table_args__ = (
        columns.index("ix_conversation_state_until", "until"),
        columns.index("ix_conversation_state_about", "about", where="about IS NOT NULL"),
    )
    chat: int = columns.reference("chat.id", primary_key=True)
    person: str = Field(default="", primary_key=True, index=True)  # "": of the whole chat
    name: str = Field(primary_key=True)
    about: int | None = columns.reference("chat.id", default=None)
    verb: str
    arguments: Json = columns.json_column(dict)
    at: datetime = moment()
    until: datetime = moment()  # the state is no longer valid after this moment


class SignalRow(Row, table=True):
    """What a chat did with a paper, see store/signals.py."""

    __table_args__ = (columns.index("ix_signal_paper", "paper"),)
    chat: int = columns.reference("chat.id", primary_key=True)
    paper: int = columns.reference("paper.id", primary_key=True)
    kind: Signal = columns.choice(Signal, primary_key=True)
    at: datetime = moment()


class LibraryRow(Row, table=True):
    """A person's own library, as it was read from a file."""

    chat: int = columns.reference("chat.id", primary_key=True)
    at: datetime = moment()
    entries: int


class LibraryEntryRow(Row, table=True):
    """A key by which a paper is found in a library: the key of the paper, or its title as an alias."""

    chat: int = columns.reference("chat.id", primary_key=True)
    key: str = Field(primary_key=True)
    title: str = ""


class ChatKeyRow(Row, table=True):
    """The hash of a key of a chat, see store/chat_keys.py."""

    chat: int = columns.reference("chat.id", primary_key=True)
    key_hash: str = Field(unique=True)
    at: datetime = moment()


class PageMessageRow(Row, table=True):
    """A message on the bot's own pages. `change` is the number of the chat's change that wrote or last edited it."""

    __table_args__ = (
        sa.UniqueConstraint("chat", "delivery", "part"),
        columns.index("ix_page_message_change", "chat", "change"),
        columns.index("ix_page_message_at", "at"),
    )
    chat: str = Field(primary_key=True)  # "platform:address"
    number: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    change: int
    delivery: str  # `delivery` and `part` identify the message, so storing it again adds no second message
    part: int
    is_own: bool = False  # the person wrote it
    payload: str
    at: datetime = moment()
    is_edited: bool = False
