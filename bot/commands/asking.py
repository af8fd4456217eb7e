"""Asks a person for a text that a command lacks, for fifteen minutes; their next plain text is the rest of that command.

A question is the same on every platform. In a group only the person who was asked may answer, by a reply or with the
bot's name; their rights are checked again, as for a command that they type. A question ends when it is answered, when
the person says “no” or gives a command, or when another question is asked. If the answer is refused, it stays open.
"""

from datetime import datetime, timedelta

from bot.commands.context import Callback, CommandContext
from bot.ports import channel
from subscriptions import model
from subscriptions.store import conversations, stored_chats
from subscriptions.store.database.store import Transaction
from subscriptions.texts.normal_forms import folded

_QUESTION = "question"  # what is remembered of a person who was asked
WITHIN = timedelta(minutes=15)
_ENDS = frozenset({"no", "cancel", "never mind", "nevermind", "取消", "算了"})


def ask(context: CommandContext, verb: str, *lines: str, **arguments: object) -> channel.Reply:
    """Stores and returns the question `lines`; the person's next plain text goes to `verb`, a command or a callback."""
    if not expect(context, verb, **arguments):
        return channel.Reply(lines=lines)
    if context.origin.kind is not model.ChatKind.PRIVATE:
        lines += (context.say("Answer by a reply to this message, or with my name before it."),)
    cancel_button = context.button("cancel", "cancel", only_for=context.request.sender)
    return channel.Reply(lines=lines, buttons=((cancel_button,),))


def expect(context: CommandContext, verb: str, **arguments: object) -> bool:
    """Stores that the person's next plain text may answer a question. Returns whether somebody can answer here."""
    if not context.request.sender or context.origin.kind is model.ChatKind.BROADCAST:
        return False
    context.remember(_QUESTION, arguments, lasts=WITHIN, verb=verb)
    return True


def question_to(
    transaction: Transaction, place: model.ChatAddress, person: str, now: datetime
) -> model.CallbackToken | None:
    """Returns the open question to a person in a chat; None if there is none or it is too old."""
    home = stored_chats.home_of(transaction, place)
    return home and conversations.remembered(transaction, home.id, _QUESTION, person=person, now=now)


def is_open(context: CommandContext) -> bool:
    """Returns whether a question to the sender is open in this chat."""
    return context.remembered(_QUESTION) is not None


def drop_question(context: CommandContext, *verbs: str) -> None:
    """Drops the open question; with `verbs`, only a question of these verbs."""
    waiting = context.remembered(_QUESTION)
    if waiting is not None and (not verbs or waiting.verb in verbs):
        context.drop(_QUESTION)


def ends(text: str) -> bool:
    """Returns whether a text only ends the question that is open."""
    return folded(text).strip(" .!。！") in _ENDS


def lacks_text(context: CommandContext) -> bool:
    """Returns whether a command has no text, so that it asks for one."""
    return not context.args.strip()


def on_cancel(context: CommandContext) -> channel.Reply:
    """Handles [cancel] under a question, and “no”: drops the question."""
    drop_question(context)
    return context.reply("Nothing is changed.", ok=True, replaces=True)


CALLBACKS = {"cancel": Callback(run=on_cancel, stays_here=True, writes=True)}
