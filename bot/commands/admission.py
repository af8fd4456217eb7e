"""Decides whether a chat that subscribes is served: at once, after an operator has let it in, or not at all."""

from dataclasses import replace
from typing import Literal

from bot.commands.context import Access, CommandContext, refusal
from bot.ports import channel
from subscriptions import errors, model, states
from subscriptions.service import access as admission
from subscriptions.service import confirmations, listing
from subscriptions.service.access import Standing
from subscriptions.store import admitted_chats

Decision = Literal["serve", "let in", "denied", "private", "wait"]


def admit(context: CommandContext, reply: channel.Reply | None) -> channel.Reply | None:
    """Decides whether a chat that has just subscribed is served. Returns the reply, which says so if the chat has to wait.

    `context` and its chat are from before the command. Only a new subscription or a confirmed address leads to a
    decision. Raises Refused, and then the command is rolled back.
    """
    before, transaction = context.chat, context.transaction
    confirms = before.id in transaction.confirmed_chats
    if not confirms and not transaction.changed_chats:
        return reply
    standing = admission.standing_of(transaction, before.address)
    chat = standing.chat(before.address) or before
    has_new = chat.subscriptions_ever_made > before.subscriptions_ever_made
    if not has_new and not confirms:
        return reply
    if before.state is states.ChatState.UNCONFIRMED and chat.is_admitted:
        return reply  # its reader has just said yes, and that was decided before the question
    if has_new and before.kind is model.ChatKind.TEAM and context.request.sender:
        # the person who subscribed last is the owner
        admitted_chats.set_owner(context.transaction, before.id, context.request.sender)
    decision = let_in(context, standing, before, has_new=has_new)
    if has_new:
        if context.by_operator:
            confirmations.ask_unasked(context.transaction, [before.address], now=context.now)
        context.news.append(f"{before.address} has a new subscription.")
    if decision == "wait":
        return _waits(context, reply)
    return reply


def let_in(context: CommandContext, standing: Standing, before: model.Chat, *, has_new: bool) -> Decision:
    """Returns the decision about a chat that wants to be served. Lets it in if an operator wants that. Raises Refused."""
    access = context.bot_info.access
    decision = decide_entry(standing, before, has_new=has_new, by_operator=context.by_operator, access=access)
    match decision:
        case "let in":
            admission.allow(context.transaction, before.address, now=context.now, notify_chats=False)
        case "denied":
            raise refusal("The operator of this bot has said no to this chat.")
        case "private":
            raise errors.Refused(
                errors.Sentence("This bot is private: only its operator adds subscriptions."), _contact(context)
            )
    return decision


def waits(context: CommandContext) -> bool:
    """Lets the chat in if an operator wants that. Returns whether it must wait for one. Raises Refused."""
    standing = admission.standing_of(context.transaction, context.chat.address)
    return let_in(context, standing, context.chat, has_new=not standing.is_admitted) == "wait"


def decide_entry(
    standing: Standing, before: model.Chat, *, has_new: bool, by_operator: bool, access: Access
) -> Decision:
    """Returns the decision about a chat that subscribes; `before` is the chat before the command.

    `by_operator`: an operator subscribed the chat or administers it.
    """
    if by_operator:
        if standing.is_denied or before.state is states.ChatState.ASKED:
            return "let in"
        return "serve"
    if standing.is_denied:
        return "denied"
    others = [chat for chat in standing.chats if chat.address != before.address]
    if has_new and access == "closed":
        was_let_in = any(chat.admission is states.Admission.ADMITTED for chat in (before, *others))
        return "serve" if was_let_in else "private"
    if access == "open" or any(chat.is_admitted for chat in (before, *others)):
        return "serve"
    return "wait"


def _waits(context: CommandContext, reply: channel.Reply | None) -> channel.Reply:
    new = (one.subscription for one in listing.listed(context.transaction, context.chat.address))
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
    return admission.request_admission(
        context.transaction,
        context.chat.address,
        admins=context.bot_info.admins,
        who=context.request.sender_name,
        request=request,
        now=context.now,
    )


def _contact(context: CommandContext) -> errors.Sentence:
    if not context.bot_info.contact:
        return errors.Sentence("You can run one of your own: it is called paperwire.")
    return errors.Sentence(
        "Write to {contact}, or run one of your own: it is called paperwire.", {"contact": context.bot_info.contact}
    )
