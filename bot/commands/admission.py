"""Who is served: a chat that subscribes, at once or after an operator has let it in; admin, allow and deny; how many waiting chats are listed."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

from bot.commands.context import Access, Callback, Command, CommandContext, refusal
from bot.ports import channel
from subscriptions import addresses, errors, model, states
from subscriptions.service import access, known_chats
from subscriptions.service.access import Standing
from subscriptions.store import stored_chats

Decision = Literal["serve", "let in", "denied", "private", "wait"]
_HERE = 10  # waiting chats that /allow lists


def admit(context: CommandContext, reply: channel.Reply | None) -> channel.Reply | None:
    """Decides whether a chat that has just subscribed is served. Returns the reply, which says so if the chat has to wait.

    `context` and its chat are from before the command. Only a new subscription or a confirmed address leads to a
    decision. Raises Refused, and then the command is rolled back.
    """
    before, transaction = context.chat, context.transaction
    confirms = before.id in transaction.confirmed_chats
    if not confirms and not transaction.changed_chats:
        return reply
    standing = access.standing_of(transaction, before.address)
    chat = standing.chat(before.address) or before
    has_new = chat.subscriptions_ever_made > before.subscriptions_ever_made
    if not has_new and not confirms:
        return reply
    if before.state is states.ChatState.UNCONFIRMED and chat.is_admitted:
        return reply  # its reader has just said yes, and that was decided before the question
    if has_new and before.kind is model.ChatKind.TEAM and context.request.sender:
        # the person who subscribed last is the owner
        stored_chats.set_owner(context.transaction, before.id, context.request.sender)
    decision = let_in(context, standing, before, has_new=has_new)
    if has_new:
        if context.by_operator:
            access.ask_unasked(context.transaction, [before.address], now=context.now)
        context.news.append(f"{before.address} has a new subscription.")
    if decision == "wait":
        return _waits(context, reply)
    return reply


def let_in(context: CommandContext, standing: Standing, before: model.Chat, *, has_new: bool) -> Decision:
    """Returns the decision about a chat that wants to be served. Lets it in if an operator wants that. Raises Refused."""
    decision = decide_entry(
        standing, before, has_new=has_new, by_operator=context.by_operator, entry=context.bot_info.access
    )
    match decision:
        case "let in":
            access.allow(context.transaction, before.address, now=context.now, notify_chats=False)
        case "denied":
            raise refusal("The operator of this bot has said no to this chat.")
        case "private":
            raise errors.Refused(
                errors.Sentence("This bot is private: only its operator adds subscriptions."), _contact(context)
            )
    return decision


def waits(context: CommandContext) -> bool:
    """Lets the chat in if an operator wants that. Returns whether it must wait for one. Raises Refused."""
    standing = access.standing_of(context.transaction, context.chat.address)
    return let_in(context, standing, context.chat, has_new=not standing.is_admitted) == "wait"


def decide_entry(
    standing: Standing, before: model.Chat, *, has_new: bool, by_operator: bool, entry: Access
) -> Decision:
    """Returns the decision about a chat that subscribes; `before` is the chat before the command.

    `by_operator`: an operator subscribed the chat.
    """
    if by_operator:
        if standing.is_denied or before.state is states.ChatState.ASKED:
            return "let in"
        return "serve"
    if standing.is_denied:
        return "denied"
    others = [chat for chat in standing.chats if chat.address != before.address]
    if has_new and entry == "closed":
        was_let_in = any(chat.admission is states.Admission.ADMITTED for chat in (before, *others))
        return "serve" if was_let_in else "private"
    if entry == "open" or any(chat.is_admitted for chat in (before, *others)):
        return "serve"
    return "wait"


def _waits(context: CommandContext, reply: channel.Reply | None) -> channel.Reply:
    new = (one.subscription for one in known_chats.listed(context.transaction, context.chat.address))
    subscription = " · ".join(one.text for one in new if one.number > context.chat.subscriptions_ever_made)
    if ask_operators(context, subscription):
        words = context.say(
            "It waits until the operator of this bot lets this chat in; what comes until then is not lost."
        )
    else:
        words = context.say(
            "It waits: this bot has no operator yet. The person who started it finds a code in its "
            "log, and sends it here in private: /admin CODE"
        )
    given = reply or channel.Reply()
    return replace(given, lines=(*given.lines, words), toast="" if given.lines else given.toast)


def ask_operators(context: CommandContext, request: str) -> bool:
    """Asks the operators to let the chat in. Returns whether there is an operator."""
    return access.request_admission(
        context.transaction,
        context.chat.address,
        admins=context.bot_info.admins,
        who=context.request.sender_name,
        person=context.request.sender,
        request=request,
        now=context.now,
    )


def _contact(context: CommandContext) -> errors.Sentence:
    if not context.bot_info.contact:
        return errors.Sentence("You can run one of your own: it is called paperwire.")
    return errors.Sentence(
        "Write to {contact}, or run one of your own: it is called paperwire.", {"contact": context.bot_info.contact}
    )


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
    known_chats.store_private_chat(
        context.transaction, context.origin.address, now=context.now, lang=context.request.language
    )
    taken = access.redeem_code(
        context.transaction, context.origin.address, context.args, admins=context.bot_info.admins, now=context.now
    )
    if taken == "made":
        return _made_operator(context)
    words = {
        "wrong": context.say("That is not the code."),
        "there-is-one": context.say("This bot has an operator already; they can add others to PAPERWIRE_ADMINS."),
    }
    return channel.Reply(lines=(words[taken],), ok=False)


def _made_operator(context: CommandContext) -> channel.Reply:
    context.news.append(f"{context.origin.address} is an operator of this bot from now on.")
    lines = [
        context.say("You run this bot from now on."),
        context.say("I write to you here when something needs you; /status shows whether all is well."),
    ]
    if count := len(stored_chats.chats_awaiting_admission(context.transaction)):
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
        chat, waited = access.allow(context.transaction, address, now=context.now)
        if waited:
            lines.append(context.say("{chat} is let in.", chat=_name(chat)))
        else:
            lines.append(context.say("{chat} may subscribe.", chat=_name(chat)))
    if len(named) == 1:
        lines.append(context.say("Undo: /deny {chat}", chat=str(chat.address)))
    return context.done(*lines)


def _denied(context: CommandContext, address: model.ChatAddress) -> channel.Reply:
    chat = known_chats.known_or_new(context.transaction, address, model.ChatKind.PRIVATE)
    if not chat.id:
        return context.reply("I know no chat {chat}.", chat=str(address), ok=False)
    if chat.admin or chat.address in context.bot_info.admins:
        return context.reply("{chat} runs this bot.", chat=_name(chat), ok=False)
    new = access.deny(context.transaction, address, now=context.now)
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
    chats = stored_chats.chats_awaiting_admission(context.transaction)[:_HERE]
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
