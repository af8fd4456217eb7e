"""The tables. Rows stay inside the store: everything that leaves it is a frozen value.

Datetimes are aware UTC on both sides; SQLite alone would return them naive.
"""

from datetime import UTC, date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, DateTime, Enum, ForeignKey, Index, UniqueConstraint
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator
from sqlmodel import Field, SQLModel

from subscriptions.model import ChatKind, DeliveryKind
from subscriptions.planning.receipts import Outcome
from subscriptions.states import (
    Admission,
    ChatState,
    InstallationState,
    MessageState,
    PauseReason,
    ReplyState,
    SubscriptionPauseReason,
    SubscriptionState,
)

Json = dict[str, Any]


class Utc(TypeDecorator[datetime]):
    """An aware datetime in UTC. Raises ValueError for a naive one."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002 - SQLAlchemy's signature
        """Converts to UTC; SQLite stores it without a zone."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a datetime without a zone")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002 - as above
        """Returns an aware datetime in UTC."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def _reference(target: str, *, index: bool = False, primary: bool = False) -> Any:  # noqa: ANN401 - a SQLModel field
    return Field(
        sa_column_args=[ForeignKey(target, ondelete="CASCADE")], index=index and not primary, primary_key=primary
    )


def _json(default: type[dict[str, Any]] | type[list[Any]]) -> Any:  # noqa: ANN401 - a SQLModel field
    return Field(default_factory=default, sa_type=JSON)


def _choice(values: type[StrEnum], default: StrEnum | None = None, *, required: bool = False) -> Any:  # noqa: ANN401 - a SQLModel field
    """A column that holds one of the values of an enumeration; NULL where `default` is None and it is not `required`."""
    kind = Enum(values, native_enum=False, values_callable=lambda members: [member.value for member in members])
    return Field(sa_type=kind) if required else Field(default=default, sa_type=kind)


class SourceRow(SQLModel, table=True):
    """A source of digests."""

    __tablename__ = "source"
    name: str = Field(primary_key=True)
    kind: str = "file"
    location: str = ""
    title: str = ""
    home: str = ""
    schedule: str = ""
    validators: Json = _json(dict)
    state: Json = _json(dict)


class ReceiptRow(SQLModel, table=True):
    """The result of one poll of a source."""

    __tablename__ = "receipt"
    id: int | None = Field(default=None, primary_key=True)
    source: str = _reference("source.name", index=True)
    at: datetime = Field(sa_type=Utc)
    outcome: Outcome = _choice(Outcome, required=True)
    counts: Json = _json(dict)
    detail: str = ""


class DigestRow(SQLModel, table=True):
    """One document, identified by the hash of its bytes."""

    __tablename__ = "digest"
    id: int | None = Field(default=None, primary_key=True)
    content_hash: str = Field(unique=True)
    source: str = _reference("source.name", index=True)
    format: str
    date: date
    received_at: datetime = Field(sa_type=Utc)
    counts: Json = _json(dict)
    warnings: list[Json] = _json(list)


class PaperRow(SQLModel, table=True):
    """One work, merged from all digests that hold it."""

    __tablename__ = "paper"
    __table_args__ = (Index("ix_paper_counted", "day", "sequence", "cross"),)
    id: int | None = Field(default=None, primary_key=True)
    key: str  # the best one known: arXiv id, else DOI, else a hash
    title: str = ""
    abstract: str = ""
    authors: list[str] = _json(list)
    categories: list[str] = _json(list)
    primary: str | None = None
    arxiv_id: str | None = None
    doi: str | None = None
    url: str | None = None
    version: int | None = None
    comment: str = ""
    cross: bool = False  # it got its sequence by a cross-list
    withdrawn_at: datetime | None = Field(default=None, sa_type=Utc)
    first_seen_at: datetime = Field(sa_type=Utc)
    day: date  # of the digest that gave it its sequence, else of its first digest
    owner: str = ""  # the source that brought it first
    vouched: int = 0  # the values that one of arXiv's own sources gave (papers/standing.py)
    sequence: int | None = Field(default=None, index=True)
    sequenced_at: datetime | None = Field(default=None, sa_type=Utc, index=True)
    came_at: datetime | None = Field(default=None, sa_type=Utc)  # it came before a loss and was read again


class IndexedPaperRow(SQLModel, table=True):
    """The paper of an entry of the full-text index. No number is given twice."""

    __tablename__ = "indexed_paper"
    __table_args__ = ({"sqlite_autoincrement": True},)
    entry: int | None = Field(default=None, primary_key=True)
    paper: int = Field(sa_column_args=[ForeignKey("paper.id", ondelete="CASCADE")], unique=True)


class PaperKeyRow(SQLModel, table=True):
    """A key of a paper (docs/formats.md)."""

    __tablename__ = "paper_key"
    key: str = Field(primary_key=True)
    paper: int = _reference("paper.id", index=True)


class PaperAliasRow(SQLModel, table=True):
    """A title as tokens. Several papers may share one, so it is no key (docs/architecture.md, rule 4)."""

    __tablename__ = "paper_alias"
    alias: str = Field(primary_key=True)
    paper: int = _reference("paper.id", primary=True)


class SummaryRow(SQLModel, table=True):
    """A summary of a paper in one language."""

    __tablename__ = "summary"
    paper: int = _reference("paper.id", primary=True)
    language: str = Field(primary_key=True)
    fields: Json = _json(dict)


class TranslationRow(SQLModel, table=True):
    """A translation of title and abstract into one language."""

    __tablename__ = "translation"
    paper: int = _reference("paper.id", primary=True)
    language: str = Field(primary_key=True)
    title: str = ""
    abstract: str = ""


class AppearanceRow(SQLModel, table=True):
    """A paper in a digest."""

    __tablename__ = "appearance"
    __table_args__ = (Index("ix_appearance_digest", "digest"),)
    paper: int = _reference("paper.id", primary=True)
    digest: int = _reference("digest.id", primary=True)
    kind: str = ""


class ChatRow(SQLModel, table=True):
    """A chat. `settings` holds only what the chat chose itself."""

    __tablename__ = "chat"
    __table_args__ = (UniqueConstraint("platform", "address", "topic"),)
    id: int | None = Field(default=None, primary_key=True)
    platform: str
    address: str
    topic: str = ""
    title: str = ""
    kind: ChatKind = _choice(ChatKind, required=True)
    lang: str = ""
    timezone: str = ""
    settings: Json = _json(dict)
    state: ChatState = _choice(ChatState, ChatState.ACTIVE)
    admission: Admission | None = _choice(Admission)
    pause_reason: PauseReason | None = _choice(PauseReason)
    state_detail: str = ""
    state_since: datetime | None = Field(default=None, sa_type=Utc)
    paused_until: datetime | None = Field(default=None, sa_type=Utc)
    moved_to: int | None = None
    public: bool = False  # strangers can read it
    owner: str = ""
    admin: bool = False
    first_delivery_planned: bool = False
    no_match_streak: Json = _json(dict)  # see model.NoMatchStreak; empty: none
    next_number: int = 1
    created_at: datetime = Field(sa_type=Utc)


class DenialRow(SQLModel, table=True):
    """The keyed hash of an address whose erased chat an operator denied (store/chat/denials.py)."""

    __tablename__ = "denial"
    address_hash: str = Field(primary_key=True)


class LaneRow(SQLModel, table=True):
    """A wait that a platform asked for, of all chats of an address. Both moments are on the machine's clock."""

    __tablename__ = "lane"
    platform: str = Field(primary_key=True)
    address: str = Field(primary_key=True)
    since: datetime | None = Field(default=None, sa_type=Utc)
    not_before: datetime | None = Field(default=None, sa_type=Utc)


class QueryRow(SQLModel, table=True):
    """A query, shared by all subscriptions with the same canonical form."""

    __tablename__ = "query"
    id: int | None = Field(default=None, primary_key=True)
    canonical: str = Field(unique=True)


class SubscriptionRow(SQLModel, table=True):
    """A subscription of a chat."""

    __tablename__ = "subscription"
    __table_args__ = (UniqueConstraint("chat", "query"), UniqueConstraint("chat", "number"))
    id: int | None = Field(default=None, primary_key=True)
    chat: int = _reference("chat.id", index=True)
    query: int = _reference("query.id", index=True)
    number: int
    name: str = ""
    text: str
    cadence: str
    zone: str | None = None
    state: SubscriptionState = _choice(SubscriptionState, SubscriptionState.ACTIVE)
    paused_until: datetime | None = Field(default=None, sa_type=Utc)
    pause_reason: SubscriptionPauseReason | None = _choice(SubscriptionPauseReason)
    added_by: str = ""
    subscriber: str = ""  # the platform's id of who added it; "": not known, or they have left
    since: datetime = Field(sa_type=Utc)
    cursor: int
    next_due_at: datetime | None = Field(default=None, sa_type=Utc, index=True)
    latest_due_at: datetime | None = Field(default=None, sa_type=Utc)  # when-out: the end of its window
    counted_until: datetime | None = Field(default=None, sa_type=Utc)  # what came until then counts as sent: a loss


class DeliveryRow(SQLModel, table=True):
    """A delivery: what one chat gets at one moment. `seq` orders the deliveries of a lane."""

    __tablename__ = "delivery"
    __table_args__ = (Index("ix_delivery_open", "settled_at", "chat"),)
    seq: int | None = Field(default=None, primary_key=True)
    id: str = Field(unique=True)
    chat: int = _reference("chat.id", index=True)
    kind: DeliveryKind = _choice(DeliveryKind, required=True)
    due: datetime = Field(sa_type=Utc)
    dedupe_key: str = Field(unique=True)
    created_at: datetime = Field(sa_type=Utc)
    facts: Json = _json(dict)
    rendered_at: datetime | None = Field(default=None, sa_type=Utc)
    attempts: int = 0
    next_at: datetime | None = Field(default=None, sa_type=Utc)
    settled_at: datetime | None = Field(default=None, sa_type=Utc)
    dismissed_at: datetime | None = Field(default=None, sa_type=Utc)
    reason: str = ""


class DeliveryItemRow(SQLModel, table=True):
    """A paper that a chat has in a delivery; kept for ever. `because` holds the subscriptions that match."""

    __tablename__ = "delivery_item"
    chat: int = _reference("chat.id", primary=True)
    paper: int = _reference("paper.id", primary=True)
    delivery: int | None = Field(
        default=None, sa_column_args=[ForeignKey("delivery.seq", ondelete="SET NULL")], index=True
    )
    message: int | None = None
    position: int
    shown: bool = True
    cross: bool = False
    because: list[Json] = _json(list)


class MessageRow(SQLModel, table=True):
    """One post. Every attempt posts `payload` unchanged."""

    __tablename__ = "message"
    __table_args__ = (
        Index("ix_message_state", "state"),
        Index("ix_message_edit", "edit_requested_at"),
        Index("ix_message_attempted_at", "attempted_at"),
    )
    delivery: int = _reference("delivery.seq", primary=True)
    number: int = Field(primary_key=True)
    payload: str
    plain: str
    use_plain: bool = False
    reply_to: int | None = None
    state: MessageState = _choice(MessageState, MessageState.READY)
    found_at_start: bool = False
    attempted_at: datetime | None = Field(default=None, sa_type=Utc)
    sent_at: datetime | None = Field(default=None, sa_type=Utc)
    platform_id: str | None = None
    reason: str = ""
    worker: str = ""  # who made the last attempt; see store/workers.py
    lookup_given_up: bool = False  # unclear, cannot be looked up, and is not to be sent again
    edit_requested_at: datetime | None = Field(default=None, sa_type=Utc)  # None: no edit of it is requested


class UpdateRow(SQLModel, table=True):
    """An update of a platform, whose effect happens once (docs/architecture.md, rule 8)."""

    __tablename__ = "update"
    __table_args__ = tuple(
        Index(f"ix_update_{of}", *columns)
        for of, columns in {"chat": ("chat", "at"), "at": ("platform", "at"), "state": ("state",)}.items()
    )
    platform: str = Field(primary_key=True)
    update_id: str = Field(primary_key=True)
    at: datetime = Field(sa_type=Utc)
    chat: str = ""
    reply: str = ""
    state: ReplyState = _choice(ReplyState, ReplyState.DONE)
    worker: str = ""  # who posts the reply


class WorkerRow(SQLModel, table=True):
    """A worker: a process that sends. Its heartbeat changes while it is at work."""

    __tablename__ = "worker"
    id: str = Field(primary_key=True)
    beat: int = 0
    holds_sender_lock: bool = True


class UndoRow(SQLModel, table=True):
    """The state of a chat before a change, for `undo`."""

    __tablename__ = "undo"
    id: int | None = Field(default=None, primary_key=True)
    chat: int = _reference("chat.id", index=True)
    who: str = ""
    at: datetime = Field(sa_type=Utc)
    before: Json = _json(dict)


class KeyValueRow(SQLModel, table=True):
    """A single value under a name: a counter, a cursor, an offset."""

    __tablename__ = "key_value"
    name: str = Field(primary_key=True)
    value: str


class CallbackRow(SQLModel, table=True):
    """A callback token: what an opaque id in a button or link stands for. See model.CallbackToken."""

    __tablename__ = "callback"
    id: str = Field(primary_key=True)
    chat: int | None = Field(default=None, sa_column_args=[ForeignKey("chat.id", ondelete="CASCADE")], index=True)
    place: str = Field(default="", index=True)  # address of the chat where it works; "": in every chat
    person: str = ""
    at: datetime | None = Field(default=None, sa_type=Utc)
    verb: str
    arguments: Json = _json(dict)


class InstallationRow(SQLModel, table=True):
    """A workspace that installed the app."""

    __tablename__ = "installation"
    team: str = Field(primary_key=True)
    tokens: str = ""
    state: InstallationState = _choice(InstallationState, InstallationState.ACTIVE)
    since: datetime = Field(sa_type=Utc)


TABLES = SQLModel.metadata
