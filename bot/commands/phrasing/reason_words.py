"""Reasons in words: why a paper came, did not come or is further up, and what is erased.

A paper is further up if a person here opened, saved or liked a similar one, or follows its author.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import reduce
from types import MappingProxyType

from bot.commands.phrasing import Localizer
from bot.commands.phrasing.subscription_words import shortened
from subscriptions.errors import Sentence
from subscriptions.model import Chat
from subscriptions.query import And, Not, Query
from subscriptions.service.hold_reasons import Reason
from subscriptions.service.near_papers import Nearest
from subscriptions.service.retention import Forgotten
from subscriptions.states import ChatState, MessageState, Signal
from subscriptions.store.deliveries import DeliveredPaper

_MOST_WORDS = 5  # that are named
_BECAUSE: Mapping[Signal | None, Sentence] = MappingProxyType(
    {
        None: Sentence("Further up, because your library has “{title}”: {words}"),
        Signal.OPENED: Sentence("Further up, because you opened “{title}”: {words}"),
        Signal.FOLLOWED: Sentence("Further up, because you follow an author of “{title}”: {words}"),
        Signal.SAVED: Sentence("Further up, because you saved “{title}”: {words}"),
        Signal.LIKED: Sentence("Further up, because you liked “{title}”: {words}"),
    }
)
_BECAUSE_HERE: Mapping[Signal | None, Sentence] = MappingProxyType(
    {
        None: Sentence("Further up, because the library here has “{title}”: {words}"),
        Signal.OPENED: Sentence("Further up, because somebody here opened “{title}”: {words}"),
        Signal.FOLLOWED: Sentence("Further up, because an author of “{title}” is followed here: {words}"),
        Signal.SAVED: Sentence("Further up, because somebody here saved “{title}”: {words}"),
        Signal.LIKED: Sentence("Further up, because somebody here liked “{title}”: {words}"),
    }
)
_ON_ITS_WAY = frozenset({"planned", "ready", "sending", "waiting", "unclear"})
_COMING = Sentence("It was planned {moment} and is on its way.")
_TOLD: Mapping[str, Sentence] = MappingProxyType(
    {
        "long ago": Sentence("It came here before."),
        "sent": Sentence("It came {moment}."),
        "dismissed": Sentence("It was planned {moment} and then dismissed, so it does not come."),
        "dead": Sentence("It was planned {moment}, but could not be sent."),
        **dict.fromkeys(_ON_ITS_WAY, _COMING),
    }
)
_BEHIND = Sentence("It came {moment}, behind [show more].")
_HELD = Sentence("It was planned {moment} and waits until this chat is active again.")
_KEPT: Mapping[str, Sentence] = MappingProxyType(  # by the values of HoldReason
    {
        "replacement": Sentence("fits, but only a new version of it came here, and those are not announced"),
        "archive": Sentence("fits, but it is of {day} and came later than a week after it, so it was filed"),
        "crosslist": Sentence("fits, but it is a cross-list, and this chat wants none: {command}"),
        "older": Sentence("fits, but begins with what came since {moment}"),
        "passed": Sentence("fits now; when the paper came, it did not, or the chat was set otherwise"),
        "library": Sentence("fits, but it is in the library of this chat, so it is left out: /library"),
        "paused": Sentence("fits; it is paused: {command}"),
        "chat": Sentence("fits; this chat is paused: {command}"),
        "time": Sentence("fits, and is about to come"),
    }
)
_MENDS: Mapping[str, str] = MappingProxyType(
    {"crosslist": "set crosslists in", "paused": "resume {number}", "chat": "resume"}
)  # hold reason → the command that ends it
_PAUSED_UNTIL = Sentence("fits; it is paused until {moment}: {command}")
_NOT_LET_IN = Sentence("fits; this chat waits until an admin lets it in")
_COMES = Sentence("fits, and comes {moment}")


def delivered_line(found: DeliveredPaper, chat: Chat, localizer: Localizer) -> str:
    """Returns a sentence that says when a paper was delivered to a chat, or the state of its delivery."""
    sentence = _TOLD["long ago" if found.at is None else found.state]
    if found.at is not None and found.state is MessageState.SENT and not found.item.shown:
        sentence = _BEHIND
    elif found.state in _ON_ITS_WAY and chat.state is not ChatState.ACTIVE:
        sentence = _HELD
    moment = localizer.moment(found.at) if found.at else ""
    return replace(sentence, values={"moment": moment}).say(localizer.translate)


def hold_reason_line(
    reason: Reason, chat: Chat, localizer: Localizer, reading: Callable[[Query], str], day: str
) -> str:
    """Returns what keeps a paper of that day from a subscription: its number, its name, and the reason.

    `reading` says a query in words.
    """
    subscription = reason.subscription
    kept = _words(reason, localizer, reading) if reason.hold_reason == "words" else _kept(reason, chat, localizer, day)
    said = localizer.say("{name}: {text}", name=shortened(subscription.label), text=kept)
    return f"{subscription.number}  {said}"


def _kept(reason: Reason, chat: Chat, localizer: Localizer, day: str) -> str:
    """Returns the reason as a sentence for the subscriber."""
    subscription, keeps = reason.subscription, reason.hold_reason.value
    sentence, at = _KEPT[keeps], None
    if keeps == "older":
        at = subscription.since
    elif keeps == "chat" and chat.state is ChatState.ASKED:
        sentence = _NOT_LET_IN
    elif keeps == "paused" and subscription.paused_until:
        sentence, at = _PAUSED_UNTIL, subscription.paused_until
    elif keeps == "time" and reason.due:
        sentence, at = _COMES, reason.due
    command = f"/{_MENDS[keeps]}".format(number=subscription.number) if keeps in _MENDS else ""
    moment = localizer.moment(at, about=keeps == "time" and reason.about) if at else ""
    return localizer.say(sentence.template, command=command, day=day, moment=moment)


def _words(reason: Reason, localizer: Localizer, reading: Callable[[Query], str]) -> str:
    """Returns the parts of a query that a paper lacks, and the excluded parts that it has, as they were typed."""
    found: dict[bool, list[str]] = {False: [], True: []}
    for node in reason.failing:
        part = node.node if isinstance(node, Not) else node
        words = reading(replace(reason.query, tree=part))
        found[isinstance(node, Not)].append(localizer.say("({inner})", inner=words) if isinstance(part, And) else words)
    lacks, excluded = _list(localizer, found[False]), _list(localizer, found[True])
    if lacks and excluded:
        return localizer.say("lacks {lacking}, and has {excluded}", lacking=lacks, excluded=excluded)
    if lacks:
        return localizer.say("lacks {lacking}", lacking=lacks)
    return localizer.say("has {excluded}, which this excludes", excluded=excluded)


def _list(localizer: Localizer, parts: list[str]) -> str:
    return (
        reduce(lambda before, part: localizer.say("{before}; {part}", before=before, part=part), parts) if parts else ""
    )


# -------------------------------------------------------------------------------------------- erasing a chat, in words


def would_erase_line(subscriptions: int, chat: str, localizer: Localizer) -> str:
    """Returns a sentence that says what would be erased; `chat` is the name of the chat."""
    return localizer.count(
        "This erases all I know of {chat}: {count} subscription, its settings, and what it was told.",
        "This erases all I know of {chat}: {count} subscriptions, its settings, and what it was told.",
        subscriptions,
        chat=chat,
    )


def erased_line(gone: Forgotten, localizer: Localizer) -> str:
    """Returns a sentence that says what was erased."""
    subscriptions = localizer.count("{count} subscription", "{count} subscriptions", gone.subscriptions)
    papers = localizer.count("{count} paper", "{count} papers", gone.papers)
    return localizer.say(
        "Erased: {subscriptions}, the memory of {papers}, all settings and buttons.",
        subscriptions=subscriptions,
        papers=papers,
    )


def taste_line(found: Nearest, title: str, localizer: Localizer, *, in_group: bool) -> str:
    """Returns a sentence that says which paper moved another one up. `title` is the title of the first one."""
    because = (_BECAUSE_HERE if in_group else _BECAUSE)[found.kind]
    return replace(because, values={"title": title, "words": ", ".join(found.words[:_MOST_WORDS])}).say(
        localizer.translate
    )
