"""Notices to operators, about the process and about sources, and `NOTICES`: cause → class for all notices."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import ClassVar

from subscriptions import notices
from subscriptions.errors import Sentence
from subscriptions.notices import DailyNotice, DayRuns, EventNotice, Notice, NoticeWords

_MOST_IDS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class MessagesDead(DailyNotice):
    """Messages could not be sent and will not be tried again."""

    cause: ClassVar[str] = "dead"

    count: int
    reason: str  # the most frequent reason
    ids: str  # ids of the first deliveries, separated by spaces
    chat: str  # address, if all of them are for one chat

    def lines(self, words: NoticeWords) -> Iterable[str]:
        """Says how many messages are dead, where and why, and names the commands to see them and to send them again."""
        ids = " ".join(self.ids.split()[:_MOST_IDS]) or "ID"
        yield words.count("{count} message could not be sent.", "{count} messages could not be sent.", self.count or 1)
        if self.chat:
            yield words.say("Chat: {chat}.", chat=self.chat)
        yield usual_reason(self.reason, words)
        yield words.say(
            "See them with `paperwire outbox --state dead`; `paperwire outbox retry {ids}` sends them again.", ids=ids
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveriesWaiting(DailyNotice):
    """Deliveries have failed for more than an hour."""

    cause: ClassVar[str] = "waiting"
    about: ClassVar[str] = "platform"

    platform: str
    count: int
    reason: str  # the most frequent reason

    def lines(self, words: NoticeWords) -> Iterable[str]:
        """Says how many deliveries wait, where and why, and that they are tried again."""
        yield words.count(
            "{count} delivery to {platform} has waited for more than an hour.",
            "{count} deliveries to {platform} have waited for more than an hour.",
            self.count or 1,
            platform=_platform_name(self.platform, words),
        )
        yield usual_reason(self.reason, words)
        yield words.say("They are tried again by themselves. Nothing is lost.")


@dataclass(frozen=True, slots=True, kw_only=True)
class SendingStopped(DailyNotice):
    """Nothing is sent to a platform, or to one of its workspaces.

    `reason` says why. If it is empty, too many chats were reported as gone: `gone` of the `of` chats to which the bot
    wrote.
    """

    cause: ClassVar[str] = "stopped"
    about: ClassVar[str] = "platform"

    platform: str  # "platform", or "platform:workspace" with the workspace's id
    reason: str = ""
    gone: int = 0
    of: int = 0

    def lines(self, words: NoticeWords) -> Iterable[str]:
        """Says that sending to the platform has stopped, why, and how to start it again."""
        yield words.say("Sending to {platform} has stopped.", platform=_platform_name(self.platform, words))
        if self.gone:
            gone, of = words.number(self.gone), words.number(self.of)
            yield words.say("{gone} of {of} chats answered that they are gone.", gone=gone, of=of)
        yield self.reason
        yield words.say("Nothing is lost.")
        if self.gone:
            yield words.say(
                "If that is right: `paperwire run --pause-gone`. To try once more: `paperwire outbox retry`."
            )
        else:
            yield words.say("`paperwire check` says how to mend it.")


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockWasWrong(DailyNotice):
    """Subscriptions had due moments too far in the future, because the machine's clock had been ahead."""

    cause: ClassVar[str] = "clock"

    count: int  # number of subscriptions

    def lines(self, words: NoticeWords) -> Iterable[str]:
        """Says how many subscriptions were postponed too far, and that they are due at their times again."""
        yield words.say("The clock of this machine was wrong for a while.")
        yield words.count(
            "It had moved {count} subscription too far ahead; that one comes at its time again.",
            "It had moved {count} subscriptions too far ahead; these come at their times again.",
            self.count or 1,
        )
        yield words.say("Let the machine set its clock by NTP.")


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionChanged(DailyNotice):
    """The process runs another version of paperwire than the last process."""

    cause: ClassVar[str] = "version"
    about: ClassVar[str] = "version"

    version: str
    before: str

    def lines(self, words: NoticeWords) -> Iterable[str]:
        """Says which version runs now, and which ran before."""
        yield words.say("Another version of paperwire runs now: {version}.", version=self.version or "?")
        if self.before:
            yield words.say("It was {version} before; CHANGELOG.md says what is new.", version=self.before)


def usual_reason(reason: str, words: NoticeWords) -> str:
    """Returns the line that names the most frequent reason; "" if there is none."""
    bare = reason.rstrip(".。")
    return words.say("The usual reason: {reason}.", reason=bare) if bare else ""


def _platform_name(platform: str, words: NoticeWords) -> str:
    """Returns the name of a platform for people, with its workspace."""
    name, _, workspace = platform.partition(":")
    shown = f"{name.capitalize()} ({workspace})" if workspace else name.capitalize()
    return shown or words.say("a platform")


# ----------------------------------------------------------------------------- notices about sources, to the operators


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceNotice(DailyNotice):
    """A notice about one source."""

    about: ClassVar[str] = "source"

    source: str  # its name

    def name(self, words: NoticeWords) -> str:
        """Returns the source's name for a sentence; "A source" if it has none."""
        return self.source or words.say("A source")


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceFailed(SourceNotice):
    """A source cannot be read."""

    cause: ClassVar[str] = "source"

    since: str  # when a poll last succeeded; "" if never
    reason: str

    def lines(self, words: NoticeWords) -> Iterable[str]:
        """Says that the source cannot be read, why, since when, and that it is tried again."""
        yield words.say("{source} cannot be read.", source=self.name(words))
        yield self.reason
        if self.since:
            yield words.say("No success since {since}.", since=self.since)
        yield words.say("It is tried again by itself.")


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceOverdue(SourceNotice):
    """A source has brought nothing new although papers are due."""

    cause: ClassVar[str] = "overdue"

    since: str  # when its last papers came; "" if never
    reason: str  # the usual reason for a late source of this kind
    what: str  # what the last poll found; stored, but not shown
    parts: str = ""  # the late units of the source, if only some of its units are late

    def lines(self, words: NoticeWords) -> Iterable[str]:
        """Says what is late, since when, and the usual reason."""
        if self.parts:
            yield words.say(
                "{source} has nothing new in {parts} although it is time.", source=self.name(words), parts=self.parts
            )
        else:
            yield words.say("{source} has nothing new although it is time.", source=self.name(words))
            if self.since:
                yield words.say("The last papers came {since}.", since=self.since)
        yield usual_reason(self.reason, words)


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceRecovered(SourceNotice):
    """A source that had failed or was late works again."""

    cause: ClassVar[str] = "source-back"
    said: ClassVar[Sequence[Sentence]] = (Sentence("{source} is as it should be again."),)


@dataclass(frozen=True, slots=True, kw_only=True)
class DaysMissed(SourceNotice):
    """Some days of a source were missed, and could not be fetched afterwards."""

    cause: ClassVar[str] = "missed"

    days: DayRuns
    # True: fetching failed several times, or is too late; False: the source offers only its newest day
    given_up: bool = False

    def lines(self, words: NoticeWords) -> Iterable[str]:
        """Says which days were missed, why, and names the command that reads them from a file."""
        yield words.say("{source}: what was missed is not all there.", source=self.name(words))
        if self.days:
            yield words.say("Not fetched afterwards: {days}.", days=_day_list(self.days, words))
        if self.given_up:
            yield words.say("They are too old, or asking for them failed again and again.")
        else:
            yield words.say("It shows only its newest.")
        yield words.say("If you have them in a file: `paperwire ingest FILE --date DAY`.")


@dataclass(frozen=True, slots=True, kw_only=True)
class PapersFiled(SourceNotice):
    """Days of a source came so late that their papers were filed: stored, but not announced."""

    cause: ClassVar[str] = "filed"

    days: DayRuns
    papers: int

    def lines(self, words: NoticeWords) -> Iterable[str]:
        """Says how many papers of which days were filed, and names the command that announces them."""
        yield words.count(
            "{source}: {count} paper came too late to be news.",
            "{source}: {count} papers came too late to be news.",
            self.papers,
            source=self.name(words),
        )
        if self.days:
            yield words.say(
                "Of {days}: filed, so search finds them, and not announced to any chat.",
                days=_day_list(self.days, words),
            )
        yield words.say("To announce them all the same: `paperwire sources poll NAME --announce`.")


@dataclass(frozen=True, slots=True, kw_only=True)
class SummariesFailed(SourceNotice):
    """Many summaries of a source are missing because the program that writes them failed."""

    cause: ClassVar[str] = "summaries"

    failed_summaries: int
    papers: int

    def lines(self, words: NoticeWords) -> Iterable[str]:
        """Says how many summaries failed, of how many, and what the papers show instead."""
        yield words.say(
            "{source}: {failed} of {papers} summaries failed.",
            source=self.name(words),
            failed=words.number(self.failed_summaries),
            papers=words.number(self.papers),
        )
        yield words.say("The abstracts are shown instead. Who makes the list may want to know.")


def _day_list(runs: DayRuns, words: NoticeWords) -> str:
    return " · ".join(words.days(run) for run in runs)


# ------------------------------------------------------------------------------------------ all notices by their cause

Notices = Mapping[str, type[Notice]]


def by_cause(*declared: type[Notice]) -> Notices:
    """Returns cause → notice. Raises ValueError if two notices have the same cause."""
    found = {notice.cause: notice for notice in declared}
    if len(found) < len(declared):
        raise ValueError("two notices have the same cause")
    return MappingProxyType(found)


def _declared_in(names: Mapping[str, object]) -> Iterator[type[Notice]]:
    for value in list(names.values()):
        if isinstance(value, type) and issubclass(value, Notice) and "cause" in vars(value):
            yield value


NOTICES: Notices = by_cause(*_declared_in(vars(notices)), *_declared_in(globals()))


@dataclass(frozen=True, slots=True, kw_only=True)
class UnknownNotice(EventNotice):
    """A stored notice whose cause this version does not know. It shows the detail "text", if this is stored."""

    cause: ClassVar[str] = ""

    text: str

    def lines(self, words: NoticeWords) -> Iterable[str]:
        """Yields the detail "text", or a general line."""
        yield self.text or words.say("News from paperwire.")


def read_notice(
    cause: str, detail: Mapping[str, str], text: Callable[[str], str] = str, among: Notices = NOTICES
) -> Notice:
    """Returns the notice that was stored with this cause and these details.

    Each detail that is a text is passed through the function `text`.
    """
    return among.get(cause, UnknownNotice).read(detail, text)
