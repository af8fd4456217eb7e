"""Questions that want a text: where one is asked, for how long it waits, what answers it, and what ends it.

The answer is the next plain text of the same person in the same chat. To ask, a command returns the reply of `ask`;
`verb` is a key of CALLBACKS. The function of that key gets the answer in `context.args`, and the arguments of `ask` in
`context.arguments`. It reads everything from the store again, since what the question is about may be gone by then.

A newer question takes the place of the older one. Any command, “no”, “cancel” or its button ends it. If the answer is
refused (PaperwireError), or the text is no answer (`Callback.is_answer`, or the function returns None), it stays open.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

from bot.commands.context import Callback, CommandContext, with_stored_chat
from bot.ports import channel
from subscriptions import model
from subscriptions.texts.folding import folded

WITHIN = timedelta(minutes=15)
_ENDS = frozenset({"no", "cancel", "never mind", "nevermind", "取消", "算了"})


def can_ask(context: CommandContext) -> bool:
    """Returns whether a question can be asked here: only in a private chat, and only about that chat.

    In any other chat, we would have to check again the rights of the person who answers.
    """
    return context.is_about_own_chat


def ask(context: CommandContext, verb: str, arguments: Mapping[str, Any], *lines: str) -> channel.Reply:
    """Stores and returns the question `lines`. The person's next plain text is passed to the function of `verb`."""
    expect_answer(context, verb, arguments)
    cancel_button = context.button("cancel", "cancel", only_for=context.request.sender)
    return channel.Reply(lines=lines, buttons=((cancel_button,),))


def expect_answer(context: CommandContext, verb: str, arguments: Mapping[str, Any] | None = None) -> None:
    """Stores that the person's next plain text may answer a question with buttons; does nothing where `can_ask` is False.

    The id of the request's update makes it differ from the same question asked before.
    """
    if can_ask(context):
        asked = {**(arguments or {}), "asked": context.request.update_id}
        context.remember(_name_of(context), asked, lasts=WITHIN, verb=verb)


def open_question(context: CommandContext) -> model.CallbackToken | None:
    """Returns the open question of this person in this chat; None if there is none or it is too old."""
    return context.remembered(_name_of(context))


def drop_question(context: CommandContext, *verbs: str) -> bool:
    """Drops the open question; with `verbs`, only a question of these verbs. Returns whether one was dropped."""
    waiting = open_question(context)
    if waiting is None or (verbs and waiting.verb not in verbs):
        return False
    context.drop(_name_of(context))
    return True


def ends(text: str) -> bool:
    """Returns whether a text only ends the question that is open."""
    return folded(text).strip(" .!。！") in _ENDS


def may_answer(context: CommandContext) -> bool:
    """Returns whether a question is open that `context.args` answers or ends. Writes nothing."""
    token = open_question(context)
    if token is None or token.verb not in context.registry.callbacks:
        return False
    is_answer = context.registry.callbacks[token.verb].is_answer
    here = replace(context, arguments=dict(token.arguments))
    return ends(context.args) or is_answer is None or is_answer(here)


def answered(context: CommandContext) -> channel.Reply | None:
    """Calls the function of the open question with `context.args` as the answer; “no” ends the question.

    Returns None if no question is open or the text is not an answer to it. Raises the errors of the function; the
    question then stays open, since the transaction is rolled back.
    """
    token = open_question(context)
    if token is None or not may_answer(context):
        return None
    if ends(context.args):
        return on_cancel(context)
    callback = context.registry.callbacks[token.verb]
    here = with_stored_chat(context) if callback.needs_manager else context
    reply = callback.run(replace(here, arguments=dict(token.arguments)))
    if reply is not None and open_question(context) == token:
        drop_question(context)
    return reply


def on_cancel(context: CommandContext) -> channel.Reply:
    """Handles [cancel] under a question: drops the question."""
    drop_question(context)
    return context.reply("Nothing is changed.", ok=True, replaces=True)


def _name_of(context: CommandContext) -> str:
    """Returns the key of a question, unique per chat and person: nobody answers what another person was asked."""
    return f"question:{context.origin.address}:{context.request.sender}"


CALLBACKS = {"cancel": Callback(run=on_cancel, stays_here=True, writes=True)}
