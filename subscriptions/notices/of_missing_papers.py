"""What a chat reads of papers that it did not get, as a notice or as a line under others: no match for days, late or failed sources."""

from collections.abc import Iterable
from dataclasses import dataclass
from types import MappingProxyType

from subscriptions.errors import Sentence
from subscriptions.model import MissingHow
from subscriptions.notices import DailyNotice, EventNotice, NoticeWords, unstored


@dataclass(frozen=True, slots=True, kw_only=True)
class NothingMatched(EventNotice):
    """To a chat, or, if strangers can read it, to its owner: nothing matched on several days with papers."""

    cause = "nothing-found"
    labels = MappingProxyType({"preview": Sentence("preview"), "edit": Sentence("edit"), "fine": Sentence("fine")})

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
            yield words.say("Nothing was posted there.")
            return
        yield words.say("0 of {known} papers.", known=known)
        yield days if self.days else ""
        yield words.say("/today 7d shows what would, /edit changes the wish.")


@dataclass(frozen=True, slots=True, kw_only=True)
class PapersMissing(DailyNotice):
    """To the owner of a chat that strangers can read: its delivery lacks the papers of some sources."""

    cause = "went-without"
    about = "place"

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

    cause = "quiet-day"
    about = "place"
    said = (
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
