"""The tables of conversations, and the tables of the bot's own work. `rows` has the other tables.

Conversations: updates, changes, buttons, offers, states, signals, and mentions of chats and people. Work: platforms,
publishers, codes of operators, the last loss, workers, leases, single values.
"""

from datetime import date, datetime

import sqlalchemy as sa
from sqlmodel import Field

from subscriptions import states
from subscriptions.store import columns
from subscriptions.store.columns import Big, Json, Numbered, Row, Utc

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
    at: datetime = Field(sa_type=Utc)
    chat: str = ""
    reply: str = ""
    state: states.ReplyState = columns.choice(states.ReplyState, states.ReplyState.DONE)
    worker: str = ""  # the worker that posts the reply


class UndoRow(Numbered, table=True):
    """The state of a chat before a change, for `undo`."""

    __table_args__ = (columns.index("ix_undo_at", "at"), columns.index("ix_undo_who", "who"))
    chat: int = columns.reference("chat.id", index=True)
    who: str = ""
    at: datetime = Field(sa_type=Utc)
    before: Json = columns.json_column(dict)


class CallbackRow(Row, table=True):
    """A callback token: the meaning of the opaque id in a button, see model.CallbackToken."""

    __table_args__ = (columns.index("ix_callback_at", "at"),)
    id: str = Field(primary_key=True)
    place: str = Field(index=True)  # address of the chat in which the token is valid
    person: str = Field(default="", index=True)
    verb: str
    arguments: Json = columns.json_column(dict)
    at: datetime = Field(sa_type=Utc)


class OfferRow(Row, table=True):
    """A subscription that a chat offers to others with a link. `id` is a part of the link."""

    __table_args__ = (sa.UniqueConstraint("chat", "number"),)
    id: str = Field(primary_key=True)
    chat: int = columns.reference("chat.id")
    number: int  # the subscription's number in its chat
    text: str
    cadence: str
    at: datetime = Field(sa_type=Utc)


class ConversationStateRow(Row, table=True):
    """What a conversation must remember: an open question, a connection to another chat, or a text to import."""

    __table_args__ = (columns.index("ix_conversation_state_until", "until"),)
    name: str = Field(primary_key=True)
    place: str = Field(index=True)
    person: str = Field(default="", index=True)
    verb: str
    arguments: Json = columns.json_column(dict)
    at: datetime = Field(sa_type=Utc)
    until: datetime = Field(sa_type=Utc)  # the state is no longer valid after this moment


class PendingLookupRow(Row, table=True):
    """A request that a worker will answer once it has looked up the papers of the request."""

    __table_args__ = (columns.index("ix_pending_lookup_at", "at"),)
    name: str = Field(primary_key=True)
    place: str = Field(index=True)
    person: str = Field(default="", index=True)
    request: Json = columns.json_column(dict)
    at: datetime = Field(sa_type=Utc)
    worker: str = Field(default="", index=True)  # the worker that will answer it


class WrongCodeRow(Numbered, table=True):
    """A wrong operator code that a chat sent."""

    __table_args__ = (columns.index("ix_wrong_code_chat", "chat", "at"), columns.index("ix_wrong_code_at", "at"))
    chat: int = columns.reference("chat.id")
    at: datetime = Field(sa_type=Utc)


class CompletedInstallationRow(Row, table=True):
    """An installation that was completed, stored so that its link works only once."""

    __table_args__ = (columns.index("ix_completed_installation_at", "at"),)
    id: str = Field(primary_key=True)
    at: datetime = Field(sa_type=Utc)


class MentionRow(Row, table=True):
    """A word with which a callback, a state, a notice or a change names a chat or a person, see conversations.py."""

    __table_args__ = (
        columns.index("ix_mention_callback", "callback", where="callback IS NOT NULL"),
        columns.index("ix_mention_state", "state", where="state IS NOT NULL"),
        columns.index("ix_mention_delivery", "delivery", where="delivery IS NOT NULL"),
        columns.index("ix_mention_change", "change", where="change IS NOT NULL"),
    )
    id: int | None = Field(default=None, primary_key=True, sa_type=Big)
    word: str = Field(index=True)
    callback: str | None = Field(default=None, sa_column_args=[sa.ForeignKey("callback.id", ondelete="CASCADE")])
    state: str | None = Field(
        default=None, sa_column_args=[sa.ForeignKey("conversation_state.name", ondelete="CASCADE")]
    )
    delivery: int | None = Field(
        default=None, sa_type=Big, sa_column_args=[sa.ForeignKey("delivery.seq", ondelete="CASCADE")]
    )
    change: int | None = Field(default=None, sa_column_args=[sa.ForeignKey("undo.id", ondelete="CASCADE")])


class SignalRow(Row, table=True):
    """What a chat did with a paper, see store/signals.py."""

    __table_args__ = (columns.index("ix_signal_paper", "paper"),)
    chat: int = columns.reference("chat.id", primary=True)
    paper: int = columns.reference("paper.id", primary=True)
    kind: states.Signal = Field(primary_key=True, sa_type=columns.choices_of(states.Signal))
    at: datetime = Field(sa_type=Utc)


class TasteRow(Row, table=True):
    """The words of a chat's taste with their weights, and its meaning, computed from its signals and its library."""

    chat: int = columns.reference("chat.id", primary=True)
    words: Json = columns.json_column(dict)


class LibraryRow(Row, table=True):
    """A person's own library, as it was read from a file."""

    chat: int = columns.reference("chat.id", primary=True)
    at: datetime = Field(sa_type=Utc)
    entries: int
    words: Json = columns.json_column(dict)  # see ranking.LibraryWords


class LibraryEntryRow(Row, table=True):
    """A key by which a paper is found in a library: the key of the paper, or its title as an alias."""

    chat: int = columns.reference("chat.id", primary=True)
    key: str = Field(primary_key=True)
    title: str = ""
    words: str = ""  # those words of the title that are words of the library


class ChatKeyRow(Row, table=True):
    """The hash of a key of a chat, see store/chat_keys.py."""

    chat: int = columns.reference("chat.id", primary=True)
    opens: states.Opens = Field(primary_key=True, sa_type=columns.choices_of(states.Opens))
    key_hash: str = Field(unique=True)
    at: datetime = Field(sa_type=Utc)


class InstallationRow(Row, table=True):
    """A workspace that installed the app."""

    team: str = Field(primary_key=True)
    tokens: str = ""
    state: states.InstallationState = columns.choice(states.InstallationState, states.InstallationState.ACTIVE)
    since: datetime = Field(sa_type=Utc)


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
    chat: str = columns.reference("page_log.chat", primary=True)
    number: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    change: int
    delivery: str  # `delivery` and `part` identify the message, so storing it again adds no second message
    part: int
    is_own: bool = False  # the person wrote it
    payload: str
    at: datetime = Field(sa_type=Utc)
    is_edited: bool = False


# --------------------------------------------------------------------------------------------------- the bot's own work


class KeyValueRow(Row, table=True):
    """A single value under a name: a counter, a day, a moment."""

    name: str = Field(primary_key=True)
    value: str


class PlatformRow(Row, table=True):
    """A platform: the bot to which the database belongs, whether sending is stopped, and what the log last reported."""

    name: str = Field(primary_key=True)
    bot: str | None = None
    bot_name: str = ""  # the last known name, for links to the bot
    stopped: str | None = None  # why it is stopped until a person decides; None: it is not stopped
    waiting_logged_on: date | None = None  # the day (UTC) on which the log last reported long waits


class PublisherSlotRow(Row, table=True):
    """When the next request to a publisher is allowed."""

    publisher: str = Field(primary_key=True)
    until: datetime = Field(sa_type=Utc)


class EnrichmentRequestRow(Row, table=True):
    """How often the bot asked arXiv for the missing values of a paper, and when it asked last."""

    paper: int = columns.reference("paper.id", primary=True)
    times: int
    last: datetime = Field(sa_type=Utc)


class OperatorCodeRow(Row, table=True):
    """The hash of a printed code that makes its sender the first operator. Newer codes have higher numbers."""

    number: int | None = Field(default=None, primary_key=True)
    code_hash: str = Field(unique=True)


class LossRow(Row, table=True):
    """The last loss of the database (subscriptions/planning/receipts.py). There is at most one."""

    id: int = Field(default=1, primary_key=True)
    lost_at: datetime = Field(sa_type=Utc)
    copied_at: datetime = Field(sa_type=Utc)
    restored_at: datetime = Field(sa_type=Utc)


class WorkerRow(Row, table=True):
    """A worker: a process that sends. Its heartbeat changes while it runs.

    `process` identifies the process; "" if the system does not tell it. `host`, `number` and `since` describe it for
    people. `beat_at` is the moment of the last heartbeat by the server's clock; on SQLite it is always empty.
    """

    id: str = Field(primary_key=True)
    beat: int = 0
    holds_sender_lock: bool = True
    process: str = ""
    host: str = ""
    number: int = 0
    since: datetime | None = Field(default=None, sa_type=Utc)
    beat_at: datetime | None = Field(default=None, sa_type=Utc)


class LeaseRow(Row, table=True):
    """A lease by which one of several workers holds a lane in which it posts, or a receiver that it runs.

    The lease of a lane ends with its worker. The lease of a receiver ends at `ends`, by the server's clock, unless the
    worker renews it.
    """

    name: str = Field(primary_key=True)
    worker: str
    ends: datetime | None = Field(default=None, sa_type=Utc)
