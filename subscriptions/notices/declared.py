"""Notices to operators about events: clock, new version, recovered source, missed days, filed papers; `NOTICES`: cause → class for all."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from subscriptions.errors import Sentence
from subscriptions.notices import (
    DailyNotice,
    DayRuns,
    EventNotice,
    Notice,
    NoticeWords,
    findings,
    of_chats,
    of_missing_papers,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockWasWrong(DailyNotice):
    """Subscriptions had due moments too far in the future, because the machine's clock had been ahead."""

    cause = "clock"

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

    cause = "version"
    about = "version"

    version: str
    before: str

    def lines(self, words: NoticeWords) -> Iterable[str]:
        """Says which version runs now, and which ran before."""
        yield words.say("Another version of paperwire runs now: {version}.", version=self.version or "?")
        if self.before:
            yield words.say("It was {version} before; CHANGELOG.md says what is new.", version=self.before)


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceNotice(DailyNotice):
    """A notice about one source."""

    about = "source"

    source: str  # its name

    def name(self, words: NoticeWords) -> str:
        """Returns the source's name for a sentence; "A source" if it has none."""
        return self.source or words.say("A source")


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceRecovered(SourceNotice):
    """A source that had failed or was late works again."""

    cause = "source-back"
    said = (Sentence("{source} is as it should be again."),)


@dataclass(frozen=True, slots=True, kw_only=True)
class DaysMissed(SourceNotice):
    """Some days of a source were missed, and could not be fetched afterwards."""

    cause = "missed"

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

    cause = "filed"

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


def _day_list(runs: DayRuns, words: NoticeWords) -> str:
    return " · ".join(words.days(run) for run in runs)


Notices = Mapping[str, type[Notice]]


def by_cause(*declared: type[Notice]) -> Notices:
    """Returns cause → notice. Raises ValueError if two notices have the same cause."""
    found = {notice.cause: notice for notice in declared}
    if len(found) < len(declared):
        raise ValueError("two notices have the same cause")
    return MappingProxyType(found)


def _declared_in(names: Mapping[str, object]) -> Iterator[type[Notice]]:
    for value in list(names.values()):
        if isinstance(value, type) and issubclass(value, Notice) and "cause" in vars(value) and value.is_notice:
            yield value


NOTICES: Notices = by_cause(
    *(one for module in (of_chats, of_missing_papers, findings) for one in _declared_in(vars(module))),
    *_declared_in(globals()),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class UnknownNotice(EventNotice):
    """A stored notice whose cause this version does not know. It shows the detail "text", if this is stored."""

    cause = ""

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
