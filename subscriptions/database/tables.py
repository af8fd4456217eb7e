"""The tables. Rows never leave the store; its functions return frozen values.

All datetimes have the zone UTC, although SQLite itself stores them without a zone.
"""

from datetime import date, datetime

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from subscriptions.database.columns import (
    NEVER_AGAIN,
    Big,
    Json,
    Numbered,
    Row,
    choice,
    index,
    json_column,
    json_or_null,
    moment,
    reference,
)
from subscriptions.model import (
    Admission,
    ChatAddress,
    ChatKind,
    ChatState,
    DeliveryKind,
    MessageState,
    PauseReason,
    Signal,
    SubscriptionState,
)

UNANSWERED = "NOT answered"  # condition on updates, in exactly the words of the index of those that wait for an answer


class SourceRow(Row, table=True):
    """A source of digests. Without `since`, it is only a name under which papers came."""

    name: str = Field(primary_key=True)
    kind: str = "file"
    location: str = ""
    title: str = ""
    schedule: str = ""
    evening: bool = False
    declared: bool = False
    since: datetime | None = moment(default=None)
    state: Json = json_column(dict)  # stored_sources.SourceState
    parts: Json = json_column(dict)  # name of a part → stored_sources.Part
    last: Json = json_column(dict)  # its last receipt; empty: none


class DigestRow(Numbered, table=True):
    """One document, identified by the hash of its bytes."""

    __table_args__ = (
        index("ix_digest_source", "source", "date"),
        index("ix_digest_date", "date"),
    )
    content_hash: str = Field(unique=True)
    source: str = reference("source.name")
    date: date
    received_at: datetime = moment()


class PaperValues(Numbered):
    """A paper, merged from all digests that contain it: the values of its row."""

    key: str  # the best known key: the arXiv id, otherwise the DOI, otherwise a hash
    title: str = ""
    abstract: str = ""
    authors: list[str] = json_column(list)
    categories: list[str] = json_column(list)
    primary: str | None = None
    arxiv_id: str | None = None
    doi: str | None = None
    url: str | None = None
    version: int | None = None
    comment: str = ""
    venue: str = ""
    published: str = ""
    summaries: Json = json_column(dict)  # language → name of a text → text
    translations: Json = json_column(dict)  # likewise
    cross: bool = False  # the paper got its sequence as a cross-list
    first_seen_at: datetime = moment()
    day: date  # the day of the digest that gave the paper its sequence; without a sequence, of its first digest
    owner: str = ""  # the source that brought the paper first
    by_arxiv: bool = False  # one of arXiv's own sources has described it, so only they change its values (merging.py)
    sequence: int | None = Field(default=None, index=True)
    sequenced_at: datetime | None = moment(default=None)
    # of a cross-list: the sequence that the paper got when it was new; None: it was only cross-listed
    new_sequence: int | None = None
    uncoded: bool = True  # its texts have no codes of the store's encoder
    facts: Json | None = json_or_null()  # life.PaperFacts; NULL: none
    facts_at: datetime | None = moment(default=None)  # when the chats that kept it are looked at; NULL: they know all

    @property
    def sequence_as_new(self) -> int | None:
        """The sequence with which it was last announced otherwise than as a cross-list; None if it never was."""
        return self.new_sequence if self.cross else self.sequence

    @property
    def has_id(self) -> bool:
        """Whether the paper has an arXiv id or a DOI."""
        return bool(self.arxiv_id or self.doi)


class PaperRow(PaperValues, table=True):
    """A paper in the database."""

    __table_args__ = (
        index("ix_paper_counted", "day", "id", "sequence", "cross", "new_sequence"),
        index("ix_paper_sequenced_at", "sequenced_at", "sequence"),
        index("ix_paper_uncoded", "id", where="uncoded IS 1"),
        index("ix_paper_facts_at", "facts_at", where="facts_at IS NOT NULL"),
    )


class IndexedPaperRow(Row, table=True):
    """The paper to which an entry of the full-text index belongs. Numbers of entries are never used again."""

    __table_args__ = (NEVER_AGAIN,)
    entry: int = Field(default=None, primary_key=True, sa_type=Big)
    paper: int = reference("paper.id", unique=True)


class PaperKeyRow(Row, table=True):
    """A key of a paper (docs/formats.md)."""

    __table_args__ = (sa.Index("ix_paper_key_folded", sa.text("lower(key)")),)
    key: str = Field(primary_key=True)
    paper: int = reference("paper.id", index=True)


class PaperAliasRow(Row, table=True):
    """A title as tokens.

    A title is no key, since several papers may have the same one (docs/architecture.md, rule 4).
    """

    __table_args__ = (index("ix_paper_alias_paper", "paper"),)
    alias: str = Field(primary_key=True)
    paper: int = reference("paper.id", primary_key=True)


class ModelRequestRow(Numbered, table=True):
    """A request to the language model: to summarise a paper in a language, or to read a message (without a paper).

    It is stored before it is sent, and is never sent again. Without fields and title, no usable answer came.
    """

    __table_args__ = (sa.UniqueConstraint("paper", "language"), index("ix_model_request_day", "day"))
    day: date  # in the operator's zone
    at: datetime = moment()
    paper: int | None = reference("paper.id", default=None)
    language: str = ""
    fields: Json = json_column(dict)
    title: str = ""
    model: str


class PaperMeaningRow(Row, table=True):
    """The codes of a paper (subscriptions/matching/similarity.py).

    A paper whose codes change gets a new entry with a higher number.
    """

    __table_args__ = (NEVER_AGAIN,)
    entry: int = Field(default=None, primary_key=True, sa_type=Big)
    paper: int = reference("paper.id", unique=True)
    encoder: str
    overall: bytes
    parts: bytes  # of the title, then of the sentences


class AppearanceRow(Row, table=True):
    """A paper in a digest. `kind` is how the digest announces it."""

    __table_args__ = (index("ix_appearance_digest", "digest"),)
    paper: int = reference("paper.id", primary_key=True)
    digest: int = reference("digest.id", primary_key=True)
    kind: str = ""


class ChatRow(Numbered, table=True):
    """A chat. `settings` has only the values that the chat chose itself."""

    __table_args__ = (
        sa.UniqueConstraint("platform", "address", "topic"),
        index("ix_chat_asked", "state_since", where="state = 'asked'"),
        index("ix_chat_unconfirmed", "created_at", where="state = 'unconfirmed'"),
        index("ix_chat_paused_until", "paused_until", where="paused_until IS NOT NULL"),
        index("ix_chat_unreachable", "state_since", where="pause_reason IS NOT NULL"),
        index("ix_chat_moved_to", "moved_to", where="moved_to IS NOT NULL"),
        index("ix_chat_admin", "admin", where="admin IS 1"),
        index("ix_chat_feed_key", "feed_key", where="feed_key IS NOT NULL"),
        index("ix_chat_next_number", "next_number", "created_at"),  # those that only talked
        NEVER_AGAIN,
    )
    platform: str
    address: str
    topic: str = ""
    title: str = ""
    kind: ChatKind = choice(ChatKind)
    lang: str = ""
    settings: Json = json_column(dict)
    state: ChatState = choice(ChatState, default=ChatState.ACTIVE)
    admission: Admission | None = choice(Admission, default=None)
    pause_reason: PauseReason | None = choice(PauseReason, default=None)
    state_detail: str = ""
    state_since: datetime | None = moment(default=None)
    paused_until: datetime | None = moment(default=None)
    moved_to: int | None = reference("chat.id", default=None)  # the chat to which this old address leads
    public: bool = False  # strangers can read it
    owner: str = Field(default="", index=True)
    admin: bool = False
    first_delivery_planned: bool = False
    next_number: int = 1
    library_at: datetime | None = moment(default=None)  # when it sent its own library; None: it has none
    library_entries: int = 0
    feed_key: str | None = None  # the hash of the key of its feed
    feed_key_at: datetime | None = moment(default=None)
    created_at: datetime = moment()

    @property
    def place(self) -> ChatAddress:
        """The address of the chat."""
        return ChatAddress(self.platform, self.address, self.topic)

    def enter(
        self,
        state: ChatState,
        *,
        now: datetime,
        reason: PauseReason | None = None,
        detail: str = "",
        admission: Admission | None = None,
        until: datetime | None = None,
    ) -> None:
        """Change the state of the chat, and everything that belongs to its state."""
        self.state, self.state_since, self.state_detail = state, now, detail
        self.admission, self.pause_reason, self.paused_until = admission, reason, until


class DenialRow(Row, table=True):
    """The keyed hash of an address that an operator denied.

    The hash stays when the chat is erased (store/stored_chats.py).
    """

    address_hash: str = Field(primary_key=True)


class QuestionRow(Numbered, table=True):
    """A text that a subscription asks (`about:`), or a title of a chat's library, with its vector once it is known."""

    __table_args__ = (
        index("ix_question_text", "text", hashed=True),
        index("ix_question_encoder", "encoder"),
    )
    text: str
    subscription: int | None = reference("subscription.id", default=None, index=True)
    chat: int | None = reference("chat.id", default=None, index=True)
    encoder: str = ""
    vector: bytes = b""


class SubscriptionRow(Numbered, table=True):
    """A subscription of a chat."""

    __table_args__ = (
        sa.UniqueConstraint("chat", "canonical").ddl_if(dialect="sqlite"),  # on PostgreSQL: `schema.BESIDE_TABLES`
        sa.UniqueConstraint("chat", "number"),
        index("ix_subscription_due", "next_due_at", "cursor"),
        index("ix_subscription_latest_due", "latest_due_at", where="latest_due_at IS NOT NULL"),
        index("ix_subscription_paused_until", "paused_until", where="paused_until IS NOT NULL"),
        index("ix_subscription_followed_at", "followed_at", where="followed_at IS NOT NULL"),
        NEVER_AGAIN,  # buttons name the id
    )
    chat: int = reference("chat.id")
    number: int
    name: str = ""
    text: str
    canonical: str
    cadence: str
    zone: str | None = None
    state: SubscriptionState = choice(SubscriptionState, default=SubscriptionState.ACTIVE)
    paused_until: datetime | None = moment(default=None)
    since: datetime = moment()
    cursor: int  # it has looked up to this sequence
    next_due_at: datetime | None = moment(default=None)
    latest_due_at: datetime | None = moment(default=None)  # when-out: the end of its window
    followed_at: datetime | None = moment(default=None)  # a file of the operator's named it at the last start


class DeliveryRow(Row, table=True):
    """A delivery: what a chat gets at one moment. `seq` orders the deliveries of a lane."""

    __table_args__ = (
        index("ix_delivery_open", "settled_at", "chat"),
        index("ix_delivery_notice", "settled_at", where="kind = 'notice'"),
        index("ix_delivery_about", "about", where="about IS NOT NULL"),
        index("ix_delivery_person", "person", where="person IS NOT NULL"),
        NEVER_AGAIN,
    )
    seq: int = Field(default=None, primary_key=True, sa_type=Big)
    id: str = Field(unique=True)
    chat: int = reference("chat.id", index=True)
    about: int | None = reference("chat.id", default=None)  # the other chat that a notice is about
    person: str | None = None  # the platform's id of the person whom a notice names; it is erased with them
    kind: DeliveryKind = choice(DeliveryKind)
    due: datetime = moment()
    dedupe_key: str = Field(unique=True)
    created_at: datetime = moment()
    facts: Json = json_column(dict)
    rendered_at: datetime | None = moment(default=None)
    attempts: int = 0
    next_at: datetime | None = moment(default=None)
    settled_at: datetime | None = moment(default=None)
    dismissed_at: datetime | None = moment(default=None)
    reason: str = ""


class DeliveryItemRow(Row, table=True):
    """A paper in a delivery of a chat.

    The row stays if the delivery is removed. `because` has the matching subscriptions.
    """

    __table_args__ = (
        index("ix_delivery_item_delivery", "delivery", where="delivery IS NOT NULL"),
        index("ix_delivery_item_paper", "paper"),
    )
    chat: int = reference("chat.id", primary_key=True)
    paper: int = reference("paper.id", primary_key=True)
    delivery: int | None = reference("delivery.seq", when_deleted="SET NULL", sa_type=Big, default=None)
    message: int | None = None
    position: int
    shown: bool = True
    cross: bool = False
    because: list[Json] = json_column(list)
    delivered_on: date | None = None  # the day (UTC), set when the delivery itself is removed


class MessageRow(Row, table=True):
    """A message to post, or one that was posted. Each attempt posts the same `payload`."""

    __table_args__ = (
        index("ix_message_state", "state"),
        index("ix_message_attempted_at", "attempted_at"),
        index("ix_message_in_hand", "lane", where="state = 'sending'", unique=True),
    )
    delivery: int = reference("delivery.seq", sa_type=Big, primary_key=True)
    number: int = Field(primary_key=True)
    payload: str
    use_plain: bool = False
    reply_to: int | None = None
    state: MessageState = choice(MessageState, default=MessageState.READY)
    attempted_at: datetime | None = moment(default=None)
    # set while the message is being sent or unclear; see claims.Claim
    unclear_since: datetime | None = moment(default=None)
    sent_at: datetime | None = moment(default=None)
    platform_id: str | None = None
    reason: str = ""
    lane: str | None = None  # the lane of this attempt; in each lane, only one message may be `sending`
    left_to_person: bool = False  # it is unclear, and a person decides about it, so its lane goes on


class UpdateRow(Row, table=True):
    """An update from a platform, stored so that it takes effect only once (docs/architecture.md, rule 8)."""

    __table_args__ = (
        index("ix_update_chat", "chat", "at"),
        index("ix_update_at", "at"),
        index("ix_update_unanswered", "at", where=UNANSWERED),
    )
    platform: str = Field(primary_key=True)
    update_id: str = Field(primary_key=True)
    at: datetime = moment()
    # None: the chat is not stored, or was erased. The id stays, so that what it did is not done again.
    chat: int | None = reference("chat.id", when_deleted="SET NULL", default=None)
    changed: bool = False  # it changed something; otherwise it only asked
    answered: bool = False  # its reply was posted or given up, or it gets none


class UndoRow(Numbered, table=True):
    """The state of a chat before a change, for `undo`."""

    __table_args__ = (
        index("ix_undo_at", "at"),
        index("ix_undo_who", "who"),
        NEVER_AGAIN,  # buttons name the id
    )
    chat: int = reference("chat.id", index=True)
    who: str = ""
    at: datetime = moment()
    before: Json = json_column(dict)


class CallbackRow(Row, table=True):
    """A callback token (model.CallbackToken): the meaning of the opaque id in a button, or of an open question."""

    __table_args__ = (
        index("ix_callback_until", "until"),
        index("ix_callback_about", "about", where="about IS NOT NULL"),
    )
    id: str = Field(primary_key=True)
    chat: int = reference("chat.id", index=True)  # the only chat in which the token works
    about: int | None = reference("chat.id", default=None)  # another chat on which it acts
    person: str = Field(default="", index=True)
    name: str = ""  # what the person was asked; "": it is a button
    verb: str
    arguments: Json = json_column(dict)
    at: datetime = moment()
    until: datetime = moment()  # it is no longer valid after this moment


class SignalRow(Row, table=True):
    """What a chat did with a paper, see store/interests.py."""

    __table_args__ = (index("ix_signal_paper", "paper"),)
    chat: int = reference("chat.id", primary_key=True)
    paper: int = reference("paper.id", primary_key=True)
    kind: Signal = choice(Signal, primary_key=True)
    at: datetime = moment()
    seen: Json | None = json_or_null()  # life.Life, as the chat knows it; NULL: as the paper was before it changes next


class LibraryEntryRow(Row, table=True):
    """A key by which a paper is found in the library of a chat: the key of the paper, or its title as an alias."""

    chat: int = reference("chat.id", primary_key=True)
    key: str = Field(primary_key=True)
    title: str = ""


class PageMessageRow(Row, table=True):
    """A message on the bot's own pages. `change` is the number of the chat's change that wrote or last edited it."""

    __table_args__ = (
        sa.UniqueConstraint("chat", "delivery", "part"),
        index("ix_page_message_change", "chat", "change"),
        index("ix_page_message_at", "at"),
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


class KeyValueRow(Row, table=True):
    """A single value under a name: a counter, a day, a moment."""

    name: str = Field(primary_key=True)
    value: str


class RoleRow(Row, table=True):
    """The process that works on the database (store/role.py). There is at most one row, and none on SQLite."""

    term: int = Field(primary_key=True, sa_type=Big)
    process: str  # the name of its sessions
    holder: str  # its name for people
    seen: datetime | None = moment(default=None)  # when it said last that it works; None: it does not say so


class PlatformRow(Row, table=True):
    """A platform: the bot to which the database belongs, and whether sending is stopped."""

    name: str = Field(primary_key=True)
    bot: str | None = None
    stopped: str | None = None  # why it is stopped until a person decides; None: it is not stopped


TABLES = SQLModel.metadata


def tables(*names: str) -> tuple[sa.Table, ...]:
    """Return the tables with these names."""
    return tuple(TABLES.tables[name] for name in names)


def references_to_chats() -> list[sa.Column[int]]:
    """Return the columns that refer to chats. What belongs to a chat is in a column `chat`."""
    chats = TABLES.tables["chat"]
    return [one for table in TABLES.sorted_tables for one in table.columns if one.references(chats.c.id)]
