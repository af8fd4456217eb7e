"""Events: the bot is added (whom it greets), blocked or muted; topics close, groups move."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from bot.commands.base import Context, Event
from bot.commands.pause import what_waits
from bot.commands.start import how_to_begin
from bot.messages import Reply
from subscriptions.chats.known import known_or_new, store_chat
from subscriptions.chats.stored.chats import note_person
from subscriptions.chats.stored.records import chat_moved
from subscriptions.model import ChatAddress, ChatKind, PauseReason
from subscriptions.outbox.notices import resumed
from subscriptions.outbox.notify import notify_owner
from subscriptions.outbox.unreachable import pause_unreachable
from subscriptions.subscribing.pause import reactivate


def on_unreachable(
    words: str, reason: PauseReason = PauseReason.GONE, *, topic: bool = False
) -> Callable[[Context], None]:
    """Return a handler that pauses the deliveries to a channel or topic; `words` say what happened to it."""

    def handle(context: Context) -> None:
        address = context.request.chat if topic else context.origin.address
        pause_unreachable(context.transaction, address, words, topic=topic, reason=reason, now=context.now)

    return handle


def on_arrived(context: Context) -> Reply | None:
    """Handle that the bot was added: greet a new group in one line, and write to who added it to a channel.

    A chat that was stored before is not greeted again; its waiting papers are offered.
    """
    is_new = not context.origin.id
    _store_new_chat(context)
    missed = welcome_back(context)
    if context.origin.kind is ChatKind.BROADCAST:
        return _card(context) if is_new else _in_private(context, missed)
    return Reply((how_to_begin(context),)) if missed is None and is_new else missed


def _card(context: Context) -> Reply | None:
    """Return the message to the person who added the bot to a channel.

    None if the bot may not write to this person.
    """
    private, chat = _private_chat(context), context.chat
    if private is None:
        return None
    card = context.reply(
        "I am in the channel {title} now. It is managed from here, so that nobody there sees it.",
        "What shall I bring there? For example: /sub {chat} diffusion",
        title=chat.name,
        chat=chat.address.address,
    )
    return replace(card, target_chat=private)


def _in_private(context: Context, missed: Reply | None) -> Reply | None:
    """Return the message to the person who caused the event, about the papers that wait for a channel.

    None if there is nothing to say.
    """
    private = _private_chat(context)
    if private is None or missed is None:
        return None
    there = known_or_new(context.transaction, context.origin.address, context.origin.kind)
    asked = known_or_new(context.transaction, private, ChatKind.PRIVATE)
    lines, buttons = what_waits(replace(context, chat=there, origin=asked))
    head = context.say("I can write to {chat} again.", chat=there.name)
    return Reply(target_chat=private, lines=(head, *lines), buttons=buttons)


def on_left(context: Context) -> None:
    """Handle that the bot was blocked or removed: pauses the deliveries until it is let in again."""
    if not _has_moved(context):
        is_private = context.chat.kind is ChatKind.PRIVATE
        words = "The bot was blocked there." if is_private else "The bot was removed from there."
        address, by = context.origin.address, context.request.sender
        pause_unreachable(context.transaction, address, words, topic=False, now=context.now, by=by)


def on_muted(context: Context) -> Reply | None:
    """Handle that the bot may not write. Tell the person who has just added it to a channel which right it needs."""
    if _has_moved(context):
        return None
    came = context.event_details.get("before") in ("left", "kicked")
    if came:
        _store_new_chat(context)
    private = _private_chat(context) if came and context.chat.kind is ChatKind.BROADCAST else None
    pause_unreachable(
        context.transaction,
        context.origin.address,
        "The bot has no rights to write there.",
        topic=False,
        reason=PauseReason.NO_RIGHTS,
        until=datetime.fromisoformat(end) if (end := context.event_details.get("until")) else None,
        now=context.now,
        by=context.request.sender if private else "",
    )
    if private is None:
        return None
    reply = context.reply(
        "I am in the channel {title} now, but may not post there. Give me the right to post.",
        title=context.chat.name,
        ok=False,
    )
    return replace(reply, target_chat=private)


def on_back(context: Context) -> Reply | None:
    """Handle that the bot may write again: deliveries continue.

    Offers the waiting papers; for a channel, in private.
    """
    was_gone = context.origin.is_unreachable
    missed = welcome_back(context)
    if context.origin.kind is not ChatKind.BROADCAST:
        return missed
    if not was_gone:
        return None
    notice = resumed(context.origin, context.request.update_id)
    notify_owner(context.transaction, context.origin, notice, now=context.now, by=context.request.sender)
    return _in_private(context, missed)


def on_moved(context: Context) -> None:
    """Handle that a group became a supergroup.

    The platform reports this for both chats; the second report changes nothing.
    """
    here, details = context.request.chat, context.event_details
    old, new = (here.address, details["to"]) if details.get("to") else (details.get("from", ""), here.address)
    if old and new:
        chat_moved(context.transaction, ChatAddress(here.platform, old), new, now=context.now)


def _has_moved(context: Context) -> bool:
    """Return whether the event is about the old address of a group that became a supergroup."""
    return context.origin.address.lane != context.request.chat.lane


def _store_new_chat(context: Context) -> None:
    """Store a group or channel. Its owner, who gets notices about it, is the person who added the bot first, if known.

    That of a channel of a workspace is the member who subscribes, from whom it also gets its time zone.
    """
    there = context.chat
    if there.kind is ChatKind.PRIVATE:
        return
    person = context.person if context.request.sender and there.kind is not ChatKind.TEAM else None
    chat = store_chat(
        context.transaction,
        there.address,
        there.kind,
        now=context.now,
        title=there.title,
        public=there.public,
        lang=context.request.language if person else "",
        by=person,
    )
    if person is None:
        return
    note_person(context.transaction, chat.id, owner=context.request.sender)
    if private := _private_chat(context):  # notices to the owner are sent there
        lang = context.request.language
        store_chat(context.transaction, private, ChatKind.PRIVATE, now=context.now, lang=lang)


def _private_chat(context: Context) -> ChatAddress | None:
    """Return the private chat of the event's sender; None if they never wrote to the bot or have blocked it."""
    if not context.request.sender:
        return None
    chat = known_or_new(context.transaction, context.person, ChatKind.PRIVATE)
    return chat.address if chat.id and not chat.is_unreachable else None


def welcome_back(context: Context) -> Reply | None:
    """Let a chat that was blocked, kicked or restricted get messages again, and offers the waiting papers.

    Return None if the chat could be reached all the time, or if no papers wait for it.
    """
    if not reactivate(context.transaction, context.origin.address, now=context.now):
        return None
    chat = known_or_new(context.transaction, context.origin.address, context.origin.kind)
    if not chat.id or not chat.is_active:
        return None
    lines, buttons = what_waits(replace(context, chat=chat, origin=chat))
    if not lines:
        return None
    head = () if context.read_by_group else (context.say("I can write to you again."),)
    return Reply((*head, *lines), buttons=buttons)


EVENTS = {
    "archived": Event(on_unreachable("The channel was archived.", PauseReason.ARCHIVED)),
    "deleted": Event(on_unreachable("The channel was deleted.")),
    "renamed": Event(lambda _: None),  # the conversation stores a changed name at every request
    "arrived": Event(on_arrived),
    "left": Event(on_left),
    "muted": Event(on_muted),
    "back": Event(on_back),
    "moved": Event(on_moved),
    "topic-closed": Event(on_unreachable("The topic was closed.", PauseReason.TOPIC_CLOSED, topic=True)),
    "topic-open": Event(welcome_back),
}
