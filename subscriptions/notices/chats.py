"""Notices to chats: of their state, and of what their queries find."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import ClassVar

from subscriptions.errors import Sentence
from subscriptions.model import MissingHow
from subscriptions.notices import DailyNotice, EventNotice, NoticeWords, unstored

CONFIRM = "confirm"  # the verb of the button with which an address says yes


class PauseNoticeReason(StrEnum):
    """Why a platform does not let the bot write to a chat."""

    BLOCKED = "blocked"
    GONE = "gone"
    RIGHTS = "rights"
    ARCHIVED = "archived"
    TOPIC = "topic"
    OUTSIDE = "outside"
    UNKNOWN = ""

    @classmethod
    def _missing_(cls, value: object) -> "PauseNoticeReason":  # noqa: ARG003 - any value that another version stored
        return cls.UNKNOWN


_REASONS: Mapping[PauseNoticeReason, Sentence] = {
    PauseNoticeReason.BLOCKED: Sentence("The bot was blocked there."),
    PauseNoticeReason.GONE: Sentence("The chat no longer exists, or the bot was removed from it."),
    PauseNoticeReason.RIGHTS: Sentence("The bot may not write there."),
    PauseNoticeReason.ARCHIVED: Sentence("The channel was archived."),
    PauseNoticeReason.TOPIC: Sentence("The topic was closed."),
    PauseNoticeReason.OUTSIDE: Sentence("I am not in the channel. /invite lets me in."),  # a command of the platform
    PauseNoticeReason.UNKNOWN: Sentence(""),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatPaused(DailyNotice):
    """To the owner of a chat: the bot cannot write there any more."""

    cause: ClassVar[str] = "paused"
    about: ClassVar[str] = "place"

    chat: str  # title or address
    place: str = unstored()  # its address
    reason: PauseNoticeReason

    def lines(self, words: NoticeWords) -> Iterable[str]:
        """Says that the chat is paused, why, what waits, and when its deliveries go on."""
        yield words.say("{chat} is paused.", chat=self.chat or words.say("A chat"))
        yield _REASONS[self.reason].say(words.translate)
        yield words.say("Nothing is lost: it goes on by itself when the bot can write there again.")


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatResumed(EventNotice):
    """To the owner of a chat: the bot can write there again."""

    cause: ClassVar[str] = "resumed"

    chat: str  # title or address

    def lines(self, words: NoticeWords) -> Iterable[str]:
        """Says that the bot can write to the chat again, and when what was missed comes."""
        yield words.say("I can write to {chat} again.", chat=self.chat)
        yield words.say("What was missed comes with the next delivery.")


@dataclass(frozen=True, slots=True, kw_only=True)
class TopicClosed(EventNotice):
    """To a group, in its General topic: another topic was closed."""

    cause: ClassVar[str] = "topic-closed"

    subscriptions: str  # their names

    def lines(self, words: NoticeWords) -> Iterable[str]:
        """Says that the topic was closed, what waits, and when its deliveries go on."""
        yield words.say("A topic of this group was closed.")
        if self.subscriptions:
            yield words.say("What it subscribes to waits: {subscriptions}.", subscriptions=self.subscriptions)
        yield words.say("It goes on by itself when the topic is opened again.")


@dataclass(frozen=True, slots=True, kw_only=True)
class TopicGone(EventNotice):
    """To a group, in its General topic: another topic was deleted."""

    cause: ClassVar[str] = "topic-gone"

    subscriptions: str  # their names

    def lines(self, words: NoticeWords) -> Iterable[str]:
        """Says that the topic is gone, what waits, and how to get its papers elsewhere."""
        yield words.say("A topic of this group is not there any more.")
        if self.subscriptions:
            yield words.say("What it subscribed to waits: {subscriptions}.", subscriptions=self.subscriptions)
        yield words.say("To have it in another topic, send /sub there.")


@dataclass(frozen=True, slots=True, kw_only=True)
class SubscriberLeft(DailyNotice):
    """To the operators: a person who subscribed a chat has left it."""

    cause: ClassVar[str] = "subscriber-left"
    about: ClassVar[str] = "place"

    chat: str  # title or address
    place: str = unstored()  # its address

    def lines(self, words: NoticeWords) -> Iterable[str]:
        """Says that the subscriber of the chat has left, and that the subscriptions there are paused."""
        yield words.say("Whoever subscribed {chat} has left it.", chat=self.chat or words.say("A chat"))
        yield words.say(
            "What they asked for there is paused, and nothing is lost; the channel was told how it goes on."
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class SubscriptionsOrphaned(EventNotice):
    """To a chat: a person who subscribed it has left, and these subscriptions are paused."""

    cause: ClassVar[str] = "orphaned"
    labels: ClassVar[Mapping[str, Sentence]] = MappingProxyType({"resume": Sentence("resume")})

    who: str  # a name; "": not known
    subscriptions: str  # their numbers and names
    number: str  # of the subscription where it is only one, else ""

    def lines(self, words: NoticeWords) -> Iterable[str]:
        """Says who left, what is paused, and how to resume it."""
        if self.who:
            yield words.say("{who} has left the channel.", who=self.who)
        else:
            yield words.say("Somebody has left the channel.")
        yield words.say("What they asked for here is paused: {subscriptions}", subscriptions=self.subscriptions)
        yield words.say("What comes in the meantime waits; nothing is lost.")
        if self.number:
            yield words.say("/resume {number} goes on with it, /unsub {number} ends it.", number=self.number)
        else:
            yield words.say("/resume goes on with them, /list shows them.")


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessAsked(DailyNotice):
    """To the operators: a chat asks to be let in."""

    cause: ClassVar[str] = "asked"
    about: ClassVar[str] = "chat"
    labels: ClassVar[Mapping[str, Sentence]] = MappingProxyType({"allow": Sentence("allow"), "deny": Sentence("deny")})

    chat: str  # its address
    title: str
    who: str  # the person's name
    request: str  # what they want to subscribe to

    def lines(self, words: NoticeWords) -> Iterable[str]:
        """Says who asks, for which chat and subscription, and names the commands that answer."""
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
    """To a chat that asked: it was let in."""

    cause: ClassVar[str] = "admitted"

    count: int  # active subscriptions

    def lines(self, words: NoticeWords) -> Iterable[str]:
        """Says that the chat is let in, and what its subscriptions bring."""
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

    def lines(self, words: NoticeWords) -> Iterable[str]:
        """Says that the chat was denied, and what that means."""
        yield words.say("The operator of this bot has said no to this chat.")
        yield words.say("Its subscriptions bring nothing.")


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfirmAddress(EventNotice):
    """To an address: may papers come there? Names nothing that the person who asked has written, since that may be anybody."""

    cause: ClassVar[str] = "confirm"
    labels: ClassVar[Mapping[str, Sentence]] = MappingProxyType({CONFIRM: Sentence("yes, send them here")})

    def lines(self, words: NoticeWords) -> Iterable[str]:
        """Asks, and says what happens without an answer."""
        yield words.say("Shall papers come to this address?")
        yield words.say("Someone asked paperwire to send new research papers here. The answer is open for two days.")
        yield words.say("If it was not you, do nothing: then no further mail comes.")


# ------------------------------------------------------------------------------- notices about what a chat did not get


@dataclass(frozen=True, slots=True, kw_only=True)
class NothingMatched(EventNotice):
    """To a chat, or to its owner where strangers read it: nothing has matched for days on which papers came."""

    cause: ClassVar[str] = "nothing-found"
    labels: ClassVar[Mapping[str, Sentence]] = MappingProxyType(
        {"preview": Sentence("preview"), "edit": Sentence("edit"), "fine": Sentence("fine")}
    )

    chat: str = ""  # title or address, when its owner reads this
    known: int  # papers
    days: int

    def lines(self, words: NoticeWords) -> Iterable[str]:
        """Says how many papers came, on how many days, and names the commands that change that."""
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
    """To the owner of a chat that strangers read: it got its papers without those of some sources."""

    cause: ClassVar[str] = "went-without"
    about: ClassVar[str] = "place"

    chat: str  # title or address
    place: str = unstored()  # its address
    names: str  # of the sources
    how: MissingHow
    count: int  # sources

    def lines(self, words: NoticeWords) -> Iterable[str]:
        """Says which chat lacks papers of which sources, and that the chat was not told."""
        yield words.say("{chat} got its papers without some that were expected.", chat=self.chat or words.say("A chat"))
        yield missing_line(self.names or words.say("A source"), self.how, self.count or 1, words)
        yield words.say("Nothing was said of it there.")


@dataclass(frozen=True, slots=True, kw_only=True)
class NoPapersToday(DailyNotice):
    """To the owner of a chat that strangers read: no papers came today."""

    cause: ClassVar[str] = "quiet-day"
    about: ClassVar[str] = "place"

    chat: str  # title or address
    place: str = unstored()  # its address

    def lines(self, words: NoticeWords) -> Iterable[str]:
        """Says that nothing was posted in the chat."""
        yield words.say("{chat} had no papers today.", chat=self.chat or words.say("A chat"))
        yield words.say("Nothing was posted there.")


def missing_line(names: str, how: MissingHow, count: int, words: NoticeWords) -> str:
    """The line that says of `count` sources that their papers come later."""
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
