"""The tables of conversations, and those of the bot's own work. `rows` has the others.

Conversations: updates, changes, buttons, offers, states, signals, and what names whom. Work: platforms, publishers, codes of
operators, the last loss, workers, leases, single values.
"""

from datetime import date, datetime

import sqlalchemy as sa
from sqlmodel import Field

from subscriptions.states import InstallationState, ReplyState, Signal
from subscriptions.store import columns
from subscriptions.store.columns import Big, Json, Row, Utc

UNFINISHED = "state != 'done'"  # of an update, as the index of unfinished replies has it


class UpdateRow(Row, table=True):
    """An update of a platform, whose effect happens once (docs/architecture.md, rule 8)."""

    __tablename__ = "update"
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
    state: ReplyState = columns.choice(ReplyState, ReplyState.DONE)
    worker: str = ""  # who posts the reply


class UndoRow(Row, table=True):
    """The state of a chat before a change, for `undo`."""

    __tablename__ = "undo"
    __table_args__ = (columns.index("ix_undo_at", "at"), columns.index("ix_undo_who", "who"))
    id: int | None = Field(default=None, primary_key=True)
    chat: int = columns.reference("chat.id", index=True)
    who: str = ""
    at: datetime = Field(sa_type=Utc)
    before: Json = columns.json_column(dict)


class CallbackRow(Row, table=True):
    """A callback token: the meaning of an opaque id in a button. See model.CallbackToken."""

    __tablename__ = "callback"
    __table_args__ = (columns.index("ix_callback_at", "at"),)
    id: str = Field(primary_key=True)
    place: str = Field(index=True)  # address of the chat where it works
    person: str = Field(default="", index=True)
    verb: str
    arguments: Json = columns.json_column(dict)
    at: datetime = Field(sa_type=Utc)


class OfferRow(Row, table=True):
    """A subscription that a chat offers to others by a link, whose id this is."""

    __tablename__ = "offer"
    __table_args__ = (sa.UniqueConstraint("chat", "number"),)
    id: str = Field(primary_key=True)
    chat: int = columns.reference("chat.id")
    number: int  # of the subscription in its chat
    text: str
    cadence: str
    at: datetime = Field(sa_type=Utc)


class ConversationStateRow(Row, table=True):
    """What a conversation must know later: an open question, a connection to another chat, a text to be imported."""

    __tablename__ = "conversation_state"
    __table_args__ = (columns.index("ix_conversation_state_until", "until"),)
    name: str = Field(primary_key=True)
    place: str = Field(index=True)
    person: str = Field(default="", index=True)
    verb: str
    arguments: Json = columns.json_column(dict)
    at: datetime = Field(sa_type=Utc)
    until: datetime = Field(sa_type=Utc)  # it is not needed later


class PendingLookupRow(Row, table=True):
    """A request whose papers are being looked up, by a worker, and answered then."""

    __tablename__ = "pending_lookup"
    __table_args__ = (columns.index("ix_pending_lookup_at", "at"),)
    name: str = Field(primary_key=True)
    place: str = Field(index=True)
    person: str = Field(default="", index=True)
    request: Json = columns.json_column(dict)
    at: datetime = Field(sa_type=Utc)
    worker: str = Field(default="", index=True)  # see store/workers.py


class WrongCodeRow(Row, table=True):
    """A wrong operator code that a chat sent."""

    __tablename__ = "wrong_code"
    __table_args__ = (columns.index("ix_wrong_code_chat", "chat", "at"), columns.index("ix_wrong_code_at", "at"))
    id: int | None = Field(default=None, primary_key=True)
    chat: int = columns.reference("chat.id")
    at: datetime = Field(sa_type=Utc)


class CompletedInstallationRow(Row, table=True):
    """An installation that was completed, so that its link works once."""

    __tablename__ = "completed_installation"
    __table_args__ = (columns.index("ix_completed_installation_at", "at"),)
    id: str = Field(primary_key=True)
    at: datetime = Field(sa_type=Utc)


class MentionRow(Row, table=True):
    """A word by which a callback, a state, a notice or a change names a chat or a person; see undo.py."""

    __tablename__ = "mention"
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
    """What a chat did with a paper; see store/signals.py."""

    __tablename__ = "signal"
    __table_args__ = (columns.index("ix_signal_paper", "paper"),)
    chat: int = columns.reference("chat.id", primary=True)
    paper: int = columns.reference("paper.id", primary=True)
    kind: Signal = Field(primary_key=True, sa_type=columns.choices_of(Signal))
    at: datetime = Field(sa_type=Utc)


class TasteRow(Row, table=True):
    """The words of a chat's taste with their weights, which follow from its signals."""

    __tablename__ = "taste"
    chat: int = columns.reference("chat.id", primary=True)
    words: Json = columns.json_column(dict)


class LibraryRow(Row, table=True):
    """A person's own library, as its file had it."""

    __tablename__ = "library"
    chat: int = columns.reference("chat.id", primary=True)
    at: datetime = Field(sa_type=Utc)
    entries: int
    words: Json = columns.json_column(dict)  # see ranking.LibraryWords


class LibraryEntryRow(Row, table=True):
    """A key by which a paper is found in a library: that of a paper, or an alias, which has the title beside it."""

    __tablename__ = "library_entry"
    chat: int = columns.reference("chat.id", primary=True)
    key: str = Field(primary_key=True)
    title: str = ""
    words: str = ""  # those of the title that are words of the library


class InstallationRow(Row, table=True):
    """A workspace that installed the app."""

    __tablename__ = "installation"
    team: str = Field(primary_key=True)
    tokens: str = ""
    state: InstallationState = columns.choice(InstallationState, InstallationState.ACTIVE)
    since: datetime = Field(sa_type=Utc)


class PageLogRow(Row, table=True):
    """A chat on our own pages, and how often something was written or changed in it."""

    __tablename__ = "page_log"
    chat: str = Field(primary_key=True)  # "platform:address"
    changes: int = 0


class PageMessageRow(Row, table=True):
    """A message on our own pages. `change` is the number of the log's change that it was written or edited by last."""

    __tablename__ = "page_message"
    __table_args__ = (
        sa.UniqueConstraint("chat", "delivery", "part"),
        columns.index("ix_page_message_change", "chat", "change"),
        columns.index("ix_page_message_at", "at"),
    )
    chat: str = columns.reference("page_log.chat", primary=True)
    number: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    change: int
    delivery: str  # with `part` what it is known by: written again, it is the same message
    part: int
    is_own: bool = False  # the person wrote it
    payload: str
    at: datetime = Field(sa_type=Utc)
    is_edited: bool = False


# --------------------------------------------------------------------------------------------------- the bot's own work


class KeyValueRow(Row, table=True):
    """A single value under a name: a counter, a day, a moment."""

    __tablename__ = "key_value"
    name: str = Field(primary_key=True)
    value: str


class PlatformRow(Row, table=True):
    """A platform: which bot the database belongs to there, and what was said of its outbox."""

    __tablename__ = "platform"
    name: str = Field(primary_key=True)
    bot: str | None = None
    bot_name: str = ""  # as it was last, for links to it
    stopped: str | None = None  # why it is stopped until a person decides
    waiting_logged_on: date | None = None  # the day (UTC) of the log's last line about what waits for long


class PublisherSlotRow(Row, table=True):
    """When a publisher may be asked next."""

    __tablename__ = "publisher_slot"
    publisher: str = Field(primary_key=True)
    until: datetime = Field(sa_type=Utc)


class EnrichmentRequestRow(Row, table=True):
    """How often arXiv was asked for what a paper lacks, and when last."""

    __tablename__ = "enrichment_request"
    paper: int = columns.reference("paper.id", primary=True)
    times: int
    last: datetime = Field(sa_type=Utc)


class OperatorCodeRow(Row, table=True):
    """The hash of a printed code that makes its sender the first operator. The newest has the highest number."""

    __tablename__ = "operator_code"
    number: int | None = Field(default=None, primary_key=True)
    code_hash: str = Field(unique=True)


class LossRow(Row, table=True):
    """The last loss of the database (subscriptions/planning/receipts.py). There is at most one."""

    __tablename__ = "loss"
    id: int = Field(default=1, primary_key=True)
    lost_at: datetime = Field(sa_type=Utc)
    copied_at: datetime = Field(sa_type=Utc)
    restored_at: datetime = Field(sa_type=Utc)


class WorkerRow(Row, table=True):
    """A worker: a process that sends. Its heartbeat changes while it is at work.

    `process` says which process of the machine it is; "" if the system does not tell. The moments are the server's; a file
    has none to write down at each heartbeat.
    """

    __tablename__ = "worker"
    id: str = Field(primary_key=True)
    beat: int = 0
    holds_sender_lock: bool = True
    process: str = ""
    host: str = ""
    number: int = 0
    since: datetime | None = Field(default=None, sa_type=Utc)
    beat_at: datetime | None = Field(default=None, sa_type=Utc)


class LeaseRow(Row, table=True):
    """What one worker of several holds: a lane in which it posts, or a receiver.

    The lease of a lane has no end of its own: it ends with its worker. Another one ends at `ends`, by the server's clock,
    unless it is renewed.
    """

    __tablename__ = "lease"
    name: str = Field(primary_key=True)
    worker: str
    ends: datetime | None = Field(default=None, sa_type=Utc)
