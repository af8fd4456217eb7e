"""Decides which chats are served: admin, allow, deny, and the events of chats and workspaces.

`admit` decides whether a chat that subscribes is served: at once, after an operator has let it in, or not at all.
Events are, for example: the bot is added, blocked or let in again; a group becomes a supergroup; a topic is closed.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Literal

from bot.commands.connect import remember_managed_chat
from bot.commands.context import Access, Callback, Command, CommandContext, Event
from bot.commands.edit import what_waits
from bot.commands.start import how_to_begin
from bot.ports import channel
from subscriptions import addresses, errors, model, states
from subscriptions.notices import ChatResumed, SubscriberLeft, SubscriptionsOrphaned
from subscriptions.notices.declared import SendingStopped
from subscriptions.service import access as admission
from subscriptions.service import chat_status, listing, notices, pausing
from subscriptions.service.access import Standing
from subscriptions.store import chats as stored_chats
from subscriptions.store import conversations
from subscriptions.store.moving import chat_moved

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
        stored_chats.set_owner(context.transaction, before.id, context.request.sender)
    decision = let_in(context, standing, before, has_new=has_new)
    if has_new:
        if context.by_operator:
            admission.ask_unasked(context.transaction, [before.address], now=context.now)
        context.news.append(f"{before.address} has a new subscription.")
    return _waits(context, reply) if decision == "wait" else reply


def let_in(context: CommandContext, standing: Standing, before: model.Chat, *, has_new: bool) -> Decision:
    """Returns the decision about a chat that wants to be served. Lets it in if an operator wants that. Raises Refused."""
    access = context.bot_info.access
    decision = decide_entry(standing, before, has_new=has_new, by_operator=context.by_operator, access=access)
    match decision:
        case "let in":
            admission.allow(context.transaction, before.address, now=context.now, notify_chats=False)
        case "denied":
            raise errors.Refused(errors.Sentence("The operator of this bot has said no to this chat."))
        case "private":
            raise errors.Refused(
                errors.Sentence("This bot is private: only its operator adds subscriptions."), _contact(context)
            )
    return decision


def decide_entry(
    standing: Standing, before: model.Chat, *, has_new: bool, by_operator: bool, access: Access
) -> Decision:
    """Returns the decision about a chat that subscribes; `before` is the chat before the command.

    `by_operator`: an operator subscribed the chat or administers it.
    """
    if by_operator:
        return "let in" if standing.is_denied or before.state is states.ChatState.ASKED else "serve"
    if standing.is_denied:
        return "denied"
    others = [chat for chat in standing.chats if chat.address != before.address]
    if has_new and access == "closed":
        was_let_in = any(chat.admission is states.Admission.ADMITTED for chat in (before, *others))
        return "serve" if was_let_in else "private"
    return "serve" if access == "open" or any(chat.is_admitted for chat in (before, *others)) else "wait"


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


# -------------------------------------------------------------------------------------------------- admin, allow, deny

# These commands make the first operator, and decide which chats are served.


_HERE = 10  # waiting chats that /allow lists


# ---------------------------------------------------------------------------------------------------------- operators


def admin(context: CommandContext) -> channel.Reply:
    """Makes the sender the first operator if the code is the one that `run` wrote to the log."""
    if context.request.place.kind is not model.ChatKind.PRIVATE:
        return channel.Reply(
            lines=(context.say("Not here, where others read it: write to me in private."),), ok=False, is_ephemeral=True
        )
    if context.has_open_name:
        return channel.Reply(
            lines=(
                context.say(
                    "Not here, where everyone who knows the password can take your name: send me the code on another platform."
                ),
            ),
            ok=False,
        )
    if context.is_operator:
        return channel.Reply(lines=(context.say("You run this bot. /status shows whether all is well."),), ok=True)
    if not context.args:
        return channel.Reply(
            lines=(context.say("Send the code that the bot wrote into its log at the start: /admin CODE"),), ok=False
        )
    home = chat_status.store_chat(
        context.transaction, context.origin.address, context.origin.kind, now=context.now, lang=context.request.language
    )
    taken = admission.redeem_code(
        context.transaction, home.address, context.args, admins=context.bot_info.admins, now=context.now
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
    if count := len(stored_chats.chats_awaiting_admission(context.transaction)):
        lines.append(
            context.localizer.count("{count} chat asks to be let in.", "{count} chats ask to be let in.", count)
        )
    return channel.Reply(lines=tuple(lines), ok=True)


def allow_(context: CommandContext) -> channel.Reply:
    """Lets the named chats in; without a name lists the chats that wait."""
    named = _named(context)
    return _allowed(context, named) if named else _list_requests(context, "allow")


def deny_(context: CommandContext) -> channel.Reply:
    """Refuses the named chat; without a name lists the chats that wait."""
    named = _named(context)
    if len(named) > 1:
        raise errors.Refused(errors.Sentence("Say no to one chat at a time."))
    return _denied(context, named[0]) if named else _list_requests(context, "deny")


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
    return channel.Reply(lines=tuple(lines), ok=True)


def _denied(context: CommandContext, address: model.ChatAddress) -> channel.Reply:
    chat = chat_status.known_or_new(context.transaction, address, model.ChatKind.PRIVATE)
    if not chat.id:
        return channel.Reply(lines=(context.say("I know no chat {chat}.", chat=str(address)),), ok=False)
    if chat.admin or chat.address in context.bot_info.admins:
        return channel.Reply(lines=(context.say("{chat} runs this bot.", chat=_name(chat)),), ok=False)
    new = admission.deny(context.transaction, address, now=context.now)
    words = (
        context.say("{chat} gets nothing from here.", chat=_name(chat)) if new else context.say("That was said before.")
    )
    return channel.Reply(lines=(words, context.say("Undo: /allow {chat}", chat=str(chat.address))), ok=True)


def _named(context: CommandContext) -> tuple[model.ChatAddress, ...]:
    """Returns the chats that the button or the arguments name, with or without their platforms. Raises Refused."""
    texts = str(context.arguments.get("chat", context.args)).split()
    return tuple(dict.fromkeys(_address(context, text) for text in texts))


def _address(context: CommandContext, text: str) -> model.ChatAddress:
    if text.rpartition(":")[2].startswith("@"):
        raise errors.Refused(
            errors.Sentence("Say the chat by its number: I may not know whose name that is."),
            errors.Sentence("/allow lists those that ask, with their numbers."),
        )
    return addresses.parse_address(text if ":" in text else f"{context.origin.address.platform}:{text}")


def _list_requests(context: CommandContext, verb: str) -> channel.Reply:
    chats = stored_chats.chats_awaiting_admission(context.transaction)[:_HERE]
    if not chats:
        return channel.Reply(lines=(context.say("No chat asks to be let in."),))
    lines = (context.say("These ask to be let in; for example: /{verb} {chat}", verb=verb, chat=str(chats[0].address)),)
    return channel.Reply(lines=lines, code=tuple(_name(chat) for chat in chats))


def _name(chat: model.Chat) -> str:
    name = chat.name
    return name if name == str(chat.address) else f"{name} ({chat.address})"


# ---------------------------------------------------------------------------- events of channels, topics and workspaces


def on_unreachable(
    words: str, reason: states.PauseReason = states.PauseReason.GONE, *, topic: bool = False
) -> Callable[[CommandContext], None]:
    """Returns a handler that pauses the deliveries to a channel or topic; `words` say what happened to it."""

    def handle(context: CommandContext) -> None:
        address = context.request.chat if topic else context.origin.address
        notices.pause_unreachable(context.transaction, address, words, topic=topic, reason=reason, now=context.now)

    return handle


def on_renamed(_: CommandContext) -> None:
    """Does nothing, since the conversation stores a changed name at every request."""


def on_member_left(context: CommandContext) -> channel.Reply | None:
    """Handles that a member left: pauses their subscriptions, and notifies each affected chat and the operators once."""
    paused = pausing.pause_for_leaver(
        context.transaction, context.origin.address, context.request.sender, now=context.now
    )
    for address, subscriptions in paused.items():
        _notify_chat(context, address, subscriptions)
    if paused:
        notice = SubscriberLeft(chat=context.origin.name, place=str(context.origin.address))
        notices.notify_operators(context.transaction, context.bot_info.admins, notice, now=context.now)
    return None


def _notify_chat(
    context: CommandContext, address: model.ChatAddress, subscriptions: Sequence[model.Subscription]
) -> None:
    """Notifies a channel or thread which of its subscriptions are paused. A button in the notice resumes only these."""
    chat = listing.get_chat(context.transaction, address)
    waiting = {
        one.subscription.number
        for one in listing.listed(context.transaction, address)
        if one.subscription.state is states.SubscriptionState.PAUSED
    }
    only = str(subscriptions[0].number) if len(subscriptions) == 1 else ""
    notice = SubscriptionsOrphaned(
        event=context.request.update_id,
        who=subscriptions[0].added_by if chat.settings.credits == "on" else "",
        subscriptions=" · ".join(f"{subscription.number} {subscription.label}" for subscription in subscriptions),
        number=only,
    )
    button = model.CallbackToken(verb="resume", arguments={"number": subscriptions[0].number} if only else {})
    alone = only or waiting == {subscription.number for subscription in subscriptions}
    notices.notify(context.transaction, address, notice, now=context.now, buttons={"resume": button} if alone else None)


def on_uninstalled(context: CommandContext) -> channel.Reply | None:
    """Handles that the app was removed: all deliveries of the workspace wait, and its data is erased after thirty days."""
    team = context.event_details["team"]
    pausing.uninstall(context.transaction, team, now=context.now)
    notice = SendingStopped(
        platform=f"{context.origin.address.platform}:{team}", reason="The app was removed from the workspace."
    )
    notices.notify_operators(context.transaction, context.bot_info.admins, notice, now=context.now)
    return None


# ---------------------------------------------------------------------------------------------------- events of a chat


NOT_AGAIN = timedelta(days=30)  # within this time, a chat is not greeted a second time
WROTE_LATELY = timedelta(days=7)  # how long the store keeps the commands of a person whose chat is not stored


def on_arrived(context: CommandContext) -> channel.Reply | None:
    """Handles that the bot was added: greets a group with one line, and writes to the person who added it to a channel.

    A channel of a workspace is stored only when a member first sends a command, since it gets that member's time zone.
    """
    if context.origin.kind is not model.ChatKind.TEAM:
        _store_new_chat(context)
    missed = welcome_back(context)
    if context.origin.kind is model.ChatKind.BROADCAST:
        return _in_private(context, missed)
    if missed is not None or not _first_in_a_while(context):
        return missed
    return channel.Reply(lines=(how_to_begin(context),))


def _card(context: CommandContext) -> channel.Reply | None:
    """Returns the message to the person who added the bot to a channel.

    Returns None if the bot may not write to this person, or has greeted the channel within the last thirty days.
    """
    private = _private_chat(context)
    if private is None or not _first_in_a_while(context):
        return None
    title = context.chat.name
    lines = (
        context.say(
            "I am in the channel {title} now. It is managed from here, so that nobody there sees it.", title=title
        ),
        context.say("What shall I bring there? For example: /sub {chat} diffusion", chat=context.chat.address.address),
    )
    button = channel.Button(label=context.say("manage it from here"), verb="connect", only_for=context.request.sender)
    return channel.Reply(target_chat=private, lines=lines, buttons=((button,),))


def _in_private(context: CommandContext, missed: channel.Reply | None) -> channel.Reply | None:
    """Returns the message to the person who caused the event, about a channel and its waiting papers.

    None if there is nothing to say.
    """
    private, card = _private_chat(context), _card(context)
    if private is None or missed is None:
        return card
    there = chat_status.known_or_new(context.transaction, context.origin.address, context.origin.kind)
    asked = chat_status.known_or_new(context.transaction, private, model.ChatKind.PRIVATE)
    lines, buttons = what_waits(replace(context, chat=there, origin=asked))
    if card is None:
        card = channel.Reply(target_chat=private, lines=(context.say("I can write to {chat} again.", chat=there.name),))
    return replace(card, lines=(*card.lines, *lines), buttons=(*card.buttons, *buttons))


def on_left(context: CommandContext) -> channel.Reply | None:
    """Handles that the bot was blocked or removed: pauses the deliveries until it is let in again."""
    if _has_moved(context):
        return None
    private = context.chat.kind is model.ChatKind.PRIVATE
    reason = "The bot was blocked there." if private else "The bot was removed from there."
    notices.pause_unreachable(
        context.transaction, context.origin.address, reason, topic=False, now=context.now, by=context.request.sender
    )
    return None


def on_muted(context: CommandContext) -> channel.Reply | None:
    """Handles that the bot may not write. Tells the person who has just added it to a channel which right it needs."""
    if _has_moved(context):
        return None
    came = context.event_details.get("before") in ("left", "kicked")
    if came:
        _store_new_chat(context)
    words = "The bot has no rights to write there."
    notices.pause_unreachable(
        context.transaction,
        context.origin.address,
        words,
        topic=False,
        reason=states.PauseReason.NO_RIGHTS,
        now=context.now,
    )
    private = _private_chat(context) if came and context.chat.kind is model.ChatKind.BROADCAST else None
    if private is None:
        return None
    title = context.chat.name
    words = context.say(
        "I am in the channel {title} now, but may not post there. Give me the right to post.", title=title
    )
    return channel.Reply(target_chat=private, lines=(words,), ok=False)


def on_back(context: CommandContext) -> channel.Reply | None:
    """Handles that the bot may write again: deliveries continue. Offers the waiting papers; for a channel, in private."""
    was_gone = context.origin.is_unreachable
    missed = welcome_back(context)
    if context.origin.kind is not model.ChatKind.BROADCAST:
        return missed
    if not was_gone:
        return None
    event = f"{context.origin.address}:{context.request.update_id}"
    notice = ChatResumed(event=event, chat=context.origin.name)
    notices.notify_owner(context.transaction, context.origin, notice, now=context.now, by=context.request.sender)
    return _in_private(context, missed)


def on_moved(context: CommandContext) -> channel.Reply | None:
    """Handles that a group became a supergroup.

    The platform reports this for both chats; the second report changes nothing.
    """
    here, details = context.request.chat, context.event_details
    old, new = (here.address, details["to"]) if details.get("to") else (details.get("from", ""), here.address)
    if old and new:
        chat_moved(context.transaction, model.ChatAddress(here.platform, old), new, now=context.now)
    return None


def _has_moved(context: CommandContext) -> bool:
    """Returns whether the event is about the old address of a group that became a supergroup."""
    return context.origin.address.lane != context.request.chat.lane


def _store_new_chat(context: CommandContext) -> None:
    """Stores a group or channel. Its owner, who gets notices about it, is the person who added the bot, if known."""
    if context.chat.kind is model.ChatKind.PRIVATE:
        return
    there = context.chat
    if not context.request.sender:
        chat_status.store_chat(
            context.transaction, there.address, there.kind, now=context.now, title=there.title, public=there.public
        )
        return
    stored_chats.set_owner(context.transaction, remember_managed_chat(context).id, context.request.sender)
    if private := _private_chat(context):  # notices to the owner are sent there
        chat_status.store_chat(
            context.transaction, private, model.ChatKind.PRIVATE, now=context.now, lang=context.request.language
        )


def _private_chat(context: CommandContext) -> model.ChatAddress | None:
    """Returns the private chat of the event's sender; None if they never wrote to the bot or have blocked it."""
    if not context.request.sender:
        return None
    chat = chat_status.known_or_new(context.transaction, context.person, model.ChatKind.PRIVATE)
    if chat.id:
        return None if chat.is_unreachable else chat.address
    return (
        context.person
        if conversations.commands_since(context.transaction, context.person, context.now - WROTE_LATELY)
        else None
    )


def _first_in_a_while(context: CommandContext) -> bool:
    name = f"greeted:{context.origin.address}"
    if context.remembered(name):
        return False
    context.remember(name, {}, lasts=NOT_AGAIN, is_personal=False)
    return True


def welcome_back(context: CommandContext) -> channel.Reply | None:
    """Lets a chat that was blocked, kicked or restricted get messages again, and offers the waiting papers.

    Returns None if the chat could be reached all the time, or if no papers wait for it.
    """
    if not pausing.reactivate(context.transaction, context.origin.address, now=context.now):
        return None
    chat = chat_status.known_or_new(context.transaction, context.origin.address, context.origin.kind)
    if not chat.id or chat.state is not states.ChatState.ACTIVE:
        return None
    pausing.delay_after_return(context.transaction, chat, now=context.now)
    lines, buttons = what_waits(replace(context, chat=chat, origin=chat))
    if not lines:
        return None
    head = () if context.read_by_group else (context.say("I can write to you again."),)
    return channel.Reply(lines=(*head, *lines), buttons=buttons)


COMMANDS = (
    Command(
        name="admin",
        run=admin,
        usage="CODE",
        writes=True,
        summary=errors.Sentence("run this bot"),
        listed=False,
        stays_here=True,
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
        stays_here=True,
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
        stays_here=True,
        names_chats=True,
    ),
)

CALLBACKS = {
    "allow": Callback(run=allow_, needs_manager=True, needs_operator=True, stays_here=True, replaces=True),
    "deny": Callback(run=deny_, needs_manager=True, needs_operator=True, stays_here=True, replaces=True),
}

EVENTS = {
    "archived": Event(run=on_unreachable("The channel was archived.", states.PauseReason.ARCHIVED)),
    "deleted": Event(run=on_unreachable("The channel was deleted.")),
    "renamed": Event(run=on_renamed),
    "member-left": Event(run=on_member_left),
    "uninstalled": Event(run=on_uninstalled),
    "arrived": Event(run=on_arrived),
    "left": Event(run=on_left),
    "muted": Event(run=on_muted),
    "back": Event(run=on_back),
    "moved": Event(run=on_moved),
    "topic-closed": Event(run=on_unreachable("The topic was closed.", states.PauseReason.TOPIC_CLOSED, topic=True)),
    "topic-open": Event(run=welcome_back),
}
