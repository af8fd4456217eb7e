"""Who is served: chats that subscribe at once or wait for an operator; admin, allow and deny."""

from dataclasses import replace

from bot.commands.base import Change, Command, Context, refusal
from bot.messages import Reply
from subscriptions.chats import known as known_chats
from subscriptions.chats.addresses import parse_address
from subscriptions.chats.stored import access as access_rows
from subscriptions.chats.stored import chats as stored_chats
from subscriptions.errors import Refused, Sentence
from subscriptions.model import Admission, Chat, ChatAddress, ChatKind, ChatState
from subscriptions.subscribing import access
from subscriptions.subscribing.access import AccessStatus

_HERE = 10  # waiting chats that /allow lists
_SEND_CODE = Sentence("Send the code that the bot wrote into its log at the start: /admin CODE")


def admit(context: Context, reply: Reply | None) -> Reply | None:
    """Decide whether a chat that has just subscribed is served.

    Return the reply, which says so if the chat has to wait.

    `context` and its chat are from before the command. Only a new subscription or a confirmed address leads to a
    decision. Raise Refused, and then the command is rolled back.
    """
    before, transaction = context.chat, context.transaction
    confirms = before.id in transaction.confirmed_chats
    if not confirms and not transaction.changed_chats:
        return reply
    standing = access.access_status(transaction, before.address)
    chat = standing.chat(before.address) or before
    has_new = chat.subscriptions_ever_made > before.subscriptions_ever_made
    if not has_new and not confirms:
        return reply
    if before.state is ChatState.UNCONFIRMED and chat.is_admitted:
        return reply  # its reader has just said yes, and that was decided before the question
    if has_new and before.kind is ChatKind.TEAM and context.request.sender:
        # the person who subscribed last is the owner
        stored_chats.note_person(context.transaction, before.id, owner=context.request.sender)
    must_wait = _let_in(context, standing, before, has_new=has_new)
    if has_new:
        if context.by_operator:
            access.ask_unasked(context.transaction, [before.address], now=context.now)
        context.news.append(f"{before.address} has a new subscription.")
    return _waits(context, reply) if must_wait else reply


def waits(context: Context) -> bool:
    """Let the chat in if an operator wants that. Return whether it must wait for one. Raise Refused."""
    standing = access.access_status(context.transaction, context.chat.address)
    return _let_in(context, standing, context.chat, has_new=not standing.is_admitted)


def _let_in(context: Context, standing: AccessStatus, before: Chat, *, has_new: bool) -> bool:
    """Decide about a chat that wants to be served; `before` is the chat before the command.

    Return whether it must wait. Raise Refused.
    """
    if context.by_operator:
        if standing.is_denied or before.state is ChatState.ASKED:
            access.allow(context.transaction, before.address, now=context.now, notify_chats=False)
        return False
    if standing.is_denied:
        raise refusal("The operator of this bot has said no to this chat.")
    chats = (before, *(chat for chat in standing.chats if chat.address != before.address))
    entry, contact = context.app.settings.access, context.app.settings.contact
    if has_new and entry == "closed":
        if any(chat.admission is Admission.ADMITTED for chat in chats):
            return False
        own = Sentence("You can run one of your own: it is called paperwire.")
        if contact:
            own = Sentence("Write to {contact}, or run one of your own: it is called paperwire.", {"contact": contact})
        raise Refused(Sentence("This bot is private: only its operator adds subscriptions."), own)
    return entry != "open" and not any(chat.is_admitted for chat in chats)


def _waits(context: Context, reply: Reply | None) -> Reply:
    """Ask the operators to let the chat in, and add a line that says so."""
    new = (one.subscription for one in known_chats.listed(context.transaction, context.chat.address))
    subscriptions = " · ".join(one.text for one in new if one.number > context.chat.subscriptions_ever_made)
    words = context.say(
        "It waits: this bot has no operator yet. The person who started it finds a code in its "
        "log, and sends it here in private: /admin CODE"
    )
    if ask_operators(context, subscriptions):
        words = context.say(
            "It waits until the operator of this bot lets this chat in; what comes until then is not lost."
        )
    given = reply or Reply()
    return replace(given, lines=(*given.lines, words), toast="" if given.lines else given.toast)


def ask_operators(context: Context, request: str) -> bool:
    """Ask the operators to let the chat in. Return whether there is an operator."""
    return access.request_admission(
        context.transaction,
        context.chat.address,
        admins=context.app.settings.admins,
        who=context.request.sender_name,
        person=context.request.sender,
        request=request,
        now=context.now,
    )


def admin(context: Context) -> Reply:
    """Make the sender the first operator if the code is the one that `run` wrote to the log."""
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
        return context.reply(_SEND_CODE, ok=False)
    transaction, address, now = context.transaction, context.origin.address, context.now
    known_chats.store_chat(transaction, address, ChatKind.PRIVATE, now=now, lang=context.request.language)
    taken = access.redeem_code(transaction, address, context.args, admins=context.app.settings.admins, now=now)
    if taken == "made":
        return _made_operator(context)
    said: tuple[Sentence, ...] = (
        Sentence("This bot has an operator already; they can add others to PAPERWIRE_ADMINS."),
    )
    if taken == "wrong":
        said = (Sentence("That is not the code."), _SEND_CODE)
    return context.reply(*said, ok=False)


def _made_operator(context: Context) -> Reply:
    context.news.append(f"{context.origin.address} is an operator of this bot from now on.")
    reply = context.reply(
        "You run this bot from now on.",
        "I write to you here when something needs you; /status shows whether all is well.",
        ok=True,
    )
    if count := len(access_rows.chats_awaiting_admission(context.transaction)):
        return reply.with_lines(
            context.count("{count} chat asks to be let in.", "{count} chats ask to be let in.", count)
        )
    return reply


def allow_(context: Context) -> Reply:
    """Let the named chats in; without a name lists the chats that wait."""
    named = _named(context)
    if not named:
        return _list_requests(context, "allow")
    lines = []
    for address in named:
        chat, waited = access.allow(context.transaction, address, now=context.now)
        said = Sentence("{chat} is let in.") if waited else Sentence("{chat} may subscribe.")
        lines.append(context.say(said, chat=_name(chat)))
    if len(named) == 1:
        lines.append(context.say("Undo: /deny {chat}", chat=str(chat.address)))
    return context.done(*lines)


def deny_(context: Context) -> Reply:
    """Refuse the named chat; without a name lists the chats that wait."""
    named = _named(context)
    if not named:
        return _list_requests(context, "deny")
    if len(named) > 1:
        raise refusal("Say no to one chat at a time.")
    address = named[0]
    chat = known_chats.known_or_new(context.transaction, address, ChatKind.PRIVATE)
    if not chat.id:
        return context.reply("I know no chat {chat}.", chat=str(address), ok=False)
    if chat.admin or chat.address in context.app.settings.admins:
        return context.reply("{chat} runs this bot.", chat=_name(chat), ok=False)
    words = context.say("That was said before.")
    if access.deny(context.transaction, address, now=context.now):
        words = context.say("{chat} gets nothing from here.", chat=_name(chat))
    return context.done(words, context.say("Undo: /allow {chat}", chat=str(chat.address)))


def _named(context: Context) -> tuple[ChatAddress, ...]:
    """Return the chats that the button or the arguments name, with or without their platforms. Raise Refused."""
    found = []
    for text in str(context.arguments.get("chat", context.args)).split():
        if text.rpartition(":")[2].startswith("@"):
            raise refusal(
                "Say the chat by its number: I may not know whose name that is.",
                "/allow lists those that ask, with their numbers.",
            )
        found.append(parse_address(text if ":" in text else f"{context.origin.address.platform}:{text}"))
    return tuple(dict.fromkeys(found))


def _list_requests(context: Context, verb: str) -> Reply:
    chats = access_rows.chats_awaiting_admission(context.transaction)[:_HERE]
    if not chats:
        return context.reply("No chat asks to be let in.")
    head = context.say("These ask to be let in; for example: /{verb} {chat}", verb=verb, chat=str(chats[0].address))
    return Reply((head,), code=[*map(_name, chats)])


def _name(chat: Chat) -> str:
    return chat.name if chat.name == str(chat.address) else f"{chat.name} ({chat.address})"


COMMANDS = (
    Command(
        admin,
        "admin",
        "run this bot",
        usage="CODE",
        writes=True,
        listed=False,
        names_chats=True,
    ),
    Command(
        allow_,
        "allow",
        "let a chat in",
        usage="CHAT …",
        needs_manager=True,
        needs_operator=True,
        listed=False,
        names_chats=True,
    ),
    Command(
        deny_,
        "deny",
        "say no to a chat",
        usage="CHAT",
        needs_manager=True,
        needs_operator=True,
        listed=False,
        names_chats=True,
    ),
)

CALLBACKS = {
    "allow": Change(allow_, needs_operator=True, stays_here=True),
    "deny": Change(deny_, needs_operator=True, stays_here=True),
}
