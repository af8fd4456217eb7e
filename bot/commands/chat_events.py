"""Events of chats and workspaces: the bot is added, blocked or let in again; a group moves; a topic closes."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta

from bot.commands.connect import remember_managed_chat
from bot.commands.context import CommandContext, Event
from bot.commands.pause import what_waits
from bot.commands.start import how_to_begin
from bot.ports.channel import Button, Reply
from subscriptions.model import CallbackToken, ChatAddress, ChatKind, Subscription
from subscriptions.notices.chats import ChatResumed, SubscriberLeft, SubscriptionsOrphaned
from subscriptions.notices.operations import SendingStopped
from subscriptions.service import notices, pausing
from subscriptions.service.chat_status import known_or_new, store_chat
from subscriptions.service.next_deliveries import get_chat, listed
from subscriptions.states import ChatState, PauseReason, SubscriptionState
from subscriptions.store import conversations
from subscriptions.store.chats import set_owner
from subscriptions.store.moving import chat_moved


def on_unreachable(
    words: str, reason: PauseReason = PauseReason.GONE, *, topic: bool = False
) -> Callable[[CommandContext], None]:
    """Returns the handler of an event after which deliveries to a channel or topic wait until it is open again."""

    def handle(context: CommandContext) -> None:
        address = context.request.chat if topic else context.origin.address
        notices.pause_unreachable(context.store, address, words, topic=topic, reason=reason, now=context.now)

    return handle


def on_renamed(_: CommandContext) -> None:
    """Does nothing, since the conversation stores new names of every request."""


def on_member_left(context: CommandContext) -> Reply | None:
    """Handles that a member left: pauses their subscriptions, and notifies each chat concerned and the operators once."""
    paused = pausing.pause_for_leaver(context.store, context.origin.address, context.request.sender, now=context.now)
    for address, subscriptions in paused.items():
        _notify_chat(context, address, subscriptions)
    if paused:
        notice = SubscriberLeft(chat=notices.name_of(context.origin), place=str(context.origin.address))
        notices.notify_operators(context.store, context.bot_info.admins, notice, now=context.now)
    return None


def _notify_chat(context: CommandContext, address: ChatAddress, subscriptions: Sequence[Subscription]) -> None:
    """Notifies a channel or thread which of its subscriptions are paused. A button in the notice resumes only these."""
    chat = get_chat(context.store, address)
    waiting = {
        one.subscription.number
        for one in listed(context.store, address)
        if one.subscription.state is SubscriptionState.PAUSED
    }
    only = str(subscriptions[0].number) if len(subscriptions) == 1 else ""
    notice = SubscriptionsOrphaned(
        event=context.request.update_id,
        who=subscriptions[0].added_by if chat.settings.credits == "on" else "",
        subscriptions=" · ".join(f"{subscription.number} {subscription.label}" for subscription in subscriptions),
        number=only,
    )
    button = CallbackToken(verb="resume", arguments={"number": subscriptions[0].number} if only else {})
    alone = only or waiting == {subscription.number for subscription in subscriptions}
    notices.notify(context.store, address, notice, now=context.now, buttons={"resume": button} if alone else None)


def on_uninstalled(context: CommandContext) -> Reply | None:
    """Handles that the app was removed: all deliveries of the workspace wait, and its data is erased after thirty days."""
    team = context.event_details["team"]
    pausing.uninstall(context.store, team, now=context.now)
    notice = SendingStopped(
        platform=f"{context.origin.address.platform}:{team}", reason="The app was removed from the workspace."
    )
    notices.notify_operators(context.store, context.bot_info.admins, notice, now=context.now)
    return None


# ---------------------------------------------------------------------------------------------------- events of a chat


NOT_AGAIN = timedelta(days=30)  # how long a chat is not greeted again
WROTE_LATELY = timedelta(days=7)  # how long the store knows who wrote without having a stored chat


def on_arrived(context: CommandContext) -> Reply | None:
    """Handles that the bot was added: greets a group with one line, and writes to the person who added it to a channel.

    A channel of a workspace is stored only when a member asks for something, since its time zone is that member's.
    """
    if context.origin.kind is not ChatKind.TEAM:
        _store_new_chat(context)
    missed = welcome_back(context)
    if context.origin.kind is ChatKind.BROADCAST:
        return _in_private(context, missed)
    return missed or greeting(context)


def greeting(context: CommandContext) -> Reply | None:
    """Returns one line for a group; None if it was greeted within the last thirty days."""
    if not _first_in_a_while(context):
        return None
    return Reply(lines=(how_to_begin(context),))


def _card(context: CommandContext) -> Reply | None:
    """Returns the card for the person who added the bot to a channel; None if the bot may not write to them."""
    private = _private_chat(context)
    if private is None or not _first_in_a_while(context):
        return None
    title = context.chat.title or str(context.chat.address)
    lines = (
        context.say(
            "I am in the channel {title} now. It is managed from here, so that nobody there sees it.", title=title
        ),
        context.say("What shall I bring there? For example: /sub {chat} diffusion", chat=context.chat.address.address),
    )
    button = Button(label=context.say("manage it from here"), verb="connect", only_for=context.request.sender)
    return Reply(target_chat=private, lines=lines, buttons=((button,),))


def _in_private(context: CommandContext, missed: Reply | None) -> Reply | None:
    """Returns the card of a channel with what waits for it, for the private chat of the person who caused the event."""
    private, card = _private_chat(context), _card(context)
    if private is None or missed is None:
        return card
    there = known_or_new(context.store, context.origin.address, context.origin.kind)
    asked = known_or_new(context.store, private, ChatKind.PRIVATE)
    lines, buttons = what_waits(replace(context, chat=there, origin=asked))
    if card is None:
        card = Reply(
            target_chat=private, lines=(context.say("I can write to {chat} again.", chat=notices.name_of(there)),)
        )
    return replace(card, lines=(*card.lines, *lines), buttons=(*card.buttons, *buttons))


def on_left(context: CommandContext) -> Reply | None:
    """Handles that the bot was blocked or removed: deliveries wait until it is let in again."""
    if _has_moved(context):
        return None
    private = context.chat.kind is ChatKind.PRIVATE
    reason = "The bot was blocked there." if private else "The bot was removed from there."
    notices.pause_unreachable(
        context.store, context.origin.address, reason, topic=False, now=context.now, by=context.request.sender
    )
    return None


def on_muted(context: CommandContext) -> Reply | None:
    """Handles that the bot may read but not write. Tells the person who just added it to a channel how to grant the right."""
    if _has_moved(context):
        return None
    came = context.event_details.get("before") in ("left", "kicked")
    if came:
        _store_new_chat(context)
    words = "The bot has no rights to write there."
    notices.pause_unreachable(
        context.store, context.origin.address, words, topic=False, reason=PauseReason.NO_RIGHTS, now=context.now
    )
    private = _private_chat(context) if came and context.chat.kind is ChatKind.BROADCAST else None
    if private is None:
        return None
    title = context.chat.title or str(context.chat.address)
    words = context.say(
        "I am in the channel {title} now, but may not post there. Give me the right to post.", title=title
    )
    return Reply(target_chat=private, lines=(words,), ok=False)


def on_back(context: CommandContext) -> Reply | None:
    """Handles that the bot may write again: deliveries go on. Offers waiting papers; for a channel, to its owner."""
    was_gone = notices.is_gone(context.origin)
    missed = welcome_back(context)
    if context.origin.kind is not ChatKind.BROADCAST:
        return missed
    if not was_gone:
        return None
    event = f"{context.origin.address}:{context.request.update_id}"
    notice = ChatResumed(event=event, chat=notices.name_of(context.origin))
    notices.notify_owner(context.store, context.origin, notice, now=context.now, by=context.request.sender)
    return _in_private(context, missed)


def on_moved(context: CommandContext) -> Reply | None:
    """Handles that a group became a supergroup, which the platform reports in both, in any order; the second report does nothing."""
    here, details = context.request.chat, context.event_details
    old, new = (here.address, details["to"]) if details.get("to") else (details.get("from", ""), here.address)
    if old and new:
        chat_moved(context.store, ChatAddress(here.platform, old), new, now=context.now)
    return None


def _has_moved(context: CommandContext) -> bool:
    """Returns whether the event is about the old address of a group that became a supergroup."""
    return context.origin.address.lane != context.request.chat.lane


def _store_new_chat(context: CommandContext) -> None:
    """Stores a group or channel. Its owner, who gets notices about it, is the person who added the bot, if known."""
    if context.chat.kind is ChatKind.PRIVATE:
        return
    there = context.chat
    if not context.request.sender:
        store_chat(context.store, there.address, there.kind, now=context.now, title=there.title, public=there.public)
        return
    set_owner(context.store, remember_managed_chat(context).id, context.request.sender)
    if private := _private_chat(context):  # there the owner gets notices
        store_chat(context.store, private, ChatKind.PRIVATE, now=context.now, lang=context.request.language)


def _private_chat(context: CommandContext) -> ChatAddress | None:
    """Returns the private chat of the event's sender; None if they never wrote to the bot or have blocked it."""
    if not context.request.sender:
        return None
    chat = known_or_new(context.store, context.person, ChatKind.PRIVATE)
    if chat.id:
        return None if notices.is_gone(chat) else chat.address
    return (
        context.person
        if conversations.commands_since(context.store, context.person, context.now - WROTE_LATELY)
        else None
    )


def _first_in_a_while(context: CommandContext) -> bool:
    name = f"greeted:{context.origin.address}"
    if conversations.get_conversation_state(context.store, name, since=context.now - NOT_AGAIN):
        return False
    token = CallbackToken(verb="greeted", place=str(context.origin.address))
    conversations.set_conversation_state(context.store, name, token, lasts=NOT_AGAIN, now=context.now)
    return True


def welcome_back(context: CommandContext) -> Reply | None:
    """Lets a chat that was blocked, kicked or restricted get messages again, and offers the waiting papers.

    None if the chat was not gone or nothing waits for it.
    """
    if not pausing.reactivate(context.store, context.origin.address, now=context.now):
        return None
    chat = known_or_new(context.store, context.origin.address, context.origin.kind)
    if not chat.id or chat.state is not ChatState.ACTIVE:
        return None
    pausing.delay_after_return(context.store, chat, now=context.now)
    lines, buttons = what_waits(replace(context, chat=chat, origin=chat))
    if not lines:
        return None
    head = () if context.read_by_group else (context.say("I can write to you again."),)
    return Reply(lines=(*head, *lines), buttons=buttons)


EVENTS: Mapping[str, Event] = {
    "archived": Event(run=on_unreachable("The channel was archived.", PauseReason.ARCHIVED)),
    "deleted": Event(run=on_unreachable("The channel was deleted.")),
    "renamed": Event(run=on_renamed),
    "member-left": Event(run=on_member_left),
    "uninstalled": Event(run=on_uninstalled),
    "arrived": Event(run=on_arrived),
    "left": Event(run=on_left),
    "muted": Event(run=on_muted),
    "back": Event(run=on_back),
    "moved": Event(run=on_moved),
    "topic-closed": Event(run=on_unreachable("The topic was closed.", PauseReason.TOPIC_CLOSED, topic=True)),
    "topic-open": Event(run=welcome_back),
}
