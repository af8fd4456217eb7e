"""Notices to operators: of the process and of sources."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar

from subscriptions.notices import DailyNotice, DayRuns, NoticeWords

_MOST_IDS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class MessagesDead(DailyNotice):
    """Messages could not be sent and will not be tried again."""

    cause: ClassVar[str] = "dead"

    count: int
    reason: str  # the usual one
    ids: str  # of the first deliveries, separated by spaces
    chat: str  # address, if all of them go to one chat

    def lines(self, words: NoticeWords) -> Iterable[str]:
        """Says how many messages are dead, where and why, and names the commands that show them and send them again."""
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
    """Deliveries have been tried in vain for more than an hour."""

    cause: ClassVar[str] = "waiting"
    about: ClassVar[str] = "platform"

    platform: str
    count: int
    reason: str  # the usual one

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
    """Nothing is sent to a platform, or to one workspace of it.

    Either a `reason` is known, or `gone` of the `of` chats that were written to answered that they are gone.
    """

    cause: ClassVar[str] = "stopped"
    about: ClassVar[str] = "platform"

    platform: str  # for one workspace with its id after a colon
    reason: str = ""
    gone: int = 0
    of: int = 0

    def lines(self, words: NoticeWords) -> Iterable[str]:
        """Says that sending to the platform has stopped, why, and how to mend it."""
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
    """Subscriptions were due too late: the clock of the machine had been ahead."""

    cause: ClassVar[str] = "clock"

    count: int  # of subscriptions

    def lines(self, words: NoticeWords) -> Iterable[str]:
        """Says how many subscriptions were put off, and that they come at their times again."""
        yield words.say("The clock of this machine was wrong for a while.")
        yield words.count(
            "It had put off {count} subscription too far; that one comes at its time again.",
            "It had put off {count} subscriptions too far; these come at their times again.",
            self.count or 1,
        )
        yield words.say("Let the machine set its clock by NTP.")


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionChanged(DailyNotice):
    """Another version of paperwire runs than before."""

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
    """The line that names the most frequent reason; "" if it is not known."""
    bare = reason.rstrip(".。")
    return words.say("The usual reason: {reason}.", reason=bare) if bare else ""


def _platform_name(platform: str, words: NoticeWords) -> str:
    """A platform as people write it, with its workspace."""
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
        """The source's name as a sentence has it."""
        return self.source or words.say("A source")


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceFailed(SourceNotice):
    """A source cannot be read."""

    cause: ClassVar[str] = "source"

    since: str  # when it last had brought all that was due; "" if never
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
    """A source has nothing new although it is time."""

    cause: ClassVar[str] = "overdue"

    since: str  # when its last papers came; "" if never
    reason: str  # the usual one
    what: str  # what the last poll found; stored, and not written out
    parts: str = ""  # its units that are late, where others have come

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
    """A source that had failed or was late is well again."""

    cause: ClassVar[str] = "source-back"

    def lines(self, words: NoticeWords) -> Iterable[str]:
        """Says that all is well again."""
        yield words.say("{source} is as it should be again.", source=self.name(words))


@dataclass(frozen=True, slots=True, kw_only=True)
class DaysMissed(SourceNotice):
    """Days of a source could not be fetched afterwards."""

    cause: ClassVar[str] = "missed"

    days: DayRuns
    given_up: bool = False  # they were asked for in vain or lie too far back; else the source shows only its newest

    def lines(self, words: NoticeWords) -> Iterable[str]:
        """Says which days were missed, why, and names the command that reads them from a file."""
        yield words.say("{source}: what was missed is not all there.", source=self.name(words))
        if self.days:
            yield words.say("Not fetched afterwards: {days}.", days=_day_list(self.days, words))
        if self.given_up:
            yield words.say("They lie too far back, or were asked for again and again in vain.")
        else:
            yield words.say("It shows only its newest.")
        yield words.say("If you have them in a file: `paperwire ingest FILE --date DAY`.")


@dataclass(frozen=True, slots=True, kw_only=True)
class PapersFiled(SourceNotice):
    """Days of a source were fetched so late that their papers were filed and not announced."""

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
                "Of {days}: filed, so search finds them, and announced to nobody.", days=_day_list(self.days, words)
            )
        yield words.say("To announce them all the same: `paperwire sources poll NAME --announce`.")


@dataclass(frozen=True, slots=True, kw_only=True)
class SummariesFailed(SourceNotice):
    """Many summaries of a source failed where they were made."""

    cause: ClassVar[str] = "summaries"

    failed_summaries: int
    papers: int

    def lines(self, words: NoticeWords) -> Iterable[str]:
        """Says how many summaries failed, of how many, and what is shown instead."""
        yield words.say(
            "{source}: {failed} of {papers} summaries failed.",
            source=self.name(words),
            failed=words.number(self.failed_summaries),
            papers=words.number(self.papers),
        )
        yield words.say("The abstracts are shown instead. Who makes the list may want to know.")


def _day_list(runs: DayRuns, words: NoticeWords) -> str:
    return " · ".join(words.days(run) for run in runs)
