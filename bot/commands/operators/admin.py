"""Whom the bot serves and how it stands: the first subscription that waits, admin, allow, deny, status."""

from dataclasses import replace

from bot.commands.core.context import Callback, Command, CommandContext
from bot.ports.reply import Reply
from subscriptions.addresses import parse_address
from subscriptions.errors import Refused, Sentence
from subscriptions.model import Chat, ChatAddress, ChatKind
from subscriptions.service.chats import (
    allow,
    chats_asking,
    deny,
    known_or_new,
    meet,
    take_code,
)
from subscriptions.service.notices import name_of

_HERE = 10  # chats that ask, as allow lists them


# ------------------------------------------------------------------------------------------------------ who is let in


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


COMMANDS = (
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
CALLBACKS = {
    "allow": Callback(run=press_allow, needs_manager=True, needs_operator=True, stays_here=True),
    "deny": Callback(run=press_deny, needs_manager=True, needs_operator=True, stays_here=True),
}
