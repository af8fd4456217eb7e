"""What happens to a chat without anybody saying a word: the bot is added, blocked, let in again; a group moves."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

from bot.commands import workspace
from bot.commands.connecting import known
from bot.commands.pausing import what_waits
from bot.commands.returning import welcome_back
from bot.commands.turn import CommandContext, CommandFunction
from bot.ports.button import Button
from bot.ports.reply import Reply
from subscriptions.model import CallbackToken, ChatAddress, ChatKind
from subscriptions.notices.chats import ChatResumed
from subscriptions.service.chats import (
    chat_moved,
    commands_since,
    get_conversation_state,
    known_or_new,
    meet,
    set_conversation_state,
    set_owner,
)
from subscriptions.service.notices import is_gone, lose_place, name_of, notify_owner
from subscriptions.states import PauseReason

NOT_AGAIN = timedelta(days=30)  # how long a place that was greeted is not greeted again
WROTE_LATELY = timedelta(days=7)  # how long the store knows that somebody who has no chat here wrote to us


def arrived(turn: CommandContext) -> Reply | None:
    """The bot was added. A group gets one line; of a channel the person who did it hears in private.

    A channel of a workspace is met when somebody there asks for something: its clock is theirs.
    """
    if turn.origin.kind is not ChatKind.TEAM:
        _meet(turn)
    missed = welcome_back(turn)
    if turn.origin.kind is ChatKind.BROADCAST:
        return _in_private(turn, missed)
    return missed or greeting(turn)


def greeting(turn: CommandContext) -> Reply | None:
    """One silent line for a group; None: it was greeted within the last thirty days."""
    if not _first_in_a_while(turn):
        return None
    if turn.origin.kind is ChatKind.TEAM:
        return Reply(lines=(turn.say("For everybody here: /sub diffusion. I am quiet otherwise."),))
    name = turn.bot_info.bot_names.get(turn.origin.address.platform, "")
    command = f"/sub@{name}" if name else "/sub"
    return Reply(lines=(turn.say("Admins: {command} diffusion. I am quiet otherwise.", command=command),))


def _card(turn: CommandContext) -> Reply | None:
    """What the person who added the bot to a channel can do with it, in private, if they have begun to talk with it."""
    private = _private_chat(turn)
    if private is None or not _first_in_a_while(turn):
        return None
    title = turn.chat.title or str(turn.chat.address)
    lines = (
        turn.say(
            "I am in the channel {title} now. It is managed from here, so that nobody there sees it.", title=title
        ),
        turn.say("What shall I bring there? For example: /sub {chat} diffusion", chat=turn.chat.address.address),
    )
    button = Button(label=turn.say("manage it from here"), verb="connect", only_for=turn.request.sender)
    return Reply(target_chat=private, lines=lines, buttons=((button,),))


def _in_private(turn: CommandContext, missed: Reply | None) -> Reply | None:
    """The card of a channel, and what waits for it: the channel itself asks its readers nothing."""
    private, card = _private_chat(turn), _card(turn)
    if private is None or missed is None:
        return card
    there = known_or_new(turn.store, turn.origin.address, turn.origin.kind)
    asked = known_or_new(turn.store, private, ChatKind.PRIVATE)
    lines, buttons = what_waits(replace(turn, chat=there, origin=asked))
    if card is None:
        card = Reply(target_chat=private, lines=(turn.say("I can write to {chat} again.", chat=name_of(there)),))
    return replace(card, lines=(*card.lines, *lines), buttons=(*card.buttons, *buttons))


def left(turn: CommandContext) -> Reply | None:
    """The bot was blocked or removed: everything there waits until it is let in again."""
    if _moved_on(turn):
        return None
    private = turn.chat.kind is ChatKind.PRIVATE
    reason = "The bot was blocked there." if private else "The bot was removed from there."
    lose_place(turn.store, turn.origin.address, reason, topic=False, now=turn.now, by=turn.request.sender)
    return None


def muted(turn: CommandContext) -> Reply | None:
    """The bot may read and not write. Whoever added it to a channel without that right is told how to mend it."""
    if _moved_on(turn):
        return None
    came = turn.request.details.get("before") in ("left", "kicked")
    if came:
        _meet(turn)
    words = "The bot has no rights to write there."
    lose_place(turn.store, turn.origin.address, words, topic=False, reason=PauseReason.NO_RIGHTS, now=turn.now)
    private = _private_chat(turn) if came and turn.chat.kind is ChatKind.BROADCAST else None
    if private is None:
        return None
    title = turn.chat.title or str(turn.chat.address)
    words = turn.say("I am in the channel {title} now, but may not post there. Give me the right to post.", title=title)
    return Reply(target_chat=private, lines=(words,), ok=False)


def back(turn: CommandContext) -> Reply | None:
    """The bot may write again: it goes on by itself, and what was missed is offered; of a channel its owner hears."""
    was_gone = is_gone(turn.origin)
    missed = welcome_back(turn)
    if turn.origin.kind is not ChatKind.BROADCAST:
        return missed
    if not was_gone:
        return None
    event = f"{turn.origin.address}:{turn.request.update_id}"
    notice = ChatResumed(event=event, chat=name_of(turn.origin))
    notify_owner(turn.store, turn.origin, notice, now=turn.now, by=turn.request.sender)
    return _in_private(turn, missed)


def moved(turn: CommandContext) -> Reply | None:
    """A group became a supergroup. The platform says so in both, in any order; the second time nothing is left to move."""
    here, told = turn.request.chat, turn.request.details
    old, new = (here.address, told["to"]) if told.get("to") else (told.get("from", ""), here.address)
    if old and new:
        chat_moved(turn.store, ChatAddress(here.platform, old), new, now=turn.now)
    return None


def topic_closed(turn: CommandContext) -> Reply | None:
    """What a topic asked for waits until it is open again; the group hears of it once, in General."""
    words, reason = "The topic was closed.", PauseReason.TOPIC_CLOSED
    lose_place(turn.store, turn.request.chat, words, topic=True, reason=reason, now=turn.now)
    return None


def topic_open(turn: CommandContext) -> Reply | None:
    """The topic goes on by itself, and what was missed is offered there."""
    return welcome_back(turn)


def _moved_on(turn: CommandContext) -> bool:
    """Whether this is about an address that the chat has left: a group that became a supergroup is taken from the bot."""
    return turn.origin.address.lane != turn.request.chat.lane


def _meet(turn: CommandContext) -> None:
    """Whoever adds the bot is the one who hears of what happens to it there."""
    if turn.chat.kind is ChatKind.PRIVATE:
        return
    if not turn.request.sender:
        meet(
            turn.store, turn.chat.address, turn.chat.kind, now=turn.now, title=turn.chat.title, public=turn.chat.public
        )
        return
    set_owner(turn.store, known(turn).address, turn.request.sender)
    if private := _private_chat(turn):  # there they hear of it
        meet(turn.store, private, ChatKind.PRIVATE, now=turn.now, lang=turn.request.language)


def _private_chat(turn: CommandContext) -> ChatAddress | None:
    """The private chat of the person who did it, if the bot may write there: they have talked with it."""
    if not turn.request.sender:
        return None
    chat = known_or_new(turn.store, turn.person, ChatKind.PRIVATE)
    if chat.id:
        return None if is_gone(chat) else chat.address
    return turn.person if commands_since(turn.store, turn.person, turn.now - WROTE_LATELY) else None


def _first_in_a_while(turn: CommandContext) -> bool:
    name = f"greeted:{turn.origin.address}"
    if get_conversation_state(turn.store, name, since=turn.now - NOT_AGAIN):
        return False
    set_conversation_state(
        turn.store, name, CallbackToken(verb="greeted", place=str(turn.origin.address)), now=turn.now
    )
    return True


HAPPENINGS: Mapping[str, CommandFunction] = {
    "arrived": arrived,
    "left": left,
    "muted": muted,
    "back": back,
    "moved": moved,
    "topic-closed": topic_closed,
    "topic-open": topic_open,
    **workspace.HAPPENINGS,
}
