"""why, whynot: which subscription brought a paper and with which words, or what keeps it from coming."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from functools import reduce
from types import MappingProxyType

from bot.commands.named import named_papers
from bot.commands.turn import Command, Press, Turn
from bot.commands.wishes import in_short
from bot.ports import Reply
from subscriptions import (
    And,
    ChatState,
    Keeps,
    KnownPaper,
    Node,
    Not,
    Reason,
    Refused,
    Sentence,
    Subscription,
    Told,
    last_told,
    mentioned,
    papers_named,
    reasons,
    told,
)

MOST_REASONS = 5  # subscriptions that are gone into
_EXAMPLE = "2601.01234"
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
_KEPT: Mapping[Keeps, Sentence] = MappingProxyType(
    {
        Keeps.REPLACEMENT: Sentence("fits, but only a new version of it came here, and those are not announced"),
        Keeps.ARCHIVE: Sentence("fits, but it is of {day} and came later than a week after it, so it was filed"),
        Keeps.CROSSLIST: Sentence("fits, but it is a cross-list, and this chat wants none: /set crosslists in"),
        Keeps.OLDER: Sentence("fits, but begins with what came since {moment}"),
        Keeps.PASSED: Sentence("fits now; when the paper came, it did not, or the chat was set otherwise"),
        Keeps.PAUSED: Sentence("fits; it is paused: /resume {number}"),
        Keeps.CHAT: Sentence("fits; this chat is paused: /resume"),
        Keeps.TIME: Sentence("fits, and is about to come"),
    }
)
_PAUSED_UNTIL = Sentence("fits; it is paused until {moment}: /resume {number}")
_NOT_LET_IN = Sentence("fits; this chat waits until an admin lets it in")
_COMES = Sentence("fits, and comes {moment}")


def why(turn: Turn) -> Reply:
    """Which subscriptions brought a paper and with which words; without one, the last that was delivered."""
    if not turn.args:
        found = last_told(turn.store, turn.chat, message=turn.request.answers) if turn.chat.id else None
        return _came(turn, found) if found else Reply(lines=(turn.say("This chat was not sent a paper yet."),))
    return _about(turn, "why")


def whynot(turn: Turn) -> Reply:
    """Whether a paper is known and was told here; else what keeps it, for each subscription."""
    return _about(turn, "whynot")


def _about(turn: Turn, command: str) -> Reply:
    """What is to be said of the paper that the words name. Raises Refused when they name none."""
    names = mentioned(turn.args)
    if not names:
        raise Refused(
            Sentence("Say which paper, by its arXiv id, DOI or link."),
            Sentence("For example: /{command} {id}", {"command": command, "id": _EXAMPLE}),
        )
    known = papers_named(turn.store, names[:1]).get(names[0])
    if known is None:
        return named_papers(turn, names[0])
    found = told(turn.store, turn.chat, known)
    return _came(turn, found) if found else _did_not_come(turn, known)


# ------------------------------------------------------------------------------------------------------------ it came


def _came(turn: Turn, found: Told) -> Reply:
    """When it came and why, with the passages where the words stand."""
    return Reply(lines=(_when(turn, found),), items=(found.item,), form="why")


def _when(turn: Turn, found: Told) -> str:
    sentence = _TOLD["long ago" if found.at is None else found.state]
    if found.state == "sent" and not found.item.shown:
        sentence = _BEHIND
    elif found.state in _ON_ITS_WAY and turn.chat.state is not ChatState.ACTIVE:
        sentence = _HELD
    moment = turn.voice.moment(found.at) if found.at else ""
    return replace(sentence, values={"moment": moment}).say(turn.voice.translate)


# ---------------------------------------------------------------------------------------------------- it did not come


def _did_not_come(turn: Turn, known: KnownPaper) -> Reply:
    moment = turn.voice.moment(known.changed_at or known.first_seen_at)
    lines = [turn.title(known), turn.say("It became known {moment}; this chat was not sent it.", moment=moment)]
    found = reasons(turn.store, turn.chat, known, now=turn.now) if turn.chat.id else ()
    if not found:
        return Reply(lines=(*lines, turn.say("There are no subscriptions yet.")))
    lines += [
        f"{one.subscription.number}  "
        + turn.say("{name}: {text}", name=_label(one.subscription), text=_sentence(turn, one, known.day))
        for one in found[:MOST_REASONS]
    ]
    left = len(found) - MOST_REASONS
    if left > 0:
        lines.append(
            turn.voice.count(
                "{count} more subscription is further from it.",
                "{count} more subscriptions are further from it.",
                left,
            )
        )
    return Reply(lines=tuple(lines))


def _label(wish: Subscription) -> str:
    return in_short(wish.name or wish.text)


def _sentence(turn: Turn, reason: Reason, day: date) -> str:
    """What keeps a paper of that day, in the words of who subscribed."""
    wish, moment, keeps = reason.subscription, turn.voice.moment, reason.keeps
    if keeps is Keeps.WORDS:
        return _words(turn, reason)
    values: dict[str, object] = {"number": wish.number, "day": turn.voice.day(day, seen_from=turn.now.date())}
    sentence = _KEPT[keeps]
    if keeps is Keeps.OLDER:
        values["moment"] = moment(wish.since)
    elif keeps is Keeps.CHAT and turn.chat.state is ChatState.ASKED:
        sentence = _NOT_LET_IN
    elif keeps is Keeps.PAUSED and wish.paused_until:
        sentence, values["moment"] = _PAUSED_UNTIL, moment(wish.paused_until)
    elif keeps is Keeps.TIME and reason.due:
        sentence, values["moment"] = _COMES, moment(reason.due, about=reason.about)
    return replace(sentence, values=values).say(turn.voice.translate)


def _words(turn: Turn, reason: Reason) -> str:
    """The parts of the query that the paper does not fit, as they were typed."""
    lacking = [_read(turn, reason, node) for node in reason.failing if not isinstance(node, Not)]
    excluded = [_read(turn, reason, node.node) for node in reason.failing if isinstance(node, Not)]
    if lacking and excluded:
        return turn.say(
            "lacks {lacking}, and has {excluded}", lacking=_list(turn, lacking), excluded=_list(turn, excluded)
        )
    if lacking:
        return turn.say("lacks {lacking}", lacking=_list(turn, lacking))
    return turn.say("has {excluded}, which this excludes", excluded=_list(turn, excluded))


def _read(turn: Turn, reason: Reason, node: Node) -> str:
    said = turn.words.reading(replace(reason.query, tree=node))
    return turn.say("({inner})", inner=said) if isinstance(node, And) else said


def _list(turn: Turn, parts: list[str]) -> str:
    return reduce(lambda before, part: turn.say("{before}; {part}", before=before, part=part), parts)


COMMANDS = (
    Command(name="why", run=why, usage="[ID]", summary=Sentence("see why a paper came")),
    Command(name="whynot", run=whynot, usage="ID", summary=Sentence("see why a paper did not come")),
)
PRESSES: dict[str, Press] = {}
