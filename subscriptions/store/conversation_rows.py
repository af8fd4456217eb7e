"""The tables of conversations: updates, changes, buttons, states, signals, mentions. `rows` has the others."""

from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Field

from subscriptions.states import ReplyState, Signal
from subscriptions.store import columns
from subscriptions.store.columns import NEVER_AGAIN, Big, Json, Numbered, Row, moment

UNFINISHED = "state != 'done'"  # condition on updates, in exactly the words of the index of unfinished replies


class UpdateRow(Row, table=True):
    """An update from a platform, stored so that it takes effect only once (docs/architecture.md, rule 8)."""

    __table_args__ = (
        columns.index("ix_update_chat", "chat", "at"),
        columns.index("ix_update_at", "at"),
        columns.index("ix_update_unfinished", "at", where=UNFINISHED),
    )
    platform: str = Field(primary_key=True)
    update_id: str = Field(primary_key=True)
    at: datetime = moment()
    chat: str = ""
    reply: str = ""
    state: ReplyState = columns.choice(ReplyState, default=ReplyState.DONE)


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

    __table_args__ = (columns.index("ix_callback_at", "at"),)
    id: str = Field(primary_key=True)
    place: str = Field(index=True)  # address of the chat in which the token is valid
    person: str = Field(default="", index=True)
    verb: str
    arguments: Json = columns.json_column(dict)
    at: datetime = moment()


class ConversationStateRow(Row, table=True):
    """What a conversation must remember: an open question, a connection to another chat, or a text to import."""

    __table_args__ = (columns.index("ix_conversation_state_until", "until"),)
    name: str = Field(primary_key=True)
    place: str = Field(index=True)
    person: str = Field(default="", index=True)
    verb: str
    arguments: Json = columns.json_column(dict)
    at: datetime = moment()
    until: datetime = moment()  # the state is no longer valid after this moment


class MentionRow(Row, table=True):
    """A word with which a callback, a state, a notice or a change names a chat or a person, see conversations.py."""

    __table_args__ = (
        columns.index("ix_mention_callback", "callback", where="callback IS NOT NULL"),
        columns.index("ix_mention_state", "state", where="state IS NOT NULL"),
        columns.index("ix_mention_delivery", "delivery", where="delivery IS NOT NULL"),
        columns.index("ix_mention_change", "change", where="change IS NOT NULL"),
    )
    id: int = Field(default=None, primary_key=True, sa_type=Big)
    word: str = Field(index=True)
    callback: str | None = columns.reference("callback.id", default=None)
    state: str | None = columns.reference("conversation_state.name", default=None)
    delivery: int | None = columns.reference("delivery.seq", sa_type=Big, default=None)
    change: int | None = columns.reference("undo.id", default=None)


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
    # the title as a question, of some entries: papers near to it are near to the library
    question: int | None = columns.reference("question.id", when_deleted="SET NULL", default=None, index=True)


class ChatKeyRow(Row, table=True):
    """The hash of a key of a chat, see store/chat_keys.py."""

    chat: int = columns.reference("chat.id", primary_key=True)
    key_hash: str = Field(unique=True)
    at: datetime = moment()


class PageLogRow(Row, table=True):
    """A chat on the bot's own pages. `changes` counts its messages that were written or edited."""

    chat: str = Field(primary_key=True)  # "platform:address"
    changes: int = 0


class PageMessageRow(Row, table=True):
    """A message on the bot's own pages. `change` is the number of the change that wrote or last edited it."""

    __table_args__ = (
        sa.UniqueConstraint("chat", "delivery", "part"),
        columns.index("ix_page_message_change", "chat", "change"),
        columns.index("ix_page_message_at", "at"),
    )
    chat: str = columns.reference("page_log.chat", primary_key=True)
    number: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    change: int
    delivery: str  # `delivery` and `part` identify the message, so storing it again adds no second message
    part: int
    is_own: bool = False  # the person wrote it
    payload: str
    at: datetime = moment()
    is_edited: bool = False
