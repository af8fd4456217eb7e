"""`NOTICES`: every notice by its cause. A new notice is a class in this room and its name in this list."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import ClassVar

from subscriptions.notices import EventNotice, Notice, NoticeWords
from subscriptions.notices.chats import (
    AccessAsked,
    AccessDenied,
    AccessGranted,
    ChatAddressChanged,
    ChatPaused,
    ChatResumed,
    ConfirmAddress,
    NoPapersToday,
    NothingMatched,
    PapersMissing,
    SubscriberLeft,
    SubscriptionsOrphaned,
    TopicClosed,
    TopicGone,
)
from subscriptions.notices.operations import (
    BotReplaced,
    ClockWasWrong,
    DaysMissed,
    DeliveriesWaiting,
    MessagesDead,
    PapersFiled,
    SendingStopped,
    SourceFailed,
    SourceOverdue,
    SourceRecovered,
    SummariesFailed,
    VersionChanged,
)

Notices = Mapping[str, type[Notice]]


def by_cause(*notices: type[Notice]) -> Notices:
    """The notices by their cause. Raises ValueError if two have the same."""
    found = {notice.cause: notice for notice in notices}
    if len(found) < len(notices):
        raise ValueError("two notices have the same cause")
    return MappingProxyType(found)


NOTICES: Notices = by_cause(
    ChatPaused,
    ChatAddressChanged,
    ChatResumed,
    MessagesDead,
    SendingStopped,
    ClockWasWrong,
    BotReplaced,
    SourceFailed,
    SourceOverdue,
    SourceRecovered,
    DaysMissed,
    PapersFiled,
    SummariesFailed,
    NothingMatched,
    PapersMissing,
    NoPapersToday,
    TopicClosed,
    TopicGone,
    SubscriberLeft,
    SubscriptionsOrphaned,
    DeliveriesWaiting,
    VersionChanged,
    AccessAsked,
    AccessGranted,
    AccessDenied,
    ConfirmAddress,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class UnknownNotice(EventNotice):
    """A stored notice of a cause that this version does not know: its detail "text", if it has one."""

    cause: ClassVar[str] = ""

    text: str

    def lines(self, words: NoticeWords) -> Iterable[str]:
        """The text."""
        yield self.text or words.say("News from paperwire.")


def read_notice(
    cause: str, detail: Mapping[str, str], text: Callable[[str], str] = str, notices: Notices = NOTICES
) -> Notice:
    """The notice that was stored with this cause and these details. `text` is applied to details that are texts."""
    return notices.get(cause, UnknownNotice).read(detail, text)
