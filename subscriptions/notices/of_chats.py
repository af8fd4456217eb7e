"""Notices about the state of a chat: paused or resumed, topics gone, who left, let in or denied, the question to an address."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from subscriptions.errors import Sentence
from subscriptions.notices import CONFIRM, DailyNotice, EventNotice, NoticeWords, unstored
from subscriptions.states import PauseReason

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

    cause = "paused"
    about = "place"

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

    cause = "resumed"
    said = (
        Sentence("I can write to {chat} again."),
        Sentence("What was missed comes with the next delivery."),
    )

    chat: str  # title or address


@dataclass(frozen=True, slots=True, kw_only=True)
class TopicClosed(EventNotice):
    """To a group in its General topic, or to a private chat: a topic was closed."""

    cause = "topic-closed"
    said = (
        Sentence("A topic of this chat was closed."),
        Sentence("What it subscribes to waits: {subscriptions}."),
        Sentence("It goes on by itself when the topic is opened again."),
    )

    subscriptions: str  # their names


@dataclass(frozen=True, slots=True, kw_only=True)
class TopicGone(EventNotice):
    """To a group in its General topic, or to a private chat: a topic was deleted."""

    cause = "topic-gone"
    said = (
        Sentence("A topic of this chat is not there any more."),
        Sentence("What it subscribed to waits: {subscriptions}."),
        Sentence("To have it in another topic, send /sub there."),
    )

    subscriptions: str  # their names


@dataclass(frozen=True, slots=True, kw_only=True)
class TopicEnded(EventNotice):
    """To a private chat: a topic was deleted, and its papers come to the chat itself."""

    cause = "topic-ended"

    subscriptions: str  # their names

    def lines(self, words: NoticeWords) -> Iterable[str]:
        """Says what comes to the chat from now on."""
        if self.subscriptions:
            yield words.say(
                "A topic of this chat is gone; what it subscribed to comes here now: {subscriptions}.",
                subscriptions=self.subscriptions,
            )
        else:
            yield words.say("A topic of this chat is gone; its papers come here now.")


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessAsked(DailyNotice):
    """To the operators: a chat requests admission."""

    cause = "asked"
    about = "chat"
    labels = MappingProxyType({"allow": Sentence("allow"), "deny": Sentence("deny")})

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

    cause = "admitted"

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

    cause = "denied"
    said = (
        Sentence("The operator of this bot has said no to this chat."),
        Sentence("Its subscriptions bring nothing."),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfirmAddress(EventNotice):
    """To an address: asks whether papers may be sent there.

    The question quotes nothing that a person typed, because any stranger may have entered this address.
    """

    cause = "confirm"
    labels = MappingProxyType({CONFIRM: Sentence("yes, send them here")})
    said = (
        Sentence("Shall papers come to this address?"),
        Sentence("Someone asked paperwire to send new research papers here. The answer is open for two days."),
        Sentence("If it was not you, do nothing: then no further mail comes."),
    )
