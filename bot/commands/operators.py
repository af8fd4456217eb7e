"""Who may be written to: admin, allow and deny say which chats are served, email asks an address for its yes.

`admit` decides whether a chat that subscribes is served: at once, after an operator has let it in, or not at all.
Papers are mailed to an address once a person has confirmed it from there.
"""

from dataclasses import replace
from datetime import datetime
from typing import Literal

from bot.commands.asking import listed_here
from bot.commands.context import Access, Callback, Command, CommandContext, always
from bot.ports.channel import Button, Reply
from subscriptions.addresses import facts_of, parse_address
from subscriptions.errors import Refused, Sentence
from subscriptions.model import Chat, ChatAddress, ChatKind
from subscriptions.notices.chats import CONFIRM
from subscriptions.service import access as admission
from subscriptions.service.access import Standing
from subscriptions.service.chat_status import known_or_new, store_chat
from subscriptions.service.next_deliveries import listed
from subscriptions.service.notices import name_of
from subscriptions.states import ChatState
from subscriptions.store.chats import chats_awaiting_admission, set_owner

Decision = Literal["serve", "let in", "denied", "private", "wait"]


def admit(context: CommandContext, reply: Reply | None, *, operator_is_admin: bool) -> Reply | None:
    """Returns the reply to a command, after deciding whether a chat that asked for a subscription is served.

    `context` is from before the command. A subscription that the chat has already is no reason to refuse a chat that was let
    in. `operator_is_admin` says that an operator administers the chat. Raises Refused, which rolls the command back.
    """
    before, transaction = context.chat, context.store
    confirms = before.id in transaction.confirmed_chats
    if not confirms and not transaction.changed_chats:
        return reply
    standing = admission.standing_of(transaction, before.address)
    chat = standing.chat(before.address) or before
    has_new = chat.subscriptions_ever_made > before.subscriptions_ever_made
    if not has_new and not confirms:
        return reply
    if has_new and before.kind is ChatKind.TEAM and context.request.sender:
        set_owner(context.store, before.id, context.request.sender)  # the person who subscribed last is the owner
    by_operator = operator_is_admin or context.is_operator
    match decide_entry(standing, before, has_new=has_new, by_operator=by_operator, access=context.bot_info.access):
        case "let in":
            admission.allow(context.store, before.address, now=context.now, notify_chats=False)
        case "denied":
            raise Refused(Sentence("The operator of this bot has said no to this chat."))
        case "private":
            raise Refused(Sentence("This bot is private: only its operator adds subscriptions."), _contact(context))
        case "wait":
            return _waits(context, reply)
    return reply


def decide_entry(standing: Standing, before: Chat, *, has_new: bool, by_operator: bool, access: Access) -> Decision:
    """Decides about a chat that subscribes, which was `before` until then.

    `by_operator`: an operator subscribed it or administers it.
    """
    if by_operator:
        return "let in" if standing.is_denied or before.state is ChatState.ASKED else "serve"
    if standing.is_denied:
        return "denied"
    if has_new and access == "closed":
        return "private"
    others = [chat for chat in standing.chats if chat.address != before.address]
    return "serve" if access == "open" or any(chat.is_admitted for chat in (before, *others)) else "wait"


def _waits(context: CommandContext, reply: Reply | None) -> Reply:
    new = (one.subscription for one in listed(context.store, context.chat.address))
    subscription = " · ".join(one.text for one in new if one.number > context.chat.subscriptions_ever_made)
    someone = admission.request_admission(
        context.store,
        context.chat.address,
        admins=context.bot_info.admins,
        who=context.request.sender_name,
        request=subscription,
        now=context.now,
    )
    if someone:
        words = context.say(
            "It waits for whoever runs this bot to let this chat in; what comes until then is not lost."
        )
    else:
        words = context.say(
            "It waits: this bot has no operator yet. Whoever started it finds a code in its log, and sends it here in "
            "private: /admin CODE"
        )
    given = reply or Reply()
    return replace(given, lines=(*given.lines, words), toast="" if given.lines else given.toast)


def _contact(context: CommandContext) -> Sentence:
    if not context.bot_info.contact:
        return Sentence("You can run one of your own: it is called paperwire.")
    return Sentence(
        "Write to {contact}, or run one of your own: it is called paperwire.", {"contact": context.bot_info.contact}
    )


# -------------------------------------------------------------------------------------------------- admin, allow, deny

# make the first operator, and decide which chats are served.


_HERE = 10  # chats that ask, as /allow lists them


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
    taken = admission.redeem_code(
        context.store, home.address, context.args, admins=context.bot_info.admins, now=context.now
    )
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


def _allowed(context: CommandContext, address: ChatAddress) -> Reply:
    chat, waited = admission.allow(context.store, address, now=context.now)
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
    chat, new = admission.deny(context.store, address, now=context.now)
    words = (
        context.say("{chat} gets nothing from here.", chat=_name(chat)) if new else context.say("That was said before.")
    )
    return Reply(lines=(words, context.say("Undo: /allow {chat}", chat=str(chat.address))), ok=True)


def _named(context: CommandContext) -> ChatAddress | None:
    """Returns the chat that the button or the arguments name, with or without its platform; None if they name none.

    Raises Refused.
    """
    text = str(context.arguments.get("chat", context.args.strip()))
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


# ----------------------------------------------------------------------------------------------------------------- mail


def email(context: CommandContext) -> Reply:
    """Asks an address whether this chat's papers may come there, too. Raises Refused."""
    platform = context.bot_info.mail_platform
    if not platform:
        raise Refused(
            Sentence("I send no mail: e-mail is off here."),
            Sentence("The operator of this bot turns it on with PAPERWIRE_SMTP_URL."),
        )
    typed = context.args.strip().strip("<>")
    if not typed:
        return Reply(lines=(context.say("Say where to: /email me@lab.org"),), ok=False)
    address = facts_of(platform).read_address(typed)
    if address is None:
        raise Refused(Sentence("“{text}” is no e-mail address.", {"text": typed}), Sentence("Write /email me@lab.org"))
    admission.ask_to_confirm(context.store, address, source=context.chat.address, now=context.now)
    lines = [
        context.say(
            "I have sent a question to {address}. Papers come there once it is answered.", address=address.address
        ),
        context.say("The answer is open for two days. The mail may be in the folder for spam."),
    ]
    if not listed_here(context):
        lines.append(context.say("There are no subscriptions to take along yet: send me a topic first."))
    return Reply(lines=tuple(lines), ok=True, is_ephemeral=True)


def on_confirm(context: CommandContext) -> Reply:
    """Handles the yes of an address. Raises Refused."""
    source = str(context.arguments["source"])
    until = datetime.fromisoformat(str(context.arguments["until"]))
    chat = admission.confirm(
        context.store,
        context.chat.address,
        source=parse_address(source) if source else None,
        until=until,
        now=context.now,
    )
    count = len(listed(context.store, chat.address))
    lines = [context.say("Papers come to {address} from now on.", address=chat.address.address)]
    lines += (
        [context.localizer.count("It has {count} subscription.", "It has {count} subscriptions.", count)]
        if count
        else [context.say("What do you read about? Write a topic below, such as: diffusion daily 8")]
    )
    look = Button(label=context.say("your subscriptions"), verb="do", arguments={"command": "list", "args": ""})
    return Reply(lines=tuple(lines), ok=True, buttons=((look,),) if count else ())


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
    Command(
        name="email",
        run=email,
        usage="me@lab.org",
        summary=Sentence("papers by mail, too"),
        needs_manager=True,
        names_chats=True,
    ),
)
CALLBACKS = {
    "allow": Callback(run=allow_, needs_manager=True, needs_operator=True, stays_here=True, replaces=True),
    "deny": Callback(run=deny_, needs_manager=True, needs_operator=True, stays_here=True, replaces=True),
    CONFIRM: Callback(run=on_confirm, writes=always),
}
