"""Decides whether a chat that subscribes is served: at once, after an operator has let it in, or not at all."""

from dataclasses import replace
from typing import Literal

from bot.commands.core.context import Access, CommandContext
from bot.ports.reply import Reply
from subscriptions.errors import Refused, Sentence
from subscriptions.model import Chat, ChatKind
from subscriptions.service.chats import Standing, allow, request_admission, set_owner, standing_of
from subscriptions.service.subscriptions import listed
from subscriptions.states import ChatState

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
    standing = standing_of(transaction, before.address)
    chat = standing.chat(before.address) or before
    has_new = chat.subscriptions_ever_made > before.subscriptions_ever_made
    if not has_new and not confirms:
        return reply
    if has_new and before.kind is ChatKind.TEAM and context.request.sender:
        set_owner(context.store, before.address, context.request.sender)  # the person who subscribed last is the owner
    by_operator = operator_is_admin or context.is_operator
    match decide_entry(standing, before, has_new=has_new, by_operator=by_operator, access=context.bot_info.access):
        case "let in":
            allow(context.store, before.address, now=context.now, notify_chats=False)
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
