"""Findings: what is wrong now, each with a level, a sentence, its reason, a cure and a moment since when.

Operators get a finding as a notice. `/status`, `paperwire status`, `paperwire check` and the health
page show the same findings in the same words, and the metrics count them. `subscriptions.service.findings` finds what
the store knows.
"""

from collections.abc import Iterable
from dataclasses import dataclass, fields
from datetime import datetime
from enum import StrEnum
from shlex import quote
from typing import ClassVar

from subscriptions.errors import Sentence
from subscriptions.notices import DailyNotice, NoticeWords, unstored

_MOST_IDS = 5


class Level(StrEnum):
    """How much a finding matters."""

    WRONG = "wrong"  # it must be corrected: `paperwire check` exits with 1
    ATTENTION = "attention"  # a person should look at it: `paperwire status` exits with 1, as for WRONG
    NOTE = "note"  # it is worth knowing


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding(DailyNotice):
    """Something that is wrong. A subclass declares the details as fields, and the texts, which name them as `{field}`."""

    title: ClassVar[Sentence]  # the part of the bot, as `paperwire check` names it; {name} is the subject
    text: ClassVar[Sentence]  # it names no address and no reason, since strangers may read it
    because: ClassVar[Sentence | None] = None  # the reason in a sentence
    remedy: ClassVar[Sentence]
    is_of_source: ClassVar[bool] = False  # strangers read on the health page only how many these are

    level: Level = unstored(Level.WRONG)
    since: datetime | None = None  # None: not known

    @property
    def name(self) -> str:
        """The name under which the health page and `paperwire status --json` show it: what it is, and of what."""
        return " ".join(filter(None, (self.cause, self.subject())))

    def sentence(self, words: NoticeWords) -> str:
        """Returns what is wrong, as one sentence."""
        return words.say(self.text.template, **self._values(words))

    def why(self, words: NoticeWords) -> str:
        """Returns sentences about the reason; "" if none is known."""
        values = self._values(words)
        reason = str(values.get("reason", ""))
        if reason and self.because:
            return words.say(self.because.template, **values)
        return reason

    def cure(self, words: NoticeWords) -> str:
        """Returns what to do."""
        return words.say(self.remedy.template, **self._values(words))

    def lines(self, words: NoticeWords) -> Iterable[str]:
        """Yields the three texts, and since when."""
        yield self.sentence(words)
        yield self.why(words)
        if self.since:
            yield words.say("Since {since}.", since=words.moment(self.since))
        yield self.cure(words)

    def _values(self, words: NoticeWords) -> dict[str, object]:
        """Returns the details as people read them."""
        details = {one.name: getattr(self, one.name) for one in fields(self) if one.name != "count"}
        return {name: words.number(one) if isinstance(one, int) else one for name, one in details.items()}


_USUALLY = Sentence("The usual reason: {reason}.")


def _bare(reason: str) -> str:
    return reason.rstrip(".。")


@dataclass(frozen=True, slots=True, kw_only=True)
class MessagesDead(Finding):
    """Deliveries could not be sent and will not be tried again."""

    cause = "dead"
    title = Sentence("Outbox")
    because = _USUALLY
    remedy = Sentence(
        "See them with `paperwire outbox --state dead`; `paperwire outbox retry {ids}` sends them again, `dismiss` gives them up."
    )

    count: int
    reason: str  # the most frequent reason
    ids: str  # ids of the first deliveries, separated by spaces
    chat: str = ""  # address, if all of them are for one chat

    def sentence(self, words: NoticeWords) -> str:
        """Says how many."""
        return words.count(
            "{count} delivery could not be sent.", "{count} deliveries could not be sent.", self.count or 1
        )

    def why(self, words: NoticeWords) -> str:
        """Names the chat, if there is only one, and the usual reason."""
        chat = words.say("Chat: {chat}.", chat=self.chat) if self.chat else ""
        return " ".join(filter(None, (chat, super(MessagesDead, self).why(words))))

    def _values(self, words: NoticeWords) -> dict[str, object]:  # noqa: ARG002 - other findings translate values
        return {"reason": _bare(self.reason), "ids": " ".join(self.ids.split()[:_MOST_IDS]) or "ID"}


@dataclass(frozen=True, slots=True, kw_only=True)
class PlatformFinding(Finding):
    """Something that is wrong with one platform."""

    about = "platform"

    platform: str
    reason: str = ""

    def _values(self, words: NoticeWords) -> dict[str, object]:
        return {"platform": self.platform.capitalize() or words.say("a platform"), "reason": _bare(self.reason)}


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveriesWaiting(PlatformFinding):
    """Deliveries have failed for more than an hour. After a day, that is wrong."""

    cause = "waiting"
    title = Sentence("Outbox")
    because = _USUALLY
    remedy = Sentence("They are tried again by themselves. Nothing is lost; `paperwire outbox` lists them.")

    level: Level = unstored(Level.ATTENTION)
    count: int

    def sentence(self, words: NoticeWords) -> str:
        """Says how many, and where."""
        return words.count(
            "{count} delivery to {platform} has waited for more than an hour.",
            "{count} deliveries to {platform} have waited for more than an hour.",
            self.count or 1,
            **self._values(words),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class SendingStopped(PlatformFinding):
    """Nothing is sent to a platform.

    `reason` says why. If it is empty, too many chats were reported as gone: `gone` of the `of` chats to which the bot
    wrote.
    """

    cause = "stopped"
    title = Sentence("Sending")
    text = Sentence("Sending to {platform} has stopped.")
    remedy = Sentence("`paperwire check` says how to mend it.")

    gone: int = 0
    of: int = 0

    def why(self, words: NoticeWords) -> str:
        """Says how many chats are gone, or gives the reason."""
        if not self.gone:
            return self.reason
        gone, of = words.number(self.gone), words.number(self.of)
        return words.say("{gone} of {of} chats answered that they are gone.", gone=gone, of=of)

    def cure(self, words: NoticeWords) -> str:
        """Says how to start it again."""
        cure = super(SendingStopped, self).cure(words)
        if self.gone:
            cure = words.say(
                "If that is right: `paperwire run --pause-gone`. To try once more: `paperwire outbox retry`."
            )
        return f"{words.say('Nothing is lost.')} {cure}"


@dataclass(frozen=True, slots=True, kw_only=True)
class SubscriptionsPutOff(Finding):
    """Due moments are so far ahead that the clock must have been wrong. When they are corrected, ClockWasWrong says so."""

    cause = "put-off"
    title = Sentence("Clock")
    remedy = Sentence("`paperwire run` and `paperwire deliver` compute their times again.")
    is_notice = False

    count: int  # chats

    def sentence(self, words: NoticeWords) -> str:
        """Says how many chats wait for it."""
        return words.count(
            "The clock was ahead for a while, and delayed the subscriptions of {count} chat.",
            "The clock was ahead for a while, and delayed the subscriptions of {count} chats.",
            self.count,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceFinding(Finding):
    """Something that is wrong with one source. `since`: when it was last complete."""

    about = "source"
    title = Sentence("Source {name}")
    remedy = Sentence("It is tried again by itself; at once by `paperwire sources poll {name}`.")
    is_of_source = True

    source: str  # its name

    def _values(self, words: NoticeWords) -> dict[str, object]:
        values = super(SourceFinding, self)._values(words)
        return {**values, "source": self.source or words.say("A source"), "name": quote(self.source or "NAME")}


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceFailed(SourceFinding):
    """A source cannot be read."""

    cause = "source"
    text = Sentence("{source} cannot be read.")

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceOverdue(SourceFinding):
    """A source has brought nothing new although papers are due."""

    cause = "overdue"
    text = Sentence("{source} has nothing new although it is time.")
    because = _USUALLY

    level: Level = unstored(Level.ATTENTION)
    reason: str  # the usual reason for a late source of this kind
    what: str = ""  # what the last poll found
    parts: str = ""  # the late units of the source, if only some of its units are late

    def sentence(self, words: NoticeWords) -> str:
        """Says what is late."""
        if not self.parts:
            return super(SourceOverdue, self).sentence(words)
        return words.say("{source} has nothing new in {parts} although it is time.", **self._values(words))

    def why(self, words: NoticeWords) -> str:
        """Says what is there, and the usual reason."""
        return " ".join(filter(None, (self.what, super(SourceOverdue, self).why(words))))


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceNotPolled(SourceFinding):
    """No process polled a source although it was due. So no process may run that could tell operators."""

    cause = "not-polled"
    text = Sentence("{source} was not asked although it was due.")
    is_notice = False

    level: Level = unstored(Level.ATTENTION)


@dataclass(frozen=True, slots=True, kw_only=True)
class SummariesFailed(SourceFinding):
    """Many summaries of a source are missing because the program that writes them failed."""

    cause = "summaries"
    text = Sentence("{source}: {failed_summaries} of {papers} summaries failed.")
    remedy = Sentence("The abstracts are shown instead. Who makes the list may want to know.")

    level: Level = unstored(Level.NOTE)
    failed_summaries: int
    papers: int


@dataclass(frozen=True, slots=True, kw_only=True)
class MeaningFailing(Finding):
    """The encoder fails, so papers wait for their meaning."""

    cause = "meaning"
    title = Sentence("Meaning")
    text = Sentence("The encoder fails, so papers come without their meaning: about: and like: find none of them.")
    remedy = Sentence("The log says why, and `paperwire check` what to do.")

    level: Level = unstored(Level.ATTENTION)


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelFailing(Finding):
    """The language model gives no answers, so papers get no short summaries."""

    cause = "model"
    title = Sentence("Language model")
    text = Sentence("The language model gives no answers, so papers come without its summaries.")
    remedy = Sentence("It is asked again by itself. The log says why.")

    level: Level = unstored(Level.ATTENTION)


@dataclass(frozen=True, slots=True, kw_only=True)
class CopyTooOld(Finding):
    """The newest copy of the database is too old. `since`: when it was made."""

    cause = "copy"
    title = Sentence("Newest copy")
    text = Sentence("The newest copy of the database is too old.")
    remedy = Sentence("Is `paperwire run` running? Meanwhile: `paperwire backup FILE`.")
    is_notice = False


@dataclass(frozen=True, slots=True, kw_only=True)
class DailyWorkFailed(Finding):
    """The daily clean-up or copy failed."""

    cause = "daily work"
    title = Sentence("Daily work")
    text = Sentence("The daily clean-up or the copy of the database failed.")
    remedy = Sentence("It is tried again every hour. The log says why.")

    level: Level = unstored(Level.ATTENTION)


@dataclass(frozen=True, slots=True, kw_only=True)
class PartFails(Finding):
    """A part of the running process does not work: the start, the database, a receiver."""

    cause = "process"
    about = "part"
    title = Sentence("Process")
    remedy = Sentence("The log says more.")
    is_notice = False

    part: str
    problem: str  # one line without a path or a secret

    def sentence(self, words: NoticeWords) -> str:  # noqa: ARG002 - parts say in English what is wrong with them
        """Names the part, and what is wrong with it."""
        return f"{self.part}: {self.problem}"

    @property
    def name(self) -> str:
        """The name of the part."""
        return self.part
