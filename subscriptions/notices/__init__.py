"""Notices: news about the service itself. Each notice is a class with a cause, typed details, a key and its text.

This module has the base classes, functions that store and read details, and the notices to chats. `declared.py` and
`findings.py` have the notices to operators, and `declared.py` has `NOTICES`, a mapping of all notices. `subscriptions.service.notices` stores notices in the
outbox, and `bot.rendering` renders them.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import MISSING, Field, dataclass, field, fields
from datetime import date, datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Any, ClassVar, Protocol, Self, cast

from subscriptions.errors import Sentence
from subscriptions.model import MissingHow
from subscriptions.states import PauseReason

CONFIRM = "confirm"  # the verb of the button that confirms an address
BUTTON = "button "  # prefix of the detail "button VERB", which has the id of the button's callback token

DayRuns = tuple[tuple[date, date], ...]  # (first, last) day of each run of consecutive days

_UNSTORED = "unstored"
_HOLES = re.compile(r"{(\w+)}")
_NAMELESS = {"chat": Sentence("A chat").template, "source": Sentence("A source").template}


class NoticeWords(Protocol):
    """The functions with which a notice writes its lines in the reader's language."""

    @property
    def translate(self) -> Callable[[str], str]:
        """The gettext function of the language."""

    def say(self, sentence: str, /, **values: object) -> str:
        """Returns the sentence in this language with its values filled in.

        Commands in it are written as people type them in this chat.
        """

    def count(self, one: str, many: str, count: int, /, **values: object) -> str:
        """Returns the singular or plural sentence for `count`, with its values filled in; `{count}` is the number."""

    def number(self, number: int) -> str:
        """Returns the number in the format of this language."""

    def days(self, days: Sequence[date]) -> str:
        """Returns the first and the last of these days as text."""

    def moment(self, moment: datetime) -> str:
        """Returns the moment as text, in the reader's time zone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """A notice. A subclass declares `cause`, the details as fields, and the text.

    DailyNotice and EventNotice define `key`.
    """

    cause: ClassVar[str]  # stored; each class has its own
    is_notice: ClassVar[bool] = True  # False: a finding of which operators get no notice
    said: ClassVar[Sequence[Sentence]] = ()  # its lines; a line with a placeholder for an empty detail is left out
    labels: ClassVar[Mapping[str, Sentence]] = MappingProxyType({})  # verb → label of its buttons, in order

    def lines(self, words: NoticeWords) -> Iterable[str]:
        """Yields the title, then the lines below it. The caller leaves out empty lines.

        The default yields the sentences of `said`. A notice whose sentences vary overrides this.
        """
        values = {one.name: getattr(self, one.name) for one in fields(self)}
        values |= {name: words.say(nameless) for name, nameless in _NAMELESS.items() if not values.get(name)}
        for sentence in self.said:
            if all(values[name] for name in _HOLES.findall(sentence.template)):
                yield words.say(sentence.template, **values)

    def key(self, day: date) -> str:
        """Returns the key of this notice. A chat gets one notice for each pair of cause and key.

        `day` is the day on which the notice is stored.
        """
        raise NotImplementedError

    def detail(self) -> dict[str, str]:
        """Returns the details to store: each required field, and each other field that differs from its default."""
        values = {one.name: getattr(self, one.name) for one in _stored(type(self))}
        return {
            one.name: _written(values[one.name])
            for one in _stored(type(self))
            if one.default is MISSING or values[one.name] != one.default
        }

    @classmethod
    def read(cls, detail: Mapping[str, str], text: Callable[[str], str] = str) -> Self:
        """Returns the notice with these stored details, each text passed through the function `text`."""
        stored = {one.name: _value(one, detail.get(one.name, ""), text) for one in _stored(cls)}
        unstored = {one.name: "" for one in fields(cls) if one.name not in stored and one.default is MISSING}
        return cls(**stored, **unstored)


@dataclass(frozen=True, slots=True, kw_only=True)
class DailyNotice(Notice):
    """A notice that a chat gets at most once a day for each subject."""

    about: ClassVar[str] = ""  # the field with the subject, such as a source; "": at most one notice a day

    def subject(self) -> str:
        """Returns the subject of the notice; "" if its class has no subject."""
        return str(getattr(self, self.about)) if self.about else ""

    def key(self, day: date) -> str:
        """Returns the subject and the day."""
        return f"{self.subject()}:{day.isoformat()}"


def unstored(default: Any = MISSING) -> Any:  # noqa: ANN401 - a dataclass field has the type of its value
    """A field that is not stored as a detail. In a notice from the store it has its default, or "" without one."""
    return field(default=default, metadata={_UNSTORED: True})


@dataclass(frozen=True, slots=True, kw_only=True)
class EventNotice(Notice):
    """A notice that a chat gets once for an event, even if the event is reported several times."""

    event: str = unstored()  # identifies the event, for example an update's id, a moment or a cursor

    def key(self, day: date) -> str:  # noqa: ARG002 - the same on any day
        """Returns the event."""
        return self.event


def _stored(notice: type[Notice]) -> tuple[Field[Any], ...]:
    return tuple(one for one in fields(notice) if _UNSTORED not in one.metadata)


def _written(value: object) -> str:
    """Returns a detail as text. Raises TypeError for a type that `_value` cannot read."""
    match value:
        case None:
            return ""
        case datetime():
            return value.isoformat()
        case str():
            return str(value)
        case bool():
            return "1" if value else ""
        case int():
            return str(value)
        case tuple():
            return " ".join(f"{first}/{last}" for first, last in cast(DayRuns, value))
    raise TypeError(f"a notice cannot store {value!r}")


def _moment(stored: str) -> datetime | None:
    try:
        return datetime.fromisoformat(stored)
    except ValueError:  # another version stored words
        return None


def _value(one: Field[Any], stored: str, text: Callable[[str], str]) -> object:
    """Returns the value of a field from its stored text. Raises TypeError for a type that `_written` cannot write."""
    if one.type is str:
        return text(stored)
    if one.type is int:
        return int(stored) if stored.isascii() and stored.isdigit() else 0
    if one.type is bool:
        return bool(stored)
    if isinstance(one.type, type) and issubclass(one.type, StrEnum):
        return one.type(stored)
    if one.type == (datetime | None):
        return _moment(stored)
    if one.type == DayRuns:
        runs = (run.split("/") for run in stored.split())
        return tuple((date.fromisoformat(run[0]), date.fromisoformat(run[-1])) for run in runs)
    raise TypeError(f"{one.name}: a notice cannot read {one.type}")


# -------------------------------------------------------------------------------- notices to chats about their state

PAUSES: Mapping[str, Sentence] = MappingProxyType(
    {
        PauseReason.GONE: Sentence("The chat no longer exists, or the bot was removed from it."),
        PauseReason.NO_RIGHTS: Sentence("The bot may not write there."),
        PauseReason.ARCHIVED: Sentence("The channel was archived."),
        # /invite is a command of the platform
        PauseReason.NOT_A_MEMBER: Sentence("I am not in the channel. /invite lets me in."),
    }
)
"""Reason of a pause → the sentence in a notice."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatPaused(DailyNotice):
    """To the owner of a chat: the bot cannot write there any more."""

    cause: ClassVar[str] = "paused"
    about: ClassVar[str] = "place"

    chat: str  # title or address
    place: str = unstored()  # its address
    reason: str  # a key of PAUSES

    def lines(self, words: NoticeWords) -> Iterable[str]:
        """Says that the chat is paused, why, and that its deliveries continue when the bot can write there again."""
        yield words.say("{chat} is paused.", chat=self.chat or words.say("A chat"))
        yield words.say(PAUSES[self.reason].template) if self.reason in PAUSES else ""
        yield words.say("Nothing is lost: it goes on by itself when the bot can write there again.")


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatResumed(EventNotice):
    """To the owner of a chat: the bot can write there again."""

    cause: ClassVar[str] = "resumed"
    said: ClassVar[Sequence[Sentence]] = (
        Sentence("I can write to {chat} again."),
        Sentence("What was missed comes with the next delivery."),
    )

    chat: str  # title or address


@dataclass(frozen=True, slots=True, kw_only=True)
class TopicClosed(EventNotice):
    """To a group, in its General topic: another topic was closed."""

    cause: ClassVar[str] = "topic-closed"
    said: ClassVar[Sequence[Sentence]] = (
        Sentence("A topic of this group was closed."),
        Sentence("What it subscribes to waits: {subscriptions}."),
        Sentence("It goes on by itself when the topic is opened again."),
    )

    subscriptions: str  # their names


@dataclass(frozen=True, slots=True, kw_only=True)
class TopicGone(EventNotice):
    """To a group, in its General topic: another topic was deleted."""

    cause: ClassVar[str] = "topic-gone"
    said: ClassVar[Sequence[Sentence]] = (
        Sentence("A topic of this group is not there any more."),
        Sentence("What it subscribed to waits: {subscriptions}."),
        Sentence("To have it in another topic, send /sub there."),
    )

    subscriptions: str  # their names


@dataclass(frozen=True, slots=True, kw_only=True)
class SubscriberLeft(DailyNotice):
    """To the operators: a person who added subscriptions in a chat has left it."""

    cause: ClassVar[str] = "subscriber-left"
    about: ClassVar[str] = "place"
    said: ClassVar[Sequence[Sentence]] = (
        Sentence("The person who subscribed {chat} has left it."),
        Sentence("What they asked for there is paused, and nothing is lost; the channel was told how it goes on."),
    )

    chat: str  # title or address
    place: str = unstored()  # its address


@dataclass(frozen=True, slots=True, kw_only=True)
class SubscriptionsOrphaned(EventNotice):
    """To a chat: a person who added subscriptions has left it, and these subscriptions are paused."""

    cause: ClassVar[str] = "orphaned"
    labels: ClassVar[Mapping[str, Sentence]] = MappingProxyType({"resume": Sentence("resume")})

    who: str  # a name; "": unknown
    subscriptions: str  # their numbers and names
    number: str  # the number of the subscription if there is only one, otherwise ""

    def lines(self, words: NoticeWords) -> Iterable[str]:
        """Says who left, what is paused, and how to resume it."""
        if self.who:
            yield words.say("{who} has left the channel.", who=self.who)
        else:
            yield words.say("A person has left the channel.")
        yield words.say("What they asked for here is paused: {subscriptions}", subscriptions=self.subscriptions)
        yield words.say("What comes in the meantime waits; nothing is lost.")
        if self.number:
            yield words.say("/resume {number} goes on with it, /unsub {number} ends it.", number=self.number)
        else:
            yield words.say("/resume goes on with them, /list shows them.")


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessAsked(DailyNotice):
    """To the operators: a chat requests admission."""

    cause: ClassVar[str] = "asked"
    about: ClassVar[str] = "chat"
    labels: ClassVar[Mapping[str, Sentence]] = MappingProxyType({"allow": Sentence("allow"), "deny": Sentence("deny")})

    chat: str  # its address
    title: str
    who: str  # the person's name
    request: str  # what they want to subscribe to

    def lines(self, words: NoticeWords) -> Iterable[str]:
        """Says who requests admission, for which chat and subscription, and names the commands for the answer."""
        both = self.title and self.chat
        chat = f"{self.title} ({self.chat})" if both else self.title or self.chat
        yield words.say("{who} asks to be let in.", who=self.who or chat or words.say("A chat"))
        if self.who and chat:
            yield words.say("Chat: {chat}.", chat=chat)
        if self.request:
            yield words.say("It wants: {request}", request=self.request)
        if self.chat:
            yield words.say("In words: /allow {chat} or /deny {chat}", chat=self.chat)


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessGranted(EventNotice):
    """To a chat that requested admission: it was admitted."""

    cause: ClassVar[str] = "admitted"

    count: int  # active subscriptions

    def lines(self, words: NoticeWords) -> Iterable[str]:
        """Says that the chat is admitted, and that its subscriptions deliver the papers since the request."""
        yield words.say("This chat is let in.")
        if self.count:
            yield words.count(
                "Its subscription is on, and brings what came since it asked.",
                "Its {count} subscriptions are on, and bring what came since they asked.",
                self.count,
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessDenied(EventNotice):
    """To a chat: an operator has denied it."""

    cause: ClassVar[str] = "denied"
    said: ClassVar[Sequence[Sentence]] = (
        Sentence("The operator of this bot has said no to this chat."),
        Sentence("Its subscriptions bring nothing."),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfirmAddress(EventNotice):
    """To an address: asks whether papers may be sent there.

    The question quotes nothing that a person typed, because any stranger may have entered this address.
    """

    cause: ClassVar[str] = "confirm"
    labels: ClassVar[Mapping[str, Sentence]] = MappingProxyType({CONFIRM: Sentence("yes, send them here")})
    said: ClassVar[Sequence[Sentence]] = (
        Sentence("Shall papers come to this address?"),
        Sentence("Someone asked paperwire to send new research papers here. The answer is open for two days."),
        Sentence("If it was not you, do nothing: then no further mail comes."),
    )


# ------------------------------------------------------------------------ notices about papers that a chat did not get


@dataclass(frozen=True, slots=True, kw_only=True)
class NothingMatched(EventNotice):
    """To a chat, or, if strangers can read it, to its owner: nothing matched on several days with papers."""

    cause: ClassVar[str] = "nothing-found"
    labels: ClassVar[Mapping[str, Sentence]] = MappingProxyType(
        {"preview": Sentence("preview"), "edit": Sentence("edit"), "fine": Sentence("fine")}
    )

    chat: str = ""  # title or address, when its owner reads this
    known: int  # number of papers that came
    days: int

    def lines(self, words: NoticeWords) -> Iterable[str]:
        """Says how many papers came, on how many days nothing matched, and which commands help."""
        known = words.number(self.known)
        days = words.count("Nothing matched for {count} day.", "Nothing matched for {count} days.", self.days)
        if self.chat:
            yield words.say("{chat}: 0 of {known} papers.", chat=self.chat, known=known)
            yield days
            yield words.say("Nothing was posted there. /connect changes what it asks for.")
            return
        yield words.say("0 of {known} papers.", known=known)
        yield days if self.days else ""
        yield words.say("/preview shows what would, /edit changes the wish.")


@dataclass(frozen=True, slots=True, kw_only=True)
class PapersMissing(DailyNotice):
    """To the owner of a chat that strangers can read: its delivery lacks the papers of some sources."""

    cause: ClassVar[str] = "went-without"
    about: ClassVar[str] = "place"

    chat: str  # title or address
    place: str = unstored()  # its address
    names: str  # names of the sources
    how: MissingHow
    count: int  # number of sources

    def lines(self, words: NoticeWords) -> Iterable[str]:
        """Says which chat lacks papers of which sources, and that the chat itself was not told."""
        yield words.say("{chat} got its papers without some that were expected.", chat=self.chat or words.say("A chat"))
        yield missing_line(self.names or words.say("A source"), self.how, self.count or 1, words)
        yield words.say("Nothing was said of it there.")


@dataclass(frozen=True, slots=True, kw_only=True)
class NoPapersToday(DailyNotice):
    """To the owner of a chat that strangers can read: no papers came today."""

    cause: ClassVar[str] = "quiet-day"
    about: ClassVar[str] = "place"
    said: ClassVar[Sequence[Sentence]] = (
        Sentence("{chat} had no papers today."),
        Sentence("Nothing was posted there."),
    )

    chat: str  # title or address
    place: str = unstored()  # its address


def missing_line(names: str, how: MissingHow, count: int, words: NoticeWords) -> str:
    """Returns the line that says that the papers of `count` sources are missing, why, and that they come later."""
    match how:
        case MissingHow.LATE:
            return words.count(
                "{names} is late; its papers come with the next digest.",
                "{names} are late; their papers come with the next digest.",
                count,
                names=names,
            )
        case MissingHow.FAILED:
            return words.count(
                "{names} could not be read; its papers come with the next digest.",
                "{names} could not be read; their papers come with the next digest.",
                count,
                names=names,
            )
        case MissingHow.AWAITED:
            return words.count(
                "{names} has not come yet; its papers come with the next digest.",
                "{names} have not come yet; their papers come with the next digest.",
                count,
                names=names,
            )
