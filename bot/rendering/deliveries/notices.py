"""News about the service itself, in words: what happened, what comes next, what one can do.

`Facts.notice` names the cause, `Facts.detail` what it is about. Each cause lists the details it reads; one that is
missing leaves its sentence out. A cause that nobody wrote words for shows the detail "text".
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date

from bot.ports.button import Button
from bot.rendering.deliveries.outline import missing_line
from bot.rendering.text.cleaning import clean, isolated
from bot.rendering.text.cutting import shorten
from bot.rendering.text.language import Language
from bot.rendering.views.parts import Notice
from subscriptions.model import BUTTON, Facts

_LONGEST_VALUE = 300
_LONGEST_LIST = 5
_COMMAND = re.compile(r"(?<![\w/:.<])/(?=[a-z]{2,}(?![\w/]))")


@dataclass(frozen=True, slots=True)
class _Teller:
    """The details of a notice, cleaned, and the language to tell them in."""

    detail: Mapping[str, str]
    language: Language
    slash: str = "/"  # what stands before the name of a command where it is read

    def say(self, sentence: str, /, **values: object) -> str:
        return _COMMAND.sub(self.slash, self.language.translate(sentence)).format_map(values)

    def count(self, one: str, many: str, count: int, /, **values: object) -> str:
        return self.language.count(one, many, count, **values)

    def number(self, number: int) -> str:
        return self.language.number(number)

    def value(self, name: str, otherwise: str = "") -> str:
        return isolated(shorten(clean(self.detail.get(name, "")), _LONGEST_VALUE)) or otherwise

    def amount(self, name: str) -> int:
        text = self.detail.get(name, "")
        return int(text) if text.isascii() and text.isdigit() else 0


def notice_view(facts: Facts, language: Language, slash: str = "/") -> Notice:
    """The notice that these facts ask for. `slash` is what stands before the name of a command where it is read."""
    teller = _Teller(facts.detail, language, slash)
    tell = NOTICES.get(facts.notice, _other)
    title, *lines = [line for line in tell(teller) if line]
    row = tuple(
        Button(label=label(language), data=facts.detail[BUTTON + verb])
        for verb, label in _LABELS.items()
        if BUTTON + verb in facts.detail
    )
    return Notice(title=title, lines=tuple(lines), buttons=(row,) if row else ())


_LABELS: Mapping[str, Callable[[Language], str]] = {
    "allow": lambda language: language.say("allow"),
    "deny": lambda language: language.say("deny"),
    "resume": lambda language: language.say("resume"),
    "preview": lambda language: language.say("preview"),
    "edit": lambda language: language.say("edit"),
    "fine": lambda language: language.say("fine"),
}


_REASONS: Mapping[str, Callable[[Language], str]] = {
    "blocked": lambda language: language.say("The bot was blocked there."),
    "gone": lambda language: language.say("The chat no longer exists, or the bot was removed from it."),
    "rights": lambda language: language.say("The bot may not write there."),
    "archived": lambda language: language.say("The channel was archived."),
    "topic": lambda language: language.say("The topic was closed."),
    "outside": lambda language: language.say("I am not in the channel. /invite lets me in."),
}


def _paused(tell: _Teller) -> list[str]:
    """Reads chat, reason (blocked, gone, rights, archived, topic or a sentence), waiting."""
    reason = tell.value("reason")
    waiting = tell.amount("waiting")
    return [
        tell.say("{chat} is paused.", chat=tell.value("chat", tell.say("A chat"))),
        _REASONS[reason](tell.language) if reason in _REASONS else reason,
        tell.count("{count} paper waits there.", "{count} papers wait there.", waiting) if waiting else "",
        tell.say("Nothing is lost: it goes on by itself when the bot can write there again."),
    ]


def _moved(tell: _Teller) -> list[str]:
    """Reads chat, to."""
    return [
        tell.say("{chat} has moved.", chat=tell.value("chat", tell.say("A chat"))),
        tell.say("Its subscriptions went along to {to}.", to=tell.value("to")) if tell.value("to") else "",
    ]


def _resumed(tell: _Teller) -> list[str]:
    """Reads waiting, since (a local day as text); chat when it is told to who set that chat up."""
    waiting, since = tell.amount("waiting"), tell.value("since")
    if tell.value("chat"):
        return [
            tell.say("I can write to {chat} again.", chat=tell.value("chat")),
            tell.say("What was missed comes with the next delivery."),
        ]
    if not waiting:
        return [tell.say("Here again."), tell.say("Nothing was missed.")]
    came = tell.count("{count} paper came since {since}.", "{count} papers came since {since}.", waiting, since=since)
    return [
        tell.say("Here again."),
        came if since else tell.count("{count} paper waits.", "{count} papers wait.", waiting),
        tell.say("The next digest takes them along; /resume sends them now or skips them."),
    ]


def _dead(tell: _Teller) -> list[str]:
    """Reads count, reason, chat, ids."""
    ids = " ".join(tell.value("ids").split()[:_LONGEST_LIST]) or "ID"
    return [
        tell.count(
            "{count} message could not be sent.", "{count} messages could not be sent.", tell.amount("count") or 1
        ),
        tell.say("Chat: {chat}.", chat=tell.value("chat")) if tell.value("chat") else "",
        _usual_reason(tell),
        tell.say(
            "See them with `paperwire outbox --state dead`; `paperwire outbox retry {ids}` sends them again.", ids=ids
        ),
    ]


def _stopped(tell: _Teller) -> list[str]:
    """Reads platform, reason, waiting; after a run in which too many chats were gone, how many: gone and of."""
    waiting = tell.amount("waiting")
    title = tell.say("Sending to {platform} has stopped.", platform=_platform(tell))
    waits = tell.count("{count} message waits; nothing is lost.", "{count} messages wait; nothing is lost.", waiting)
    kept = waits if waiting else tell.say("Nothing is lost.")
    if not tell.amount("gone"):
        return [title, tell.value("reason"), kept, tell.say("`paperwire check` says how to mend it.")]
    gone, of = tell.number(tell.amount("gone")), tell.number(tell.amount("of"))
    return [
        title,
        tell.say("{gone} of {of} chats answered that they are gone.", gone=gone, of=of),
        tell.value("reason"),
        kept,
        tell.say("If that is right: `paperwire run --pause-gone`. To try once more: `paperwire outbox retry`."),
    ]


def _new_bot(tell: _Teller) -> list[str]:
    """Reads platform."""
    return [
        tell.say("The {platform} token belongs to another bot than before.", platform=_platform(tell)),
        tell.say("Nothing is sent, so that nobody hears twice or from a stranger."),
        tell.say(
            "If you meant to change the bot: `paperwire run --new-bot`. Otherwise set the earlier bot's token again."
        ),
    ]


def _source(tell: _Teller) -> list[str]:
    """Reads source, reason, count (failures today), since."""
    failures, since = tell.amount("count"), tell.value("since")
    source = tell.value("source", tell.say("A source"))
    return [
        tell.say("{source} cannot be read.", source=source),
        tell.value("reason"),
        tell.say("No success since {since}.", since=since) if since else "",
        tell.count("{count} failure today.", "{count} failures today.", failures) if failures > 1 else "",
        tell.say("It is tried again by itself."),
    ]


def _overdue(tell: _Teller) -> list[str]:
    """Reads source, since, reason; parts: those that are late, where others have come."""
    since, parts = tell.value("since"), tell.value("parts")
    source = tell.value("source", tell.say("A source"))
    return [
        tell.say("{source} has nothing new in {parts} although it is time.", source=source, parts=parts)
        if parts
        else tell.say("{source} has nothing new although it is time.", source=source),
        tell.say("The last papers came {since}.", since=since) if since and not parts else "",
        _usual_reason(tell),
    ]


def _source_back(tell: _Teller) -> list[str]:
    """Reads source."""
    return [tell.say("{source} is as it should be again.", source=tell.value("source", tell.say("A source")))]


def _missed(tell: _Teller) -> list[str]:
    """Reads source, days (see `_days`), given_up (else it has no history)."""
    days = _days(tell)
    return [
        tell.say("{source}: what was missed is not all there.", source=tell.value("source", tell.say("A source"))),
        tell.say("Not fetched afterwards: {days}.", days=days) if days else "",
        tell.say("They lie too far back, or were asked for again and again in vain.")
        if tell.value("given_up")
        else tell.say("It shows only its newest."),
        tell.say("If you have them in a file: `paperwire ingest FILE --date DAY`."),
    ]


def _filed(tell: _Teller) -> list[str]:
    """Reads source, days (see `_days`), papers."""
    source, days = tell.value("source", tell.say("A source")), _days(tell)
    return [
        tell.count(
            "{source}: {count} paper came too late to be news.",
            "{source}: {count} papers came too late to be news.",
            tell.amount("papers"),
            source=source,
        ),
        tell.say("Of {days}: filed, so search finds them, and announced to nobody.", days=days) if days else "",
        tell.say("To announce them all the same: `paperwire sources poll NAME --announce`."),
    ]


def _days(tell: _Teller) -> str:
    """Days as first and last ones: "2026-01-19/2026-01-21 2026-01-23/2026-01-23"."""
    runs = [[date.fromisoformat(day) for day in run.split("/")] for run in tell.detail.get("days", "").split()]
    return " · ".join(tell.language.days(run) for run in runs)


def _summaries(tell: _Teller) -> list[str]:
    """Reads source, failed_summaries, papers."""
    return [
        tell.say(
            "{source}: {failed} of {papers} summaries failed.",
            source=tell.value("source", tell.say("A source")),
            failed=tell.number(tell.amount("failed_summaries")),
            papers=tell.number(tell.amount("papers")),
        ),
        tell.say("The abstracts are shown instead. Who makes the list may want to know."),
    ]


def _nothing_found(tell: _Teller) -> list[str]:
    """Reads known, days; chat when it is told to who set that chat up."""
    days, chat = tell.amount("days"), tell.value("chat")
    known = tell.number(tell.amount("known"))
    if chat:
        return [
            tell.say("{chat}: 0 of {known} papers.", chat=chat, known=known),
            tell.count("Nothing matched for {count} day.", "Nothing matched for {count} days.", days),
            tell.say("Nothing was posted there. /connect changes what it asks for."),
        ]
    return [
        tell.say("0 of {known} papers.", known=known),
        tell.count("Nothing matched for {count} day.", "Nothing matched for {count} days.", days) if days else "",
        tell.say("/preview shows what would, /edit changes the wish."),
    ]


def _went_without(tell: _Teller) -> list[str]:
    """Reads chat, names, how (late, failed, or nothing), count."""
    detail = {"missing how": tell.value("how"), "missing count": str(tell.amount("count") or 1)}
    return [
        tell.say("{chat} got its papers without some that were expected.", chat=tell.value("chat", tell.say("A chat"))),
        missing_line(detail, tell.language, tell.value("names", tell.say("A source"))),
        tell.say("Nothing was said of it there."),
    ]


def _quiet_day(tell: _Teller) -> list[str]:
    """Reads chat."""
    return [
        tell.say("{chat} had no papers today.", chat=tell.value("chat", tell.say("A chat"))),
        tell.say("Nothing was posted there."),
    ]


def _topic_closed(tell: _Teller) -> list[str]:
    """Reads wishes: what its subscriptions are called."""
    wishes = tell.value("wishes")
    return [
        tell.say("A topic of this group was closed."),
        tell.say("What it subscribes to waits: {wishes}.", wishes=wishes) if wishes else "",
        tell.say("It goes on by itself when the topic is opened again."),
    ]


def _topic_gone(tell: _Teller) -> list[str]:
    """Reads wishes: what its subscriptions are called."""
    wishes = tell.value("wishes")
    return [
        tell.say("A topic of this group is not there any more."),
        tell.say("What it subscribed to waits: {wishes}.", wishes=wishes) if wishes else "",
        tell.say("To have it in another topic, send /sub there."),
    ]


def _subscriber_left(tell: _Teller) -> list[str]:
    """Reads chat."""
    return [
        tell.say("Whoever subscribed {chat} has left it.", chat=tell.value("chat", tell.say("A chat"))),
        tell.say("What they asked for there is paused, and nothing is lost; the channel was told how it goes on."),
    ]


def _orphaned(tell: _Teller) -> list[str]:
    """Reads wishes, who (a plain name), number (where it is one subscription)."""
    who, wishes, number = tell.value("who"), tell.value("wishes"), tell.value("number")
    return [
        tell.say("{who} has left the channel.", who=who) if who else tell.say("Somebody has left the channel."),
        tell.say("What they asked for here is paused: {wishes}", wishes=wishes),
        tell.say("What comes in the meantime waits; nothing is lost."),
        tell.say("/resume {number} goes on with it, /unsub {number} ends it.", number=number)
        if number
        else tell.say("/resume goes on with them, /list shows them."),
    ]


def _waiting(tell: _Teller) -> list[str]:
    """Reads platform, count, reason."""
    return [
        tell.count(
            "{count} delivery to {platform} has waited for more than an hour.",
            "{count} deliveries to {platform} have waited for more than an hour.",
            tell.amount("count") or 1,
            platform=_platform(tell),
        ),
        _usual_reason(tell),
        tell.say("They are tried again by themselves. Nothing is lost."),
    ]


def _version(tell: _Teller) -> list[str]:
    """Reads version, before."""
    before = tell.value("before")
    return [
        tell.say("Another version of paperwire runs now: {version}.", version=tell.value("version", "?")),
        tell.say("It was {version} before; CHANGELOG.md says what is new.", version=before) if before else "",
    ]


def _asked(tell: _Teller) -> list[str]:
    """Reads chat (its address), title, who, wish."""
    address = tell.value("chat")
    title = tell.value("title")
    chat = f"{title} ({address})" if title and address else title or address
    who = tell.value("who")
    return [
        tell.say("{who} asks to be let in.", who=who or chat or tell.say("A chat")),
        tell.say("Chat: {chat}.", chat=chat) if who and chat else "",
        tell.say("It wants: {wish}", wish=tell.value("wish")) if tell.value("wish") else "",
        tell.say("In words: /allow {chat} or /deny {chat}", chat=address) if address else "",
    ]


def _admitted(tell: _Teller) -> list[str]:
    """Reads count: subscriptions that are on."""
    count = tell.amount("count")
    return [
        tell.say("This chat is let in."),
        tell.count(
            "Its subscription is on, and brings what came since it asked.",
            "Its {count} subscriptions are on, and bring what came since they asked.",
            count,
        )
        if count
        else "",
    ]


def _denied(tell: _Teller) -> list[str]:
    """Reads nothing."""
    return [
        tell.say("The operator of this bot has said no to this chat."),
        tell.say("Its subscriptions bring nothing."),
    ]


def _usual_reason(tell: _Teller) -> str:
    reason = tell.value("reason").rstrip(".。")
    return tell.say("The usual reason: {reason}.", reason=reason) if reason else ""


def _platform(tell: _Teller) -> str:
    name, _, workspace = tell.value("platform").partition(":")
    shown = f"{name.capitalize()} ({workspace})" if workspace else name.capitalize()
    return shown or tell.say("a platform")


def _other(tell: _Teller) -> list[str]:
    return [tell.value("text") or tell.say("News from paperwire.")]


NOTICES: Mapping[str, Callable[[_Teller], list[str]]] = {
    "paused": _paused,
    "moved": _moved,
    "resumed": _resumed,
    "dead": _dead,
    "stopped": _stopped,
    "new-bot": _new_bot,
    "source": _source,
    "overdue": _overdue,
    "source-back": _source_back,
    "missed": _missed,
    "filed": _filed,
    "summaries": _summaries,
    "nothing-found": _nothing_found,
    "went-without": _went_without,
    "quiet-day": _quiet_day,
    "topic-closed": _topic_closed,
    "topic-gone": _topic_gone,
    "subscriber-left": _subscriber_left,
    "orphaned": _orphaned,
    "waiting": _waiting,
    "version": _version,
    "asked": _asked,
    "admitted": _admitted,
    "denied": _denied,
}
