"""admin, allow, deny: make the first operator, and decide which chats are served."""

from dataclasses import replace

from bot.commands.core.context import Callback, Command, CommandContext, always
from bot.ports.reply import Reply
from subscriptions.addresses import parse_address
from subscriptions.errors import Refused, Sentence
from subscriptions.model import Chat, ChatAddress, ChatKind
from subscriptions.service.chats import (
    allow,
    chats_awaiting_admission,
    deny,
    known_or_new,
    redeem_code,
    store_chat,
)
from subscriptions.service.notices import name_of

_HERE = 10  # chats that ask, as /allow lists them


# ------------------------------------------------------------------------------------------------------ who is let in


# ---------------------------------------------------------------------------------------------------------- operators


def admin(context: CommandContext) -> Reply:
    """Makes the sender the first operator if the code is the one that `run` has printed."""
    if context.request.place.kind is not ChatKind.PRIVATE:
        return Reply(
            lines=(context.say("Not here, where others read it: write to me in private."),), ok=False, is_ephemeral=True
        )
    if context.is_operator:
        return Reply(lines=(context.say("You run this bot. /status says how it stands."),), ok=True)
    if not context.args:
        return Reply(
            lines=(context.say("Send the code that the bot wrote into its log at the start: /admin CODE"),), ok=False
        )
    home = store_chat(
        context.store, context.origin.address, context.origin.kind, now=context.now, lang=context.request.language
    )
    taken = redeem_code(context.store, home.address, context.args, admins=context.bot_info.admins, now=context.now)
    if taken == "made":
        return _made_operator(context)
    words = {
        "wrong": context.say("That is not the code."),
        "too-many": context.say("Too many wrong codes. Try again in an hour."),
        "there-is-one": context.say("This bot has an operator already; they can add others to PAPERWIRE_ADMINS."),
    }
    return Reply(lines=(words[taken],), ok=False)


def _made_operator(context: CommandContext) -> Reply:
    lines = [
        context.say("You run this bot from now on."),
        context.say("I write to you here when something needs you; /status says how all stands."),
    ]
    if count := len(chats_awaiting_admission(context.store)):
        lines.append(
            context.localizer.count("{count} chat asks to be let in.", "{count} chats ask to be let in.", count)
        )
    return Reply(lines=tuple(lines), ok=True)


def allow_(context: CommandContext) -> Reply:
    """Lets a chat in."""
    address = _named(context)
    return _allowed(context, address) if address else _list_requests(context, "allow")


def deny_(context: CommandContext) -> Reply:
    """Refuses a chat."""
    address = _named(context)
    return _denied(context, address) if address else _list_requests(context, "deny")


def on_allow(context: CommandContext) -> Reply:
    """Handles [allow] under the notice that a chat asks to be let in."""
    return replace(_allowed(context, parse_address(str(context.arguments["chat"]))), replaces=True)


def on_deny(context: CommandContext) -> Reply:
    """Handles [deny] under the notice that a chat asks to be let in."""
    return replace(_denied(context, parse_address(str(context.arguments["chat"]))), replaces=True)


def _allowed(context: CommandContext, address: ChatAddress) -> Reply:
    chat, waited = allow(context.store, address, now=context.now)
    name = _name(chat)
    words = context.say("{chat} is let in.", chat=name) if waited else context.say("{chat} may subscribe.", chat=name)
    undo = context.say("Undo: /deny {chat}", chat=str(chat.address))
    return Reply(lines=(words, undo), ok=True)


def _denied(context: CommandContext, address: ChatAddress) -> Reply:
    chat = known_or_new(context.store, address, ChatKind.PRIVATE)
    if not chat.id:
        return Reply(lines=(context.say("I know no chat {chat}.", chat=str(address)),), ok=False)
    if chat.admin or chat.address in context.bot_info.admins:
        return Reply(lines=(context.say("{chat} runs this bot.", chat=_name(chat)),), ok=False)
    chat, new = deny(context.store, address, now=context.now)
    words = (
        context.say("{chat} gets nothing from here.", chat=_name(chat)) if new else context.say("That was said before.")
    )
    return Reply(lines=(words, context.say("Undo: /allow {chat}", chat=str(chat.address))), ok=True)


def _named(context: CommandContext) -> ChatAddress | None:
    """Returns the chat that the arguments name, with or without its platform; None without arguments. Raises Refused."""
    text = context.args.strip()
    if not text:
        return None
    if text.rpartition(":")[2].startswith("@"):
        raise Refused(
            Sentence("Say the chat by its number: I may not know whose name that is."),
            Sentence("/allow lists those that ask, with their numbers."),
        )
    return parse_address(text if ":" in text else f"{context.origin.address.platform}:{text}")


def _list_requests(context: CommandContext, verb: str) -> Reply:
    chats = chats_awaiting_admission(context.store)[:_HERE]
    if not chats:
        return Reply(lines=(context.say("Nobody asks to be let in."),))
    lines = (context.say("These ask to be let in; for example: /{verb} {chat}", verb=verb, chat=str(chats[0].address)),)
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
        writes=always,
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
    "allow": Callback(run=on_allow, needs_manager=True, needs_operator=True, stays_here=True),
    "deny": Callback(run=on_deny, needs_manager=True, needs_operator=True, stays_here=True),
}
