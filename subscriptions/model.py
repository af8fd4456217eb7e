"""The frozen values of the domain, one per stage: Digest → Paper → StoredPaper → Delivery → Message.

All times are datetimes with the zone UTC. Texts are plain: they have no markup, and each run of white space is one
space (abstracts may keep newlines).

Planning creates hundreds of thousands of chats, subscriptions and items. So these three are named tuples, which Python
creates ten times as fast as frozen dataclasses. Code still passes and reads their fields by name.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Literal, NamedTuple

from subscriptions.life import NO_FACTS, Mark, PaperFacts


class ChatState(StrEnum):
    """Whether a chat gets messages."""

    ACTIVE = "active"
    ASKED = "asked"  # waits until an operator lets it in
    UNCONFIRMED = "unconfirmed"  # waits until the person who reads there says yes; gets only the question
    PAUSED = "paused"
    MOVED = "moved"


WAITING = (ChatState.ASKED, ChatState.UNCONFIRMED)


class Admission(StrEnum):
    """What an operator answered when asked to let a chat in."""

    ADMITTED = "admitted"
    DENIED = "denied"


class PauseReason(StrEnum):
    """Why a chat gets no messages. All but PERSON mean that the platform does not let the bot write there."""

    PERSON = "person"  # a person paused the chat
    GONE = "gone"  # the bot was blocked or removed, the chat was deleted, or the platform does not say why
    NO_RIGHTS = "no-rights"  # the bot may read but not write
    ARCHIVED = "archived"
    NOT_A_MEMBER = "not-a-member"  # the bot has to be invited into the channel
    TOPIC_CLOSED = "topic-closed"  # only this topic or thread
    TOPIC_DELETED = "topic-deleted"  # only this topic

    @property
    def is_unreachable(self) -> bool:
        """Whether the platform does not let the bot write there."""
        return self is not PauseReason.PERSON

    @property
    def is_of_topic(self) -> bool:
        """Whether the reason concerns one topic or thread, not the whole group or channel."""
        return self in (PauseReason.TOPIC_CLOSED, PauseReason.TOPIC_DELETED)


UNREACHABLE = tuple(reason for reason in PauseReason if reason.is_unreachable)


def describe_chat_state(state: ChatState, admission: Admission | None, pause: PauseReason | None, detail: str) -> str:
    """Describe a chat in English: why it gets no messages, or what an operator answered; "" if neither is known.

    `detail` is stored with the state: the platform's words, or the address that the chat moved to.
    """
    if state is ChatState.ACTIVE:
        return _ANSWERS[admission]
    if state is ChatState.MOVED:
        return f"moved to {detail}"
    if state is ChatState.UNCONFIRMED and pause is None:
        return "not confirmed"
    words = describe_pause(pause, detail) if state is ChatState.PAUSED else _ANSWERS[admission]
    if pause is not None and pause.is_unreachable:
        return f"gone: {words}"
    return words


def describe_pause(pause: PauseReason | None, detail: str) -> str:
    """Describe in English why a chat is paused. `detail` is the sentence that is stored with the reason."""
    if pause is PauseReason.PERSON:
        return "paused in the chat"
    return detail


_ANSWERS = {Admission.DENIED: "denied", Admission.ADMITTED: "let in", None: ""}


class SubscriptionState(StrEnum):
    """Whether a subscription is active, which means that it brings papers."""

    ACTIVE = "active"
    PAUSED = "paused"


class MessageState(StrEnum):
    """How far one post of a delivery is."""

    READY = "ready"
    SENDING = "sending"
    WAITING = "waiting"  # not sent; it will be tried again
    UNCLEAR = "unclear"  # perhaps sent
    SENT = "sent"
    DEAD = "dead"  # refused for good; tried again only if a person asks for it


FINISHED = (MessageState.SENT, MessageState.DEAD)
# the platform has the message, or may have it
MAYBE_SENT = (
    MessageState.SENDING,
    MessageState.UNCLEAR,
    MessageState.SENT,
)


class DeliveryState(StrEnum):
    """How far a delivery is, as derived from its messages and its chat (docs/operating.md)."""

    PLANNED = "planned"
    HELD = "held"  # it waits because its chat gets no messages now
    SENDING = "sending"
    WAITING = "waiting"
    UNCLEAR = "unclear"
    DEAD = "dead"
    SENT = "sent"
    DISMISSED = "dismissed"


UNDER_WAY = (DeliveryState.PLANNED, DeliveryState.HELD, DeliveryState.SENDING, DeliveryState.WAITING)


class Signal(StrEnum):
    """What people of a chat did with a paper. The chat's taste is computed from these (docs/queries.md)."""

    OPENED = "opened"  # they opened the paper's card, or its details; seeing the paper in a list does not count
    SAVED = "saved"
    LIKED = "liked"
    DISLIKED = "disliked"
    EXCLUDED = "excluded"  # they excluded some of the paper's words or one of its authors
    MUTED = "muted"  # they muted the subscription that brought the paper


class SourceTrouble(StrEnum):
    """What is wrong with a source. The store keeps what the operators were told last."""

    FAILED = "failed"
    LATE = "late"
    NOT_POLLED = "not polled"  # no process polled it although it was due


# the source of the samples in this package, which stay until the first other digest comes
SAMPLES = "samples of paperwire"
KEPT = "kept"  # the source of what services answer about papers that chats keep


class Announce(StrEnum):
    """How a digest announces a paper (arXiv's announce types). A paper without an announce type counts as new."""

    NEW = "new"
    CROSS = "cross"
    REPLACE = "replace"
    REPLACE_CROSS = "replace-cross"


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """A summary of a paper in one language. All its fields are usable: the parser leaves out fields that failed."""

    language: str  # "zh", "en", "ja", "ko", …: ISO 639-1
    fields: Mapping[str, str]  # in reading order; names: tldr, motivation, method, result, conclusion, …


@dataclass(frozen=True, slots=True, kw_only=True)
class Translation:
    """A translation of title and abstract. A text that the source does not translate is ""."""

    language: str
    title: str = ""
    abstract: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelSummary:
    """What the operator's language model made of a paper in one language. No query finds these texts."""

    language: str  # "en" or "zh"
    fields: Mapping[str, str]  # like those of a Summary; empty if only the title is translated
    title: str  # the translated title; "": not translated
    model: str
    made_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Paper:
    """A paper, as one digest describes it or as the store knows it."""

    key: str  # docs/formats.md: bare arXiv id "2501.01234", else DOI, else "title:<hash>", else "abstract:<hash>"
    title: str = ""  # as in the source, TeX unchanged; "": unknown
    abstract: str = ""
    authors: tuple[str, ...] = ()  # as shown, TeX accents decoded; empty: unknown
    categories: tuple[str, ...] = ()  # "cs.CL", primary first; empty: unknown
    primary: str | None = None
    arxiv_id: str | None = None  # bare, without version
    doi: str | None = None  # lower case
    version: int | None = None
    url: str | None = None
    entry: str = ""  # what its feed calls it: a guid or an address; "": not known
    announce_type: Announce | None = None
    summaries: tuple[Summary, ...] = ()
    translations: tuple[Translation, ...] = ()
    failed: bool = False  # the source could not summarise it; the other fields are fine
    comment: str = ""
    has_all: bool = False  # of a digest: its source leaves nothing out, so a comment that is missing does not exist
    venue: str = ""  # the journal or series; "": unknown
    published: str = ""  # the day of publication as its source gives it: "2026-03-05", "2026-03" or "2026"
    same: tuple[str, ...] = ()  # keys of other records of this work, as its source relates them; of a stored paper: ()
    article: str = ""  # of a digest: the DOI of its article, as its own record says; one of `same`
    facts: PaperFacts = NO_FACTS  # of a stored paper
    sources: tuple[str, ...] = ()  # names of the sources whose digests hold it; SAMPLES for a sample
    by_model: tuple[ModelSummary, ...] = ()
    meaning: bytes = field(default=b"", repr=False)  # its codes (`subscriptions.matching.similarity`); b"": not known


@dataclass(frozen=True, slots=True, kw_only=True)
class DigestWarning:
    """A problem in a digest, in spite of which the parser could read the digest (docs/formats.md)."""

    code: str
    message: str
    count: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Digest:
    """One document received from a source."""

    format: str  # a name of FORMATS
    entries: tuple[Paper, ...]  # in the order of the document; a paper may occur more than once
    content_hash: str = ""  # sha256 of the bytes, hex
    day: date | None = None  # None: neither the document nor its file name tells it
    declared: Mapping[str, int] | None = None  # papers per category, as the document counts them
    is_feed: bool = False  # it shows papers of many days, and its day is that of the newest
    warnings: tuple[DigestWarning, ...] = ()
    marks: tuple[Mark, ...] = ()  # what its records say of papers that may be known


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredPaper:
    """A paper as the store knows it, merged from all digests that hold it."""

    id: int
    paper: Paper  # announce_type "cross": it got its sequence as a cross-list; otherwise None
    sequence: int | None  # number that orders announced papers; None: not announced
    sequenced_at: datetime | None
    first_seen_at: datetime
    day: date  # day of the digest that gave it its sequence; without a sequence, of its first digest
    new_sequence: int | None = None  # of a cross-list: its sequence when it was new; None: it was only cross-listed

    @property
    def is_gone(self) -> bool:
        """Whether the paper was withdrawn or retracted."""
        return bool(self.paper.facts.withdrawn or self.paper.facts.retracted)

    @property
    def sequence_as_new(self) -> int:
        """The sequence with which it was last announced otherwise than as a cross-list.

        -1 if it was only cross-listed.
        """
        if self.paper.announce_type is Announce.CROSS:
            if self.new_sequence is None:
                return -1
            return self.new_sequence
        return self.sequence or 0


class ChatKind(StrEnum):
    """The kind of a chat, on which the defaults of its settings depend (docs/settings.md)."""

    PRIVATE = "private"  # one person reads it
    GROUP = "group"  # its members write to each other
    BROADCAST = "broadcast"  # few write, many read
    TEAM = "team"  # a channel of a workspace, or a thread there


@dataclass(frozen=True, slots=True, order=True)
class ChatAddress:
    """Where a chat is. `topic` is "" for none, else the id of a topic or of the thread's first message."""

    platform: str  # the name of a declared platform
    address: str
    topic: str = ""

    def __str__(self) -> str:
        return f"{self.platform}:{self.address}" + (f"/{self.topic}" if self.topic else "")

    @property
    def lane(self) -> "Lane":
        """The lane of this chat."""
        return Lane(self.platform, self.address)


@dataclass(frozen=True, slots=True, order=True)
class Lane:
    """The queue of all messages to one address, which keep their order. Topics and threads of the address share it."""

    platform: str
    address: str

    def __str__(self) -> str:
        return f"{self.platform}:{self.address}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatSettings:
    """The settings of a chat: what the chat chose, else the default of its kind (docs/settings.md)."""

    schedule: str  # a cadence as text: "when-out 08:00-20:00", "daily 09:00", "now", …
    timezone: str  # IANA zone, or a fixed offset "+08:00"
    lang: str  # "en" or "zh"
    text: str  # summary, abstract, titles, both
    limit: int | None  # papers shown per delivery; None: all
    quiet: str  # "22:00-08:00" or off
    shape: str  # digest, each, thread
    crosslists: str  # in, out
    buttons: str  # full, link, off
    updates: str  # on, grave, off: news of papers that the chat kept
    quietday: str  # on, off: a note on a day without papers
    manage: str  # person, admins, members

    def value(self, name: str) -> str:
        """Return a setting as it is stored; "all" for no limit."""
        found = getattr(self, name)
        return "all" if found is None else str(found)


class Chat(NamedTuple):
    """A chat as it is stored, with its settings in effect."""

    id: int  # 0: not stored
    address: ChatAddress
    kind: ChatKind
    settings: ChatSettings
    title: str = ""
    public: bool = False  # strangers can read it
    admin: bool = False  # the person of this private chat is an operator
    state: ChatState = ChatState.ACTIVE
    admission: Admission | None = None  # the last answer of an operator who was asked to let the chat in
    # also set for a chat that waits to be let in, if the bot cannot write to it
    pause_reason: PauseReason | None = None
    state_detail: str = ""  # more about the state: the platform's words, or the address that the chat moved to
    paused_until: datetime | None = None
    first_delivery_planned: bool = False
    subscriptions_ever_made: int = 0  # counts removed ones, too
    owner: str = ""  # the platform's id of the person who set it up; "": not known
    chosen: Mapping[str, str] = MappingProxyType({})  # the settings that it chose itself: name in SETTINGS → value

    @property
    def is_set_up(self) -> bool:
        """Whether somebody set up the chat. Until then, it was only talked in, and has nothing that is kept."""
        decided = not self.is_active or self.admission is not None or self.admin
        return decided or bool(self.owner or self.subscriptions_ever_made or self.chosen)

    @property
    def is_active(self) -> bool:
        """Whether the chat gets deliveries: it neither is paused nor waits."""
        return self.state is ChatState.ACTIVE

    @property
    def is_admitted(self) -> bool:
        """Whether the chat may use the bot: it was let in or once had a subscription, and waits for no answer now."""
        served = self.subscriptions_ever_made > 0 or self.admission is Admission.ADMITTED
        return served and self.state not in WAITING

    @property
    def is_unreachable(self) -> bool:
        """Whether the platform last reported that the bot cannot write to the chat."""
        return bool(self.id) and self.pause_reason is not None and self.pause_reason.is_unreachable

    @property
    def name(self) -> str:
        """The chat's title; if it has none, its address."""
        return self.title or str(self.address)


@dataclass(frozen=True, slots=True, kw_only=True)
class CallbackToken:
    """The meaning of an opaque id in a button under a message or in a link that opens the bot."""

    verb: str
    arguments: Mapping[str, Any] = field(default_factory=dict)  # JSON values
    place: ChatAddress | None = None  # the only chat where the token works; None: it works in every chat
    about: ChatAddress | None = None  # the chat on which it acts, if that is another one
    person: str = ""  # the platform's id of the only person for whom the token works; "": it works for everyone


DAY_NAMES = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
DAYS = tuple(name[:3] for name in DAY_NAMES)  # the stored names, in the order of `date.weekday`
EVERY_DAY, WEEKDAYS = tuple(range(7)), tuple(range(5))


@dataclass(frozen=True, slots=True, kw_only=True)
class Cadence:
    """When a subscription is due, in local time: at a time of day, between two of them, or at once."""

    at: time | None = None  # the time of day; for when-out the first of its two times; None for now
    until: time | None = None  # only for when-out: its second time
    days: tuple[int, ...] = EVERY_DAY  # days of the week, ascending; 0 is Monday

    @property
    def kind(self) -> Literal["now", "when-out", "timed"]:
        """Whether it is due as soon as papers come, as soon as they come between two times, or at a time of day."""
        if self.at is None:
            return "now"
        return "timed" if self.until is None else "when-out"

    @property
    def looks_back(self) -> timedelta:
        """How far back a new subscription looks for papers: the shortest time between two of its due moments."""
        return timedelta(days=7 if len(self.days) == 1 else 1)

    def __str__(self) -> str:
        """Return the cadence as text, for storage and export.

        `planning.times.read_when` reads an equal cadence from it.
        """
        if self.at is None:
            return "now"
        if self.until is not None:
            return f"when-out {self.at:%H:%M}-{self.until:%H:%M}" + (" weekdays" if self.days == WEEKDAYS else "")
        days = {EVERY_DAY: "daily", WEEKDAYS: "weekdays"}.get(self.days, ",".join(DAYS[day] for day in self.days))
        return f"{'weekly ' if len(self.days) == 1 else ''}{days} {self.at:%H:%M}"


class Subscription(NamedTuple):
    """A query of a chat, when it is due, and how far it has looked at the papers."""

    id: int
    chat_id: int
    number: int  # by which the chat's people name it; never reused in this chat
    text: str  # the query as typed
    canonical: str
    cadence: Cadence
    zone: str | None  # its own zone; None: that of the chat
    since: datetime
    cursor: int  # the highest sequence of papers that it has looked at
    next_due_at: datetime | None  # None: it is due when papers come (cadence now)
    name: str = ""
    state: SubscriptionState = SubscriptionState.ACTIVE
    paused_until: datetime | None = None
    latest_due_at: datetime | None = None  # from this moment on it is due even without new papers

    @property
    def is_active(self) -> bool:
        """Whether the subscription is not paused."""
        return self.state is SubscriptionState.ACTIVE

    @property
    def hurry(self) -> bool:
        """Whether a person asked for the papers at once, so that quiet hours do not delay them (cadence now)."""
        return self.cadence.kind == "now" and self.latest_due_at is not None

    @property
    def label(self) -> str:
        """The name of the subscription, or its query as typed if it has none."""
        return self.name or self.text


@dataclass(frozen=True, slots=True, kw_only=True)
class MatchReason:
    """Why a paper is delivered: one subscription that it matches."""

    number: int
    text: str  # the query as typed
    name: str = ""
    words: tuple[str, ...] = ()  # the words that matched, spelled as in the paper if its spelling is known

    @property
    def label(self) -> str:
        """The name of the subscription, or its query as typed if it has none."""
        return self.name or self.text


class Item(NamedTuple):
    """One paper of a delivery, listed under the subscription `because[0]`."""

    paper: StoredPaper
    because: tuple[MatchReason, ...]
    position: int  # from 0, in the order of the delivery
    shown: bool = True  # False: beyond the chat's limit; the button [show] opens it
    cross: bool = False  # new to this chat because of a cross-list


class DeliveryKind(StrEnum):
    """Kinds of deliveries. A bulletin is what people call a digest: all papers of one due moment."""

    ALERT = "alert"
    BULLETIN = "bulletin"
    NOTICE = "notice"


class MissingHow(StrEnum):
    """Why papers that were expected from sources are missing. The most certain reason is declared first."""

    LATE = "late"
    FAILED = "failed"
    AWAITED = ""  # the papers are due, but not late yet

    @classmethod
    def _missing_(cls, value: object) -> "MissingHow":  # noqa: ARG003 - any value that another version stored
        return cls.AWAITED


@dataclass(frozen=True, slots=True)
class MissingSources:
    """Sources whose papers were expected and have not come."""

    names: str  # with commas between them
    count: int
    how: MissingHow


@dataclass(frozen=True, slots=True, kw_only=True)
class PaperNews:
    """What a notice tells of a paper."""

    title: str
    arxiv_id: str | None
    doi: str | None
    url: str | None
    is_gone: bool  # its title is struck through
    lines: tuple[tuple[str, str], ...]  # (text in the chat's language, address of more about it or "")


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryContext:
    """What a delivery tells the reader besides its papers."""

    known: int = 0  # number of papers that were compared with the chat's queries
    days: tuple[date, ...] = ()  # the days of the digests that announced the known papers, ascending
    asked: str = ""  # the subscriptions that were compared, if the chat has others
    seen: int = 0  # number of matching papers that the chat was shown or sent before, so that they do not come again
    first: bool = False  # the chat's first due delivery, which is sent even without papers
    next_due: datetime | None = None  # the next regular moment of the subscriptions that were compared
    next_about: bool = False  # `next_due` is only the earliest time: a when-out subscription then waits for papers
    late: timedelta = timedelta(0)  # how long after its due moment the delivery was planned, as the bot was not running
    missing: MissingSources | None = None
    lines: tuple[str, ...] = ()  # of a notice, in the chat's language
    news: tuple[PaperNews, ...] = ()  # of a notice
    buttons: tuple[tuple[str, str], ...] = ()  # of a notice: (label, id of the callback token)


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """What one chat gets at one moment, before it is rendered."""

    id: str  # 16 characters of a–z and 0–9; messages carry it in their metadata if the platform keeps metadata
    chat: Chat
    kind: DeliveryKind
    due: datetime
    items: tuple[Item, ...] = ()
    facts: DeliveryContext = field(default_factory=DeliveryContext)


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One rendered post of a delivery. Every attempt posts the same stored bytes.

    `payload` is a JSON object as text, in the shape that the platform's channel posts (see bot/rendering).
    """

    number: int  # its place in the delivery, from 1
    payload: str
    reply_to: int | None = None  # number of the message of this delivery in whose thread it is posted
    papers: tuple[int, ...] = ()  # ids of the papers it shows


class LibraryEntry(NamedTuple):
    """An entry of a person's own library."""

    title: str  # "": it has no title
    names: tuple[str, ...]  # arXiv ids and DOIs


class Library(NamedTuple):
    """The content of the file of a library."""

    entries: Sequence[LibraryEntry]
    broken: int = 0  # entries that cannot be read, and entries with neither a title nor the id of a paper
    examples: tuple[str, ...] = ()  # the beginnings of the first few broken entries
