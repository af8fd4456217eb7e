"""A chat that the bot could not write to is back: it gets messages again, and what it missed is offered."""

from dataclasses import replace

from bot.commands.pausing import what_waits
from bot.commands.turn import CommandContext
from bot.ports.reply import Reply
from subscriptions.service.chats import come_back, known_or_new
from subscriptions.service.subscriptions import wait_for_a_word
from subscriptions.states import ChatState


def welcome_back(turn: CommandContext) -> Reply | None:
    """Lets a place that was blocked, kicked or restricted be written to again, and offers what waits for it.

    None: it was not gone, or nothing waits for it.
    """
    if not come_back(turn.store, turn.origin.address, now=turn.now):
        return None
    chat = known_or_new(turn.store, turn.origin.address, turn.origin.kind)
    if not chat.id or chat.state is not ChatState.ACTIVE:
        return None
    wait_for_a_word(turn.store, chat.address, now=turn.now)
    lines, buttons = what_waits(replace(turn, chat=chat, origin=chat))
    if not lines:
        return None
    head = () if turn.is_public else (turn.say("I can write to you again."),)
    return Reply(lines=(*head, *lines), buttons=buttons)
