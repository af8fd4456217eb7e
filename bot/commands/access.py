"""Whom the bot serves and how it stands: the first subscription that waits, admin, allow, deny, status."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

from bot.commands.coming import next_line
from bot.commands.turn import Callback, Command, CommandContext
from bot.ports.reply import Reply
from subscriptions.addresses import parse_address
from subscriptions.errors import PaperwireError, Refused, Sentence
from subscriptions.model import Chat, ChatAddress, ChatKind
from subscriptions.planning.receipts import Outcome
from subscriptions.service.chats import (
    allow,
    ask_to_be_let_in,
    chats_asking,
    deny,
    is_denied,
    known_or_new,
    meet,
    numbers_given,
    set_owner,
    take_code,
    was_let_in,
)
from subscriptions.service.notices import name_of
from subscriptions.service.operations import Status, expectations, health, last_days, papers_of_day
from subscriptions.service.operations import status as chat_status
from subscriptions.service.sources import known_sources
from subscriptions.service.subscriptions import listed
from subscriptions.states import ChatState

_SOURCES = 3  # sources that status names
_HERE = 10  # chats that ask, as allow lists them
_PLATFORMS: Mapping[str, str] = MappingProxyType({"telegram": "Telegram", "slack": "Slack"})


# ------------------------------------------------------------------------------------------------------ who is let in


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """What a chat was before a command was run there."""

    numbers: int  # subscriptions that it has had
    let_in: bool

    @classmethod
    def of(cls, turn: CommandContext) -> "Entry":
        """Before the command."""
        address = turn.chat.address
        return cls(numbers=numbers_given(turn.store, address), let_in=was_let_in(turn.store, address))


def entered(turn: CommandContext, before: Entry, reply: Reply | None, *, vouched: bool) -> Reply | None:
    """The reply to a command, once it is settled whether the chat that asked for something more is served.

    `vouched`: somebody who runs the bot administers the chat. Raises Refused, which undoes the command.
    """
    address = turn.chat.address
    if numbers_given(turn.store, address) <= before.numbers:
        return reply
    if turn.chat.kind is ChatKind.TEAM and turn.request.sender:
        set_owner(turn.store, address, turn.request.sender)  # whoever asked last looks after it
    if vouched or turn.is_operator:
        return _welcome(turn, reply)
    if is_denied(turn.store, address):
        raise Refused(Sentence("The operator of this bot has said no to this chat."))
    if turn.bot_info.access == "closed":
        raise Refused(Sentence("This bot is private: only its operator adds subscriptions."), _contact(turn))
    if before.let_in or turn.bot_info.access == "open":
        return reply
    return _waits(turn, before, reply)


def _welcome(turn: CommandContext, reply: Reply | None) -> Reply | None:
    """Where an operator asks for something, nobody else need be asked."""
    if known_or_new(turn.store, turn.chat.address, turn.chat.kind).state is ChatState.ASKED:
        allow(turn.store, turn.chat.address, now=turn.now, tell=False)
    return reply


def _waits(turn: CommandContext, before: Entry, reply: Reply | None) -> Reply:
    new = (one.subscription for one in listed(turn.store, turn.chat.address))
    wish = " · ".join(one.text for one in new if one.number > before.numbers)
    someone = ask_to_be_let_in(
        turn.store,
        turn.chat.address,
        admins=turn.bot_info.admins,
        who=turn.request.sender_name,
        wish=wish,
        now=turn.now,
    )
    if someone:
        words = turn.say("It waits for whoever runs this bot to let this chat in; what comes until then is not lost.")
    else:
        words = turn.say(
            "It waits: this bot has no operator yet. Whoever started it finds a code in its log, and sends it here in "
            "private: /admin CODE"
        )
    given = reply or Reply()
    return replace(given, lines=(*given.lines, words), toast="" if given.lines else given.toast)


def _contact(turn: CommandContext) -> Sentence:
    if not turn.bot_info.contact:
        return Sentence("You can run one of your own: it is called paperwire.")
    return Sentence(
        "Write to {contact}, or run one of your own: it is called paperwire.", {"contact": turn.bot_info.contact}
    )


# ---------------------------------------------------------------------------------------------------------- operators


def admin(turn: CommandContext) -> Reply:
    """Makes the first operator, by the code that `run` prints."""
    if turn.request.place.kind is not ChatKind.PRIVATE:
        return Reply(
            lines=(turn.say("Not here, where others read it: write to me in private."),), ok=False, is_ephemeral=True
        )
    if turn.is_operator:
        return Reply(lines=(turn.say("You run this bot. /status says how it stands."),), ok=True)
    if not turn.args:
        return Reply(
            lines=(turn.say("Send the code that the bot wrote into its log at the start: /admin CODE"),), ok=False
        )
    home = meet(turn.store, turn.origin.address, turn.origin.kind, now=turn.now, lang=turn.request.language)
    taken = take_code(turn.store, home.address, turn.args, admins=turn.bot_info.admins, now=turn.now)
    if taken == "made":
        return _made(turn)
    words = {
        "wrong": turn.say("That is not the code."),
        "too-many": turn.say("Too many wrong codes. Try again in an hour."),
        "there-is-one": turn.say("This bot has an operator already; they can add others to PAPERWIRE_ADMINS."),
    }
    return Reply(lines=(words[taken],), ok=False)


def _made(turn: CommandContext) -> Reply:
    lines = [
        turn.say("You run this bot from now on."),
        turn.say("I write to you here when something needs you; /status says how all stands."),
    ]
    if count := len(chats_asking(turn.store)):
        lines.append(turn.localizer.count("{count} chat asks to be let in.", "{count} chats ask to be let in.", count))
    return Reply(lines=tuple(lines), ok=True)


def allow_(turn: CommandContext) -> Reply:
    """Lets a chat in."""
    address = _named(turn)
    return _allowed(turn, address) if address else _who_asks(turn, "allow")


def deny_(turn: CommandContext) -> Reply:
    """Says no to a chat."""
    address = _named(turn)
    return _denied(turn, address) if address else _who_asks(turn, "deny")


def press_allow(turn: CommandContext) -> Reply:
    """[allow] under the notice that a chat asks."""
    return replace(_allowed(turn, parse_address(str(turn.arguments["chat"]))), replaces=True)


def press_deny(turn: CommandContext) -> Reply:
    """[deny] under it."""
    return replace(_denied(turn, parse_address(str(turn.arguments["chat"]))), replaces=True)


def _allowed(turn: CommandContext, address: ChatAddress) -> Reply:
    chat, waited = allow(turn.store, address, now=turn.now)
    name = _name(chat)
    words = turn.say("{chat} is let in.", chat=name) if waited else turn.say("{chat} may subscribe.", chat=name)
    undo = turn.say("Undo: /deny {chat}", chat=str(chat.address))
    return Reply(lines=(words, undo), ok=True)


def _denied(turn: CommandContext, address: ChatAddress) -> Reply:
    chat = known_or_new(turn.store, address, ChatKind.PRIVATE)
    if not chat.id:
        return Reply(lines=(turn.say("I know no chat {chat}.", chat=str(address)),), ok=False)
    if chat.admin or chat.address in turn.bot_info.admins:
        return Reply(lines=(turn.say("{chat} runs this bot.", chat=_name(chat)),), ok=False)
    chat, new = deny(turn.store, address, now=turn.now)
    words = turn.say("{chat} gets nothing from here.", chat=_name(chat)) if new else turn.say("That was said before.")
    return Reply(lines=(words, turn.say("Undo: /allow {chat}", chat=str(chat.address))), ok=True)


def _named(turn: CommandContext) -> ChatAddress | None:
    """The chat in the words, its platform left out where it is this one; None: no words. Raises Refused."""
    text = turn.args.strip()
    if not text:
        return None
    if text.rpartition(":")[2].startswith("@"):
        raise Refused(
            Sentence("Say the chat by its number: I may not know whose name that is."),
            Sentence("/allow lists those that ask, with their numbers."),
        )
    return parse_address(text if ":" in text else f"{turn.origin.address.platform}:{text}")


def _who_asks(turn: CommandContext, verb: str) -> Reply:
    chats = chats_asking(turn.store)[:_HERE]
    if not chats:
        return Reply(lines=(turn.say("Nobody asks to be let in."),))
    lines = (turn.say("These ask to be let in; for example: /{verb} {chat}", verb=verb, chat=str(chats[0].address)),)
    return Reply(lines=lines, code=tuple(_name(chat) for chat in chats))


def _name(chat: Chat) -> str:
    name = name_of(chat)
    return name if name == str(chat.address) else f"{name} ({chat.address})"


# -------------------------------------------------------------------------------------------------------------- status


def status(turn: CommandContext) -> Reply:
    """What came last, what comes next and what waits; for operators how the whole bot stands."""
    lines = [*came_last(turn), *_chat_lines(turn)]
    if turn.is_operator and not turn.is_public:
        lines += _whole(turn)
    return Reply(lines=tuple(lines))


def came_last(turn: CommandContext) -> list[str]:
    """What the sources brought last, each in all digests of its day; of one day together, where several brought some."""
    found = last_days(turn.store, _SOURCES)
    lines = [
        turn.localizer.count(
            "{source}, {day}: {count} paper.",
            "{source}, {day}: {count} papers.",
            one.papers,
            source=one.source,
            day=turn.localizer.day(one.day),
        )
        for one in found
    ]
    day = found[0].day if found else None
    if day and sum(one.day == day for one in found) > 1:
        amount, said = papers_of_day(turn.store, day), turn.localizer.day(day)
        lines.append(
            turn.localizer.count(
                "All together, {day}: {count} paper.", "All together, {day}: {count} papers.", amount, day=said
            )
        )
    return [*(lines or [turn.say("No digest has come yet.")]), *_expected(turn)]


def _expected(turn: CommandContext) -> list[str]:
    """What has not come though it was due, and when more is."""
    seen = expectations(turn.store, now=turn.now)
    lines = []
    for one in seen.missing:
        since = turn.localizer.moment(one.due) if one.due else ""
        names = ", ".join(one.behind) or one.name
        match one.outcome:
            case Outcome.LATE:
                lines.append(turn.say("{source} is late: due since {moment}.", source=names, moment=since))
            case Outcome.FAILED:
                lines.append(turn.say("{source} could not be read: due since {moment}.", source=names, moment=since))
            case _:
                lines.append(turn.say("{source} has not come yet: due since {moment}.", source=names, moment=since))
    following = seen.next_due()
    if following is not None:
        moment = turn.localizer.moment(following, about=True)
        lines.append(turn.say("More papers are expected {moment}.", moment=moment))
    return lines


def _chat_lines(turn: CommandContext) -> list[str]:
    try:
        here = chat_status(turn.store, turn.chat.address, now=turn.now)
    except PaperwireError:
        return [turn.say("This chat has no subscriptions.")]
    if not here.subscriptions:
        return [turn.say("This chat has no subscriptions."), *_fates(turn, here)]
    return [_next(turn, here), *_fates(turn, here)]


def _next(turn: CommandContext, here: Status) -> str:
    if is_denied(turn.store, here.chat.address):
        return turn.say("The operator of this bot has said no to this chat.")
    if here.chat.state is ChatState.ASKED:
        return turn.say("This chat waits for whoever runs this bot.")
    if here.chat.state is ChatState.PAUSED:
        return turn.say("This chat is paused; /resume ends that.")
    return next_line(here.coming, turn.localizer, turn.now)


def _fates(turn: CommandContext, here: Status) -> list[str]:
    count = turn.localizer.count
    lines = (
        (here.waiting, count("{count} delivery waits.", "{count} deliveries wait.", here.waiting)),
        (
            here.unclear,
            count(
                "{count} delivery may have arrived or not.", "{count} deliveries may have arrived or not.", here.unclear
            ),
        ),
        (here.dead, count("{count} delivery could not be sent.", "{count} deliveries could not be sent.", here.dead)),
    )
    return [line for number, line in lines if number]


def _whole(turn: CommandContext) -> list[str]:
    """How all stands, for whoever runs the bot."""
    all_of_it = health(turn.store)
    count = turn.localizer.count
    chats = count("{count} chat", "{count} chats", all_of_it.chats)
    wishes = count("{count} subscription", "{count} subscriptions", all_of_it.subscriptions)
    lines = ["", turn.say("The whole bot: {chats}, {subscriptions}.", chats=chats, subscriptions=wishes)]
    if all_of_it.asking:
        lines.append(
            count("{count} chat asks to be let in: /allow", "{count} chats ask to be let in: /allow", all_of_it.asking)
        )
    outbox = all_of_it.outbox
    lines.append(
        turn.say(
            "Outbox: {waiting} waiting, {unclear} unclear, {dead} dead.",
            waiting=outbox.waiting,
            unclear=outbox.unclear,
            dead=outbox.dead,
        )
    )
    lines += [
        turn.say("Source {source}: {detail}", source=source.name, detail=source.last.detail)
        for source in known_sources(turn.store)
        if source.state.on and source.last and source.last.outcome in (Outcome.FAILED, Outcome.LATE)
    ]
    for platform, reason in sorted(all_of_it.stopped.items()):
        name = _PLATFORMS.get(platform, platform)
        lines.append(turn.say("{platform} stands still: {reason}", platform=name, reason=reason))
    return lines


COMMANDS = (
    Command(
        name="status",
        aliases=("health",),
        run=status,
        summary=Sentence("what came last, what comes next, what waits"),
        stays_here=True,
    ),
    Command(
        name="admin",
        run=admin,
        usage="CODE",
        summary=Sentence("run this bot"),
        listed=False,
        stays_here=True,
        names_chats=True,
    ),
    Command(
        name="allow",
        run=allow_,
        usage="CHAT",
        summary=Sentence("let a chat in"),
        needs_manager=True,
        needs_operator=True,
        listed=False,
        stays_here=True,
        names_chats=True,
    ),
    Command(
        name="deny",
        run=deny_,
        usage="CHAT",
        summary=Sentence("say no to a chat"),
        needs_manager=True,
        needs_operator=True,
        listed=False,
        stays_here=True,
        names_chats=True,
    ),
)
PRESSES = {
    "allow": Callback(run=press_allow, needs_manager=True, needs_operator=True, stays_here=True),
    "deny": Callback(run=press_deny, needs_manager=True, needs_operator=True, stays_here=True),
}
