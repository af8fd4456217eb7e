"""Notices: news about the service. Each is a function that returns what a chat reads, with which buttons and how often.

`subscriptions.outbox.notify` stores them in the language of the chat. A finding is something that is wrong now; all
places that show findings use the same words.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum
from types import MappingProxyType
from typing import NamedTuple

from subscriptions.errors import Sentence
from subscriptions.language import Language
from subscriptions.model import (
    CallbackToken,
    Chat,
    ChatAddress,
    ChatKind,
    MissingHow,
    MissingSources,
    PaperNews,
    PauseReason,
    Subscription,
)
from subscriptions.text import cutting

CONFIRM = "confirm"  # the cause of the question to an address, and the verb of its button
STOPPED = "stopped"  # the cause of the finding that nothing is sent to a platform
WORDS = "words"  # the cause of the finding, and of the notice, that the words of papers changed
PROCESS = "process"  # the cause of a finding about a part of the running process

Say = Callable[[Language], str]
Runs = Sequence[tuple[date, date]]  # (first, last) day of each run of consecutive days

_MOST_RUNS = 6  # runs of days that a notice lists
_MOST_NAMED = 10  # subscriptions that a notice names
_LONGEST_REQUEST = 120  # characters
_LONGEST_NAME = 40  # columns of a subscription's name or query


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """One piece of news for a chat. A chat hears it once for each cause and subject, or once a day if it is `daily`."""

    cause: str
    subject: str = ""  # what it is about, such as a source; or the event, such as an update's id
    daily: bool = True
    newest_at: datetime | None = None  # it is told only to those who heard nothing of its cause since; None: to all
    lines: Callable[[Language], Iterable[str]]  # its title, then the lines below it; empty lines are left out
    news: Callable[[Language], Iterable[PaperNews]] = lambda _: ()  # what it tells of papers, below its lines
    buttons: Sequence[tuple[Sentence, CallbackToken]] = ()  # (label, what it does)
    about: ChatAddress | None = None  # the other chat that it and its buttons are about; it is erased with that
    person: str = ""  # the platform's id of a person whom it names; it is erased with them

    def key(self, day: date) -> str:
        """Return what is unique for each notice to a chat. `day` is the present one."""
        return f"{self.cause}:{self.subject}" + (f":{day.isoformat()}" if self.daily else "")


class Level(StrEnum):
    """How much a finding matters."""

    WRONG = "wrong"  # it must be corrected: `paperwire check` exits with 1
    ATTENTION = "attention"  # a person should look at it: `paperwire status` exits with 1, as for WRONG
    NOTE = "note"  # it is worth knowing


def _nothing(_: Language) -> str:
    return ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Something that is wrong now: what, why, what to do about it, and since when."""

    cause: str  # what kind of trouble; a label of a metric
    of: str = ""  # the platform, source or part of the process
    part: str  # the part of the bot, as `paperwire check` names it
    level: Level = Level.WRONG
    text: Say  # one sentence without an address or a reason, since strangers may read it
    why: Say = _nothing
    cure: Say
    since: datetime | None = None  # None: not known
    is_told: bool = True  # operators get it as a notice once a day, as long as it lasts
    newest_at: datetime | None = None  # they get it only until they were told after this moment; None: always
    about: ChatAddress | None = None  # the chat that it names
    is_of_source: bool = False  # strangers read only how many of these there are

    @property
    def name(self) -> str:
        """The name under which the health page and `paperwire status --json` show it."""
        return self.of if self.cause == PROCESS else f"{self.cause} {self.of}".strip()

    def lines(self, words: Language) -> list[str]:
        """Return what is wrong, why, since when, and what to do. A line is empty if it is not known."""
        since = words.say("Since {since}.", since=words.moment(self.since)) if self.since else ""
        return [self.text(words), self.why(words), since, self.cure(words)]

    def notice(self) -> Notice:
        """Return the finding as a notice to operators."""
        return Notice(
            cause=self.cause,
            subject=self.of,
            newest_at=self.newest_at,
            lines=self.lines,
            about=self.about,
        )


# reason of a pause → the sentence about it
_PAUSES: Mapping[str, Sentence] = MappingProxyType(
    {
        PauseReason.GONE: Sentence("The chat no longer exists, or the bot was removed from it."),
        PauseReason.NO_RIGHTS: Sentence("The bot may not write there."),
        PauseReason.ARCHIVED: Sentence("The channel was archived."),
        # /invite is a command of the platform
        PauseReason.NOT_A_MEMBER: Sentence("I am not in the channel. /invite lets me in."),
    }
)


_TOPIC_CLOSED = (
    Sentence("A topic of this chat was closed."),
    Sentence("What it subscribes to waits: {subscriptions}."),
    Sentence("It goes on by itself when the topic is opened again."),
)
_TOPIC_GONE = (
    Sentence("A topic of this chat is not there any more."),
    Sentence("What it subscribed to waits: {subscriptions}."),
    Sentence("To have it in another topic, send /sub there."),
)


def paused(name: str, address: ChatAddress, reason: PauseReason) -> Notice:
    """Return the notice to the owner of a chat that the bot cannot write there any more."""
    return Notice(
        cause="paused",
        subject=str(address),
        lines=lambda words: (
            words.say("{chat} is paused.", chat=name),
            words.say(_PAUSES.get(reason, _PAUSES[PauseReason.GONE])),
            words.say("Nothing is lost: it goes on by itself when the bot can write there again."),
        ),
        about=address,
    )


def resumed(chat: Chat, event: str) -> Notice:
    """Return the notice to the owner of a chat that the bot can write there again."""
    return Notice(
        cause="resumed",
        subject=f"{chat.address}:{event}",
        daily=False,
        lines=lambda words: (
            words.say("I can write to {chat} again.", chat=chat.name),
            words.say("What was missed comes with the next delivery."),
        ),
        about=chat.address,
    )


def topic_stopped(topic: ChatAddress, subscriptions: Sequence[str], *, is_gone: bool) -> Notice:
    """Return the notice to a chat that one of its topics, which has these subscriptions, was closed or deleted."""
    told = _TOPIC_GONE if is_gone else _TOPIC_CLOSED
    return Notice(
        cause="topic-gone" if is_gone else "topic-closed",
        subject=topic.topic,
        lines=lambda words: [words.say(line, subscriptions=_listed(subscriptions)) for line in told],
        about=topic,
    )


def topic_ended(topic: ChatAddress, subscriptions: Sequence[str]) -> Notice:
    """Return the notice to a private chat that a topic was deleted, and that the chat itself gets the papers."""
    return Notice(
        cause="topic-ended",
        subject=topic.topic,
        lines=lambda words: (
            words.say(
                "A topic of this chat is gone; what it subscribed to comes here now: {subscriptions}.",
                subscriptions=_listed(subscriptions),
            ),
        ),
    )


def _listed(names: Sequence[str]) -> str:
    return " · ".join(names[:_MOST_NAMED]) + (" …" if len(names) > _MOST_NAMED else "")


def asked(chat: Chat, who: str, request: str, *, person: str = "") -> Notice:
    """Return the notice to operators that a chat asks to be let in.

    `who`, `person`, `request`: the name and the platform's id of a person, and a wish; "": not known.
    """
    address = str(chat.address)
    place = f"{chat.title} ({address})" if chat.title else address
    return Notice(
        cause="asked",
        subject=address,
        lines=lambda words: (
            words.say("{who} asks to be let in.", who=who or place),
            words.say("Chat: {chat}.", chat=place) if who else "",
            words.say("It wants: {request}", request=request[:_LONGEST_REQUEST]) if request else "",
            words.say("In words: /allow {chat} or /deny {chat}", chat=address),
        ),
        buttons=(
            (Sentence("allow"), CallbackToken(verb="allow")),
            (Sentence("deny"), CallbackToken(verb="deny")),
        ),
        about=chat.address,
        person=person if who else "",
    )


def admitted(subscriptions: int, event: str) -> Notice:
    """Return the notice to a chat that it was let in, with so many active subscriptions."""

    def lines(words: Language) -> Iterable[str]:
        yield words.say("This chat is let in.")
        if subscriptions:
            yield words.count(
                "Its subscription is on, and brings what came since it asked.",
                "Its {count} subscriptions are on, and bring what came since they asked.",
                subscriptions,
            )

    return Notice(cause="admitted", subject=event, daily=False, lines=lines)


def denied(event: str) -> Notice:
    """Return the notice to a chat that an operator has denied it."""
    return Notice(
        cause="denied",
        subject=event,
        daily=False,
        lines=lambda words: (
            words.say("The operator of this bot has said no to this chat."),
            words.say("Its subscriptions bring nothing."),
        ),
    )


def confirm_address(answer: CallbackToken, event: str, source: ChatAddress | None, *, is_known: bool = False) -> Notice:
    """Return the question to an address whether papers may be sent there. `answer`: what its button does.

    `source` is the chat that asks; None: an operator does. `is_known`: papers come there already.

    The question quotes nothing that a person typed, because any stranger may have entered this address.
    """
    return Notice(
        cause=CONFIRM,
        subject=event,
        daily=False,
        lines=lambda words: (
            words.say("Shall more papers come to this address?")
            if is_known
            else words.say("Shall papers come to this address?"),
            words.say("Someone asked paperwire to send new research papers here. The answer is open for two days."),
            words.say("If it was not you, do nothing: then nothing changes.")
            if is_known
            else words.say("If it was not you, do nothing: then no further mail comes."),
        ),
        buttons=((Sentence("yes, send them here"), answer),),
        about=source,
    )


def nothing_matched(
    known: int, days: int, event: str, *, edit: CallbackToken | None = None, public: Chat | None = None
) -> Notice:
    """Return the notice that none of `known` papers matched, for so many days.

    `edit`: what the button with which one edits a subscription does; None for a chat without buttons. `public`: the
    chat that strangers can read, of which the notice tells its owner.
    """
    buttons = edit and (
        (Sentence("preview"), CallbackToken(verb="preview")),
        (Sentence("edit"), edit),
        (Sentence("fine"), CallbackToken(verb="fine")),
    )

    def lines(words: Language) -> Iterable[str]:
        papers = words.number(known)
        streak = words.count("Nothing matched for {count} day.", "Nothing matched for {count} days.", days)
        if public:
            yield words.say("{chat}: 0 of {known} papers.", chat=public.name, known=papers)
            yield from (streak, words.say("Nothing was posted there."))
        else:
            yield words.say("0 of {known} papers.", known=papers)
            yield from (streak, words.say("/today 7d shows what would, /edit changes the wish."))

    return Notice(
        cause="nothing-found",
        subject=f"{public.address}:{event}" if public else event,
        daily=False,
        lines=lines,
        buttons=buttons or (),
        about=public and public.address,
    )


def papers_missing(chat: Chat, missing: MissingSources) -> Notice:
    """Return the notice to the owner of a chat that strangers can read: its delivery lacks papers of these sources."""
    return Notice(
        cause="went-without",
        subject=str(chat.address),
        lines=lambda words: (
            words.say("{chat} got its papers without some that were expected.", chat=chat.name),
            missing_line(missing, words),
            words.say("Nothing was said of it there."),
        ),
        about=chat.address,
    )


def no_papers_today(chat: Chat) -> Notice:
    """Return the notice to the owner of a chat that strangers can read: no papers came today."""
    return Notice(
        cause="quiet-day",
        subject=str(chat.address),
        lines=lambda words: (
            words.say("{chat} had no papers today.", chat=chat.name),
            words.say("Nothing was posted there."),
        ),
        about=chat.address,
    )


class FoundMore(NamedTuple):
    """What a subscription finds now that it did not find in the words of the version before."""

    subscription: Subscription
    word: str  # what it finds besides, as papers write it; "": not known
    papers: int  # number of these papers in the last seven days
    days: int  # on which papers came

    def line(self, words: Language) -> str:
        """Return the line of the notice."""
        query = cutting.cut_at_word(self.subscription.label, _LONGEST_NAME)
        a_day = round(self.papers / self.days)
        amount = words.count("about {count} more a week", "about {count} more a week", self.papers)
        if a_day:
            amount = words.count("about {count} more a day", "about {count} more a day", a_day)
        if not self.word:
            return words.say("“{query}” now finds {amount}.", query=query, amount=amount)
        return words.say("“{query}” now also finds {word}: {amount}.", query=query, word=self.word, amount=amount)


def words_changed(
    chat: Chat,
    version: int,
    *,
    more: Sequence[FoundMore],
    joined: Mapping[int, Sequence[int]],
    left_out: int = 0,
    leave_out: Sequence[str] = (),
) -> Notice:
    """Return the notice that papers are compared by the words of a new version, and what this changes in a chat.

    `joined`: number of a subscription → those that find the same now and became one with it. `left_out`: number of
    papers that the subscriptions `leave_out` exclude now. Of a chat that strangers can read, it tells the owner.
    """
    is_public, named = chat.public or chat.kind is ChatKind.BROADCAST, more[:_MOST_NAMED]
    label = Sentence("edit") if len(named) == 1 else Sentence("edit {number}")
    edits = [
        (
            replace(label, values={"number": one.number}),
            CallbackToken(verb="edit-ask", arguments={"subscription": one.id}),
        )
        for one in (found.subscription for found in named)
        if chat.settings.buttons == "full" and not is_public
    ]

    def lines(words: Language) -> Iterable[str]:
        if is_public:
            yield words.say("The queries of {chat} now match more forms of a word.", chat=chat.name)
        else:
            yield words.say("Queries now match more forms of a word.")
        yield words.say("Hyphens, irregular plurals and British spelling no longer matter.")
        for one in named:
            yield f"{one.subscription.number}  {one.line(words)}" if len(named) > 1 else one.line(words)
        if len(more) > _MOST_NAMED:
            yield words.count(
                "{count} more subscription finds more.",
                "{count} more subscriptions find more.",
                len(more) - _MOST_NAMED,
            )
        if left_out:
            yield words.count(
                "Exclusions grow, too: {count} paper of the last seven days is now left out by {names}.",
                "Exclusions grow, too: {count} papers of the last seven days are now left out by {names}.",
                left_out,
                names=_listed([f"“{cutting.cut_at_word(name, _LONGEST_NAME)}”" for name in leave_out]),
            )
        for stays, goes in joined.items():
            *numbers, last = map(str, sorted((stays, *goes)))
            yield words.say(
                "{numbers} and {last} now find the same papers. I merged them into {number}.",
                numbers=", ".join(numbers),
                last=last,
                number=stays,
            )

    return Notice(
        cause=WORDS,
        subject=f"{version}:{chat.address}" if is_public else str(version),
        daily=False,
        lines=lines,
        buttons=edits,
        about=chat.address if is_public else None,
    )


def missing_line(missing: MissingSources, words: Language) -> str:
    """Return the line that says which sources' papers are missing, why, and that they come later."""
    match missing.how:
        case MissingHow.LATE:
            return words.count(
                "{names} is late; its papers come with the next digest.",
                "{names} are late; their papers come with the next digest.",
                missing.count,
                names=missing.names,
            )
        case MissingHow.FAILED:
            return words.count(
                "{names} could not be read; its papers come with the next digest.",
                "{names} could not be read; their papers come with the next digest.",
                missing.count,
                names=missing.names,
            )
        case MissingHow.AWAITED:
            return words.count(
                "{names} has not come yet; its papers come with the next digest.",
                "{names} have not come yet; their papers come with the next digest.",
                missing.count,
                names=missing.names,
            )


def source_recovered(source: str) -> Notice:
    """Return the notice that a source which had failed or was late works again."""
    return Notice(
        cause="source-back",
        subject=source,
        lines=lambda words: [words.say("{source} is as it should be again.", source=source)],
    )


def days_missed(source: str, days: Runs, *, given_up: bool) -> Notice:
    """Return the notice that days of a source were missed, and could not be fetched afterwards.

    `given_up`: fetching failed several times, or is too late; otherwise the source offers only its newest day.
    """
    why = Sentence("It shows only its newest.")
    if given_up:
        why = Sentence("They are too old, or asking for them failed again and again.")
    return Notice(
        cause="missed",
        subject=source,
        lines=lambda words: (
            words.say("{source}: what was missed is not all there.", source=source),
            words.say("Not fetched afterwards: {days}.", days=_days(days, words)),
            words.say(why),
            words.say("If you have them in a file: `paperwire ingest FILE --date DAY`."),
        ),
    )


def papers_filed(source: str, days: Runs, papers: int) -> Notice:
    """Return the notice that days of a source came so late that their papers were stored, but not announced."""
    filed = Sentence("Of {days}: filed, so search finds them, and not announced to any chat.")
    return Notice(
        cause="filed",
        subject=source,
        lines=lambda words: (
            words.count(
                "{source}: {count} paper came too late to be news.",
                "{source}: {count} papers came too late to be news.",
                papers,
                source=source,
            ),
            words.say(filed, days=_days(days, words)) if days else "",
            words.say("To announce them all the same: `paperwire sources poll NAME --announce`."),
        ),
    )


def _days(runs: Runs, words: Language) -> str:
    if len(runs) > _MOST_RUNS:
        runs = ((runs[0][0], runs[-1][1]),)
    return " · ".join(words.days(run) for run in runs)
