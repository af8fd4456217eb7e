"""Questions that the bot asks: where it may ask, what counts as the answer, what drops or keeps an open question, how it reminds of it.

The answer is the next plain text of the same person in the same chat. To ask, a command returns the reply of `ask`.
`verb` is a key of CALLBACKS. When the person answers, the function of that key is called. The function finds the answer
in `context.args`, and the arguments of `ask` in `context.arguments`:

    def edit(context: CommandContext) -> Reply:
        if not can_ask(context):
            return usage  # in groups, and for another chat, the whole command has to be typed in one line
        return ask(context, "edit-query", {"number": 4}, context.say("What shall it be instead?"))

    def on_edit_query(context: CommandContext) -> Reply:
        number, text = context.arguments["number"], context.args
        ...

    CALLBACKS = {"edit-query": Callback(run=on_edit_query, needs_manager=True)}

A question is stored in the frame of the person (bot/commands/frame.py), so a command that asks needs a manager or declares `writes=True`. The function reads everything
from the store again, since the subject of the question may be deleted before the answer comes. A question stays open
for fifteen minutes. Other commands leave it open, `cancel`, `undo` or its button drops it, and a newer question replaces it. If
the answer is refused (PaperwireError), the question stays open, so that the person can try again. If
`Callback.is_answer` returns False, or the function returns None, the text is not an answer. The question then stays
open, and the text is read like any other message.

If a question has buttons as answers, `expect_answer` lets people also answer in words: see bot/commands/answers.py.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from bot.commands import frame
from bot.commands.context import Callback, CommandContext, with_stored_chat
from bot.ports import channel, conversation
from subscriptions import model

# verb of a question that accepts any text → the command that does the same in one line
_SAID_OTHERWISE = {"edit": "/edit", "name": "/name"}
_LONGEST = 80  # characters of a command that a reminder repeats
YES_OR_NO = "answer-yes"  # the verb of a question that a yes or a no answers
# Questions that make sense only directly after they are asked. They are dropped when the person does something else.
_PASSING = ("answer-pick", "answer-value", YES_OR_NO)


def can_ask(context: CommandContext) -> bool:
    """Returns whether a question can be asked here: only in a private chat, and only about that chat.

    In any other chat, we would have to check again the rights of the person who answers.
    """
    return context.is_about_own_chat


def ask(context: CommandContext, verb: str, arguments: Mapping[str, Any], *lines: str) -> channel.Reply:
    """Stores and returns the question `lines`. The person's next plain text is passed to the function of `verb`."""
    _store_question(context, verb, arguments)
    cancel_button = context.button("cancel", "cancel", only_for=context.request.sender)
    return channel.Reply(lines=lines, buttons=((cancel_button,),), about=channel.About())


def expect_answer(context: CommandContext, verb: str, arguments: Mapping[str, Any] | None = None) -> None:
    """Stores that the person's next plain text may answer a question with buttons; does nothing where `can_ask` is False."""
    if can_ask(context):
        _store_question(context, verb, arguments or {})


def expect_yes_or_no(context: CommandContext, yes: channel.Button, no: channel.Button) -> None:
    """Stores that the person's next plain text may be yes or no, or the label of one of these two buttons."""
    answers = {
        answer: {"verb": button.verb, "label": button.label, "arguments": dict(button.arguments)}
        for answer, button in (("yes", yes), ("no", no))
    }
    expect_answer(context, YES_OR_NO, answers)


def drop_question(context: CommandContext, *verbs: str) -> bool:
    """Drops the open question of this person; with `verbs`, only a question of these verbs.

    Returns whether one was dropped.
    """
    waiting = open_question(context)
    if waiting is None or (verbs and waiting.verb not in verbs):
        return False
    frame.store(context, replace(frame.load(context), question=None))
    return True


def has_passing_question(context: CommandContext) -> bool:
    """Returns whether a question is open that must be dropped as soon as the person does anything except answer it."""
    if not can_ask(context) or isinstance(context.request, conversation.EventRequest):
        return False
    waiting = open_question(context)
    return waiting is not None and waiting.verb in _PASSING


def drop_passing_questions(context: CommandContext) -> None:
    """Drops the open question if it makes sense only directly after it was asked; called when the person does something else."""
    if has_passing_question(context):
        drop_question(context)


def open_question(context: CommandContext) -> model.CallbackToken | None:
    """Returns the open question of this person in this chat; None if there is none or it is too old."""
    return frame.load(context).question


def answers_question(context: CommandContext) -> bool:
    """Returns whether a question is open that `context.args` may answer. Writes nothing."""
    token = open_question(context)
    if token is None or token.verb not in context.registry.callbacks:
        return False
    is_answer = context.registry.callbacks[token.verb].is_answer
    return is_answer is None or is_answer(replace(context, arguments=dict(token.arguments)))


def answer_question(context: CommandContext) -> channel.Reply | None:
    """Calls the function of the open question with `context.args` as the answer.

    Returns None if no question is open or the text is not an answer to it. Raises the errors of the function; the
    question then stays open, since the transaction is rolled back.
    """
    token = open_question(context)
    if token is None or not answers_question(context):
        return None
    callback = context.registry.callbacks[token.verb]
    reply = callback.run(
        replace(with_stored_chat(context) if callback.needs_manager else context, arguments=dict(token.arguments))
    )
    if reply is not None and open_question(context) == token:
        drop_question(context)
    return reply


def reminder(context: CommandContext) -> str:
    """Returns a reminder of the open question, with a command that would answer it with the text of this message.

    Returns "" unless the open question accepts any text.
    """
    waiting = open_question(context)
    if waiting is None or waiting.verb not in _SAID_OTHERWISE or context.message is None:
        return ""
    command = _SAID_OTHERWISE[waiting.verb]
    words = f"{command} {waiting.arguments.get('number', '')} {' '.join(context.message.text.split())}"
    return context.say("My question still waits. If that was the answer: {command}", command=words[:_LONGEST])


def closed(context: CommandContext) -> channel.Reply | None:
    """Drops the question to which nobody has to answer any more: the open one, or that of the last buttons.

    None if there is none, or if it belongs to the reply to a change.
    """
    if not frame.is_asking(context, frame.load(context)):
        return None
    drop_question(context)
    return context.reply("Nothing is changed.", ok=True, about=channel.About())


def on_cancel(context: CommandContext) -> channel.Reply:
    """Handles [cancel] under a question: drops the question."""
    drop_question(context)
    return context.reply("Nothing is changed.", replaces=True)


def _store_question(context: CommandContext, verb: str, arguments: Mapping[str, Any]) -> None:
    """Stores the open question. The id of the request's update makes it differ from the same question asked before."""
    asked = model.CallbackToken(verb=verb, arguments={**arguments, "asked": context.request.update_id})
    frame.store(context, replace(frame.load(context), question=asked, asked_at=context.now))


CALLBACKS = {"cancel": Callback(run=on_cancel, stays_here=True, writes=True)}
