"""Notices about sources, to the operators: what cannot be read, is late, was missed or came too late."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar

from subscriptions.notices.notice import DailyNotice, DayRuns, NoticeWords
from subscriptions.notices.operations import usual_reason


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceNotice(DailyNotice):
    """A notice about one source."""

    source: str  # its name

    def subject(self) -> str:
        """The source."""
        return self.source

    def name(self, words: NoticeWords) -> str:
        """The source's name as a sentence has it."""
        return self.source or words.say("A source")


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceFailed(SourceNotice):
    """A source cannot be read."""

    cause: ClassVar[str] = "source"

    since: str  # when it last had brought all that was due; "" if never
    reason: str
    count: int = 0  # failures today

    def lines(self, words: NoticeWords) -> Iterable[str]:
        """Says that the source cannot be read, why, since when, and that it is tried again."""
        yield words.say("{source} cannot be read.", source=self.name(words))
        yield self.reason
        if self.since:
            yield words.say("No success since {since}.", since=self.since)
        if self.count > 1:
            yield words.count("{count} failure today.", "{count} failures today.", self.count)
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
        """Says how many of how many summaries failed, and what is shown instead."""
        yield words.say(
            "{source}: {failed} of {papers} summaries failed.",
            source=self.name(words),
            failed=words.number(self.failed_summaries),
            papers=words.number(self.papers),
        )
        yield words.say("The abstracts are shown instead. Who makes the list may want to know.")


def _day_list(runs: DayRuns, words: NoticeWords) -> str:
    return " · ".join(words.days(run) for run in runs)
