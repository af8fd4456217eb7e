"""admin, allow and deny: make the first operator, list the chats that wait (how many), and decide which chats are served."""

from collections.abc import Sequence
from dataclasses import replace

from bot.commands.context import Callback, Command, CommandContext, refusal
from bot.ports import channel
from subscriptions import addresses, errors, model
from subscriptions.service import access as admission
from subscriptions.service import conversation_state, operators
from subscriptions.store import admitted_chats

_HERE = 10  # waiting chats that /allow lists


def admin(context: CommandContext) -> channel.Reply:
    """Makes the sender the first operator if the code is the one that `run` wrote to the log."""
    if not context.request.place.is_private:
        reply = context.reply("Not here, where others read it: write to me in private.", ok=False)
        return replace(reply, is_ephemeral=True)
    if context.has_open_name:
        return context.reply(
            "Not here, where everyone who knows the password can take your name: send me the code on another platform.",
            ok=False,
        )
    if context.is_operator:
        return context.reply("You run this bot. /status shows whether all is well.", ok=True)
    if not context.args:
        return context.reply("Send the code that the bot wrote into its log at the start: /admin CODE", ok=False)
    conversation_state.store_private_chat(
        context.transaction, context.origin.address, now=context.now, lang=context.request.language
    )
    taken = operators.redeem_code(
        context.transaction, context.origin.address, context.args, admins=context.bot_info.admins, now=context.now
    )
    if taken == "made":
        return _made_operator(context)
    words = {
        "wrong": context.say("That is not the code."),
        "too-many": context.say("Too many wrong codes. Try again in an hour."),
        "there-is-one": context.say("This bot has an operator already; they can add others to PAPERWIRE_ADMINS."),
    }
    return channel.Reply(lines=(words[taken],), ok=False)


def _made_operator(context: CommandContext) -> channel.Reply:
    context.news.append(f"{context.origin.address} is an operator of this bot from now on.")
    lines = [
        context.say("You run this bot from now on."),
        context.say("I write to you here when something needs you; /status shows whether all is well."),
    ]
    if count := len(admitted_chats.chats_awaiting_admission(context.transaction)):
        lines.append(context.count("{count} chat asks to be let in.", "{count} chats ask to be let in.", count))
    return context.done(*lines)


def allow_(context: CommandContext) -> channel.Reply:
    """Lets the named chats in; without a name lists the chats that wait."""
    named = _named(context)
    if named:
        return _allowed(context, named)
    return _list_requests(context, "allow")


def deny_(context: CommandContext) -> channel.Reply:
    """Refuses the named chat; without a name lists the chats that wait."""
    named = _named(context)
    if len(named) > 1:
        raise refusal("Say no to one chat at a time.")
    if named:
        return _denied(context, named[0])
    return _list_requests(context, "deny")


def _allowed(context: CommandContext, named: Sequence[model.ChatAddress]) -> channel.Reply:
    lines = []
    for address in named:
        chat, waited = admission.allow(context.transaction, address, now=context.now)
        if waited:
            lines.append(context.say("{chat} is let in.", chat=_name(chat)))
        else:
            lines.append(context.say("{chat} may subscribe.", chat=_name(chat)))
    if len(named) == 1:
        lines.append(context.say("Undo: /deny {chat}", chat=str(chat.address)))
    return context.done(*lines)


def _denied(context: CommandContext, address: model.ChatAddress) -> channel.Reply:
    chat = conversation_state.known_or_new(context.transaction, address, model.ChatKind.PRIVATE)
    if not chat.id:
        return context.reply("I know no chat {chat}.", chat=str(address), ok=False)
    if chat.admin or chat.address in context.bot_info.admins:
        return context.reply("{chat} runs this bot.", chat=_name(chat), ok=False)
    new = admission.deny(context.transaction, address, now=context.now)
    words = context.say("That was said before.")
    if new:
        words = context.say("{chat} gets nothing from here.", chat=_name(chat))
    return context.done(words, context.say("Undo: /allow {chat}", chat=str(chat.address)))


def _named(context: CommandContext) -> tuple[model.ChatAddress, ...]:
    """Returns the chats that the button or the arguments name, with or without their platforms. Raises Refused."""
    texts = str(context.arguments.get("chat", context.args)).split()
    return tuple(dict.fromkeys(_address(context, text) for text in texts))


def _address(context: CommandContext, text: str) -> model.ChatAddress:
    if text.rpartition(":")[2].startswith("@"):
        raise refusal(
            "Say the chat by its number: I may not know whose name that is.",
            "/allow lists those that ask, with their numbers.",
        )
    return addresses.parse_address(text if ":" in text else f"{context.origin.address.platform}:{text}")


def _list_requests(context: CommandContext, verb: str) -> channel.Reply:
    chats = admitted_chats.chats_awaiting_admission(context.transaction)[:_HERE]
    if not chats:
        return context.reply("No chat asks to be let in.")
    lines = (context.say("These ask to be let in; for example: /{verb} {chat}", verb=verb, chat=str(chats[0].address)),)
    return channel.Reply(lines=lines, code=tuple(_name(chat) for chat in chats))


def _name(chat: model.Chat) -> str:
    name = chat.name
    if name == str(chat.address):
        return name
    return f"{name} ({chat.address})"


COMMANDS = (
    Command(
        name="admin",
        run=admin,
        usage="CODE",
        writes=True,
        summary=errors.Sentence("run this bot"),
        listed=False,
        names_chats=True,
    ),
    Command(
        name="allow",
        run=allow_,
        usage="CHAT …",
        summary=errors.Sentence("let a chat in"),
        needs_manager=True,
        needs_operator=True,
        listed=False,
        names_chats=True,
    ),
    Command(
        name="deny",
        run=deny_,
        usage="CHAT",
        summary=errors.Sentence("say no to a chat"),
        needs_manager=True,
        needs_operator=True,
        listed=False,
        names_chats=True,
    ),
)

CALLBACKS = {
    "allow": Callback(run=allow_, needs_manager=True, needs_operator=True, stays_here=True, replaces=True),
    "deny": Callback(run=deny_, needs_manager=True, needs_operator=True, stays_here=True, replaces=True),
}
