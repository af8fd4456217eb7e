"""Decides whether a chat that subscribes is served: at once, after an operator has let it in, or not at all."""

from dataclasses import dataclass, replace

from bot.commands.core.context import CommandContext
from bot.ports.reply import Reply
from subscriptions.errors import Refused, Sentence
from subscriptions.model import ChatKind
from subscriptions.service.chats import (
    allow,
    is_admitted,
    is_denied,
    known_or_new,
    request_admission,
    set_owner,
    subscriptions_ever_made,
)
from subscriptions.service.subscriptions import is_confirmed, listed
from subscriptions.states import ChatState


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatBefore:
    """The state of a chat before a command."""

    numbers: int  # subscriptions that the chat has ever had
    let_in: bool

    @classmethod
    def of(cls, context: CommandContext) -> "ChatBefore":
        """Returns the state of the chat of this context."""
        address = context.chat.address
        return cls(numbers=subscriptions_ever_made(context.store, address), let_in=is_admitted(context.store, address))


def admit(context: CommandContext, before: ChatBefore, reply: Reply | None, *, operator_is_admin: bool) -> Reply | None:
    """Returns the reply to a command, after deciding whether a chat that asked for a subscription is served.

    One that it has already is no reason to refuse a chat that was let in. `operator_is_admin` says that an operator administers the chat. Raises Refused, which rolls the command back.
    """
    address = context.chat.address
    has_new = subscriptions_ever_made(context.store, address) > before.numbers
    if not has_new and not is_confirmed(context.store, context.chat):
        return reply
    if has_new and context.chat.kind is ChatKind.TEAM and context.request.sender:
        set_owner(context.store, address, context.request.sender)  # the person who subscribed last is the owner
    if operator_is_admin or context.is_operator:
        return _welcome(context, reply)
    if is_denied(context.store, address):
        raise Refused(Sentence("The operator of this bot has said no to this chat."))
    if has_new and context.bot_info.access == "closed":
        raise Refused(Sentence("This bot is private: only its operator adds subscriptions."), _contact(context))
    if before.let_in or context.bot_info.access == "open":
        return reply
    return _waits(context, before, reply)


def _welcome(context: CommandContext, reply: Reply | None) -> Reply | None:
    """Lets the chat in, since an operator subscribed it or administers it."""
    address = context.chat.address
    waits = known_or_new(context.store, address, context.chat.kind).state is ChatState.ASKED
    if waits or is_denied(context.store, address):
        allow(context.store, address, now=context.now, notify_chats=False)
    return reply


def _waits(context: CommandContext, before: ChatBefore, reply: Reply | None) -> Reply:
    new = (one.subscription for one in listed(context.store, context.chat.address))
    subscription = " · ".join(one.text for one in new if one.number > before.numbers)
    someone = request_admission(
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
